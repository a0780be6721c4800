#include "learner/archive.h"

#include <inttypes.h>

#include "queries/archive.h"

#include "base/banned.h"

#define LIST_BYTES_MAX ((size_t)64 * 1024) /* of ARCHIVE_ROWS numbers */

struct archive_work {
  const struct repair_guard *guard;
  struct arena *arena;
  int64_t before_ms;
  uint64_t after_user; /* settled up to here */
  uint64_t to_user;
  /* By the step: */
  uint64_t settled;
  uint64_t moved;
  bool is_done;
};

struct id_list {
  struct buffer text;
};
#define ID_LIST_INIT \
  { .text = BUFFER_INIT(LIST_BYTES_MAX) }

static void list_add(struct id_list *list, uint64_t id) {
  buffer_printf(&list->text, "%c%" PRIu64, list->text.length == 0 ? '[' : ',', id);
}

/* As JSON, in the arena; the list is gone afterwards. */
static const char *list_take(struct id_list *list, struct arena *arena) {
  buffer_append_text(&list->text, list->text.length == 0 ? "[]" : "]");
  const char *text = list->text.failed ? NULL : arena_strdup(arena, buffer_text(&list->text));
  buffer_free(&list->text);
  return text;
}

static bool find_learners(struct db *db, const struct archive_work *work, uint64_t last_user,
                          struct error *error, const char **ret_ids, size_t *ret_count) {
  struct archive_learners_params params = {.after_user = work->after_user,
                                           .to_user = last_user,
                                           .before = work->before_ms,
                                           .limit_rows = ARCHIVE_LEARNERS};
  struct archive_learners_row *rows;
  struct id_list list = ID_LIST_INIT;
  if (!archive_learners(db, &params, work->arena, ARCHIVE_LEARNERS, error, &rows, ret_count)) return false;
  for (size_t at = 0; at < *ret_count; at++)
    list_add(&list, rows[at].user_id);
  *ret_ids = list_take(&list, work->arena);
  return *ret_ids != NULL || error_set_memory(error);
}

static bool move_rows(struct db *db, struct archive_work *work, const char *user_ids, struct error *error) {
  struct archive_lock_params lock = {.user_ids = user_ids};
  struct archive_lock_row *locked;
  struct archive_attempts_params params = {
      .user_ids = user_ids, .before = work->before_ms, .limit_rows = ARCHIVE_ROWS};
  struct archive_attempts_row *rows;
  struct id_list list = ID_LIST_INIT;
  struct db_outcome copied;
  struct db_outcome removed;
  size_t count;
  if (!archive_lock(db, &lock, work->arena, ARCHIVE_LEARNERS, error, &locked, &count) ||
      !archive_attempts(db, &params, work->arena, ARCHIVE_ROWS, error, &rows, &count))
    return false;
  for (size_t at = 0; at < count; at++)
    list_add(&list, rows[at].attempt_id);
  const char *ids = list_take(&list, work->arena);
  if (ids == NULL) return error_set_memory(error);
  struct archive_copy_params copy = {.attempt_ids = ids};
  struct archive_remove_params removal = {.attempt_ids = ids};
  if (!archive_copy(db, &copy, error, &copied) || !archive_remove(db, &removal, error, &removed))
    return false;
  if (copied.affected != removed.affected)
    return error_set(error, ERROR_INTERNAL, "An attempt that was being archived was changed meanwhile.");
  work->moved = copied.affected;
  return true;
}

/* One transaction: some old attempts of the next window move; or there are none, and it is settled. */
static bool archive_step(struct db *db, void *context, struct error *error) {
  struct archive_work *work = context;
  struct archive_window_params params = {
      .after_user = work->after_user, .to_user = work->to_user, .limit_rows = ARCHIVE_WINDOW};
  struct archive_window_row window = {.last_user_is_null = true};
  const char *user_ids;
  size_t count;
  bool found;
  work->moved = 0;
  work->settled = work->after_user;
  if (!archive_window(db, &params, work->arena, error, &window, &found)) return false;
  work->is_done = window.last_user_is_null;
  if (work->is_done) return true;
  if (!find_learners(db, work, window.last_user, error, &user_ids, &count)) return false;
  if (count > 0)
    return job_step_hold(work->guard, db, work->after_user, 0, error) && move_rows(db, work, user_ids, error);
  work->settled = window.last_user;
  return job_step_hold(work->guard, db, window.last_user, window.learners, error);
}

bool archive_run(struct pool *pool, int64_t before_ms, uint64_t after_user, uint64_t to_user,
                 const struct repair_guard *guard, struct arena *arena, struct error *error,
                 uint64_t *ret_moved) {
  struct archive_work work = {
      .guard = guard, .arena = arena, .before_ms = before_ms, .after_user = after_user, .to_user = to_user};
  struct arena_mark mark = arena_mark(arena);
  uint64_t moved = 0;
  while (!work.is_done) {
    arena_rewind(arena, mark);
    if (!job_step_may_go_on(guard, error) || !job_step_run(pool, archive_step, &work, error)) return false;
    work.after_user = work.settled;
    moved += work.moved;
  }
  *ret_moved = moved;
  return true;
}
