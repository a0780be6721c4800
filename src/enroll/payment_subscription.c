/* Subscriptions, and what a learner's profile says of them. */
#include <string.h>

#include "enroll/payment_private.h"
#include "queries/payment.h"

#include "base/banned.h"

/* A subscription as locked, and as it will be. */
struct subscription {
  uint64_t id;
  uint64_t user_id;
  const char *customer_ref;
  const char *status;
  int64_t as_of_ms;
};

static bool same_text(const char *left, const char *right) {
  return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

static bool open_subscription(const struct payment_scene *scene, const char *ref, struct error *error,
                              struct subscription *ret_subscription, bool *ret_is_new) {
  struct payment_subscription_open_params open = {.ref = ref};
  struct payment_subscription_lock_params lock = {.ref = ref};
  struct payment_subscription_lock_row row;
  struct db_outcome outcome;
  bool found;
  if (!payment_subscription_open(scene->db, &open, error, &outcome) ||
      !payment_subscription_lock(scene->db, &lock, scene->arena, error, &row, &found))
    return false;
  if (!found) return error_set(error, ERROR_INTERNAL, "A subscription went away under its lock.");
  *ret_subscription = (struct subscription){.id = row.id,
                                            .user_id = row.user_id_is_null ? 0 : row.user_id,
                                            .customer_ref = row.customer_ref,
                                            .status = row.status,
                                            .as_of_ms = row.as_of_is_null ? 0 : row.as_of};
  *ret_is_new = outcome.affected > 0;
  return true;
}

static bool write_subscription(const struct payment_scene *scene, const struct subscription *subscription,
                               struct error *error) {
  struct payment_subscription_write_params params = {.id = subscription->id,
                                                     .user_id = subscription->user_id,
                                                     .user_id_is_null = subscription->user_id == 0,
                                                     .customer_ref = subscription->customer_ref,
                                                     .status = subscription->status,
                                                     .as_of = subscription->as_of_ms,
                                                     .as_of_is_null = subscription->status == NULL};
  struct db_outcome outcome;
  return payment_subscription_write(scene->db, &params, error, &outcome);
}

/* There is no way back from these. */
static bool has_ended(const char *status) {
  return status != NULL && (strcmp(status, "canceled") == 0 || strcmp(status, "incomplete_expired") == 0);
}

/* The end comes after everything, whatever the clocks say; a word of an earlier moment than the one known is
 * late, and tells nothing. */
static bool is_later(const char *status, int64_t as_of_ms, const struct subscription *known) {
  if (known->status == NULL) return true;
  if (has_ended(status) != has_ended(known->status)) return has_ended(status);
  if (as_of_ms != known->as_of_ms) return as_of_ms > known->as_of_ms;
  return strcmp(status, known->status) > 0;
}

static void merge(struct subscription *subscription, const struct payment_event *event) {
  const char *status = event->subscription_status;
  if (subscription->customer_ref == NULL) subscription->customer_ref = event->customer_ref;
  if (status == NULL || !is_later(status, event->as_of_ms, subscription)) return;
  subscription->status = status;
  subscription->as_of_ms = event->as_of_ms;
}

/* It is known now whose customer that is: the subscriptions that name nobody else are this learner's. The
 * profile says so first, so that of two who look at each other's work, one sees it (see is_adopted). */
static bool adopt(const struct payment_scene *scene, const struct payment_profile_row *profile,
                  const char *customer_ref, struct error *error) {
  uint64_t user_id = scene->entry->learner.user_id;
  struct payment_customer_owner_params known = {.customer_ref = customer_ref};
  struct payment_profile_write_params write = {.user_id = user_id,
                                               .subscription_id = profile->subscription_id,
                                               .subscription_status = profile->subscription_status,
                                               .is_subscribed = profile->is_subscribed,
                                               .customer_ref = customer_ref};
  struct payment_subscription_adopt_params subscriptions = {.user_id = user_id, .customer_ref = customer_ref};
  struct payment_event_adopt_params events = {
      .user_id = user_id, .customer_ref = customer_ref, .now = scene->now_ms};
  struct payment_customer_owner_row *others;
  struct db_outcome outcome;
  size_t count;
  if (!payment_customer_owner(scene->db, &known, scene->arena, 2, error, &others, &count) ||
      !payment_profile_write(scene->db, &write, error, &outcome))
    return false;
  if (count > 0) return true; /* more than one learner's: it says nothing */
  return payment_subscription_adopt(scene->db, &subscriptions, error, &outcome) &&
         (outcome.affected == 0 || payment_event_adopt(scene->db, &events, error, &outcome));
}

bool payment_refresh_profile(const struct payment_scene *scene, const struct payment_task *task,
                             const char *customer_ref, struct error *error, bool *ret_changed) {
  uint64_t user_id = scene->entry->learner.user_id;
  struct payment_profile_params of_user = {.user_id = user_id};
  struct payment_subscription_best_params best_of = {.user_id = user_id};
  struct payment_profile_row profile = {.customer_ref = NULL};
  struct payment_subscription_best_row best;
  struct db_outcome outcome;
  bool has_profile;
  bool has_best;
  if (!payment_profile(scene->db, &of_user, scene->arena, error, &profile, &has_profile)) return false;
  bool is_new_customer = profile.customer_ref == NULL && customer_ref != NULL;
  if (is_new_customer && !adopt(scene, &profile, customer_ref, error)) return false;
  if (!payment_subscription_best(scene->db, &best_of, scene->arena, error, &best, &has_best)) return false;
  struct payment_profile_write_params wanted = {
      .user_id = user_id,
      .subscription_id = has_best ? best.ref : profile.subscription_id,
      .subscription_status = has_best ? best.status : profile.subscription_status,
      .is_subscribed = has_best ? best.is_in_force : profile.is_subscribed,
      .customer_ref = profile.customer_ref != NULL ? profile.customer_ref : customer_ref};
  bool changed = !same_text(wanted.subscription_id, profile.subscription_id) ||
                 !same_text(wanted.subscription_status, profile.subscription_status) ||
                 wanted.is_subscribed != profile.is_subscribed ||
                 !same_text(wanted.customer_ref, profile.customer_ref);
  if (changed && (!payment_profile_write(scene->db, &wanted, error, &outcome) ||
                  !payment_report(scene, task, "subscription", wanted.subscription_id, error)))
    return false;
  *ret_changed = changed;
  return true;
}

/* Nobody's, as far as was seen; who becomes the customer's learner at this moment is waited for. */
static bool is_adopted(const struct payment_scene *scene, const struct subscription *subscription,
                       struct error *error, bool *ret_is_adopted) {
  struct payment_customer_lock_params params = {.customer_ref = subscription->customer_ref};
  struct payment_customer_lock_row *learners;
  size_t count = 0;
  if (params.customer_ref != NULL &&
      !payment_customer_lock(scene->db, &params, scene->arena, 2, error, &learners, &count))
    return false;
  *ret_is_adopted = count == 1;
  return true;
}

static bool take_effect(const struct payment_scene *scene, struct payment_task *task,
                        struct subscription *subscription, bool is_new, struct error *error) {
  struct subscription before = *subscription;
  bool profile_changed = false;
  merge(subscription, task->event);
  if (scene->entry != NULL) subscription->user_id = scene->entry->learner.user_id;
  bool changed = is_new || before.user_id != subscription->user_id ||
                 !same_text(before.customer_ref, subscription->customer_ref) ||
                 !same_text(before.status, subscription->status) || before.as_of_ms != subscription->as_of_ms;
  if (changed && (!write_subscription(scene, subscription, error) ||
                  !payment_report(scene, task, "subscription", task->event->ref, error)))
    return false;
  if (scene->entry != NULL &&
      !payment_refresh_profile(scene, task, subscription->customer_ref, error, &profile_changed))
    return false;
  if (payment_has_owner(task, subscription->user_id)) {
    task->outcome = changed || profile_changed ? PAYMENT_APPLIED : PAYMENT_UNCHANGED;
    task->why = NULL;
  }
  bool is_nameless = scene->entry == NULL && task->event->user_text == NULL && subscription->user_id == 0;
  if (is_nameless) return is_adopted(scene, subscription, error, &task->has_moved);
  bool is_found = before.user_id == 0 && subscription->user_id != 0 && !is_new;
  return !is_found || (payment_claim_events(scene, task, error) && payment_settle_events(scene, task, error));
}

bool payment_apply_subscription(const struct payment_scene *scene, struct payment_task *task,
                                struct error *error) {
  struct subscription subscription = {.id = 0};
  bool is_new = false;
  if (task->is_erased) {
    task->outcome = PAYMENT_IGNORED;
    task->why = "The learner has been deleted.";
    return true;
  }
  if (!open_subscription(scene, task->event->ref, error, &subscription, &is_new)) return false;
  task->has_moved = payment_has_moved(scene, task, subscription.user_id);
  if (task->has_moved) return true;
  if (!payment_names_another(scene, task, subscription.user_id))
    return take_effect(scene, task, &subscription, is_new, error);
  task->outcome = PAYMENT_MISMATCH;
  task->why = "It names another learner than its subscription.";
  return true;
}
