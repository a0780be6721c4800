/* The pipeline over rows of the test's own: routes, limits, rights, decoding, replies, the log's line.
 * Nothing here needs a database. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/auth.h"
#include "http_fixture.h"
#include "schema/json.h"

#include "base/banned.h"

struct echo_query {
  uint64_t limit;
};
static const struct field echo_query_fields[] = {
    FIELD_UINT(struct echo_query, "limit", limit, .maximum = 10, .summary = "How many."),
};
static const struct schema echo_query_schema =
    SCHEMA("EchoQuery", struct echo_query, echo_query_fields, .summary = "A query.");

struct echo {
  const char *text;
};
static const struct field echo_fields[] = {
    FIELD_TEXT(struct echo, "text", text, .flags = FIELD_REQUIRED, .maximum = 5000, .summary = "Any text."),
};
static const struct schema echo_schema = SCHEMA("Echo", struct echo, echo_fields, .summary = "A text.");

static bool handle_echo(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  const struct echo *sent = body;
  struct echo *answer = reply;
  const struct echo_query *asked = query;
  (void)error;
  if (asked != NULL && asked->limit == 7) request->status = 202;
  answer->text = sent != NULL ? sent->text : request->principal.actor;
  return true;
}

static bool handle_nothing(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  (void)request;
  (void)query;
  (void)body;
  (void)reply;
  (void)error;
  return true;
}

/* Fails the way that the first path part names. */
static bool handle_fail(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  uint64_t code;
  (void)query;
  (void)body;
  (void)reply;
  if (!request_path_id(request, 0, error, &code)) return false;
  request_add_header(request, "X-Half-Done", "yes");
  buffer_append_text(&request->reply, "half a reply");
  error_set(error, (enum error_code)code, "A sentence with \"quotes\".");
  error->retry_after_s = 7;
  return error_detail(error, "SELECT secret FROM users");
}

static int transient_calls;

static bool handle_transient(struct request *request, const void *query, const void *body, void *reply,
                             struct error *error) {
  struct echo *answer = reply;
  (void)query;
  (void)body;
  assert_null(answer->text);
  request_add_header(request, "X-Try", "one");
  answer->text = "again";
  if (++transient_calls % 3 != 0) return error_set(error, ERROR_TRANSIENT, "lost");
  return true;
}

static bool handle_raw(struct request *request, const void *query, const void *body, void *reply,
                       struct error *error) {
  (void)query;
  (void)reply;
  (void)error;
  assert_null(body);
  request->reply_type = "text/plain";
  buffer_append(&request->reply, request->body, request->body_bytes);
  request_add_header(request, "X-Sent", "a\r\nX-Injected: b");
  request_add_header(request, "X-Good", "fine");
  return true;
}

static bool handle_large(struct request *request, const void *query, const void *body, void *reply,
                         struct error *error) {
  (void)query;
  (void)body;
  (void)reply;
  (void)error;
  request->reply.limit = 1000;
  for (int at = 0; at < 1001; at++)
    buffer_append_char(&request->reply, 'x');
  request->reply.limit = REQUEST_REPLY_BYTES_MAX;
  return true;
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/open",
     .role = ROLE_PUBLIC,
     .query = &echo_query_schema,
     .reply = &echo_schema,
     .handle = handle_echo,
     .tag = "T",
     .summary = "S"},
    {.method = "POST",
     .path = "/open",
     .role = ROLE_PUBLIC,
     .body = &echo_schema,
     .reply = &echo_schema,
     .success_status = 201,
     .flags = ENDPOINT_IDEMPOTENT_KEY,
     .handle = handle_echo,
     .tag = "T",
     .summary = "S"},
    {.method = "PUT",
     .path = "/bulk",
     .role = ROLE_PUBLIC,
     .body = &echo_schema,
     .reply = &echo_schema,
     .flags = ENDPOINT_BULK_BODY,
     .handle = handle_echo,
     .tag = "T",
     .summary = "S"},
    {.method = "POST",
     .path = "/raw",
     .role = ROLE_PUBLIC,
     .flags = ENDPOINT_RAW_BODY | ENDPOINT_WRITES_REPLY,
     .handle = handle_raw,
     .tag = "T",
     .summary = "S"},
    {.method = "GET",
     .path = "/large",
     .role = ROLE_PUBLIC,
     .flags = ENDPOINT_WRITES_REPLY,
     .handle = handle_large,
     .tag = "T",
     .summary = "S"},
    {.method = "DELETE",
     .path = "/nothing",
     .role = ROLE_PUBLIC,
     .handle = handle_nothing,
     .tag = "T",
     .summary = "S"},
    {.method = "GET",
     .path = "/fail/{code}",
     .role = ROLE_PUBLIC,
     .reply = &echo_schema,
     .handle = handle_fail,
     .tag = "T",
     .summary = "S"},
    {.method = "GET",
     .path = "/again",
     .role = ROLE_PUBLIC,
     .reply = &echo_schema,
     .handle = handle_transient,
     .tag = "T",
     .summary = "S"},
    {.method = "POST",
     .path = "/again",
     .role = ROLE_PUBLIC,
     .reply = &echo_schema,
     .handle = handle_transient,
     .tag = "T",
     .summary = "S"},
    {.method = "POST",
     .path = "/mint",
     .role = ROLE_PUBLIC,
     .flags = ENDPOINT_MINTS,
     .reply = &echo_schema,
     .handle = handle_echo,
     .tag = "T",
     .summary = "S"},
    {.method = "POST",
     .path = "/ticket",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_TICKETS,
     .reply = &echo_schema,
     .handle = handle_echo,
     .tag = "T",
     .summary = "S"},
    {.method = "GET",
     .path = "/role/anonymous",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_NEEDS_LEARNER,
     .reply = &echo_schema,
     .handle = handle_echo,
     .tag = "T",
     .summary = "S"},
    {.method = "GET",
     .path = "/role/student",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER,
     .reply = &echo_schema,
     .handle = handle_echo,
     .tag = "T",
     .summary = "S"},
    {.method = "GET",
     .path = "/role/either",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_SERVICE,
     .reply = &echo_schema,
     .handle = handle_echo,
     .tag = "T",
     .summary = "S"},
    {.method = "GET",
     .path = "/role/service",
     .role = ROLE_SERVICE,
     .reply = &echo_schema,
     .handle = handle_echo,
     .tag = "T",
     .summary = "S"},
    {.method = "GET",
     .path = "/role/admin",
     .role = ROLE_ADMIN,
     .reply = &echo_schema,
     .handle = handle_echo,
     .tag = "T",
     .summary = "S"},
    {.method = "GET",
     .path = "/role/local",
     .role = ROLE_ADMIN,
     .flags = ENDPOINT_LOCAL,
     .reply = &echo_schema,
     .handle = handle_echo,
     .tag = "T",
     .summary = "S"},
};
static const struct endpoint_table table = ENDPOINT_TABLE(rows);
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

/* A bearer token for the role, good for an hour, in the request's arena. */
static const char *token_for(struct request *request, enum role role, const char *subject) {
  struct error error = ERROR_INIT;
  struct auth_grant grant = {.role = role, .subject = subject, .lifetime_s = 3600};
  const char *token;
  assert_true(auth_mint(request->app->keys, &grant, request->now_ms / 1000, request->arena, &error, &token));
  return arena_printf(request->arena, "Bearer %s", token);
}

static int answer(struct request *request) {
  http_handle(request);
  assert_non_null(strstr(buffer_text(&request->head), "\r\n\r\n"));
  return request->status;
}

static int get(void **state, const char *path) { return answer(fixture_arrive(*state, "GET", path)); }

static struct request *arrive_with_body(void **state, const char *method, const char *path,
                                        const char *body) {
  struct request *request = fixture_arrive(*state, method, path);
  request->content_type = "application/json";
  request->body = body;
  request->body_bytes = strlen(body);
  return request;
}

static void test_a_plain_read(void **state) {
  struct request *request = fixture_arrive(*state, "GET", "/open");
  assert_int_equal(answer(request), 200);
  assert_string_equal(buffer_text(&request->reply), "{\"text\":\"public\"}");
  assert_true(strncmp(buffer_text(&request->head), "Status: 200 OK\r\n", 16) == 0);
  assert_string_equal(fixture_header(request, "Content-Type"), "application/json");
  assert_string_equal(fixture_header(request, "Content-Length"), "17");
  assert_string_equal(fixture_header(request, "Cache-Control"), "no-store");
  assert_string_equal(fixture_header(request, "X-Content-Type-Options"), "nosniff");
  assert_string_equal(fixture_header(request, "X-Request-Id"), request->id);
  assert_null(fixture_header(request, "ETag"));
  assert_int_equal(request->error.code, ERROR_NONE);
}

static void test_head_has_everything_but_the_body(void **state) {
  struct request *request = fixture_arrive(*state, "HEAD", "/open");
  assert_int_equal(answer(request), 200);
  assert_int_equal(request->reply.length, 0);
  assert_string_equal(fixture_header(request, "Content-Length"), "17");
  request = fixture_arrive(*state, "HEAD", "/not-there");
  assert_int_equal(answer(request), 404);
  assert_int_equal(request->reply.length, 0);
}

static void test_statuses(void **state) {
  struct request *request = arrive_with_body(state, "POST", "/open", "{\"text\":\"x\"}");
  assert_int_equal(answer(request), 201);
  assert_string_equal(buffer_text(&request->reply), "{\"text\":\"x\"}");
  request = fixture_arrive(*state, "GET", "/open");
  request->query = "limit=7";
  assert_int_equal(answer(request), 202);
  request = fixture_arrive(*state, "DELETE", "/nothing");
  assert_int_equal(answer(request), 204);
  assert_null(fixture_header(request, "Content-Type"));
  assert_null(fixture_header(request, "Content-Length"));
  request = fixture_arrive(*state, "GET", "/open");
  request->query = "limit=11";
  assert_int_equal(answer(request), 400);
  assert_string_equal(request->error.fields[0].field, "limit");
}

static void test_options(void **state) {
  struct request *request = fixture_arrive(*state, "OPTIONS", "/open");
  assert_int_equal(answer(request), 204);
  assert_string_equal(fixture_header(request, "Allow"), "GET, HEAD, POST, OPTIONS");
  assert_int_equal(answer(fixture_arrive(*state, "OPTIONS", "/role/admin")), 204);
  assert_int_equal(answer(fixture_arrive(*state, "OPTIONS", "/none")), 404);
}

static void test_wrong_methods(void **state) {
  struct request *request = fixture_arrive(*state, "DELETE", "/open");
  assert_int_equal(answer(request), 405);
  assert_string_equal(fixture_header(request, "Allow"), "GET, HEAD, POST, OPTIONS");
  assert_int_equal(answer(fixture_arrive(*state, "TRACE", "/open")), 405);
  request = fixture_arrive(*state, "DELETE", "/none");
  assert_int_equal(answer(request), 404);
  assert_null(fixture_header(request, "Allow"));
}

static void test_bodies(void **state) {
  static const struct {
    const char *type;
    const char *encoding;
    const char *body;
    int status;
  } cases[] = {
      {"application/json", NULL, "{\"text\":\"x\"}", 201},
      {"Application/JSON", NULL, "{\"text\":\"x\"}", 201},
      {"application/json; charset=utf-8", NULL, "{\"text\":\"x\"}", 201},
      {"application/json;charset=\"UTF-8\"", NULL, "{\"text\":\"x\"}", 201},
      {"application/json ; v=1; charset=UTF-8 ; x=y", NULL, "{\"text\":\"x\"}", 201},
      {"application/json", "identity", "{\"text\":\"x\"}", 201},
      {"application/json", "gzip", "{\"text\":\"x\"}", 415},
      {"application/json", "identity, gzip", "{\"text\":\"x\"}", 415},
      {NULL, NULL, "{\"text\":\"x\"}", 415},
      {"", NULL, "{\"text\":\"x\"}", 415},
      {"text/plain", NULL, "{\"text\":\"x\"}", 415},
      {"application/jsonx", NULL, "{\"text\":\"x\"}", 415},
      {"application/json-patch+json", NULL, "{\"text\":\"x\"}", 415},
      {"application/json; charset=latin1", NULL, "{\"text\":\"x\"}", 415},
      {"application/json; charset=utf-80", NULL, "{\"text\":\"x\"}", 415},
      {"application/json", NULL, "", 400},
      {NULL, NULL, "", 400},
      {"application/json", NULL, "{\"text\":7}", 400},
      {"application/json", NULL, "{\"text\":\"x\"", 400},
      {"application/json", NULL, "[]", 400},
  };
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    struct request *request = arrive_with_body(state, "POST", "/open", cases[at].body);
    request->content_type = cases[at].type;
    request->content_encoding = cases[at].encoding;
    int status = answer(request);
    if (status != cases[at].status) fail_msg("case %zu: %d %s", at, status, buffer_text(&request->reply));
  }
}

static void test_body_limits(void **state) {
  char body[4100];
  memset(body, ' ', sizeof body);
  memcpy(body, "{\"text\":\"x\"}", 12);
  struct request *request = arrive_with_body(state, "POST", "/open", "");
  request->body = body;
  request->body_bytes = 1000;
  assert_int_equal(answer(request), 201);
  request = arrive_with_body(state, "POST", "/open", "");
  request->body = body;
  request->body_bytes = 1001;
  assert_int_equal(answer(request), 413);
  request = arrive_with_body(state, "PUT", "/bulk", "");
  request->body = body;
  request->body_bytes = 4000;
  assert_int_equal(answer(request), 200);
  request = arrive_with_body(state, "PUT", "/bulk", "");
  request->body = body;
  request->body_bytes = 4001;
  assert_int_equal(answer(request), 413);
  request = arrive_with_body(state, "PUT", "/bulk", "");
  request->body_too_large = true;
  assert_int_equal(answer(request), 413);
  request = arrive_with_body(state, "POST", "/open", "{\"text\":\"x\"}");
  request->body_cut = true;
  assert_int_equal(answer(request), 400);
  request = fixture_arrive(*state, "GET", "/open");
  request->body_too_large = true;
  assert_int_equal(answer(request), 200);
}

static void test_a_raw_body_and_headers(void **state) {
  struct request *request = arrive_with_body(state, "POST", "/raw", "not { json");
  request->content_type = NULL;
  assert_int_equal(answer(request), 200);
  assert_string_equal(buffer_text(&request->reply), "not { json");
  assert_string_equal(fixture_header(request, "Content-Type"), "text/plain");
  assert_string_equal(fixture_header(request, "X-Good"), "fine");
  assert_null(strstr(buffer_text(&request->head), "Injected"));
  request = arrive_with_body(state, "POST", "/raw", "half");
  request->body_cut = true;
  assert_int_equal(answer(request), 400);
}

static void test_rights(void **state) {
  enum { NOBODY = -1 };
  static const int callers[] = {NOBODY, ROLE_ANONYMOUS, ROLE_STUDENT, ROLE_SERVICE, ROLE_ADMIN};
  static const struct {
    const char *path;
    int statuses[ARRAY_LENGTH(callers)];
  } cases[] = {
      {"/open", {200, 200, 200, 200, 200}},         {"/role/anonymous", {401, 200, 200, 403, 200}},
      {"/role/student", {401, 403, 200, 403, 200}}, {"/role/either", {401, 403, 200, 400, 200}},
      {"/role/service", {401, 403, 403, 200, 200}}, {"/role/admin", {401, 403, 403, 403, 200}},
      {"/role/local", {401, 403, 403, 403, 200}},
  };
  for (size_t row = 0; row < ARRAY_LENGTH(cases); row++)
    for (size_t at = 0; at < ARRAY_LENGTH(callers); at++) {
      struct request *request = fixture_arrive(*state, "GET", cases[row].path);
      if (callers[at] != NOBODY) request->authorization = token_for(request, (enum role)callers[at], "7");
      int status = answer(request);
      if (status != cases[row].statuses[at]) fail_msg("%s as %d: %d", cases[row].path, callers[at], status);
      const char *challenge = fixture_header(request, "WWW-Authenticate");
      assert_true((status == 401) == (challenge != NULL));
    }
}

static void test_who_is_acted_for(void **state) {
  struct request *request = fixture_arrive(*state, "GET", "/role/student");
  request->authorization = token_for(request, ROLE_STUDENT, "user_7");
  assert_int_equal(answer(request), 200);
  assert_int_equal(request->principal.user_id, 7);
  assert_string_equal(buffer_text(&request->reply), "{\"text\":\"user_7\"}");
  request = fixture_arrive(*state, "GET", "/role/student");
  request->authorization = token_for(request, ROLE_ADMIN, "7");
  request->on_behalf_of = "8";
  assert_int_equal(answer(request), 403);
  request = fixture_arrive(*state, "GET", "/role/either");
  request->authorization = token_for(request, ROLE_SERVICE, "grading");
  request->on_behalf_of = "user_8";
  assert_int_equal(answer(request), 200);
  assert_int_equal(request->principal.user_id, 8);
  assert_string_equal(buffer_text(&request->reply), "{\"text\":\"service_grading\"}");
  static const char *const odd[] = {"", "0", "user_", "x", "99999999999999999999"};
  for (size_t at = 0; at < ARRAY_LENGTH(odd); at++) {
    request = fixture_arrive(*state, "GET", "/role/either");
    request->authorization = token_for(request, ROLE_SERVICE, "grading");
    request->on_behalf_of = odd[at];
    int status = answer(request);
    assert_true(status == 400 || status == 404);
  }
  request = fixture_arrive(*state, "GET", "/role/service");
  request->authorization = token_for(request, ROLE_SERVICE, "grad\ning");
  assert_int_equal(answer(request), 401);
}

static void test_bad_credentials(void **state) {
  static const char *const sent[] = {"",       "Bearer",           "Bearer ",   "Basic dXNlcjpwYXNz",
                                     "Bearer", "Bearer not.a.jwt", "bearerabc", "Token x"};
  for (size_t at = 0; at < ARRAY_LENGTH(sent); at++) {
    struct request *request = fixture_arrive(*state, "GET", "/role/student");
    request->authorization = sent[at];
    assert_int_equal(answer(request), 401);
    assert_non_null(strstr(fixture_header(request, "WWW-Authenticate"), "invalid_token"));
    request = fixture_arrive(*state, "GET", "/open");
    request->authorization = sent[at];
    assert_int_equal(answer(request), 200); /* what is public asks nobody */
    assert_int_equal(request->principal.role, ROLE_PUBLIC);
  }
  struct request *request = fixture_arrive(*state, "GET", "/role/student");
  const char *token = token_for(request, ROLE_STUDENT, "7");
  request->authorization = arena_printf(request->arena, "bEARER   %s", token + strlen("Bearer "));
  assert_int_equal(answer(request), 200);
}

static void test_local_addresses(void **state) {
  struct request *request = fixture_arrive(*state, "GET", "/role/local");
  request->remote_address = "127.0.0.1";
  assert_int_equal(answer(request), 200);
  request = fixture_arrive(*state, "GET", "/role/local");
  request->remote_address = "127.0.0.10";
  assert_int_equal(answer(request), 401);
  request = fixture_arrive(*state, "GET", "/role/admin");
  request->remote_address = "127.0.0.1";
  assert_int_equal(answer(request), 401);
}

static void test_minting_is_limited(void **state) {
  int refused = 0;
  for (int at = 0; at < 6; at++) {
    struct request *request = fixture_arrive(*state, "POST", "/mint");
    request->remote_address = "198.51.100.7";
    int status = answer(request);
    assert_int_equal(status, at < 3 ? 200 : 429);
    if (status != 429) continue;
    refused++;
    assert_true(strtol(fixture_header(request, "Retry-After"), NULL, 10) > 0);
  }
  assert_int_equal(refused, 3);
  assert_int_equal(answer(fixture_arrive(*state, "POST", "/mint")), 200);
}

static int ask_for_ticket(void **state, const char *subject) {
  struct request *request = fixture_arrive(*state, "POST", "/ticket");
  request->authorization = token_for(request, ROLE_STUDENT, subject);
  return answer(request);
}

static void test_tickets_are_limited_by_learner(void **state) {
  for (int at = 0; at < 4; at++)
    assert_int_equal(ask_for_ticket(state, "user_7"), at < 2 ? 200 : 429);
  assert_true(strtol(fixture_header(((struct fixture *)*state)->request, "Retry-After"), NULL, 10) > 0);
  assert_int_equal(ask_for_ticket(state, "user_8"), 200);
}

static void test_every_error_is_a_problem(void **state) {
  static const struct {
    enum error_code code;
    int status;
    bool retry;
  } cases[] = {{ERROR_MALFORMED, 400, false},    {ERROR_UNAUTHENTICATED, 401, false},
               {ERROR_FORBIDDEN, 403, false},    {ERROR_NOT_FOUND, 404, false},
               {ERROR_METHOD, 405, false},       {ERROR_CONFLICT, 409, false},
               {ERROR_PRECONDITION, 412, false}, {ERROR_TOO_LARGE, 413, false},
               {ERROR_MEDIA_TYPE, 415, false},   {ERROR_UNPROCESSABLE, 422, false},
               {ERROR_RATE_LIMITED, 429, true},  {ERROR_INTERNAL, 500, false},
               {ERROR_UNAVAILABLE, 503, true},   {ERROR_TRANSIENT, 503, true},
               {(enum error_code)99, 500, false}};
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    struct error error = ERROR_INIT;
    char path[32];
    snprintf(path, sizeof path, "/fail/%d", (int)cases[at].code);
    struct request *request = fixture_arrive(*state, "GET", path);
    int status = answer(request);
    if (status != cases[at].status) fail_msg("%s: %d", path, status);
    const char *text = buffer_text(&request->reply);
    assert_string_equal(fixture_header(request, "Content-Type"), "application/problem+json");
    assert_true(json_check(text, request->reply.length, &error));
    assert_null(strstr(text, "SELECT"));
    assert_null(strstr(text, "half a reply"));
    assert_null(fixture_header(request, "X-Half-Done"));
    assert_non_null(strstr(text, arena_printf(request->arena, "\"status\":%d,", status)));
    assert_non_null(strstr(text, arena_printf(request->arena, "\"instance\":\"%s\"", path)));
    assert_non_null(strstr(text, arena_printf(request->arena, "\"requestId\":\"%s\"", request->id)));
    assert_non_null(strstr(text, "\"errors\":[]"));
    assert_non_null(strstr(text, "\"success\":false"));
    const char *retry = fixture_header(request, "Retry-After");
    assert_true((retry != NULL) == cases[at].retry);
    if (retry != NULL) assert_string_equal(retry, "7");
    bool tells = strstr(text, "\"detail\":\"A sentence with \\\"quotes\\\".\"") != NULL;
    assert_true(tells == (status != 500 && cases[at].code != ERROR_TRANSIENT));
    if (tells) {
      assert_non_null(strstr(text, "\"message\":\"A sentence with \\\"quotes\\\".\""));
      assert_non_null(strstr(text, "\"error\":\"A sentence with \\\"quotes\\\".\""));
    }
  }
}

static void test_a_problem_repeats_any_path(void **state) {
  struct error error = ERROR_INIT;
  struct request *request = fixture_arrive(*state, "GET", "/\"\\\x01\xff\xc3\xa9<");
  assert_int_equal(answer(request), 400);
  assert_true(json_check(buffer_text(&request->reply), request->reply.length, &error));
}

static void test_reads_are_made_again(void **state) {
  transient_calls = 0;
  struct request *request = fixture_arrive(*state, "GET", "/again");
  assert_int_equal(answer(request), 200);
  assert_int_equal(transient_calls, 3);
  const char *tries = strstr(buffer_text(&request->head), "X-Try");
  assert_non_null(tries);
  assert_null(strstr(tries + 1, "X-Try"));
  assert_int_equal(request->error.code, ERROR_NONE);
  transient_calls = 0;
  assert_int_equal(answer(fixture_arrive(*state, "POST", "/again")), 503); /* who knows what a write did */
  assert_int_equal(transient_calls, 1);
}

static void test_a_reply_without_end(void **state) {
  struct error error = ERROR_INIT;
  struct request *request = fixture_arrive(*state, "GET", "/large");
  assert_int_equal(answer(request), 500);
  assert_true(json_check(buffer_text(&request->reply), request->reply.length, &error));
  assert_int_equal(get(state, "/open"), 200);
}

static void test_request_ids(void **state) {
  static const char *const good[] = {"a", "frontend-42_A.b", "2026:1",
                                     "0123456789012345678901234567890123456789" + 1};
  static const char *const odd[] = {
      "", "a b", "a;b", "<x>", "a\"b", "\xc3\xa4", "a\r\nX: y", "0123456789012345678901234567890123456789"};
  char first[REQUEST_ID_BYTES];
  for (size_t at = 0; at < ARRAY_LENGTH(good); at++) {
    struct request *request = fixture_arrive(*state, "GET", "/open");
    request->request_id = good[at];
    answer(request);
    assert_string_equal(fixture_header(request, "X-Request-Id"), good[at]);
  }
  for (size_t at = 0; at < ARRAY_LENGTH(odd); at++) {
    struct request *request = fixture_arrive(*state, "GET", "/open");
    request->request_id = odd[at];
    answer(request);
    assert_int_equal(strlen(request->id), 32);
    assert_int_equal(strspn(request->id, "0123456789abcdef"), 32);
  }
  struct request *request = fixture_arrive(*state, "GET", "/open");
  answer(request);
  memcpy(first, request->id, sizeof first);
  request = fixture_arrive(*state, "GET", "/open");
  answer(request);
  assert_string_not_equal(first, request->id);
}

static void test_idempotency_keys(void **state) {
  char long_key[REQUEST_IDEMPOTENCY_KEY_MAX + 2];
  memset(long_key, 'k', sizeof long_key);
  long_key[sizeof long_key - 1] = '\0';
  const char *const odd[] = {"", " ", "a b", "tab\t", "\x7f", "k\xc3\xa9y", long_key};
  for (size_t at = 0; at < ARRAY_LENGTH(odd); at++) {
    struct request *request = arrive_with_body(state, "POST", "/open", "{\"text\":\"x\"}");
    request->idempotency_key = odd[at];
    assert_int_equal(answer(request), 400);
    request = fixture_arrive(*state, "GET", "/open");
    request->idempotency_key = odd[at];
    assert_int_equal(answer(request), 200);
  }
  struct error error = ERROR_INIT;
  struct request *request = fixture_arrive(*state, "GET", "/open");
  const char *op_id = "untouched";
  assert_true(request_op_id(request, "answer", NULL, &error, &op_id));
  assert_null(op_id);
  request->idempotency_key = long_key + 1;
  assert_true(request_op_id(request, "answer", NULL, &error, &op_id));
  assert_true(strncmp(op_id, "key:kkk", 7) == 0);
  assert_true(request_op_id(request, "answer", "a-1", &error, &op_id));
  assert_string_equal(op_id, "answer:a-1");
  assert_false(request_op_id(request, "answer", "a 1", &error, &op_id));
  assert_int_equal(error.code, ERROR_MALFORMED);
}

static void test_path_ids(void **state) {
  static const char *const odd[] = {"0", "00", "x", "1x", "-1", "+1", "18446744073709551616", "1.0"};
  struct error error = ERROR_INIT;
  uint64_t id = 0;
  struct request *request = fixture_arrive(*state, "GET", "/open");
  request->path_parts[0] = "18446744073709551615";
  assert_true(request_path_id(request, 0, &error, &id));
  assert_true(id == UINT64_MAX);
  for (size_t at = 0; at < ARRAY_LENGTH(odd); at++) {
    request->path_parts[0] = odd[at];
    assert_false(request_path_id(request, 0, &error, &id));
    assert_int_equal(error.code, ERROR_NOT_FOUND);
  }
  assert_false(request_path_id(request, 1, &error, &id));
}

static void test_cross_origins(void **state) {
  static const char *const strangers[] = {"https://evil.example",
                                          "null",
                                          "",
                                          "https://app.example.org/",
                                          "https://app.example.org.evil.example",
                                          "http://app.example.org",
                                          "https://app.example.orgx",
                                          "app.example.org"};
  struct request *request = fixture_arrive(*state, "GET", "/nothing-here");
  request->origin = "https://app.example.org";
  assert_int_equal(answer(request), 404);
  assert_string_equal(fixture_header(request, "Access-Control-Allow-Origin"), "https://app.example.org");
  assert_non_null(strstr(fixture_header(request, "Access-Control-Expose-Headers"), "ETag"));
  assert_non_null(strstr(fixture_header(request, "Access-Control-Expose-Headers"), "Date"));
  assert_non_null(strstr(fixture_header(request, "Vary"), "Origin"));
  assert_null(fixture_header(request, "Access-Control-Allow-Credentials"));
  request = fixture_arrive(*state, "OPTIONS", "/open");
  request->origin = "https://app.example.org";
  request->preflight_for = "POST";
  assert_int_equal(answer(request), 204);
  assert_non_null(strstr(fixture_header(request, "Access-Control-Allow-Methods"), "POST"));
  assert_non_null(strstr(fixture_header(request, "Access-Control-Allow-Headers"), "Authorization"));
  for (size_t at = 0; at < ARRAY_LENGTH(strangers); at++) {
    request = fixture_arrive(*state, at % 2 == 0 ? "GET" : "OPTIONS", "/open");
    request->origin = strangers[at];
    request->preflight_for = "POST";
    answer(request);
    assert_null(strstr(buffer_text(&request->head), "Access-Control"));
  }
  request = fixture_arrive(*state, "GET", "/open");
  answer(request);
  assert_null(strstr(buffer_text(&request->head), "Access-Control"));
}

static void test_any_origin(void **state) {
  struct fixture *fixture = *state;
  fixture->origins[0] = "*";
  struct request *request = fixture_arrive(fixture, "GET", "/open");
  request->origin = "https://anybody.example";
  answer(request);
  assert_string_equal(fixture_header(request, "Access-Control-Allow-Origin"), "*");
  fixture->origins[0] = "https://app.example.org";
}

/* One request leaves nothing behind for the next of its thread. */
static void test_requests_do_not_mix(void **state) {
  struct request *request = arrive_with_body(state, "POST", "/open", "{\"text\":7}");
  request->authorization = token_for(request, ROLE_ADMIN, "7");
  request->idempotency_key = "k";
  request->origin = "https://app.example.org";
  assert_int_equal(answer(request), 400);
  request = fixture_arrive(*state, "DELETE", "/nothing");
  assert_int_equal(answer(request), 204);
  assert_int_equal(request->error.code, ERROR_NONE);
  request = fixture_arrive(*state, "GET", "/open");
  assert_int_equal(answer(request), 200);
  assert_string_equal(buffer_text(&request->reply), "{\"text\":\"public\"}");
  assert_int_equal(request->error.code, ERROR_NONE);
  assert_int_equal(request->error.field_count, 0);
  assert_int_equal(request->principal.user_id, 0);
  assert_null(strstr(buffer_text(&request->head), "Access-Control"));
  assert_null(strstr(buffer_text(&request->head), "WWW-Authenticate"));
}

/* The log's line has what an operator asks for, and no secret. */
static void test_the_line_in_the_log(void **state) {
  char path[] = "/tmp/lockstep-log-XXXXXX";
  char text[8192];
  int file = mkstemp(path);
  assert_true(file >= 0);
  assert_true(log_open_file(path));
  log_setup("test", LOG_LEVEL_INFO);
  struct fixture *fixture = *state;
  struct request *request = fixture_arrive(fixture, "GET", "");
  request->path = arena_printf(request->arena, "/fail/%d", ERROR_INTERNAL);
  request->query = "secret-query";
  request->request_id = "line-1";
  request->authorization = token_for(request, ROLE_STUDENT, "7");
  answer(request);
  request_log(request, true);
  request = fixture_arrive(*state, "GET", "/nowhere");
  request->request_id = "line-2";
  answer(request);
  request_log(request, false);
  fixture->config.http.slow_ms = -1;
  request = fixture_arrive(*state, "GET", "/open");
  request->request_id = "line-3";
  answer(request);
  request_log(request, true);
  fixture->config.http.slow_ms = 1000;
  assert_true(log_open_file(NULL));
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  unlink(path);
  assert_true(length > 0);
  text[length] = '\0';
  assert_non_null(strstr(text, "id=line-1"));
  assert_non_null(strstr(text, "route=/fail/{code}"));
  assert_non_null(strstr(text, "status=500"));
  assert_non_null(strstr(text, "learner=7"));
  assert_non_null(strstr(text, "SELECT secret FROM users")); /* the detail is for the log */
  assert_non_null(strstr(text, "path=/nowhere"));
  assert_non_null(strstr(text, "lost=1"));
  const char *slow = strstr(text, "slow=1");
  assert_non_null(slow);
  assert_true(slow > strstr(text, "id=line-3"));
  assert_null(strstr(text, "secret-query"));
  assert_null(strstr(text, "Bearer"));
  assert_null(strstr(text, "eyJ"));
}

static void test_a_defect_in_the_tables_stops_the_start(void **state) {
  const struct endpoint_table *const twice[] = {&table, &table, NULL};
  struct fixture *fixture = *state;
  struct app app = {.config = &fixture->config, .build = "x"};
  struct error error = ERROR_INIT;
  assert_false(http_app_open(&app, twice, NULL, 0, &error));
  error_clear(&error);
  assert_false(http_app_open(&app, tables, fixture->memory, 2, &error)); /* there are two slots */
  error_clear(&error);
  assert_true(http_app_open(&app, tables, NULL, 0, &error));
  http_app_close(&app);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_plain_read),
      cmocka_unit_test(test_head_has_everything_but_the_body),
      cmocka_unit_test(test_statuses),
      cmocka_unit_test(test_options),
      cmocka_unit_test(test_wrong_methods),
      cmocka_unit_test(test_bodies),
      cmocka_unit_test(test_body_limits),
      cmocka_unit_test(test_a_raw_body_and_headers),
      cmocka_unit_test(test_rights),
      cmocka_unit_test(test_who_is_acted_for),
      cmocka_unit_test(test_bad_credentials),
      cmocka_unit_test(test_local_addresses),
      cmocka_unit_test(test_minting_is_limited),
      cmocka_unit_test(test_tickets_are_limited_by_learner),
      cmocka_unit_test(test_every_error_is_a_problem),
      cmocka_unit_test(test_a_problem_repeats_any_path),
      cmocka_unit_test(test_reads_are_made_again),
      cmocka_unit_test(test_a_reply_without_end),
      cmocka_unit_test(test_request_ids),
      cmocka_unit_test(test_idempotency_keys),
      cmocka_unit_test(test_path_ids),
      cmocka_unit_test(test_cross_origins),
      cmocka_unit_test(test_any_origin),
      cmocka_unit_test(test_requests_do_not_mix),
      cmocka_unit_test(test_the_line_in_the_log),
      cmocka_unit_test(test_a_defect_in_the_tables_stops_the_start),
  };
  return cmocka_run_group_tests_name("handle", tests, setup, teardown);
}
