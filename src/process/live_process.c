#include "process/live_process.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "live/live_server.h"
#include "process/exit_code.h"
#include "process/master_internal.h"
#include "process/pid_file.h"

#include "base/banned.h"

#define LIVE_TICK_MS 1000 /* the longest between two looks at the service manager */

/* The thread that hears signals, while the main thread serves. */
struct live_process {
  struct master_setup *setup;
  struct service service;
  struct live_server *server;
  int pid_file;
  sigset_t heard;
  pthread_t listener;
  atomic_bool has_ended; /* the server, by itself */
};

/* Every thread inherits the mask: signals come to the one that asks for them. */
static void process_block_signals(struct live_process *process) {
  static const int heard[] = {SIGTERM, SIGINT, SIGQUIT, SIGUSR1};
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&process->heard);
  for (size_t at = 0; at < ARRAY_LENGTH(heard); at++)
    sigaddset(&process->heard, heard[at]);
}

static void process_reopen_log(const struct live_process *process) {
  const char *file = process->setup->config.log.file;
  if (file != NULL && !log_open_file(file))
    log_write(LOG_LEVEL_ERROR, "log_reopen", "%s: %s", file, strerror(errno));
}

static void *process_hear(void *context) {
  struct live_process *process = context;
  while (!atomic_load(&process->has_ended)) {
    int64_t wait_ms = service_tend(&process->service, clock_monotonic_ms());
    if (wait_ms < 0 || wait_ms > LIVE_TICK_MS) wait_ms = LIVE_TICK_MS;
    struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
    int number = sigtimedwait(&process->heard, NULL, &wait);
    if (number == SIGUSR1) process_reopen_log(process);
    if (number < 0 || number == SIGUSR1) continue;
    log_write(LOG_LEVEL_INFO, "stop", "telling every client to come again");
    service_stopping(&process->service);
    live_server_stop(process->server);
    return NULL;
  }
  return NULL;
}

static bool process_open(struct live_process *process, struct error *error) {
  const struct config *config = &process->setup->config;
  return pid_file_open(config->live.pid, error, &process->pid_file) &&
         live_server_open(config, error, &process->server);
}

static int process_serve(struct live_process *process) {
  log_write(LOG_LEVEL_INFO, "start", "listening at %s", process->setup->config.live.socket);
  service_ready(&process->service, "serving");
  if (pthread_create(&process->listener, NULL, process_hear, process) != 0) return EXIT_CODE_SYSTEM;
  bool was_stopped = live_server_run(process->server);
  atomic_store(&process->has_ended, true);
  pthread_join(process->listener, NULL);
  log_write(was_stopped ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "stopped", "%s",
            was_stopped ? "no client is left" : "it cannot serve any more");
  return was_stopped ? EXIT_CODE_OK : EXIT_CODE_SYSTEM;
}

static int process_run(struct live_process *process, const char *config_path) {
  struct master_options options = {.config_path = config_path};
  struct error error = ERROR_INIT;
  if (!master_setup_load(&options, &error, &process->setup)) {
    master_log_error(LOG_LEVEL_ERROR, "config", &error);
    return EXIT_CODE_CONFIG;
  }
  const struct log_config *log = &process->setup->config.log;
  log_setup("lockstep-live", (enum log_level)log->level);
  if (!log_open_file(log->file)) {
    log_write(LOG_LEVEL_ERROR, "log_open", "%s: %s", log->file, strerror(errno));
    return EXIT_CODE_CONFIG;
  }
  master_raise_files();
  if (process_open(process, &error)) return process_serve(process);
  master_log_error(LOG_LEVEL_ERROR, "start", &error);
  return master_exit_code(&error);
}

int live_process_run(const char *config_path) {
  struct live_process process = {.pid_file = -1};
  umask(027);
  master_protect_memory();
  service_open(&process.service);
  process_block_signals(&process);
  int code = process_run(&process, config_path);
  live_server_close(process.server);
  if (process.setup != NULL) pid_file_close(process.setup->config.live.pid, process.pid_file);
  service_close(&process.service);
  master_setup_free(process.setup);
  return code;
}

int live_process_check(const char *config_path) {
  struct master_options options = {.config_path = config_path};
  struct error error = ERROR_INIT;
  struct master_setup *setup = NULL;
  bool is_good = master_setup_load(&options, &error, &setup);
  if (!is_good) master_complain(config_path, &error);
  master_setup_free(setup);
  return is_good ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
}
