#include "http/openapi.h"

#include "http_fixture.h"
#include "schema/json.h"

#include "base/banned.h"

struct inner {
  const char *text;
};
static const struct field inner_fields[] = {
    FIELD_TEXT(struct inner, "text", text, .flags = FIELD_REQUIRED, .maximum = 10, .summary = "A text."),
};
static const struct schema inner_schema = SCHEMA("Inner", struct inner, inner_fields, .summary = "Inside.");

struct outer {
  struct inner inner;
  struct field_list list;
};
static const struct field outer_fields[] = {
    FIELD_OBJECT(struct outer, "inner", inner, .object = &inner_schema, .summary = "One."),
    FIELD_LIST(struct outer, "list", list, .object = &inner_schema, .maximum = 5, .summary = "Several."),
};
static const struct schema outer_schema = SCHEMA("Outer", struct outer, outer_fields, .summary = "Outside.");

struct asked {
  uint64_t limit;
  struct field_list names;
};
static const struct field asked_fields[] = {
    FIELD_UINT(struct asked, "limit", limit, .maximum = 200, .summary = "How many."),
    FIELD_LIST(struct asked, "names", names, .item_kind = FIELD_KIND_TEXT, .maximum = 9, .summary = "Which."),
};
static const struct schema asked_schema = SCHEMA("Asked", struct asked, asked_fields, .summary = "A query.");

static bool handle_nothing(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  (void)request;
  (void)query;
  (void)body;
  (void)reply;
  (void)error;
  return true;
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/things",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_FRESH,
     .query = &asked_schema,
     .reply = &outer_schema,
     .handle = handle_nothing,
     .tag = "Things",
     .summary = "Says \"things\"."},
    {.method = "GET",
     .path = "/metrics",
     .role = ROLE_ADMIN,
     .flags = ENDPOINT_LOCAL | ENDPOINT_WRITES_REPLY,
     .reply_type = "text/plain",
     .handle = handle_nothing,
     .tag = "Operations",
     .summary = "S"},
    {.method = "POST",
     .path = "/api/things",
     .role = ROLE_SERVICE,
     .success_status = 201,
     .flags = ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_SERVICE,
     .body = &inner_schema,
     .reply = &outer_schema,
     .handle = handle_nothing,
     .tag = "Things",
     .summary = "S"},
    {.method = "DELETE",
     .path = "/api/things/{id}/un-do",
     .role = ROLE_PUBLIC,
     .handle = handle_nothing,
     .tag = "Things",
     .summary = "S"},
    {.method = "POST",
     .path = "/api/hook",
     .role = ROLE_PUBLIC,
     .flags = ENDPOINT_RAW_BODY,
     .handle = handle_nothing,
     .tag = "Things",
     .summary = "S"},
    {.method = "GET",
     .path = "/api/table",
     .role = ROLE_ADMIN,
     .flags = ENDPOINT_WRITES_REPLY,
     .reply = &outer_schema,
     .reply_type = "text/csv",
     .handle = handle_nothing,
     .tag = "Things",
     .summary = "S"},
};
static const struct endpoint_table table = ENDPOINT_TABLE(rows);
static const struct endpoint_table *const tables[] = {&table, NULL};

/* Where the path's JSON member begins; each appears once in the document. */
static const char *only(const char *text, const char *what) {
  const char *at = strstr(text, what);
  if (at == NULL) fail_msg("%s is not in %s", what, text);
  if (strstr(at + 1, what) != NULL) fail_msg("%s is there twice", what);
  return at;
}

static void has(const char *text, const char *end, const char *what) {
  const char *at = strstr(text, what);
  if (at == NULL || at > end) fail_msg("%s is not in %.*s", what, (int)(end - text), text);
}

static void test_the_document(void **state) {
  struct error error = ERROR_INIT;
  struct router *router;
  CLEANUP(buffer_free) struct buffer buffer = BUFFER_INIT(1 << 20);
  (void)state;
  assert_true(router_new(tables, &error, &router));
  openapi_print(router, &buffer);
  assert_false(buffer.failed);
  const char *text = buffer_text(&buffer);
  if (!json_check(text, buffer.length, &error)) fail_msg("%s: %s", error.message, text);
  only(text, "\"openapi\":\"3.1.0\"");
  const char *things = only(text, "\"/api/things\":{");
  const char *metrics = only(text, "\"/metrics\":{");
  const char *undo = only(text, "\"/api/things/{id}/un-do\":{");
  const char *hook = only(text, "\"/api/hook\":{");
  const char *csv = only(text, "\"/api/table\":{");
  const char *components = only(text, "\"components\":{");
  has(things, metrics, "\"get\":{\"operationId\":\"getThings\"");
  has(things, metrics, "\"summary\":\"Says \\\"things\\\".\"");
  has(things, metrics, "\"post\":{\"operationId\":\"postThings\"");
  has(things, metrics, "\"name\":\"limit\",\"required\":false");
  has(things, metrics, "\"explode\":false");
  has(things, metrics, "\"name\":\"If-None-Match\"");
  has(things, metrics, "\"304\":{");
  has(things, metrics, "\"ETag\"");
  has(things, metrics, "\"201\":{");
  has(things, metrics, "\"name\":\"Idempotency-Key\"");
  has(things, metrics, "\"name\":\"X-Lockstep-User\"");
  has(things, metrics, "\"requestBody\":{\"required\":true");
  has(things, metrics, "{\"$ref\":\"#/components/schemas/Outer\"}");
  has(things, metrics, "Least role: student.");
  has(things, metrics, "\"tags\":[\"Things\"]");
  has(metrics, undo, "\"security\":[{},{\"bearer\":[]}]");
  has(metrics, undo, "\"text/plain\":{");
  has(undo, hook, "\"operationId\":\"deleteThingsByIdUnDo\"");
  has(undo, hook, "\"in\":\"path\",\"name\":\"id\",\"required\":true");
  has(undo, hook, "\"security\":[]");
  has(undo, hook, "\"204\":{");
  has(hook, csv, "\"requestBody\":{\"required\":true");
  has(csv, components, "\"application/json\":{");
  has(csv, components, "\"text/csv\":{");
  only(components, "\"Outer\":{");
  only(components, "\"Inner\":{");
  only(components, "\"securitySchemes\":{");
  router_free(router);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_document)};
  return cmocka_run_group_tests_name("openapi", tests, NULL, NULL);
}
