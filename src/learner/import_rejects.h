/* Entries that could not be taken, kept aside: a directory with a file of the same name for each file that
 * had any, a list of {file, index, line, reason, entry}. It is itself something to import: an entry that was
 * mended where it stands is taken from there, and `reason` and the like are passed over. */
#ifndef LOCKSTEP_LEARNER_IMPORT_REJECTS_H
#define LOCKSTEP_LEARNER_IMPORT_REJECTS_H

#include <stdint.h>
#include <stdio.h>

#include "base/attributes.h"
#include "base/error.h"

#define IMPORT_REJECT_TEXT_BYTES ((size_t)64 * 1024) /* of an entry that is no JSON: the rest is cut off */

struct import_rejects {
  const char *directory; /* NULL: nothing is kept, this is a dry run */
  const char *name;      /* of the file that is read */
  FILE *file;            /* NULL: there are none yet */
};

struct import_reject {
  uint64_t index;
  uint64_t line;
  const char *user; /* whose entry it is where the file's name does not say; else NULL */
  const char *reason;
  const char *text;
  size_t bytes;
};

bool import_rejects_add(struct import_rejects *rejects, const struct import_reject *reject,
                        struct error *error) WARN_UNUSED;
/* The file takes its name, whole; what stood there from an earlier run is kept as name~. Without rejects
 * only the latter happens. */
bool import_rejects_end(struct import_rejects *rejects, struct error *error) WARN_UNUSED;
/* Leaves nothing behind. */
void import_rejects_drop(struct import_rejects *rejects);

#endif
