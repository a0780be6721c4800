#include <stdio.h>

#include "job/job_private.h"

#include "base/banned.h"

#define ATTEMPTS_USUAL 5
#define HOUR_S 3600
#define MINUTE_S 60

/* "hh:mm:ss" or "hh:mm"; -1: it is none. */
static int64_t seconds_of(const char *text) {
  unsigned hours;
  unsigned minutes;
  unsigned seconds = 0;
  int end = 0;
  if (sscanf(text, "%2u:%2u%n", &hours, &minutes, &end) != 2) return -1;
  if (text[end] == ':') {
    int more = 0;
    if (sscanf(text + end, ":%2u%n", &seconds, &more) != 1) return -1;
    end += more;
  }
  if (text[end] != '\0' || hours > 23 || minutes > 59 || seconds > 59) return -1;
  return (int64_t)hours * HOUR_S + (int64_t)minutes * MINUTE_S + (int64_t)seconds;
}

/* Of the table's unique keys only that of dedupe_key can stand in the way. */
static bool complain_of_key(const char *dedupe_key, struct error *error) {
  struct error failure = *error;
  if (failure.code != ERROR_CONFLICT || dedupe_key == NULL) return false;
  error_set(error, ERROR_CONFLICT, "Another job with the dedupe key \"%.100s\" is ready or running.",
            dedupe_key);
  return error_detail(error, "%s", failure.detail);
}

bool job_enqueue(struct db *db, const struct job_order *order, struct arena *arena, struct error *error,
                 uint64_t *ret_id) {
  uint64_t max_attempts = order->max_attempts <= 0 ? ATTEMPTS_USUAL : (uint64_t)order->max_attempts;
  struct job_row_check check = {.kind = order->kind,
                                .params = order->params,
                                .priority = order->priority,
                                .max_attempts = max_attempts,
                                .repeat_every_s = order->repeat_every_s,
                                .repeat_daily_s =
                                    order->repeat_daily_at == NULL ? 0 : seconds_of(order->repeat_daily_at),
                                .has_every = order->repeat_every_s != 0,
                                .has_daily = order->repeat_daily_at != NULL};
  struct db_outcome outcome;
  if (!job_kind_check(&check, arena, error, NULL, NULL)) return false;
  struct job_insert_params params = {.kind = order->kind,
                                     .params = order->params,
                                     .priority = order->priority,
                                     .run_at = order->run_at_ms,
                                     .run_at_is_null = order->run_at_ms == 0,
                                     .repeat_every_s = order->repeat_every_s,
                                     .repeat_every_s_is_null = order->repeat_every_s == 0,
                                     .repeat_daily_at = order->repeat_daily_at,
                                     .dedupe_key = order->dedupe_key,
                                     .max_attempts = max_attempts,
                                     .created_by = order->created_by,
                                     .schedule_id_is_null = true};
  if (!job_insert(db, &params, error, &outcome)) return complain_of_key(order->dedupe_key, error);
  *ret_id = outcome.insert_id;
  return true;
}
