/* The rules over the systems that progress flows between: what another application completed brings the rest
 * along, once, and what somebody opened again stays open. */
#include "shipped_fixture.h"

#include "base/banned.h"

static const char receipts[] =
    "COALESCE((SELECT GROUP_CONCAT(CONCAT(event_id, ' ', target_table, ' ', target_key, ': ', because)"
    " ORDER BY target_table, target_key SEPARATOR '; ') FROM propagations AS p WHERE p.user_id = u.id), '-')";
static const char todos[] = "(SELECT GROUP_CONCAT(CONCAT(id, ' ', status) ORDER BY id) FROM todos AS t"
                            " WHERE t.user_id = u.id)";
static const char entries[] =
    "(SELECT GROUP_CONCAT(CONCAT(id, ' ', status) ORDER BY id) FROM schedule_entries AS e"
    " WHERE e.user_id = u.id)";
static const char videos[] =
    "COALESCE((SELECT GROUP_CONCAT(CONCAT_WS(' ', video_id, status, percentage_watched, completed_at)"
    " ORDER BY video_id) FROM video_progress AS v WHERE v.user_id = u.id), '-')";
static const char steps[] = "(SELECT GROUP_CONCAT(CONCAT(step_id, ' ', status) ORDER BY step_id)"
                            " FROM learning_path_steps AS s WHERE s.user_id = u.id)";
static const char paths[] =
    "(SELECT GROUP_CONCAT(CONCAT_WS(' ', path_id, completed_steps, total_steps, percentage,"
    " COALESCE(current_step_id, '-'), COALESCE(completed_at, '-')) ORDER BY path_id)"
    " FROM path_progress AS p WHERE p.user_id = u.id)";

static uint64_t learner(void) { return learner_new(0, 0, 0, NULL); }

/* As a read of todos does it; then nothing is left to do. */
static void heal_events(uint64_t user_id) {
  struct rule_repair repair;
  assert_done(&fixture, rule_heal(set, ledger, &config, RULE_SCOPE_EVENTS, user_id, "lockstep:read",
                                  fixture.arena, &fixture.error, &repair));
}

static void add_todo(uint64_t user_id, const char *id, const char *status, const char *video_ids) {
  RUN("INSERT INTO todos (user_id, id, status) VALUES (%llu, '%s', '%s')", ID(user_id), id, status);
  for (const char *video = video_ids; *video != '\0'; video++)
    RUN("INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (%llu, '%s', '%c')", ID(user_id), id,
        *video);
}

static void add_video(uint64_t user_id, const char *id, const char *status) {
  RUN("INSERT INTO video_progress (user_id, video_id, status, completed_at) VALUES (%llu, '%s', '%s',"
      " IF('%s' = 'completed', '2026-01-02 03:04:05', NULL))",
      ID(user_id), id, status, status);
}

static void test_a_completed_video_completes_its_todos(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner();
  add_todo(user_id, "a", "pending", "v");
  add_todo(user_id, "b", "in_progress", "vw");
  add_todo(user_id, "c", "cancelled", "v");
  add_todo(user_id, "d", "pending", "");
  add_video(user_id, "v", "completed");
  assert_shipped(
      "completed_video_completes_todo", user_id,
      arena_printf(
          fixture.arena,
          "%llu {\"user_id\": %llu, \"event_id\": \"rule:completed_video_completes_todo\", \"target_table\":"
          " \"todos\", \"target_key\": \"a\"} insert after_values - {\"status\": \"completed\", "
          "\"completed_at\":"
          " \"2026-01-02 03:04:05.000\"}\n"
          "%llu {\"user_id\": %llu, \"event_id\": \"rule:completed_video_completes_todo\", \"target_table\":"
          " \"todos\", \"target_key\": \"a\"} insert because - the videos of todo a are completed\n"
          "%llu {\"user_id\": %llu, \"event_id\": \"rule:completed_video_completes_todo\", \"target_table\":"
          " \"todos\", \"target_key\": \"a\"} insert before_values - {\"status\": \"pending\", "
          "\"completed_at\":"
          " null}\n"
          "%llu {\"user_id\": %llu, \"id\": \"a\"} set completed_at - 2026-01-02 03:04:05.000\n"
          "%llu {\"user_id\": %llu, \"event_id\": \"rule:completed_video_completes_todo\", \"target_table\":"
          " \"todos\", \"target_key\": \"a\"} insert revision - 1\n"
          "%llu {\"user_id\": %llu, \"id\": \"a\"} set status pending completed\n"
          "%llu {\"user_id\": %llu, \"event_id\": \"rule:completed_video_completes_todo\", \"target_table\":"
          " \"todos\", \"target_key\": \"a\"} insert target_system - todo_manager\n",
          ID(user_id), ID(user_id), ID(user_id), ID(user_id), ID(user_id), ID(user_id), ID(user_id),
          ID(user_id), ID(user_id), ID(user_id), ID(user_id), ID(user_id), ID(user_id), ID(user_id)));
  heal_events(user_id);
  assert_string_equal(ask(user_id, todos), "a completed,b in_progress,c cancelled,d pending");
  assert_string_equal(ask(user_id, receipts),
                      "rule:completed_video_completes_todo todos a: the videos of todo a are completed");
  assert_string_equal(ask(user_id, "(SELECT p.revision FROM propagations AS p WHERE p.user_id = u.id)"),
                      ask(user_id, "u.revision"));
  RUN("UPDATE todos SET status = 'pending' WHERE user_id = %llu AND id = 'a'", ID(user_id));
  add_video(user_id, "w", "completed");
  heal_events(user_id);
  assert_string_equal(ask(user_id, todos), "a pending,b completed,c cancelled,d pending");
  assert_int_equal(heal_all(user_id).found, 0);
}

static void test_what_was_planned_anew_is_left_alone(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner();
  add_video(user_id, "v", "completed");
  RUN("UPDATE video_progress SET updated_at = '2026-01-02 03:04:05' WHERE user_id = %llu", ID(user_id));
  RUN("INSERT INTO todos (user_id, id, due_at) VALUES (%llu, 'again', '2026-01-03'), (%llu, 'late', "
      "'2026-01-01'),"
      " (%llu, 'undated', NULL)",
      ID(user_id), ID(user_id), ID(user_id));
  RUN("INSERT INTO todo_videos (user_id, todo_id, video_id) SELECT user_id, id, 'v' FROM todos WHERE user_id "
      "= %llu",
      ID(user_id));
  RUN("INSERT INTO schedule_entries (user_id, id, starts_at, video_id) VALUES (%llu, 'again', '2026-01-03', "
      "'v'),"
      " (%llu, 'past', '2026-01-01', 'v')",
      ID(user_id), ID(user_id));
  heal_events(user_id);
  assert_string_equal(ask(user_id, todos), "again pending,late completed,undated completed");
  assert_string_equal(ask(user_id, entries), "again planned,past completed");
}

static void test_a_chain_is_brought_along_at_once(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner();
  add_todo(user_id, "t", "pending", "v");
  add_todo(user_id, "u", "pending", "v");
  RUN("INSERT INTO schedule_entries (user_id, id, starts_at, todo_id, video_id, status, actual_end) VALUES"
      " (%llu, 'done', '2026-01-01', 't', NULL, 'completed', '2026-01-01 10:00:00'),"
      " (%llu, 'of_u', '2026-01-01', 'u', NULL, 'planned', NULL),"
      " (%llu, 'of_v', '2026-01-01', NULL, 'v', 'in_progress', NULL),"
      " (%llu, 'skipped', '2026-01-01', NULL, 'v', 'skipped', NULL)",
      ID(user_id), ID(user_id), ID(user_id), ID(user_id));
  RUN("INSERT INTO learning_paths (user_id, id) VALUES (%llu, 'a/b')", ID(user_id));
  RUN("INSERT INTO learning_path_steps (user_id, path_id, step_id, step_index, activity_type, activity_id) "
      "VALUES"
      " (%llu, 'a/b', 's', 0, 'video', 'v'), (%llu, 'a/b', 'z', 1, NULL, NULL)",
      ID(user_id), ID(user_id));
  heal_events(user_id);
  assert_string_equal(ask(user_id, todos), "t completed,u completed");
  assert_string_equal(ask(user_id, videos), "v completed 100.00 2026-01-01 10:00:00.000");
  assert_string_equal(ask(user_id, entries), "done completed,of_u completed,of_v completed,skipped skipped");
  assert_string_equal(ask(user_id, steps), "s completed,z pending");
  assert_string_equal(ask(user_id, paths), "a/b 1 2 50.00 z -");
  assert_string_equal(
      ask(user_id, receipts),
      "rule:completed_activity_completes_step learning_path_steps a~1b/s: step s is video v; "
      "rule:completed_todo_completes_schedule schedule_entries of_u: entry of_u stands for todo u; "
      "rule:completed_video_completes_schedule schedule_entries of_v: entry of_v stands for video v; "
      "rule:completed_entry_completes_todo todos t: a calendar entry of todo t is completed; "
      "rule:completed_video_completes_todo todos u: the videos of todo u are completed; "
      "rule:completed_item_completes_video video_progress v: what stands for video v is completed");
  assert_int_equal(heal_all(user_id).found, 0);
  RUN("UPDATE todos SET status = 'pending' WHERE user_id = %llu", ID(user_id));
  RUN("UPDATE schedule_entries SET status = 'planned' WHERE user_id = %llu AND id <> 'done'", ID(user_id));
  RUN("UPDATE learning_path_steps SET status = 'pending' WHERE user_id = %llu", ID(user_id));
  RUN("UPDATE video_progress SET status = 'in_progress' WHERE user_id = %llu", ID(user_id));
  heal_events(user_id);
  assert_string_equal(ask(user_id, todos), "t pending,u pending");
  assert_string_equal(ask(user_id, steps), "s pending,z pending");
  assert_string_equal(ask(user_id, paths), "a/b 0 2 0.00 s -");
}

static void test_a_video_is_completed_with_what_stands_for_it(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner();
  add_todo(user_id, "one", "completed", "a");
  add_todo(user_id, "two", "completed", "bc");
  add_video(user_id, "d", "in_progress");
  RUN("INSERT INTO schedule_entries (user_id, id, starts_at, video_id, status) VALUES"
      " (%llu, 'e', '2026-01-01', 'd', 'completed')",
      ID(user_id));
  heal_events(user_id);
  assert_string_equal(ask(user_id, "(SELECT GROUP_CONCAT(CONCAT_WS(' ', video_id, status, percentage_watched,"
                                   " completed_at IS NOT NULL) ORDER BY video_id) FROM video_progress AS v"
                                   " WHERE v.user_id = u.id)"),
                      "a completed 100.00 1,d completed 100.00 1");
  assert_string_equal(
      ask(user_id, "(SELECT GROUP_CONCAT(CONCAT(target_key, ' ', COALESCE(before_values, '-'))"
                   " ORDER BY target_key) FROM propagations AS p WHERE p.user_id = u.id)"),
      "a -,d {\"status\": \"in_progress\", \"percentage_watched\": \"0.00\", \"completed_at\": null}");
  assert_int_equal(heal_all(user_id).found, 0);
}

static void test_steps_follow_activities(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner();
  RUN("INSERT INTO activities (user_id, activity_type, activity_id, status, first_at, last_at, completed_at) "
      "VALUES"
      " (%llu, 'quiz', 'q', 'completed', '2026-01-01', '2026-01-01', '2026-01-01'),"
      " (%llu, 'quiz', 'r', 'in_progress', '2026-01-01', '2026-01-01', NULL)",
      ID(user_id), ID(user_id));
  RUN("INSERT INTO learning_paths (user_id, id) VALUES (%llu, 'p')", ID(user_id));
  RUN("INSERT INTO learning_path_steps (user_id, path_id, step_id, activity_type, activity_id, status) VALUES"
      " (%llu, 'p', 'a', 'quiz', 'q', 'in_progress'), (%llu, 'p', 'b', 'quiz', 'r', 'pending'),"
      " (%llu, 'p', 'c', 'quiz', 'q', 'skipped'), (%llu, 'p', 'd', 'practice', 'q', 'pending')",
      ID(user_id), ID(user_id), ID(user_id), ID(user_id));
  heal_events(user_id);
  assert_string_equal(ask(user_id, steps), "a completed,b pending,c skipped,d pending");
  assert_string_equal(ask(user_id, paths), "p 1 4 25.00 b -");
}

static void test_a_path_is_as_far_as_its_steps(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner();
  RUN("INSERT INTO learning_paths (user_id, id) VALUES (%llu, 'done'), (%llu, 'empty'), (%llu, 'wrong')",
      ID(user_id), ID(user_id), ID(user_id));
  RUN("INSERT INTO learning_path_steps (user_id, path_id, step_id, step_index, status, completed_at) VALUES"
      " (%llu, 'done', 'a', 0, 'completed', '2026-01-01'), (%llu, 'done', 'b', 1, 'completed', '2026-01-02'),"
      " (%llu, 'wrong', 'z', 0, 'skipped', NULL), (%llu, 'wrong', 'y', 1, 'pending', NULL),"
      " (%llu, 'wrong', 'x', 1, 'pending', NULL)",
      ID(user_id), ID(user_id), ID(user_id), ID(user_id), ID(user_id));
  RUN("INSERT INTO path_progress (user_id, path_id, completed_steps, total_steps, percentage, "
      "current_step_id,"
      " completed_at) VALUES (%llu, 'wrong', 9, 3, 100, 'gone', '2026-01-01')",
      ID(user_id));
  assert_int_equal(heal_all(user_id).found > 0, 1);
  assert_string_equal(ask(user_id, paths), "done 2 2 100.00 - 2026-01-02 00:00:00.000,wrong 0 3 0.00 x -");
  RUN("UPDATE learning_path_steps SET completed_at = NULL WHERE user_id = %llu", ID(user_id));
  RUN("UPDATE path_progress SET completed_at = NULL WHERE user_id = %llu", ID(user_id));
  heal_all(user_id);
  assert_int_equal(
      ask_number(user_id, "(SELECT COUNT(completed_at) FROM path_progress AS p WHERE p.user_id = u.id)"), 1);
  assert_int_equal(heal_all(user_id).found, 0);
}

static void test_the_journey_repeats_the_summary(void **state) {
  (void)state;
  load();
  uint64_t user_id = learner();
  RUN("INSERT INTO ai_journey (user_id, completed_activities, skills_gained) VALUES (%llu, 5, 5)",
      ID(user_id));
  RUN("INSERT INTO skills (user_id, skill_id) VALUES (%llu, 'c'), (%llu, 'sql')", ID(user_id), ID(user_id));
  assert_int_equal(heal_all(user_id).repaired, 1);
  assert_string_equal(ask(user_id,
                          "(SELECT CONCAT(completed_activities, ' ', skills_gained) FROM ai_journey AS j"
                          " WHERE j.user_id = u.id)"),
                      "0 2");
  assert_int_equal(heal_all(user_id).found, 0);
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_completed_video_completes_its_todos, setup, teardown),
      cmocka_unit_test_setup_teardown(test_what_was_planned_anew_is_left_alone, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_chain_is_brought_along_at_once, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_video_is_completed_with_what_stands_for_it, setup, teardown),
      cmocka_unit_test_setup_teardown(test_steps_follow_activities, setup, teardown),
      cmocka_unit_test_setup_teardown(test_a_path_is_as_far_as_its_steps, setup, teardown),
      cmocka_unit_test_setup_teardown(test_the_journey_repeats_the_summary, setup, teardown),
  };
  return cmocka_run_group_tests_name("rule/rules_shipped_cascade", tests, group_setup, group_teardown);
}
