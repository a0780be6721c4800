#include "live/live_hub.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

#define LIVE_BUCKETS 4096 /* of the table of learners */

const char *const live_type_names[] = {"progress_update", "achievement_earned", "conflict_detected", NULL};

struct live_moment {
  unsigned references; /* guarded by the hub's lock */
  uint64_t revision;
  unsigned types;
  size_t bytes;
  size_t count;
  struct {
    enum live_type type;
    size_t at; /* in text */
    size_t bytes;
  } * parts;
  char text[];
};

struct live_learner {
  uint64_t user_id;
  uint64_t revision; /* the newest that is known of */
  bool is_hinted;    /* may be ahead of that */
  bool is_wanted;    /* stands in the list of those to be looked at */
  struct live_listener *listeners;
  struct live_learner *next_in_bucket;
  struct live_learner *next_wanted;
};

enum live_state { LIVE_WAITING, LIVE_IN_HANDS, LIVE_LISTENING, LIVE_CLOSING };

struct live_listener {
  void *connection;
  enum live_state state;
  bool has_left; /* while in the scanner's hands: whoever has it frees it */
  struct live_wish wish;
  struct live_learner *learner;
  struct live_listener *next; /* of the learner, or among those that wait */
  struct live_listener *next_in_news;
  bool has_news;   /* the server was told, and has not asked for all of it yet */
  bool is_in_news; /* and it stands in the list */
  int close_code;
  int64_t ends_at_ms;
  unsigned types;
  uint64_t cursor;
  bool is_asked; /* the answer that is being read was asked for from its cursor, or from below */
  bool wants_beat;
  bool wants_resync;
  uint64_t resync_at;
  bool is_stalled; /* the queue was full, and is not half empty yet */
  struct live_moment *queue[LIVE_QUEUE_MOMENTS];
  size_t queue_first;
  size_t queue_count;
  size_t queue_bytes;
};

struct live_hub {
  pthread_mutex_t lock;
  int wake_scanner;
  uint64_t epoch;
  struct live_learner *buckets[LIVE_BUCKETS];
  struct live_listener *waiting;
  struct live_listener **waiting_last;
  struct live_listener *news;
  struct live_learner *wanted; /* first come, first served */
  struct live_learner **wanted_last;
  struct live_figures figures;
};

/* --- Moments ---------------------------------------------------------------------------------------- */

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

static void moment_free(struct live_moment *moment) {
  free(moment->parts);
  free(moment);
}

static void moment_drop(struct live_moment *moment) {
  if (--moment->references == 0) moment_free(moment);
}

static void moment_print(const struct live_moment *moment, unsigned types, struct buffer *frame) {
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

/* --- Within the lock -------------------------------------------------------------------------------- */

static void lock(struct live_hub *hub) { pthread_mutex_lock(&hub->lock); }
static void unlock(struct live_hub *hub) { pthread_mutex_unlock(&hub->lock); }

static void wake_scanner(const struct live_hub *hub) {
  uint64_t one = 1;
  /* Full only when it was woken often enough already. */
  if (write(hub->wake_scanner, &one, sizeof one) < 0 && errno != EAGAIN) abort();
}

static struct live_learner **bucket_of(struct live_hub *hub, uint64_t user_id) {
  return &hub->buckets[(user_id * UINT64_C(0x9E3779B97F4A7C15)) >> 52];
}

static struct live_learner *find(struct live_hub *hub, uint64_t user_id) {
  struct live_learner *learner = *bucket_of(hub, user_id);
  while (learner != NULL && learner->user_id != user_id)
    learner = learner->next_in_bucket;
  return learner;
}

static struct live_learner *find_or_add(struct live_hub *hub, uint64_t user_id) {
  struct live_learner *learner = find(hub, user_id);
  if (learner != NULL) return learner;
  learner = calloc(1, sizeof *learner);
  if (learner == NULL) return NULL;
  struct live_learner **bucket = bucket_of(hub, user_id);
  learner->user_id = user_id;
  learner->next_in_bucket = *bucket;
  *bucket = learner;
  return learner;
}

static void forget_learner(struct live_hub *hub, struct live_learner *learner) {
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
static void want(struct live_hub *hub, struct live_learner *learner) {
  if (learner->is_wanted) return;
  learner->is_wanted = true;
  learner->next_wanted = NULL;
  *hub->wanted_last = learner;
  hub->wanted_last = &learner->next_wanted;
}

static void tell(struct live_hub *hub, struct live_listener *listener) {
  if (listener->has_news) return;
  listener->has_news = true;
  listener->is_in_news = true;
  listener->next_in_news = hub->news;
  hub->news = listener;
}

static void empty_queue(struct live_listener *listener) {
  for (; listener->queue_count > 0; listener->queue_count--) {
    moment_drop(listener->queue[listener->queue_first]);
    listener->queue_first = (listener->queue_first + 1) % LIVE_QUEUE_MOMENTS;
  }
  listener->queue_bytes = 0;
}

static void free_listener(struct live_listener *listener) {
  empty_queue(listener);
  free(listener);
}

static void end(struct live_hub *hub, struct live_listener *listener, int close_code) {
  listener->state = LIVE_CLOSING;
  listener->close_code = close_code;
  tell(hub, listener);
}

/* What is queued was of another time. */
static void resync(struct live_hub *hub, struct live_listener *listener, uint64_t revision) {
  empty_queue(listener);
  listener->cursor = revision;
  listener->is_asked = false;
  listener->is_stalled = false;
  listener->wants_resync = true;
  listener->resync_at = revision;
  hub->figures.resyncs++;
  tell(hub, listener);
}

static bool has_room(const struct live_listener *listener) {
  return listener->queue_count < LIVE_QUEUE_MOMENTS && listener->queue_bytes < LIVE_QUEUE_BYTES;
}

static bool is_behind(const struct live_listener *listener) {
  const struct live_learner *learner = listener->learner;
  return listener->state == LIVE_LISTENING && !listener->is_stalled &&
         (learner->is_hinted || listener->cursor < learner->revision);
}

static void enqueue(struct live_hub *hub, struct live_listener *listener, struct live_moment *moment) {
  size_t place = (listener->queue_first + listener->queue_count) % LIVE_QUEUE_MOMENTS;
  listener->queue[place] = moment;
  listener->queue_count++;
  listener->queue_bytes += moment->bytes;
  moment->references++;
  if (!has_room(listener)) {
    listener->is_stalled = true;
    hub->figures.full++;
  }
  tell(hub, listener);
}

/* --- Both ------------------------------------------------------------------------------------------- */

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
  lock(hub);
  *ret_figures = hub->figures;
  unlock(hub);
}

/* --- The server's side ------------------------------------------------------------------------------ */

bool live_hub_join(struct live_hub *hub, void *connection, const struct live_wish *wish, struct error *error,
                   struct live_listener **ret_listener) {
  struct live_listener *listener = calloc(1, sizeof *listener);
  if (listener == NULL) return error_set_memory(error);
  listener->connection = connection;
  listener->wish = *wish;
  listener->types = LIVE_ALL_TYPES;
  lock(hub);
  *hub->waiting_last = listener;
  hub->waiting_last = &listener->next;
  hub->figures.listeners++;
  unlock(hub);
  wake_scanner(hub);
  *ret_listener = listener;
  return true;
}

static void unlink_from(struct live_listener **first, struct live_listener *listener) {
  while (*first != listener)
    first = &(*first)->next;
  *first = listener->next;
}

static void leave_learner(struct live_hub *hub, struct live_listener *listener) {
  struct live_learner *learner = listener->learner;
  unlink_from(&learner->listeners, listener);
  if (learner->listeners == NULL) forget_learner(hub, learner);
}

static void stop_waiting(struct live_hub *hub, struct live_listener *listener) {
  bool was_last = listener->next == NULL;
  unlink_from(&hub->waiting, listener);
  if (!was_last) return;
  hub->waiting_last = &hub->waiting;
  while (*hub->waiting_last != NULL)
    hub->waiting_last = &(*hub->waiting_last)->next;
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
  lock(hub);
  hub->figures.listeners--;
  forget_news(hub, listener);
  if (listener->state == LIVE_WAITING) stop_waiting(hub, listener);
  if (listener->learner != NULL) leave_learner(hub, listener);
  if (listener->state == LIVE_IN_HANDS)
    listener->has_left = true;
  else
    free_listener(listener);
  unlock(hub);
}

void live_hub_collect_news(struct live_hub *hub, void (*each)(void *connection)) {
  lock(hub);
  for (struct live_listener *listener = hub->news; listener != NULL; listener = listener->next_in_news) {
    listener->is_in_news =
        false; /* has_news stays until everything was asked for: no second call is needed */
    each(listener->connection);
  }
  hub->news = NULL;
  unlock(hub);
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
    if (types != 0) moment_print(moment, types, frame);
    moment_drop(moment);
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
  if (!is_behind(listener)) return false;
  want(hub, listener->learner);
  return true;
}

enum live_next live_hub_next(struct live_hub *hub, struct live_listener *listener, struct buffer *frame,
                             int *ret_close_code) {
  enum live_next next = LIVE_NEXT_CLOSE;
  bool is_behind_now = false;
  lock(hub);
  if (listener->state == LIVE_CLOSING) {
    *ret_close_code = listener->close_code;
  } else {
    next = next_frame(hub, listener, frame);
    is_behind_now = goes_on(hub, listener);
    if (next == LIVE_NEXT_FRAME) hub->figures.frames++;
    if (next == LIVE_NEXT_NOTHING) forget_news(hub, listener);
  }
  unlock(hub);
  if (is_behind_now) wake_scanner(hub);
  return next;
}

void live_hub_subscribe(struct live_hub *hub, struct live_listener *listener, unsigned add, unsigned remove) {
  lock(hub);
  listener->types = (listener->types | add) & ~remove;
  unlock(hub);
}

void live_hub_beat(struct live_hub *hub, struct live_listener *listener) {
  lock(hub);
  listener->wants_beat = listener->state == LIVE_LISTENING;
  unlock(hub);
}

int64_t live_hub_ends_at(struct live_hub *hub, const struct live_listener *listener) {
  lock(hub);
  int64_t ends_at_ms = listener->ends_at_ms;
  unlock(hub);
  return ends_at_ms;
}

/* --- The scanner's side ----------------------------------------------------------------------------- */

bool live_hub_take_waiting(struct live_hub *hub, struct live_listener **ret_listener,
                           struct live_wish *ret_wish) {
  lock(hub);
  struct live_listener *listener = hub->waiting;
  if (listener != NULL) {
    stop_waiting(hub, listener);
    listener->state = LIVE_IN_HANDS;
    *ret_listener = listener;
    *ret_wish = listener->wish;
  }
  unlock(hub);
  return listener != NULL;
}

/* Where it begins: behind `since`, unless nobody can tell what happened from there. */
static void begin(struct live_hub *hub, struct live_listener *listener) {
  const struct live_wish *wish = &listener->wish;
  uint64_t revision = listener->learner->revision;
  bool is_of_another_time = wish->epoch != 0 && wish->epoch != hub->epoch;
  listener->cursor = wish->since_given ? wish->since : revision;
  listener->wants_beat = true;
  if (listener->cursor > revision || is_of_another_time) resync(hub, listener, revision);
  if (is_behind(listener)) want(hub, listener->learner);
  tell(hub, listener);
}

static size_t listeners_of(const struct live_learner *learner) {
  size_t count = 0;
  for (const struct live_listener *each = learner->listeners; each != NULL; each = each->next)
    count++;
  return count;
}

void live_hub_admit(struct live_hub *hub, struct live_listener *listener,
                    const struct live_admission *admission) {
  lock(hub);
  struct live_learner *learner = listener->has_left ? NULL : find_or_add(hub, admission->user_id);
  if (listener->has_left) {
    free_listener(listener);
  } else if (learner == NULL || listeners_of(learner) >= LIVE_LISTENERS_MAX) { /* no memory, or too many */
    hub->figures.refused++;
    end(hub, listener, LIVE_CLOSE_BUSY);
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
  unlock(hub);
}

void live_hub_refuse(struct live_hub *hub, struct live_listener *listener, int close_code) {
  lock(hub);
  hub->figures.refused++;
  if (listener->has_left)
    free_listener(listener);
  else
    end(hub, listener, close_code);
  unlock(hub);
}

void live_hub_set_epoch(struct live_hub *hub, uint64_t epoch) {
  lock(hub);
  bool is_another = hub->epoch != 0 && hub->epoch != epoch;
  hub->epoch = epoch;
  for (size_t at = 0; is_another && at < LIVE_BUCKETS; at++)
    for (struct live_learner *learner = hub->buckets[at]; learner != NULL; learner = learner->next_in_bucket)
      for (struct live_listener *each = learner->listeners; each != NULL; each = each->next)
        if (each->state == LIVE_LISTENING) resync(hub, each, learner->revision);
  unlock(hub);
}

static int compare_ids(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left;
  uint64_t b = *(const uint64_t *)right;
  return (a > b) - (a < b);
}

size_t live_hub_list(struct live_hub *hub, uint64_t *ret_user_ids, size_t limit) {
  size_t count = 0;
  lock(hub);
  for (size_t at = 0; at < LIVE_BUCKETS; at++)
    for (struct live_learner *learner = hub->buckets[at]; learner != NULL && count < limit;
         learner = learner->next_in_bucket)
      ret_user_ids[count++] = learner->user_id;
  hub->figures.scans++;
  unlock(hub);
  qsort(ret_user_ids, count, sizeof *ret_user_ids, compare_ids);
  return count;
}

void live_hub_hint(struct live_hub *hub, uint64_t user_id) {
  lock(hub);
  struct live_learner *learner = find(hub, user_id);
  if (learner != NULL) {
    learner->is_hinted = true;
    want(hub, learner);
  }
  hub->figures.hints++;
  unlock(hub);
}

void live_hub_set_revision(struct live_hub *hub, uint64_t user_id, uint64_t revision) {
  lock(hub);
  struct live_learner *learner = find(hub, user_id);
  if (learner != NULL && revision < learner->revision) { /* from before: a restore */
    for (struct live_listener *each = learner->listeners; each != NULL; each = each->next)
      if (each->state == LIVE_LISTENING) resync(hub, each, revision);
    learner->revision = revision;
  } else if (learner != NULL && revision > learner->revision) {
    learner->revision = revision;
    want(hub, learner);
  }
  unlock(hub);
}

void live_hub_end_learner(struct live_hub *hub, uint64_t user_id) {
  lock(hub);
  struct live_learner *learner = find(hub, user_id);
  for (struct live_listener *each = learner == NULL ? NULL : learner->listeners; each != NULL;
       each = each->next)
    if (each->state == LIVE_LISTENING) end(hub, each, LIVE_CLOSE_GONE);
  unlock(hub);
}

/* True: somebody waits for what follows *ret_known. */
static bool ask(struct live_learner *learner, uint64_t *ret_known) {
  uint64_t known = UINT64_MAX;
  for (struct live_listener *each = learner->listeners; each != NULL; each = each->next) {
    each->is_asked = is_behind(each);
    if (each->is_asked && each->cursor < known) known = each->cursor;
  }
  learner->is_hinted = false;
  *ret_known = known;
  return known != UINT64_MAX;
}

size_t live_hub_take_wanted(struct live_hub *hub, struct live_want *ret_wants, size_t limit) {
  size_t count = 0;
  lock(hub);
  while (hub->wanted != NULL && count < limit) {
    struct live_learner *learner = hub->wanted;
    hub->wanted = learner->next_wanted;
    if (hub->wanted == NULL) hub->wanted_last = &hub->wanted;
    learner->is_wanted = false;
    if (ask(learner, &ret_wants[count].known)) ret_wants[count++].user_id = learner->user_id;
  }
  unlock(hub);
  return count;
}

void live_hub_deliver(struct live_hub *hub, uint64_t user_id, uint64_t revision, struct live_moment *moment) {
  lock(hub);
  struct live_learner *learner = find(hub, user_id);
  if (moment != NULL) moment->references++;
  if (learner != NULL && revision > learner->revision) learner->revision = revision;
  for (struct live_listener *each = learner == NULL ? NULL : learner->listeners; each != NULL;
       each = each->next) {
    if (!each->is_asked || each->state != LIVE_LISTENING || each->cursor >= revision) continue;
    if (moment == NULL || each->cursor + 1 != revision) {
      resync(hub, each, learner->revision);
    } else if (has_room(each)) {
      each->cursor = revision;
      enqueue(hub, each, moment);
    } else {
      each->is_asked = false; /* it goes on from its cursor once there is room */
    }
  }
  if (moment != NULL) moment_drop(moment);
  unlock(hub);
}

static void resync_asked(struct live_hub *hub, struct live_learner *learner) {
  for (struct live_listener *each = learner->listeners; each != NULL; each = each->next)
    if (each->is_asked && each->state == LIVE_LISTENING && each->cursor < learner->revision)
      resync(hub, each, learner->revision);
}

static void want_if_behind(struct live_hub *hub, struct live_learner *learner) {
  for (struct live_listener *each = learner->listeners; each != NULL; each = each->next)
    if (is_behind(each)) want(hub, learner);
}

void live_hub_answered(struct live_hub *hub, uint64_t user_id, size_t count) {
  lock(hub);
  struct live_learner *learner = find(hub, user_id);
  if (learner != NULL) {
    if (count == 0) resync_asked(hub, learner);
    if (count >= LIVE_QUEUE_MOMENTS) learner->is_hinted = true; /* there may be more */
    want_if_behind(hub, learner);
  }
  unlock(hub);
}

void live_hub_want_again(struct live_hub *hub, uint64_t user_id) {
  lock(hub);
  struct live_learner *learner = find(hub, user_id);
  if (learner != NULL) {
    learner->is_hinted = true;
    want(hub, learner);
  }
  unlock(hub);
}

void live_hub_give_up(struct live_hub *hub, uint64_t user_id) {
  lock(hub);
  struct live_learner *learner = find(hub, user_id);
  if (learner != NULL) resync_asked(hub, learner);
  unlock(hub);
}

bool live_hub_has_work(struct live_hub *hub) {
  lock(hub);
  bool has_work = hub->waiting != NULL || hub->wanted != NULL;
  unlock(hub);
  return has_work;
}

void live_hub_count_failure(struct live_hub *hub) {
  lock(hub);
  hub->figures.failures++;
  unlock(hub);
}
