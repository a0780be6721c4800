#include "job/job_api.h"

#include <stdio.h>

#include "http/request.h"
#include "job/job_kind_list.h"
#include "job/job_view.h"

#include "base/banned.h"

#define NAME_MAX_TEXT 64
#define PARAMS_BYTES_MAX INT64_C(1048576)

/* --- GET /api/admin/jobs -------------------------------------------------------------------------- */

struct list_query {
  uint64_t limit;
  uint64_t after;
  int state; /* enum job_state */
  enum presence state_given;
  const char *kind;
  uint64_t parent_id;
};

struct list_reply {
  struct field_list jobs; /* struct job_view */
  uint64_t next_after;
  enum presence next_after_given;
};

static const struct field list_query_fields[] = {
    FIELD_UINT(struct list_query, "limit", limit, .minimum = 1, .maximum = JOB_VIEW_PAGE_MAX,
               .default_text = "50", .summary = "Jobs a page."),
    FIELD_UINT(struct list_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this job: the nextAfter of the page before."),
    FIELD_ENUM(struct list_query, "state", state, .names = job_state_names,
               .presence = PRESENCE(struct list_query, state_given), .summary = "Only jobs in this state."),
    FIELD_TEXT(struct list_query, "kind", kind, .minimum = 1, .maximum = NAME_MAX_TEXT,
               .summary = "Only jobs of this kind."),
    FIELD_UINT(struct list_query, "parentId", parent_id, .maximum = INT64_MAX,
               .summary = "Only the ranges of this job, which are not listed otherwise."),
};
static const struct schema list_query_schema =
    SCHEMA("JobsQuery", struct list_query, list_query_fields, .summary = "Which jobs.");

static const struct field list_fields[] = {
    FIELD_LIST(struct list_reply, "jobs", jobs, .object = &job_view_schema, .flags = FIELD_REQUIRED,
               .maximum = JOB_VIEW_PAGE_MAX, .summary = "Newest first."),
    FIELD_UINT(struct list_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct list_reply, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
};
static const struct schema list_schema =
    SCHEMA("Jobs", struct list_reply, list_fields, .summary = "A page of jobs.");

static bool handle_list(struct request *request, const void *query_struct, const void *body,
                        void *reply_struct, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  const struct list_query *query = query_struct;
  struct list_reply *reply = reply_struct;
  struct job_view_filter filter = {
      .state = query->state_given == PRESENCE_GIVEN ? job_state_names[query->state] : NULL,
      .kind = query->kind,
      .parent_id = query->parent_id,
      .before_id = query->after,
      .limit = query->limit};
  struct job_view *jobs;
  size_t count;
  (void)body;
  if (!request_borrow(request, error, &lease) ||
      !job_view_list(lease.db, &filter, request->arena, error, &jobs, &count))
    return false;
  reply->jobs = (struct field_list){.items = jobs, .count = count};
  reply->next_after_given = count == query->limit ? PRESENCE_GIVEN : PRESENCE_NULL;
  if (count > 0) reply->next_after = jobs[count - 1].id;
  return true;
}

/* --- GET /api/admin/jobs/{id} --------------------------------------------------------------------- */

struct show_reply {
  struct job_view job;
  struct job_ranges ranges;
};

static const struct field show_fields[] = {
    FIELD_OBJECT(struct show_reply, "job", job, .object = &job_view_schema, .flags = FIELD_REQUIRED,
                 .summary = "The job."),
    FIELD_OBJECT(struct show_reply, "ranges", ranges, .object = &job_ranges_schema, .flags = FIELD_REQUIRED,
                 .summary = "How many of its ranges are in which state; none where it was not split."),
};
static const struct schema show_schema =
    SCHEMA("JobShown", struct show_reply, show_fields, .summary = "A job and its ranges.");

static bool show(struct request *request, struct db *db, uint64_t id, struct show_reply *reply,
                 struct error *error) {
  return job_view_read(db, id, request->arena, error, &reply->job) &&
         job_view_read_ranges(db, id, request->arena, error, &reply->ranges);
}

static bool handle_show(struct request *request, const void *query, const void *body, void *reply,
                        struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  uint64_t id;
  (void)query;
  (void)body;
  return request_path_id(request, 0, error, &id) && request_borrow(request, error, &lease) &&
         show(request, lease.db, id, reply, error);
}

/* --- GET /api/admin/jobs/kinds -------------------------------------------------------------------- */

static bool handle_kinds(struct request *request, const void *query, const void *body, void *reply,
                         struct error *error) {
  (void)query;
  (void)body;
  return job_kind_list_read(request->arena, error, reply);
}

/* --- POST /api/admin/jobs ------------------------------------------------------------------------- */

struct add_body {
  const char *kind;
  const char *params;
  int64_t priority;
  int64_t run_at_ms;
  int64_t repeat_every_s;
  const char *repeat_daily_at;
  const char *dedupe_key;
  int64_t max_attempts;
};

static const struct field add_fields[] = {
    FIELD_TEXT(struct add_body, "kind", kind, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = NAME_MAX_TEXT,
               .summary = "What is to be done.", .example = "\"sync_user\""),
    FIELD_JSON(struct add_body, "params", params, .maximum = PARAMS_BYTES_MAX,
               .summary = "The kind's parameters.", .example = "{\"userId\": 7}"),
    FIELD_INT(struct add_body, "priority", priority, .minimum = 0, .maximum = 9, .default_text = "5",
              .summary = "0 first to 9 last."),
    FIELD_TIME(struct add_body, "runAt", run_at_ms, .summary = "When; at once where it is not said."),
    FIELD_INT(struct add_body, "repeatEveryS", repeat_every_s, .minimum = 1, .maximum = INT32_MAX,
              .summary = "Makes it a schedule: a job every so many seconds."),
    FIELD_TEXT(struct add_body, "repeatDailyAt", repeat_daily_at, .maximum = 8,
               .summary = "Makes it a schedule: a job every day at this time, UTC.",
               .example = "\"03:15:00\""),
    FIELD_TEXT(struct add_body, "dedupeKey", dedupe_key, .minimum = 1, .maximum = 190,
               .summary = "Refused with 409 while another job with it is ready or running."),
    FIELD_INT(struct add_body, "maxAttempts", max_attempts, .minimum = 1, .maximum = 1000,
              .default_text = "5", .summary = "Tries, where a failure may pass."),
};
static const struct schema add_schema =
    SCHEMA("JobOrder", struct add_body, add_fields, .summary = "A job to be inserted.");

static bool tell_where(struct request *request, uint64_t id, struct error *error) {
  const char *location = arena_printf(request->arena, "/api/admin/jobs/%llu", (unsigned long long)id);
  if (location == NULL) return error_set_memory(error);
  request_add_header(request, "Location", location);
  return true;
}

static bool handle_add(struct request *request, const void *query, const void *body_struct, void *reply,
                       struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  const struct add_body *body = body_struct;
  struct job_order order = {.kind = body->kind,
                            .params = body->params,
                            .priority = body->priority,
                            .run_at_ms = body->run_at_ms,
                            .repeat_every_s = body->repeat_every_s,
                            .repeat_daily_at = body->repeat_daily_at,
                            .dedupe_key = body->dedupe_key,
                            .max_attempts = body->max_attempts,
                            .created_by = request->principal.actor};
  uint64_t id;
  (void)query;
  if (!request_borrow(request, error, &lease) || !job_enqueue(lease.db, &order, request->arena, error, &id) ||
      !db_commit(lease.db, error))
    return false;
  return tell_where(request, id, error) && show(request, lease.db, id, reply, error);
}

/* --- POST /api/admin/jobs/{id}/cancel, /retry ----------------------------------------------------- */

static bool handle_cancel(struct request *request, const void *query, const void *body, void *reply,
                          struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  uint64_t id;
  (void)query;
  (void)body;
  return request_path_id(request, 0, error, &id) && request_borrow(request, error, &lease) &&
         job_view_ask_to_cancel(lease.db, id, request->arena, error) && db_commit(lease.db, error) &&
         show(request, lease.db, id, reply, error);
}

static bool handle_retry(struct request *request, const void *query, const void *body, void *reply,
                         struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  uint64_t id;
  uint64_t new_id;
  (void)query;
  (void)body;
  return request_path_id(request, 0, error, &id) && request_borrow(request, error, &lease) &&
         job_view_retry(lease.db, id, request->principal.actor, request->arena, error, &new_id) &&
         db_commit(lease.db, error) && tell_where(request, new_id, error) &&
         show(request, lease.db, new_id, reply, error);
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/admin/jobs",
     .role = ROLE_ADMIN,
     .query = &list_query_schema,
     .reply = &list_schema,
     .handle = handle_list,
     .tag = "Jobs",
     .summary = "The jobs, newest first."},
    {.method = "GET",
     .path = "/api/admin/jobs/kinds",
     .role = ROLE_ADMIN,
     .reply = &job_kind_list_schema,
     .handle = handle_kinds,
     .tag = "Jobs",
     .summary = "The kinds of jobs and their parameters."},
    {.method = "POST",
     .path = "/api/admin/jobs",
     .role = ROLE_ADMIN,
     .success_status = 201,
     .body = &add_schema,
     .reply = &show_schema,
     .handle = handle_add,
     .tag = "Jobs",
     .summary = "Inserts a job, or a schedule."},
    {.method = "GET",
     .path = "/api/admin/jobs/{id}",
     .role = ROLE_ADMIN,
     .reply = &show_schema,
     .handle = handle_show,
     .tag = "Jobs",
     .summary = "One job, and how far its ranges are."},
    {.method = "POST",
     .path = "/api/admin/jobs/{id}/cancel",
     .role = ROLE_ADMIN,
     .reply = &show_schema,
     .handle = handle_cancel,
     .tag = "Jobs",
     .summary = "Asks for a job's end; one that has ended stays as it is."},
    {.method = "POST",
     .path = "/api/admin/jobs/{id}/retry",
     .role = ROLE_ADMIN,
     .success_status = 201,
     .reply = &show_schema,
     .handle = handle_retry,
     .tag = "Jobs",
     .summary = "Inserts a job anew that failed, died or was cancelled."},
};
const struct endpoint_table job_endpoints = ENDPOINT_TABLE(rows);
