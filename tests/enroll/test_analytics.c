/* The figures of an administrator's dashboard: what counting gives, kept once, and read by key. */
#include "../job/guard_fixture.h"

#include "enroll/analytics.h"

#include "base/banned.h"

#define NOON INT64_C(1700049600000) /* 2023-11-15 12:00 UTC */

static int setup(void **state) {
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  run("DELETE FROM courses");
  run("DELETE FROM payments");
  run("DELETE FROM users");
  run("UPDATE analytics SET version = 0, digest = NULL, as_of = NULL, figures = NULL");
  run("DELETE FROM analytics_courses");
  run("INSERT INTO users (id, role, is_anonymous, tokens, questions_answered, correct_answers, created_at)"
      " SELECT seq, IF(seq = 100, 'admin', 'student'), seq % 10 = 0 AND seq < 100, seq, 10, seq % 11,"
      " '2023-11-15' - INTERVAL seq DAY FROM seq_1_to_100");
  run("INSERT INTO profiles (user_id, last_practice_date) SELECT id, '2023-11-16' - INTERVAL id DAY FROM "
      "users");
  run("INSERT INTO courses (id, title, status) SELECT seq, CONCAT('C', seq),"
      " ELT(seq % 3 + 1, 'Published', 'draft', 'published') FROM seq_1_to_30");
  run("INSERT INTO enrollments (user_id, course_id, status, progress, source, enrolled_at)"
      " SELECT u.id, c.id, ELT((u.id + c.id) % 4 + 1, 'active', 'completed', 'cancelled', 'active'),"
      " (u.id * c.id) % 101, ELT(u.id % 3 + 1, 'admin', 'payment', 'default'),"
      " '2023-11-15 11:00:00' - INTERVAL (u.id % 40) DAY FROM users u JOIN courses c ON u.id % c.id = 0");
  run("INSERT INTO access_requests (student_id, course_id, requested_at) SELECT id, 29, '2023-11-01'"
      " FROM users WHERE id BETWEEN 30 AND 40");
  run("INSERT INTO access_decisions (request_id, student_id, course_id, decision, requested_at, decided_by,"
      " decided_at) SELECT 1000 + id, id, 1, IF(id % 3 = 0, 'rejected', 'approved'), NOW(), 'x', NOW() FROM"
      " users");
  run("INSERT INTO payments (provider_ref, user_id, status, amount_cents, currency, refunded_cents, mismatch)"
      " SELECT CONCAT('p', seq), seq, ELT(seq % 2 + 1, 'paid', 'refunded'), seq * 100, IF(seq % 5 = 0, 'EUR',"
      " 'usd'), IF(seq % 2 = 1, seq * 100, 0), seq = 7 FROM seq_1_to_50");
  return 0;
}

static bool refresh_at(int64_t now_ms, const struct repair_guard *guard) {
  error_clear(&fixture.error);
  return analytics_refresh(fixture.db, now_ms, guard, fixture.arena, &fixture.error);
}

static struct analytics_state read_state(void) {
  struct analytics_state state;
  assert_done(&fixture, analytics_read(fixture.db, fixture.arena, &fixture.error, &state));
  db_rollback(fixture.db);
  return state;
}

static int64_t number(const char *sql) { return strtoll(ask(sql), NULL, 10); }

#define assert_counted(figure, sql) assert_int_equal((figure), number(sql))

static void test_the_figures_are_what_counting_gives(void **state) {
  (void)state;
  assert_done(&fixture, refresh_at(NOON, NULL));
  struct analytics_state read = read_state();
  const struct analytics_figures *figures = &read.figures;
  assert_int_equal(read.version, 1);
  assert_int_equal(read.as_of_ms, NOON);
  assert_int_equal(figures->students.total, 90);
  assert_int_equal(figures->students.anonymous, 9);
  assert_counted(figures->students.new_students,
                 "SELECT COUNT(*) FROM users WHERE id <= 29 AND NOT is_anonymous");
  assert_int_equal(figures->students.active_today, 1);
  assert_int_equal(figures->students.active_week, 7);
  assert_int_equal(figures->students.active_month, 30);
  assert_counted(figures->practice.tokens, "SELECT SUM(tokens) FROM users");
  assert_counted(figures->practice.correct, "SELECT SUM(correct_answers) FROM users");
  assert_int_equal(figures->courses.total, 30);
  assert_int_equal(figures->courses.by_status.count, 2);
  const struct analytics_status *statuses = figures->courses.by_status.items;
  assert_string_equal(statuses[1].status, "published");
  assert_int_equal(statuses[1].count, 20);
  assert_counted(figures->enrollments.total, "SELECT COUNT(*) FROM enrollments WHERE status <> 'cancelled'");
  assert_counted(figures->enrollments.cancelled,
                 "SELECT COUNT(*) FROM enrollments WHERE status = 'cancelled'");
  assert_true(
      figures->enrollments.average_progress ==
      strtod(ask("SELECT ROUND(AVG(progress), 2) FROM enrollments WHERE status <> 'cancelled'"), NULL));
  assert_int_equal(figures->enrollments.by_source.count, 3);
  assert_int_equal(figures->requests.pending, 11);
  assert_int_equal(figures->requests.approved, 67);
  assert_int_equal(figures->requests.oldest_pending_given, PRESENCE_GIVEN);
  assert_int_equal(figures->payments.count, 4);
  const struct analytics_payment *payments = figures->payments.items;
  assert_string_equal(payments[0].status, "paid");
  assert_string_equal(payments[0].currency, "eur");
  assert_counted(payments[0].amount_cents,
                 "SELECT SUM(amount_cents) FROM payments WHERE status = 'paid' AND currency = 'eur'");
}

static void test_every_day_is_in_the_list(void **state) {
  (void)state;
  run("DELETE FROM enrollments WHERE DATE(enrolled_at) = '2023-11-10'");
  assert_done(&fixture, refresh_at(NOON, NULL));
  struct analytics_state read = read_state();
  const struct analytics_day *days = read.figures.enrollments.per_day.items;
  assert_int_equal(read.figures.enrollments.per_day.count, ANALYTICS_DAYS);
  for (size_t at = 0; at < ANALYTICS_DAYS; at++) {
    char sql[128];
    snprintf(sql, sizeof sql,
             "SELECT COUNT(*) FROM enrollments WHERE DATE(enrolled_at) = '1970-01-01' + INTERVAL %d DAY",
             (int)days[at].day);
    assert_counted(days[at].count, sql);
  }
  assert_int_equal(days[ANALYTICS_DAYS - 1].day, NOON / 86400000);
  assert_int_equal(days[24].count, 0);
  assert_true(days[25].count > 0);
}

static void test_courses_page_by_page_the_fullest_first(void **state) {
  (void)state;
  struct analytics_course *courses;
  uint64_t after = 0;
  size_t seen = 0;
  int64_t last = INT64_MAX;
  size_t count;
  assert_done(&fixture, refresh_at(NOON, NULL));
  do {
    assert_done(&fixture, analytics_read_courses(fixture.db, after, 7, fixture.arena, &fixture.error,
                                                 &courses, &count));
    for (size_t at = 0; at < count; at++) {
      char sql[160];
      assert_int_equal(courses[at].place, ++seen);
      assert_true(courses[at].active + courses[at].completed <= last);
      last = courses[at].active + courses[at].completed;
      snprintf(sql, sizeof sql,
               "SELECT COUNT(*) FROM enrollments WHERE course_id = %d AND status <> 'cancelled'",
               (int)courses[at].course_id);
      assert_counted(last, sql);
      after = courses[at].place;
    }
  } while (count == 7);
  assert_int_equal(seen, 30);
}

static void test_the_version_moves_with_the_figures_only(void **state) {
  (void)state;
  assert_done(&fixture, refresh_at(NOON, NULL));
  assert_done(&fixture, refresh_at(NOON + 1000, NULL));
  assert_answer("SELECT CONCAT(version, ' ', as_of) FROM analytics", "1 2023-11-15 12:00:01.000");
  run("UPDATE enrollments SET progress = IF(progress > 50, progress - 40, progress + 40) WHERE user_id = 6 "
      "AND"
      " course_id = 3");
  assert_done(&fixture, refresh_at(NOON + 2000, NULL));
  assert_answer("SELECT version FROM analytics", "2");
  assert_done(&fixture, refresh_at(NOON + 1500, NULL)); /* one that began earlier and came last */
  assert_answer("SELECT CONCAT(version, ' ', as_of) FROM analytics", "2 2023-11-15 12:00:02.000");
}

static void test_a_lost_claim_changes_nothing(void **state) {
  (void)state;
  struct watch watch = {.holds_left = 0};
  struct repair_guard guard = watch_guard(&watch);
  assert_false(refresh_at(NOON, &guard));
  assert_int_equal(fixture.error.code, ERROR_CONFLICT);
  assert_answer("SELECT CONCAT(version, ' ', (SELECT COUNT(*) FROM analytics_courses)) FROM analytics",
                "0 0");
  watch.holds_left = 1;
  assert_done(&fixture, refresh_at(NOON, &guard));
  assert_counted((int64_t)watch.units, "SELECT COUNT(*) FROM enrollments WHERE status <> 'cancelled'");
}

static void test_what_another_release_kept_counts_as_nothing(void **state) {
  (void)state;
  assert_done(&fixture, refresh_at(NOON, NULL));
  run("UPDATE analytics SET figures = '{\"students\": 7}'");
  struct analytics_state read = read_state();
  assert_int_equal(read.version, 0);
  assert_int_equal(read.figures.students.total, 0);
}

static void test_an_empty_platform_is_no_error(void **state) {
  (void)state;
  run("DELETE FROM courses");
  run("DELETE FROM payments");
  run("DELETE FROM users");
  assert_done(&fixture, refresh_at(NOON, NULL));
  struct analytics_state read = read_state();
  assert_int_equal(read.version, 1);
  assert_int_equal(read.figures.requests.oldest_pending_given, PRESENCE_NULL);
  assert_true(read.figures.practice.accuracy == 0 && read.figures.enrollments.average_progress == 0);
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_the_figures_are_what_counting_gives, setup),
      cmocka_unit_test_setup(test_every_day_is_in_the_list, setup),
      cmocka_unit_test_setup(test_courses_page_by_page_the_fullest_first, setup),
      cmocka_unit_test_setup(test_the_version_moves_with_the_figures_only, setup),
      cmocka_unit_test_setup(test_a_lost_claim_changes_nothing, setup),
      cmocka_unit_test_setup(test_what_another_release_kept_counts_as_nothing, setup),
      cmocka_unit_test_setup(test_an_empty_platform_is_no_error, setup),
  };
  return cmocka_run_group_tests_name("analytics", tests, group_setup, group_teardown);
}
