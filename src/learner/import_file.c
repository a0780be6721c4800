#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "learner/import_private.h"

#include "base/banned.h"

#define PATH_BYTES 4096
#define NAME_BYTES 400 /* of the user_id that was compared last */

/* One file on its way. */
struct reading {
  struct import_batch *batch;
  struct import_source *source;
  struct import_scan *scan;
  uint64_t advanced;
  uint64_t user_id;          /* attempts: whose they are; 0: whoever is created */
  struct error nobody;       /* attempts: why they are nobody's; code ERROR_NONE: they are somebody's */
  char compared[NAME_BYTES]; /* attempts: the last user_id that was compared with the file's */
  bool is_same;
};

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
}

static void free_scan(struct import_scan **scan) { import_scan_free(*scan); }

static bool reject(struct reading *reading, const char *user, const struct import_item *item,
                   const char *reason, struct error *error) {
  struct error failure = ERROR_INIT;
  if (import_batch_reject(reading->batch, reading->source, user, item, reason, &failure)) {
    error_clear(error);
    return true;
  }
  *error = failure;
  return false;
}

/* --- Attempts -------------------------------------------------------------------------------------- */

/* An entry may say whose it is; then the file's name may not say otherwise. */
static bool check_user(struct reading *reading, const char *user, struct error *error, bool *ret_same) {
  const char *name = reading->source->file->user;
  *ret_same = user == NULL || strcmp(user, name) == 0;
  if (*ret_same) return true;
  if (strcmp(user, reading->compared) == 0) {
    *ret_same = reading->is_same;
    return true;
  }
  if (!import_user_same(reading->batch->job, name, user, reading->user_id, reading->batch->arena, error,
                        ret_same))
    return false;
  reading->compared[0] = '\0';
  if (strlen(user) < NAME_BYTES) memcpy(reading->compared, user, strlen(user) + 1);
  reading->is_same = *ret_same;
  return true;
}

/* ERROR_MALFORMED, ERROR_NOT_FOUND and ERROR_TOO_LARGE are the entry's own. */
static bool is_of_entry(const struct error *error) {
  return error->code == ERROR_MALFORMED || error->code == ERROR_NOT_FOUND || error->code == ERROR_TOO_LARGE;
}

static bool decode_attempt(struct reading *reading, const struct import_item *item, struct error *error,
                           struct import_attempt *attempt) {
  struct arena *arena = reading->batch->arena;
  const char *user;
  bool is_same;
  if (reading->nobody.code != ERROR_NONE) {
    *error = reading->nobody;
    return false;
  }
  if (!import_entry_attempt(item, reading->batch->job->now_ms, arena, error, attempt, &user) ||
      !check_user(reading, user, error, &is_same))
    return false;
  if (!is_same)
    return error_set(error, ERROR_MALFORMED, "user_id is %.60s, and the file is somebody else's.", user);
  attempt->text = arena_strndup(arena, item->text, item->bytes);
  attempt->bytes = item->bytes;
  if (attempt->text == NULL) return error_set_memory(error);
  return import_seen_add(&reading->source->seen, attempt->key.digest, error, &attempt->key.occurrence);
}

static bool take_attempt(struct reading *reading, const struct import_item *item, struct error *error) {
  struct import_attempt attempt;
  if (!import_batch_make_room(reading->batch, reading->source, reading->user_id, error)) return false;
  if (decode_attempt(reading, item, error, &attempt)) {
    import_batch_attempt(reading->batch, reading->source, reading->user_id, &attempt);
    return true;
  }
  return is_of_entry(error) && reject(reading, NULL, item, error->message, error);
}

/* --- Streaks --------------------------------------------------------------------------------------- */

static bool decode_streak(struct reading *reading, const struct import_item *item, struct error *error,
                          bool *ret_added, const char **ret_user) {
  struct import_batch *batch = reading->batch;
  struct import_streak streak;
  struct import_item kept = *item;
  uint64_t user_id;
  kept.text = arena_strndup(batch->arena, item->text, item->bytes);
  if (kept.text == NULL) return error_set_memory(error);
  if (!import_entry_streak(item, batch->job->now_ms, batch->arena, error, &streak, ret_user) ||
      !import_user_find(batch->job, *ret_user, &streak, batch->arena, error, &user_id))
    return false;
  *ret_added = import_batch_streak(batch, reading->source, user_id, &kept, &streak, *ret_user);
  return true;
}

static bool take_streak(struct reading *reading, const struct import_item *item, struct error *error) {
  bool added = false;
  const char *user = NULL;
  if (reading->batch->bytes >= IMPORT_BATCH_BYTES && !import_batch_flush(reading->batch, error)) return false;
  if (!decode_streak(reading, item, error, &added, &user))
    return is_of_entry(error) && reject(reading, user, item, error->message, error);
  if (added) return true;
  return import_batch_flush(reading->batch, error) && decode_streak(reading, item, error, &added, &user);
}

/* --- Files ----------------------------------------------------------------------------------------- */

static void advance(struct reading *reading) {
  uint64_t offset = import_scan_offset(reading->scan);
  if (offset == reading->advanced) return;
  import_job_advance(reading->batch->job, offset - reading->advanced);
  reading->advanced = offset;
}

static bool read_entries(struct reading *reading, struct error *error) {
  struct import_item item;
  while (import_scan_next(reading->scan, &item)) {
    bool taken = reading->source->is_streaks ? take_streak(reading, &item, error)
                                             : take_attempt(reading, &item, error);
    if (!taken) return false;
    advance(reading);
  }
  advance(reading);
  const char *problem = import_scan_problem(reading->scan);
  if (problem != NULL) import_job_complain(reading->batch->job, reading->source, NULL, problem);
  reading->source->is_read = true;
  return true;
}

/* Whose the attempts are is found once, by the file's name. */
static bool find_owner(struct reading *reading, struct error *error) {
  const char *user = reading->source->file->user;
  if (user == NULL) return true;
  if (import_user_find(reading->batch->job, user, NULL, reading->batch->arena, &reading->nobody,
                       &reading->user_id))
    return true;
  if (reading->nobody.code == ERROR_NOT_FOUND) return true;
  *error = reading->nobody;
  return false;
}

/* A file that cannot be opened is no reason to leave the others. */
static bool read_file(struct import_batch *batch, const struct import_file *file, struct error *error) {
  char path[PATH_BYTES];
  struct reading reading = {.batch = batch, .source = import_batch_source(batch, file, error)};
  if (reading.source == NULL) return false;
  snprintf(path, sizeof path, "%s/%s", batch->job->options->directory, file->name);
  CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    import_job_complain(batch->job, reading.source, NULL, "cannot be opened");
    reading.source->is_read = true;
    return true;
  }
  CLEANUP(free_scan) struct import_scan *scan = import_scan_new(fd, file->user == NULL ? NULL : "attempts");
  if (scan == NULL) return error_set_memory(error);
  reading.scan = scan;
  return find_owner(&reading, error) && read_entries(&reading, error);
}

bool import_files_work(struct import_job *job, struct error *error) {
  CLEANUP(import_batch_close) struct import_batch batch;
  const struct import_file *file;
  if (!import_batch_open(&batch, job, error)) return false;
  while (import_job_take(job, &file))
    if (!read_file(&batch, file, error)) return false;
  return import_batch_flush(&batch, error);
}
