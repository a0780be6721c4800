#include "event/insights.h"

#include "base/banned.h"

static const char *const direction_names[] = {"steady", "rising", "falling", NULL};
const char *const insights_weekday_names[] = {"monday", "tuesday",  "wednesday", "thursday",
                                              "friday", "saturday", "sunday",    NULL};

static const struct field query_fields[] = {INSIGHTS_QUERY_FIELDS("30 days")};
const struct schema insights_query_schema =
    SCHEMA("InsightsQuery", struct insights_query, query_fields, .summary = "Of which days.");

/* Of a struct that begins with, or holds, insights_sums as `at`. */
#define SUMS(s, at) \
  FIELD_UINT(s, "activities", at.activities, .flags = FIELD_REQUIRED, \
             .summary = "Activities that something was told of."), \
      FIELD_UINT(s, "completed", at.completed, .flags = FIELD_REQUIRED, \
                 .summary = "Activities completed for the first time."), \
      FIELD_NUMBER(s, "completionRate", at.completion_rate, .flags = FIELD_REQUIRED, \
                   .summary = "Completed of all, in percent, two decimals."), \
      FIELD_NUMBER(s, "timeSpent", at.time_spent, .flags = FIELD_REQUIRED, .summary = "Minutes.")

static const struct field type_fields[] = {
    FIELD_ENUM(struct insights_type, "activityType", activity_type, .names = activity_type_names,
               .flags = FIELD_REQUIRED, .summary = "The type."),
    SUMS(struct insights_type, sums),
    FIELD_UINT(struct insights_type, "days", days, .flags = FIELD_REQUIRED,
               .summary = "Days with one of them."),
};
static const struct schema type_schema =
    SCHEMA("InsightsActivity", struct insights_type, type_fields, .summary = "The activities of one type.");

static const struct field trend_fields[] = {
    FIELD_ENUM(
        struct insights_trend, "direction", direction, .names = direction_names, .flags = FIELD_REQUIRED,
        .summary = "rising or falling by more than a tenth of the time spent before, or of the activities "
                   "completed where no time was told; steady in between."),
    FIELD_DAY(struct insights_trend, "from", from, .flags = FIELD_REQUIRED,
              .summary = "The first day of the period before, of the same length."),
    FIELD_DAY(struct insights_trend, "to", to, .flags = FIELD_REQUIRED, .summary = "Its last day."),
    SUMS(struct insights_trend, before),
    FIELD_NUMBER(struct insights_trend, "timeSpentChange", time_change,
                 .flags = FIELD_REQUIRED | FIELD_NULLABLE,
                 .presence = PRESENCE(struct insights_trend, time_change_given),
                 .summary = "In percent of the time before; null where there was none."),
    FIELD_NUMBER(struct insights_trend, "completedChange", completed_change,
                 .flags = FIELD_REQUIRED | FIELD_NULLABLE,
                 .presence = PRESENCE(struct insights_trend, completed_change_given),
                 .summary = "In percent of what was completed before; null where nothing was."),
};
static const struct schema trend_schema = SCHEMA("InsightsTrend", struct insights_trend, trend_fields,
                                                 .summary = "The period before, and how this one compares.");

static const struct field weekday_fields[] = {
    FIELD_ENUM(struct insights_weekday, "weekday", weekday, .names = insights_weekday_names,
               .flags = FIELD_REQUIRED, .summary = "The day of the week."),
    FIELD_NUMBER(struct insights_weekday, "timeSpent", time_spent, .flags = FIELD_REQUIRED,
                 .summary = "Minutes, on all such days."),
    FIELD_UINT(struct insights_weekday, "days", days, .flags = FIELD_REQUIRED,
               .summary = "So many such days with an activity."),
};
static const struct schema weekday_schema = SCHEMA(
    "InsightsWeekday", struct insights_weekday, weekday_fields,
    .summary = "The day of the week with the most time, or the most activities where no time was told.");

static const struct field hour_fields[] = {
    FIELD_UINT(struct insights_hour, "hour", hour, .flags = FIELD_REQUIRED, .maximum = 23,
               .summary = "The hour of the learner's clock, 0 to 23."),
    FIELD_UINT(struct insights_hour, "completed", completed, .flags = FIELD_REQUIRED,
               .summary = "Activities completed in it."),
};
static const struct schema hour_schema = SCHEMA("InsightsHour", struct insights_hour, hour_fields,
                                                .summary = "The hour with the most completed activities.");

static const struct field reply_fields[] = {
    FIELD_DAY(struct insights_reply, "from", from, .flags = FIELD_REQUIRED, .summary = "The first day."),
    FIELD_DAY(struct insights_reply, "to", to, .flags = FIELD_REQUIRED, .summary = "The last day."),
    SUMS(struct insights_reply, sums),
    FIELD_OBJECT(struct insights_reply, "trend", trend, .object = &trend_schema, .flags = FIELD_REQUIRED,
                 .summary = "The period of the same length before."),
    FIELD_OBJECT(struct insights_reply, "bestWeekday", best_weekday, .object = &weekday_schema,
                 .flags = FIELD_REQUIRED | FIELD_NULLABLE,
                 .presence = PRESENCE(struct insights_reply, best_weekday_given),
                 .summary = "The best day of the week; null where nothing was told."),
    FIELD_OBJECT(struct insights_reply, "bestHour", best_hour, .object = &hour_schema,
                 .flags = FIELD_REQUIRED | FIELD_NULLABLE,
                 .presence = PRESENCE(struct insights_reply, best_hour_given),
                 .summary = "The best hour of the day; null where nothing was completed."),
    FIELD_LIST(struct insights_reply, "perActivity", types, .object = &type_schema, .flags = FIELD_REQUIRED,
               .maximum = ACTIVITY_TYPES, .summary = "By type, those that something was told of."),
};
const struct schema insights_reply_schema =
    SCHEMA("ProgressInsights", struct insights_reply, reply_fields, .summary = "What some weeks add up to.");
