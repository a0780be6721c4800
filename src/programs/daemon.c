#include "programs/daemon.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "process/exit_code.h"
#include "process/title.h"

#include "base/banned.h"

#define DEFAULT_CONFIG LOCKSTEP_SYSCONFDIR "/lockstep.yaml"

#define HELP_COLUMNS 100

static int run(const struct daemon *daemon, const char *config_path, int argc, char **argv) {
  char *own_path = strdup(config_path); /* the title takes the arguments' place */
  if (own_path == NULL) return EXIT_CODE_SYSTEM;
  title_init(argc, argv);
  int code = daemon->run(own_path);
  free(own_path);
  return code;
}

int daemon_main(const struct daemon *daemon, int argc, char **argv) {
  static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                          {"check", no_argument, NULL, 't'},
                                          {"version", no_argument, NULL, 'V'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
  const char *name = daemon->manual->name;
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
      printf("%s %s\n", name, LOCKSTEP_VERSION);
      return EXIT_CODE_OK;
    case 'h':
      manual_print_help(daemon->manual, stdout, HELP_COLUMNS);
      return EXIT_CODE_OK;
    default:
      fprintf(stderr, "Try %s --help.\n", name);
      return EXIT_CODE_USAGE;
    }
  }
  if (optind < argc) {
    fprintf(stderr, "%s: what is \"%s\"? Try %s --help.\n", name, argv[optind], name);
    return EXIT_CODE_USAGE;
  }
  log_setup(name, LOG_LEVEL_INFO);
  return check ? daemon->check(config_path) : run(daemon, config_path, argc, argv);
}
