#include "session/dashboard.h"

#include "base/banned.h"

static const char *const trend_names[] = {"steady", "improving", "declining", NULL};

static const struct field profile_fields[] = {
    FIELD_TEXT(struct dashboard_profile, "displayName", display_name, .flags = FIELD_REQUIRED,
               .summary = "The name that others see; empty where there is none."),
    FIELD_INT(struct dashboard_profile, "totalPoints", total_points, .flags = FIELD_REQUIRED,
              .summary = "Points of all sessions."),
    FIELD_NUMBER(struct dashboard_profile, "blinkSpeed", blink_speed, .flags = FIELD_REQUIRED,
                 .summary = "Average seconds an answer takes."),
    FIELD_ENUM(struct dashboard_profile, "blinkSpeedTrend", blink_speed_trend, .flags = FIELD_REQUIRED,
               .names = trend_names,
               .summary = "How the five latest known speeds compare with the average: less than 0.9 of it is "
                          "improving, more than 1.1 declining; steady in between, and with fewer than five."),
    FIELD_INT(struct dashboard_profile, "evolutionLevel", evolution_level, .flags = FIELD_REQUIRED,
              .summary = "Level reached by points."),
    FIELD_INT(struct dashboard_profile, "totalSessions", total_sessions, .flags = FIELD_REQUIRED,
              .summary = "Sessions recorded."),
    FIELD_INT(struct dashboard_profile, "streakDays", streak_days, .flags = FIELD_REQUIRED,
              .summary = "Days in a row up to today or yesterday."),
    FIELD_TIME(struct dashboard_profile, "lastSessionDate", last_session_at_ms,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct dashboard_profile, last_session_at_given),
               .summary = "When the latest session was completed."),
    FIELD_BOOL(struct dashboard_profile, "isSubscribed", is_subscribed, .flags = FIELD_REQUIRED,
               .summary = "Whether a subscription is in force."),
};
static const struct schema profile_schema = SCHEMA("DashboardProfile", struct dashboard_profile,
                                                   profile_fields, .summary = "The profile in figures.");

static const struct field progress_fields[] = {
    FIELD_UINT(struct dashboard_progress, "totalStitchesCompleted", completed, .flags = FIELD_REQUIRED,
               .summary = "Stitches completed."),
    FIELD_JSON(struct dashboard_progress, "threadProgress", by_thread, .flags = FIELD_REQUIRED,
               .summary = "Stitches completed, by thread; threads without any are left out.",
               .example = "{\"thread-T1-001\": 4}"),
};
static const struct schema progress_schema = SCHEMA("DashboardProgress", struct dashboard_progress,
                                                    progress_fields, .summary = "How far the learner is.");

static const struct field session_fields[] = {
    FIELD_TEXT(struct dashboard_session, "id", id, .flags = FIELD_REQUIRED, .summary = "The session."),
    FIELD_TEXT(struct dashboard_session, "thread_id", thread_id, .flags = FIELD_REQUIRED,
               .summary = "The thread that was practised."),
    FIELD_TEXT(struct dashboard_session, "stitch_id", stitch_id, .flags = FIELD_REQUIRED,
               .summary = "The stitch that was practised."),
    FIELD_UINT(struct dashboard_session, "total_points", total_points, .flags = FIELD_REQUIRED,
               .summary = "Points earned."),
    FIELD_NUMBER(struct dashboard_session, "accuracy", accuracy, .flags = FIELD_REQUIRED,
                 .summary = "Correct answers in percent, two decimals."),
    FIELD_TIME(struct dashboard_session, "completed_at", completed_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was completed."),
};
static const struct schema session_schema =
    SCHEMA("DashboardSession", struct dashboard_session, session_fields,
           .summary = "A session, by the names that it is stored under.");

static const struct field dashboard_fields[] = {
    FIELD_UINT(struct dashboard, "userId", user_id, .flags = FIELD_REQUIRED, .summary = "The learner."),
    FIELD_OBJECT(struct dashboard, "profile", profile, .object = &profile_schema, .flags = FIELD_REQUIRED,
                 .summary = "The profile in figures."),
    FIELD_OBJECT(struct dashboard, "progress", progress, .object = &progress_schema, .flags = FIELD_REQUIRED,
                 .summary = "Stitches completed."),
    FIELD_LIST(struct dashboard, "recentSessions", recent_sessions, .object = &session_schema,
               .flags = FIELD_REQUIRED, .maximum = DASHBOARD_SESSIONS,
               .summary = "The latest sessions, newest first."),
};
static const struct schema dashboard_schema =
    SCHEMA("Dashboard", struct dashboard, dashboard_fields, .summary = "What a learner sees first.");

static const struct field reply_fields[] = {
    FIELD_BOOL(struct dashboard_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_OBJECT(struct dashboard_reply, "dashboard", dashboard, .object = &dashboard_schema,
                 .flags = FIELD_REQUIRED, .summary = "The dashboard."),
};
const struct schema dashboard_reply_schema =
    SCHEMA("DashboardReply", struct dashboard_reply, reply_fields, .summary = "The learner's dashboard.");
