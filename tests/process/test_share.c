/* The database connections of workers that come and go: never more than there are, never fewer than
 * there could be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "process/master_internal.h"

#include "base/banned.h"

struct house {
  struct master master;
  struct master_setup setup;
};

static struct house *new_house(uint32_t connections) {
  struct house *house = calloc(1, sizeof *house);
  struct error error = ERROR_INIT;
  assert_non_null(house);
  house->setup.config.database.connections = connections;
  house->master.setup = &house->setup;
  assert_true(scoreboard_create(NULL, &error, &house->master.board));
  return house;
}

static void end_house(struct house *house) {
  scoreboard_close(&house->master.board);
  free(house);
}

static void enter(struct house *house, size_t slot, uint32_t share, enum scoreboard_worker_state state) {
  house->master.workers[slot] =
      (struct master_worker){.pid = (pid_t)(1000 + slot), .control = -1, .share = share, .state = state};
  atomic_store(&house->master.board.workers[slot].share_granted, 0);
  atomic_store(&house->master.board.workers[slot].share_held, 0);
}

static void leave(struct house *house, size_t slot) {
  house->master.workers[slot] = (struct master_worker){.pid = 0};
}

static uint32_t granted(const struct house *house, size_t slot) {
  return atomic_load(&house->master.board.workers[slot].share_granted);
}

/* The worker's side: it holds what it was granted; one that drains holds what it still needs. */
static void hold(struct house *house, size_t slot, uint32_t count) {
  atomic_store(&house->master.board.workers[slot].share_held, count);
}

static void drain(struct house *house, size_t slot) {
  house->master.workers[slot].state = WORKER_DRAINING;
  atomic_store(&house->master.board.workers[slot].share_granted, 0);
}

static void test_shares_add_up(void **state) {
  (void)state;
  for (uint32_t processes = 1; processes <= 64; processes++)
    for (uint32_t connections = processes; connections < 200; connections++) {
      uint32_t sum = 0;
      for (uint32_t number = 1; number <= processes; number++) {
        uint32_t share = master_share_of(connections, processes, number);
        assert_true(share >= connections / processes && share <= connections / processes + 1);
        sum += share;
      }
      assert_int_equal(sum, connections);
    }
  assert_int_equal(master_share_of(1, 5, 5), 1); /* none is left without */
}

static void test_a_successor_gets_what_its_predecessor_gives_up(void **state) {
  (void)state;
  struct house *house = new_house(8);
  enter(house, 0, 8, WORKER_SERVING);
  master_share_grant(&house->master);
  assert_int_equal(granted(house, 0), 8);
  hold(house, 0, 8);
  enter(house, 1, 8, WORKER_READY);
  master_share_grant(&house->master);
  assert_int_equal(granted(house, 1), 0);
  drain(house, 0);
  master_share_grant(&house->master);
  assert_int_equal(granted(house, 1), 0); /* it has not let go yet */
  hold(house, 0, 3);
  master_share_grant(&house->master);
  assert_int_equal(granted(house, 1), 5);
  hold(house, 0, 0);
  master_share_grant(&house->master);
  assert_int_equal(granted(house, 1), 8);
  end_house(house);
}

static void test_one_that_dies_leaves_everything(void **state) {
  (void)state;
  struct house *house = new_house(9);
  enter(house, 0, 5, WORKER_SERVING);
  enter(house, 1, 4, WORKER_SERVING);
  master_share_grant(&house->master);
  hold(house, 0, 5);
  leave(house, 0);
  enter(house, 2, 5, WORKER_STARTING);
  master_share_grant(&house->master);
  assert_int_equal(granted(house, 2), 0); /* not before it is ready */
  house->master.workers[2].state = WORKER_READY;
  master_share_grant(&house->master);
  assert_int_equal(granted(house, 2), 5);
  assert_int_equal(granted(house, 1), 4);
  end_house(house);
}

static void test_what_a_worker_says_cannot_starve_the_others(void **state) {
  (void)state;
  struct house *house = new_house(8);
  enter(house, 0, 4, WORKER_SERVING);
  hold(house, 0, UINT32_MAX); /* its memory is its own, and may be anything */
  enter(house, 1, 4, WORKER_READY);
  master_share_grant(&house->master);
  assert_int_equal(granted(house, 1), 4);
  end_house(house);
}

/* Reloads, deaths and drains in any order: what all of them may hold is never more than there is. */
static void test_never_more_than_there_are(void **state) {
  (void)state;
  enum { SLOTS = 12 };
  for (int round = 0; round < 300; round++) {
    uint32_t total = 1 + (uint32_t)random_below(40);
    struct house *house = new_house(total);
    for (int step = 0; step < 300; step++) {
      size_t slot = (size_t)random_below(SLOTS);
      struct master_worker *worker = &house->master.workers[slot];
      if (worker->pid == 0)
        enter(house, slot, 1 + (uint32_t)random_below(total), WORKER_READY);
      else if (worker->state == WORKER_DRAINING && random_below(3) == 0)
        leave(house, slot);
      else if (worker->state == WORKER_DRAINING)
        hold(
            house, slot,
            (uint32_t)random_below(atomic_load(&house->master.board.workers[slot].share_held) + (uint64_t)1));
      else if (random_below(4) == 0)
        drain(house, slot);
      else
        hold(house, slot, granted(house, slot));
      master_share_grant(&house->master);
      uint32_t sum = 0;
      for (size_t at = 0; at < SLOTS; at++) {
        uint32_t held = atomic_load(&house->master.board.workers[at].share_held);
        if (house->master.workers[at].pid != 0) sum += granted(house, at) > held ? granted(house, at) : held;
      }
      assert_true(sum <= total);
    }
    end_house(house);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shares_add_up),
      cmocka_unit_test(test_a_successor_gets_what_its_predecessor_gives_up),
      cmocka_unit_test(test_one_that_dies_leaves_everything),
      cmocka_unit_test(test_what_a_worker_says_cannot_starve_the_others),
      cmocka_unit_test(test_never_more_than_there_are),
  };
  return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
