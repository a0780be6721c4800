#include <stdio.h>
#include <string.h>

#include "enroll/enroll_api.h"
#include "enroll/enroll_entry.h"
#include "enroll/roster.h"

#include "base/banned.h"

#define CSV_CHARACTERS_MAX (512 * 1024)
#define LINES_MAX 1000
#define ROSTER_ARENA_BYTES ((size_t)32 * 1024 * 1024)

/* --- Bringing a list ------------------------------------------------------------------------------- */

struct import_body {
  const char *csv;
  bool is_dry_run;
  uint64_t max_removals;
  uint64_t line_offset;
};

static bool check_lines(const void *value, struct error *error) {
  size_t lines = 0;
  for (const char *at = *(const char *const *)value; (at = strchr(at, '\n')) != NULL; at++)
    lines++;
  if (lines <= LINES_MAX) return true;
  snprintf(error->message, sizeof error->message, "has more than %d lines; bring it in parts", LINES_MAX);
  return false;
}

static const struct field import_fields[] = {
    FIELD_TEXT(struct import_body, "csv", csv, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = CSV_CHARACTERS_MAX, .check = check_lines,
               .summary = "At most 1,000 lines of CSV. The first names the columns: userId, username or "
                          "subject, courseId, and status; a longer list is brought in parts that each begin "
                          "with it."),
    FIELD_BOOL(struct import_body, "dryRun", is_dry_run, .summary = "Say what would happen, and do nothing."),
    FIELD_UINT(struct import_body, "maxRemovals", max_removals, .maximum = LINES_MAX, .default_text = "0",
               .summary = "How many enrollments lines of the status cancelled may remove; else nothing of "
                          "it is done. A dry run counts them."),
    FIELD_UINT(struct import_body, "lineOffset", line_offset, .maximum = INT32_MAX, .default_text = "0",
               .summary = "Added to the numbers of lines: how many lines of the whole list come before this "
                          "part, without the header."),
};
static const struct schema import_schema =
    SCHEMA("EnrollmentList", struct import_body, import_fields, .summary = "A list of enrollments.");

struct bad_line {
  uint64_t line;
  uint64_t last_line;
  const char *column;
  const char *why;
  const char *text;
};
struct import_reply {
  bool success;
  struct roster_report report;
  struct field_list bad; /* struct bad_line */
};

static const struct field bad_fields[] = {
    FIELD_UINT(struct bad_line, "line", line, .flags = FIELD_REQUIRED, .summary = "From 1, the header's."),
    FIELD_UINT(struct bad_line, "lastLine", last_line, .flags = FIELD_REQUIRED,
               .summary = "The last one, of a row that spans several."),
    FIELD_TEXT(struct bad_line, "column", column, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The column that it is about; null: the whole line."),
    FIELD_TEXT(struct bad_line, "why", why, .flags = FIELD_REQUIRED, .summary = "Why it cannot be taken."),
    FIELD_TEXT(struct bad_line, "text", text, .flags = FIELD_REQUIRED,
               .summary = "The line as it stands in the list."),
};
static const struct schema bad_schema =
    SCHEMA("EnrollmentListLine", struct bad_line, bad_fields, .summary = "A line that cannot be taken.");

#define COUNT(name, member, meaning) \
  FIELD_UINT(struct import_reply, name, report.member, .flags = FIELD_REQUIRED, .summary = (meaning))
static const struct field import_reply_fields[] = {
    FIELD_BOOL(struct import_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Whether every line could be taken."),
    FIELD_BOOL(struct import_reply, "written", report.has_written, .flags = FIELD_REQUIRED,
               .summary = "Whether it was done; else what follows would be."),
    COUNT("lines", lines, "Lines of the list, without its header."),
    COUNT("enrolled", enrolled, "Newly enrolled."),
    COUNT("enrolledAgain", enrolled_again, "Enrolled who had been unenrolled."),
    COUNT("mended", mended, "Stood in one table only, or with a pending request."),
    COUNT("unenrolled", unenrolled, "Unenrolled by a line of the status cancelled."),
    COUNT("unchanged", unchanged, "So already."),
    COUNT("repeated", repeated, "Say again what an earlier line of this list said."),
    FIELD_LIST(struct import_reply, "bad", bad, .object = &bad_schema, .flags = FIELD_REQUIRED,
               .maximum = LINES_MAX, .summary = "Lines that cannot be taken; they harm no other."),
};
static const struct schema import_reply_schema = SCHEMA(
    "EnrollmentListDone", struct import_reply, import_reply_fields, .summary = "What became of a list.");

struct import {
  struct arena *arena; /* the request's, where what is told stays; the reading has one of its own */
  const struct import_body *body;
  struct bad_line *bad;
  size_t count;
};

static bool on_bad(void *context, const struct sheet_row *row, const char *column, const char *why,
                   struct error *error) {
  struct import *import = context;
  if (import->count == LINES_MAX)
    return error_set(error, ERROR_UNPROCESSABLE, "The list has more than %d lines.", LINES_MAX);
  struct bad_line line = {.line = row->first_line + import->body->line_offset,
                          .last_line = row->last_line + import->body->line_offset,
                          .column = column,
                          .why = arena_strdup(import->arena, why),
                          .text = arena_strndup(import->arena, row->raw, row->raw_bytes)};
  if (line.why == NULL || line.text == NULL) return error_set_memory(error);
  import->bad[import->count++] = line;
  return true;
}

static const struct ledger_kind list_kind = {.name = "enrollment-list"};

static bool take_operation(struct request *request, const struct import_body *body, struct error *error,
                           struct roster_order *order) {
  struct ledger_entry entry;
  if (!enroll_entry_for(request, &list_kind, 0, 0, &import_schema, body, error, &entry) ||
      !enroll_entry_part(request, 0, error, &entry))
    return false;
  order->operation = entry.op_id;
  order->request_hash = entry.request_hash;
  return true;
}

static void drop_file(FILE **file) {
  if (*file != NULL) (void)fclose(*file);
}

static bool handle_import(struct request *request, const void *query, const void *body_struct,
                          void *reply_struct, struct error *error) {
  const struct import_body *body = body_struct;
  struct import_reply *reply = reply_struct;
  CLEANUP(arena_cleanup) struct arena *own = arena_new(ROSTER_ARENA_BYTES);
  CLEANUP(drop_file) FILE *file = fmemopen((void *)(uintptr_t)body->csv, strlen(body->csv), "rb");
  struct import import = {.arena = request->arena, .body = body};
  struct roster_order order = {.file = file,
                               .is_dry_run = body->is_dry_run,
                               .actor = request->principal.actor,
                               .deadline_ms = request->deadline_ms,
                               .max_removals = body->is_dry_run ? LINES_MAX : body->max_removals,
                               .on_bad = on_bad,
                               .context = &import};
  (void)query;
  import.bad = arena_alloc_array(request->arena, LINES_MAX, sizeof *import.bad);
  if (own == NULL || file == NULL || import.bad == NULL) return error_set_memory(error);
  if (!take_operation(request, body, error, &order) ||
      !roster_import(request->app->ledger, request->app->pool, &order, own, error, &reply->report))
    return false;
  reply->bad = (struct field_list){.items = import.bad, .count = import.count};
  reply->success = import.count == 0;
  return true;
}

/* --- Taking one away ------------------------------------------------------------------------------- */

struct export_query {
  uint64_t course_id;
  uint64_t after;
};
struct export_reply {
  const char *csv;
  uint64_t next_after;
  enum presence next_after_given;
};

static const struct field export_fields[] = {
    FIELD_UINT(struct export_query, "courseId", course_id, .maximum = INT64_MAX,
               .summary = "Only of this course."),
    FIELD_UINT(struct export_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this learner: the nextAfter of the part before."),
};
static const struct schema export_schema = SCHEMA("EnrollmentExportQuery", struct export_query, export_fields,
                                                  .summary = "Which part of which list.");
static const struct field export_reply_fields[] = {
    FIELD_TEXT(struct export_reply, "csv", csv, .flags = FIELD_REQUIRED,
               .summary =
                   "Lines that an import takes back, safe to open in a spreadsheet; the first part begins "
                   "with the names of the columns. The list is the parts, one behind the other."),
    FIELD_UINT(struct export_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct export_reply, next_after_given),
               .summary = "Where the next part goes on; null at the end."),
};
static const struct schema export_reply_schema =
    SCHEMA("EnrollmentExport", struct export_reply, export_reply_fields, .summary = "A part of the list.");

static bool write_lines(void *context, const struct buffer *lines, struct error *error) {
  struct buffer *csv = context;
  buffer_append_text(csv, buffer_text(lines));
  return !csv->failed || error_set_memory(error);
}

static bool handle_export(struct request *request, const void *query_struct, const void *body,
                          void *reply_struct, struct error *error) {
  const struct export_query *query = query_struct;
  struct export_reply *reply = reply_struct;
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  CLEANUP(buffer_free) struct buffer csv = BUFFER_INIT(REQUEST_REPLY_BYTES_MAX / 4);
  struct roster_selection selection = {
      .from_user = query->after + 1, .course_id = query->course_id, .leaves_out_head = query->after != 0};
  (void)body;
  if (!request_borrow(request, error, &lease) ||
      !roster_page(lease.db, query->after, request->arena, error, &selection.to_user) ||
      !roster_export(lease.db, &selection, request->arena, write_lines, &csv, error))
    return false;
  reply->csv = arena_strdup(request->arena, buffer_text(&csv));
  if (reply->csv == NULL) return error_set_memory(error);
  reply->next_after = selection.to_user;
  reply->next_after_given = selection.to_user == INT64_MAX ? PRESENCE_NULL : PRESENCE_GIVEN;
  return true;
}

#define ADMIN_LIST .role = ROLE_ADMIN, .tag = "Enrollment"

static const struct endpoint rows[] = {
    {ADMIN_LIST, .method = "POST", .path = "/api/admin/enrollments/import", .flags = ENDPOINT_IDEMPOTENT_KEY,
     .body = &import_schema, .reply = &import_reply_schema, .handle = handle_import,
     .summary = "Enrol and unenrol whom a list names; what is so already is left alone"},
    {ADMIN_LIST, .method = "GET", .path = "/api/admin/enrollments/export", .query = &export_schema,
     .reply = &export_reply_schema, .handle = handle_export,
     .summary = "Enrollments as CSV, cancelled ones among them, part by part"},
};
const struct endpoint_table enroll_roster_endpoints = ENDPOINT_TABLE(rows);
