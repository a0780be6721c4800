/* Achievements and milestones as replies show them. */
#include "event/award.h"

#include "base/banned.h"

static const struct field achievement_fields[] = {
    FIELD_TEXT(struct achievement_view, "id", id, .flags = FIELD_REQUIRED, .summary = "Its definition's.",
               .example = "\"first-steps\""),
    FIELD_TEXT(struct achievement_view, "type", type, .flags = FIELD_REQUIRED,
               .summary = "completion, streak, speed, consistency or milestone."),
    FIELD_TEXT(struct achievement_view, "title", title, .flags = FIELD_REQUIRED,
               .summary = "As it was when it was earned."),
    FIELD_TEXT(struct achievement_view, "description", description, .flags = FIELD_REQUIRED,
               .summary = "A sentence more."),
    FIELD_TIME(struct achievement_view, "earnedAt", earned_at_ms, .flags = FIELD_REQUIRED,
               .summary =
                   "When the activity happened by which it was earned; or when a recomputation found it."),
    FIELD_BOOL(struct achievement_view, "isPublic", is_public, .flags = FIELD_REQUIRED,
               .summary = "Whether others may see it, under the learner's display name."),
    FIELD_TEXT(struct achievement_view, "triggerEvent", trigger_event_id,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The id of the event that brought it about; null where a recomputation found it."),
    FIELD_JSON(struct achievement_view, "metadata", metadata,
               .summary = "The metric, how much of it was asked for, and how much there was.",
               .maximum = NOTIFICATION_DATA_BYTES,
               .example = "{\"metric\":\"streak_days\",\"atLeast\":7,\"value\":7}"),
};
const struct schema achievement_view_schema = SCHEMA(
    "Achievement", struct achievement_view, achievement_fields, .summary = "What a learner has earned.");

static const struct field milestone_fields[] = {
    FIELD_TEXT(struct milestone_view, "id", id, .flags = FIELD_REQUIRED,
               .summary = "Its definition's; or the activity's, where an event told that it was reached."),
    FIELD_TEXT(struct milestone_view, "title", title, .flags = FIELD_REQUIRED,
               .summary = "What it is called."),
    FIELD_UINT(struct milestone_view, "target", target, .flags = FIELD_REQUIRED,
               .summary = "How much is asked for."),
    FIELD_UINT(struct milestone_view, "progress", progress, .flags = FIELD_REQUIRED,
               .summary = "How much of it there is; at most the target."),
    FIELD_TIME(struct milestone_view, "reachedAt", reached_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct milestone_view, reached_given),
               .summary = "When it was reached; null: not yet."),
};
const struct schema milestone_view_schema = SCHEMA("Milestone", struct milestone_view, milestone_fields,
                                                   .summary = "How far a learner is with something.");
