/* Who is enrolled in what. One function enrols, one unenrols, one completes a chapter: whoever asks
 * (an administrator, a payment, an approval, a public course) has no other way. What nobody asks for just
 * now, default courses and what was approved or paid around Lockstep, the rules settle (sql/rules), some of
 * them on every read of courses. They put in what stands in student_progress already, or 0; what chapters
 * prove beyond it is raised by the next repair, or by the next chapter.
 *
 * They run inside a learner transaction, under the learner's lock: call them from the `work` of a
 * ledger_kind, for one entry (ledger_at). What they find wrong with the order comes back as an outcome,
 * with nothing written, so that the caller words the refusal. False: the database failed, roll back.
 *
 * An enrollment stands in both tables, enrollments and student_progress, with one progress. Every
 * change is reported to the learner's history. */
#ifndef LOCKSTEP_ENROLL_ENROLL_H
#define LOCKSTEP_ENROLL_ENROLL_H

#include "ledger/ledger.h"

/* Who asks. The same order as enroll_source_names. (There is a source that nobody asks for, "default".) */
enum enroll_source { ENROLL_ADMIN, ENROLL_PAYMENT, ENROLL_REQUEST, ENROLL_PUBLIC };
extern const char *const enroll_source_names[]; /* "admin", …; NULL-terminated */

struct enroll_order {
  uint64_t course_id;
  enum enroll_source source;
  const char *because; /* for the history: "payment 17"; NULL: the source's name */
};

enum enroll_outcome {
  ENROLL_DONE,      /* newly enrolled, or enrolled again after a cancellation */
  ENROLL_STOOD,     /* was enrolled already; what was missing of it (the row in the other table, a higher
                       progress, a pending request to be deleted) was put right */
  ENROLL_NO_COURSE, /* there is no such course: nothing changed */
  ENROLL_NONE       /* enroll_cancel: never was enrolled; enroll_complete, enroll_mend: is not enrolled:
                       nothing changed */
};

/* An enrollment as it stands afterwards. */
struct enroll_state {
  uint64_t course_id;
  const char *title;  /* of the course */
  const char *status; /* "active", "completed" or "cancelled" */
  double progress;    /* 0 to 100, two decimals; the same in both tables */
  int64_t completed_chapters;
  int64_t chapters;
};

/* Enrols entry->learner. Of the course it asks only that it exists: whether it is open, public or paid
 * for is the caller's to judge. The learner's pending request for it is deleted. Who is enrolled by a
 * payment, and is enrolled by an administrator or an approval as well, has it from those: a refund does not
 * take it back. */
bool enroll_grant(struct ledger_tx *tx, struct ledger_entry *entry, const struct enroll_order *order,
                  struct error *error, enum enroll_outcome *ret_outcome,
                  struct enroll_state *ret_state) WARN_UNUSED;

/* Puts right what is missing of an enrollment that stands; enrols nobody. */
bool enroll_mend(struct ledger_tx *tx, struct ledger_entry *entry, uint64_t course_id, const char *because,
                 struct error *error, enum enroll_outcome *ret_outcome) WARN_UNUSED;

/* Unenrols: the enrollment stays as cancelled, the row in student_progress goes. ENROLL_STOOD: was
 * cancelled already. */
bool enroll_cancel(struct ledger_tx *tx, struct ledger_entry *entry, uint64_t course_id, const char *because,
                   struct error *error, enum enroll_outcome *ret_outcome,
                   struct enroll_state *ret_state) WARN_UNUSED;

/* Completes a chapter; progress never falls, and at 100 the enrollment is completed. ENROLL_NO_COURSE:
 * there is no such chapter. ENROLL_STOOD: was complete already. */
bool enroll_complete(struct ledger_tx *tx, struct ledger_entry *entry, uint64_t chapter_id,
                     struct error *error, enum enroll_outcome *ret_outcome,
                     struct enroll_state *ret_state) WARN_UNUSED;

#endif
