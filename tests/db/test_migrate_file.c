#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/migrate_file.h"

#include "base/banned.h"

struct place {
  char directory[64];
  struct arena *arena;
  struct error error;
};

static int setup(void **state) {
  static struct place place;
  memset(&place, 0, sizeof place);
  snprintf(place.directory, sizeof place.directory, "/tmp/lockstep_migrate_XXXXXX");
  if (mkdtemp(place.directory) == NULL) return -1;
  place.arena = arena_new((size_t)8 * 1024 * 1024);
  *state = &place;
  return 0;
}

static int teardown(void **state) {
  struct place *place = *state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", place->directory);
  arena_free(place->arena);
  return system(command);
}

static void write_file(const struct place *place, const char *name, const char *text, size_t bytes) {
  char path[160];
  snprintf(path, sizeof path, "%s/%s", place->directory, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, bytes, file), bytes);
  assert_int_equal(fclose(file), 0);
}

static void assert_split(struct place *place, const char *text, size_t count, const char *const *wanted) {
  struct migrate_statement *statements = NULL;
  size_t got = 0;
  if (!migrate_file_split("test", text, place->arena, &place->error, &statements, &got))
    fail_msg("%s: %s", text, place->error.message);
  assert_int_equal(got, count);
  for (size_t i = 0; i < count; i++)
    assert_string_equal(statements[i].sql, wanted[i]);
}

static void test_statements_end_in_semicolons(void **state) {
  assert_split(*state, "SELECT 1; SELECT 2;", 2, (const char *[]){"SELECT 1", "SELECT 2"});
  assert_split(*state, ";;\n SELECT 1 ;; ", 1, (const char *[]){"SELECT 1 "});
}

static void test_semicolons_in_strings_are_text(void **state) {
  assert_split(*state, "SELECT 'a;b''c;', \"d;\"\"e;\", `f;``g;`, 'h\\';i';SELECT 2;", 2,
               (const char *[]){"SELECT 'a;b''c;', \"d;\"\"e;\", `f;``g;`, 'h\\';i'", "SELECT 2"});
  assert_split(*state, "SELECT '\\\\';SELECT 2;", 2, (const char *[]){"SELECT '\\\\'", "SELECT 2"});
  assert_split(*state, "SELECT `a\\`;SELECT 2;", 2, (const char *[]){"SELECT `a\\`", "SELECT 2"});
}

static void test_comments_hold_no_statements(void **state) {
  assert_split(*state, "-- a; b 'c\nSELECT 1; # d; \"e\n/* f; 'g */ SELECT /* h; */ 2; -- end", 2,
               (const char *[]){"SELECT 1", "SELECT /* h; */ 2"});
  assert_split(*state, "SELECT 5--1;", 1, (const char *[]){"SELECT 5--1"});
  assert_split(*state, "--\nSELECT 1;", 1, (const char *[]){"SELECT 1"});
  /* These are executed. */
  assert_split(*state, "/*!50000 SELECT 1 */;", 1, (const char *[]){"/*!50000 SELECT 1 */"});
  assert_split(*state, "/*M!100000 SELECT 1 */;", 1, (const char *[]){"/*M!100000 SELECT 1 */"});
}

static void test_what_is_never_closed_is_refused(void **state) {
  struct place *place = *state;
  const struct {
    const char *text;
    const char *complaint;
  } wrong[] = {
      {"SELECT 1;\nSELECT 'a;", "test:2: what begins here is never closed."},
      {"SELECT \"a\\\";", "test:1: what begins here is never closed."},
      {"\n\n/* SELECT 1;", "test:3: what begins here is never closed."},
      {"SELECT 'a\\", "test:1: what begins here is never closed."},
      {"SELECT 1;\n\nSELECT 2", "test:3: the last statement does not end in a semicolon."},
      {"-- nothing\n", "test has no statement."},
      {"", "test has no statement."},
  };
  for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
    struct migrate_statement *statements;
    size_t count;
    assert_false(migrate_file_split("test", wrong[i].text, place->arena, &place->error, &statements, &count));
    assert_int_equal(place->error.code, ERROR_MALFORMED);
    assert_string_equal(place->error.message, wrong[i].complaint);
  }
}

static void test_lines_are_counted(void **state) {
  struct place *place = *state;
  struct migrate_statement *statements;
  size_t count;
  assert_true(migrate_file_split("test", "-- a\nSELECT\n1;\n\n  SELECT 2;", place->arena, &place->error,
                                 &statements, &count));
  assert_int_equal(statements[0].line, 2);
  assert_int_equal(statements[1].line, 5);
}

static void test_files_are_listed_by_number(void **state) {
  struct place *place = *state;
  struct migration *migrations;
  size_t count;
  write_file(place, "0010_ten.sql", "SELECT 10;", 10);
  write_file(place, "9_nine.sql", "", 0);
  write_file(place, "0002_two.sql", "abc", 3);
  write_file(place, "README", "", 0);
  write_file(place, ".hidden.sql", "", 0);
  assert_true(migrate_file_list(place->directory, place->arena, &place->error, &migrations, &count));
  assert_int_equal(count, 3);
  assert_string_equal(migrations[0].name, "0002_two");
  assert_string_equal(migrations[1].name, "9_nine");
  assert_string_equal(migrations[2].name, "0010_ten");
  assert_int_equal(migrations[2].number, 10);
  assert_int_equal(migrations[2].state, MIGRATION_PENDING);
  assert_string_equal(migrations[0].checksum,
                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_bad_names_and_numbers_are_refused(void **state) {
  struct place *place = *state;
  struct migration *migrations;
  size_t count;
  const char *const wrong[] = {"first.sql", "12.sql", "-1_x.sql", "999999999_x.sql", "010_same_number.sql"};
  write_file(place, "0010_ten.sql", "SELECT 10;", 10);
  for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
    char path[160];
    write_file(place, wrong[i], "SELECT 1;", 9);
    assert_false(migrate_file_list(place->directory, place->arena, &place->error, &migrations, &count));
    assert_int_equal(place->error.code, ERROR_MALFORMED);
    snprintf(path, sizeof path, "%s/%s", place->directory, wrong[i]);
    assert_int_equal(unlink(path), 0);
  }
  assert_true(migrate_file_list(place->directory, place->arena, &place->error, &migrations, &count));
  assert_false(migrate_file_list("/nowhere", place->arena, &place->error, &migrations, &count));
  assert_int_equal(place->error.code, ERROR_NOT_FOUND);
}

static void test_nul_bytes_and_giants_are_refused(void **state) {
  struct place *place = *state;
  const char *text;
  size_t bytes;
  char path[160];
  write_file(place, "nul", "SELECT 1;\0DROP;", 15);
  snprintf(path, sizeof path, "%s/nul", place->directory);
  assert_false(migrate_file_read(path, place->arena, &place->error, &text, &bytes));
  assert_int_equal(place->error.code, ERROR_MALFORMED);
  assert_int_equal(truncate(path, (off_t)MIGRATE_FILE_BYTES_MAX + 1), 0);
  assert_false(migrate_file_read(path, place->arena, &place->error, &text, &bytes));
  assert_int_equal(place->error.code, ERROR_TOO_LARGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_statements_end_in_semicolons),
      cmocka_unit_test(test_semicolons_in_strings_are_text),
      cmocka_unit_test(test_comments_hold_no_statements),
      cmocka_unit_test(test_what_is_never_closed_is_refused),
      cmocka_unit_test(test_lines_are_counted),
      cmocka_unit_test(test_files_are_listed_by_number),
      cmocka_unit_test(test_bad_names_and_numbers_are_refused),
      cmocka_unit_test(test_nul_bytes_and_giants_are_refused),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
