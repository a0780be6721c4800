/* What is new: by the digests that were imported before, and by the attempts that the learner has from
 * elsewhere, such as those that an export was made of. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "learner/import_private.h"
#include "queries/import.h"
#include "schema/encode.h"

#include "base/banned.h"

#define HEX_BYTES (2 * IMPORT_DIGEST_BYTES + 1)

static void append_hex(struct buffer *text, const unsigned char *digest) {
  static const char digits[] = "0123456789abcdef";
  char hex[HEX_BYTES];
  for (size_t at = 0; at < IMPORT_DIGEST_BYTES; at++) {
    hex[2 * at] = digits[digest[at] >> 4];
    hex[2 * at + 1] = digits[digest[at] & 15];
  }
  buffer_append(text, hex, HEX_BYTES - 1);
}

void import_append_key(struct buffer *text, uint64_t user_id, const struct import_key *key) {
  buffer_printf(text, "%c[%llu,\"", text->length == 0 ? '[' : ',', (unsigned long long)user_id);
  append_hex(text, key->digest);
  buffer_printf(text, "\",%u]", key->occurrence);
}

/* --- Digests --------------------------------------------------------------------------------------- */

struct import_key *import_key_at(struct import_part *part, size_t at) {
  if (at < part->attempt_count) return &part->attempts[at].key;
  at -= part->attempt_count;
  if (!part->has_streak) return NULL;
  if (at < part->streak.day_count) return &part->streak.days[at].key;
  bool is_longest = at == part->streak.day_count && part->streak.longest > 0;
  return is_longest ? &part->streak.longest_key : NULL;
}

/* The keys of learners who exist, numbered through. */
struct key_walk {
  struct import_part **parts;
  size_t part_count;
  size_t part;
  size_t at;
};

static struct import_key *walk_next(struct key_walk *walk, const struct import_part **ret_part) {
  for (; walk->part < walk->part_count; walk->part++, walk->at = 0) {
    struct import_part *part = walk->parts[walk->part];
    struct import_key *key = part->entry.learner.user_id == 0 ? NULL : import_key_at(part, walk->at);
    if (key == NULL) continue;
    walk->at++;
    *ret_part = part;
    return key;
  }
  return NULL;
}

static bool read_known(struct db *db, struct import_part **parts, size_t part_count, struct arena *arena,
                       struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(IMPORT_LIST_BYTES);
  struct key_walk walk = {.parts = parts, .part_count = part_count};
  const struct import_part *part;
  struct import_known_row *rows;
  size_t count = 0;
  size_t row_count;
  for (struct import_key *key; (key = walk_next(&walk, &part)) != NULL; count++) {
    import_append_key(&text, part->entry.learner.user_id, key);
    key->known = 0;
  }
  if (count == 0) return true;
  buffer_append_char(&text, ']');
  if (text.failed) return error_set_memory(error);
  struct import_known_params params = {.entries = text.data};
  if (!import_known(db, &params, arena, count, error, &rows, &row_count)) return false;
  struct import_key **keys = arena_alloc_array(arena, count, sizeof(struct import_key *));
  if (keys == NULL) return error_set_memory(error);
  walk = (struct key_walk){.parts = parts, .part_count = part_count};
  for (size_t at = 0; at < count; at++)
    keys[at] = walk_next(&walk, &part);
  for (size_t at = 0; at < row_count; at++)
    keys[rows[at].place - 1]->known = (uint32_t)rows[at].occurrences;
  return true;
}

/* --- Attempts that are there ----------------------------------------------------------------------- */

/* An attempt whose digest is new. */
struct candidate {
  uint64_t user_id;
  struct import_attempt *attempt;
};

static int compare_digests(const void *left, const void *right) {
  const struct candidate *a = left;
  const struct candidate *b = right;
  if (a->user_id != b->user_id) return a->user_id > b->user_id ? 1 : -1;
  return memcmp(a->attempt->key.digest, b->attempt->key.digest, IMPORT_DIGEST_BYTES);
}

static int compare_moments(const void *left, const void *right) {
  const struct candidate *a = left;
  const struct candidate *b = right;
  if (a->user_id != b->user_id) return a->user_id > b->user_id ? 1 : -1;
  int64_t a_ms = a->attempt->created_at_ms;
  int64_t b_ms = b->attempt->created_at_ms;
  return (a_ms > b_ms) - (a_ms < b_ms);
}

struct candidates {
  struct candidate *rows; /* by learner and moment, then by learner and digest */
  size_t count;
};

void import_append_moment(struct buffer *text, int64_t time_ms) {
  char moment[CLOCK_ISO_BYTES];
  clock_format_ms(time_ms, moment);
  buffer_append_text(text, ",\"");
  buffer_append(text, moment, 10);
  buffer_append_char(text, ' ');
  buffer_append(text, moment + 11, 12);
  buffer_append_char(text, '"');
}

/* How many candidates from here are the same learner's. */
static size_t same_learner(const struct candidate *rows, size_t count) {
  size_t same = 1;
  while (same < count && rows[same].user_id == rows[0].user_id)
    same++;
  return same;
}

/* Most learners have nothing of the time that is imported: one look for each of them tells. */
static bool keep_overlapping(struct db *db, struct candidates *candidates, struct arena *arena,
                             struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(IMPORT_LIST_BYTES);
  struct import_spans_row *found;
  size_t found_count;
  size_t kept = 0;
  size_t same;
  for (size_t at = 0; at < candidates->count; at += same) {
    const struct candidate *first = &candidates->rows[at];
    same = same_learner(first, candidates->count - at);
    buffer_printf(&text, "%c[%llu", at == 0 ? '[' : ',', (unsigned long long)first->user_id);
    import_append_moment(&text, first->attempt->created_at_ms);
    import_append_moment(&text, first[same - 1].attempt->created_at_ms);
    buffer_append_char(&text, ']');
  }
  buffer_append_char(&text, ']');
  if (text.failed) return error_set_memory(error);
  struct import_spans_params params = {.spans = text.data};
  if (!import_spans(db, &params, arena, candidates->count, error, &found, &found_count)) return false;
  for (size_t at = 0; at < candidates->count; at++)
    for (size_t row = 0; row < found_count; row++)
      if (found[row].user_id == candidates->rows[at].user_id) {
        candidates->rows[kept++] = candidates->rows[at];
        break;
      }
  candidates->count = kept;
  return true;
}

static bool count_existing(const struct import_existing_row *found, void *context, struct error *error) {
  const struct candidates *candidates = context;
  struct import_attempt attempt = {.existing = 0};
  struct candidate wanted = {.user_id = found->user_id, .attempt = &attempt};
  (void)error;
  import_entry_digest(found->exercise_id, found->is_correct, found->created_at, found->user_answer,
                      attempt.key.digest);
  struct candidate *hit =
      bsearch(&wanted, candidates->rows, candidates->count, sizeof wanted, compare_digests);
  if (hit == NULL) return true;
  while (hit > candidates->rows && compare_digests(hit - 1, &wanted) == 0)
    hit--;
  for (; hit < candidates->rows + candidates->count && compare_digests(hit, &wanted) == 0; hit++)
    hit->attempt->existing++;
  return true;
}

static bool read_existing(struct db *db, struct candidates *candidates, struct arena *arena,
                          struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(IMPORT_LIST_BYTES);
  const struct candidate *before = NULL;
  for (size_t at = 0; at < candidates->count; at++) {
    const struct candidate *row = &candidates->rows[at];
    if (before != NULL && compare_moments(before, row) == 0) continue;
    buffer_printf(&text, "%c[%llu", before == NULL ? '[' : ',', (unsigned long long)row->user_id);
    import_append_moment(&text, row->attempt->created_at_ms);
    buffer_append_char(&text, ']');
    before = row;
  }
  buffer_append_char(&text, ']');
  if (text.failed) return error_set_memory(error);
  qsort(candidates->rows, candidates->count, sizeof *candidates->rows, compare_digests);
  struct import_existing_params params = {.moments = text.data};
  return import_existing(db, &params, arena, count_existing, candidates, error);
}

static bool find_existing(struct db *db, struct import_part **parts, size_t part_count, struct arena *arena,
                          struct error *error) {
  struct candidates candidates = {.count = 0};
  size_t most = 0;
  for (size_t at = 0; at < part_count; at++)
    most += parts[at]->attempt_count;
  candidates.rows = arena_alloc_array(arena, most + 1, sizeof *candidates.rows);
  if (candidates.rows == NULL) return error_set_memory(error);
  for (size_t at = 0; at < part_count; at++)
    for (size_t row = 0; row < parts[at]->attempt_count; row++) {
      struct import_attempt *attempt = &parts[at]->attempts[row];
      attempt->existing = 0;
      if (parts[at]->entry.learner.user_id != 0 && attempt->key.occurrence > attempt->key.known)
        candidates.rows[candidates.count++] =
            (struct candidate){.user_id = parts[at]->entry.learner.user_id, .attempt = attempt};
    }
  if (candidates.count == 0) return true;
  qsort(candidates.rows, candidates.count, sizeof *candidates.rows, compare_moments);
  if (!keep_overlapping(db, &candidates, arena, error)) return false;
  return candidates.count == 0 || read_existing(db, &candidates, arena, error);
}

/* --- Verdicts -------------------------------------------------------------------------------------- */

static void decide(struct import_part *part) {
  part->new_attempts = 0;
  part->new_days = 0;
  part->unknown = 0;
  for (size_t at = 0; at < part->attempt_count; at++) {
    struct import_attempt *attempt = &part->attempts[at];
    attempt->is_new =
        attempt->key.occurrence > attempt->key.known && attempt->key.occurrence > attempt->existing;
    if (attempt->is_new) part->new_attempts++;
  }
  struct import_key *key;
  for (size_t at = 0; (key = import_key_at(part, at)) != NULL; at++)
    if (key->occurrence > key->known) part->unknown++;
}

static bool asks_exercises(const struct import_job *job, const struct import_attempt *attempt) {
  bool is_priced = job->options->tokens == IMPORT_TOKENS_DEFAULT && !attempt->has_tokens;
  return attempt->is_new && (attempt->module == NULL || is_priced);
}

/* Without an exercise's row: what the options say. */
static void credit(const struct import_job *job, struct import_attempt *attempt, const char *module,
                   int64_t tokens) {
  bool earns = attempt->is_correct && job->options->tokens == IMPORT_TOKENS_DEFAULT;
  attempt->credited = attempt->module == NULL ? module : attempt->module;
  attempt->earned = attempt->has_tokens ? attempt->tokens : earns ? tokens : 0;
}

static bool read_exercises(struct db *db, const struct import_job *job, struct import_part **parts,
                           size_t part_count, struct arena *arena, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(IMPORT_LIST_BYTES);
  struct import_attempt **asked = arena_alloc_array(arena, IMPORT_BATCH_ATTEMPTS, sizeof *asked);
  struct import_exercises_row *rows;
  size_t count = 0;
  size_t row_count;
  if (asked == NULL) return error_set_memory(error);
  for (size_t at = 0; at < part_count; at++)
    for (size_t row = 0; row < parts[at]->attempt_count; row++) {
      struct import_attempt *attempt = &parts[at]->attempts[row];
      credit(job, attempt, job->options->module, job->config->answers.default_tokens);
      if (!asks_exercises(job, attempt)) continue;
      buffer_append_char(&text, count == 0 ? '[' : ',');
      json_append_text(&text, attempt->exercise_id);
      asked[count++] = attempt;
    }
  if (count == 0) return true;
  buffer_append_char(&text, ']');
  if (text.failed) return error_set_memory(error);
  struct import_exercises_params params = {.exercise_ids = text.data};
  if (!import_exercises(db, &params, arena, count, error, &rows, &row_count)) return false;
  for (size_t at = 0; at < row_count; at++)
    credit(job, asked[rows[at].place - 1], rows[at].module, (int64_t)rows[at].tokens);
  return true;
}

bool import_judge(struct db *db, const struct import_job *job, struct import_part **parts, size_t part_count,
                  struct arena *arena, struct error *error) {
  if (!read_known(db, parts, part_count, arena, error) || !find_existing(db, parts, part_count, arena, error))
    return false;
  for (size_t at = 0; at < part_count; at++)
    decide(parts[at]);
  return read_exercises(db, job, parts, part_count, arena, error);
}
