/* GET /api/admin/analytics: the last count's figures, which refresh themselves. Who looks at figures of some
 * age has new ones counted by a job; a dashboard that polls with If-None-Match or `since` gets a 304 until
 * they have moved. */
#include "enroll/analytics.h"
#include "enroll/connection.h"
#include "enroll/enroll_api.h"
#include "http/endpoint.h"
#include "http/etag.h"
#include "job/job_accept.h"
#include "queries/job_accept.h"

#include "base/banned.h"

#define REFRESH_KEY "analytics:refresh" /* one count at a time, whoever asks for it */

struct analytics_query {
  uint64_t since;
  enum presence since_given;
  uint64_t limit;
  uint64_t after;
  bool refresh;
};

static const struct field query_fields[] = {
    FIELD_UINT(struct analytics_query, "since", since,
               .presence = PRESENCE(struct analytics_query, since_given), .maximum = INT64_MAX,
               .summary = "The version that is at hand: 304 where the figures have not moved since."),
    FIELD_UINT(struct analytics_query, "limit", limit, .minimum = 1, .maximum = ANALYTICS_PAGE_MAX,
               .default_text = "50", .summary = "Courses a page."),
    FIELD_UINT(struct analytics_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this place: the nextAfter of the page before."),
    FIELD_BOOL(struct analytics_query, "refresh", refresh,
               .summary = "Have them counted anew, by a job; the last count is answered meanwhile."),
};
static const struct schema query_schema = SCHEMA("AnalyticsQuery", struct analytics_query, query_fields,
                                                 .summary = "Which courses, and what is at hand.");

struct analytics_reply {
  uint64_t version;
  int64_t as_of_ms;
  enum presence as_of_given;
  struct analytics_figures figures;
  struct field_list courses; /* struct analytics_course */
  uint64_t next_after;
  enum presence next_after_given;
  int64_t poll_interval_ms;
  const char *message;
  uint64_t job_id;
  enum presence job_id_given;
};

static const struct field reply_fields[] = {
    FIELD_UINT(struct analytics_reply, "version", version, .flags = FIELD_REQUIRED,
               .summary = "Moves when a count finds other figures: the next `since`. 0 before the first."),
    FIELD_TIME(struct analytics_reply, "asOf", as_of_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct analytics_reply, as_of_given),
               .summary = "When they were counted; null before the first count, and all figures 0."),
    FIELD_OBJECT(struct analytics_reply, "figures", figures, .object = &analytics_figures_schema,
                 .flags = FIELD_REQUIRED, .summary = "The platform's figures."),
    FIELD_LIST(struct analytics_reply, "courses", courses, .object = &analytics_course_schema,
               .flags = FIELD_REQUIRED, .maximum = ANALYTICS_PAGE_MAX,
               .summary = "A page of courses with their own figures, most students first."),
    FIELD_UINT(struct analytics_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct analytics_reply, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
    FIELD_INT(struct analytics_reply, "pollIntervalMs", poll_interval_ms, .flags = FIELD_REQUIRED,
              .summary = "When to ask again."),
    FIELD_TEXT(struct analytics_reply, "message", message, .summary = "What there is to say of it."),
    FIELD_UINT(struct analytics_reply, "jobId", job_id,
               .presence = PRESENCE(struct analytics_reply, job_id_given),
               .summary = "The job that counts anew (202)."),
};
static const struct schema reply_schema =
    SCHEMA("Analytics", struct analytics_reply, reply_fields, .summary = "An administrator's dashboard.");

/* A tag of count, page and courses; and whether the caller has that already. */
static bool tag(struct request *request, const struct analytics_query *query,
                const struct analytics_state *state, struct error *error, bool *ret_unchanged) {
  struct freshness of_count = {.revision = state->version,
                               .updated_us = state->as_of_ms,
                               .time_zone = "UTC",
                               .shared_version = state->shared_version,
                               .shared_epoch = state->shared_epoch};
  char etag[ETAG_BYTES];
  etag_make(request, &of_count, etag);
  const char *copy = arena_strdup(request->arena, etag);
  if (copy == NULL) return error_set_memory(error);
  request_add_header(request, "ETag", copy);
  bool has_tag = request->if_none_match != NULL && etag_matches(request->if_none_match, etag);
  bool has_version =
      query->since_given == PRESENCE_GIVEN && state->version > 0 && query->since == state->version;
  *ret_unchanged = has_tag || has_version;
  return true;
}

static bool read_reply(struct request *request, const struct analytics_query *query, struct error *error,
                       struct analytics_reply *reply, struct analytics_state *ret_state,
                       bool *ret_unchanged) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct analytics_state state;
  struct analytics_course *courses;
  size_t limit = (size_t)query->limit;
  size_t count = 0;
  bool is_unchanged;
  if (!request_borrow(request, error, &lease) || !db_begin_snapshot(lease.db, error) ||
      !analytics_read(lease.db, request->arena, error, &state) ||
      !tag(request, query, &state, error, &is_unchanged))
    return false;
  *ret_state = state;
  *ret_unchanged = is_unchanged && !query->refresh;
  if (*ret_unchanged) return true;
  if (!analytics_read_courses(lease.db, query->after, limit, request->arena, error, &courses, &count))
    return false;
  reply->version = state.version;
  reply->as_of_ms = state.as_of_ms;
  reply->as_of_given = state.version > 0 ? PRESENCE_GIVEN : PRESENCE_NULL;
  reply->figures = state.figures;
  reply->courses = (struct field_list){.items = courses, .count = count};
  reply->next_after_given = count == limit ? PRESENCE_GIVEN : PRESENCE_NULL;
  if (count > 0) reply->next_after = courses[count - 1].place;
  reply->poll_interval_ms = CONNECTION_POLL_MS;
  if (state.version == 0) reply->message = "Nothing was counted yet.";
  return true;
}

/* Has them counted for the next look, unless somebody is at it. That this fails is no reason not to answer.
 */
static void nudge(struct request *request) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct job_order order = {.kind = "refresh_analytics",
                            .priority = 5,
                            .dedupe_key = REFRESH_KEY,
                            .created_by = request->principal.actor};
  struct job_accept_active_params params = {.dedupe_key = REFRESH_KEY};
  struct job_accept_active_row row;
  struct error failure = ERROR_INIT;
  uint64_t job_id;
  bool is_active;
  if (!request_borrow(request, &failure, &lease)) return;
  if (!job_accept_active(lease.db, &params, request->arena, &failure, &row, &is_active) || is_active) return;
  if (!job_enqueue(lease.db, &order, request->arena, &failure, &job_id) || !db_commit(lease.db, &failure))
    db_rollback(lease.db);
}

static bool refresh(struct request *request, struct error *error, struct analytics_reply *reply) {
  struct job_order order = {.kind = "refresh_analytics", .priority = 5, .dedupe_key = REFRESH_KEY};
  if (!job_accept(request, &order, error, &reply->job_id)) return false;
  reply->job_id_given = PRESENCE_GIVEN;
  reply->message = "The figures are being counted.";
  return true;
}

static bool handle_analytics(struct request *request, const void *query_struct, const void *body,
                             void *reply_struct, struct error *error) {
  const struct analytics_query *query = query_struct;
  struct analytics_state state;
  bool is_unchanged;
  (void)body;
  if (!read_reply(request, query, error, reply_struct, &state, &is_unchanged)) return false;
  if (query->refresh) return refresh(request, error, reply_struct);
  int64_t limit_ms = request->app->config->analytics.refresh_after_s * 1000;
  if (limit_ms > 0 && request->now_ms - state.as_of_ms > limit_ms) nudge(request);
  if (is_unchanged) request->status = 304;
  return true;
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/admin/analytics",
     .role = ROLE_ADMIN,
     .flags = ENDPOINT_TAGGED | ENDPOINT_MAY_DEFER,
     .query = &query_schema,
     .reply = &reply_schema,
     .handle = handle_analytics,
     .tag = "Administration",
     .summary = "The figures of an administrator's dashboard, as of the last count"},
};
const struct endpoint_table enroll_analytics_endpoints = ENDPOINT_TABLE(rows);
