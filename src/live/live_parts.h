/* What is told of one entry of the history: all of it as progress, and beside that what pages show for
 * itself, an achievement that was earned and a conflict that waits for the learner. Parts of one moment, so
 * that nobody sees the one without the other. */
#ifndef LOCKSTEP_LIVE_LIVE_PARTS_H
#define LOCKSTEP_LIVE_LIVE_PARTS_H

#include "base/arena.h"
#include "live/live_hub.h"
#include "queries/live.h"

/* In the arena; the progress comes first. */
bool live_parts_make(const struct live_changes_row *row, struct arena *arena, struct error *error,
                     struct live_part **ret_parts, size_t *ret_count) WARN_UNUSED;

#endif
