/* Where a page of a list that is sorted by time goes on: the time and the id of the last row before it, as
 * the text that a reply hands out as nextAfter and takes back as after. Rows that come, go or move to another
 * table in between neither repeat nor hide others. */
#ifndef LOCKSTEP_LEARNER_PLACE_H
#define LOCKSTEP_LEARNER_PLACE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

#define PLACE_TEXT_BYTES 40

struct place {
  int64_t at_ms;
  uint64_t id;
};

/* Before every row, newest first. */
#define PLACE_NEWEST \
  { .at_ms = INT64_C(253402300799999), .id = UINT64_MAX }

/* `text` NULL: PLACE_NEWEST. ERROR_MALFORMED, for the field "after": no place that was handed out. */
bool place_parse(const char *text, struct error *error, struct place *ret_place) WARN_UNUSED;
bool place_print(const struct place *place, struct arena *arena, struct error *error,
                 const char **ret_text) WARN_UNUSED;

#endif
