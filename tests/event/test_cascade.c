/* What events bring about in the other systems' tables, and the receipts of it, against a real server. */
#include "cascade_fixture.h"

#include "base/banned.h"

#define RECEIPTS(event) \
  "SELECT COALESCE(GROUP_CONCAT(CONCAT(target_table, ' ', target_key, ': ', because)" \
  " ORDER BY position SEPARATOR '\\n'), '-') FROM propagations WHERE user_id = 7 AND event_id = '" event "'"
#define TODOS "SELECT GROUP_CONCAT(CONCAT(id, ' ', status) ORDER BY id) FROM todos"
#define ENTRIES "SELECT GROUP_CONCAT(CONCAT(id, ' ', status) ORDER BY id) FROM schedule_entries"
#define VIDEOS \
  "SELECT GROUP_CONCAT(CONCAT(video_id, ' ', status, ' ', percentage_watched) ORDER BY video_id)" \
  " FROM video_progress"
#define STEPS "SELECT GROUP_CONCAT(CONCAT(step_id, ' ', status) ORDER BY step_id) FROM learning_path_steps"
#define PATHS \
  "SELECT GROUP_CONCAT(CONCAT_WS(' ', path_id, completed_steps, total_steps, percentage," \
  " COALESCE(current_step_id, '-'), COALESCE(completed_at, '-')) ORDER BY path_id) FROM path_progress"
#define REVISION "SELECT revision FROM users WHERE id = 7"

/* --- A video ----------------------------------------------------------------------------------------- */

static void test_a_video_completes_what_waits_for_it(void **state) {
  (void)state;
  run("INSERT INTO todos (user_id, id, status) VALUES (7, 'both', 'pending'), (7, 'one', 'in_progress'),"
      " (7, 'off', 'cancelled'), (8, 'one', 'pending')");
  run("INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (7, 'both', 'v1'), (7, 'both', 'v2'),"
      " (7, 'one', 'v1'), (7, 'off', 'v1'), (8, 'one', 'v1')");
  run("INSERT INTO schedule_entries (user_id, id, starts_at, video_id, status) VALUES"
      " (7, 'e1', '2026-01-01', 'v1', 'planned'), (7, 'e2', '2026-01-01', 'v1', 'skipped'),"
      " (7, 'e3', '2026-01-01', 'v2', 'planned')");
  run("INSERT INTO learning_paths (user_id, id) VALUES (7, 'p')");
  run("INSERT INTO learning_path_steps (user_id, path_id, step_id, step_index, activity_type, activity_id) "
      "VALUES"
      " (7, 'p', 's1', 0, 'video', 'v1'), (7, 'p', 's2', 1, 'video', 'v2'), (7, 'p', 's3', 2, 'quiz', 'v1')");
  happen(video_event("ev1", "v1", STATUS_COMPLETED));
  assert_answer(VIDEOS, "v1 completed 100.00");
  assert_answer(TODOS " WHERE user_id = 7", "both pending,off cancelled,one completed");
  assert_answer(TODOS " WHERE user_id = 8", "one pending");
  assert_answer(ENTRIES, "e1 completed,e2 skipped,e3 planned");
  assert_answer("SELECT actual_end FROM schedule_entries WHERE id = 'e1'", MOMENT);
  assert_answer(STEPS, "s1 completed,s2 pending,s3 pending");
  assert_answer(PATHS, "p 1 3 33.33 s2 -");
  assert_answer("SELECT CONCAT_WS(' ', activity_type, activity_id, completed_at) FROM chat_mentions",
                "video v1 " MOMENT);
  assert_answer(RECEIPTS("ev1"), "video_progress v1: the event is about it\n"
                                 "todos one: todo one is about video v1\n"
                                 "schedule_entries e1: entry e1 stands for video v1\n"
                                 "learning_path_steps p/s1: step s1 of path p is video v1\n"
                                 "chat_mentions video/v1: the activity is completed\n"
                                 "path_progress p: steps of path p moved");
  happen(video_event("ev2", "v2", STATUS_COMPLETED));
  assert_answer(TODOS " WHERE user_id = 7", "both completed,off cancelled,one completed");
  assert_answer(PATHS, "p 2 3 66.66 s3 -");
}

/* The chat knows of it from the first time; the second is nobody's to take back. */
static void test_what_was_done_again_is_mentioned_once(void **state) {
  (void)state;
  happen(video_event("ev1", "v", STATUS_COMPLETED));
  struct event again = video_event("ev2", "v", STATUS_COMPLETED);
  again.happened_at_ms += 86400000;
  happen(again);
  assert_answer("SELECT GROUP_CONCAT(completed_at) FROM chat_mentions", MOMENT);
  assert_answer("SELECT GROUP_CONCAT(event_id) FROM propagations WHERE target_table = 'chat_mentions'",
                "ev1");
}

static void test_receipts_say_what_was_and_what_became(void **state) {
  (void)state;
  run("INSERT INTO todos (user_id, id) VALUES (7, 't')");
  run("INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (7, 't', 'v')");
  run("INSERT INTO video_progress (user_id, video_id, percentage_watched) VALUES (7, 'v', 40)");
  happen(video_event("ev", "v", STATUS_COMPLETED));
  assert_answer("SELECT before_values FROM propagations WHERE target_table = 'todos'",
                "{\"status\": \"pending\", \"completed_at\": null}");
  assert_answer("SELECT REPLACE(p.after_values, t.updated_at, 'then') FROM propagations AS p, todos AS t"
                " WHERE target_table = 'todos'",
                "{\"status\": \"completed\", \"completed_at\": \"" MOMENT "\", \"updated_at\": \"then\"}");
  assert_answer("SELECT before_values FROM propagations WHERE target_table = 'video_progress'",
                "{\"status\": \"in_progress\", \"percentage_watched\": \"40.00\", \"seconds_watched\": \"0\","
                " \"youtube_id\": null, \"completed_at\": null}");
  assert_answer(
      "SELECT COALESCE(before_values, 'none') FROM propagations WHERE target_table = 'chat_mentions'",
      "none");
  assert_answer(
      "SELECT CONCAT_WS(' ', target_system, revision) FROM propagations WHERE target_table = 'todos'",
      "todo_manager 1");
  assert_answer("SELECT changes FROM ledger WHERE user_id = 7 AND kind = 'event'",
                "[{\"what\":\"event\",\"key\":\"ev\",\"by\":1},{\"what\":\"video\",\"key\":\"v\",\"by\":1,"
                "\"because\":\"the event is about it\"},"
                "{\"what\":\"todo\",\"key\":\"t\",\"by\":1,\"because\":\"todo t is about video v\"}]");
}

static void test_what_is_not_completed_touches_its_own_row_only(void **state) {
  (void)state;
  run("INSERT INTO todos (user_id, id) VALUES (7, 't')");
  run("INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (7, 't', 'v')");
  struct event event = video_event("a", "v", STATUS_IN_PROGRESS);
  event.data.video.percentage_given = event.data.video.time_given = PRESENCE_GIVEN;
  event.data.video.percentage_watched = 42.126;
  event.data.video.time_watched = 100.7;
  happen(event);
  assert_answer(VIDEOS, "v in_progress 42.13");
  event.id = "b";
  event.data.video.percentage_watched = 30;
  event.data.video.time_watched = 50;
  happen(event);
  assert_answer(VIDEOS, "v in_progress 42.13");
  assert_answer("SELECT seconds_watched FROM video_progress", "100");
  assert_answer(RECEIPTS("b"), "-");
  happen(video_event("c", "w", STATUS_SKIPPED));
  assert_answer(VIDEOS, "v in_progress 42.13");
  happen(video_event("d", "v", STATUS_COMPLETED));
  event.id = "e";
  happen(event);
  assert_answer(VIDEOS, "v completed 100.00");
  assert_answer(TODOS, "t completed");
  assert_answer("SELECT COUNT(*) FROM chat_mentions", "1");
}

/* --- The other types ------------------------------------------------------------------------------- */

static void test_a_todo_completes_its_entries_and_its_only_video(void **state) {
  (void)state;
  run("INSERT INTO todos (user_id, id) VALUES (7, 't'), (7, 'u'), (7, 'x')");
  run("INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (7, 't', 'v'), (7, 'u', 'v'), (7, 'x', "
      "'v'),"
      " (7, 'x', 'w')");
  run("INSERT INTO schedule_entries (user_id, id, starts_at, todo_id, video_id) VALUES"
      " (7, 'e', '2026-01-01', 't', NULL), (7, 'f', '2026-01-01', 'u', 'w')");
  struct event event = todo_event("ev", "t", STATUS_COMPLETED);
  event.data.todo.rating_given = PRESENCE_GIVEN;
  event.data.todo.user_rating = 4;
  event.data.todo.notes = "done \"well\"";
  happen(event);
  assert_answer(VIDEOS, "v completed 100.00,w completed 100.00");
  assert_answer(TODOS, "t completed,u completed,x completed");
  assert_answer(ENTRIES, "e completed,f completed");
  assert_answer("SELECT CONCAT(rating, notes) FROM todos WHERE id = 't'", "4done \"well\"");
  assert_answer(RECEIPTS("ev"), "todos t: the event is about it\n"
                                "schedule_entries e: entry e stands for todo t\n"
                                "video_progress v: todo t is about video v alone\n"
                                "todos u: todo u is about video v\n"
                                "schedule_entries f: entry f stands for todo u\n"
                                "video_progress w: entry f stands for video w\n"
                                "todos x: todo x is about video v\n"
                                "chat_mentions practice/t: the activity is completed");
}

static void test_an_entry_completes_what_it_stands_for(void **state) {
  (void)state;
  run("INSERT INTO todos (user_id, id) VALUES (7, 't')");
  run("INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (7, 't', 'v'), (7, 't', 'w')");
  run("INSERT INTO schedule_entries (user_id, id, starts_at, todo_id, video_id) VALUES"
      " (7, 'e', '2026-01-01', 't', 'y'), (7, 'e2', '2026-01-02', 't', NULL)");
  struct event event = entry_event("ev", "e", STATUS_COMPLETED);
  event.data.schedule.actual_start_given = PRESENCE_GIVEN;
  event.data.schedule.actual_start_ms = MOMENT_MS - 60000;
  happen(event);
  assert_answer(ENTRIES, "e completed,e2 completed");
  assert_answer("SELECT CONCAT_WS(' to ', actual_start, actual_end) FROM schedule_entries WHERE id = 'e'",
                "2026-01-01 11:59:00.000 to " MOMENT);
  assert_answer(TODOS, "t completed");
  assert_answer(VIDEOS, "y completed 100.00");
}

/* Somebody opened the todo again after its video was completed: another entry of that video is no reason. */
static void test_what_was_completed_before_leads_nowhere(void **state) {
  (void)state;
  run("INSERT INTO todos (user_id, id) VALUES (7, 't')");
  run("INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (7, 't', 'v')");
  run("INSERT INTO video_progress (user_id, video_id, status) VALUES (7, 'v', 'completed')");
  run("INSERT INTO schedule_entries (user_id, id, starts_at, video_id) VALUES (7, 'e', '2026-01-01', 'v')");
  happen(entry_event("ev", "e", STATUS_COMPLETED));
  assert_answer(ENTRIES, "e completed");
  assert_answer(TODOS, "t pending");
}

static void test_what_is_not_there_still_leads_on(void **state) {
  (void)state;
  run("INSERT INTO schedule_entries (user_id, id, starts_at, todo_id) VALUES (7, 'e', '2026-01-01', 'gone')");
  happen(todo_event("ev", "gone", STATUS_COMPLETED));
  assert_answer(ENTRIES, "e completed");
  assert_answer("SELECT COUNT(*) FROM todos", "0");
  happen(entry_event("ew", "nowhere", STATUS_COMPLETED));
  happen(step_event("ex", "no", "step", STATUS_COMPLETED));
  assert_answer("SELECT COUNT(*) FROM path_progress", "0");
}

static void test_a_step_moves_its_path_and_the_journey(void **state) {
  (void)state;
  run("INSERT INTO learning_paths (user_id, id) VALUES (7, 'a/b~'), (7, 'q')");
  run("INSERT INTO learning_path_steps (user_id, path_id, step_id, step_index, activity_type, activity_id) "
      "VALUES"
      " (7, 'a/b~', 's/1', 0, 'video', 'v'), (7, 'a/b~', 's2', 1, NULL, NULL), (7, 'q', 'x', 0, 'video', "
      "'v')");
  run("INSERT INTO user_progress_summary (user_id, completed_activities) VALUES (7, 3)");
  const char *skills[] = {"c", "sql"};
  struct event event = step_event("ev", "a/b~", "s/1", STATUS_COMPLETED);
  event.data.path.skills_learned = (struct field_list){.items = (void *)skills, .count = 2};
  happen(event);
  assert_answer(STEPS, "s/1 completed,s2 pending,x completed");
  assert_answer(PATHS, "a/b~ 1 2 50.00 s2 -,q 1 1 100.00 - " MOMENT);
  assert_answer("SELECT target_key FROM propagations WHERE because = 'the event is about it'", "a~1b~0/s/1");
  assert_answer("SELECT CONCAT_WS(' ', current_path, current_step, completed_activities, skills_gained,"
                " last_activity_at) FROM ai_journey",
                "a/b~ s2 3 2 " MOMENT);
  assert_string_equal(names_of(undo("ev").left), "");
  assert_answer(STEPS, "s/1 pending,s2 pending,x pending");
  assert_answer(PATHS, "a/b~ 0 2 0.00 s/1 -,q 0 1 0.00 x -");
  assert_answer("SELECT skills_gained FROM ai_journey", "0");
}

static void test_a_skill_has_the_level_of_its_latest_assessment(void **state) {
  (void)state;
  struct event event =
      event_base("ev", EVENT_SKILL_ASSESSED, SYSTEM_AI_JOURNEY, ACTIVITY_QUIZ, "q", STATUS_COMPLETED);
  event.data.skill = (struct skill_data){.skill_id = "c",
                                         .skill_category = "languages",
                                         .new_level = "good",
                                         .confidence = 0.8125,
                                         .confidence_given = PRESENCE_GIVEN};
  happen(event);
  event.id = "older";
  event.happened_at_ms -= 1000;
  event.data.skill.new_level = "poor";
  happen(event);
  assert_answer("SELECT CONCAT_WS(' ', skill_id, category, level, confidence, assessed_at) FROM skills",
                "c languages good 0.812 " MOMENT);
  event.id = "newer";
  event.happened_at_ms += 2000;
  happen(event);
  assert_answer("SELECT level FROM skills", "poor");
  assert_string_equal(names_of(undo("newer").restored), "skills c");
  assert_answer("SELECT level FROM skills", "good");
}

/* --- Systems --------------------------------------------------------------------------------------- */

static const char *synced(struct event event) {
  struct order order = {.event = &event};
  struct ledger_entry entry = {.user_id = LEARNER, .actor = "a", .input = &order, .arena = fixture.arena};
  order.arena = fixture.arena;
  assert_done(&fixture,
              ledger_run_one(ledger, &cascade_kind_of_tests, &entry, NULL, fixture.arena, &fixture.error));
  const char *text = "";
  for (size_t at = 0; at < order.result.synced_systems.count; at++)
    text = arena_printf(fixture.arena, "%s %s", text,
                        ((const char *const *)order.result.synced_systems.items)[at]);
  return text;
}

static void test_synced_are_all_targets_but_the_source(void **state) {
  (void)state;
  struct event event = video_event("ev", "v", STATUS_COMPLETED);
  assert_string_equal(synced(event),
                      " todo_manager calendar_service ai_journey learning_path_generator chat_system");
  event.id = "ew";
  event.source = SYSTEM_CHAT;
  assert_string_equal(synced(event),
                      " video_player todo_manager calendar_service ai_journey learning_path_generator");
  event =
      event_base("ex", EVENT_MILESTONE_REACHED, SYSTEM_AI_JOURNEY, ACTIVITY_MILESTONE, "m", STATUS_COMPLETED);
  assert_string_equal(synced(event), " learning_path_generator chat_system");
}

/* --- Undoing --------------------------------------------------------------------------------------- */

static void three_todos(void) {
  run("INSERT INTO todos (user_id, id, title) VALUES (7, 'a', 'A'), (7, 'b', 'B'), (7, 'c', 'C'), (7, 'd', "
      "'D')");
  run("INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (7, 'a', 'v'), (7, 'b', 'v'), (7, 'c', "
      "'v'),"
      " (7, 'd', 'v')");
}

static void test_undone_is_what_nobody_touched_since(void **state) {
  (void)state;
  three_todos();
  happen(video_event("ev", "v", STATUS_COMPLETED));
  run("UPDATE todos SET status = 'pending' WHERE id = 'b'");
  run("DELETE FROM todos WHERE id = 'c'");
  run("UPDATE todos SET title = 'renamed' WHERE id = 'd'");
  struct cascade_undone undone = undo("ev");
  assert_string_equal(names_of(undone.restored), "video_progress v, todos a, chat_mentions video/v");
  assert_string_equal(names_of(undone.left), "todos b: it was changed since, todos c: it is gone,"
                                             " todos d: it was changed since");
  assert_answer(TODOS, "a pending,b pending,d completed");
  assert_answer("SELECT COUNT(*) FROM video_progress", "0");
  assert_answer("SELECT COUNT(*) FROM chat_mentions", "0");
  assert_answer(
      "SELECT GROUP_CONCAT(target_key ORDER BY target_key) FROM propagations WHERE undone_by = 'user_7'",
      "a,v,video/v");
  assert_answer(REVISION, "2");
  assert_int_equal(undo("ev").restored.count, 0);
  assert_answer(REVISION, "2");
}

static void test_undone_stays_undone(void **state) {
  (void)state;
  three_todos();
  happen(video_event("ev", "v", STATUS_COMPLETED));
  undo("ev");
  run("INSERT INTO todos (user_id, id) VALUES (7, 'e')");
  run("INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (7, 'e', 'v')");
  struct event again = video_event("ev", "v", STATUS_COMPLETED);
  again.revision = 1;
  happen(again);
  assert_answer(TODOS, "a pending,b pending,c pending,d pending,e pending");
  assert_answer("SELECT COUNT(*) FROM propagations WHERE undone_at IS NULL", "0");
  happen(video_event("later", "v", STATUS_COMPLETED));
  assert_answer(TODOS, "a completed,b completed,c completed,d completed,e completed");
}

static void test_an_event_run_again_brings_along_what_is_new_only(void **state) {
  (void)state;
  three_todos();
  happen(video_event("ev", "v", STATUS_COMPLETED));
  run("UPDATE todos SET status = 'pending' WHERE id = 'a'");
  run("INSERT INTO todos (user_id, id) VALUES (7, 'e')");
  run("INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (7, 'e', 'v')");
  struct event again = video_event("ev", "v", STATUS_COMPLETED);
  again.revision = 1;
  happen(again);
  assert_answer(TODOS, "a pending,b completed,c completed,d completed,e completed");
  undo("ev");
  assert_answer(TODOS, "a pending,b pending,c pending,d pending,e pending");
}

/* A resolution lets an event say more than it did: its receipt goes on knowing how all was before. */
static void test_an_event_that_says_more_raises_its_own_row(void **state) {
  (void)state;
  run("INSERT INTO video_progress (user_id, video_id, percentage_watched) VALUES (7, 'v', 40)");
  struct event event = video_event("ev", "v", STATUS_COMPLETED);
  event.data.video.percentage_given = PRESENCE_GIVEN;
  event.data.video.percentage_watched = 95;
  happen(event);
  event.data.video.percentage_watched = 98;
  event.data.video.time_given = PRESENCE_GIVEN;
  event.data.video.time_watched = 60;
  event.revision = 1;
  event.resolved_text = "{}";
  happen(event);
  assert_answer(VIDEOS, "v completed 98.00");
  assert_answer("SELECT COUNT(*) FROM propagations WHERE target_table = 'video_progress'", "1");
  assert_string_equal(names_of(undo("ev").restored), "video_progress v, chat_mentions video/v");
  assert_answer(VIDEOS, "v in_progress 40.00");
  assert_answer("SELECT seconds_watched FROM video_progress", "0");
}

/* Its own row was written before by whoever told of it: nothing to restore, but no rule's business either. */
static void test_its_own_row_has_a_receipt_in_any_case(void **state) {
  (void)state;
  run("INSERT INTO todos (user_id, id, status) VALUES (7, 't', 'completed')");
  happen(todo_event("ev", "t", STATUS_COMPLETED));
  assert_answer("SELECT before_values = after_values FROM propagations WHERE target_table = 'todos'", "1");
  struct cascade_undone undone = undo("ev");
  assert_string_equal(names_of(undone.restored), "chat_mentions practice/t");
  assert_string_equal(names_of(undone.left), "");
  assert_answer(TODOS, "t completed");
}

static void test_receipts_that_cannot_be_read_are_left(void **state) {
  (void)state;
  three_todos();
  happen(video_event("ev", "v", STATUS_COMPLETED));
  run("UPDATE propagations SET after_values = '[1]' WHERE target_key = 'a'");
  run("UPDATE propagations SET before_values = '{\"owner\": \"8\"}' WHERE target_key = 'b'");
  run("UPDATE propagations SET target_table = 'users' WHERE target_key = 'c'");
  run("UPDATE propagations SET after_values = '{\"status\": 7}' WHERE target_key = 'd'");
  struct cascade_undone undone = undo("ev");
  assert_int_equal(undone.left.count, 4);
  assert_string_equal(names_of(undone.restored), "video_progress v, chat_mentions video/v");
  assert_answer(TODOS, "a completed,b completed,c completed,d completed");
}

/* --- Many ------------------------------------------------------------------------------------------ */

static void test_an_event_touches_so_many_rows_and_no_more(void **state) {
  (void)state;
  run("INSERT INTO schedule_entries (user_id, id, starts_at, video_id)"
      " WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 1000)"
      " SELECT 7, CONCAT('e', n), '2026-01-01', 'v' FROM n");
  happen(video_event("ev", "v", STATUS_COMPLETED));
  assert_answer("SELECT COUNT(*) BETWEEN 400 AND 500 FROM schedule_entries WHERE status = 'completed'", "1");
  happen(video_event("ew", "v", STATUS_COMPLETED));
  happen(video_event("ex", "v", STATUS_COMPLETED));
  assert_answer("SELECT COUNT(*) FROM schedule_entries WHERE status <> 'completed'", "0");
  undo("ew");
  assert_answer("SELECT COUNT(*) BETWEEN 400 AND 500 FROM schedule_entries WHERE status <> 'completed'", "1");
}

/* Keys are compared without the blanks at their end: "v " is the row "v". */
static void test_blanks_at_the_end_of_an_id(void **state) {
  (void)state;
  run("INSERT INTO video_progress (user_id, video_id) VALUES (7, 'v')");
  run("INSERT INTO todos (user_id, id) VALUES (7, 't')");
  run("INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (7, 't', 'v')");
  run("INSERT INTO schedule_entries (user_id, id, starts_at, todo_id) VALUES (7, 'e', '2026-01-01', 't ')");
  happen(video_event("ev", "v ", STATUS_COMPLETED));
  assert_answer(VIDEOS, "v completed 100.00");
  assert_answer(TODOS, "t completed");
  assert_answer(ENTRIES, "e completed");
  assert_int_equal(undo("ev").left.count, 0);
  assert_answer(VIDEOS, "v in_progress 0.00");
}

static void test_long_ids_fit(void **state) {
  (void)state;
  char video[191];
  char todo[97];
  memset(video, 'v', sizeof video);
  memset(todo, 't', sizeof todo);
  video[190] = todo[96] = '\0';
  run(arena_printf(fixture.arena, "INSERT INTO todos (user_id, id) VALUES (7, '%s')", todo));
  run(arena_printf(fixture.arena,
                   "INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (7, '%s', '%s')", todo,
                   video));
  happen(video_event("ev", video, STATUS_COMPLETED));
  assert_answer("SELECT CHAR_LENGTH(because) FROM propagations WHERE target_table = 'todos'", "255");
  assert_int_equal(undo("ev").left.count, 0);
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_a_video_completes_what_waits_for_it, cascade_setup),
      cmocka_unit_test_setup(test_what_was_done_again_is_mentioned_once, cascade_setup),
      cmocka_unit_test_setup(test_receipts_say_what_was_and_what_became, cascade_setup),
      cmocka_unit_test_setup(test_what_is_not_completed_touches_its_own_row_only, cascade_setup),
      cmocka_unit_test_setup(test_a_todo_completes_its_entries_and_its_only_video, cascade_setup),
      cmocka_unit_test_setup(test_an_entry_completes_what_it_stands_for, cascade_setup),
      cmocka_unit_test_setup(test_what_was_completed_before_leads_nowhere, cascade_setup),
      cmocka_unit_test_setup(test_what_is_not_there_still_leads_on, cascade_setup),
      cmocka_unit_test_setup(test_a_step_moves_its_path_and_the_journey, cascade_setup),
      cmocka_unit_test_setup(test_a_skill_has_the_level_of_its_latest_assessment, cascade_setup),
      cmocka_unit_test_setup(test_synced_are_all_targets_but_the_source, cascade_setup),
      cmocka_unit_test_setup(test_undone_is_what_nobody_touched_since, cascade_setup),
      cmocka_unit_test_setup(test_undone_stays_undone, cascade_setup),
      cmocka_unit_test_setup(test_an_event_run_again_brings_along_what_is_new_only, cascade_setup),
      cmocka_unit_test_setup(test_an_event_that_says_more_raises_its_own_row, cascade_setup),
      cmocka_unit_test_setup(test_its_own_row_has_a_receipt_in_any_case, cascade_setup),
      cmocka_unit_test_setup(test_receipts_that_cannot_be_read_are_left, cascade_setup),
      cmocka_unit_test_setup(test_an_event_touches_so_many_rows_and_no_more, cascade_setup),
      cmocka_unit_test_setup(test_blanks_at_the_end_of_an_id, cascade_setup),
      cmocka_unit_test_setup(test_long_ids_fit, cascade_setup),
  };
  return cmocka_run_group_tests_name("cascade", tests, group_setup, group_teardown);
}
