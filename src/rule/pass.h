/* Passes: what the rules find over learners, without changing anything. "validate" looks at everybody, range
 * by range, and is the answer to what everybody's state is until the next; "sample" looks at some learners in
 * the background. One learner is looked at at once (pass_look).
 *
 * Score of a learner: 1 - rules in breach / rules that apply, at least 0.01; of the platform: the share of
 * learners with none. Paused rows count as breaches, and are told apart. A learner's score is kept in
 * user_progress_summary by every pass that looks at them. */
#ifndef LOCKSTEP_RULE_PASS_H
#define LOCKSTEP_RULE_PASS_H

#include "rule/repair.h"

#define PASS_SAMPLE_ROWS 20      /* kept and shown, of one rule */
#define PASS_RANGE_LEARNERS 1000 /* beyond it the servers' temporary tables move to disk */
#define PASS_VALUE_BYTES 200     /* of a value in a sample; longer ones are cut, and end in "…" */
#define PASS_RESULTS_KEPT 50     /* passes of a kind */

enum pass_kind { PASS_VALIDATE, PASS_AUDIT, PASS_SAMPLE };
extern const char *const pass_kind_names[]; /* NULL-terminated; as in passes */

/* Inserts the pass; the same again for the same job. ERROR_CONFLICT: that pass has failed. */
bool pass_open(const struct repair_engine *engine, enum pass_kind kind, uint64_t job_id, struct arena *arena,
               struct error *error, uint64_t *ret_pass_id) WARN_UNUSED;
/* Adds what the rules find among the learners from..to, in steps of PASS_RANGE_LEARNERS: each reads in one
 * snapshot, and then writes in one transaction. A rule of the site that fails is left aside
 * (rule_set_problem). ERROR_CONFLICT: the pass has ended. ERROR_UNAVAILABLE: also when nobody knows whether a
 * commit took place; whoever has a guard knows where to go on. */
bool pass_range(const struct repair_engine *engine, uint64_t pass_id, uint64_t from_user, uint64_t to_user,
                const struct repair_guard *guard, struct arena *arena, struct error *error) WARN_UNUSED;
/* Score and time; passes beyond the newest PASS_RESULTS_KEPT of their kind lose their rule_results, not their
 * score. Nothing happens to one that has ended. */
bool pass_close(const struct repair_engine *engine, uint64_t pass_id, struct arena *arena,
                struct error *error) WARN_UNUSED;
bool pass_abandon(const struct repair_engine *engine, uint64_t pass_id, struct error *error) WARN_UNUSED;
/* A whole sample pass over about `learners` learners at random places. */
bool pass_sample(const struct repair_engine *engine, uint64_t job_id, size_t learners,
                 const struct repair_guard *guard, struct arena *arena, struct error *error,
                 uint64_t *ret_pass_id) WARN_UNUSED;

struct pass_rule {
  const char *rule;
  const char *summary; /* of the rule as it stands; NULL: there is none of that name any more */
  enum rule_severity severity;
  uint64_t breaches; /* rows of tables, as in repair_counts: one that is wrong in three columns is one */
  uint64_t paused;
  uint64_t learners;
  uint64_t cost_us;
  struct rule_breach *sample; /* at most PASS_SAMPLE_ROWS; their `rule` may be NULL */
  size_t sample_count;
};
struct pass_summary {
  uint64_t id;
  enum pass_kind kind;
  uint64_t learners;
  uint64_t learners_in_breach;
  double score; /* 0.01 to 1 */
  int64_t started_at_ms;
  int64_t as_of_ms; /* its end; 0: it runs still */
  struct pass_rule *rules;
  size_t rule_count;
};
/* The last that is done, whole. */
bool pass_read_last(const struct repair_engine *engine, struct db *db, enum pass_kind kind,
                    struct arena *arena, struct error *error, struct pass_summary *ret_pass,
                    bool *ret_found) WARN_UNUSED;
/* The scores, newest first, without rules. */
bool pass_list(struct db *db, enum pass_kind kind, uint64_t before_id, size_t limit, struct arena *arena,
               struct error *error, struct pass_summary **ret_passes, size_t *ret_count) WARN_UNUSED;
/* One learner, now: the same shape, id 0. ERROR_NOT_FOUND: no such learner. */
bool pass_look(const struct repair_engine *engine, struct db *db, uint64_t user_id, struct arena *arena,
               struct error *error, struct pass_summary *ret_pass) WARN_UNUSED;

/* Keeps the score of one learner as of now, after a repair of them; nothing for one who is not there. */
bool pass_score(const struct repair_engine *engine, uint64_t user_id, struct arena *arena,
                struct error *error) WARN_UNUSED;

/* One rule alone, of whatever authority: to try it out, or to time it. Read-only. A rule that fails is the
 * error. */
struct pass_extent {
  uint64_t from_user; /* both ends included */
  uint64_t to_user;
  uint64_t learners_max; /* looked at; not 0 */
};
bool pass_try(const struct rule_set *set, const struct rule *rule, struct db *db,
              const struct pass_extent *extent, struct arena *arena, struct error *error,
              struct pass_rule *ret_result, uint64_t *ret_learners) WARN_UNUSED;

#endif
