#include "event/patterns.h"

#include "base/banned.h"

#define TEXT_OF(value) #value
#define NUMBER(value) TEXT_OF(value)

static const char *const pattern_names[] = {
    "time_of_day", "weekday_rhythm", "session_length", "consistency", "strongest_and_weakest_module", NULL};

const char *const pattern_thresholds[PATTERNS] = {
    [PATTERN_TIME_OF_DAY] = "{\"share\":" NUMBER(PATTERN_PART_SHARE) ",\"activities\":" NUMBER(
        PATTERN_PART_ACTIVITIES) ",\"days\":" NUMBER(PATTERN_PART_DAYS) "}",
    [PATTERN_WEEKDAY_RHYTHM] =
        "{\"unevenness\":" NUMBER(PATTERN_RHYTHM_UNEVENNESS) ",\"weeks\":" NUMBER(PATTERN_RHYTHM_WEEKS) "}",
    [PATTERN_SESSION_LENGTH] = "{\"spread\":" NUMBER(PATTERN_SESSION_SPREAD) ",\"sessions\":" NUMBER(
        PATTERN_SESSIONS) ",\"pauseMinutes\":" NUMBER(PATTERN_SESSION_PAUSE_MIN) "}",
    [PATTERN_CONSISTENCY] = "{\"days\":" NUMBER(PATTERN_CONSISTENT_DAYS) ",\"ofDays\":" NUMBER(
        PATTERN_CONSISTENT_OF) ",\"longestPause\":" NUMBER(PATTERN_CONSISTENT_PAUSE) "}",
    [PATTERN_MODULES] = "{\"difference\":" NUMBER(PATTERN_MODULE_DIFFERENCE) ",\"certainty\":" NUMBER(
        PATTERN_MODULE_CERTAINTY) ",\"questions\":" NUMBER(PATTERN_MODULE_QUESTIONS) "}",
};

/* What speaks for each; to be read by people, so they stand in no schema of their own in OpenAPI. */
static const struct field part_fields[] = {
    FIELD_ENUM(struct pattern_time_of_day, "part", part, .names = day_part_names, .flags = FIELD_REQUIRED,
               .summary = "The part of the day with the most completed activities."),
    FIELD_NUMBER(struct pattern_time_of_day, "share", share, .flags = FIELD_REQUIRED,
                 .summary = "Of all completed activities."),
    FIELD_UINT(struct pattern_time_of_day, "activities", activities, .flags = FIELD_REQUIRED,
               .summary = "Completed activities."),
    FIELD_UINT(struct pattern_time_of_day, "days", days, .flags = FIELD_REQUIRED,
               .summary = "On so many days."),
};

#define WEEKDAY(at, day) \
  { \
    .name = (day), .kind = FIELD_KIND_NUMBER, \
    .offset = offsetof(struct pattern_rhythm, shares) + (at) * sizeof(double), .flags = FIELD_REQUIRED, \
    .summary = "The share of weeks in which it was practised on." \
  }
static const struct field rhythm_fields[] = {
    FIELD_UINT(struct pattern_rhythm, "weeks", weeks, .flags = FIELD_REQUIRED, .summary = "Whole weeks."),
    FIELD_UINT(struct pattern_rhythm, "days", days, .flags = FIELD_REQUIRED, .summary = "Days of practice."),
    FIELD_NUMBER(struct pattern_rhythm, "unevenness", unevenness, .flags = FIELD_REQUIRED,
                 .summary = "Chi-square over the weekdays."),
    WEEKDAY(0, "monday"),
    WEEKDAY(1, "tuesday"),
    WEEKDAY(2, "wednesday"),
    WEEKDAY(3, "thursday"),
    WEEKDAY(4, "friday"),
    WEEKDAY(5, "saturday"),
    WEEKDAY(6, "sunday"),
};

static const struct field session_fields[] = {
    FIELD_UINT(struct pattern_session_length, "sessions", sessions, .flags = FIELD_REQUIRED,
               .summary = "Sessions of a minute at least."),
    FIELD_NUMBER(struct pattern_session_length, "medianMinutes", median, .flags = FIELD_REQUIRED,
                 .summary = "Half of them are shorter."),
    FIELD_NUMBER(struct pattern_session_length, "lowerQuartile", lower, .flags = FIELD_REQUIRED,
                 .summary = "A quarter is shorter."),
    FIELD_NUMBER(struct pattern_session_length, "upperQuartile", upper, .flags = FIELD_REQUIRED,
                 .summary = "A quarter is longer."),
};

static const struct field consistency_fields[] = {
    FIELD_UINT(struct pattern_consistency, "days", days, .flags = FIELD_REQUIRED,
               .summary = "Days of practice."),
    FIELD_UINT(struct pattern_consistency, "longestPause", longest_pause, .flags = FIELD_REQUIRED,
               .summary = "Days in a row without."),
};

static const struct field module_fields[] = {
    FIELD_TEXT(struct pattern_module, "module", module, .flags = FIELD_REQUIRED, .summary = "The module."),
    FIELD_UINT(struct pattern_module, "questions", questions, .flags = FIELD_REQUIRED,
               .summary = "Questions answered."),
    FIELD_NUMBER(struct pattern_module, "accuracy", accuracy, .flags = FIELD_REQUIRED,
                 .summary = "Correct ones in percent."),
};
static const struct schema module_schema =
    SCHEMA("PatternModule", struct pattern_module, module_fields, .summary = "A module in figures.");

static const struct field modules_fields[] = {
    FIELD_UINT(struct pattern_modules, "modules", modules, .flags = FIELD_REQUIRED,
               .summary = "Modules with enough questions."),
    FIELD_OBJECT(struct pattern_modules, "strongest", strongest, .object = &module_schema,
                 .flags = FIELD_REQUIRED | FIELD_NULLABLE,
                 .presence = PRESENCE(struct pattern_modules, compared),
                 .summary = "The one with the highest accuracy."),
    FIELD_OBJECT(struct pattern_modules, "weakest", weakest, .object = &module_schema,
                 .flags = FIELD_REQUIRED | FIELD_NULLABLE,
                 .presence = PRESENCE(struct pattern_modules, compared),
                 .summary = "The one with the lowest."),
    FIELD_NUMBER(struct pattern_modules, "difference", difference, .flags = FIELD_REQUIRED,
                 .summary = "Points of accuracy."),
    FIELD_NUMBER(struct pattern_modules, "certainty", certainty, .flags = FIELD_REQUIRED,
                 .summary = "Standard errors of the difference."),
};

const struct schema pattern_evidence_schemas[PATTERNS] = {
    [PATTERN_TIME_OF_DAY] =
        SCHEMA("PatternTimeOfDay", struct pattern_time_of_day, part_fields, .summary = ""),
    [PATTERN_WEEKDAY_RHYTHM] = SCHEMA("PatternRhythm", struct pattern_rhythm, rhythm_fields, .summary = ""),
    [PATTERN_SESSION_LENGTH] =
        SCHEMA("PatternSessionLength", struct pattern_session_length, session_fields, .summary = ""),
    [PATTERN_CONSISTENCY] =
        SCHEMA("PatternConsistency", struct pattern_consistency, consistency_fields, .summary = ""),
    [PATTERN_MODULES] = SCHEMA("PatternModules", struct pattern_modules, modules_fields, .summary = ""),
};

static const struct field view_fields[] = {
    FIELD_ENUM(struct pattern_view, "pattern", pattern, .names = pattern_names, .flags = FIELD_REQUIRED,
               .summary = "Which."),
    FIELD_BOOL(struct pattern_view, "found", found, .flags = FIELD_REQUIRED,
               .summary = "Whether the learner has it."),
    FIELD_TEXT(struct pattern_view, "summary", summary, .flags = FIELD_REQUIRED, .summary = "In a sentence."),
    FIELD_JSON(struct pattern_view, "threshold", threshold, .flags = FIELD_REQUIRED,
               .summary = "How much is asked for.",
               .example = "{\"share\": 0.5, \"activities\": 30, \"days\": 10}"),
    FIELD_JSON(struct pattern_view, "evidence", evidence, .flags = FIELD_REQUIRED,
               .summary = "How much there is.",
               .example = "{\"part\": \"evening\", \"share\": 0.62, \"activities\": 48, \"days\": 20}"),
};
static const struct schema view_schema = SCHEMA("LearningPattern", struct pattern_view, view_fields,
                                                .summary = "A habit that a learner may have.");

static const struct field query_fields[] = {INSIGHTS_QUERY_FIELDS("twelve weeks")};
const struct schema patterns_query_schema =
    SCHEMA("PatternsQuery", struct insights_query, query_fields, .summary = "Of which days.");

static const struct field reply_fields[] = {
    FIELD_DAY(struct patterns_reply, "from", from, .flags = FIELD_REQUIRED,
              .summary = "The first day looked at."),
    FIELD_DAY(struct patterns_reply, "to", to, .flags = FIELD_REQUIRED, .summary = "The last."),
    FIELD_LIST(struct patterns_reply, "patterns", patterns, .object = &view_schema, .flags = FIELD_REQUIRED,
               .maximum = PATTERNS, .summary = "All five, found or not."),
};
const struct schema patterns_reply_schema =
    SCHEMA("LearningPatterns", struct patterns_reply, reply_fields, .summary = "The learner's habits.");
