/* Enrolling, unenrolling and completing inside learner transactions, whoever asks; deleting a course. */
#include "../job/guard_fixture.h"

#include "enroll/enroll.h"
#include "enroll/remove.h"

#include "base/banned.h"

enum act { GRANT, MEND, CANCEL, COMPLETE };

struct order {
  enum act act;
  struct enroll_order grant; /* its course is the one to cancel, too */
  uint64_t chapter_id;
  enum enroll_outcome outcome;
  struct enroll_state state;
};

static bool work(struct ledger_tx *tx, struct error *error) {
  struct ledger_entry *entry = ledger_at(tx, 0);
  struct order *order = entry->input;
  switch (order->act) {
  case GRANT:
    return enroll_grant(tx, entry, &order->grant, error, &order->outcome, &order->state);
  case MEND:
    return enroll_mend(tx, entry, order->grant.course_id, "test", error, &order->outcome);
  case CANCEL:
    return enroll_cancel(tx, entry, order->grant.course_id, "test", error, &order->outcome, &order->state);
  default:
    return enroll_complete(tx, entry, order->chapter_id, error, &order->outcome, &order->state);
  }
}
static const struct ledger_kind kind = {.name = "test", .work = work};

static enum enroll_outcome act(struct order *order) {
  struct ledger_entry entry = {.user_id = 7, .actor = "tester", .input = order, .arena = fixture.arena};
  assert_done(&fixture, ledger_run_one(ledger, &kind, &entry, NULL, fixture.arena, &fixture.error));
  return order->outcome;
}

static enum enroll_outcome grant(enum enroll_source source) {
  struct order order = {.act = GRANT, .grant = {.course_id = 1, .source = source}};
  return act(&order);
}

static enum enroll_outcome mend(void) {
  struct order order = {.act = MEND, .grant = {.course_id = 1}};
  return act(&order);
}

static enum enroll_outcome cancel(void) {
  struct order order = {.act = CANCEL, .grant = {.course_id = 1}};
  return act(&order);
}

static enum enroll_outcome complete(uint64_t chapter_id) {
  struct order order = {.act = COMPLETE, .chapter_id = chapter_id};
  return act(&order);
}

/* Both tables in one line: status, progress and source; progress and chapters; requests. */
#define STANDS \
  "SELECT CONCAT_WS(' ', e.status, e.progress, e.source, s.total_progress, s.completed_chapters," \
  " (SELECT COUNT(*) FROM access_requests)) FROM enrollments AS e LEFT JOIN student_progress AS s" \
  " ON s.student_id = e.user_id AND s.course_id = e.course_id WHERE e.user_id = 7 AND e.course_id = 1"

static int setup(void **state) {
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  run("DELETE FROM courses");
  run("DELETE FROM ledger");
  run("DELETE FROM users");
  run("INSERT INTO users (id) VALUES (7), (8)");
  run("INSERT INTO courses (id, title, status) VALUES (1, 'One', 'Published')");
  run("INSERT INTO chapters (id, course_id, position, title) VALUES (1, 1, 0, 'a'), (2, 1, 1, 'b'), (3, 1, "
      "2, 'c')");
  return 0;
}

static void test_every_way_enrols_in_both_tables(void **state) {
  for (int source = ENROLL_ADMIN; source <= ENROLL_PUBLIC; source++) {
    setup(state);
    run("INSERT INTO access_requests (student_id, course_id) VALUES (7, 1)");
    assert_int_equal(grant((enum enroll_source)source), ENROLL_DONE);
    assert_string_equal(ask(STANDS),
                        arena_printf(fixture.arena, "active 0.00 %s 0.00 0 0", enroll_source_names[source]));
    assert_answer("SELECT revision FROM users WHERE id = 7", "1");
    assert_int_equal(grant((enum enroll_source)source), ENROLL_STOOD);
    assert_int_equal(grant(ENROLL_PUBLIC), ENROLL_STOOD);
    assert_int_equal(mend(), ENROLL_STOOD);
    assert_answer("SELECT CONCAT(COUNT(*), ' ', MAX(revision)) FROM ledger WHERE user_id = 7", "1 1");
  }
}

static void test_what_a_person_cancelled_stands_again_when_it_is_asked_for(void **state) {
  (void)state;
  assert_int_equal(grant(ENROLL_ADMIN), ENROLL_DONE);
  assert_int_equal(cancel(), ENROLL_DONE);
  assert_answer("SELECT CONCAT(status, ' ', actor, ' ', cancelled_at IS NOT NULL) FROM enrollments",
                "cancelled tester 1");
  assert_answer("SELECT COUNT(*) FROM student_progress", "0");
  assert_int_equal(mend(), ENROLL_NONE);
  assert_answer("SELECT revision FROM users WHERE id = 7", "2");
  assert_int_equal(cancel(), ENROLL_STOOD);
  assert_int_equal(grant(ENROLL_PAYMENT), ENROLL_DONE);
  assert_answer(STANDS, "active 0.00 payment 0.00 0 0");
  assert_answer("SELECT cancelled_at IS NULL FROM enrollments", "1");
}

/* What a person gives as well is not a payment's any more; nothing becomes a payment's that was given before.
 */
static void test_who_gave_it_last_of_those_who_pay_and_those_who_give(void **state) {
  static const enum enroll_source givers[] = {ENROLL_ADMIN, ENROLL_REQUEST};
  for (size_t at = 0; at < ARRAY_LENGTH(givers); at++) {
    setup(state);
    const char *given =
        arena_printf(fixture.arena, "active 0.00 %s 0.00 0 0", enroll_source_names[givers[at]]);
    assert_int_equal(grant(ENROLL_PAYMENT), ENROLL_DONE);
    assert_int_equal(grant(ENROLL_PUBLIC), ENROLL_STOOD);
    assert_answer(STANDS, "active 0.00 payment 0.00 0 0");
    assert_int_equal(grant(givers[at]), ENROLL_STOOD);
    assert_answer(STANDS, given);
    assert_answer("SELECT COUNT(*) FROM ledger WHERE changes LIKE '%courseSource%'", "1");
    assert_int_equal(grant(ENROLL_PAYMENT), ENROLL_STOOD);
    assert_answer(STANDS, given);
    assert_answer("SELECT revision FROM users WHERE id = 7", "2");
  }
}

static void test_what_does_not_exist(void **state) {
  struct order nothing = {.act = GRANT, .grant = {.course_id = 99}};
  struct order nowhere = {.act = MEND, .grant = {.course_id = 99}};
  struct order never = {.act = CANCEL, .grant = {.course_id = 99}};
  (void)state;
  assert_int_equal(act(&nothing), ENROLL_NO_COURSE);
  assert_int_equal(act(&never), ENROLL_NO_COURSE);
  assert_int_equal(act(&nowhere), ENROLL_NO_COURSE);
  assert_int_equal(mend(), ENROLL_NONE);
  assert_int_equal(cancel(), ENROLL_NONE);
  assert_int_equal(complete(99), ENROLL_NO_COURSE);
  assert_int_equal(complete(1), ENROLL_NONE);
  assert_answer("SELECT CONCAT((SELECT COUNT(*) FROM enrollments), (SELECT COUNT(*) FROM ledger),"
                " (SELECT COUNT(*) FROM chapter_completions))",
                "000");
}

static void test_the_higher_progress_stands_in_both(void **state) {
  (void)state;
  run("INSERT INTO student_progress (student_id, course_id, total_progress, completed_chapters)"
      " VALUES (7, 1, 61.25, 2)");
  assert_int_equal(grant(ENROLL_REQUEST), ENROLL_DONE);
  assert_answer(STANDS, "active 61.25 request 61.25 2 0");
  run("UPDATE enrollments SET progress = 10");
  run("UPDATE student_progress SET total_progress = 70");
  assert_int_equal(mend(), ENROLL_STOOD);
  assert_answer(STANDS, "active 70.00 request 70.00 2 0");
  run("DELETE FROM student_progress");
  assert_int_equal(mend(), ENROLL_STOOD);
  assert_answer(STANDS, "active 70.00 request 70.00 0 0");
}

static void test_chapters(void **state) {
  (void)state;
  assert_int_equal(grant(ENROLL_ADMIN), ENROLL_DONE);
  assert_int_equal(complete(2), ENROLL_DONE);
  assert_answer(STANDS, "active 33.33 admin 33.33 1 0");
  assert_int_equal(complete(2), ENROLL_STOOD);
  assert_int_equal(complete(1), ENROLL_DONE);
  assert_answer(STANDS, "active 66.66 admin 66.66 2 0");
  assert_int_equal(complete(3), ENROLL_DONE);
  assert_answer(STANDS, "completed 100.00 admin 100.00 3 0");
  assert_answer("SELECT completed_at IS NOT NULL FROM enrollments", "1");
  run("INSERT INTO chapters (id, course_id, title) VALUES (4, 1, 'd')");
  assert_int_equal(mend(), ENROLL_STOOD);
  assert_answer(STANDS, "completed 100.00 admin 100.00 3 0");
  assert_answer("SELECT COUNT(*) FROM ledger", "4");
}

/* --- Deleting a course ----------------------------------------------------------------------------- */

#define LEARNERS 250 /* two full batches and a rest */

static void populate(void) {
  run("INSERT INTO users (id) SELECT seq FROM seq_1001_to_1250");
  run("INSERT INTO enrollments (user_id, course_id) SELECT seq, 1 FROM seq_1001_to_1100");
  run("INSERT INTO student_progress (student_id, course_id) SELECT seq, 1 FROM seq_1051_to_1150");
  run("INSERT INTO chapter_completions (user_id, chapter_id, completed_at)"
      " SELECT seq, 1, UTC_TIMESTAMP() FROM seq_1101_to_1200");
  run("INSERT INTO access_requests (student_id, course_id) SELECT seq, 1 FROM seq_1201_to_1250");
}

static void test_deleting_a_course_tells_every_learner(void **state) {
  struct remove_report report = {0};
  (void)state;
  populate();
  run("INSERT INTO courses (id, title) VALUES (2, 'Two')");
  run("INSERT INTO enrollments (user_id, course_id) VALUES (7, 2), (1001, 2)");
  run("UPDATE users SET deleted_at = UTC_TIMESTAMP() WHERE id = 1100");
  assert_done(&fixture, remove_course(ledger, 1, "job_1", NULL, fixture.arena, &fixture.error, &report));
  assert_int_equal(report.learners, LEARNERS - 1);
  static const struct remove_count erased[] = {
      {"chapter_completions", 100}, {"access_requests", 50}, {"student_progress", 99}, {"enrollments", 99}};
  const struct remove_count *counts = report.erased.items;
  assert_int_equal(report.erased.count, ARRAY_LENGTH(erased));
  for (size_t at = 0; at < ARRAY_LENGTH(erased); at++) {
    assert_string_equal(counts[at].table, erased[at].table);
    assert_int_equal(counts[at].rows, erased[at].rows);
  }
  assert_answer("SELECT COUNT(*) FROM ledger WHERE changes LIKE '%courseDeleted%' AND actor = 'job_1'",
                "249");
  assert_answer("SELECT COUNT(*) FROM enrollments", "2");
  assert_answer(
      "SELECT CONCAT((SELECT COUNT(*) FROM student_progress), (SELECT COUNT(*) FROM access_requests),"
      " (SELECT COUNT(*) FROM chapter_completions), (SELECT COUNT(*) FROM chapters),"
      " (SELECT COUNT(*) FROM courses WHERE id = 1))",
      "00000");
  assert_answer("SELECT revision FROM users WHERE id = 7", "0");
  assert_false(remove_course(ledger, 1, "job_1", NULL, fixture.arena, &fixture.error, &report));
  assert_int_equal(fixture.error.code, ERROR_NOT_FOUND);
}

/* Broken off before each of its transactions, it goes on, and tells nobody twice. */
static void test_deleting_a_course_broken_off_anywhere(void **state) {
  for (size_t holds = 0;; holds++) {
    struct watch first = {.holds_left = holds};
    struct watch second = {.holds_left = SIZE_MAX};
    struct repair_guard before = watch_guard(&first);
    struct repair_guard after = watch_guard(&second);
    struct remove_report report;
    setup(state);
    populate();
    if (remove_course(ledger, 1, "job_1", &before, fixture.arena, &fixture.error, &report)) {
      assert_true(holds >= 4);
      break;
    }
    error_clear(&fixture.error);
    assert_done(&fixture, remove_course(ledger, 1, "job_1", &after, fixture.arena, &fixture.error, &report));
    assert_answer("SELECT COUNT(*) FROM courses", "0");
    assert_int_equal(second.cursor, REMOVE_DONE);
    assert_int_not_equal(first.cursor, REMOVE_DONE);
    assert_answer("SELECT CONCAT(COUNT(*), ' ', COUNT(DISTINCT user_id)) FROM ledger", "250 250");
  }
}

static void test_deleting_a_chapter_lowers_nothing(void **state) {
  struct remove_report report = {0};
  (void)state;
  assert_int_equal(grant(ENROLL_ADMIN), ENROLL_DONE);
  assert_int_equal(complete(1), ENROLL_DONE);
  assert_done(&fixture, remove_chapter(ledger, 1, "job_1", NULL, fixture.arena, &fixture.error, &report));
  assert_int_equal(report.learners, 1);
  assert_answer(STANDS, "active 33.33 admin 33.33 1 0");
  assert_answer("SELECT GROUP_CONCAT(id) FROM chapters", "2,3");
  assert_answer("SELECT COUNT(*) FROM ledger WHERE changes LIKE '%chapterDeleted%'", "1");
  assert_false(remove_chapter(ledger, 1, "job_1", NULL, fixture.arena, &fixture.error, &report));
  assert_int_equal(fixture.error.code, ERROR_NOT_FOUND);
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_every_way_enrols_in_both_tables, setup),
      cmocka_unit_test_setup(test_what_a_person_cancelled_stands_again_when_it_is_asked_for, setup),
      cmocka_unit_test_setup(test_who_gave_it_last_of_those_who_pay_and_those_who_give, setup),
      cmocka_unit_test_setup(test_what_does_not_exist, setup),
      cmocka_unit_test_setup(test_the_higher_progress_stands_in_both, setup),
      cmocka_unit_test_setup(test_chapters, setup),
      cmocka_unit_test_setup(test_deleting_a_course_tells_every_learner, setup),
      cmocka_unit_test_setup(test_deleting_a_course_broken_off_anywhere, setup),
      cmocka_unit_test_setup(test_deleting_a_chapter_lowers_nothing, setup),
  };
  return cmocka_run_group_tests_name("enroll", tests, group_setup, group_teardown);
}
