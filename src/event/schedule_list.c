/* Reading a learner's calendar, page by page. */
#include "base/clock.h"
#include "event/schedule.h"
#include "queries/schedule.h"

#include "base/banned.h"

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
    entries[at] = SCHEDULE_OF(&rows[at]);
  page.entries = (struct field_list){.items = entries, .count = count};
  *ret_page = page;
  return true;
}
