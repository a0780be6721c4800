/* What a client of the live channel sends: {"subscribe": [type…], "unsubscribe": [type…]}, as a text of at
 * most LIVE_MESSAGE_BYTES in any number of fragments. */
#ifndef LOCKSTEP_LIVE_LIVE_MESSAGE_H
#define LOCKSTEP_LIVE_LIVE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

#define LIVE_MESSAGE_BYTES 1024
#define LIVE_MESSAGES_PER_MINUTE 60 /* more is no use but abuse */

/* One that is arriving. Zeroed: none. */
struct live_message {
  char *text; /* LIVE_MESSAGE_BYTES, once something came */
  size_t bytes;
  int64_t minute; /* in which `count` of them came */
  unsigned count;
};

/* Bits 1 << enum live_type. */
struct live_subscription {
  unsigned add;
  unsigned remove;
};

/* Takes a fragment; with the last one the message is read. Returns 0, or the code to close with: too large,
 * no such message, too many. */
int live_message_take(struct live_message *message, const void *data, size_t bytes, bool is_last,
                      int64_t now_ms, struct live_subscription *ret_subscription) WARN_UNUSED;
void live_message_free(struct live_message *message);

/* Digits only. */
bool live_message_number(const char *text, uint64_t *ret_value) WARN_UNUSED;

#endif
