#include "http/auth_learner.h"

#include "base/zone.h"
#include "db/pool.h"
#include "queries/auth.h"

#include "base/banned.h"

/* One statement and its commit, run again once where the server asks for it or a kept connection
 * turned out to be dead. Each statement here can be repeated: at worst an id stays unused. */
#define AUTH_LEARNER_TRIES 2

typedef bool (*learner_statement)(struct db *db, const void *params, struct arena *arena, struct error *error,
                                  uint64_t *ret_user_id);

static bool learner_try(struct request *request, learner_statement statement, const void *params,
                        struct error *error, uint64_t *ret_user_id) {
  CLEANUP(request_lease_end) struct request_lease lease = {.db = NULL};
  uint64_t user_id = 0;
  if (!request_borrow(request, error, &lease)) return false;
  if (!statement(lease.db, params, request->arena, error, &user_id) || !db_commit(lease.db, error))
    return false;
  *ret_user_id = user_id;
  return true;
}

static bool learner_run(struct request *request, learner_statement statement, const void *params,
                        struct error *error, uint64_t *ret_user_id) {
  for (int at = 1; at < AUTH_LEARNER_TRIES; at++) {
    if (learner_try(request, statement, params, error, ret_user_id)) return true;
    if (error->code != ERROR_TRANSIENT) return false;
    error_clear(error);
  }
  return learner_try(request, statement, params, error, ret_user_id);
}

static bool run_find(struct db *db, const void *params, struct arena *arena, struct error *error,
                     uint64_t *ret_user_id) {
  struct auth_user_by_subject_row row;
  bool found;
  if (!auth_user_by_subject(db, params, arena, error, &row, &found)) return false;
  *ret_user_id = found ? row.id : 0;
  return true;
}

/* A deleted learner's subject leads to the tombstone, where every request is told that it is gone: it must
 * not become somebody new by itself. */
static bool run_find_tombstone(struct db *db, const void *params, struct arena *arena, struct error *error,
                               uint64_t *ret_user_id) {
  struct auth_user_by_tombstone_row row;
  bool found;
  if (!auth_user_by_tombstone(db, params, arena, error, &row, &found)) return false;
  *ret_user_id = found ? row.id : 0;
  return true;
}

static bool run_provision(struct db *db, const void *params, struct arena *arena, struct error *error,
                          uint64_t *ret_user_id) {
  struct db_outcome outcome;
  (void)arena;
  if (!auth_provision(db, params, error, &outcome)) return false;
  *ret_user_id = outcome.insert_id;
  return true;
}

static bool run_create_anonymous(struct db *db, const void *params, struct arena *arena, struct error *error,
                                 uint64_t *ret_user_id) {
  struct db_outcome outcome;
  (void)arena;
  if (!auth_create_anonymous(db, params, error, &outcome)) return false;
  *ret_user_id = outcome.insert_id;
  return true;
}

bool auth_learner_find(struct request *request, const char *subject, struct error *error,
                       uint64_t *ret_user_id) {
  struct auth_user_by_subject_params params = {.subject = subject};
  return learner_run(request, run_find, &params, error, ret_user_id);
}

bool auth_learner_provision(struct request *request, const struct auth_claims *claims, struct error *error,
                            uint64_t *ret_user_id) {
  uint64_t user_id;
  struct auth_user_by_tombstone_params tombstone = {.subject = claims->subject};
  if (!auth_learner_find(request, claims->subject, error, &user_id)) return false;
  if (user_id == 0 && !learner_run(request, run_find_tombstone, &tombstone, error, &user_id)) return false;
  if (user_id != 0) {
    *ret_user_id = user_id;
    return true;
  }
  bool has_zone = claims->zone != NULL && zone_is_known(claims->zone);
  struct auth_provision_params params = {.subject = claims->subject,
                                         .display_name = claims->name,
                                         .role = role_names[claims->role],
                                         .time_zone = has_zone ? claims->zone : "UTC"};
  return learner_run(request, run_provision, &params, error, ret_user_id);
}

bool auth_learner_create_anonymous(struct request *request, const char *time_zone, struct error *error,
                                   uint64_t *ret_user_id) {
  struct auth_create_anonymous_params params = {.time_zone = time_zone};
  return learner_run(request, run_create_anonymous, &params, error, ret_user_id);
}
