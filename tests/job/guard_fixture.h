/* A migrated database with pool and ledger, and a guard that writes down what it is asked and can lose the
 * claim: what jobs bring about is tested without anybody who runs jobs. */
#ifndef LOCKSTEP_TESTS_GUARD_FIXTURE_H
#define LOCKSTEP_TESTS_GUARD_FIXTURE_H

#include "../db/fixture.h"

#include "db/migrate.h"
#include "job/job_step.h"
#include "ledger/ledger.h"

static struct fixture fixture;
static struct pool *pool;
static struct ledger *ledger;

/* What the guard of a test saw. */
struct watch {
  uint64_t cursor; /* of the last hold that was granted */
  uint64_t units;
  size_t holds;
  size_t holds_left; /* 0: the claim is lost */
};

static inline bool watch_hold(void *context, struct db *db, uint64_t cursor, uint64_t units,
                              struct error *error) {
  struct watch *watch = context;
  (void)db;
  if (watch->holds_left == 0) return error_set(error, ERROR_CONFLICT, "The claim is lost.");
  watch->holds_left--;
  watch->holds++;
  watch->cursor = cursor;
  watch->units += units;
  return true;
}

static inline bool watch_may_go_on(void *context, struct error *error) {
  (void)context;
  (void)error;
  return true;
}

static inline struct repair_guard watch_guard(struct watch *watch) {
  return (struct repair_guard){.hold = watch_hold, .may_go_on = watch_may_go_on, .context = watch};
}

static inline int group_setup(void **state) {
  (void)state;
  char migrations[512];
  const char *source = getenv("LOCKSTEP_SOURCE");
  size_t applied;
  fixture_init(&fixture, "job");
  fixture.config.transaction_timeout_ms = 20000;
  snprintf(migrations, sizeof migrations, "%s/sql/migrations", source == NULL ? "." : source);
  assert_done(&fixture,
              migrate_up(fixture.db, migrations, fixture.arena, NULL, NULL, &fixture.error, &applied));
  assert_done(&fixture, pool_new(&fixture.config, 8, &fixture.error, &pool));
  assert_done(&fixture, ledger_new(pool, &fixture.config, &fixture.error, &ledger));
  return 0;
}

static inline int group_teardown(void **state) {
  (void)state;
  ledger_free(ledger);
  pool_free(pool);
  fixture_end(&fixture);
  return 0;
}

static inline void run(const char *sql) {
  fixture_exec(&fixture, fixture.db, sql);
  assert_done(&fixture, db_commit(fixture.db, &fixture.error));
}

static inline const char *ask(const char *sql) {
  struct fixture_cell cell = fixture_ask(&fixture, fixture.db, sql);
  db_rollback(fixture.db);
  const char *text = arena_strdup(fixture.arena, cell.rows == 0 ? "nothing" : cell.text);
  assert_non_null(text);
  return text;
}

#define assert_answer(sql, expected) assert_string_equal(ask(sql), expected)

#endif
