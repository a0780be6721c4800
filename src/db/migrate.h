/* Numbered SQL files (sql/migrations/0001_name.sql), applied once each, in order, recorded in
 * schema_migrations with their SHA-256. A second runner waits for the first; a file whose content
 * changed after it was applied, and one that was left half-applied, are refused by name.
 *
 * Progress is recorded after each statement, so that a half-applied one can be said to the statement.
 * A migration whose first statement fails leaves nothing behind and may simply be tried again.
 * Whoever migrates connects with a query_timeout_ms that outlasts the longest ALTER TABLE. */
#ifndef LOCKSTEP_DB_MIGRATE_H
#define LOCKSTEP_DB_MIGRATE_H

#include "db/db.h"

enum migration_state {
  MIGRATION_PENDING,
  MIGRATION_APPLIED,
  MIGRATION_CHANGED,
  MIGRATION_HALF_APPLIED,
  MIGRATION_UNKNOWN
};
extern const char *const migration_state_names[];

struct migration {
  uint32_t number;
  const char *name; /* "0001_people_and_ledger" */
  const char *path; /* NULL for MIGRATION_UNKNOWN: the database knows it, the directory does not */
  char checksum[65];
  enum migration_state state;
  int64_t applied_ms;  /* 0: not yet */
  const char *problem; /* what is wrong with MIGRATION_CHANGED and MIGRATION_HALF_APPLIED; else NULL */
};

/* Touches nothing, not even a database that was never migrated. One that is being applied at this
 * moment is MIGRATION_PENDING. */
bool migrate_status(struct db *db, const char *directory, struct arena *arena, struct error *error,
                    struct migration **ret_migrations, size_t *ret_count) WARN_UNUSED;
/* Applies what is pending, as the database's owner. `progress` (may be NULL) is called before each.
 * ERROR_CONFLICT: something is refused, the message says what and why; ERROR_UNAVAILABLE: another
 * runner did not finish in MIGRATE_WAIT_MS. */
#define MIGRATE_WAIT_MS INT64_C(600000)
bool migrate_up(struct db *db, const char *directory, struct arena *arena,
                void (*progress)(const struct migration *migration, size_t at, size_t count, void *context),
                void *context, struct error *error, size_t *ret_applied) WARN_UNUSED;

#endif
