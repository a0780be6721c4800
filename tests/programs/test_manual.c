/* A manual as help and as a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "programs/manual.h"

#include "base/banned.h"

#define OUTPUT_BYTES 8192

static const struct manual_entry entries[] = {
    {"-a", "First of all, and long enough to be wrapped."},
    {"--much-longer-than-the-column-can-be NAME", "Second."},
    {NULL, NULL},
};
static const struct manual_section sections[] = {
    {.title = "Text",
     .text = "One two three four five.\n\n    stands -as- it is\n\n.dots 'quotes' back\\slash …"},
    {.title = "What -x does", .is_sub = true, .entries = entries},
    {.title = NULL},
};
static const struct manual sample = {
    .name = "tool", .chapter = "8", .summary = "does-it", .synopsis = "[-a]", .sections = sections};

static char output[OUTPUT_BYTES];

static void test_help(void **state) {
  (void)state;
  FILE *stream = fmemopen(output, sizeof output, "w");
  assert_non_null(stream);
  manual_print_help(&sample, stream, 30);
  assert_int_equal(fclose(stream), 0);
  assert_string_equal(output, "Usage: tool [-a]\n"
                              "\n"
                              "does-it.\n"
                              "\n"
                              "Text:\n"
                              "  One two three four five.\n"
                              "\n"
                              "      stands -as- it is\n"
                              "\n"
                              "  .dots 'quotes' back\\slash …\n"
                              "\n"
                              "What -x does:\n"
                              "  -a  First of all, and long\n"
                              "      enough to be wrapped.\n"
                              "  --much-longer-than-the-column-can-be NAME\n"
                              "      Second.\n");
}

static void test_page(void **state) {
  (void)state;
  CLEANUP(buffer_free) struct buffer page = BUFFER_INIT(OUTPUT_BYTES);
  manual_print_page(&sample, &page);
  const char *text = buffer_text(&page);
  assert_false(page.failed);
  assert_int_equal(strncmp(text, ".TH TOOL 8 ", 11), 0);
  const char *body = strstr(text, ".SH NAME");
  assert_non_null(body);
  assert_string_equal(body, ".SH NAME\n"
                            "tool \\- does\\-it\n"
                            ".SH SYNOPSIS\n"
                            ".B tool\n"
                            "[\\-a]\n"
                            ".SH TEXT\n"
                            "One two three four five.\n"
                            ".PP\n"
                            ".nf\n"
                            "    stands \\-as\\- it is\n"
                            ".fi\n"
                            ".PP\n"
                            "\\&.dots 'quotes' back\\eslash ...\n"
                            ".SS What \\-x does\n"
                            ".TP\n"
                            "\\fB\\-a\\fR\n"
                            "First of all, and long enough to be wrapped.\n"
                            ".TP\n"
                            "\\fB\\-\\-much\\-longer\\-than\\-the\\-column\\-can\\-be NAME\\fR\n"
                            "Second.\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_help),
      cmocka_unit_test(test_page),
  };
  return cmocka_run_group_tests_name("manual", tests, NULL, NULL);
}
