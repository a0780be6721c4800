/* The endpoints of all rooms. A room's rows stand in the room; here it is only named. */
#include "account/anonymous.h"
#include "account/delete_api.h"
#include "enroll/enroll_api.h"
#include "enroll/payment_api.h"
#include "event/award_api.h"
#include "event/cascade_api.h"
#include "event/conflict_api.h"
#include "event/event_api.h"
#include "event/health_api.h"
#include "event/notification_api.h"
#include "event/retry.h"
#include "event/system_api.h"
#include "event/view_api.h"
#include "http/endpoint.h"
#include "http/ops.h"
#include "job/job_api.h"
#include "learner/learner_api.h"
#include "learner/practice_api.h"
#include "live/live_api.h"
#include "session/session_api.h"
#include "session/stitch_api.h"
#include "sync/sync.h"

#include "base/banned.h"

const struct endpoint_table *const endpoint_tables[] = {
    &ops_endpoints,
    &anonymous_endpoints,
    &learner_endpoints,
    &learner_admin_endpoints,
    &learner_audit_endpoints,
    &practice_endpoints,
    &job_endpoints,
    &sync_endpoints,
    &sync_health_endpoints,
    &sync_rules_endpoints,
    &sync_repairs_endpoints,
    &delete_endpoints,
    &enroll_endpoints,
    &enroll_admin_endpoints,
    &enroll_course_endpoints,
    &enroll_roster_endpoints,
    &enroll_analytics_endpoints,
    &payment_endpoints,
    &payment_admin_endpoints,
    &payment_event_endpoints,
    &live_endpoints,
    &event_endpoints,
    &cascade_endpoints,
    &event_retry_endpoints,
    &conflict_endpoints,
    &session_endpoints,
    &stitch_endpoints,
    &bulk_endpoints,
    &reject_endpoints,
    &view_endpoints,
    &event_health_endpoints,
    &todo_endpoints,
    &schedule_endpoints,
    &path_endpoints,
    &video_endpoints,
    &award_endpoints,
    &notification_endpoints,
    NULL,
};
