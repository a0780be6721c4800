#include "learner/document.h"
#include "learner/statistics.h"

#include "base/banned.h"

static const struct field query_fields[] = {
    FIELD_UINT(struct statistics_query, "days", days, .minimum = 1, .maximum = STATISTICS_DAYS_MAX,
               .default_text = "30", .summary = "How many days to list, up to today."),
};
const struct schema statistics_query_schema =
    SCHEMA("StatisticsQuery", struct statistics_query, query_fields, .summary = "What to tell of the days.");

/* `prefix`: where the totals stand in the structure. */
#define TOTALS_ROWS(structure, prefix) \
  FIELD_INT(structure, "questionsAnswered", prefix questions_answered, .flags = FIELD_REQUIRED, \
            .summary = "Questions answered."), \
      FIELD_INT(structure, "correctAnswers", prefix correct_answers, .flags = FIELD_REQUIRED, \
                .summary = "Of them, correctly."), \
      FIELD_INT(structure, "tokens", prefix tokens, .flags = FIELD_REQUIRED, .summary = "Tokens earned."), \
      FIELD_NUMBER(structure, "accuracy", prefix accuracy, .flags = FIELD_REQUIRED, \
                   .summary = "Correct ones in percent, two decimals.")

static const struct field totals_fields[] = {TOTALS_ROWS(struct statistics_totals, )};
static const struct schema totals_schema =
    SCHEMA("StatisticsTotals", struct statistics_totals, totals_fields, .summary = "What was practised.");

static const struct field module_fields[] = {
    FIELD_TEXT(struct statistics_module, "module", module, .flags = FIELD_REQUIRED, .summary = "The module."),
    FIELD_TEXT(struct statistics_module, "label", label, .flags = FIELD_REQUIRED, .summary = "Its name."),
    TOTALS_ROWS(struct statistics_module, totals.),
};
static const struct schema module_schema =
    SCHEMA("StatisticsModule", struct statistics_module, module_fields, .summary = "One module.");

static const struct field day_fields[] = {
    FIELD_DAY(struct statistics_day, "date", date, .flags = FIELD_REQUIRED,
              .summary = "The day, on the learner's calendar."),
    TOTALS_ROWS(struct statistics_day, totals.),
};
static const struct schema day_schema =
    SCHEMA("StatisticsDay", struct statistics_day, day_fields, .summary = "One day.");

static const struct field sessions_fields[] = {
    FIELD_UINT(struct statistics_sessions, "total", sessions, .flags = FIELD_REQUIRED,
               .summary = "Practice sessions started."),
    FIELD_UINT(struct statistics_sessions, "ended", ended, .flags = FIELD_REQUIRED,
               .summary = "Of them, ended."),
    FIELD_UINT(struct statistics_sessions, "totalExercises", total_exercises, .flags = FIELD_REQUIRED,
               .summary = "Answers that named a session."),
    FIELD_UINT(struct statistics_sessions, "correctAnswers", correct_answers, .flags = FIELD_REQUIRED,
               .summary = "Of them, correct ones."),
};
static const struct schema sessions_schema = SCHEMA("StatisticsSessions", struct statistics_sessions,
                                                    sessions_fields, .summary = "The practice sessions.");

#define STREAK_ROWS \
  FIELD_INT(struct statistics_streak, "current", current, .flags = FIELD_REQUIRED, \
            .summary = "Days in a row up to today or yesterday."), \
      FIELD_INT(struct statistics_streak, "longest", longest, .flags = FIELD_REQUIRED, \
                .summary = "The longest run ever."), \
      FIELD_DAY(struct statistics_streak, "lastPracticeDate", last_practice_date, \
                .flags = FIELD_REQUIRED | FIELD_NULLABLE, \
                .presence = PRESENCE(struct statistics_streak, last_practice_date_given), \
                .summary = "The last day practised, on the learner's calendar."), \
      FIELD_BOOL(struct statistics_streak, "practicedToday", practiced_today, .flags = FIELD_REQUIRED, \
                 .summary = "Whether today counts already."), \
      FIELD_UINT(struct statistics_streak, "days", days, .flags = FIELD_REQUIRED, \
                 .summary = "Days on which it was practised.")

static const struct field streak_fields[] = {STREAK_ROWS};
static const struct schema streak_schema =
    SCHEMA("StatisticsStreak", struct statistics_streak, streak_fields, .summary = "Days in a row.");

static const struct field activity_fields[] = {
    FIELD_TEXT(struct statistics_streak, "activity", activity, .flags = FIELD_REQUIRED,
               .summary = "What was practised: answer, session or event.", .example = "\"answer\""),
    STREAK_ROWS,
};
static const struct schema activity_schema = SCHEMA(
    "ActivityStreak", struct statistics_streak, activity_fields, .summary = "Days in a row of one activity.");

static const struct field reply_fields[] = {
    FIELD_OBJECT(struct statistics_reply, "totals", totals, .object = &totals_schema, .flags = FIELD_REQUIRED,
                 .summary = "All days together."),
    FIELD_LIST(struct statistics_reply, "modules", modules, .object = &module_schema, .flags = FIELD_REQUIRED,
               .maximum = DOCUMENT_MODULES_MAX, .summary = "All days, by module."),
    FIELD_LIST(struct statistics_reply, "days", days, .object = &day_schema, .flags = FIELD_REQUIRED,
               .maximum = STATISTICS_DAYS_MAX, .summary = "Day by day, oldest first, today last."),
    FIELD_OBJECT(struct statistics_reply, "bestDay", best_day, .object = &day_schema,
                 .flags = FIELD_REQUIRED | FIELD_NULLABLE,
                 .presence = PRESENCE(struct statistics_reply, best_day_given),
                 .summary =
                     "The day with the most correct answers (then tokens) of all; null: there is none."),
    FIELD_OBJECT(struct statistics_reply, "sessions", sessions, .object = &sessions_schema,
                 .flags = FIELD_REQUIRED, .summary = "The practice sessions."),
    FIELD_OBJECT(struct statistics_reply, "streak", streak, .object = &streak_schema, .flags = FIELD_REQUIRED,
                 .summary = "Days in a row, whatever was practised."),
    FIELD_LIST(struct statistics_reply, "streaks", streaks, .object = &activity_schema,
               .flags = FIELD_REQUIRED, .maximum = 100, .summary = "The same, by activity."),
};
const struct schema statistics_reply_schema =
    SCHEMA("Statistics", struct statistics_reply, reply_fields, .summary = "What the learner practised.");
