#include "schema/decoder.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/user_id.h"
#include "schema/describe.h"
#include "schema/json.h"
#include "schema/utf8.h"

#include "base/banned.h"

#define NUMBER_BYTES_MAX 64 /* of a number's text; longer ones mean nothing a double could hold */
#define FILE_NAME_SHOWN 40

static size_t place_format(const struct place *place, char *text, size_t bytes) {
  if (place == NULL) return 0;
  size_t length = place_format(place->parent, text, bytes);
  if (length >= bytes) return length;
  int more;
  if (place->name == NULL)
    more = snprintf(text + length, bytes - length, "[%zu]", place->index);
  else
    more = snprintf(text + length, bytes - length, "%s%s", length == 0 ? "" : ".", place->name);
  return length + (more < 0 ? 0 : (size_t)more);
}

static const char *file_shown(const char *file) {
  size_t length = strlen(file);
  if (length <= FILE_NAME_SHOWN) return file;
  const char *slash = strrchr(file, '/');
  return slash == NULL || strlen(slash + 1) > FILE_NAME_SHOWN ? file + length - FILE_NAME_SHOWN : slash + 1;
}

bool decoder_complain(struct decoder *decoder, const struct place *place, const char *format, ...) {
  char field[ERROR_FIELD_NAME_BYTES];
  char message[ERROR_FIELD_MESSAGE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  size_t length = 0;
  field[0] = '\0';
  if (decoder->file != NULL) {
    int written = snprintf(field, sizeof field, "%s:%zu:%zu:%s", file_shown(decoder->file), decoder->line,
                           decoder->column, place == NULL ? "" : " ");
    length = written < 0 ? 0 : (size_t)written;
  }
  if (place != NULL && length < sizeof field) place_format(place, field + length, sizeof field - length);
  error_add_field(decoder->error, ERROR_MALFORMED, field, "%s", message);
  if (decoder->error->field_count == ERROR_FIELDS_MAX) decoder->stopped = true;
  return false;
}

bool decoder_refuse(struct decoder *decoder, const struct place *place, const struct field *field) {
  char wanted[DESCRIBE_BYTES];
  describe_field(field, wanted, sizeof wanted);
  return decoder_complain(decoder, place, "must be %s", wanted);
}

bool decoder_refuse_memory(struct decoder *decoder) {
  decoder->stopped = true;
  return error_set_memory(decoder->error);
}

/* -- Scalars ------------------------------------------------------------------------------- */

static bool parse_unsigned(const char *text, size_t bytes, uint64_t *ret_value) {
  uint64_t value = 0;
  if (bytes == 0 || (bytes > 1 && text[0] == '0')) return false;
  for (size_t at = 0; at < bytes; at++) {
    if (text[at] < '0' || text[at] > '9') return false;
    if (__builtin_mul_overflow(value, (uint64_t)10, &value)) return false;
    if (__builtin_add_overflow(value, (uint64_t)(text[at] - '0'), &value)) return false;
  }
  *ret_value = value;
  return true;
}

static bool parse_signed(const char *text, size_t bytes, int64_t *ret_value) {
  bool negative = bytes > 0 && text[0] == '-';
  uint64_t size;
  if (!parse_unsigned(text + negative, bytes - negative, &size)) return false;
  if (size > (uint64_t)INT64_MAX + negative) return false;
  *ret_value = negative ? (int64_t)(0 - size) : (int64_t)size;
  return true;
}

static bool within(const struct field *field, int64_t value) {
  if (field_has_minimum(field) && value < field->minimum) return false;
  return !field_has_maximum(field) || value <= field->maximum;
}

static bool store_signed(const struct field *field, const char *text, size_t bytes, int64_t *member) {
  int64_t value;
  if (!parse_signed(text, bytes, &value) || !within(field, value)) return false;
  *member = value;
  return true;
}

static bool store_unsigned(const struct field *field, const char *text, size_t bytes, uint64_t *member) {
  uint64_t value;
  if ((field->flags & FIELD_USER) != 0) {
    value = user_id_parse(text);
    if (value == 0) return false;
  } else {
    if (bytes == 2 && memcmp(text, "-0", 2) == 0) bytes = 1, text++;
    if (!parse_unsigned(text, bytes, &value)) return false;
  }
  if (value > INT64_MAX ? field_has_maximum(field) : !within(field, (int64_t)value)) return false;
  *member = value;
  return true;
}

static bool store_number(const struct field *field, const char *text, size_t bytes, double *member) {
  if (bytes > NUMBER_BYTES_MAX || !json_is_number(text, bytes)) return false;
  double value = strtod(text, NULL);
  if (!isfinite(value)) return false;
  if (field_has_minimum(field) && value < (double)field->minimum) return false;
  if (field_has_maximum(field) && value > (double)field->maximum) return false;
  *member = value;
  return true;
}

static bool store_bool(const char *text, bool *member) {
  bool is_true = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
  if (!is_true && strcmp(text, "false") != 0 && strcmp(text, "0") != 0) return false;
  *member = is_true;
  return true;
}

static bool store_text(const struct field *field, const char *text, size_t bytes, const char **member) {
  if ((field->minimum != 0 || field->maximum != 0) && !within(field, (int64_t)utf8_count(text, bytes)))
    return false;
  *member = text;
  return true;
}

static bool store_time(const struct field *field, const char *text, int64_t *member) {
  int64_t value;
  if (!clock_parse_ms(text, &value) || !within(field, value)) return false;
  *member = value;
  return true;
}

static bool store_day(const struct field *field, const char *text, int32_t *member) {
  int32_t value;
  if (!clock_parse_day(text, &value) || !within(field, value)) return false;
  *member = value;
  return true;
}

static bool store_enum(const struct field *field, const char *text, int *member) {
  for (int at = 0; field->names[at] != NULL; at++) {
    if (strcmp(field->names[at], text) != 0) continue;
    *member = at;
    return true;
  }
  return false;
}

static bool store_json(const struct field *field, const char *text, size_t bytes, const char **member) {
  struct error ignored;
  if (!within(field, (int64_t)bytes) || !json_check(text, bytes, &ignored)) return false;
  *member = text;
  return true;
}

static bool store_value(const struct field *field, const char *text, size_t bytes, void *member) {
  switch (field->kind) {
  case FIELD_KIND_BOOL:
    return store_bool(text, member);
  case FIELD_KIND_INT:
    return store_signed(field, text, bytes, member);
  case FIELD_KIND_UINT:
    return store_unsigned(field, text, bytes, member);
  case FIELD_KIND_NUMBER:
    return store_number(field, text, bytes, member);
  case FIELD_KIND_TEXT:
    return store_text(field, text, bytes, member);
  case FIELD_KIND_TIME:
    return store_time(field, text, member);
  case FIELD_KIND_DAY:
    return store_day(field, text, member);
  case FIELD_KIND_ENUM:
    return store_enum(field, text, member);
  case FIELD_KIND_JSON:
    return store_json(field, text, bytes, member);
  case FIELD_KIND_OBJECT:
  case FIELD_KIND_LIST:
    break;
  }
  return false;
}

bool decoder_check(struct decoder *decoder, const struct place *place, const struct field *field,
                   const void *member) {
  if (field->check == NULL) return true;
  struct error error = ERROR_INIT;
  if (field->check(member, &error)) return true;
  return decoder_complain(decoder, place, "%.*s", ERROR_FIELD_MESSAGE_BYTES - 1, error.message);
}

void decoder_note_missing(struct decoder *decoder, const struct place *place, const struct field *field) {
  if ((field->flags & FIELD_REQUIRED) != 0 && place->parent == NULL) decoder->missing = true;
}

bool decoder_store(struct decoder *decoder, const struct place *place, const struct field *field,
                   const char *text, size_t text_bytes, void *member) {
  if (!store_value(field, text, text_bytes, member)) {
    if (text_bytes == 0) decoder_note_missing(decoder, place, field);
    return decoder_refuse(decoder, place, field);
  }
  return decoder_check(decoder, place, field, member);
}

/* -- Lists --------------------------------------------------------------------------------- */

struct field decoder_item_field(const struct field *list) {
  return (struct field){.name = list->name, .kind = list->item_kind, .names = list->names};
}

bool decoder_start_list(struct decoder *decoder, const struct place *place, const struct field *field,
                        size_t count, struct field_list *ret_list) {
  if (count == 0 && field->minimum > 0) decoder_note_missing(decoder, place, field);
  if (count > (size_t)field->maximum || count < (size_t)field->minimum)
    return decoder_refuse(decoder, place, field);
  struct field_list list = {.count = count};
  if (count > 0) {
    list.items = arena_alloc_array(decoder->arena, count, field_item_bytes(field));
    if (list.items == NULL) return decoder_refuse_memory(decoder);
  }
  *ret_list = list;
  return true;
}

void decoder_store_list(struct decoder *decoder, const struct place *place, const struct field *field,
                        const char *text, struct field_list *member) {
  struct field item = decoder_item_field(field);
  struct field_list list;
  size_t count = *text == '\0' ? 0 : 1;
  for (const char *at = text; *at != '\0'; at++)
    if (*at == ',') count++;
  if (!decoder_start_list(decoder, place, field, count, &list)) return;
  bool good = true;
  for (size_t at = 0; at < count && !decoder->stopped; at++) {
    struct place item_place = {.parent = place, .index = at};
    size_t bytes = strcspn(text, ",");
    const char *copy = arena_strndup(decoder->arena, text, bytes);
    if (copy == NULL) {
      decoder_refuse_memory(decoder);
      return;
    }
    good &= decoder_store(decoder, &item_place, &item, copy, bytes,
                          (char *)list.items + at * field_item_bytes(field));
    text += bytes + 1;
  }
  if (good && decoder_check(decoder, place, field, &list)) *member = list;
}

/* -- Structs ------------------------------------------------------------------------------- */

void decoder_set_presence(const struct field *field, char *structure, enum presence presence) {
  if (field->presence != 0) *(enum presence *)(void *)(structure + field->presence - 1) = presence;
}

bool decoder_store_null(struct decoder *decoder, const struct place *place, const struct field *field,
                        char *structure) {
  if ((field->flags & FIELD_NULLABLE) == 0) {
    decoder_note_missing(decoder, place, field);
    return decoder_complain(decoder, place,
                            (field->flags & FIELD_REQUIRED) != 0 ? "is required" : "must not be null");
  }
  decoder_set_presence(field, structure, PRESENCE_NULL);
  return true;
}

const struct field *decoder_find(const struct schema *schema, struct decoder_seen *seen, const char *name,
                                 size_t name_bytes) {
  /* Keys mostly come in the table's order, so the search begins behind the last one found. */
  for (size_t step = 0; step < schema->field_count; step++) {
    size_t at = seen->next + step;
    if (at >= schema->field_count) at -= schema->field_count;
    const struct field *field = &schema->fields[at];
    if (strncmp(field->name, name, name_bytes) != 0 || field->name[name_bytes] != '\0') continue;
    seen->given[at] = true;
    seen->next = at + 1 < schema->field_count ? at + 1 : 0;
    return field;
  }
  return NULL;
}

bool decoder_refuse_unknown(struct decoder *decoder, const struct place *place, const struct schema *schema,
                            const char *name) {
  const struct field *nearest = describe_nearest(schema, name);
  if (nearest == NULL) return decoder_complain(decoder, place, "is not a known key");
  return decoder_complain(decoder, place, "is not a known key; did you mean %s?", nearest->name);
}

static void store_default(struct decoder *decoder, const struct place *place, const struct field *field,
                          char *structure) {
  char *member = structure + field->offset;
  if (field->kind == FIELD_KIND_OBJECT) {
    for (size_t at = 0; at < field->object->field_count; at++) {
      struct place inner = {.parent = place, .name = field->object->fields[at].name};
      store_default(decoder, &inner, &field->object->fields[at], member);
    }
    return;
  }
  if (field->default_text == NULL) return;
  if (field->kind == FIELD_KIND_LIST) {
    decoder_store_list(decoder, place, field, field->default_text, (struct field_list *)(void *)member);
    return;
  }
  decoder_store(decoder, place, field, field->default_text, strlen(field->default_text), member);
}

void decoder_finish(struct decoder *decoder, const struct place *place, const struct schema *schema,
                    const struct decoder_seen *seen, char *structure) {
  for (size_t at = 0; at < schema->field_count && !decoder->stopped; at++) {
    const struct field *field = &schema->fields[at];
    struct place inner = {.parent = place, .name = field->name};
    if (seen->given[at]) continue;
    if ((field->flags & FIELD_REQUIRED) == 0) {
      store_default(decoder, &inner, field, structure);
      continue;
    }
    decoder_note_missing(decoder, &inner, field);
    decoder_complain(decoder, &inner, "is required");
  }
}

bool schema_defaults(const struct schema *schema, struct arena *arena, void *ret_struct,
                     struct error *error) {
  struct decoder decoder = {.arena = arena, .error = error};
  char *structure = arena_alloc(arena, schema->size);
  if (structure == NULL) return error_set_memory(error);
  error_clear(error);
  for (size_t at = 0; at < schema->field_count; at++) {
    struct place place = {.name = schema->fields[at].name};
    store_default(&decoder, &place, &schema->fields[at], structure);
  }
  if (error->code != ERROR_NONE) return false;
  memcpy(ret_struct, structure, schema->size);
  return true;
}

bool schema_decode_scalar(const struct field *field, const char *text, struct arena *arena, void *structure,
                          struct error *error) {
  struct decoder decoder = {.arena = arena, .error = error};
  struct place place = {.name = field->name};
  error_clear(error);
  size_t bytes = strlen(text);
  if (!utf8_is_valid(text, bytes)) return decoder_complain(&decoder, &place, "must be valid UTF-8");
  const char *copy = arena_strndup(arena, text, bytes);
  if (copy == NULL) return error_set_memory(error);
  void *member = (char *)structure + field->offset;
  if (field->kind == FIELD_KIND_LIST && field->object == NULL)
    decoder_store_list(&decoder, &place, field, copy, member);
  else
    (void)decoder_store(&decoder, &place, field, copy, bytes, member);
  if (error->code != ERROR_NONE) return false;
  decoder_set_presence(field, structure, PRESENCE_GIVEN);
  return true;
}
