/* Clients of the live channel that mean harm: each a thread that does one kind of mischief again and again,
 * as often as nginx lets one address. */
#ifndef LOCKSTEP_TESTS_HOSTILE_H
#define LOCKSTEP_TESTS_HOSTILE_H

#include "load.h"

enum { HOSTILE_KINDS = 11 };
struct hostile_figures {
  long attempts[HOSTILE_KINDS];
  long surprises[HOSTILE_KINDS]; /* of what did not end as it should */
};
extern const char *const hostile_names[HOSTILE_KINDS];

struct hostiles;

/* One for each line of the file: id, space, token. The kinds take turns. */
struct hostiles *hostiles_start(int port, const char *path);
void hostiles_stop(struct hostiles *hostiles, struct hostile_figures *ret_figures);

#endif
