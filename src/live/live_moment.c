/* One revision, as it is told. */
#include <stdlib.h>
#include <string.h>

#include "live/live_hub_private.h"

#include "base/banned.h"

const char *const live_type_names[] = {"progress_update", "achievement_earned", "conflict_detected", NULL};

struct live_moment *live_moment_new(uint64_t revision, const struct live_part *parts, size_t count) {
  size_t bytes = 0;
  for (size_t at = 0; at < count; at++)
    bytes += strlen(parts[at].change);
  struct live_moment *moment = calloc(1, sizeof *moment + bytes + 1);
  if (moment == NULL) return NULL;
  moment->parts = calloc(count, sizeof *moment->parts);
  if (moment->parts == NULL) {
    free(moment);
    return NULL;
  }
  moment->revision = revision;
  moment->bytes = bytes;
  moment->count = count;
  for (size_t at = 0, from = 0; at < count; at++) {
    size_t length = strlen(parts[at].change);
    moment->parts[at].type = parts[at].type;
    moment->parts[at].at = from;
    moment->parts[at].bytes = length;
    moment->types |= 1u << parts[at].type;
    memcpy(moment->text + from, parts[at].change, length);
    from += length;
  }
  return moment;
}

static void live_moment_free(struct live_moment *moment) {
  free(moment->parts);
  free(moment);
}

void live_moment_drop(struct live_moment *moment) {
  if (--moment->references == 0) live_moment_free(moment);
}

void live_moment_print(const struct live_moment *moment, unsigned types, struct buffer *frame) {
  const char *comma = "";
  buffer_append_text(frame, "{\"revision\":");
  buffer_append_u64(frame, moment->revision);
  buffer_append_text(frame, ",\"changes\":[");
  for (size_t at = 0; at < moment->count; at++) {
    if ((types & 1u << moment->parts[at].type) == 0) continue;
    buffer_append_text(frame, comma);
    buffer_append(frame, moment->text + moment->parts[at].at, moment->parts[at].bytes);
    comma = ",";
  }
  buffer_append_text(frame, "]}");
}
