#include "live/live_message.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "live/live_hub.h"
#include "schema/decode.h"

#include "base/banned.h"

/* RFC 6455, 7.4.1 */
#define CLOSE_POLICY 1008
#define CLOSE_TOO_LARGE 1009
#define CLOSE_UNREADABLE 1007
#define CLOSE_NO_MEMORY 1011

#define MESSAGE_TYPES_MAX 16
#define MESSAGE_ARENA_BYTES ((size_t)64 * 1024)
#define MINUTE_MS 60000

struct message_body {
  struct field_list subscribe;
  struct field_list unsubscribe;
};
static const struct field body_fields[] = {
    FIELD_LIST(struct message_body, "subscribe", subscribe, .item_kind = FIELD_KIND_TEXT,
               .maximum = MESSAGE_TYPES_MAX, .summary = "Types to be told of."),
    FIELD_LIST(struct message_body, "unsubscribe", unsubscribe, .item_kind = FIELD_KIND_TEXT,
               .maximum = MESSAGE_TYPES_MAX, .summary = "Types not to be told of any more."),
};
static const struct schema body_schema =
    SCHEMA("LiveMessage", struct message_body, body_fields, .summary = "What a client sends.");

static bool types_of(const struct field_list *list, unsigned *ret_types) {
  const char *const *names = list->items;
  unsigned types = 0;
  for (size_t at = 0; at < list->count; at++) {
    unsigned type = 0;
    while (type < LIVE_TYPES && strcmp(names[at], live_type_names[type]) != 0)
      type++;
    if (type == LIVE_TYPES) return false;
    types |= 1u << type;
  }
  *ret_types = types;
  return true;
}

static int read_message(const struct live_message *message, struct live_subscription *ret_subscription) {
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(MESSAGE_ARENA_BYTES);
  struct error error = ERROR_INIT;
  struct message_body body;
  if (arena == NULL) return CLOSE_NO_MEMORY;
  if (!schema_decode_json(&body_schema, message->text, message->bytes, UNKNOWN_IGNORED, arena, &body, &error))
    return CLOSE_UNREADABLE;
  if (!types_of(&body.subscribe, &ret_subscription->add) ||
      !types_of(&body.unsubscribe, &ret_subscription->remove))
    return CLOSE_POLICY;
  return 0;
}

static bool is_too_many(struct live_message *message, int64_t now_ms) {
  if (message->minute != now_ms / MINUTE_MS) message->count = 0;
  message->minute = now_ms / MINUTE_MS;
  return ++message->count > LIVE_MESSAGES_PER_MINUTE;
}

int live_message_take(struct live_message *message, const void *data, size_t bytes, bool is_last,
                      int64_t now_ms, struct live_subscription *ret_subscription) {
  /* Fragments count as well: nobody needs a hundred of them for a kilobyte. */
  if (is_too_many(message, now_ms)) return CLOSE_POLICY;
  if (message->text == NULL) message->text = malloc(LIVE_MESSAGE_BYTES);
  if (message->text == NULL) return CLOSE_NO_MEMORY;
  if (bytes > LIVE_MESSAGE_BYTES - message->bytes) return CLOSE_TOO_LARGE;
  if (bytes > 0) memcpy(message->text + message->bytes, data, bytes);
  message->bytes += bytes;
  if (!is_last) return 0;
  int code = read_message(message, ret_subscription);
  message->bytes = 0;
  return code;
}

void live_message_free(struct live_message *message) {
  free(message->text);
  message->text = NULL;
}

bool live_message_number(const char *text, uint64_t *ret_value) {
  uint64_t value = 0;
  if (*text == '\0') return false;
  for (; *text != '\0'; text++) {
    if (*text < '0' || *text > '9' || value > (UINT64_MAX - 9) / 10) return false;
    value = value * 10 + (uint64_t)(*text - '0');
  }
  *ret_value = value;
  return true;
}
