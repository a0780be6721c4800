#include "event/insights.h"

#include <math.h>
#include <string.h>

#include "learner/progress.h"
#include "queries/insights.h"

#include "base/banned.h"

#define MS_PER_DAY INT64_C(86400000)
#define MS_PER_HOUR INT64_C(3600000)

/* The sums as they come together: of this period and the one before, by type. */
struct gathered {
  const struct insights_where *where;
  struct insights_type types[2][ACTIVITY_TYPES]; /* [is it now] */
  uint64_t by_hour[INSIGHTS_HOURS];              /* completed now */
};

/* The period, and the one before it. */
struct period {
  int32_t before;
  int32_t from;
  int32_t to;
};

static int type_named(const char *name) {
  int at = 0;
  while (activity_type_names[at + 1] != NULL && strcmp(activity_type_names[at], name) != 0)
    at++;
  return at;
}

double insights_hundredths(double value) { return round(value * 100) / 100; }

int insights_hour_at(const struct insights_where *where, int64_t time_ms) {
  int64_t local_ms = zone_local_ms(where->zones, where->time_zone, time_ms) % MS_PER_DAY;
  return (int)((local_ms < 0 ? local_ms + MS_PER_DAY : local_ms) / MS_PER_HOUR);
}

bool insights_span_of(const struct insights_query *query, int32_t today, int32_t days, struct error *error,
                      struct insights_span *ret_span) {
  int32_t to = query->to_given == PRESENCE_GIVEN ? query->to : today;
  int32_t from = query->from_given == PRESENCE_GIVEN ? query->from : to - days + 1;
  if (from > to) return error_add_field(error, ERROR_UNPROCESSABLE, "from", "must not lie behind to");
  if (to - from >= INSIGHTS_DAYS_MAX)
    return error_add_field(error, ERROR_UNPROCESSABLE, "from", "must lie less than %d days before to",
                           INSIGHTS_DAYS_MAX);
  *ret_span = (struct insights_span){.from = from, .to = to};
  return true;
}

static bool period_of(const struct insights_query *query, int32_t today, struct error *error,
                      struct period *ret_period) {
  struct insights_span span;
  if (!insights_span_of(query, today, INSIGHTS_DAYS, error, &span)) return false;
  *ret_period =
      (struct period){.before = span.from - (span.to - span.from + 1), .from = span.from, .to = span.to};
  return true;
}

static bool read_types(struct db *db, uint64_t user_id, const struct period *period, struct arena *arena,
                       struct error *error, struct gathered *gathered) {
  struct insights_types_params params = {
      .user_id = user_id, .before_day = period->before, .from_day = period->from, .to_day = period->to};
  struct insights_types_row *rows;
  size_t count;
  if (!insights_types(db, &params, arena, (size_t)2 * ACTIVITY_TYPES, error, &rows, &count)) return false;
  for (size_t at = 0; at < count; at++) {
    struct insights_type *type = &gathered->types[rows[at].is_now][type_named(rows[at].activity_type)];
    type->sums.activities = rows[at].activities;
    type->sums.time_spent = rows[at].time_spent;
    type->days = rows[at].days;
  }
  return true;
}

static bool take_completed(const struct insights_completed_row *row, void *context, struct error *error) {
  struct gathered *gathered = context;
  (void)error;
  gathered->types[row->is_now][type_named(row->activity_type)].sums.completed += row->completed;
  if (row->is_now) gathered->by_hour[insights_hour_at(gathered->where, row->completed_at)] += row->completed;
  return true;
}

static struct insights_sums sum_up(struct insights_type *types) {
  struct insights_sums sums = {.activities = 0};
  for (int type = 0; type < ACTIVITY_TYPES; type++) {
    struct insights_sums *one = &types[type].sums;
    one->completion_rate = progress_percent((int64_t)one->completed, (int64_t)one->activities);
    sums.activities += one->activities;
    sums.completed += one->completed;
    sums.time_spent += one->time_spent;
  }
  sums.time_spent = insights_hundredths(sums.time_spent);
  sums.completion_rate = progress_percent((int64_t)sums.completed, (int64_t)sums.activities);
  return sums;
}

static double change_percent(double before, double now) {
  return before > 0 ? insights_hundredths((now - before) / before * 100) : 0;
}

enum insights_direction insights_direction_of(const struct insights_sums *before,
                                              const struct insights_sums *now) {
  bool has_time = before->time_spent > 0 || now->time_spent > 0;
  double was = has_time ? before->time_spent : (double)before->completed;
  double is = has_time ? now->time_spent : (double)now->completed;
  double leeway = was * INSIGHTS_STEADY_PERCENT / 100;
  if (is > was + leeway) return INSIGHTS_RISING;
  return is < was - leeway ? INSIGHTS_FALLING : INSIGHTS_STEADY;
}

static struct insights_trend trend_of(const struct period *period, const struct insights_sums *before,
                                      const struct insights_sums *now) {
  return (struct insights_trend){
      .direction = insights_direction_of(before, now),
      .from = period->before,
      .to = period->from - 1,
      .before = *before,
      .time_change = change_percent(before->time_spent, now->time_spent),
      .time_change_given = before->time_spent > 0 ? PRESENCE_GIVEN : PRESENCE_NULL,
      .completed_change = change_percent((double)before->completed, (double)now->completed),
      .completed_change_given = before->completed > 0 ? PRESENCE_GIVEN : PRESENCE_NULL};
}

/* The weekday with the most time; where none has any, with the most activities; of several the first. */
static bool read_weekdays(struct db *db, uint64_t user_id, const struct period *period, struct arena *arena,
                          struct error *error, struct insights_reply *reply) {
  struct insights_weekdays_params params = {
      .user_id = user_id, .from_day = period->from, .to_day = period->to};
  struct insights_weekdays_row *rows;
  size_t count;
  size_t best = 0;
  if (!insights_weekdays(db, &params, arena, INSIGHTS_WEEKDAYS, error, &rows, &count)) return false;
  reply->best_weekday_given = count == 0 ? PRESENCE_NULL : PRESENCE_GIVEN;
  if (count == 0) return true;
  for (size_t at = 1; at < count; at++) {
    const struct insights_weekdays_row *row = &rows[at];
    const struct insights_weekdays_row *top = &rows[best];
    bool is_more = row->time_spent != top->time_spent   ? row->time_spent > top->time_spent
                   : row->activities != top->activities ? row->activities > top->activities
                                                        : row->weekday < top->weekday;
    if (is_more) best = at;
  }
  reply->best_weekday = (struct insights_weekday){
      .weekday = (int)rows[best].weekday, .time_spent = rows[best].time_spent, .days = rows[best].days};
  return true;
}

static void pick_hour(const uint64_t *by_hour, struct insights_reply *reply) {
  size_t best = 0;
  for (size_t hour = 1; hour < INSIGHTS_HOURS; hour++)
    if (by_hour[hour] > by_hour[best]) best = hour;
  reply->best_hour_given = by_hour[best] == 0 ? PRESENCE_NULL : PRESENCE_GIVEN;
  reply->best_hour = (struct insights_hour){.hour = best, .completed = by_hour[best]};
}

static bool list_types(const struct insights_type *types, struct arena *arena, struct error *error,
                       struct insights_reply *reply) {
  struct insights_type *list = arena_alloc_array(arena, ACTIVITY_TYPES, sizeof *list);
  if (list == NULL) return error_set_memory(error);
  reply->types.items = list;
  for (int type = 0; type < ACTIVITY_TYPES; type++) {
    if (types[type].sums.activities == 0) continue;
    list[reply->types.count] = types[type];
    list[reply->types.count++].activity_type = type;
  }
  return true;
}

bool insights_read(struct db *db, const struct insights_query *query, uint64_t user_id,
                   const struct insights_where *where, struct arena *arena, struct error *error,
                   struct insights_reply *ret_reply) {
  struct gathered gathered = {.where = where};
  struct insights_reply reply = {.types = {.count = 0}};
  struct period period = {.before = 0};
  if (!period_of(query, where->today, error, &period)) return false;
  struct insights_completed_params completed = {
      .user_id = user_id, .before_day = period.before, .from_day = period.from, .to_day = period.to};
  if (!read_types(db, user_id, &period, arena, error, &gathered) ||
      !insights_completed(db, &completed, arena, take_completed, &gathered, error) ||
      !read_weekdays(db, user_id, &period, arena, error, &reply))
    return false;
  struct insights_sums before = sum_up(gathered.types[false]);
  reply.from = period.from;
  reply.to = period.to;
  reply.sums = sum_up(gathered.types[true]);
  reply.trend = trend_of(&period, &before, &reply.sums);
  pick_hour(gathered.by_hour, &reply);
  if (!list_types(gathered.types[true], arena, error, &reply)) return false;
  *ret_reply = reply;
  return true;
}
