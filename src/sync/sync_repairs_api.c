/* /api/admin/repairs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sync/sync.h"
#include "sync/sync_act.h"

#include "base/banned.h"

#define CURSOR_CHARACTERS_MAX 41 /* two numbers and a colon */
#define CURSOR_BYTES 42

/* --- GET /api/admin/repairs ---------------------------------------------------------------------- */

struct list_query {
  uint64_t limit;
  uint64_t after;
};

struct list_reply {
  struct field_list repairs; /* struct sync_run */
  uint64_t next_after;
  enum presence next_after_given;
};

static const struct field list_query_fields[] = {
    FIELD_UINT(struct list_query, "limit", limit, .minimum = 1, .maximum = SYNC_ROWS_MAX,
               .default_text = "50", .summary = "Runs a page."),
    FIELD_UINT(struct list_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this run: the nextAfter of the page before."),
};
static const struct schema list_query_schema =
    SCHEMA("RepairsQuery", struct list_query, list_query_fields, .summary = "Which page.");

static const struct field list_fields[] = {
    FIELD_LIST(struct list_reply, "repairs", repairs, .object = &sync_run_schema, .flags = FIELD_REQUIRED,
               .maximum = SYNC_ROWS_MAX, .summary = "Newest first."),
    FIELD_UINT(struct list_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct list_reply, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
};
static const struct schema list_schema =
    SCHEMA("Repairs", struct list_reply, list_fields, .summary = "A page of repair runs.");

static bool handle_list(struct request *request, const void *query_struct, const void *body,
                        void *reply_struct, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  const struct list_query *query = query_struct;
  struct list_reply *reply = reply_struct;
  struct repair_summary *summaries;
  size_t count;
  (void)body;
  if (!request_borrow(request, error, &lease) ||
      !repair_list(lease.db, query->after, query->limit, request->arena, error, &summaries, &count))
    return false;
  struct sync_run *runs = arena_alloc_array(request->arena, count, sizeof *runs);
  if (runs == NULL && count > 0) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    runs[at] = sync_run_brief(&summaries[at]);
  reply->repairs = (struct field_list){.items = runs, .count = count};
  reply->next_after_given = count == query->limit ? PRESENCE_GIVEN : PRESENCE_NULL;
  if (count > 0) reply->next_after = summaries[count - 1].id;
  return true;
}

/* --- GET /api/admin/repairs/{id} ----------------------------------------------------------------- */

enum row_state { ROW_PLANNED, ROW_DONE, ROW_MOVED };
static const char *const row_state_names[] = {"planned", "done", "moved", NULL};

struct show_query {
  uint64_t limit;
  const char *after;
  int state; /* enum row_state */
  enum presence state_given;
};

struct show_reply {
  struct sync_run run;
  struct field_list rows; /* struct repair_row */
  const char *next_after;
};

/* "7:1234": a learner, and the row of that learner. */
static bool read_cursor(const char *text, uint64_t *ret_user_id, uint64_t *ret_row_id) {
  int end = 0;
  if (strspn(text, "0123456789:") != strlen(text)) return false;
  return sscanf(text, "%19" SCNu64 ":%19" SCNu64 "%n", ret_user_id, ret_row_id, &end) == 2 &&
         text[end] == '\0';
}

static bool check_cursor(const void *value, struct error *error) {
  uint64_t ignored;
  const char *text = *(const char *const *)value;
  if (text == NULL || read_cursor(text, &ignored, &ignored)) return true;
  snprintf(error->message, sizeof error->message, "is no nextAfter of this list");
  return false;
}

static const struct field show_query_fields[] = {
    FIELD_UINT(struct show_query, "limit", limit, .minimum = 1, .maximum = SYNC_ROWS_MAX,
               .default_text = "50", .summary = "Rows a page."),
    FIELD_TEXT(struct show_query, "after", after, .minimum = 3, .maximum = CURSOR_CHARACTERS_MAX,
               .check = check_cursor, .summary = "Go on after this row: the nextAfter of the page before."),
    FIELD_ENUM(struct show_query, "state", state, .names = row_state_names,
               .presence = PRESENCE(struct show_query, state_given), .summary = "Only rows in this state."),
};
static const struct schema show_query_schema =
    SCHEMA("RepairQuery", struct show_query, show_query_fields, .summary = "Which of its rows.");

static const struct field show_fields[] = {
    FIELD_OBJECT(struct show_reply, "run", run, .object = &sync_run_schema, .flags = FIELD_REQUIRED,
                 .summary = "The run."),
    FIELD_LIST(struct show_reply, "rows", rows, .object = &sync_row_schema, .flags = FIELD_REQUIRED,
               .maximum = SYNC_ROWS_MAX, .summary = "A page of its rows, by learner."),
    FIELD_TEXT(struct show_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Where the next page goes on; null at the end."),
};
static const struct schema show_schema =
    SCHEMA("Repair", struct show_reply, show_fields, .summary = "A repair run and its rows.");

static bool handle_show(struct request *request, const void *query_struct, const void *body,
                        void *reply_struct, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  const struct show_query *query = query_struct;
  struct show_reply *reply = reply_struct;
  const char *state = query->state_given == PRESENCE_GIVEN ? row_state_names[query->state] : NULL;
  struct repair_summary summary;
  struct repair_row *rows;
  uint64_t run_id;
  uint64_t after_user = 0;
  uint64_t after_row = 0;
  (void)body;
  if (query->after != NULL && !read_cursor(query->after, &after_user, &after_row)) return false;
  if (!request_path_id(request, 0, error, &run_id) || !request_borrow(request, error, &lease) ||
      !sync_run_read(lease.db, run_id, request->arena, error, &summary) ||
      !sync_run_take(&summary, request->arena, error, &reply->run) ||
      !repair_rows_read(lease.db, run_id, state, after_user, after_row, query->limit, request->arena, error,
                        &rows, &reply->rows.count))
    return false;
  reply->rows.items = rows;
  if (reply->rows.count < query->limit) return true;
  const struct repair_row *last = &rows[reply->rows.count - 1];
  reply->next_after = arena_printf(request->arena, "%" PRIu64 ":%" PRIu64, last->user_id, last->id);
  return reply->next_after != NULL || error_set_memory(error);
}

/* --- POST /api/admin/repairs/{id}/rollback -------------------------------------------------------- */

static bool decide(struct request *request, struct error *error, struct sync_task *ret_task) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct repair_engine engine = sync_engine(request);
  uint64_t run_id;
  if (!request_path_id(request, 0, error, &run_id) || !request_borrow(request, error, &lease)) return false;
  return sync_task_rollback(&engine, lease.db, run_id, request->arena, error, ret_task);
}

static bool handle_rollback(struct request *request, const void *query, const void *body, void *reply,
                            struct error *error) {
  struct sync_task task;
  (void)query;
  (void)body;
  return decide(request, error, &task) && sync_act(request, &task, error, reply);
}

/* --- POST /api/admin/repairs/{id}/resume ---------------------------------------------------------- */

struct resume_reply {
  bool success;
  const char *message;
  uint64_t ended;
};

static const struct field resume_fields[] = {
    FIELD_BOOL(struct resume_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_TEXT(struct resume_reply, "message", message, .flags = FIELD_REQUIRED, .summary = "What was done."),
    FIELD_UINT(struct resume_reply, "ended", ended, .flags = FIELD_REQUIRED,
               .summary = "Pauses that were ended."),
};
static const struct schema resume_schema =
    SCHEMA("RepairResumed", struct resume_reply, resume_fields, .summary = "Pauses that were ended.");

/* Of the run that was undone as well as of the one that undid it: who asks means the same. */
static bool handle_resume(struct request *request, const void *query, const void *body, void *reply_struct,
                          struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct repair_engine engine = sync_engine(request);
  struct resume_reply *reply = reply_struct;
  uint64_t run_id;
  (void)query;
  (void)body;
  if (!request_path_id(request, 0, error, &run_id) || !request_borrow(request, error, &lease) ||
      !sync_task_resume(&engine, lease.db, run_id, request->arena, error, &reply->ended))
    return false;
  reply->success = true;
  reply->message = arena_printf(request->arena, "%" PRIu64 " rows may be repaired again.", reply->ended);
  return reply->message != NULL || error_set_memory(error);
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/admin/repairs",
     .role = ROLE_ADMIN,
     .query = &list_query_schema,
     .reply = &list_schema,
     .handle = handle_list,
     .tag = "Consistency",
     .summary = "The repair runs, newest first."},
    {.method = "GET",
     .path = "/api/admin/repairs/{id}",
     .role = ROLE_ADMIN,
     .query = &show_query_schema,
     .reply = &show_schema,
     .handle = handle_show,
     .tag = "Consistency",
     .summary = "One run: what it did by each rule, and its rows before and after."},
    {.method = "POST",
     .path = "/api/admin/repairs/{id}/rollback",
     .role = ROLE_ADMIN,
     .flags = ENDPOINT_MAY_DEFER,
     .reply = &sync_act_schema,
     .handle = handle_rollback,
     .tag = "Consistency",
     .summary = "Undoes a run: one learner's at once, else by a job. Its rules are paused for its rows."},
    {.method = "POST",
     .path = "/api/admin/repairs/{id}/resume",
     .role = ROLE_ADMIN,
     .reply = &resume_schema,
     .handle = handle_resume,
     .tag = "Consistency",
     .summary = "Ends the pauses that a rollback left behind."},
};
const struct endpoint_table sync_repairs_endpoints = ENDPOINT_TABLE(rows);
