#include <stdio.h>
#include <string.h>

#include "schema/decoder.h"
#include "schema/utf8.h"

#include "base/banned.h"

#define QUERY_PAIRS_MAX 64

struct pairs {
  const char *names[QUERY_PAIRS_MAX];
  size_t count;
  const char *lists[DECODER_FIELDS_MAX]; /* of the schema's lists, what was given; NULL: nothing */
};

static int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

/* `+` and %XX resolved, in place. False: a broken escape, NUL, or not UTF-8. */
static bool unescape(char *text, size_t *bytes) {
  char *to = text;
  for (char *at = text; *at != '\0'; at++) {
    if (*at == '%') {
      int high = hex_value(at[1]);
      int low = high < 0 ? -1 : hex_value(at[2]);
      if (low < 0 || (high == 0 && low == 0)) return false;
      *to++ = (char)(high << 4 | low);
      at += 2;
    } else {
      *to++ = *at == '+' ? ' ' : *at;
    }
  }
  *to = '\0';
  *bytes = (size_t)(to - text);
  return utf8_is_valid(text, *bytes);
}

static bool is_known(const struct pairs *pairs, const char *name) {
  for (size_t at = 0; at < pairs->count; at++)
    if (strcmp(pairs->names[at], name) == 0) return true;
  return false;
}

/* Only a list may be given several times: its items add up. */
static bool remember(struct decoder *decoder, struct pairs *pairs, const struct field *field,
                     const char *name) {
  struct place place = {.name = name};
  if (is_known(pairs, name))
    return (field != NULL && field->kind == FIELD_KIND_LIST) ||
           decoder_complain(decoder, &place, "is given more than once");
  if (pairs->count == QUERY_PAIRS_MAX) {
    decoder->stopped = true;
    return error_set(decoder->error, ERROR_MALFORMED, "The query has more than %d parameters.",
                     QUERY_PAIRS_MAX);
  }
  pairs->names[pairs->count++] = name;
  return true;
}

/* Behind what the same list was given before. */
static bool add_to_list(struct decoder *decoder, const char **list, const char *value) {
  if (*list == NULL || **list == '\0')
    *list = value;
  else if (*value != '\0')
    *list = arena_printf(decoder->arena, "%s,%s", *list, value);
  return *list != NULL || decoder_refuse_memory(decoder);
}

static void store_lists(struct decoder *decoder, const struct schema *schema, const struct pairs *pairs,
                        char *structure) {
  for (size_t at = 0; at < schema->field_count && !decoder->stopped; at++) {
    const struct field *field = &schema->fields[at];
    struct place place = {.name = field->name};
    if (pairs->lists[at] != NULL)
      decoder_store_list(decoder, &place, field, pairs->lists[at],
                         (struct field_list *)(void *)(structure + field->offset));
  }
}

static void decode_pair(struct decoder *decoder, const struct schema *schema, struct pairs *pairs,
                        struct decoder_seen *seen, char *pair, char *structure) {
  char *value = strchr(pair, '=');
  char *no_value = pair + strlen(pair);
  if (value == NULL)
    value = no_value;
  else
    *value++ = '\0';
  size_t name_bytes;
  size_t value_bytes;
  if (!unescape(pair, &name_bytes)) {
    decoder->stopped = true;
    error_set(decoder->error, ERROR_MALFORMED, "A query parameter's name is not percent-encoded UTF-8.");
    return;
  }
  struct place place = {.name = pair};
  const struct field *field = decoder_find(schema, seen, pair, name_bytes);
  if (!remember(decoder, pairs, field, pair)) return;
  if (field == NULL) {
    if (decoder->unknown == UNKNOWN_REFUSED) decoder_refuse_unknown(decoder, &place, schema, pair);
    return;
  }
  if (!unescape(value, &value_bytes)) {
    decoder_complain(decoder, &place, "must be percent-encoded UTF-8");
    return;
  }
  decoder_set_presence(field, structure, PRESENCE_GIVEN);
  char *member = structure + field->offset;
  if (field->kind == FIELD_KIND_LIST)
    (void)add_to_list(decoder, &pairs->lists[field - schema->fields], value);
  else
    decoder_store(decoder, &place, field, value, value_bytes, member);
}

bool schema_decode_query(const struct schema *schema, const char *query, enum unknown_keys unknown,
                         struct arena *arena, void *ret_struct, struct error *error) {
  struct decoder decoder = {.arena = arena, .error = error, .unknown = unknown};
  struct decoder_seen seen = {.next = 0};
  struct pairs pairs = {.count = 0};
  char *text = arena_strdup(arena, query == NULL ? "" : query);
  char *structure = arena_alloc(arena, schema->size);
  if (text == NULL || structure == NULL) return error_set_memory(error);
  error_clear(error);
  while (*text != '\0' && !decoder.stopped) {
    size_t bytes = strcspn(text, "&");
    char *next = text[bytes] == '\0' ? text + bytes : text + bytes + 1;
    text[bytes] = '\0';
    if (bytes > 0) decode_pair(&decoder, schema, &pairs, &seen, text, structure);
    text = next;
  }
  store_lists(&decoder, schema, &pairs, structure);
  decoder_finish(&decoder, NULL, schema, &seen, structure);
  if (error->code != ERROR_NONE) return false;
  memcpy(ret_struct, structure, schema->size);
  return true;
}
