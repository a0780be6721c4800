#include "programs/ctl.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "programs/ctl_parse.h"

#include "base/banned.h"

#ifndef LOCKSTEP_VERSION
#define LOCKSTEP_VERSION "unknown"
#endif

#define PATIENCE_MS INT64_C(3600000) /* for one statement: a migration may rebuild a large table */
#define WIDTH_MIN 60
#define WIDTH_MAX 240

/* -- What commands need -------------------------------------------------------------------- */

static bool load_config(struct ctl *ctl, struct error *error) {
  if (!config_load(ctl->config_path, ctl->arena, &ctl->config, error)) return false;
  if (ctl->config.database.query_timeout_ms < PATIENCE_MS)
    ctl->config.database.query_timeout_ms = PATIENCE_MS;
  return true;
}

bool ctl_connect(struct ctl *ctl, struct error *error) {
  if (ctl->db != NULL) return true;
  for (size_t at = 0; at < ctl->config.database.hosts.count; at++)
    if (db_connect(&ctl->config.database, at, error, &ctl->db)) return true;
  return false;
}

static bool provide(struct ctl *ctl, const struct ctl_command *command, struct error *error) {
  if ((command->needs & (CTL_NEEDS_CONFIG | CTL_NEEDS_DATABASE)) != 0 && !load_config(ctl, error))
    return false;
  return (command->needs & CTL_NEEDS_DATABASE) == 0 || ctl_connect(ctl, error);
}

/* -- The run ------------------------------------------------------------------------------- */

static int width_of_terminal(void) {
  struct winsize size;
  const char *columns = getenv("COLUMNS");
  long width = columns == NULL ? 0 : strtol(columns, NULL, 10);
  if (width == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) width = size.ws_col;
  if (width == 0) return CTL_WIDTH_UNLIMITED;
  return width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : (int)width;
}

static bool wants_colour(void) {
  const char *refused = getenv("NO_COLOR");
  const char *terminal = getenv("TERM");
  if (refused != NULL && *refused != '\0') return false;
  return isatty(STDOUT_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

bool ctl_write(const struct buffer *buffer, struct error *error) {
  if (buffer->failed) return error_set_memory(error);
  (void)fwrite(buffer_text(buffer), 1, buffer->length, stdout);
  return true;
}

/* Output that did not arrive is no success. */
static bool flush_output(struct error *error) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return true;
  return error_set(error, ERROR_INTERNAL, "The output could not be written.");
}

static int run_command(struct ctl *ctl, const struct ctl_call *call) {
  struct error error = ERROR_INIT;
  ctl->config_path = call->globals.config;
  bool done = provide(ctl, call->command, &error) && call->command->run(ctl, call->options, &error) &&
              flush_output(&error);
  if (!done) {
    ctl_complain(ctl, &error);
    return CTL_EXIT_FAILED;
  }
  return ctl->outcome;
}

static int refuse_usage(const struct ctl *ctl, const struct ctl_call *call, const struct error *error) {
  ctl_complain(ctl, error);
  if (call->group != NULL) {
    ctl_help_group(call->group, stderr, ctl->width);
  } else if (call->command != NULL) {
    CLEANUP(buffer_free) struct buffer usage = BUFFER_INIT(CTL_TEXT_BYTES);
    ctl_help_usage(call->command, &usage);
    (void)fprintf(stderr, "Usage: " CTL_PROGRAM " %s\n", buffer_text(&usage));
  } else {
    (void)fprintf(stderr, "\"" CTL_PROGRAM " help\" lists the commands.\n");
  }
  return CTL_EXIT_USAGE;
}

static int answer_call(struct ctl *ctl, const struct ctl_call *call) {
  struct error error = ERROR_INIT;
  if (call->globals.version) {
    (void)printf(CTL_PROGRAM " " LOCKSTEP_VERSION "\n");
  } else if (call->command != NULL && !call->globals.help) {
    return run_command(ctl, call);
  } else if (call->command != NULL) {
    ctl_help_command(call->command, stdout, ctl->width);
  } else if (call->group != NULL) {
    ctl_help_group(call->group, stdout, ctl->width);
  } else {
    ctl_help_overview(call->globals.help ? stdout : stderr, ctl->width);
    if (!call->globals.help) return CTL_EXIT_USAGE;
  }
  if (flush_output(&error)) return CTL_EXIT_OK;
  ctl_complain(ctl, &error);
  return CTL_EXIT_FAILED;
}

int ctl_main(int argc, char **argv) {
  struct error error = ERROR_INIT;
  struct ctl_call call;
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(CTL_ARENA_BYTES);
  struct ctl ctl = {.arena = arena,
                    .colour = wants_colour(),
                    .shows_progress = isatty(STDERR_FILENO) == 1,
                    .width = width_of_terminal(),
                    .outcome = CTL_EXIT_OK};
  if (arena == NULL) {
    (void)fprintf(stderr, CTL_PROGRAM ": There is no memory.\n");
    return CTL_EXIT_FAILED;
  }
  if (!ctl_parse(argc, argv, arena, &error, &call)) return refuse_usage(&ctl, &call, &error);
  int outcome = answer_call(&ctl, &call);
  db_close(ctl.db);
  return outcome;
}
