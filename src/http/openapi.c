#include "http/openapi.h"

#include <ctype.h>
#include <string.h>

#include "http/problem.h"
#include "schema/encode.h"

#include "base/banned.h"

#define OPENAPI_SCHEMAS_MAX 512

#define OPENAPI_INFO \
  "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Lockstep\",\"version\":\"" LOCKSTEP_VERSION \
  "\",\"description\":" \
  "\"Keeps every learner's progress and enrollment in step. Errors are problem documents. Whatever adds " \
  "something may carry an id of the client's; reads of a learner carry an ETag.\"," \
  "\"license\":{\"name\":\"Apache License 2.0\",\"identifier\":\"Apache-2.0\"}}," \
  "\"servers\":[{\"url\":\"/\",\"description\":\"Where this document came from.\"}]"

#define OPENAPI_SECURITY \
  "\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\"," \
  "\"description\":\"sub and exp are required; role is student (default), service or admin.\"}}"

/* The schemas that the rows lead to, each once. */
struct openapi_schemas {
  const struct schema *items[OPENAPI_SCHEMAS_MAX];
  bool for_reply[OPENAPI_SCHEMAS_MAX];
  size_t count;
  bool overflowed;
};

static void collect_schema(struct openapi_schemas *schemas, const struct schema *schema, bool for_reply) {
  if (schema == NULL) return;
  for (size_t at = 0; at < schemas->count; at++)
    if (schemas->items[at] == schema) return;
  if (schemas->count == OPENAPI_SCHEMAS_MAX) {
    schemas->overflowed = true;
    return;
  }
  schemas->items[schemas->count] = schema;
  schemas->for_reply[schemas->count++] = for_reply;
  for (size_t at = 0; at < schema->field_count; at++)
    collect_schema(schemas, schema->fields[at].object, for_reply);
}

static void append_reference(struct buffer *buffer, const char *kind, const char *name) {
  buffer_printf(buffer, "{\"$ref\":\"#/components/%s/%s\"}", kind, name);
}

/* "GET", "/api/progress/{id}/undo-it" → getProgressByIdUndoIt: as unique as method and path are. */
static void append_operation_id(struct buffer *buffer, const struct endpoint *row) {
  const char *at = row->path;
  bool upper = true;
  for (const char *letter = row->method; *letter != '\0'; letter++)
    buffer_append_char(buffer, (char)tolower((unsigned char)*letter));
  if (strncmp(at, "/api/", 5) == 0) at += 4;
  for (; *at != '\0'; at++) {
    if (*at == '{') buffer_append_text(buffer, "By");
    if (!isalnum((unsigned char)*at)) {
      upper = true;
      continue;
    }
    buffer_append_char(buffer, upper ? (char)toupper((unsigned char)*at) : *at);
    upper = false;
  }
}

static void append_parameter(struct buffer *buffer, const char *place, const char *name, size_t name_bytes,
                             bool required) {
  char last = buffer->length > 0 ? buffer->data[buffer->length - 1] : '[';
  if (last != '[') buffer_append_char(buffer, ',');
  buffer_printf(buffer, "{\"in\":\"%s\",\"name\":\"%.*s\",\"required\":%s,\"schema\":", place,
                (int)name_bytes, name, required ? "true" : "false");
}

static void append_header_parameter(struct buffer *buffer, const char *name, const char *meaning) {
  append_parameter(buffer, "header", name, strlen(name), false);
  buffer_append_text(buffer, "{\"type\":\"string\"},\"description\":");
  json_append_text(buffer, meaning);
  buffer_append_char(buffer, '}');
}

static void append_parameters(struct buffer *buffer, const struct endpoint *row) {
  buffer_append_text(buffer, ",\"parameters\":[");
  for (const char *at = strchr(row->path, '{'); at != NULL; at = strchr(at + 1, '{')) {
    append_parameter(buffer, "path", at + 1, strcspn(at + 1, "}"), true);
    buffer_append_text(buffer, "{\"type\":\"string\",\"minLength\":1}}");
  }
  for (size_t at = 0; row->query != NULL && at < row->query->field_count; at++) {
    const struct field *field = &row->query->fields[at];
    append_parameter(buffer, "query", field->name, strlen(field->name), (field->flags & FIELD_REQUIRED) != 0);
    schema_encode_openapi_field(field, false, buffer);
    if (field->kind == FIELD_KIND_LIST) buffer_append_text(buffer, ",\"style\":\"form\",\"explode\":false");
    buffer_append_char(buffer, '}');
  }
  if ((row->flags & (ENDPOINT_FRESH | ENDPOINT_TAGGED)) != 0)
    append_header_parameter(buffer, "If-None-Match", "The ETag of a reply that is at hand.");
  if ((row->flags & ENDPOINT_IDEMPOTENT_KEY) != 0)
    append_header_parameter(buffer, "Idempotency-Key",
                            "1 to 64 visible ASCII characters: a repeat under the same key is answered with "
                            "the first reply.");
  if ((row->flags & ENDPOINT_SERVICE) != 0)
    append_header_parameter(buffer, "X-Lockstep-User", "The learner that a service acts for.");
  buffer_append_char(buffer, ']');
}

static void append_request_body(struct buffer *buffer, const struct endpoint *row) {
  bool is_raw = (row->flags & ENDPOINT_RAW_BODY) != 0;
  bool is_required = is_raw;
  if (row->body == NULL && !is_raw) return;
  for (size_t at = 0; row->body != NULL && at < row->body->field_count; at++)
    if ((row->body->fields[at].flags & FIELD_REQUIRED) != 0) is_required = true;
  buffer_printf(buffer, ",\"requestBody\":{\"required\":%s,\"content\":{\"application/json\":{\"schema\":",
                is_required ? "true" : "false");
  if (row->body != NULL)
    append_reference(buffer, "schemas", row->body->name);
  else
    buffer_append_text(buffer, "{}");
  buffer_append_text(buffer, "}}}");
}

static void append_content(struct buffer *buffer, const struct endpoint *row) {
  bool writes = (row->flags & ENDPOINT_WRITES_REPLY) != 0;
  if (row->reply == NULL && !writes) return;
  buffer_append_text(buffer, ",\"content\":{");
  if (row->reply != NULL) {
    buffer_append_text(buffer, "\"application/json\":{\"schema\":");
    append_reference(buffer, "schemas", row->reply->name);
    buffer_append_char(buffer, '}');
  } else if (row->reply_type == NULL) {
    buffer_append_text(buffer, "\"application/json\":{\"schema\":{\"type\":\"object\"}}");
  }
  if (row->reply_type != NULL)
    buffer_printf(buffer, "%s\"%s\":{\"schema\":{\"type\":\"string\"}}", row->reply != NULL ? "," : "",
                  row->reply_type);
  buffer_append_char(buffer, '}');
}

static void append_responses(struct buffer *buffer, const struct endpoint *row) {
  bool is_fresh = (row->flags & (ENDPOINT_FRESH | ENDPOINT_TAGGED)) != 0;
  bool is_empty = row->reply == NULL && (row->flags & ENDPOINT_WRITES_REPLY) == 0;
  int status = row->success_status != 0 ? row->success_status : is_empty ? 204 : 200;
  buffer_printf(buffer, ",\"responses\":{\"%d\":{\"description\":\"%s\"", status, problem_title(status));
  if (is_fresh)
    buffer_append_text(buffer, ",\"headers\":{\"ETag\":{\"description\":\"Of this reply.\",\"schema\":"
                               "{\"type\":\"string\"}}}");
  append_content(buffer, row);
  buffer_append_char(buffer, '}');
  if ((row->flags & ENDPOINT_MAY_DEFER) != 0 && status != 202) {
    buffer_append_text(buffer,
                       ",\"202\":{\"description\":\"The work has become a job; Location leads to it.\"");
    append_content(buffer, row);
    buffer_append_char(buffer, '}');
  }
  if ((row->flags & ENDPOINT_MAY_MIX) != 0) {
    buffer_append_text(
        buffer, ",\"207\":{\"description\":\"Some of it was not taken; the reply says what and why.\"");
    append_content(buffer, row);
    buffer_append_char(buffer, '}');
  }
  if ((row->flags & ENDPOINT_TELLS_FAILURE) != 0) {
    buffer_append_text(buffer, ",\"503\":{\"description\":\"It fails, and this is how.\"");
    append_content(buffer, row);
    buffer_append_char(buffer, '}');
  }
  if (is_fresh) buffer_append_text(buffer, ",\"304\":{\"description\":\"Nothing moved since.\"}");
  buffer_append_text(buffer, ",\"4XX\":");
  append_reference(buffer, "responses", "Problem");
  buffer_append_text(buffer, ",\"5XX\":");
  append_reference(buffer, "responses", "Problem");
  buffer_append_char(buffer, '}');
}

static void append_operation(struct buffer *buffer, const struct endpoint *row) {
  buffer_append_char(buffer, '"');
  for (const char *letter = row->method; *letter != '\0'; letter++)
    buffer_append_char(buffer, (char)tolower((unsigned char)*letter));
  buffer_append_text(buffer, "\":{\"operationId\":\"");
  append_operation_id(buffer, row);
  buffer_append_text(buffer, "\",\"tags\":[");
  json_append_text(buffer, row->tag);
  buffer_append_text(buffer, "],\"summary\":");
  json_append_text(buffer, row->summary);
  buffer_printf(buffer, ",\"description\":\"Least role: %s.\",\"security\":[", role_names[row->role]);
  if ((row->flags & ENDPOINT_LOCAL) != 0) buffer_append_text(buffer, "{},");
  if (row->role != ROLE_PUBLIC) buffer_append_text(buffer, "{\"bearer\":[]}");
  buffer_append_char(buffer, ']');
  append_parameters(buffer, row);
  append_request_body(buffer, row);
  append_responses(buffer, row);
  buffer_append_char(buffer, '}');
}

/* True when an earlier row has this one's path: then it stands there already. */
static bool is_repeated(const struct router *router, size_t row_at) {
  for (size_t at = 1; at < row_at; at++)
    if (strcmp(router_row(router, at)->path, router_row(router, row_at)->path) == 0) return true;
  return false;
}

static void append_paths(struct buffer *buffer, const struct router *router) {
  size_t count = router_count(router);
  buffer_append_text(buffer, ",\"paths\":{");
  for (size_t at = 1; at <= count; at++) {
    const char *path = router_row(router, at)->path;
    if (is_repeated(router, at)) continue;
    if (at > 1) buffer_append_char(buffer, ',');
    json_append_text(buffer, path);
    buffer_append_text(buffer, ":{");
    append_operation(buffer, router_row(router, at));
    for (size_t later = at + 1; later <= count; later++) {
      if (strcmp(router_row(router, later)->path, path) != 0) continue;
      buffer_append_char(buffer, ',');
      append_operation(buffer, router_row(router, later));
    }
    buffer_append_char(buffer, '}');
  }
  buffer_append_char(buffer, '}');
}

static void append_components(struct buffer *buffer, const struct router *router) {
  struct openapi_schemas schemas = {.count = 0};
  for (size_t at = 1; at <= router_count(router); at++) {
    collect_schema(&schemas, router_row(router, at)->body, false);
    collect_schema(&schemas, router_row(router, at)->reply, true);
  }
  buffer_append_text(buffer,
                     ",\"components\":{" OPENAPI_SECURITY ",\"responses\":{\"Problem\":{\"description\":"
                     "\"A problem document.\",\"content\":{\"application/problem+json\":{\"schema\":");
  append_reference(buffer, "schemas", "Problem");
  buffer_append_text(buffer, "}}}},\"schemas\":{");
  problem_append_openapi(buffer);
  for (size_t at = 0; at < schemas.count; at++) {
    buffer_append_char(buffer, ',');
    json_append_text(buffer, schemas.items[at]->name);
    buffer_append_char(buffer, ':');
    schema_encode_openapi(schemas.items[at], schemas.for_reply[at], buffer);
  }
  buffer_append_text(buffer, "}}");
  if (schemas.overflowed) buffer->failed = true;
}

void openapi_print(const struct router *router, struct buffer *buffer) {
  buffer_append_text(buffer, OPENAPI_INFO);
  append_paths(buffer, router);
  append_components(buffer, router);
  buffer_append_text(buffer, "}\n");
}
