#include "learner/profile.h"

#include <string.h>

#include "learner/streak.h"
#include "queries/learner.h"

#include "base/banned.h"

#define DISPLAY_NAME_CHARACTERS 190

static bool check_time_zone(const void *value, struct error *error) {
  const char *name = *(const char *const *)value;
  if (name == NULL || zone_is_known(name)) return true;
  return error_set(error, ERROR_UNPROCESSABLE, "must be a time zone of the IANA data, such as Europe/Lisbon");
}

static const struct field patch_fields[] = {
    FIELD_TEXT(struct profile_patch, "displayName", display_name, .flags = FIELD_NULLABLE, .minimum = 1,
               .maximum = DISPLAY_NAME_CHARACTERS,
               .presence = PRESENCE(struct profile_patch, display_name_given),
               .summary = "The name that others see; null takes it away."),
    FIELD_TEXT(struct profile_patch, "timeZone", time_zone, .minimum = 1, .maximum = ZONE_NAME_BYTES - 1,
               .presence = PRESENCE(struct profile_patch, time_zone_given), .check = check_time_zone,
               .summary = "Where the learner's days begin and end.", .example = "\"Europe/Lisbon\""),
};
const struct schema profile_patch_schema = SCHEMA("ProfilePatch", struct profile_patch, patch_fields,
                                                  .summary = "What is to change; what is not sent stays.");

static const struct field reply_fields[] = {
    FIELD_UINT(struct profile_reply, "userId", user_id, .flags = FIELD_REQUIRED, .summary = "The learner."),
    FIELD_TEXT(struct profile_reply, "username", username, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The name to sign in with."),
    FIELD_TEXT(struct profile_reply, "displayName", display_name, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The name that others see."),
    FIELD_TEXT(struct profile_reply, "timeZone", time_zone, .flags = FIELD_REQUIRED,
               .summary = "Where the learner's days begin and end."),
    FIELD_BOOL(struct profile_reply, "isAnonymous", is_anonymous, .flags = FIELD_REQUIRED,
               .summary = "Not signed in yet."),
    FIELD_INT(struct profile_reply, "totalPoints", total_points, .flags = FIELD_REQUIRED,
              .summary = "Points of all sessions."),
    FIELD_NUMBER(struct profile_reply, "blinkSpeed", blink_speed, .flags = FIELD_REQUIRED,
                 .summary = "Average seconds an answer takes."),
    FIELD_INT(struct profile_reply, "evolutionLevel", evolution_level, .flags = FIELD_REQUIRED,
              .summary = "Level reached by points."),
    FIELD_INT(struct profile_reply, "totalSessions", total_sessions, .flags = FIELD_REQUIRED,
              .summary = "Sessions recorded."),
    FIELD_INT(struct profile_reply, "currentStreak", current_streak, .flags = FIELD_REQUIRED,
              .summary = "Days in a row up to today or yesterday."),
    FIELD_INT(struct profile_reply, "longestStreak", longest_streak, .flags = FIELD_REQUIRED,
              .summary = "The longest run ever."),
    FIELD_DAY(struct profile_reply, "lastPracticeDate", last_practice_date,
              .flags = FIELD_REQUIRED | FIELD_NULLABLE,
              .presence = PRESENCE(struct profile_reply, last_practice_date_given),
              .summary = "The last day practised, on the learner's calendar."),
    FIELD_TIME(struct profile_reply, "lastSessionAt", last_session_at_ms,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct profile_reply, last_session_at_given),
               .summary = "When a session was last recorded."),
    FIELD_TEXT(struct profile_reply, "subscriptionId", subscription_id,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The payment provider's id of the latest subscription."),
    FIELD_TEXT(struct profile_reply, "subscriptionStatus", subscription_status,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE, .summary = "As the payment provider calls it."),
    FIELD_BOOL(struct profile_reply, "isSubscribed", is_subscribed, .flags = FIELD_REQUIRED,
               .summary = "Whether a subscription is in force."),
    FIELD_TEXT(struct profile_reply, "stripeCustomerId", stripe_customer_id,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The payment provider's id of the learner."),
    FIELD_TIME(struct profile_reply, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "Since when the learner is known."),
    FIELD_UINT(struct profile_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision."),
};
const struct schema profile_reply_schema =
    SCHEMA("Profile", struct profile_reply, reply_fields, .summary = "A learner's profile.");

int64_t profile_level(const struct profile_config *config, int64_t points) {
  const int64_t *thresholds = config->evolution_levels.items;
  int64_t level = 1;
  for (size_t at = 0; at < config->evolution_levels.count && points >= thresholds[at]; at++)
    level++;
  return level;
}

static struct profile_reply reply_from(const struct learner_profile_row *row, uint64_t user_id,
                                       const struct profile_view *view) {
  int64_t level = profile_level(view->config, row->total_points);
  struct streak streak = {.current = row->current_streak,
                          .longest = row->longest_streak,
                          .practised = !row->last_practice_date_is_null,
                          .last_day = row->last_practice_date};
  return (struct profile_reply){
      .user_id = user_id,
      .username = row->username,
      .display_name = row->display_name,
      .time_zone = row->time_zone,
      .is_anonymous = row->is_anonymous,
      .total_points = row->total_points,
      .blink_speed = row->avg_blink_speed,
      .evolution_level = row->evolution_level > level ? row->evolution_level : level,
      .total_sessions = row->total_sessions,
      .current_streak = streak_current_on(&streak, zone_day_at(view->zones, row->time_zone, view->now_ms)),
      .longest_streak = row->longest_streak,
      .last_practice_date = row->last_practice_date,
      .last_practice_date_given = streak.practised ? PRESENCE_GIVEN : PRESENCE_NULL,
      .last_session_at_ms = row->last_session_at,
      .last_session_at_given = row->last_session_at_is_null ? PRESENCE_NULL : PRESENCE_GIVEN,
      .subscription_id = row->subscription_id,
      .subscription_status = row->subscription_status,
      .is_subscribed = row->is_subscribed,
      .stripe_customer_id = row->stripe_customer_id,
      .created_at_ms = row->created_at,
      .revision = row->revision};
}

static bool read_row(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                     struct learner_profile_row *ret_row) {
  struct learner_profile_params params = {.user_id = user_id};
  bool found;
  if (!learner_profile(db, &params, arena, error, ret_row, &found)) return false;
  return found || error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
}

bool profile_read(struct db *db, uint64_t user_id, const struct profile_view *view, struct arena *arena,
                  struct error *error, struct profile_reply *ret_reply) {
  struct learner_profile_row row;
  if (!read_row(db, user_id, arena, error, &row)) return false;
  *ret_reply = reply_from(&row, user_id, view);
  return true;
}

static bool same_text(const char *left, const char *right) {
  if (left == NULL || right == NULL) return left == right;
  return strcmp(left, right) == 0;
}

static bool report_field(struct ledger_tx *tx, struct ledger_entry *entry, const char *what, const char *from,
                         const char *to, struct error *error) {
  if (same_text(from, to)) return true;
  struct ledger_change change = {.what = what, .because = "the learner's wish"};
  return ledger_report(tx, entry, &change, error);
}

static bool patch_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  const struct profile_input *input = entry->input;
  const struct profile_patch *patch = input->patch;
  struct learner_profile_row row;
  struct db_outcome outcome;
  if (!read_row(ledger_db(tx), entry->learner.user_id, ledger_arena(tx), error, &row)) return false;
  struct learner_set_profile_params params = {
      .user_id = entry->learner.user_id, .display_name = row.display_name, .time_zone = row.time_zone};
  if (patch->display_name_given != PRESENCE_ABSENT) params.display_name = patch->display_name;
  if (patch->time_zone_given == PRESENCE_GIVEN) params.time_zone = patch->time_zone;
  if (!report_field(tx, entry, "displayName", row.display_name, params.display_name, error)) return false;
  if (!report_field(tx, entry, "timeZone", row.time_zone, params.time_zone, error)) return false;
  if (entry->change_count > 0) {
    if (!learner_set_profile(ledger_db(tx), &params, error, &outcome)) return false;
    row.display_name = params.display_name;
    row.time_zone = params.time_zone;
    row.revision = entry->learner.revision;
  }
  struct profile_reply *reply = entry->reply;
  struct profile_view view = {.config = input->config, .zones = input->zones, .now_ms = ledger_now_ms(tx)};
  *reply = reply_from(&row, entry->learner.user_id, &view);
  return true;
}

static bool profile_work(struct ledger_tx *tx, struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++)
    if (!patch_one(tx, ledger_at(tx, at), error)) return false;
  return true;
}

const struct ledger_kind profile_kind = {.name = "profile", .work = profile_work};
