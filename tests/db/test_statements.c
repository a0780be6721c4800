/* Every statement of sql/queries on a real server: it prepares, its types are the server's own, and on
 * a populated database its plan scans no table (but where the file says why it may). */
#include "fixture.h"

#include <ctype.h>
#include <mysql.h>

#include "base/buffer.h"
#include "db/db_internal.h"
#include "db/migrate.h"

#include "base/banned.h"

#define PLAN_SQL_BYTES ((size_t)64 * 1024)

static struct fixture fixture;

/* Enough rows, with fresh statistics, that a full scan is never the optimizer's choice for want of data. */
static const char *const population[] = {
    "CREATE TABLE numbers (n INT PRIMARY KEY)",
    "INSERT INTO numbers SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 FROM"
    " (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6"
    "  UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) a,"
    " (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6"
    "  UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) b,"
    " (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6"
    "  UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) c,"
    " (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) d",
    "INSERT INTO users (id, subject, username, tokens, questions_answered, correct_answers, "
    "hidden_grade_asset)"
    " SELECT n, CONCAT('s', n), CONCAT('u', n), n, n, n DIV 2, '{\"modules\": {}}' FROM numbers",
    "INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, created_at)"
    " SELECT n, r.r, CONCAT('op', r.r), REPEAT('h', 32), 'a', 'answer', '[]', UTC_TIMESTAMP() FROM numbers,"
    " (SELECT 1 r UNION SELECT 2 UNION SELECT 3) r",
    "INSERT INTO profiles (user_id, last_practice_date) SELECT n, '2026-01-01' FROM numbers",
    "INSERT INTO practice_days (user_id, day, activity, count) SELECT n, DATE('2026-01-01') + INTERVAL r.r "
    "DAY,"
    " 'answer', 1 FROM numbers, (SELECT 1 r UNION SELECT 2 UNION SELECT 3) r",
    "INSERT INTO daily_totals (user_id, day, module, questions) SELECT n, DATE('2026-01-01') + INTERVAL r.r "
    "DAY,"
    " 'm', 1 FROM numbers, (SELECT 1 r UNION SELECT 2 UNION SELECT 3) r",
    "INSERT INTO modules (module_key, label) SELECT CONCAT('m', n), n FROM numbers",
    "INSERT INTO exercises (exercise_id, module, answer_key) SELECT CONCAT('e', n), 'm', n FROM numbers",
    "INSERT INTO practice_sessions (user_id, started_at) SELECT n, UTC_TIMESTAMP() FROM numbers",
    "INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, practised_on, created_at)"
    " SELECT n, 1, 'e', 'm', 1, '2026-01-01', UTC_TIMESTAMP() FROM numbers",
    "INSERT INTO percentile_bounds (metric, value, below) SELECT 'tokens', n, n FROM numbers",
    "INSERT INTO user_stitch_progress (user_id, thread_id, stitch_id, last_attempted, revision)"
    " SELECT n, 't', CONCAT('s', r.r), UTC_TIMESTAMP(), r.r FROM numbers,"
    " (SELECT 1 r UNION SELECT 2 UNION SELECT 3) r",
    "INSERT INTO stitch_mutations (user_id, mutation_id, content_hash, created_at)"
    " SELECT n, CONCAT('m', n), REPEAT('h', 32), UTC_TIMESTAMP() FROM numbers",
    "INSERT INTO sync_rejects (user_id, item, item_hash, reason, created_at, resolved_at)"
    " SELECT n, '1', REPEAT('h', 32), 'r', UTC_TIMESTAMP(), IF(n % 2 = 0, UTC_TIMESTAMP(), NULL) FROM "
    "numbers",
    "INSERT INTO todos (user_id, id) SELECT n, CONCAT('t', r.r) FROM numbers, (SELECT 1 r UNION SELECT 2) r",
    "INSERT INTO todo_videos (user_id, todo_id, video_id) SELECT user_id, id, 'v' FROM todos",
    "INSERT INTO schedule_entries (user_id, id, starts_at, video_id, todo_id)"
    " SELECT user_id, id, UTC_TIMESTAMP(), 'v', id FROM todos",
    "INSERT INTO video_progress (user_id, video_id) SELECT n, CONCAT('v', r.r) FROM numbers,"
    " (SELECT 1 r UNION SELECT 2) r",
    "INSERT INTO learning_paths (user_id, id) SELECT n, 'p' FROM numbers",
    "INSERT INTO learning_path_steps (user_id, path_id, step_id, activity_type, activity_id)"
    " SELECT n, 'p', CONCAT('s', r.r), 'video', 'v' FROM numbers, (SELECT 1 r UNION SELECT 2) r",
    "INSERT INTO path_progress (user_id, path_id) SELECT n, 'p' FROM numbers",
    "INSERT INTO skills (user_id, skill_id) SELECT n, 's' FROM numbers",
    "INSERT INTO chat_mentions (user_id, activity_type, activity_id, completed_at)"
    " SELECT n, 'video', 'v', UTC_TIMESTAMP() FROM numbers",
    "INSERT INTO propagations (user_id, event_id, target_table, target_key, target_system, after_values)"
    " SELECT n, CONCAT('e', r.r), 'todos', 't', 'todo_manager', '{}' FROM numbers, (SELECT 1 r UNION SELECT "
    "2) r",
    "DROP TABLE numbers",
};

static int set_up(void **state) {
  char migrations[512];
  size_t applied;
  (void)state;
  fixture_init(&fixture, "statements");
  snprintf(migrations, sizeof migrations, "%s/sql/migrations", getenv("LOCKSTEP_SOURCE"));
  assert_done(&fixture,
              migrate_up(fixture.db, migrations, fixture.arena, NULL, NULL, &fixture.error, &applied));
  for (size_t at = 0; at < ARRAY_LENGTH(population); at++)
    fixture_exec(&fixture, fixture.db, population[at]);
  assert_done(&fixture, db_commit(fixture.db, &fixture.error));
  static const char *const tables[] = {"users",
                                       "ledger",
                                       "profiles",
                                       "practice_days",
                                       "daily_totals",
                                       "modules",
                                       "exercises",
                                       "practice_sessions",
                                       "attempts",
                                       "percentile_bounds",
                                       "user_stitch_progress",
                                       "stitch_mutations",
                                       "sync_rejects"};
  for (size_t at = 0; at < ARRAY_LENGTH(tables); at++) {
    char sql[96];
    snprintf(sql, sizeof sql, "ANALYZE TABLE %s", tables[at]);
    (void)fixture_ask(&fixture, fixture.db, sql);
  }
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fixture_end(&fixture);
  return 0;
}

static MYSQL_STMT *prepare(const struct db_statement *statement) {
  MYSQL_STMT *prepared = mysql_stmt_init(fixture.db->mysql);
  assert_non_null(prepared);
  if (mysql_stmt_prepare(prepared, statement->sql, strlen(statement->sql)) != 0)
    fail_msg("%s: %s", statement->name, mysql_stmt_error(prepared));
  return prepared;
}

static bool type_fits(enum db_type type, const MYSQL_FIELD *field) {
  bool is_whole = field->type == MYSQL_TYPE_TINY || field->type == MYSQL_TYPE_SHORT ||
                  field->type == MYSQL_TYPE_INT24 || field->type == MYSQL_TYPE_LONG ||
                  field->type == MYSQL_TYPE_LONGLONG;
  /* SUM and COALESCE of whole numbers are DECIMAL without a fraction. */
  bool is_whole_decimal = field->type == MYSQL_TYPE_NEWDECIMAL && field->decimals == 0;
  switch (type) {
  case DB_BOOL:
    return is_whole;
  case DB_I64:
    return is_whole || is_whole_decimal;
  case DB_U64:
    /* COUNT and its like are signed, but never negative. */
    return (is_whole && ((field->flags & UNSIGNED_FLAG) != 0 || field->org_table_length == 0)) ||
           is_whole_decimal;
  case DB_F64:
    return field->type == MYSQL_TYPE_DOUBLE || field->type == MYSQL_TYPE_FLOAT ||
           field->type == MYSQL_TYPE_NEWDECIMAL;
  case DB_TIME:
    return field->type == MYSQL_TYPE_DATETIME || field->type == MYSQL_TYPE_TIMESTAMP;
  case DB_DAY:
    return field->type == MYSQL_TYPE_DATE;
  case DB_HASH:
    return (field->flags & BINARY_FLAG) != 0 && field->length == DB_HASH_BYTES;
  case DB_TEXT:
    return field->type == MYSQL_TYPE_STRING || field->type == MYSQL_TYPE_VAR_STRING ||
           field->type == MYSQL_TYPE_BLOB || field->type == MYSQL_TYPE_LONG_BLOB ||
           field->type == MYSQL_TYPE_MEDIUM_BLOB || field->type == MYSQL_TYPE_TINY_BLOB;
  }
  return false;
}

static void test_types_are_the_servers(void **state) {
  (void)state;
  for (size_t at = 0; at < db_statement_count; at++) {
    const struct db_statement *statement = db_statements[at];
    MYSQL_STMT *prepared = prepare(statement);
    assert_int_equal(mysql_stmt_param_count(prepared), statement->parameter_count);
    assert_int_equal(mysql_stmt_field_count(prepared), statement->column_count);
    MYSQL_RES *metadata = mysql_stmt_result_metadata(prepared);
    for (size_t column = 0; column < statement->column_count; column++) {
      const MYSQL_FIELD *field = mysql_fetch_field_direct(metadata, (unsigned)column);
      const struct db_column *declared = &statement->columns[column];
      if (strcmp(field->name, declared->name) != 0)
        fail_msg("%s: column %s is the server's %s", statement->name, declared->name, field->name);
      if (!type_fits(declared->type, field))
        fail_msg("%s: column %s is of the server's type %d", statement->name, declared->name,
                 (int)field->type);
      /* A column of a table that is NOT NULL, read without an outer join, is never NULL. */
      bool can_be_null = (field->flags & NOT_NULL_FLAG) == 0;
      if (declared->nullable && !can_be_null)
        fail_msg("%s: column %s can never be NULL", statement->name, declared->name);
      /* Of an expression the server only guesses; of a table's own column it knows. */
      if (!declared->nullable && can_be_null && field->org_table_length > 0)
        fail_msg("%s: column %s can be NULL", statement->name, declared->name);
    }
    if (metadata != NULL) mysql_free_result(metadata);
    mysql_stmt_close(prepared);
  }
}

/* A literal for each ?, so that the optimizer sees what it would see. */
static void write_literal(struct buffer *sql, const struct db_column *parameter) {
  static const char *const literals[] = {[DB_BOOL] = "1",           [DB_I64] = "77",
                                         [DB_U64] = "77",           [DB_F64] = "77.5",
                                         [DB_TEXT] = "'77'",        [DB_TIME] = "'2026-01-02 03:04:05.678'",
                                         [DB_DAY] = "'2026-01-02'", [DB_HASH] = "REPEAT('h', 32)"};
  bool is_list = parameter->type == DB_TEXT && (strstr(parameter->name, "keys") != NULL);
  buffer_append_text(sql, is_list ? "'[\"m1\", \"m2\"]'" : literals[parameter->type]);
}

static void write_explain(const struct db_statement *statement, struct buffer *sql) {
  size_t parameter = 0;
  char quote = '\0';
  buffer_append_text(sql, "EXPLAIN ");
  for (const char *at = statement->sql; *at != '\0'; at++) {
    if (quote == '\0' && (*at == '\'' || *at == '"' || *at == '`'))
      quote = *at;
    else if (*at == quote)
      quote = '\0';
    if (quote == '\0' && *at == '?')
      write_literal(sql, &statement->parameters[parameter++]);
    else
      buffer_append_char(sql, *at);
  }
  assert_int_equal(parameter, statement->parameter_count);
  assert_false(sql->failed);
}

struct plan {
  const struct db_statement *statement;
  size_t scans;
};

/* Derived tables and JSON_TABLE are lists in memory; everything else is a table of ours. */
static bool is_table_of_ours(const char *table, const char *extra) {
  if (table == NULL || table[0] == '<') return false;
  return extra == NULL || strstr(extra, "Table function") == NULL;
}

static bool read_plan(const struct db_text_row *row, void *context, struct error *error) {
  enum { ID, SELECT_TYPE, TABLE, TYPE, POSSIBLE_KEYS, KEY, KEY_LEN, REF, ROWS, EXTRA };
  struct plan *plan = context;
  const char *const *values = row->values;
  (void)error;
  /* MySQL has two columns more (partitions, filtered); the names used here stand where MariaDB has them. */
  if (row->count < EXTRA + 1 || values[TYPE] == NULL) return true;
  bool scans = strcmp(values[TYPE], "ALL") == 0 || strcmp(values[TYPE], "index") == 0;
  bool inserts = strcmp(values[SELECT_TYPE], "INSERT") == 0;
  if (scans && !inserts && is_table_of_ours(values[TABLE], values[EXTRA])) {
    plan->scans++;
    if (!plan->statement->may_scan)
      print_error("%s scans %s (%s)\n", plan->statement->name, values[TABLE], values[TYPE]);
  }
  return true;
}

static void test_nothing_scans_a_table(void **state) {
  size_t bad = 0;
  (void)state;
  for (size_t at = 0; at < db_statement_count; at++) {
    CLEANUP(buffer_free) struct buffer sql = BUFFER_INIT(PLAN_SQL_BYTES);
    struct plan plan = {.statement = db_statements[at]};
    static const char *const explainable[] = {"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"};
    bool can = false;
    for (size_t word = 0; word < ARRAY_LENGTH(explainable); word++)
      can = can || strncmp(plan.statement->sql, explainable[word], strlen(explainable[word])) == 0;
    if (!can) continue;
    write_explain(plan.statement, &sql);
    assert_done(&fixture,
                db_text_each(fixture.db, sql.data, NULL, 0, fixture.arena, read_plan, &plan, &fixture.error));
    db_rollback(fixture.db);
    if (plan.scans > 0 && !plan.statement->may_scan) bad++;
  }
  assert_int_equal(bad, 0);
}

/* The test itself can tell a scan from a seek. */
static void test_a_scan_is_noticed(void **state) {
  static const struct db_statement scan = {
      .name = "scan", .sql = "SELECT id FROM users WHERE tokens = 5", .may_scan = true};
  static const struct db_statement seek = {.name = "seek", .sql = "SELECT id FROM users WHERE id = 5"};
  struct plan scanned = {.statement = &scan};
  struct plan sought = {.statement = &seek};
  (void)state;
  assert_done(&fixture, db_text_each(fixture.db, "EXPLAIN SELECT id FROM users WHERE tokens = 5", NULL, 0,
                                     fixture.arena, read_plan, &scanned, &fixture.error));
  assert_done(&fixture, db_text_each(fixture.db, "EXPLAIN SELECT id FROM users WHERE id = 5", NULL, 0,
                                     fixture.arena, read_plan, &sought, &fixture.error));
  assert_int_equal(scanned.scans, 1);
  assert_int_equal(sought.scans, 0);
}

/* Sixteen rows of parameters are as good as one. */
static void test_repeated_pieces_prepare(void **state) {
  (void)state;
  /* Behind the back of db.h: a rollback whose reply is still under way would be read as ours. */
  assert_done(&fixture, db_ping(fixture.db, &fixture.error));
  for (size_t at = 0; at < db_statement_count; at++) {
    const struct db_statement *statement = db_statements[at];
    CLEANUP(buffer_free) struct buffer sql = BUFFER_INIT(PLAN_SQL_BYTES);
    if (statement->piece_count == 0) continue;
    for (size_t i = 0; i < statement->piece_count; i++) {
      const struct db_piece *piece = &statement->pieces[i];
      buffer_append_char(&sql, ' ');
      for (size_t row = 0; row < (piece->separator == NULL ? 1 : DB_ROWS_MAX); row++) {
        if (row > 0) buffer_append_text(&sql, piece->separator);
        buffer_append_text(&sql, piece->sql);
      }
    }
    struct db_statement wide = *statement;
    wide.sql = sql.data;
    mysql_stmt_close(prepare(&wide));
  }
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types_are_the_servers),
      cmocka_unit_test(test_a_scan_is_noticed),
      cmocka_unit_test(test_nothing_scans_a_table),
      cmocka_unit_test(test_repeated_pieces_prepare),
  };
  return cmocka_run_group_tests_name("statements", tests, set_up, tear_down);
}
