/* A new configuration. A child tries it out first, all the way to what a worker loads: whatever a bad
 * file brings about happens there. Only what was found good is loaded here, and workers start with it
 * before the old ones drain. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process/exit_code.h"
#include "process/master_internal.h"
#include "process/title.h"

#include "base/banned.h"

#define RELOAD_CHECK_SECONDS_MAX 30

static void master_reload_refuse(struct master *master, const char *why) {
  atomic_fetch_add(&master->board.head->refused_reloads, 1);
  scoreboard_set_text(&master->board.head->problem, why);
  log_write(LOG_LEVEL_ERROR, "reload_refused", "nothing changes: %s", why);
  atomic_store(&master->board.head->state, MASTER_SERVING);
  service_ready(&master->service, "serving; the last reload was refused");
}

static void master_write_complaint(int output, const struct error *error) {
  char text[SCOREBOARD_TEXT_BYTES];
  int length = snprintf(text, sizeof text, "%s", error->message);
  if (error->field_count > 1 && length > 0 && (size_t)length < sizeof text)
    length +=
        snprintf(text + length, sizeof text - (size_t)length, " (and %zu more)", error->field_count - 1);
  if (length <= 0) return;
  size_t bytes = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
  ssize_t status = write(output, text, bytes);
  (void)status;
}

NORETURN static void master_check_in_child(struct master *master, int output) {
  struct error error = ERROR_INIT;
  struct master_setup *setup;
  sigset_t none;
  title_set("checking a configuration");
  service_forget(&master->service);
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++)
    if (master->workers[slot].pid != 0 && master->workers[slot].control >= 0)
      close(master->workers[slot].control);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  alarm(RELOAD_CHECK_SECONDS_MAX); /* a file that cannot be read to its end, a directory that hangs */
  bool good =
      master_setup_load(master->options, &error, &setup) && master_setup_try(master->options, setup, &error);
  if (!good) {
    master_log_error(LOG_LEVEL_ERROR, "reload_check", &error);
    master_write_complaint(output, &error);
  }
  _exit(good ? EXIT_CODE_OK : EXIT_CODE_CONFIG);
}

void master_reload_begin(struct master *master) {
  int ends[2];
  struct master_checker *checker = &master->checker;
  if (master->stop != MASTER_RUNS) return;
  if (checker->pid != 0) {
    checker->again = true;
    return;
  }
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    master_reload_refuse(master, "there is no pipe for the check");
    return;
  }
  atomic_store(&master->board.head->state, MASTER_RELOADING);
  service_reloading(&master->service);
  log_write(LOG_LEVEL_INFO, "reload", "checking %s", master->options->config_path);
  *checker = (struct master_checker){.output = ends[0]};
  pid_t pid = fork();
  if (pid == 0) master_check_in_child(master, ends[1]);
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    master_reload_refuse(master, "there is no process for the check");
    return;
  }
  checker->pid = pid;
}

void master_reload_read(struct master *master) {
  struct master_checker *checker = &master->checker;
  ssize_t count;
  while (checker->complaint_bytes < sizeof checker->complaint - 1 &&
         (count = read(checker->output, checker->complaint + checker->complaint_bytes,
                       sizeof checker->complaint - 1 - checker->complaint_bytes)) > 0)
    checker->complaint_bytes += (size_t)count;
}

static bool master_same_text(const char *left, const char *right) {
  return left == right || (left != NULL && right != NULL && strcmp(left, right) == 0);
}

/* What was set up once, at the start. */
static void master_warn_of_fixed(const struct config *before, const struct config *after) {
  const struct {
    const char *name;
    bool same;
  } fixed[] = {
      {"listen.socket", master_same_text(before->listen.socket, after->listen.socket)},
      {"listen.mode", master_same_text(before->listen.mode, after->listen.mode)},
      {"listen.owner", master_same_text(before->listen.owner, after->listen.owner)},
      {"listen.group", master_same_text(before->listen.group, after->listen.group)},
      {"listen.backlog", before->listen.backlog == after->listen.backlog},
      {"paths.scoreboard", master_same_text(before->paths.scoreboard, after->paths.scoreboard)},
      {"paths.pid", master_same_text(before->paths.pid, after->paths.pid)},
  };
  for (size_t at = 0; at < ARRAY_LENGTH(fixed); at++)
    if (!fixed[at].same)
      log_write(LOG_LEVEL_WARN, "reload", "%s changed; that takes a restart, everything else is taken over",
                fixed[at].name);
}

static void master_take_over(struct master *master, struct master_setup *setup) {
  struct scoreboard_head *head = master->board.head;
  const struct config *config = &setup->config;
  master_warn_of_fixed(&master->setup->config, config);
  log_setup("lockstep-fcgi", (enum log_level)config->log.level);
  if (!log_open_file(config->log.file))
    log_write(LOG_LEVEL_ERROR, "log_open", "%s: %s", config->log.file, strerror(errno));
  master_setup_free(master->setup);
  master->setup = setup;
  master->generation++;
  master->announced = false;
  for (size_t at = 0; at < SCOREBOARD_PROCESSES_MAX; at++)
    master->places[at] = (struct master_place){.restarts = master->places[at].restarts};
  atomic_store(&head->generation, master->generation);
  atomic_store(&head->reloaded_ms, clock_now_ms());
  atomic_store(&head->processes, (uint32_t)config->workers.processes);
  atomic_store(&head->threads, (uint32_t)config->workers.threads);
  atomic_store(&head->connections, (uint32_t)config->database.connections);
  scoreboard_set_text(&head->problem, "");
}

static void master_reload_finish(struct master *master, int wait_status) {
  struct master_checker *checker = &master->checker;
  struct error error = ERROR_INIT;
  struct master_setup *setup;
  if (WIFSIGNALED(wait_status)) {
    char why[SCOREBOARD_TEXT_BYTES];
    snprintf(why, sizeof why, "the check ended by signal %d", WTERMSIG(wait_status));
    master_reload_refuse(master, why);
  } else if (WEXITSTATUS(wait_status) != EXIT_CODE_OK) {
    master_reload_refuse(master, checker->complaint_bytes > 0 ? checker->complaint : "the check failed");
  } else if (!master_setup_load(master->options, &error, &setup)) {
    master_reload_refuse(master, error.message); /* it changed since it was checked */
  } else {
    master_take_over(master, setup);
  }
}

void master_reload_end(struct master *master, int wait_status) {
  struct master_checker *checker = &master->checker;
  bool again = checker->again;
  master_reload_read(master);
  close(checker->output);
  if (master->stop == MASTER_RUNS) master_reload_finish(master, wait_status);
  *checker = (struct master_checker){.output = -1};
  if (again) master_reload_begin(master);
}
