#include "live/live_wish.h"

#include <string.h>

#include "live/live_message.h"

#include "base/banned.h"

bool live_wish_take(const char *argument, struct live_wish *wish) {
  if (strncmp(argument, "ticket=", 7) == 0) {
    if (strlen(argument + 7) != LIVE_TICKET_BYTES) return false;
    memcpy(wish->ticket, argument + 7, LIVE_TICKET_BYTES);
    return true;
  }
  if (strncmp(argument, "epoch=", 6) == 0) return live_message_number(argument + 6, &wish->epoch);
  if (strncmp(argument, "since=", 6) != 0) return true; /* somebody else's */
  wish->since_given = true;
  return live_message_number(argument + 6, &wish->since);
}

bool live_wish_origin_may(const struct field_list *allowed, const char *origin, const char *host) {
  const char *const *items = allowed->items;
  for (size_t at = 0; at < allowed->count; at++)
    if (strcmp(items[at], "*") == 0 || strcmp(items[at], origin) == 0) return true;
  const char *authority = strstr(origin, "://");
  return authority != NULL && *host != '\0' && strcmp(authority + 3, host) == 0;
}
