#include "http/consistency.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "queries/sync_status.h"

#include "base/banned.h"

#define TEXT_BYTES_MAX ((size_t)1024 * 1024)
#define ARENA_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define POOL_WAIT_MS 1000
#define EVENTS_MAX 10000 /* counted no further */
#define MS_PER_S 1000
#define NS_PER_MS 1000000

static const enum pass_kind kinds[] = {PASS_VALIDATE, PASS_SAMPLE};

struct consistency {
  struct repair_engine engine;
  pthread_mutex_t lock; /* of everything below */
  pthread_cond_t asked_or_ended;
  pthread_cond_t answered;
  pthread_t thread;
  bool is_started;
  bool is_ending;
  bool is_asked;                         /* the thread is to read, or is reading */
  int64_t read_at_ms;                    /* monotonic, of the last attempt; 0: none */
  struct buffer text;                    /* of the figures but their age */
  int64_t as_of_ms[ARRAY_LENGTH(kinds)]; /* 0: there was no such pass */
};

/* What one reading brought. */
struct reading {
  struct buffer text;
  struct pass_summary passes[ARRAY_LENGTH(kinds)];
  bool found[ARRAY_LENGTH(kinds)];
};

static void print_head(struct buffer *buffer, const char *name, const char *help) {
  buffer_printf(buffer, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void print_counts(struct buffer *buffer, const struct pass_summary *pass) {
  buffer_printf(buffer, "lockstep_pass_learners{pass=\"%s\"} %" PRIu64 "\n", pass_kind_names[pass->kind],
                pass->learners);
}

static void print_in_breach(struct buffer *buffer, const struct pass_summary *pass) {
  buffer_printf(buffer, "lockstep_pass_learners_in_breach{pass=\"%s\"} %" PRIu64 "\n",
                pass_kind_names[pass->kind], pass->learners_in_breach);
}

static void print_score(struct buffer *buffer, const struct pass_summary *pass) {
  buffer_printf(buffer, "lockstep_consistency_score{pass=\"%s\"} %.6f\n", pass_kind_names[pass->kind],
                pass->score);
}

/* A rule's name needs no escaping. */
static void print_breaches(struct buffer *buffer, const struct pass_summary *pass) {
  for (size_t at = 0; at < pass->rule_count; at++)
    buffer_printf(buffer, "lockstep_rule_breaches{pass=\"%s\",rule=\"%s\",severity=\"%s\"} %" PRIu64 "\n",
                  pass_kind_names[pass->kind], pass->rules[at].rule,
                  rule_severity_names[pass->rules[at].severity], pass->rules[at].breaches);
}

static void print_paused(struct buffer *buffer, const struct pass_summary *pass) {
  for (size_t at = 0; at < pass->rule_count; at++)
    buffer_printf(buffer, "lockstep_rule_paused{pass=\"%s\",rule=\"%s\"} %" PRIu64 "\n",
                  pass_kind_names[pass->kind], pass->rules[at].rule, pass->rules[at].paused);
}

static const struct {
  const char *name;
  const char *help;
  void (*print)(struct buffer *buffer, const struct pass_summary *pass);
} figures[] = {
    {"lockstep_consistency_score", "The share of learners who break no rule.", print_score},
    {"lockstep_pass_learners", "Learners that the last pass looked at.", print_counts},
    {"lockstep_pass_learners_in_breach", "Of those, learners who break a rule.", print_in_breach},
    {"lockstep_rule_breaches", "Rows that break the rule.", print_breaches},
    {"lockstep_rule_paused", "Of those, rows that no repair touches.", print_paused},
};

/* What waits of progress events. */
static bool read_events(struct db *db, struct arena *arena, struct error *error, struct buffer *text) {
  struct sync_status_figures_params params = {.limit_rows = EVENTS_MAX};
  struct sync_status_figures_row row;
  bool found;
  if (!sync_status_figures(db, &params, arena, error, &row, &found)) return false;
  if (!found) return true;
  int64_t waited_ms = row.since_is_null ? 0 : clock_now_ms() - row.since;
  print_head(text, "lockstep_events_pending", "Progress events whose processing failed; counted to 10000.");
  buffer_printf(text, "lockstep_events_pending %" PRIu64 "\n", row.pending);
  print_head(text, "lockstep_events_pending_seconds", "How long the oldest of them has been waiting.");
  buffer_printf(text, "lockstep_events_pending_seconds %.3f\n", (double)waited_ms / MS_PER_S);
  print_head(text, "lockstep_conflicts_open", "Conflicts that wait for their learners; counted to 10000.");
  buffer_printf(text, "lockstep_conflicts_open %" PRIu64 "\n", row.conflicts);
  return true;
}

static bool reading_take(const struct repair_engine *engine, struct arena *arena, struct error *error,
                         struct reading *reading) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = engine->pool};
  if (!pool_acquire(lease.pool, clock_monotonic_ms() + POOL_WAIT_MS, error, &lease.db)) return false;
  for (size_t at = 0; at < ARRAY_LENGTH(kinds); at++)
    if (!pass_read_last(engine, lease.db, kinds[at], arena, error, &reading->passes[at], &reading->found[at]))
      return false;
  if (!read_events(lease.db, arena, error, &reading->text)) return false;
  db_end_read(lease.db);
  for (size_t figure = 0; figure < ARRAY_LENGTH(figures); figure++) {
    print_head(&reading->text, figures[figure].name, figures[figure].help);
    for (size_t at = 0; at < ARRAY_LENGTH(kinds); at++)
      if (reading->found[at]) figures[figure].print(&reading->text, &reading->passes[at]);
  }
  return !reading->text.failed || error_set_memory(error);
}

/* The lock is held. What could not be read leaves what is known. */
static void keep(struct consistency *consistency, struct reading *reading) {
  struct buffer old = consistency->text;
  consistency->text = reading->text;
  reading->text = old;
  for (size_t at = 0; at < ARRAY_LENGTH(kinds); at++)
    consistency->as_of_ms[at] = reading->found[at] ? reading->passes[at].as_of_ms : 0;
}

static void *read_when_asked(void *context) {
  struct consistency *consistency = context;
  pthread_mutex_lock(&consistency->lock);
  for (;;) {
    while (!consistency->is_asked && !consistency->is_ending)
      pthread_cond_wait(&consistency->asked_or_ended, &consistency->lock);
    if (consistency->is_ending) break;
    pthread_mutex_unlock(&consistency->lock);
    struct reading reading = {.text = BUFFER_INIT(TEXT_BYTES_MAX)};
    struct error error = ERROR_INIT;
    struct arena *arena = arena_new(ARENA_BYTES_MAX);
    bool is_read = arena != NULL && reading_take(&consistency->engine, arena, &error, &reading);
    pthread_mutex_lock(&consistency->lock);
    if (is_read) keep(consistency, &reading);
    consistency->read_at_ms = clock_monotonic_ms();
    consistency->is_asked = false;
    pthread_cond_broadcast(&consistency->answered);
    buffer_free(&reading.text);
    arena_free(arena);
  }
  pthread_mutex_unlock(&consistency->lock);
  return NULL;
}

bool consistency_new(const struct repair_engine *engine, struct error *error,
                     struct consistency **ret_consistency) {
  struct consistency *consistency = calloc(1, sizeof *consistency);
  if (consistency == NULL) return error_set_memory(error);
  consistency->engine = *engine;
  consistency->text = (struct buffer)BUFFER_INIT(TEXT_BYTES_MAX);
  pthread_mutex_init(&consistency->lock, NULL);
  pthread_cond_init(&consistency->asked_or_ended, NULL);
  pthread_cond_init(&consistency->answered, NULL);
  *ret_consistency = consistency;
  return true;
}

void consistency_free(struct consistency *consistency) {
  if (consistency == NULL) return;
  pthread_mutex_lock(&consistency->lock);
  consistency->is_ending = true;
  pthread_cond_broadcast(&consistency->asked_or_ended);
  pthread_mutex_unlock(&consistency->lock);
  if (consistency->is_started) pthread_join(consistency->thread, NULL);
  pthread_cond_destroy(&consistency->answered);
  pthread_cond_destroy(&consistency->asked_or_ended);
  pthread_mutex_destroy(&consistency->lock);
  buffer_free(&consistency->text);
  free(consistency);
}

/* The lock is held. Whoever finds a reading under way, however long already, does not wait for it. */
static void refresh(struct consistency *consistency) {
  int64_t age_ms = clock_monotonic_ms() - consistency->read_at_ms;
  struct timespec until;
  if (consistency->is_asked || (consistency->read_at_ms != 0 && age_ms < CONSISTENCY_FRESH_MS)) return;
  if (!consistency->is_started)
    consistency->is_started = pthread_create(&consistency->thread, NULL, read_when_asked, consistency) == 0;
  if (!consistency->is_started) return;
  consistency->is_asked = true;
  pthread_cond_broadcast(&consistency->asked_or_ended);
  int64_t until_ms = clock_now_ms() + CONSISTENCY_WAIT_MS;
  until.tv_sec = until_ms / MS_PER_S;
  until.tv_nsec = until_ms % MS_PER_S * NS_PER_MS;
  while (consistency->is_asked &&
         pthread_cond_timedwait(&consistency->answered, &consistency->lock, &until) != ETIMEDOUT) {
  }
}

void consistency_print(struct consistency *consistency, struct buffer *buffer) {
  pthread_mutex_lock(&consistency->lock);
  refresh(consistency);
  if (consistency->text.length > 0) {
    buffer_append(buffer, consistency->text.data, consistency->text.length);
    print_head(buffer, "lockstep_pass_age_seconds", "Time since the last pass ended.");
    for (size_t at = 0; at < ARRAY_LENGTH(kinds); at++)
      if (consistency->as_of_ms[at] != 0)
        buffer_printf(buffer, "lockstep_pass_age_seconds{pass=\"%s\"} %.3f\n", pass_kind_names[kinds[at]],
                      (double)(clock_now_ms() - consistency->as_of_ms[at]) / MS_PER_S);
  }
  pthread_mutex_unlock(&consistency->lock);
}
