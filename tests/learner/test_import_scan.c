/* Files are cut into their entries, whole or broken, and one broken entry spoils no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "learner/import_scan.h"

#include "base/banned.h"

#define SEEN_BYTES ((size_t)64 * 1024 * 1024)

static int file_of(const char *text, size_t bytes) {
  int fd = memfd_create("entries", 0);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, bytes), (ssize_t)bytes);
  assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
  return fd;
}

/* "0:1 text|1:2 text! is never closed|= problem": index, line, the key, text and defect of each. */
static char *cut(const char *text, const char *member) {
  struct buffer seen = BUFFER_INIT(SEEN_BYTES);
  struct import_item item;
  int fd = file_of(text, strlen(text));
  struct import_scan *scan = import_scan_new(fd, member);
  while (import_scan_next(scan, &item)) {
    buffer_printf(&seen, "%d:%d ", (int)item.index, (int)item.line);
    if (item.key != NULL) buffer_printf(&seen, "%.*s=", (int)item.key_bytes, item.key);
    buffer_append(&seen, item.text, item.bytes);
    if (item.defect != NULL) buffer_printf(&seen, "! %s", item.defect);
    buffer_append_char(&seen, '|');
  }
  assert_false(import_scan_next(scan, &item));
  if (import_scan_problem(scan) != NULL) buffer_printf(&seen, "= %s", import_scan_problem(scan));
  assert_int_equal(import_scan_offset(scan), strlen(text));
  import_scan_free(scan);
  close(fd);
  return seen.data == NULL ? strdup("") : seen.data;
}

static void check(const char *text, const char *member, const char *wanted) {
  char *seen = cut(text, member);
  assert_string_equal(seen, wanted);
  free(seen);
}

static void test_lists(void **state) {
  (void)state;
  check("[]", "attempts", "");
  check(" [ ] ", "attempts", "");
  check("[1,\"a,]b\",[2,[3]],{\"a\":{\"b\":\"}\"}}, null]", "attempts",
        "0:1 1|1:1 \"a,]b\"|2:1 [2,[3]]|3:1 {\"a\":{\"b\":\"}\"}}|4:1 null|");
  check("[\n{},\n\n{\"a\":\n1}]", "attempts", "0:2 {}|1:4 {\"a\":\n1}|");
  check("[\"\\\"\\\\\", \"\\u0022\"]", "attempts", "0:1 \"\\\"\\\\\"|1:1 \"\\u0022\"|");
  check("\xef\xbb\xbf[1]", "attempts", "0:1 1|");
  check("[1,]", "attempts", "0:1 1|");
}

static void test_members(void **state) {
  (void)state;
  check("{\"attempts\": [1, 2], \"more\": [3]}", "attempts", "0:1 1|1:1 2|");
  check("{\"a\": {\"attempts\": [9]}, \"attempts\": [1]}", "attempts", "0:1 1|");
  check("{\"attempts\": 1}", "attempts", "= is an object without a list `attempts`");
  check("{}", "attempts", "= is an object without a list `attempts`");
  check("{\"a\": ", "attempts", "= ends in the middle");
  check("{a: 1}", "attempts", "= is no JSON object");
}

static void test_entries_by_name(void **state) {
  (void)state;
  check("{\"7\": {\"a\": 1}, \"b\\n\": 2}", NULL, "0:1 7={\"a\": 1}|1:1 b\\n=2|");
  check("{}", NULL, "");
  check("[{\"user_id\": 7}]", NULL, "0:1 {\"user_id\": 7}|");
  check("{\"7\": {}, 8: {}}", NULL, "0:1 7={}|1:1 8:! has no name|2:1 {}! has no name|");
}

static void test_one_broken_entry_spoils_no_other(void **state) {
  (void)state;
  check("[{\"a\": 1, {\"b\": 2}, 3]", "attempts", "0:1 {\"a\": 1, ! is never closed|1:1 {\"b\": 2}|2:1 3|");
  check("[{\"a\": \"x, \"b\": 1},\n{\"c\": 1}]", "attempts",
        "0:1 {\"a\": \"x, \"b\": 1},\n! is never closed|1:2 {\"c\": 1}|");
  check("[{\"a\": 1]", "attempts", "0:1 {\"a\": 1! is never closed|");
  check("[1 2}, 3]", "attempts", "0:1 1|1:1 2|2:1 }|3:1 3|");
  check("[1,,2]", "attempts", "0:1 1|1:1 |2:1 2|");
  check("[{\"a\": [1}, {\"b\": 1}]", "attempts", "0:1 {\"a\": [1}, ! is never closed|1:1 {\"b\": 1}|");
}

static void test_broken_files(void **state) {
  (void)state;
  check("", "attempts", "= is empty");
  check("7", "attempts", "= is neither a JSON list nor an object");
  check("[1", "attempts", "0:1 1|= ends in the middle");
  check("[{\"a\": 1", "attempts", "0:1 {\"a\": 1! is never closed|= ends in the middle");
  check("[\"a", "attempts", "0:1 \"a|= ends in the middle");
  check("[1] 2", "attempts", "0:1 1|= goes on behind its end");
  int closed = file_of("[]", 2);
  struct import_scan *scan = import_scan_new(closed, "attempts");
  struct import_item item;
  close(closed);
  assert_false(import_scan_next(scan, &item));
  assert_string_equal(import_scan_problem(scan), "could not be read to its end");
  import_scan_free(scan);
}

/* Longer than what is read at once, and than an entry may be. */
static void test_long_entries(void **state) {
  (void)state;
  size_t bytes = 3 * IMPORT_ITEM_BYTES;
  char *text = malloc(bytes + 1);
  memset(text, 'x', bytes);
  text[bytes] = '\0';
  memcpy(text, "[\"", 2);
  memcpy(text + IMPORT_ITEM_BYTES / 2, "\",\"", 3);
  memcpy(text + bytes - 4, "\",7]", 4);
  int fd = file_of(text, bytes);
  struct import_scan *scan = import_scan_new(fd, "attempts");
  struct import_item item;
  assert_true(import_scan_next(scan, &item));
  assert_int_equal(item.bytes, IMPORT_ITEM_BYTES / 2);
  assert_null(item.defect);
  assert_memory_equal(item.text, text + 1, item.bytes);
  assert_true(import_scan_next(scan, &item));
  assert_string_equal(item.defect, "is longer than an entry may be");
  assert_true(import_scan_next(scan, &item));
  assert_string_equal(item.text, "7");
  assert_false(import_scan_next(scan, &item));
  assert_null(import_scan_problem(scan));
  import_scan_free(scan);
  close(fd);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_lists),           cmocka_unit_test(test_members),
      cmocka_unit_test(test_entries_by_name), cmocka_unit_test(test_one_broken_entry_spoils_no_other),
      cmocka_unit_test(test_broken_files),    cmocka_unit_test(test_long_entries),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
