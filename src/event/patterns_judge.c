/* Whether a learner has a habit: pure functions of what was counted. */
#include <math.h>
#include <stdlib.h>

#include "event/patterns.h"

#include "base/banned.h"

#define HOURS_OF_A_PART (INSIGHTS_HOURS / DAY_PARTS)
#define MS_PER_MINUTE 60000.0
#define EPOCH_WEEKDAY 3 /* 1970-01-01 was a Thursday */

const char *const day_part_names[] = {"night", "morning", "afternoon", "evening", NULL};

struct pattern_time_of_day pattern_time_of_day(const uint64_t *by_hour, uint64_t days) {
  struct pattern_time_of_day judged = {.days = days};
  uint64_t by_part[DAY_PARTS] = {0};
  for (int hour = 0; hour < INSIGHTS_HOURS; hour++) {
    by_part[hour / HOURS_OF_A_PART] += by_hour[hour];
    judged.activities += by_hour[hour];
  }
  for (int part = 1; part < DAY_PARTS; part++)
    if (by_part[part] > by_part[judged.part]) judged.part = part;
  if (judged.activities > 0) judged.share = (double)by_part[judged.part] / (double)judged.activities;
  judged.found = judged.share >= PATTERN_PART_SHARE && judged.activities >= PATTERN_PART_ACTIVITIES &&
                 days >= PATTERN_PART_DAYS;
  return judged;
}

static int weekday_of(int32_t day) {
  int weekday = (int)((day + EPOCH_WEEKDAY) % INSIGHTS_WEEKDAYS);
  return weekday < 0 ? weekday + INSIGHTS_WEEKDAYS : weekday;
}

/* Every weekday stands once in each of the whole weeks that end with the last day. Were the days of practice
 * shared out by chance, each weekday would have its part of them but for a binomial spread. */
struct pattern_rhythm pattern_rhythm(const int32_t *days, size_t count, int32_t last) {
  struct pattern_rhythm judged = {.weeks = 0};
  double by_weekday[INSIGHTS_WEEKDAYS] = {0};
  int32_t span = count == 0 ? 0 : last - days[0] + 1;
  int32_t weeks = span / INSIGHTS_WEEKDAYS;
  if (weeks < 1) return judged;
  for (size_t at = 0; at < count; at++) {
    if (days[at] <= last - weeks * INSIGHTS_WEEKDAYS || days[at] > last) continue;
    by_weekday[weekday_of(days[at])]++;
    judged.days++;
  }
  double share = (double)judged.days / (weeks * INSIGHTS_WEEKDAYS);
  double variance = weeks * share * (1 - share);
  for (int weekday = 0; weekday < INSIGHTS_WEEKDAYS; weekday++) {
    double beyond = by_weekday[weekday] - weeks * share;
    judged.shares[weekday] = by_weekday[weekday] / weeks;
    if (variance > 0) judged.unevenness += beyond * beyond / variance;
  }
  judged.weeks = (uint64_t)weeks;
  judged.found = weeks >= PATTERN_RHYTHM_WEEKS && judged.unevenness >= PATTERN_RHYTHM_UNEVENNESS;
  return judged;
}

static int compare_lengths(const void *left, const void *right) {
  double a = *(const double *)left;
  double b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Between the two nearest, where it lies between. */
static double quantile(const double *sorted, size_t count, double share) {
  double place = share * (double)(count - 1);
  size_t below = (size_t)place;
  if (below + 1 >= count) return sorted[count - 1];
  return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* An event lies from its end so many minutes back. One that begins within the pause after what came before
 * belongs to the same session; two at once make it no longer. */
static size_t sessions_of(const struct pattern_moment *moments, size_t count, double *lengths) {
  size_t sessions = 0;
  double begin = 0;
  double end = 0;
  for (size_t at = 0; at <= count; at++) {
    double until = at == count ? 0 : (double)moments[at].at_ms / MS_PER_MINUTE;
    double since = at == count ? 0 : until - moments[at].minutes;
    bool is_same = at > 0 && at < count && since <= end + PATTERN_SESSION_PAUSE_MIN;
    if (!is_same && at > 0 && end - begin >= 1) lengths[sessions++] = end - begin;
    begin = is_same && begin < since ? begin : since;
    end = is_same && end > until ? end : until;
  }
  return sessions;
}

struct pattern_session_length pattern_session_length(const struct pattern_moment *moments, size_t count,
                                                     double *lengths) {
  size_t sessions = sessions_of(moments, count, lengths);
  struct pattern_session_length judged = {.sessions = sessions};
  if (sessions == 0) return judged;
  qsort(lengths, sessions, sizeof *lengths, compare_lengths);
  judged.lower = quantile(lengths, sessions, 0.25);
  judged.median = quantile(lengths, sessions, 0.5);
  judged.upper = quantile(lengths, sessions, 0.75);
  judged.found =
      sessions >= PATTERN_SESSIONS && judged.upper - judged.lower <= PATTERN_SESSION_SPREAD * judged.median;
  return judged;
}

/* A pause is days in a row without practice; the last day without any is none yet: it may be today. */
struct pattern_consistency pattern_consistency(const int32_t *days, size_t count, int32_t last) {
  struct pattern_consistency judged = {.days = 0};
  int32_t before = last - PATTERN_CONSISTENT_OF;
  int32_t longest = 0;
  for (size_t at = 0; at <= count; at++) {
    int32_t day = at == count ? last : days[at];
    if (day <= last - PATTERN_CONSISTENT_OF || day > last) continue;
    if (at < count) judged.days++;
    if (day - before - 1 > longest) longest = day - before - 1;
    before = day;
  }
  judged.longest_pause = (uint64_t)longest;
  judged.found = judged.days >= PATTERN_CONSISTENT_DAYS && longest <= PATTERN_CONSISTENT_PAUSE;
  return judged;
}

/* How many standard errors the two shares of correct answers lie apart, were they one. */
static double certainty_of(const struct pattern_module *one, const struct pattern_module *other) {
  double questions = (double)one->questions;
  double others = (double)other->questions;
  double pooled = (double)(one->correct + other->correct) / (questions + others);
  double variance = pooled * (1 - pooled) * (1 / questions + 1 / others);
  double apart = (double)one->correct / questions - (double)other->correct / others;
  return variance > 0 ? apart / sqrt(variance) : 0;
}

struct pattern_modules pattern_modules(const struct pattern_module *modules, size_t count) {
  struct pattern_modules judged = {.modules = count, .compared = PRESENCE_NULL};
  size_t strongest = 0;
  size_t weakest = 0;
  if (count < 2) return judged;
  for (size_t at = 1; at < count; at++) {
    if (modules[at].accuracy > modules[strongest].accuracy) strongest = at;
    if (modules[at].accuracy < modules[weakest].accuracy) weakest = at;
  }
  judged.strongest = modules[strongest];
  judged.weakest = modules[weakest];
  judged.compared = PRESENCE_GIVEN;
  judged.difference = judged.strongest.accuracy - judged.weakest.accuracy;
  judged.certainty = certainty_of(&judged.strongest, &judged.weakest);
  judged.found =
      judged.difference >= PATTERN_MODULE_DIFFERENCE && judged.certainty >= PATTERN_MODULE_CERTAINTY;
  return judged;
}
