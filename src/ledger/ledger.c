#include "ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "ledger/ledger_private.h"
#include "ledger/wake.h"

#include "base/banned.h"

#define LEDGER_FIRST_PAUSE_MS 2
#define LEDGER_LONGEST_PAUSE_MS 100

bool ledger_new(struct pool *pool, const struct database_config *config, struct error *error,
                struct ledger **ret_ledger) {
  struct ledger *ledger = calloc(1, sizeof *ledger);
  if (ledger == NULL) return error_set_memory(error);
  ledger->pool = pool;
  ledger->config = config;
  pthread_mutex_init(&ledger->lock, NULL);
  *ret_ledger = ledger;
  return true;
}

void ledger_free(struct ledger *ledger) {
  if (ledger == NULL) return;
  pthread_mutex_destroy(&ledger->lock);
  free(ledger);
}

void ledger_set_wake(struct ledger *ledger, struct wake *wake) { ledger->wake = wake; }

struct pool *ledger_pool(struct ledger *ledger) {
  return ledger->pool;
}
struct db *ledger_db(struct ledger_tx *tx) {
  return tx->db;
}
struct arena *ledger_arena(struct ledger_tx *tx) {
  return tx->arena;
}
int64_t ledger_now_ms(const struct ledger_tx *tx) { return tx->now_ms; }
void *ledger_context(struct ledger_tx *tx) { return tx->context; }
size_t ledger_count(const struct ledger_tx *tx) { return tx->live_count; }
struct ledger_entry *ledger_at(struct ledger_tx *tx, size_t at) {
  return tx->live[at];
}
void ledger_keep(struct ledger_tx *tx) { tx->keeps = true; }
void ledger_fail(struct ledger_entry *entry) { entry->state = LEDGER_FAILED; }

bool ledger_report(struct ledger_tx *tx, struct ledger_entry *entry, const struct ledger_change *change,
                   struct error *error) {
  if (entry->change_count == LEDGER_CHANGES_MAX)
    return error_set(error, ERROR_INTERNAL, "One operation changes more than the history can hold.");
  if (entry->change_count == entry->change_capacity) {
    size_t capacity = entry->change_capacity == 0 ? 8 : entry->change_capacity * 2;
    struct ledger_change *changes = arena_alloc_array(tx->arena, capacity, sizeof *changes);
    if (changes == NULL) return error_set_memory(error);
    if (entry->change_count > 0) memcpy(changes, entry->changes, entry->change_count * sizeof *changes);
    entry->changes = changes;
    entry->change_capacity = capacity;
  }
  entry->changes[entry->change_count++] = *change;
  return true;
}

static int compare_entries(const void *left, const void *right) {
  const struct ledger_entry *a = *(struct ledger_entry *const *)left;
  const struct ledger_entry *b = *(struct ledger_entry *const *)right;
  return (a->user_id > b->user_id) - (a->user_id < b->user_id);
}

static void entry_prepare(struct ledger_entry *entry) {
  if (entry->op_id == NULL) {
    memcpy(entry->own_op_id, "made:", 5);
    random_hex(entry->own_op_id + 5, 16);
    entry->op_id = entry->own_op_id;
  }
}

/* A try starts from nothing: whatever the one before left in the entries is gone. */
static void entry_rewind(struct ledger_entry *entry) {
  entry->state = LEDGER_PENDING;
  entry->reply_text = NULL;
  entry->revision = 0;
  entry->changes = NULL;
  entry->change_count = 0;
  entry->change_capacity = 0;
  memset(&entry->learner, 0, sizeof entry->learner);
  if (entry->reply != NULL) memset(entry->reply, 0, entry->reply_schema->size);
}

/* Steps 2 to 6 on a connection. ERROR_TRANSIENT: may be run again. */
static bool transaction_run(struct ledger_tx *tx, struct error *error) {
  size_t changed = 0;
  tx->keeps = false;
  for (size_t at = 0; at < tx->count; at++)
    entry_rewind(tx->entries[at]);
  qsort(tx->entries, tx->count, sizeof *tx->entries, compare_entries);
  if (!ledger_lock_learners(tx, error)) return false;
  if (tx->live_count > 0 && !tx->kind->work(tx, error)) return false;
  if (tx->live_count > 0 && !ledger_write_rows(tx, error, &changed)) return false;
  if (changed == 0 && !tx->keeps) {
    db_rollback(tx->db);
    return true;
  }
  return db_commit(tx->db, error);
}

/* A connection lost before the COMMIT, a deadlock, a lock wait: all leave nothing behind. */
static void pause_before_retry(const struct ledger_tx *tx, unsigned tries) {
  int64_t longest = LEDGER_FIRST_PAUSE_MS;
  for (unsigned at = 1; at < tries && longest < LEDGER_LONGEST_PAUSE_MS; at++)
    longest *= 2;
  int64_t pause = 1 + (int64_t)random_below((uint64_t)longest);
  int64_t left = tx->deadline_ms - clock_monotonic_ms();
  clock_sleep_ms(pause < left ? pause : left);
}

static bool transaction_try(struct ledger_tx *tx, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = tx->ledger->pool};
  if (!pool_acquire(tx->ledger->pool, tx->deadline_ms, error, &lease.db)) return false;
  tx->db = lease.db;
  bool done = transaction_run(tx, error);
  int64_t db_ns = db_take_time_ns(tx->db);
  for (size_t at = 0; at < tx->count; at++)
    tx->entries[at]->db_ns += db_ns;
  return done;
}

static bool transaction_run_until_settled(struct ledger_tx *tx, struct error *error) {
  struct arena_mark mark = arena_mark(tx->arena);
  for (unsigned tries = 1;; tries++) {
    arena_rewind(tx->arena, mark);
    if (transaction_try(tx, error)) return true;
    if (error->code != ERROR_TRANSIENT) return false;
    if (clock_monotonic_ms() >= tx->deadline_ms) break;
    if (error->sql_errno != 0) pause_before_retry(tx, tries);
  }
  struct error last = *error;
  error_set(error, ERROR_UNAVAILABLE, "The database could not finish this in time; please try again.");
  error_detail(error, "%u: %s", last.sql_errno, last.detail);
  error->sql_errno = last.sql_errno;
  error->retry_after_s = 1;
  return false;
}

/* After the commit, and only then: who is woken must find what they are woken for. */
static void tell_live(const struct ledger_tx *tx) {
  uint64_t changed[WAKE_IDS_MAX];
  size_t count = 0;
  if (tx->ledger->wake == NULL) return;
  for (size_t at = 0; at < tx->count; at++) {
    if (tx->entries[at]->state != LEDGER_CHANGED) continue;
    changed[count++] = tx->entries[at]->learner.user_id;
    if (count < WAKE_IDS_MAX) continue;
    wake_send(tx->ledger->wake, changed, count);
    count = 0;
  }
  if (count > 0) wake_send(tx->ledger->wake, changed, count);
}

static bool run(struct ledger_tx *tx, struct error *error) {
  if (tx->count > LEDGER_ENTRIES_MAX)
    return error_set(error, ERROR_INTERNAL, "More learners than one transaction may touch.");
  tx->now_ms = clock_now_ms();
  tx->deadline_ms = clock_monotonic_ms() + tx->ledger->config->transaction_timeout_ms;
  tx->live = arena_alloc_array(tx->arena, tx->count, sizeof(struct ledger_entry *));
  if (tx->live == NULL) return error_set_memory(error);
  for (size_t at = 0; at < tx->count; at++)
    entry_prepare(tx->entries[at]);
  if (!transaction_run_until_settled(tx, error)) return false;
  tell_live(tx);
  return true;
}

bool ledger_run(struct ledger *ledger, const struct ledger_kind *kind, struct ledger_entry **entries,
                size_t count, void *context, struct arena *scratch, struct error *error) {
  struct ledger_tx tx = {.ledger = ledger,
                         .kind = kind,
                         .context = context,
                         .entries = entries,
                         .count = count,
                         .arena = scratch};
  return run(&tx, error);
}

bool ledger_run_free(struct ledger *ledger, const struct ledger_kind *kind, struct ledger_entry **entries,
                     size_t count, struct arena *scratch, struct error *error) {
  struct ledger_tx tx = {.ledger = ledger,
                         .kind = kind,
                         .entries = entries,
                         .count = count,
                         .skips_held = true,
                         .arena = scratch};
  return run(&tx, error);
}

bool ledger_run_one(struct ledger *ledger, const struct ledger_kind *kind, struct ledger_entry *entry,
                    void *context, struct arena *scratch, struct error *error) {
  if (!ledger_run(ledger, kind, &entry, 1, context, scratch, error)) return false;
  if (entry->state != LEDGER_FAILED) return true;
  *error = entry->error;
  return false;
}
