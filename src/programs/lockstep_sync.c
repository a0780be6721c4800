/* lockstep-sync: works on the jobs table. Everything it does stands in process/supervisor.h. */
#include "process/supervisor.h"
#include "programs/daemon.h"

#include "base/banned.h"

static int run(const char *config_path) {
  return supervisor_run(&(struct supervisor_options){.config_path = config_path});
}

static int check(const char *config_path) {
  return supervisor_check(&(struct supervisor_options){.config_path = config_path});
}

int main(int argc, char **argv) {
  static const struct daemon daemon = {.manual = &sync_manual, .run = run, .check = check};
  return daemon_main(&daemon, argc, argv);
}
