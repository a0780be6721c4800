/* What the mains of the programs that stay have in common: the same options, the same words, the same codes.
 */
#ifndef LOCKSTEP_PROGRAMS_DAEMON_H
#define LOCKSTEP_PROGRAMS_DAEMON_H

#include "programs/manual.h"

struct daemon {
  const struct manual *manual;
  int (*run)(const char *config_path);   /* returns when it was stopped, with an enum exit_code */
  int (*check)(const char *config_path); /* --check */
};

int daemon_main(const struct daemon *daemon, int argc, char **argv);

#endif
