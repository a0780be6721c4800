/* Deleting a course or a chapter. What learners have of it goes first, in learner transactions, so that each
 * learner's history says so and clients learn of it; then the row itself, with whatever is left. Broken off
 * anywhere, it goes on where it was. */
#ifndef LOCKSTEP_ENROLL_REMOVE_H
#define LOCKSTEP_ENROLL_REMOVE_H

#include "job/job_step.h"
#include "ledger/ledger.h"
#include "schema/field.h"

#define REMOVE_LEARNERS 100 /* of one transaction */
#define REMOVE_DONE 1       /* the guard's cursor from the transaction on in which the row itself went */

struct remove_count {
  const char *table;
  uint64_t rows;
};

struct remove_report {
  uint64_t id;
  uint64_t learners;        /* who had anything of it, and whose history says that it went */
  struct field_list erased; /* struct remove_count: learners' rows, of the tables that had any */
};
extern const struct schema remove_report_schema;

/* The course is archived first: nobody sees it any more. ERROR_NOT_FOUND. `guard` may be NULL. */
bool remove_course(struct ledger *ledger, uint64_t course_id, const char *actor,
                   const struct repair_guard *guard, struct arena *arena, struct error *error,
                   struct remove_report *ret_report) WARN_UNUSED;
/* Nobody's progress falls for it. ERROR_NOT_FOUND. */
bool remove_chapter(struct ledger *ledger, uint64_t chapter_id, const char *actor,
                    const struct repair_guard *guard, struct arena *arena, struct error *error,
                    struct remove_report *ret_report) WARN_UNUSED;

#endif
