/* The one decoder. Text of the outside becomes a struct, by its field table.
 *
 * JSON from outside is read by json.h and nowhere else: strict (no NaN, no single quotes, no
 * trailing text), UTF-8 validated, depth limited, duplicate keys refused, NUL in a string refused.
 * Integers are written as digits (1.0 and 1e2 are none), exact, and within their bounds. Errors are
 * ERROR_MALFORMED (400: unreadable, missing, mistyped, against .minimum/.maximum, .names or .check)
 * with one `errors` entry a field, as many as an error holds, each saying what would be accepted;
 * or ERROR_TOO_LARGE when the arena's cap is reached. Everything decoded lives in the arena. */
#ifndef LOCKSTEP_SCHEMA_DECODE_H
#define LOCKSTEP_SCHEMA_DECODE_H

#include "base/arena.h"
#include "schema/field.h"

enum unknown_keys {
  UNKNOWN_IGNORED, /* bodies and query strings */
  UNKNOWN_REFUSED  /* configuration and job parameters */
};

/* An empty body (0 bytes, or only white space) decodes as {} when the schema requires nothing. */
bool schema_decode_json(const struct schema *schema, const char *text, size_t text_bytes,
                        enum unknown_keys unknown, struct arena *arena, void *ret_struct,
                        struct error *error) WARN_UNUSED;

/* application/x-www-form-urlencoded pairs; `query` may be NULL or "". A key given twice is refused, but for
 * FIELD_LIST: it takes comma-separated items, and adds up those of each time that it is given. */
bool schema_decode_query(const struct schema *schema, const char *query, enum unknown_keys unknown,
                         struct arena *arena, void *ret_struct, struct error *error) WARN_UNUSED;

/* One YAML document. Unknown keys are refused; messages name file, line and column. `ret_struct`
 * holds the defaults where the document is silent. */
bool schema_decode_yaml(const struct schema *schema, const char *path, const char *text, size_t text_bytes,
                        struct arena *arena, void *ret_struct, struct error *error) WARN_UNUSED;

/* Sets one scalar field from text, as a query string or an environment variable gives it; a list of scalars
 * from items parted by commas. */
bool schema_decode_scalar(const struct field *field, const char *text, struct arena *arena, void *structure,
                          struct error *error) WARN_UNUSED;

/* Every default in place, everything else zero. */
bool schema_defaults(const struct schema *schema, struct arena *arena, void *ret_struct,
                     struct error *error) WARN_UNUSED;

#endif
