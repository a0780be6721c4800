#include "schema/encode.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "schema/utf8.h"

#include "base/banned.h"

#define REPLACEMENT_CHARACTER "\xEF\xBF\xBD"
#define INTEGERS_EXACT 9007199254740992.0 /* 2^53 */
#define HUNDREDTHS_EXACT 1e15             /* up to here two decimals are the shortest form */

static void append_escape(struct buffer *buffer, unsigned char byte) {
  switch (byte) {
  case '"':
    buffer_append_text(buffer, "\\\"");
    break;
  case '\\':
    buffer_append_text(buffer, "\\\\");
    break;
  case '\n':
    buffer_append_text(buffer, "\\n");
    break;
  case '\r':
    buffer_append_text(buffer, "\\r");
    break;
  case '\t':
    buffer_append_text(buffer, "\\t");
    break;
  default:
    buffer_printf(buffer, "\\u%04x", byte);
    break;
  }
}

void json_append_text(struct buffer *buffer, const char *text) {
  if (text == NULL) {
    buffer_append_text(buffer, "null");
    return;
  }
  const char *end = text + strlen(text);
  const char *plain = text;
  buffer_append_char(buffer, '"');
  while (text < end) {
    unsigned char byte = (unsigned char)*text;
    size_t character_bytes = utf8_character_bytes(text, end);
    if (byte >= 0x20 && byte != '"' && byte != '\\' && character_bytes != 0) {
      text += character_bytes;
      continue;
    }
    buffer_append(buffer, plain, (size_t)(text - plain));
    if (character_bytes == 0)
      buffer_append_text(buffer, REPLACEMENT_CHARACTER);
    else
      append_escape(buffer, byte);
    plain = ++text;
  }
  buffer_append(buffer, plain, (size_t)(text - plain));
  buffer_append_char(buffer, '"');
}

/* Money, percentages and the like: a whole number of hundredths, which prints without searching. */
static bool append_hundredths(struct buffer *buffer, double value) {
  double hundredths = nearbyint(value * 100);
  if (fabs(hundredths) >= HUNDREDTHS_EXACT || hundredths / 100 != value) return false;
  uint64_t size = (uint64_t)fabs(hundredths);
  if (hundredths < 0) buffer_append_char(buffer, '-');
  buffer_append_u64(buffer, size / 100);
  if (size % 100 == 0) return true;
  buffer_append_char(buffer, '.');
  buffer_append_u64(buffer, size % 100 / 10);
  if (size % 10 != 0) buffer_append_u64(buffer, size % 10);
  return true;
}

void json_append_number(struct buffer *buffer, double value) {
  if (!isfinite(value)) {
    buffer_append_text(buffer, "null");
    return;
  }
  if (fabs(value) < INTEGERS_EXACT && value == nearbyint(value)) {
    buffer_append_i64(buffer, (int64_t)value);
    return;
  }
  if (append_hundredths(buffer, value)) return;
  char text[32];
  /* Up to 15 digits survive every normal number, so no shorter form can be missed. */
  for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  buffer_append_text(buffer, text);
}

static void append_name(struct buffer *buffer, const struct field *field, int index) {
  int count = 0;
  while (field->names[count] != NULL)
    count++;
  json_append_text(buffer, index >= 0 && index < count ? field->names[index] : NULL);
}

static void append_list(struct buffer *buffer, const struct field *field, const struct field_list *list);

/* `member` points at the field's member; `kind` is the field's own, or its items'. */
static void append_value(struct buffer *buffer, const struct field *field, enum field_kind kind,
                         const void *member) {
  char text[CLOCK_ISO_BYTES + 2];
  switch (kind) {
  case FIELD_KIND_BOOL:
    buffer_append_text(buffer, *(const bool *)member ? "true" : "false");
    break;
  case FIELD_KIND_INT:
    buffer_append_i64(buffer, *(const int64_t *)member);
    break;
  case FIELD_KIND_UINT:
    buffer_append_u64(buffer, *(const uint64_t *)member);
    break;
  case FIELD_KIND_NUMBER:
    json_append_number(buffer, *(const double *)member);
    break;
  case FIELD_KIND_TEXT:
    json_append_text(buffer, *(const char *const *)member);
    break;
  case FIELD_KIND_TIME:
    clock_format_ms(*(const int64_t *)member, text);
    json_append_text(buffer, text);
    break;
  case FIELD_KIND_DAY:
    clock_format_day(*(const int32_t *)member, text);
    json_append_text(buffer, text);
    break;
  case FIELD_KIND_ENUM:
    append_name(buffer, field, *(const int *)member);
    break;
  case FIELD_KIND_JSON: {
    const char *raw = *(const char *const *)member;
    buffer_append_text(buffer, raw == NULL ? "null" : raw);
    break;
  }
  case FIELD_KIND_OBJECT:
    schema_encode_json(field->object, member, buffer);
    break;
  case FIELD_KIND_LIST:
    append_list(buffer, field, member);
    break;
  }
}

static void append_list(struct buffer *buffer, const struct field *field, const struct field_list *list) {
  size_t bytes = field_item_bytes(field);
  buffer_append_char(buffer, '[');
  for (size_t at = 0; at < list->count && !buffer->failed; at++) {
    const char *item = (const char *)list->items + at * bytes;
    if (at > 0) buffer_append_char(buffer, ',');
    append_value(buffer, field, field->object != NULL ? FIELD_KIND_OBJECT : field->item_kind, item);
  }
  buffer_append_char(buffer, ']');
}

enum written { WRITTEN_NOT, WRITTEN_NULL, WRITTEN_VALUE };

static enum written decide(const struct field *field, const char *structure) {
  bool is_pointer = field->kind == FIELD_KIND_TEXT || field->kind == FIELD_KIND_JSON;
  bool required = (field->flags & FIELD_REQUIRED) != 0;
  bool nullable = (field->flags & FIELD_NULLABLE) != 0;
  if (field->presence != 0) {
    enum presence presence = *(const enum presence *)(const void *)(structure + field->presence - 1);
    if (presence == PRESENCE_ABSENT && !required) return WRITTEN_NOT;
    if (presence == PRESENCE_NULL) return required || nullable ? WRITTEN_NULL : WRITTEN_NOT;
  }
  if (is_pointer && *(const char *const *)(const void *)(structure + field->offset) == NULL)
    return required ? WRITTEN_NULL : WRITTEN_NOT;
  return WRITTEN_VALUE;
}

void schema_encode_value(const struct field *field, const void *structure, struct buffer *buffer) {
  if (decide(field, structure) == WRITTEN_VALUE)
    append_value(buffer, field, field->kind, (const char *)structure + field->offset);
  else
    buffer_append_text(buffer, "null");
}

void schema_encode_json(const struct schema *schema, const void *structure, struct buffer *buffer) {
  bool first = true;
  buffer_append_char(buffer, '{');
  for (size_t at = 0; at < schema->field_count; at++) {
    const struct field *field = &schema->fields[at];
    if (decide(field, structure) == WRITTEN_NOT) continue;
    if (!first) buffer_append_char(buffer, ',');
    first = false;
    json_append_text(buffer, field->name);
    buffer_append_char(buffer, ':');
    schema_encode_value(field, structure, buffer);
  }
  buffer_append_char(buffer, '}');
}
