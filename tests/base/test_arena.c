#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/banned.h"

#define CAP_BYTES ((size_t)64 * 1024)

static int setup(void **state) {
  *state = arena_new(CAP_BYTES);
  return *state == NULL ? -1 : 0;
}

static int teardown(void **state) {
  arena_free(*state);
  return 0;
}

static void test_memory_is_zeroed_and_aligned(void **state) {
  struct arena *arena = *state;
  for (size_t bytes = 1; bytes < 100; bytes += 7) {
    unsigned char *memory = arena_alloc(arena, bytes);
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
    for (size_t i = 0; i < bytes; i++)
      assert_int_equal(memory[i], 0);
    memset(memory, 0xff, bytes);
  }
  arena_reset(arena);
  unsigned char *again = arena_alloc(arena, 64);
  for (size_t i = 0; i < 64; i++)
    assert_int_equal(again[i], 0);
}

static void test_cap_holds(void **state) {
  struct arena *arena = *state;
  size_t allocated = 0;
  while (arena_alloc(arena, 1000) != NULL)
    allocated += 1000;
  assert_in_range(allocated, CAP_BYTES / 2, CAP_BYTES);
  assert_true(arena_total_bytes(arena) <= CAP_BYTES);
  assert_null(arena_alloc(arena, CAP_BYTES));
  assert_null(arena_alloc(arena, SIZE_MAX));
}

static void test_array_refuses_overflow(void **state) {
  struct arena *arena = *state;
  assert_null(arena_alloc_array(arena, SIZE_MAX / 4, 8));
  assert_non_null(arena_alloc_array(arena, 4, 8));
}

static void test_rewind_gives_back(void **state) {
  struct arena *arena = *state;
  char *kept = arena_strdup(arena, "kept");
  struct arena_mark mark = arena_mark(arena);
  size_t before = arena_total_bytes(arena);
  assert_non_null(arena_alloc(arena, CAP_BYTES / 2));
  assert_true(arena_total_bytes(arena) > before);
  arena_rewind(arena, mark);
  assert_int_equal(arena_total_bytes(arena), before);
  assert_string_equal(kept, "kept");
}

static void test_reset_keeps_only_the_first_chunk(void **state) {
  struct arena *arena = *state;
  assert_non_null(arena_alloc(arena, 100));
  size_t first = arena_total_bytes(arena);
  assert_non_null(arena_alloc(arena, CAP_BYTES / 2));
  arena_reset(arena);
  assert_int_equal(arena_total_bytes(arena), first);
}

static void test_texts(void **state) {
  struct arena *arena = *state;
  assert_string_equal(arena_strndup(arena, "abcdef", 3), "abc");
  assert_string_equal(arena_printf(arena, "%s-%d", "x", 7), "x-7");
  char *text = arena_printf(arena, "%05000d", 1);
  assert_non_null(text);
  assert_int_equal(strlen(text), 5000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_memory_is_zeroed_and_aligned, setup, teardown),
      cmocka_unit_test_setup_teardown(test_cap_holds, setup, teardown),
      cmocka_unit_test_setup_teardown(test_array_refuses_overflow, setup, teardown),
      cmocka_unit_test_setup_teardown(test_rewind_gives_back, setup, teardown),
      cmocka_unit_test_setup_teardown(test_reset_keeps_only_the_first_chunk, setup, teardown),
      cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
