/* CSV as people's spreadsheets write it, and what becomes of rows that cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "enroll/sheet.h"

#include "base/banned.h"

static FILE *file;
static struct error error;

static struct sheet *open_bytes(const char *bytes, size_t count) {
  struct sheet *sheet = NULL;
  error_clear(&error);
  file = tmpfile();
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, count, file), count);
  if (!sheet_open(file, &error, &sheet)) assert_null(sheet);
  return sheet;
}

static void close_file(struct sheet *sheet) {
  sheet_close(sheet);
  assert_int_equal(fclose(file), 0);
}

/* "2:a|b;4-5:c|d;6!why" for rows of lines 2, 4 to 5, and a bad one. */
static const char *told(struct sheet *sheet) {
  static char text[8192];
  struct sheet_row row;
  size_t at = 0;
  text[0] = '\0';
  for (;;) {
    assert_true(sheet_next(sheet, &error, &row));
    if (row.kind == SHEET_END) return text;
    at += (size_t)snprintf(text + at, sizeof text - at, "%s%d", at > 0 ? ";" : "", (int)row.first_line);
    if (row.last_line != row.first_line)
      at += (size_t)snprintf(text + at, sizeof text - at, "-%d", (int)row.last_line);
    if (row.kind == SHEET_BAD)
      at += (size_t)snprintf(text + at, sizeof text - at, "!%s<%.40s>", row.why, row.raw);
    for (size_t cell = 0; row.kind == SHEET_ROW && cell < row.cell_count; cell++)
      at += (size_t)snprintf(text + at, sizeof text - at, "%c%s", cell == 0 ? ':' : '|', row.cells[cell]);
    assert_true(at < sizeof text);
  }
}

static const struct {
  const char *content;
  const char *header; /* first cell */
  size_t columns;
  const char *rows;
} sheets[] = {
    {"a,b\n1,2\n3,4\n", "a", 2, "2:1|2;3:3|4"},
    {"a,b\n1,2\n3,4", "a", 2, "2:1|2;3:3|4"},
    {"\xEF\xBB\xBF"
     "a,b\r\n1,2\r\n3,4\r\n",
     "a", 2, "2:1|2;3:3|4"},
    {"\xEF\xBB\xBF\"a\",\"b\"\r\n1,2\r\n", "a", 2, "2:1|2"},
    {"a;b\r\n1;2,5\r\n", "a", 2, "2:1|2,5"},
    {"a\tb\n1\t\n\t2\n", "a", 2, "2:1|;3:|2"},
    {"sep=;\r\na;b\r\n1;2\r\n", "a", 2, "3:1|2"},
    {"\"a;b\",c\n1,2\n", "a;b", 2, "2:1|2"},
    {"a,b\r1,2\r3,4\r", "a", 2, "2:1|2;3:3|4"},
    {"a,b\n\n\n1,2\n  \n,\n,,\n3,4\n\n", "a", 2, "4:1|2;8:3|4"},
    {"\n\na,b\n1,2\n", "a", 2, "4:1|2"},
    {"a,b\n \"x, \"\"y\"\"\" , 2 \n", "a", 2, "2:x, \"y\"|2"},
    {"a,b\n\"one\ntwo\r\nthree\",2\n5,6\n", "a", 2, "2-4:one\ntwo\r\nthree|2;5:5|6"},
    {"a,b\n1,2,3\n4\n", "a", 2, "2:1|2|3;3:4"},
    /* What cannot be read costs its own line only. */
    {"a,b\n1,x\"y\n3,4\n", "a", 2, "2!has a quote where none may stand<1,x\"y>;3:3|4"},
    {"a,b\r\n1,\"x\"y\r\n3,4\r\n", "a", 2, "2!has a quote where none may stand<1,\"x\"y>;3:3|4"},
    {"a,b\n1,\"open\n3,4\n5,6\n", "a", 2, "2!opens a quote that is never closed<1,\"open>;3:3|4;4:5|6"},
    {"a,b\n1,\"open\r\n3,4\r\n5,\"open\r\n7,8", "a", 2,
     "2!has a quote where none may stand<1,\"open>;3:3|4;4!opens a quote that is never "
     "closed<5,\"open>;5:7|8"},
    {"a,b\n1,\"open\n3,\"4\"\n5,6\n", "a", 2, "2!has a quote where none may stand<1,\"open>;3:3|4;4:5|6"},
    {"a,b\n1,\xC3\xA4\n2,\xE4\n3,4\n", "a", 2, "2:1|\xC3\xA4;3!cell 2 is not UTF-8<2,\xE4>;4:3|4"},
    {"a,b\n", "a", 2, ""},
    {"a", "a", 1, ""},
};

static void test_what_spreadsheets_write(void **state) {
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(sheets); at++) {
    struct sheet *sheet = open_bytes(sheets[at].content, strlen(sheets[at].content));
    if (sheet == NULL) fail_msg("%zu: %s", at, error.message);
    assert_string_equal(sheet_header(sheet)->cells[0], sheets[at].header);
    assert_int_equal(sheet_header(sheet)->cell_count, sheets[at].columns);
    assert_string_equal(told(sheet), sheets[at].rows);
    assert_string_equal(sheet_header(sheet)->cells[0], sheets[at].header);
    close_file(sheet);
  }
}

static void test_files_without_a_header(void **state) {
  static const struct {
    const char *bytes;
    size_t count;
    const char *said;
  } refused[] = {
      {"", 0, "is empty"},
      {"\n\r\n,,\n", 6, "is empty"},
      {"\xEF\xBB\xBF", 3, "is empty"},
      {"\xFF\xFE"
       "a\0,\0b\0",
       8, "UTF-16"},
      {"a,\"b\n1,2\n", 9, "never closed"},
      {"a,\xE4\n1,2\n", 8, "not UTF-8"},
  };
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(refused); at++) {
    assert_null(open_bytes(refused[at].bytes, refused[at].count));
    assert_int_equal(error.code, ERROR_UNPROCESSABLE);
    if (strstr(error.message, refused[at].said) == NULL) fail_msg("%zu: %s", at, error.message);
    close_file(NULL);
  }
}

static void test_a_nul_is_refused(void **state) {
  (void)state;
  struct sheet *sheet = open_bytes("a,b\n1,x\0y\n3,4\n", 14);
  assert_non_null(sheet);
  assert_string_equal(told(sheet), "2!holds a NUL byte<1,x>;3:3|4");
  close_file(sheet);
}

/* Rows beyond the limit, and a quote left open over many lines: memory stays that of one row. */
static void test_long_rows(void **state) {
  enum { LINES = 20000, BYTES = 10 };
  char *content = malloc(4 + SHEET_ROW_BYTES_MAX * 2 + 1 + 8 + LINES * BYTES + 1);
  size_t count = 4;
  struct sheet_row row;
  (void)state;
  assert_non_null(content);
  memcpy(content, "a,b\n", 4);
  memset(content + count, 'x', SHEET_ROW_BYTES_MAX * 2);
  count += SHEET_ROW_BYTES_MAX * 2;
  memcpy(content + count, "\n1,\"open\n", 9);
  count += 9;
  for (size_t line = 0; line < LINES; line++)
    count += (size_t)snprintf(content + count, BYTES + 1, "%04zu,abcd\n", line % 10000);
  struct sheet *sheet = open_bytes(content, count);
  assert_non_null(sheet);
  for (uint64_t line = 2; line <= 3; line++) {
    assert_true(sheet_next(sheet, &error, &row));
    assert_int_equal(row.kind, SHEET_BAD);
    assert_int_equal(row.first_line, line);
    assert_non_null(strstr(row.why, "16,384 bytes"));
    assert_true(row.raw_bytes <= SHEET_ROW_BYTES_MAX + 1);
  }
  assert_string_equal(row.raw, "1,\"open");
  for (uint64_t line = 4; line < LINES + 4; line++) {
    assert_true(sheet_next(sheet, &error, &row));
    assert_int_equal(row.kind, SHEET_ROW);
    assert_int_equal(row.first_line, line);
    assert_string_equal(row.cells[1], "abcd");
  }
  assert_true(sheet_next(sheet, &error, &row));
  assert_int_equal(row.kind, SHEET_END);
  close_file(sheet);
  free(content);
}

static void test_too_many_cells(void **state) {
  char content[512];
  size_t count = (size_t)snprintf(content, sizeof content, "a\n");
  (void)state;
  for (size_t cell = 0; cell <= SHEET_CELLS_MAX; cell++)
    count += (size_t)snprintf(content + count, sizeof content - count, "1,");
  count += (size_t)snprintf(content + count, sizeof content - count, "\n2\n");
  struct sheet *sheet = open_bytes(content, count);
  assert_non_null(sheet);
  assert_non_null(strstr(told(sheet), "2!has more cells than any header<"));
  close_file(sheet);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_spreadsheets_write), cmocka_unit_test(test_files_without_a_header),
      cmocka_unit_test(test_a_nul_is_refused),        cmocka_unit_test(test_long_rows),
      cmocka_unit_test(test_too_many_cells),
  };
  return cmocka_run_group_tests_name("sheet", tests, NULL, NULL);
}
