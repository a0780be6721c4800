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

/* An event that tells of an earlier moment than the one known is late, and tells nothing. */
static void merge(struct subscription *subscription, const struct payment_event *event) {
  const char *status = event->subscription_status;
  if (subscription->customer_ref == NULL) subscription->customer_ref = event->customer_ref;
  if (status == NULL || has_ended(subscription->status)) return;
  if (subscription->status != NULL && event->as_of_ms < subscription->as_of_ms && !has_ended(status)) return;
  subscription->status = status;
  subscription->as_of_ms = event->as_of_ms;
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
  if (!payment_profile(scene->db, &of_user, scene->arena, error, &profile, &has_profile) ||
      !payment_subscription_best(scene->db, &best_of, scene->arena, error, &best, &has_best))
    return false;
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
  bool is_found = before.user_id == 0 && subscription->user_id != 0 && !is_new;
  return !is_found || payment_settle_waiting(scene, task, error);
}

bool payment_apply_subscription(const struct payment_scene *scene, struct payment_task *task,
                                struct error *error) {
  struct subscription subscription = {.id = 0};
  bool is_new = false;
  if (!open_subscription(scene, task->event->ref, error, &subscription, &is_new)) return false;
  task->has_moved = payment_has_moved(scene, task, subscription.user_id);
  if (task->has_moved) return true;
  bool names_other = subscription.user_id != 0 && scene->entry != NULL && task->event->user_text != NULL &&
                     task->named_id != scene->entry->learner.user_id;
  if (!names_other) return take_effect(scene, task, &subscription, is_new, error);
  task->outcome = PAYMENT_MISMATCH;
  task->why = "It names another learner than its subscription.";
  return true;
}
