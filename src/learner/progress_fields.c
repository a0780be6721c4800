#include "learner/document.h"
#include "learner/progress.h"

#include "base/banned.h"

static const struct field entry_fields[] = {
    FIELD_TEXT(struct progress_entry, "category", category, .flags = FIELD_REQUIRED,
               .summary = "overall, or the module's key."),
    FIELD_TEXT(struct progress_entry, "label", label, .flags = FIELD_REQUIRED,
               .summary = "A name for people."),
    FIELD_INT(struct progress_entry, "score", score, .flags = FIELD_REQUIRED, .summary = "Tokens."),
    FIELD_NUMBER(struct progress_entry, "completion", completion, .flags = FIELD_REQUIRED,
                 .summary = "Percent of the goal, at most 100."),
    FIELD_INT(struct progress_entry, "questionsAnswered", questions_answered, .flags = FIELD_REQUIRED,
              .summary = "Questions answered."),
    FIELD_INT(struct progress_entry, "correctAnswers", correct_answers, .flags = FIELD_REQUIRED,
              .summary = "Of them, correctly."),
    FIELD_NUMBER(struct progress_entry, "accuracy", accuracy, .flags = FIELD_REQUIRED, .summary = "Percent."),
    FIELD_JSON(struct progress_entry, "moduleData", module_data, .flags = FIELD_REQUIRED,
               .summary = "What is stored, under its stored names."),
};
static const struct schema entry_schema =
    SCHEMA("ProgressEntry", struct progress_entry, entry_fields, .summary = "The whole, or one module.");

static const struct field stats_fields[] = {
    FIELD_INT(struct progress_stats, "totalTokens", total_tokens, .flags = FIELD_REQUIRED,
              .summary = "Tokens."),
    FIELD_INT(struct progress_stats, "totalQuestions", total_questions, .flags = FIELD_REQUIRED,
              .summary = "Questions answered."),
    FIELD_INT(struct progress_stats, "totalCorrect", total_correct, .flags = FIELD_REQUIRED,
              .summary = "Of them, correctly."),
    FIELD_NUMBER(struct progress_stats, "accuracy", accuracy, .flags = FIELD_REQUIRED, .summary = "Percent."),
    FIELD_NUMBER(struct progress_stats, "tokenPercentile", token_percentile, .flags = FIELD_REQUIRED,
                 .summary = "Share of learners with strictly fewer tokens, in percent."),
    FIELD_NUMBER(struct progress_stats, "accuracyPercentile", accuracy_percentile, .flags = FIELD_REQUIRED,
                 .summary = "Share of learners with strictly lower accuracy, in percent."),
    FIELD_TIME(struct progress_stats, "percentilesAsOf", percentiles_as_of_ms,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct progress_stats, percentiles_as_of_given),
               .summary = "When the percentiles were counted; null: never yet."),
    FIELD_BOOL(struct progress_stats, "synced", synced, .flags = FIELD_REQUIRED,
               .summary = "Every place that keeps a total agreed when this was read."),
    FIELD_TEXT(struct progress_stats, "lastSync", last_sync, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "When a repair last set them; null: never needed."),
};
static const struct schema stats_schema =
    SCHEMA("ProgressStats", struct progress_stats, stats_fields,
           .summary = "The totals and where they stand among all learners.");

static const struct field streak_fields[] = {
    FIELD_INT(struct progress_streak, "current", current, .flags = FIELD_REQUIRED,
              .summary = "Days in a row up to today or yesterday."),
    FIELD_INT(struct progress_streak, "longest", longest, .flags = FIELD_REQUIRED,
              .summary = "The longest run ever."),
    FIELD_DAY(struct progress_streak, "lastPracticeDate", last_practice_date,
              .flags = FIELD_REQUIRED | FIELD_NULLABLE,
              .presence = PRESENCE(struct progress_streak, last_practice_date_given),
              .summary = "The last day practised, on the learner's calendar."),
    FIELD_BOOL(struct progress_streak, "practicedToday", practiced_today, .flags = FIELD_REQUIRED,
               .summary = "Whether today counts already."),
    FIELD_LIST(struct progress_streak, "practiceDates", practice_dates, .item_kind = FIELD_KIND_DAY,
               .flags = FIELD_REQUIRED, .maximum = 40000, .summary = "Every day practised, oldest first."),
};
static const struct schema streak_schema = SCHEMA("ProgressStreak", struct progress_streak, streak_fields,
                                                  .summary = "The learner's streak and every day practised.");

static const struct field reply_fields[] = {
    FIELD_LIST(struct progress_reply, "progress", progress, .object = &entry_schema, .flags = FIELD_REQUIRED,
               .maximum = DOCUMENT_MODULES_MAX + 1, .summary = "First the whole, then the modules."),
    FIELD_OBJECT(struct progress_reply, "globalStats", stats, .object = &stats_schema,
                 .flags = FIELD_REQUIRED, .summary = "The totals and where they stand among all learners."),
    FIELD_OBJECT(struct progress_reply, "streak", streak, .object = &streak_schema, .flags = FIELD_REQUIRED,
                 .summary = "The learner's streak today."),
};
const struct schema progress_reply_schema =
    SCHEMA("Progress", struct progress_reply, reply_fields,
           .summary = "Everything the progress page shows, as of one moment.");
