/* What needs a database: fresh reads and their tags, learners by subject, anonymous ones, readiness.
 * LOCKSTEP_TEST_SOCKET names the server's socket; user root, no password. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "account/anonymous.h"
#include "base/log.h"
#include "db/migrate.h"
#include "http/auth.h"
#include "http/auth_learner.h"
#include "http/ops.h"
#include "http_fixture.h"

#include "base/banned.h"

#define SQL_BYTES 1024

struct world {
  struct fixture *fixture;
  const char *hosts[1];
  char name[64];
  char migrations[512];
  struct db *admin; /* what somebody does around Lockstep */
  struct arena *arena;
};

static struct world world;

/* --- Around Lockstep ----------------------------------------------------------------------- */

static uint64_t sql(const char *text) {
  struct error error = ERROR_INIT;
  struct db_outcome outcome;
  if (!db_text_exec(world.admin, text, NULL, 0, &error, &outcome) || !db_commit(world.admin, &error))
    fail_msg("%s: %s %s", text, error.message, error.detail);
  return outcome.insert_id;
}

static bool take_number(const struct db_text_row *row, void *context, struct error *error) {
  (void)error;
  *(int64_t *)context =
      row->values[row->count - 1] == NULL ? -1 : strtoll(row->values[row->count - 1], NULL, 10);
  return true;
}

/* The last column of the only row. */
static int64_t number(const char *text) {
  struct error error = ERROR_INIT;
  int64_t value = INT64_MIN;
  arena_reset(world.arena);
  if (!db_text_each(world.admin, text, NULL, 0, world.arena, take_number, &value, &error))
    fail_msg("%s: %s %s", text, error.message, error.detail);
  db_rollback(world.admin);
  return value;
}

static const char *format(const char *pattern, uint64_t id) {
  static char text[SQL_BYTES];
  size_t used = 0;
  for (; *pattern != '\0'; pattern++) {
    if (*pattern == '#')
      used += (size_t)snprintf(text + used, sizeof text - used, "%" PRIu64, id);
    else
      text[used++] = *pattern;
    assert_true(used < sizeof text);
  }
  text[used] = '\0';
  return text;
}

static void sql_for(const char *pattern, uint64_t id) { sql(format(pattern, id)); }
static int64_t number_for(const char *pattern, uint64_t id) { return number(format(pattern, id)); }
static uint64_t new_learner(void) { return sql("INSERT INTO users (username) VALUES (NULL)"); }

/* --- Rows of the test's own ---------------------------------------------------------------- */

struct seen {
  uint64_t user_id;
  uint64_t revision;
  int32_t today;
};
static const struct field seen_fields[] = {
    FIELD_UINT(struct seen, "userId", user_id, .summary = "Whose."),
    FIELD_UINT(struct seen, "revision", revision, .summary = "As read."),
    FIELD_DAY(struct seen, "today", today, .summary = "There."),
};
static const struct schema seen_schema =
    SCHEMA("Seen", struct seen, seen_fields, .summary = "What was seen.");

static int handler_calls;
static int prepare_calls;
static uint64_t prepared_for;
static const char *while_handling; /* SQL that somebody runs between two reads of the handler */
static const char *while_preparing;

static uint64_t read_revision(struct db *db, uint64_t user_id) {
  struct error error = ERROR_INIT;
  int64_t value = -1;
  struct arena *arena = arena_new(1 << 16);
  if (!db_text_each(db, format("SELECT revision FROM users WHERE id = #", user_id), NULL, 0, arena,
                    take_number, &value, &error))
    fail_msg("%s", error.detail);
  arena_free(arena);
  return (uint64_t)value;
}

static bool handle_seen(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  struct seen *seen = reply;
  (void)query;
  (void)body;
  (void)error;
  handler_calls++;
  assert_non_null(request->snapshot);
  if (while_handling != NULL) sql(while_handling);
  seen->user_id = request->principal.user_id;
  seen->revision = read_revision(request->snapshot, seen->user_id);
  seen->today = request->today;
  return true;
}

static bool prepare_seen(struct request *request, struct error *error) {
  (void)error;
  prepare_calls++;
  prepared_for = request->principal.user_id;
  assert_null(request->snapshot);
  if (while_preparing != NULL) sql(while_preparing);
  return true;
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/seen",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_FRESH | ENDPOINT_SERVICE,
     .reply = &seen_schema,
     .handle = handle_seen,
     .prepare = prepare_seen,
     .tag = "T",
     .summary = "S"},
    {.method = "GET",
     .path = "/plain",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_FRESH,
     .reply = &seen_schema,
     .handle = handle_seen,
     .tag = "T",
     .summary = "S"},
};
static const struct endpoint_table table = ENDPOINT_TABLE(rows);
static const struct endpoint_table *const tables[] = {&table, &ops_endpoints, &anonymous_endpoints, NULL};

/* --- The world ----------------------------------------------------------------------------- */

static void connect_admin(const char *name) {
  struct error error = ERROR_INIT;
  struct database_config config = world.fixture->config.database;
  config.name = name;
  db_close(world.admin);
  world.admin = NULL;
  if (!db_connect(&config, 0, &error, &world.admin)) fail_msg("%s %s", error.message, error.detail);
}

static int setup_world(void **state) {
  struct error error = ERROR_INIT;
  const char *source = getenv("LOCKSTEP_SOURCE");
  size_t applied;
  (void)state;
  log_setup("test", LOG_LEVEL_ERROR);
  world.hosts[0] = getenv("LOCKSTEP_TEST_SOCKET");
  world.arena = arena_new(1 << 20);
  world.fixture = fixture_prepare();
  struct config *config = &world.fixture->config;
  snprintf(world.name, sizeof world.name, "lockstep_test_http_%ld", (long)getpid());
  snprintf(world.migrations, sizeof world.migrations, "%s/sql/migrations", source == NULL ? "." : source);
  config->paths.migrations = world.migrations;
  config->database = (struct database_config){.hosts = {.items = world.hosts, .count = 1},
                                              .user = "root",
                                              .password = "",
                                              .name = world.name,
                                              .connections = 8,
                                              .connect_timeout_ms = 2000,
                                              .query_timeout_ms = 60000,
                                              .wait_timeout_ms = 2000,
                                              .lifetime_ms = 600000,
                                              .idle_check_ms = 600000,
                                              .transaction_timeout_ms = 8000};
  connect_admin("mysql");
  char create[128];
  snprintf(create, sizeof create, "CREATE DATABASE %s", world.name);
  sql(create);
  connect_admin(world.name);
  if (!migrate_up(world.admin, world.migrations, world.arena, NULL, NULL, &error, &applied))
    fail_msg("%s %s", error.message, error.detail);
  if (!pool_new(&config->database, 8, &error, &world.fixture->app.pool)) fail_msg("%s", error.message);
  fixture_open(world.fixture, tables);
  return 0;
}

static int teardown_world(void **state) {
  char drop[128];
  (void)state;
  snprintf(drop, sizeof drop, "DROP DATABASE %s", world.name);
  struct pool *pool = world.fixture->app.pool;
  fixture_close(world.fixture);
  pool_free(pool);
  sql(drop);
  db_close(world.admin);
  arena_free(world.arena);
  return 0;
}

static int reset(void **state) {
  (void)state;
  handler_calls = 0;
  prepare_calls = 0;
  prepared_for = 0;
  while_handling = NULL;
  while_preparing = NULL;
  world.fixture->config.auth.subject = AUTH_SUBJECT_ID;
  return 0;
}

static const char *bearer(struct request *request, enum role role, const char *subject) {
  struct error error = ERROR_INIT;
  struct auth_grant grant = {.role = role, .subject = subject, .lifetime_s = 3600};
  const char *token;
  assert_true(auth_mint(request->app->keys, &grant, request->now_ms / 1000, request->arena, &error, &token));
  return arena_printf(request->arena, "Bearer %s", token);
}

static struct request *arrive(const char *path, uint64_t user_id, const char *if_none_match) {
  struct request *request = fixture_arrive(world.fixture, "GET", path);
  request->authorization = bearer(request, ROLE_STUDENT, format("#", user_id));
  request->if_none_match = if_none_match;
  return request;
}

static int get(const char *path, uint64_t user_id, const char *if_none_match) {
  struct request *request = arrive(path, user_id, if_none_match);
  http_handle(request);
  return request->status;
}

/* The tag of the reply to a plain read. */
static void take_tag(const char *path, uint64_t user_id, char *tag) {
  assert_int_equal(get(path, user_id, NULL), 200);
  const char *value = fixture_header(world.fixture->request, "ETag");
  assert_non_null(value);
  memcpy(tag, value, strlen(value) + 1);
}

static const char *reply_text(void) { return buffer_text(&world.fixture->request->reply); }

static bool reply_has(const char *pattern, uint64_t id) {
  return strstr(reply_text(), format(pattern, id)) != NULL;
}

/* --- Fresh reads --------------------------------------------------------------------------- */

static void test_not_modified_until_something_moves(void **state) {
  static const char *const moves[] = {
      "UPDATE users SET revision = revision + 1 WHERE id = #",
      "UPDATE users SET tokens = tokens + 1 WHERE id = #",
      "UPDATE users SET time_zone = 'Europe/Berlin' WHERE id = #",
      "UPDATE shared_version SET version = version + 1",
      "UPDATE shared_version SET epoch = epoch + 1",
  };
  char tag[128];
  char next[128];
  uint64_t id = new_learner();
  (void)state;
  take_tag("/seen", id, tag);
  assert_string_equal(fixture_header(world.fixture->request, "Cache-Control"), "private, no-cache");
  for (size_t at = 0; at < ARRAY_LENGTH(moves); at++) {
    handler_calls = 0;
    assert_int_equal(get("/seen", id, tag), 304);
    assert_int_equal(world.fixture->request->reply.length, 0);
    assert_string_equal(fixture_header(world.fixture->request, "ETag"), tag);
    assert_string_equal(fixture_header(world.fixture->request, "Cache-Control"), "private, no-cache");
    assert_int_equal(handler_calls, 0);
    sql_for(moves[at], id);
    assert_int_equal(get("/seen", id, tag), 200);
    take_tag("/seen", id, next);
    assert_string_not_equal(tag, next);
    memcpy(tag, next, sizeof tag);
  }
}

static int64_t count_of(const char *command) {
  char text[SQL_BYTES];
  snprintf(text, sizeof text,
           "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = '%s'", command);
  return number(text);
}

/* How many such statements ten 304s cost. The server counts everybody's: others can only make it more. */
static int64_t fewest_of_ten(uint64_t id, const char *tag, const char *command) {
  int64_t counting = INT64_MAX; /* what it costs to count */
  int64_t fewest = INT64_MAX;
  for (int tries = 0; tries < 50; tries++) {
    int64_t before = count_of(command);
    int64_t between = count_of(command);
    for (int at = 0; at < 10; at++)
      assert_int_equal(get("/seen", id, tag), 304);
    int64_t after = count_of(command);
    if (between - before < counting) counting = between - before;
    if (after - between < fewest) fewest = after - between;
  }
  return fewest - counting;
}

/* If-None-Match costs one SELECT, and nothing is prepared or handled. */
static void test_a_304_costs_one_statement(void **state) {
  char tag[128];
  uint64_t id = new_learner();
  (void)state;
  take_tag("/seen", id, tag);
  prepare_calls = 0;
  assert_int_equal(fewest_of_ten(id, tag, "COM_SELECT"), 10);
  assert_int_equal(prepare_calls, 0);
}

/* Nor is a transaction ended for each: but what is left open keeps nobody from changing the tables for
 * longer than the pool's janitor takes. */
static void test_a_304_leaves_little_behind(void **state) {
  char tag[128];
  uint64_t id = new_learner();
  (void)state;
  take_tag("/seen", id, tag);
  assert_int_equal(get("/seen", id, tag), 304);
  assert_in_range(fewest_of_ten(id, tag, "COM_ROLLBACK"), 0, 5);
  assert_int_equal(get("/seen", id, tag), 304);
  pool_tend(world.fixture->app.pool);
  sql("SET SESSION lock_wait_timeout = 5");
  sql("ALTER TABLE users COMMENT = 'changed'");
  assert_int_equal(get("/seen", id, tag), 304);
  sql_for("UPDATE users SET revision = revision + 1 WHERE id = #", id);
  assert_int_equal(get("/seen", id, tag), 200);
  assert_true(reply_has("\"revision\":1", 0));
}

/* Somebody commits while the handler reads: body and tag are still of one moment. */
static void test_tag_and_body_are_one_snapshot(void **state) {
  char tag[128];
  char move[128];
  uint64_t id = new_learner();
  (void)state;
  snprintf(move, sizeof move, "%s", format("UPDATE users SET revision = revision + 1 WHERE id = #", id));
  while_handling = move;
  take_tag("/seen", id, tag);
  while_handling = NULL;
  assert_true(reply_has("\"revision\":0", 0));
  assert_int_equal(number_for("SELECT revision FROM users WHERE id = #", id), 1);
  assert_int_equal(get("/seen", id, tag), 200); /* the tag was of revision 0 */
  assert_true(reply_has("\"revision\":1", 0));
}

static void test_what_is_prepared_is_read(void **state) {
  char tag[128];
  char move[128];
  uint64_t id = new_learner();
  (void)state;
  snprintf(move, sizeof move, "%s", format("UPDATE users SET revision = 9 WHERE id = #", id));
  while_preparing = move;
  take_tag("/seen", id, tag);
  assert_true(reply_has("\"revision\":9", 0));
  assert_int_equal(get("/seen", id, tag), 304);
}

static void test_the_learners_day(void **state) {
  uint64_t id = new_learner();
  char east[128];
  char west[128];
  (void)state;
  sql_for("UPDATE users SET time_zone = 'Pacific/Kiritimati' WHERE id = #", id);
  take_tag("/plain", id, east);
  int32_t day = world.fixture->request->today;
  sql_for("UPDATE users SET time_zone = 'Pacific/Pago_Pago' WHERE id = #", id);
  take_tag("/plain", id, west);
  assert_int_not_equal(day, world.fixture->request->today);
  assert_string_not_equal(east, west);
}

static void test_who_was_merged_is_the_other(void **state) {
  char tag[128];
  uint64_t first = new_learner();
  uint64_t second = new_learner();
  uint64_t target = new_learner();
  (void)state;
  sql_for("UPDATE users SET revision = 77 WHERE id = #", target);
  char link[128];
  snprintf(link, sizeof link, "UPDATE users SET merged_into = %" PRIu64 " WHERE id = #", target);
  sql_for(link, second);
  snprintf(link, sizeof link, "UPDATE users SET merged_into = %" PRIu64 " WHERE id = #", second);
  sql_for(link, first);
  take_tag("/seen", first, tag);
  assert_true(reply_has("\"userId\":#,\"revision\":77", target));
  assert_true(prepared_for == target);
  assert_int_equal(get("/seen", first, tag), 304);
  sql_for("UPDATE users SET revision = 78 WHERE id = #", target);
  assert_int_equal(get("/seen", first, tag), 200);
  take_tag("/seen", target, tag);
  assert_int_equal(get("/seen", first, tag), 304); /* one learner, one tag */
}

static void test_a_circle_of_merges_ends(void **state) {
  uint64_t first = new_learner();
  uint64_t second = new_learner();
  char link[128];
  (void)state;
  snprintf(link, sizeof link, "UPDATE users SET merged_into = %" PRIu64 " WHERE id = #", second);
  sql_for(link, first);
  snprintf(link, sizeof link, "UPDATE users SET merged_into = %" PRIu64 " WHERE id = #", first);
  sql_for(link, second);
  assert_int_equal(get("/plain", first, NULL), 401);
}

static void test_who_is_gone(void **state) {
  char tag[128];
  uint64_t id = new_learner();
  (void)state;
  take_tag("/plain", id, tag);
  sql_for("UPDATE users SET deleted_at = UTC_TIMESTAMP(3) WHERE id = #", id);
  handler_calls = 0;
  assert_int_equal(get("/plain", id, NULL), 401);
  assert_int_equal(get("/plain", id, tag), 401);
  assert_int_equal(get("/plain", id, "*"), 401);
  assert_int_equal(get("/plain", UINT64_MAX, NULL), 401);
  assert_int_equal(handler_calls, 0);
}

static void test_a_service_names_its_learner(void **state) {
  uint64_t id = new_learner();
  char named[32];
  (void)state;
  snprintf(named, sizeof named, "%" PRIu64, id);
  struct request *request = fixture_arrive(world.fixture, "GET", "/seen");
  request->authorization = bearer(request, ROLE_SERVICE, "grading");
  request->on_behalf_of = named;
  http_handle(request);
  assert_int_equal(request->status, 200);
  assert_true(reply_has("\"userId\":#,", id));
  request = fixture_arrive(world.fixture, "GET", "/seen");
  request->authorization = bearer(request, ROLE_SERVICE, "grading");
  request->on_behalf_of = "999999999";
  http_handle(request);
  assert_int_equal(request->status, 404);
}

static void test_a_dead_connection_is_replaced(void **state) {
  uint64_t id = new_learner();
  (void)state;
  assert_int_equal(get("/plain", id, NULL), 200);
  int64_t victim = number(
      "SELECT MAX(ID) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND DB = DATABASE()");
  assert_true(victim > 0);
  sql_for("KILL CONNECTION #", (uint64_t)victim);
  assert_int_equal(get("/plain", id, NULL), 200);
}

static void test_time_in_the_database_is_known(void **state) {
  uint64_t id = new_learner();
  (void)state;
  assert_int_equal(get("/plain", id, NULL), 200);
  assert_true(world.fixture->request->db_ns > 0);
  assert_int_equal(get("/plain", id, "*"), 304);
  assert_true(world.fixture->request->db_ns > 0);
}

/* --- Learners by subject ------------------------------------------------------------------- */

static int get_as(enum role role, const char *subject, const char *on_behalf_of) {
  struct request *request = fixture_arrive(world.fixture, "GET", "/seen");
  request->authorization = bearer(request, role, subject);
  request->on_behalf_of = on_behalf_of;
  http_handle(request);
  return request->status;
}

static void test_a_subject_is_a_learner_on_first_sight(void **state) {
  (void)state;
  world.fixture->config.auth.subject = AUTH_SUBJECT_PROVIDER;
  assert_int_equal(get_as(ROLE_STUDENT, "auth0|7", NULL), 200);
  uint64_t id = world.fixture->request->principal.user_id;
  assert_int_equal(number("SELECT id FROM users WHERE subject = 'auth0|7' AND role = 'student'"), id);
  assert_string_equal(world.fixture->request->principal.actor, format("user_#", id));
  assert_int_equal(get_as(ROLE_STUDENT, "auth0|7", NULL), 200);
  assert_true(world.fixture->request->principal.user_id == id);
  assert_int_equal(get_as(ROLE_STUDENT, "AUTH0|7", NULL), 200);
  assert_true(world.fixture->request->principal.user_id != id);
}

/* Whoever was deleted does not become somebody new by signing in once more. */
static void test_a_deleted_subject_is_gone(void **state) {
  (void)state;
  world.fixture->config.auth.subject = AUTH_SUBJECT_PROVIDER;
  assert_int_equal(get_as(ROLE_STUDENT, "auth0|gone", NULL), 200);
  sql("UPDATE users SET deleted_at = UTC_TIMESTAMP(), subject = CONCAT('deleted:', SHA2(subject, 256))"
      " WHERE subject = 'auth0|gone'");
  int64_t count = number("SELECT COUNT(*) FROM users");
  assert_int_equal(get_as(ROLE_STUDENT, "auth0|gone", NULL), 401);
  assert_int_equal(get_as(ROLE_SERVICE, "grading", "auth0|gone"), 404);
  assert_int_equal(number("SELECT COUNT(*) FROM users"), count);
  sql("UPDATE users SET subject = NULL WHERE deleted_at IS NOT NULL");
  assert_int_equal(get_as(ROLE_STUDENT, "auth0|gone", NULL), 200);
  assert_int_equal(number("SELECT COUNT(*) FROM users"), count + 1);
}

/* The provider's subject "1" is nobody's users.id. */
static void test_a_subject_that_looks_like_an_id_is_none(void **state) {
  uint64_t id = new_learner();
  char subject[32];
  (void)state;
  world.fixture->config.auth.subject = AUTH_SUBJECT_PROVIDER;
  snprintf(subject, sizeof subject, "%" PRIu64, id);
  assert_int_equal(get_as(ROLE_STUDENT, subject, NULL), 200);
  assert_true(world.fixture->request->principal.user_id != id);
  /* Lockstep's own tokens name users.id all the same. */
  assert_int_equal(get_as(ROLE_ANONYMOUS, format("user_#", id), NULL), 200);
  assert_true(world.fixture->request->principal.user_id == id);
}

static void test_a_service_names_a_subject(void **state) {
  (void)state;
  world.fixture->config.auth.subject = AUTH_SUBJECT_PROVIDER;
  assert_int_equal(get_as(ROLE_SERVICE, "grading", "auth0|unknown"), 404);
  assert_int_equal(number("SELECT COUNT(*) FROM users WHERE subject IN ('auth0|unknown', 'grading')"), 0);
  assert_int_equal(get_as(ROLE_STUDENT, "auth0|named", NULL), 200);
  uint64_t id = world.fixture->request->principal.user_id;
  assert_int_equal(get_as(ROLE_SERVICE, "grading", "auth0|named"), 200);
  assert_true(world.fixture->request->principal.user_id == id);
}

static void *see_first(void *context) {
  struct request *request;
  struct error error = ERROR_INIT;
  uint64_t *ret_id = context;
  assert_true(request_new(&world.fixture->app, &error, &request));
  request_reset(request);
  request->method = "GET";
  request->path = "/api/openapi.json"; /* any row: identity is settled before */
  request->authorization = bearer(request, ROLE_STUDENT, "auth0|at once");
  http_handle(request);
  *ret_id = request->principal.user_id;
  request_free(request);
  return NULL;
}

static void test_first_sights_at_once_make_one_learner(void **state) {
  uint64_t ids[8];
  pthread_t threads[8];
  (void)state;
  world.fixture->config.auth.subject = AUTH_SUBJECT_PROVIDER;
  for (size_t at = 0; at < 8; at++)
    assert_int_equal(pthread_create(&threads[at], NULL, see_first, &ids[at]), 0);
  for (size_t at = 0; at < 8; at++)
    pthread_join(threads[at], NULL);
  for (size_t at = 0; at < 8; at++)
    assert_true(ids[at] != 0 && ids[at] == ids[0]);
  assert_int_equal(number("SELECT COUNT(*) FROM users WHERE subject = 'auth0|at once'"), 1);
}

static void test_name_and_zone_of_first_sight(void **state) {
  static const struct {
    const char *subject;
    const char *zone;
    const char *stored;
  } cases[] = {{"zone|known", "Europe/Berlin", "Europe/Berlin"},
               {"zone|odd", "Atlantis/Center", "UTC"},
               {"zone|none", NULL, "UTC"}};
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    struct error error = ERROR_INIT;
    uint64_t id;
    struct request *request = fixture_arrive(world.fixture, "GET", "/seen");
    struct auth_claims claims = {
        .role = ROLE_ADMIN, .subject = cases[at].subject, .name = "Ada", .zone = cases[at].zone};
    assert_true(auth_learner_provision(request, &claims, &error, &id));
    char query[SQL_BYTES];
    snprintf(query, sizeof query,
             "SELECT COUNT(*) FROM users WHERE id = %" PRIu64
             " AND display_name = 'Ada' AND role = 'admin' AND time_zone = '%s'",
             id, cases[at].stored);
    assert_int_equal(number(query), 1);
  }
}

/* --- Anonymous learners, readiness --------------------------------------------------------- */

static int post_anonymous(const char *body) {
  struct request *request = fixture_arrive(world.fixture, "POST", "/api/anonymous");
  static int host;
  request->remote_address = arena_printf(request->arena, "10.0.0.%d", ++host);
  request->content_type = "application/json";
  request->body = body;
  request->body_bytes = strlen(body);
  http_handle(request);
  return request->status;
}

static void test_an_anonymous_learner(void **state) {
  (void)state;
  assert_int_equal(post_anonymous(""), 201);
  const char *token = strstr(reply_text(), "\"token\":\"") + strlen("\"token\":\"");
  char *copy = strndup(token, strcspn(token, "\""));
  uint64_t id = strtoull(strstr(reply_text(), "\"userId\":") + strlen("\"userId\":"), NULL, 10);
  assert_int_equal(number_for("SELECT is_anonymous FROM users WHERE id = # AND subject IS NULL", id), 1);
  struct request *request = fixture_arrive(world.fixture, "GET", "/seen");
  request->authorization = arena_printf(request->arena, "Bearer %s", copy);
  http_handle(request);
  free(copy);
  assert_int_equal(request->status, 200);
  assert_true(reply_has("\"userId\":#,", id));
  assert_int_equal(request->principal.role, ROLE_ANONYMOUS);
  assert_int_equal(post_anonymous("{\"timeZone\":\"Asia/Tokyo\"}"), 201);
  id = strtoull(strstr(reply_text(), "\"userId\":") + strlen("\"userId\":"), NULL, 10);
  assert_int_equal(number_for("SELECT time_zone = 'Asia/Tokyo' FROM users WHERE id = #", id), 1);
  int64_t count = number("SELECT COUNT(*) FROM users");
  assert_int_equal(post_anonymous("{\"timeZone\":\"Nowhere\"}"), 400);
  assert_int_equal(number("SELECT COUNT(*) FROM users"), count);
}

static int get_ready(void) {
  struct request *request = fixture_arrive(world.fixture, "GET", "/readyz");
  http_handle(request);
  return request->status;
}

static void test_readiness(void **state) {
  (void)state;
  assert_int_equal(get_ready(), 200);
  sql("SET GLOBAL innodb_flush_log_at_trx_commit = 2");
  int status = get_ready();
  bool named = strstr(reply_text(), "\"field\":\"commits\"") != NULL;
  sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
  assert_int_equal(status, 503);
  assert_true(named);
  world.fixture->config.paths.migrations = "/nonexistent";
  assert_int_equal(get_ready(), 503);
  assert_null(strstr(reply_text(), "nonexistent"));
  world.fixture->config.paths.migrations = world.migrations;
  sql("RENAME TABLE schema_migrations TO schema_migrations_kept");
  status = get_ready();
  named = strstr(reply_text(), "\"field\":\"migrations\"") != NULL;
  sql("RENAME TABLE schema_migrations_kept TO schema_migrations");
  assert_int_equal(status, 503);
  assert_true(named);
  assert_int_equal(get_ready(), 200);
}

static void test_without_a_database(void **state) {
  struct error error = ERROR_INIT;
  const char *const nowhere[] = {"/nonexistent/mysqld.sock"};
  struct pool *pool = world.fixture->app.pool;
  struct database_config config = world.fixture->config.database;
  uint64_t id = new_learner();
  (void)state;
  config.hosts = (struct field_list){.items = (void *)nowhere, .count = 1};
  config.wait_timeout_ms = 50;
  assert_true(pool_new(&config, 2, &error, &world.fixture->app.pool));
  struct request *request = fixture_arrive(world.fixture, "GET", "/healthz");
  http_handle(request);
  assert_int_equal(request->status, 200);
  assert_int_equal(get_ready(), 503);
  assert_non_null(fixture_header(world.fixture->request, "Retry-After"));
  assert_null(strstr(reply_text(), "nonexistent"));
  assert_int_equal(get("/plain", id, NULL), 503);
  assert_int_equal(get("/plain", id, "*"), 503);
  pool_free(world.fixture->app.pool);
  world.fixture->app.pool = pool;
}

static void test_the_operators_documents(void **state) {
  (void)state;
  struct request *request = fixture_arrive(world.fixture, "GET", "/metrics");
  request->remote_address = "127.0.0.1";
  http_handle(request);
  assert_int_equal(request->status, 200);
  assert_non_null(strstr(reply_text(), "lockstep_pool_connections_limit 8\n"));
  request = fixture_arrive(world.fixture, "GET", "/api/openapi.json");
  http_handle(request);
  assert_int_equal(request->status, 200);
  assert_string_equal(fixture_header(request, "Content-Type"), "application/json");
  assert_non_null(strstr(reply_text(), "\"/readyz\":{"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_not_modified_until_something_moves, reset),
      cmocka_unit_test_setup(test_a_304_costs_one_statement, reset),
      cmocka_unit_test_setup(test_a_304_leaves_little_behind, reset),
      cmocka_unit_test_setup(test_tag_and_body_are_one_snapshot, reset),
      cmocka_unit_test_setup(test_what_is_prepared_is_read, reset),
      cmocka_unit_test_setup(test_the_learners_day, reset),
      cmocka_unit_test_setup(test_who_was_merged_is_the_other, reset),
      cmocka_unit_test_setup(test_a_circle_of_merges_ends, reset),
      cmocka_unit_test_setup(test_who_is_gone, reset),
      cmocka_unit_test_setup(test_a_service_names_its_learner, reset),
      cmocka_unit_test_setup(test_a_dead_connection_is_replaced, reset),
      cmocka_unit_test_setup(test_time_in_the_database_is_known, reset),
      cmocka_unit_test_setup(test_a_subject_is_a_learner_on_first_sight, reset),
      cmocka_unit_test_setup(test_a_deleted_subject_is_gone, reset),
      cmocka_unit_test_setup(test_a_subject_that_looks_like_an_id_is_none, reset),
      cmocka_unit_test_setup(test_a_service_names_a_subject, reset),
      cmocka_unit_test_setup(test_first_sights_at_once_make_one_learner, reset),
      cmocka_unit_test_setup(test_name_and_zone_of_first_sight, reset),
      cmocka_unit_test_setup(test_an_anonymous_learner, reset),
      cmocka_unit_test_setup(test_readiness, reset),
      cmocka_unit_test_setup(test_without_a_database, reset),
      cmocka_unit_test_setup(test_the_operators_documents, reset),
  };
  if (getenv("LOCKSTEP_TEST_SOCKET") == NULL) {
    puts("1..0 # SKIP LOCKSTEP_TEST_SOCKET names no server");
    return 0;
  }
  return cmocka_run_group_tests_name("learners", tests, setup_world, teardown_world);
}
