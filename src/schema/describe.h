/* What a field accepts, in one sentence: the complaint about a value that is none of it, and the
 * "values" column of the reference. And which name somebody meant. */
#ifndef LOCKSTEP_SCHEMA_DESCRIBE_H
#define LOCKSTEP_SCHEMA_DESCRIBE_H

#include "schema/field.h"

#define DESCRIBE_BYTES 160

/* "a whole number from 0 to 1000000", "one of: id, provider"; cut to `bytes`. */
void describe_field(const struct field *field, char *text, size_t bytes);

/* The field of the schema whose name is nearest to `name`, NULL when none is near. */
const struct field *describe_nearest(const struct schema *schema, const char *name);

#endif
