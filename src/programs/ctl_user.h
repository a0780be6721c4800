/* What `user show` shows. */
#ifndef LOCKSTEP_PROGRAMS_CTL_USER_H
#define LOCKSTEP_PROGRAMS_CTL_USER_H

#include "learner/history.h"
#include "programs/ctl.h"
#include "queries/ctl.h"

struct user_show_options {
  const char *who;
  uint64_t entries;
  bool json;
};

struct user_totals {
  int64_t tokens;
  int64_t questions;
  int64_t correct;
};

struct user_module {
  const char *key;
  struct user_totals totals;
};

struct user_streak {
  int64_t current;
  int64_t longest;
  int32_t last_day;
  enum presence last_day_given;
};

struct user_report {
  uint64_t id;
  const char *username;
  const char *display_name;
  const char *subject;
  const char *role;
  const char *time_zone;
  bool is_anonymous;
  uint64_t merged_into;
  enum presence merged_into_given;
  bool is_deleted;
  int64_t created_at_ms;
  uint64_t revision;
  struct user_totals columns;
  struct user_totals global_stats;
  struct user_totals module_sums;
  bool agrees;
  struct field_list modules; /* struct user_module */
  struct user_streak streak;
  struct history_reply history;
};

/* For a person (ctl_user_print.c). */
bool ctl_user_print(struct ctl *ctl, const struct user_report *report, struct error *error) WARN_UNUSED;

#endif
