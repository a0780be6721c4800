/* Jobs against a real server: claimed once, held, taken over, split, repeated, cancelled; and every mistake
 * that an administrator may make. */
#include "job_fixture.h"

#include "base/banned.h"

#define EVERYBODY 300
#define LEARNERS 25000
#define STEPS 20

/* --- Kinds of the test's own ---------------------------------------------------------------------- */

static atomic_int runs;
static atomic_int prepared;
static atomic_int finished;
static atomic_int abandoned;
static atomic_bool gate;     /* `slow` waits for it */
static atomic_int slow_runs; /* began */
static _Atomic uint64_t stale_holds;

struct note {
  int64_t number;
};
static const struct field note_fields[] = {
    FIELD_INT(struct note, "number", number, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = 100,
              .summary = "A number."),
};
static const struct schema note_schema =
    SCHEMA("Note", struct note, note_fields, .summary = "Parameters of a test.");

static bool in_transaction(struct job *job, uint64_t cursor, uint64_t units, const char *text,
                           struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = job->app->pool};
  return pool_acquire(lease.pool, INT64_MAX, error, &lease.db) &&
         job_hold(job, lease.db, cursor, units, error) &&
         db_text_exec(lease.db, text, NULL, 0, error, NULL) && db_commit(lease.db, error);
}

static bool work_count(struct job *job, const void *params, struct error *error) {
  (void)job;
  (void)params;
  (void)error;
  atomic_fetch_add(&runs, 1);
  return true;
}

static bool work_note(struct job *job, const void *params, struct error *error) {
  (void)error;
  job->report =
      arena_printf(job->arena, "{\"number\": %lld}", (long long)((const struct note *)params)->number);
  return job->report != NULL;
}

/* Twenty transactions, each of which leaves a row; the seventh dies the first time. */
static bool work_steps(struct job *job, const void *params, struct error *error) {
  (void)params;
  if (!job_set_total(job, STEPS, error)) return false;
  for (uint64_t step = job->cursor_at + 1; step <= STEPS; step++) {
    char text[96];
    if (!job_may_go_on(job, error)) return false;
    if (step == 7 && atomic_fetch_add(&runs, 1) == 0)
      return error_set(error, ERROR_INTERNAL, "broken on purpose");
    snprintf(text, sizeof text, "INSERT INTO effects (job_id, step) VALUES (%llu, %llu)",
             (unsigned long long)job->id, (unsigned long long)step);
    if (!in_transaction(job, step, 1, text, error)) return false;
  }
  return true;
}

static bool work_slow(struct job *job, const void *params, struct error *error) {
  (void)params;
  atomic_fetch_add(&slow_runs, 1);
  while (!atomic_load(&gate)) {
    if (!job_may_go_on(job, error)) return false;
    clock_sleep_ms(5);
  }
  return true;
}

/* Goes on as a process would that was frozen: nobody tells it that it lost the job. */
static bool work_deaf(struct job *job, const void *params, struct error *error) {
  (void)params;
  bool first = atomic_fetch_add(&slow_runs, 1) == 0;
  while (first && !atomic_load(&gate))
    clock_sleep_ms(5);
  if (in_transaction(job, 1, 1, "INSERT INTO effects (job_id, step) VALUES (1, 1)", error)) return true;
  atomic_fetch_add(&stale_holds, 1);
  return false;
}

static bool work_refuse(struct job *job, const void *params, struct error *error) {
  (void)job;
  (void)params;
  return error_set(error, ERROR_UNPROCESSABLE, "Refused on purpose.");
}

static bool work_break(struct job *job, const void *params, struct error *error) {
  (void)job;
  (void)params;
  atomic_fetch_add(&runs, 1);
  return error_set(error, ERROR_INTERNAL, "broken on purpose");
}

static bool split(struct job *job, const void *params, struct error *error) {
  (void)params;
  atomic_fetch_add(&prepared, 1);
  if (!job_set_subject(job, 4711, error)) return false;
  job_split(job);
  return true;
}

static bool work_range(struct job *job, const void *params, struct error *error) {
  (void)params;
  if (job->subject_id != 4711) return error_set(error, ERROR_UNPROCESSABLE, "The subject was lost.");
  atomic_fetch_add(&runs, 1);
  return in_transaction(job, job->range_to, 100, "INSERT INTO effects (job_id, step) VALUES (2, 2)", error);
}

static bool work_bad_range(struct job *job, const void *params, struct error *error) {
  if (job->range_from == 0) return error_set(error, ERROR_UNPROCESSABLE, "A range refused.");
  return work_slow(job, params, error);
}

static bool finish(struct job *job, const void *params, struct error *error) {
  (void)params;
  (void)error;
  atomic_fetch_add(&finished, 1);
  job->report = "{\"finished\": true}";
  return true;
}

static bool give_up(struct job *job, const void *params, const char *why, struct error *error) {
  (void)job;
  (void)params;
  (void)why;
  (void)error;
  atomic_fetch_add(&abandoned, 1);
  return true;
}

static const struct job_kind kinds[] = {
    {.name = "count", .work = work_count, .unit = "runs", .summary = "Counts."},
    {.name = "note", .params = &note_schema, .work = work_note, .unit = "notes", .summary = "Notes."},
    {.name = "steps", .work = work_steps, .unit = "steps", .summary = "Steps."},
    {.name = "slow", .work = work_slow, .abandon = give_up, .unit = "runs", .summary = "Waits."},
    {.name = "deaf", .work = work_deaf, .unit = "runs", .summary = "Does not ask."},
    {.name = "refuse", .work = work_refuse, .abandon = give_up, .unit = "runs", .summary = "Fails."},
    {.name = "break", .work = work_break, .abandon = give_up, .unit = "runs", .summary = "Breaks."},
    {.name = "split",
     .prepare = split,
     .work = work_range,
     .finish = finish,
     .abandon = give_up,
     .unit = "learners",
     .summary = "In ranges."},
    {.name = "split_badly",
     .prepare = split,
     .work = work_bad_range,
     .finish = finish,
     .abandon = give_up,
     .unit = "learners",
     .summary = "In ranges, of which one fails."},
    {.name = "split_slowly",
     .prepare = split,
     .work = work_slow,
     .finish = finish,
     .abandon = give_up,
     .unit = "learners",
     .summary = "In ranges that wait."},
};
static const struct job_kind_table table = JOB_KIND_TABLE(kinds);
const struct job_kind_table *const job_kind_tables[] = {&table, NULL};

static int setup_jobs(void **state) {
  setup(state);
  sql("DROP TABLE IF EXISTS effects");
  sql("CREATE TABLE effects (id INT AUTO_INCREMENT PRIMARY KEY, job_id BIGINT, step BIGINT)");
  atomic_store(&runs, 0);
  atomic_store(&prepared, 0);
  atomic_store(&finished, 0);
  atomic_store(&abandoned, 0);
  atomic_store(&gate, false);
  atomic_store(&slow_runs, 0);
  atomic_store(&stale_holds, 0);
  return 0;
}

#define STATE_OF_ALL "SELECT GROUP_CONCAT(DISTINCT state ORDER BY state) FROM sync_jobs"
#define OPEN_JOBS "SELECT COUNT(*) FROM sync_jobs WHERE state IN ('ready', 'running')"

/* --- Claims --------------------------------------------------------------------------------------- */

static void test_every_job_runs_once(void **state) {
  char text[128];
  (void)state;
  for (int at = 0; at < EVERYBODY; at++) {
    snprintf(text, sizeof text, "INSERT INTO sync_jobs (kind, priority) VALUES ('count', %d)", at % 10);
    fixture_exec(&fixture, fixture.db, text);
  }
  assert_done(&fixture, db_commit(fixture.db, &fixture.error));
  struct job_crew *one = crew_new(4, 10000, NULL);
  struct job_crew *other = crew_new(4, 10000, NULL);
  await(OPEN_JOBS, "0");
  crew_end(one);
  crew_end(other);
  assert_int_equal(atomic_load(&runs), EVERYBODY);
  assert_string_equal(ask(STATE_OF_ALL), "done");
  assert_string_equal(ask("SELECT MAX(attempts) FROM sync_jobs"), "1");
  assert_string_equal(ask("SELECT COUNT(*) FROM sync_workers"), "0");
}

static void test_a_job_goes_on_at_its_cursor(void **state) {
  (void)state;
  sql("INSERT INTO sync_jobs (kind) VALUES ('steps')");
  struct job_crew *crew = crew_new(2, 10000, NULL);
  await(STATE_OF_ALL, "done");
  crew_end(crew);
  assert_string_equal(ask("SELECT CONCAT(COUNT(*), '/', COUNT(DISTINCT step)) FROM effects"), "20/20");
  assert_string_equal(ask("SELECT CONCAT_WS('/', done_units, total_units, cursor_at) FROM sync_jobs"),
                      "20/20/20");
  assert_string_equal(ask("SELECT error FROM sync_jobs"), "NULL");
}

static void test_attempts_run_out(void **state) {
  (void)state;
  sql("INSERT INTO sync_jobs (kind, max_attempts) VALUES ('break', 2)");
  struct job_crew *crew = crew_new(1, 10000, NULL);
  await(STATE_OF_ALL, "dead");
  crew_end(crew);
  assert_int_equal(atomic_load(&runs), 2);
  assert_int_equal(atomic_load(&abandoned), 1);
  assert_string_equal(ask("SELECT error FROM sync_jobs"), "broken on purpose.");
}

static void test_a_stop_hands_back(void **state) {
  (void)state;
  sql("INSERT INTO sync_jobs (kind) VALUES ('slow')");
  struct job_crew *crew = crew_new(1, 10000, NULL);
  await(STATE_OF_ALL, "running");
  crew_end(crew);
  assert_string_equal(ask("SELECT CONCAT_WS('/', state, attempts, worker_id IS NULL) FROM sync_jobs"),
                      "ready/0/1");
}

/* --- Workers that die ----------------------------------------------------------------------------- */

/* The row of a worker that nobody beats for any more, with a job in its hands. */
static void leave_behind(const char *kind, struct job_crew_board *board) {
  char text[256];
  sql("INSERT INTO sync_workers (name) VALUES ('dead')");
  snprintf(text, sizeof text,
           "INSERT INTO sync_jobs (kind, state, worker_id, claim_seq, attempts)"
           " SELECT '%s', 'running', MAX(id), 1, 1 FROM sync_workers",
           kind);
  sql(text);
  if (board != NULL) board->worker_ids[0] = strtoull(ask("SELECT MAX(id) FROM sync_workers"), NULL, 10);
}

static void test_a_lease_runs_out(void **state) {
  (void)state;
  leave_behind("count", NULL);
  struct job_crew *crew = crew_new(1, 1000, NULL);
  clock_sleep_ms(500);
  assert_int_equal(atomic_load(&runs), 0);
  await(STATE_OF_ALL, "done");
  crew_end(crew);
  assert_int_equal(atomic_load(&runs), 1);
  assert_string_equal(ask("SELECT attempts FROM sync_jobs"), "2");
}

static void test_whoever_is_known_to_be_dead_is_not_waited_for(void **state) {
  struct job_crew_board board = {{0}};
  (void)state;
  leave_behind("count", &board);
  int64_t began_ms = clock_monotonic_ms();
  struct job_crew *crew = crew_new(1, 60000, &board);
  await(STATE_OF_ALL, "done");
  assert_true(clock_monotonic_ms() - began_ms < 1000);
  crew_end(crew);
  assert_int_equal(atomic_load(&board.worker_ids[0]), 0);
}

static void test_a_lost_claim_writes_nothing(void **state) {
  (void)state;
  sql("INSERT INTO sync_jobs (kind) VALUES ('deaf')");
  struct job_crew *frozen = crew_new(1, 60000, NULL);
  await(STATE_OF_ALL, "running");
  sql("DELETE FROM sync_workers"); /* as whoever takes it for dead would */
  struct job_crew *other = crew_new(1, 60000, NULL);
  await(STATE_OF_ALL, "done");
  atomic_store(&gate, true);
  crew_end(other);
  crew_end(frozen);
  assert_int_equal(atomic_load(&slow_runs), 2);
  assert_int_equal(atomic_load(&stale_holds), 1);
  assert_string_equal(ask("SELECT COUNT(*) FROM effects"), "1");
  assert_string_equal(ask("SELECT CONCAT_WS('/', state, done_units) FROM sync_jobs"), "done/1");
}

/* --- Ranges --------------------------------------------------------------------------------------- */

static void add_learners(void) {
  if (strcmp(ask("SELECT COUNT(*) FROM users"), "0") != 0) return;
  sql("INSERT INTO users (id) WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
      " SELECT a.i + 500 * (b.i - 1) FROM n AS a JOIN n AS b WHERE b.i <= 50");
}

static void test_ranges_and_their_end(void **state) {
  (void)state;
  add_learners();
  sql("INSERT INTO sync_jobs (kind) VALUES ('split')");
  struct job_crew *crew = crew_new(3, 10000, NULL);
  await(OPEN_JOBS, "0");
  crew_end(crew);
  assert_int_equal(atomic_load(&prepared), 1);
  assert_int_equal(atomic_load(&runs), 3);
  assert_int_equal(atomic_load(&finished), 1);
  assert_int_equal(atomic_load(&abandoned), 0);
  assert_string_equal(ask(STATE_OF_ALL), "done");
  assert_string_equal(
      ask("SELECT CONCAT_WS('/', done_units, total_units, open_children, report) FROM sync_jobs"
          " WHERE parent_id IS NULL"),
      "300/25000/0/{\"finished\": true}");
  assert_string_equal(ask("SELECT GROUP_CONCAT(CONCAT(range_from, '-', range_to) ORDER BY id) FROM sync_jobs"
                          " WHERE parent_id IS NOT NULL"),
                      "0-10000,10001-20000,20001-9223372036854775807");
}

static void test_a_range_that_fails_ends_all(void **state) {
  (void)state;
  add_learners();
  sql("INSERT INTO sync_jobs (kind) VALUES ('split_badly')");
  struct job_crew *crew = crew_new(2, 10000, NULL);
  await(OPEN_JOBS, "0");
  crew_end(crew);
  assert_int_equal(atomic_load(&finished), 0);
  assert_int_equal(atomic_load(&abandoned), 1);
  assert_string_equal(ask("SELECT state FROM sync_jobs WHERE parent_id IS NULL"), "failed");
  assert_non_null(strstr(ask("SELECT error FROM sync_jobs WHERE parent_id IS NULL"), "A range refused."));
  assert_string_equal(ask("SELECT COUNT(*) FROM sync_jobs WHERE state = 'cancelled'"), "2");
}

static void test_ranges_are_cancelled_with_their_parent(void **state) {
  (void)state;
  add_learners();
  sql("INSERT INTO sync_jobs (kind) VALUES ('split_slowly')");
  struct job_crew *crew = crew_new(2, 10000, NULL);
  await("SELECT COUNT(*) FROM sync_jobs WHERE state = 'running' AND parent_id IS NOT NULL", "2");
  sql("UPDATE sync_jobs SET cancel_requested = 1 WHERE parent_id IS NULL");
  await(STATE_OF_ALL, "cancelled");
  crew_end(crew);
  assert_int_equal(atomic_load(&abandoned), 1);
  assert_int_equal(atomic_load(&finished), 0);
}

/* --- Cancelling ----------------------------------------------------------------------------------- */

static void test_cancelled_before_during_and_after(void **state) {
  (void)state;
  sql("INSERT INTO sync_jobs (kind, run_at) VALUES ('count', '2999-01-01')");
  sql("INSERT INTO sync_jobs (kind) VALUES ('slow'), ('count')");
  struct job_crew *crew = crew_new(2, 10000, NULL);
  await("SELECT GROUP_CONCAT(state ORDER BY id) FROM sync_jobs", "ready,running,done");
  sql("UPDATE sync_jobs SET cancel_requested = 1");
  await("SELECT GROUP_CONCAT(state ORDER BY id) FROM sync_jobs", "cancelled,cancelled,done");
  crew_end(crew);
  assert_int_equal(atomic_load(&runs), 1);
  assert_int_equal(atomic_load(&abandoned), 1);
}

/* --- Schedules ------------------------------------------------------------------------------------ */

static void test_a_tick_fires_once(void **state) {
  (void)state;
  sql("INSERT INTO sync_jobs (kind, repeat_every_s, run_at)"
      " VALUES ('count', 3600, UTC_TIMESTAMP(3) - INTERVAL 150 MINUTE)");
  struct job_crew *one = crew_new(3, 10000, NULL);
  struct job_crew *other = crew_new(3, 10000, NULL);
  await("SELECT COUNT(*) FROM sync_jobs WHERE state = 'done'", "1");
  clock_sleep_ms(300);
  crew_end(one);
  crew_end(other);
  assert_int_equal(atomic_load(&runs), 1);
  assert_string_equal(ask("SELECT COUNT(*) FROM sync_jobs"), "2");
  assert_string_equal(
      ask("SELECT CONCAT_WS('/', state, run_at BETWEEN UTC_TIMESTAMP() + INTERVAL 29 MINUTE"
          " AND UTC_TIMESTAMP() + INTERVAL 31 MINUTE) FROM sync_jobs WHERE repeat_every_s > 0"),
      "ready/1");
}

static void test_a_tick_is_skipped_while_the_last_one_runs(void **state) {
  (void)state;
  sql("INSERT INTO sync_jobs (kind, repeat_every_s) VALUES ('slow', 1)");
  struct job_crew *crew = crew_new(2, 10000, NULL);
  await("SELECT COUNT(*) FROM sync_jobs WHERE repeat_every_s = 1 AND report LIKE '%skipped%'", "1");
  assert_string_equal(ask("SELECT COUNT(*) FROM sync_jobs"), "2");
  sql("UPDATE sync_jobs SET cancel_requested = 1");
  await(STATE_OF_ALL, "cancelled");
  crew_end(crew);
}

static void test_times_of_ticks(void **state) {
  (void)state;
  struct job_row_check every = {.has_every = true, .repeat_every_s = 10};
  struct job_row_check daily = {.has_daily = true, .repeat_daily_s = 3600};
  assert_int_equal(job_schedule_next(&every, 1000, 1000), 11000);
  assert_int_equal(job_schedule_next(&every, 1000, 35000), 41000);
  assert_int_equal(job_schedule_next(&daily, 0, INT64_C(86400000) * 5 + 3599999),
                   INT64_C(86400000) * 5 + 3600000);
  assert_int_equal(job_schedule_next(&daily, 0, INT64_C(86400000) * 5 + 3600000),
                   INT64_C(86400000) * 6 + 3600000);
}

/* --- Mistakes ------------------------------------------------------------------------------------- */

static void test_mistakes_are_told(void **state) {
  static const struct {
    const char *columns;
    const char *values;
    const char *said;
  } mistakes[] = {
      {"kind", "'cuont'", "kind \"cuont\" is not known; did you mean \"count\"?"},
      {"kind", "''", "is not known"},
      {"kind, params", "'note', 'nonsense'", "params must be a JSON object"},
      {"kind, params", "'note', '[]'", "params must be a JSON object"},
      {"kind, params", "'note', NULL", "params.number is required"},
      {"kind, params", "'note', '{\"number\": \"seven\"}'",
       "params.number must be a whole number from 1 to 100"},
      {"kind, params", "'note', '{\"number\": 7, \"nubmer\": 8}'", "params.nubmer"},
      {"kind, params", "'count', '{\"number\": 7}'", "params must be empty: count takes none"},
      {"kind, priority", "'count', 200", "priority must be from 0 (first) to 9 (last), but is 200"},
      {"kind, max_attempts", "'count', 0", "max_attempts must be at least 1"},
      {"kind, repeat_every_s", "'count', 0", "repeat_every_s must be at least 1 s, but is 0"},
      {"kind, repeat_every_s", "'count', -5", "must be at least 1 s"},
      {"kind, repeat_every_s, repeat_daily_at", "'count', 5, '03:00'", "exclude each other"},
      {"kind, repeat_daily_at", "'count', '25:00:00'", "repeat_daily_at must be a time of day"},
      {"kind, run_at", "'cuont', '2999-01-01'", "did you mean \"count\"?"},
  };
  (void)state;
  struct job_crew *crew = crew_new(2, 10000, NULL);
  for (size_t at = 0; at < ARRAY_LENGTH(mistakes); at++) {
    char text[512];
    sql("DELETE FROM sync_jobs");
    snprintf(text, sizeof text, "INSERT INTO sync_jobs (%s) VALUES (%s)", mistakes[at].columns,
             mistakes[at].values);
    sql(text);
    await(STATE_OF_ALL, "failed");
    const char *said = ask("SELECT error FROM sync_jobs");
    if (strstr(said, mistakes[at].said) == NULL) fail_msg("%s: %s", mistakes[at].values, said);
  }
  sql("INSERT INTO sync_jobs (kind, params, run_at, range_from, cursor_at, report)"
      " VALUES ('note', '{\"number\": 7}', '1970-01-02', 5, 99, 'garbage')");
  await("SELECT report FROM sync_jobs WHERE state = 'done'", "{\"number\": 7}");
  crew_end(crew);
}

static void test_a_final_failure_is_not_tried_again(void **state) {
  (void)state;
  sql("INSERT INTO sync_jobs (kind) VALUES ('refuse')");
  struct job_crew *crew = crew_new(1, 10000, NULL);
  await(STATE_OF_ALL, "failed");
  crew_end(crew);
  assert_string_equal(ask("SELECT CONCAT_WS('/', attempts, error) FROM sync_jobs"), "1/Refused on purpose.");
  assert_int_equal(atomic_load(&abandoned), 1);
}

static void test_a_dedupe_key_is_taken_once(void **state) {
  struct job_order order = {.kind = "count", .priority = 5, .dedupe_key = "once", .created_by = "test"};
  uint64_t id = 0;
  (void)state;
  assert_done(&fixture, job_enqueue(fixture.db, &order, fixture.arena, &fixture.error, &id));
  assert_done(&fixture, db_commit(fixture.db, &fixture.error));
  assert_false(job_enqueue(fixture.db, &order, fixture.arena, &fixture.error, &id));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_non_null(strstr(fixture.error.detail, "one_active_job_per_dedupe_key"));
  db_rollback(fixture.db);
  struct job_crew *crew = crew_new(1, 10000, NULL);
  await(STATE_OF_ALL, "done");
  crew_end(crew);
  error_clear(&fixture.error);
  assert_done(&fixture, job_enqueue(fixture.db, &order, fixture.arena, &fixture.error, &id));
  assert_done(&fixture, db_commit(fixture.db, &fixture.error));
}

int main(void) {
  if (fixture_is_missing()) return 0;
#define TEST(name) cmocka_unit_test_setup(name, setup_jobs)
  const struct CMUnitTest tests[] = {
      TEST(test_every_job_runs_once),
      TEST(test_a_job_goes_on_at_its_cursor),
      TEST(test_attempts_run_out),
      TEST(test_a_stop_hands_back),
      TEST(test_a_lease_runs_out),
      TEST(test_whoever_is_known_to_be_dead_is_not_waited_for),
      TEST(test_a_lost_claim_writes_nothing),
      TEST(test_ranges_and_their_end),
      TEST(test_a_range_that_fails_ends_all),
      TEST(test_ranges_are_cancelled_with_their_parent),
      TEST(test_cancelled_before_during_and_after),
      TEST(test_a_tick_fires_once),
      TEST(test_a_tick_is_skipped_while_the_last_one_runs),
      TEST(test_times_of_ticks),
      TEST(test_mistakes_are_told),
      TEST(test_a_final_failure_is_not_tried_again),
      TEST(test_a_dedupe_key_is_taken_once),
  };
  return cmocka_run_group_tests_name("job", tests, group_setup, group_teardown);
}
