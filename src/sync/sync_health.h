/* Whether the platform is in step, and whether what keeps it so is at work. */
#ifndef LOCKSTEP_SYNC_SYNC_HEALTH_H
#define LOCKSTEP_SYNC_SYNC_HEALTH_H

#include "rule/pass.h"

#define SYNC_HEALTH_CHECKS_MAX 8

/* Each is worse than the one before. */
enum sync_health_state { SYNC_HEALTHY, SYNC_DEGRADED, SYNC_FAILING };
extern const char *const sync_health_names[]; /* NULL-terminated */

struct sync_health_check {
  const char *name;
  int state;           /* enum sync_health_state */
  const char *summary; /* in the arena */
};

struct sync_health {
  enum sync_health_state state; /* of the worst check */
  struct sync_health_check checks[SYNC_HEALTH_CHECKS_MAX];
  size_t check_count;
  bool has_score;
  double score; /* of the last pass */
  int64_t as_of_ms;
};

/* `db` NULL: there is none to be had. `with_figures`: for administrators; others are told no more than which
 * part is how. Total: what cannot be asked is failing. A handful of reads by key, and the migrations' files.
 */
void sync_health_look(const struct repair_engine *engine, struct db *db, bool with_figures, int64_t now_ms,
                      struct arena *arena, struct sync_health *ret_health);

#endif
