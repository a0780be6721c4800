#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "live/live_hub_private.h"

#include "base/banned.h"

void live_hub_lock(struct live_hub *hub) { pthread_mutex_lock(&hub->lock); }
void live_hub_unlock(struct live_hub *hub) { pthread_mutex_unlock(&hub->lock); }

void live_hub_wake(const struct live_hub *hub) {
  uint64_t one = 1;
  /* Full only when it was woken often enough already. */
  if (write(hub->wake_scanner, &one, sizeof one) < 0 && errno != EAGAIN) abort();
}

static struct live_learner **bucket_of(struct live_hub *hub, uint64_t user_id) {
  return &hub->buckets[(user_id * UINT64_C(0x9E3779B97F4A7C15)) >> 52];
}

struct live_learner *live_hub_find(struct live_hub *hub, uint64_t user_id) {
  struct live_learner *learner = *bucket_of(hub, user_id);
  while (learner != NULL && learner->user_id != user_id)
    learner = learner->next_in_bucket;
  return learner;
}

struct live_learner *live_hub_find_or_add(struct live_hub *hub, uint64_t user_id) {
  struct live_learner *learner = live_hub_find(hub, user_id);
  if (learner != NULL) return learner;
  learner = calloc(1, sizeof *learner);
  if (learner == NULL) return NULL;
  struct live_learner **bucket = bucket_of(hub, user_id);
  learner->user_id = user_id;
  learner->next_in_bucket = *bucket;
  *bucket = learner;
  return learner;
}

void live_hub_forget_learner(struct live_hub *hub, struct live_learner *learner) {
  struct live_learner **place = bucket_of(hub, learner->user_id);
  while (*place != learner)
    place = &(*place)->next_in_bucket;
  *place = learner->next_in_bucket;
  if (learner->is_wanted) {
    for (place = &hub->wanted; *place != learner;)
      place = &(*place)->next_wanted;
    *place = learner->next_wanted;
    if (learner->next_wanted == NULL) hub->wanted_last = place;
  }
  free(learner);
}

/* To be looked at by the scanner. */
void live_hub_want(struct live_hub *hub, struct live_learner *learner) {
  if (learner->is_wanted) return;
  learner->is_wanted = true;
  learner->next_wanted = NULL;
  *hub->wanted_last = learner;
  hub->wanted_last = &learner->next_wanted;
}

void live_hub_tell(struct live_hub *hub, struct live_listener *listener) {
  if (listener->has_news) return;
  listener->has_news = true;
  listener->is_in_news = true;
  listener->next_in_news = hub->news;
  hub->news = listener;
}

static void empty_queue(struct live_listener *listener) {
  for (; listener->queue_count > 0; listener->queue_count--) {
    live_moment_drop(listener->queue[listener->queue_first]);
    listener->queue_first = (listener->queue_first + 1) % LIVE_QUEUE_MOMENTS;
  }
  listener->queue_bytes = 0;
}

void live_hub_free_listener(struct live_listener *listener) {
  empty_queue(listener);
  free(listener);
}

void live_hub_end(struct live_hub *hub, struct live_listener *listener, int close_code) {
  listener->state = LIVE_CLOSING;
  listener->close_code = close_code;
  live_hub_tell(hub, listener);
}

/* What is queued was of another time. */
void live_hub_resync(struct live_hub *hub, struct live_listener *listener, uint64_t revision) {
  empty_queue(listener);
  listener->cursor = revision;
  listener->is_asked = false;
  listener->is_stalled = false;
  listener->wants_resync = true;
  listener->resync_at = revision;
  hub->figures.resyncs++;
  live_hub_tell(hub, listener);
}

bool live_hub_has_room(const struct live_listener *listener) {
  return listener->queue_count < LIVE_QUEUE_MOMENTS && listener->queue_bytes < LIVE_QUEUE_BYTES;
}

bool live_hub_is_behind(const struct live_listener *listener) {
  const struct live_learner *learner = listener->learner;
  return listener->state == LIVE_LISTENING && !listener->is_stalled &&
         (learner->is_hinted || listener->cursor < learner->revision);
}

void live_hub_enqueue(struct live_hub *hub, struct live_listener *listener, struct live_moment *moment) {
  size_t place = (listener->queue_first + listener->queue_count) % LIVE_QUEUE_MOMENTS;
  listener->queue[place] = moment;
  listener->queue_count++;
  listener->queue_bytes += moment->bytes;
  moment->references++;
  if (!live_hub_has_room(listener)) {
    listener->is_stalled = true;
    hub->figures.full++;
  }
  live_hub_tell(hub, listener);
}

void live_hub_unlink_from(struct live_listener **first, struct live_listener *listener) {
  while (*first != listener)
    first = &(*first)->next;
  *first = listener->next;
}

void live_hub_stop_waiting(struct live_hub *hub, struct live_listener *listener) {
  bool was_last = listener->next == NULL;
  live_hub_unlink_from(&hub->waiting, listener);
  if (!was_last) return;
  hub->waiting_last = &hub->waiting;
  while (*hub->waiting_last != NULL)
    hub->waiting_last = &(*hub->waiting_last)->next;
}

bool live_hub_new(int wake_descriptor, struct error *error, struct live_hub **ret_hub) {
  struct live_hub *hub = calloc(1, sizeof *hub);
  if (hub == NULL) return error_set_memory(error);
  pthread_mutex_init(&hub->lock, NULL);
  hub->wake_scanner = wake_descriptor;
  hub->waiting_last = &hub->waiting;
  hub->wanted_last = &hub->wanted;
  *ret_hub = hub;
  return true;
}

void live_hub_free(struct live_hub *hub) {
  if (hub == NULL) return;
  pthread_mutex_destroy(&hub->lock);
  free(hub);
}

void live_hub_read_figures(struct live_hub *hub, struct live_figures *ret_figures) {
  live_hub_lock(hub);
  *ret_figures = hub->figures;
  live_hub_unlock(hub);
}
