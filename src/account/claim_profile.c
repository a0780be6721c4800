/* Two profiles become one. */
#include "account/claim_private.h"
#include "learner/practice.h"
#include "learner/profile.h"
#include "queries/claim.h"
#include "queries/learner.h"

#include "base/banned.h"

#define BLINK_SPEED_UNKNOWN 2.5 /* of a profile without sessions */

static bool read_profile(struct claim *claim, uint64_t user_id, struct error *error,
                         struct claim_profile_row *ret_row, bool *ret_found) {
  struct claim_profile_params params = {.user_id = user_id};
  struct claim_profile_row row = {.avg_blink_speed = BLINK_SPEED_UNKNOWN,
                                  .evolution_level = 1,
                                  .last_practice_date_is_null = true,
                                  .last_session_at_is_null = true};
  if (!claim_profile(claim->db, &params, claim->arena, error, &row, ret_found)) return false;
  *ret_row = row;
  return true;
}

static int64_t larger(int64_t left, int64_t right) { return left > right ? left : right; }

/* Each average stands for as many sessions as it was made of. */
static double merge_speeds(const struct claim_profile_row *into, const struct claim_profile_row *from) {
  double into_sessions = (double)into->total_sessions;
  double from_sessions = (double)from->total_sessions;
  if (from->total_sessions <= 0) return into->avg_blink_speed;
  if (into->total_sessions <= 0) return from->avg_blink_speed;
  return (into->avg_blink_speed * into_sessions + from->avg_blink_speed * from_sessions) /
         (into_sessions + from_sessions);
}

/* One subscription is shown: one in force before another, the learner's own before the anonymous one's. */
static const struct claim_profile_row *subscribed(const struct claim_profile_row *into,
                                                  const struct claim_profile_row *from) {
  if (into->is_subscribed) return into;
  return from->is_subscribed || into->subscription_id == NULL ? from : into;
}

/* Counted over the days of both. */
static bool count_streak(struct claim *claim, int64_t longest_known, struct error *error,
                         struct streak *ret_streak) {
  struct learner_practice_days_params params = {.user_id = claim->into_id};
  struct learner_practice_days_row *rows;
  size_t count;
  if (!learner_practice_days(claim->db, &params, claim->arena, PRACTICE_DAYS_MAX, error, &rows, &count))
    return false;
  int32_t *days = arena_alloc_array(claim->arena, count, sizeof *days);
  if (days == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    days[at] = rows[at].day;
  *ret_streak = streak_from_days(days, count);
  ret_streak->longest = larger(ret_streak->longest, longest_known);
  return true;
}

static bool store(struct claim *claim, const struct claim_profile_row *into,
                  const struct claim_profile_row *from, struct error *error) {
  const struct claim_profile_row *subscription = subscribed(into, from);
  struct streak streak = {.practised = false};
  struct db_outcome outcome;
  if (!count_streak(claim, larger(into->longest_streak, from->longest_streak), error, &streak)) return false;
  bool from_is_later = !from->last_session_at_is_null &&
                       (into->last_session_at_is_null || from->last_session_at > into->last_session_at);
  const struct claim_profile_row *later = from_is_later ? from : into;
  int64_t points = into->total_points + from->total_points;
  int64_t level_before = larger(into->evolution_level, from->evolution_level);
  struct claim_store_profile_params params = {
      .user_id = claim->into_id,
      .total_points = points,
      .avg_blink_speed = merge_speeds(into, from),
      .evolution_level = larger(level_before, profile_level(&claim->order->config->profile, points)),
      .total_sessions = into->total_sessions + from->total_sessions,
      .current_streak = streak.current,
      .longest_streak = streak.longest,
      .last_practice_date = streak.last_day,
      .last_practice_date_is_null = !streak.practised,
      .last_session_at = later->last_session_at,
      .last_session_at_is_null = later->last_session_at_is_null,
      .subscription_id = subscription->subscription_id,
      .subscription_status = subscription->subscription_status,
      .is_subscribed = subscription->is_subscribed,
      .customer_ref = into->customer_ref != NULL ? into->customer_ref : from->customer_ref};
  return claim_store_profile(claim->db, &params, error, &outcome);
}

bool claim_merge_profiles(struct claim *claim, const struct claim_shared *shared, struct error *error) {
  struct claim_drop_profile_params drop = {.from_user = claim->from_id};
  struct claim_profile_row into;
  struct claim_profile_row from;
  struct db_outcome outcome;
  bool has_into;
  bool has_from;
  if (!read_profile(claim, claim->into_id, error, &into, &has_into) ||
      !read_profile(claim, claim->from_id, error, &from, &has_from))
    return false;
  if (!has_from) return true;
  from.total_points -= shared->points;
  from.total_sessions = larger(0, from.total_sessions - shared->sessions);
  return store(claim, &into, &from, error) && claim_drop_profile(claim->db, &drop, error, &outcome);
}
