/* Directories of rule files for a test. */
#ifndef LOCKSTEP_TESTS_RULE_FILES_H
#define LOCKSTEP_TESTS_RULE_FILES_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define RULE_PATH_BYTES 512

/* `path`: RULE_PATH_BYTES. */
static inline void rule_directory_make(char *path) {
  const char *base = getenv("TMPDIR");
  snprintf(path, RULE_PATH_BYTES, "%s/lockstep-rules-XXXXXX", base == NULL ? "/tmp" : base);
  assert_non_null(mkdtemp(path));
}

static inline void rule_file_write(const char *directory, const char *name, const char *text) {
  char path[2 * RULE_PATH_BYTES];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static inline void rule_directory_remove(const char *directory) {
  char path[2 * RULE_PATH_BYTES];
  DIR *open = opendir(directory);
  assert_non_null(open);
  for (struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open)) {
    if (entry->d_name[0] == '.' && (entry->d_name[1] == '\0' || entry->d_name[1] == '.')) continue;
    snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    if (unlink(path) != 0) rmdir(path);
  }
  closedir(open);
  assert_int_equal(rmdir(directory), 0);
}

/* The rules that ship, in the source tree. */
static inline void rule_directory_shipped(char *path) {
  const char *source = getenv("LOCKSTEP_SOURCE");
  snprintf(path, RULE_PATH_BYTES, "%s/sql/rules", source == NULL ? "." : source);
}

#endif
