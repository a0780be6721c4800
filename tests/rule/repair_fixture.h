/* Runs over the learners of a test. */
#ifndef LOCKSTEP_TESTS_REPAIR_FIXTURE_H
#define LOCKSTEP_TESTS_REPAIR_FIXTURE_H

#include <pthread.h>

#include "rule_fixture.h"

#include "base/buffer.h"
#include "rule/repair.h"

static struct config whole; /* of the engine */
static struct repair_engine engine;

static inline int repair_setup(void **state) {
  setup(state);
  whole = (struct config){.rules = config};
  return 0;
}

static inline void use_rules(void) {
  load();
  whole.rules = config;
  engine = (struct repair_engine){.set = set, .pool = pool, .config = &whole};
}

/* Trims display names; `more` follows the annotations, each with its line break. */
#define NAMES_RULE(name, more) \
  "-- rule: " name "\n-- summary: S\n-- severity: info\n-- changes: users.display_name\n" more "\n" \
  "SELECT id AS user_id, 'users' AS `table`, CONCAT('{\"id\": ', id, '}') AS `key`, 'set' AS `action`," \
  " 'display_name' AS `column`, display_name AS actual, TRIM(display_name) AS wanted FROM users" \
  " WHERE id BETWEEN :from AND :to AND display_name LIKE ' %'\n"
#define EVERY_ROW "-- limit: 100 %\n"

/* Learners with ids in a row, named " n"; the first of them. */
static inline uint64_t named_learners(size_t count) {
  uint64_t first = 0;
  for (size_t at = 0; at < count; at++) {
    uint64_t user_id = learner_new(0, 0, 0, NULL);
    if (at == 0) first = user_id;
  }
  run(arena_printf(fixture.arena,
                   "UPDATE users SET display_name = CONCAT(' n', id) WHERE id BETWEEN %llu AND %llu",
                   (unsigned long long)first, (unsigned long long)(first + count - 1)),
      NULL, 0);
  return first;
}

static inline struct repair_order order_of(uint64_t from, uint64_t to) {
  return (struct repair_order){.from_user = from, .to_user = to, .actor = "rule:test"};
}

static inline uint64_t repair(uint64_t from, uint64_t to) {
  struct repair_order order = order_of(from, to);
  uint64_t run_id = 0;
  assert_done(&fixture, repair_run(&engine, &order, fixture.arena, &fixture.error, &run_id));
  return run_id;
}

/* Opens and runs, without measuring. */
static inline uint64_t run_order(const struct repair_order *order) {
  uint64_t run_id = 0;
  assert_done(&fixture, repair_open(&engine, order, fixture.arena, &fixture.error, &run_id));
  assert_done(&fixture, repair_range(&engine, run_id, 0, UINT64_MAX, NULL, fixture.arena, &fixture.error));
  assert_done(&fixture, repair_close(&engine, run_id, fixture.arena, &fixture.error));
  return run_id;
}

static inline uint64_t rollback_run(uint64_t of) {
  struct repair_order order = order_of(0, 0);
  order.rolls_back = of;
  return run_order(&order);
}

static inline struct repair_summary summary_of(uint64_t run_id) {
  struct repair_summary summary = {.id = 0};
  bool found = false;
  assert_done(&fixture, repair_read(fixture.db, run_id, fixture.arena, &fixture.error, &summary, &found));
  db_rollback(fixture.db);
  assert_true(found);
  return summary;
}

static inline struct repair_count count_of(uint64_t run_id, const char *rule) {
  struct repair_summary summary = summary_of(run_id);
  for (size_t at = 0; at < summary.count_count; at++)
    if (strcmp(summary.counts[at].rule, rule) == 0) return summary.counts[at];
  return (struct repair_count){.rule = rule};
}

/* SQL in which each # stands for the number. */
static inline const char *with_number(const char *format, uint64_t number) {
  CLEANUP(buffer_free) struct buffer sql = BUFFER_INIT(65536);
  for (const char *at = format; *at != '\0'; at++) {
    if (*at == '#')
      buffer_append_u64(&sql, number);
    else
      buffer_append_char(&sql, *at);
  }
  return arena_strdup(fixture.arena, sql.data);
}

/* The one value of a SELECT with a number in it. */
static inline const char *tell(const char *format, uint64_t number) {
  struct answer answer = {NULL};
  assert_done(&fixture, db_text_each(fixture.db, with_number(format, number), NULL, 0, fixture.arena,
                                     keep_text, &answer, &fixture.error));
  db_rollback(fixture.db);
  return answer.text;
}

static inline uint64_t count(const char *format, uint64_t number) {
  const char *text = tell(format, number);
  assert_non_null(text);
  return strtoull(text, NULL, 10);
}

/* A run on a thread of its own. */
struct runner {
  pthread_t thread;
  struct repair_order order;
  uint64_t run_id;
  struct error error;
  bool done;
};

static inline void *runner_work(void *context) {
  struct runner *runner = context;
  struct arena *arena = arena_new(FIXTURE_ARENA_BYTES);
  runner->done = arena != NULL &&
                 repair_open(&engine, &runner->order, arena, &runner->error, &runner->run_id) &&
                 repair_range(&engine, runner->run_id, 0, UINT64_MAX, NULL, arena, &runner->error) &&
                 repair_close(&engine, runner->run_id, arena, &runner->error);
  arena_free(arena);
  return NULL;
}

static inline void runner_start(struct runner *runner, uint64_t from, uint64_t to) {
  *runner = (struct runner){.order = order_of(from, to)};
  assert_int_equal(pthread_create(&runner->thread, NULL, runner_work, runner), 0);
}

static inline void runner_join(struct runner *runner) {
  assert_int_equal(pthread_join(runner->thread, NULL), 0);
  if (!runner->done) fail_msg("%s (%s)", runner->error.message, runner->error.detail);
}

/* The connection of this test's database that waits for a row, once one does. */
static inline uint64_t await_waiter(void) {
  for (int tries = 0; tries < 40; tries++) {
    uint64_t id =
        count("SELECT COALESCE(MAX(t.trx_mysql_thread_id), 0) FROM information_schema.INNODB_TRX AS t"
              " JOIN information_schema.PROCESSLIST AS p ON p.ID = t.trx_mysql_thread_id"
              " WHERE t.trx_state = 'LOCK WAIT' AND p.DB = DATABASE()",
              0);
    if (id != 0) return id;
    clock_sleep_ms(150); /* the server renews its picture only when it was left alone for 100 */
  }
  fail_msg("nobody waits for a row");
  return 0;
}

#endif
