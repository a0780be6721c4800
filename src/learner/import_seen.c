#include "learner/import_seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define PLACES_FIRST ((size_t)1024)

void import_seen_free(struct import_seen *seen) {
  free(seen->marks);
  free(seen->counts);
  *seen = (struct import_seen){.marks = NULL};
}

static uint64_t mark_of(const unsigned char *digest) {
  uint64_t mark;
  memcpy(&mark, digest, sizeof mark);
  return mark == 0 ? 1 : mark;
}

/* The place of the mark, or the free one where it belongs. */
static size_t find(const struct import_seen *seen, uint64_t mark) {
  size_t at = mark % seen->places;
  while (seen->marks[at] != 0 && seen->marks[at] != mark)
    at = at + 1 == seen->places ? 0 : at + 1;
  return at;
}

static bool grow(struct import_seen *seen, struct error *error) {
  struct import_seen larger = {.places = seen->places == 0 ? PLACES_FIRST : seen->places * 2,
                               .used = seen->used};
  if (larger.places > IMPORT_SEEN_MAX)
    return error_set(error, ERROR_TOO_LARGE, "The file has more entries than can be told apart.");
  larger.marks = calloc(larger.places, sizeof *larger.marks);
  larger.counts = calloc(larger.places, sizeof *larger.counts);
  if (larger.marks == NULL || larger.counts == NULL) {
    import_seen_free(&larger);
    return error_set_memory(error);
  }
  for (size_t at = 0; at < seen->places; at++) {
    if (seen->marks[at] == 0) continue;
    size_t place = find(&larger, seen->marks[at]);
    larger.marks[place] = seen->marks[at];
    larger.counts[place] = seen->counts[at];
  }
  import_seen_free(seen);
  *seen = larger;
  return true;
}

bool import_seen_add(struct import_seen *seen, const unsigned char *digest, struct error *error,
                     uint32_t *ret_count) {
  uint64_t mark = mark_of(digest);
  if (seen->used >= seen->places / 3 * 2 && !grow(seen, error)) return false;
  size_t at = find(seen, mark);
  if (seen->counts[at] == IMPORT_SAME_MAX)
    return error_set(error, ERROR_TOO_LARGE, "The same entry stands in the file more than %d times.",
                     IMPORT_SAME_MAX);
  if (seen->marks[at] == 0) seen->used++;
  seen->marks[at] = mark;
  *ret_count = ++seen->counts[at];
  return true;
}
