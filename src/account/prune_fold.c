#include <inttypes.h>

#include "account/prune.h"
#include "queries/ledger.h"
#include "queries/prune.h"
#include "schema/encode.h"

#include "base/banned.h"

#define LIST_BYTES_MAX ((size_t)64 * 1024)          /* of PRUNE_FOLD_LEARNERS pairs of numbers */
#define CHANGES_BYTES_MAX ((size_t)4 * 1024 * 1024) /* of one folded entry */
#define SUMS_MAX 200000                             /* of the learners of one transaction together */

struct fold_work {
  const struct repair_guard *guard;
  struct arena *arena;
  int64_t before_ms;
  uint64_t after_user; /* settled up to here */
  uint64_t units;      /* folded by the transaction before: counted when the next is held */
  /* By the step: */
  uint64_t settled;
  uint64_t learners;
  uint64_t entries;
  bool is_done;
};

/* Learners with something to fold, in the next window; NULL ids: there are none in it. */
static bool find_learners(struct db *db, struct fold_work *work, struct error *error,
                          struct prune_fold_learners_row **ret_rows, size_t *ret_count) {
  struct prune_fold_window_params window_params = {.after_user = work->after_user,
                                                   .limit_rows = PRUNE_FOLD_WINDOW};
  struct prune_fold_window_row window = {.last_id_is_null = true};
  bool found;
  if (!prune_fold_window(db, &window_params, work->arena, error, &window, &found)) return false;
  work->is_done = window.last_id_is_null;
  *ret_count = 0;
  if (work->is_done) return true;
  struct prune_fold_learners_params params = {.after_user = work->after_user,
                                              .to_user = window.last_id,
                                              .before = work->before_ms,
                                              .limit_rows = PRUNE_FOLD_LEARNERS};
  if (!prune_fold_learners(db, &params, work->arena, PRUNE_FOLD_LEARNERS, error, ret_rows, ret_count))
    return false;
  work->settled = *ret_count < PRUNE_FOLD_LEARNERS ? window.last_id : (*ret_rows)[*ret_count - 1].user_id;
  return true;
}

static const char *list_of(const struct prune_fold_learners_row *rows, size_t count, struct arena *arena) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(LIST_BYTES_MAX);
  for (size_t at = 0; at < count; at++)
    buffer_printf(&text, "%c%" PRIu64, at == 0 ? '[' : ',', rows[at].user_id);
  buffer_append_char(&text, ']');
  return text.failed ? NULL : arena_strdup(arena, buffer_text(&text));
}

/* Under the lock: what is old of each. */
static bool read_bounds(struct db *db, const struct fold_work *work, const char *user_ids,
                        struct error *error, const char **ret_bounds) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(LIST_BYTES_MAX);
  struct prune_fold_lock_params lock = {.user_ids = user_ids};
  struct prune_fold_lock_row *locked;
  struct prune_fold_bounds_params params = {
      .user_ids = user_ids, .before = work->before_ms, .cut = PRUNE_FOLD_ENTRIES - 1};
  struct prune_fold_bounds_row *rows;
  size_t count;
  if (!prune_fold_lock(db, &lock, work->arena, PRUNE_FOLD_LEARNERS, error, &locked, &count) ||
      !prune_fold_bounds(db, &params, work->arena, PRUNE_FOLD_LEARNERS, error, &rows, &count))
    return false;
  for (size_t at = 0; at < count; at++)
    buffer_printf(&text, "%s[%" PRIu64 ",%" PRIu64 "]", at == 0 ? "[" : ",", rows[at].user_id,
                  rows[at].to_revision);
  buffer_append_char(&text, ']');
  const char *bounds = text.failed ? NULL : arena_strdup(work->arena, buffer_text(&text));
  if (bounds == NULL) return error_set_memory(error);
  *ret_bounds = bounds;
  return true;
}

/* In the form of the learner transaction's own entries. `sums` are those of one learner. */
static const char *changes_of(const struct prune_fold_sums_row *sums, size_t count, uint64_t last_revision,
                              struct arena *arena) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CHANGES_BYTES_MAX);
  buffer_append_char(&text, '[');
  for (size_t at = 0; at < count; at++) {
    buffer_append_text(&text, at == 0 ? "{\"what\":" : ",{\"what\":");
    json_append_text(&text, sums[at].what);
    if (sums[at].item != NULL) {
      buffer_append_text(&text, ",\"key\":");
      json_append_text(&text, sums[at].item);
    }
    buffer_append_text(&text, ",\"by\":");
    buffer_append_i64(&text, sums[at].moved);
    buffer_printf(&text, ",\"because\":\"up to revision %" PRIu64 "\"}", last_revision);
  }
  buffer_append_char(&text, ']');
  return text.failed ? NULL : arena_strdup(arena, buffer_text(&text));
}

/* The entry in the place of the others. A zero hash: no request is this operation. */
static bool fill_entry(const struct prune_fold_extents_row *extent, const struct prune_fold_sums_row *sums,
                       size_t sum_count, struct arena *arena, struct error *error,
                       struct ledger_append_params *ret_entry) {
  struct ledger_append_params entry = {.user_id = extent->user_id,
                                       .revision = extent->last_revision,
                                       .actor = "lockstep",
                                       .kind = LEDGER_KIND_FOLDED,
                                       .created_at = extent->last_at};
  entry.op_id = arena_printf(arena, "folded:%" PRIu64, extent->last_revision);
  entry.changes = changes_of(sums, sum_count, extent->last_revision, arena);
  if (entry.op_id == NULL || entry.changes == NULL) return error_set_memory(error);
  *ret_entry = entry;
  return true;
}

/* Of those learners for whom there is more than one entry: the entries that take the place of theirs, and up
 * to where theirs go. */
static bool fold_entries(struct fold_work *work, const struct prune_fold_extents_row *extents,
                         size_t extent_count, const struct prune_fold_sums_row *sums, size_t sum_count,
                         struct buffer *removed, struct error *error, struct ledger_append_params *entries) {
  for (size_t at = 0, sum = 0; at < extent_count; at++) {
    const struct prune_fold_extents_row *extent = &extents[at];
    size_t first = sum;
    while (sum < sum_count && sums[sum].user_id == extent->user_id)
      sum++;
    if (extent->entries < 2) continue;
    if (!fill_entry(extent, &sums[first], sum - first, work->arena, error, &entries[work->learners]))
      return false;
    buffer_printf(removed, "%s[%" PRIu64 ",%" PRIu64 "]", work->learners == 0 ? "[" : ",", extent->user_id,
                  extent->last_revision);
    work->learners++;
    work->entries += extent->entries;
    /* There may be more of them: these learners are looked at again. */
    if (extent->entries >= PRUNE_FOLD_ENTRIES) work->settled = work->after_user;
  }
  buffer_append_char(removed, ']');
  return !removed->failed || error_set_memory(error);
}

static bool replace_entries(struct db *db, struct fold_work *work, const char *bounds, struct error *error) {
  CLEANUP(buffer_free) struct buffer removed = BUFFER_INIT(LIST_BYTES_MAX);
  struct prune_fold_extents_params extent_params = {.bounds = bounds};
  struct prune_fold_sums_params sum_params = {.bounds = bounds};
  struct prune_fold_extents_row *extents;
  struct prune_fold_sums_row *sums;
  struct db_outcome outcome;
  size_t extent_count;
  size_t sum_count;
  if (!prune_fold_extents(db, &extent_params, work->arena, PRUNE_FOLD_LEARNERS, error, &extents,
                          &extent_count) ||
      !prune_fold_sums(db, &sum_params, work->arena, SUMS_MAX, error, &sums, &sum_count))
    return false;
  struct ledger_append_params *entries = arena_alloc_array(work->arena, extent_count, sizeof *entries);
  if (entries == NULL) return error_set_memory(error);
  if (!fold_entries(work, extents, extent_count, sums, sum_count, &removed, error, entries)) return false;
  struct prune_fold_remove_params remove = {.bounds = buffer_text(&removed)};
  return work->learners == 0 || (prune_fold_remove(db, &remove, error, &outcome) &&
                                 ledger_append(db, entries, work->learners, error, &outcome));
}

static bool fold_step(struct db *db, void *context, struct error *error) {
  struct fold_work *work = context;
  struct prune_fold_learners_row *rows = NULL;
  const char *bounds;
  size_t count;
  work->learners = 0;
  work->entries = 0;
  if (!find_learners(db, work, error, &rows, &count)) return false;
  if (work->is_done) return true;
  if (!job_step_hold(work->guard, db, work->settled, work->units, error)) return false;
  if (count == 0) return true;
  const char *user_ids = list_of(rows, count, work->arena);
  if (user_ids == NULL) return error_set_memory(error);
  return read_bounds(db, work, user_ids, error, &bounds) && replace_entries(db, work, bounds, error);
}

bool prune_fold(struct pool *pool, int64_t before_ms, uint64_t after_user, const struct repair_guard *guard,
                struct arena *arena, struct error *error, uint64_t *ret_learners, uint64_t *ret_entries) {
  struct fold_work work = {.guard = guard, .arena = arena, .before_ms = before_ms, .after_user = after_user};
  struct arena_mark mark = arena_mark(arena);
  uint64_t learners = 0;
  uint64_t entries = 0;
  for (;;) {
    arena_rewind(arena, mark);
    if (!job_step_may_go_on(guard, error) || !job_step_run(pool, fold_step, &work, error)) return false;
    if (work.is_done) break;
    learners += work.learners;
    entries += work.entries;
    work.units = work.entries;
    work.after_user = work.settled;
  }
  *ret_learners = learners;
  *ret_entries = entries;
  return true;
}
