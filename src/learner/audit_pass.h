/* Audits of all learners. An audit is a pass: the learners whose columns and document differ, each with its
 * place, the largest token difference first. It is the answer to the whole platform's audit until the next.
 *
 * Everything here may be run again after a crash: what was settled is found settled. */
#ifndef LOCKSTEP_LEARNER_AUDIT_PASS_H
#define LOCKSTEP_LEARNER_AUDIT_PASS_H

#include "job/job_step.h"
#include "learner/audit.h"

#define AUDIT_PASS_LEARNERS 2000 /* of one transaction */
#define AUDIT_PASS_PLACES 20000  /* given by one transaction */
/* Passes whose learners are kept: one may still be turning the pages of the last but one. */
#define AUDIT_PASSES_KEPT 2

/* Inserts the pass; the same again for the same job. */
bool audit_pass_open(struct pool *pool, uint64_t job_id, struct error *error,
                     uint64_t *ret_pass_id) WARN_UNUSED;
/* Looks at the learners from..to, in transactions of AUDIT_PASS_LEARNERS. */
bool audit_pass_range(struct pool *pool, uint64_t pass_id, uint64_t from_user, uint64_t to_user,
                      const struct repair_guard *guard, struct arena *arena, struct error *error) WARN_UNUSED;
/* Gives the places, closes the pass, and forgets the learners of older ones. */
bool audit_pass_close(struct pool *pool, uint64_t pass_id, const struct repair_guard *guard,
                      struct arena *arena, struct error *error) WARN_UNUSED;
/* It will not be finished. Nothing happens to one that has ended. */
bool audit_pass_abandon(struct pool *pool, uint64_t pass_id, struct error *error) WARN_UNUSED;

struct audit_summary {
  uint64_t pass_id;
  uint64_t learners; /* looked at */
  uint64_t differ;
  int64_t as_of_ms;
};
/* The last that is done, or a certain one. */
bool audit_pass_find(struct db *db, uint64_t pass_id, struct arena *arena, struct error *error,
                     struct audit_summary *ret_summary, bool *ret_found) WARN_UNUSED;
/* At most `limit` learners behind a place; ret_last_place: of the last of them, 0 where there is none. */
bool audit_pass_page(struct db *db, uint64_t pass_id, uint64_t after_place, size_t limit, struct arena *arena,
                     struct error *error, struct audit_entry **ret_entries, size_t *ret_count,
                     uint64_t *ret_last_place) WARN_UNUSED;

#endif
