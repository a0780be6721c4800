/* What the learner has, as an intake goes through its events: read once, and kept up with what is awarded.
 * How far milestones are that nobody has reached is written once at the end, for a batch moves them with
 * every event. */
#include <string.h>

#include "event/award_private.h"

#include "base/banned.h"

#define ROWS_AT_FIRST 64

struct award_memo {
  struct award_standing_row *rows;
  size_t count;
  size_t capacity;
  struct award_put_milestones_params *put_off; /* one a definition */
  size_t put_off_count;
};

static struct award_standing_row *find(struct award_memo *memo, bool is_milestone, const char *id) {
  for (size_t at = 0; at < memo->count; at++)
    if (memo->rows[at].is_milestone == is_milestone && strcmp(memo->rows[at].id, id) == 0)
      return &memo->rows[at];
  return NULL;
}

static bool add(struct award_memo *memo, const struct award_standing_row *row, struct arena *arena,
                struct error *error) {
  if (memo->count == memo->capacity) {
    size_t capacity = memo->capacity == 0 ? ROWS_AT_FIRST : 2 * memo->capacity;
    struct award_standing_row *rows = arena_alloc_array(arena, capacity, sizeof *rows);
    if (rows == NULL) return error_set_memory(error);
    if (memo->count > 0) memcpy(rows, memo->rows, memo->count * sizeof *rows);
    memo->rows = rows;
    memo->capacity = capacity;
  }
  memo->rows[memo->count++] = *row;
  return true;
}

static bool read_all(struct event_intake *intake, const struct award_case *judged, struct error *error) {
  struct arena *arena = ledger_arena(intake->tx);
  struct award_case all = {.user_id = judged->user_id};
  struct award_memo *memo = arena_alloc(arena, sizeof *memo);
  if (memo == NULL) return error_set_memory(error);
  *memo = (struct award_memo){
      .put_off = arena_alloc_array(arena, award_table_count(intake->awards) + 1, sizeof *memo->put_off)};
  if (memo->put_off == NULL) return error_set_memory(error);
  if (!award_read_standing(intake->awards, ledger_db(intake->tx), &all, arena, error)) return false;
  for (size_t at = 0; at < all.standing_count; at++)
    if (!add(memo, &all.standing[at], arena, error)) return false;
  intake->award_memo = memo;
  return true;
}

/* One that no file defines is not among those that were read. */
static bool read_told(struct event_intake *intake, const struct award_case *judged, const char *milestone_id,
                      struct error *error) {
  struct award_memo *memo = intake->award_memo;
  struct award_standing_params params = {.user_id = judged->user_id, .milestone_id = milestone_id};
  struct award_standing_row *rows;
  size_t count;
  if (find(memo, true, milestone_id) != NULL) return true;
  if (!award_standing(ledger_db(intake->tx), &params, 1, ledger_arena(intake->tx), AWARD_STANDING_MAX, error,
                      &rows, &count))
    return false;
  for (size_t at = 0; at < count; at++)
    if (rows[at].is_milestone && !add(memo, &rows[at], ledger_arena(intake->tx), error)) return false;
  return true;
}

bool award_memo_open(struct event_intake *intake, struct award_case *judged, struct error *error) {
  if (intake->award_memo == NULL && !read_all(intake, judged, error)) return false;
  for (size_t at = 0; at < judged->told_count; at++)
    if (!read_told(intake, judged, judged->told[at].milestone_id, error)) return false;
  judged->standing = intake->award_memo->rows;
  judged->standing_count = intake->award_memo->count;
  return true;
}

/* The latest of each. */
static void put_off(struct award_memo *memo, const struct award_put_milestones_params *row) {
  size_t at = 0;
  while (at < memo->put_off_count && strcmp(memo->put_off[at].milestone_id, row->milestone_id) != 0)
    at++;
  memo->put_off[at] = *row;
  if (at == memo->put_off_count) memo->put_off_count++;
}

static void put_off_no_more(struct award_memo *memo, const char *milestone_id) {
  for (size_t at = 0; at < memo->put_off_count; at++) {
    if (strcmp(memo->put_off[at].milestone_id, milestone_id) != 0) continue;
    memo->put_off[at] = memo->put_off[--memo->put_off_count];
    return;
  }
}

static bool note_milestone(struct award_memo *memo, const struct award_put_milestones_params *moved,
                           struct arena *arena, struct error *error) {
  const struct award_standing_row now = {.is_milestone = true,
                                         .id = moved->milestone_id,
                                         .target = moved->target,
                                         .progress = moved->progress,
                                         .is_reached = !moved->reached_at_is_null};
  struct award_standing_row *row = find(memo, true, moved->milestone_id);
  if (row == NULL) return add(memo, &now, arena, error);
  *row = now;
  return true;
}

bool award_memo_note(struct event_intake *intake, struct award_verdict *verdict, struct error *error) {
  struct award_memo *memo = intake->award_memo;
  struct arena *arena = ledger_arena(intake->tx);
  size_t reached = 0;
  for (size_t at = 0; at < verdict->earned_count; at++) {
    const struct award_standing_row row = {.id = verdict->earned[at].id, .is_reached = true};
    if (!add(memo, &row, arena, error)) return false;
  }
  for (size_t at = 0; at < verdict->moved_count; at++) {
    const struct award_put_milestones_params moved = verdict->moved[at];
    if (!note_milestone(memo, &moved, arena, error)) return false;
    if (moved.reached_at_is_null) {
      put_off(memo, &moved);
      continue;
    }
    put_off_no_more(memo, moved.milestone_id);
    verdict->moved[reached++] = moved;
  }
  verdict->moved_count = reached;
  return true;
}

bool award_finish(struct event_intake *intakes, size_t count, struct error *error) {
  size_t rows = 0;
  for (size_t at = 0; at < count; at++)
    rows += intakes[at].award_memo == NULL ? 0 : intakes[at].award_memo->put_off_count;
  struct award_put_milestones_params *all = arena_alloc_array(ledger_arena(intakes->tx), rows, sizeof *all);
  if (all == NULL) return error_set_memory(error);
  rows = 0;
  for (size_t at = 0; at < count; at++) {
    struct award_memo *memo = intakes[at].award_memo;
    if (memo == NULL || memo->put_off_count == 0) continue;
    memcpy(all + rows, memo->put_off, memo->put_off_count * sizeof *all);
    rows += memo->put_off_count;
    memo->put_off_count = 0;
  }
  return award_put_milestones(ledger_db(intakes->tx), all, rows, error, NULL);
}
