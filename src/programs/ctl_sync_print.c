#include <inttypes.h>
#include <string.h>

#include "programs/ctl_sync.h"
#include "sync/sync_run.h"

#include "base/banned.h"

static void print_fact(const struct ctl *ctl, const char *name, const char *value) {
  (void)printf("  %s%-12s%s %s\n", ctl_colour_on(ctl, CTL_FAINT), name, ctl_colour_off(ctl, CTL_FAINT),
               value == NULL ? "–" : ctl_harmless(ctl, value));
}

static enum ctl_colour colour_of(enum repair_state state) {
  switch (state) {
  case REPAIR_DONE:
  case REPAIR_PLANNED:
    return CTL_GREEN;
  case REPAIR_STOPPED:
  case REPAIR_CANCELLED:
    return CTL_YELLOW;
  case REPAIR_FAILED:
    return CTL_RED;
  case REPAIR_PLANNING:
  case REPAIR_RUNNING:
    break;
  }
  return CTL_PLAIN;
}

static const char *kind_of(const struct repair_summary *run) {
  return run->is_rollback ? "Rollback" : run->dry_run ? "Plan" : "Repair";
}

static void print_facts(const struct ctl *ctl, const struct repair_summary *run) {
  enum ctl_colour colour = colour_of(run->state);
  (void)printf("%s%s %" PRIu64 "%s, %s%s%s\n", ctl_colour_on(ctl, CTL_BOLD), kind_of(run), run->id,
               ctl_colour_off(ctl, CTL_BOLD), ctl_colour_on(ctl, colour), repair_state_names[run->state],
               ctl_colour_off(ctl, colour));
  print_fact(ctl, "By", run->actor);
  print_fact(ctl, "Began", ctl_time(ctl, run->started_at_ms));
  if (run->finished_at_ms != 0) print_fact(ctl, "Ended", ctl_time(ctl, run->finished_at_ms));
  print_fact(ctl, "Rules", run->rules == NULL ? "all" : run->rules);
  if (sync_run_is_of_one(run)) print_fact(ctl, "Learner", ctl_number(ctl, (int64_t)run->from_user));
  if (run->authority == REPAIR_AUTHORITY_COLUMNS) print_fact(ctl, "Authority", "columns");
  if (run->rolls_back != 0) print_fact(ctl, "Rolls back", ctl_number(ctl, (int64_t)run->rolls_back));
  if (run->rolled_back_by != 0) print_fact(ctl, "Undone by", ctl_number(ctl, (int64_t)run->rolled_back_by));
  if (run->digest != NULL) print_fact(ctl, "Digest", run->digest);
  if (run->error != NULL) print_fact(ctl, "Error", run->error);
  (void)printf("  %s of %s learners %s.\n", ctl_number(ctl, (int64_t)run->learners_changed),
               ctl_number(ctl, (int64_t)run->learners),
               run->dry_run && run->state != REPAIR_DONE ? "would be changed" : "were changed");
}

static const struct ctl_column count_columns[] = {{"RULE", false, true},
                                                  {"FOUND", true, false},
                                                  {"CHANGED", true, false},
                                                  {"MOVED", true, false},
                                                  {"PAUSED", true, false}};

static bool print_counts(const struct ctl *ctl, const struct repair_summary *run, struct error *error) {
  struct ctl_table table;
  if (run->count_count == 0) return true;
  if (!ctl_table_open(&table, ctl, count_columns, ARRAY_LENGTH(count_columns), run->count_count, error))
    return false;
  for (size_t at = 0; at < run->count_count; at++) {
    const struct repair_count *count = &run->counts[at];
    const char *cells[] = {count->rule, ctl_number(ctl, (int64_t)count->found),
                           ctl_number(ctl, (int64_t)sync_run_changed(run, count)),
                           ctl_number(ctl, (int64_t)count->moved), ctl_number(ctl, (int64_t)count->paused)};
    ctl_table_add(&table, count->found == 0 ? CTL_FAINT : CTL_PLAIN, cells);
  }
  (void)printf("\n");
  ctl_table_print(&table, stdout);
  return true;
}

static const struct ctl_column row_columns[] = {
    {"LEARNER", true, false}, {"RULE", false, true},   {"ROW", false, true},   {"DO", false, false},
    {"COLUMN", false, true},  {"BEFORE", false, true}, {"AFTER", false, true}, {"STATE", false, true}};

static bool print_rows(const struct ctl *ctl, const struct repair_row *rows, size_t count,
                       struct error *error) {
  struct ctl_table table;
  if (count == 0) return true;
  if (!ctl_table_open(&table, ctl, row_columns, ARRAY_LENGTH(row_columns), count, error)) return false;
  for (size_t at = 0; at < count; at++) {
    const struct repair_row *row = &rows[at];
    const char *place = arena_printf(ctl->arena, "%s %s", row->table, row->key);
    const char *state = row->changed_by == NULL
                            ? row->state
                            : arena_printf(ctl->arena, "%s: %s", row->state, row->changed_by);
    if (place == NULL || state == NULL) return error_set_memory(error);
    const char *cells[] = {ctl_number(ctl, (int64_t)row->user_id),
                           row->rule,
                           place,
                           row->action,
                           row->column,
                           ctl_excerpt(ctl, row->before, row->after),
                           ctl_excerpt(ctl, row->after, row->before),
                           state};
    ctl_table_add(&table, strcmp(row->state, "moved") == 0 ? CTL_YELLOW : CTL_PLAIN, cells);
  }
  (void)printf("\n");
  ctl_table_print(&table, stdout);
  return true;
}

bool ctl_sync_print_run(struct ctl *ctl, uint64_t run_id, const char *state, size_t rows_max,
                        struct error *error) {
  struct repair_summary run;
  struct repair_row *rows;
  size_t count;
  bool done = sync_run_read(ctl->db, run_id, ctl->arena, error, &run) &&
              repair_rows_read(ctl->db, run_id, state, 0, 0, rows_max, ctl->arena, error, &rows, &count);
  db_rollback(ctl->db);
  if (!done) return false;
  print_facts(ctl, &run);
  if (!print_counts(ctl, &run, error) || !print_rows(ctl, rows, count, error)) return false;
  if (count == rows_max) (void)printf("There may be more; repairs show --rows shows them.\n");
  return true;
}
