/* Cascades in ledger transactions of their own, and the tables that they move as text. */
#ifndef LOCKSTEP_TESTS_CASCADE_FIXTURE_H
#define LOCKSTEP_TESTS_CASCADE_FIXTURE_H

#include "../job/guard_fixture.h"

#include "event/cascade.h"

#define LEARNER 7
#define MOMENT_MS INT64_C(1767268800000) /* 2026-01-01 12:00 */
#define MOMENT "2026-01-01 12:00:00.000"

/* What one transaction is to do. */
struct order {
  const struct event *event; /* NULL: undo */
  const char *undone;
  struct arena *arena;
  struct event_result result;
  struct cascade_undone taken_back;
};

static inline struct field_list named_copy(const struct order *order, struct field_list list) {
  struct cascade_named *items = arena_alloc_array(order->arena, list.count + 1, sizeof *items);
  assert_non_null(items);
  for (size_t at = 0; at < list.count; at++) {
    const struct cascade_named *named = &((const struct cascade_named *)list.items)[at];
    items[at] = (struct cascade_named){named->system, arena_strdup(order->arena, named->table),
                                       arena_strdup(order->arena, named->key), named->reason};
  }
  return (struct field_list){.items = items, .count = list.count};
}

static inline bool cascade_work(struct ledger_tx *tx, struct error *error) {
  struct ledger_entry *entry = ledger_at(tx, 0);
  struct order *order = entry->input;
  struct event_intake intake = {.tx = tx, .entry = entry, .now_ms = ledger_now_ms(tx)};
  struct cascade_undone undone;
  if (order->event != NULL) {
    struct event event = *order->event;
    if (event.revision == 0) event.revision = entry->learner.revision;
    struct ledger_change change = {.what = "event", .key = event.id, .by = 1};
    return ledger_report(tx, entry, &change, error) &&
           cascade_run(&intake, &event, NULL, &order->result, error) && cascade_finish(&intake, 1, error);
  }
  if (!cascade_undo(&intake, order->undone, "user_7", error, &undone) || !cascade_finish(&intake, 1, error))
    return false;
  order->taken_back = (struct cascade_undone){.restored = named_copy(order, undone.restored),
                                              .left = named_copy(order, undone.left)};
  return true;
}
static const struct ledger_kind cascade_kind_of_tests = {.name = "event", .work = cascade_work};

static inline void carry_out(struct order *order) {
  struct ledger_entry entry = {.user_id = LEARNER, .actor = "user_7", .input = order, .arena = fixture.arena};
  struct arena *scratch = arena_new(FIXTURE_ARENA_BYTES);
  assert_non_null(scratch);
  order->arena = fixture.arena;
  assert_done(&fixture,
              ledger_run_one(ledger, &cascade_kind_of_tests, &entry, NULL, scratch, &fixture.error));
  arena_free(scratch);
}

static inline void happen(struct event event) {
  struct order order = {.event = &event};
  carry_out(&order);
}
static inline struct cascade_undone undo(const char *event_id) {
  struct order order = {.undone = event_id};
  carry_out(&order);
  return order.taken_back;
}

/* "table key" a row, parted by commas; of those that were left with the reason. */
static inline const char *names_of(struct field_list list) {
  const char *text = "";
  for (size_t at = 0; at < list.count; at++) {
    const struct cascade_named *named = &((const struct cascade_named *)list.items)[at];
    text = arena_printf(fixture.arena, "%s%s%s %s%s%s", text, at == 0 ? "" : ", ", named->table, named->key,
                        named->reason == NULL ? "" : ": ", named->reason == NULL ? "" : named->reason);
    assert_non_null(text);
  }
  return text;
}

/* --- Events ---------------------------------------------------------------------------------------- */

static inline struct event event_base(const char *id, enum event_type type, enum event_system source,
                                      enum activity_type activity, const char *activity_id,
                                      enum completion_status status) {
  return (struct event){.id = id,
                        .type = type,
                        .source = source,
                        .activity_type = activity,
                        .activity_id = activity_id,
                        .status = status,
                        .happened_at_ms = MOMENT_MS,
                        .outcome = EVENT_APPLIED};
}
static inline struct event video_event(const char *id, const char *video, enum completion_status status) {
  struct event event =
      event_base(id, EVENT_VIDEO_COMPLETED, SYSTEM_VIDEO_PLAYER, ACTIVITY_VIDEO, video, status);
  event.data.video = (struct video_data){.video_id = video};
  return event;
}
static inline struct event todo_event(const char *id, const char *todo, enum completion_status status) {
  struct event event =
      event_base(id, EVENT_TODO_COMPLETED, SYSTEM_TODO_MANAGER, ACTIVITY_PRACTICE, todo, status);
  event.data.todo = (struct todo_data){.todo_id = todo};
  return event;
}
static inline struct event entry_event(const char *id, const char *entry, enum completion_status status) {
  struct event event =
      event_base(id, EVENT_SCHEDULE_COMPLETED, SYSTEM_CALENDAR, ACTIVITY_PRACTICE, entry, status);
  event.data.schedule = (struct schedule_data){.schedule_id = entry};
  return event;
}
static inline struct event step_event(const char *id, const char *path, const char *step,
                                      enum completion_status status) {
  struct event event =
      event_base(id, EVENT_PATH_PROGRESS_UPDATED, SYSTEM_PATH_GENERATOR, ACTIVITY_PRACTICE, step, status);
  event.data.path = (struct path_data){.path_id = path, .step_id = step};
  return event;
}

static inline int cascade_setup(void **state) {
  (void)state;
  error_clear(&fixture.error);
  arena_reset(fixture.arena);
  run("DELETE FROM users");
  run("DELETE FROM ledger");
  run("INSERT INTO users (id) VALUES (7), (8)");
  return 0;
}

#endif
