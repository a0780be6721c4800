/* A rule file's form: what is taken from a good one, and what is said of a bad one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rule/rule_private.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)1024 * 1024)

#define HEAD "-- rule: a\n-- summary: S\n-- severity: info\n-- changes: nothing\n"
#define BODY "SELECT 1 FROM t WHERE id BETWEEN :from AND :to"

static struct arena *arena;
static const struct rules_config keep = {.surplus = RULES_SURPLUS_UNATTRIBUTED};

static int setup(void **state) {
  (void)state;
  arena = arena_new(ARENA_BYTES);
  return arena == NULL ? -1 : 0;
}

static int teardown(void **state) {
  (void)state;
  arena_free(arena);
  return 0;
}

static struct rule parse_good(const char *text, bool *ret_applies) {
  struct error error = ERROR_INIT;
  struct rule rule = {0};
  bool applies = false;
  if (!rule_file_parse("x/a.sql", text, strlen(text), &keep, arena, &error, &rule, &applies))
    fail_msg("refused: %s\n%s", error.message, text);
  if (ret_applies != NULL) *ret_applies = applies;
  return rule;
}

static void test_everything_is_taken(void **state) {
  (void)state;
  bool applies;
  struct rule rule =
      parse_good("-- rule: a\n-- summary: Things: fit.\n-- severity: critical\n-- on-read: progress\n"
                 "-- when: rules.surplus = unattributed\n-- order: 10\n"
                 "-- limit: 10 % or 5000 rows\n-- authority: modules\n"
                 "-- changes: t.a, t.b_2,t\n\n-- Why: because.\n" BODY ";\n",
                 &applies);
  assert_true(applies);
  assert_string_equal(rule.name, "a");
  assert_string_equal(rule.summary, "Things: fit.");
  assert_string_equal(rule.file, "x/a.sql");
  assert_string_equal(rule.explanation, "Why: because.\n");
  assert_int_equal(rule.severity, RULE_CRITICAL);
  assert_int_equal(rule.on_read, RULE_READ_PROGRESS);
  assert_string_equal(rule.variant, "rules.surplus=unattributed");
  assert_int_equal(rule.order, 10);
  assert_int_equal(rule.limit_share_percent, 10);
  assert_int_equal(rule.limit_rows, 5000);
  assert_string_equal(rule.sql, "SELECT 1 FROM t WHERE id BETWEEN ? AND ?");
  assert_int_equal(rule.range_count, 1);
  assert_int_equal(rule.sql_line, 12);
  assert_int_equal(rule.authority, REPAIR_AUTHORITY_MODULES);
  assert_int_equal(rule.change_count, 3);
  assert_int_equal(rule.changes_line, 9);
  assert_true(rule_may_change(&rule, "t", "a"));
  assert_true(rule_may_change(&rule, "t", "b_2"));
  assert_true(rule_may_change(&rule, "t", NULL));
  assert_false(rule_may_change(&rule, "t", "b"));
  assert_false(rule_may_change(&rule, "a", NULL));
  assert_false(rule_may_change(&rule, "u", "a"));
}

static void test_little_is_needed(void **state) {
  (void)state;
  bool applies;
  struct rule rule = parse_good(HEAD BODY, &applies);
  assert_true(applies);
  assert_string_equal(rule.explanation, "");
  assert_string_equal(parse_good(HEAD "\n-- One,\n--\n-- two.\n\n" BODY " -- no more", NULL).explanation,
                      "One,\n\ntwo.\n");
  assert_int_equal(rule.on_read, RULE_READ_NOTHING);
  assert_null(rule.variant);
  assert_int_equal(rule.order, 100);
  assert_int_equal(rule.limit_rows, 0);
  assert_int_equal(rule.limit_share_percent, 0);
  assert_int_equal(rule.authority, REPAIR_AUTHORITY_MODULES);
  assert_int_equal(rule.change_count, 0);
  assert_false(rule_may_change(&rule, "t", NULL));
  assert_int_equal(parse_good(HEAD "-- limit: 7 rows\n" BODY, NULL).limit_rows, 7);
  assert_int_equal(parse_good(HEAD "-- limit: 100%\n" BODY, NULL).limit_share_percent, 100);
  assert_int_equal(parse_good(HEAD "-- limit: 7 rows or 3 %\n" BODY, NULL).limit_share_percent, 3);
  assert_string_equal(
      parse_good("-- rule: a\r\n-- summary: S\r\n-- severity: info\r\n-- changes: nothing\r\n\r\n" BODY, NULL)
          .summary,
      "S");
}

static void test_whole_rows_and_single_columns_are_told_apart(void **state) {
  (void)state;
  struct rule rule = parse_good("-- rule: a\n-- summary: S\n-- severity: info\n-- authority: columns\n"
                                "-- changes: t, u.a\n" BODY,
                                NULL);
  assert_int_equal(rule.authority, REPAIR_AUTHORITY_COLUMNS);
  assert_true(rule_may_change(&rule, "t", NULL));
  assert_false(rule_may_change(&rule, "t", "a"));
  assert_false(rule_may_change(&rule, "u", NULL));
  assert_true(rule_may_change(&rule, "u", "a"));
}

static void test_another_variant_does_not_apply(void **state) {
  (void)state;
  bool applies;
  parse_good(HEAD "-- when: rules.surplus = drop\n" BODY, &applies);
  assert_false(applies);
}

static void test_the_select_is_stripped_and_marked(void **state) {
  (void)state;
  static const struct {
    const char *body;
    const char *sql;
    size_t ranges;
  } cases[] = {
      {"  \n" BODY " ; -- end\n# so\n/* it is */ ", "SELECT 1 FROM t WHERE id BETWEEN ? AND ?", 1},
      {"SELECT a -- b\n  , c # d\n FROM/* e\n */t WHERE x IN (:from,:to)",
       "SELECT a , c FROM t WHERE x IN (?,?)", 1},
      {"SELECT 1-- 2\nFROM t WHERE :from<id AND id<:to", "SELECT 1 FROM t WHERE ?<id AND id<?", 1},
      {"SELECT 1--2 FROM t WHERE :from<id AND id<:to", "SELECT 1--2 FROM t WHERE ?<id AND id<?", 1},
      {BODY " UNION ALL " BODY,
       "SELECT 1 FROM t WHERE id BETWEEN ? AND ? UNION ALL SELECT 1 FROM t WHERE id BETWEEN ? AND ?", 2},
      /* What stands in quotes is text, whatever it looks like. */
      {"SELECT '; -- :to ? @ \\' into', \"# :from \"\"x\", `into` FROM t WHERE id BETWEEN :from AND :to",
       "SELECT '; -- :to ? @ \\' into', \"# :from \"\"x\", `into` FROM t WHERE id BETWEEN ? AND ?", 1},
      {"SELECT SUBSTRING(a FROM 1 FOR 2), lock_in, into_it FROM t WHERE id BETWEEN :from AND :to",
       "SELECT SUBSTRING(a FROM 1 FOR 2), lock_in, into_it FROM t WHERE id BETWEEN ? AND ?", 1},
  };
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    struct rule rule = parse_good(arena_printf(arena, HEAD "%s", cases[at].body), NULL);
    assert_string_equal(rule.sql, cases[at].sql);
    assert_int_equal(rule.range_count, cases[at].ranges);
  }
}

/* Each complaint names the line, and says what is wrong there. */
static const struct complaint {
  const char *text;
  const char *message; /* begins with this */
} complaints[] = {
    {"", "x/a.sql:1: the annotation '-- rule: …' is missing"},
    {BODY, "x/a.sql:1: the annotation '-- rule: …' is missing"},
    {"-- rule: a\n-- severity: info\n\n" BODY, "x/a.sql:3: the annotation '-- summary: …' is missing"},
    {"-- rule: a\n-- summary: S\n" BODY, "x/a.sql:3: the annotation '-- severity: …' is missing"},
    {"-- rule: a\n-- sumary: S\n", "x/a.sql:2: 'sumary' is no annotation of a rule"},
    {"-- rule: a\n-- some prose\n", "x/a.sql:2: '-- some prose' is no annotation: they read"},
    {"-- rule: a\n-- rule: a\n", "x/a.sql:2: rule is there twice"},
    {"-- rule: a\n-- summary:\n", "x/a.sql:2: '-- summary:' is no annotation"},
    {"-- rule: A\n", "x/a.sql:1: 'A' is no name"},
    {"-- rule: a-b\n", "x/a.sql:1: 'a-b' is no name"},
    {"-- rule: 1a\n", "x/a.sql:1: '1a' is no name"},
    {"-- rule: b\n", "x/a.sql:1: the rule b belongs in a file of its name: b.sql"},
    {"-- rule: aa\n", "x/a.sql:1: the rule aa belongs in a file of its name: aa.sql"},
    {"-- rule: a234567890123456789012345678901234567890123456789012345678901234\n",
     "x/a.sql:1: a name has at most 63"},
    {"-- severity: bad\n", "x/a.sql:1: severity is info, warning or critical, not 'bad'"},
    {"-- on-read: maybe\n", "x/a.sql:1: on-read is no, progress, courses or events, not 'maybe'"},
    {"-- order: -1\n", "x/a.sql:1: order is a number from 0 to 1000000, not '-1'"},
    {"-- order: 10x\n", "x/a.sql:1: order is"},
    {"-- order: 99999999999999999999\n", "x/a.sql:1: order is"},
    {"-- limit: 10\n", "x/a.sql:1: a limit reads"},
    {"-- limit: 0 rows\n", "x/a.sql:1: a limit reads"},
    {"-- limit: 101 %\n", "x/a.sql:1: a limit reads"},
    {"-- limit: 5 % or 6 %\n", "x/a.sql:1: a limit reads"},
    {"-- limit: 5 % or\n", "x/a.sql:1: a limit reads"},
    {"-- limit: 5 rows please\n", "x/a.sql:1: a limit reads"},
    {"-- limit: many rows\n", "x/a.sql:1: a limit reads"},
    {"-- when: always\n", "x/a.sql:1: when reads 'rules.surplus = <value>', not 'always'"},
    {"-- when: rules.surplus = keep\n", "x/a.sql:1: rules.surplus is unattributed or drop, not 'keep'"},
    {"-- rule: a\n-- summary: S\n-- severity: info\n" BODY,
     "x/a.sql:4: the annotation '-- changes: …' is missing"},
    {"-- authority: nobody\n", "x/a.sql:1: authority is modules or columns, not 'nobody'"},
    {"-- changes: t.\n", "x/a.sql:1: what it changes reads 'table.column'"},
    {"-- changes: .a\n", "x/a.sql:1: what it changes reads"},
    {"-- changes: t.a,\n", "x/a.sql:1: what it changes reads"},
    {"-- changes: t.a; t.b\n", "x/a.sql:1: what it changes reads"},
    {"-- changes: d.t.a\n", "x/a.sql:1: what it changes reads"},
    {"-- changes: T.a\n", "x/a.sql:1: what it changes reads"},
    {"-- changes: t.a, u, t.a\n", "x/a.sql:1: t.a is there twice"},
    {"-- changes: t, t\n", "x/a.sql:1: t is there twice"},
    {"-- changes: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\n", "x/a.sql:1: a rule changes at most 16 columns"},
    {HEAD "-- on-read: progress\n-- authority: columns\n" BODY, "x/a.sql: a rule of another authority than"},
    {HEAD, "x/a.sql:5: there is no SELECT"},
    {HEAD "\n-- only prose\n", "x/a.sql:7: there is no SELECT"},
    {HEAD ";", "x/a.sql:5: a rule is one SELECT, this begins with ;"},
    {HEAD "\n\nUPDATE t SET a = 1", "x/a.sql:7: a rule is one SELECT, this begins with UPDATE"},
    {HEAD "(SELECT 1)", "x/a.sql:5: a rule is one SELECT, this begins with ("},
    {HEAD "WITH x AS (" BODY ") SELECT 1 FROM x", "x/a.sql:5: a rule is one SELECT, this begins with WITH"},
    {HEAD "WITH found AS (" BODY ") DELETE FROM t", "x/a.sql:5: a rule is one SELECT, this begins with WITH"},
    {HEAD "WITH found AS (" BODY "), x AS (SELECT 1) SELECT 1",
     "x/a.sql:5: a rule is one SELECT, this begins with WITH"},
    {HEAD "WITH found AS (" BODY, "x/a.sql:5: a rule is one SELECT, this begins with WITH"},
    {HEAD BODY ";\nDELETE FROM t", "x/a.sql:6: a rule is one SELECT, here begins another statement"},
    {HEAD BODY "; ;", "x/a.sql:5: a rule is one SELECT, here begins another statement"},
    {HEAD "SELECT 1\nINTO OUTFILE 'x'", "x/a.sql:6: a rule only reads: it cannot use INTO"},
    {HEAD BODY " for\nupdate", "x/a.sql:6: a rule only reads: it cannot use FOR UPDATE"},
    {HEAD BODY " FOR /* */ SHARE", "x/a.sql:5: a rule only reads: it cannot use FOR SHARE"},
    {HEAD BODY " LOCK IN SHARE MODE", "x/a.sql:5: a rule only reads: it cannot use LOCK IN"},
    {HEAD "SELECT sleep(9)", "x/a.sql:5: a rule only reads: it cannot use SLEEP"},
    {HEAD "SELECT NEXT VALUE FOR s", "x/a.sql:5: a rule only reads: it cannot use NEXT VALUE"},
    {HEAD "SELECT @a := 1", "x/a.sql:5: variables (@) have no place in a rule"},
    {HEAD "SELECT 1 /*! INTO @a */", "x/a.sql:5: a comment that servers execute has no place in a rule"},
    {HEAD "SELECT 1 /*M! INTO @a */", "x/a.sql:5: a comment that servers execute has no place in a rule"},
    {HEAD "SELECT\n1 /* 2", "x/a.sql:6: a comment (/*) is not closed"},
    {HEAD "SELECT '\nx", "x/a.sql:5: a quote (') is not closed"},
    {HEAD "SELECT 'x\\'", "x/a.sql:5: a quote (') is not closed"},
    {HEAD "SELECT `x\\", "x/a.sql:5: a quote (`) is not closed"},
    {HEAD "SELECT 'a\nb',\n1 FROM t WHERE id = ?", "x/a.sql:7: the parameters are :from and :to, not ?"},
    {HEAD "SELECT 1 FROM t WHERE id = :id", "x/a.sql:5: :id stands where :from belongs"},
    {HEAD "SELECT 1 FROM t WHERE id > :to", "x/a.sql:5: :to stands where :from belongs"},
    {HEAD "SELECT 1 FROM t WHERE id > :from AND id > :from", "x/a.sql:5: :from stands where :to belongs"},
    {HEAD "SELECT 1 FROM t WHERE id > :from", "x/a.sql:5: a :from has no :to"},
    {HEAD "SELECT 1 FROM t", "x/a.sql:5: the rows are not held to the range"},
    {HEAD "SELECT '\xff', 1", "x/a.sql: this is no text in UTF-8"},
};

static void test_complaints(void **state) {
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(complaints); at++) {
    struct error error = ERROR_INIT;
    struct rule rule = {.name = "untouched"};
    bool applies = true;
    if (rule_file_parse("x/a.sql", complaints[at].text, strlen(complaints[at].text), &keep, arena, &error,
                        &rule, &applies))
      fail_msg("taken: %s", complaints[at].text);
    assert_int_equal(error.code, ERROR_MALFORMED);
    if (strncmp(error.message, complaints[at].message, strlen(complaints[at].message)) != 0)
      fail_msg("%s\n  says:     %s\n  expected: %s", complaints[at].text, error.message,
               complaints[at].message);
    assert_string_equal(rule.name, "untouched");
  }
}

static void test_a_nul_is_no_text(void **state) {
  (void)state;
  static const char text[] = HEAD "SELECT 1\0FROM t WHERE id BETWEEN :from AND :to";
  struct error error = ERROR_INIT;
  struct rule rule;
  bool applies;
  assert_false(rule_file_parse("x/a.sql", text, sizeof text - 1, &keep, arena, &error, &rule, &applies));
  assert_string_equal(error.message, "x/a.sql: this is no text in UTF-8");
}

static void test_the_range_may_not_stand_for_ever(void **state) {
  (void)state;
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(RULE_FILE_BYTES_MAX);
  struct error error = ERROR_INIT;
  struct rule rule;
  bool applies;
  buffer_append_text(&text, HEAD "SELECT 1");
  for (size_t at = 0; at <= RULE_RANGES_MAX; at++)
    buffer_append_text(&text, " + :from + :to");
  assert_false(rule_file_parse("x/a.sql", text.data, text.length, &keep, arena, &error, &rule, &applies));
  assert_string_equal(error.message, "x/a.sql:5: the range stands here more than 32 times");
}

static void test_what_is_found_stands_first(void **state) {
  (void)state;
  struct rule rule = parse_good(HEAD "WITH found AS (SELECT ') ?' FROM (" BODY ") AS x)\n"
                                     "SELECT 1 FROM found, t WHERE id BETWEEN :from AND :to",
                                NULL);
  assert_string_equal(rule.found_sql, "SELECT ') ?' FROM (SELECT 1 FROM t WHERE id BETWEEN ? AND ?) AS x");
  assert_int_equal(rule.found_range_count, 1);
  assert_int_equal(rule.range_count, 2);
  assert_null(parse_good(HEAD BODY, NULL).found_sql);
}

static void test_settings_stand_as_numbers(void **state) {
  static const char text[] = HEAD "SELECT :accept_discounts, :refunds_unenroll, ':accept_discounts' FROM t\n"
                                  " WHERE id BETWEEN :from AND :to";
  struct rules_config config = {.refunds_unenroll = true};
  struct error error = ERROR_INIT;
  struct rule rule = {0};
  bool applies;
  (void)state;
  assert_true(rule_file_parse("x/a.sql", text, sizeof text - 1, &config, arena, &error, &rule, &applies));
  assert_string_equal(rule.sql, "SELECT 0, 1, ':accept_discounts' FROM t WHERE id BETWEEN ? AND ?");
  assert_int_equal(rule.range_count, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_everything_is_taken, setup, teardown),
      cmocka_unit_test_setup_teardown(test_little_is_needed, setup, teardown),
      cmocka_unit_test_setup_teardown(test_whole_rows_and_single_columns_are_told_apart, setup, teardown),
      cmocka_unit_test_setup_teardown(test_another_variant_does_not_apply, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_select_is_stripped_and_marked, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_is_found_stands_first, setup, teardown),
      cmocka_unit_test_setup_teardown(test_settings_stand_as_numbers, setup, teardown),
      cmocka_unit_test_setup_teardown(test_complaints, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_nul_is_no_text, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_range_may_not_stand_for_ever, setup, teardown),
  };
  return cmocka_run_group_tests_name("rule/rule_file", tests, NULL, NULL);
}
