/* Deleting a learner, for good: what goes is kept nowhere, no image and no quarantine, so that nothing brings
 * it back but a backup.
 *
 * First the learner transaction: the row becomes a tombstone (subject as a digest, names, totals and document
 * gone, deleted_at set), and one last entry of the ledger says who deleted the learner, when, and how many
 * rows of each table there were. From then on nobody writes for the learner: their tokens are answered 401,
 * also those of a provider's subject, which is recognised by its digest. (To let the person begin anew, set
 * the tombstone's subject to NULL.) Learners who were merged into this one are deleted with it, for their
 * tokens lead here.
 *
 * Then the rows of every table go, in bounded batches. Deleting again what was deleted erases what is left.
 *
 * Of the payment provider's events what was received goes ("{}" is left, with the type, the times and the
 * outcome): of those that were the learner's, those that name the learner in their metadata, and those of the
 * customer whom profile or subscriptions know as the learner, also where nobody could say whose they are. Of
 * a payment it is remembered that its learner was erased, so that what comes later is not kept as received.
 * What cannot be found: an event that names neither (a customer by e-mail address alone), or a customer whom
 * no event had connected with the learner; and, later, one of a subscription that is told of by its customer
 * only. Those go with retention.webhook_events_days and webhook_waiting_days.
 *
 * All entries of the learner's ledger go but the last: operations' ids and hashes answer repeats, and a
 * repeat is answered 401 before they are looked at. What others did (actor "user_7" in their own entries, in
 * runs and jobs) stays: it is an id that leads nowhere now. */
#ifndef LOCKSTEP_ACCOUNT_DELETE_H
#define LOCKSTEP_ACCOUNT_DELETE_H

#include "job/job_step.h"
#include "ledger/ledger.h"
#include "schema/field.h"

#define DELETE_ROWS 2000      /* erased by one transaction */
#define DELETE_MERGED_MAX 256 /* learners who became one, all together */

struct delete_count {
  const char *table;
  uint64_t rows;
};

struct delete_report {
  uint64_t user_id;
  uint64_t learners;        /* with those who were merged into this one */
  struct field_list erased; /* struct delete_count: the tables that had any */
};
extern const struct schema delete_report_schema;

/* The tables whose rows of a learner are erased, sorted, NULL-terminated. */
extern const char *const delete_tables[];

/* ERROR_NOT_FOUND: no such learner. ERROR_CONFLICT: merged into another: that one is to be deleted. `guard`
 * may be NULL. `actor` goes to the ledger. */
bool delete_learner(struct ledger *ledger, uint64_t user_id, const char *actor,
                    const struct repair_guard *guard, struct arena *arena, struct error *error,
                    struct delete_report *ret_report) WARN_UNUSED;

/* Whether it may be: as above, without doing anything. */
bool delete_check(struct db *db, uint64_t user_id, struct arena *arena, struct error *error) WARN_UNUSED;

#endif
