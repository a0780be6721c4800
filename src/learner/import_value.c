#include "learner/import_value.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "learner/import_entry.h"
#include "schema/decode.h"
#include "schema/json.h"
#include "schema/utf8.h"

#include "base/banned.h"

#define NUMBER_BYTES 24
#define MS_FROM 100000000000 /* a number of this size counts milliseconds, a smaller one seconds */

/* The field's own complaint, as one sentence. Always false. */
static bool complain(struct error *error) {
  if (error->field_count == 0) return false;
  struct error_field first = error->fields[0];
  return error_set(error, ERROR_MALFORMED, "%s %s.", first.field, first.message);
}

bool import_value_is_given(const char *json) { return json != NULL && strcmp(json, "null") != 0; }

bool import_value_text(const char *json, const char *name, struct arena *arena, struct error *error,
                       const char **ret_text) {
  struct json_cursor cursor = json_open(json, strlen(json));
  enum json_kind kind = json_peek(&cursor);
  *ret_text = json;
  if (kind == JSON_KIND_NUMBER) return true;
  if (kind != JSON_KIND_TEXT) return error_set(error, ERROR_MALFORMED, "%s must be a text.", name);
  size_t bytes;
  *ret_text = json_take_text(&cursor, arena, &bytes);
  return *ret_text != NULL || error_set_memory(error);
}

bool import_value_name(const char *json, const char *name, size_t characters, struct arena *arena,
                       struct error *error, const char **ret_text) {
  if (!import_value_text(json, name, arena, error, ret_text)) return false;
  size_t count = utf8_count(*ret_text, strlen(*ret_text));
  if (count == 0) return error_set(error, ERROR_MALFORMED, "%s is empty.", name);
  if (count <= characters) return true;
  return error_set(error, ERROR_MALFORMED, "%s is longer than %zu characters.", name, characters);
}

bool import_value_flag(const char *json, const char *name, struct arena *arena, struct error *error,
                       bool *ret_flag) {
  const char *text = json;
  if (*json == '"' && !import_value_text(json, name, arena, error, &text)) return false;
  bool is_true = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
  if (!is_true && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
    return error_set(error, ERROR_MALFORMED, "%s must be true or false.", name);
  *ret_flag = is_true;
  return true;
}

/* Digits without a sign, up to `maximum`. */
bool import_value_count(const char *json, const char *name, int64_t maximum, struct error *error,
                        int64_t *ret_count) {
  int64_t count = 0;
  const char *at = json;
  for (; *at >= '0' && *at <= '9' && count <= maximum; at++)
    count = count * 10 + (*at - '0');
  if (at == json || *at != '\0' || count > maximum)
    return error_set(error, ERROR_MALFORMED, "%s must be a whole number from 0 to %lld.", name,
                     (long long)maximum);
  *ret_count = count;
  return true;
}

/* Seconds, with or without a fraction, or milliseconds since 1970. */
static bool time_from_number(const char *text, int64_t *ret_ms) {
  char *end;
  double number = strtod(text, &end);
  if (*end != '\0' || !(number >= 0 && number < 1e15)) return false;
  *ret_ms = (int64_t)(number >= MS_FROM ? number : number * 1000 + 0.5);
  return true;
}

/* ISO 8601; where it names no zone it is taken for UTC, and a blank may stand for the T. */
static bool time_from_text(const char *text, int64_t *ret_ms) {
  char copy[CLOCK_ISO_BYTES + NUMBER_BYTES];
  size_t bytes = strlen(text);
  if (clock_parse_ms(text, ret_ms)) return true;
  if (bytes <= CLOCK_DAY_BYTES || bytes + 2 > sizeof copy) return false;
  memcpy(copy, text, bytes + 1);
  if (copy[CLOCK_DAY_BYTES - 1] == ' ') copy[CLOCK_DAY_BYTES - 1] = 'T';
  if (clock_parse_ms(copy, ret_ms)) return true;
  memcpy(copy + bytes, "Z", 2);
  return clock_parse_ms(copy, ret_ms);
}

bool import_value_time(const char *json, const char *text, int64_t *ret_ms) {
  return *json == '"' ? time_from_text(text, ret_ms) : time_from_number(text, ret_ms);
}

bool import_value_day(const char *text, int32_t *ret_day) {
  char day[CLOCK_DAY_BYTES];
  size_t bytes = strnlen(text, CLOCK_DAY_BYTES - 1);
  if (text[bytes] != '\0' && text[bytes] != 'T' && text[bytes] != ' ') return false;
  memcpy(day, text, bytes);
  day[bytes] = '\0';
  return clock_parse_day(day, ret_day);
}

void import_value_digest(const void *text, size_t bytes, unsigned char *ret_digest) {
  unsigned char whole[SHA256_DIGEST_LENGTH];
  SHA256(text, bytes, whole);
  memcpy(ret_digest, whole, IMPORT_DIGEST_BYTES);
}

bool import_value_read(const struct schema *schema, const struct import_item *item, struct arena *arena,
                       struct error *error, void *ret_raw) {
  if (item->defect != NULL) return error_set(error, ERROR_MALFORMED, "The entry %s.", item->defect);
  if (item->bytes == 0) return error_set(error, ERROR_MALFORMED, "The entry is missing.");
  if (schema_decode_json(schema, item->text, item->bytes, UNKNOWN_IGNORED, arena, ret_raw, error))
    return true;
  return complain(error);
}

bool import_value_unwrap(const struct schema *schema, const char *inner, struct arena *arena,
                         struct error *error, void *raw) {
  if (!import_value_is_given(inner)) return true;
  return schema_decode_json(schema, inner, strlen(inner), UNKNOWN_IGNORED, arena, raw, error) ||
         complain(error);
}
