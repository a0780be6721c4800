/* Counts how often each content came, within one file or one run: 64 bits of a digest stand for it. Two
 * contents that share them count together, which gives an entry a higher number than it needs and does no
 * harm. Memory: 10 bytes for each place, between one and a half and three places for each content. */
#ifndef LOCKSTEP_LEARNER_IMPORT_SEEN_H
#define LOCKSTEP_LEARNER_IMPORT_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

#define IMPORT_SEEN_MAX ((size_t)24 * 1024 * 1024) /* places: 240 MB */
#define IMPORT_SAME_MAX 65535                      /* entries of one content */

struct import_seen {
  uint64_t *marks; /* 0: free */
  uint16_t *counts;
  size_t places;
  size_t used;
};

void import_seen_free(struct import_seen *seen); /* also for CLEANUP() */
/* One more of this content; how many there are now. */
bool import_seen_add(struct import_seen *seen, const unsigned char *digest, struct error *error,
                     uint32_t *ret_count) WARN_UNUSED;

#endif
