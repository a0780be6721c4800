/* A database, a pool, and crews that work on kinds of the test's own. */
#ifndef LOCKSTEP_TESTS_JOB_FIXTURE_H
#define LOCKSTEP_TESTS_JOB_FIXTURE_H

#include <stdatomic.h>

#include "../db/fixture.h"

#include "db/migrate.h"
#include "job/job_crew.h"
#include "job/job_private.h"

#define WAIT_MS 20000

static struct fixture fixture;
static struct pool *pool;
static struct config config;
static struct job_app app;

static inline int group_setup(void **state) {
  char migrations[512];
  size_t applied;
  (void)state;
  fixture_init(&fixture, "job");
  fixture.config.transaction_timeout_ms = 20000;
  snprintf(migrations, sizeof migrations, "%s/sql/migrations", getenv("LOCKSTEP_SOURCE"));
  assert_done(&fixture,
              migrate_up(fixture.db, migrations, fixture.arena, NULL, NULL, &fixture.error, &applied));
  config.database = fixture.config;
  assert_done(&fixture, pool_new(&config.database, 40, &fixture.error, &pool));
  app = (struct job_app){.config = &config, .pool = pool};
  return 0;
}

static inline int group_teardown(void **state) {
  (void)state;
  pool_free(pool);
  fixture_end(&fixture);
  return 0;
}

static inline void sql(const char *text) {
  fixture_exec(&fixture, fixture.db, text);
  assert_done(&fixture, db_commit(fixture.db, &fixture.error));
}

static inline const char *ask(const char *text) {
  struct fixture_cell cell = fixture_ask(&fixture, fixture.db, text);
  db_rollback(fixture.db);
  const char *answer = arena_strdup(fixture.arena, cell.text);
  assert_non_null(answer);
  return answer;
}

static inline void await(const char *question, const char *expected) {
  int64_t until_ms = clock_monotonic_ms() + WAIT_MS;
  while (strcmp(ask(question), expected) != 0) {
    if (clock_monotonic_ms() > until_ms) fail_msg("%s: %s, not %s", question, ask(question), expected);
    clock_sleep_ms(10);
  }
}

static inline int setup(void **state) {
  (void)state;
  arena_reset(fixture.arena);
  error_clear(&fixture.error);
  sql("DELETE FROM sync_jobs");
  sql("DELETE FROM sync_workers");
  return 0;
}

static inline struct job_crew *crew_new(size_t threads, int64_t lease_ms, struct job_crew_board *board) {
  struct job_crew *crew = NULL;
  struct job_crew_options options = {
      .threads = threads, .poll_ms = 5, .lease_ms = lease_ms, .batch = 16, .sweeps = true, .board = board};
  assert_done(&fixture, job_crew_start(&app, &options, &fixture.error, &crew));
  return crew;
}

static inline void crew_end(struct job_crew *crew) {
  job_crew_stop(crew);
  job_crew_free(crew);
}

#endif
