/* What is earned: the metrics, and what they prove that is not there yet. No database here. */
#include <string.h>

#include "base/buffer.h"
#include "event/award_private.h"
#include "schema/encode.h"

#include "base/banned.h"

#define METADATA_BYTES ((size_t)1024)

const char *const award_metric_names[] = {
    "completed_activities", "minutes", "streak_days", "best_day", "practice_days_28",
    "milestones_reached",   "skills",  NULL};

/* --- The metrics -------------------------------------------------------------------------------------- */

static int64_t read_completed(const struct award_figures *figures, const struct award *award) {
  bool is_one_type = award->activity_type_given == PRESENCE_GIVEN;
  return is_one_type ? figures->completed_by_type[award->activity_type] : figures->completed;
}
static int64_t read_minutes(const struct award_figures *figures, const struct award *award) {
  (void)award;
  return figures->minutes;
}
static int64_t read_streak(const struct award_figures *figures, const struct award *award) {
  (void)award;
  return figures->streak_days;
}
static int64_t read_best_day(const struct award_figures *figures, const struct award *award) {
  (void)award;
  return figures->best_day;
}
static int64_t read_practice_days(const struct award_figures *figures, const struct award *award) {
  (void)award;
  return figures->practice_days_28;
}
static int64_t read_milestones(const struct award_figures *figures, const struct award *award) {
  (void)award;
  return figures->milestones;
}
static int64_t read_skills(const struct award_figures *figures, const struct award *award) {
  (void)award;
  return figures->skills;
}

/* As docs/achievements.md has them. */
static const struct metric {
  const char *meaning;
  int64_t (*read)(const struct award_figures *figures, const struct award *award);
} metrics[AWARD_METRICS] = {
    [AWARD_COMPLETED_ACTIVITIES] = {"activities completed", read_completed},
    [AWARD_MINUTES] = {"minutes spent", read_minutes},
    [AWARD_STREAK_DAYS] = {"days of practice in a row", read_streak},
    [AWARD_BEST_DAY] = {"activities completed on one day", read_best_day},
    [AWARD_PRACTICE_DAYS_28] = {"days of practice within 28", read_practice_days},
    [AWARD_MILESTONES_REACHED] = {"milestones reached", read_milestones},
    [AWARD_SKILLS] = {"skills assessed", read_skills},
};

const char *award_ask(const struct award *award, struct arena *arena) {
  bool is_one_type = award->activity_type_given == PRESENCE_GIVEN;
  return arena_printf(arena, "%llu %s%s%s", (unsigned long long)award->at_least,
                      metrics[award->metric].meaning, is_one_type ? ", of type " : "",
                      is_one_type ? activity_type_names[award->activity_type] : "");
}

int64_t award_measure(const struct award *award, const struct award_figures *figures) {
  return metrics[award->metric].read(figures, award);
}

int64_t award_best_window(const int32_t *days, size_t count) {
  int64_t best = 0;
  for (size_t last = 0, first = 0; last < count; last++) {
    while (days[last] - days[first] >= AWARD_WINDOW_DAYS)
      first++;
    if ((int64_t)(last - first + 1) > best) best = (int64_t)(last - first + 1);
  }
  return best;
}

/* --- What is not there yet ---------------------------------------------------------------------------- */

static const struct award_standing_row *find(const struct award_standing_row *standing, size_t count,
                                             const struct award *award) {
  for (size_t at = 0; at < count; at++)
    if (standing[at].is_milestone == (award->kind == AWARD_MILESTONE) &&
        strcmp(standing[at].id, award->id) == 0)
      return &standing[at];
  return NULL;
}

bool award_is_wanted(const struct award_table *table, enum award_metric metric,
                     const struct award_standing_row *standing, size_t standing_count) {
  for (size_t at = 0; at < award_table_count(table); at++) {
    const struct award *award = award_table_at(table, at);
    if (award->metric != (int)metric) continue;
    const struct award_standing_row *row = find(standing, standing_count, award);
    if (row == NULL || !row->is_reached) return true;
  }
  return false;
}

/* With the value that it was earned by: whoever asks why is told. */
static const char *metadata_of(const struct award *award, int64_t value, struct arena *arena) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(METADATA_BYTES);
  buffer_printf(&text, "{\"metric\":\"%s\",", award_metric_names[award->metric]);
  if (award->activity_type_given == PRESENCE_GIVEN)
    buffer_printf(&text, "\"activityType\":\"%s\",", activity_type_names[award->activity_type]);
  buffer_printf(&text, "\"atLeast\":%llu,\"value\":%lld}", (unsigned long long)award->at_least,
                (long long)value);
  return text.failed ? NULL : arena_strdup(arena, buffer_text(&text));
}

static bool judge_achievement(const struct award *award, const struct award_case *judged, int64_t value,
                              struct arena *arena, struct award_verdict *verdict) {
  const char *metadata = metadata_of(award, value, arena);
  verdict->earned[verdict->earned_count++] =
      (struct award_insert_params){.user_id = judged->user_id,
                                   .id = award->id,
                                   .achievement_type = achievement_type_names[award->type],
                                   .title = award->title,
                                   .description = award->description,
                                   .metadata = metadata,
                                   .trigger_event_id = judged->event_id,
                                   .is_public = award->is_public,
                                   .revision = judged->revision,
                                   .earned_at = judged->at_ms};
  return metadata != NULL;
}

static const struct award_told *find_told(const struct award_case *judged, const char *milestone_id) {
  for (size_t at = 0; at < judged->told_count; at++)
    if (strcmp(judged->told[at].milestone_id, milestone_id) == 0) return &judged->told[at];
  return NULL;
}

static void move_milestone(const struct award_case *judged, const struct award_put_milestones_params *moved,
                           bool is_reached, const struct award_told *told, struct award_verdict *verdict) {
  struct award_put_milestones_params row = *moved;
  row.user_id = judged->user_id;
  row.revision = judged->revision;
  row.reached_at = told != NULL ? told->reached_at_ms : judged->at_ms;
  row.reached_at_is_null = !is_reached;
  if (is_reached) row.event_id = told != NULL ? told->event_id : judged->event_id;
  verdict->moved[verdict->moved_count++] = row;
}

/* Whether it is reached now. */
static bool judge_milestone(const struct award *award, const struct award_case *judged, int64_t value,
                            struct award_verdict *verdict) {
  const struct award_standing_row *row = find(judged->standing, judged->standing_count, award);
  const struct award_told *told = find_told(judged, award->id);
  uint64_t progress = value <= 0 ? 0 : (uint64_t)value;
  if (row != NULL && row->is_reached) return false;
  if (told != NULL || progress > award->at_least) progress = award->at_least;
  bool is_reached = progress == award->at_least;
  bool stands = row == NULL ? progress == 0 : row->progress >= progress && row->target == award->at_least;
  struct award_put_milestones_params moved = {
      .milestone_id = award->id, .title = award->title, .target = award->at_least, .progress = progress};
  if (is_reached || !stands) move_milestone(judged, &moved, is_reached, told, verdict);
  return is_reached;
}

/* One that no file defines. */
static bool judge_told(const struct award_table *table, const struct award_told *told,
                       const struct award_case *judged, struct award_verdict *verdict) {
  struct award_put_milestones_params moved = {
      .milestone_id = told->milestone_id, .title = told->milestone_id, .target = 1, .progress = 1};
  for (size_t at = 0; at < award_table_count(table); at++) {
    const struct award *award = award_table_at(table, at);
    if (award->kind == AWARD_MILESTONE && strcmp(award->id, told->milestone_id) == 0) return false;
  }
  for (size_t at = 0; at < judged->standing_count; at++) {
    const struct award_standing_row *row = &judged->standing[at];
    if (!row->is_milestone || strcmp(row->id, told->milestone_id) != 0) continue;
    if (row->is_reached) return false;
    moved.target = moved.progress = row->target; /* its definition is gone */
  }
  move_milestone(judged, &moved, true, told, verdict);
  return true;
}

/* Milestones first: achievements count them. */
bool award_judge(const struct award_table *table, const struct award_case *judged, struct arena *arena,
                 struct error *error, struct award_verdict *ret_verdict) {
  size_t count = award_table_count(table);
  struct award_figures figures = judged->figures;
  struct award_verdict verdict = {
      .earned = arena_alloc_array(arena, count + 1, sizeof *verdict.earned),
      .moved = arena_alloc_array(arena, count + judged->told_count + 1, sizeof *verdict.moved)};
  if (verdict.earned == NULL || verdict.moved == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    const struct award *award = award_table_at(table, at);
    if (award->kind == AWARD_MILESTONE)
      figures.milestones += judge_milestone(award, judged, award_measure(award, &judged->figures), &verdict);
  }
  for (size_t at = 0; at < judged->told_count; at++)
    figures.milestones += judge_told(table, &judged->told[at], judged, &verdict);
  for (size_t at = 0; at < count; at++) {
    const struct award *award = award_table_at(table, at);
    int64_t value = award_measure(award, &figures);
    if (award->kind != AWARD_ACHIEVEMENT || value < (int64_t)award->at_least) continue;
    if (find(judged->standing, judged->standing_count, award) != NULL) continue;
    if (!judge_achievement(award, judged, value, arena, &verdict)) return error_set_memory(error);
  }
  *ret_verdict = verdict;
  return true;
}
