#include "http/problem.h"

#include <string.h>

#include "schema/encode.h"

#include "base/banned.h"

#define RETRY_AFTER_MAX_S 3600

static const struct problem_kind {
  enum error_code code;
  int status;
  const char *slug;
  const char *title;
} problem_kinds[] = {
    {ERROR_MALFORMED, 400, "malformed", "Bad Request"},
    {ERROR_UNAUTHENTICATED, 401, "unauthenticated", "Unauthorized"},
    {ERROR_FORBIDDEN, 403, "forbidden", "Forbidden"},
    {ERROR_NOT_FOUND, 404, "not-found", "Not Found"},
    {ERROR_METHOD, 405, "method-not-allowed", "Method Not Allowed"},
    {ERROR_CONFLICT, 409, "conflict", "Conflict"},
    {ERROR_PRECONDITION, 412, "precondition-failed", "Precondition Failed"},
    {ERROR_TOO_LARGE, 413, "too-large", "Content Too Large"},
    {ERROR_MEDIA_TYPE, 415, "media-type", "Unsupported Media Type"},
    {ERROR_UNPROCESSABLE, 422, "unprocessable", "Unprocessable Content"},
    {ERROR_RATE_LIMITED, 429, "rate-limited", "Too Many Requests"},
    {ERROR_UNAVAILABLE, 503, "unavailable", "Service Unavailable"},
    {ERROR_TRANSIENT, 503, "unavailable", "Service Unavailable"},
    {ERROR_INTERNAL, 500, "internal", "Internal Server Error"},
};

static const struct problem_title {
  int status;
  const char *title;
} success_titles[] = {{200, "OK"},         {201, "Created"},      {202, "Accepted"},
                      {204, "No Content"}, {207, "Multi-Status"}, {304, "Not Modified"}};

static const struct problem_kind *problem_find(enum error_code code) {
  size_t at = 0;
  while (at < ARRAY_LENGTH(problem_kinds) - 1 && problem_kinds[at].code != code)
    at++;
  return &problem_kinds[at];
}

int problem_status(enum error_code code) { return problem_find(code)->status; }

const char *problem_title(int status) {
  for (size_t at = 0; at < ARRAY_LENGTH(success_titles); at++)
    if (success_titles[at].status == status) return success_titles[at].title;
  for (size_t at = 0; at < ARRAY_LENGTH(problem_kinds); at++)
    if (problem_kinds[at].status == status) return problem_kinds[at].title;
  return "";
}

/* What the caller is told. Of a defect nothing but that there is one. */
static const char *problem_sentence(const struct problem_kind *kind, const struct error *error) {
  if (kind->status == 500) return "Something went wrong here. It is logged under the request's id.";
  if (error->code == ERROR_TRANSIENT) return "The database is busy. Please try again.";
  return error->message[0] != '\0' ? error->message : kind->title;
}

static void append_member(struct buffer *buffer, const char *name, const char *value) {
  buffer_append_char(buffer, ',');
  json_append_text(buffer, name);
  buffer_append_char(buffer, ':');
  json_append_text(buffer, value);
}

static void append_errors(struct buffer *buffer, const struct error *error) {
  buffer_append_text(buffer, ",\"errors\":[");
  for (size_t at = 0; at < error->field_count; at++) {
    buffer_append_text(buffer, at == 0 ? "{\"field\":" : ",{\"field\":");
    json_append_text(buffer, error->fields[at].field);
    append_member(buffer, "message", error->fields[at].message);
    buffer_append_char(buffer, '}');
  }
  buffer_append_char(buffer, ']');
}

static void append_document(struct request *request, const struct problem_kind *kind) {
  struct buffer *buffer = &request->reply;
  const char *sentence = problem_sentence(kind, &request->error);
  buffer_reset(buffer);
  buffer_printf(buffer, "{\"type\":\"urn:lockstep:problem:%s\",\"title\":\"%s\",\"status\":%d", kind->slug,
                kind->title, kind->status);
  append_member(buffer, "detail", sentence);
  append_member(buffer, "instance", request->path);
  append_member(buffer, "requestId", request->id);
  append_errors(buffer, &request->error);
  buffer_append_text(buffer, ",\"success\":false");
  append_member(buffer, "message", sentence);
  append_member(buffer, "error", sentence);
  buffer_append_char(buffer, '}');
}

static const char *retry_after(struct request *request, int retry_after_s) {
  if (retry_after_s < 1) retry_after_s = 1;
  if (retry_after_s > RETRY_AFTER_MAX_S) retry_after_s = RETRY_AFTER_MAX_S;
  const char *text = arena_printf(request->arena, "%d", retry_after_s);
  return text == NULL ? "1" : text;
}

void problem_answer(struct request *request) {
  const struct problem_kind *kind = problem_find(request->error.code);
  request->status = kind->status;
  request->reply_type = "application/problem+json";
  request->header_count = 0;
  append_document(request, kind);
  if (kind->status == 429 || kind->status == 503)
    request_add_header(request, "Retry-After", retry_after(request, request->error.retry_after_s));
  if (kind->status == 405 && request->allow != NULL) request_add_header(request, "Allow", request->allow);
  if (kind->status == 401)
    request_add_header(request, "WWW-Authenticate",
                       request->authorization == NULL ? "Bearer realm=\"lockstep\""
                                                      : "Bearer realm=\"lockstep\", error=\"invalid_token\"");
}

void problem_append_openapi(struct buffer *buffer) {
  buffer_append_text(
      buffer,
      "\"Problem\":{\"type\":\"object\",\"description\":\"What went wrong (RFC 9457). success, message and "
      "error say the same for clients that look for those.\",\"required\":[\"type\",\"title\",\"status\","
      "\"detail\",\"instance\",\"requestId\",\"errors\",\"success\",\"message\",\"error\"],\"properties\":{"
      "\"type\":{\"type\":\"string\",\"description\":\"One word a kind of problem, as a URN.\"},"
      "\"title\":{\"type\":\"string\",\"description\":\"The status in words.\"},"
      "\"status\":{\"type\":\"integer\",\"description\":\"The HTTP status.\"},"
      "\"detail\":{\"type\":\"string\",\"description\":\"One sentence about this occurrence.\"},"
      "\"instance\":{\"type\":\"string\",\"description\":\"The path that was asked for.\"},"
      "\"requestId\":{\"type\":\"string\",\"description\":\"Finds the request in the log.\"},"
      "\"errors\":{\"type\":\"array\",\"description\":\"Complaints by "
      "field.\",\"items\":{\"type\":\"object\","
      "\"required\":[\"field\",\"message\"],\"properties\":{\"field\":{\"type\":\"string\"},"
      "\"message\":{\"type\":\"string\"}}}},"
      "\"success\":{\"type\":\"boolean\",\"const\":false},\"message\":{\"type\":\"string\"},"
      "\"error\":{\"type\":\"string\"}}}");
}
