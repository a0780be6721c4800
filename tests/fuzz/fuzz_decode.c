/* Bodies, query strings and YAML, decoded by a table with every kind of field. What decodes must
 * encode, decode again, and come out the same; and what is accepted as JSON, json-c accepts as well.
 * The first byte chooses: ? a query string, - YAML, anything else JSON. */
#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define TEXT_BYTES_MAX ((size_t)64 * 1024 * 1024)

struct item {
  const char *name;
  int64_t count;
  const char *error;
  const char *raw;
};

static const struct field item_fields[] = {
    FIELD_TEXT(struct item, "name", name, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = 20),
    FIELD_INT(struct item, "count", count, .minimum = -5, .maximum = 5),
};
static const struct schema item_schema =
    SCHEMA("Item", struct item, item_fields, .item_error_offset = ITEM_TEXT(struct item, error),
           .item_raw_offset = ITEM_TEXT(struct item, raw));

static const char *const colours[] = {"red", "green", "blue", NULL};

struct body {
  bool flag;
  int64_t signed_number;
  uint64_t unsigned_number;
  double number;
  const char *text;
  enum presence text_presence;
  int64_t time_ms;
  enum presence time_presence;
  int32_t day;
  enum presence day_presence;
  int colour;
  const char *json;
  int64_t defaulted;
  struct item nested;
  struct field_list items;
  struct field_list names;
};

static const struct field body_fields[] = {
    FIELD_BOOL(struct body, "flag", flag, .default_text = "true"),
    FIELD_INT(struct body, "signed", signed_number, .summary = "With a sign."),
    FIELD_UINT(struct body, "unsigned", unsigned_number, .summary = "Without."),
    FIELD_NUMBER(struct body, "number", number, .summary = "With a point."),
    FIELD_INT(struct body, "defaulted", defaulted, .flags = FIELD_NULLABLE, .minimum = 1, .default_text = "5",
              .summary = "Whose null means 5."),
    FIELD_TEXT(struct body, "text", text, .flags = FIELD_NULLABLE,
               .presence = PRESENCE(struct body, text_presence), .maximum = 1000),
    FIELD_TIME(struct body, "time", time_ms, .presence = PRESENCE(struct body, time_presence)),
    FIELD_DAY(struct body, "day", day, .presence = PRESENCE(struct body, day_presence)),
    FIELD_ENUM(struct body, "colour", colour, .names = colours),
    FIELD_JSON(struct body, "json", json, .maximum = 4096),
    FIELD_LIST(struct body, "items", items, .object = &item_schema, .maximum = 100,
               .flags = FIELD_COLLECT_ERRORS),
    FIELD_LIST(struct body, "names", names, .item_kind = FIELD_KIND_TEXT, .maximum = 100),
};
static const struct schema body_schema = SCHEMA("Body", struct body, body_fields, .summary = "Everything.");

/* Encodes and decodes again. */
static struct body again(const struct body *body, struct arena *arena, struct buffer *text) {
  struct body decoded;
  struct error error = ERROR_INIT;
  schema_encode_json(&body_schema, body, text);
  if (text->failed) abort();
  if (!schema_decode_json(&body_schema, buffer_text(text), text->length, UNKNOWN_REFUSED, arena, &decoded,
                          &error))
    abort();
  return decoded;
}

/* JSON within a query string keeps its blanks at first; from then on nothing may change. */
static void check_round_trip(struct body body, struct arena *arena) {
  CLEANUP(buffer_free) struct buffer first = BUFFER_INIT(TEXT_BYTES_MAX);
  CLEANUP(buffer_free) struct buffer second = BUFFER_INIT(TEXT_BYTES_MAX);
  CLEANUP(buffer_free) struct buffer third = BUFFER_INIT(TEXT_BYTES_MAX);
  body.items.count = 0; /* bad items are kept with their complaints, and would be complained of again */
  body = again(&body, arena, &first);
  body = again(&body, arena, &second);
  again(&body, arena, &third);
  if (strcmp(buffer_text(&second), buffer_text(&third)) != 0) abort();
}

/* json-c takes more than is taken here, never less. */
static void check_against_json_c(const char *text, size_t bytes) {
  struct json_tokener *tokener = json_tokener_new_ex(64);
  if (tokener == NULL) abort();
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
  struct json_object *object = json_tokener_parse_ex(tokener, text, (int)bytes);
  if (object == NULL) abort();
  json_object_put(object);
  json_tokener_free(tokener);
}

static bool decode(char kind, const char *text, size_t bytes, struct arena *arena, struct body *ret_body,
                   struct error *error) {
  if (kind == '?') return schema_decode_query(&body_schema, text, UNKNOWN_IGNORED, arena, ret_body, error);
  if (kind == '-') return schema_decode_yaml(&body_schema, "a.yaml", text, bytes, arena, ret_body, error);
  if (!schema_decode_json(&body_schema, text, bytes, UNKNOWN_IGNORED, arena, ret_body, error)) return false;
  if (strspn(text, " \t\r\n") < bytes) check_against_json_c(text, bytes);
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  struct error error = ERROR_INIT;
  struct body body;
  if (bytes == 0) return 0;
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(ARENA_BYTES);
  char *text = arena_strndup(arena, (const char *)data + 1, bytes - 1);
  if (text == NULL) return 0;
  if (decode((char)data[0], text, bytes - 1, arena, &body, &error))
    check_round_trip(body, arena);
  else if (error.code == ERROR_NONE)
    abort();
  return 0;
}
