/* Values of imported entries, as they stood: JSON texts that the decoder has checked. Complaints name the
 * field and are for a person's eyes. */
#ifndef LOCKSTEP_LEARNER_IMPORT_VALUE_H
#define LOCKSTEP_LEARNER_IMPORT_VALUE_H

#include "base/arena.h"
#include "learner/import_scan.h"
#include "schema/field.h"

#define IMPORT_VALUE_BYTES 2000 /* of an id, a name, a time */

/* Neither absent nor null. */
bool import_value_is_given(const char *json);
/* A text or a number, as text. */
bool import_value_text(const char *json, const char *name, struct arena *arena, struct error *error,
                       const char **ret_text) WARN_UNUSED;
/* The same, from 1 to so many characters. */
bool import_value_name(const char *json, const char *name, size_t characters, struct arena *arena,
                       struct error *error, const char **ret_text) WARN_UNUSED;
/* true, false, 1, 0, or one of them as a text. */
bool import_value_flag(const char *json, const char *name, struct arena *arena, struct error *error,
                       bool *ret_flag) WARN_UNUSED;
bool import_value_count(const char *json, const char *name, int64_t maximum, struct error *error,
                        int64_t *ret_count) WARN_UNUSED;
/* `text` is the value's. False: it is no time. */
bool import_value_time(const char *json, const char *text, int64_t *ret_ms) WARN_UNUSED;
/* A day, or the day of a time, as it is written. */
bool import_value_day(const char *text, int32_t *ret_day) WARN_UNUSED;
/* IMPORT_DIGEST_BYTES of it. */
void import_value_digest(const void *text, size_t bytes, unsigned char *ret_digest);

/* The entry by its field table. */
bool import_value_read(const struct schema *schema, const struct import_item *item, struct arena *arena,
                       struct error *error, void *ret_raw) WARN_UNUSED;
/* An entry that was kept aside stands within what was said of it: `inner`, where it is given. */
bool import_value_unwrap(const struct schema *schema, const char *inner, struct arena *arena,
                         struct error *error, void *raw) WARN_UNUSED;

#endif
