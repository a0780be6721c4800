#include "db/migrate_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define MIGRATE_SUFFIX ".sql"
#define MIGRATE_NAME_BYTES_MAX 190
#define MIGRATE_NUMBER_MAX 99999999UL

static bool migrate_read_all(int fd, char *text, size_t bytes) {
  for (size_t at = 0; at < bytes;) {
    ssize_t got = read(fd, text + at, bytes - at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += (size_t)got;
  }
  return true;
}

bool migrate_file_read(const char *path, struct arena *arena, struct error *error, const char **ret_text,
                       size_t *ret_bytes) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return error_set(error, ERROR_NOT_FOUND, "%s: %s.", path, strerror(errno));
  if (fstat(fd, &status) != 0 || status.st_size > (off_t)MIGRATE_FILE_BYTES_MAX) {
    close(fd);
    return error_set(error, ERROR_TOO_LARGE, "%s is longer than %zu bytes.", path, MIGRATE_FILE_BYTES_MAX);
  }
  size_t bytes = (size_t)status.st_size;
  char *text = arena_alloc(arena, bytes + 1);
  bool complete = text != NULL && migrate_read_all(fd, text, bytes);
  close(fd);
  if (text == NULL) return error_set_memory(error);
  if (!complete) return error_set(error, ERROR_MALFORMED, "%s cannot be read to its end.", path);
  if (strlen(text) != bytes) return error_set(error, ERROR_MALFORMED, "%s has a NUL byte.", path);
  *ret_text = text;
  *ret_bytes = bytes;
  return true;
}

static bool migrate_checksum(const char *path, struct arena *arena, struct error *error, char hex[65]) {
  const char *text;
  size_t bytes;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned digest_bytes;
  struct arena_mark before = arena_mark(arena);
  if (!migrate_file_read(path, arena, error, &text, &bytes)) return false;
  bool digested = EVP_Digest(text, bytes, digest, &digest_bytes, EVP_sha256(), NULL) == 1;
  arena_rewind(arena, before);
  if (!digested) return error_set(error, ERROR_INTERNAL, "The checksum of %s cannot be computed.", path);
  for (unsigned i = 0; i < digest_bytes; i++)
    snprintf(hex + (size_t)2 * i, 3, "%02x", digest[i]);
  return true;
}

/* "0007_more.sql" is number 7, and its name "0007_more". */
static bool migrate_name_parse(const char *file, struct arena *arena, struct error *error,
                               struct migration *migration) {
  size_t length = strlen(file) - strlen(MIGRATE_SUFFIX);
  char *end;
  unsigned long number = strtoul(file, &end, 10);
  if (!isdigit((unsigned char)file[0]) || *end != '_' || number > MIGRATE_NUMBER_MAX ||
      length > MIGRATE_NAME_BYTES_MAX)
    return error_set(error, ERROR_MALFORMED, "%s is no migration's name; they are named NUMBER_name.sql.",
                     file);
  migration->number = (uint32_t)number;
  migration->name = arena_strndup(arena, file, length);
  return migration->name != NULL || error_set_memory(error);
}

static int migrate_compare(const void *left, const void *right) {
  const struct migration *a = left;
  const struct migration *b = right;
  return (a->number > b->number) - (a->number < b->number);
}

static bool migrate_is_sql(const char *file) {
  size_t length = strlen(file);
  size_t suffix = strlen(MIGRATE_SUFFIX);
  return file[0] != '.' && length > suffix && strcmp(file + length - suffix, MIGRATE_SUFFIX) == 0;
}

static bool migrate_file_start(const char *directory, const char *file, struct arena *arena,
                               struct error *error, struct migration *migration) {
  if (!migrate_name_parse(file, arena, error, migration)) return false;
  migration->path = arena_printf(arena, "%s/%s", directory, file);
  if (migration->path == NULL) return error_set_memory(error);
  migration->state = MIGRATION_PENDING;
  return migrate_checksum(migration->path, arena, error, migration->checksum);
}

static int migrate_select(const struct dirent *entry) { return migrate_is_sql(entry->d_name) ? 1 : 0; }

static bool migrate_collect(const char *directory, struct dirent **entries, size_t count, struct arena *arena,
                            struct error *error, struct migration **ret_migrations) {
  if (count > MIGRATE_FILES_MAX)
    return error_set(error, ERROR_TOO_LARGE, "%s has more than %d migrations.", directory, MIGRATE_FILES_MAX);
  struct migration *migrations = arena_alloc_array(arena, count + 1, sizeof *migrations);
  if (migrations == NULL) return error_set_memory(error);
  for (size_t i = 0; i < count; i++)
    if (!migrate_file_start(directory, entries[i]->d_name, arena, error, &migrations[i])) return false;
  qsort(migrations, count, sizeof *migrations, migrate_compare);
  for (size_t i = 1; i < count; i++)
    if (migrations[i].number == migrations[i - 1].number)
      return error_set(error, ERROR_MALFORMED, "%s and %s have the same number.", migrations[i - 1].name,
                       migrations[i].name);
  *ret_migrations = migrations;
  return true;
}

bool migrate_file_list(const char *directory, struct arena *arena, struct error *error,
                       struct migration **ret_migrations, size_t *ret_count) {
  struct dirent **entries;
  int count = scandir(directory, &entries, migrate_select, alphasort);
  if (count < 0) return error_set(error, ERROR_NOT_FOUND, "%s: %s.", directory, strerror(errno));
  bool collected = migrate_collect(directory, entries, (size_t)count, arena, error, ret_migrations);
  for (int i = 0; i < count; i++)
    free(entries[i]);
  free(entries);
  if (collected) *ret_count = (size_t)count;
  return collected;
}

/* Past a string or a quoted name; NULL: it is never closed. */
static const char *migrate_skip_quoted(const char *at) {
  char quote = *at++;
  for (; *at != '\0'; at++) {
    if (*at == '\\' && quote != '`') {
      if (*++at == '\0') return NULL;
    } else if (*at == quote) {
      if (at[1] != quote) return at + 1;
      at++;
    }
  }
  return NULL;
}

static bool migrate_is_line_comment(const char *at) {
  if (*at == '#') return true;
  return at[0] == '-' && at[1] == '-' && (at[2] == '\0' || isspace((unsigned char)at[2]));
}

/* Past whatever stands at `at`, of which a semicolon is no end; NULL: it is never closed. */
static const char *migrate_skip(const char *at) {
  if (*at == '\'' || *at == '"' || *at == '`') return migrate_skip_quoted(at);
  if (migrate_is_line_comment(at)) return at + strcspn(at, "\n");
  if (at[0] == '/' && at[1] == '*') {
    const char *end = strstr(at + 2, "*/");
    return end == NULL ? NULL : end + 2;
  }
  return at + 1;
}

/* White space and comments, but for those that the server executes: they begin with ! or M!. */
static bool migrate_is_nothing(const char *at) {
  if (isspace((unsigned char)*at) || migrate_is_line_comment(at)) return true;
  return at[0] == '/' && at[1] == '*' && at[2] != '!' && !(at[2] == 'M' && at[3] == '!');
}

static unsigned migrate_line_of(const char *text, const char *at) {
  unsigned line = 1;
  for (; text < at; text++)
    if (*text == '\n') line++;
  return line;
}

bool migrate_file_split(const char *name, const char *text, struct arena *arena, struct error *error,
                        struct migrate_statement **ret_statements, size_t *ret_count) {
  struct migrate_statement *statements = arena_alloc_array(arena, MIGRATE_STATEMENTS_MAX, sizeof *statements);
  if (statements == NULL) return error_set_memory(error);
  size_t count = 0;
  const char *start = NULL;
  for (const char *at = text; *at != '\0';) {
    if (*at != ';') {
      const char *next = migrate_skip(at);
      if (next == NULL)
        return error_set(error, ERROR_MALFORMED, "%s:%u: what begins here is never closed.", name,
                         migrate_line_of(text, at));
      if (start == NULL && !migrate_is_nothing(at)) start = at;
      at = next;
      continue;
    }
    if (start != NULL) {
      if (count == MIGRATE_STATEMENTS_MAX)
        return error_set(error, ERROR_TOO_LARGE, "%s has more than %d statements.", name,
                         MIGRATE_STATEMENTS_MAX);
      statements[count].sql = arena_strndup(arena, start, (size_t)(at - start));
      statements[count].line = migrate_line_of(text, start);
      if (statements[count].sql == NULL) return error_set_memory(error);
      count++;
      start = NULL;
    }
    at++;
  }
  if (start != NULL)
    return error_set(error, ERROR_MALFORMED, "%s:%u: the last statement does not end in a semicolon.", name,
                     migrate_line_of(text, start));
  if (count == 0) return error_set(error, ERROR_MALFORMED, "%s has no statement.", name);
  *ret_statements = statements;
  *ret_count = count;
  return true;
}
