#include "enroll/payment.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "enroll/payment_private.h"
#include "queries/payment.h"

#include "base/banned.h"

#define ROUNDS_MAX 4 /* an owner is found once; another round is another first look */
#define FIRST_PAUSE_MS 2
#define LONGEST_PAUSE_MS 64
#define PATIENCE_MS 8000 /* with a database that is busy; then the provider tries again */

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

/* --- Whose ---------------------------------------------------------------------------------------- */

static bool look_up_learner(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                            uint64_t *ret_id) {
  struct payment_learner_params params = {.user_id = user_id};
  struct payment_learner_row row = {.id = 0};
  bool found = false;
  if (user_id != 0 && !payment_learner(db, &params, arena, error, &row, &found)) return false;
  *ret_id = found ? row.id : 0;
  return true;
}

static bool look_up_payment(struct db *db, const char *ref, struct arena *arena, struct error *error,
                            uint64_t *ret_user_id) {
  struct payment_owner_params params = {.ref = ref};
  struct payment_owner_row row;
  bool found;
  if (!payment_owner(db, &params, arena, error, &row, &found)) return false;
  *ret_user_id = found && !row.user_id_is_null ? row.user_id : 0;
  return true;
}

static bool look_up_subscription(struct db *db, const struct payment_event *event, struct arena *arena,
                                 struct error *error, uint64_t *ret_user_id) {
  struct payment_subscription_owner_params params = {.ref = event->ref};
  struct payment_customer_owner_params of_customer = {.customer_ref = event->customer_ref};
  struct payment_subscription_owner_row row;
  struct payment_customer_owner_row *learners;
  size_t count = 0;
  bool found;
  if (!payment_subscription_owner(db, &params, arena, error, &row, &found)) return false;
  uint64_t user_id = found && !row.user_id_is_null ? row.user_id : 0;
  if (user_id == 0 && event->user_text == NULL && event->customer_ref != NULL) {
    if (!payment_customer_owner(db, &of_customer, arena, 2, error, &learners, &count)) return false;
    if (count == 1) user_id = learners[0].user_id;
  }
  *ret_user_id = user_id;
  return true;
}

/* The row's owner before the one that the event names: who differ is a matter for the lock. */
static bool look_up_owner(const struct payment_engine *engine, struct payment_task *task, struct arena *arena,
                          struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(engine->ledger)};
  const struct payment_event *event = task->event;
  uint64_t named_id;
  uint64_t row_user = 0;
  uint64_t owner = 0;
  if (!pool_acquire(lease.pool, clock_monotonic_ms() + PATIENCE_MS, error, &lease.db) ||
      !look_up_learner(lease.db, event->user_id, arena, error, &named_id))
    return false;
  bool done = event->step == PAYMENT_STEP_SUBSCRIPTION
                  ? look_up_subscription(lease.db, event, arena, error, &row_user)
                  : look_up_payment(lease.db, event->ref, arena, error, &row_user);
  if (!done || !look_up_learner(lease.db, row_user, arena, error, &owner)) return false;
  task->named_id = named_id;
  task->row_user = row_user;
  task->user_id = row_user != 0 ? owner : named_id;
  task->is_gone = task->user_id == 0 && (row_user != 0 || event->user_text != NULL);
  return true;
}

/* --- The event's own row -------------------------------------------------------------------------- */

static bool record(const struct payment_scene *scene, const struct payment_task *task, struct error *error) {
  const struct payment_event *event = task->event;
  uint64_t user_id = scene->entry == NULL ? task->user_id : scene->entry->learner.user_id;
  bool waits = !payment_outcome_is_final(task->outcome);
  struct payment_event_insert_params insert = {.event_id = event->id,
                                               .type = event->type,
                                               .subject = event->ref,
                                               .user_id = user_id,
                                               .user_id_is_null = user_id == 0,
                                               .payload = event->payload,
                                               .created_at = event->created_ms,
                                               .received_at = scene->now_ms,
                                               .processed_at = scene->now_ms,
                                               .processed_at_is_null = waits,
                                               .outcome = payment_outcome_names[task->outcome],
                                               .error = task->why};
  struct payment_event_replayed_params update = {.id = task->replayed_id,
                                                 .subject = event->ref,
                                                 .user_id = user_id,
                                                 .user_id_is_null = user_id == 0,
                                                 .processed_at = scene->now_ms,
                                                 .processed_at_is_null = waits,
                                                 .outcome = insert.outcome,
                                                 .error = task->why};
  struct db_outcome outcome;
  if (task->replayed_id != 0) return payment_event_replayed(scene->db, &update, error, &outcome);
  return payment_event_insert(scene->db, &insert, error, &outcome);
}

static bool apply(const struct payment_scene *scene, struct payment_task *task, struct error *error) {
  task->has_moved = false;
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

static bool try_alone(const struct payment_engine *engine, struct payment_task *task, bool only_records,
                      struct arena *arena, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(engine->ledger)};
  struct payment_scene scene = {.arena = arena, .now_ms = clock_now_ms()};
  if (!pool_acquire(lease.pool, clock_monotonic_ms() + PATIENCE_MS, error, &lease.db)) return false;
  scene.db = lease.db;
  if (!only_records && !apply(&scene, task, error)) return false;
  if (task->has_moved) return true;
  return record(&scene, task, error) && db_commit(lease.db, error);
}

/* The arena is not rewound between tries: `why` of the outcome may stand in it. */
static bool run_alone(const struct payment_engine *engine, struct payment_task *task, bool only_records,
                      struct arena *arena, struct error *error) {
  int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
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
    return run_alone(engine, task, false, arena, error);
  }
  *ret_replayed = entry.state == LEDGER_REPLAYED;
  if (entry.state != LEDGER_UNCHANGED || task->has_moved) return true;
  return run_alone(engine, task, true, arena, error);
}

static bool run(const struct payment_engine *engine, struct payment_task *task, const char *op_id,
                const char *actor, struct arena *arena, struct error *error, bool *ret_replayed) {
  for (int round = 0; round < ROUNDS_MAX; round++) {
    task->has_moved = false; /* a replay does not come to the work that would say so */
    if (task->event->step != PAYMENT_STEP_NONE && !look_up_owner(engine, task, arena, error)) return false;
    bool done = task->user_id != 0 ? run_for_learner(engine, task, op_id, actor, arena, error, ret_replayed)
                                   : run_alone(engine, task, false, arena, error);
    if (!done || !task->has_moved) return done;
  }
  error_set(error, ERROR_UNAVAILABLE, "The payment is changing hands. Please try again.");
  error->retry_after_s = 1;
  return false;
}

/* --- Deliveries ----------------------------------------------------------------------------------- */

static bool look_up_event(struct db *db, const char *event_id, struct arena *arena, struct error *error,
                          struct payment_event_find_row *ret_row, bool *ret_found) {
  struct payment_event_find_params params = {.event_id = event_id};
  return payment_event_find(db, &params, arena, error, ret_row, ret_found);
}

static enum payment_outcome outcome_of(const char *name) {
  size_t at = 0;
  while (payment_outcome_names[at + 1] != NULL && strcmp(payment_outcome_names[at], name) != 0)
    at++;
  return (enum payment_outcome)at;
}

/* Whether it is stored already; then the report says so. */
static bool is_stored(const struct payment_engine *engine, struct arena *arena, struct error *error,
                      struct payment_report *report, bool *ret_stored) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(engine->ledger)};
  struct payment_event_find_row row;
  bool found;
  if (!pool_acquire(lease.pool, clock_monotonic_ms() + PATIENCE_MS, error, &lease.db) ||
      !look_up_event(lease.db, report->event_id, arena, error, &row, &found))
    return false;
  if (found) {
    report->is_duplicate = true;
    report->outcome = outcome_of(row.outcome);
    report->why = NULL;
  }
  *ret_stored = found;
  return true;
}

static void tell(const struct payment_task *task, struct payment_report *report) {
  report->user_id = task->user_id;
  report->outcome = task->outcome;
  report->why = task->why;
}

bool payment_take(const struct payment_engine *engine, const char *payload, size_t payload_bytes,
                  struct arena *arena, struct error *error, struct payment_report *ret_report) {
  struct payment_event event;
  bool stored = false;
  bool replayed = false;
  if (!payment_event_read(payload, payload_bytes, arena, error, &event)) return false;
  struct payment_report report = {.event_id = event.id, .type = event.type};
  struct payment_task task = {.config = engine->config, .event = &event};
  char *op_id = arena_printf(arena, "stripe:%s", event.id);
  if (op_id == NULL) return error_set_memory(error);
  if (!is_stored(engine, arena, error, &report, &stored)) return false;
  bool done = stored || run(engine, &task, op_id, "stripe", arena, error, &replayed);
  if (!done && error->code != ERROR_CONFLICT) return false;
  if (done && !stored && !replayed) tell(&task, &report);
  /* Another delivery of the same event was faster: it is stored by now. */
  if ((!done || replayed) && !is_stored(engine, arena, error, &report, &stored)) return false;
  if (!done && !stored) return error_set(error, ERROR_UNAVAILABLE, "The event could not be stored.");
  *ret_report = report;
  return true;
}

/* --- Replays -------------------------------------------------------------------------------------- */

static bool read_stored(const struct payment_engine *engine, uint64_t id, struct arena *arena,
                        struct error *error, struct payment_event_stored_row *ret_row) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(engine->ledger)};
  struct payment_event_stored_params params = {.id = id};
  bool found;
  if (!pool_acquire(lease.pool, clock_monotonic_ms() + PATIENCE_MS, error, &lease.db) ||
      !payment_event_stored(lease.db, &params, arena, error, ret_row, &found))
    return false;
  return found || error_set(error, ERROR_NOT_FOUND, "There is no such event.");
}

bool payment_replay(const struct payment_engine *engine, uint64_t id, const char *actor, struct arena *arena,
                    struct error *error, struct payment_report *ret_report) {
  struct payment_event_stored_row row;
  struct payment_event event;
  bool replayed = false;
  if (!read_stored(engine, id, arena, error, &row) ||
      !payment_event_read(row.payload, strlen(row.payload), arena, error, &event))
    return false;
  struct payment_report report = {.event_id = event.id, .type = event.type};
  struct payment_task task = {.config = engine->config, .event = &event, .replayed_id = id};
  char *op_id = arena_printf(arena, "replay:%s:%" PRIu64, event.id, row.replays + 1);
  if (op_id == NULL) return error_set_memory(error);
  if (!run(engine, &task, op_id, actor, arena, error, &replayed)) return false;
  tell(&task, &report);
  report.is_duplicate = replayed;
  if (replayed) report.outcome = outcome_of(row.outcome);
  *ret_report = report;
  return true;
}

bool payment_find(struct db *db, const char *event_id, struct arena *arena, struct error *error,
                  uint64_t *ret_id) {
  struct payment_event_find_row row;
  bool found;
  if (!look_up_event(db, event_id, arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such event.");
  *ret_id = row.id;
  return true;
}
