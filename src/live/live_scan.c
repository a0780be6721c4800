#include "live/live_scan.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/pool.h"
#include "ledger/ledger.h"
#include "ledger/wake.h"
#include "live/live_parts.h"
#include "live/live_ticket.h"
#include "queries/live.h"

#include "base/banned.h"

#define SCAN_ARENA_BYTES ((size_t)256 * 1024 * 1024) /* of one round; what is read is a few MiB */
#define SCAN_LIST_BYTES ((size_t)64 * 1024)
#define SCAN_RETRY_MS 500      /* after the database failed */
#define SCAN_WANTS 31          /* learners read by one statement */
#define SCAN_BATCHES 32        /* such statements in one round */
#define SCAN_DATAGRAMS_MAX 256 /* read before the database is asked */

struct live_scan {
  struct live_scan_options options;
  struct pool *pool;
  struct arena *arena;
  int datagrams;
  pthread_t thread;
  atomic_bool stops;
  bool is_down;
  bool knows_epoch;
  uint64_t *user_ids; /* live.connections of them */
};

static void hear_hints(struct live_scan *scan) {
  uint64_t user_ids[WAKE_IDS_MAX];
  for (int at = 0; at < SCAN_DATAGRAMS_MAX; at++) {
    ssize_t bytes = recv(scan->datagrams, user_ids, sizeof user_ids, 0);
    if (bytes <= 0) return;
    for (size_t id = 0; id < (size_t)bytes / sizeof *user_ids; id++)
      live_hub_hint(scan->options.hub, user_ids[id]);
  }
}

/* --- What the database is asked ---------------------------------------------------------------------- */

/* Those who wait, as many as one statement takes. */
struct waiting {
  struct live_listener *listeners[LIVE_REDEEM_MAX];
  struct live_wish wishes[LIVE_REDEEM_MAX];
  struct live_redemption redemptions[LIVE_REDEEM_MAX];
  size_t count;
};

static void answer_waiting(struct live_hub *hub, const struct waiting *waiting) {
  for (size_t at = 0; at < waiting->count; at++) {
    const struct live_redemption *redemption = &waiting->redemptions[at];
    struct live_admission admission = {.user_id = redemption->ticket.user_id,
                                       .revision = redemption->revision,
                                       .ends_at_ms = redemption->ticket.token_ends_at_ms};
    if (redemption->holds && !redemption->is_gone)
      live_hub_admit(hub, waiting->listeners[at], &admission);
    else
      live_hub_refuse(hub, waiting->listeners[at],
                      redemption->holds ? LIVE_CLOSE_GONE : LIVE_CLOSE_UNAUTHENTICATED);
  }
}

/* A ticket whose fate is unknown, for the database failed, does not hold: its owner gets another. Bad ones
 * must not keep the rest waiting: only so many at once. */
static bool admit_waiting(struct live_scan *scan, struct db *db, struct error *error) {
  struct waiting waiting = {.count = 0};
  while (waiting.count < LIVE_REDEEM_MAX &&
         live_hub_take_waiting(scan->options.hub, &waiting.listeners[waiting.count],
                               &waiting.wishes[waiting.count])) {
    waiting.redemptions[waiting.count].text = waiting.wishes[waiting.count].ticket;
    waiting.count++;
  }
  if (waiting.count == 0) return true;
  bool is_answered =
      live_ticket_redeem(db, waiting.redemptions, waiting.count, clock_now_ms(), scan->arena, error);
  for (size_t at = 0; !is_answered && at < waiting.count; at++)
    waiting.redemptions[at].holds = false;
  answer_waiting(scan->options.hub, &waiting);
  return is_answered;
}

static bool read_epoch(struct live_scan *scan, struct db *db, struct error *error) {
  struct live_epoch_row row;
  bool found;
  if (!live_epoch(db, scan->arena, error, &row, &found)) return false;
  if (found) live_hub_set_epoch(scan->options.hub, row.epoch);
  scan->knows_epoch = true;
  return true;
}

/* A learner who stands in the list and not in the answer has no row any more. */
static bool compare(struct live_scan *scan, struct db *db, const uint64_t *user_ids, size_t count,
                    struct error *error) {
  CLEANUP(buffer_free) struct buffer list = BUFFER_INIT(SCAN_LIST_BYTES);
  struct live_learners_row *rows;
  size_t found;
  for (size_t at = 0; at < count; at++) {
    buffer_append_char(&list, at == 0 ? '[' : ',');
    buffer_append_u64(&list, user_ids[at]);
  }
  buffer_append_char(&list, ']');
  if (list.failed) return error_set_memory(error);
  struct live_learners_params params = {.user_ids = buffer_text(&list)};
  if (!live_learners(db, &params, scan->arena, count, error, &rows, &found)) return false;
  for (size_t at = 0, row = 0; at < count; at++) {
    while (row < found && rows[row].user_id < user_ids[at])
      row++;
    bool is_there = row < found && rows[row].user_id == user_ids[at];
    if (!is_there || rows[row].is_gone)
      live_hub_end_learner(scan->options.hub, user_ids[at]);
    else
      live_hub_set_revision(scan->options.hub, user_ids[at], rows[row].revision);
  }
  return true;
}

/* --- What happened, as it is told --------------------------------------------------------------------- */

/* NULL with error clear: the entry stands for several that were folded. */
static bool moment_of(struct live_scan *scan, const struct live_changes_row *row, struct error *error,
                      struct live_moment **ret_moment) {
  struct arena_mark mark = arena_mark(scan->arena);
  struct live_part *parts;
  size_t count;
  *ret_moment = NULL;
  if (strcmp(row->kind, LEDGER_KIND_FOLDED) == 0) return true;
  if (!live_parts_make(row, scan->arena, error, &parts, &count)) return false;
  *ret_moment = live_moment_new(row->revision, parts, count);
  arena_rewind(scan->arena, mark);
  return *ret_moment != NULL || error_set_memory(error);
}

static int compare_wants(const void *left, const void *right) {
  const struct live_want *a = left;
  const struct live_want *b = right;
  return (a->user_id > b->user_id) - (a->user_id < b->user_id);
}

static bool read_changes(struct live_scan *scan, struct db *db, const struct live_want *wants, size_t count,
                         struct error *error, struct live_changes_row **ret_rows, size_t *ret_count) {
  CLEANUP(buffer_free) struct buffer list = BUFFER_INIT(SCAN_LIST_BYTES);
  for (size_t at = 0; at < count; at++) {
    buffer_append_char(&list, at == 0 ? '[' : ',');
    buffer_printf(&list, "[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", wants[at].user_id, wants[at].known,
                  wants[at].known + LIVE_QUEUE_MOMENTS);
  }
  buffer_append_char(&list, ']');
  if (list.failed) return error_set_memory(error);
  struct live_changes_params params = {.wanted = buffer_text(&list)};
  return live_changes(db, &params, scan->arena, count * LIVE_QUEUE_MOMENTS, error, ret_rows, ret_count);
}

/* Rows and wants are in the order of the learners. */
static bool deliver(struct live_scan *scan, const struct live_want *wants, size_t count,
                    const struct live_changes_row *rows, size_t row_count, struct error *error) {
  size_t row = 0;
  for (size_t at = 0; at < count; at++) {
    size_t first = row;
    for (; row < row_count && rows[row].user_id == wants[at].user_id; row++) {
      struct live_moment *moment;
      if (!moment_of(scan, &rows[row], error, &moment)) return false;
      live_hub_deliver(scan->options.hub, rows[row].user_id, rows[row].revision, moment);
    }
    live_hub_answered(scan->options.hub, wants[at].user_id, row - first);
  }
  return true;
}

static bool tell_some(struct live_scan *scan, struct db *db, const struct live_want *wants, size_t count,
                      struct error *error) {
  struct arena_mark mark = arena_mark(scan->arena);
  struct live_changes_row *rows;
  size_t row_count;
  bool done = read_changes(scan, db, wants, count, error, &rows, &row_count) &&
              deliver(scan, wants, count, rows, row_count, error);
  db_end_read(db);
  arena_rewind(scan->arena, mark);
  return done;
}

static bool is_the_databases(const struct error *error) {
  return error->code == ERROR_TRANSIENT || error->code == ERROR_UNAVAILABLE;
}

/* What failed for all of them is tried for each: one history that is too much to be told must not silence the
 * others. */
static bool tell_each(struct live_scan *scan, struct db *db, const struct live_want *wants, size_t count,
                      struct error *error) {
  for (size_t at = 0; at < count; at++) {
    error_clear(error);
    if (tell_some(scan, db, &wants[at], 1, error)) continue;
    if (is_the_databases(error)) {
      for (; at < count; at++)
        live_hub_want_again(scan->options.hub, wants[at].user_id);
      return false;
    }
    live_hub_give_up(scan->options.hub, wants[at].user_id);
  }
  error_clear(error);
  return true;
}

/* Waking the server costs it a look at every connection there is. */
static void tell_server(const struct live_scan *scan) {
  if (live_hub_has_news(scan->options.hub)) scan->options.tell(scan->options.server);
}

/* A bounded part of it: those who come new, and the look at everybody, have their turn as well. */
static bool tell_wanted(struct live_scan *scan, struct db *db, struct error *error) {
  struct live_want wants[SCAN_WANTS];
  size_t count;
  for (int batch = 0; batch < SCAN_BATCHES; batch++) {
    count = live_hub_take_wanted(scan->options.hub, wants, SCAN_WANTS);
    if (count == 0) return true;
    qsort(wants, count, sizeof *wants, compare_wants);
    if (!tell_some(scan, db, wants, count, error) && !tell_each(scan, db, wants, count, error)) return false;
    tell_server(scan);
    hear_hints(scan);
  }
  return true;
}

/* In slices: what is hinted at meanwhile does not wait for all of them. */
static bool compare_all(struct live_scan *scan, struct db *db, struct error *error) {
  size_t count =
      live_hub_list(scan->options.hub, scan->user_ids, (size_t)scan->options.config->live.connections);
  for (size_t at = 0; at < count; at += LIVE_SCAN_LEARNERS) {
    size_t some = count - at < LIVE_SCAN_LEARNERS ? count - at : LIVE_SCAN_LEARNERS;
    if (!compare(scan, db, scan->user_ids + at, some, error)) return false;
    db_end_read(db);
    hear_hints(scan);
    if (!tell_wanted(scan, db, error)) return false;
  }
  return true;
}

/* --- The thread --------------------------------------------------------------------------------------- */

static bool run_round(struct live_scan *scan, bool is_due, struct error *error) {
  int64_t deadline_ms = clock_monotonic_ms() + scan->options.config->database.transaction_timeout_ms;
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = scan->pool};
  bool needs_epoch = is_due || !scan->knows_epoch; /* before anybody is told of it */
  return pool_acquire(scan->pool, deadline_ms, error, &lease.db) &&
         (!needs_epoch || read_epoch(scan, lease.db, error)) && admit_waiting(scan, lease.db, error) &&
         (!is_due || compare_all(scan, lease.db, error)) && tell_wanted(scan, lease.db, error);
}

static void wait_for_work(struct live_scan *scan, int64_t until_ms) {
  struct pollfd sources[] = {{.fd = scan->options.wake, .events = POLLIN},
                             {.fd = scan->datagrams, .events = POLLIN}};
  int64_t wait_ms = until_ms - clock_monotonic_ms();
  uint64_t woken;
  poll(sources, ARRAY_LENGTH(sources), wait_ms > 0 ? (int)wait_ms : 0);
  /* What it says is only that somebody wants something. */
  while (read(scan->options.wake, &woken, sizeof woken) > 0) {
  }
  hear_hints(scan);
}

static void note_state(struct live_scan *scan, bool is_well, const struct error *error) {
  struct log_line line;
  if (is_well && scan->is_down) log_write(LOG_LEVEL_INFO, "database", "it answers again");
  if (!is_well) live_hub_count_failure(scan->options.hub);
  if (!is_well && !scan->is_down) {
    log_begin(&line, LOG_LEVEL_ERROR, "database");
    log_add_error(&line, error);
    log_end(&line);
  }
  scan->is_down = !is_well;
}

static void *run(void *context) {
  struct live_scan *scan = context;
  int64_t due_ms = 0;
  while (!atomic_load(&scan->stops)) {
    struct error error = ERROR_INIT;
    bool is_due = clock_monotonic_ms() >= due_ms;
    arena_reset(scan->arena);
    if (is_due) due_ms = clock_monotonic_ms() + scan->options.config->live.scan_ms;
    bool is_well = run_round(scan, is_due, &error);
    note_state(scan, is_well, &error);
    if (!is_well) clock_sleep_ms(SCAN_RETRY_MS);
    tell_server(scan);
    pool_tend(scan->pool);
    wait_for_work(scan, is_well && !live_hub_has_work(scan->options.hub) ? due_ms : 0);
  }
  return NULL;
}

static bool bind_datagrams(const char *path, struct error *error, int *ret_descriptor) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  memcpy(address.sun_path, path, strlen(path) + 1);
  /* Only one process has live.pid, so that what lies there is left over. */
  if (descriptor >= 0 && (unlink(path) == 0 || errno == ENOENT) &&
      bind(descriptor, (const struct sockaddr *)&address, sizeof address) == 0) {
    *ret_descriptor = descriptor;
    return true;
  }
  error_set(error, ERROR_INTERNAL, "%s cannot be listened at.", path);
  error_detail(error, "%s", strerror(errno));
  if (descriptor >= 0) close(descriptor);
  return false;
}

static void scan_free(struct live_scan *scan) {
  if (scan->datagrams >= 0) close(scan->datagrams);
  pool_free(scan->pool);
  arena_free(scan->arena);
  free(scan->user_ids);
  free(scan);
}

static bool scan_open(struct live_scan *scan, struct error *error) {
  const struct config *config = scan->options.config;
  scan->datagrams = -1;
  scan->arena = arena_new(SCAN_ARENA_BYTES);
  scan->user_ids = calloc((size_t)config->live.connections, sizeof *scan->user_ids);
  if (scan->arena == NULL || scan->user_ids == NULL) return error_set_memory(error);
  if (!pool_new(&config->database, 1, error, &scan->pool) ||
      !bind_datagrams(config->live.wake, error, &scan->datagrams))
    return false;
  if (pthread_create(&scan->thread, NULL, run, scan) == 0) return true;
  return error_set(error, ERROR_INTERNAL, "The scanner's thread cannot be started.");
}

bool live_scan_start(const struct live_scan_options *options, struct error *error,
                     struct live_scan **ret_scan) {
  struct live_scan *scan = calloc(1, sizeof *scan);
  if (scan == NULL) return error_set_memory(error);
  scan->options = *options;
  if (!scan_open(scan, error)) {
    scan_free(scan);
    return false;
  }
  *ret_scan = scan;
  return true;
}

void live_scan_stop(struct live_scan *scan) {
  uint64_t one = 1;
  if (scan == NULL) return;
  atomic_store(&scan->stops, true);
  if (write(scan->options.wake, &one, sizeof one) < 0 && errno != EAGAIN) abort();
  pthread_join(scan->thread, NULL);
  unlink(scan->options.config->live.wake);
  scan_free(scan);
}
