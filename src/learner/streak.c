#include "learner/streak.h"

#include "base/banned.h"

bool streak_extend(struct streak *streak, int32_t day) {
  if (streak->practised && day < streak->last_day) return false;
  if (streak->practised && day == streak->last_day) return true;
  bool follows = streak->practised && day == streak->last_day + 1;
  streak->current = follows ? streak->current + 1 : 1;
  if (streak->current > streak->longest) streak->longest = streak->current;
  streak->last_day = day;
  streak->practised = true;
  return true;
}

struct streak streak_from_days(const int32_t *days, size_t count) {
  struct streak streak = {.practised = false};
  for (size_t at = 0; at < count; at++)
    (void)streak_extend(&streak, days[at]);
  return streak;
}

int64_t streak_current_on(const struct streak *streak, int32_t today) {
  return streak->practised && streak->last_day >= today - 1 ? streak->current : 0;
}

bool streak_runs_through(const struct streak *streak, int32_t day) {
  return streak->practised && day <= streak->last_day && streak->last_day - day < streak->current;
}
