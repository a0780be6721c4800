/* The rules over courses: each repairs exactly its drift, and what it left holds. */
#include "../rule/shipped_fixture.h"

#include "base/banned.h"

static const char *const rules[] = {"approved_request_is_enrolled",    "default_course_is_granted",
                                    "decided_request_has_left",        "student_progress_has_enrollment",
                                    "enrollment_has_student_progress", "chapters_match_progress",
                                    "progress_values_agree",           "no_pending_request_when_enrolled"};

/* status progress source | legacy progress | requests | decisions */
#define STATE \
  "SELECT CONCAT_WS(' | '," \
  " COALESCE((SELECT CONCAT_WS(' ', status, progress, source) FROM enrollments WHERE user_id = %llu" \
  "   AND course_id = 1), '-')," \
  " COALESCE((SELECT total_progress FROM student_progress WHERE student_id = %llu AND course_id = 1), '-')," \
  " (SELECT COUNT(*) FROM access_requests WHERE student_id = %llu)," \
  " COALESCE((SELECT GROUP_CONCAT(decision) FROM access_decisions WHERE student_id = %llu), '-'))"

static const char *state_of(uint64_t id) {
  struct fixture_cell cell =
      fixture_ask(&fixture, fixture.db, arena_printf(fixture.arena, STATE, ID(id), ID(id), ID(id), ID(id)));
  db_rollback(fixture.db);
  return arena_strdup(fixture.arena, cell.text);
}

static const struct drift {
  const char *rule; /* the one that finds it */
  const char *sql[3];
  const char *after;
} drifts[] = {
    {"approved_request_is_enrolled",
     {"INSERT INTO access_requests (student_id, course_id, status) VALUES (@id, 1, 'approved')"},
     "active 0.00 request | 0.00 | 0 | approved"},
    {"approved_request_is_enrolled",
     {"INSERT INTO access_decisions (request_id, student_id, course_id, decision, requested_at, decided_by,"
      " decided_at) VALUES (900, @id, 1, 'approved', '2026-01-01', 'x', '2026-01-01')"},
     "active 0.00 request | 0.00 | 0 | approved"},
    {"decided_request_has_left",
     {"INSERT INTO access_requests (student_id, course_id, status, reason) VALUES (@id, 1, 'rejected', "
      "'why')"},
     "- | - | 0 | rejected"},
    {"decided_request_has_left",
     {"INSERT INTO access_requests (student_id, course_id, status) VALUES (@id, 1, 'approved')",
      "INSERT INTO enrollments (user_id, course_id, status) VALUES (@id, 1, 'cancelled')"},
     "cancelled 0.00 admin | - | 0 | approved"},
    {"student_progress_has_enrollment",
     {"INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 33.5)"},
     "active 33.50 admin | 33.50 | 0 | -"},
    {"student_progress_has_enrollment",
     {"INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 100)"},
     "completed 100.00 admin | 100.00 | 0 | -"},
    {"enrollment_has_student_progress",
     {"INSERT INTO enrollments (user_id, course_id, progress) VALUES (@id, 1, 12.25)"},
     "active 12.25 admin | 12.25 | 0 | -"},
    {"chapters_match_progress",
     {"INSERT INTO enrollments (user_id, course_id) VALUES (@id, 1)",
      "INSERT INTO student_progress (student_id, course_id) VALUES (@id, 1)",
      "INSERT INTO chapter_completions (user_id, chapter_id, completed_at) VALUES (@id, 1, '2026-01-01')"},
     "active 33.33 admin | 33.33 | 0 | -"},
    {"chapters_match_progress",
     {"INSERT INTO enrollments (user_id, course_id, progress) VALUES (@id, 1, 99)",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 99)",
      "INSERT INTO chapter_completions (user_id, chapter_id, completed_at)"
      " SELECT @id, id, '2026-01-01' FROM chapters WHERE course_id = 1"},
     "completed 100.00 admin | 100.00 | 0 | -"},
    {"progress_values_agree",
     {"INSERT INTO enrollments (user_id, course_id, progress) VALUES (@id, 1, 10)",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 20.5)"},
     "active 20.50 admin | 20.50 | 0 | -"},
    {"progress_values_agree",
     {"INSERT INTO enrollments (user_id, course_id, progress) VALUES (@id, 1, 80)",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 20)"},
     "active 80.00 admin | 80.00 | 0 | -"},
    {"no_pending_request_when_enrolled",
     {"INSERT INTO enrollments (user_id, course_id, progress) VALUES (@id, 1, 5)",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 5)",
      "INSERT INTO access_requests (student_id, course_id) VALUES (@id, 1)"},
     "active 5.00 admin | 5.00 | 0 | -"},
    {NULL, /* all of it right: pending, and not enrolled */
     {"INSERT INTO access_requests (student_id, course_id) VALUES (@id, 1)"},
     "- | - | 1 | -"},
    {NULL, /* a person's decisions */
     {"INSERT INTO enrollments (user_id, course_id, status, progress) VALUES (@id, 1, 'cancelled', 40)",
      "INSERT INTO access_requests (student_id, course_id) VALUES (@id, 1)"},
     "cancelled 40.00 admin | - | 1 | -"},
    {NULL, /* more than the chapters prove stays */
     {"INSERT INTO enrollments (user_id, course_id, progress) VALUES (@id, 1, 50)",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 50)",
      "INSERT INTO chapter_completions (user_id, chapter_id, completed_at) VALUES (@id, 1, '2026-01-01')"},
     "active 50.00 admin | 50.00 | 0 | -"},
};

static void populate(void) {
  load();
  RUN("DELETE FROM courses");
  RUN("INSERT INTO courses (id, title, status) VALUES (1, 'One', 'published'), (2, 'Draft', 'draft')");
  RUN("INSERT INTO chapters (id, course_id, title) VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 1, 'c')");
}

static void test_each_drift_is_found_by_its_rule_and_repaired(void **state) {
  (void)state;
  populate();
  for (size_t at = 0; at < ARRAY_LENGTH(drifts); at++) {
    uint64_t id = 5000 + at;
    RUN("INSERT INTO users (id) VALUES (%llu)", ID(id));
    RUN("SET @id = %llu", ID(id));
    for (size_t line = 0; line < ARRAY_LENGTH(drifts[at].sql) && drifts[at].sql[line] != NULL; line++)
      run_text(drifts[at].sql[line]);
    size_t found = 0;
    if (drifts[at].rule != NULL) {
      shipped_find(drifts[at].rule, id, id, &found);
      assert_true(found > 0);
    }
    heal_all(id);
    assert_string_equal(state_of(id), drifts[at].after);
    for (size_t rule = 0; rule < ARRAY_LENGTH(rules); rule++)
      assert_shipped(rules[rule], id, "");
    if (drifts[at].rule == NULL)
      assert_string_equal(
          fixture_ask(&fixture, fixture.db,
                      arena_printf(fixture.arena, "SELECT revision FROM users WHERE id = %llu", ID(id)))
              .text,
          "0");
    db_rollback(fixture.db);
  }
}

static void test_default_courses_are_for_students_and_not_against_a_decision(void **state) {
  (void)state;
  populate();
  RUN("UPDATE courses SET is_default_unlocked = 1");
  RUN("INSERT INTO users (id, role, is_anonymous) VALUES (6001, 'student', 0), (6002, 'student', 1),"
      " (6003, 'admin', 0), (6004, 'student', 0)");
  RUN("INSERT INTO enrollments (user_id, course_id, status) VALUES (6004, 1, 'cancelled')");
  for (uint64_t id = 6001; id <= 6004; id++)
    heal_all(id);
  assert_string_equal(state_of(6001), "active 0.00 default | 0.00 | 0 | -");
  assert_string_equal(state_of(6002), "- | - | 0 | -");
  assert_string_equal(state_of(6003), "- | - | 0 | -");
  assert_string_equal(state_of(6004), "cancelled 0.00 admin | - | 0 | -");
  assert_string_equal(
      fixture_ask(&fixture, fixture.db, "SELECT COUNT(*) FROM enrollments WHERE course_id = 2").text, "0");
  db_rollback(fixture.db);
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_each_drift_is_found_by_its_rule_and_repaired, setup, teardown),
      cmocka_unit_test_setup_teardown(test_default_courses_are_for_students_and_not_against_a_decision, setup,
                                      teardown),
  };
  return cmocka_run_group_tests_name("enroll/rules", tests, group_setup, group_teardown);
}
