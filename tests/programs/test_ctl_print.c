/* Tables that line up, and texts that cannot command a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "programs/ctl_print.h"

#include "base/banned.h"

#define OUTPUT_BYTES 4096

static const struct ctl_column columns[] = {{"ID", true, false}, {"NAME", false, true}, {"N", true, false}};

static char output[OUTPUT_BYTES];

static const char *print_table(const struct ctl_table *table) {
  FILE *stream = fmemopen(output, sizeof output, "w");
  assert_non_null(stream);
  ctl_table_print(table, stream);
  assert_int_equal(fclose(stream), 0);
  return output;
}

static void open_table(struct ctl_table *table, const struct ctl *ctl) {
  struct error error = ERROR_INIT;
  assert_true(ctl_table_open(table, ctl, columns, ARRAY_LENGTH(columns), 2, &error));
}

static int setup(void **state) {
  struct ctl *ctl = calloc(1, sizeof *ctl);
  if (ctl == NULL) return -1;
  ctl->arena = arena_new((size_t)1024 * 1024);
  ctl->width = CTL_WIDTH_UNLIMITED;
  *state = ctl;
  return ctl->arena == NULL ? -1 : 0;
}

static int teardown(void **state) {
  struct ctl *ctl = *state;
  arena_free(ctl->arena);
  free(ctl);
  return 0;
}

static void test_columns_line_up(void **state) {
  struct ctl *ctl = *state;
  struct ctl_table table;
  open_table(&table, ctl);
  ctl_table_add(&table, CTL_RED, (const char *const[]){"7", "Zoë", "1,000"});
  ctl_table_add(&table, CTL_PLAIN, (const char *const[]){"1234", NULL, "5"});
  ctl_table_add(&table, CTL_PLAIN, (const char *const[]){"9", "no room for me", "9"});
  assert_string_equal(print_table(&table), "  ID  NAME      N\n"
                                           "   7  Zoë   1,000\n"
                                           "1234  –         5\n");
}

static void test_the_last_column_has_no_spaces_behind_it(void **state) {
  struct ctl *ctl = *state;
  struct ctl_table table;
  struct error error = ERROR_INIT;
  assert_true(ctl_table_open(&table, ctl, columns, 2, 2, &error));
  ctl_table_add(&table, CTL_PLAIN, (const char *const[]){"1", "a long name"});
  ctl_table_add(&table, CTL_PLAIN, (const char *const[]){"2", "b"});
  assert_string_equal(print_table(&table), "ID  NAME\n 1  a long name\n 2  b\n");
}

static void test_a_narrow_terminal_cuts_what_may_be_cut(void **state) {
  struct ctl *ctl = *state;
  struct ctl_table table;
  ctl->width = 24;
  open_table(&table, ctl);
  ctl_table_add(&table, CTL_PLAIN, (const char *const[]){"7", "Zoë the Magnificent of Troy", "1,000"});
  int width = ctl_table_width(&table);
  const char *text = print_table(&table);
  ctl->width = CTL_WIDTH_UNLIMITED;
  assert_int_equal(width, 2 + 2 + 27 + 2 + 5);
  assert_string_equal(text, "ID  NAME               N\n"
                            " 7  Zoë the Magn…  1,000\n");
}

static void test_colours_only_where_wanted(void **state) {
  struct ctl *ctl = *state;
  struct ctl_table table;
  ctl->colour = true;
  open_table(&table, ctl);
  ctl_table_add(&table, CTL_RED, (const char *const[]){"1", "a", "2"});
  ctl_table_add(&table, CTL_PLAIN, (const char *const[]){"2", "b", "3"});
  const char *text = print_table(&table);
  ctl->colour = false;
  assert_string_equal(text, "\033[1mID  NAME  N\033[0m\n\033[31m 1  a     2\033[0m\n 2  b     3\n");
}

static void test_no_text_commands_the_terminal(void **state) {
  struct ctl *ctl = *state;
  assert_string_equal(ctl_harmless(ctl, "Zoë"), "Zoë");
  assert_string_equal(ctl_harmless(ctl, "a\033[31mb\nc\td\x7f"), "a?[31mb?c?d?");
  assert_string_equal(ctl_harmless(ctl, "\xc2\x9b"
                                        "31m"),
                      "??31m");
  assert_string_equal(ctl_harmless(ctl, "caf\xc3\xa9 \xc2\xa7"), "caf\xc3\xa9 \xc2\xa7");
}

static void test_an_excerpt_shows_the_difference(void **state) {
  struct ctl *ctl = *state;
  char one[101];
  char other[101];
  memset(one, 'a', 100);
  one[100] = '\0';
  memcpy(other, one, sizeof other);
  assert_null(ctl_excerpt(ctl, NULL, one));
  assert_string_equal(ctl_excerpt(ctl, "short", one), "short");
  assert_string_equal(ctl_excerpt(ctl, one, NULL),
                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…");
  other[30] = 'X';
  assert_string_equal(ctl_excerpt(ctl, other, one),
                      "…aaaaaaaaaaaaaaaaaaaaaaaaXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…");
  assert_int_equal(strlen(ctl_excerpt(ctl, one, other)), strlen(ctl_excerpt(ctl, other, one)));
  other[30] = 'a';
  other[99] = 'X';
  assert_string_equal(ctl_excerpt(ctl, other, one),
                      "…aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaX");
  memcpy(one + 38, "é", 2);
  memcpy(other, one, sizeof other);
  other[63] = 'X';
  assert_string_equal(ctl_excerpt(ctl, other, one),
                      "…éaaaaaaaaaaaaaaaaaaaaaaaXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…");
}

static void test_numbers(void **state) {
  struct ctl *ctl = *state;
  assert_string_equal(ctl_number(ctl, 0), "0");
  assert_string_equal(ctl_number(ctl, 999), "999");
  assert_string_equal(ctl_number(ctl, 1000), "1,000");
  assert_string_equal(ctl_number(ctl, -100), "-100");
  assert_string_equal(ctl_number(ctl, -123456), "-123,456");
  assert_string_equal(ctl_number(ctl, INT64_MIN), "-9,223,372,036,854,775,808");
  assert_string_equal(ctl_difference(ctl, 1234), "+1,234");
  assert_string_equal(ctl_difference(ctl, -5), "-5");
  assert_string_equal(ctl_difference(ctl, 0), "0");
  assert_string_equal(ctl_time(ctl, INT64_C(1795225987123)), "2026-11-21 01:53:07");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_columns_line_up),
      cmocka_unit_test(test_the_last_column_has_no_spaces_behind_it),
      cmocka_unit_test(test_a_narrow_terminal_cuts_what_may_be_cut),
      cmocka_unit_test(test_colours_only_where_wanted),
      cmocka_unit_test(test_no_text_commands_the_terminal),
      cmocka_unit_test(test_an_excerpt_shows_the_difference),
      cmocka_unit_test(test_numbers),
  };
  return cmocka_run_group_tests_name("ctl_print", tests, setup, teardown);
}
