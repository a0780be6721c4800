#include "event/path.h"

#include "base/banned.h"

const char *const path_status_names[] = {"active", "completed", "abandoned", NULL};
const char *const path_step_status_names[] = {"pending", "in_progress", "completed", "skipped", NULL};

static const struct field step_fields[] = {
    FIELD_TEXT(struct path_step, "stepId", id, .flags = FIELD_REQUIRED, .summary = "The step, on its path."),
    FIELD_UINT(struct path_step, "stepIndex", index, .flags = FIELD_REQUIRED,
               .summary = "Its place, from 0."),
    FIELD_TEXT(struct path_step, "title", title, .flags = FIELD_REQUIRED, .summary = "What there is to do."),
    FIELD_TEXT(struct path_step, "activityType", activity_type, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "What kind of activity it is."),
    FIELD_TEXT(struct path_step, "activityId", activity_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The activity that completes it; null: it is one of its own."),
    FIELD_LIST(struct path_step, "skills", skills, .item_kind = FIELD_KIND_TEXT, .flags = FIELD_REQUIRED,
               .maximum = SYSTEM_ROWS_MAX, .summary = "What is learned by it."),
    FIELD_ENUM(struct path_step, "status", status, .names = path_step_status_names, .flags = FIELD_REQUIRED,
               .summary = "How far it is."),
    FIELD_BOOL(struct path_step, "completed", completed, .flags = FIELD_REQUIRED,
               .summary = "Whether its status is completed."),
    FIELD_TIME(struct path_step, "completedAt", completed_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct path_step, completed_at_given),
               .summary = "When it was completed."),
};
const struct schema path_step_schema =
    SCHEMA("PathStep", struct path_step, step_fields, .summary = "A step of a learning path.");

static const struct field progress_fields[] = {
    FIELD_UINT(struct path_progress, "completedSteps", completed_steps, .flags = FIELD_REQUIRED,
               .summary = "Steps that are completed."),
    FIELD_UINT(struct path_progress, "totalSteps", total_steps, .flags = FIELD_REQUIRED,
               .summary = "Of so many."),
    FIELD_NUMBER(struct path_progress, "percentage", percentage, .flags = FIELD_REQUIRED,
                 .summary = "The same in per cent, rounded down to hundredths."),
    FIELD_TEXT(struct path_progress, "currentStepId", current_step_id,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE, .summary = "The first that is open; null: none."),
    FIELD_TIME(struct path_progress, "completedAt", completed_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct path_progress, completed_at_given),
               .summary = "When the last step was completed."),
};
static const struct schema progress_schema = SCHEMA("PathProgress", struct path_progress, progress_fields,
                                                    .summary = "How far the learner is on a path.");

static const struct field path_fields[] = {
    FIELD_TEXT(struct path, "id", id, .flags = FIELD_REQUIRED, .summary = "The path."),
    FIELD_TEXT(struct path, "title", title, .flags = FIELD_REQUIRED, .summary = "Where it leads."),
    FIELD_ENUM(struct path, "status", status, .names = path_status_names, .flags = FIELD_REQUIRED,
               .summary = "Whether the learner is on it."),
    FIELD_BOOL(struct path, "completed", completed, .flags = FIELD_REQUIRED,
               .summary = "Whether its status is completed."),
    FIELD_LIST(struct path, "steps", steps, .object = &path_step_schema, .flags = FIELD_REQUIRED,
               .maximum = PATH_STEPS_READ_MAX, .summary = "Its steps, in their order."),
    FIELD_OBJECT(struct path, "progress", progress, .object = &progress_schema, .flags = FIELD_REQUIRED,
                 .summary = "How far the learner is."),
    FIELD_TIME(struct path, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was made."),
    FIELD_TIME(struct path, "updatedAt", updated_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it last changed, its steps aside."),
};
const struct schema path_schema = SCHEMA("LearningPath", struct path, path_fields,
                                         .summary = "A learning path with its steps and progress.");

static const struct field item_fields[] = {
    FIELD_TEXT(struct path_step_item, "stepId", id, .minimum = 1, .maximum = SYSTEM_ID_CHARACTERS,
               .check = system_check_id,
               .summary = "Its id on the path; step-1, step-2 … by its place, when not sent."),
    FIELD_TEXT(struct path_step_item, "title", title, .maximum = SYSTEM_TITLE_CHARACTERS, .default_text = "",
               .summary = "What there is to do."),
    FIELD_ENUM(struct path_step_item, "activityType", activity_type, .names = activity_type_names,
               .presence = PRESENCE(struct path_step_item, activity_type_given),
               .summary = "What kind of activity completes it."),
    FIELD_TEXT(struct path_step_item, "activityId", activity_id, .minimum = 1,
               .maximum = EVENT_ACTIVITY_CHARACTERS, .check = system_check_name,
               .summary = "Which one: with activityType, or neither."),
    FIELD_LIST(struct path_step_item, "skills", skills, .item_kind = FIELD_KIND_TEXT,
               .maximum = PATH_SKILLS_MAX, .check = system_check_names, .summary = "What is learned by it."),
};
static const struct schema item_schema = SCHEMA("PathStepItem", struct path_step_item, item_fields,
                                                .summary = "A step as it is sent with its path.");

#define STEPS_FIELD(text) \
  FIELD_LIST(struct path_body, "steps", steps, .object = &item_schema, .maximum = PATH_STEPS_MAX, \
             .presence = PRESENCE(struct path_body, steps_given), .summary = (text))

static const struct field create_fields[] = {
    FIELD_TEXT(struct path_body, "id", id, .flags = FIELD_NULLABLE, .minimum = 1,
               .maximum = SYSTEM_ID_CHARACTERS, .check = system_check_id,
               .summary = "The client's own id of it: a repeat with the same id gets the first reply.",
               .example = "\"path-417\""),
    FIELD_TEXT(struct path_body, "title", title, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = SYSTEM_TITLE_CHARACTERS, .summary = "Where it leads."),
    STEPS_FIELD("Its steps, in their order."),
};
const struct schema path_create_schema =
    SCHEMA("LearningPathCreate", struct path_body, create_fields, .summary = "A new learning path.");

static const struct field patch_fields[] = {
    FIELD_TEXT(struct path_body, "title", title, .minimum = 1, .maximum = SYSTEM_TITLE_CHARACTERS,
               .summary = "Where it leads."),
    FIELD_ENUM(struct path_body, "status", status, .names = path_status_names,
               .presence = PRESENCE(struct path_body, status_given),
               .summary = "Whether the learner is on it. completed only where no step is open; that is an "
                          "event."),
    STEPS_FIELD("All its steps, in their order: those that it has keep how far they are, others are put in, "
                "and what is not named is taken away."),
};
const struct schema path_patch_schema =
    SCHEMA("LearningPathPatch", struct path_body, patch_fields, .summary = "What is to change of a path.");

static const struct field step_patch_fields[] = {
    FIELD_TEXT(struct path_step_body, "title", title, .maximum = SYSTEM_TITLE_CHARACTERS,
               .summary = "What there is to do."),
    FIELD_ENUM(struct path_step_body, "activityType", activity_type, .names = activity_type_names,
               .flags = FIELD_NULLABLE, .presence = PRESENCE(struct path_step_body, activity_type_given),
               .summary = "What kind of activity completes it; null: it is one of its own."),
    FIELD_TEXT(struct path_step_body, "activityId", activity_id, .flags = FIELD_NULLABLE, .minimum = 1,
               .maximum = EVENT_ACTIVITY_CHARACTERS, .check = system_check_name,
               .presence = PRESENCE(struct path_step_body, activity_id_given), .summary = "Which one."),
    FIELD_LIST(struct path_step_body, "skills", skills, .item_kind = FIELD_KIND_TEXT,
               .maximum = PATH_SKILLS_MAX, .check = system_check_names,
               .presence = PRESENCE(struct path_step_body, skills_given),
               .summary = "What is learned by it."),
    FIELD_ENUM(struct path_step_body, "status", status, .names = path_step_status_names,
               .presence = PRESENCE(struct path_step_body, status_given),
               .summary = "How far it is. Completing it is an event; opening it again is none."),
    FIELD_TIME(struct path_step_body, "completedAt", completed_at_ms,
               .presence = PRESENCE(struct path_step_body, completed_at_given),
               .summary = "When it was completed; now, when not sent. At most offline.max_age_days ago."),
    FIELD_NUMBER(struct path_step_body, "difficultyRating", difficulty_rating, .minimum = 0, .maximum = 10,
                 .presence = PRESENCE(struct path_step_body, difficulty_given),
                 .summary = "How hard the learner found it: goes with its event."),
};
const struct schema path_step_patch_schema = SCHEMA("PathStepPatch", struct path_step_body, step_patch_fields,
                                                    .summary = "What is to change of a step.");

static const struct field reply_fields[] = {
    FIELD_BOOL(struct path_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_OBJECT(struct path_reply, "path", path, .object = &path_schema, .flags = FIELD_REQUIRED,
                 .summary = "The path as it is now."),
    FIELD_UINT(struct path_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision."),
    SYSTEM_OUTCOME_FIELDS(struct path_reply, outcome),
};
const struct schema path_reply_schema = SCHEMA("LearningPathReply", struct path_reply, reply_fields,
                                               .summary = "A learning path that was made or changed.");

static const struct field step_reply_fields[] = {
    FIELD_BOOL(struct path_step_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_TEXT(struct path_step_reply, "pathId", path_id, .flags = FIELD_REQUIRED, .summary = "Its path."),
    FIELD_OBJECT(struct path_step_reply, "step", step, .object = &path_step_schema, .flags = FIELD_REQUIRED,
                 .summary = "The step as it is now."),
    FIELD_OBJECT(struct path_step_reply, "progress", progress, .object = &progress_schema,
                 .flags = FIELD_REQUIRED, .summary = "How far the learner is on the path."),
    FIELD_UINT(struct path_step_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision."),
    SYSTEM_OUTCOME_FIELDS(struct path_step_reply, outcome),
};
const struct schema path_step_reply_schema =
    SCHEMA("PathStepReply", struct path_step_reply, step_reply_fields, .summary = "A step that was changed.");

static const struct field query_fields[] = {
    FIELD_ENUM(struct path_query, "status", status, .names = path_status_names,
               .presence = PRESENCE(struct path_query, status_given), .summary = "Only those."),
    FIELD_UINT(struct path_query, "limit", limit, .minimum = 1, .maximum = PATHS_MAX, .default_text = "200",
               .summary = "At most so many."),
    FIELD_TEXT(struct path_query, "after", after, .maximum = SYSTEM_PLACE_BYTES - 1,
               .summary = "Go on after this place: the nextAfter of the page before."),
};
const struct schema path_query_schema =
    SCHEMA("LearningPathQuery", struct path_query, query_fields, .summary = "Which learning paths.");

static const struct field page_fields[] = {
    FIELD_LIST(struct path_page, "learningPaths", paths, .object = &path_schema, .flags = FIELD_REQUIRED,
               .maximum = PATHS_MAX, .summary = "In the order in which they were made."),
    FIELD_TEXT(struct path_page, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Where the next page goes on; null at the end."),
};
const struct schema path_page_schema =
    SCHEMA("LearningPaths", struct path_page, page_fields, .summary = "Learning paths of the learner.");
