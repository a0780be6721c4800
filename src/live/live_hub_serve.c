/* The hub as the server sees it. */
#include <stdlib.h>

#include "base/clock.h"
#include "live/live_hub_private.h"

#include "base/banned.h"

bool live_hub_join(struct live_hub *hub, void *connection, const struct live_wish *wish, struct error *error,
                   struct live_listener **ret_listener) {
  struct live_listener *listener = calloc(1, sizeof *listener);
  if (listener == NULL) return error_set_memory(error);
  listener->connection = connection;
  listener->wish = *wish;
  listener->types = LIVE_ALL_TYPES;
  live_hub_lock(hub);
  *hub->waiting_last = listener;
  hub->waiting_last = &listener->next;
  hub->figures.listeners++;
  live_hub_unlock(hub);
  live_hub_wake(hub);
  *ret_listener = listener;
  return true;
}

static void leave_learner(struct live_hub *hub, struct live_listener *listener) {
  struct live_learner *learner = listener->learner;
  live_hub_unlink_from(&learner->listeners, listener);
  if (learner->listeners == NULL) live_hub_forget_learner(hub, learner);
}

static void forget_news(struct live_hub *hub, struct live_listener *listener) {
  struct live_listener **place = &hub->news;
  listener->has_news = false;
  if (!listener->is_in_news) return;
  while (*place != listener)
    place = &(*place)->next_in_news;
  *place = listener->next_in_news;
  listener->is_in_news = false;
}

void live_hub_leave(struct live_hub *hub, struct live_listener *listener) {
  live_hub_lock(hub);
  hub->figures.listeners--;
  forget_news(hub, listener);
  if (listener->state == LIVE_WAITING) live_hub_stop_waiting(hub, listener);
  if (listener->learner != NULL) leave_learner(hub, listener);
  if (listener->state == LIVE_IN_HANDS)
    listener->has_left = true;
  else
    live_hub_free_listener(listener);
  live_hub_unlock(hub);
}

void live_hub_collect_news(struct live_hub *hub, void (*each)(void *connection)) {
  live_hub_lock(hub);
  for (struct live_listener *listener = hub->news; listener != NULL; listener = listener->next_in_news) {
    listener->is_in_news =
        false; /* has_news stays until everything was asked for: no second call is needed */
    each(listener->connection);
  }
  hub->news = NULL;
  live_hub_unlock(hub);
}

static void print_heartbeat(const struct live_hub *hub, const char *type, uint64_t revision,
                            struct buffer *frame) {
  char now[CLOCK_ISO_BYTES];
  clock_format_ms(clock_now_ms(), now);
  buffer_printf(frame, "{\"type\":\"%s\",\"revision\":%llu,\"epoch\":%llu,\"serverTime\":\"%s\"}", type,
                (unsigned long long)revision, (unsigned long long)hub->epoch, now);
}

/* A heartbeat tells the revision up to which the listener has been told everything: it comes behind what
 * is queued. */
static enum live_next next_frame(struct live_hub *hub, struct live_listener *listener, struct buffer *frame) {
  if (listener->wants_resync) {
    listener->wants_resync = false;
    print_heartbeat(hub, "resync", listener->resync_at, frame);
    return LIVE_NEXT_FRAME;
  }
  while (listener->queue_count > 0) {
    struct live_moment *moment = listener->queue[listener->queue_first];
    unsigned types = moment->types & listener->types;
    listener->queue_first = (listener->queue_first + 1) % LIVE_QUEUE_MOMENTS;
    listener->queue_count--;
    listener->queue_bytes -= moment->bytes;
    if (types != 0) live_moment_print(moment, types, frame);
    live_moment_drop(moment);
    if (types != 0) return LIVE_NEXT_FRAME;
  }
  if (!listener->wants_beat) return LIVE_NEXT_NOTHING;
  listener->wants_beat = false;
  print_heartbeat(hub, "heartbeat", listener->cursor, frame);
  return LIVE_NEXT_FRAME;
}

/* Half of a full queue is gone: there is more in the ledger. */
static bool goes_on(struct live_hub *hub, struct live_listener *listener) {
  bool is_half_empty =
      listener->queue_count <= LIVE_QUEUE_MOMENTS / 2 && listener->queue_bytes <= LIVE_QUEUE_BYTES / 2;
  if (!listener->is_stalled || !is_half_empty) return false;
  listener->is_stalled = false;
  if (!live_hub_is_behind(listener)) return false;
  live_hub_want(hub, listener->learner);
  return true;
}

enum live_next live_hub_next(struct live_hub *hub, struct live_listener *listener, struct buffer *frame,
                             int *ret_close_code) {
  enum live_next next = LIVE_NEXT_CLOSE;
  bool is_behind_now = false;
  live_hub_lock(hub);
  if (listener->state == LIVE_CLOSING) {
    *ret_close_code = listener->close_code;
  } else {
    next = next_frame(hub, listener, frame);
    is_behind_now = goes_on(hub, listener);
    if (next == LIVE_NEXT_FRAME) hub->figures.frames++;
    if (next == LIVE_NEXT_NOTHING) forget_news(hub, listener);
  }
  live_hub_unlock(hub);
  if (is_behind_now) live_hub_wake(hub);
  return next;
}

void live_hub_subscribe(struct live_hub *hub, struct live_listener *listener, unsigned add, unsigned remove) {
  live_hub_lock(hub);
  listener->types = (listener->types | add) & ~remove;
  live_hub_unlock(hub);
}

void live_hub_beat(struct live_hub *hub, struct live_listener *listener) {
  live_hub_lock(hub);
  listener->wants_beat = listener->state == LIVE_LISTENING;
  live_hub_unlock(hub);
}

int64_t live_hub_ends_at(struct live_hub *hub, const struct live_listener *listener) {
  live_hub_lock(hub);
  int64_t ends_at_ms = listener->ends_at_ms;
  live_hub_unlock(hub);
  return ends_at_ms;
}
