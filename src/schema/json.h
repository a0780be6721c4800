/* JSON text, read strictly. One pass holds the whole text to RFC 8259 and to what a careful service
 * adds to it; after that a cursor walks the text itself: no tree is built, a value's text can be
 * kept as it stood, and nothing that the walk meets can be malformed.
 *
 * json-c is not used for this: in version 0.16 its strict mode takes NaN and single quotes, clamps
 * 2^64, keeps the last of duplicate keys, does not look at UTF-8, and loses a value's text. With
 * all that checked before, nothing would be left for it to do. The tests hold the two against each other. */
#ifndef LOCKSTEP_SCHEMA_JSON_H
#define LOCKSTEP_SCHEMA_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"

#define JSON_DEPTH_MAX 16
/* Names within all objects that are open at one time; together with the depth it bounds the memory
 * of the check, whatever the text's size. */
#define JSON_KEYS_MAX 16384

enum json_kind {
  JSON_KIND_NULL,
  JSON_KIND_BOOL,
  JSON_KIND_NUMBER,
  JSON_KIND_TEXT,
  JSON_KIND_ARRAY,
  JSON_KIND_OBJECT
};

struct json_span {
  const char *text;
  size_t bytes;
};

/* True when `text` is one JSON value and nothing after it: grammar, UTF-8, no NUL and no half
 * surrogate pair in text, no name twice in one object, JSON_DEPTH_MAX. Otherwise ERROR_MALFORMED
 * with line and column. Linear in the text's size, and constant in stack whatever its depth. */
bool json_check(const char *text, size_t bytes, struct error *error) WARN_UNUSED;

/* A walk over text that json_check has accepted. Not needed: freeing; allowed: copying. */
struct json_cursor {
  const char *at;
  const char *end;
};

struct json_cursor json_open(const char *text, size_t bytes);
/* What stands at the cursor. */
enum json_kind json_peek(struct json_cursor *cursor);
/* Passes the value at the cursor, whatever it is; its text without white space around it. */
struct json_span json_skip(struct json_cursor *cursor);
/* Goes into the object or array at the cursor. Then, as long as json_next says true, one member
 * (json_take_key, then its value) or one item must be passed; false: the container is behind. */
void json_enter(struct json_cursor *cursor);
bool json_next(struct json_cursor *cursor);
/* The items of the array at the cursor, which stays where it is. */
size_t json_count_items(struct json_cursor cursor);
/* Passes a member's name and its colon. The name as it stands between its quotes. */
struct json_span json_take_key(struct json_cursor *cursor);
/* Passes the text at the cursor; unescaped, NUL-terminated, in the arena. NULL: no memory. */
char *json_take_text(struct json_cursor *cursor, struct arena *arena, size_t *ret_bytes) WARN_UNUSED;

/* What stands between the quotes, unescaped. `target` holds at least span.bytes; returns the bytes written.
 */
size_t json_unescape(struct json_span span, char *target);
/* True when the whole of the text is a number by JSON's grammar. */
bool json_is_number(const char *text, size_t bytes);

#endif
