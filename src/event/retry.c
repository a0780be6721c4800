#include <inttypes.h>

#include "base/clock.h"
#include "event/intake_private.h"
#include "schema/encode.h"

#include "base/banned.h"

#define MS_PER_S 1000
#define DOUBLINGS_MAX 20
#define DESCRIPTION_BYTES 4096
#define JOB_PRIORITY 5

bool retry_at(const struct config *config, uint64_t tries, int64_t now_ms, int64_t *ret_ms) {
  if (tries >= (uint64_t)config->events.retries) return false;
  uint64_t doublings = tries < DOUBLINGS_MAX ? tries : DOUBLINGS_MAX;
  *ret_ms = now_ms + (config->events.retry_s * MS_PER_S << doublings);
  return true;
}

const char *retry_describe(const struct error *failure, int64_t now_ms, struct arena *arena) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(DESCRIPTION_BYTES);
  char at[CLOCK_ISO_BYTES];
  clock_format_ms(now_ms, at);
  buffer_printf(&text, "[{\"at\":\"%s\",\"message\":", at);
  json_append_text(&text, failure->message);
  buffer_append_text(&text, ",\"detail\":");
  json_append_text(&text, failure->detail);
  buffer_append_text(&text, "}]");
  return text.failed ? NULL : arena_strndup(arena, buffer_text(&text), text.length);
}
