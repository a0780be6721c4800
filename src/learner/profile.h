/* The learner's profile: what they may see and say of themselves. */
#ifndef LOCKSTEP_LEARNER_PROFILE_H
#define LOCKSTEP_LEARNER_PROFILE_H

#include "base/zone.h"
#include "config/config.h"
#include "ledger/ledger.h"

struct profile_patch {
  const char *display_name;
  enum presence display_name_given;
  const char *time_zone;
  enum presence time_zone_given;
};

struct profile_reply {
  uint64_t user_id;
  const char *username;
  const char *display_name;
  const char *time_zone;
  bool is_anonymous;
  int64_t total_points;
  double blink_speed;
  int64_t evolution_level;
  int64_t total_sessions;
  int64_t current_streak; /* as of today */
  int64_t longest_streak;
  int32_t last_practice_date;
  enum presence last_practice_date_given;
  int64_t last_session_at_ms;
  enum presence last_session_at_given;
  const char *subscription_id;
  const char *subscription_status;
  bool is_subscribed;
  const char *stripe_customer_id;
  int64_t created_at_ms;
  uint64_t revision;
};

#define PROFILE_BLINK_SPEED 2.5 /* of who has no profile yet, as in the table */

/* The evolution level that so many points amount to: 1, and one more for each threshold reached. What is
 * shown is never less than what the profile holds: levels that were reached are kept. */
int64_t profile_level(const struct profile_config *config, int64_t points);

extern const struct schema profile_patch_schema;
extern const struct schema profile_reply_schema;

/* What a profile is read by. */
struct profile_view {
  const struct profile_config *config;
  struct zone_cache *zones;
  int64_t now_ms;
};

bool profile_read(struct db *db, uint64_t user_id, const struct profile_view *view, struct arena *arena,
                  struct error *error, struct profile_reply *ret_reply) WARN_UNUSED;

/* entry->input is a struct profile_input, entry->reply a struct profile_reply. A patch that says what
 * already stands changes nothing. */
struct profile_input {
  const struct profile_patch *patch;
  const struct profile_config *config;
  struct zone_cache *zones;
};
extern const struct ledger_kind profile_kind;

#endif
