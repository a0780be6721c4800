/* SQL that is not known when the program is built. */
#include "fixture.h"

#include "db/db_internal.h"

#include "base/banned.h"

static int setup(void **state) {
  static struct fixture fixture;
  fixture_init(&fixture, "db_text");
  fixture_exec(&fixture, fixture.db,
               "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, v VARCHAR(100) NULL) ENGINE ="
               " InnoDB DEFAULT CHARSET = utf8mb4");
  *state = &fixture;
  return 0;
}

static int teardown(void **state) {
  fixture_end(*state);
  return 0;
}

struct seen {
  const struct db_text_row *wanted;
  size_t rows;
  size_t stop_after;
};

static bool see(const struct db_text_row *row, void *context, struct error *error) {
  struct seen *seen = context;
  const struct db_text_row *wanted = seen->wanted;
  seen->rows++;
  if (wanted != NULL) {
    assert_int_equal(row->count, wanted->count);
    for (size_t i = 0; i < row->count; i++) {
      if (wanted->values[i] == NULL) {
        assert_null(row->values[i]);
      } else {
        assert_non_null(row->values[i]);
        assert_string_equal(row->values[i], wanted->values[i]);
      }
    }
  }
  if (seen->rows == seen->stop_after) return error_set(error, ERROR_CONFLICT, "enough");
  return true;
}

/* With a parameter the statement is prepared, without one it is not: both tell the same. */
static void test_values_are_the_same_prepared_or_not(void **state) {
  struct fixture *fixture = *state;
  const char *const values[] = {"-9223372036854775808",
                                "18446744073709551615",
                                "12.50",
                                NULL,
                                "",
                                "2026-11-21 01:02:03.004",
                                "1969-12-31 23:59:59.000001",
                                "1000-01-01",
                                "\xF0\x9F\xA6\x8A'\\\"",
                                "0.5"};
  struct db_text_row wanted = {values, ARRAY_LENGTH(values)};
  struct seen seen = {.wanted = &wanted};
  const char *select = "SELECT -9223372036854775808, 18446744073709551615, 12.50, NULL, '',"
                       " CAST('2026-11-21 01:02:03.004' AS DATETIME(3)),"
                       " CAST('1969-12-31 23:59:59.000001' AS DATETIME(6)), CAST('1000-01-01' AS DATE),"
                       " '\xF0\x9F\xA6\x8A''\\\\\"', 0.5e0";
  char sql[512];
  const char *one = "1";
  assert_done(fixture,
              db_text_each(fixture->db, select, NULL, 0, fixture->arena, see, &seen, &fixture->error));
  snprintf(sql, sizeof sql, "%s FROM (SELECT 1 AS x) AS d WHERE x = ?", select);
  assert_done(fixture, db_text_each(fixture->db, sql, &one, 1, fixture->arena, see, &seen, &fixture->error));
  assert_int_equal(seen.rows, 2);
}

static void test_parameters_are_values_never_sql(void **state) {
  struct fixture *fixture = *state;
  const char *const parameters[] = {"1", "'); DROP TABLE t; -- \xF0\x9F\xA6\x8A"};
  const char *const nulls[] = {"2", NULL};
  struct db_outcome outcome = {0, 0};
  const char *insert = "INSERT INTO t VALUES (?, ?)";
  assert_done(fixture, db_text_exec(fixture->db, insert, parameters, 2, &fixture->error, &outcome));
  assert_int_equal(outcome.affected, 1);
  assert_done(fixture, db_text_exec(fixture->db, insert, nulls, 2, &fixture->error, NULL));
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 1").text, parameters[1]);
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT v FROM t WHERE id = 2").text, "NULL");
  assert_false(db_text_exec(fixture->db, insert, parameters, 1, &fixture->error, NULL));
  assert_int_equal(fixture->error.code, ERROR_INTERNAL);
  db_rollback(fixture->db);
}

static void test_long_values_and_many_rows(void **state) {
  struct fixture *fixture = *state;
  const char *bytes = "70000";
  const char *sizes[] = {"127", "128", "129", "70000"};
  for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
    struct fixture_cell cell = {.rows = 0};
    char text[sizeof cell.text];
    assert_done(fixture,
                db_text_each(fixture->db, "SELECT LENGTH(r), r FROM (SELECT REPEAT('x', ?) AS r) AS d",
                             &sizes[i], 1, fixture->arena, fixture_keep, &cell, &fixture->error));
    assert_string_equal(cell.text, sizes[i]);
    assert_done(fixture, db_text_each(fixture->db, "SELECT REPEAT('x', ?)", &sizes[i], 1, fixture->arena,
                                      fixture_keep, &cell, &fixture->error));
    size_t length = (size_t)strtoul(sizes[i], NULL, 10);
    memset(text, 'x', sizeof text);
    text[length < sizeof text ? length : sizeof text - 1] = '\0';
    assert_string_equal(cell.text, text);
  }
  /* A thousand rows of 70 KB pass through an arena that holds a few. */
  struct arena *small = arena_new((size_t)256 * 1024);
  struct seen seen = {.rows = 0};
  const char *sql = "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 1000)"
                    " SELECT n, REPEAT('x', ?) FROM s";
  assert_done(fixture, db_text_each(fixture->db, sql, &bytes, 1, small, see, &seen, &fixture->error));
  assert_int_equal(seen.rows, 1000);
  arena_free(small);
}

static void test_stopping_leaves_the_connection_usable(void **state) {
  struct fixture *fixture = *state;
  const char *many =
      "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 500) SELECT n FROM s";
  const char *prepared =
      "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ?) SELECT n FROM s";
  const char *parameter = "500";
  struct seen seen = {.stop_after = 3};
  assert_false(db_text_each(fixture->db, many, NULL, 0, fixture->arena, see, &seen, &fixture->error));
  assert_int_equal(fixture->error.code, ERROR_CONFLICT);
  seen.rows = 0;
  assert_false(
      db_text_each(fixture->db, prepared, &parameter, 1, fixture->arena, see, &seen, &fixture->error));
  assert_int_equal(fixture->error.code, ERROR_CONFLICT);
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT 7").text, "7");
}

static void test_describe_runs_nothing(void **state) {
  struct fixture *fixture = *state;
  const char *const *names;
  size_t count;
  size_t parameters;
  assert_done(fixture,
              db_text_describe(fixture->db, "SELECT id AS a, v AS `b c` FROM t WHERE id BETWEEN ? AND ?",
                               fixture->arena, &fixture->error, &names, &count, &parameters));
  assert_int_equal(count, 2);
  assert_int_equal(parameters, 2);
  assert_string_equal(names[0], "a");
  assert_string_equal(names[1], "b c");
  assert_done(fixture, db_text_describe(fixture->db, "DELETE FROM t", fixture->arena, &fixture->error, &names,
                                        &count, &parameters));
  assert_int_equal(count, 0);
  assert_false(db_text_describe(fixture->db, "SELECT nothing FROM t", fixture->arena, &fixture->error, &names,
                                &count, &parameters));
  assert_int_equal(fixture->error.code, ERROR_INTERNAL);
  assert_false(db_text_describe(fixture->db, "SELECT 1; SELECT 2", fixture->arena, &fixture->error, &names,
                                &count, &parameters));
}

static void test_cache_of_prepared_texts_is_bounded(void **state) {
  struct fixture *fixture = *state;
  struct db *db = fixture_connect(fixture);
  const char *count_sql = "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS"
                          " WHERE VARIABLE_NAME = 'Com_stmt_prepare'";
  const char *parameter = "1";
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 3 * DB_TEXT_CACHE_MAX; i++) {
      char sql[64];
      struct fixture_cell cell = {.rows = 0};
      snprintf(sql, sizeof sql, "SELECT %d + ?", i);
      assert_done(fixture,
                  db_text_each(db, sql, &parameter, 1, fixture->arena, fixture_keep, &cell, &fixture->error));
      assert_int_equal(strtol(cell.text, NULL, 10), i + 1);
    }
  }
  long before = strtol(fixture_ask(fixture, db, count_sql).text, NULL, 10);
  assert_in_range(before, 6 * DB_TEXT_CACHE_MAX, 6 * DB_TEXT_CACHE_MAX);
  struct fixture_cell cell = {.rows = 0};
  char last[64];
  snprintf(last, sizeof last, "SELECT %d + ?", 3 * DB_TEXT_CACHE_MAX - 1);
  assert_done(fixture,
              db_text_each(db, last, &parameter, 1, fixture->arena, fixture_keep, &cell, &fixture->error));
  assert_int_equal(strtol(fixture_ask(fixture, db, count_sql).text, NULL, 10), before);
  db_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_values_are_the_same_prepared_or_not),
      cmocka_unit_test(test_parameters_are_values_never_sql),
      cmocka_unit_test(test_long_values_and_many_rows),
      cmocka_unit_test(test_stopping_leaves_the_connection_usable),
      cmocka_unit_test(test_describe_runs_nothing),
      cmocka_unit_test(test_cache_of_prepared_texts_is_bounded),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests(tests, setup, teardown);
}
