/* Rules of a site: what they may do, and what comes of those that are wrong. */
#include "rule_fixture.h"

#include "base/banned.h"

#define SITE_CHANGES(name, changes) \
  "-- rule: " name "\n-- summary: S\n-- severity: info\n-- on-read: progress\n-- changes: " changes "\n\n"
#define SITE_BEGIN(name) \
  SITE_CHANGES(name, "users, users.display_name, users.username, users.time_zone, practice_days")
#define SITE_ROW(table, key, action, column, actual, wanted) \
  "SELECT id AS user_id, " table " AS `table`, " key " AS `key`, " action " AS `action`, " column \
  " AS `column`, " actual " AS actual, " wanted " AS wanted FROM users WHERE id BETWEEN :from AND :to"
#define OWN_KEY "CONCAT('{\"id\": ', id, '}')"

static void site_rule(const char *name, const char *text) {
  char file[80];
  snprintf(file, sizeof file, "%s.sql", name);
  rule_file_write(site, file, text);
  load();
  if (rule_set_problem_count(set) != 0) fail_msg("%s", rule_set_problem(set, 0));
}

#define GUIDE_BYTES_MAX 65536

/* The example that docs/rules.md follows to the end. */
static void test_the_example_of_the_guide_works(void **state) {
  (void)state;
  char path[RULE_PATH_BYTES];
  const char *source = getenv("LOCKSTEP_SOURCE");
  snprintf(path, sizeof path, "%s/docs/rules.md", source == NULL ? "." : source);
  char *text = arena_alloc(fixture.arena, GUIDE_BYTES_MAX);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  assert_in_range(fread(text, 1, GUIDE_BYTES_MAX - 1, file), 1, GUIDE_BYTES_MAX - 2);
  assert_int_equal(fclose(file), 0);
  char *begin = strstr(text, "```sql\n");
  assert_non_null(begin);
  begin += strlen("```sql\n");
  char *end = strstr(begin, "```");
  assert_non_null(end);
  *end = '\0';
  site_rule("display_names_are_trimmed", begin);
  static const struct {
    const char *before;
    const char *after;
    size_t repaired;
  } cases[] = {{" Ada ", "Ada", 1}, {"Ada", "Ada", 0}, {"  ", NULL, 1}, {NULL, NULL, 0}};
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    uint64_t user_id = learner_new(0, 0, 0, NULL);
    run(arena_printf(fixture.arena, "UPDATE users SET display_name = ? WHERE id = %llu",
                     (unsigned long long)user_id),
        &cases[at].before, 1);
    assert_int_equal(heal(user_id).found, 0); /* not on read */
    struct rule_repair repair = {0};
    assert_done(&fixture, rule_heal(set, ledger, &config, RULE_SCOPE_ALL, user_id, "rule:test", fixture.arena,
                                    &fixture.error, &repair));
    assert_int_equal(repair.repaired, cases[at].repaired);
    const char *after = ask(user_id, "display_name");
    assert_int_equal(after == NULL, cases[at].after == NULL);
    if (after != NULL) assert_string_equal(after, cases[at].after);
  }
}

static void test_a_rule_may_only_report(void **state) {
  (void)state;
  site_rule("r",
            SITE_BEGIN("r") SITE_ROW("'users'", OWN_KEY, "'report'", "'time_zone'", "time_zone", "NULL"));
  uint64_t user_id = learner_new(0, 0, 0, NULL);
  const char *before = picture(user_id);
  struct rule_repair repair = heal(user_id);
  assert_int_equal(repair.found, 1);
  assert_int_equal(repair.repaired, 0);
  assert_string_equal(picture(user_id), before);
}

static void test_rows_are_inserted_and_deleted(void **state) {
  (void)state;
  site_rule(
      "r",
      SITE_BEGIN(
          "r") "SELECT u.id AS user_id, 'practice_days' AS `table`,"
               " CONCAT('{\"user_id\": ', u.id, ', \"day\": \"2024-02-29\", \"activity\": \"x\"}') AS `key`,"
               " 'insert' AS `action`, 'count' AS `column`, NULL AS actual, u.tokens AS wanted"
               " FROM users AS u LEFT JOIN practice_days AS d ON d.user_id = u.id AND d.day = '2024-02-29'"
               " WHERE u.id BETWEEN :from AND :to AND d.user_id IS NULL AND u.role = 'service'"
               " UNION ALL SELECT d.user_id, 'practice_days', JSON_OBJECT('activity', d.activity, 'user_id',"
               " d.user_id, 'day', d.day), 'delete', 'count', d.count, NULL FROM practice_days AS d"
               " WHERE d.user_id BETWEEN :from AND :to AND d.day <> '2024-02-29'");
  uint64_t user_id = learner_new(0, 0, 0, NULL);
  run(arena_printf(fixture.arena,
                   "UPDATE users SET role = 'service', tokens = 3, hidden_grade_asset ="
                   " '{\"modules\":{\"a\":{\"progress\":{\"tokens_earned\":3}}},\"global_stats\":"
                   "{\"total_tokens_earned\":3}}' WHERE id = %llu",
                   (unsigned long long)user_id),
      NULL, 0);
  run(arena_printf(fixture.arena,
                   "INSERT INTO practice_days (user_id, day, activity, count) VALUES"
                   " (%llu, '2024-01-01', 'it''s \"x', 2), (%llu, '2024-01-02', 'y', 4)",
                   (unsigned long long)user_id, (unsigned long long)user_id),
      NULL, 0);
  struct rule_repair repair = heal(user_id);
  assert_int_equal(repair.found, 3);
  assert_int_equal(repair.repaired, 3);
  assert_string_equal(ask(user_id, "(SELECT GROUP_CONCAT(CONCAT_WS(' ', d.day, d.activity, d.count))"
                                   " FROM practice_days AS d WHERE d.user_id = u.id)"),
                      "2024-02-29 x 3");
  assert_string_equal(
      ask(user_id,
          "(SELECT " THIS_RUN("l.changes") " FROM ledger AS l WHERE l.user_id = u.id AND l.revision = 1)"),
      /* Like changes of many rows are told once. */
      "[{\"what\":\"practice_days\",\"key\":\"r\",\"because\":\"run N, rule r\"}]");
}

static void test_null_is_a_value(void **state) {
  (void)state;
  site_rule("r", SITE_BEGIN("r")
                     SITE_ROW("'users'", OWN_KEY, "'set'", "'display_name'", "display_name",
                              "IF(username = 'b', NULL, 'named')") " AND NOT (display_name <=> IF(username = "
                                                                   "'b', NULL, 'named'))");
  uint64_t unnamed = learner_new(0, 0, 0, NULL);
  uint64_t named = learner_new(0, 0, 0, NULL);
  run(arena_printf(fixture.arena, "UPDATE users SET username = 'b', display_name = 'n' WHERE id = %llu",
                   (unsigned long long)named),
      NULL, 0);
  assert_int_equal(heal(unnamed).repaired, 1);
  assert_string_equal(ask(unnamed, "display_name"), "named");
  assert_int_equal(heal(named).repaired, 1);
  assert_null(ask(named, "display_name"));
}

static void assert_problem(const char *problem, const char *expected) {
  if (strstr(problem, expected) == NULL) fail_msg("says '%s', expected '%s'", problem, expected);
}

/* A rule that misjudges what is there, or would write again and again, writes nothing at all. One of
 * the site is left aside and the others go on, one that ships is an error. */
static void test_a_rule_that_cannot_be_right_writes_nothing(void **state) {
  (void)state;
  static const struct {
    const char *select;
    const char *detail;
  } cases[] = {
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'display_name'", "'other'", "'x'") " AND display_name IS NULL",
       "r.sql (learner "},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'display_name'", "'other'", "'x'"), "r.sql (learner "},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'display_name'", "display_name", "UUID()"), "r.sql (learner "},
      {SITE_ROW("'users'", "'{\"id\": 0}'", "'set'", "'display_name'", "display_name", "'x'"),
       "r.sql (learner "},
      {SITE_ROW("'users'", "'{}'", "'set'", "'display_name'", "display_name", "'x'"), "r.sql (learner "},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'nothing'", "NULL", "'x'"),
       "the row changes what the file does not declare: users.nothing"},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'id'", "id", "7"),
       "the row changes what the file does not declare: users.id"},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'tokens = 9 -- '", "NULL", "'x'"),
       "does not declare: users.tokens = 9 -- "},
      {SITE_ROW("'nothing'", OWN_KEY, "'set'", "'x'", "NULL", "'x'"), "does not declare: nothing.x"},
      {SITE_ROW("'users, ledger'", OWN_KEY, "'set'", "'x'", "NULL", "'x'"),
       "does not declare: users, ledger.x"},
      {SITE_ROW("'user_profiles'", OWN_KEY, "'set'", "'current_streak'", "NULL", "1"),
       "does not declare: user_profiles.current_streak"},
      {SITE_ROW("'users'", OWN_KEY, "'grow'", "'tokens'", "tokens", "1"),
       ": the action is none of set, insert"},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "NULL", "tokens", "1"), ": no column is to be set"},
      {SITE_ROW("NULL", OWN_KEY, "'set'", "'tokens'", "tokens", "1"), ": table, key or action is NULL"},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'username'", "username",
                "'taken'") " AND NOT username <=> 'taken'",
       "users_username"},
      {SITE_ROW("'users'", OWN_KEY, "'set'", "'time_zone'", "time_zone", "NULL"), "cannot be null"},
      {SITE_ROW("'users'", OWN_KEY, "'report'", "NULL", "NULL", "NULL") " AND (SELECT id FROM users) > 0",
       "Subquery returns more than 1 row"},
      {SITE_ROW("'users'", OWN_KEY, "'insert'", "NULL", "NULL", "NULL"), "r.sql (learner "},
      {SITE_ROW("'users'", OWN_KEY, "'insert'", "'id'", "NULL", "7"),
       "r.sql: no rule can change the column id"},
      {SITE_ROW("'practice_days'", OWN_KEY, "'delete'", "'count'", "1", "NULL"), "r.sql (learner "},
  };
  run("INSERT INTO users (username) VALUES ('taken')", NULL, 0);
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    const char *text = arena_printf(fixture.arena, SITE_BEGIN("r") "%s AND tokens = 5", cases[at].select);
    config.directory = shipped;
    config.site_directory = site;
    site_rule("r", text);
    uint64_t healed = learner_new(5, 2, 1, NULL);
    assert_int_equal(heal(healed).repaired, 2); /* by the rules that ship */
    assert_string_equal(ask(healed, "COALESCE(CONCAT_WS('|', display_name, tokens, (SELECT COUNT(*) FROM "
                                    "practice_days AS d WHERE d.user_id = u.id)), 'NULL')"),
                        "5|0");
    assert_int_equal(rule_set_problem_count(set), 1);
    assert_problem(rule_set_problem(set, 0), cases[at].detail);
    assert_int_equal(heal(healed).found, 0);

    config.directory = site;
    config.site_directory = NULL;
    site_rule("r", text);
    uint64_t user_id = learner_new(5, 2, 1, NULL);
    const char *before = picture(user_id);
    if (!heal_fails(user_id)) fail_msg("healed: %s", cases[at].select);
    assert_int_equal(fixture.error.code, ERROR_INTERNAL);
    assert_problem(fixture.error.detail, cases[at].detail);
    assert_string_equal(picture(user_id), before);
    arena_reset(fixture.arena);
  }
}

/* Byte for byte: what differs in case, in white space or in NULL is not what the rule saw. */
static void test_only_what_was_seen_is_overwritten(void **state) {
  (void)state;
  static const struct {
    const char *column;
    const char *there;
    const char *seen;
    bool written;
  } cases[] = {
      {"display_name", "Ada", "Ada", true},
      {"display_name", "Ada", "ada", false},
      {"display_name", "Ada", "Ada ", false},
      {"display_name", "Ada", NULL, false},
      {"display_name", NULL, NULL, true},
      {"display_name", NULL, "", false},
      {"display_name", "\xc3\xbc", "\xc3\xbc", true},
      {"display_name", "\xc3\xbc", "u", false},
      {"tokens", "9007199254740993", "9007199254740993", true},
      {"tokens", "9007199254740993", "9007199254740992", false},
      {"tokens", "12", "12.0", false},
      {"created_at", "2024-02-29 01:02:03.400", "2024-02-29 01:02:03.400", true},
      {"created_at", "2024-02-29 01:02:03.400", "2024-02-29 01:02:03.401", false},
      {"hidden_grade_asset", "{\"a\": 1}", "{\"a\": 1}", true},
      {"hidden_grade_asset", "{\"a\": 1}", "{\"a\":1}", false},
  };
  config.directory = site;
  config.site_directory = NULL;
  uint64_t beside = learner_new(0, 0, 0, NULL);
  const char *before = picture(beside);
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    const char *column = cases[at].column;
    const char *wanted = strcmp(column, "created_at") == 0 ? "2024-01-01 00:00:00.000" : "1";
    const char *seen = cases[at].seen == NULL ? "NULL" : arena_printf(fixture.arena, "'%s'", cases[at].seen);
    uint64_t user_id = learner_new(0, 0, 0, NULL);
    run(arena_printf(fixture.arena, "UPDATE users SET %s = ?, username = 'seen%zu' WHERE id = %llu", column,
                     at, (unsigned long long)user_id),
        &cases[at].there, 1);
    site_rule("r", arena_printf(fixture.arena,
                                SITE_CHANGES("r", "users.%s")
                                    SITE_ROW("'users'", OWN_KEY, "'set'", "'%s'", "%s",
                                             "'%s'") " AND username = 'seen%zu' AND NOT (%s <=> '%s')",
                                column, column, seen, wanted, at, column, wanted));
    bool written = !heal_fails(user_id);
    if (written != cases[at].written) fail_msg("%s: %s there, %s seen", column, cases[at].there, seen);
    const char *after = ask(user_id, column);
    if (written) assert_string_equal(after, wanted);
    if (!written && cases[at].there == NULL) assert_null(after);
    if (!written && cases[at].there != NULL) assert_string_equal(after, cases[at].there);
  }
  assert_string_equal(picture(beside), before);
}

static void test_a_rule_may_not_reach_past_its_learner(void **state) {
  (void)state;
  uint64_t other = learner_new(5, 2, 1, NULL);
  config.directory = site;
  config.site_directory = NULL;
  site_rule(
      "r",
      arena_printf(
          fixture.arena,
          SITE_BEGIN("r") "SELECT %llu AS user_id, 'users' AS `table`, '{}' AS `key`,"
                          " 'report' AS `action`, NULL AS `column`, NULL AS actual, NULL AS wanted FROM users"
                          " WHERE id BETWEEN :from AND :to",
          (unsigned long long)other));
  assert_true(heal_fails(learner_new(5, 2, 1, NULL)));
  assert_problem(fixture.error.detail, ": the row is another learner's");
}

static void test_a_rule_that_does_not_fit_the_database_is_left_aside(void **state) {
  (void)state;
  rule_file_write(site, "a.sql", SITE_BEGIN("a") "SELECT nothing FROM users WHERE id BETWEEN :from AND :to");
  rule_file_write(site, "b.sql", SITE_BEGIN("b") "SELECT 1 FROM nothing WHERE id BETWEEN :from AND :to");
  rule_file_write(
      site, "c.sql",
      SITE_BEGIN(
          "c") "SELECT id AS user_id, 'users' AS tabel, '' AS `key`, '' AS `action`,"
               " '' AS `column`, '' AS actual, '' AS wanted FROM users WHERE id BETWEEN :from AND :to");
  rule_file_write(site, "d.sql",
                  SITE_BEGIN("d") "SELECT id AS user_id FROM users WHERE id BETWEEN :from AND :to");
  rule_file_write(site, "e.sql", SITE_BEGIN("e") "SELEC id");
  rule_file_write(site, "f.sql",
                  SITE_BEGIN("f") SITE_ROW("'users'", OWN_KEY, "'report'", "NULL", "NULL", "NULL"));
  rule_file_write(site, "g.sql",
                  SITE_BEGIN("g") "SELECT id AS user_id, '' AS `table`, '' AS `key`, '' AS `action`,"
                                  " '' AS `column`, '' AS actual, '' AS wanted, 1 AS more FROM users WHERE "
                                  "id BETWEEN :from AND :to");
#define REPORT SITE_ROW("'users'", OWN_KEY, "'report'", "NULL", "NULL", "NULL")
  rule_file_write(site, "h.sql", SITE_CHANGES("h", "users.nothing") REPORT);
  rule_file_write(site, "i.sql", SITE_CHANGES("i", "users.id") REPORT);
  rule_file_write(site, "j.sql", SITE_CHANGES("j", "nothing") REPORT); /* that word is no table */
  rule_file_write(site, "k.sql", SITE_CHANGES("k", "users.tokens, nowhere") REPORT);
  rule_file_write(site, "l.sql", SITE_CHANGES("l", "user_profiles.current_streak") REPORT);
  rule_file_write(site, "m.sql", SITE_CHANGES("m", "sync_jobs.active_key") REPORT);
  load();
  assert_int_equal(rule_set_problem_count(set), 1);
  uint64_t user_id = learner_new(5, 2, 1, NULL);
  struct rule_repair repair = heal(user_id);
  assert_int_equal(repair.found, 4); /* the two that ship, f and j */
  assert_int_equal(repair.repaired, 2);
  static const char *const problems[] = {"/e.sql:7: a rule is one SELECT, this begins with SELEC",
                                         "/a.sql:7: the database refuses its SELECT: ",
                                         "/b.sql:7: the database refuses its SELECT: ",
                                         "/c.sql:7: column 2 of the SELECT is tabel, it must be table",
                                         "/d.sql:7: column 2 of the SELECT is missing, it must be table",
                                         "/g.sql:7: the SELECT has 8 columns, a rule's are 7",
                                         "/h.sql:5: the table users has no column nothing",
                                         "/i.sql:5: users.id is part of the primary key",
                                         "/k.sql:5: there is no table nowhere with a primary key",
                                         "/l.sql:5: there is no table user_profiles with a primary key",
                                         "/m.sql:5: sync_jobs.active_key is computed by the database"};
  assert_int_equal(rule_set_problem_count(set), ARRAY_LENGTH(problems));
  for (size_t at = 0; at < ARRAY_LENGTH(problems); at++)
    if (strstr(rule_set_problem(set, at), problems[at]) == NULL) fail_msg("%s", rule_set_problem(set, at));
  for (size_t at = 0; at < rule_set_count(set); at++) {
    const struct rule *rule = rule_set_at(set, at);
    assert_int_equal(rule_set_in_use(set, at),
                     !rule->of_site || strcmp(rule->name, "f") == 0 || strcmp(rule->name, "j") == 0);
  }
}

static void test_a_rule_that_ships_must_fit_the_database(void **state) {
  (void)state;
  rule_file_write(site, "a.sql", SITE_BEGIN("a") "SELECT nothing FROM users WHERE id BETWEEN :from AND :to");
  config.directory = site;
  config.site_directory = NULL;
  load();
  assert_true(heal_fails(learner_new(5, 2, 1, NULL)));
  assert_int_equal(fixture.error.code, ERROR_INTERNAL);
  assert_non_null(strstr(fixture.error.message, "/a.sql:7: the database refuses its SELECT: "));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_the_example_of_the_guide_works, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_rule_may_only_report, setup, teardown),
      cmocka_unit_test_setup_teardown(test_rows_are_inserted_and_deleted, setup, teardown),
      cmocka_unit_test_setup_teardown(test_null_is_a_value, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_rule_that_cannot_be_right_writes_nothing, setup, teardown),
      cmocka_unit_test_setup_teardown(test_only_what_was_seen_is_overwritten, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_rule_may_not_reach_past_its_learner, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_rule_that_does_not_fit_the_database_is_left_aside, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(test_a_rule_that_ships_must_fit_the_database, setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/rule_site", tests, group_setup, group_teardown);
}
