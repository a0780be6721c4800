#include "schema/encode.h"

#include <string.h>

#include "base/banned.h"

static void append_key(struct buffer *buffer, const char *key) {
  if (buffer->length > 0 && buffer->data[buffer->length - 1] != '{') buffer_append_char(buffer, ',');
  json_append_text(buffer, key);
  buffer_append_char(buffer, ':');
}

static void append_i64(struct buffer *buffer, const char *key, int64_t value) {
  append_key(buffer, key);
  buffer_append_i64(buffer, value);
}

static void append_text(struct buffer *buffer, const char *key, const char *text) {
  append_key(buffer, key);
  json_append_text(buffer, text);
}

static void append_type(struct buffer *buffer, const char *type, bool nullable) {
  append_key(buffer, "type");
  if (!nullable) {
    json_append_text(buffer, type);
    return;
  }
  buffer_append_char(buffer, '[');
  json_append_text(buffer, type);
  buffer_append_text(buffer, ",\"null\"]");
}

static void append_bounds(struct buffer *buffer, const struct field *field, const char *low,
                          const char *high) {
  if (field_has_minimum(field)) append_i64(buffer, low, field->minimum);
  if (field_has_maximum(field)) append_i64(buffer, high, field->maximum);
}

static void append_names(struct buffer *buffer, const struct field *field, bool nullable) {
  append_key(buffer, "enum");
  buffer_append_char(buffer, '[');
  for (const char *const *name = field->names; *name != NULL; name++) {
    if (name != field->names) buffer_append_char(buffer, ',');
    json_append_text(buffer, *name);
  }
  buffer_append_text(buffer, nullable ? ",null]" : "]");
}

static void append_reference(struct buffer *buffer, const struct schema *schema) {
  buffer_append_text(buffer, "{\"$ref\":");
  buffer_append_text(buffer, "\"#/components/schemas/");
  buffer_append_text(buffer, schema->name);
  buffer_append_text(buffer, "\"}");
}

static void append_object_reference(struct buffer *buffer, const struct field *field, bool nullable) {
  append_key(buffer, nullable ? "anyOf" : "allOf");
  buffer_append_char(buffer, '[');
  append_reference(buffer, field->object);
  buffer_append_text(buffer, nullable ? ",{\"type\":\"null\"}]" : "]");
}

static void append_shape(struct buffer *buffer, const struct field *field, enum field_kind kind,
                         bool nullable);

static void append_items(struct buffer *buffer, const struct field *field) {
  append_key(buffer, "items");
  if (field->object != NULL) {
    append_reference(buffer, field->object);
    return;
  }
  struct field item = {.kind = field->item_kind, .names = field->names};
  buffer_append_char(buffer, '{');
  append_shape(buffer, &item, item.kind, false);
  buffer_append_char(buffer, '}');
}

static void append_shape(struct buffer *buffer, const struct field *field, enum field_kind kind,
                         bool nullable) {
  switch (kind) {
  case FIELD_KIND_BOOL:
    append_type(buffer, "boolean", nullable);
    break;
  case FIELD_KIND_INT:
    append_type(buffer, "integer", nullable);
    append_text(buffer, "format", "int64");
    append_bounds(buffer, field, "minimum", "maximum");
    break;
  case FIELD_KIND_UINT:
    if ((field->flags & FIELD_USER) != 0) {
      append_key(buffer, "type");
      buffer_append_text(buffer, nullable ? "[\"integer\",\"string\",\"null\"]" : "[\"integer\",\"string\"]");
      append_text(buffer, "pattern", "^(user_)?[1-9][0-9]{0,18}$");
    } else {
      append_type(buffer, "integer", nullable);
    }
    append_i64(buffer, "minimum", field->minimum);
    if (field_has_maximum(field)) append_i64(buffer, "maximum", field->maximum);
    break;
  case FIELD_KIND_NUMBER:
    append_type(buffer, "number", nullable);
    append_bounds(buffer, field, "minimum", "maximum");
    break;
  case FIELD_KIND_TEXT:
    append_type(buffer, "string", nullable);
    if (field->minimum > 0) append_i64(buffer, "minLength", field->minimum);
    if (field_has_maximum(field)) append_i64(buffer, "maxLength", field->maximum);
    break;
  case FIELD_KIND_TIME:
    append_type(buffer, "string", nullable);
    append_text(buffer, "format", "date-time");
    break;
  case FIELD_KIND_DAY:
    append_type(buffer, "string", nullable);
    append_text(buffer, "format", "date");
    break;
  case FIELD_KIND_ENUM:
    append_type(buffer, "string", nullable);
    append_names(buffer, field, nullable);
    break;
  case FIELD_KIND_JSON:
    break;
  case FIELD_KIND_OBJECT:
    append_object_reference(buffer, field, nullable);
    break;
  case FIELD_KIND_LIST:
    append_type(buffer, "array", nullable);
    append_items(buffer, field);
    if (field->minimum > 0) append_i64(buffer, "minItems", field->minimum);
    if (field_has_maximum(field)) append_i64(buffer, "maxItems", field->maximum);
    break;
  }
}

/* The default as JSON; a list's stands in the description of its endpoint, if it matters. */
static void append_default(struct buffer *buffer, const struct field *field) {
  if (field->default_text == NULL || field->kind == FIELD_KIND_LIST) return;
  append_key(buffer, "default");
  bool is_plain = field->kind <= FIELD_KIND_NUMBER || field->kind == FIELD_KIND_JSON;
  if (is_plain)
    buffer_append_text(buffer, field->default_text);
  else
    json_append_text(buffer, field->default_text);
}

void schema_encode_openapi_field(const struct field *field, bool for_reply, struct buffer *buffer) {
  bool nullable = (field->flags & FIELD_NULLABLE) != 0;
  buffer_append_char(buffer, '{');
  append_shape(buffer, field, field->kind, nullable);
  if (!for_reply) append_default(buffer, field);
  if (field->summary != NULL) append_text(buffer, "description", field->summary);
  if (field->example != NULL) {
    append_key(buffer, "examples");
    buffer_append_char(buffer, '[');
    buffer_append_text(buffer, field->example);
    buffer_append_char(buffer, ']');
  }
  buffer_append_char(buffer, '}');
}

/* What the decoder demands; in a reply, what the encoder never leaves out. */
static bool is_required(const struct field *field, bool for_reply) {
  if ((field->flags & FIELD_REQUIRED) != 0) return true;
  if (!for_reply || field->presence != 0) return false;
  return field->kind != FIELD_KIND_TEXT && field->kind != FIELD_KIND_JSON;
}

void schema_encode_openapi(const struct schema *schema, bool for_reply, struct buffer *buffer) {
  bool any_required = false;
  buffer_append_text(buffer, "{\"type\":\"object\"");
  if (schema->summary != NULL) append_text(buffer, "description", schema->summary);
  append_key(buffer, "properties");
  buffer_append_char(buffer, '{');
  for (size_t at = 0; at < schema->field_count; at++) {
    append_key(buffer, schema->fields[at].name);
    schema_encode_openapi_field(&schema->fields[at], for_reply, buffer);
  }
  buffer_append_char(buffer, '}');
  for (size_t at = 0; at < schema->field_count; at++) {
    if (!is_required(&schema->fields[at], for_reply)) continue;
    buffer_append_text(buffer, any_required ? "," : ",\"required\":[");
    json_append_text(buffer, schema->fields[at].name);
    any_required = true;
  }
  buffer_append_text(buffer, any_required ? "]}" : "}");
}
