/* Whose event it is, as far as can be seen before anything is locked. */
#include "base/clock.h"
#include "enroll/payment_private.h"
#include "queries/payment.h"

#include "base/banned.h"

/* Whom an id means today; 0: nobody who is there. */
static bool look_up_learner(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                            uint64_t *ret_id, bool *ret_is_deleted) {
  struct payment_learner_params params = {.user_id = user_id};
  struct payment_learner_row row = {.id = 0};
  bool found = false;
  if (user_id != 0 && !payment_learner(db, &params, arena, error, &row, &found)) return false;
  *ret_is_deleted = found && row.is_deleted;
  *ret_id = found && !row.is_deleted ? row.id : 0;
  return true;
}

static bool look_up_payment(struct db *db, const char *ref, struct arena *arena, struct error *error,
                            uint64_t *ret_user_id, bool *ret_is_erased) {
  struct payment_owner_params params = {.ref = ref};
  struct payment_owner_row row;
  bool found;
  if (!payment_owner(db, &params, arena, error, &row, &found)) return false;
  *ret_user_id = found && !row.user_id_is_null ? row.user_id : 0;
  *ret_is_erased = found && row.is_erased;
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

static bool look_up_row(struct db *db, const struct payment_event *event, struct arena *arena,
                        struct error *error, uint64_t *ret_user_id, bool *ret_is_erased) {
  switch (event->step) {
  case PAYMENT_STEP_NONE:
    return true;
  case PAYMENT_STEP_SUBSCRIPTION:
    return look_up_subscription(db, event, arena, error, ret_user_id);
  default:
    return look_up_payment(db, event->ref, arena, error, ret_user_id, ret_is_erased);
  }
}

/* The row's owner before the one that the event names: who differ is a matter for the lock. */
bool payment_look_up_owner(const struct payment_engine *engine, struct payment_task *task,
                           struct arena *arena, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(engine->ledger)};
  const struct payment_event *event = task->event;
  uint64_t named_id;
  uint64_t row_user = 0;
  uint64_t owner;
  bool named_is_deleted;
  bool owner_is_deleted;
  bool row_is_erased = false;
  if (!pool_acquire(lease.pool, clock_monotonic_ms() + PAYMENT_PATIENCE_MS, error, &lease.db) ||
      !look_up_learner(lease.db, event->user_id, arena, error, &named_id, &named_is_deleted) ||
      !look_up_row(lease.db, event, arena, error, &row_user, &row_is_erased) ||
      !look_up_learner(lease.db, row_user, arena, error, &owner, &owner_is_deleted))
    return false;
  task->named_id = named_id;
  task->row_user = row_user;
  task->user_id = row_user != 0 ? owner : named_id;
  if (event->step == PAYMENT_STEP_NONE) task->user_id = 0;
  task->is_gone = task->user_id == 0 && (row_user != 0 || event->user_text != NULL);
  task->is_erased = task->user_id == 0 && (row_is_erased || owner_is_deleted || named_is_deleted);
  return true;
}
