#include "db/migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "db/migrate_file.h"
#include "queries/migrate.h"

#include "base/banned.h"

#define MIGRATE_NO_SUCH_TABLE 1146
#define MIGRATE_DUPLICATE 1062
#define MIGRATE_LOCK_WAIT 1205
#define MIGRATE_LOCK_TRIES 30 /* of lock_wait_timeout each, see migrate_be_patient */
#define MIGRATE_PAUSE_MS 250
#define MIGRATE_NAME_BYTES 192

const char *const migration_state_names[] = {"pending",      "applied", "changed",
                                             "half-applied", "unknown", NULL};

/* The two sides: the files, and what the database has on record. */
struct migrate_view {
  struct migration *migrations; /* both, by number */
  size_t count;
  const char *running; /* what somebody else is applying at this moment; NULL: nothing */
};

static bool migrate_records(struct db *db, struct arena *arena, struct error *error,
                            struct migrate_list_row **ret_rows, size_t *ret_count) {
  if (migrate_list(db, arena, MIGRATE_FILES_MAX, error, ret_rows, ret_count)) {
    db_rollback(db);
    return true;
  }
  db_rollback(db);
  if (error->sql_errno != MIGRATE_NO_SUCH_TABLE) return false;
  error_clear(error);
  *ret_count = 0;
  return true;
}

static const char *migrate_half_problem(const struct migrate_list_row *row, struct arena *arena) {
  if (row->problem != NULL)
    return arena_printf(arena, "statement %" PRId64 " of %" PRId64 " failed, those before it stand: %s",
                        row->statements_done + 1, row->statements, row->problem);
  return arena_printf(arena,
                      "it was interrupted in statement %" PRId64 " of %" PRId64
                      ", which may have been applied; those before it stand",
                      row->statements_done + 1, row->statements);
}

static bool migrate_judge(struct migration *migration, const struct migrate_list_row *row,
                          struct arena *arena, struct error *error) {
  if (row->is_running) {
    migration->state = MIGRATION_PENDING;
  } else if (!row->is_applied) {
    migration->state = MIGRATION_HALF_APPLIED;
    migration->problem = migrate_half_problem(row, arena);
  } else if (strcmp(migration->checksum, row->checksum) != 0) {
    migration->state = MIGRATION_CHANGED;
    migration->problem = "its file is not the one that was applied";
  } else {
    migration->state = MIGRATION_APPLIED;
  }
  if (migration->state == MIGRATION_HALF_APPLIED && migration->problem == NULL)
    return error_set_memory(error);
  if (row->is_applied) migration->applied_ms = row->applied_at;
  return true;
}

/* Merges files and records, both sorted by number. */
static bool migrate_look(struct db *db, const char *directory, struct arena *arena, struct error *error,
                         struct migrate_view *ret_view) {
  struct migration *files;
  size_t file_count;
  struct migrate_list_row *rows = NULL;
  size_t row_count = 0;
  if (!migrate_file_list(directory, arena, error, &files, &file_count)) return false;
  if (!migrate_records(db, arena, error, &rows, &row_count)) return false;
  struct migrate_view view = {.count = 0};
  view.migrations = arena_alloc_array(arena, file_count + row_count + 1, sizeof *view.migrations);
  if (view.migrations == NULL) return error_set_memory(error);
  for (size_t file = 0, row = 0; file < file_count || row < row_count;) {
    struct migration *migration = &view.migrations[view.count++];
    if (row == row_count || (file < file_count && files[file].number < rows[row].number)) {
      *migration = files[file++];
      continue;
    }
    if (rows[row].is_running) view.running = rows[row].name;
    if (file < file_count && files[file].number == rows[row].number) {
      *migration = files[file++];
      if (!migrate_judge(migration, &rows[row++], arena, error)) return false;
      continue;
    }
    migration->number = (uint32_t)rows[row].number;
    migration->name = rows[row].name;
    snprintf(migration->checksum, sizeof migration->checksum, "%s", rows[row].checksum);
    migration->state = MIGRATION_UNKNOWN;
    if (rows[row].is_applied) migration->applied_ms = rows[row].applied_at;
    row++;
  }
  *ret_view = view;
  return true;
}

bool migrate_status(struct db *db, const char *directory, struct arena *arena, struct error *error,
                    struct migration **ret_migrations, size_t *ret_count) {
  struct migrate_view view;
  if (!migrate_look(db, directory, arena, error, &view)) return false;
  *ret_migrations = view.migrations;
  *ret_count = view.count;
  return true;
}

/* What stands in the way of applying what is pending. */
static bool migrate_refuse(const struct migrate_view *view, struct error *error) {
  const struct migration *pending = NULL;
  for (size_t i = 0; i < view->count; i++) {
    const struct migration *migration = &view->migrations[i];
    switch (migration->state) {
    case MIGRATION_PENDING:
      if (pending == NULL) pending = migration;
      break;
    case MIGRATION_APPLIED:
      if (pending != NULL)
        return error_set(error, ERROR_CONFLICT,
                         "Migration %s is pending, but %s, which follows it, is applied.", pending->name,
                         migration->name);
      break;
    case MIGRATION_CHANGED:
      return error_set(error, ERROR_CONFLICT, "Migration %s is applied, but %s.", migration->name,
                       migration->problem);
    case MIGRATION_HALF_APPLIED:
      error_set(
          error, ERROR_CONFLICT,
          "Migration %s is half-applied: %.120s. Undo it by hand and delete its row from schema_migrations.",
          migration->name, migration->problem);
      return error_detail(error, "%s", migration->problem);
    case MIGRATION_UNKNOWN: /* of a later release, which lets this one run on */
      break;
    }
  }
  return true;
}

/* False and no error: the lock is somebody else's still. A server that refuses GET_LOCK altogether
 * (some clusters do) leaves it to the row of migrate_begin. */
static bool migrate_take_lock(struct db *db, struct arena *arena, bool *ret_failed, struct error *error) {
  struct migrate_lock_row row;
  bool found = false;
  if (!migrate_lock(db, arena, error, &row, &found)) {
    db_rollback(db);
    *ret_failed = db_is_broken(db);
    if (*ret_failed) return false;
    error_clear(error);
    return true;
  }
  return found && !row.taken_is_null && row.taken;
}

/* Ends with the lock taken and nobody else at work. */
static bool migrate_wait(struct db *db, const char *directory, struct arena *arena, struct error *error,
                         struct migrate_view *ret_view) {
  int64_t deadline_ms = clock_monotonic_ms() + MIGRATE_WAIT_MS;
  char running[MIGRATE_NAME_BYTES] = "the first";
  bool locked = false;
  while (clock_monotonic_ms() < deadline_ms) {
    bool failed = false;
    if (!locked) locked = migrate_take_lock(db, arena, &failed, error);
    if (failed) return false;
    if (!locked) continue;
    struct arena_mark before = arena_mark(arena);
    struct migrate_view view;
    if (!migrate_look(db, directory, arena, error, &view)) return false;
    if (view.running == NULL) {
      *ret_view = view;
      return true;
    }
    snprintf(running, sizeof running, "%s", view.running);
    arena_rewind(arena, before);
    clock_sleep_ms(MIGRATE_PAUSE_MS);
  }
  return error_set(error, ERROR_UNAVAILABLE,
                   "Another runner, or one that was interrupted on another server, is at migration %s. "
                   "If none is, undo it by hand and delete its row from schema_migrations.",
                   running);
}

/* A statement that only waited for a lock has done nothing and may be tried again. */
static bool migrate_execute(struct db *db, const char *sql, struct error *error) {
  for (int tries = 1;; tries++) {
    if (db_text_exec(db, sql, NULL, 0, error, NULL)) return true;
    if (error->sql_errno != MIGRATE_LOCK_WAIT || tries == MIGRATE_LOCK_TRIES) return false;
    clock_sleep_ms(MIGRATE_PAUSE_MS);
  }
}

/* Records how far it came; the error is the statement's. */
static void migrate_record_failure(struct db *db, const struct migration *migration, size_t at,
                                   const struct migrate_statement *statement, struct error *error) {
  char problem[ERROR_DETAIL_BYTES];
  struct error ignored = ERROR_INIT;
  bool is_duplicate = error->sql_errno == MIGRATE_DUPLICATE;
  snprintf(problem, sizeof problem, "%s%.400s", is_duplicate ? "duplicate entry for the key " : "",
           error->detail);
  db_rollback(db);
  if (at == 0) {
    struct migrate_forget_params params = {.number = migration->number};
    if (!migrate_forget(db, &params, &ignored, NULL) || !db_commit(db, &ignored)) db_rollback(db);
  } else {
    struct migrate_fail_params params = {.number = migration->number, .problem = problem};
    if (!migrate_fail(db, &params, &ignored, NULL) || !db_commit(db, &ignored)) db_rollback(db);
  }
  error_set(error, ERROR_CONFLICT, "Migration %s failed in line %u (statement %zu): %.140s", migration->name,
            statement->line, at + 1, problem);
  error_detail(error, "%s", problem);
}

static bool migrate_apply_statements(struct db *db, const struct migration *migration,
                                     const struct migrate_statement *statements, size_t count,
                                     struct error *error) {
  for (size_t i = 0; i < count; i++) {
    if (!migrate_execute(db, statements[i].sql, error)) {
      migrate_record_failure(db, migration, i, &statements[i], error);
      return false;
    }
    struct migrate_advance_params params = {.number = migration->number, .done = (int64_t)i + 1};
    struct db_outcome outcome;
    if (!migrate_advance(db, &params, error, &outcome)) return false;
    if (outcome.affected != 1)
      return error_set(error, ERROR_CONFLICT, "Migration %s was taken over by another runner.",
                       migration->name);
    if (!db_commit(db, error)) return false;
  }
  return true;
}

static bool migrate_apply(struct db *db, const struct migration *migration, struct arena *arena,
                          struct error *error) {
  const char *text;
  size_t bytes;
  struct migrate_statement *statements;
  size_t count;
  if (!migrate_file_read(migration->path, arena, error, &text, &bytes)) return false;
  if (!migrate_file_split(migration->name, text, arena, error, &statements, &count)) return false;
  struct migrate_begin_params params = {.number = migration->number,
                                        .name = migration->name,
                                        .checksum = migration->checksum,
                                        .statements = (int64_t)count};
  if (!migrate_begin(db, &params, error, NULL) || !db_commit(db, error)) {
    if (error->sql_errno == MIGRATE_DUPLICATE)
      error_set(error, ERROR_CONFLICT, "Migration %s was begun by another runner.", migration->name);
    return false;
  }
  return migrate_apply_statements(db, migration, statements, count, error);
}

static bool migrate_apply_pending(struct db *db, const struct migrate_view *view, struct arena *arena,
                                  void (*progress)(const struct migration *migration, size_t at, size_t count,
                                                   void *context),
                                  void *context, struct error *error, size_t *ret_applied) {
  size_t pending = 0;
  size_t applied = 0;
  for (size_t i = 0; i < view->count; i++)
    if (view->migrations[i].state == MIGRATION_PENDING) pending++;
  for (size_t i = 0; i < view->count; i++) {
    const struct migration *migration = &view->migrations[i];
    if (migration->state != MIGRATION_PENDING) continue;
    if (progress != NULL) progress(migration, applied, pending, context);
    struct arena_mark before = arena_mark(arena);
    if (!migrate_apply(db, migration, arena, error)) return false;
    arena_rewind(arena, before);
    applied++;
  }
  *ret_applied = applied;
  return true;
}

static bool migrate_up_locked(struct db *db, const char *directory, struct arena *arena,
                              void (*progress)(const struct migration *migration, size_t at, size_t count,
                                               void *context),
                              void *context, struct error *error, size_t *ret_applied) {
  struct migrate_view view = {.count = 0};
  if (!migrate_wait(db, directory, arena, error, &view)) return false;
  if (!migrate_refuse(&view, error)) return false;
  return migrate_apply_pending(db, &view, arena, progress, context, error, ret_applied);
}

bool migrate_up(struct db *db, const char *directory, struct arena *arena,
                void (*progress)(const struct migration *migration, size_t at, size_t count, void *context),
                void *context, struct error *error, size_t *ret_applied) {
  if (!migrate_be_patient(db, error, NULL)) return false;
  if (!migrate_create_table(db, error, NULL) || !db_commit(db, error)) return false;
  bool done = migrate_up_locked(db, directory, arena, progress, context, error, ret_applied);
  struct migrate_unlock_row row;
  struct error ignored = ERROR_INIT;
  bool found;
  db_rollback(db);
  if (!db_is_broken(db) && !migrate_unlock(db, arena, &ignored, &row, &found)) db_rollback(db);
  return done;
}
