#include "event/view_api.h"

#include "event/event_heal.h"
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
  return view_read(request->snapshot, request->principal.user_id, &day, request->arena, error, reply);
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/progress-sync/summary",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_FRESH,
     .reply = &view_reply_schema,
     .handle = handle_summary,
     .prepare = event_heal,
     .depends_on = view_depends_on,
     .tag = "Progress events",
     .summary = "Everything of the learner's at one glance"},
};
const struct endpoint_table view_endpoints = ENDPOINT_TABLE(rows);
