/* With what lockstep-fcgi ends; listed in its man page. The numbers are those of sysexits.h. */
#ifndef LOCKSTEP_PROCESS_EXIT_CODE_H
#define LOCKSTEP_PROCESS_EXIT_CODE_H

enum exit_code {
  EXIT_CODE_OK = 0,      /* stopped as it was asked to */
  EXIT_CODE_USAGE = 64,  /* the command line makes no sense */
  EXIT_CODE_SYSTEM = 71, /* the system refused something: memory, a file, a process */
  EXIT_CODE_IN_USE = 75, /* another master serves here; try again when it is gone */
  EXIT_CODE_CONFIG = 78  /* the configuration cannot be used */
};

#endif
