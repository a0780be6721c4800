/* lockstep-sync: works on the jobs table. Everything it does stands in process/supervisor.h. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "process/exit_code.h"
#include "process/supervisor.h"
#include "process/title.h"
#include "programs/manual.h"

#include "base/banned.h"

#define DEFAULT_CONFIG LOCKSTEP_SYSCONFDIR "/lockstep.yaml"

#define HELP_COLUMNS 100

int main(int argc, char **argv) {
  static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                          {"check", no_argument, NULL, 't'},
                                          {"version", no_argument, NULL, 'V'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  struct supervisor_options supervisor = {.config_path = NULL};
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
      printf("lockstep-sync %s\n", LOCKSTEP_VERSION);
      return EXIT_CODE_OK;
    case 'h':
      manual_print_help(&sync_manual, stdout, HELP_COLUMNS);
      return EXIT_CODE_OK;
    default:
      fputs("Try lockstep-sync --help.\n", stderr);
      return EXIT_CODE_USAGE;
    }
  }
  if (optind < argc) {
    fprintf(stderr, "lockstep-sync: what is \"%s\"? Try lockstep-sync --help.\n", argv[optind]);
    return EXIT_CODE_USAGE;
  }
  log_setup("lockstep-sync", LOG_LEVEL_INFO);
  supervisor.config_path = config_path;
  if (check) return supervisor_check(&supervisor);
  char *own_path = strdup(config_path); /* the title takes the arguments' place */
  if (own_path == NULL) return EXIT_CODE_SYSTEM;
  supervisor.config_path = own_path;
  title_init(argc, argv);
  int code = supervisor_run(&supervisor);
  free(own_path);
  return code;
}
