/* Attempts and streaks of every learner as document 002's files: lockstepctl export-json. What import.h
 * reads, and nothing else of a learner. */
#ifndef LOCKSTEP_LEARNER_EXPORT_H
#define LOCKSTEP_LEARNER_EXPORT_H

#include "base/arena.h"
#include "db/db.h"

struct export_report {
  uint64_t learners;
  uint64_t attempts;
};

/* Called after each page of learners: the last id that is done. */
typedef void (*export_show)(void *context, uint64_t user_id);

/* Writes into the directory, which is made where it is missing and may hold no such files. Files are readable
 * by their owner alone; one takes its name when it is whole. Each learner is read at one moment. Memory does
 * not depend on how many learners or attempts there are. `arena` is emptied on the way. */
bool export_run(struct db *db, const char *directory, export_show show, void *context, struct arena *arena,
                struct error *error, struct export_report *ret_report) WARN_UNUSED;

#endif
