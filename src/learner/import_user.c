#include <string.h>

#include "base/clock.h"
#include "base/user_id.h"
#include "http/auth.h"
#include "learner/import_private.h"
#include "queries/import.h"

#include "base/banned.h"

#define WAYS_MAX 3
#define CREATE_TRIES 3

enum way { BY_ID, BY_SUBJECT, BY_NAME };

/* How names are read, the likeliest way first. Under auth.subject: provider a number is not read as an id by
 * itself: one site's subject 7 would become another's learner. */
static size_t ways_of(const struct import_job *job, enum way *ways) {
  switch (job->options->users) {
  case IMPORT_USERS_ID:
    ways[0] = BY_ID;
    return 1;
  case IMPORT_USERS_SUBJECT:
    ways[0] = BY_SUBJECT;
    return 1;
  case IMPORT_USERS_USERNAME:
    ways[0] = BY_NAME;
    return 1;
  default:
    break;
  }
  if (job->config->auth.subject == AUTH_SUBJECT_PROVIDER) {
    ways[0] = BY_SUBJECT;
    ways[1] = BY_NAME;
    return 2;
  }
  ways[0] = BY_ID;
  ways[1] = BY_NAME;
  ways[2] = BY_SUBJECT;
  return 3;
}

static bool look_by_id(struct db *db, const char *name, struct arena *arena, struct error *error,
                       struct import_user_by_id_row *row, bool *ret_found) {
  struct import_user_by_id_params params = {.user_id = user_id_parse(name)};
  *ret_found = false;
  return params.user_id == 0 || import_user_by_id(db, &params, arena, error, row, ret_found);
}

static bool look(struct db *db, enum way way, const char *name, struct arena *arena, struct error *error,
                 struct import_user_by_id_row *row, bool *ret_found) {
  struct import_user_by_subject_params subject = {.subject = name};
  struct import_user_by_subject_row by_subject = {.id = 0};
  struct import_user_by_name_params username = {.username = name};
  struct import_user_by_name_row by_name = {.id = 0};
  if (way == BY_ID) return look_by_id(db, name, arena, error, row, ret_found);
  if (way == BY_SUBJECT) {
    if (!import_user_by_subject(db, &subject, arena, error, &by_subject, ret_found)) return false;
    *row = (struct import_user_by_id_row){.id = by_subject.id, .is_deleted = by_subject.is_deleted};
    return true;
  }
  if (!import_user_by_name(db, &username, arena, error, &by_name, ret_found)) return false;
  *row = (struct import_user_by_id_row){.id = by_name.id, .is_deleted = by_name.is_deleted};
  return true;
}

/* 0: there is nobody. */
static bool find(struct import_job *job, struct db *db, const char *name, struct arena *arena,
                 struct error *error, uint64_t *ret_user_id) {
  enum way ways[WAYS_MAX];
  size_t count = ways_of(job, ways);
  struct import_user_by_id_row row = {.id = 0};
  bool found = false;
  for (size_t at = 0; at < count && !found; at++)
    if (!look(db, ways[at], name, arena, error, &row, &found)) return false;
  if (found && row.is_deleted)
    return error_set(error, ERROR_NOT_FOUND, "The learner %.100s was deleted.", name);
  *ret_user_id = found ? row.id : 0;
  return true;
}

/* What streaks.json says of a learner comes first; otherwise the name itself is what it is read as. */
static bool fill_user(struct import_job *job, const char *name, const struct import_streak *streak,
                      struct import_add_user_params *params, struct error *error) {
  enum way ways[WAYS_MAX];
  size_t count = ways_of(job, ways);
  uint64_t id = user_id_parse(name);
  *params = (struct import_add_user_params){.user_id_is_null = true, .time_zone = job->options->time_zone};
  if (streak != NULL) {
    params->subject = streak->subject;
    params->username = streak->username;
    params->display_name = streak->display_name;
    if (streak->time_zone != NULL) params->time_zone = streak->time_zone;
  }
  if (ways[0] == BY_ID && id != 0) {
    params->user_id = id;
    params->user_id_is_null = false;
  } else if (ways[0] == BY_ID && count == 1) {
    return error_set(error, ERROR_NOT_FOUND, "%.100s is no learner's id.", name);
  } else if (ways[0] == BY_SUBJECT) {
    params->subject = name;
  } else {
    params->username = name;
  }
  if (strlen(name) <= 190) return true;
  return error_set(error, ERROR_NOT_FOUND, "%.100s… is too long for a learner's name.", name);
}

static bool create(struct import_job *job, struct db *db, const char *name,
                   const struct import_streak *streak, struct error *error, uint64_t *ret_user_id) {
  struct import_add_user_params params;
  struct db_outcome outcome;
  if (!fill_user(job, name, streak, &params, error)) return false;
  if (!import_add_user(db, &params, error, &outcome) || !db_commit(db, error)) return false;
  *ret_user_id = params.user_id_is_null ? outcome.insert_id : params.user_id;
  return true;
}

static bool count_creation(struct import_job *job, const char *name, struct error *error) {
  unsigned char digest[IMPORT_DIGEST_BYTES];
  uint32_t times = 1;
  int64_t id = (int64_t)user_id_parse(name);
  import_entry_digest(id == 0 ? name : "", false, id, NULL, digest);
  pthread_mutex_lock(&job->lock);
  bool counted = !job->options->dry_run || import_seen_add(&job->created_users, digest, error, &times);
  if (counted && times == 1) job->report.learners_created++;
  pthread_mutex_unlock(&job->lock);
  return counted;
}

/* A dry run opens no transaction that writes. */
static bool find_or_create(struct import_job *job, struct db *db, const char *name,
                           const struct import_streak *streak, struct arena *arena, struct error *error,
                           uint64_t *ret_user_id) {
  if (!find(job, db, name, arena, error, ret_user_id)) return false;
  if (*ret_user_id != 0) return true;
  if (!job->options->create_users)
    return error_set(error, ERROR_NOT_FOUND, "There is no learner %.100s.", name);
  if (!job->options->dry_run && !create(job, db, name, streak, error, ret_user_id)) return false;
  return count_creation(job, name, error);
}

static bool find_once(struct import_job *job, const char *name, const struct import_streak *streak,
                      struct arena *arena, struct error *error, uint64_t *ret_user_id) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(job->ledger)};
  return pool_acquire(lease.pool, INT64_MAX, error, &lease.db) &&
         find_or_create(job, lease.db, name, streak, arena, error, ret_user_id);
}

bool import_user_find(struct import_job *job, const char *name, const struct import_streak *streak,
                      struct arena *arena, struct error *error, uint64_t *ret_user_id) {
  int64_t until_ms = clock_monotonic_ms() + IMPORT_PATIENCE_MS;
  uint64_t user_id = 0;
  for (int tries = 1; !find_once(job, name, streak, arena, error, &user_id); tries++) {
    /* Somebody else was faster with the same learner; or it has a name that is somebody else's. */
    bool again = error->code == ERROR_CONFLICT && tries < CREATE_TRIES;
    if (again || import_job_is_patient(error, until_ms)) continue;
    if (error->code != ERROR_CONFLICT) return false;
    return error_set(error, ERROR_NOT_FOUND, "The learner %.100s cannot be created: the name is taken.",
                     name);
  }
  error_clear(error); /* of the tries before */
  *ret_user_id = user_id;
  return true;
}

/* Nobody by that name is 0, like nobody at all. */
static bool find_other(struct import_job *job, const char *name, struct arena *arena, struct error *error,
                       uint64_t *ret_user_id) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(job->ledger)};
  if (!pool_acquire(lease.pool, INT64_MAX, error, &lease.db)) return false;
  if (find(job, lease.db, name, arena, error, ret_user_id)) return true;
  if (error->code != ERROR_NOT_FOUND) return false;
  error_clear(error);
  return true;
}

bool import_user_same(struct import_job *job, const char *name, const char *other, uint64_t user_id,
                      struct arena *arena, struct error *error, bool *ret_same) {
  int64_t until_ms = clock_monotonic_ms() + IMPORT_PATIENCE_MS;
  uint64_t id = user_id_parse(name);
  uint64_t other_id = 0;
  *ret_same = strcmp(name, other) == 0 || (id != 0 && id == user_id_parse(other));
  if (*ret_same || user_id == 0) return true;
  while (!find_other(job, other, arena, error, &other_id))
    if (!import_job_is_patient(error, until_ms)) return false;
  error_clear(error); /* of the tries before */
  *ret_same = other_id == user_id;
  return true;
}
