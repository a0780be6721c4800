#include <string.h>
#include <yaml.h>

#include "schema/decoder.h"
#include "schema/utf8.h"

#include "base/banned.h"

#define YAML_DEPTH_MAX 8
#define YAML_ITEMS_MAX 256 /* of one list, whatever its field allows */

/* libyaml hands out one event at a time: `event` is the one at hand. */
struct reader {
  struct decoder decoder;
  yaml_parser_t parser;
  yaml_event_t event;
  size_t depth;
};

static void reader_close(struct reader *reader) {
  yaml_event_delete(&reader->event);
  yaml_parser_delete(&reader->parser);
}

/* Complaints from here on name the place of the event at hand. */
static void note_place(struct reader *reader, const yaml_mark_t *mark) {
  reader->decoder.line = mark->line + 1;
  reader->decoder.column = mark->column + 1;
}

static bool stop(struct reader *reader, const struct place *place, const char *why) {
  decoder_complain(&reader->decoder, place, "%s", why);
  reader->decoder.stopped = true;
  return false;
}

/* The next event. False: the text is not YAML, or uses what is refused here. */
static bool advance(struct reader *reader) {
  yaml_event_delete(&reader->event);
  memset(&reader->event, 0, sizeof reader->event);
  if (!yaml_parser_parse(&reader->parser, &reader->event)) {
    note_place(reader, &reader->parser.problem_mark);
    const char *problem = reader->parser.problem;
    return stop(reader, NULL, problem == NULL ? "is not valid YAML" : problem);
  }
  note_place(reader, &reader->event.start_mark);
  const yaml_char_t *anchor = NULL;
  switch (reader->event.type) {
  case YAML_ALIAS_EVENT:
    return stop(reader, NULL, "aliases are not allowed");
  case YAML_SCALAR_EVENT:
    anchor = reader->event.data.scalar.anchor;
    break;
  case YAML_SEQUENCE_START_EVENT:
    anchor = reader->event.data.sequence_start.anchor;
    break;
  case YAML_MAPPING_START_EVENT:
    anchor = reader->event.data.mapping_start.anchor;
    break;
  default:
    break;
  }
  return anchor == NULL || stop(reader, NULL, "anchors are not allowed");
}

/* Passes the value whose first event is at hand; the event behind it is then at hand. */
static bool skip_value(struct reader *reader) {
  size_t depth = 0;
  do {
    yaml_event_type_t type = reader->event.type;
    if (type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT) depth++;
    if (type == YAML_MAPPING_END_EVENT || type == YAML_SEQUENCE_END_EVENT) depth--;
    if (depth > YAML_DEPTH_MAX) return stop(reader, NULL, "nested too deeply");
    if (!advance(reader)) return false;
  } while (depth > 0);
  return true;
}

/* `key:` with nothing behind it, ~ and null leave the default in place. */
static bool is_null(const yaml_event_t *event) {
  if (event->type != YAML_SCALAR_EVENT || event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
  const char *text = (const char *)event->data.scalar.value;
  return *text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

/* NUL and the other control characters get into YAML only by escapes, and nothing configured here
 * has a use for them: what is printed back must be YAML again. U+FFFE and U+FFFF are such, too. */
static bool has_control(const char *text, size_t bytes) {
  const unsigned char *at = (const unsigned char *)text;
  for (const unsigned char *end = at + bytes; at < end; at++) {
    if ((*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7F) return true;
    if (*at == 0xC2 && at[1] < 0xA0) return true;
    if (*at == 0xEF && at[1] == 0xBF && at[2] >= 0xBE) return true;
  }
  return false;
}

/* A copy of the scalar at hand. NULL: complained. */
static const char *take_scalar(struct reader *reader, const struct place *place, size_t *ret_bytes) {
  const char *value = (const char *)reader->event.data.scalar.value;
  size_t bytes = reader->event.data.scalar.length;
  if (!utf8_is_valid(value, bytes) || has_control(value, bytes)) {
    decoder_complain(&reader->decoder, place, "must be UTF-8 without control characters");
    return NULL;
  }
  const char *text = arena_strndup(reader->decoder.arena, value, bytes);
  if (text == NULL) decoder_refuse_memory(&reader->decoder);
  *ret_bytes = bytes;
  return text;
}

static void decode_mapping(struct reader *reader, const struct place *place, const struct schema *schema,
                           char *structure);

static void decode_scalar(struct reader *reader, const struct place *place, const struct field *field,
                          void *member) {
  size_t bytes;
  if (reader->event.type != YAML_SCALAR_EVENT) {
    decoder_refuse(&reader->decoder, place, field);
    skip_value(reader);
    return;
  }
  const char *text = take_scalar(reader, place, &bytes);
  if (text != NULL) decoder_store(&reader->decoder, place, field, text, bytes, member);
  if (!reader->decoder.stopped) advance(reader);
}

static void decode_object(struct reader *reader, const struct place *place, const struct schema *schema,
                          char *structure) {
  if (reader->event.type == YAML_MAPPING_START_EVENT) {
    decode_mapping(reader, place, schema, structure);
    return;
  }
  decoder_complain(&reader->decoder, place, "must be a mapping of keys to values");
  skip_value(reader);
}

static void decode_list(struct reader *reader, const struct place *place, const struct field *field,
                        struct field_list *member) {
  struct decoder *decoder = &reader->decoder;
  if (reader->event.type != YAML_SEQUENCE_START_EVENT) {
    decoder_refuse(decoder, place, field);
    skip_value(reader);
    return;
  }
  yaml_mark_t start = reader->event.start_mark;
  size_t complaints = decoder->error->field_count;
  size_t item_bytes = field_item_bytes(field);
  size_t limit = field->maximum < YAML_ITEMS_MAX ? (size_t)field->maximum : YAML_ITEMS_MAX;
  struct field item_field = decoder_item_field(field);
  char *items = arena_alloc_array(decoder->arena, limit + 1, item_bytes);
  if (items == NULL) {
    decoder_refuse_memory(decoder);
    return;
  }
  if (!advance(reader)) return;
  size_t count = 0;
  for (; reader->event.type != YAML_SEQUENCE_END_EVENT && !decoder->stopped; count++) {
    struct place item_place = {.parent = place, .index = count};
    char *item = items + (count < limit ? count : limit) * item_bytes;
    if (field->object != NULL)
      decode_object(reader, &item_place, field->object, item);
    else
      decode_scalar(reader, &item_place, &item_field, item);
  }
  if (decoder->stopped || !advance(reader) || decoder->error->field_count > complaints) return;
  note_place(reader, &start);
  struct field_list list = {.items = items, .count = count};
  if (count > limit || count < (size_t)field->minimum)
    decoder_refuse(decoder, place, field);
  else if (decoder_check(decoder, place, field, &list))
    *member = list;
  note_place(reader, &reader->event.start_mark);
}

static void decode_value(struct reader *reader, const struct place *place, const struct field *field,
                         char *structure) {
  void *member = structure + field->offset;
  decoder_set_presence(field, structure, PRESENCE_GIVEN);
  if (field->kind == FIELD_KIND_LIST)
    decode_list(reader, place, field, member);
  else if (field->kind == FIELD_KIND_OBJECT)
    decode_object(reader, place, field->object, member);
  else
    decode_scalar(reader, place, field, member);
}

/* One key and its value, the key's event at hand. */
static void decode_pair(struct reader *reader, const struct place *place, const struct schema *schema,
                        struct decoder_seen *seen, char *structure) {
  struct decoder *decoder = &reader->decoder;
  bool given_before[DECODER_FIELDS_MAX];
  size_t name_bytes;
  if (reader->event.type != YAML_SCALAR_EVENT) {
    stop(reader, place, "keys must be plain names");
    return;
  }
  const char *name = take_scalar(reader, place, &name_bytes);
  if (name == NULL) {
    decoder->stopped = true;
    return;
  }
  struct place inner = {.parent = place, .name = name};
  memcpy(given_before, seen->given, sizeof given_before);
  const struct field *field = decoder_find(schema, seen, name, name_bytes);
  if (field == NULL) {
    decoder_refuse_unknown(decoder, &inner, schema, name);
    if (advance(reader)) skip_value(reader);
    return;
  }
  size_t at = (size_t)(field - schema->fields);
  if (given_before[at]) {
    decoder_complain(decoder, &inner, "is given more than once");
    if (advance(reader)) skip_value(reader);
    return;
  }
  if (!advance(reader)) return;
  if (is_null(&reader->event)) {
    seen->given[at] = false;
    advance(reader);
    return;
  }
  decode_value(reader, &inner, field, structure);
}

static void decode_mapping(struct reader *reader, const struct place *place, const struct schema *schema,
                           char *structure) {
  struct decoder_seen seen = {.next = 0};
  yaml_mark_t start = reader->event.start_mark;
  if (reader->depth == YAML_DEPTH_MAX) {
    stop(reader, place, "nested too deeply");
    return;
  }
  reader->depth++;
  if (!advance(reader)) return;
  while (reader->event.type != YAML_MAPPING_END_EVENT && !reader->decoder.stopped)
    decode_pair(reader, place, schema, &seen, structure);
  reader->depth--;
  if (reader->decoder.stopped || !advance(reader)) return;
  note_place(reader, &start);
  decoder_finish(&reader->decoder, place, schema, &seen, structure);
  note_place(reader, &reader->event.start_mark);
}

static void decode_document(struct reader *reader, const struct schema *schema, char *structure) {
  struct decoder_seen nothing = {.next = 0};
  if (!advance(reader) || !advance(reader)) return; /* past the stream's start */
  if (reader->event.type == YAML_STREAM_END_EVENT) {
    decoder_finish(&reader->decoder, NULL, schema, &nothing, structure);
    return;
  }
  if (!advance(reader)) return;
  if (is_null(&reader->event)) {
    decoder_finish(&reader->decoder, NULL, schema, &nothing, structure);
    if (!advance(reader)) return;
  } else {
    decode_object(reader, NULL, schema, structure);
  }
  if (reader->decoder.stopped || !advance(reader)) return; /* past the document's end */
  if (reader->event.type != YAML_STREAM_END_EVENT) stop(reader, NULL, "one document is expected");
}

bool schema_decode_yaml(const struct schema *schema, const char *path, const char *text, size_t text_bytes,
                        struct arena *arena, void *ret_struct, struct error *error) {
  CLEANUP(reader_close)
  struct reader reader = {
      .decoder = {
          .arena = arena, .error = error, .unknown = UNKNOWN_REFUSED, .file = path, .line = 1, .column = 1}};
  char *structure = arena_alloc(arena, schema->size);
  if (structure == NULL || !yaml_parser_initialize(&reader.parser)) return error_set_memory(error);
  error_clear(error);
  yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, text_bytes);
  decode_document(&reader, schema, structure);
  if (error->code != ERROR_NONE) return false;
  memcpy(ret_struct, structure, schema->size);
  return true;
}
