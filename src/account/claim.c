#include "account/claim.h"

#include <inttypes.h>

#include "account/claim_private.h"
#include "account/delete.h"
#include "queries/claim.h"

#include "base/banned.h"

#define CLAIM_TRIES 8     /* looks at two learners, who may be claimed by others meanwhile */
#define CLAIM_STEPS_MAX 8 /* of merged_into; claims leave one */

struct claim_reply {
  bool success;
  const char *message;
  uint64_t user_id;
  uint64_t anonymous_id;
  uint64_t revision;
};

static const struct field reply_fields[] = {
    FIELD_BOOL(struct claim_reply, "success", success, .flags = FIELD_REQUIRED, .summary = "True."),
    FIELD_TEXT(struct claim_reply, "message", message, .flags = FIELD_REQUIRED,
               .summary = "What was done, in a sentence."),
    FIELD_UINT(struct claim_reply, "userId", user_id, .flags = FIELD_REQUIRED,
               .summary = "The learner who has it all now."),
    FIELD_UINT(struct claim_reply, "anonymousUserId", anonymous_id, .flags = FIELD_REQUIRED,
               .summary = "The anonymous learner who became part of it."),
    FIELD_UINT(struct claim_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision; what a client knows from before is to be read anew."),
};
const struct schema claim_reply_schema =
    SCHEMA("ClaimReply", struct claim_reply, reply_fields, .summary = "An anonymous learner was claimed.");

/* What the work is told, and tells. */
struct claim_run {
  const struct claim_order *order;
  uint64_t into_id;
  bool is_repeat; /* they are one already: the stored reply is wanted */
  bool has_moved; /* one of the two was claimed by another meanwhile */
};

static void fill_reply(struct ledger_entry *entry, const struct claim_run *run, uint64_t revision) {
  struct claim_reply *reply = entry->reply;
  *reply = (struct claim_reply){.success = true,
                                .message = "What was done anonymously is yours now.",
                                .user_id = entry->learner.user_id,
                                .anonymous_id = run->order->anonymous_id,
                                .revision = revision};
}

/* --- Under the locks ------------------------------------------------------------------------------- */

static bool move_totals(struct claim *claim, const struct claim_shared *shared, struct error *error) {
  struct ledger_learner *into = &claim->into->learner;
  struct ledger_learner *from = &claim->from->learner;
  bool has_any = from->document != NULL || from->tokens != 0 || from->questions_answered != 0;
  into->tokens += from->tokens - shared->totals.tokens;
  into->questions_answered += from->questions_answered - shared->totals.questions;
  into->correct_answers += from->correct_answers - shared->totals.correct;
  struct document_totals totals = {
      .tokens = into->tokens, .questions = into->questions_answered, .correct = into->correct_answers};
  if (has_any && !document_merge(into->document, from->document, shared->modules, shared->module_count,
                                 &totals, ledger_now_ms(claim->tx), claim->arena, error, &into->document))
    return false;
  from->tokens = 0;
  from->questions_answered = 0;
  from->correct_answers = 0;
  from->document = NULL;
  from->totals_moved = true;
  return true;
}

static bool redirect(struct claim *claim, struct error *error) {
  struct claim_person_params person = {.from_user = claim->from_id, .into_user = claim->into_id};
  struct claim_bury_params bury = {.from_user = claim->from_id, .into_user = claim->into_id};
  struct claim_redirect_params redirect = {.from_user = claim->from_id, .into_user = claim->into_id};
  struct db_outcome outcome;
  return claim_person(claim->db, &person, error, &outcome) && claim_bury(claim->db, &bury, error, &outcome) &&
         claim_redirect(claim->db, &redirect, error, &outcome);
}

static bool report(struct claim *claim, struct ledger_entry *entry, const char *what, uint64_t other,
                   struct error *error) {
  struct ledger_change change = {.what = what, .key = arena_printf(claim->arena, "user_%" PRIu64, other)};
  if (change.key == NULL) return error_set_memory(error);
  return ledger_report(claim->tx, entry, &change, error);
}

static bool merge(struct claim *claim, struct error *error) {
  struct claim_shared shared;
  uint64_t shift;
  return report(claim, claim->into, "claimed", claim->from_id, error) &&
         report(claim, claim->from, "merged", claim->into_id, error) &&
         claim_take_back(claim, error, &shared) && move_totals(claim, &shared, error) &&
         ledger_merge(claim->tx, claim->from, claim->into, error, &shift) &&
         claim_move_rows(claim, shift, error) && claim_merge_profiles(claim, &shared, error) &&
         redirect(claim, error);
}

/* Whoever deletes the learner must be able to take all of them along. */
static bool may_have_more(struct claim *claim, struct error *error, bool *ret_may) {
  struct claim_count_merged_params params = {.from_user = claim->from_id, .into_user = claim->into_id};
  struct claim_count_merged_row row = {.learners = 0};
  bool found;
  if (!claim_count_merged(claim->db, &params, claim->arena, error, &row, &found)) return false;
  *ret_may = row.learners + 2 <= DELETE_MERGED_MAX;
  return true;
}

static bool refuse(struct ledger_entry *entry, const char *message) {
  error_set(&entry->error, ERROR_UNPROCESSABLE, "%s", message);
  ledger_fail(entry);
  return true;
}

static bool claim_pair(struct claim *claim, const struct claim_run *run, struct error *error) {
  bool may;
  if (!claim->from->learner.is_anonymous)
    return refuse(claim->into, "Only an anonymous learner can be claimed.");
  if (!may_have_more(claim, error, &may)) return false;
  if (!may) return refuse(claim->into, "This learner has claimed as many others as it may.");
  if (!merge(claim, error)) return false;
  fill_reply(claim->into, run, claim->into->learner.revision);
  return true;
}

static bool claim_work(struct ledger_tx *tx, struct error *error) {
  struct claim_run *run = ledger_context(tx);
  struct claim claim = {
      .order = run->order, .tx = tx, .db = ledger_db(tx), .arena = ledger_arena(tx), .from = NULL};
  run->has_moved = false;
  for (size_t at = 0; at < ledger_count(tx); at++) {
    struct ledger_entry *entry = ledger_at(tx, at);
    *(entry->reply_schema != NULL ? &claim.into : &claim.from) = entry;
  }
  if (run->is_repeat) {
    if (claim.into != NULL) fill_reply(claim.into, run, claim.into->learner.revision - 1);
    return true;
  }
  if (claim.into == NULL || claim.from == NULL) return true; /* one of them is gone: its entry says so */
  claim.into_id = claim.into->learner.user_id;
  claim.from_id = claim.from->learner.user_id;
  run->has_moved = claim.into_id != run->into_id || claim.from_id != run->order->anonymous_id;
  return run->has_moved || claim_pair(&claim, run, error);
}

static const struct ledger_kind claim_kind = {.name = "claim", .work = claim_work};

/* --- Around them ----------------------------------------------------------------------------------- */

/* A learner as found before anything is locked, after merged_into was followed. */
struct claim_learner {
  uint64_t user_id;
  bool is_gone;
};

static bool find(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                 struct claim_learner *ret_learner) {
  struct claim_find_row row = {.merged_into = user_id};
  bool found = true;
  for (int step = 0; step <= CLAIM_STEPS_MAX && found && !row.merged_into_is_null; step++) {
    struct claim_find_params params = {.user_id = row.merged_into};
    user_id = row.merged_into;
    if (!claim_find(db, &params, arena, error, &row, &found)) return false;
  }
  *ret_learner = (struct claim_learner){.user_id = user_id, .is_gone = !found || row.is_deleted};
  return true;
}

static bool find_both(struct ledger *ledger, const struct claim_order *order, struct arena *arena,
                      struct error *error, struct claim_learner *ret_into, struct claim_learner *ret_from) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = ledger_pool(ledger)};
  return pool_acquire(ledger_pool(ledger), INT64_MAX, error, &lease.db) &&
         find(lease.db, order->user_id, arena, error, ret_into) &&
         find(lease.db, order->anonymous_id, arena, error, ret_from);
}

/* False with ERROR_CONFLICT or with run->has_moved: what was found has changed, look again. */
static bool run_once(struct ledger *ledger, struct claim_run *run, struct arena *arena, struct error *error,
                     const char **ret_reply) {
  struct claim_reply reply;
  struct ledger_entry into = {.user_id = run->into_id,
                              .actor = run->order->actor,
                              .reply_schema = &claim_reply_schema,
                              .reply = &reply,
                              .arena = arena};
  struct ledger_entry from = {
      .user_id = run->order->anonymous_id, .actor = run->order->actor, .arena = arena};
  struct ledger_entry *entries[] = {&into, &from};
  into.op_id = arena_printf(arena, "claim:%" PRIu64, run->order->anonymous_id);
  if (into.op_id == NULL) return error_set_memory(error);
  if (!ledger_run(ledger, &claim_kind, entries, run->is_repeat ? 1 : 2, run, arena, error)) return false;
  if (run->has_moved) return error_set(error, ERROR_CONFLICT, "The learner was claimed at this moment.");
  if (into.state == LEDGER_FAILED) {
    *error = into.error;
    return false;
  }
  if (from.state == LEDGER_FAILED)
    return error_set(error, ERROR_NOT_FOUND, "The anonymous learner no longer exists.");
  *ret_reply = into.reply_text;
  return true;
}

bool claim_learner(struct ledger *ledger, const struct claim_order *order, struct arena *arena,
                   struct error *error, const char **ret_reply) {
  for (int tries = 1;; tries++) {
    struct claim_learner into;
    struct claim_learner from;
    struct claim_run run = {.order = order};
    if (!find_both(ledger, order, arena, error, &into, &from)) return false;
    if (order->anonymous_id == order->user_id)
      return error_set(error, ERROR_UNPROCESSABLE, "This is the learner who is signed in already.");
    if (into.is_gone) return error_set(error, ERROR_UNAUTHENTICATED, "This account no longer exists.");
    if (from.is_gone) return error_set(error, ERROR_NOT_FOUND, "The anonymous learner no longer exists.");
    run.into_id = into.user_id;
    run.is_repeat = from.user_id == into.user_id;
    if (!run.is_repeat && from.user_id != order->anonymous_id)
      return error_set(error, ERROR_CONFLICT, "This anonymous learner was claimed by another learner.");
    if (run_once(ledger, &run, arena, error, ret_reply)) return true;
    if (error->code != ERROR_CONFLICT || tries == CLAIM_TRIES) return false;
    error_clear(error);
  }
}
