/* What ps and top show: "lockstep-fcgi: worker 3 (generation 2)". */
#ifndef LOCKSTEP_PROCESS_TITLE_H
#define LOCKSTEP_PROCESS_TITLE_H

#include "base/attributes.h"

/* Once, first in main: moves the environment away from behind the arguments, for the title takes
 * their place. Without it, title_set changes only the short name. */
void title_init(int argc, char **argv);
void title_set(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
