/* A migration's file: its name, its text, its statements. */
#ifndef LOCKSTEP_DB_MIGRATE_FILE_H
#define LOCKSTEP_DB_MIGRATE_FILE_H

#include "db/migrate.h"

#define MIGRATE_FILE_BYTES_MAX ((size_t)1024 * 1024)
#define MIGRATE_FILES_MAX 1000
#define MIGRATE_STATEMENTS_MAX 1000

struct migrate_statement {
  const char *sql;
  unsigned line; /* in the file, where it begins */
};

/* Every NUMBER_name.sql of the directory, by number; numbers are unique. */
bool migrate_file_list(const char *directory, struct arena *arena, struct error *error,
                       struct migration **ret_migrations, size_t *ret_count) WARN_UNUSED;

bool migrate_file_read(const char *path, struct arena *arena, struct error *error, const char **ret_text,
                       size_t *ret_bytes) WARN_UNUSED;

/* Cuts a text into its statements, which end in a semicolon outside of strings and comments.
 * `name` is for complaints. */
bool migrate_file_split(const char *name, const char *text, struct arena *arena, struct error *error,
                        struct migrate_statement **ret_statements, size_t *ret_count) WARN_UNUSED;

#endif
