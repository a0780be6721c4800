/* fix, rollback, repairs: finds and repairs, and undoes. */
#include <inttypes.h>

#include "programs/ctl_sync.h"
#include "schema/encode.h"
#include "sync/sync_run.h"

#include "base/banned.h"

#define ROWS_SHOWN 10
#define ROWS_MAX 100000
#define RUNS_MAX 1000

/* -- fix ----------------------------------------------------------------------------------- */

struct fix_options {
  struct sync_order order;
  bool apply;
};

static const struct field fix_fields[] = {
    FIELD_LIST(struct fix_options, "rules", order.rules,
               .presence = PRESENCE(struct fix_options, order.rules_given), .item_kind = FIELD_KIND_TEXT,
               .minimum = 1, .maximum = SYNC_RULES_MAX, .summary = "Only these rules, parted by commas."),
    FIELD_UINT(struct fix_options, "user", order.user_id, .flags = FIELD_USER,
               .presence = PRESENCE(struct fix_options, order.user_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Only this learner, at once."),
    FIELD_BOOL(struct fix_options, "apply", apply, .summary = "Repair; without it, a plan is made."),
    FIELD_UINT(struct fix_options, "plan", order.plan_id,
               .presence = PRESENCE(struct fix_options, order.plan_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Apply this plan: exactly that, or nothing."),
    FIELD_TEXT(struct fix_options, "digest", order.digest, .minimum = SYNC_DIGEST_CHARACTERS,
               .maximum = SYNC_DIGEST_CHARACTERS,
               .summary = "The plan's digest, to be sure that it is the one."),
    FIELD_BOOL(struct fix_options, "confirmOverLimit", order.confirm_over_limit,
               .summary = "Go on also where a rule would change more than its limit allows."),
    FIELD_ENUM(struct fix_options, "authority", order.authority,
               .presence = PRESENCE(struct fix_options, order.authority_given),
               .names = repair_authority_names, .default_text = "modules",
               .summary = "What is right where columns and document differ; columns rebuilds the document."),
};
const struct schema ctl_fix_options =
    SCHEMA("CtlFix", struct fix_options, fix_fields, .summary = "What to repair.");

bool ctl_fix_run(struct ctl *ctl, const void *options, struct error *error) {
  CLEANUP(ctl_sync_close) struct ctl_sync sync = {.set = NULL};
  struct fix_options fix = *(const struct fix_options *)options;
  struct sync_task task;
  struct repair_summary run;
  uint64_t run_id;
  fix.order.dry_run = !fix.apply && fix.order.plan_given != PRESENCE_GIVEN;
  if (!ctl_sync_open(ctl, error, &sync)) return false;
  bool is_decided = sync_task_fix(&sync.engine, ctl->db, &fix.order, ctl->arena, error, &task);
  db_rollback(ctl->db);
  if (!is_decided || !ctl_sync_do(ctl, &sync, &task, error, &run_id) ||
      !ctl_sync_print_run(ctl, run_id, NULL, ROWS_SHOWN, error) ||
      !sync_run_read(ctl->db, run_id, ctl->arena, error, &run))
    return false;
  db_rollback(ctl->db);
  if (!fix.order.dry_run)
    (void)printf("\nTo undo it: " CTL_PROGRAM " rollback %" PRIu64 "\n", run_id);
  else if (run.learners_changed > 0)
    (void)printf("\nNothing was changed. To apply exactly this: " CTL_PROGRAM " fix --plan %" PRIu64
                 " --digest %s\n",
                 run_id, run.digest == NULL ? "" : run.digest);
  return true;
}

/* -- rollback and resume ------------------------------------------------------------------- */

struct run_options {
  uint64_t run;
};

static const struct field run_fields[] = {
    FIELD_UINT(struct run_options, "run", run, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = INT64_MAX,
               .summary = "The repair run."),
};
const struct schema ctl_run_options =
    SCHEMA("CtlRun", struct run_options, run_fields, .summary = "Which run.");

bool ctl_rollback_run(struct ctl *ctl, const void *options, struct error *error) {
  CLEANUP(ctl_sync_close) struct ctl_sync sync = {.set = NULL};
  const struct run_options *which = options;
  struct sync_task task;
  uint64_t run_id;
  if (!ctl_sync_open(ctl, error, &sync)) return false;
  bool is_decided = sync_task_rollback(&sync.engine, ctl->db, which->run, ctl->arena, error, &task);
  db_rollback(ctl->db);
  if (!is_decided || !ctl_sync_do(ctl, &sync, &task, error, &run_id) ||
      !ctl_sync_print_run(ctl, run_id, "moved", ROWS_SHOWN, error))
    return false;
  (void)printf("\nIts rows are left alone from now on. To have them repaired again: " CTL_PROGRAM
               " repairs resume %" PRIu64 "\n",
               run_id);
  return true;
}

bool ctl_repairs_resume(struct ctl *ctl, const void *options, struct error *error) {
  CLEANUP(ctl_sync_close) struct ctl_sync sync = {.set = NULL};
  const struct run_options *which = options;
  uint64_t ended;
  if (!ctl_sync_open(ctl, error, &sync) ||
      !sync_task_resume(&sync.engine, ctl->db, which->run, ctl->arena, error, &ended))
    return false;
  (void)printf("%s rows may be repaired again.\n", ctl_number(ctl, (int64_t)ended));
  return true;
}

/* -- repairs ------------------------------------------------------------------------------- */

struct list_options {
  uint64_t limit;
  bool json;
};

static const struct field list_fields[] = {
    FIELD_UINT(struct list_options, "limit", limit, .minimum = 1, .maximum = RUNS_MAX, .default_text = "20",
               .summary = "At most so many runs."),
    FIELD_BOOL(struct list_options, "json", json, .summary = "As JSON, an object a line."),
};
const struct schema ctl_repairs_list_options =
    SCHEMA("CtlRepairsList", struct list_options, list_fields, .summary = "How many.");

static const struct ctl_column list_columns[] = {
    {"RUN", true, false}, {"KIND", false, false},    {"STATE", false, false},  {"BEGAN (UTC)", false, false},
    {"BY", false, true},  {"LEARNERS", true, false}, {"CHANGED", true, false}, {"RULES", false, true}};

static bool print_list(const struct ctl *ctl, const struct repair_summary *runs, size_t count,
                       struct error *error) {
  struct ctl_table table;
  if (!ctl_table_open(&table, ctl, list_columns, ARRAY_LENGTH(list_columns), count, error)) return false;
  for (size_t at = 0; at < count; at++) {
    const struct repair_summary *run = &runs[at];
    const char *cells[] = {ctl_number(ctl, (int64_t)run->id),
                           run->is_rollback ? "rollback"
                           : run->dry_run   ? "plan"
                                            : "repair",
                           repair_state_names[run->state],
                           ctl_time(ctl, run->started_at_ms),
                           run->actor,
                           ctl_number(ctl, (int64_t)run->learners),
                           ctl_number(ctl, (int64_t)run->learners_changed),
                           run->rules == NULL ? "all" : run->rules};
    ctl_table_add(&table, run->state == REPAIR_FAILED ? CTL_RED : CTL_PLAIN, cells);
  }
  ctl_table_print(&table, stdout);
  return true;
}

bool ctl_repairs_list(struct ctl *ctl, const void *options, struct error *error) {
  const struct list_options *list = options;
  struct repair_summary *runs;
  size_t count;
  bool done = repair_list(ctl->db, 0, list->limit, ctl->arena, error, &runs, &count);
  db_rollback(ctl->db);
  if (!done) return false;
  if (!list->json && count == 0) (void)printf("There was no repair yet.\n");
  if (!list->json) return count == 0 || print_list(ctl, runs, count, error);
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  for (size_t at = 0; at < count; at++) {
    struct sync_run run = sync_run_brief(&runs[at]);
    schema_encode_json(&sync_run_schema, &run, &text);
    buffer_append_char(&text, '\n');
  }
  return ctl_write(&text, error);
}

enum shown_state { SHOWN_ALL, SHOWN_PLANNED, SHOWN_DONE, SHOWN_MOVED };
static const char *const shown_names[] = {"all", "planned", "done", "moved", NULL};

struct show_options {
  uint64_t run;
  uint64_t rows;
  int state; /* enum shown_state */
  bool json;
};

static const struct field show_fields[] = {
    FIELD_UINT(struct show_options, "run", run, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = INT64_MAX,
               .summary = "The repair run."),
    FIELD_UINT(struct show_options, "rows", rows, .minimum = 0, .maximum = ROWS_MAX, .default_text = "20",
               .summary = "At most so many of its rows."),
    FIELD_ENUM(struct show_options, "state", state, .names = shown_names, .default_text = "all",
               .summary = "Only rows in this state; moved ones were left alone."),
    FIELD_BOOL(struct show_options, "json", json, .summary = "As JSON: the run, then a row a line."),
};
const struct schema ctl_repairs_show_options =
    SCHEMA("CtlRepairsShow", struct show_options, show_fields, .summary = "Which run, and how much of it.");

static bool show_json(struct ctl *ctl, const struct show_options *show, const char *state,
                      struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  struct repair_summary summary;
  struct sync_run run;
  struct repair_row *rows;
  size_t count;
  bool done = sync_run_read(ctl->db, show->run, ctl->arena, error, &summary) &&
              sync_run_take(&summary, ctl->arena, error, &run) &&
              repair_rows_read(ctl->db, show->run, state, 0, 0, show->rows, ctl->arena, error, &rows, &count);
  db_rollback(ctl->db);
  if (!done) return false;
  schema_encode_json(&sync_run_schema, &run, &text);
  buffer_append_char(&text, '\n');
  for (size_t at = 0; at < count; at++) {
    schema_encode_json(&sync_row_schema, &rows[at], &text);
    buffer_append_char(&text, '\n');
  }
  return ctl_write(&text, error);
}

bool ctl_repairs_show(struct ctl *ctl, const void *options, struct error *error) {
  const struct show_options *show = options;
  const char *state = show->state == SHOWN_ALL ? NULL : shown_names[show->state];
  return show->json ? show_json(ctl, show, state, error)
                    : ctl_sync_print_run(ctl, show->run, state, show->rows, error);
}
