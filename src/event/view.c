#include "event/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "learner/streak.h"
#include "queries/view.h"
#include "schema/encode.h"

#include "base/banned.h"

#define SKILLS_BYTES_MAX ((size_t)1024 * 1024)    /* of skillProgress */
#define UPCOMING_READ_MAX (5 * VIEW_UPCOMING_MAX) /* five pieces of view_lists are of what is to come */

/* As the statement numbers its parts. */
enum view_part {
  PART_RECENT,
  PART_TODO,
  PART_SCHEDULE,
  PART_SKILL,
  PART_PATH,
  PART_ACHIEVEMENT,
  PART_MILESTONE
};

/* The lists as they come in, row by row. */
struct lists {
  struct arena *arena;
  struct buffer *skills; /* a JSON object, open */
  size_t skill_count;
  struct view_activity recent[VIEW_RECENT_MAX];
  struct view_activity upcoming[UPCOMING_READ_MAX];
  struct view_path paths[VIEW_PATHS_MAX];
  struct achievement_view achievements[VIEW_ACHIEVEMENTS_MAX];
  struct milestone_view milestones[VIEW_REACHED_MAX + VIEW_UNDERWAY_MAX];
  size_t recent_count;
  size_t upcoming_count;
  size_t path_count;
  size_t achievement_count;
  size_t milestone_count;
};

static enum presence presence_of(bool is_null) { return is_null ? PRESENCE_NULL : PRESENCE_GIVEN; }

/* The texts of a row live until the next one. */
static bool keep_texts(struct view_lists_row *row, struct arena *arena, struct error *error) {
  row->id = arena_strdup(arena, row->id);
  row->kind = arena_strdup(arena, row->kind);
  row->title = arena_strdup(arena, row->title);
  bool is_kept = row->id != NULL && row->kind != NULL && row->title != NULL;
  if (row->detail != NULL) is_kept = (row->detail = arena_strdup(arena, row->detail)) != NULL && is_kept;
  if (row->cause != NULL) is_kept = (row->cause = arena_strdup(arena, row->cause)) != NULL && is_kept;
  if (row->metadata != NULL)
    is_kept = (row->metadata = arena_strdup(arena, row->metadata)) != NULL && is_kept;
  return is_kept || error_set_memory(error);
}

static struct view_activity recent_from(const struct view_lists_row *row) {
  return (struct view_activity){.activity_type = row->kind,
                                .activity_id = row->id,
                                .status = row->title,
                                .time_spent = row->amount,
                                .time_spent_given = PRESENCE_GIVEN,
                                .last_at_ms = row->moment,
                                .last_at_given = PRESENCE_GIVEN,
                                .completed_at_ms = row->other_moment,
                                .completed_at_given = presence_of(row->other_moment_is_null)};
}

static struct view_activity upcoming_from(const struct view_lists_row *row) {
  bool is_entry = row->part == PART_SCHEDULE;
  return (struct view_activity){.activity_type = is_entry ? "schedule" : "todo",
                                .activity_id = row->id,
                                .title = row->title,
                                .status = row->kind,
                                .video_id = row->detail,
                                .scheduled_ms = row->moment,
                                .scheduled_given = presence_of(row->moment_is_null),
                                .ends_at_ms = row->other_moment,
                                .ends_at_given =
                                    is_entry ? presence_of(row->other_moment_is_null) : PRESENCE_ABSENT};
}

static struct view_path path_from(const struct view_lists_row *row) {
  return (struct view_path){.path_id = row->id,
                            .title = row->title,
                            .status = row->kind,
                            .completed_steps = (uint64_t)row->amount,
                            .total_steps = (uint64_t)row->total,
                            .percentage_complete = row->share,
                            .current_step_id = row->detail,
                            .completed_at_ms = row->other_moment,
                            .completed_at_given = presence_of(row->other_moment_is_null)};
}

static struct achievement_view achievement_from(const struct view_lists_row *row) {
  return (struct achievement_view){.id = row->id,
                                   .type = row->kind,
                                   .title = row->title,
                                   .description = row->detail,
                                   .earned_at_ms = row->moment,
                                   .is_public = row->amount != 0,
                                   .trigger_event_id = row->cause,
                                   .metadata = row->metadata};
}

static struct milestone_view milestone_from(const struct view_lists_row *row) {
  return (struct milestone_view){.id = row->id,
                                 .title = row->title,
                                 .target = (uint64_t)row->total,
                                 .progress = (uint64_t)row->amount,
                                 .reached_at_ms = row->moment,
                                 .reached_given = presence_of(row->moment_is_null)};
}

static void append_skill(struct lists *lists, const struct view_lists_row *row) {
  struct view_skill skill = {.category = row->kind,
                             .level = row->title,
                             .confidence = row->amount,
                             .assessed_at_ms = row->moment,
                             .assessed_at_given = presence_of(row->moment_is_null)};
  buffer_append_char(lists->skills, lists->skill_count++ == 0 ? '{' : ',');
  json_append_text(lists->skills, row->id);
  buffer_append_char(lists->skills, ':');
  schema_encode_json(&view_skill_schema, &skill, lists->skills);
}

static bool take_row(const struct view_lists_row *read, void *context, struct error *error) {
  struct lists *lists = context;
  struct view_lists_row row = *read;
  if (row.part != PART_SKILL && !keep_texts(&row, lists->arena, error)) return false;
  switch ((enum view_part)row.part) {
  case PART_RECENT:
    lists->recent[lists->recent_count++] = recent_from(&row);
    break;
  case PART_TODO:
  case PART_SCHEDULE:
    lists->upcoming[lists->upcoming_count++] = upcoming_from(&row);
    break;
  case PART_SKILL:
    append_skill(lists, &row);
    break;
  case PART_PATH:
    lists->paths[lists->path_count++] = path_from(&row);
    break;
  case PART_ACHIEVEMENT:
    lists->achievements[lists->achievement_count++] = achievement_from(&row);
    break;
  case PART_MILESTONE:
    lists->milestones[lists->milestone_count++] = milestone_from(&row);
    break;
  }
  return !lists->skills->failed || error_set_memory(error);
}

/* By date, what has none last; of one date by kind and id. */
static int compare_upcoming(const void *left, const void *right) {
  const struct view_activity *a = left;
  const struct view_activity *b = right;
  if (a->scheduled_given != b->scheduled_given) return a->scheduled_given == PRESENCE_GIVEN ? -1 : 1;
  if (a->scheduled_given == PRESENCE_GIVEN && a->scheduled_ms != b->scheduled_ms)
    return a->scheduled_ms < b->scheduled_ms ? -1 : 1;
  int by_kind = strcmp(a->activity_type, b->activity_type);
  return by_kind != 0 ? by_kind : strcmp(a->activity_id, b->activity_id);
}

static bool read_lists(struct db *db, uint64_t user_id, const struct view_day *day, struct lists *lists,
                       struct error *error, struct view_reply *reply) {
  struct view_lists_params params = {.user_id = user_id,
                                     .today = day->began_ms,
                                     .recent = VIEW_RECENT_MAX,
                                     .upcoming = VIEW_UPCOMING_MAX,
                                     .skills = VIEW_SKILLS_MAX,
                                     .paths = VIEW_PATHS_MAX,
                                     .achievements = VIEW_ACHIEVEMENTS_MAX,
                                     .reached = VIEW_REACHED_MAX,
                                     .underway = VIEW_UNDERWAY_MAX};
  if (!view_lists(db, &params, lists->arena, take_row, lists, error)) return false;
  buffer_append_text(lists->skills, lists->skill_count == 0 ? "{}" : "}");
  reply->skill_progress =
      lists->skills->failed ? NULL : arena_strdup(lists->arena, buffer_text(lists->skills));
  if (reply->skill_progress == NULL) return error_set_memory(error);
  qsort(lists->upcoming, lists->upcoming_count, sizeof *lists->upcoming, compare_upcoming);
  if (lists->upcoming_count > VIEW_UPCOMING_MAX) lists->upcoming_count = VIEW_UPCOMING_MAX;
  reply->recent = (struct field_list){.items = lists->recent, .count = lists->recent_count};
  reply->upcoming = (struct field_list){.items = lists->upcoming, .count = lists->upcoming_count};
  reply->learning_paths = (struct field_list){.items = lists->paths, .count = lists->path_count};
  reply->achievements = (struct field_list){.items = lists->achievements, .count = lists->achievement_count};
  reply->milestones = (struct field_list){.items = lists->milestones, .count = lists->milestone_count};
  return true;
}

static bool read_head(struct db *db, uint64_t user_id, int32_t today, struct arena *arena,
                      struct error *error, struct view_reply *reply) {
  struct view_head_params params = {.user_id = user_id};
  struct view_head_row row;
  bool found;
  if (!view_head(db, &params, arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
  struct streak streak = {.current = row.current_streak_is_null ? 0 : row.current_streak,
                          .practised = !row.last_practice_date_is_null,
                          .last_day = row.last_practice_date};
  reply->overall = (struct view_overall){.total_activities = row.total_activities,
                                         .completed_activities = row.completed_activities,
                                         .in_progress_activities = row.in_progress_activities,
                                         .percentage_complete = row.percentage_complete,
                                         .total_time_spent = row.total_time_spent,
                                         .current_streak = streak_current_on(&streak, today)};
  reply->last_sync_ms = row.last_sync_time;
  reply->last_sync_given = presence_of(row.last_sync_time_is_null);
  reply->data_consistency_score = row.data_consistency_score;
  reply->others = arena_printf(arena, "%" PRId64 " %" PRIu64,
                               row.video_changed_at_is_null ? 0 : row.video_changed_at, row.todo_videos);
  return reply->others != NULL || error_set_memory(error);
}

bool view_read(struct db *db, uint64_t user_id, const struct view_day *day, struct arena *arena,
               struct error *error, struct view_reply *ret_reply) {
  CLEANUP(buffer_free) struct buffer skills = BUFFER_INIT(SKILLS_BYTES_MAX);
  struct view_reply reply = {.user_id = user_id};
  struct lists *lists = arena_alloc(arena, sizeof *lists);
  if (lists == NULL) return error_set_memory(error);
  lists->arena = arena;
  lists->skills = &skills;
  if (!read_head(db, user_id, day->today, arena, error, &reply) ||
      !read_lists(db, user_id, day, lists, error, &reply))
    return false;
  *ret_reply = reply;
  return true;
}
