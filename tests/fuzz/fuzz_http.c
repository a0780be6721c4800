/* Whole requests through the pipeline, as far as it goes without a database. The input reads like a
 * request: METHOD SPACE PATH, header lines, an empty line, the body. Whatever it is, the reply must
 * be whole: a head of well-formed lines, and for an error a JSON document. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "http/auth.h"
#include "http/handle.h"
#include "schema/json.h"

#include "base/banned.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define FUZZ_TOKEN "TOKEN-" /* "Authorization: TOKEN-admin" stands for a good token of that role */
#define NOW_MS INT64_C(1800000000000)

struct echo {
  const char *text;
  int64_t number;
  struct field_list list;
};
static const struct field echo_fields[] = {
    FIELD_TEXT(struct echo, "text", text, .maximum = 100, .summary = "A text."),
    FIELD_INT(struct echo, "number", number, .minimum = -10, .maximum = 1000, .summary = "A number."),
    FIELD_LIST(struct echo, "list", list, .item_kind = FIELD_KIND_TEXT, .maximum = 20, .summary = "Texts."),
};
static const struct schema echo_schema = SCHEMA("Echo", struct echo, echo_fields, .summary = "Anything.");

static bool handle(struct request *request, const void *query, const void *body, void *reply,
                   struct error *error) {
  struct echo *answer = reply;
  uint64_t id;
  if (request->path_parts[0] != NULL && !request_path_id(request, 0, error, &id)) return false;
  if (body != NULL) *answer = *(const struct echo *)body;
  if (answer != NULL && query != NULL && body == NULL) *answer = *(const struct echo *)query;
  return true;
}

static bool handle_raw(struct request *request, const void *query, const void *body, void *reply,
                       struct error *error) {
  const char *op_id;
  (void)query;
  (void)body;
  (void)reply;
  if (!request_op_id(request, "raw", request->body, error, &op_id)) return false;
  if (op_id == NULL) op_id = "none";
  request->reply_type = "text/plain";
  buffer_append_text(&request->reply, op_id);
  request_add_header(request, "X-Echo", op_id);
  return true;
}

#define ROW(row_method, row_path, row_role, ...) \
  { \
    .method = (row_method), .path = (row_path), .role = (row_role), .handle = handle, .tag = "T", \
    .summary = "S", .query = &echo_schema, .reply = &echo_schema, __VA_ARGS__ \
  }

static const struct endpoint rows[] = {
    ROW("GET", "/open", ROLE_PUBLIC, .flags = 0),
    ROW("POST", "/open", ROLE_PUBLIC, .body = &echo_schema, .flags = ENDPOINT_IDEMPOTENT_KEY),
    ROW("PUT", "/things/{id}", ROLE_ANONYMOUS, .body = &echo_schema, .flags = ENDPOINT_NEEDS_LEARNER),
    ROW("PATCH", "/things/{id}", ROLE_STUDENT, .body = &echo_schema,
        .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_SERVICE | ENDPOINT_BULK_BODY),
    ROW("DELETE", "/things/{id}/{other}", ROLE_ADMIN, .flags = 0),
    ROW("GET", "/figures", ROLE_ADMIN, .flags = ENDPOINT_LOCAL),
    {.method = "POST",
     .path = "/raw",
     .role = ROLE_PUBLIC,
     .handle = handle_raw,
     .tag = "T",
     .summary = "S",
     .flags = ENDPOINT_RAW_BODY | ENDPOINT_WRITES_REPLY},
};
static const struct endpoint_table table = ENDPOINT_TABLE(rows);
static const struct endpoint_table *const tables[] = {&table, NULL};

static const char *const origins[] = {"https://app.example.org"};
static const char *const addresses[] = {"127.0.0.1"};
static const struct auth_key_config key = {.algorithm = AUTH_HS256, .secret = SECRET};
static const struct config config = {
    .workers = {.arena_bytes = 1 << 20, .request_timeout_ms = 10000},
    .auth = {.keys = {.items = (void *)&key, .count = 1}, .anonymous_secret = SECRET, .leeway_s = 30},
    .http = {.cors_origins = {.items = (void *)origins, .count = 1},
             .metrics_from = {.items = (void *)addresses, .count = 1},
             .body_bytes = 1000,
             .bulk_body_bytes = 4000,
             .slow_ms = 1000},
    .digest = "0123456789abcdef",
};

static struct request *fuzz_open(void) {
  static struct app app = {.config = &config, .build = "fuzz"};
  struct error error = ERROR_INIT;
  struct request *request;
  log_setup("fuzz", LOG_LEVEL_ERROR);
  struct http_shared *shared = http_shared_init(calloc(1, http_shared_bytes(1)), 1);
  if (!http_app_open(&app, tables, shared, 0, &error) || !request_new(&app, &error, &request)) abort();
  return request;
}

static const char *good_token(struct request *request, const char *role_name) {
  struct error error = ERROR_INIT;
  struct auth_grant grant = {.role = ROLE_ANONYMOUS, .subject = "user_7", .lifetime_s = 3600};
  const char *token;
  while (grant.role < ROLE_ADMIN && strcmp(role_names[grant.role], role_name) != 0)
    grant.role++;
  if (!auth_mint(request->app->keys, &grant, NOW_MS / 1000, request->arena, &error, &token)) abort();
  return arena_printf(request->arena, "Bearer %s", token);
}

static void take_header(struct request *request, const char *name, const char *value) {
  const struct {
    const char *name;
    const char **member;
  } headers[] = {
      {"Content-Type", &request->content_type},
      {"Authorization", &request->authorization},
      {"If-None-Match", &request->if_none_match},
      {"Idempotency-Key", &request->idempotency_key},
      {"Origin", &request->origin},
      {"Accept", &request->accept},
      {"X-Request-Id", &request->request_id},
      {"Content-Encoding", &request->content_encoding},
      {"X-Lockstep-User", &request->on_behalf_of},
      {"Access-Control-Request-Method", &request->preflight_for},
      {"Remote-Address", &request->remote_address},
  };
  for (size_t at = 0; at < ARRAY_LENGTH(headers); at++)
    if (strcasecmp(headers[at].name, name) == 0) *headers[at].member = value;
}

/* Takes the text apart in place; false when there is no request line. */
static bool take_request(struct request *request, char *text, size_t bytes) {
  char *end = text + bytes;
  char *line = text;
  for (bool first = true; line < end; first = false) {
    char *next = memchr(line, '\n', (size_t)(end - line));
    if (next == NULL) next = end;
    *next = '\0';
    if (line == next) {
      request->body = next < end ? next + 1 : next;
      request->body_bytes = (size_t)(end - request->body);
      break;
    }
    char *cut = strchr(line, first ? ' ' : ':');
    if (first && cut == NULL) return false;
    if (cut != NULL) *cut++ = '\0';
    if (first) {
      request->method = line;
      request->path = cut;
      char *query = strchr(cut, '?');
      if (query != NULL) *query = '\0';
      if (query != NULL) request->query = query + 1;
    } else if (cut != NULL) {
      take_header(request, line, cut + strspn(cut, " "));
    }
    line = next + 1;
  }
  return request->method != NULL;
}

/* Lines of "Name: value", and an empty one at the end. */
static void check_head(const struct request *request) {
  const char *line = buffer_text(&request->head);
  if (request->head.failed || strncmp(line, "Status: ", 8) != 0) abort();
  while (strncmp(line, "\r\n", 2) != 0) {
    size_t name = 0;
    while (isalpha((unsigned char)line[name]) || line[name] == '-')
      name++;
    if (name == 0 || strncmp(line + name, ": ", 2) != 0) abort();
    size_t length = strcspn(line, "\r\n");
    if (strncmp(line + length, "\r\n", 2) != 0) abort();
    line += length + 2;
  }
  if (line[2] != '\0') abort();
}

static void check_reply(const struct request *request, bool has_token) {
  struct error error = ERROR_INIT;
  check_head(request);
  if (!has_token && request->principal.role != ROLE_PUBLIC) abort();
  if (request->status < 200 || request->status > 503 || request->id[0] == '\0') abort();
  if ((request->error.code != ERROR_NONE) != (request->status >= 400)) abort();
  if (request->is_head || request->status == 204) {
    if (request->reply.length != 0) abort();
  } else if (request->status >= 400 || strcmp(request->path, "/raw") != 0) {
    if (!json_check(buffer_text(&request->reply), request->reply.length, &error)) abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static struct request *request;
  if (request == NULL) request = fuzz_open();
  request_reset(request);
  request->now_ms = NOW_MS;
  char *text = arena_strndup(request->arena, (const char *)data, bytes);
  if (text == NULL || !take_request(request, text, bytes)) return 0;
  bool has_token =
      request->authorization != NULL && strncmp(request->authorization, FUZZ_TOKEN, strlen(FUZZ_TOKEN)) == 0;
  if (has_token) request->authorization = good_token(request, request->authorization + strlen(FUZZ_TOKEN));
  http_handle(request);
  check_reply(request, has_token);
  return 0;
}
