#include "http/etag.h"

#include "http_fixture.h"

#include "base/banned.h"

static const struct endpoint rows[1];
static const struct endpoint_table table = {.rows = rows, .count = 0};
static const struct endpoint_table *const tables[] = {&table, NULL};

static int setup(void **state) {
  struct fixture *fixture = fixture_prepare();
  fixture_open(fixture, tables);
  *state = fixture;
  return 0;
}

static int teardown(void **state) {
  fixture_close(*state);
  return 0;
}

/* What a reply may depend on; the test moves one thing at a time. */
struct world {
  struct freshness freshness;
  const char *path;
  const char *query;
  const char *build;
  char digest;
  int32_t today;
  enum role role;
};

static const struct world usual = {
    .freshness = {.user_id = 7,
                  .revision = 12,
                  .updated_us = INT64_C(1800000000123456),
                  .time_zone = "UTC",
                  .shared_version = 3,
                  .shared_epoch = 1},
    .path = "/api/progress",
    .query = "",
    .build = "0.1.0",
    .digest = '0',
    .today = 20000,
    .role = ROLE_STUDENT,
};

static void tag(void **state, const struct world *world, char *text) {
  struct fixture *fixture = *state;
  struct request *request = fixture_arrive(fixture, "GET", world->path);
  request->query = world->query;
  request->today = world->today;
  request->principal.role = world->role;
  fixture->app.build = world->build;
  fixture->config.digest[0] = world->digest;
  etag_make(request, &world->freshness, text);
}

static void test_the_form(void **state) {
  char text[ETAG_BYTES];
  tag(state, &usual, text);
  assert_int_equal(strlen(text), 36);
  assert_true(strncmp(text, "W/\"", 3) == 0);
  assert_int_equal(strspn(text + 3, "0123456789abcdef"), 32);
  assert_int_equal(text[35], '"');
}

static void test_everything_moves_it(void **state) {
  char body[] = "{}";
  struct buffer told = {.data = body, .length = 2};
  struct world worlds[15];
  char texts[ARRAY_LENGTH(worlds)][ETAG_BYTES];
  for (size_t at = 0; at < ARRAY_LENGTH(worlds); at++)
    worlds[at] = usual;
  worlds[1].freshness.user_id = 8;
  worlds[2].freshness.revision = 13;
  worlds[3].freshness.updated_us++;
  worlds[4].freshness.time_zone = "Europe/Berlin";
  worlds[5].freshness.shared_version = 4;
  worlds[6].freshness.shared_epoch = 2;
  worlds[7].path = "/api/profile";
  worlds[8].query = "limit=1";
  worlds[9].build = "0.1.1";
  worlds[10].digest = '1';
  worlds[11].today++;
  worlds[12].role = ROLE_ADMIN;
  worlds[13].path = "/api/progresslimit=1";
  worlds[14].freshness.reply = &told;
  for (size_t at = 0; at < ARRAY_LENGTH(worlds); at++) {
    tag(state, &worlds[at], texts[at]);
    for (size_t before = 0; before < at; before++)
      if (strcmp(texts[at], texts[before]) == 0) fail_msg("%zu and %zu are alike", before, at);
  }
  char again[ETAG_BYTES];
  tag(state, &usual, again);
  assert_string_equal(again, texts[0]);
}

static void test_matching(void **state) {
  static const char etag[] = "W/\"abc\"";
  static const char *const same[] = {"W/\"abc\"",
                                     "\"abc\"",
                                     "*",
                                     " * ",
                                     "\"x\", \"abc\"",
                                     "\"x\",W/\"abc\",\"y\"",
                                     "  \"abc\"  ",
                                     "\"x\" , \"abc\"",
                                     ",,\"abc\"",
                                     "\"a,b\", W/\"abc\""};
  static const char *const other[] = {"",           "abc",         "\"ab\"",
                                      "\"abcd\"",   "\"abc",       "abc\"",
                                      "W/abc",      "W/",          "\"",
                                      "\"\"",       "w/\"abc\"",   "\"ABC\"",
                                      "**",         "*, \"x\"",    "\"x\" \"abc\"",
                                      "x, \"abc\"", "\"x,\"abc\"", "\"\\\"abc\\\"\""};
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(same); at++)
    if (!etag_matches(same[at], etag)) fail_msg("%s", same[at]);
  for (size_t at = 0; at < ARRAY_LENGTH(other); at++)
    if (etag_matches(other[at], etag)) fail_msg("%s", other[at]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_form),
      cmocka_unit_test(test_everything_moves_it),
      cmocka_unit_test(test_matching),
  };
  return cmocka_run_group_tests_name("etag", tests, setup, teardown);
}
