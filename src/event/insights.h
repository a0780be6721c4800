/* GET /api/progress-sync/insights: what a learner's activities of some weeks add up to, and how that compares
 * with as many days before (docs/insights.md). Read out of the days and the completed activities of the span,
 * by the learner's own calendar. */
#ifndef LOCKSTEP_EVENT_INSIGHTS_H
#define LOCKSTEP_EVENT_INSIGHTS_H

#include "base/zone.h"
#include "event/event.h"

#define INSIGHTS_DAYS 30             /* where the query says nothing */
#define INSIGHTS_DAYS_MAX 366        /* of a span */
#define INSIGHTS_STEADY_PERCENT 10.0 /* a change of no more is none */
#define INSIGHTS_HOURS 24
#define INSIGHTS_WEEKDAYS 7

struct insights_query {
  int32_t from;
  enum presence from_given;
  int32_t to;
  enum presence to_given;
};
/* Its fields; `span`: how many days it is where the query does not say from when on, in words. */
#define INSIGHTS_QUERY_FIELDS(span) \
  FIELD_DAY(struct insights_query, "from", from, .presence = PRESENCE(struct insights_query, from_given), \
            .summary = \
                "The first day, of the learner's calendar; absent: " span ", the last day included."), \
      FIELD_DAY(struct insights_query, "to", to, .presence = PRESENCE(struct insights_query, to_given), \
                .summary = "The last day; absent: today.")
/* The days that are asked for, of the learner's calendar, both included. */
struct insights_span {
  int32_t from;
  int32_t to;
};
/* `days`: up to today, or up to `to`, where the query does not say from when on. */
bool insights_span_of(const struct insights_query *query, int32_t today, int32_t days, struct error *error,
                      struct insights_span *ret_span) WARN_UNUSED;

enum insights_direction { INSIGHTS_STEADY, INSIGHTS_RISING, INSIGHTS_FALLING };

/* A span's sums; of all activities, or of one type's. */
struct insights_sums {
  uint64_t activities; /* that something was told of */
  uint64_t completed;  /* for the first time */
  double completion_rate;
  double time_spent; /* minutes */
};
struct insights_type {
  int activity_type; /* enum activity_type */
  struct insights_sums sums;
  uint64_t days;
};
struct insights_trend {
  int direction; /* enum insights_direction */
  int32_t from;  /* the period before */
  int32_t to;
  struct insights_sums before;
  double time_change; /* percent */
  enum presence time_change_given;
  double completed_change; /* percent */
  enum presence completed_change_given;
};
struct insights_weekday {
  int weekday; /* 0: Monday */
  double time_spent;
  uint64_t days;
};
struct insights_hour {
  uint64_t hour; /* 0 to 23 */
  uint64_t completed;
};
struct insights_reply {
  int32_t from;
  int32_t to;
  struct insights_sums sums;
  struct insights_trend trend;
  struct insights_weekday best_weekday;
  enum presence best_weekday_given;
  struct insights_hour best_hour;
  enum presence best_hour_given;
  struct field_list types; /* struct insights_type, those that something was told of */
};
extern const struct schema insights_query_schema;
extern const struct schema insights_reply_schema;
extern const char *const insights_weekday_names[]; /* NULL-terminated; from Monday */

/* Whose clock and calendar. */
struct insights_where {
  struct zone_cache *zones;
  const char *time_zone;
  int32_t today;
};

/* Reads within the snapshot that `db` has open. ERROR_UNPROCESSABLE: it ends before it begins, or is longer
 * than INSIGHTS_DAYS_MAX. */
bool insights_read(struct db *db, const struct insights_query *query, uint64_t user_id,
                   const struct insights_where *where, struct arena *arena, struct error *error,
                   struct insights_reply *ret_reply) WARN_UNUSED;

/* As figures are shown. */
double insights_hundredths(double value);

/* The hour that the clock in the zone shows. */
int insights_hour_at(const struct insights_where *where, int64_t time_ms);

/* Up or down by more than INSIGHTS_STEADY_PERCENT: in time spent, or in completed activities where neither
 * period has any time. */
enum insights_direction insights_direction_of(const struct insights_sums *before,
                                              const struct insights_sums *now);

#endif
