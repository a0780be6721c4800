/* What the administrators' lists of payments and events have in common. Inside this room only. */
#ifndef LOCKSTEP_ENROLL_PAYMENT_LIST_H
#define LOCKSTEP_ENROLL_PAYMENT_LIST_H

#include <stddef.h>

#include "schema/field.h"

#define PAYMENT_PAGE_MAX 200
#define PAYMENT_PAGE_DEFAULT "50"

/* A list's query gives ids, by the shortest way; each row is then read by its id. */
#define PAYMENT_SAME_ID(ids, rows) \
  _Static_assert(sizeof(struct ids##_row) == sizeof(struct rows##_params) && \
                     offsetof(struct ids##_row, id) == offsetof(struct rows##_params, id), \
                 "a row of ids is a row of parameters")

/* `after` is the last id of the page before; ids fall. */
static inline uint64_t payment_list_before(uint64_t after) { return after == 0 ? INT64_MAX : after; }
static inline enum presence payment_list_given(bool is_null) {
  return is_null ? PRESENCE_NULL : PRESENCE_GIVEN;
}

#endif
