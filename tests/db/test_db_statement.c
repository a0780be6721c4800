/* Values on their way to the server and back, and what the four ways of running promise. */
#include "fixture.h"

#include "base/banned.h"

#define LONG_TEXT_BYTES ((size_t)1024 * 1024)

struct value {
  int64_t id;
  bool flag;
  bool flag_is_null;
  int64_t i64;
  bool i64_is_null;
  uint64_t u64;
  bool u64_is_null;
  double f64;
  bool f64_is_null;
  const char *text;
  int64_t at3;
  bool at3_is_null;
  int64_t at6;
  bool at6_is_null;
  int32_t day;
  bool day_is_null;
  struct db_hash hash;
  bool hash_is_null;
};

#define COLUMN(NAME, TYPE) \
  { #NAME, TYPE, offsetof(struct value, NAME), offsetof(struct value, NAME##_is_null) + 1, true }
static const struct db_column value_columns[] = {
    {"id", DB_I64, offsetof(struct value, id), 0, false},
    COLUMN(flag, DB_BOOL),
    COLUMN(i64, DB_I64),
    COLUMN(u64, DB_U64),
    COLUMN(f64, DB_F64),
    {"text", DB_TEXT, offsetof(struct value, text), 0, true},
    COLUMN(at3, DB_TIME),
    COLUMN(at6, DB_TIME),
    COLUMN(day, DB_DAY),
    COLUMN(hash, DB_HASH),
};

/* Statements of this test alone, on connections that run no others: the places in the cache are
 * those of real ones. */
static const struct db_statement value_insert = {
    .name = "value_insert",
    .sql = "INSERT INTO t (id, flag, i64, u64, f64, text, at3, at6, day, hash)"
           " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .parameters = value_columns,
    .parameter_count = ARRAY_LENGTH(value_columns),
    .index = 0,
};
static const struct db_statement value_get = {
    .name = "value_get",
    .sql = "SELECT id, flag, i64, u64, f64, text, at3, at6, day, hash FROM t WHERE id = ?",
    .parameters = value_columns,
    .parameter_count = 1,
    .columns = value_columns,
    .column_count = ARRAY_LENGTH(value_columns),
    .row_size = sizeof(struct value),
    .index = 1,
};
static const struct db_statement value_from = {
    .name = "value_from",
    .sql = "SELECT id, flag, i64, u64, f64, text, at3, at6, day, hash FROM t WHERE id >= ? ORDER BY id",
    .parameters = value_columns,
    .parameter_count = 1,
    .columns = value_columns,
    .column_count = ARRAY_LENGTH(value_columns),
    .row_size = sizeof(struct value),
    .index = 2,
};

static int setup(void **state) {
  static struct fixture fixture;
  fixture_init(&fixture, "db_statement");
  fixture_exec(
      &fixture, fixture.db,
      "CREATE TABLE t (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, flag BOOLEAN NULL, i64 BIGINT NULL,"
      " u64 BIGINT UNSIGNED NULL, f64 DOUBLE NULL, text LONGTEXT NULL, at3 DATETIME(3) NULL,"
      " at6 DATETIME(6) NULL, day DATE NULL, hash BINARY(32) NULL) ENGINE = InnoDB DEFAULT CHARSET = "
      "utf8mb4");
  *state = &fixture;
  return 0;
}

static int teardown(void **state) {
  fixture_end(*state);
  return 0;
}

static int clean(void **state) {
  struct fixture *fixture = *state;
  db_rollback(fixture->db);
  fixture_exec(fixture, fixture->db, "DELETE FROM t");
  assert_done(fixture, db_commit(fixture->db, &fixture->error));
  arena_reset(fixture->arena);
  return 0;
}

static void put(struct fixture *fixture, const struct value *value) {
  struct db_outcome outcome = {0, 0};
  assert_done(fixture, db_run_exec(fixture->db, &value_insert, value, &fixture->error, &outcome));
  assert_int_equal(outcome.affected, 1);
}

static struct value get(struct fixture *fixture, int64_t id) {
  struct value key = {.id = id};
  struct value value;
  bool found = false;
  memset(&value, 0x55, sizeof value);
  assert_done(fixture,
              db_run_one(fixture->db, &value_get, &key, fixture->arena, &fixture->error, &value, &found));
  assert_true(found);
  assert_int_equal(value.id, id);
  return value;
}

static void assert_same(const struct value *got, const struct value *wanted) {
  assert_int_equal(got->flag, wanted->flag);
  assert_true(got->i64 == wanted->i64);
  assert_true(got->u64 == wanted->u64);
  assert_memory_equal(&got->f64, &wanted->f64, sizeof got->f64);
  assert_string_equal(got->text, wanted->text);
  assert_true(got->at3 == wanted->at3);
  assert_true(got->at6 == wanted->at6);
  assert_int_equal(got->day, wanted->day);
  assert_memory_equal(&got->hash, &wanted->hash, sizeof got->hash);
  assert_false(got->flag_is_null || got->i64_is_null || got->u64_is_null || got->f64_is_null);
  assert_false(got->at3_is_null || got->at6_is_null || got->day_is_null || got->hash_is_null);
}

static void test_values_return_as_they_went(void **state) {
  struct fixture *fixture = *state;
  struct value values[] = {
      {.id = 1, .flag = true, .i64 = INT64_MAX, .u64 = UINT64_MAX, .f64 = 1.0 / 3.0, .text = "plain"},
      {.id = 2, .i64 = INT64_MIN, .f64 = -1.7976931348623157e308, .text = ""},
      {.id = 3,
       .i64 = -1,
       .u64 = 1,
       .f64 = 5e-324,
       .text = "\xF0\x9F\xA6\x8A \xE2\x82\xAC \xC3\xA9 ' \\ \" % _ ? :x"},
      {.id = 4, .text = "a\r\n\tb"},
  };
  const int64_t times[] = {1795224685895, -1, -62000, CLOCK_MIN_MS};
  const int32_t days[] = {20778, -1, CLOCK_MAX_DAY, CLOCK_MIN_DAY};
  for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
    values[i].at3 = times[i];
    values[i].at6 = i == 3 ? CLOCK_MAX_MS : times[i];
    values[i].day = days[i];
    memset(&values[i].hash, (int)(0xFF - 0x55 * i), sizeof values[i].hash);
    put(fixture, &values[i]);
  }
  for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
    struct value got = get(fixture, values[i].id);
    assert_same(&got, &values[i]);
  }
  assert_string_equal(
      fixture_ask(fixture, fixture->db, "SELECT CONCAT(at3, ' ', at6, ' ', day) FROM t WHERE id = 2").text,
      "1969-12-31 23:59:59.999 1969-12-31 23:59:59.999000 1969-12-31");
}

static void test_nulls_return_as_nulls(void **state) {
  struct fixture *fixture = *state;
  struct value null = {
      .id = 1, .flag_is_null = true, .i64_is_null = true, .u64_is_null = true, .f64_is_null = true};
  null.at3_is_null = null.at6_is_null = null.day_is_null = null.hash_is_null = true;
  struct value full = {.id = 2, .text = "x"};
  put(fixture, &null);
  put(fixture, &full);
  struct value got = get(fixture, 1);
  assert_true(got.flag_is_null && got.i64_is_null && got.u64_is_null && got.f64_is_null);
  assert_true(got.at3_is_null && got.at6_is_null && got.day_is_null && got.hash_is_null);
  assert_null(got.text);
  assert_string_equal(
      fixture_ask(
          fixture, fixture->db,
          "SELECT COALESCE(flag, i64, u64, f64, text, at3, at6, day, hash) IS NULL FROM t WHERE id = 1")
          .text,
      "1");
  /* A value after a NULL, on the same prepared statement. */
  got = get(fixture, 2);
  assert_same(&got, &full);
}

static void test_long_texts(void **state) {
  struct fixture *fixture = *state;
  char *text = malloc(LONG_TEXT_BYTES + 1);
  assert_non_null(text);
  for (size_t i = 0; i < LONG_TEXT_BYTES; i++)
    text[i] = (char)('a' + i % 26);
  const size_t lengths[] = {LONG_TEXT_BYTES, 1, 255, 256, 65536};
  for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
    char kept = text[lengths[i]];
    text[lengths[i]] = '\0';
    put(fixture, &(struct value){.id = (int64_t)i + 1, .text = text});
    struct value got = get(fixture, (int64_t)i + 1);
    assert_string_equal(got.text, text);
    text[lengths[i]] = kept;
  }
  free(text);
}

static void test_microseconds_are_cut_not_rounded(void **state) {
  struct fixture *fixture = *state;
  fixture_exec(
      fixture, fixture->db,
      "INSERT INTO t (id, at3, at6) VALUES (1, '2026-11-21 00:00:00.999', '2026-11-21 00:00:00.999999'),"
      " (2, '1969-12-31 23:59:59.001', '1969-12-31 23:59:59.001999')");
  struct value got = get(fixture, 1);
  assert_int_equal(got.at3 % 1000, 999);
  assert_int_equal(got.at6, got.at3);
  got = get(fixture, 2);
  assert_int_equal(got.at3, -999);
  assert_int_equal(got.at6, -999);
}

static void test_one_finds_none_or_one(void **state) {
  struct fixture *fixture = *state;
  struct value key = {.id = 1};
  struct value value = {.id = 42};
  bool found = true;
  assert_done(fixture,
              db_run_one(fixture->db, &value_get, &key, fixture->arena, &fixture->error, &value, &found));
  assert_false(found);
  assert_int_equal(value.id, 42);
  put(fixture, &(struct value){.id = 1, .text = "a"});
  put(fixture, &(struct value){.id = 2, .text = "b"});
  assert_false(db_run_one(fixture->db, &value_from, &key, fixture->arena, &fixture->error, &value, &found));
  assert_int_equal(fixture->error.code, ERROR_INTERNAL);
  assert_int_equal(value.id, 42);
  /* What was left unread does not disturb what follows. */
  assert_string_equal(get(fixture, 2).text, "b");
}

static void fill(struct fixture *fixture, int count) {
  char sql[256];
  snprintf(sql, sizeof sql,
           "INSERT INTO t (id, i64, text) SELECT seq, seq * 2, CONCAT('text ', seq) FROM"
           " (WITH RECURSIVE s (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM s WHERE seq < %d)"
           " SELECT seq FROM s) AS n",
           count);
  fixture_exec(fixture, fixture->db, "SET SESSION max_recursive_iterations = 100000");
  fixture_exec(fixture, fixture->db, sql);
}

static void test_all_is_limited(void **state) {
  struct fixture *fixture = *state;
  struct value key = {.id = 1};
  void *rows = NULL;
  size_t count = 99;
  assert_done(fixture,
              db_run_all(fixture->db, &value_from, &key, fixture->arena, 10, &fixture->error, &rows, &count));
  assert_int_equal(count, 0);
  fill(fixture, 1000);
  assert_done(fixture, db_run_all(fixture->db, &value_from, &key, fixture->arena, 1000, &fixture->error,
                                  &rows, &count));
  assert_int_equal(count, 1000);
  const struct value *values = rows;
  for (size_t i = 0; i < count; i++) {
    char text[32];
    snprintf(text, sizeof text, "text %zu", i + 1);
    assert_int_equal(values[i].i64, 2 * (i + 1));
    assert_string_equal(values[i].text, text);
    assert_true(values[i].u64_is_null);
  }
  count = 99;
  assert_false(
      db_run_all(fixture->db, &value_from, &key, fixture->arena, 999, &fixture->error, &rows, &count));
  assert_int_equal(fixture->error.code, ERROR_INTERNAL);
  assert_int_equal(count, 99);
  assert_string_equal(get(fixture, 500).text, "text 500");
}

struct walk {
  struct fixture *fixture;
  int64_t sum;
  int64_t stop_at;
  bool keep;
  const char *first;
};

static bool walk_row(const void *row, void *context, struct error *error) {
  const struct value *value = row;
  struct walk *walk = context;
  if (value->id == walk->stop_at) return error_set(error, ERROR_CONFLICT, "enough");
  walk->sum += value->i64;
  if (walk->keep && walk->first == NULL) walk->first = arena_strdup(walk->fixture->arena, value->text);
  return true;
}

static void test_each_runs_in_the_memory_of_one_row(void **state) {
  struct fixture *fixture = *state;
  struct value key = {.id = 1};
  struct walk walk = {.fixture = fixture};
  fill(fixture, 20000);
  struct arena *small = arena_new((size_t)64 * 1024);
  assert_done(fixture, db_run_each(fixture->db, &value_from, &key, small, walk_row, &walk, &fixture->error));
  arena_free(small);
  assert_int_equal(walk.sum, (int64_t)20000 * 20001);
}

static void test_each_stops_and_keeps_what_is_allocated(void **state) {
  struct fixture *fixture = *state;
  struct value key = {.id = 1};
  struct walk walk = {.fixture = fixture, .stop_at = 10, .keep = true};
  fill(fixture, 1000);
  assert_false(db_run_each(fixture->db, &value_from, &key, fixture->arena, walk_row, &walk, &fixture->error));
  assert_int_equal(fixture->error.code, ERROR_CONFLICT);
  assert_int_equal(walk.sum, 90);
  assert_string_equal(walk.first, "text 1");
  assert_string_equal(get(fixture, 999).text, "text 999");
}

static void test_exec_tells_what_it_did(void **state) {
  struct fixture *fixture = *state;
  static const struct db_statement touch = {
      .name = "touch",
      .sql = "UPDATE t SET i64 = LAST_INSERT_ID(i64 + 1) WHERE id = ?",
      .parameters = value_columns,
      .parameter_count = 1,
      .index = 3,
  };
  static const struct db_statement same = {
      .name = "same",
      .sql = "UPDATE t SET i64 = i64 WHERE id = ?",
      .parameters = value_columns,
      .parameter_count = 1,
      .index = 4,
  };
  struct db_outcome outcome = {99, 99};
  put(fixture, &(struct value){.id = 1, .i64 = 41});
  assert_done(fixture, db_run_exec(fixture->db, &touch, &(struct value){.id = 1}, &fixture->error, &outcome));
  assert_int_equal(outcome.affected, 1);
  assert_int_equal(outcome.insert_id, 42);
  assert_done(fixture, db_run_exec(fixture->db, &same, &(struct value){.id = 1}, &fixture->error, &outcome));
  assert_int_equal(outcome.affected, 0);
  assert_done(fixture, db_run_exec(fixture->db, &touch, &(struct value){.id = 2}, &fixture->error, NULL));
}

static void test_what_does_not_fit_is_refused(void **state) {
  struct fixture *fixture = *state;
  static const struct db_column strict_columns[] = {{"i64", DB_I64, offsetof(struct value, i64), 0, false}};
  static const struct db_column text_columns[] = {{"text", DB_TEXT, offsetof(struct value, text), 0, false}};
  static const struct db_column hash_columns[] = {{"hash", DB_HASH, offsetof(struct value, hash), 0, false}};
  const struct db_statement wrong[] = {
      {.name = "null", .sql = "SELECT NULL + 0", .columns = strict_columns, .column_count = 1, .index = 3},
      {.name = "null text",
       .sql = "SELECT CONCAT('a', NULL)",
       .columns = text_columns,
       .column_count = 1,
       .index = 4},
      {.name = "wide",
       .sql = "SELECT 18446744073709551615",
       .columns = strict_columns,
       .column_count = 1,
       .index = 5},
      {.name = "short hash", .sql = "SELECT 'abc'", .columns = hash_columns, .column_count = 1, .index = 6},
      {.name = "long hash",
       .sql = "SELECT REPEAT('a', 33)",
       .columns = hash_columns,
       .column_count = 1,
       .index = 7},
      {.name = "two columns", .sql = "SELECT 1, 2", .columns = strict_columns, .column_count = 1, .index = 8},
      {.name = "parameter", .sql = "SELECT ?", .columns = strict_columns, .column_count = 1, .index = 9},
  };
  assert_in_range(10, 0, db_statement_places);
  struct db *db = fixture_connect(fixture);
  for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
    struct db_statement statement = wrong[i];
    struct value row = {.id = 42};
    bool found;
    statement.row_size = sizeof row;
    if (db_run_one(db, &statement, NULL, fixture->arena, &fixture->error, &row, &found))
      fail_msg("%s was taken", statement.name);
    assert_int_equal(fixture->error.code, ERROR_INTERNAL);
    assert_non_null(strstr(fixture->error.detail, statement.name));
    assert_int_equal(row.id, 42);
    assert_false(db_is_broken(db));
  }
  db_close(db);
  struct db_statement insert = value_insert;
  struct db_column strict_parameters[ARRAY_LENGTH(value_columns)];
  memcpy(strict_parameters, value_columns, sizeof value_columns);
  strict_parameters[5].nullable = false;
  insert.parameters = strict_parameters;
  assert_false(db_run_exec(fixture->db, &insert, &(struct value){.id = 1}, &fixture->error, NULL));
  assert_non_null(strstr(fixture->error.detail, "text is NULL"));
}

static const struct db_piece insert_pieces[] = {
    {"INSERT INTO t (id, text) VALUES", NULL, 0},
    {"(?, ?)", ", ", 2},
    {"ON DUPLICATE KEY UPDATE text = VALUES(text)", NULL, 0},
};
static const struct db_column insert_parameters[] = {
    {"id", DB_I64, offsetof(struct value, id), 0, false},
    {"text", DB_TEXT, offsetof(struct value, text), 0, true},
};
static const struct db_statement rows_insert = {
    .name = "rows_insert",
    .sql = "",
    .pieces = insert_pieces,
    .piece_count = ARRAY_LENGTH(insert_pieces),
    .parameters = insert_parameters,
    .parameter_count = ARRAY_LENGTH(insert_parameters),
    .parameter_size = sizeof(struct value),
    .index = DB_ROWS_MAX,
};
/* i64 stands outside of the list: it is the first row's. */
static const struct db_piece find_pieces[] = {
    {"SELECT ? AS id, text FROM t WHERE id IN (", NULL, 1},
    {"?", ", ", 1},
    {") ORDER BY id", NULL, 0},
};
static const struct db_column find_parameters[] = {
    {"i64", DB_I64, offsetof(struct value, i64), 0, false},
    {"id", DB_I64, offsetof(struct value, id), 0, false},
};
static const struct db_statement rows_find = {
    .name = "rows_find",
    .sql = "",
    .pieces = find_pieces,
    .piece_count = ARRAY_LENGTH(find_pieces),
    .parameters = find_parameters,
    .parameter_count = ARRAY_LENGTH(find_parameters),
    .parameter_size = sizeof(struct value),
    .columns = insert_parameters,
    .column_count = ARRAY_LENGTH(insert_parameters),
    .row_size = sizeof(struct value),
    .index = 2 * DB_ROWS_MAX,
};

static void test_repeated_pieces_take_any_number_of_rows(void **state) {
  struct fixture *fixture = *state;
  const size_t counts[] = {0, 1, 2, DB_ROWS_MAX - 1, DB_ROWS_MAX, DB_ROWS_MAX + 1, 3 * DB_ROWS_MAX};
  struct value values[3 * DB_ROWS_MAX] = {{.id = 0}};
  char texts[3 * DB_ROWS_MAX][16];
  struct db *db = fixture_connect(fixture);
  assert_in_range(3 * DB_ROWS_MAX, 0, db_statement_places);
  for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
    snprintf(texts[i], sizeof texts[i], "row %zu", i);
    values[i] = (struct value){.id = (int64_t)i + 1, .i64 = 7, .text = i % 5 == 4 ? NULL : texts[i]};
  }
  for (size_t c = 0; c < ARRAY_LENGTH(counts); c++) {
    struct db_outcome outcome = {99, 99};
    void *rows = NULL;
    size_t count = 99;
    assert_done(fixture, db_run_exec_rows(db, &rows_insert, values, counts[c], &fixture->error, &outcome));
    assert_int_equal(outcome.affected, counts[c]);
    assert_done(fixture, db_run_all_rows(db, &rows_find, values, counts[c], fixture->arena, 100,
                                         &fixture->error, &rows, &count));
    assert_int_equal(count, counts[c]);
    const struct value *found = rows;
    for (size_t i = 0; i < count; i++) {
      assert_int_equal(found[i].id, 7);
      if (values[i].text == NULL) {
        assert_null(found[i].text);
      } else {
        assert_string_equal(found[i].text, texts[i]);
      }
    }
    db_rollback(db);
  }
  db_close(db);
}

/* Long lists travel as text: what comes back is the same, whatever the texts hold. */
static const struct db_piece every_pieces[] = {
    {"INSERT INTO t (id, flag, i64, u64, f64, text, at3, at6, day, hash) VALUES", NULL, 0},
    {"(?, ?, ?, ?, ?, IF(? = 'it''s a ?', NULL, ?), ?, ?, ?, ?)", ", ", 11},
};
#define OPTIONAL(NAME, TYPE) \
  { #NAME, TYPE, offsetof(struct value, NAME), offsetof(struct value, NAME##_is_null) + 1, true }
static const struct db_column every_parameters[] = {
    {"id", DB_I64, offsetof(struct value, id), 0, false},
    OPTIONAL(flag, DB_BOOL),
    OPTIONAL(i64, DB_I64),
    OPTIONAL(u64, DB_U64),
    OPTIONAL(f64, DB_F64),
    {"text", DB_TEXT, offsetof(struct value, text), 0, true},
    {"text", DB_TEXT, offsetof(struct value, text), 0, true},
    OPTIONAL(at3, DB_TIME),
    OPTIONAL(at6, DB_TIME),
    OPTIONAL(day, DB_DAY),
    OPTIONAL(hash, DB_HASH),
};
static const struct db_statement every_insert = {
    .name = "every_insert",
    .sql = "",
    .pieces = every_pieces,
    .piece_count = ARRAY_LENGTH(every_pieces),
    .parameters = every_parameters,
    .parameter_count = ARRAY_LENGTH(every_parameters),
    .parameter_size = sizeof(struct value),
    .index = DB_ROWS_MAX,
};

static void test_long_lists_return_as_they_went(void **state) {
  struct fixture *fixture = *state;
  static const char *const texts[] = {"plain",      "it's",  "'; DROP TABLE t; -- ",     "\\", "\\'",     "?",
                                      "\n\r\t\032", "%_\"`", "\xC3\xA4\xF0\x9F\x98\x80", "",   "\\\\''\\"};
  static const double numbers[] = {0, 0.1, -1.5, 1e300, 4.9e-324, 1.7976931348623157e308, 1.0 / 3};
  struct value values[3 * DB_ROWS_AS_TEXT];
  struct db_outcome outcome;
  for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
    values[i] = (struct value){.id = (int64_t)i + 1,
                               .flag = i % 2 == 0,
                               .i64 = i % 3 == 0 ? INT64_MIN : INT64_MAX - (int64_t)i,
                               .u64 = UINT64_MAX - i,
                               .f64 = numbers[i % ARRAY_LENGTH(numbers)],
                               .text = texts[i % ARRAY_LENGTH(texts)],
                               .at3 = 1764000000123 - (int64_t)i * 86400001,
                               .at6 = -1 - (int64_t)i,
                               .day = 20000 - (int32_t)i};
    memset(values[i].hash.bytes, (int)(i * 37), sizeof values[i].hash.bytes);
  }
  assert_done(fixture, db_run_exec_rows(fixture->db, &every_insert, values, ARRAY_LENGTH(values),
                                        &fixture->error, &outcome));
  assert_int_equal(outcome.affected, ARRAY_LENGTH(values));
  for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
    struct value got = get(fixture, (int64_t)i + 1);
    assert_same(&got, &values[i]);
  }
}

static void test_long_lists_of_nulls_and_of_errors(void **state) {
  struct fixture *fixture = *state;
  struct value values[DB_ROWS_AS_TEXT];
  for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
    values[i] = (struct value){.id = (int64_t)i + 1, .text = "it's a ?"};
    values[i].flag_is_null = values[i].i64_is_null = values[i].u64_is_null = values[i].f64_is_null = true;
    values[i].at3_is_null = values[i].at6_is_null = values[i].day_is_null = values[i].hash_is_null = true;
  }
  assert_done(fixture, db_run_exec_rows(fixture->db, &every_insert, values, ARRAY_LENGTH(values),
                                        &fixture->error, NULL));
  struct value got = get(fixture, DB_ROWS_AS_TEXT);
  assert_true(got.flag_is_null && got.i64_is_null && got.u64_is_null && got.f64_is_null && got.at3_is_null);
  assert_true(got.at6_is_null && got.day_is_null && got.hash_is_null);
  assert_null(got.text);
  assert_false(
      db_run_exec_rows(fixture->db, &every_insert, values, ARRAY_LENGTH(values), &fixture->error, NULL));
  assert_int_equal(fixture->error.code, ERROR_CONFLICT);
  struct db_statement strict = rows_insert;
  struct db_column parameters[] = {insert_parameters[0], insert_parameters[1]};
  parameters[1].nullable = false;
  strict.parameters = parameters;
  values[9].text = NULL;
  assert_false(db_run_exec_rows(fixture->db, &strict, values, ARRAY_LENGTH(values), &fixture->error, NULL));
  assert_non_null(strstr(fixture->error.detail, "text is NULL"));
}

/* Longer than one statement may be: several, and none of them without a row. */
static void test_long_lists_of_long_texts(void **state) {
  struct fixture *fixture = *state;
  struct value values[DB_ROWS_AS_TEXT];
  char *text = malloc(LONG_TEXT_BYTES + 1);
  assert_non_null(text);
  memset(text, '\'', LONG_TEXT_BYTES);
  text[LONG_TEXT_BYTES] = '\0';
  for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
    values[i] = (struct value){.id = (int64_t)i + 1, .text = i % 8 == 3 ? text : "short"};
  struct db_outcome outcome;
  assert_done(fixture, db_run_exec_rows(fixture->db, &rows_insert, values, ARRAY_LENGTH(values),
                                        &fixture->error, &outcome));
  assert_int_equal(outcome.affected, ARRAY_LENGTH(values));
  assert_string_equal(fixture_ask(fixture, fixture->db, "SELECT SUM(LENGTH(text)) FROM t").text, "8388888");
  free(text);
}

static void test_repeated_pieces_hold_to_their_limit(void **state) {
  struct fixture *fixture = *state;
  struct value values[2 * DB_ROWS_MAX] = {{.id = 0}};
  void *rows;
  size_t count = 99;
  struct db *db = fixture_connect(fixture);
  for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
    values[i] = (struct value){.id = (int64_t)i + 1, .text = "x"};
  assert_done(fixture,
              db_run_exec_rows(db, &rows_insert, values, ARRAY_LENGTH(values), &fixture->error, NULL));
  assert_false(db_run_all_rows(db, &rows_find, values, ARRAY_LENGTH(values), fixture->arena,
                               ARRAY_LENGTH(values) - 1, &fixture->error, &rows, &count));
  assert_int_equal(fixture->error.code, ERROR_INTERNAL);
  assert_int_equal(count, 99);
  assert_done(fixture,
              db_run_all_rows(db, &rows_find, values, 2, fixture->arena, 2, &fixture->error, &rows, &count));
  assert_int_equal(count, 2);
  db_close(db);
}

static void test_memory_is_bounded_by_the_arena(void **state) {
  struct fixture *fixture = *state;
  struct value key = {.id = 1};
  struct value row;
  void *rows;
  size_t count;
  bool found;
  fixture_exec(fixture, fixture->db, "INSERT INTO t (id, text) VALUES (1, REPEAT('x', 100000)), (2, 'y')");
  struct arena *small = arena_new((size_t)32 * 1024);
  assert_false(db_run_one(fixture->db, &value_get, &key, small, &fixture->error, &row, &found));
  assert_int_equal(fixture->error.code, ERROR_TOO_LARGE);
  assert_false(db_run_all(fixture->db, &value_from, &key, small, 10, &fixture->error, &rows, &count));
  assert_int_equal(fixture->error.code, ERROR_TOO_LARGE);
  arena_free(small);
  assert_string_equal(get(fixture, 2).text, "y");
}

int main(void) {
#define TEST(NAME) cmocka_unit_test_setup(NAME, clean)
  const struct CMUnitTest tests[] = {
      TEST(test_values_return_as_they_went),
      TEST(test_nulls_return_as_nulls),
      TEST(test_long_texts),
      TEST(test_microseconds_are_cut_not_rounded),
      TEST(test_one_finds_none_or_one),
      TEST(test_all_is_limited),
      TEST(test_each_runs_in_the_memory_of_one_row),
      TEST(test_each_stops_and_keeps_what_is_allocated),
      TEST(test_exec_tells_what_it_did),
      TEST(test_what_does_not_fit_is_refused),
      TEST(test_repeated_pieces_take_any_number_of_rows),
      TEST(test_long_lists_return_as_they_went),
      TEST(test_long_lists_of_nulls_and_of_errors),
      TEST(test_long_lists_of_long_texts),
      TEST(test_repeated_pieces_hold_to_their_limit),
      TEST(test_memory_is_bounded_by_the_arena),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests(tests, setup, teardown);
}
