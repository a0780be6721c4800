#include "event/view.h"

#include "base/banned.h"

static const struct field overall_fields[] = {
    FIELD_UINT(struct view_overall, "totalActivities", total_activities, .flags = FIELD_REQUIRED,
               .summary = "Activities that an event tells of."),
    FIELD_UINT(struct view_overall, "completedActivities", completed_activities, .flags = FIELD_REQUIRED,
               .summary = "Of those, completed ones."),
    FIELD_UINT(struct view_overall, "inProgressActivities", in_progress_activities, .flags = FIELD_REQUIRED,
               .summary = "And those begun; the rest was skipped."),
    FIELD_NUMBER(struct view_overall, "percentageComplete", percentage_complete, .flags = FIELD_REQUIRED,
                 .summary = "Completed of all, in percent, rounded down to two decimals."),
    FIELD_NUMBER(struct view_overall, "totalTimeSpent", total_time_spent, .flags = FIELD_REQUIRED,
                 .summary = "Minutes."),
    FIELD_INT(struct view_overall, "currentStreak", current_streak, .flags = FIELD_REQUIRED,
              .summary = "Days in a row up to today or yesterday."),
};
static const struct schema overall_schema = SCHEMA("OverallProgress", struct view_overall, overall_fields,
                                                   .summary = "The sums over all activities.");

static const struct field skill_fields[] = {
    FIELD_TEXT(struct view_skill, "category", category, .flags = FIELD_REQUIRED,
               .summary = "What kind of skill it is; empty where nobody said."),
    FIELD_TEXT(struct view_skill, "level", level, .flags = FIELD_REQUIRED, .summary = "As last assessed."),
    FIELD_NUMBER(struct view_skill, "confidence", confidence, .flags = FIELD_REQUIRED,
                 .summary = "Of that assessment, 0 to 1."),
    FIELD_TIME(struct view_skill, "assessedAt", assessed_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct view_skill, assessed_at_given),
               .summary = "When it was assessed."),
};
const struct schema view_skill_schema =
    SCHEMA("SkillProgress", struct view_skill, skill_fields, .summary = "A skill.");

static const struct field path_fields[] = {
    FIELD_TEXT(struct view_path, "pathId", path_id, .flags = FIELD_REQUIRED, .summary = "The path."),
    FIELD_TEXT(struct view_path, "title", title, .flags = FIELD_REQUIRED, .summary = "What it is called."),
    FIELD_TEXT(struct view_path, "status", status, .flags = FIELD_REQUIRED,
               .summary = "active, completed or abandoned."),
    FIELD_UINT(struct view_path, "completedSteps", completed_steps, .flags = FIELD_REQUIRED,
               .summary = "Steps completed."),
    FIELD_UINT(struct view_path, "totalSteps", total_steps, .flags = FIELD_REQUIRED, .summary = "All steps."),
    FIELD_NUMBER(struct view_path, "percentageComplete", percentage_complete, .flags = FIELD_REQUIRED,
                 .summary = "Completed of all, in percent."),
    FIELD_TEXT(struct view_path, "currentStepId", current_step_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The step that comes next."),
    FIELD_TIME(struct view_path, "completedAt", completed_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct view_path, completed_at_given),
               .summary = "When its last step was completed."),
};
static const struct schema path_schema = SCHEMA("PathProgressSummary", struct view_path, path_fields,
                                                .summary = "How far a learning path has come.");

static const struct field activity_fields[] = {
    FIELD_TEXT(struct view_activity, "activityType", activity_type, .flags = FIELD_REQUIRED,
               .summary =
                   "video, practice, project, quiz or milestone; of what is to come: todo or schedule."),
    FIELD_TEXT(struct view_activity, "activityId", activity_id, .flags = FIELD_REQUIRED,
               .summary = "The activity, the todo or the calendar entry."),
    FIELD_TEXT(struct view_activity, "title", title, .summary = "Of a todo or a calendar entry."),
    FIELD_TEXT(struct view_activity, "status", status, .flags = FIELD_REQUIRED,
               .summary =
                   "completed, in_progress or skipped; of what is to come: pending, planned or in_progress."),
    FIELD_TEXT(struct view_activity, "videoId", video_id,
               .summary = "The video that a calendar entry is for."),
    FIELD_NUMBER(struct view_activity, "timeSpent", time_spent,
                 .presence = PRESENCE(struct view_activity, time_spent_given), .summary = "Minutes."),
    FIELD_TIME(struct view_activity, "lastActivityAt", last_at_ms,
               .presence = PRESENCE(struct view_activity, last_at_given),
               .summary = "When something last happened to it."),
    FIELD_TIME(struct view_activity, "completedAt", completed_at_ms, .flags = FIELD_NULLABLE,
               .presence = PRESENCE(struct view_activity, completed_at_given),
               .summary = "When it was first completed."),
    FIELD_TIME(struct view_activity, "scheduledAt", scheduled_ms, .flags = FIELD_NULLABLE,
               .presence = PRESENCE(struct view_activity, scheduled_given),
               .summary = "When the todo is due, or the entry begins."),
    FIELD_TIME(struct view_activity, "endsAt", ends_at_ms, .flags = FIELD_NULLABLE,
               .presence = PRESENCE(struct view_activity, ends_at_given), .summary = "When the entry ends."),
};
static const struct schema activity_schema = SCHEMA("ActivitySummary", struct view_activity, activity_fields,
                                                    .summary = "An activity, done or to come.");

static const struct field reply_fields[] = {
    FIELD_UINT(struct view_reply, "userId", user_id, .flags = FIELD_REQUIRED, .summary = "The learner."),
    FIELD_OBJECT(struct view_reply, "overallProgress", overall, .object = &overall_schema,
                 .flags = FIELD_REQUIRED, .summary = "The sums over all activities."),
    FIELD_JSON(struct view_reply, "skillProgress", skill_progress, .flags = FIELD_REQUIRED,
               .summary = "Category, level, confidence and assessedAt by skill; the first 200 by id.",
               .example = "{\"c-pointers\": {\"category\": \"programming\", \"level\": \"advanced\","
                          " \"confidence\": 0.9, \"assessedAt\": \"2026-01-15T10:00:00.000Z\"}}"),
    FIELD_LIST(struct view_reply, "learningPaths", learning_paths, .object = &path_schema,
               .flags = FIELD_REQUIRED, .maximum = VIEW_PATHS_MAX,
               .summary = "Learning paths, the last changed first."),
    FIELD_LIST(struct view_reply, "recentActivities", recent, .object = &activity_schema,
               .flags = FIELD_REQUIRED, .maximum = VIEW_RECENT_MAX,
               .summary = "Activities, the latest first."),
    FIELD_LIST(struct view_reply, "upcomingActivities", upcoming, .object = &activity_schema,
               .flags = FIELD_REQUIRED, .maximum = VIEW_UPCOMING_MAX,
               .summary =
                   "Open todos, and calendar entries from today on, by date; what has none comes last."),
    FIELD_LIST(struct view_reply, "achievements", achievements, .object = &achievement_view_schema,
               .flags = FIELD_REQUIRED, .maximum = VIEW_ACHIEVEMENTS_MAX,
               .summary = "Achievements, the latest first."),
    FIELD_LIST(struct view_reply, "milestones", milestones, .object = &milestone_view_schema,
               .flags = FIELD_REQUIRED, .maximum = VIEW_REACHED_MAX + VIEW_UNDERWAY_MAX,
               .summary = "Milestones reached, the latest first; then those underway."),
    FIELD_TIME(struct view_reply, "lastSyncTime", last_sync_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct view_reply, last_sync_given),
               .summary = "When the last event was taken in."),
    FIELD_NUMBER(
        struct view_reply, "dataConsistencyScore", data_consistency_score, .flags = FIELD_REQUIRED,
        .summary =
            "1 less the share of the rules that the learner's rows broke when they were last looked at; at "
            "least 0.01."),
};
const struct schema view_reply_schema = SCHEMA("UnifiedProgressView", struct view_reply, reply_fields,
                                               .summary = "Everything of a learner's at one glance.");
