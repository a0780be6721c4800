/* The parts of an import of enrollments (roster.h). */
#ifndef LOCKSTEP_ENROLL_ROSTER_PRIVATE_H
#define LOCKSTEP_ENROLL_ROSTER_PRIVATE_H

#include "enroll/enroll.h"
#include "enroll/roster.h"

/* --- roster_pairs.c: which pairs a list has named already ----------------------------------------------- */

struct roster_pair {
  uint64_t user_id; /* 0: a free place */
  uint64_t course_id;
  bool is_removal;
};
struct roster_pairs {
  struct roster_pair *places;
  size_t capacity; /* a power of two */
  size_t count;
};
void roster_pairs_free(struct roster_pairs *pairs);
/* The pair's place, new (*ret_is_new) or as an earlier line left it. ERROR_UNPROCESSABLE past
 * ROSTER_PAIRS_MAX. */
bool roster_pairs_add(struct roster_pairs *pairs, const struct roster_pair *pair, struct error *error,
                      const struct roster_pair **ret_place, bool *ret_is_new) WARN_UNUSED;
bool roster_pairs_have(const struct roster_pairs *pairs, uint64_t user_id, uint64_t course_id);

/* --- roster_read.c: a line as a wish -------------------------------------------------------------------- */

enum roster_column { ROSTER_USER_ID, ROSTER_USERNAME, ROSTER_SUBJECT, ROSTER_COURSE_ID, ROSTER_STATUS };
#define ROSTER_COLUMN_COUNT 5
extern const char *const roster_column_names[];

struct roster_header {
  size_t places[ROSTER_COLUMN_COUNT]; /* SIZE_MAX: the list has no such column */
  size_t cell_count;
};
bool roster_read_header(const struct sheet_row *row, struct error *error,
                        struct roster_header *ret_header) WARN_UNUSED;

struct roster_wish {
  struct sheet_row row;      /* with its raw text, in the batch's memory */
  enum roster_column called; /* how the learner is called */
  uint64_t user_id;
  const char *name; /* username or subject */
  uint64_t course_id;
  bool is_removal;
  const char *why;    /* it cannot be taken; NULL: it can */
  const char *column; /* because of this one; NULL: of the whole line */
};
bool roster_read_wish(const struct roster_header *header, const struct sheet_row *row, struct arena *arena,
                      struct error *error, struct roster_wish *ret_wish) WARN_UNUSED;

/* --- roster_apply.c: one transaction ------------------------------------------------------------------- */

enum roster_act { ROSTER_ENROL, ROSTER_ENROL_AGAIN, ROSTER_MEND, ROSTER_UNENROL, ROSTER_UNENROL_MISSING };

struct roster_action {
  enum roster_act act;
  uint64_t user_id;
  uint64_t course_id;
  const struct roster_wish *wish; /* NULL: nobody's line */
  /* Afterwards: */
  enum enroll_outcome outcome;
  const char *why; /* it could not be done; NULL: done */
};
/* At most ROSTER_BATCH of them, sorted by learner on the way; `batch` is the number of this one in the list.
 * False: none was done. */
bool roster_apply(struct ledger *ledger, const struct roster_order *order, size_t batch,
                  struct roster_action *actions, size_t count, struct arena *arena,
                  struct error *error) WARN_UNUSED;

#endif
