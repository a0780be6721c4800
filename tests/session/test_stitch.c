/* What becomes of items, under the memory checker: the rules of session/stitch.h against a real server,
 * batches of all sizes, and what the ledger keeps of them. */
#include "../job/guard_fixture.h"

#include "session/reject.h"

#include "base/banned.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

static const struct offline_config offline = {.max_age_days = 90};
static int64_t now_ms;

static int setup(void **state) {
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  run("DELETE FROM users");
  run("DELETE FROM ledger");
  run("INSERT INTO users (id) VALUES (7), (8)");
  now_ms = clock_now_ms() / 1000 * 1000;
  return 0;
}

/* An item of one letter: its stitch; attempted so many hours ago, -1: it does not say. */
static struct stitch_item item(const char *stitch, int64_t order, int hours_ago) {
  return (struct stitch_item){.thread_id = "t",
                              .stitch_id = stitch,
                              .order_number = order,
                              .skip_number = 5,
                              .distractor_level = "L1",
                              .last_attempted_ms = hours_ago < 0 ? 0 : now_ms - hours_ago * HOUR_MS,
                              .last_attempted_given = hours_ago < 0 ? PRESENCE_ABSENT : PRESENCE_GIVEN,
                              .raw = "{}"};
}

static struct stitch_item with_id(struct stitch_item item, const char *mutation_id) {
  item.mutation_id = mutation_id;
  return item;
}

/* The outcomes as letters, a letter an item. */
static const char *take_from(const struct stitch_item *items, size_t count, int64_t base) {
  struct stitch_batch batch = {.items = items,
                               .count = count,
                               .base_revision = (uint64_t)base,
                               .has_base = base >= 0,
                               .config = &offline};
  struct stitch_record record;
  struct ledger_entry entry = {.user_id = 7,
                               .actor = "test",
                               .input = &batch,
                               .reply_schema = &stitch_record_schema,
                               .reply = &record,
                               .arena = fixture.arena};
  struct arena *scratch = arena_new(FIXTURE_ARENA_BYTES);
  assert_non_null(scratch);
  assert_done(&fixture, ledger_run_one(ledger, &stitch_bulk_kind, &entry, NULL, scratch, &fixture.error));
  struct stitch_record kept = {.outcomes = arena_strdup(fixture.arena, record.outcomes)};
  arena_free(scratch);
  enum stitch_outcome *outcomes;
  assert_done(&fixture, stitch_read_outcomes(&kept, count, fixture.arena, &fixture.error, &outcomes));
  char *letters = arena_alloc(fixture.arena, count + 1);
  assert_non_null(letters);
  for (size_t at = 0; at < count; at++)
    letters[at] = (char)outcomes[at];
  return letters;
}
#define TAKE(base, ...) \
  take_from((struct stitch_item[]){__VA_ARGS__}, \
            sizeof((struct stitch_item[]){__VA_ARGS__}) / sizeof(struct stitch_item), base)

#define ORDERS "SELECT GROUP_CONCAT(stitch_id, order_number ORDER BY stitch_id) FROM user_stitch_progress"
#define REVISION "SELECT revision FROM users WHERE id = 7"

static void test_new_known_newer_and_older(void **state) {
  (void)state;
  assert_string_equal(TAKE(-1, item("a", 1, 5), item("b", 1, -1)), "aa");
  assert_string_equal(TAKE(-1, item("a", 1, 5), item("b", 1, -1)), "ss");
  assert_answer(REVISION, "1");
  assert_string_equal(TAKE(-1, item("a", 2, 6), item("a", 2, 5), item("a", 1, 6)), "oos");
  assert_string_equal(TAKE(-1, item("a", 3, 4), item("b", 4, -1)), "aa");
  assert_answer(ORDERS, "a3,b4");
  assert_answer(REVISION, "2");
}

static void test_order_within_a_batch(void **state) {
  (void)state;
  assert_string_equal(TAKE(-1, item("a", 1, 5), item("a", 2, 5), item("a", 3, 6), item("a", 4, 5)), "aaoa");
  assert_answer(ORDERS, "a4");
  assert_string_equal(TAKE(-1, item("a", 5, -1), item("a", 6, 1), item("a", 7, -1)), "aoa");
  assert_answer(ORDERS, "a7");
}

static void test_what_ends_as_it_began(void **state) {
  (void)state;
  assert_string_equal(TAKE(-1, item("a", 1, -1), item("a", 2, -1)), "aa");
  assert_string_equal(TAKE(-1, item("a", 1, -1), item("a", 2, -1)), "ss");
  assert_answer(REVISION, "1");
  assert_string_equal(TAKE(-1, item("a", 1, -1), item("b", 1, -1), item("a", 2, -1)), "sas");
  assert_answer("SELECT GROUP_CONCAT(revision ORDER BY stitch_id) FROM user_stitch_progress", "1,2");
}

static void test_conflicts(void **state) {
  (void)state;
  struct stitch_item completed = item("a", 3, 4);
  completed.is_completed = true;
  assert_string_equal(TAKE(-1, item("a", 1, 9)), "a");
  assert_string_equal(TAKE(-1, item("a", 2, 1)), "a");
  assert_string_equal(TAKE(1, item("a", 3, 4)), "c");
  assert_string_equal(TAKE(2, item("a", 3, 4)), "o");
  assert_string_equal(TAKE(-1, item("a", 3, 4)), "o");
  assert_string_equal(TAKE(1, item("a", 2, 4)), "s");
  assert_answer(REVISION, "2");
  assert_string_equal(TAKE(1, completed), "c");
  assert_answer("SELECT CONCAT(order_number, is_completed, revision) FROM user_stitch_progress", "213");
  assert_string_equal(TAKE(1, completed), "c");
  assert_string_equal(TAKE(1, item("a", 3, 0), item("a", 4, 2)), "ao");
  assert_answer("SELECT CONCAT(order_number, is_completed, revision) FROM user_stitch_progress", "314");
}

static void test_mutations(void **state) {
  (void)state;
  assert_string_equal(TAKE(-1, with_id(item("a", 1, -1), "m1"), with_id(item("a", 1, -1), "m1"),
                           with_id(item("a", 2, -1), "m1"), with_id(item("a", 1, -1), "m2")),
                      "akrs");
  assert_string_equal(TAKE(-1, item("a", 9, -1)), "a");
  assert_string_equal(TAKE(-1, with_id(item("a", 1, -1), "m1"), with_id(item("a", 1, -1), "m2"),
                           with_id(item("a", 9, -1), "m3")),
                      "kks");
  assert_answer(REVISION, "2");
  assert_answer("SELECT GROUP_CONCAT(mutation_id ORDER BY 1) FROM stitch_mutations", "m1,m2,m3");
  assert_string_equal(TAKE(-1, with_id(item("a", 1, 24 * 91), "m4"), with_id(item("c", 1, 0), "m5")), "pa");
  assert_answer("SELECT GROUP_CONCAT(mutation_id ORDER BY 1) FROM stitch_mutations", "m1,m2,m3,m5");
}

static void test_rejects(void **state) {
  (void)state;
  struct stitch_item bad = {.complaint = "must be an object", .raw = "7"};
  struct stitch_item future = item("a", 1, 0);
  future.last_attempted_ms = now_ms + DAY_MS;
  future.raw = "{\"late\":true}";
  char *raw = arena_alloc(fixture.arena, 3 * REJECT_ITEM_BYTES);
  assert_non_null(raw);
  memset(raw, '[', 3 * REJECT_ITEM_BYTES - 1);
  struct stitch_item long_one = {.complaint = raw, .raw = raw};
  assert_string_equal(TAKE(-1, bad, future, bad, long_one), "ufuu");
  assert_answer(REVISION, "0");
  assert_answer(
      "SELECT GROUP_CONCAT(item, ' ', reason ORDER BY id) FROM sync_rejects WHERE LENGTH(item) < 99",
      "7 must be an object,{\"late\":true} lastAttempted must not lie in the future");
  assert_answer("SELECT CONCAT(LENGTH(item), ' ', JSON_TYPE(item), ' ', LENGTH(reason)) FROM sync_rejects"
                " WHERE LENGTH(item) > 99",
                "16386 STRING 500");
  assert_string_equal(TAKE(-1, bad, future, item("b", 1, -1)), "ufa");
  assert_answer("SELECT COUNT(*) FROM sync_rejects", "3");
}

/* Around the sizes at which the statements change their form, and the whole. */
static void test_batches_of_all_sizes(void **state) {
  static const size_t sizes[] = {1, 2, 15, 16, 17, 63, 64, 65, 1999, 2000, 2001, STITCH_ITEMS_MAX};
  struct stitch_item *items = calloc(STITCH_ITEMS_MAX, sizeof *items);
  char(*names)[2][32] = calloc(STITCH_ITEMS_MAX, sizeof *names);
  assert_true(items != NULL && names != NULL);
  for (size_t s = 0; s < ARRAY_LENGTH(sizes); s++) {
    setup(state);
    for (size_t at = 0; at < sizes[s]; at++) {
      snprintf(names[at][0], sizeof names[at][0], "s'%zu\\", (at * 7919) % sizes[s]);
      snprintf(names[at][1], sizeof names[at][1], "m-%zu", (at * 104729) % sizes[s]);
      items[at] = with_id(item(names[at][0], (int64_t)at, (int)(at % 1000)), names[at][1]);
    }
    for (int again = 0; again < 2; again++) {
      const char *letters = take_from(items, sizes[s], -1);
      size_t taken = strspn(letters, again == 0 ? "a" : "k");
      /* Where the size divides the factors, names and ids repeat. */
      if (sizes[s] % 7919 != 0 && sizes[s] % 104729 != 0) assert_int_equal(taken, sizes[s]);
      assert_answer("SELECT COUNT(*) FROM user_stitch_progress",
                    arena_printf(fixture.arena, "%zu", sizes[s]));
      assert_answer("SELECT COUNT(*) FROM stitch_mutations", arena_printf(fixture.arena, "%zu", sizes[s]));
      assert_answer(REVISION, "1");
    }
    assert_answer("SELECT COUNT(*) FROM user_stitch_progress WHERE stitch_id <> CONCAT('s''', order_number *"
                  " 7919 % (SELECT COUNT(*) FROM user_stitch_progress), '\\\\')",
                  "0");
  }
  free(items);
  free(names);
}

static void test_the_history_is_short(void **state) {
  (void)state;
  static char threads[60][8];
  struct stitch_item items[60];
  for (size_t at = 0; at < ARRAY_LENGTH(items); at++) {
    snprintf(threads[at], sizeof threads[at], "t%02zu", at);
    items[at] = item("s", 1, -1);
    items[at].thread_id = threads[at];
    items[at].is_completed = at % 2 == 0;
  }
  take_from(items, ARRAY_LENGTH(items), -1);
  assert_answer("SELECT JSON_LENGTH(changes) FROM ledger",
                arena_printf(fixture.arena, "%d", STITCH_HISTORY_THREADS + STITCH_HISTORY_THREADS / 2 + 2));
  assert_answer("SELECT LEFT(changes, 60) FROM ledger",
                "[{\"what\":\"stitches\",\"key\":\"t00\",\"by\":1,\"because\":\"stitch s\"}");
  assert_answer(
      "SELECT SUM(c.moved) FROM ledger l JOIN JSON_TABLE(l.changes, '$[*]' COLUMNS (what VARCHAR(32)"
      " PATH '$.what', moved INT PATH '$.by')) c WHERE c.what = 'stitches'",
      "60");
  assert_answer(
      "SELECT SUM(c.moved) FROM ledger l JOIN JSON_TABLE(l.changes, '$[*]' COLUMNS (what VARCHAR(32)"
      " PATH '$.what', moved INT PATH '$.by')) c WHERE c.what = 'stitchesCompleted'",
      "30");
  assert_answer("SELECT JSON_VALUE(reply, '$.outcomes') FROM ledger", "60a");
}

static void test_records_that_cannot_be_read(void **state) {
  (void)state;
  static const char *const texts[] = {
      "", "a", "2a", "4a", "3", "1a1", "-3a", "2a2a", "99999999999999999999a", "3a "};
  enum stitch_outcome *outcomes;
  for (size_t at = 0; at < ARRAY_LENGTH(texts); at++) {
    struct stitch_record record = {.outcomes = texts[at]};
    assert_false(stitch_read_outcomes(&record, 3, fixture.arena, &fixture.error, &outcomes));
    assert_int_equal(fixture.error.code, ERROR_INTERNAL);
  }
}

/* The digest of a whole call: white space and unknown keys aside, everything counts. */
static void test_digests_of_batches(void **state) {
  (void)state;
  struct stitch_item one[] = {item("a", 1, 1), {.complaint = "x", .raw = "7"}};
  struct stitch_item other[] = {item("a", 1, 1), {.complaint = "x", .raw = "8"}};
  struct stitch_batch batches[] = {{.items = one, .count = 2},
                                   {.items = one, .count = 1},
                                   {.items = other, .count = 2},
                                   {.items = one, .count = 2, .has_base = true},
                                   {.items = one, .count = 2, .has_base = true, .base_revision = 1}};
  struct db_hash hashes[ARRAY_LENGTH(batches)];
  struct db_hash again;
  for (size_t at = 0; at < ARRAY_LENGTH(batches); at++) {
    assert_done(&fixture, stitch_hash_batch(&batches[at], &fixture.error, &hashes[at]));
    assert_done(&fixture, stitch_hash_batch(&batches[at], &fixture.error, &again));
    assert_memory_equal(&hashes[at], &again, sizeof again);
    for (size_t before = 0; before < at; before++)
      assert_memory_not_equal(&hashes[at], &hashes[before], sizeof again);
  }
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_new_known_newer_and_older, setup),
      cmocka_unit_test_setup(test_order_within_a_batch, setup),
      cmocka_unit_test_setup(test_what_ends_as_it_began, setup),
      cmocka_unit_test_setup(test_conflicts, setup),
      cmocka_unit_test_setup(test_mutations, setup),
      cmocka_unit_test_setup(test_rejects, setup),
      cmocka_unit_test_setup(test_batches_of_all_sizes, setup),
      cmocka_unit_test_setup(test_the_history_is_short, setup),
      cmocka_unit_test_setup(test_records_that_cannot_be_read, setup),
      cmocka_unit_test_setup(test_digests_of_batches, setup),
  };
  return cmocka_run_group_tests_name("stitch", tests, group_setup, group_teardown);
}
