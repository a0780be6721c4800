/* lockstep-fcgi: the service that nginx talks to. Everything it does stands in process/master.h. */
#include "process/master.h"
#include "programs/daemon.h"

#include "base/banned.h"

static struct master_options options_of(const char *config_path) {
  return (struct master_options){
      .config_path = config_path, .tables = endpoint_tables, .build = LOCKSTEP_VERSION};
}

static int run(const char *config_path) {
  struct master_options options = options_of(config_path);
  return master_run(&options);
}

static int check(const char *config_path) {
  struct master_options options = options_of(config_path);
  return master_check(&options);
}

int main(int argc, char **argv) {
  static const struct daemon daemon = {.manual = &fcgi_manual, .run = run, .check = check};
  return daemon_main(&daemon, argc, argv);
}
