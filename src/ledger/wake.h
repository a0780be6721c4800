/* A hint to lockstep-live on this host that learners have changed: a datagram with their ids. It may be lost;
 * whoever hears of nothing compares revisions and finds out a little later. */
#ifndef LOCKSTEP_LEDGER_WAKE_H
#define LOCKSTEP_LEDGER_WAKE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define WAKE_IDS_MAX 64 /* of one datagram: uint64_t each, in the host's byte order */

struct wake;

/* `path`: of the socket that is listened at; it need not be there yet. */
bool wake_new(const char *path, struct error *error, struct wake **ret_wake) WARN_UNUSED;
void wake_free(struct wake *wake);
/* Never waits, never fails: whatever cannot be sent is dropped. Thread-safe. NULL is allowed. */
void wake_send(struct wake *wake, const uint64_t *user_ids, size_t count);

#endif
