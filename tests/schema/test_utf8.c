#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "schema/utf8.h"

#include "base/banned.h"

static bool valid(const char *text) { return utf8_is_valid(text, strlen(text)); }

static void test_well_formed_text(void **state) {
  (void)state;
  assert_true(valid(""));
  assert_true(valid("plain"));
  assert_true(valid("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"));
  assert_true(valid("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"));
}

static void test_malformed_text(void **state) {
  (void)state;
  static const char *const refused[] = {
      "\x80",
      "\xBF",
      "\xC0\xAF",
      "\xC1\xBF",
      "\xC2",
      "\xC2 ",
      "\xE0\x80\x80",
      "\xE0\x9F\xBF",
      "\xE2\x82",
      "\xED\xA0\x80",
      "\xED\xBF\xBF",
      "\xE2\x28\xA1",
      "\xF0\x80\x80\x80",
      "\xF0\x8F\xBF\xBF",
      "\xF0\x90\x80",
      "\xF4\x90\x80\x80",
      "\xF5\x80\x80\x80",
      "\xFE",
      "\xFF",
      "a\xF8\x88\x80\x80\x80",
  };
  for (size_t at = 0; at < sizeof refused / sizeof *refused; at++)
    assert_false(valid(refused[at]));
}

/* Every code point, there and back; its length cut by one is refused. */
static void test_every_code_point(void **state) {
  (void)state;
  char bytes[UTF8_BYTES_MAX];
  for (uint32_t code_point = 0; code_point <= 0x10FFFF; code_point++) {
    size_t length = utf8_encode(code_point, bytes);
    bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (utf8_character_bytes(bytes, bytes + length) != (is_surrogate ? 0 : length)) fail();
    if (utf8_character_bytes(bytes, bytes + length - 1) != 0) fail();
    if (utf8_count(bytes, length) != 1) fail();
  }
}

static void test_encoding(void **state) {
  (void)state;
  static const struct {
    uint32_t code_point;
    const char *bytes;
  } rows[] = {{0x41, "A"},
              {0x7F, "\x7F"},
              {0x80, "\xC2\x80"},
              {0x7FF, "\xDF\xBF"},
              {0x800, "\xE0\xA0\x80"},
              {0x20AC, "\xE2\x82\xAC"},
              {0xFFFF, "\xEF\xBF\xBF"},
              {0x10000, "\xF0\x90\x80\x80"},
              {0x1D11E, "\xF0\x9D\x84\x9E"},
              {0x10FFFF, "\xF4\x8F\xBF\xBF"}};
  for (size_t at = 0; at < sizeof rows / sizeof *rows; at++) {
    char bytes[UTF8_BYTES_MAX];
    size_t length = utf8_encode(rows[at].code_point, bytes);
    assert_int_equal(length, strlen(rows[at].bytes));
    assert_memory_equal(bytes, rows[at].bytes, length);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_well_formed_text),
      cmocka_unit_test(test_malformed_text),
      cmocka_unit_test(test_every_code_point),
      cmocka_unit_test(test_encoding),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
