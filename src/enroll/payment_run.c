/* An event's way into the database: in the learner's transaction, or in one of its own. */
#include "base/clock.h"
#include "base/random.h"
#include "enroll/payment_private.h"
#include "queries/payment.h"

#include "base/banned.h"

#define ROUNDS_MAX 4 /* an owner is found once; another round is another first look */
#define FIRST_PAUSE_MS 2
#define LONGEST_PAUSE_MS 64

/* What is hashed of an event: its text may come in another layout the next time. */
struct identity {
  const char *id;
  const char *type;
};
static const struct field identity_fields[] = {
    FIELD_TEXT(struct identity, "id", id, .summary = "The event."),
    FIELD_TEXT(struct identity, "type", type, .summary = "Its type."),
};
static const struct schema identity_schema =
    SCHEMA("PaymentEventIdentity", struct identity, identity_fields, .summary = "Which event.");

/* --- The event's own row -------------------------------------------------------------------------- */

/* Of somebody who was erased it says that it came, and of what, and no more. */
static bool insert(const struct payment_scene *scene, const struct payment_task *task, uint64_t user_id,
                   struct error *error) {
  const struct payment_event *event = task->event;
  bool names_nobody = task->is_erased || event->user_id == 0;
  struct payment_event_insert_params params = {
      .event_id = event->id,
      .type = event->type,
      .subject = event->ref,
      .user_id = user_id,
      .user_id_is_null = user_id == 0,
      .named_user_id = event->user_id,
      .named_user_id_is_null = names_nobody,
      .customer_ref = task->is_erased ? NULL : event->customer_ref,
      .payload = task->is_erased ? PAYMENT_NOTHING_KEPT : event->payload,
      .created_at = event->created_ms,
      .received_at = scene->now_ms,
      .processed_at = scene->now_ms,
      .processed_at_is_null = !payment_outcome_is_final(task->outcome),
      .outcome = payment_outcome_names[task->outcome],
      .error = task->why};
  struct db_outcome outcome;
  return payment_event_insert(scene->db, &params, error, &outcome);
}

static bool record(const struct payment_scene *scene, const struct payment_task *task, struct error *error) {
  uint64_t user_id = scene->entry == NULL ? task->user_id : scene->entry->learner.user_id;
  struct payment_event_replayed_params update = {.id = task->replayed_id,
                                                 .subject = task->event->ref,
                                                 .user_id = user_id,
                                                 .user_id_is_null = user_id == 0,
                                                 .processed_at = scene->now_ms,
                                                 .processed_at_is_null =
                                                     !payment_outcome_is_final(task->outcome),
                                                 .outcome = payment_outcome_names[task->outcome],
                                                 .error = task->why};
  struct db_outcome outcome;
  if (task->replayed_id == 0) return insert(scene, task, user_id, error);
  return payment_event_replayed(scene->db, &update, error, &outcome);
}

static bool apply(const struct payment_scene *scene, struct payment_task *task, struct error *error) {
  task->has_moved = false;
  task->waits = false;
  task->outcome = task->event->verdict;
  task->why = task->event->why;
  switch (task->event->step) {
  case PAYMENT_STEP_NONE:
    return true;
  case PAYMENT_STEP_SUBSCRIPTION:
    return payment_apply_subscription(scene, task, error);
  default:
    return payment_apply(scene, task, error);
  }
}

/* --- A learner's ---------------------------------------------------------------------------------- */

static bool payment_work(struct ledger_tx *tx, struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++) {
    struct ledger_entry *entry = ledger_at(tx, at);
    struct payment_task *task = entry->input;
    struct payment_scene scene = {.db = ledger_db(tx),
                                  .arena = ledger_arena(tx),
                                  .now_ms = ledger_now_ms(tx),
                                  .tx = tx,
                                  .entry = entry};
    if (!apply(&scene, task, error)) return false;
    if (!task->has_moved && entry->change_count > 0 && !record(&scene, task, error)) return false;
  }
  return true;
}

static const struct ledger_kind payment_kind = {.name = "payment", .work = payment_work};

/* --- Nobody's, or without an effect --------------------------------------------------------------- */

/* What had no effect was found so in a transaction that is over. Since then the learner may have been
 * erased, and what the payment lacked may have come. */
static bool look_again(const struct payment_scene *scene, struct payment_task *task, struct error *error) {
  struct payment_learner_lock_params params = {.user_id = task->user_id};
  struct payment_learner_lock_row row;
  bool found;
  bool waits = false;
  if (!payment_learner_lock(scene->db, &params, scene->arena, error, &row, &found)) return false;
  if (!found) {
    task->user_id = 0;
    task->is_erased = true;
  }
  if (!task->waits) return true;
  if (!payment_still_waits(scene, task, error, &waits)) return false;
  if (!waits) {
    task->outcome = PAYMENT_UNCHANGED;
    task->why = NULL;
  }
  return true;
}

static bool try_alone(const struct payment_engine *engine, struct payment_task *task, bool only_records,
                      struct arena *arena, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(engine->ledger)};
  struct payment_scene scene = {.arena = arena, .now_ms = clock_now_ms()};
  if (!pool_acquire(lease.pool, clock_monotonic_ms() + PAYMENT_PATIENCE_MS, error, &lease.db)) return false;
  scene.db = lease.db;
  if (!(only_records ? look_again : apply)(&scene, task, error)) return false;
  if (task->has_moved) return true;
  return record(&scene, task, error) && db_commit(lease.db, error);
}

/* The arena is not rewound between tries: `why` of the outcome may stand in it. */
static bool run_alone(const struct payment_engine *engine, struct payment_task *task, bool only_records,
                      struct arena *arena, struct error *error) {
  int64_t deadline_ms = clock_monotonic_ms() + PAYMENT_PATIENCE_MS;
  for (int64_t longest_ms = FIRST_PAUSE_MS;; longest_ms *= longest_ms < LONGEST_PAUSE_MS ? 2 : 1) {
    error_clear(error);
    if (try_alone(engine, task, only_records, arena, error)) return true;
    if (error->code != ERROR_TRANSIENT || clock_monotonic_ms() >= deadline_ms) return false;
    clock_sleep_ms(1 + (int64_t)random_below((uint64_t)longest_ms));
  }
}

static bool run_for_learner(const struct payment_engine *engine, struct payment_task *task, const char *op_id,
                            const char *actor, struct arena *arena, struct error *error, bool *ret_replayed) {
  struct identity identity = {.id = task->event->id, .type = task->event->type};
  struct ledger_entry entry = {
      .user_id = task->user_id, .op_id = op_id, .actor = actor, .input = task, .arena = arena};
  if (!ledger_hash("payment", &identity_schema, &identity, error, &entry.request_hash)) return false;
  if (!ledger_run_one(engine->ledger, &payment_kind, &entry, NULL, arena, error)) {
    if (error->code != ERROR_UNAUTHENTICATED) return false;
    task->user_id = 0;
    task->is_gone = true;
    task->is_erased = true;
    return run_alone(engine, task, false, arena, error);
  }
  *ret_replayed = entry.state == LEDGER_REPLAYED;
  if (entry.state != LEDGER_UNCHANGED || task->has_moved) return true;
  task->user_id = entry.learner.user_id;
  return run_alone(engine, task, true, arena, error);
}

bool payment_run(const struct payment_engine *engine, struct payment_task *task, const char *op_id,
                 const char *actor, struct arena *arena, struct error *error, bool *ret_replayed) {
  for (int round = 0; round < ROUNDS_MAX; round++) {
    task->has_moved = false; /* a replay does not come to the work that would say so */
    if (!payment_look_up_owner(engine, task, arena, error)) return false;
    bool done = task->user_id != 0 ? run_for_learner(engine, task, op_id, actor, arena, error, ret_replayed)
                                   : run_alone(engine, task, false, arena, error);
    if (!done || !task->has_moved) return done;
  }
  error_set(error, ERROR_UNAVAILABLE, "The payment is changing hands. Please try again.");
  error->retry_after_s = 1;
  return false;
}
