/* Migrations on a real server: once each, by one runner at a time, and never over a changed file. */
#include "fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "db/migrate.h"

#include "base/banned.h"

static struct fixture fixture;
static char directory[] = "/tmp/lockstep-migrate-XXXXXX";
static const char *const files[] = {"0001_first.sql", "0002_second.sql", "0003_third.sql", "0000_zero.sql"};

static void write_file(const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_true(file >= 0);
  assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
  close(file);
}

static void remove_file(const char *name) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  unlink(path);
}

static int set_up(void **state) {
  (void)state;
  fixture_init(&fixture, "migrate");
  assert_non_null(mkdtemp(directory));
  write_file(files[0], "-- a; comment\nCREATE TABLE first (id INT PRIMARY KEY, note VARCHAR(50));\n"
                       "INSERT INTO first VALUES (1, 'semi;colon \\' quote'), (2, \"a -- b\");\n");
  write_file(files[1], "/* two */ CREATE TABLE second (id INT PRIMARY KEY);\n");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(files); at++)
    remove_file(files[at]);
  rmdir(directory);
  fixture_end(&fixture);
  return 0;
}

static size_t migrate(void) {
  size_t applied = 0;
  assert_done(&fixture,
              migrate_up(fixture.db, directory, fixture.arena, NULL, NULL, &fixture.error, &applied));
  return applied;
}

static struct migration status_of(size_t at) {
  struct migration *migrations;
  size_t count;
  assert_done(&fixture,
              migrate_status(fixture.db, directory, fixture.arena, &fixture.error, &migrations, &count));
  assert_true(at < count);
  return migrations[at];
}

static enum migration_state state_of(size_t at) { return status_of(at).state; }

/* As it was before the third. */
static void forget_third(void) {
  remove_file(files[2]);
  fixture_exec(&fixture, fixture.db, "DROP TABLE IF EXISTS third");
  fixture_exec(&fixture, fixture.db, "DELETE FROM schema_migrations WHERE number = 3");
  assert_done(&fixture, db_commit(fixture.db, &fixture.error));
}

static void test_applies_once_in_order(void **state) {
  (void)state;
  assert_int_equal(state_of(0), MIGRATION_PENDING);
  assert_int_equal(migrate(), 2);
  assert_int_equal(state_of(0), MIGRATION_APPLIED);
  assert_int_equal(state_of(1), MIGRATION_APPLIED);
  assert_int_equal(migrate(), 0);
  assert_string_equal(fixture_ask(&fixture, fixture.db, "SELECT note FROM first WHERE id = 1").text,
                      "semi;colon ' quote");
  db_rollback(fixture.db);
}

static void test_a_changed_file_is_refused(void **state) {
  size_t applied;
  (void)state;
  write_file(files[1], "CREATE TABLE second (id BIGINT PRIMARY KEY);\n");
  assert_int_equal(state_of(1), MIGRATION_CHANGED);
  assert_false(migrate_up(fixture.db, directory, fixture.arena, NULL, NULL, &fixture.error, &applied));
  assert_non_null(strstr(fixture.error.message, "0002_second"));
  write_file(files[1], "/* two */ CREATE TABLE second (id INT PRIMARY KEY);\n");
  assert_int_equal(state_of(1), MIGRATION_APPLIED);
}

static void *second_runner(void *ignored) {
  struct arena *arena = arena_new(FIXTURE_ARENA_BYTES);
  struct error error = ERROR_INIT;
  struct db *db = NULL;
  size_t applied = 99;
  (void)ignored;
  bool done = db_connect(&fixture.config, 0, &error, &db) &&
              migrate_up(db, directory, arena, NULL, NULL, &error, &applied);
  db_close(db);
  arena_free(arena);
  return (void *)(uintptr_t)(done ? applied : 99);
}

static void test_a_second_runner_waits_and_finds_nothing_to_do(void **state) {
  pthread_t threads[4];
  size_t together = 0;
  (void)state;
  write_file(files[2],
             "CREATE TABLE third (id INT PRIMARY KEY);\nDO SLEEP(0.5);\nINSERT INTO third VALUES (1);\n");
  for (size_t at = 0; at < ARRAY_LENGTH(threads); at++)
    assert_int_equal(pthread_create(&threads[at], NULL, second_runner, NULL), 0);
  for (size_t at = 0; at < ARRAY_LENGTH(threads); at++) {
    void *applied;
    pthread_join(threads[at], &applied);
    assert_in_range((uintptr_t)applied, 0, 1);
    together += (uintptr_t)applied;
  }
  assert_int_equal(together, 1);
}

static void test_half_applied_is_said_exactly(void **state) {
  size_t applied;
  (void)state;
  forget_third();
  write_file(files[2], "CREATE TABLE third (id INT PRIMARY KEY);\nINSERT INTO nowhere VALUES (1);\n");
  assert_false(migrate_up(fixture.db, directory, fixture.arena, NULL, NULL, &fixture.error, &applied));
  assert_non_null(strstr(fixture.error.message, "0003_third"));
  assert_int_equal(state_of(2), MIGRATION_HALF_APPLIED);
  assert_non_null(strstr(status_of(2).problem, "statement 2 of 2 failed"));
  assert_non_null(strstr(status_of(2).problem, "nowhere"));
  assert_false(migrate_up(fixture.db, directory, fixture.arena, NULL, NULL, &fixture.error, &applied));
  assert_non_null(strstr(fixture.error.message, "0003_third"));
}

/* Nothing of it stands, so nothing is in the way of trying again. */
static void test_a_first_statement_that_fails_leaves_nothing(void **state) {
  size_t applied;
  (void)state;
  forget_third();
  write_file(files[2], "INSERT INTO nowhere VALUES (1);\nCREATE TABLE third (id INT PRIMARY KEY);\n");
  assert_false(migrate_up(fixture.db, directory, fixture.arena, NULL, NULL, &fixture.error, &applied));
  assert_non_null(strstr(fixture.error.message, "0003_third failed in line 1 (statement 1)"));
  assert_int_equal(state_of(2), MIGRATION_PENDING);
  write_file(files[2], "CREATE TABLE third (id INT PRIMARY KEY);\n");
  assert_int_equal(migrate(), 1);
}

static struct fixture_cell find_sleeper(void) {
  return fixture_ask(&fixture, fixture.db,
                     "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'DO SLEEP%'");
}

static void test_an_interrupted_one_is_said_exactly(void **state) {
  pthread_t thread;
  void *applied;
  char kill[300];
  struct fixture_cell sleeper = {.rows = 0};
  (void)state;
  forget_third();
  write_file(files[2], "CREATE TABLE third (id INT PRIMARY KEY);\nDO SLEEP(20);\nDO 1;\n");
  assert_int_equal(pthread_create(&thread, NULL, second_runner, NULL), 0);
  for (int tries = 0; sleeper.rows == 0 && tries < 500; tries++) {
    clock_sleep_ms(10);
    sleeper = find_sleeper();
  }
  assert_int_equal(sleeper.rows, 1);
  /* While it runs it is not half-applied. */
  assert_int_equal(state_of(2), MIGRATION_PENDING);
  snprintf(kill, sizeof kill, "KILL %.20s", sleeper.text);
  fixture_exec(&fixture, fixture.db, kill);
  pthread_join(thread, &applied);
  assert_int_equal((uintptr_t)applied, 99);
  /* The server lets go of the lock when it has noticed. */
  for (int tries = 0; state_of(2) == MIGRATION_PENDING && tries < 500; tries++)
    clock_sleep_ms(10);
  assert_int_equal(state_of(2), MIGRATION_HALF_APPLIED);
  assert_non_null(strstr(status_of(2).problem, "interrupted in statement 2 of 3"));
}

static void test_one_that_only_the_database_knows_is_let_be(void **state) {
  (void)state;
  forget_third();
  write_file(files[2], "CREATE TABLE third (id INT PRIMARY KEY);\n");
  assert_int_equal(migrate(), 1);
  remove_file(files[2]);
  struct migration unknown = status_of(2);
  assert_int_equal(unknown.state, MIGRATION_UNKNOWN);
  assert_string_equal(unknown.name, "0003_third");
  assert_null(unknown.path);
  assert_true(unknown.applied_ms > 0);
  assert_int_equal(migrate(), 0);
}

static void test_what_comes_too_late_is_refused(void **state) {
  size_t applied;
  (void)state;
  write_file(files[3], "CREATE TABLE zero (id INT PRIMARY KEY);\n");
  assert_false(migrate_up(fixture.db, directory, fixture.arena, NULL, NULL, &fixture.error, &applied));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_non_null(strstr(fixture.error.message, "0000_zero is pending, but 0001_first"));
  remove_file(files[3]);
  assert_int_equal(migrate(), 0);
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_applies_once_in_order),
      cmocka_unit_test(test_a_changed_file_is_refused),
      cmocka_unit_test(test_a_second_runner_waits_and_finds_nothing_to_do),
      cmocka_unit_test(test_half_applied_is_said_exactly),
      cmocka_unit_test(test_a_first_statement_that_fails_leaves_nothing),
      cmocka_unit_test(test_an_interrupted_one_is_said_exactly),
      cmocka_unit_test(test_one_that_only_the_database_knows_is_let_be),
      cmocka_unit_test(test_what_comes_too_late_is_refused),
  };
  return cmocka_run_group_tests_name("migrate", tests, set_up, tear_down);
}
