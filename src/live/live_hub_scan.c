/* The hub as the scanner sees it. */
#include <stdlib.h>

#include "live/live_hub_private.h"

#include "base/banned.h"

bool live_hub_take_waiting(struct live_hub *hub, struct live_listener **ret_listener,
                           struct live_wish *ret_wish) {
  live_hub_lock(hub);
  struct live_listener *listener = hub->waiting;
  if (listener != NULL) {
    live_hub_stop_waiting(hub, listener);
    listener->state = LIVE_IN_HANDS;
    *ret_listener = listener;
    *ret_wish = listener->wish;
  }
  live_hub_unlock(hub);
  return listener != NULL;
}

/* Where it begins: behind `since`, unless nobody can tell what happened from there. */
static void begin(struct live_hub *hub, struct live_listener *listener) {
  const struct live_wish *wish = &listener->wish;
  uint64_t revision = listener->learner->revision;
  bool is_of_another_time = wish->epoch != 0 && wish->epoch != hub->epoch;
  listener->cursor = wish->since_given ? wish->since : revision;
  listener->wants_beat = true;
  if (listener->cursor > revision || is_of_another_time) live_hub_resync(hub, listener, revision);
  if (live_hub_is_behind(listener)) live_hub_want(hub, listener->learner);
  live_hub_tell(hub, listener);
}

static size_t listeners_of(const struct live_learner *learner) {
  size_t count = 0;
  for (const struct live_listener *each = learner->listeners; each != NULL; each = each->next)
    count++;
  return count;
}

void live_hub_admit(struct live_hub *hub, struct live_listener *listener,
                    const struct live_admission *admission) {
  live_hub_lock(hub);
  struct live_learner *learner = listener->has_left ? NULL : live_hub_find_or_add(hub, admission->user_id);
  if (listener->has_left) {
    live_hub_free_listener(listener);
  } else if (learner == NULL || listeners_of(learner) >= LIVE_LISTENERS_MAX) { /* no memory, or too many */
    hub->figures.refused++;
    live_hub_end(hub, listener, LIVE_CLOSE_BUSY);
  } else {
    if (learner->revision < admission->revision) learner->revision = admission->revision;
    listener->learner = learner;
    listener->next = learner->listeners;
    learner->listeners = listener;
    listener->ends_at_ms = admission->ends_at_ms;
    listener->state = LIVE_LISTENING;
    hub->figures.admitted++;
    begin(hub, listener);
  }
  live_hub_unlock(hub);
}

void live_hub_refuse(struct live_hub *hub, struct live_listener *listener, int close_code) {
  live_hub_lock(hub);
  hub->figures.refused++;
  if (listener->has_left)
    live_hub_free_listener(listener);
  else
    live_hub_end(hub, listener, close_code);
  live_hub_unlock(hub);
}

void live_hub_set_epoch(struct live_hub *hub, uint64_t epoch) {
  live_hub_lock(hub);
  bool is_another = hub->epoch != 0 && hub->epoch != epoch;
  hub->epoch = epoch;
  for (size_t at = 0; is_another && at < LIVE_BUCKETS; at++)
    for (struct live_learner *learner = hub->buckets[at]; learner != NULL; learner = learner->next_in_bucket)
      for (struct live_listener *each = learner->listeners; each != NULL; each = each->next)
        if (each->state == LIVE_LISTENING) live_hub_resync(hub, each, learner->revision);
  live_hub_unlock(hub);
}

static int compare_ids(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left;
  uint64_t b = *(const uint64_t *)right;
  return (a > b) - (a < b);
}

size_t live_hub_list(struct live_hub *hub, uint64_t *ret_user_ids, size_t limit) {
  size_t count = 0;
  live_hub_lock(hub);
  for (size_t at = 0; at < LIVE_BUCKETS; at++)
    for (struct live_learner *learner = hub->buckets[at]; learner != NULL && count < limit;
         learner = learner->next_in_bucket)
      ret_user_ids[count++] = learner->user_id;
  hub->figures.scans++;
  live_hub_unlock(hub);
  qsort(ret_user_ids, count, sizeof *ret_user_ids, compare_ids);
  return count;
}

void live_hub_hint(struct live_hub *hub, uint64_t user_id) {
  live_hub_lock(hub);
  struct live_learner *learner = live_hub_find(hub, user_id);
  if (learner != NULL) {
    learner->is_hinted = true;
    live_hub_want(hub, learner);
  }
  hub->figures.hints++;
  live_hub_unlock(hub);
}

void live_hub_set_revision(struct live_hub *hub, uint64_t user_id, uint64_t revision) {
  live_hub_lock(hub);
  struct live_learner *learner = live_hub_find(hub, user_id);
  if (learner != NULL && revision < learner->revision) { /* from before: a restore */
    for (struct live_listener *each = learner->listeners; each != NULL; each = each->next)
      if (each->state == LIVE_LISTENING) live_hub_resync(hub, each, revision);
    learner->revision = revision;
  } else if (learner != NULL && revision > learner->revision) {
    learner->revision = revision;
    live_hub_want(hub, learner);
  }
  live_hub_unlock(hub);
}

void live_hub_end_learner(struct live_hub *hub, uint64_t user_id) {
  live_hub_lock(hub);
  struct live_learner *learner = live_hub_find(hub, user_id);
  for (struct live_listener *each = learner == NULL ? NULL : learner->listeners; each != NULL;
       each = each->next)
    if (each->state == LIVE_LISTENING) live_hub_end(hub, each, LIVE_CLOSE_GONE);
  live_hub_unlock(hub);
}

/* True: somebody waits for what follows *ret_known. */
static bool ask(struct live_learner *learner, uint64_t *ret_known) {
  uint64_t known = UINT64_MAX;
  for (struct live_listener *each = learner->listeners; each != NULL; each = each->next) {
    each->is_asked = live_hub_is_behind(each);
    if (each->is_asked && each->cursor < known) known = each->cursor;
  }
  learner->is_hinted = false;
  *ret_known = known;
  return known != UINT64_MAX;
}

size_t live_hub_take_wanted(struct live_hub *hub, struct live_want *ret_wants, size_t limit) {
  size_t count = 0;
  live_hub_lock(hub);
  while (hub->wanted != NULL && count < limit) {
    struct live_learner *learner = hub->wanted;
    hub->wanted = learner->next_wanted;
    if (hub->wanted == NULL) hub->wanted_last = &hub->wanted;
    learner->is_wanted = false;
    if (ask(learner, &ret_wants[count].known)) ret_wants[count++].user_id = learner->user_id;
  }
  live_hub_unlock(hub);
  return count;
}

void live_hub_deliver(struct live_hub *hub, uint64_t user_id, uint64_t revision, struct live_moment *moment) {
  live_hub_lock(hub);
  struct live_learner *learner = live_hub_find(hub, user_id);
  if (moment != NULL) moment->references++;
  if (learner != NULL && revision > learner->revision) learner->revision = revision;
  for (struct live_listener *each = learner == NULL ? NULL : learner->listeners; each != NULL;
       each = each->next) {
    if (!each->is_asked || each->state != LIVE_LISTENING || each->cursor >= revision) continue;
    if (moment == NULL || each->cursor + 1 != revision) {
      live_hub_resync(hub, each, learner->revision);
    } else if (live_hub_has_room(each)) {
      each->cursor = revision;
      live_hub_enqueue(hub, each, moment);
    } else {
      each->is_asked = false; /* it goes on from its cursor once there is room */
    }
  }
  if (moment != NULL) live_moment_drop(moment);
  live_hub_unlock(hub);
}

static void resync_asked(struct live_hub *hub, struct live_learner *learner) {
  for (struct live_listener *each = learner->listeners; each != NULL; each = each->next)
    if (each->is_asked && each->state == LIVE_LISTENING && each->cursor < learner->revision)
      live_hub_resync(hub, each, learner->revision);
}

static void want_if_behind(struct live_hub *hub, struct live_learner *learner) {
  for (struct live_listener *each = learner->listeners; each != NULL; each = each->next)
    if (live_hub_is_behind(each)) live_hub_want(hub, learner);
}

void live_hub_answered(struct live_hub *hub, uint64_t user_id, size_t count) {
  live_hub_lock(hub);
  struct live_learner *learner = live_hub_find(hub, user_id);
  if (learner != NULL) {
    if (count == 0) resync_asked(hub, learner);
    if (count >= LIVE_QUEUE_MOMENTS) learner->is_hinted = true; /* there may be more */
    want_if_behind(hub, learner);
  }
  live_hub_unlock(hub);
}

void live_hub_want_again(struct live_hub *hub, uint64_t user_id) {
  live_hub_lock(hub);
  struct live_learner *learner = live_hub_find(hub, user_id);
  if (learner != NULL) {
    learner->is_hinted = true;
    live_hub_want(hub, learner);
  }
  live_hub_unlock(hub);
}

void live_hub_give_up(struct live_hub *hub, uint64_t user_id) {
  live_hub_lock(hub);
  struct live_learner *learner = live_hub_find(hub, user_id);
  if (learner != NULL) resync_asked(hub, learner);
  live_hub_unlock(hub);
}

bool live_hub_has_work(struct live_hub *hub) {
  live_hub_lock(hub);
  bool has_work = hub->waiting != NULL || hub->wanted != NULL;
  live_hub_unlock(hub);
  return has_work;
}

bool live_hub_has_news(struct live_hub *hub) {
  live_hub_lock(hub);
  bool has_news = hub->news != NULL;
  live_hub_unlock(hub);
  return has_news;
}

void live_hub_count_failure(struct live_hub *hub) {
  live_hub_lock(hub);
  hub->figures.failures++;
  live_hub_unlock(hub);
}
