/* Enrollments in bulk: a list that an administrator brings, and the list that they may take away.
 *
 * A list is read twice. The first reading changes nothing and says what would happen; where that stays
 * within the limit, the second does it, in learner transactions of ROSTER_BATCH lines, through the one
 * function that enrols and the one that unenrols. Whatever is as the list says already is left alone, so the
 * same list again changes nothing, and one that was broken off is simply brought again. */
#ifndef LOCKSTEP_ENROLL_ROSTER_H
#define LOCKSTEP_ENROLL_ROSTER_H

#include <stdio.h>

#include "enroll/sheet.h"
#include "ledger/ledger.h"

#define ROSTER_BATCH 200
#define ROSTER_OPERATION_BYTES 72
#define ROSTER_PAIRS_MAX 4000000 /* of learner and course, in one list */

/* What becomes of the lines, and of the enrollments. */
struct roster_report {
  bool has_written; /* what follows was done; otherwise, it is what would be */
  uint64_t lines;
  uint64_t enrolled;       /* newly */
  uint64_t enrolled_again; /* who had been unenrolled */
  uint64_t mended;         /* stood in one table only, or with a pending request */
  uint64_t unenrolled;     /* by a line whose status is cancelled */
  uint64_t unenrolled_missing;
  uint64_t unchanged;
  uint64_t repeated; /* lines that say again what an earlier one said */
  uint64_t bad;
  uint64_t courses;  /* that the list names */
  uint64_t standing; /* enrollments in these before */
};

struct roster_order {
  FILE *file; /* read from its beginning, twice */
  bool is_dry_run;
  bool removes_missing; /* students of the list's courses whom it does not name are unenrolled */
  const char *actor;
  /* Where it is one operation of a client's: its id, at most ROSTER_OPERATION_BYTES long, and its content's
   * digest. The same again does again what it left undone, and nothing that was undone since. */
  const char *operation; /* NULL: none */
  struct db_hash request_hash;
  int64_t deadline_ms; /* for connections, monotonic */
  /* Enrollments that may be removed, by lines and by what is missing: so many, or so many percent of those
   * that stand in the list's courses. A list that would remove more changes nothing. */
  uint64_t max_removals;
  bool is_percent;
  /* A line that cannot be taken, while it is final: `column` is NULL where it is the whole line's. */
  bool (*on_bad)(void *context, const struct sheet_row *row, const char *column, const char *why,
                 struct error *error);
  void (*on_progress)(void *context, bool is_second); /* some lines on in a reading; may be NULL */
  void *context;
};

/* Columns: userId, username or subject (the first of them that a line fills counts), courseId, and status
 * (active or completed: is enrolled, also where it says nothing; cancelled: is not); others are ignored.
 * What is read takes a connection of the pool's, never while the ledger has one. ERROR_UNPROCESSABLE: the
 * list as a whole cannot be taken, or would remove too many; then *ret_report says what it would have done,
 * too. */
bool roster_import(struct ledger *ledger, struct pool *pool, const struct roster_order *order,
                   struct arena *arena, struct error *error, struct roster_report *ret_report) WARN_UNUSED;

struct roster_selection {
  uint64_t from_user; /* both included */
  uint64_t to_user;
  uint64_t course_id;   /* 0: every course */
  bool leaves_out_head; /* the line that names the columns */
};
/* How many learners behind `after` make a page of about ROSTER_PAGE_ROWS enrollments: up to *ret_to,
 * INT64_MAX where it is the last one. */
#define ROSTER_PAGE_ROWS 10000
bool roster_page(struct db *db, uint64_t after, struct arena *arena, struct error *error,
                 uint64_t *ret_to) WARN_UNUSED;
/* Lines that an import takes back, cancelled enrollments among them, in UTF-8 and safe to open in a
 * spreadsheet: `write` is given some at a time. Memory does not grow with their number. */
bool roster_export(struct db *db, const struct roster_selection *selection, struct arena *arena,
                   bool (*write)(void *context, const struct buffer *lines, struct error *error),
                   void *context, struct error *error) WARN_UNUSED;

#endif
