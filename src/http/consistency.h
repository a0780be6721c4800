/* What the last passes found, for /metrics. A thread of its own asks the database, so that whoever reads the
 * figures never waits for a database that is away: they get what is known, with its age. */
#ifndef LOCKSTEP_HTTP_CONSISTENCY_H
#define LOCKSTEP_HTTP_CONSISTENCY_H

#include "base/buffer.h"
#include "rule/pass.h"

#define CONSISTENCY_WAIT_MS 200   /* for figures that are being read */
#define CONSISTENCY_FRESH_MS 5000 /* figures this young are not read again */

struct consistency;

/* Starts nothing yet. The engine is borrowed. */
bool consistency_new(const struct repair_engine *engine, struct error *error,
                     struct consistency **ret_consistency) WARN_UNUSED;
/* Waits for the thread, and with it for the database if it is being asked. NULL is allowed. */
void consistency_free(struct consistency *consistency);
/* Prometheus text; nothing as long as nothing is known. Thread-safe. */
void consistency_print(struct consistency *consistency, struct buffer *buffer);

#endif
