#include "process/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "event/award.h"
#include "process/exit_code.h"
#include "process/master_internal.h"
#include "process/pid_file.h"
#include "process/sync_worker.h"
#include "process/title.h"

#include "base/banned.h"

#define SUPERVISOR_PLACES 16 /* sync.processes */
#define SUPERVISOR_TICK_MS 200

struct supervisor_child {
  pid_t pid; /* 0: none */
  int64_t started_ms;
  int64_t kill_at_ms; /* it was told to end; 0: it was not */
  uint32_t failures;  /* in a row */
  int64_t retry_at_ms;
};

struct supervisor {
  struct master_options options;
  struct master_setup *setup;
  struct service service;
  int signals;
  int pid_file;
  pid_t pid;
  bool stops;
  struct job_crew_board *boards; /* by place; shared */
  struct supervisor_child children[SUPERVISOR_PLACES];
};

static const struct sync_config *supervisor_config(const struct supervisor *supervisor) {
  return &supervisor->setup->config.sync;
}

/* --- Processes ------------------------------------------------------------------------------------ */

static int supervisor_child_main(struct supervisor *supervisor, size_t place) {
  struct sync_worker_start start = {
      .config = &supervisor->setup->config, .board = &supervisor->boards[place], .master = supervisor->pid};
  close(supervisor->signals);
  service_forget(&supervisor->service);
  title_set("worker %zu", place + 1);
  return sync_worker_run(&start);
}

static void supervisor_back_off(struct supervisor_child *child, int64_t now_ms) {
  int64_t pause_ms = MASTER_BACKOFF_FIRST_MS;
  for (uint32_t at = 1; at < child->failures && pause_ms < MASTER_BACKOFF_MAX_MS; at++)
    pause_ms *= 2;
  child->retry_at_ms = child->failures == 0 ? now_ms : now_ms + pause_ms;
}

static void supervisor_spawn(struct supervisor *supervisor, size_t place, int64_t now_ms) {
  struct supervisor_child *child = &supervisor->children[place];
  pid_t pid = fork();
  if (pid == 0) _exit(supervisor_child_main(supervisor, place));
  if (pid < 0) {
    log_write(LOG_LEVEL_ERROR, "fork", "%s", strerror(errno));
    child->failures++;
    supervisor_back_off(child, now_ms);
    return;
  }
  child->pid = pid;
  child->started_ms = now_ms;
  child->kill_at_ms = 0;
  log_write(LOG_LEVEL_INFO, "worker_start", "worker %zu is process %ld", place + 1, (long)pid);
}

static void supervisor_gone(struct supervisor *supervisor, size_t place, int status, int64_t now_ms) {
  struct supervisor_child *child = &supervisor->children[place];
  bool was_asked = child->kill_at_ms != 0;
  bool went_well = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CODE_OK;
  child->pid = 0;
  child->failures = was_asked || now_ms - child->started_ms >= MASTER_STABLE_MS ? 0 : child->failures + 1;
  supervisor_back_off(child, now_ms);
  if (was_asked && went_well) return;
  if (WIFSIGNALED(status))
    log_write(LOG_LEVEL_ERROR, "worker_died", "worker %zu was ended by signal %d", place + 1,
              WTERMSIG(status));
  else
    log_write(went_well ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "worker_died", "worker %zu ended with %d",
              place + 1, WEXITSTATUS(status));
}

static void supervisor_reap(struct supervisor *supervisor) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
    for (size_t place = 0; place < SUPERVISOR_PLACES; place++)
      if (supervisor->children[place].pid == pid)
        supervisor_gone(supervisor, place, status, clock_monotonic_ms());
}

static void supervisor_end_all(struct supervisor *supervisor) {
  int64_t now_ms = clock_monotonic_ms();
  for (size_t place = 0; place < SUPERVISOR_PLACES; place++) {
    struct supervisor_child *child = &supervisor->children[place];
    if (child->pid == 0 || child->kill_at_ms != 0) continue;
    child->kill_at_ms = now_ms + supervisor_config(supervisor)->drain_timeout_ms + 1;
    kill(child->pid, SIGTERM);
  }
}

/* From what is to what should be. */
static void supervisor_converge(struct supervisor *supervisor, int64_t now_ms) {
  size_t wanted = supervisor->stops ? 0 : (size_t)supervisor_config(supervisor)->processes;
  for (size_t place = 0; place < SUPERVISOR_PLACES; place++) {
    struct supervisor_child *child = &supervisor->children[place];
    if (child->pid == 0 && place < wanted && now_ms >= child->retry_at_ms)
      supervisor_spawn(supervisor, place, now_ms);
    if (child->pid == 0 || child->kill_at_ms == 0 || now_ms < child->kill_at_ms) continue;
    log_write(LOG_LEVEL_ERROR, "worker_kill", "worker %zu did not end in time", place + 1);
    kill(child->pid, SIGKILL);
    child->kill_at_ms = INT64_MAX;
  }
}

/* --- Signals -------------------------------------------------------------------------------------- */

static void supervisor_stop(struct supervisor *supervisor) {
  if (supervisor->stops)
    for (size_t place = 0; place < SUPERVISOR_PLACES; place++)
      if (supervisor->children[place].pid != 0) kill(supervisor->children[place].pid, SIGKILL);
  log_write(LOG_LEVEL_INFO, "stop", "%s",
            supervisor->stops ? "at once" : "finishing transactions, handing unfinished jobs back");
  supervisor->stops = true;
  service_stopping(&supervisor->service);
  supervisor_end_all(supervisor);
}

static bool supervisor_try(const struct master_setup *setup, struct error *error) {
  struct rule_set *rules;
  if (!rule_set_load(&setup->config.rules, error, &rules)) return false;
  for (size_t at = 0; at < rule_set_problem_count(rules); at++)
    log_write(LOG_LEVEL_WARN, "rule", "left aside: %s", rule_set_problem(rules, at));
  rule_set_free(rules);
  struct award_table *awards;
  if (!award_table_load(&setup->config.events, error, &awards)) return false;
  for (size_t at = 0; at < award_table_problem_count(awards); at++)
    log_write(LOG_LEVEL_WARN, "achievement", "left aside: %s", award_table_problem(awards, at));
  award_table_free(awards);
  return true;
}

static void supervisor_reload(struct supervisor *supervisor) {
  struct error error = ERROR_INIT;
  struct master_setup *setup = NULL;
  if (supervisor->stops) return;
  service_reloading(&supervisor->service);
  if (master_setup_load(&supervisor->options, &error, &setup) && supervisor_try(setup, &error)) {
    master_setup_free(supervisor->setup);
    supervisor->setup = setup;
    supervisor_end_all(supervisor);
    log_write(LOG_LEVEL_INFO, "reload", "the workers are replaced");
  } else {
    master_setup_free(setup);
    master_log_error(LOG_LEVEL_ERROR, "reload", &error);
  }
  service_ready(&supervisor->service, "working");
}

static void supervisor_reopen_log(struct supervisor *supervisor) {
  const char *file = supervisor->setup->config.log.file;
  if (file != NULL && !log_open_file(file))
    log_write(LOG_LEVEL_ERROR, "log_reopen", "%s: %s", file, strerror(errno));
  for (size_t place = 0; place < SUPERVISOR_PLACES; place++)
    if (supervisor->children[place].pid != 0) kill(supervisor->children[place].pid, SIGUSR1);
}

static void supervisor_hear(struct supervisor *supervisor) {
  struct signalfd_siginfo heard;
  while (read(supervisor->signals, &heard, sizeof heard) == (ssize_t)sizeof heard) {
    if (heard.ssi_signo == SIGHUP)
      supervisor_reload(supervisor);
    else if (heard.ssi_signo == SIGUSR1)
      supervisor_reopen_log(supervisor);
    else if (heard.ssi_signo != SIGCHLD)
      supervisor_stop(supervisor);
  }
}

static bool supervisor_open_signals(struct supervisor *supervisor, struct error *error) {
  static const int heard[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGCHLD};
  sigset_t set;
  sigemptyset(&set);
  for (size_t at = 0; at < ARRAY_LENGTH(heard); at++)
    sigaddset(&set, heard[at]);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  supervisor->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (supervisor->signals >= 0) return true;
  error_set(error, ERROR_INTERNAL, "Signals cannot be read.");
  return error_detail(error, "%s", strerror(errno));
}

/* --- From outside --------------------------------------------------------------------------------- */

static bool supervisor_open(struct supervisor *supervisor, struct error *error) {
  size_t bytes = SUPERVISOR_PLACES * sizeof *supervisor->boards;
  if (!supervisor_try(supervisor->setup, error)) return false;
  if (!pid_file_open(supervisor_config(supervisor)->pid, error, &supervisor->pid_file)) return false;
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    error_set(error, ERROR_INTERNAL, "There is no memory for the workers to share.");
    return error_detail(error, "%s", strerror(errno));
  }
  supervisor->boards = memory;
  return supervisor_open_signals(supervisor, error);
}

static void supervisor_close(struct supervisor *supervisor) {
  if (supervisor->setup != NULL) pid_file_close(supervisor_config(supervisor)->pid, supervisor->pid_file);
  if (supervisor->boards != NULL) munmap(supervisor->boards, SUPERVISOR_PLACES * sizeof *supervisor->boards);
  if (supervisor->signals >= 0) close(supervisor->signals);
  service_close(&supervisor->service);
  master_setup_free(supervisor->setup);
}

static bool supervisor_has_children(const struct supervisor *supervisor) {
  for (size_t place = 0; place < SUPERVISOR_PLACES; place++)
    if (supervisor->children[place].pid != 0) return true;
  return false;
}

static int64_t supervisor_wait_ms(struct supervisor *supervisor) {
  int64_t now_ms = clock_monotonic_ms();
  int64_t wait_ms = SUPERVISOR_TICK_MS;
  int64_t watchdog_ms = service_tend(&supervisor->service, now_ms);
  if (watchdog_ms >= 0 && watchdog_ms < wait_ms) wait_ms = watchdog_ms;
  for (size_t place = 0; place < SUPERVISOR_PLACES; place++) {
    const struct supervisor_child *child = &supervisor->children[place];
    int64_t until_ms = child->pid == 0 ? child->retry_at_ms : child->kill_at_ms;
    if (until_ms > now_ms && until_ms - now_ms < wait_ms) wait_ms = until_ms - now_ms;
  }
  return wait_ms;
}

static void supervisor_loop(struct supervisor *supervisor) {
  supervisor_converge(supervisor, clock_monotonic_ms());
  service_ready(&supervisor->service, "working");
  while (!supervisor->stops || supervisor_has_children(supervisor)) {
    struct pollfd source = {.fd = supervisor->signals, .events = POLLIN};
    poll(&source, 1, (int)supervisor_wait_ms(supervisor));
    supervisor_hear(supervisor);
    supervisor_reap(supervisor);
    supervisor_converge(supervisor, clock_monotonic_ms());
  }
}

static int supervisor_serve(struct supervisor *supervisor) {
  struct error error = ERROR_INIT;
  if (!master_setup_load(&supervisor->options, &error, &supervisor->setup)) {
    master_log_error(LOG_LEVEL_ERROR, "config", &error);
    return EXIT_CODE_CONFIG;
  }
  const struct config *config = &supervisor->setup->config;
  log_setup("lockstep-sync", (enum log_level)config->log.level);
  if (!log_open_file(config->log.file)) {
    log_write(LOG_LEVEL_ERROR, "log_open", "%s: %s", config->log.file, strerror(errno));
    return EXIT_CODE_CONFIG;
  }
  if (!supervisor_open(supervisor, &error)) {
    master_log_error(LOG_LEVEL_ERROR, "start", &error);
    return master_exit_code(&error);
  }
  title_set("master (%s)", supervisor->options.config_path);
  log_write(LOG_LEVEL_INFO, "start", "%lld processes of %lld threads", (long long)config->sync.processes,
            (long long)config->sync.threads);
  supervisor_loop(supervisor);
  log_write(LOG_LEVEL_INFO, "stopped", "every worker is gone");
  return EXIT_CODE_OK;
}

int supervisor_run(const struct supervisor_options *options) {
  struct supervisor supervisor = {
      .options = {.config_path = options->config_path}, .signals = -1, .pid_file = -1, .pid = getpid()};
  umask(027);
  master_protect_memory();
  service_open(&supervisor.service);
  int code = supervisor_serve(&supervisor);
  supervisor_close(&supervisor);
  return code;
}

int supervisor_check(const struct supervisor_options *options) {
  struct master_options master = {.config_path = options->config_path};
  struct error error = ERROR_INIT;
  struct master_setup *setup = NULL;
  bool good = master_setup_load(&master, &error, &setup) && supervisor_try(setup, &error);
  if (!good) master_complain(options->config_path, &error);
  master_setup_free(setup);
  return good ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
}
