#include "learner/place.h"

#include <inttypes.h>
#include <string.h>

#include "base/banned.h"

/* Digits only, up to `end`. */
static bool read_number(const char *text, char end, uint64_t maximum, const char **ret_rest,
                        uint64_t *ret_number) {
  uint64_t number = 0;
  const char *at = text;
  for (; *at >= '0' && *at <= '9'; at++)
    if (__builtin_mul_overflow(number, (uint64_t)10, &number) ||
        __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
      return false;
  if (at == text || *at != end || number > maximum) return false;
  *ret_rest = at + 1;
  *ret_number = number;
  return true;
}

bool place_parse(const char *text, struct error *error, struct place *ret_place) {
  static const struct place newest = PLACE_NEWEST;
  const char *rest;
  uint64_t at_ms;
  uint64_t id;
  if (text == NULL) {
    *ret_place = newest;
    return true;
  }
  if (!read_number(text, '-', (uint64_t)newest.at_ms, &rest, &at_ms) ||
      !read_number(rest, '\0', UINT64_MAX, &rest, &id))
    return error_add_field(error, ERROR_MALFORMED, "after", "must be the nextAfter of the page before");
  *ret_place = (struct place){.at_ms = (int64_t)at_ms, .id = id};
  return true;
}

bool place_print(const struct place *place, struct arena *arena, struct error *error, const char **ret_text) {
  const char *text = arena_printf(arena, "%" PRId64 "-%" PRIu64, place->at_ms, place->id);
  if (text == NULL) return error_set_memory(error);
  *ret_text = text;
  return true;
}
