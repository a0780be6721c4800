/* Shared by the files of the passes only. */
#ifndef LOCKSTEP_RULE_PASS_PRIVATE_H
#define LOCKSTEP_RULE_PASS_PRIVATE_H

#include "base/buffer.h"
#include "rule/pass.h"
#include "rule/rule_private.h"

/* A set of 64-bit hashes. Up to PASS_SEEN_MAX of them are told apart; what comes then counts as new. */
#define PASS_SEEN_MAX ((size_t)4 * 1024 * 1024)
struct pass_seen {
  uint64_t *slots; /* 0: free */
  size_t capacity; /* a power of two */
  size_t count;
};
void pass_seen_free(struct pass_seen *seen); /* also for CLEANUP() */
void pass_seen_clear(struct pass_seen *seen);
/* Whether it was not there. */
bool pass_seen_add(struct pass_seen *seen, uint64_t hash);
/* FNV-1a, over the text and its NUL; begins with PASS_HASH_BEGIN. */
#define PASS_HASH_BEGIN UINT64_C(14695981039346656037)
uint64_t pass_hash_text(uint64_t hash, const char *text);

/* What one rule found among some learners. */
struct pass_count {
  bool asked;
  uint64_t breaches;
  uint64_t paused;
  uint64_t learners;
  uint64_t cost_us;
  struct buffer sample; /* JSON list; empty where nothing was found */
  size_t sample_rows;
};

/* A learner, and how many rules they break. */
struct pass_broken {
  uint64_t user_id;
  size_t rules;
};

/* What all of them found. */
struct pass_found {
  uint64_t last_user;         /* to which learner the range reaches */
  struct pass_broken *broken; /* learners_in_breach of them, ascending */
  uint64_t learners;
  uint64_t learners_in_breach;
  struct pass_count *rules; /* by place in the set */
  size_t rule_count;
};
void pass_found_free(struct pass_found *found); /* also for CLEANUP() */

/* Which rules to ask, and about whom. */
struct pass_scope {
  const struct rule_set *set;
  const struct rule *only; /* NULL: every one of the set that passes ask */
  uint64_t from_user;      /* both ends included */
  uint64_t to_user;
  uint64_t learners_max; /* of them, the first so many; at most PASS_RANGE_LEARNERS */
};

/* Asks them in one snapshot. `ret_culprit`: the rule that was asked when it failed, where it was one. The
 * caller frees what was found, also after a failure. */
bool pass_find(const struct pass_scope *scope, struct db *db, struct arena *arena, struct error *error,
               struct pass_found *ret_found, const struct rule **ret_culprit) WARN_UNUSED;
/* The same, leaving aside what rules of the site fail. */
bool pass_find_without_culprits(const struct pass_scope *scope, struct db *db, struct arena *arena,
                                struct error *error, struct pass_found *ret_found) WARN_UNUSED;

double pass_score_of(size_t broken, size_t asked);
/* Keeps the score of each learner from..found->last_user in user_progress_summary, where it is not what is
 * found; within the caller's transaction. */
bool pass_score_write(struct db *db, uint64_t from_user, const struct pass_found *found,
                      struct error *error) WARN_UNUSED;

/* One transaction on a pooled connection; run again when a conflict undid it. A commit whose outcome nobody
 * knows is ERROR_UNAVAILABLE. */
bool pass_write(struct pool *pool, bool (*work)(struct db *db, void *context, struct error *error),
                void *context, struct error *error) WARN_UNUSED;

bool pass_sample_encode(struct buffer *sample, const struct rule_breach *breach, struct error *error);
bool pass_sample_decode(const char *text, struct arena *arena, struct error *error,
                        struct pass_rule *ret_rule) WARN_UNUSED;

#endif
