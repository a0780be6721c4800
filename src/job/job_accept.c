#include "job/job_accept.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "queries/job_accept.h"

#include "base/banned.h"

/* The job that stood in the way may end before it is looked up: then there is room for another. */
#define JOB_ACCEPT_TRIES 3

static bool enqueue_once(struct request *request, const struct job_order *order, struct error *error,
                         uint64_t *ret_job_id) {
  CLEANUP(request_lease_end) struct request_lease lease = {.db = NULL};
  uint64_t job_id;
  if (!request_borrow(request, error, &lease)) return false;
  if (!job_enqueue(lease.db, order, request->arena, error, &job_id) || !db_commit(lease.db, error))
    return false;
  *ret_job_id = job_id;
  return true;
}

static bool find_active(struct request *request, const char *dedupe_key, struct error *error,
                        uint64_t *ret_job_id, bool *ret_found) {
  CLEANUP(request_lease_end) struct request_lease lease = {.db = NULL};
  struct job_accept_active_params params = {.dedupe_key = dedupe_key};
  struct job_accept_active_row row;
  if (!request_borrow(request, error, &lease)) return false;
  if (!job_accept_active(lease.db, &params, request->arena, error, &row, ret_found)) return false;
  if (*ret_found) *ret_job_id = row.id;
  return true;
}

static bool enqueue(struct request *request, const struct job_order *order, struct error *error,
                    uint64_t *ret_job_id) {
  for (int tries = 1;; tries++) {
    bool found = false;
    struct error failure = ERROR_INIT;
    if (enqueue_once(request, order, &failure, ret_job_id)) return true;
    bool is_taken = failure.code == ERROR_CONFLICT && order->dedupe_key != NULL;
    bool may_try = tries < JOB_ACCEPT_TRIES && (is_taken || failure.code == ERROR_TRANSIENT);
    if (is_taken && !find_active(request, order->dedupe_key, error, ret_job_id, &found)) return false;
    if (found) return true;
    if (may_try) continue;
    *error = failure;
    return false;
  }
}

bool job_accept(struct request *request, const struct job_order *order, struct error *error,
                uint64_t *ret_job_id) {
  struct job_order own = *order;
  uint64_t job_id = 0;
  own.created_by = request->principal.actor;
  if (!enqueue(request, &own, error, &job_id)) return false;
  const char *location = arena_printf(request->arena, "/api/admin/jobs/%" PRIu64, job_id);
  if (location == NULL) return error_set_memory(error);
  request_add_header(request, "Location", location);
  request->status = 202;
  *ret_job_id = job_id;
  return true;
}

static bool has_ended(const char *state) {
  return strcmp(state, "ready") != 0 && strcmp(state, "running") != 0;
}

static bool look(struct request *request, uint64_t job_id, struct error *error,
                 struct job_accept_state_row *ret_row) {
  CLEANUP(request_lease_end) struct request_lease lease = {.db = NULL};
  struct job_accept_state_params params = {.job_id = job_id};
  bool found;
  if (!request_borrow(request, error, &lease)) return false;
  if (!job_accept_state(lease.db, &params, request->arena, error, ret_row, &found)) return false;
  db_end_read(lease.db);
  return found || error_set(error, ERROR_NOT_FOUND, "There is no such job.");
}

bool job_await(struct request *request, uint64_t job_id, int64_t wait_ms, struct error *error,
               bool *ret_ended, const char **ret_state, const char **ret_error) {
  int64_t deadline_ms = clock_monotonic_ms() + wait_ms;
  struct job_accept_state_row row;
  if (deadline_ms > request->deadline_ms - JOB_AWAIT_POLL_MS)
    deadline_ms = request->deadline_ms - JOB_AWAIT_POLL_MS;
  for (;;) {
    if (!look(request, job_id, error, &row)) return false;
    bool ended = has_ended(row.state);
    if (ended || clock_monotonic_ms() + JOB_AWAIT_POLL_MS > deadline_ms) {
      *ret_ended = ended;
      *ret_state = row.state;
      *ret_error = row.error;
      return true;
    }
    clock_sleep_ms(JOB_AWAIT_POLL_MS);
  }
}
