#include <stdlib.h>

#include "enroll/roster_private.h"

#include "base/banned.h"

#define BECAUSE "list"

/* What one learner's entry is to do: some of the batch's actions, side by side. */
struct task {
  struct roster_action *actions;
  size_t count;
};

static bool act(struct ledger_tx *tx, struct ledger_entry *entry, struct roster_action *action,
                struct error *error) {
  struct enroll_order order = {.course_id = action->course_id, .source = ENROLL_ADMIN, .because = BECAUSE};
  struct enroll_state state;
  bool is_somebody_else = entry->learner.user_id != action->user_id;
  action->why = NULL;
  action->outcome = ENROLL_STOOD;
  /* Merged into another since: a line means whoever they are now, a missing line means nobody. */
  if (action->act == ROSTER_UNENROL_MISSING && is_somebody_else) return true;
  bool is_removal = action->act == ROSTER_UNENROL || action->act == ROSTER_UNENROL_MISSING;
  bool done = is_removal
                  ? enroll_cancel(tx, entry, action->course_id, BECAUSE, error, &action->outcome, &state)
                  : enroll_grant(tx, entry, &order, error, &action->outcome, &state);
  if (done && action->outcome == ENROLL_NO_COURSE) action->why = "there is no such course any more";
  return done;
}

static bool work(struct ledger_tx *tx, struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++) {
    struct ledger_entry *entry = ledger_at(tx, at);
    const struct task *task = entry->input;
    for (size_t step = 0; step < task->count; step++)
      if (!act(tx, entry, &task->actions[step], error)) return false;
  }
  return true;
}

static const struct ledger_kind kind = {.name = "enrollment-list", .work = work};

/* By learner, then as they came. */
static int compare(const void *left, const void *right) {
  const struct roster_action *a = left;
  const struct roster_action *b = right;
  if (a->user_id != b->user_id) return a->user_id < b->user_id ? -1 : 1;
  if (a->course_id == b->course_id) return 0;
  return a->course_id < b->course_id ? -1 : 1;
}

static void take_failures(struct ledger_entry *const *list, size_t count, struct arena *arena) {
  for (size_t at = 0; at < count; at++) {
    const struct task *task = list[at]->input;
    if (list[at]->state != LEDGER_FAILED) continue;
    const char *why = list[at]->error.code == ERROR_UNAUTHENTICATED
                          ? "there is no such learner any more"
                          : arena_strdup(arena, list[at]->error.message);
    for (size_t step = 0; step < task->count; step++)
      task->actions[step].why = why != NULL ? why : "could not be done";
  }
}

bool roster_apply(struct ledger *ledger, const struct roster_order *order, size_t batch,
                  struct roster_action *actions, size_t count, struct arena *arena, struct error *error) {
  const char *op_id =
      order->operation == NULL ? NULL : arena_printf(arena, "%s:%zu", order->operation, batch);
  struct ledger_entry *entries = arena_alloc_array(arena, count, sizeof *entries);
  struct ledger_entry *list[ROSTER_BATCH];
  struct task tasks[ROSTER_BATCH];
  size_t learners = 0;
  /* Of an operation that is known the work is not done again: what it would do stands as it is. */
  for (size_t at = 0; at < count; at++) {
    actions[at].outcome = ENROLL_STOOD;
    actions[at].why = NULL;
  }
  if (count == 0) return true;
  if (entries == NULL || (order->operation != NULL && op_id == NULL)) return error_set_memory(error);
  qsort(actions, count, sizeof *actions, compare);
  for (size_t at = 0; at < count; at++) {
    if (at > 0 && actions[at].user_id == actions[at - 1].user_id) {
      tasks[learners - 1].count++;
      continue;
    }
    tasks[learners] = (struct task){.actions = &actions[at], .count = 1};
    entries[learners] = (struct ledger_entry){.user_id = actions[at].user_id,
                                              .op_id = op_id,
                                              .request_hash = order->request_hash,
                                              .actor = order->actor,
                                              .input = &tasks[learners],
                                              .arena = arena};
    list[learners] = &entries[learners];
    learners++;
  }
  if (!ledger_run(ledger, &kind, list, learners, NULL, arena, error)) return false;
  take_failures(list, learners, arena);
  return true;
}
