#include "event/patterns.h"

#include "learner/progress.h"
#include "queries/insights.h"
#include "schema/encode.h"

#include "base/banned.h"

#define MS_PER_DAY INT64_C(86400000)
#define EVIDENCE_BYTES_MAX ((size_t)8192)
#define NOT_FOUND "No such habit shows."

/* What is counted before anything is judged. */
struct counted {
  const struct insights_where *where;
  struct insights_span span;
  uint64_t by_hour[INSIGHTS_HOURS];
  bool is_active[INSIGHTS_DAYS_MAX]; /* something was completed on that day of the span */
  struct pattern_moment *moments;
  size_t moment_count;
};

static bool take_completed(const struct insights_completed_row *row, void *context, struct error *error) {
  struct counted *counted = context;
  int64_t local_ms = zone_local_ms(counted->where->zones, counted->where->time_zone, row->completed_at);
  int64_t day = local_ms / MS_PER_DAY - counted->span.from;
  (void)error;
  counted->by_hour[insights_hour_at(counted->where, row->completed_at)] += row->completed;
  if (day >= 0 && day < INSIGHTS_DAYS_MAX) counted->is_active[day] = true;
  return true;
}

static bool take_moment(const struct patterns_moments_row *row, void *context, struct error *error) {
  struct counted *counted = context;
  (void)error;
  /* They come latest first. */
  counted->moment_count++;
  counted->moments[PATTERN_MOMENTS_MAX - counted->moment_count] =
      (struct pattern_moment){.at_ms = row->happened_at, .minutes = row->time_spent};
  return true;
}

/* --- Each pattern: what is read, judged, and said ---------------------------------------------------------
 */

static bool show(enum pattern_kind kind, bool found, const char *summary, const void *evidence,
                 struct arena *arena, struct error *error, struct pattern_view *view) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(EVIDENCE_BYTES_MAX);
  schema_encode_json(&pattern_evidence_schemas[kind], evidence, &text);
  *view = (struct pattern_view){.pattern = (int)kind,
                                .found = found,
                                .summary = found ? summary : NOT_FOUND,
                                .threshold = pattern_thresholds[kind],
                                .evidence = text.failed ? NULL : arena_strdup(arena, buffer_text(&text))};
  return (view->evidence != NULL && view->summary != NULL) || error_set_memory(error);
}

static bool see_time_of_day(struct db *db, uint64_t user_id, struct counted *counted, struct arena *arena,
                            struct error *error, struct pattern_view *view) {
  const struct insights_span *span = &counted->span;
  struct insights_completed_params params = {
      .user_id = user_id, .before_day = span->from, .from_day = span->from, .to_day = span->to};
  uint64_t days = 0;
  if (!insights_completed(db, &params, arena, take_completed, counted, error)) return false;
  for (size_t at = 0; at < INSIGHTS_DAYS_MAX; at++)
    days += counted->is_active[at];
  struct pattern_time_of_day judged = pattern_time_of_day(counted->by_hour, days);
  judged.share = insights_hundredths(judged.share);
  static const char *const sentences[] = {
      "Most activities are completed at night.", "Most activities are completed in the morning.",
      "Most activities are completed in the afternoon.", "Most activities are completed in the evening."};
  return show(PATTERN_TIME_OF_DAY, judged.found, sentences[judged.part], &judged, arena, error, view);
}

/* No zone's day begins or ends more than a day off that of UTC. */
static bool see_sessions(struct db *db, uint64_t user_id, struct counted *counted, struct arena *arena,
                         struct error *error, struct pattern_view *view) {
  struct patterns_moments_params params = {.user_id = user_id,
                                           .since = (counted->span.from - 1) * MS_PER_DAY,
                                           .until = (counted->span.to + 2) * MS_PER_DAY,
                                           .from_day = counted->span.from,
                                           .to_day = counted->span.to,
                                           .limit_rows = PATTERN_MOMENTS_MAX};
  counted->moments = arena_alloc_array(arena, PATTERN_MOMENTS_MAX, sizeof *counted->moments);
  double *lengths = arena_alloc_array(arena, PATTERN_MOMENTS_MAX, sizeof *lengths);
  if (counted->moments == NULL || lengths == NULL) return error_set_memory(error);
  if (!patterns_moments(db, &params, arena, take_moment, counted, error)) return false;
  struct pattern_session_length judged = pattern_session_length(
      counted->moments + PATTERN_MOMENTS_MAX - counted->moment_count, counted->moment_count, lengths);
  judged.lower = insights_hundredths(judged.lower);
  judged.median = insights_hundredths(judged.median);
  judged.upper = insights_hundredths(judged.upper);
  const char *summary = arena_printf(arena, "Sessions mostly last about %.0f minutes.", judged.median);
  return show(PATTERN_SESSION_LENGTH, judged.found, summary, &judged, arena, error, view);
}

static bool see_days(struct db *db, uint64_t user_id, const struct counted *counted, struct arena *arena,
                     struct error *error, struct pattern_view *views) {
  int32_t last = counted->span.to;
  struct patterns_days_params params = {.user_id = user_id, .from_day = counted->span.from, .to_day = last};
  struct patterns_days_row *rows;
  size_t count;
  if (!patterns_days(db, &params, arena, INSIGHTS_DAYS_MAX, error, &rows, &count)) return false;
  int32_t *days = arena_alloc_array(arena, count + 1, sizeof *days);
  if (days == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    days[at] = rows[at].day;
  struct pattern_rhythm rhythm = pattern_rhythm(days, count, last);
  struct pattern_consistency consistency = pattern_consistency(days, count, last);
  int favourite = 0;
  for (int weekday = 0; weekday < INSIGHTS_WEEKDAYS; weekday++) {
    if (rhythm.shares[weekday] > rhythm.shares[favourite]) favourite = weekday;
    rhythm.shares[weekday] = insights_hundredths(rhythm.shares[weekday]);
  }
  rhythm.unevenness = insights_hundredths(rhythm.unevenness);
  const char *weekly = arena_printf(arena, "Practice keeps to certain days of the week, %s above all.",
                                    insights_weekday_names[favourite]);
  return show(PATTERN_WEEKDAY_RHYTHM, rhythm.found, weekly, &rhythm, arena, error,
              &views[PATTERN_WEEKDAY_RHYTHM]) &&
         show(PATTERN_CONSISTENCY, consistency.found, "Practice is a habit of nearly every day.",
              &consistency, arena, error, &views[PATTERN_CONSISTENCY]);
}

static bool see_modules(struct db *db, uint64_t user_id, const struct counted *counted, struct arena *arena,
                        struct error *error, struct pattern_view *view) {
  struct patterns_modules_params params = {.user_id = user_id,
                                           .from_day = counted->span.from,
                                           .to_day = counted->span.to,
                                           .questions = PATTERN_MODULE_QUESTIONS};
  struct patterns_modules_row *rows;
  size_t count;
  if (!patterns_modules(db, &params, arena, PATTERN_MODULES_MAX, error, &rows, &count)) return false;
  struct pattern_module *modules = arena_alloc_array(arena, count + 1, sizeof *modules);
  if (modules == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    modules[at] = (struct pattern_module){
        .module = rows[at].module,
        .questions = rows[at].questions,
        .correct = rows[at].correct,
        .accuracy = progress_percent((int64_t)rows[at].correct, (int64_t)rows[at].questions)};
  struct pattern_modules judged = pattern_modules(modules, count);
  judged.difference = insights_hundredths(judged.difference);
  judged.certainty = insights_hundredths(judged.certainty);
  const char *summary = !judged.found ? NULL
                                      : arena_printf(arena, "%s is the strongest module, %s the weakest.",
                                                     judged.strongest.module, judged.weakest.module);
  return show(PATTERN_MODULES, judged.found, summary, &judged, arena, error, view);
}

bool patterns_read(struct db *db, const struct insights_query *query, uint64_t user_id,
                   const struct insights_where *where, struct arena *arena, struct error *error,
                   struct patterns_reply *ret_reply) {
  struct counted counted = {.where = where};
  if (!insights_span_of(query, where->today, PATTERN_DAYS, error, &counted.span)) return false;
  struct pattern_view *views = arena_alloc_array(arena, PATTERNS, sizeof *views);
  if (views == NULL) return error_set_memory(error);
  if (!see_time_of_day(db, user_id, &counted, arena, error, &views[PATTERN_TIME_OF_DAY]) ||
      !see_sessions(db, user_id, &counted, arena, error, &views[PATTERN_SESSION_LENGTH]) ||
      !see_days(db, user_id, &counted, arena, error, views) ||
      !see_modules(db, user_id, &counted, arena, error, &views[PATTERN_MODULES]))
    return false;
  *ret_reply = (struct patterns_reply){
      .from = counted.span.from, .to = counted.span.to, .patterns = {.items = views, .count = PATTERNS}};
  return true;
}
