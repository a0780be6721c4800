/* migrate status, migrate up. */
#include <string.h>

#include "db/migrate.h"
#include "programs/ctl.h"
#include "programs/ctl_print.h"

#include "base/banned.h"

struct up_options {
  bool dry_run;
};

static const struct field up_fields[] = {
    FIELD_BOOL(struct up_options, "dryRun", dry_run, .summary = "Only tell what would be applied."),
};
const struct schema ctl_migrate_up_options =
    SCHEMA("CtlMigrateUp", struct up_options, up_fields, .summary = "How to migrate.");

static const struct ctl_column migration_columns[] = {{.title = "MIGRATION"},
                                                      {.title = "STATE"},
                                                      {.title = "APPLIED (UTC)"},
                                                      {.title = "PROBLEM", .may_cut = true}};

static enum ctl_colour colour_of(enum migration_state state) {
  switch (state) {
  case MIGRATION_APPLIED:
    return CTL_PLAIN;
  case MIGRATION_PENDING:
  case MIGRATION_UNKNOWN:
    return CTL_YELLOW;
  case MIGRATION_CHANGED:
  case MIGRATION_HALF_APPLIED:
    return CTL_RED;
  }
  return CTL_PLAIN;
}

static const char *problem_of(const struct migration *migration) {
  if (migration->state == MIGRATION_UNKNOWN) return "of a later release: there is no such file here";
  return migration->problem == NULL ? "" : migration->problem;
}

bool ctl_migrate_status(struct ctl *ctl, const void *options, struct error *error) {
  struct migration *migrations;
  size_t count;
  size_t open = 0;
  struct ctl_table table;
  (void)options;
  if (!migrate_status(ctl->db, ctl->config.paths.migrations, ctl->arena, error, &migrations, &count) ||
      !ctl_table_open(&table, ctl, migration_columns, ARRAY_LENGTH(migration_columns), count, error))
    return false;
  for (size_t at = 0; at < count; at++) {
    const struct migration *migration = &migrations[at];
    const char *cells[] = {migration->name, migration_state_names[migration->state],
                           migration->applied_ms == 0 ? NULL : ctl_time(ctl, migration->applied_ms),
                           problem_of(migration)};
    ctl_table_add(&table, colour_of(migration->state), cells);
    if (migration->state != MIGRATION_APPLIED && migration->state != MIGRATION_UNKNOWN) open++;
  }
  ctl_table_print(&table, stdout);
  if (open == 0) {
    (void)printf("\nThe database is up to date.\n");
    return true;
  }
  (void)printf("\n%zu of %zu are not as they should be; \"" CTL_PROGRAM
               " migrate up\" applies what is pending.\n",
               open, count);
  ctl->outcome = CTL_EXIT_FAILED;
  return true;
}

static void show_step(const struct migration *migration, size_t at, size_t count, void *context) {
  (void)context;
  (void)printf("[%zu/%zu] %s\n", at + 1, count, migration->name);
  (void)fflush(stdout);
}

static bool show_pending(struct ctl *ctl, struct error *error) {
  struct migration *migrations;
  size_t count;
  size_t pending = 0;
  if (!migrate_status(ctl->db, ctl->config.paths.migrations, ctl->arena, error, &migrations, &count))
    return false;
  for (size_t at = 0; at < count; at++) {
    if (migrations[at].problem != NULL)
      return error_set(error, ERROR_CONFLICT, "Nothing would be applied: migration %s is %s: %.120s.",
                       migrations[at].name, migration_state_names[migrations[at].state],
                       migrations[at].problem);
    if (migrations[at].state != MIGRATION_PENDING) continue;
    (void)printf("%s would be applied.\n", migrations[at].name);
    pending++;
  }
  if (pending == 0) (void)printf("Nothing is pending.\n");
  return true;
}

bool ctl_migrate_up(struct ctl *ctl, const void *options, struct error *error) {
  const struct up_options *up = options;
  size_t applied;
  if (up->dry_run) return show_pending(ctl, error);
  if (!migrate_up(ctl->db, ctl->config.paths.migrations, ctl->arena, show_step, NULL, error, &applied))
    return false;
  if (applied == 0)
    (void)printf("Nothing is pending; the database is up to date.\n");
  else
    (void)printf("%zu %s applied; the database is up to date.\n", applied,
                 applied == 1 ? "migration was" : "migrations were");
  return true;
}
