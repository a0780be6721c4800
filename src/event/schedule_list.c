/* Reading a learner's calendar, page by page. */
#include "base/clock.h"
#include "event/schedule.h"
#include "queries/schedule.h"

#include "base/banned.h"

static struct schedule_entry entry_of(const struct schedule_list_row *row) {
  int status = system_word(schedule_status_names, row->status);
  return (struct schedule_entry){.id = row->id,
                                 .title = row->title,
                                 .starts_at_ms = row->starts_at,
                                 .ends_at_ms = row->ends_at,
                                 .ends_at_given = system_presence(row->ends_at_is_null),
                                 .video_id = row->video_id,
                                 .todo_id = row->todo_id,
                                 .status = status,
                                 .completed = status == SCHEDULE_COMPLETED,
                                 .actual_start_ms = row->actual_start,
                                 .actual_start_given = system_presence(row->actual_start_is_null),
                                 .actual_end_ms = row->actual_end,
                                 .actual_end_given = system_presence(row->actual_end_is_null),
                                 .rescheduled_from_ms = row->rescheduled_from,
                                 .rescheduled_from_given = system_presence(row->rescheduled_from_is_null),
                                 .created_at_ms = row->created_at,
                                 .updated_at_ms = row->updated_at};
}

bool schedule_read_page(struct db *db, uint64_t user_id, const struct schedule_query *query,
                        struct arena *arena, struct error *error, struct schedule_page *ret_page) {
  struct schedule_page page = {.next_after = NULL};
  size_t limit = (size_t)query->limit;
  struct schedule_list_row *rows;
  struct system_place place;
  size_t count;
  if (!system_place_parse(query->after, error, &place)) return false;
  struct schedule_list_params params = {
      .user_id = user_id,
      .from_at = query->from_given == PRESENCE_GIVEN ? query->from_ms : CLOCK_MIN_MS,
      .to_at = query->to_given == PRESENCE_GIVEN ? query->to_ms : CLOCK_MAX_MS,
      .status = query->status_given == PRESENCE_GIVEN ? schedule_status_names[query->status] : NULL,
      .after_at = place.at_ms,
      .after_id = place.id,
      .limit_rows = limit + 1};
  if (!schedule_list(db, &params, arena, limit + 1, error, &rows, &count)) return false;
  if (count > limit) {
    count = limit;
    place = (struct system_place){.at_ms = rows[count - 1].starts_at, .id = rows[count - 1].id};
    if (!system_place_print(&place, arena, error, &page.next_after)) return false;
  }
  struct schedule_entry *entries = arena_alloc_array(arena, count, sizeof *entries);
  if (entries == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    entries[at] = entry_of(&rows[at]);
  page.entries = (struct field_list){.items = entries, .count = count};
  *ret_page = page;
  return true;
}
