/* Learning paths and their steps, under the memory checker. */
#include "system_fixture.h"

#include "event/path.h"

#include "base/banned.h"

#define STEPS \
  "SELECT COALESCE(GROUP_CONCAT(CONCAT_WS(' ', step_index, step_id, status, activity_id, skills)" \
  " ORDER BY step_index SEPARATOR ','), '-') FROM learning_path_steps"
#define PROGRESS \
  "SELECT CONCAT_WS(' ', completed_steps, total_steps, percentage, COALESCE(current_step_id, '-')," \
  " completed_at IS NULL) FROM path_progress"
#define EVENTS \
  "SELECT COALESCE(GROUP_CONCAT(CONCAT_WS(' ', event_type, activity_type, activity_id)" \
  " ORDER BY revision SEPARATOR ','), '-') FROM progress_events"

static struct path_step_item item(const char *id, const char *video, const char *skill) {
  struct path_step_item item = {.id = id, .title = "", .activity_type = ACTIVITY_VIDEO, .activity_id = video};
  if (video != NULL) item.activity_type_given = PRESENCE_GIVEN;
  if (skill != NULL) {
    const char **skills = arena_alloc(fixture.arena, sizeof *skills);
    assert_non_null(skills);
    *skills = skill;
    item.skills = (struct field_list){.items = skills, .count = 1};
  }
  return item;
}

static const char *make(const char *id, struct path_step_item *items, size_t count) {
  struct path_body body = {.id = id, .title = "P", .steps = {.items = items, .count = count}};
  return do_it(&path_create_kind, id, NULL, &body, &path_reply_schema);
}

static const char *set_steps(struct path_step_item *items, size_t count) {
  struct path_body body = {.steps = {.items = items, .count = count}, .steps_given = PRESENCE_GIVEN};
  return do_it(&path_change_kind, "p", NULL, &body, &path_reply_schema);
}

static const char *set_step(const char *id, enum path_step_status status) {
  struct path_step_body body = {.status = (int)status, .status_given = PRESENCE_GIVEN};
  return do_it(&path_step_kind, "p", id, &body, &path_step_reply_schema);
}

static const char *set_status(enum path_status status) {
  struct path_body body = {.status = (int)status, .status_given = PRESENCE_GIVEN};
  return do_it(&path_change_kind, "p", NULL, &body, &path_reply_schema);
}

static void make_three(void) {
  struct path_step_item items[] = {item("a", "v1", "loops"), item("b", NULL, NULL), item(NULL, NULL, NULL)};
  make("p", items, 3);
}

static void test_a_path_is_made(void **state) {
  (void)state;
  make_three();
  assert_answer(STEPS, "0 a pending v1 [\"loops\"],1 b pending [],2 step-3 pending []");
  assert_answer(PROGRESS, "0 3 0.00 a 1");
  assert_answer("SELECT revision FROM users WHERE id = 7", "1");
  assert_answer(EVENTS, "-");
}

static void test_steps_move_and_keep_how_far_they_are(void **state) {
  (void)state;
  make_three();
  set_step("b", PATH_STEP_COMPLETED);
  struct path_step_item items[] = {item("b", NULL, NULL), item("new", NULL, NULL)};
  set_steps(items, 2);
  assert_answer(STEPS, "0 b completed [],1 new pending []");
  assert_answer(PROGRESS, "1 2 50.00 new 1");
  set_steps(items, 2);
  assert_answer("SELECT revision FROM users WHERE id = 7", "3");
  set_steps(items, 0);
  assert_answer(STEPS, "-");
  assert_answer(PROGRESS, "0 0 0.00 - 1");
}

static void test_percentages_are_rounded_down(void **state) {
  struct path_step_item items[7];
  (void)state;
  for (size_t at = 0; at < 7; at++)
    items[at] = item(arena_printf(fixture.arena, "s%zu", at), NULL, NULL);
  make("p", items, 7);
  set_step("s0", PATH_STEP_COMPLETED);
  assert_answer(PROGRESS, "1 7 14.28 s1 1");
  set_step("s1", PATH_STEP_SKIPPED);
  assert_answer(PROGRESS, "1 7 14.28 s2 1");
  for (size_t at = 1; at < 7; at++)
    set_step(items[at].id, PATH_STEP_COMPLETED);
  assert_answer(PROGRESS, "7 7 100.00 - 0");
}

static void test_a_step_that_is_completed_is_an_event(void **state) {
  (void)state;
  make_three();
  set_step("a", PATH_STEP_COMPLETED);
  set_step("b", PATH_STEP_COMPLETED);
  assert_answer(EVENTS, "path_progress_updated video v1,path_progress_updated practice p/b");
  assert_answer("SELECT CONCAT(video_id, ' ', status) FROM video_progress", "v1 completed");
  assert_answer("SELECT skill_id FROM skills", "loops");
  set_step("b", PATH_STEP_PENDING);
  set_step("b", PATH_STEP_PENDING);
  assert_answer(PROGRESS, "1 3 33.33 b 1");
  assert_answer("SELECT CONCAT_WS(' ', target_table, target_key, undone_at IS NOT NULL) FROM propagations"
                " WHERE event_id = 'rule:reopened'",
                "learning_path_steps p/b 1");
}

static void test_a_path_is_completed_by_its_steps(void **state) {
  (void)state;
  make_three();
  assert_non_null(strstr(set_status(PATH_STATUS_COMPLETED), "status"));
  assert_answer("SELECT status FROM learning_paths", "active");
  set_step("a", PATH_STEP_SKIPPED);
  set_step("b", PATH_STEP_SKIPPED);
  set_step("step-3", PATH_STEP_COMPLETED);
  set_status(PATH_STATUS_COMPLETED);
  assert_answer("SELECT status FROM learning_paths", "completed");
  assert_answer(EVENTS, "path_progress_updated practice p/step-3,milestone_reached milestone p");
}

static void test_what_is_refused_leaves_nothing(void **state) {
  struct path_step_item twice[] = {item("a", NULL, NULL), item("a", NULL, NULL)};
  struct path_step_item half = item("a", NULL, NULL);
  half.activity_type_given = PRESENCE_GIVEN;
  (void)state;
  assert_non_null(strstr(make("p", twice, 2), "steps"));
  assert_non_null(strstr(make("p", &half, 1), "steps"));
  assert_answer("SELECT COUNT(*) FROM learning_paths", "0");
  make_three();
  assert_string_equal(set_step("none", PATH_STEP_COMPLETED), "There is no such step on this path.");
  run("DELETE FROM learning_paths");
  run("INSERT INTO learning_paths (user_id, id) VALUES (8, 'p')");
  assert_string_equal(set_step("a", PATH_STEP_COMPLETED), "There is no such learning path.");
  assert_answer("SELECT revision FROM users WHERE id = 7", "1");
}

static void test_skills_as_a_column_holds_them(void **state) {
  static const char *const broken[] = {"no list", "{}", "[1]", "[\"a\"", "", "null], \"x\": [1"};
  struct error error = ERROR_INIT;
  struct field_list skills;
  const char *text;
  (void)state;
  assert_true(path_skills_parse("[\"a\", \"\\u00e9\\\"\"]", fixture.arena, &error, &skills));
  assert_int_equal(skills.count, 2);
  assert_true(path_skills_print(&skills, fixture.arena, &error, &text));
  assert_string_equal(text, "[\"a\",\"é\\\"\"]");
  assert_true(path_skills_parse(NULL, fixture.arena, &error, &skills));
  assert_int_equal(skills.count, 0);
  for (size_t at = 0; at < ARRAY_LENGTH(broken); at++) {
    assert_true(path_skills_parse(broken[at], fixture.arena, &error, &skills));
    assert_int_equal(skills.count, 0);
  }
}

static void test_pages_with_their_steps(void **state) {
  struct path_query query = {.limit = 2};
  struct path_page page;
  (void)state;
  for (size_t at = 0; at < 40; at++) {
    struct path_step_item items[] = {item("a", "v1", "loops"), item("b", NULL, NULL)};
    make(arena_printf(fixture.arena, "p%02zu", at), items, at % 3);
  }
  for (size_t pages = 0; pages < 20; pages++) {
    assert_done(&fixture, path_read_page(fixture.db, 7, &query, fixture.arena, &fixture.error, &page));
    const struct path *paths = page.paths.items;
    assert_int_equal(page.paths.count, 2);
    for (size_t at = 0; at < 2; at++)
      assert_int_equal(paths[at].steps.count, (2 * pages + at) % 3);
    assert_int_equal(page.next_after == NULL, pages == 19);
    query.after = page.next_after;
  }
  db_rollback(fixture.db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_a_path_is_made, system_setup),
      cmocka_unit_test_setup(test_steps_move_and_keep_how_far_they_are, system_setup),
      cmocka_unit_test_setup(test_percentages_are_rounded_down, system_setup),
      cmocka_unit_test_setup(test_a_step_that_is_completed_is_an_event, system_setup),
      cmocka_unit_test_setup(test_a_path_is_completed_by_its_steps, system_setup),
      cmocka_unit_test_setup(test_what_is_refused_leaves_nothing, system_setup),
      cmocka_unit_test_setup(test_skills_as_a_column_holds_them, system_setup),
      cmocka_unit_test_setup(test_pages_with_their_steps, system_setup),
  };
  return cmocka_run_group_tests_name("event/path", tests, system_group_setup, system_group_teardown);
}
