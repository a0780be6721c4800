#include <stdio.h>
#include <string.h>

#include "schema/decoder.h"
#include "schema/json.h"

#include "base/banned.h"

#define SCALAR_BYTES_MAX 64 /* of a number or word as text */

static bool decode_object(struct decoder *decoder, const struct place *place, const struct schema *schema,
                          struct json_cursor *cursor, char *structure);

/* A field's value must be of this kind in JSON. */
static enum json_kind wanted_kind(const struct field *field) {
  switch (field->kind) {
  case FIELD_KIND_BOOL:
    return JSON_KIND_BOOL;
  case FIELD_KIND_INT:
  case FIELD_KIND_UINT:
  case FIELD_KIND_NUMBER:
    return JSON_KIND_NUMBER;
  case FIELD_KIND_TEXT:
  case FIELD_KIND_TIME:
  case FIELD_KIND_DAY:
  case FIELD_KIND_ENUM:
    return JSON_KIND_TEXT;
  case FIELD_KIND_LIST:
    return JSON_KIND_ARRAY;
  case FIELD_KIND_OBJECT:
  case FIELD_KIND_JSON:
    break;
  }
  return JSON_KIND_OBJECT;
}

static bool decode_scalar(struct decoder *decoder, const struct place *place, const struct field *field,
                          struct json_cursor *cursor, void *member) {
  if (json_peek(cursor) == JSON_KIND_TEXT) {
    size_t bytes;
    const char *text = json_take_text(cursor, decoder->arena, &bytes);
    if (text == NULL) return decoder_refuse_memory(decoder);
    return decoder_store(decoder, place, field, text, bytes, member);
  }
  char text[SCALAR_BYTES_MAX + 1];
  struct json_span span = json_skip(cursor);
  if (span.bytes > SCALAR_BYTES_MAX) return decoder_refuse(decoder, place, field);
  memcpy(text, span.text, span.bytes);
  text[span.bytes] = '\0';
  return decoder_store(decoder, place, field, text, span.bytes, member);
}

static bool decode_raw(struct decoder *decoder, const struct place *place, const struct field *field,
                       struct json_cursor *cursor, const char **member) {
  struct json_span span = json_skip(cursor);
  if (field->maximum > 0 && span.bytes > (size_t)field->maximum) return decoder_refuse(decoder, place, field);
  const char *text = arena_strndup(decoder->arena, span.text, span.bytes);
  if (text == NULL) return decoder_refuse_memory(decoder);
  *member = text;
  return true;
}

/* The complaints about one item as one sentence, for the item's own row in the reply. */
static const char *join_complaints(struct arena *arena, const struct error *error) {
  if (error->field_count == 0) return arena_strdup(arena, error->message);
  const char *text = "";
  for (size_t at = 0; at < error->field_count && text != NULL; at++) {
    const struct error_field *entry = &error->fields[at];
    text = arena_printf(arena, "%s%s%s%s%s", text, at == 0 ? "" : "; ", entry->field,
                        entry->field[0] == '\0' ? "" : " ", entry->message);
  }
  return text;
}

/* The same by field, for an item that wants to know. */
static bool keep_problems(struct decoder *decoder, const struct schema *schema, const struct error *error,
                          char *item) {
  if (schema->item_problems_offset == 0 || error->field_count == 0 || error->fields[0].field[0] == '\0')
    return true;
  struct error_field *problems = arena_alloc_array(decoder->arena, error->field_count, sizeof *problems);
  if (problems == NULL) return decoder_refuse_memory(decoder);
  memcpy(problems, error->fields, error->field_count * sizeof *problems);
  *(struct field_list *)(void *)(item + schema->item_problems_offset - 1) =
      (struct field_list){.items = problems, .count = error->field_count};
  return true;
}

/* An item that carries its own complaint, so that one bad item harms no other. */
static bool decode_collected(struct decoder *decoder, const struct field *list, struct json_cursor *cursor,
                             char *item) {
  const struct schema *schema = list->object;
  struct json_span span = json_skip(cursor);
  struct json_cursor inner = json_open(span.text, span.bytes);
  struct error error;
  error_clear(&error); /* cheaper than initialising all of it, for thousands of items */
  struct decoder own = {.arena = decoder->arena, .error = &error, .unknown = decoder->unknown};
  if (json_peek(&inner) == JSON_KIND_OBJECT)
    decode_object(&own, NULL, schema, &inner, item);
  else
    decoder_complain(&own, NULL, "must be an object");
  if (error.code == ERROR_TOO_LARGE) return decoder_refuse_memory(decoder);
  if (schema->item_raw_offset != 0) {
    const char *raw = arena_strndup(decoder->arena, span.text, span.bytes);
    if (raw == NULL) return decoder_refuse_memory(decoder);
    *(const char **)(void *)(item + schema->item_raw_offset - 1) = raw;
  }
  if (error.code == ERROR_NONE) return true;
  const char *complaint = join_complaints(decoder->arena, &error);
  if (complaint == NULL) return decoder_refuse_memory(decoder);
  *(const char **)(void *)(item + schema->item_error_offset - 1) = complaint;
  return keep_problems(decoder, schema, &error, item);
}

static bool decode_item(struct decoder *decoder, const struct place *place, const struct field *list,
                        struct json_cursor *cursor, char *item) {
  if (list->object == NULL) {
    struct field field = decoder_item_field(list);
    if (field.kind == FIELD_KIND_JSON)
      return decode_raw(decoder, place, &field, cursor, (const char **)(void *)item);
    if (json_peek(cursor) == wanted_kind(&field)) return decode_scalar(decoder, place, &field, cursor, item);
    json_skip(cursor);
    return decoder_refuse(decoder, place, &field);
  }
  if ((list->flags & FIELD_COLLECT_ERRORS) != 0) return decode_collected(decoder, list, cursor, item);
  if (json_peek(cursor) == JSON_KIND_OBJECT) return decode_object(decoder, place, list->object, cursor, item);
  json_skip(cursor);
  return decoder_complain(decoder, place, "must be an object");
}

static bool decode_list(struct decoder *decoder, const struct place *place, const struct field *field,
                        struct json_cursor *cursor, struct field_list *member) {
  struct field_list list;
  if (!decoder_start_list(decoder, place, field, json_count_items(*cursor), &list)) {
    json_skip(cursor);
    return false;
  }
  bool good = true;
  size_t item_bytes = field_item_bytes(field);
  json_enter(cursor);
  for (size_t at = 0; json_next(cursor); at++) {
    struct place item_place = {.parent = place, .index = at};
    good &= decode_item(decoder, &item_place, field, cursor, (char *)list.items + at * item_bytes);
    if (decoder->stopped) return false;
  }
  *member = list;
  return good;
}

/* The value of one field. The cursor passes it in every case, unless the decoder has stopped. */
static bool decode_value(struct decoder *decoder, const struct place *place, const struct field *field,
                         struct json_cursor *cursor, void *member) {
  if (field->kind == FIELD_KIND_JSON) {
    return decode_raw(decoder, place, field, cursor, member) && decoder_check(decoder, place, field, member);
  }
  bool is_user = (field->flags & FIELD_USER) != 0 && json_peek(cursor) == JSON_KIND_TEXT;
  if (json_peek(cursor) != wanted_kind(field) && !is_user) {
    json_skip(cursor);
    if (field->kind == FIELD_KIND_LIST) decoder_note_missing(decoder, place, field);
    return decoder_refuse(decoder, place, field);
  }
  if (field->kind == FIELD_KIND_OBJECT) {
    return decode_object(decoder, place, field->object, cursor, member) &&
           decoder_check(decoder, place, field, member);
  }
  if (field->kind == FIELD_KIND_LIST) {
    return decode_list(decoder, place, field, cursor, member) && decoder_check(decoder, place, field, member);
  }
  return decode_scalar(decoder, place, field, cursor, member);
}

/* The field of a member's name, or NULL after passing the member. */
static const struct field *decode_key(struct decoder *decoder, const struct place *place,
                                      const struct schema *schema, struct decoder_seen *seen,
                                      struct json_cursor *cursor) {
  char name[DECODER_KEY_BYTES];
  struct json_span span = json_take_key(cursor);
  const struct field *field = decoder_find(schema, seen, span.text, span.bytes);
  if (field != NULL) return field;
  size_t shown = span.bytes;
  if (shown < sizeof name) {
    shown = json_unescape(span, name);
    if (shown < span.bytes) field = decoder_find(schema, seen, name, shown);
    if (field != NULL) return field;
  } else {
    shown = sizeof name - 1;
    memcpy(name, span.text, shown);
  }
  name[shown] = '\0';
  if (decoder->unknown == UNKNOWN_REFUSED) {
    struct place inner = {.parent = place, .name = name};
    decoder_refuse_unknown(decoder, &inner, schema, name);
  }
  json_skip(cursor);
  return NULL;
}

/* null is a JSON value like any other, where it means nothing else. */
static bool takes_null(const struct field *field) {
  return field->kind == FIELD_KIND_JSON && (field->flags & (FIELD_NULLABLE | FIELD_REQUIRED)) == 0;
}

static bool decode_object(struct decoder *decoder, const struct place *place, const struct schema *schema,
                          struct json_cursor *cursor, char *structure) {
  struct decoder_seen seen = {.next = 0};
  bool good = true;
  json_enter(cursor);
  while (!decoder->stopped && json_next(cursor)) {
    const struct field *field = decode_key(decoder, place, schema, &seen, cursor);
    if (field == NULL) continue;
    struct place inner = {.parent = place, .name = field->name};
    if (json_peek(cursor) == JSON_KIND_NULL && !takes_null(field)) {
      json_skip(cursor);
      good &= decoder_store_null(decoder, &inner, field, structure);
      if (field->default_text != NULL && (field->flags & FIELD_NULLABLE) != 0)
        seen.given[field - schema->fields] = false;
      continue;
    }
    decoder_set_presence(field, structure, PRESENCE_GIVEN);
    good &= decode_value(decoder, &inner, field, cursor, structure + field->offset);
  }
  decoder_finish(decoder, place, schema, &seen, structure);
  return good && !decoder->stopped;
}

static bool is_blank(const char *text, size_t bytes) {
  for (size_t at = 0; at < bytes; at++)
    if (text[at] != ' ' && text[at] != '\t' && text[at] != '\r' && text[at] != '\n') return false;
  return true;
}

bool schema_decode_json(const struct schema *schema, const char *text, size_t text_bytes,
                        enum unknown_keys unknown, struct arena *arena, void *ret_struct,
                        struct error *error) {
  struct decoder decoder = {.arena = arena, .error = error, .unknown = unknown};
  if (is_blank(text, text_bytes)) {
    text = "{}";
    text_bytes = 2;
  }
  if (!json_check(text, text_bytes, error)) return false;
  struct json_cursor cursor = json_open(text, text_bytes);
  if (json_peek(&cursor) != JSON_KIND_OBJECT)
    return error_set(error, ERROR_MALFORMED, "A JSON object is expected.");
  char *structure = arena_alloc(arena, schema->size);
  if (structure == NULL) return error_set_memory(error);
  error_clear(error);
  decode_object(&decoder, NULL, schema, &cursor, structure);
  if (error->code == ERROR_MALFORMED && decoder.missing && schema->missing != NULL)
    snprintf(error->message, sizeof error->message, "%s", schema->missing);
  if (error->code != ERROR_NONE) return false;
  memcpy(ret_struct, structure, schema->size);
  return true;
}
