#include "process/master.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process/exit_code.h"
#include "process/master_internal.h"
#include "process/pid_file.h"
#include "process/title.h"

#include "base/banned.h"

#define MASTER_TICK_MS 200
#define MASTER_MOTION_TICK_MS 10
#define MASTER_FILES_WANTED ((rlim_t)65536)

/* --- What the process is --- */

/* Keys and the database's password are in our memory: it goes into no core file, and no process of the
 * same user may look into it. Sanitizers have to. */
void master_protect_memory(void) {
#ifndef __SANITIZE_ADDRESS__
  struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* A connection is a descriptor. Where this is not allowed, the limit set outside counts. */
void master_raise_files(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  rlim_t wanted = files.rlim_max < MASTER_FILES_WANTED ? files.rlim_max : MASTER_FILES_WANTED;
  if (files.rlim_cur >= wanted) return;
  files.rlim_cur = wanted;
  if (setrlimit(RLIMIT_NOFILE, &files) != 0)
    log_write(LOG_LEVEL_WARN, "start", "the limit of open files stays at %lld", (long long)files.rlim_cur);
}

static bool master_open_signals(struct master *master, struct error *error) {
  static const int heard[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGCHLD};
  sigset_t set;
  sigemptyset(&set);
  for (size_t at = 0; at < ARRAY_LENGTH(heard); at++)
    sigaddset(&set, heard[at]);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGUSR2, SIG_IGN);
  master->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (master->signals >= 0) return true;
  error_set(error, ERROR_INTERNAL, "Signals cannot be read.");
  return error_detail(error, "%s", strerror(errno));
}

/* Counters and rate limits that outlive every worker; a scoreboard that others can read. */
static bool master_open_memory(struct master *master, struct error *error) {
  const struct config *config = &master->setup->config;
  master->shared_bytes = http_shared_bytes(SCOREBOARD_SLOTS);
  void *memory = mmap(NULL, master->shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    error_set(error, ERROR_INTERNAL, "There is no memory for the workers to share.");
    return error_detail(error, "%s", strerror(errno));
  }
  master->shared = http_shared_init(memory, SCOREBOARD_SLOTS);
  if (!scoreboard_create(config->paths.scoreboard, error, &master->board)) return false;
  struct scoreboard_head *head = master->board.head;
  head->pid = (int32_t)getpid();
  scoreboard_set_text(&head->listen, master->listener.name);
  scoreboard_set_text(&head->build, master->options->build);
  atomic_store(&head->generation, master->generation);
  atomic_store(&head->reloaded_ms, clock_now_ms());
  atomic_store(&head->processes, (uint32_t)config->workers.processes);
  atomic_store(&head->threads, (uint32_t)config->workers.threads);
  atomic_store(&head->connections, (uint32_t)config->database.connections);
  return true;
}

static bool master_open(struct master *master, struct error *error) {
  const struct config *config = &master->setup->config;
  if (!master_setup_try(master->options, master->setup, error)) return false;
  if (!pid_file_open(config->paths.pid, error, &master->pid_file)) return false;
  if (!listener_open(&config->listen, &master->service, error, &master->listener)) return false;
  if (!master_open_memory(master, error) || !master_open_signals(master, error)) return false;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, master->handover) == 0)
    return true;
  error_set(error, ERROR_INTERNAL, "There is no socket pair to hand connections over.");
  return error_detail(error, "%s", strerror(errno));
}

static void master_close(struct master *master) {
  listener_close(&master->listener);
  if (master->setup != NULL) pid_file_close(master->setup->config.paths.pid, master->pid_file);
  scoreboard_close(&master->board);
  if (master->shared != NULL) munmap(master->shared, master->shared_bytes);
  if (master->signals >= 0) close(master->signals);
  for (size_t at = 0; at < ARRAY_LENGTH(master->handover); at++)
    if (master->handover[at] >= 0) close(master->handover[at]);
  service_close(&master->service);
  master_setup_free(master->setup);
}

/* --- Signals --- */

static void master_begin_stop(struct master *master, enum master_stop how) {
  if (how <= master->stop) return;
  bool first = master->stop == MASTER_RUNS;
  master->stop = how;
  if (first) {
    atomic_store(&master->board.head->state, MASTER_STOPPING);
    service_stopping(&master->service);
    title_set("master (stopping)");
    /* From here on a successor may bind. Workers hold the socket until they are done. */
    listener_close(&master->listener);
  }
  log_write(LOG_LEVEL_INFO, "stop", "%s",
            how == MASTER_STOPS_QUIET  ? "finishing what comes on open connections"
            : how == MASTER_STOPS_FAST ? "finishing the requests in hand"
                                       : "at once");
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++) {
    struct master_worker *worker = &master->workers[slot];
    if (!master_worker_lives(worker)) continue;
    if (how == MASTER_STOPS_NOW)
      master_worker_kill(master, worker, "the master was told twice to stop");
    else
      master_worker_drain(master, worker, how == MASTER_STOPS_QUIET ? WORKER_ORDER_QUIET : WORKER_ORDER_FAST);
  }
}

static void master_reopen_log(struct master *master) {
  const char *file = master->setup->config.log.file;
  if (file != NULL && !log_open_file(file))
    log_write(LOG_LEVEL_ERROR, "log_reopen", "%s: %s", file, strerror(errno));
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++)
    if (master_worker_lives(&master->workers[slot]))
      master_worker_order(&master->workers[slot], WORKER_ORDER_REOPEN);
}

static void master_hear_signal(struct master *master, uint32_t number) {
  switch (number) {
  case SIGTERM:
  case SIGINT:
    master_begin_stop(master, master->stop >= MASTER_STOPS_FAST ? MASTER_STOPS_NOW : MASTER_STOPS_FAST);
    break;
  case SIGQUIT:
    master_begin_stop(master, MASTER_STOPS_QUIET);
    break;
  case SIGHUP:
    master_reload_begin(master);
    break;
  case SIGUSR1:
    master_reopen_log(master);
    break;
  default:
    break; /* SIGCHLD: children are looked for in every turn */
  }
}

static void master_hear_signals(struct master *master) {
  struct signalfd_siginfo signal_info;
  while (read(master->signals, &signal_info, sizeof signal_info) == (ssize_t)sizeof signal_info)
    master_hear_signal(master, signal_info.ssi_signo);
}

static void master_reap(struct master *master) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
    if (pid == master->checker.pid) {
      master_reload_end(master, status);
      continue;
    }
    for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++)
      if (master->workers[slot].pid == pid) master_worker_gone(master, &master->workers[slot], status);
  }
}

/* --- The loop --- */

static size_t master_count(const struct master *master, enum scoreboard_worker_state state, bool current) {
  size_t count = 0;
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++) {
    const struct master_worker *worker = &master->workers[slot];
    if (worker->pid != 0 && worker->state == state && (worker->generation == master->generation) == current)
      count++;
  }
  return count;
}

/* At the start the first worker makes the service ready; a reload is over when no worker of the former
 * configuration takes requests any more. */
static void master_announce(struct master *master) {
  char status[64];
  if (master->announced || master->stop != MASTER_RUNS) return;
  size_t serving = master_count(master, WORKER_SERVING, true);
  if (serving == 0 || master_count(master, WORKER_SERVING, false) > 0) return;
  master->announced = true;
  snprintf(status, sizeof status, "serving, configuration %llu", (unsigned long long)master->generation);
  atomic_store(&master->board.head->state, MASTER_SERVING);
  service_ready(&master->service, status);
  log_write(LOG_LEVEL_INFO, master->generation == 1 ? "ready" : "reloaded", "%s on %s", status,
            master->listener.name);
}

static void master_wait(struct master *master) {
  struct pollfd sources[SCOREBOARD_SLOTS + 2];
  sources[0] = (struct pollfd){.fd = master->signals, .events = POLLIN};
  sources[1] =
      (struct pollfd){.fd = master->checker.pid == 0 ? -1 : master->checker.output, .events = POLLIN};
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++)
    sources[slot + 2] = (struct pollfd){
        .fd = master->workers[slot].pid == 0 ? -1 : master->workers[slot].control, .events = POLLIN};
  int64_t timeout_ms = master_is_in_motion(master) ? MASTER_MOTION_TICK_MS : MASTER_TICK_MS;
  int64_t watchdog_ms = service_tend(&master->service, clock_monotonic_ms());
  if (watchdog_ms >= 0 && watchdog_ms < timeout_ms) timeout_ms = watchdog_ms;
  if (poll(sources, ARRAY_LENGTH(sources), (int)timeout_ms) <= 0) return;
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++)
    if (sources[slot + 2].revents != 0 && master->workers[slot].pid != 0)
      master_worker_hear(master, &master->workers[slot]);
  if ((sources[1].revents & POLLIN) != 0) master_reload_read(master);
}

static bool master_has_children(const struct master *master) {
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++)
    if (master->workers[slot].pid != 0) return true;
  return master->checker.pid != 0;
}

static void master_loop(struct master *master) {
  master_converge(master, clock_monotonic_ms());
  while (master->stop == MASTER_RUNS || master_has_children(master)) {
    master_wait(master);
    master_hear_signals(master);
    master_reap(master);
    int64_t now_ms = clock_monotonic_ms();
    master_converge(master, now_ms);
    master_announce(master);
    atomic_store(&master->board.head->beat_monotonic_ms, now_ms);
  }
}

/* --- From outside --- */

int master_exit_code(const struct error *error) {
  if (error->code == ERROR_CONFLICT) return EXIT_CODE_IN_USE;
  if (error->code == ERROR_INTERNAL || error->code == ERROR_UNAVAILABLE) return EXIT_CODE_SYSTEM;
  return EXIT_CODE_CONFIG;
}

static int master_serve(struct master *master) {
  struct error error = ERROR_INIT;
  const struct config *config;
  if (!master_setup_load(master->options, &error, &master->setup)) {
    master_log_error(LOG_LEVEL_ERROR, "config", &error);
    return EXIT_CODE_CONFIG;
  }
  config = &master->setup->config;
  log_setup("lockstep-fcgi", (enum log_level)config->log.level);
  if (!log_open_file(config->log.file)) {
    log_write(LOG_LEVEL_ERROR, "log_open", "%s: %s", config->log.file, strerror(errno));
    return EXIT_CODE_CONFIG;
  }
  master_raise_files();
  if (!master_open(master, &error)) {
    master_log_error(LOG_LEVEL_ERROR, "start", &error);
    return master_exit_code(&error);
  }
  title_set("master (%s)", master->options->config_path);
  log_write(LOG_LEVEL_INFO, "start", "%s, %lld workers of %lld threads, %lld database connections",
            master->listener.name, (long long)config->workers.processes, (long long)config->workers.threads,
            (long long)config->database.connections);
  master_loop(master);
  log_write(LOG_LEVEL_INFO, "stopped", "every worker is gone");
  return EXIT_CODE_OK;
}

int master_run(const struct master_options *options) {
  struct master *master = calloc(1, sizeof *master);
  if (master == NULL) return EXIT_CODE_SYSTEM;
  master->options = options;
  master->signals = -1;
  master->pid_file = -1;
  master->handover[0] = -1;
  master->handover[1] = -1;
  master->checker.output = -1;
  master->listener.descriptor = -1;
  master->generation = 1;
  umask(027);
  master_protect_memory();
  service_open(&master->service);
  int code = master_serve(master);
  master_close(master);
  free(master);
  return code;
}

void master_complain(const char *config_path, const struct error *error) {
  if (error->field_count == 0) fprintf(stderr, "%s: %s\n", config_path, error->message);
  for (size_t at = 0; at < error->field_count; at++)
    fprintf(stderr, "%s: %s %s\n", config_path, error->fields[at].field, error->fields[at].message);
  if (error->detail[0] != '\0') fprintf(stderr, "%s: %s\n", config_path, error->detail);
}

int master_check(const struct master_options *options) {
  struct error error = ERROR_INIT;
  struct master_setup *setup = NULL;
  bool good = master_setup_load(options, &error, &setup) && master_setup_try(options, setup, &error);
  if (!good) master_complain(options->config_path, &error);
  master_setup_free(setup);
  return good ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
}
