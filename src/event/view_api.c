#include "event/view_api.h"

#include "event/event_heal.h"
#include "event/insights.h"
#include "event/patterns.h"
#include "event/view.h"

#include "base/banned.h"

#define MS_PER_DAY INT64_C(86400000)

/* The learner's day began so long ago as the clock there says; where it was put forward or back since, an
 * hour more or less. */
static bool handle_summary(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  int64_t local_ms = zone_local_ms(request->zones, request->time_zone, request->now_ms);
  struct view_day day = {.today = request->today,
                         .began_ms = request->now_ms - (local_ms - request->today * MS_PER_DAY)};
  (void)query;
  (void)body;
  struct view_reply *view = reply;
  if (!view_read(request->snapshot, request->principal.user_id, &day, request->arena, error, view))
    return false;
  request->tag_others = view->others;
  return true;
}

static struct insights_where where_of(const struct request *request) {
  return (struct insights_where){
      .zones = request->zones, .time_zone = request->time_zone, .today = request->today};
}

static bool handle_insights(struct request *request, const void *query, const void *body, void *reply,
                            struct error *error) {
  struct insights_where where = where_of(request);
  (void)body;
  return insights_read(request->snapshot, query, request->principal.user_id, &where, request->arena, error,
                       reply);
}

static bool handle_patterns(struct request *request, const void *query, const void *body, void *reply,
                            struct error *error) {
  struct insights_where where = where_of(request);
  (void)body;
  return patterns_read(request->snapshot, query, request->principal.user_id, &where, request->arena, error,
                       reply);
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/progress-sync/summary",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_FRESH | ENDPOINT_TAGS_REPLY,
     .reply = &view_reply_schema,
     .handle = handle_summary,
     .prepare = event_heal,
     .tag = "Progress events",
     .summary = "Everything of the learner's at one glance"},
    {.method = "GET",
     .path = "/api/progress-sync/insights",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_FRESH,
     .query = &insights_query_schema,
     .reply = &insights_reply_schema,
     .handle = handle_insights,
     .tag = "Progress events",
     .summary = "What the activities of some weeks add up to, and how that compares with the weeks before"},
    {.method = "GET",
     .path = "/api/progress-sync/patterns",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_FRESH,
     .query = &patterns_query_schema,
     .reply = &patterns_reply_schema,
     .handle = handle_patterns,
     .tag = "Progress events",
     .summary = "Five habits that the learner may have, each with its threshold and what speaks for it"},
};
const struct endpoint_table view_endpoints = ENDPOINT_TABLE(rows);
