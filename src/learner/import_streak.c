#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/zone.h"
#include "learner/import_entry.h"
#include "learner/import_value.h"
#include "schema/json.h"

#include "base/banned.h"

#define DAY_MS INT64_C(86400000)

struct raw_streak {
  const char *entry;
  const char *user;
  int64_t current;
  int64_t longest;
  const char *last;
  struct field_list dates; /* const char * */
  enum presence dates_given;
  const char *subject;
  const char *username;
  const char *display_name;
  const char *time_zone;
};

#define STREAK_LENGTH(name, member, text) \
  FIELD_INT(struct raw_streak, name, member, .flags = FIELD_NULLABLE, .minimum = 0, \
            .maximum = IMPORT_STREAK_MAX, .summary = (text))
#define STREAK_TEXT(name, member, text) \
  FIELD_TEXT(struct raw_streak, name, member, .flags = FIELD_NULLABLE, .minimum = 1, .maximum = 190, \
             .summary = (text))
#define STREAK_DATES(name, text) \
  FIELD_LIST(struct raw_streak, name, dates, .flags = FIELD_NULLABLE, \
             .presence = PRESENCE(struct raw_streak, dates_given), .item_kind = FIELD_KIND_TEXT, \
             .maximum = IMPORT_STREAK_MAX, .summary = (text))

static const struct field streak_fields[] = {
    FIELD_JSON(struct raw_streak, "entry", entry, .maximum = IMPORT_ITEM_BYTES,
               .summary = "The entry itself, where it was kept aside before."),
    FIELD_JSON(struct raw_streak, "user_id", user, .maximum = IMPORT_VALUE_BYTES, .summary = "Whose it is."),
    FIELD_JSON(struct raw_streak, "userId", user, .maximum = IMPORT_VALUE_BYTES, .summary = "The same."),
    STREAK_LENGTH("current_streak", current, "Days in a row up to the last one."),
    STREAK_LENGTH("currentStreak", current, "The same."),
    STREAK_LENGTH("longest_streak", longest, "The longest there was."),
    STREAK_LENGTH("longestStreak", longest, "The same."),
    STREAK_TEXT("last_practice_date", last, "The last day."),
    STREAK_TEXT("lastPracticeDate", last, "The same."),
    STREAK_DATES("practice_dates", "Every day."),
    STREAK_DATES("practiceDates", "The same."),
    STREAK_TEXT("subject", subject, "The provider's id of a learner who is created."),
    STREAK_TEXT("username", username, "The name of a learner who is created."),
    STREAK_TEXT("display_name", display_name, "The name to show of a learner who is created."),
    STREAK_TEXT("time_zone", time_zone, "The zone of a learner who is created."),
};
const struct schema import_streak_schema =
    SCHEMA("ImportStreak", struct raw_streak, streak_fields, .summary = "A learner's entry of streaks.json.");

static void set_key(struct import_key *key, const char *kind, int64_t value) {
  char text[64];
  int bytes = snprintf(text, sizeof text, "%s %lld", kind, (long long)value);
  import_value_digest(text, (size_t)bytes, key->digest);
  key->occurrence = 1;
}

static int compare_days(const void *left, const void *right) {
  const struct import_day *a = left;
  const struct import_day *b = right;
  return (a->day > b->day) - (a->day < b->day);
}

/* Somewhere it may be tomorrow already. */
static bool add_day(const char *text, int64_t now_ms, struct import_streak *streak, struct error *error) {
  struct import_day *day = &streak->days[streak->day_count++];
  if (!import_value_day(text, &day->day))
    return error_set(error, ERROR_MALFORMED, "A practice date is no day: %.40s.", text);
  if (day->day < 0) return error_set(error, ERROR_MALFORMED, "A practice date lies before 1970.");
  if (day->day <= now_ms / DAY_MS + 1) return true;
  return error_set(error, ERROR_MALFORMED, "A practice date lies in the future: %.40s.", text);
}

/* Where the dates are not listed, the last one and the length of the streak tell as many of them. */
static bool add_days_of_streak(const struct raw_streak *raw, struct import_streak *streak) {
  int32_t last = streak->days[streak->day_count - 1].day;
  for (int64_t back = 1; back < raw->current && last - back >= 0; back++)
    streak->days[streak->day_count++] = (struct import_day){.day = last - (int32_t)back};
  return true;
}

static bool take_days(const struct raw_streak *raw, int64_t now_ms, struct arena *arena, struct error *error,
                      struct import_streak *streak) {
  const char *const *dates = raw->dates.items;
  size_t count = raw->dates.count;
  size_t distinct = 0;
  streak->days = arena_alloc_array(arena, count + (size_t)raw->current + 1, sizeof *streak->days);
  if (streak->days == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    if (!add_day(dates[at], now_ms, streak, error)) return false;
  if (raw->last != NULL) {
    if (!add_day(raw->last, now_ms, streak, error)) return false;
    if (raw->dates_given != PRESENCE_GIVEN && !add_days_of_streak(raw, streak)) return false;
  }
  qsort(streak->days, streak->day_count, sizeof *streak->days, compare_days);
  for (size_t at = 0; at < streak->day_count; at++) {
    if (distinct > 0 && streak->days[distinct - 1].day == streak->days[at].day) continue;
    streak->days[distinct] = streak->days[at];
    set_key(&streak->days[distinct].key, "day", streak->days[distinct].day);
    distinct++;
  }
  streak->day_count = distinct;
  return true;
}

static bool take_key_name(const struct import_item *item, struct arena *arena, struct error *error,
                          const char **ret_user) {
  char *name = arena_alloc(arena, item->key_bytes + 1);
  if (name == NULL) return error_set_memory(error);
  if (!json_check(item->key - 1, item->key_bytes + 2, error))
    return error_set(error, ERROR_MALFORMED, "The entry's name is no text.");
  name[json_unescape((struct json_span){item->key, item->key_bytes}, name)] = '\0';
  *ret_user = name;
  return true;
}

bool import_entry_streak(const struct import_item *item, int64_t now_ms, struct arena *arena,
                         struct error *error, struct import_streak *ret_streak, const char **ret_user) {
  struct raw_streak raw;
  const char *user = NULL;
  if (item->key != NULL && !take_key_name(item, arena, error, &user)) return false;
  *ret_user = user;
  if (!import_value_read(&import_streak_schema, item, arena, error, &raw)) return false;
  if (user == NULL && import_value_is_given(raw.user) &&
      !import_value_text(raw.user, "user_id", arena, error, &user))
    return false;
  *ret_user = user;
  if (!import_value_unwrap(&import_streak_schema, raw.entry, arena, error, &raw)) return false;
  if (user == NULL) return error_set(error, ERROR_MALFORMED, "user_id is missing.");
  if (raw.time_zone != NULL && !zone_is_known(raw.time_zone))
    return error_set(error, ERROR_MALFORMED, "time_zone is not a time zone: %.60s.", raw.time_zone);
  struct import_streak streak = {.subject = raw.subject,
                                 .username = raw.username,
                                 .display_name = raw.display_name,
                                 .time_zone = raw.time_zone,
                                 .longest = raw.longest > raw.current ? raw.longest : raw.current};
  if (!take_days(&raw, now_ms, arena, error, &streak)) return false;
  set_key(&streak.longest_key, "longest", streak.longest);
  *ret_streak = streak;
  return true;
}
