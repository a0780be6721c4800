/* The rules over courses: each repairs exactly its drift, and what it left holds. */
#include "../rule/shipped_fixture.h"

#include "base/banned.h"

static const char *const rules[] = {"approved_request_is_enrolled",
                                    "default_course_is_granted",
                                    "decided_request_has_left",
                                    "student_progress_has_enrollment",
                                    "chapters_match_progress",
                                    "enrollment_has_student_progress",
                                    "progress_values_agree",
                                    "paid_payment_is_enrolled",
                                    "no_pending_request_when_enrolled",
                                    "cancelled_enrollment_has_left_progress"};

/* status progress source | legacy progress | requests | decisions */
#define STATE \
  "SELECT CONCAT_WS(' | '," \
  " COALESCE((SELECT CONCAT_WS(' ', status, progress, source) FROM enrollments WHERE user_id = %llu" \
  "   AND course_id = 1), '-')," \
  " COALESCE((SELECT total_progress FROM student_progress WHERE student_id = %llu AND course_id = 1), '-')," \
  " (SELECT COUNT(*) FROM access_requests WHERE student_id = %llu)," \
  " COALESCE((SELECT GROUP_CONCAT(decision ORDER BY decision) FROM access_decisions WHERE student_id = " \
  "%llu), '-'))"

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
    {"progress_values_agree", /* whichever of the two says so */
     {"INSERT INTO enrollments (user_id, course_id, progress) VALUES (@id, 1, 10)",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 100)"},
     "completed 100.00 admin | 100.00 | 0 | -"},
    {"progress_values_agree",
     {"INSERT INTO enrollments (user_id, course_id, progress) VALUES (@id, 1, 100)",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 20)"},
     "completed 100.00 admin | 100.00 | 0 | -"},
    {"progress_values_agree",
     {"INSERT INTO enrollments (user_id, course_id, progress) VALUES (@id, 1, 100)",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 100)"},
     "completed 100.00 admin | 100.00 | 0 | -"},
    {"cancelled_enrollment_has_left_progress",
     {"INSERT INTO enrollments (user_id, course_id, status, progress) VALUES (@id, 1, 'cancelled', 40)",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 30)"},
     "cancelled 40.00 admin | - | 0 | -"},
    {"cancelled_enrollment_has_left_progress", /* as unenrolling does, it keeps the higher progress */
     {"INSERT INTO enrollments (user_id, course_id, status, progress) VALUES (@id, 1, 'cancelled', 40)",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 100)"},
     "cancelled 100.00 admin | - | 0 | -"},
    {"no_pending_request_when_enrolled",
     {"INSERT INTO enrollments (user_id, course_id, progress) VALUES (@id, 1, 5)",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 5)",
      "INSERT INTO access_requests (student_id, course_id) VALUES (@id, 1)"},
     "active 5.00 admin | 5.00 | 0 | -"},
    {"approved_request_is_enrolled", /* the older application had brought it to its end */
     {"INSERT INTO access_requests (student_id, course_id, status) VALUES (@id, 1, 'approved')",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 100)"},
     "completed 100.00 request | 100.00 | 0 | approved"},
    {"paid_payment_is_enrolled",
     {"INSERT INTO payments (provider_ref, user_id, course_id, amount_cents, currency, status)"
      " VALUES (UUID(), @id, 1, 500, 'USD', 'paid'), (UUID(), @id, 1, 500, 'usd', 'paid')",
      "INSERT INTO access_requests (student_id, course_id) VALUES (@id, 1)"},
     "active 0.00 payment | 0.00 | 0 | -"},
    {"paid_payment_is_enrolled", /* held to the price of its time */
     {"INSERT INTO payments (provider_ref, user_id, course_id, amount_cents, currency, status, granted_at)"
      " VALUES (UUID(), @id, 1, 300, 'usd', 'paid', '2026-01-01')",
      "INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 12.5)"},
     "active 12.50 payment | 12.50 | 0 | -"},
    {NULL, /* what was not paid, or not enough, or for another currency, or for no course */
     {"INSERT INTO payments (provider_ref, user_id, course_id, amount_cents, currency, status) VALUES"
      " (UUID(), @id, 1, 500, 'usd', 'pending'), (UUID(), @id, 1, 500, 'usd', 'failed'),"
      " (UUID(), @id, 1, 500, 'usd', 'refunded'), (UUID(), @id, 1, 499, 'usd', 'paid'),"
      " (UUID(), @id, 1, 500, 'eur', 'paid'), (UUID(), @id, 1, NULL, NULL, 'paid'),"
      " (UUID(), @id, NULL, 500, 'usd', 'paid')"},
     "- | - | 0 | -"},
    {NULL, /* a person cancelled what was paid for */
     {"INSERT INTO payments (provider_ref, user_id, course_id, amount_cents, currency, status)"
      " VALUES (UUID(), @id, 1, 500, 'usd', 'paid')",
      "INSERT INTO enrollments (user_id, course_id, status, progress) VALUES (@id, 1, 'cancelled', 40)"},
     "cancelled 40.00 admin | - | 0 | -"},
    {"decided_request_has_left", /* approved once, and later rejected: the rejection is known, and holds */
     {"INSERT INTO access_requests (student_id, course_id, status, requested_at) VALUES"
      " (@id, 1, 'approved', '2026-01-01'), (@id, 1, 'rejected', '2026-01-02')"},
     "- | - | 0 | approved,rejected"},
    {NULL,
     {"INSERT INTO access_decisions (request_id, student_id, course_id, decision, requested_at, decided_by,"
      " decided_at) VALUES (@id * 2, @id, 1, 'approved', '2026-01-01', 'x', '2026-01-05'),"
      " (@id * 2 + 1, @id, 1, 'rejected', '2026-01-02', 'x', '2026-01-05')"},
     "- | - | 0 | approved,rejected"},
    {"approved_request_is_enrolled", /* rejected once, and later approved */
     {"INSERT INTO access_decisions (request_id, student_id, course_id, decision, requested_at, decided_by,"
      " decided_at) VALUES (@id * 2, @id, 1, 'rejected', '2026-01-01', 'x', '2026-01-05')",
      "INSERT INTO access_requests (student_id, course_id, status, requested_at)"
      " VALUES (@id, 1, 'approved', '2026-01-06')"},
     "active 0.00 request | 0.00 | 0 | approved,rejected"},
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
  RUN("INSERT INTO courses (id, title, status, price_cents) VALUES (1, 'One', 'published', 500),"
      " (2, 'Draft', 'draft', 0)");
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
    assert_string_equal(ask(id, "(SELECT COUNT(*) FROM enrollments WHERE user_id = u.id"
                                " AND (completed_at IS NOT NULL) <> (status = 'completed'))"),
                        "0");
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

/* --- Payments -------------------------------------------------------------------------------------- */

static void learner_with(uint64_t id, const char *payments) {
  RUN("INSERT INTO users (id) VALUES (%llu)", ID(id));
  RUN("SET @id = %llu", ID(id));
  RUN("INSERT INTO payments (id, user_id, provider_ref, course_id, amount_cents, currency, status, "
      "granted_at)"
      " VALUES %s",
      payments);
}

static void test_what_was_paid_is_held_to_the_price(void **state) {
  (void)state;
  populate();
  learner_with(
      7001,
      "(71, @id, 'a', 1, 500, 'usd', 'paid', NULL), (72, @id, 'b', 1, 400, 'usd', 'paid', NULL),"
      " (73, @id, 'c', 1, 501, 'usd', 'paid', NULL), (74, @id, 'd', 1, 500, 'eur', 'paid', NULL),"
      " (75, @id, 'e', 1, NULL, NULL, 'paid', NULL), (76, @id, 'f', 1, -5, 'usd', 'paid', NULL),"
      " (77, @id, 'g', 1, 1, 'usd', 'paid', '2026-01-01'), (78, @id, 'h', 1, 1, 'usd', 'failed', NULL)");
  assert_shipped("payment_matches_price", 7001,
                 "7001 {\"id\": 72} report amount_cents 400 usd 500 usd\n"
                 "7001 {\"id\": 73} report amount_cents 501 usd 500 usd\n"
                 "7001 {\"id\": 74} report amount_cents 500 eur 500 usd\n"
                 "7001 {\"id\": 75} report amount_cents - 500 usd\n"
                 "7001 {\"id\": 76} report amount_cents -5 usd 500 usd\n");
  config.accept_discounts = true;
  load();
  assert_shipped("payment_matches_price", 7001,
                 "7001 {\"id\": 73} report amount_cents 501 usd 500 usd\n"
                 "7001 {\"id\": 74} report amount_cents 500 eur 500 usd\n"
                 "7001 {\"id\": 75} report amount_cents - 500 usd\n"
                 "7001 {\"id\": 76} report amount_cents -5 usd 500 usd\n");
}

/* Whatever is paid and assigned enrols, or is reported: nothing falls between the two rules. */
static void test_a_discount_enrols_only_where_it_is_accepted(void **state) {
  (void)state;
  populate();
  learner_with(7101, "(81, @id, 'i', 1, 400, 'usd', 'paid', NULL)");
  RUN("UPDATE payments SET mismatch = 1 WHERE id = 81");
  heal_all(7101);
  assert_string_equal(state_of(7101), "- | - | 0 | -");
  config.accept_discounts = true;
  load();
  heal_all(7101);
  assert_string_equal(state_of(7101), "active 0.00 payment | 0.00 | 0 | -");
  assert_shipped("payment_matches_price", 7101, "");
  assert_string_equal(
      ask(7101, "(SELECT CONCAT(mismatch, ' ', granted_at IS NOT NULL) FROM payments WHERE id = 81)"), "0 1");
}

static void refunded(uint64_t id) {
  learner_with(id,
               arena_printf(fixture.arena, "(%llu, @id, 'r%llu', 1, 500, 'usd', 'refunded', '2026-01-01')",
                            ID(id), ID(id)));
  RUN("INSERT INTO student_progress (student_id, course_id, total_progress) VALUES (@id, 1, 40)");
}

static void test_a_refund_is_reported_or_takes_back(void **state) {
  (void)state;
  populate();
  const char *const found = "refunded_payment_not_enrolled";
  for (uint64_t id = 7201; id <= 7205; id++) {
    refunded(id);
    RUN("INSERT INTO enrollments (user_id, course_id, source, progress, status) VALUES (@id, 1, '%s', 40, "
        "'%s')",
        id == 7202 ? "admin" : "payment", id == 7203 ? "cancelled" : "completed");
  }
  RUN("INSERT INTO payments (user_id, provider_ref, course_id, status, granted_at) VALUES"
      " (7204, 'stands', 1, 'paid', '2026-01-01'), (7205, 'gave nothing', 1, 'paid', NULL)");
  assert_string_equal(shipped_find(found, 7201, 7205, NULL),
                      "7201 {\"user_id\": 7201, \"course_id\": 1} report status completed cancelled\n"
                      "7205 {\"user_id\": 7205, \"course_id\": 1} report status completed cancelled\n");
  heal_all(7201);
  assert_string_equal(state_of(7201), "completed 40.00 payment | 40.00 | 0 | -");
  config.refunds_unenroll = true;
  load();
  for (uint64_t id = 7201; id <= 7204; id++)
    heal_all(id);
  assert_string_equal(state_of(7201), "cancelled 40.00 payment | - | 0 | -");
  assert_string_equal(state_of(7202), "completed 40.00 admin | 40.00 | 0 | -");
  assert_string_equal(state_of(7204), "completed 40.00 payment | 40.00 | 0 | -");
  assert_string_equal(shipped_find(found, 7201, 7204, NULL), "");
  assert_string_equal(
      ask(7201, "(SELECT CONCAT_WS(' ', e.actor, e.cancelled_at IS NOT NULL, p.revoked_at IS NOT NULL)"
                " FROM enrollments AS e JOIN payments AS p ON p.user_id = e.user_id"
                " WHERE e.user_id = u.id)"),
      "lockstep:rule 1 1");
}

/* --- Reads ----------------------------------------------------------------------------------------- */

static struct rule_repair read_of(enum rule_scope scope, uint64_t user_id) {
  struct rule_repair repair = {0};
  assert_done(&fixture, rule_heal(set, ledger, &config, scope, user_id, "rule:test", fixture.arena,
                                  &fixture.error, &repair));
  return repair;
}

static void test_a_read_of_courses_settles_them(void **state) {
  (void)state;
  populate();
  RUN("UPDATE courses SET is_default_unlocked = 1 WHERE id = 1");
  RUN("INSERT INTO users (id) VALUES (7301), (7302)");
  assert_int_equal(read_of(RULE_SCOPE_PROGRESS, 7301).found, 0);
  assert_string_equal(state_of(7301), "- | - | 0 | -");
  assert_true(read_of(RULE_SCOPE_COURSES, 7301).repaired > 0);
  assert_string_equal(state_of(7301), "active 0.00 default | 0.00 | 0 | -");
  const char *before = picture(7301);
  assert_int_equal(read_of(RULE_SCOPE_COURSES, 7301).found, 0); /* no breach, no write */
  assert_string_equal(picture(7301), before);
  /* The switch, and an administrator's pause, hold for reads as well. */
  config.enabled = false;
  assert_int_equal(read_of(RULE_SCOPE_COURSES, 7302).repaired, 0);
  config.enabled = true;
  RUN("INSERT INTO rule_pauses (rule) VALUES ('default_course_is_granted')");
  assert_int_equal(read_of(RULE_SCOPE_COURSES, 7302).repaired, 0);
  assert_string_equal(state_of(7302), "- | - | 0 | -");
  RUN("DELETE FROM rule_pauses");
}

/* A learner who is not there has no history to write into, but rows that were left behind. */
static void test_what_was_left_behind_is_cleared_by_a_read(void **state) {
  (void)state;
  populate();
  run_text("SET foreign_key_checks = 0");
  RUN("INSERT INTO access_requests (student_id, course_id) VALUES (7999, 1)");
  run_text("SET foreign_key_checks = 1");
  assert_int_equal(read_of(RULE_SCOPE_COURSES, 7999).repaired, 1);
  assert_string_equal(state_of(7999), "- | - | 0 | -");
  assert_int_equal(read_of(RULE_SCOPE_COURSES, 7999).found, 0);
}

/* --- Courses --------------------------------------------------------------------------------------- */

static void test_a_status_is_lowered_and_nobodys(void **state) {
  (void)state;
  populate();
  RUN("INSERT INTO courses (id, title, status) VALUES (11, 'a', 'PUBLISHED'), (12, 'b', 'Draft'), (13, 'c', "
      "'x')");
  assert_shipped("course_status_is_normalised", RULE_NOBODY,
                 "0 {\"id\": 11} set status PUBLISHED published\n0 {\"id\": 12} set status Draft draft\n");
  assert_string_equal(shipped_find("course_status_is_normalised", 1, INT64_MAX, NULL), "");
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_each_drift_is_found_by_its_rule_and_repaired, setup, teardown),
      cmocka_unit_test_setup_teardown(test_default_courses_are_for_students_and_not_against_a_decision, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(test_what_was_paid_is_held_to_the_price, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_discount_enrols_only_where_it_is_accepted, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_refund_is_reported_or_takes_back, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_read_of_courses_settles_them, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_was_left_behind_is_cleared_by_a_read, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_status_is_lowered_and_nobodys, setup, teardown),
  };
  return cmocka_run_group_tests_name("enroll/rules", tests, group_setup, group_teardown);
}
