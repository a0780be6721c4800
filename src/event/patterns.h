/* GET /api/progress-sync/patterns: five habits that a learner may have, each held to a threshold that chance
 * alone hardly reaches, and shown with what speaks for it (docs/insights.md). The judgements are pure. */
#ifndef LOCKSTEP_EVENT_PATTERNS_H
#define LOCKSTEP_EVENT_PATTERNS_H

#include "event/insights.h"

#define PATTERN_DAYS 84          /* looked at where the query says nothing: twelve weeks, today included */
#define PATTERN_MOMENTS_MAX 5000 /* of events, the latest; sessions are made of them */
#define PATTERN_MODULES_MAX 1000

/* The thresholds. */
#define PATTERN_PART_SHARE 0.5         /* of the completed activities, in one part of the day */
#define PATTERN_PART_ACTIVITIES 30     /* at least so many */
#define PATTERN_PART_DAYS 10           /* on so many days */
#define PATTERN_RHYTHM_UNEVENNESS 22.5 /* chi-square over seven weekdays: by chance once in a thousand */
#define PATTERN_RHYTHM_WEEKS 8         /* whole weeks since the first day of practice */
#define PATTERN_SESSION_PAUSE_MIN 30   /* a longer one ends a session */
#define PATTERN_SESSIONS 10            /* of a minute at least */
#define PATTERN_SESSION_SPREAD 0.5     /* between the quartiles, of the median */
#define PATTERN_CONSISTENT_OF 28       /* days, the last ones */
#define PATTERN_CONSISTENT_DAYS 20     /* practised, of those */
#define PATTERN_CONSISTENT_PAUSE 3     /* the longest in between */
#define PATTERN_MODULE_QUESTIONS 20    /* in each of two modules */
#define PATTERN_MODULE_DIFFERENCE 15.0 /* points of accuracy */
#define PATTERN_MODULE_CERTAINTY 3.3   /* standard errors: by chance once in a thousand */

enum pattern_kind {
  PATTERN_TIME_OF_DAY,
  PATTERN_WEEKDAY_RHYTHM,
  PATTERN_SESSION_LENGTH,
  PATTERN_CONSISTENCY,
  PATTERN_MODULES
};
#define PATTERNS 5

/* --- Judgements --------------------------------------------------------------------------------------- */

enum day_part { PART_NIGHT, PART_MORNING, PART_AFTERNOON, PART_EVENING }; /* six hours each, from midnight */
#define DAY_PARTS 4
extern const char *const day_part_names[]; /* NULL-terminated */

struct pattern_time_of_day {
  bool found;
  int part; /* enum day_part: the one with the most */
  double share;
  uint64_t activities;
  uint64_t days;
};
/* `by_hour`: completed activities, of 24 hours; `days`: on so many days. */
struct pattern_time_of_day pattern_time_of_day(const uint64_t *by_hour, uint64_t days);

struct pattern_rhythm {
  bool found;
  uint64_t weeks;
  uint64_t days;                    /* practised, of those weeks */
  double unevenness;                /* chi-square */
  double shares[INSIGHTS_WEEKDAYS]; /* of the weeks, from Monday */
};
/* `days`: of practice, ascending, distinct, up to `last`. */
struct pattern_rhythm pattern_rhythm(const int32_t *days, size_t count, int32_t last);

struct pattern_moment {
  int64_t at_ms; /* when it ended */
  double minutes;
};
struct pattern_session_length {
  bool found;
  uint64_t sessions;
  double median; /* minutes */
  double lower;  /* quartiles */
  double upper;
};
/* `moments` ascending. `lengths`: room for as many. */
struct pattern_session_length pattern_session_length(const struct pattern_moment *moments, size_t count,
                                                     double *lengths);

struct pattern_consistency {
  bool found;
  uint64_t days;
  uint64_t longest_pause; /* days */
};
/* As for pattern_rhythm. */
struct pattern_consistency pattern_consistency(const int32_t *days, size_t count, int32_t last);

struct pattern_module {
  const char *module;
  uint64_t questions;
  double accuracy; /* percent, two decimals */
  uint64_t correct;
};
struct pattern_modules {
  bool found;
  uint64_t modules; /* with enough questions */
  struct pattern_module strongest;
  struct pattern_module weakest;
  enum presence compared; /* there are two */
  double difference;      /* points */
  double certainty;       /* standard errors of the difference */
};
/* Those with enough questions. */
struct pattern_modules pattern_modules(const struct pattern_module *modules, size_t count);

/* --- As they are shown -------------------------------------------------------------------------------- */

struct pattern_view {
  int pattern; /* enum pattern_kind */
  bool found;
  const char *summary;   /* a sentence */
  const char *threshold; /* JSON objects */
  const char *evidence;
};
struct patterns_reply {
  int32_t from;
  int32_t to;
  struct field_list patterns; /* struct pattern_view, all five */
};
extern const struct schema patterns_query_schema; /* struct insights_query */
extern const struct schema patterns_reply_schema;
extern const struct schema pattern_evidence_schemas[PATTERNS]; /* of the structs above */
extern const char *const pattern_thresholds[PATTERNS];         /* JSON */

/* Reads within the snapshot that `db` has open. */
bool patterns_read(struct db *db, const struct insights_query *query, uint64_t user_id,
                   const struct insights_where *where, struct arena *arena, struct error *error,
                   struct patterns_reply *ret_reply) WARN_UNUSED;

#endif
