/* lockstep-live: pushes changes to browsers. Everything it does stands in live/live_server.h. */
#include "process/live_process.h"
#include "programs/daemon.h"

#include "base/banned.h"

int main(int argc, char **argv) {
  static const struct daemon daemon = {
      .manual = &live_manual, .run = live_process_run, .check = live_process_check};
  return daemon_main(&daemon, argc, argv);
}
