/* The learner transaction against a real server: order, replays, failures, races. */
#include <pthread.h>

#include "../db/fixture.h"

#include "db/migrate.h"
#include "ledger/ledger.h"

#include "base/banned.h"

#define THREADS 16
#define ROUNDS 40

static struct fixture fixture;
static struct pool *pool;
static struct ledger *ledger;

/* --- A domain of the test's own: adds tokens, and may be told to misbehave. ----------------------- */

struct note {
  int64_t add;
  bool breaks_rule;
  bool breaks_everything;
  bool keeps; /* a row of its own, which is no change of the learner's */
};

struct note_reply {
  int64_t tokens;
  uint64_t revision;
};

static const struct field note_reply_fields[] = {
    FIELD_INT(struct note_reply, "tokens", tokens, .flags = FIELD_REQUIRED, .summary = "Tokens."),
    FIELD_UINT(struct note_reply, "revision", revision, .flags = FIELD_REQUIRED, .summary = "Revision."),
};
static const struct schema note_reply_schema =
    SCHEMA("NoteReply", struct note_reply, note_reply_fields, .summary = "A test's reply.");

static bool note_work(struct ledger_tx *tx, struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++) {
    struct ledger_entry *entry = ledger_at(tx, at);
    const struct note *note = entry->input;
    if (note->breaks_everything) return error_set(error, ERROR_INTERNAL, "broken on purpose");
    if (note->breaks_rule) {
      error_set(&entry->error, ERROR_UNPROCESSABLE, "against the rule");
      ledger_fail(entry);
      continue;
    }
    struct note_reply *reply = entry->reply;
    if (note->keeps) {
      if (!db_text_exec(ledger_db(tx), "INSERT INTO modules (module_key, label) VALUES ('kept', 'kept')",
                        NULL, 0, error, NULL))
        return false;
      ledger_keep(tx);
    }
    if (note->add != 0) {
      struct ledger_change change = {.what = "tokens", .by = note->add, .because = "a test"};
      entry->learner.tokens += note->add;
      entry->learner.totals_moved = true;
      if (!ledger_report(tx, entry, &change, error)) return false;
    }
    *reply = (struct note_reply){.tokens = entry->learner.tokens, .revision = entry->learner.revision};
  }
  return true;
}

static const struct ledger_kind note_kind = {.name = "note", .work = note_work};

struct operation {
  struct note note;
  struct note_reply reply;
  struct ledger_entry entry;
};

static struct operation *operation_new(uint64_t user_id, const char *op_id, int64_t add) {
  struct operation *operation = arena_alloc(fixture.arena, sizeof *operation);
  assert_non_null(operation);
  operation->note.add = add;
  operation->entry = (struct ledger_entry){.user_id = user_id,
                                           .op_id = op_id,
                                           .actor = "test",
                                           .input = &operation->note,
                                           .reply_schema = &note_reply_schema,
                                           .reply = &operation->reply,
                                           .arena = fixture.arena};
  memset(operation->entry.request_hash.bytes, (int)add, DB_HASH_BYTES);
  return operation;
}

static bool run_one(struct operation *operation) {
  return ledger_run_one(ledger, &note_kind, &operation->entry, NULL, fixture.arena, &fixture.error);
}

static int64_t number(const char *sql) {
  db_rollback(fixture.db);
  return strtoll(fixture_ask(&fixture, fixture.db, sql).text, NULL, 10);
}

static void sql(const char *text) {
  fixture_exec(&fixture, fixture.db, text);
  assert_done(&fixture, db_commit(fixture.db, &fixture.error));
}

/* --- The tests ------------------------------------------------------------------------------------ */

static int set_up(void **state) {
  size_t applied;
  char migrations[512];
  (void)state;
  snprintf(migrations, sizeof migrations, "%s/sql/migrations", getenv("LOCKSTEP_SOURCE"));
  fixture_init(&fixture, "ledger");
  fixture.config.connections = THREADS;
  fixture.config.transaction_timeout_ms = 10000;
  assert_done(&fixture,
              migrate_up(fixture.db, migrations, fixture.arena, NULL, NULL, &fixture.error, &applied));
  assert_done(&fixture, pool_new(&fixture.config, THREADS, &fixture.error, &pool));
  assert_done(&fixture, ledger_new(pool, &fixture.config, &fixture.error, &ledger));
  for (int at = 0; at < 50; at++)
    sql("INSERT INTO users () VALUES ()");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  ledger_free(ledger);
  pool_free(pool);
  fixture_end(&fixture);
  return 0;
}

static void test_moves_totals_and_revision(void **state) {
  (void)state;
  struct operation *operation = operation_new(1, "note:a", 5);
  assert_done(&fixture, run_one(operation));
  assert_int_equal(operation->entry.state, LEDGER_CHANGED);
  assert_int_equal(operation->entry.revision, 1);
  assert_string_equal(operation->entry.reply_text, "{\"tokens\":5,\"revision\":1}");
  assert_int_equal(number("SELECT tokens FROM users WHERE id = 1"), 5);
  assert_int_equal(number("SELECT COUNT(*) FROM ledger WHERE user_id = 1"), 1);
}

static void test_same_id_gets_the_first_reply(void **state) {
  (void)state;
  struct operation *again = operation_new(1, "note:a", 5);
  assert_done(&fixture, run_one(again));
  assert_int_equal(again->entry.state, LEDGER_REPLAYED);
  assert_int_equal(again->entry.revision, 1);
  assert_string_equal(again->entry.reply_text, "{\"tokens\":5,\"revision\":1}");
  assert_int_equal(number("SELECT revision FROM users WHERE id = 1"), 1);
}

static void test_same_id_with_other_content_is_refused(void **state) {
  (void)state;
  assert_false(run_one(operation_new(1, "note:a", 6)));
  assert_int_equal(fixture.error.code, ERROR_UNPROCESSABLE);
  assert_int_equal(number("SELECT tokens FROM users WHERE id = 1"), 5);
}

static void test_id_belongs_to_its_learner(void **state) {
  (void)state;
  assert_done(&fixture, run_one(operation_new(2, "note:a", 6)));
  assert_int_equal(number("SELECT tokens FROM users WHERE id = 2"), 6);
}

static void test_no_change_moves_no_revision(void **state) {
  (void)state;
  struct operation *nothing = operation_new(1, "note:nothing", 0);
  assert_done(&fixture, run_one(nothing));
  assert_int_equal(nothing->entry.state, LEDGER_UNCHANGED);
  assert_int_equal(nothing->entry.revision, 1);
  assert_int_equal(number("SELECT revision FROM users WHERE id = 1"), 1);
  assert_int_equal(number("SELECT COUNT(*) FROM ledger WHERE op_id = 'note:nothing'"), 0);
}

static void test_what_is_kept_stays_without_a_revision(void **state) {
  (void)state;
  struct operation *keeping = operation_new(8, "note:keeping", 0);
  keeping->note.keeps = true;
  assert_done(&fixture, run_one(keeping));
  assert_int_equal(keeping->entry.state, LEDGER_UNCHANGED);
  assert_int_equal(number("SELECT COUNT(*) FROM modules WHERE module_key = 'kept'"), 1);
  assert_int_equal(number("SELECT revision FROM users WHERE id = 8"), 0);
  assert_int_equal(number("SELECT COUNT(*) FROM ledger WHERE user_id = 8"), 0);
  sql("DELETE FROM modules");
  keeping->note.breaks_everything = true;
  assert_false(run_one(keeping));
  assert_int_equal(number("SELECT COUNT(*) FROM modules"), 0);
}

static void test_one_entry_fails_alone(void **state) {
  (void)state;
  struct operation *good = operation_new(4, NULL, 1);
  struct operation *bad = operation_new(3, NULL, 1);
  struct operation *same = operation_new(5, NULL, 0);
  struct ledger_entry *entries[] = {&good->entry, &bad->entry, &same->entry};
  bad->note.breaks_rule = true;
  assert_done(&fixture, ledger_run(ledger, &note_kind, entries, 3, NULL, fixture.arena, &fixture.error));
  assert_int_equal(good->entry.state, LEDGER_CHANGED);
  assert_int_equal(bad->entry.state, LEDGER_FAILED);
  assert_int_equal(bad->entry.error.code, ERROR_UNPROCESSABLE);
  assert_int_equal(same->entry.state, LEDGER_UNCHANGED);
  assert_int_equal(
      number("SELECT GROUP_CONCAT(revision ORDER BY id SEPARATOR '') FROM users WHERE id IN (3, 4, 5)"), 10);
}

static void test_failed_work_leaves_nothing(void **state) {
  (void)state;
  struct operation *first = operation_new(6, NULL, 1);
  struct operation *second = operation_new(7, NULL, 1);
  struct ledger_entry *entries[] = {&first->entry, &second->entry};
  second->note.breaks_everything = true;
  assert_false(ledger_run(ledger, &note_kind, entries, 2, NULL, fixture.arena, &fixture.error));
  assert_int_equal(fixture.error.code, ERROR_INTERNAL);
  assert_int_equal(number("SELECT SUM(revision) FROM users WHERE id IN (6, 7)"), 0);
}

static void test_more_learners_than_one_statement_takes(void **state) {
  (void)state;
  struct ledger_entry *entries[40];
  for (size_t at = 0; at < 40; at++)
    entries[at] = &operation_new(50 - at, NULL, 1)->entry;
  assert_done(&fixture, ledger_run(ledger, &note_kind, entries, 40, NULL, fixture.arena, &fixture.error));
  for (size_t at = 0; at < 40; at++) {
    assert_int_equal(entries[at]->state, LEDGER_CHANGED);
    assert_int_equal(entries[at]->learner.user_id, at + 11);
  }
  assert_int_equal(number("SELECT SUM(tokens) FROM users WHERE id BETWEEN 11 AND 50"), 40);
}

static void test_gone_learners(void **state) {
  (void)state;
  sql("UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = 8");
  assert_false(run_one(operation_new(8, NULL, 1)));
  assert_int_equal(fixture.error.code, ERROR_UNAUTHENTICATED);
  assert_false(run_one(operation_new(999999, NULL, 1)));
  assert_int_equal(fixture.error.code, ERROR_UNAUTHENTICATED);
}

static void test_merged_learner_leads_to_the_other(void **state) {
  (void)state;
  sql("UPDATE users SET merged_into = 10 WHERE id = 9");
  struct operation *operation = operation_new(9, "note:merged", 3);
  assert_done(&fixture, run_one(operation));
  assert_int_equal(operation->entry.learner.user_id, 10);
  assert_int_equal(number("SELECT tokens FROM users WHERE id = 10"), 3);
  assert_int_equal(number("SELECT tokens FROM users WHERE id = 9"), 0);
}

static void test_history_begins_with_what_was_there(void **state) {
  (void)state;
  sql("INSERT INTO users (id, tokens, questions_answered) VALUES (100, 40, 4)");
  assert_done(&fixture, run_one(operation_new(100, NULL, 1)));
  assert_int_equal(number("SELECT SUM(c.moved) FROM ledger AS l JOIN JSON_TABLE(l.changes, '$[*]' COLUMNS ("
                          "what VARCHAR(32) PATH '$.what', moved BIGINT PATH '$.by')) AS c "
                          "WHERE l.user_id = 100 AND c.what = 'tokens'"),
                   41);
  assert_done(&fixture, run_one(operation_new(100, NULL, 1)));
  assert_int_equal(number("SELECT COUNT(*) FROM ledger WHERE user_id = 100"), 3);
}

/* A row lock that is held elsewhere makes the transaction wait, and then see what was committed. */
static void *run_in_thread(void *operation_pointer) {
  struct operation *operation = operation_pointer;
  struct arena *arena = arena_new(FIXTURE_ARENA_BYTES);
  struct error error = ERROR_INIT;
  bool done = ledger_run_one(ledger, &note_kind, &operation->entry, NULL, arena, &error);
  arena_free(arena);
  return done ? operation : NULL;
}

static void test_waits_for_the_lock_and_sees_the_outcome(void **state) {
  (void)state;
  pthread_t thread;
  void *result;
  sql("INSERT INTO users (id) VALUES (101)");
  fixture_exec(&fixture, fixture.db, "UPDATE users SET tokens = 70, revision = 1 WHERE id = 101");
  fixture_exec(
      &fixture, fixture.db,
      "INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, created_at) "
      "VALUES (101, 1, 'note:dying', REPEAT(CHAR(3), 32), 'test', 'note', '[]', UTC_TIMESTAMP())");
  struct operation *operation = operation_new(101, "note:dying", 3);
  operation->entry.arena = arena_new(FIXTURE_ARENA_BYTES);
  assert_int_equal(pthread_create(&thread, NULL, run_in_thread, operation), 0);
  clock_sleep_ms(300);
  assert_int_equal(operation->entry.state, LEDGER_PENDING);
  assert_done(&fixture, db_commit(fixture.db, &fixture.error));
  pthread_join(thread, &result);
  assert_non_null(result);
  assert_int_equal(operation->entry.state, LEDGER_REPLAYED);
  assert_int_equal(number("SELECT tokens FROM users WHERE id = 101"), 70);
  arena_free(operation->entry.arena);
}

static void test_gives_up_at_its_deadline(void **state) {
  (void)state;
  struct database_config config = fixture.config;
  struct ledger *hasty;
  config.transaction_timeout_ms = 300;
  assert_done(&fixture, ledger_new(pool, &config, &fixture.error, &hasty));
  sql("INSERT INTO users (id) VALUES (102)");
  fixture_exec(&fixture, fixture.db, "UPDATE users SET tokens = 1 WHERE id = 102");
  struct operation *operation = operation_new(102, NULL, 1);
  assert_false(ledger_run_one(hasty, &note_kind, &operation->entry, NULL, fixture.arena, &fixture.error));
  assert_int_equal(fixture.error.code, ERROR_UNAVAILABLE);
  assert_true(fixture.error.retry_after_s > 0);
  db_rollback(fixture.db);
  ledger_free(hasty);
}

/* --- Many threads, few learners, every operation sent twice ---------------------------------------- */

static void *hammer(void *seed_pointer) {
  size_t seed = (size_t)(uintptr_t)seed_pointer;
  struct arena *arena = arena_new(FIXTURE_ARENA_BYTES);
  size_t failures = 0;
  for (size_t round = 0; round < ROUNDS; round++) {
    char op_id[LEDGER_OP_ID_BYTES];
    struct note note = {.add = 1};
    struct note_reply reply;
    struct error error = ERROR_INIT;
    /* Threads 2k and 2k + 1 send the same operations of the same learners. */
    snprintf(op_id, sizeof op_id, "note:h%zu-%zu", seed / 2, round);
    struct ledger_entry entry = {.user_id = 201 + (seed / 2 + round) % 5,
                                 .op_id = op_id,
                                 .actor = "test",
                                 .input = &note,
                                 .reply_schema = &note_reply_schema,
                                 .reply = &reply,
                                 .arena = arena};
    bool done = ledger_join(ledger, &note_kind, &entry, arena, &error) && entry.reply_text != NULL;
    size_t bytes = done ? strlen(entry.reply_text) : 0;
    if (bytes == 0 || strncmp(entry.reply_text, "{\"tokens\":", 10) != 0 ||
        entry.reply_text[bytes - 1] != '}')
      failures++;
    arena_reset(arena);
  }
  arena_free(arena);
  return (void *)(uintptr_t)failures;
}

static void test_joined_operations_count_once_each(void **state) {
  (void)state;
  pthread_t threads[THREADS];
  for (int at = 0; at < 5; at++)
    sql("INSERT INTO users (id) SELECT GREATEST(201, MAX(id) + 1) FROM users AS u");
  for (size_t at = 0; at < THREADS; at++)
    assert_int_equal(pthread_create(&threads[at], NULL, hammer, (void *)(uintptr_t)at), 0);
  for (size_t at = 0; at < THREADS; at++) {
    void *failures;
    pthread_join(threads[at], &failures);
    assert_int_equal((uintptr_t)failures, 0);
  }
  assert_int_equal(number("SELECT SUM(tokens) FROM users WHERE id BETWEEN 201 AND 205"),
                   THREADS / 2 * ROUNDS);
  assert_int_equal(number("SELECT SUM(revision) FROM users WHERE id BETWEEN 201 AND 205"),
                   THREADS / 2 * ROUNDS);
  assert_int_equal(number("SELECT COUNT(*) FROM ledger WHERE user_id BETWEEN 201 AND 205"),
                   THREADS / 2 * ROUNDS);
}

/* One that would spoil the shared transaction fails alone. */
static void *join_one(void *operation_pointer) {
  struct operation *operation = operation_pointer;
  struct arena *arena = arena_new(FIXTURE_ARENA_BYTES);
  struct error error = ERROR_INIT;
  bool done = ledger_join(ledger, &note_kind, &operation->entry, arena, &error);
  arena_free(arena);
  return done ? operation : NULL;
}

static void test_a_spoiler_harms_nobody(void **state) {
  (void)state;
  pthread_t threads[THREADS];
  struct operation *operations[THREADS];
  for (size_t at = 0; at < THREADS; at++) {
    char insert[96];
    snprintf(insert, sizeof insert, "INSERT INTO users (id) VALUES (%zu)", 300 + at);
    sql(insert);
    operations[at] = operation_new(300 + at, NULL, 1);
    operations[at]->entry.arena = arena_new(FIXTURE_ARENA_BYTES);
    operations[at]->note.breaks_everything = at == 7;
  }
  for (size_t at = 0; at < THREADS; at++)
    assert_int_equal(pthread_create(&threads[at], NULL, join_one, operations[at]), 0);
  for (size_t at = 0; at < THREADS; at++) {
    void *result;
    pthread_join(threads[at], &result);
    if (at == 7)
      assert_null(result);
    else
      assert_non_null(result);
    arena_free(operations[at]->entry.arena);
  }
  assert_int_equal(number("SELECT SUM(tokens) FROM users WHERE id BETWEEN 300 AND 315"), THREADS - 1);
}

/* As a request does it: its one arena holds the transaction's memory and the reply. */
static void *join_in_own_arena(void *operation_pointer) {
  struct operation *operation = operation_pointer;
  struct error error = ERROR_INIT;
  bool done = ledger_join(ledger, &note_kind, &operation->entry, operation->entry.arena, &error);
  return done ? operation : NULL;
}

static void test_a_spoiler_touches_no_reply(void **state) {
  (void)state;
  for (size_t round = 0; round < ROUNDS; round++) {
    pthread_t threads[THREADS];
    struct operation *operations[THREADS];
    for (size_t at = 0; at < THREADS; at++) {
      operations[at] = operation_new(1 + at, NULL, 1);
      operations[at]->entry.arena = arena_new(FIXTURE_ARENA_BYTES);
      operations[at]->note.breaks_everything = at % 4 == 3;
    }
    for (size_t at = 0; at < THREADS; at++)
      assert_int_equal(pthread_create(&threads[at], NULL, join_in_own_arena, operations[at]), 0);
    for (size_t at = 0; at < THREADS; at++) {
      void *result;
      char expected[96];
      const struct ledger_learner *learner = &operations[at]->entry.learner;
      pthread_join(threads[at], &result);
      snprintf(expected, sizeof expected, "{\"tokens\":%lld,\"revision\":%llu}", (long long)learner->tokens,
               (unsigned long long)learner->revision);
      if (at % 4 == 3)
        assert_null(result);
      else
        assert_string_equal(operations[at]->entry.reply_text, expected);
    }
    for (size_t at = 0; at < THREADS; at++)
      arena_free(operations[at]->entry.arena);
  }
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_moves_totals_and_revision),
      cmocka_unit_test(test_same_id_gets_the_first_reply),
      cmocka_unit_test(test_same_id_with_other_content_is_refused),
      cmocka_unit_test(test_id_belongs_to_its_learner),
      cmocka_unit_test(test_no_change_moves_no_revision),
      cmocka_unit_test(test_what_is_kept_stays_without_a_revision),
      cmocka_unit_test(test_one_entry_fails_alone),
      cmocka_unit_test(test_failed_work_leaves_nothing),
      cmocka_unit_test(test_more_learners_than_one_statement_takes),
      cmocka_unit_test(test_gone_learners),
      cmocka_unit_test(test_merged_learner_leads_to_the_other),
      cmocka_unit_test(test_history_begins_with_what_was_there),
      cmocka_unit_test(test_waits_for_the_lock_and_sees_the_outcome),
      cmocka_unit_test(test_gives_up_at_its_deadline),
      cmocka_unit_test(test_joined_operations_count_once_each),
      cmocka_unit_test(test_a_spoiler_harms_nobody),
      cmocka_unit_test(test_a_spoiler_touches_no_reply),
  };
  return cmocka_run_group_tests_name("ledger", tests, set_up, tear_down);
}
