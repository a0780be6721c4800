/* The rules over what practice leaves behind: streaks, daily totals, and what attempts prove. */
#include "shipped_fixture.h"

#include "learner/streak.h"

#include "base/banned.h"

/* --- The streaks ----------------------------------------------------------------- */

static const struct streak_case {
  const char *days;    /* in any order, with repetitions by another activity */
  const char *profile; /* current, longest, last; NULL: none */
  const char *rows;    /* found, without user and key */
  const char *after;   /* current longest last */
} streak_cases[] = {
    {"2024-01-01 2024-01-02 2024-01-03", "3, 3, '2024-01-03'", "", "3 3 2024-01-03"},
    {"2024-01-01 2024-01-02 2024-01-03", "3, 7, '2024-01-03'", "", "3 7 2024-01-03"},
    {"2024-01-01 2024-01-02 2024-01-04", "1, 2, '2024-01-04'", "", "1 2 2024-01-04"},
    {"", "5, 9, '2024-01-03'", "", "5 9 2024-01-03"},
    {"", NULL, "", "-"},
    {"2024-01-03", NULL,
     "insert current_streak - 1\ninsert last_practice_date - 2024-01-03\ninsert longest_streak - 1\n",
     "1 1 2024-01-03"},
    {"2024-01-01 2024-01-02", "0, 0, NULL", "set longest_streak 0 2\nset last_practice_date - 2024-01-02\n",
     "2 2 2024-01-02"},
    {"2024-01-01 2024-01-02", "9, 9, '2024-01-02'", "set current_streak 9 2\n", "2 9 2024-01-02"},
    {"2024-01-01 2024-01-02", "1, 1, '2024-01-02'", "set longest_streak 1 2\n", "2 2 2024-01-02"},
    {"2024-01-05 2024-01-01 2024-01-03 2024-01-02", "1, 2, '2024-01-05'", "set longest_streak 2 3\n",
     "1 3 2024-01-05"},
    {"2024-01-02", "1, 4, '2024-01-09'", "set last_practice_date 2024-01-09 2024-01-02\n", "1 4 2024-01-02"},
    {"2024-02-28 2024-02-29 2024-03-01", "3, 3, '2024-03-01'", "", "3 3 2024-03-01"},
    {"2023-02-28 2023-03-01", "1, 1, '2023-03-01'", "set longest_streak 1 2\n", "2 2 2023-03-01"},
    {"2023-12-31 2024-01-01", "2, 2, '2024-01-01'", "", "2 2 2024-01-01"},
};

static void add_days(uint64_t user_id, const char *days) {
  for (const char *day = days; *day != '\0'; day += strspn(day, " ")) {
    size_t bytes = strcspn(day, " ");
    RUN("INSERT INTO practice_days (user_id, day, activity, count) VALUES (%llu, '%.*s', 'answer', 2),"
        " (%llu, '%.*s', 'session', 1)",
        ID(user_id), (int)bytes, day, ID(user_id), (int)bytes, day);
    day += bytes;
  }
}

/* Rows without the learner and the key, which are always the same. */
static const char *rows_of(uint64_t user_id, const char *text) {
  CLEANUP(buffer_free) struct buffer rows = BUFFER_INIT((size_t)64 * 1024);
  const char *head = arena_printf(fixture.arena, "%llu {\"user_id\": %llu} ", ID(user_id), ID(user_id));
  for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
    assert_int_equal(strncmp(line, head, strlen(head)), 0);
    buffer_append(&rows, line + strlen(head), (size_t)(strchr(line, '\n') + 1 - line) - strlen(head));
  }
  return arena_strdup(fixture.arena, buffer_text(&rows));
}

static void test_streaks_are_what_the_days_prove(void **state) {
  (void)state;
  load();
  for (size_t at = 0; at < ARRAY_LENGTH(streak_cases); at++) {
    const struct streak_case *streak = &streak_cases[at];
    uint64_t user_id = learner_new(0, 0, 0, NULL);
    add_days(user_id, streak->days);
    if (streak->profile != NULL)
      RUN("INSERT INTO profiles (user_id, current_streak, longest_streak, last_practice_date, total_points)"
          " VALUES (%llu, %s, 77)",
          ID(user_id), arena_printf(fixture.arena, "%s", streak->profile));
    const char *rows = arena_printf(
        fixture.arena, "%s%s", shipped_find("longest_streak_covers_practice_days", user_id, user_id, NULL),
        shipped_find("streak_matches_practice_days", user_id, user_id, NULL));
    assert_string_equal(rows_of(user_id, rows), streak->rows);
    assert_int_equal(heal_all(user_id).repaired > 0, *streak->rows != '\0');
    assert_string_equal(ask(user_id,
                            "COALESCE((SELECT CONCAT_WS(' ', p.current_streak, p.longest_streak,"
                            " p.last_practice_date) FROM profiles AS p WHERE p.user_id = u.id), '-')"),
                        streak->after);
    if (streak->profile != NULL)
      assert_int_equal(
          ask_number(user_id, "(SELECT p.total_points FROM profiles AS p WHERE p.user_id = u.id)"), 77);
    assert_int_equal(heal_all(user_id).found, 0);
  }
}

#define RANDOM_LEARNERS 60
#define RANDOM_DAYS 40

/* Many learners in one range, beside the program's own way of counting. */
static void test_streaks_agree_with_the_program(void **state) {
  (void)state;
  load();
  uint64_t first = 0;
  uint64_t last = 0;
  struct streak expected[RANDOM_LEARNERS];
  unsigned seed = 20240229;
  for (size_t at = 0; at < RANDOM_LEARNERS; at++) {
    int32_t days[RANDOM_DAYS];
    size_t count = 0;
    last = learner_new(0, 0, 0, NULL);
    if (at == 0) first = last;
    for (int32_t day = 0; day < RANDOM_DAYS; day++) {
      seed = seed * 1664525U + 1013904223U;
      if (seed >> 24 < 40 + 3 * at) days[count++] = day;
    }
    for (size_t day = 0; day < count; day++)
      RUN("INSERT INTO practice_days (user_id, day, activity, count) VALUES"
          " (%llu, DATE_ADD('2024-02-01', INTERVAL %d DAY), 'answer', 1)",
          ID(last), (int)days[day]);
    expected[at] = streak_from_days(days, count);
    if (at % 3 == 0) RUN("INSERT INTO profiles (user_id) VALUES (%llu)", ID(last));
  }
  assert_int_equal(last, first + RANDOM_LEARNERS - 1);
  size_t count;
  size_t wanted = 0;
  const char *rows = shipped_find("longest_streak_covers_practice_days", first, last, &count);
  for (size_t at = 0; at < RANDOM_LEARNERS; at++) {
    if (!expected[at].practised) continue;
    bool is_there = at % 3 == 0;
    wanted += is_there ? 1 : 3; /* of a row that is there the others follow */
    const char *row = arena_printf(fixture.arena, "%llu {\"user_id\": %llu} %s longest_streak %s %lld\n",
                                   ID(first + at), ID(first + at), is_there ? "set" : "insert",
                                   is_there ? "0" : "-", (long long)expected[at].longest);
    if (strstr(rows, row) == NULL) fail_msg("expected: %sin\n%s", row, rows);
  }
  assert_int_equal(count, wanted);
  for (size_t at = 0; at < RANDOM_LEARNERS; at++) {
    heal_all(first + at);
    if (!expected[at].practised) continue;
    assert_string_equal(
        ask(first + at, "(SELECT CONCAT_WS(' ', p.current_streak, p.longest_streak, p.last_practice_date)"
                        " FROM profiles AS p WHERE p.user_id = u.id)"),
        ask(first + at,
            arena_printf(fixture.arena, "CONCAT_WS(' ', %lld, %lld, DATE_ADD('2024-02-01', INTERVAL %d DAY))",
                         (long long)expected[at].current, (long long)expected[at].longest,
                         (int)expected[at].last_day)));
  }
  assert_string_equal(shipped_find("longest_streak_covers_practice_days", first, last, NULL), "");
  assert_string_equal(shipped_find("streak_matches_practice_days", first, last, NULL), "");
}

/* --- daily_totals_match_attempts ------------------------------------------------------------------ */

static void add_attempt(uint64_t user_id, const char *day, const char *module, int correct, int tokens) {
  RUN("INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, tokens, practised_on,"
      " created_at) VALUES (%llu, 1, 'e', '%s', %d, %d, '%s', '%s 23:59:59.999')",
      ID(user_id), module, correct, tokens, day, day);
}

static void archive_attempts(uint64_t user_id, const char *day) {
  RUN("INSERT INTO attempts_archive SELECT * FROM attempts WHERE user_id = %llu AND practised_on = '%s'",
      ID(user_id), day);
  RUN("DELETE FROM attempts WHERE user_id = %llu AND practised_on = '%s'", ID(user_id), day);
}

static const char *daily_of(uint64_t user_id) {
  return ask(user_id, "COALESCE((SELECT GROUP_CONCAT(CONCAT_WS(' ', d.day, d.module, d.questions, d.correct,"
                      " d.tokens) ORDER BY d.day, d.module SEPARATOR '; ') FROM daily_totals AS d"
                      " WHERE d.user_id = u.id), '-')");
}

static void test_daily_totals_are_raised_to_the_attempts(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner_new(0, 0, 0, NULL);
  add_attempt(user_id, "2024-01-01", "math", 1, 3);
  add_attempt(user_id, "2024-01-01", "math", 0, 0);
  add_attempt(user_id, "2024-01-01", "it\\'s \\\"art\\\"", 1, 5);
  add_attempt(user_id, "2024-01-02", "math", 1, 2);
  add_attempt(user_id, "2024-01-03", "math", 1, 4);
  add_attempt(user_id, "2024-01-03", "math", 1, -9);
  add_attempt(user_id, "2024-01-04", "math", 0, 1);
  archive_attempts(user_id, "2024-01-02");
  RUN("INSERT INTO daily_totals (user_id, day, module, questions, correct, tokens) VALUES"
      " (%llu, '2024-01-01', 'math', 2, 1, 3)," /* as it should be */
      " (%llu, '2024-01-02', 'math', 9, 8, 7)," /* most of the day's attempts are gone for good */
      " (%llu, '2024-01-03', 'math', 5, 0, 1)," /* too low in two columns */
      " (%llu, '2023-12-31', 'math', 4, 4, 4)", /* all of them are */
      ID(user_id), ID(user_id), ID(user_id), ID(user_id));
  size_t count;
  const char *rows = shipped_find("daily_totals_match_attempts", user_id, user_id, &count);
  if (count != 8) fail_msg("%s", rows);
  assert_non_null(strstr(rows, "\"day\": \"2024-01-03\", \"module\": \"math\"} set correct 0 2\n"));
  assert_non_null(strstr(rows, "\"day\": \"2024-01-03\", \"module\": \"math\"} set tokens 1 4\n"));
  assert_int_equal(heal_all(user_id).repaired, 3 + 4 + 1); /* and four practice days, and the profile */
  assert_string_equal(daily_of(user_id),
                      "2023-12-31 math 4 4 4; 2024-01-01 it's \"art\" 1 1 5; 2024-01-01 math 2 1 3; "
                      "2024-01-02 math 9 8 7; 2024-01-03 math 5 2 4; 2024-01-04 math 1 0 1");
  assert_shipped("daily_totals_match_attempts", user_id, "");
}

/* --- practice_days_cover_attempts ----------------------------------------------------------------- */

static const char *counted_days_of(uint64_t user_id) {
  return ask(user_id, "COALESCE((SELECT GROUP_CONCAT(CONCAT(d.day, ' ', d.activity, ' ', d.count)"
                      " ORDER BY d.day, d.activity SEPARATOR '; ') FROM practice_days AS d"
                      " WHERE d.user_id = u.id), '-')");
}

static void test_practice_days_are_raised_to_the_attempts(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner_new(0, 0, 0, NULL);
  for (int at = 0; at < 3; at++)
    add_attempt(user_id, "2024-02-28", "math", 1, 0); /* counted once */
  archive_attempts(user_id, "2024-02-28");
  add_attempt(user_id, "2024-02-28", "math", 1, 0);
  add_attempt(user_id, "2024-02-29", "math", 0, 0); /* not counted, but as something else */
  add_attempt(user_id, "2024-03-01", "art", 0, 0);  /* counted more often: others are gone */
  RUN("INSERT INTO practice_days (user_id, day, activity, count) VALUES (%llu, '2024-02-28', 'answer', 1),"
      " (%llu, '2024-02-29', 'session', 7), (%llu, '2024-03-01', 'answer', 9), (%llu, '2024-03-02', "
      "'answer', 2)",
      ID(user_id), ID(user_id), ID(user_id), ID(user_id));
  assert_string_equal(
      shipped_find("practice_days_cover_attempts", user_id, user_id, NULL),
      arena_printf(
          fixture.arena,
          "%llu {\"user_id\": %llu, \"day\": \"2024-02-28\", \"activity\": \"answer\"} set count 1 4\n"
          "%llu {\"user_id\": %llu, \"day\": \"2024-02-29\", \"activity\": \"answer\"} insert count - 1\n",
          ID(user_id), ID(user_id), ID(user_id), ID(user_id)));
  heal_all(user_id);
  assert_string_equal(counted_days_of(user_id),
                      "2024-02-28 answer 4; 2024-02-29 answer 1; 2024-02-29 session 7;"
                      " 2024-03-01 answer 9; 2024-03-02 answer 2");
  assert_shipped("practice_days_cover_attempts", user_id, "");
  assert_shipped("streak_matches_practice_days", user_id, "");
}

/* --- totals_cover_attempts ------------------------------------------------------------------------ */

static void test_totals_below_their_attempts_are_reported(void **state) {
  (void)state;
  load();
  uint64_t sound = learner_new(8, 2, 1, NULL);
  uint64_t more = learner_new(80, 20, 10, NULL);
  uint64_t less = learner_new(7, 1, 1, MODULES(MODULE("math", 7, 1, 1)));
  uint64_t gone = learner_new(0, 0, 0, NULL);
  const uint64_t learners[] = {sound, more, less, gone};
  for (size_t at = 0; at < ARRAY_LENGTH(learners); at++) {
    add_attempt(learners[at], "2024-01-01", "math", 1, 8);
    add_attempt(learners[at], "2024-01-02", "math", 0, -3);
  }
  archive_attempts(less, "2024-01-02");
  RUN("UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = %llu", ID(gone));
  assert_string_equal(shipped_find("totals_cover_attempts", sound, gone, NULL),
                      arena_printf(fixture.arena,
                                   "%llu {\"id\": %llu} report questions_answered 1 2\n"
                                   "%llu {\"id\": %llu} report tokens 7 8\n",
                                   ID(less), ID(less), ID(less), ID(less)));
  heal_all(less);
  assert_int_equal(ask_number(less, "tokens"), 7);
  assert_int_equal(ask_number(less, "questions_answered"), 1);
}

/* --- The profile and its sessions ---------------------------------------------------------------- */

static void add_session(uint64_t user_id, const char *id, int points, const char *completed_at) {
  RUN("INSERT INTO session_results (user_id, id, thread_id, stitch_id, total_points, practised_on,"
      " completed_at, revision) VALUES (%llu, '%s', 't', 's', %d, '2024-01-01', '%s', 1)",
      ID(user_id), id, points, completed_at);
}

static const struct session_case {
  const char *profile; /* total_points, total_sessions, last_session_at; NULL: none */
  const char *rows;    /* found, without user and key */
  const char *after;   /* points sessions last */
} session_cases[] = {
    {"12, 2, '2024-01-02 10:00:00'", "", "12 2 2024-01-02 10:00:00.000"},
    {"90, 7, '2024-05-05 10:00:00'", "", "90 7 2024-05-05 10:00:00.000"},
    {"11, 2, '2024-01-02 10:00:00'", "set total_points 11 12\n", "12 2 2024-01-02 10:00:00.000"},
    {"0, 1, '2024-01-01 10:00:00'",
     "set total_points 0 12\nset last_session_at 2024-01-01 10:00:00.000 2024-01-02 10:00:00.000\n"
     "set total_sessions 1 2\n",
     "12 2 2024-01-02 10:00:00.000"},
    {"90, 0, NULL", "set last_session_at - 2024-01-02 10:00:00.000\nset total_sessions 0 2\n",
     "90 2 2024-01-02 10:00:00.000"},
    {NULL,
     "insert last_session_at - 2024-01-02 10:00:00.000\ninsert total_points - 12\ninsert total_sessions - "
     "2\n",
     "12 2 2024-01-02 10:00:00.000"},
};

static void test_profiles_are_raised_to_their_sessions(void **state) {
  (void)state;
  load();
  for (size_t at = 0; at < ARRAY_LENGTH(session_cases); at++) {
    const struct session_case *session = &session_cases[at];
    uint64_t user_id = learner_new(0, 0, 0, NULL);
    add_session(user_id, "later", 5, "2024-01-02 10:00:00");
    add_session(user_id, "earlier", 7, "2024-01-01 10:00:00");
    if (session->profile != NULL)
      RUN("INSERT INTO profiles (user_id, longest_streak, total_points, total_sessions, last_session_at)"
          " VALUES (%llu, 3, %s)",
          ID(user_id), session->profile);
    const char *rows = arena_printf(fixture.arena, "%s%s",
                                    shipped_find("profile_points_match_sessions", user_id, user_id, NULL),
                                    shipped_find("profile_sessions_match_sessions", user_id, user_id, NULL));
    assert_string_equal(rows_of(user_id, rows), session->rows);
    assert_int_equal(heal_all(user_id).repaired > 0, *session->rows != '\0');
    assert_string_equal(ask(user_id,
                            "(SELECT CONCAT_WS(' ', p.total_points, p.total_sessions, p.last_session_at)"
                            " FROM profiles AS p WHERE p.user_id = u.id)"),
                        session->after);
    assert_int_equal(heal_all(user_id).found, 0);
  }
  uint64_t without = learner_new(0, 0, 0, NULL);
  assert_shipped("profile_points_match_sessions", without, "");
}

/* Who was merged into another, or deleted, is left alone by all of them. */
static void test_who_is_gone_is_left_alone(void **state) {
  (void)state;
  static const char *const names[] = {"streak_matches_practice_days",  "longest_streak_covers_practice_days",
                                      "daily_totals_match_attempts",   "totals_cover_attempts",
                                      "profile_points_match_sessions", "profile_sessions_match_sessions"};
  load();
  uint64_t heir = learner_new(0, 0, 0, NULL);
  uint64_t merged = learner_new(0, 0, 0, NULL);
  uint64_t deleted = learner_new(0, 0, 0, NULL);
  const uint64_t learners[] = {merged, deleted};
  for (size_t at = 0; at < ARRAY_LENGTH(learners); at++) {
    add_days(learners[at], "2024-01-01");
    RUN("INSERT INTO profiles (user_id) VALUES (%llu)", ID(learners[at]));
    add_attempt(learners[at], "2024-01-01", "math", 1, 8);
    add_session(learners[at], "s", 5, "2024-01-01 10:00:00");
  }
  for (size_t at = 0; at < ARRAY_LENGTH(names); at++)
    assert_int_not_equal(strlen(shipped_find(names[at], merged, deleted, NULL)), 0);
  RUN("UPDATE users SET merged_into = %llu WHERE id = %llu", ID(heir), ID(merged));
  RUN("UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = %llu", ID(deleted));
  for (size_t at = 0; at < ARRAY_LENGTH(names); at++)
    assert_string_equal(shipped_find(names[at], merged, deleted, NULL), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_streaks_are_what_the_days_prove, setup, teardown),
      cmocka_unit_test_setup_teardown(test_streaks_agree_with_the_program, setup, teardown),
      cmocka_unit_test_setup_teardown(test_daily_totals_are_raised_to_the_attempts, setup, teardown),
      cmocka_unit_test_setup_teardown(test_practice_days_are_raised_to_the_attempts, setup, teardown),
      cmocka_unit_test_setup_teardown(test_totals_below_their_attempts_are_reported, setup, teardown),
      cmocka_unit_test_setup_teardown(test_profiles_are_raised_to_their_sessions, setup, teardown),
      cmocka_unit_test_setup_teardown(test_who_is_gone_is_left_alone, setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/rules_shipped_practice", tests, group_setup, group_teardown);
}
