/* lockstep-fcgi: the service that nginx talks to. Everything it does stands in process/master.h. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "process/exit_code.h"
#include "process/master.h"
#include "process/title.h"

#include "base/banned.h"

#define DEFAULT_CONFIG LOCKSTEP_SYSCONFDIR "/lockstep.yaml"

static const char usage[] =
    "Usage: lockstep-fcgi [--config FILE] [--check]\n"
    "\n"
    "Keeps learners' progress, over FastCGI, behind nginx. Stays in the foreground; logs logfmt lines to\n"
    "standard error, or to log.file.\n"
    "\n"
    "  -c, --config FILE  the configuration (" DEFAULT_CONFIG ")\n"
    "  -t, --check        only check the configuration and what it names, then end\n"
    "  -V, --version      print the version, then end\n"
    "  -h, --help         print this, then end\n"
    "\n"
    "Signals to the master:\n"
    "  TERM, INT  stop; requests in hand are finished (workers.drain_timeout_ms). Twice: at once\n"
    "  QUIT       stop; what still comes on open connections is served as well\n"
    "  HUP        reload the configuration; a bad one changes nothing, and the log says why\n"
    "  USR1       reopen the log's file\n"
    "  TERM to a worker replaces that worker.\n"
    "\n"
    "Exit status: 0 stopped as asked, 64 wrong usage, 71 the system refused something, 75 another\n"
    "master serves there, 78 the configuration cannot be used.\n"
    "\n"
    "lockstepctl status shows what the workers are doing. Every key of the configuration:\n"
    "lockstep.yaml(5), or docs/configuration.md.\n";

int main(int argc, char **argv) {
  static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                          {"check", no_argument, NULL, 't'},
                                          {"version", no_argument, NULL, 'V'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  struct master_options master = {.tables = endpoint_tables, .build = LOCKSTEP_VERSION};
  const char *config_path = DEFAULT_CONFIG;
  bool check = false;
  int option;
  while ((option = getopt_long(argc, argv, "c:tVh", options, NULL)) != -1) {
    switch (option) {
    case 'c':
      config_path = optarg;
      break;
    case 't':
      check = true;
      break;
    case 'V':
      printf("lockstep-fcgi %s\n", LOCKSTEP_VERSION);
      return EXIT_CODE_OK;
    case 'h':
      fputs(usage, stdout);
      return EXIT_CODE_OK;
    default:
      fputs("Try lockstep-fcgi --help.\n", stderr);
      return EXIT_CODE_USAGE;
    }
  }
  if (optind < argc) {
    fprintf(stderr, "lockstep-fcgi: what is \"%s\"? Try lockstep-fcgi --help.\n", argv[optind]);
    return EXIT_CODE_USAGE;
  }
  log_setup("lockstep-fcgi", LOG_LEVEL_INFO);
  master.config_path = strdup(config_path); /* the title takes the arguments' place */
  if (master.config_path == NULL) return EXIT_CODE_SYSTEM;
  if (check) return master_check(&master);
  title_init(argc, argv);
  return master_run(&master);
}
