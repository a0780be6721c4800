/* Tickets against a real server: each holds once, however many come together. */
#include "../job/guard_fixture.h"

#include "live/live_ticket.h"

#include "base/banned.h"

#define NOW_MS INT64_C(1750000000000)

static int setup(void **state) {
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  run("DELETE FROM live_tickets");
  run("DELETE FROM users");
  run("INSERT INTO users (id, revision) VALUES (7, 70), (8, 80)");
  return 0;
}

static const char *mint(uint64_t user_id, int64_t now_ms) {
  struct live_ticket ticket = {.user_id = user_id, .token_ends_at_ms = NOW_MS + 1000};
  const char *text;
  assert_done(&fixture, live_ticket_mint(fixture.db, &ticket, now_ms, fixture.arena, &fixture.error, &text));
  assert_int_equal(strlen(text), LIVE_TICKET_BYTES);
  return text;
}

static void redeem(struct live_redemption *redemptions, size_t count, int64_t now_ms) {
  assert_done(&fixture,
              live_ticket_redeem(fixture.db, redemptions, count, now_ms, fixture.arena, &fixture.error));
}

static bool holds(const char *text, int64_t now_ms) {
  struct live_redemption one = {.text = text, .holds = true};
  redeem(&one, 1, now_ms);
  return one.holds;
}

static void test_a_ticket_says_whose_it_is_and_holds_once(void **state) {
  (void)state;
  struct live_redemption one = {.text = mint(7, NOW_MS)};
  redeem(&one, 1, NOW_MS);
  assert_true(one.holds);
  assert_false(one.is_gone);
  assert_int_equal(one.ticket.user_id, 7);
  assert_int_equal(one.ticket.token_ends_at_ms, NOW_MS + 1000);
  assert_int_equal(one.revision, 70);
  assert_false(holds(one.text, NOW_MS));
}

static void test_a_ticket_ages(void **state) {
  (void)state;
  const char *text = mint(7, NOW_MS);
  assert_false(holds(text, NOW_MS + LIVE_TICKET_LIFETIME_S * 1000));
  assert_true(holds(text, NOW_MS + LIVE_TICKET_LIFETIME_S * 1000 - 1));
}

static void test_of_many_at_once_each_is_judged_for_itself(void **state) {
  (void)state;
  const char *twice = mint(8, NOW_MS);
  struct live_redemption all[LIVE_REDEEM_MAX] = {
      {.text = mint(7, NOW_MS)},         {.text = "unknown"}, {.text = twice}, {.text = twice},
      {.text = mint(7, NOW_MS - 60000)},
  };
  const char *used = mint(8, NOW_MS);
  assert_true(holds(used, NOW_MS));
  all[5].text = used;
  for (size_t at = 6; at < LIVE_REDEEM_MAX; at++)
    all[at].text = mint(at % 2 == 0 ? 7 : 8, NOW_MS);
  redeem(all, LIVE_REDEEM_MAX, NOW_MS);
  static const bool wanted[6] = {true, false, true, false, false, false};
  for (size_t at = 0; at < LIVE_REDEEM_MAX; at++) {
    assert_int_equal(all[at].holds, at < 6 ? wanted[at] : true);
    if (at >= 6) assert_int_equal(all[at].ticket.user_id, at % 2 == 0 ? 7 : 8);
  }
  assert_answer("SELECT COUNT(*) FROM live_tickets",
                "0"); /* the old one went with the next that was minted */
}

static void test_a_ticket_of_who_is_gone(void **state) {
  (void)state;
  struct live_redemption both[2] = {{.text = mint(7, NOW_MS)}, {.text = mint(8, NOW_MS)}};
  run("UPDATE users SET deleted_at = UTC_TIMESTAMP(3) WHERE id = 7");
  run("UPDATE users SET merged_into = 7 WHERE id = 8");
  redeem(both, 2, NOW_MS);
  assert_true(both[0].holds && both[0].is_gone);
  assert_true(both[1].holds && both[1].is_gone);
}

/* Who mints takes old tickets away, while others are redeemed: neither waits for the other. */
static void test_what_is_old_goes_with_the_next(void **state) {
  (void)state;
  char sql[192];
  for (int at = 0; at < 3; at++)
    mint(7, NOW_MS);
  const char *fresh = mint(8, NOW_MS);
  run("UPDATE live_tickets SET expires_at = '2001-01-01' WHERE user_id = 7");
  struct db *redeemer = fixture_connect(&fixture);
  snprintf(sql, sizeof sql, "DELETE FROM live_tickets WHERE digest = UNHEX(SHA2('%s', 256))", fresh);
  fixture_exec(&fixture, redeemer, sql);
  mint(7, NOW_MS);
  db_rollback(redeemer);
  db_close(redeemer);
  assert_answer("SELECT COUNT(*) FROM live_tickets", "2");
  assert_true(holds(fresh, NOW_MS));
}

int main(void) {
  if (fixture_is_missing()) return 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_a_ticket_says_whose_it_is_and_holds_once, setup),
      cmocka_unit_test_setup(test_a_ticket_ages, setup),
      cmocka_unit_test_setup(test_of_many_at_once_each_is_judged_for_itself, setup),
      cmocka_unit_test_setup(test_a_ticket_of_who_is_gone, setup),
      cmocka_unit_test_setup(test_what_is_old_goes_with_the_next, setup),
  };
  return cmocka_run_group_tests_name("live_ticket", tests, group_setup, group_teardown);
}
