/* Reading a learner's todos, page by page. */
#include <string.h>

#include "event/todo.h"
#include "queries/todo.h"
#include "schema/encode.h"

#include "base/banned.h"

/* Other applications may hang more videos on a todo than Lockstep takes. */
#define LIST_ROWS_MAX ((size_t)200000)
#define FILTER_BYTES ((size_t)262144)

/* The videos asked for as a JSON list; NULL: none were named. */
static bool filter_of(const struct todo_query *query, struct arena *arena, struct error *error,
                      const char **ret_filter) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(FILTER_BYTES);
  const char *const *references = query->video_references.items;
  *ret_filter = NULL;
  if (query->video_id == NULL && query->video_references.count == 0) return true;
  buffer_append_char(&text, '[');
  if (query->video_id != NULL) json_append_text(&text, query->video_id);
  for (size_t at = 0; at < query->video_references.count; at++) {
    if (at > 0 || query->video_id != NULL) buffer_append_char(&text, ',');
    json_append_text(&text, references[at]);
  }
  buffer_append_char(&text, ']');
  const char *copy = text.failed ? NULL : arena_strdup(arena, buffer_text(&text));
  if (copy == NULL) return error_set_memory(error);
  *ret_filter = copy;
  return true;
}

/* Rows of one todo stand together; each brings one of its videos. At most `limit` todos; ret_more: there is
 * another behind them. */
static size_t gather(const struct todo_list_row *rows, size_t count, size_t limit, struct todo *todos,
                     const char **videos, bool *ret_more) {
  size_t made = 0;
  *ret_more = false;
  for (size_t at = 0; at < count; at++) {
    if (made == 0 || strcmp(todos[made - 1].id, rows[at].id) != 0) {
      if (made == limit) {
        *ret_more = true;
        break;
      }
      todos[made] = TODO_OF(&rows[at]);
      todos[made].video_ids.items = videos + at;
      made++;
    }
    videos[at] = rows[at].video_id;
    if (rows[at].video_id != NULL) todos[made - 1].video_ids.count++;
  }
  return made;
}

bool todo_read_page(struct db *db, uint64_t user_id, const struct todo_query *query, struct arena *arena,
                    struct error *error, struct todo_page *ret_page) {
  struct todo_page page = {.next_after = NULL};
  struct system_place place;
  struct todo_list_row *rows;
  const char *filter;
  size_t count;
  bool has_more;
  if (!system_place_parse(query->after, error, &place) || !filter_of(query, arena, error, &filter))
    return false;
  struct todo_list_params params = {
      .user_id = user_id,
      .status = query->status_given == PRESENCE_GIVEN ? todo_status_names[query->status] : NULL,
      .videos = filter,
      .after_at = place.at_ms,
      .after_id = place.id,
      .limit_rows = query->limit + 1};
  if (!todo_list(db, &params, arena, LIST_ROWS_MAX, error, &rows, &count)) return false;
  struct todo *todos = arena_alloc_array(arena, count, sizeof *todos);
  const char **videos = arena_alloc_array(arena, count, sizeof *videos);
  if (todos == NULL || videos == NULL) return error_set_memory(error);
  size_t made = gather(rows, count, (size_t)query->limit, todos, videos, &has_more);
  if (has_more) {
    place = (struct system_place){.at_ms = todos[made - 1].created_at_ms, .id = todos[made - 1].id};
    if (!system_place_print(&place, arena, error, &page.next_after)) return false;
  }
  page.todos = (struct field_list){.items = todos, .count = made};
  *ret_page = page;
  return true;
}
