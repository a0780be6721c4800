#include <stdlib.h>

#include "enroll/roster_private.h"

#include "base/banned.h"

#define CAPACITY_MIN 1024

void roster_pairs_free(struct roster_pairs *pairs) { free(pairs->places); }

static size_t place_of(const struct roster_pairs *pairs, uint64_t user_id, uint64_t course_id) {
  uint64_t hash = (user_id * UINT64_C(0x9E3779B97F4A7C15)) ^ (course_id * UINT64_C(0xC2B2AE3D27D4EB4F));
  size_t mask = pairs->capacity - 1;
  size_t at = (size_t)(hash ^ (hash >> 29)) & mask;
  while (pairs->places[at].user_id != 0 &&
         (pairs->places[at].user_id != user_id || pairs->places[at].course_id != course_id))
    at = (at + 1) & mask;
  return at;
}

/* At most half full. */
static bool grow(struct roster_pairs *pairs, struct error *error) {
  struct roster_pairs larger = {.capacity = pairs->capacity == 0 ? CAPACITY_MIN : 2 * pairs->capacity,
                                .count = pairs->count};
  if (pairs->count == ROSTER_PAIRS_MAX)
    return error_set(error, ERROR_UNPROCESSABLE,
                     "The list has more than %d pairs of learner and course. Bring it in parts.",
                     ROSTER_PAIRS_MAX);
  if (2 * (pairs->count + 1) <= pairs->capacity) return true;
  larger.places = calloc(larger.capacity, sizeof *larger.places);
  if (larger.places == NULL) return error_set_memory(error);
  for (size_t at = 0; at < pairs->capacity; at++)
    if (pairs->places[at].user_id != 0)
      larger.places[place_of(&larger, pairs->places[at].user_id, pairs->places[at].course_id)] =
          pairs->places[at];
  free(pairs->places);
  *pairs = larger;
  return true;
}

bool roster_pairs_add(struct roster_pairs *pairs, const struct roster_pair *pair, struct error *error,
                      const struct roster_pair **ret_place, bool *ret_is_new) {
  if (!grow(pairs, error)) return false;
  struct roster_pair *place = &pairs->places[place_of(pairs, pair->user_id, pair->course_id)];
  *ret_is_new = place->user_id == 0;
  *ret_place = place;
  if (place->user_id != 0) return true;
  *place = *pair;
  pairs->count++;
  return true;
}

bool roster_pairs_have(const struct roster_pairs *pairs, uint64_t user_id, uint64_t course_id) {
  return pairs->capacity > 0 && pairs->places[place_of(pairs, user_id, course_id)].user_id != 0;
}
