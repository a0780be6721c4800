#include <stdlib.h>

#include "base/log.h"
#include "event/award.h"
#include "process/master_internal.h"

#include "base/banned.h"

void master_setup_free(struct master_setup *setup) {
  if (setup == NULL) return;
  arena_free(setup->arena);
  free(setup);
}

bool master_setup_load(const struct master_options *options, struct error *error,
                       struct master_setup **ret_setup) {
  struct master_setup *setup = calloc(1, sizeof *setup);
  if (setup == NULL) return error_set_memory(error);
  setup->arena = arena_new(MASTER_CONFIG_BYTES_MAX);
  if (setup->arena == NULL) error_set_memory(error);
  if (setup->arena == NULL || !config_load(options->config_path, setup->arena, &setup->config, error)) {
    master_setup_free(setup);
    return false;
  }
  *ret_setup = setup;
  return true;
}

bool master_setup_try(const struct master_options *options, const struct master_setup *setup,
                      struct error *error) {
  struct app app = {.config = &setup->config, .build = options->build};
  struct worker_loaded loaded;
  if (setup->config.workers.processes > SCOREBOARD_PROCESSES_MAX)
    return error_add_field(error, ERROR_MALFORMED, "workers.processes", "must be at most %d",
                           SCOREBOARD_PROCESSES_MAX);
  if (setup->config.workers.threads > SCOREBOARD_THREADS_MAX)
    return error_add_field(error, ERROR_MALFORMED, "workers.threads", "must be at most %d",
                           SCOREBOARD_THREADS_MAX);
  if (!worker_load(&app, options->tables, NULL, 0, &loaded, error)) return false;
  for (size_t at = 0; at < rule_set_problem_count(loaded.rules); at++)
    log_write(LOG_LEVEL_WARN, "rule", "left aside: %s", rule_set_problem(loaded.rules, at));
  for (size_t at = 0; at < award_table_problem_count(loaded.awards); at++)
    log_write(LOG_LEVEL_WARN, "achievement", "left aside: %s", award_table_problem(loaded.awards, at));
  http_app_close(&app);
  worker_unload(&loaded);
  return true;
}

void master_log_error(enum log_level level, const char *event, const struct error *error) {
  struct log_line line;
  log_begin(&line, level, event);
  log_add_error(&line, error);
  log_end(&line);
  for (size_t at = 0; at < error->field_count; at++) {
    log_begin(&line, level, event);
    log_add(&line, "key", error->fields[at].field);
    log_add(&line, "error", error->fields[at].message);
    log_end(&line);
  }
}
