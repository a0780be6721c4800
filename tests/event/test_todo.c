/* Todos, calendar entries and videos, under the memory checker. */
#include "system_fixture.h"

#include "event/schedule.h"
#include "event/todo.h"
#include "event/video.h"

#include "base/banned.h"

#define TODOS \
  "SELECT COALESCE(GROUP_CONCAT(CONCAT_WS(' ', id, title, status, rating, notes) ORDER BY id), '-') FROM " \
  "todos"
#define TODO_VIDEOS "SELECT COALESCE(GROUP_CONCAT(video_id ORDER BY video_id), '-') FROM todo_videos"
#define EVENTS \
  "SELECT COALESCE(GROUP_CONCAT(CONCAT_WS(' ', event_type, activity_type, activity_id)" \
  " ORDER BY revision SEPARATOR ','), '-') FROM progress_events"
#define REVISION "SELECT revision FROM users WHERE id = 7"

static const char *change(const char *id, struct todo_body body) {
  return do_it(&todo_change_kind, id, NULL, &body, &todo_reply_schema);
}

static const char *make(const char *id, struct todo_body body) {
  return do_it(&todo_create_kind, id, NULL, &body, &todo_reply_schema);
}

static struct todo_body about(const char **videos, size_t count) {
  return (struct todo_body){
      .title = "T", .video_ids = {.items = videos, .count = count}, .video_ids_given = PRESENCE_GIVEN};
}

static struct todo_body becomes(enum todo_status status) {
  return (struct todo_body){.status = (int)status, .status_given = PRESENCE_GIVEN};
}

static void test_a_todo_changes(void **state) {
  const char *videos[] = {"v2", "v1"};
  (void)state;
  make("t", about(videos, 2));
  assert_answer(TODOS, "t T pending");
  assert_answer(TODO_VIDEOS, "v1,v2");
  change("t", (struct todo_body){
                  .notes = "n", .notes_given = PRESENCE_GIVEN, .rating = 4, .rating_given = PRESENCE_GIVEN});
  assert_answer(TODOS, "t T pending 4 n");
  change("t", (struct todo_body){.notes_given = PRESENCE_NULL, .rating_given = PRESENCE_NULL});
  assert_answer(TODOS, "t T pending");
  assert_answer(REVISION, "3");
  change("t", about(videos, 2));
  assert_answer(REVISION, "3");
  change("t", about(videos, 1));
  assert_answer(TODO_VIDEOS, "v2");
  change("t", about(NULL, 0));
  assert_answer(TODO_VIDEOS, "-");
  assert_string_equal(change("none", becomes(TODO_COMPLETED)), "There is no such todo.");
}

static void test_a_todo_is_completed_and_opened_again(void **state) {
  const char *videos[] = {"v1"};
  (void)state;
  make("t", about(videos, 1));
  assert_non_null(strstr(change("t", becomes(TODO_COMPLETED)), "\"id\":\"v1\""));
  assert_answer(EVENTS, "todo_completed practice t");
  assert_answer("SELECT CONCAT(video_id, ' ', status) FROM video_progress", "v1 completed");
  change("t", becomes(TODO_PENDING));
  assert_answer("SELECT CONCAT(status, ' ', completed_at IS NULL) FROM todos", "pending 1");
  assert_answer(
      "SELECT CONCAT_WS(' ', target_table, target_key, target_system, after_values) FROM propagations"
      " WHERE event_id = 'rule:reopened'",
      "todos t todo_manager {\"status\": \"pending\"}");
  change("t", becomes(TODO_COMPLETED));
  change("t", becomes(TODO_CANCELLED));
  assert_answer("SELECT COUNT(*) FROM propagations WHERE event_id = 'rule:reopened'", "1");
  assert_answer(TODOS, "t T cancelled");
}

static void test_a_todo_is_met_and_deleted(void **state) {
  struct todo_body body = {.title = "T"};
  (void)state;
  run("INSERT INTO todos (user_id, id, title, status) VALUES (7, 't', 'T', 'completed'), (8, 't', 'X', "
      "'pending')");
  assert_non_null(strstr(make("t", body), "\"status\":\"completed\""));
  body.title = "U";
  assert_non_null(strstr(make("t", body), "another todo"));
  assert_answer(REVISION, "0");
  do_it(&todo_delete_kind, "t", NULL, NULL, &system_deleted_schema);
  assert_answer(TODOS, "t X pending");
  assert_string_equal(do_it(&todo_delete_kind, "t", NULL, NULL, &system_deleted_schema),
                      "There is no such todo.");
}

static struct schedule_body at_noon(int64_t hours) {
  return (struct schedule_body){.title = "E",
                                .starts_at_ms = INT64_C(1767268800000) + hours * 3600000,
                                .starts_at_given = PRESENCE_GIVEN};
}

static void test_an_entry_moves_and_ends(void **state) {
  struct schedule_body done = {.status = SCHEDULE_COMPLETED, .status_given = PRESENCE_GIVEN};
  struct schedule_body open = {.status = SCHEDULE_PLANNED, .status_given = PRESENCE_GIVEN};
  struct schedule_body first = at_noon(0);
  struct schedule_body later = at_noon(3);
  struct schedule_body wrong = {.ends_at_ms = 1, .ends_at_given = PRESENCE_GIVEN};
  (void)state;
  first.video_id = "v1";
  first.video_id_given = PRESENCE_GIVEN;
  do_it(&schedule_create_kind, "e", NULL, &first, &schedule_reply_schema);
  do_it(&schedule_change_kind, "e", NULL, &later, &schedule_reply_schema);
  assert_answer("SELECT CONCAT_WS(' ', starts_at, rescheduled_from, video_id) FROM schedule_entries",
                "2026-01-01 15:00:00.000 2026-01-01 12:00:00.000 v1");
  assert_non_null(strstr(do_it(&schedule_change_kind, "e", NULL, &wrong, &schedule_reply_schema), "endsAt"));
  do_it(&schedule_change_kind, "e", NULL, &done, &schedule_reply_schema);
  assert_answer(EVENTS, "schedule_completed video v1");
  assert_answer("SELECT CONCAT_WS(' ', status, actual_end IS NULL) FROM schedule_entries", "completed 0");
  do_it(&schedule_change_kind, "e", NULL, &open, &schedule_reply_schema);
  assert_answer("SELECT CONCAT_WS(' ', status, actual_end IS NULL) FROM schedule_entries", "planned 1");
  do_it(&schedule_delete_kind, "e", NULL, NULL, &system_deleted_schema);
  assert_answer("SELECT COUNT(*) FROM schedule_entries", "0");
}

static void watch(double percentage, uint64_t seconds) {
  struct video_body body = {
      .percentage_watched = percentage, .percentage_given = PRESENCE_GIVEN, .seconds_watched = seconds};
  do_it(&video_kind, "v", NULL, &body, &video_reply_schema);
}

static void test_a_video_never_falls(void **state) {
  (void)state;
  watch(40.129, 60);
  watch(10, 70);
  watch(10, 70);
  assert_answer("SELECT CONCAT_WS(' ', percentage_watched, seconds_watched, status) FROM video_progress",
                "40.12 70 in_progress");
  assert_answer(REVISION, "2");
  watch(100, 0);
  watch(100, 90);
  watch(3, 3);
  assert_answer("SELECT CONCAT_WS(' ', percentage_watched, seconds_watched, status) FROM video_progress",
                "100.00 90 completed");
  assert_answer(EVENTS, "video_completed video v");
}

static void test_pages_of_todos(void **state) {
  const char *videos[] = {"a", "b", "c"};
  struct todo_query query = {
      .limit = 3, .video_id = "b", .status = TODO_PENDING, .status_given = PRESENCE_GIVEN};
  struct todo_page page;
  const char *seen = "";
  (void)state;
  for (size_t at = 0; at < 10; at++)
    make(arena_printf(fixture.arena, "t%zu", at), about(videos, at % 4));
  do {
    assert_done(&fixture, todo_read_page(fixture.db, 7, &query, fixture.arena, &fixture.error, &page));
    const struct todo *todos = page.todos.items;
    for (size_t at = 0; at < page.todos.count; at++)
      seen = arena_printf(fixture.arena, "%s %s:%zu", seen, todos[at].id, todos[at].video_ids.count);
    seen = arena_printf(fixture.arena, "%s |", seen);
    query.after = page.next_after;
  } while (page.next_after != NULL);
  db_rollback(fixture.db);
  assert_string_equal(seen, " t2:2 t3:3 t6:2 | t7:3 |");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_a_todo_changes, system_setup),
      cmocka_unit_test_setup(test_a_todo_is_completed_and_opened_again, system_setup),
      cmocka_unit_test_setup(test_a_todo_is_met_and_deleted, system_setup),
      cmocka_unit_test_setup(test_an_entry_moves_and_ends, system_setup),
      cmocka_unit_test_setup(test_a_video_never_falls, system_setup),
      cmocka_unit_test_setup(test_pages_of_todos, system_setup),
  };
  return cmocka_run_group_tests_name("event/todo", tests, system_group_setup, system_group_teardown);
}
