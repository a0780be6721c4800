/* What an event does to its payment, and the payment to the enrollment. */
#include <string.h>

#include "enroll/enroll.h"
#include "enroll/payment_private.h"
#include "enroll/payment_state.h"
#include "queries/payment.h"

#include "base/banned.h"

static const char amount_why[] = "What was paid is not the course's price.";

/* A payment as locked, and as it will be. */
struct payment {
  uint64_t id;
  bool is_new;
  struct payment_lock_row row;
  struct payment_state before;
  struct payment_state state;
};

bool payment_report(const struct payment_scene *scene, const struct payment_task *task, const char *what,
                    const char *key, struct error *error) {
  struct ledger_change change = {.what = what, .key = key};
  if (scene->tx == NULL) return true;
  change.because = arena_printf(scene->arena, "stripe %s", task->event->type);
  if (change.because == NULL) return error_set_memory(error);
  return ledger_report(scene->tx, scene->entry, &change, error);
}

bool payment_has_owner(struct payment_task *task, uint64_t user_id) {
  if (user_id != 0 && !task->is_gone) return true;
  bool is_unassigned = !task->is_gone && !task->is_erased;
  task->outcome = is_unassigned ? PAYMENT_UNASSIGNED : PAYMENT_UNKNOWN_LEARNER;
  task->why = is_unassigned     ? "Nothing says yet which learner it is of."
              : task->is_erased ? "The learner has been deleted."
                                : "There is no such learner.";
  task->waits = true;
  return false;
}

bool payment_claim_events(const struct payment_scene *scene, const struct payment_task *task,
                          struct error *error) {
  struct payment_event_claim_params params = {.subject = task->event->ref,
                                              .user_id = scene->entry->learner.user_id};
  struct db_outcome outcome;
  return payment_event_claim(scene->db, &params, error, &outcome);
}

bool payment_settle_events(const struct payment_scene *scene, const struct payment_task *task,
                           struct error *error) {
  struct payment_event_settle_params params = {.subject = task->event->ref, .now = scene->now_ms};
  struct db_outcome outcome;
  return payment_event_settle(scene->db, &params, error, &outcome);
}

static int status_of(const char *name) {
  int at = 0;
  while (payment_status_names[at + 1] != NULL && strcmp(payment_status_names[at], name) != 0)
    at++;
  return at;
}

static bool open_payment(const struct payment_scene *scene, const char *ref, struct error *error,
                         struct payment *ret_payment) {
  struct payment_open_params open = {.ref = ref};
  struct payment_lock_params lock = {.ref = ref};
  struct payment payment = {.id = 0};
  struct payment_lock_row *row = &payment.row;
  struct db_outcome outcome;
  bool found;
  if (!payment_open(scene->db, &open, error, &outcome) ||
      !payment_lock(scene->db, &lock, scene->arena, error, row, &found))
    return false;
  if (!found) return error_set(error, ERROR_INTERNAL, "A payment went away under its lock.");
  payment.id = row->id;
  payment.is_new = outcome.affected > 0;
  payment.before = (struct payment_state){.user_id = row->user_id_is_null ? 0 : row->user_id,
                                          .course_id = row->course_id_is_null ? 0 : row->course_id,
                                          .has_amount = !row->amount_cents_is_null && row->currency != NULL,
                                          .amount_cents = row->amount_cents_is_null ? 0 : row->amount_cents,
                                          .currency = row->currency,
                                          .refunded_cents = row->refunded_cents,
                                          .status = (enum payment_status)status_of(row->status),
                                          .is_mismatch = row->mismatch,
                                          .is_granted = !row->granted_at_is_null,
                                          .is_revoked = !row->revoked_at_is_null,
                                          .is_erased = !row->erased_at_is_null};
  payment.state = payment.before;
  *ret_payment = payment;
  return true;
}

static bool write_payment(const struct payment_scene *scene, const struct payment *payment,
                          struct error *error) {
  const struct payment_state *state = &payment->state;
  const struct payment_lock_row *row = &payment->row;
  struct payment_write_params params = {
      .id = payment->id,
      .user_id = state->user_id,
      .user_id_is_null = state->user_id == 0,
      .course_id = state->course_id,
      .course_id_is_null = state->course_id == 0,
      .amount_cents = state->amount_cents,
      .amount_cents_is_null = !state->has_amount,
      .currency = state->has_amount ? state->currency : NULL,
      .refunded_cents = state->refunded_cents,
      .status = payment_status_names[state->status],
      .mismatch = state->is_mismatch,
      .granted_at = payment->before.is_granted ? row->granted_at : scene->now_ms,
      .granted_at_is_null = !state->is_granted,
      .revoked_at = payment->before.is_revoked ? row->revoked_at : scene->now_ms,
      .revoked_at_is_null = !state->is_revoked,
      .erased_at = payment->before.is_erased ? row->erased_at : scene->now_ms,
      .erased_at_is_null = !state->is_erased};
  struct db_outcome outcome;
  return payment_write(scene->db, &params, error, &outcome);
}

bool payment_has_moved(const struct payment_scene *scene, const struct payment_task *task, uint64_t user_id) {
  if (user_id == 0 || user_id == task->row_user) return false;
  return scene->entry == NULL ? !task->is_gone : user_id != scene->entry->learner.user_id;
}

/* Who was named may have become the owner since: then the transaction is that one's, but was asked for by the
 * old name. */
bool payment_names_another(const struct payment_scene *scene, const struct payment_task *task,
                           uint64_t user_id) {
  return user_id != 0 && scene->entry != NULL && task->event->user_text != NULL &&
         task->named_id != task->user_id && task->named_id != scene->entry->learner.user_id;
}

static bool names_others(const struct payment_scene *scene, const struct payment_task *task,
                         const struct payment_state *state) {
  const struct payment_event *event = task->event;
  bool other_course =
      state->course_id != 0 && event->course_text != NULL && event->course_id != state->course_id;
  return other_course || payment_names_another(scene, task, state->user_id);
}

/* The course's row where there is one; state->course_id only names what exists. */
static bool assign(const struct payment_scene *scene, const struct payment_task *task,
                   struct payment_state *state, struct error *error, struct payment_course_row *ret_course) {
  struct payment_course_params params = {.course_id = state->course_id != 0 ? state->course_id
                                                                            : task->event->course_id};
  bool found = false;
  if (scene->entry != NULL) state->user_id = scene->entry->learner.user_id;
  if (params.course_id == 0) return true;
  if (!payment_course(scene->db, &params, scene->arena, error, ret_course, &found)) return false;
  state->course_id = found ? params.course_id : 0;
  return true;
}

/* Once a payment, when it is paid and known whose and what for. */
static bool grant(const struct payment_scene *scene, const struct payment_task *task,
                  struct payment_state *state, const struct payment_course_row *course, struct error *error) {
  struct enroll_order order = {.course_id = state->course_id, .source = ENROLL_PAYMENT};
  enum enroll_outcome outcome;
  struct enroll_state enrollment;
  state->is_mismatch = false;
  if (scene->entry == NULL || state->course_id == 0 || state->is_granted ||
      !payment_state_counts(state, task->config->refund_policy == REFUND_UNENROLL))
    return true;
  if (!payment_state_fits(state, course->price_cents, course->currency, task->config->accept_discounts)) {
    state->is_mismatch = state->status == PAYMENT_PAID; /* money that was given back bothers nobody */
    return true;
  }
  order.because = arena_printf(scene->arena, "payment %s", task->event->ref);
  if (order.because == NULL) return error_set_memory(error);
  if (!enroll_grant(scene->tx, scene->entry, &order, error, &outcome, &enrollment)) return false;
  state->is_granted = outcome != ENROLL_NO_COURSE;
  return true;
}

/* What this payment gave is taken back; not what an administrator, or another payment, gives as well. */
static bool revoke(const struct payment_scene *scene, const struct payment_task *task,
                   struct payment *payment, struct error *error) {
  struct payment_state *state = &payment->state;
  struct payment_enrollment_params params = {
      .user_id = state->user_id, .course_id = state->course_id, .payment_id = payment->id};
  struct payment_enrollment_row row;
  enum enroll_outcome outcome;
  struct enroll_state enrollment;
  bool found;
  if (scene->entry == NULL || state->status != PAYMENT_REFUNDED || !state->is_granted || state->is_revoked ||
      state->course_id == 0 || task->config->refund_policy != REFUND_UNENROLL)
    return true;
  state->is_revoked = true;
  if (!payment_enrollment(scene->db, &params, scene->arena, error, &row, &found)) return false;
  if (!found || row.others > 0 || strcmp(row.source, enroll_source_names[ENROLL_PAYMENT]) != 0) return true;
  const char *because = arena_printf(scene->arena, "refund of payment %s", task->event->ref);
  if (because == NULL) return error_set_memory(error);
  return enroll_cancel(scene->tx, scene->entry, state->course_id, because, error, &outcome, &enrollment);
}

static void judge(struct payment_task *task, const struct payment *payment, bool changed) {
  const struct payment_state *state = &payment->state;
  task->waits = payment_state_lacks(state) || state->is_mismatch;
  task->outcome = changed ? PAYMENT_APPLIED : PAYMENT_UNCHANGED;
  task->why = NULL;
  if (!task->waits || !payment_has_owner(task, state->user_id)) return;
  if (!payment_state_lacks(state)) {
    task->outcome = PAYMENT_MISMATCH;
    task->why = amount_why;
  } else if (task->event->course_text == NULL) {
    task->outcome = PAYMENT_UNASSIGNED;
    task->why = "Nothing says yet which course it is for.";
  } else {
    task->outcome = PAYMENT_UNKNOWN_COURSE;
    task->why = "There is no such course.";
  }
}

/* What the events of before waited for. */
static bool settle(const struct payment_scene *scene, const struct payment_task *task,
                   const struct payment *payment, struct error *error) {
  const struct payment_state *before = &payment->before;
  const struct payment_state *after = &payment->state;
  struct payment_event_erase_params erased = {.subject = task->event->ref};
  struct payment_event_settle_amount_params amount = {.subject = task->event->ref, .amount_why = amount_why};
  struct db_outcome outcome;
  if (payment->is_new) return true;
  if (before->user_id == 0 && after->user_id != 0 && !payment_claim_events(scene, task, error)) return false;
  if (!before->is_erased && after->is_erased && !payment_event_erase(scene->db, &erased, error, &outcome))
    return false;
  if (before->is_mismatch && !after->is_mismatch &&
      !payment_event_settle_amount(scene->db, &amount, error, &outcome))
    return false;
  return !payment_state_lacks(before) || payment_state_lacks(after) ||
         payment_settle_events(scene, task, error);
}

static bool take_effect(const struct payment_scene *scene, struct payment_task *task, struct payment *payment,
                        struct error *error) {
  struct payment_course_row course = {.price_cents = 0};
  bool profile_changed = false;
  if (!assign(scene, task, &payment->state, error, &course)) return false;
  if (task->is_erased || scene->entry != NULL) payment->state.is_erased = task->is_erased;
  payment_state_merge(&payment->state, task->event);
  if (!grant(scene, task, &payment->state, &course, error) || !revoke(scene, task, payment, error))
    return false;
  bool changed = payment->is_new || !payment_state_equals(&payment->before, &payment->state);
  if (changed && (!write_payment(scene, payment, error) ||
                  !payment_report(scene, task, "payment", task->event->ref, error)))
    return false;
  if (scene->entry != NULL && task->event->customer_ref != NULL &&
      !payment_refresh_profile(scene, task, task->event->customer_ref, error, &profile_changed))
    return false;
  judge(task, payment, changed || profile_changed);
  return settle(scene, task, payment, error);
}

bool payment_still_waits(const struct payment_scene *scene, const struct payment_task *task,
                         struct error *error, bool *ret_waits) {
  struct payment payment;
  if (!open_payment(scene, task->event->ref, error, &payment)) return false;
  *ret_waits = payment_state_lacks(&payment.state) || payment.state.is_mismatch;
  return true;
}

bool payment_apply(const struct payment_scene *scene, struct payment_task *task, struct error *error) {
  struct payment payment;
  if (!open_payment(scene, task->event->ref, error, &payment)) return false;
  task->has_moved = payment_has_moved(scene, task, payment.state.user_id);
  if (task->has_moved) return true;
  if (scene->entry == NULL && payment.state.is_erased) task->is_erased = true;
  if (!names_others(scene, task, &payment.state)) return take_effect(scene, task, &payment, error);
  task->outcome = PAYMENT_MISMATCH;
  task->why = "It names another learner or course than its payment.";
  return true;
}
