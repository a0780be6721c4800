#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "learner/import_private.h"

#include "base/banned.h"

/* --- Sources --------------------------------------------------------------------------------------- */

static bool has_too_many_open(const struct import_batch *batch) {
  size_t open = 0;
  for (const struct import_source *source = batch->sources; source != NULL; source = source->next)
    if (source->rejects.file != NULL) open++;
  return open >= IMPORT_BATCH_REJECTS;
}

struct import_source *import_batch_source(struct import_batch *batch, const struct import_file *file,
                                          struct error *error) {
  const struct import_options *options = batch->job->options;
  if (has_too_many_open(batch) && !import_batch_flush(batch, error)) return NULL;
  struct import_source *source = calloc(1, sizeof *source);
  if (source == NULL) {
    error_set_memory(error);
    return NULL;
  }
  *source = (struct import_source){.next = batch->sources, .file = file, .is_streaks = file->user == NULL};
  source->rejects =
      (struct import_rejects){.directory = options->dry_run ? NULL : options->rejects, .name = file->name};
  batch->sources = source;
  return source;
}

static void free_source(struct import_source *source) {
  import_rejects_drop(&source->rejects);
  import_seen_free(&source->seen);
  free(source);
}

/* Those that were read to their end, and of which nothing is in hand any more. */
static bool end_sources(struct import_batch *batch, struct error *error) {
  struct import_source **link = &batch->sources;
  while (*link != NULL) {
    struct import_source *source = *link;
    if (!source->is_read) {
      link = &source->next;
      continue;
    }
    if (!import_rejects_end(&source->rejects, error)) return false;
    *link = source->next;
    free_source(source);
  }
  return true;
}

/* --- The batch ------------------------------------------------------------------------------------- */

bool import_batch_open(struct import_batch *batch, struct import_job *job, struct error *error) {
  *batch = (struct import_batch){.job = job,
                                 .zones = zone_cache_new(),
                                 .arena = arena_new(IMPORT_ARENA_BYTES),
                                 .scratch = arena_new(IMPORT_ARENA_BYTES),
                                 .attempts = calloc(IMPORT_BATCH_ATTEMPTS, sizeof *batch->attempts),
                                 .parts = calloc(IMPORT_BATCH_LEARNERS, sizeof *batch->parts)};
  if (batch->zones != NULL && batch->arena != NULL && batch->scratch != NULL && batch->attempts != NULL &&
      batch->parts != NULL)
    return true;
  return error_set_memory(error);
}

void import_batch_close(struct import_batch *batch) {
  while (batch->sources != NULL) {
    struct import_source *source = batch->sources;
    batch->sources = source->next;
    free_source(source);
  }
  if (batch->zones != NULL) zone_cache_free(batch->zones);
  if (batch->arena != NULL) arena_free(batch->arena);
  if (batch->scratch != NULL) arena_free(batch->scratch);
  free(batch->attempts);
  free(batch->parts);
}

static bool is_full(const struct import_batch *batch) {
  return batch->attempt_count == IMPORT_BATCH_ATTEMPTS || batch->bytes >= IMPORT_BATCH_BYTES;
}

/* Another share of the learner, from another file, or another entry of the same: the next transaction. */
static bool has_learner(const struct import_batch *batch, uint64_t user_id) {
  for (size_t at = 0; at < batch->part_count; at++)
    if (batch->parts[at].user_id == user_id && user_id != 0) return true;
  return false;
}

static struct import_part *start_part(struct import_batch *batch, struct import_source *source,
                                      uint64_t user_id) {
  struct import_part *part = &batch->parts[batch->part_count++];
  *part = (struct import_part){
      .source = source, .user_id = user_id, .attempts = &batch->attempts[batch->attempt_count]};
  part->entry = (struct ledger_entry){
      .user_id = user_id, .actor = batch->job->options->actor, .input = part, .arena = batch->arena};
  return part;
}

/* The last part, where it is this learner's from this file. */
static struct import_part *current_part(struct import_batch *batch, const struct import_source *source) {
  struct import_part *last = batch->part_count == 0 ? NULL : &batch->parts[batch->part_count - 1];
  return last != NULL && last->source == source ? last : NULL;
}

bool import_batch_make_room(struct import_batch *batch, const struct import_source *source, uint64_t user_id,
                            struct error *error) {
  bool begins = current_part(batch, source) == NULL;
  bool fits = !is_full(batch) &&
              (!begins || (batch->part_count < IMPORT_BATCH_LEARNERS && !has_learner(batch, user_id)));
  return fits || import_batch_flush(batch, error);
}

void import_batch_attempt(struct import_batch *batch, struct import_source *source, uint64_t user_id,
                          const struct import_attempt *attempt) {
  struct import_part *part = current_part(batch, source);
  if (part == NULL) part = start_part(batch, source, user_id);
  batch->attempts[batch->attempt_count++] = *attempt;
  part->attempt_count++;
  batch->bytes += attempt->bytes;
}

bool import_batch_streak(struct import_batch *batch, struct import_source *source, uint64_t user_id,
                         const struct import_item *item, const struct import_streak *streak,
                         const char *user) {
  if (batch->part_count == IMPORT_BATCH_LEARNERS || has_learner(batch, user_id)) return false;
  struct import_part *part = start_part(batch, source, user_id);
  part->has_streak = true;
  part->streak = *streak;
  part->user = user;
  part->item = *item;
  batch->bytes += item->bytes + streak->day_count * sizeof *streak->days;
  return true;
}

/* --- What became of it ----------------------------------------------------------------------------- */

static struct import_counts *counts_of(struct import_batch *batch, const struct import_source *source) {
  struct import_report *report = &batch->job->report;
  return source->is_streaks ? &report->streaks : &report->attempts;
}

bool import_batch_reject(struct import_batch *batch, struct import_source *source, const char *user,
                         const struct import_item *item, const char *reason, struct error *error) {
  struct import_counts *counts = counts_of(batch, source);
  struct import_reject reject = {.index = item->index,
                                 .line = item->line,
                                 .user = source->is_streaks ? user : NULL,
                                 .reason = reason,
                                 .text = item->text,
                                 .bytes = item->bytes};
  pthread_mutex_lock(&batch->job->lock);
  counts->read++;
  counts->rejected++;
  pthread_mutex_unlock(&batch->job->lock);
  import_job_complain(batch->job, source, item, reason);
  return import_rejects_add(&source->rejects, &reject, error);
}

/* Nothing of it was taken. */
static bool reject_part(struct import_batch *batch, struct import_part *part, struct error *error) {
  const char *reason = part->entry.error.message;
  if (part->has_streak)
    return import_batch_reject(batch, part->source, part->user, &part->item, reason, error);
  for (size_t at = 0; at < part->attempt_count; at++) {
    const struct import_attempt *attempt = &part->attempts[at];
    struct import_item item = {
        .text = attempt->text, .bytes = attempt->bytes, .index = attempt->index, .line = attempt->line};
    if (!import_batch_reject(batch, part->source, NULL, &item, reason, error)) return false;
  }
  return true;
}

static bool settle(struct import_batch *batch, struct import_part *part, struct error *error) {
  struct import_counts *counts = counts_of(batch, part->source);
  if (part->entry.state == LEDGER_FAILED) return reject_part(batch, part, error);
  uint64_t read = part->has_streak ? 1 : part->attempt_count;
  uint64_t imported = part->has_streak ? part->unknown > 0 : part->new_attempts;
  pthread_mutex_lock(&batch->job->lock);
  counts->read += read;
  counts->imported += imported;
  counts->known += read - imported;
  pthread_mutex_unlock(&batch->job->lock);
  return true;
}

/* --- The transaction ------------------------------------------------------------------------------- */

static bool look_only(struct import_batch *batch, struct error *error) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(batch->job->ledger)};
  struct import_part **parts = arena_alloc_array(batch->scratch, batch->part_count, sizeof *parts);
  if (parts == NULL) return error_set_memory(error);
  for (size_t at = 0; at < batch->part_count; at++) {
    parts[at] = &batch->parts[at];
    parts[at]->entry.learner.user_id = parts[at]->user_id;
  }
  if (!pool_acquire(lease.pool, INT64_MAX, error, &lease.db)) return false;
  return import_judge(lease.db, batch->job, parts, batch->part_count, batch->scratch, error);
}

static bool run_parts(struct import_batch *batch, size_t from, size_t count, struct error *error) {
  struct ledger_entry *entries[IMPORT_BATCH_LEARNERS];
  for (size_t at = 0; at < count; at++)
    entries[at] = &batch->parts[from + at].entry;
  arena_reset(batch->scratch);
  return ledger_run(batch->job->ledger, &import_kind, entries, count, batch, batch->scratch, error);
}

/* What one learner cannot take is that learner's trouble. */
static bool is_of_one(const struct error *error) {
  return error->code == ERROR_UNPROCESSABLE || error->code == ERROR_UNAUTHENTICATED ||
         error->code == ERROR_CONFLICT;
}

/* Two of the learners may have become one, or one of them cannot be written: then each for itself. */
static bool run_all(struct import_batch *batch, struct error *error) {
  if (run_parts(batch, 0, batch->part_count, error)) return true;
  if (!is_of_one(error)) return false;
  for (size_t at = 0; at < batch->part_count; at++) {
    struct import_part *part = &batch->parts[at];
    error_clear(error);
    if (run_parts(batch, at, 1, error)) continue;
    if (!is_of_one(error)) return false;
    part->entry.error = *error;
    part->entry.state = LEDGER_FAILED;
  }
  error_clear(error);
  return true;
}

/* What was committed without an answer is known again by its operation's id. */
static bool bring_about(struct import_batch *batch, struct error *error) {
  int64_t until_ms = clock_monotonic_ms() + IMPORT_PATIENCE_MS;
  do {
    error_clear(error);
    arena_reset(batch->scratch);
    if (batch->job->options->dry_run ? look_only(batch, error) : run_all(batch, error)) return true;
  } while (import_job_is_patient(error, until_ms));
  return false;
}

bool import_batch_flush(struct import_batch *batch, struct error *error) {
  if (batch->part_count > 0 && !bring_about(batch, error)) return false;
  for (size_t at = 0; at < batch->part_count; at++)
    if (!settle(batch, &batch->parts[at], error)) return false;
  batch->part_count = 0;
  batch->attempt_count = 0;
  batch->bytes = 0;
  arena_reset(batch->arena);
  return end_sources(batch, error);
}
