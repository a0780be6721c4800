/* Operations on todos, calendar entries, learning paths and videos, each in a ledger transaction of its own.
 */
#ifndef LOCKSTEP_TESTS_SYSTEM_FIXTURE_H
#define LOCKSTEP_TESTS_SYSTEM_FIXTURE_H

#include "../job/guard_fixture.h"

#include "event/system.h"
#include "schema/decode.h"

static struct config system_config;
static struct zone_cache *system_zones;

static inline int system_group_setup(void **state) {
  group_setup(state);
  static struct arena *arena;
  arena = arena_new(FIXTURE_ARENA_BYTES);
  assert_non_null(arena);
  assert_true(schema_defaults(&config_schema, arena, &system_config, &fixture.error));
  system_zones = zone_cache_new();
  assert_non_null(system_zones);
  *state = arena;
  return 0;
}

static inline int system_group_teardown(void **state) {
  arena_free(*state);
  zone_cache_free(system_zones);
  return group_teardown(state);
}

static inline int system_setup(void **state) {
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  run("DELETE FROM users");
  run("DELETE FROM ledger");
  run("INSERT INTO users (id) VALUES (7), (8)");
  return 0;
}

/* Learner 7 has it done; the stored reply, or the complaint. */
static inline const char *do_it(const struct ledger_kind *kind, const char *id, const char *part_id,
                                const void *body, const struct schema *reply_schema) {
  struct system_input input = {
      .config = &system_config, .zones = system_zones, .id = id, .part_id = part_id, .body = body};
  struct arena *scratch = arena_new(FIXTURE_ARENA_BYTES);
  assert_non_null(scratch);
  void *reply = arena_alloc(fixture.arena, reply_schema->size);
  assert_non_null(reply);
  struct ledger_entry entry = {.user_id = 7,
                               .actor = "user_7",
                               .input = &input,
                               .reply_schema = reply_schema,
                               .reply = reply,
                               .arena = fixture.arena};
  struct error error = ERROR_INIT;
  bool done = ledger_run_one(ledger, kind, &entry, NULL, scratch, &error);
  arena_free(scratch);
  if (!done) assert_true(error.code == ERROR_UNPROCESSABLE || error.code == ERROR_NOT_FOUND);
  return done ? entry.reply_text : arena_printf(fixture.arena, "%s", error.message);
}

#endif
