#include "account/delete.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "queries/erase.h"

#include "base/banned.h"

static const struct field count_fields[] = {
    FIELD_TEXT(struct delete_count, "table", table, .flags = FIELD_REQUIRED, .summary = "The table."),
    FIELD_UINT(struct delete_count, "rows", rows, .flags = FIELD_REQUIRED,
               .summary = "How many rows of the learner it held."),
};
static const struct schema count_schema =
    SCHEMA("DeletedRows", struct delete_count, count_fields, .summary = "What was erased from one table.");

static const struct field report_fields[] = {
    FIELD_UINT(struct delete_report, "userId", user_id, .flags = FIELD_REQUIRED, .summary = "The learner."),
    FIELD_UINT(struct delete_report, "learners", learners, .flags = FIELD_REQUIRED,
               .summary = "Rows of users that became tombstones: the learner, and who was merged into it."),
    FIELD_LIST(struct delete_report, "erased", erased, .object = &count_schema, .flags = FIELD_REQUIRED,
               .maximum = INT32_MAX, .summary = "Tables and the rows that went, where there were any."),
};
const struct schema delete_report_schema =
    SCHEMA("DeleteReport", struct delete_report, report_fields, .summary = "What a deletion erased.");

/* The tables: each has its statement, and its column in erase_count. */
struct delete_table {
  const struct db_statement *erase;
  size_t counted;
};
#define TABLE(name) \
  { .erase = &erase_##name##_statement, .counted = offsetof(struct erase_count_row, name) }

/* Children before the parents with whom they would go uncounted. */
#define DELETE_TABLES(row) \
  row(access_decisions) row(access_requests) row(achievements) row(activities) row(activity_days) \
      row(ai_journey) row(attempts) row(attempts_archive) row(audit_results) row(chapter_completions) \
          row(chat_mentions) row(daily_totals) row(enrollments) row(imported_entries) row(path_progress) \
              row(learning_path_steps) row(learning_paths) row(ledger) row(live_tickets) row(milestones) \
                  row(notifications) row(payments) row(practice_days) row(practice_sessions) row(profiles) \
                      row(progress_conflict_events) row(progress_conflicts) row(progress_events) \
                          row(propagations) row(quarantine) row(repair_rows) row(rule_pauses) \
                              row(schedule_entries) row(session_results) row(skills) row(stitch_mutations) \
                                  row(student_progress) row(subscriptions) row(sync_rejects) \
                                      row(system_sync_status) row(todo_videos) row(todos) \
                                          row(user_progress_summary) row(user_stitch_progress) \
                                              row(video_progress) row(webhook_events)
#define TABLE_ROW(name) TABLE(name),
#define TABLE_NAME(name) #name,
static const struct delete_table tables[] = {DELETE_TABLES(TABLE_ROW)};
const char *const delete_tables[] = {DELETE_TABLES(TABLE_NAME) NULL};
#define TABLE_COUNT ARRAY_LENGTH(tables)

/* The learners who go: the one asked for first, then who was merged into it, and into them. */
struct delete_work {
  uint64_t user_id;
  const struct repair_guard *guard;
  struct arena *arena;
  uint64_t learners[DELETE_MERGED_MAX];
  size_t learner_count;
  /* While erasing: */
  size_t table_at;
  size_t learner_at;
  uint64_t units;
  uint64_t erased;
};

static bool take_merged(struct delete_work *work, struct db *db, struct arena *arena, struct error *error) {
  work->learners[0] = work->user_id;
  work->learner_count = 1;
  for (size_t from = 0; from < work->learner_count;) {
    struct erase_merged_params *params = arena_alloc_array(arena, work->learner_count - from, sizeof *params);
    struct erase_merged_row *rows;
    size_t count;
    if (params == NULL) return error_set_memory(error);
    size_t asked = work->learner_count - from;
    for (size_t at = 0; at < asked; at++)
      params[at].user_id = work->learners[from + at];
    from = work->learner_count;
    if (!erase_merged(db, params, asked, arena, DELETE_MERGED_MAX, error, &rows, &count)) return false;
    if (work->learner_count + count > DELETE_MERGED_MAX)
      return error_set(error, ERROR_INTERNAL, "More learners became this one than are deleted at once.");
    for (size_t at = 0; at < count; at++)
      work->learners[work->learner_count++] = rows[at].user_id;
  }
  return true;
}

/* Of the payment provider's events, those whose learner nobody could tell are found while there are still the
 * rows that tell it. */
static bool claim_events(struct db *db, const struct delete_work *work, struct error *error) {
  struct db_outcome outcome;
  for (size_t at = 0; at < work->learner_count; at++) {
    struct erase_claim_named_events_params named = {.user_id = work->learners[at]};
    struct erase_claim_customer_events_params customer = {.user_id = work->learners[at]};
    struct erase_claim_subscriber_events_params subscriber = {.user_id = work->learners[at]};
    if (!erase_claim_named_events(db, &named, error, &outcome) ||
        !erase_claim_customer_events(db, &customer, error, &outcome) ||
        !erase_claim_subscriber_events(db, &subscriber, error, &outcome))
      return false;
  }
  return true;
}

/* --- The learner transaction ----------------------------------------------------------------------- */

static bool report_rows(struct ledger_tx *tx, struct ledger_entry *entry, const struct delete_work *work,
                        struct error *error) {
  uint64_t sums[TABLE_COUNT] = {0};
  struct ledger_change deleted = {.what = "deleted", .by = (int64_t)work->learner_count};
  if (!ledger_report(tx, entry, &deleted, error)) return false;
  for (size_t at = 0; at < work->learner_count; at++) {
    struct erase_count_params params = {.user_id = work->learners[at]};
    struct erase_count_row row;
    bool found;
    if (!erase_count(ledger_db(tx), &params, ledger_arena(tx), error, &row, &found)) return false;
    for (size_t table = 0; table < TABLE_COUNT; table++)
      sums[table] += *(const uint64_t *)((const char *)&row + tables[table].counted);
  }
  for (size_t table = 0; table < TABLE_COUNT; table++) {
    struct ledger_change change = {.what = "erased", .key = delete_tables[table], .by = (int64_t)sums[table]};
    if (sums[table] > 0 && !ledger_report(tx, entry, &change, error)) return false;
  }
  return true;
}

static bool bury(struct db *db, const struct delete_work *work, int64_t now_ms, struct arena *arena,
                 struct error *error) {
  struct erase_tombstone_params *rows = arena_alloc_array(arena, work->learner_count, sizeof *rows);
  struct db_outcome outcome;
  if (rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < work->learner_count; at++)
    rows[at] = (struct erase_tombstone_params){.user_id = work->learners[at], .now = now_ms};
  return erase_tombstone(db, rows, work->learner_count, error, &outcome);
}

static bool delete_work_one(struct ledger_tx *tx, struct error *error) {
  if (ledger_count(tx) == 0) return true;
  struct ledger_entry *entry = ledger_at(tx, 0);
  struct delete_work *work = entry->input;
  /* Merged since it was looked at: whoever they became was not asked for. */
  if (entry->learner.user_id != work->user_id) {
    error_set(&entry->error, ERROR_CONFLICT, "The learner was merged into another at this moment.");
    ledger_fail(entry);
    return true;
  }
  return job_step_hold(work->guard, ledger_db(tx), 0, 0, error) &&
         take_merged(work, ledger_db(tx), ledger_arena(tx), error) &&
         claim_events(ledger_db(tx), work, error) && report_rows(tx, entry, work, error) &&
         bury(ledger_db(tx), work, ledger_now_ms(tx), ledger_arena(tx), error);
}

static const struct ledger_kind delete_kind = {.name = "delete_user", .work = delete_work_one};

static bool delete_in_ledger(struct ledger *ledger, struct delete_work *work, const char *actor,
                             struct error *error) {
  struct ledger_entry entry = {
      .user_id = work->user_id, .op_id = "delete_user", .actor = actor, .input = work, .arena = work->arena};
  return ledger_run_one(ledger, &delete_kind, &entry, NULL, work->arena, error);
}

/* --- Afterwards ------------------------------------------------------------------------------------ */

/* Whose row says deleted already: by us, before a crash, or by somebody's SQL, which leaves names standing.
 */
static bool bury_step(struct db *db, void *context, struct error *error) {
  struct delete_work *work = context;
  return job_step_hold(work->guard, db, 0, 0, error) && take_merged(work, db, work->arena, error) &&
         bury(db, work, clock_now_ms(), work->arena, error);
}

/* Every DELETE of erase.sql has these parameters. */
struct delete_batch {
  uint64_t user_id;
  uint64_t limit_rows;
};

static bool erase_step(struct db *db, void *context, struct error *error) {
  struct delete_work *work = context;
  struct delete_batch batch = {.user_id = work->learners[work->learner_at], .limit_rows = DELETE_ROWS};
  struct db_outcome outcome;
  if (!job_step_hold(work->guard, db, 0, work->units, error)) return false;
  if (!db_run_exec(db, tables[work->table_at].erase, &batch, error, &outcome)) return false;
  work->erased = outcome.affected;
  return true;
}

/* Again, for what came while the learner was still there. */
static bool events_step(struct db *db, void *context, struct error *error) {
  struct delete_work *work = context;
  return job_step_hold(work->guard, db, 0, 0, error) && claim_events(db, work, error);
}

static bool samples_step(struct db *db, void *context, struct error *error) {
  struct delete_work *work = context;
  struct db_outcome outcome;
  if (!job_step_hold(work->guard, db, 0, work->units, error)) return false;
  work->units = 0;
  for (size_t at = 0; at < work->learner_count; at++) {
    struct erase_samples_params params = {.user_id = work->learners[at]};
    if (!erase_samples(db, &params, error, &outcome)) return false;
  }
  return true;
}

static bool erase_all(struct pool *pool, struct delete_work *work, uint64_t *sums, struct error *error) {
  if (!job_step_run(pool, events_step, work, error)) return false;
  for (work->learner_at = 0; work->learner_at < work->learner_count; work->learner_at++)
    for (work->table_at = 0; work->table_at < TABLE_COUNT; work->table_at++)
      do {
        if (!job_step_may_go_on(work->guard, error) || !job_step_run(pool, erase_step, work, error))
          return false;
        work->units = work->erased;
        sums[work->table_at] += work->erased;
      } while (work->erased == DELETE_ROWS);
  return job_step_run(pool, samples_step, work, error);
}

/* As the learner's last entry says, which no crash forgets; of who was deleted without one, by somebody's
 * SQL, what was erased just now. */
static bool make_report(struct db *db, const struct delete_work *work, const uint64_t *sums,
                        struct error *error, struct delete_report *ret_report) {
  struct erase_reported_params params = {.user_id = work->user_id};
  struct erase_reported_row *rows;
  struct delete_count *counts = arena_alloc_array(work->arena, TABLE_COUNT, sizeof *counts);
  size_t reported;
  size_t count = 0;
  if (counts == NULL) return error_set_memory(error);
  if (!erase_reported(db, &params, work->arena, TABLE_COUNT, error, &rows, &reported)) return false;
  for (size_t at = 0; at < reported; at++)
    counts[count++] =
        (struct delete_count){.table = rows[at].table_name, .rows = (uint64_t)rows[at].row_count};
  for (size_t at = 0; reported == 0 && at < TABLE_COUNT; at++)
    if (sums[at] > 0) counts[count++] = (struct delete_count){.table = delete_tables[at], .rows = sums[at]};
  *ret_report = (struct delete_report){
      .user_id = work->user_id, .learners = work->learner_count, .erased = {.items = counts, .count = count}};
  return true;
}

static bool find(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                 bool *ret_is_deleted) {
  struct erase_find_params params = {.user_id = user_id};
  struct erase_find_row row;
  bool found;
  if (!erase_find(db, &params, arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
  if (!row.is_deleted && !row.merged_into_is_null)
    return error_set(error, ERROR_CONFLICT, "This learner was merged into user %" PRIu64 ": delete that one.",
                     row.merged_into);
  *ret_is_deleted = row.is_deleted;
  return true;
}

bool delete_check(struct db *db, uint64_t user_id, struct arena *arena, struct error *error) {
  bool is_deleted;
  return find(db, user_id, arena, error, &is_deleted);
}

static bool find_in_pool(struct pool *pool, uint64_t user_id, struct arena *arena, struct error *error,
                         bool *ret_is_deleted) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = pool};
  return pool_acquire(pool, INT64_MAX, error, &lease.db) &&
         find(lease.db, user_id, arena, error, ret_is_deleted);
}

static bool report_in_pool(struct pool *pool, const struct delete_work *work, const uint64_t *sums,
                           struct error *error, struct delete_report *ret_report) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = pool};
  return pool_acquire(pool, INT64_MAX, error, &lease.db) &&
         make_report(lease.db, work, sums, error, ret_report);
}

bool delete_learner(struct ledger *ledger, uint64_t user_id, const char *actor,
                    const struct repair_guard *guard, struct arena *arena, struct error *error,
                    struct delete_report *ret_report) {
  struct pool *pool = ledger_pool(ledger);
  struct delete_work work = {.user_id = user_id, .guard = guard, .arena = arena};
  uint64_t sums[TABLE_COUNT] = {0};
  bool is_deleted = false;
  if (!find_in_pool(pool, user_id, arena, error, &is_deleted)) return false;
  if (!is_deleted && !delete_in_ledger(ledger, &work, actor, error)) return false;
  return (!is_deleted || job_step_run(pool, bury_step, &work, error)) &&
         erase_all(pool, &work, sums, error) && report_in_pool(pool, &work, sums, error, ret_report);
}
