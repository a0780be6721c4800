#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/router.h"

#include "base/banned.h"

static bool handle_nothing(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  (void)request;
  (void)query;
  (void)body;
  (void)reply;
  (void)error;
  return true;
}

#define ROW(row_method, row_path) \
  { .method = (row_method), .path = (row_path), .handle = handle_nothing }

static const struct endpoint progress_rows[] = {
    ROW("GET", "/api/progress"), ROW("GET", "/api/progress/history"), ROW("POST", "/api/answer"),
    ROW("GET", "/api/profile"),  ROW("PATCH", "/api/profile"),        ROW("GET", "/healthz"),
};
static const struct endpoint event_rows[] = {
    ROW("POST", "/api/progress-sync/events"),
    ROW("GET", "/api/progress-sync/events"),
    ROW("GET", "/api/progress-sync/events/{id}"),
    ROW("POST", "/api/progress-sync/events/reprocess"),
    ROW("GET", "/api/progress-sync/events/{id}/propagations"),
    ROW("POST", "/api/progress-sync/events/{id}/propagations/{at}/undo"),
    ROW("DELETE", "/api/admin/users/{id}"),
    ROW("PUT", "/api/videos/{id}/progress"),
};
static const struct endpoint_table progress_table = ENDPOINT_TABLE(progress_rows);
static const struct endpoint_table event_table = ENDPOINT_TABLE(event_rows);
static const struct endpoint_table *const tables[] = {&progress_table, &event_table, NULL};

struct found {
  struct router *router;
  struct arena *arena;
};

static int setup(void **state) {
  struct error error = ERROR_INIT;
  struct found *found = calloc(1, sizeof *found);
  if (found == NULL || !router_new(tables, &error, &found->router)) return -1;
  found->arena = arena_new(1 << 20);
  *state = found;
  return found->arena == NULL ? -1 : 0;
}

static int teardown(void **state) {
  struct found *found = *state;
  router_free(found->router);
  arena_free(found->arena);
  free(found);
  return 0;
}

static enum error_code find(void **state, const char *method, const char *path, struct route *ret_route) {
  struct found *found = *state;
  struct error error = ERROR_INIT;
  *ret_route = (struct route){.at = 0};
  arena_reset(found->arena);
  if (router_find(found->router, method, path, found->arena, &error, ret_route)) return ERROR_NONE;
  assert_int_not_equal(error.code, ERROR_NONE);
  assert_true(error.message[0] != '\0');
  return error.code;
}

static void test_every_row_is_found(void **state) {
  struct found *found = *state;
  struct route route;
  assert_int_equal(router_count(found->router), ARRAY_LENGTH(progress_rows) + ARRAY_LENGTH(event_rows));
  for (size_t at = 0; at < ARRAY_LENGTH(progress_rows); at++) {
    assert_int_equal(find(state, progress_rows[at].method, progress_rows[at].path, &route), ERROR_NONE);
    assert_ptr_equal(route.endpoint, &progress_rows[at]);
    assert_int_equal(route.at, at + 1);
    assert_ptr_equal(router_row(found->router, route.at), route.endpoint);
  }
}

static void test_placeholders(void **state) {
  struct route route;
  assert_int_equal(find(state, "GET", "/api/progress-sync/events/ev-1", &route), ERROR_NONE);
  assert_ptr_equal(route.endpoint, &event_rows[2]);
  assert_string_equal(route.parts[0], "ev-1");
  assert_null(route.parts[1]);
  assert_int_equal(find(state, "POST", "/api/progress-sync/events/a/propagations/b/undo", &route),
                   ERROR_NONE);
  assert_ptr_equal(route.endpoint, &event_rows[5]);
  assert_string_equal(route.parts[0], "a");
  assert_string_equal(route.parts[1], "b");
}

static void test_a_literal_wins(void **state) {
  struct route route;
  assert_int_equal(find(state, "POST", "/api/progress-sync/events/reprocess", &route), ERROR_NONE);
  assert_ptr_equal(route.endpoint, &event_rows[3]);
  assert_null(route.parts[0]);
  assert_int_equal(find(state, "GET", "/api/progress-sync/events/reprocess", &route), ERROR_METHOD);
}

static void test_plain_escapes_in_a_placeholder(void **state) {
  struct route route;
  assert_int_equal(find(state, "GET", "/api/progress-sync/events/evt%3A1%7e%41", &route), ERROR_NONE);
  assert_string_equal(route.parts[0], "evt:1~A");
  assert_int_equal(find(state, "GET", "/api/progress-sync/events/a+b", &route), ERROR_NONE);
  assert_string_equal(route.parts[0], "a+b");
}

static void test_methods(void **state) {
  struct route route;
  assert_int_equal(find(state, "HEAD", "/api/progress", &route), ERROR_NONE);
  assert_true(route.is_head);
  assert_ptr_equal(route.endpoint, &progress_rows[0]);
  assert_int_equal(find(state, "HEAD", "/api/answer", &route), ERROR_METHOD);
  assert_string_equal(route.allow, "POST, OPTIONS");
  assert_int_equal(find(state, "GET", "/api/answer", &route), ERROR_METHOD);
  assert_int_equal(find(state, "DELETE", "/api/profile", &route), ERROR_METHOD);
  assert_string_equal(route.allow, "GET, HEAD, PATCH, OPTIONS");
  assert_int_equal(find(state, "FOO", "/api/profile", &route), ERROR_METHOD);
  assert_int_equal(find(state, "get", "/api/profile", &route), ERROR_METHOD);
  assert_int_equal(find(state, "", "/api/profile", &route), ERROR_METHOD);
  assert_int_equal(find(state, "OPTIONS", "/api/profile", &route), ERROR_NONE);
  assert_null(route.endpoint);
  assert_int_equal(route.at, 0);
  assert_string_equal(route.allow, "GET, HEAD, PATCH, OPTIONS");
  assert_int_equal(find(state, "OPTIONS", "/api/nothing", &route), ERROR_NOT_FOUND);
}

static void test_what_is_not_there(void **state) {
  static const char *const paths[] = {
      "/",
      "/api",
      "/api/",
      "/api/progress/",
      "/api/progress/x",
      "/API/progress",
      "/api/Progress",
      "/healthz/x",
      "/api/pro%67ress",
      "/%61pi/progress",
      "/api/progress;x=1",
      "/api/progress.json",
      "/api/answer/1",
      "/api/progress-sync/events/a/b",
      "/api/progress-sync/events/a/propagations/",
      "/api/progress%3fx=1",
      "/api/progress-sync/events/reprocess/propagations",
      "/api/*",
      "/api/progres",
      "/api/progresss",
  };
  struct route route;
  for (size_t at = 0; at < ARRAY_LENGTH(paths); at++) {
    int code = find(state, "GET", paths[at], &route);
    if (code != ERROR_NOT_FOUND) fail_msg("%s: %d", paths[at], code);
  }
}

static void test_paths_that_play_tricks(void **state) {
  static const char *const paths[] = {
      "",
      "*",
      "api/progress",
      "http://host/api/progress",
      "//",
      "//api/progress",
      "/api//progress",
      "/api/progress//",
      "/api/./progress",
      "/api/../api/progress",
      "/api/progress/..",
      "/api/progress/.",
      "/api/%2e%2e/api/progress",
      "/api/%2E/progress",
      "/api/.%2e/progress",
      "/api/progress%2f..",
      "/api%2Fprogress",
      "/api/progress%5c..",
      "/api/progress\\..",
      "/api/progress%00",
      "/api/progress%00.html",
      "/api/progress%0a",
      "/api/progress%0d%0aX: 1",
      "/api/progress%20",
      "/api/progress%ff",
      "/api/progress%c0%ae",
      "/api/progress%",
      "/api/progress%2",
      "/api/progress%zz",
      "/api/progress%252e",
      "/api/pro\x01gress",
      "/api/progress\x7f",
      "/api/pro gress",
      "/api/pro\tgress",
      "/api/pro\xc3\xa9gress",
      "/api/{id}",
      "/api/progress?x=1",
      "/api/progress#x",
      "/api/\"progress\"",
      "/api/progress-sync/events/%2e%2e",
      "/api/progress-sync/events/a%2fb",
      "/api/progress-sync/events/..",
      "/api/<script>",
  };
  struct route route;
  for (size_t at = 0; at < ARRAY_LENGTH(paths); at++) {
    int code = find(state, "GET", paths[at], &route);
    if (code != ERROR_MALFORMED) fail_msg("%s: %d", paths[at], code);
  }
}

static void test_long_paths(void **state) {
  struct route route;
  char path[ROUTER_PATH_BYTES_MAX + 8];
  memset(path, 'a', sizeof path);
  memcpy(path, "/api/", 5);
  path[ROUTER_PATH_BYTES_MAX] = '\0';
  assert_int_equal(find(state, "GET", path, &route), ERROR_NOT_FOUND);
  path[ROUTER_PATH_BYTES_MAX] = 'a';
  path[ROUTER_PATH_BYTES_MAX + 1] = '\0';
  assert_int_equal(find(state, "GET", path, &route), ERROR_MALFORMED);
  static const char prefix[] = "/api/progress-sync/events/";
  memset(path, 'a', sizeof path);
  memcpy(path, prefix, sizeof prefix - 1);
  path[sizeof prefix - 1 + ROUTER_PART_BYTES_MAX] = '\0';
  assert_int_equal(find(state, "GET", path, &route), ERROR_NONE);
  assert_int_equal(strlen(route.parts[0]), ROUTER_PART_BYTES_MAX);
  path[sizeof prefix - 1 + ROUTER_PART_BYTES_MAX] = 'a';
  path[sizeof prefix + ROUTER_PART_BYTES_MAX] = '\0';
  assert_int_equal(find(state, "GET", path, &route), ERROR_MALFORMED);
  for (size_t at = 0; at < 1000; at++)
    path[at] = at % 2 == 0 ? '/' : 'a';
  path[1000] = '\0';
  assert_int_equal(find(state, "GET", path, &route), ERROR_MALFORMED);
}

static void refuse(const struct endpoint *rows, size_t count) {
  struct endpoint_table table = {.rows = rows, .count = count};
  const struct endpoint_table *const alone[] = {&table, NULL};
  struct error error = ERROR_INIT;
  struct router *router = NULL;
  assert_false(router_new(alone, &error, &router));
  assert_int_equal(error.code, ERROR_INTERNAL);
  assert_null(router);
}

static void test_defects_in_rows(void **state) {
  (void)state;
  refuse((const struct endpoint[]){ROW("GET", "/a"), ROW("GET", "/a")}, 2);
  refuse((const struct endpoint[]){ROW("GET", "/a/{id}"), ROW("GET", "/a/{other}")}, 2);
  refuse((const struct endpoint[]){ROW("FETCH", "/a")}, 1);
  refuse((const struct endpoint[]){ROW("GET", "a")}, 1);
  refuse((const struct endpoint[]){ROW("GET", "/a/")}, 1);
  refuse((const struct endpoint[]){ROW("GET", "/")}, 1);
  refuse((const struct endpoint[]){ROW("GET", "/a//b")}, 1);
  refuse((const struct endpoint[]){ROW("GET", "/a b")}, 1);
  refuse((const struct endpoint[]){ROW("GET", "/{}")}, 1);
  refuse((const struct endpoint[]){ROW("GET", "/{a}/{b}/{c}/{d}/{e}")}, 1);
  refuse((const struct endpoint[]){{.method = "GET", .path = "/a"}}, 1);
}

static void test_many_rows(void **state) {
  static char paths[ROUTER_ROWS_MAX + 1][32];
  static struct endpoint rows[ROUTER_ROWS_MAX + 1];
  struct error error = ERROR_INIT;
  struct router *router;
  (void)state;
  for (size_t at = 0; at <= ROUTER_ROWS_MAX; at++) {
    snprintf(paths[at], sizeof paths[at], "/api/room%zu/{id}", at);
    rows[at] = (struct endpoint)ROW("GET", paths[at]);
  }
  refuse(rows, ROUTER_ROWS_MAX + 1);
  struct endpoint_table table = {.rows = rows, .count = ROUTER_ROWS_MAX};
  const struct endpoint_table *const alone[] = {&table, NULL};
  assert_true(router_new(alone, &error, &router));
  struct arena *arena = arena_new(1 << 16);
  for (size_t at = 0; at < ROUTER_ROWS_MAX; at++) {
    char path[64];
    struct route route;
    snprintf(path, sizeof path, "/api/room%zu/%zu", at, at * 7);
    arena_reset(arena);
    assert_true(router_find(router, "GET", path, arena, &error, &route));
    assert_ptr_equal(route.endpoint, &rows[at]);
  }
  arena_free(arena);
  router_free(router);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_row_is_found),
      cmocka_unit_test(test_placeholders),
      cmocka_unit_test(test_a_literal_wins),
      cmocka_unit_test(test_plain_escapes_in_a_placeholder),
      cmocka_unit_test(test_methods),
      cmocka_unit_test(test_what_is_not_there),
      cmocka_unit_test(test_paths_that_play_tricks),
      cmocka_unit_test(test_long_paths),
      cmocka_unit_test(test_defects_in_rows),
      cmocka_unit_test(test_many_rows),
  };
  return cmocka_run_group_tests_name("router", tests, setup, teardown);
}
