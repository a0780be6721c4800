/* Numbered SQL files (sql/migrations/0001_name.sql), applied once each, in order, recorded in
 * schema_migrations with their SHA-256. A second runner waits for the first; a file whose content
 * changed after it was applied, and one that was left half-applied, are refused by name. */
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
  int64_t applied_ms; /* 0: not yet */
};

bool migrate_status(struct db *db, const char *directory, struct arena *arena, struct error *error,
                    struct migration **ret_migrations, size_t *ret_count) WARN_UNUSED;
/* Applies what is pending. `progress` (may be NULL) is called before each. */
bool migrate_up(struct db *db, const char *directory, struct arena *arena,
                void (*progress)(const struct migration *migration, size_t at, size_t count, void *context),
                void *context, struct error *error, size_t *ret_applied) WARN_UNUSED;

#endif
