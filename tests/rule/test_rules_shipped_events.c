/* The rules over what progress events have left behind: activities, days, summaries; and rows whose learner,
 * or whose whole, is gone. */
#include "event_rows.h"

#include "base/banned.h"

/* --- A count of its own ---------------------------------------------------------------------------- */

#define EVENTS_MAX 120
#define ACTIVITIES 9 /* three ids of three types */
#define DAYS 4

static const char *const types[] = {"video", "practice", "quiz"};
static const char *const statuses[] = {"skipped", "started", "in_progress", "failed", "completed"};
static const char *const outcomes[] = {"applied",  "applied",    "applied", "duplicate",
                                       "conflict", "superseded", "pending"};

struct happening {
  int activity;
  int status;
  int day; /* from 2026-01-01 */
  int minute;
  int hundredths; /* of a minute, spent */
  bool counts;
};

static unsigned random_next(unsigned *seed, unsigned below) {
  *seed = *seed * 1664525U + 1013904223U;
  return (*seed >> 8) % below;
}

static size_t events_make(uint64_t user_id, unsigned *seed, struct happening *events) {
  size_t count = random_next(seed, EVENTS_MAX);
  for (size_t at = 0; at < count; at++) {
    unsigned outcome = random_next(seed, ARRAY_LENGTH(outcomes));
    events[at] = (struct happening){.activity = (int)random_next(seed, ACTIVITIES),
                                    .status = (int)random_next(seed, ARRAY_LENGTH(statuses)),
                                    .day = (int)random_next(seed, DAYS),
                                    .minute = (int)random_next(seed, 1440),
                                    .hundredths = (int)random_next(seed, 9000),
                                    .counts = strcmp(outcomes[outcome], "applied") == 0};
    const struct happening *event = &events[at];
    const char *type = types[event->activity / 3];
    RUN("INSERT INTO progress_events (user_id, id, revision, event_type, source_system, activity_type,"
        " activity_id, completion_status, time_spent, event_data, timestamp, happened_at, practised_on, "
        "outcome,"
        " content_hash) SELECT %llu, 'e%zu', 1, 'video_completed', 'video_player', '%s', 'it''s \"%d\"', "
        "'%s',"
        " %d.%02d, '{}', m.at, m.at, DATE(m.at), '%s', '' FROM (SELECT '2026-01-01' + INTERVAL %d DAY +"
        " INTERVAL %d MINUTE AS at) AS m",
        ID(user_id), at, type, event->activity % 3, statuses[event->status], event->hundredths / 100,
        event->hundredths % 100, outcomes[outcome], event->day, event->minute);
  }
  return count;
}

/* What the events prove, as text; counted here in the plainest way. */
static const char *activity_text(const struct happening *events, size_t count, int activity, int *ret_status,
                                 int *ret_hundredths) {
  int status = -1;
  int longest[DAYS] = {0};
  int first = -1;
  int last = -1;
  int completed = -1;
  int spent = 0;
  for (size_t at = 0; at < count; at++) {
    const struct happening *event = &events[at];
    if (event->activity != activity || !event->counts) continue;
    int moment = event->day * 1440 + event->minute;
    int counts_as = event->status == 4 ? 2 : event->status > 0;
    if (counts_as > status) status = counts_as;
    if (first < 0 || moment < first) first = moment;
    if (moment > last) last = moment;
    if (event->status == 4 && (completed < 0 || moment < completed)) completed = moment;
    if (event->hundredths > longest[event->day]) longest[event->day] = event->hundredths;
  }
  for (int day = 0; day < DAYS; day++)
    spent += longest[day];
  *ret_status = status;
  *ret_hundredths = spent;
  if (status < 0) return "";
  static const char *const names[] = {"skipped", "in_progress", "completed"};
  const char *done = completed < 0 ? "-"
                                   : arena_printf(fixture.arena, "%02d/%04d 2026-01-%02d", completed / 1440,
                                                  completed % 1440, 1 + completed / 1440);
  return arena_printf(fixture.arena, "%s %d %s %d.%02d %02d/%04d %02d/%04d %s;", types[activity / 3],
                      activity % 3, names[status], spent / 100, spent % 100, first / 1440, first % 1440,
                      last / 1440, last % 1440, done);
}

#define MOMENT(column) \
  "CONCAT(LPAD(DATEDIFF(" column ", '2026-01-01'), 2, '0'), '/', LPAD(HOUR(" column \
  ") * 60 + MINUTE(" column "), 4, '0'))"

static const char *activities_of(uint64_t user_id) {
  return ask(
      user_id,
      "COALESCE((SELECT GROUP_CONCAT(CONCAT_WS(' ', a.activity_type, SUBSTR(a.activity_id, 7, 1), a.status,"
      " a.time_spent, " MOMENT("a.first_at") ", " MOMENT("a.last_at") ", COALESCE(CONCAT(" MOMENT(
          "a.completed_at") ", ' ', a.completed_on), '-')), ';' ORDER BY FIELD(a.activity_type, 'video',"
                            " 'practice', 'quiz'), a.activity_id SEPARATOR '')"
                            " FROM activities AS a WHERE a.user_id = u.id), '')");
}

static void assert_counted(uint64_t user_id, const struct happening *events, size_t count) {
  CLEANUP(buffer_free) struct buffer expected = BUFFER_INIT((size_t)64 * 1024);
  int total[3] = {0}; /* by status */
  int by_type[3] = {0};
  int spent = 0;
  for (int activity = 0; activity < ACTIVITIES; activity++) {
    int status;
    int hundredths;
    buffer_append_text(&expected, activity_text(events, count, activity, &status, &hundredths));
    if (status < 0) continue;
    total[status]++;
    by_type[activity / 3] += status == 2;
    spent += hundredths;
  }
  assert_string_equal(activities_of(user_id), buffer_text(&expected));
  int all = total[0] + total[1] + total[2];
  int percentage = all == 0 ? 0 : total[2] * 10000 / all;
  const char *sums = all == 0 ? "-"
                              : arena_printf(fixture.arena, "%d %d %d %d.%02d %d.%02d %d %d 0 %d 0", all,
                                             total[2], total[1], percentage / 100, percentage % 100,
                                             spent / 100, spent % 100, by_type[0], by_type[1], by_type[2]);
  assert_string_equal(
      ask(user_id,
          "COALESCE((SELECT CONCAT_WS(' ', total_activities, completed_activities, in_progress_activities,"
          " percentage_complete, total_time_spent, completed_videos, completed_practices,"
          " completed_projects, completed_quizzes, completed_milestones)"
          " FROM user_progress_summary AS s WHERE s.user_id = u.id), '-')"),
      sums);
  assert_int_equal(
      ask_number(user_id, "(SELECT COUNT(*) FROM user_progress_summary AS s WHERE s.user_id = u.id AND NOT"
                          " (s.last_activity_at <=> (SELECT MAX(e.happened_at) FROM progress_events AS e"
                          " WHERE e.user_id = u.id AND e.outcome = 'applied')))"),
      0);
  assert_int_equal(ask_number(user_id, "(SELECT COALESCE(SUM(d.time_spent) * 100, 0) FROM activity_days AS d"
                                       " WHERE d.user_id = u.id)"),
                   spent);
}

#define LEARNERS 25

/* Everything is put in; what was there without a reason goes; and then all rules hold. */
static void test_all_is_counted_from_the_events(void **state) {
  (void)state;
  load();
  static struct happening events[LEARNERS][EVENTS_MAX];
  size_t counts[LEARNERS];
  unsigned seed = 6;
  uint64_t first = 0;
  for (size_t at = 0; at < LEARNERS; at++) {
    uint64_t user_id = learner_new(0, 0, 0, NULL);
    if (at == 0) first = user_id;
    counts[at] = at == 3 ? 0 : events_make(user_id, &seed, events[at]);
    if (at % 4 == 0)
      RUN("INSERT INTO activities (user_id, activity_type, activity_id, status, first_at, last_at) VALUES"
          " (%llu, 'project', 'never', 'completed', '2026-01-01', '2026-01-01')",
          ID(user_id));
    if (at % 4 == 1)
      RUN("INSERT INTO activity_days (user_id, day, activity_type, activity_id, events, time_spent) VALUES"
          " (%llu, '2026-01-09', 'video', 'it''s \"0\"', 1, 99)",
          ID(user_id));
  }
  for (size_t at = 0; at < LEARNERS; at++) {
    heal_all(first + at);
    assert_counted(first + at, events[at], counts[at]);
  }
  const char *const rules[] = {"activities_match_events", "activity_days_match_events",
                               "summary_matches_events"};
  for (size_t at = 0; at < ARRAY_LENGTH(rules); at++)
    assert_string_equal(shipped_find(rules[at], first, first + LEARNERS - 1, NULL), "");
}

/* Columns that drift are set back, each by the rule that is over it. */
static void test_whatever_drifts_is_set_back(void **state) {
  (void)state;
  static const struct {
    const char *rule;
    const char *drift; /* a table and what it is set to */
    const char *found; /* action, column, actual, wanted */
  } drifts[] = {
      {"activities_match_events", "activities SET status = 'skipped'", "set status skipped completed"},
      {"activities_match_events", "activities SET time_spent = 1", "set time_spent 1.00 30.50"},
      {"activities_match_events", "activities SET first_at = '2025-01-01'",
       "set first_at 2025-01-01 00:00:00.000 2026-01-01 10:00:00.123"},
      {"activities_match_events", "activities SET last_at = '2027-01-01'",
       "set last_at 2027-01-01 00:00:00.000 2026-01-02 10:00:00.000"},
      {"activities_match_events", "activities SET completed_at = NULL",
       "set completed_at - 2026-01-01 10:00:00.123"},
      {"activities_match_events", "activities SET completed_on = '2026-01-05'",
       "set completed_on 2026-01-05 2025-12-31"},
      {"activity_days_match_events", "activity_days SET events = 7 WHERE day = '2026-01-02' AND",
       "set events 7 1"},
      {"activity_days_match_events", "activity_days SET time_spent = 0 WHERE day = '2026-01-02' AND",
       "set time_spent 0.00 10.50"},
      {"summary_matches_events", "user_progress_summary SET total_activities = 0",
       "set total_activities 0 1"},
      {"summary_matches_events", "user_progress_summary SET completed_activities = 2",
       "set completed_activities 2 1"},
      {"summary_matches_events", "user_progress_summary SET in_progress_activities = 1",
       "set in_progress_activities 1 0"},
      {"summary_matches_events", "user_progress_summary SET percentage_complete = 99.99",
       "set percentage_complete 99.99 100.00"},
      {"summary_matches_events", "user_progress_summary SET total_time_spent = 3",
       "set total_time_spent 3.00 30.50"},
      {"summary_matches_events", "user_progress_summary SET completed_quizzes = 4",
       "set completed_quizzes 4 0"},
      {"summary_matches_events", "user_progress_summary SET completed_videos = 0",
       "set completed_videos 0 1"},
      {"summary_matches_events", "user_progress_summary SET last_activity_at = NULL",
       "set last_activity_at - 2026-01-02 10:00:00.000"},
  };
  load();
  uint64_t user_id = learner_new(0, 0, 0, NULL);
  RUN("INSERT INTO progress_events (user_id, id, revision, event_type, source_system, activity_type, "
      "activity_id,"
      " completion_status, time_spent, event_data, timestamp, happened_at, practised_on, content_hash) VALUES"
      " (%llu, 'a', 1, 'video_completed', 'video_player', 'video', 'v', 'completed', 20, '{}',"
      " '2026-01-01', '2026-01-01 10:00:00.123', '2025-12-31', ''),"
      " (%llu, 'b', 2, 'video_completed', 'video_player', 'video', 'v', 'completed', 10.5, '{}',"
      " '2026-01-01', '2026-01-02 10:00:00', '2026-01-02', '')",
      ID(user_id), ID(user_id));
  heal_all(user_id);
  for (size_t at = 0; at < ARRAY_LENGTH(drifts); at++) {
    bool has_where = strstr(drifts[at].drift, "WHERE") != NULL;
    RUN("UPDATE %s %s user_id = %llu", drifts[at].drift, has_where ? "" : "WHERE", ID(user_id));
    size_t count;
    const char *rows = shipped_find(drifts[at].rule, user_id, user_id, &count);
    if (count != 1 || strstr(rows, arena_printf(fixture.arena, "} %s\n", drifts[at].found)) == NULL)
      fail_msg("%s: %s", drifts[at].drift, rows);
    assert_int_equal(heal_all(user_id).repaired, 1);
    assert_shipped(drifts[at].rule, user_id, "");
  }
  const char *score =
      "(SELECT data_consistency_score FROM user_progress_summary AS s WHERE s.user_id = u.id)";
  RUN("UPDATE user_progress_summary SET data_consistency_score = 0.5 WHERE user_id = %llu", ID(user_id));
  assert_int_equal(heal_all(user_id).found, 0);
  assert_string_equal(ask(user_id, score), "0.500");
}

static void test_learners_who_left_are_left_alone(void **state) {
  (void)state;
  load();
  for (int merged = 0; merged < 2; merged++) {
    uint64_t user_id = learner_new(0, 0, 0, NULL);
    RUN("INSERT INTO user_progress_summary (user_id, total_activities) VALUES (%llu, 3)", ID(user_id));
    RUN("INSERT INTO activities (user_id, activity_type, activity_id, status, first_at, last_at) VALUES"
        " (%llu, 'video', 'v', 'completed', '2026-01-01', '2026-01-01')",
        ID(user_id));
    RUN("INSERT INTO activity_days (user_id, day, activity_type, activity_id) VALUES (%llu, '2026-01-09', "
        "'video',"
        " 'v')",
        ID(user_id));
    assert_int_equal(find(user_id, NULL), 3);
    RUN("UPDATE users SET %s WHERE id = %llu", merged ? "merged_into = 1" : "deleted_at = UTC_TIMESTAMP()",
        ID(user_id));
    assert_int_equal(find(user_id, NULL), 0);
  }
}

/* --- orphan_events, orphan_systems, orphan_event_parts ---------------------------------------------- */

static void learner_remove(uint64_t user_id) {
  run_text("SET foreign_key_checks = 0");
  RUN("DELETE FROM users WHERE id = %llu", ID(user_id));
  run_text("SET foreign_key_checks = 1");
}

static const struct {
  const char *rule;
  size_t tables;
} orphan_rules[] = {{"orphan_event_parts", 4}, {"orphan_events", 10}, {"orphan_systems", 7}};

static void test_rows_without_a_learner_go_to_the_quarantine(void **state) {
  (void)state;
  load();
  uint64_t there = learner_new(0, 0, 0, NULL);
  uint64_t gone = learner_new(0, 0, 0, NULL);
  event_rows_add(there);
  event_rows_add(gone);
  for (size_t at = 0; at < ARRAY_LENGTH(orphan_rules); at++)
    assert_string_equal(shipped_find(orphan_rules[at].rule, there, gone, NULL), "");
  learner_remove(gone);
  for (size_t at = 0; at < ARRAY_LENGTH(orphan_rules); at++) {
    size_t count;
    const char *rows = shipped_find(orphan_rules[at].rule, there, gone, &count);
    assert_int_equal(count, orphan_rules[at].tables);
    assert_int_equal(strtoull(rows, NULL, 10), gone);
    assert_string_equal(shipped_find(orphan_rules[at].rule, there, gone - 1, NULL), "");
  }
  assert_int_equal(heal_all(gone).repaired, 21);
  assert_int_equal(ask_number(there, arena_printf(fixture.arena,
                                                  "(SELECT COUNT(DISTINCT q.table_name) FROM quarantine AS q"
                                                  " WHERE q.user_id = %llu)",
                                                  ID(gone))),
                   21);
  for (size_t at = 0; at < ARRAY_LENGTH(orphan_rules); at++)
    assert_string_equal(shipped_find(orphan_rules[at].rule, there, gone, NULL), "");
  assert_int_equal(ask_number(there, "(SELECT COUNT(*) FROM todo_videos AS v WHERE v.user_id = u.id)"), 1);
}

static void test_parts_without_their_whole_are_found(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner_new(0, 0, 0, NULL);
  event_rows_add(user_id);
  run_text("SET foreign_key_checks = 0");
  const char *const tables[] = {"learning_paths", "progress_conflicts", "todos"};
  for (size_t at = 0; at < ARRAY_LENGTH(tables); at++)
    RUN("DELETE FROM %s WHERE user_id = %llu", tables[at], ID(user_id));
  run_text("SET foreign_key_checks = 1");
  size_t count;
  shipped_find("orphan_event_parts", user_id, user_id, &count);
  assert_int_equal(count, 4);
  assert_int_equal(heal_all(user_id).repaired, 4);
  assert_shipped("orphan_event_parts", user_id, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_all_is_counted_from_the_events, setup, teardown),
      cmocka_unit_test_setup_teardown(test_whatever_drifts_is_set_back, setup, teardown),
      cmocka_unit_test_setup_teardown(test_learners_who_left_are_left_alone, setup, teardown),
      cmocka_unit_test_setup_teardown(test_rows_without_a_learner_go_to_the_quarantine, setup, teardown),
      cmocka_unit_test_setup_teardown(test_parts_without_their_whole_are_found, setup, teardown),
  };
  if (fixture_is_missing()) return 0;
  return cmocka_run_group_tests_name("rule/rules_shipped_events", tests, group_setup, group_teardown);
}
