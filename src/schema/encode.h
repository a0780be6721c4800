/* The one encoder: a struct becomes JSON text, by its field table; and the tables themselves
 * become OpenAPI schemas and documentation. Output that did not fit shows in buffer->failed.
 * Numbers are written and read in the C locale: no program here may set LC_NUMERIC. */
#ifndef LOCKSTEP_SCHEMA_ENCODE_H
#define LOCKSTEP_SCHEMA_ENCODE_H

#include "base/buffer.h"
#include "schema/field.h"

/* Fields in table order. A field with presence ABSENT, or an optional NULL text/JSON that is not
 * FIELD_NULLABLE, is left out. Numbers are written shortest-round-trip; integers exactly.
 * The text is deterministic, so its digest can stand for the content. */
void schema_encode_json(const struct schema *schema, const void *structure, struct buffer *buffer);

/* One field's value alone: what would stand behind its name, null where it would be left out. */
void schema_encode_value(const struct field *field, const void *structure, struct buffer *buffer);

/* A JSON string literal, quotes included; NULL gives null. Invalid UTF-8 becomes U+FFFD. */
void json_append_text(struct buffer *buffer, const char *text);
void json_append_number(struct buffer *buffer, double value);

/* The JSON Schema (OpenAPI 3.1) of one schema, nested ones as {"$ref": "#/components/schemas/…"}. */
void schema_encode_openapi(const struct schema *schema, bool for_reply, struct buffer *buffer);
/* One field's, as the schema of a query parameter. */
void schema_encode_openapi_field(const struct field *field, bool for_reply, struct buffer *buffer);

#endif
