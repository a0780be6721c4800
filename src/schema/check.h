/* Field tables are data, and data can be wrong in ways that a compiler does not see. The tests hold
 * every table of the program to this; nothing checks them at run time. */
#ifndef LOCKSTEP_SCHEMA_CHECK_H
#define LOCKSTEP_SCHEMA_CHECK_H

#include "schema/field.h"

/* Names unique and plain, members within the struct, bounds in order, limits where a limit is
 * owed, defaults and examples that the field itself accepts, a summary for each row. Follows
 * nested schemas. Every defect is an entry in `error`. */
bool schema_check(const struct schema *schema, struct error *error) WARN_UNUSED;

#endif
