#include "event/activity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learner/practice.h"
#include "queries/activity.h"
#include "queries/around.h"

#include "base/banned.h"

#define HUNDREDTHS 100

/* --- An activity, and the sums over all of them ---------------------------------------------------- */

/* The names are what activities.status holds. */
enum activity_status { ACTIVITY_COMPLETED, ACTIVITY_BEGUN, ACTIVITY_SKIPPED };
static const char *const status_names[] = {"completed", "in_progress", "skipped"};

struct activity_state {
  bool exists;
  enum activity_status status;
  int64_t time; /* hundredths of a minute, as all times here */
  int64_t first_ms;
  int64_t last_ms;
  int64_t completed_ms; /* where it is completed */
  int32_t completed_on;
};

static void take_out(struct tally_sums *sums, enum activity_type type, const struct activity_state *state) {
  if (!state->exists) return;
  sums->total--;
  sums->time -= state->time;
  if (state->status == ACTIVITY_BEGUN) sums->in_progress--;
  if (state->status != ACTIVITY_COMPLETED) return;
  sums->completed--;
  sums->completed_of[type]--;
}

static void put_in(struct tally_sums *sums, enum activity_type type, const struct activity_state *state) {
  if (!state->exists) return;
  sums->total++;
  sums->time += state->time;
  if (state->status == ACTIVITY_BEGUN) sums->in_progress++;
  if (state->status != ACTIVITY_COMPLETED) return;
  sums->completed++;
  sums->completed_of[type]++;
}

static enum activity_status status_of(const char *name) {
  if (strcmp(name, status_names[ACTIVITY_COMPLETED]) == 0) return ACTIVITY_COMPLETED;
  return strcmp(name, status_names[ACTIVITY_BEGUN]) == 0 ? ACTIVITY_BEGUN : ACTIVITY_SKIPPED;
}

static enum activity_status status_by(enum completion_status status) {
  if (status == STATUS_COMPLETED) return ACTIVITY_COMPLETED;
  return status == STATUS_SKIPPED ? ACTIVITY_SKIPPED : ACTIVITY_BEGUN;
}

static int64_t hundredths_of(double minutes) { return (int64_t)llround(minutes * HUNDREDTHS); }

/* --- Reading and writing --------------------------------------------------------------------------- */

static struct activity_state state_of(const struct around_read_row *row) {
  if (row->status == NULL) return (struct activity_state){.exists = false};
  return (struct activity_state){.exists = true,
                                 .status = status_of(row->status),
                                 .time = row->activity_time,
                                 .first_ms = row->first_at,
                                 .last_ms = row->last_at,
                                 .completed_ms = row->completed_at,
                                 .completed_on = row->completed_on};
}

static bool write_state(struct event_intake *intake, enum activity_type type, const char *activity_id,
                        const struct activity_state *state, struct error *error) {
  bool is_completed = state->status == ACTIVITY_COMPLETED;
  struct activity_write_params params = {.user_id = intake->entry->learner.user_id,
                                         .activity_type = activity_type_names[type],
                                         .activity_id = activity_id,
                                         .status = status_names[state->status],
                                         .time = state->time,
                                         .first_at = state->first_ms,
                                         .last_at = state->last_ms,
                                         .completed_at = state->completed_ms,
                                         .completed_at_is_null = !is_completed,
                                         .completed_on = state->completed_on,
                                         .completed_on_is_null = !is_completed,
                                         .revision = intake->entry->learner.revision};
  return activity_write(ledger_db(intake->tx), &params, error, NULL);
}

/* --- One more event -------------------------------------------------------------------------------- */

static void complete(struct activity_state *state, const struct event *event) {
  bool was_completed = state->status == ACTIVITY_COMPLETED;
  state->status = ACTIVITY_COMPLETED;
  if (was_completed && (event->happened_at_ms > state->completed_ms ||
                        (event->happened_at_ms == state->completed_ms && event->day >= state->completed_on)))
    return;
  state->completed_ms = event->happened_at_ms;
  state->completed_on = event->day;
}

/* `day_time`: what its day came to before. */
static struct activity_state with_event(const struct activity_state *before, const struct event *event,
                                        int64_t day_time) {
  int64_t told = hundredths_of(event->time_spent);
  enum activity_status says = status_by(event->status);
  struct activity_state after = *before;
  if (!before->exists)
    after = (struct activity_state){.exists = true,
                                    .status = ACTIVITY_SKIPPED,
                                    .first_ms = event->happened_at_ms,
                                    .last_ms = event->happened_at_ms};
  if (told > day_time) after.time += told - day_time;
  if (event->happened_at_ms < after.first_ms) after.first_ms = event->happened_at_ms;
  if (event->happened_at_ms > after.last_ms) after.last_ms = event->happened_at_ms;
  if (says == ACTIVITY_COMPLETED)
    complete(&after, event);
  else if (says == ACTIVITY_BEGUN && after.status == ACTIVITY_SKIPPED)
    after.status = ACTIVITY_BEGUN;
  return after;
}

static bool add_day(struct event_intake *intake, const struct event *event, struct error *error) {
  struct activity_add_day_params params = {.user_id = intake->entry->learner.user_id,
                                           .day = event->day,
                                           .activity_type = activity_type_names[event->activity_type],
                                           .activity_id = event->activity_id,
                                           .time = hundredths_of(event->time_spent)};
  return activity_add_day(ledger_db(intake->tx), &params, error, NULL);
}

/* --- The practice day ------------------------------------------------------------------------------ */

static bool grow_days(struct event_intake *intake, struct error *error) {
  size_t capacity = intake->day_capacity == 0 ? 8 : intake->day_capacity * 2;
  struct event_day *days = arena_alloc_array(ledger_arena(intake->tx), capacity, sizeof *days);
  if (days == NULL) return error_set_memory(error);
  if (intake->day_count > 0) memcpy(days, intake->days, intake->day_count * sizeof *days);
  intake->days = days;
  intake->day_capacity = capacity;
  return true;
}

/* To be added to its count at the end. */
static bool put_off(struct event_intake *intake, int32_t day, struct error *error) {
  size_t at = 0;
  while (at < intake->day_count && intake->days[at].day != day)
    at++;
  if (at == intake->day_capacity && !grow_days(intake, error)) return false;
  if (at == intake->day_count) intake->days[intake->day_count++] = (struct event_day){.day = day};
  intake->days[at].put_off++;
  return true;
}

/* A new day moves the streak, at once, for what is awarded looks at it. */
static bool practise(struct event_intake *intake, int32_t day, bool is_practised, struct error *error) {
  struct practice practice = {.entry = intake->entry,
                              .activity = PRACTICE_EVENT,
                              .day = day,
                              .count = 1,
                              .streak = intake->tally.streak};
  if (is_practised) return put_off(intake, day, error);
  if (!practice_count_known(intake->tx, &practice, 1, error)) return false;
  intake->tally.streak = practice.streak;
  return true;
}

bool activity_finish(struct event_intake *intakes, size_t count, struct error *error) {
  size_t days = 0;
  for (size_t at = 0; at < count; at++)
    days += intakes[at].day_count;
  struct practice *rows = arena_alloc_array(ledger_arena(intakes->tx), days, sizeof *rows);
  if (rows == NULL) return error_set_memory(error);
  days = 0;
  for (size_t at = 0; at < count; at++) {
    const struct event_intake *intake = &intakes[at];
    for (size_t day = 0; day < intake->day_count; day++)
      rows[days++] = (struct practice){.entry = intake->entry,
                                       .activity = PRACTICE_EVENT,
                                       .day = intake->days[day].day,
                                       .count = intake->days[day].put_off};
    intakes[at].day_count = 0;
  }
  return practice_count_again(intakes->tx, rows, days, error) && tally_finish(intakes, count, error);
}

/* The sums without an activity as it was, and with it as it is. */
static void move_sums(struct tally *tally, enum activity_type type, const struct activity_state *before,
                      const struct activity_state *after) {
  take_out(&tally->sums, type, before);
  put_in(&tally->sums, type, after);
  tally->is_moved = true;
}

static bool is_completed_on(const struct activity_state *state, int32_t day) {
  return state->exists && state->status == ACTIVITY_COMPLETED && state->completed_on == day;
}

/* The rows of days that others have practised too are written at the end. */
static bool is_put_off(const struct event_intake *intake, int32_t day) {
  for (size_t at = 0; at < intake->day_count; at++)
    if (intake->days[at].day == day) return true;
  return false;
}

/* No other day has more completed activities than before. */
static struct tally_counts counts_of(const struct event_intake *intake, const struct event *event,
                                     const struct around_read_row *row, const struct activity_state *before,
                                     const struct activity_state *after) {
  int64_t others = row->day_completed - is_completed_on(before, event->day);
  bool is_told = !row->is_told_is_null && row->is_told;
  return (struct tally_counts){.event_id = event->id,
                               .is_first = !is_told && !is_put_off(intake, event->day),
                               .best_day = is_completed_on(after, event->day) ? others + 1 : 0};
}

/* A conflict that it has won may have moved it to another day since. */
static bool read_around(struct event_intake *intake, const struct event *event,
                        const struct event_around *around, struct error *error,
                        struct around_read_row *ret_row) {
  if (around == NULL || around->day != event->day)
    return around_read_activity(intake, event->activity_type, event->activity_id, event->day, error, ret_row);
  *ret_row = *around->row;
  return true;
}

bool activity_count(struct event_intake *intake, const struct event *event, const struct event_around *around,
                    struct error *error) {
  struct around_read_row row;
  struct tally_sums *sums = &intake->tally.sums;
  if (!read_around(intake, event, around, error, &row)) return false;
  struct activity_state before = state_of(&row);
  struct activity_state after = with_event(&before, event, row.day_time_is_null ? 0 : row.day_time);
  move_sums(&intake->tally, event->activity_type, &before, &after);
  intake->tally.counts = counts_of(intake, event, &row, &before, &after);
  if (!sums->has_last || event->happened_at_ms > sums->last_ms) sums->last_ms = event->happened_at_ms;
  sums->has_last = true;
  return add_day(intake, event, error) &&
         write_state(intake, event->activity_type, event->activity_id, &after, error) &&
         (event->status == STATUS_SKIPPED || practise(intake, event->day, !row.is_told_is_null, error));
}

/* --- All of an activity's events anew -------------------------------------------------------------- */

/* What an activity's days are to become. */
struct recounted {
  struct activity_put_days_params *put;
  size_t put_count;
  struct activity_remove_days_params *removed;
  size_t removed_count;
  struct activity_state state;
};

/* By day; of one day what is proven comes first. */
static int compare_days(const void *left, const void *right) {
  const struct activity_by_day_row *a = left;
  const struct activity_by_day_row *b = right;
  if (a->day != b->day) return a->day < b->day ? -1 : 1;
  return (int)b->is_proven - (int)a->is_proven;
}

static void add_proven(struct activity_state *state, const struct activity_by_day_row *day) {
  if (!state->exists)
    *state = (struct activity_state){
        .exists = true, .status = ACTIVITY_SKIPPED, .first_ms = day->first_at, .last_ms = day->last_at};
  state->time += day->time;
  if (day->first_at < state->first_ms) state->first_ms = day->first_at;
  if (day->last_at > state->last_ms) state->last_ms = day->last_at;
  if (day->has_begun && state->status == ACTIVITY_SKIPPED) state->status = ACTIVITY_BEGUN;
  if (day->completed_at_is_null) return;
  if (state->status == ACTIVITY_COMPLETED && state->completed_ms <= day->completed_at) return;
  state->status = ACTIVITY_COMPLETED;
  state->completed_ms = day->completed_at;
  state->completed_on = day->day;
}

/* Days that stand as they are proven are left alone. */
static void judge_days(const struct activity_by_day_row *rows, size_t count,
                       const struct activity_remove_days_params *of, struct recounted *ret_recounted) {
  for (size_t at = 0; at < count; at++) {
    const struct activity_by_day_row *row = &rows[at];
    bool proven_before = at > 0 && row[-1].day == row->day;
    bool stands = at + 1 < count && row[1].day == row->day;
    if (!row->is_proven && !proven_before) {
      ret_recounted->removed[ret_recounted->removed_count] = *of;
      ret_recounted->removed[ret_recounted->removed_count++].day = row->day;
    }
    if (!row->is_proven) continue;
    add_proven(&ret_recounted->state, row);
    if (stands && row[1].events == row->events && row[1].time == row->time) continue;
    ret_recounted->put[ret_recounted->put_count++] =
        (struct activity_put_days_params){.user_id = of->user_id,
                                          .day = row->day,
                                          .activity_type = of->activity_type,
                                          .activity_id = of->activity_id,
                                          .events = row->events,
                                          .time = row->time};
  }
}

static bool recount_days(struct event_intake *intake, const char *type, const char *activity_id,
                         struct error *error, struct activity_state *ret_state) {
  struct db *db = ledger_db(intake->tx);
  struct arena *arena = ledger_arena(intake->tx);
  struct activity_by_day_params params = {
      .user_id = intake->entry->learner.user_id, .activity_type = type, .activity_id = activity_id};
  struct activity_remove_days_params of = {
      .user_id = params.user_id, .activity_type = type, .activity_id = activity_id};
  struct activity_by_day_row *rows;
  struct db_outcome outcome;
  size_t count;
  if (!activity_by_day(db, &params, arena, 2 * (size_t)ACTIVITY_DAYS_MAX, error, &rows, &count)) return false;
  if (count > 1) qsort(rows, count, sizeof *rows, compare_days);
  struct recounted recounted = {.put = arena_alloc_array(arena, count + 1, sizeof *recounted.put),
                                .removed = arena_alloc_array(arena, count + 1, sizeof *recounted.removed)};
  if (recounted.put == NULL || recounted.removed == NULL) return error_set_memory(error);
  judge_days(rows, count, &of, &recounted);
  *ret_state = recounted.state;
  return activity_remove_days(db, recounted.removed, recounted.removed_count, error, &outcome) &&
         activity_put_days(db, recounted.put, recounted.put_count, error, &outcome);
}

/* The moment of the last activity of all that there are now. It is asked for only where this activity was the
 * last, and is so no longer. */
static bool move_latest(struct event_intake *intake, const struct activity_state *before,
                        const struct activity_state *after, struct error *error, struct tally_sums *sums) {
  struct activity_latest_params params = {.user_id = intake->entry->learner.user_id};
  struct activity_latest_row row;
  bool found;
  bool was_last = before->exists && sums->has_last && before->last_ms >= sums->last_ms;
  if (after->exists && (!sums->has_last || after->last_ms >= sums->last_ms)) {
    sums->last_ms = after->last_ms;
    sums->has_last = true;
    return true;
  }
  if (!was_last) return true;
  if (!activity_latest(ledger_db(intake->tx), &params, ledger_arena(intake->tx), error, &row, &found))
    return false;
  sums->has_last = found && !row.last_at_is_null;
  sums->last_ms = sums->has_last ? row.last_at : 0;
  return true;
}

bool activity_recount(struct event_intake *intake, enum activity_type type, const char *activity_id,
                      struct error *error) {
  const char *type_name = activity_type_names[type];
  struct activity_remove_params removed = {
      .user_id = intake->entry->learner.user_id, .activity_type = type_name, .activity_id = activity_id};
  struct around_read_row row;
  struct activity_state after;
  if (!around_read_activity(intake, type, activity_id, 0, error, &row) ||
      !recount_days(intake, type_name, activity_id, error, &after))
    return false;
  struct activity_state before = state_of(&row);
  move_sums(&intake->tally, type, &before, &after);
  intake->tally.counts.event_id = NULL;
  bool written = after.exists ? write_state(intake, type, activity_id, &after, error)
                              : activity_remove(ledger_db(intake->tx), &removed, error, NULL);
  return written && move_latest(intake, &before, &after, error, &intake->tally.sums);
}
