/* The entries of a JSON file, one after the other, in constant memory whatever the file's size. The file is
 * cut into the texts of its entries and no more: whoever takes one reads it by its field table, strictly. So
 * one broken entry spoils itself and not the file; where quotes or braces are missing the cutting begins
 * anew at the next line or the next entry. */
#ifndef LOCKSTEP_LEARNER_IMPORT_SCAN_H
#define LOCKSTEP_LEARNER_IMPORT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define IMPORT_ITEM_BYTES ((size_t)1024 * 1024) /* of one entry: what is longer is passed over */
#define IMPORT_KEY_BYTES ((size_t)2048)         /* of one name */

struct import_scan;

struct import_item {
  const char *key; /* the member's name as it stands between its quotes; NULL: an item of a list */
  size_t key_bytes;
  const char *text; /* until the next call; not checked, perhaps no JSON at all */
  size_t bytes;
  uint64_t index;     /* from 0 */
  uint64_t line;      /* on which it begins, from 1 */
  const char *defect; /* what the cutting already saw: too long, not whole; NULL otherwise */
};

/* Reads from `fd`, which stays the caller's. `member`: the file is a list, or an object in which this member
 * is the list; NULL: it is a list, or an object whose members are the entries. NULL: no memory. */
struct import_scan *import_scan_new(int fd, const char *member) WARN_UNUSED;
void import_scan_free(struct import_scan *scan);
/* False: there is no further entry, see import_scan_problem. */
bool import_scan_next(struct import_scan *scan, struct import_item *ret_item);
/* At the end: what is wrong with the file as a whole, NULL when nothing is. */
const char *import_scan_problem(const struct import_scan *scan);
/* Bytes read so far. */
uint64_t import_scan_offset(const struct import_scan *scan);

#endif
