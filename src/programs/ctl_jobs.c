/* jobs: the jobs table for a person at a terminal. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "job/job_view.h"
#include "programs/ctl_sync.h"

#include "base/banned.h"

/* --- jobs list ------------------------------------------------------------------------------------ */

struct list_options {
  int state;
  enum presence state_given;
  const char *kind;
  uint64_t limit;
};

static const struct field list_fields[] = {
    FIELD_ENUM(struct list_options, "state", state, .names = job_state_names,
               .presence = PRESENCE(struct list_options, state_given), .summary = "Only jobs in this state."),
    FIELD_TEXT(struct list_options, "kind", kind, .minimum = 1, .maximum = 64,
               .summary = "Only jobs of this kind."),
    FIELD_UINT(struct list_options, "limit", limit, .minimum = 1, .maximum = JOB_VIEW_PAGE_MAX,
               .default_text = "20", .summary = "At most so many."),
};
const struct schema ctl_jobs_list_options =
    SCHEMA("CtlJobsList", struct list_options, list_fields, .summary = "Which jobs.");

static const struct ctl_column list_columns[] = {
    {"JOB", true, false},      {"KIND", false, false}, {"STATE", false, false},
    {"DONE", true, false},     {"OF", true, false},    {"DUE", false, false},
    {"REPEATS", false, false}, {"BY", false, true},    {"ERROR", false, true}};

static enum ctl_colour colour_of(int state) {
  if (state == JOB_DONE) return CTL_GREEN;
  if (state == JOB_FAILED || state == JOB_DEAD) return CTL_RED;
  return state == JOB_CANCELLED ? CTL_FAINT : state == JOB_RUNNING ? CTL_YELLOW : CTL_PLAIN;
}

static const char *repeats(const struct ctl *ctl, const struct job_view *job) {
  if (job->every_given == PRESENCE_GIVEN)
    return arena_printf(ctl->arena, "every %lld s", (long long)job->repeat_every_s);
  return job->repeat_daily_at == NULL ? NULL : arena_printf(ctl->arena, "at %s", job->repeat_daily_at);
}

bool ctl_jobs_list(struct ctl *ctl, const void *options, struct error *error) {
  const struct list_options *list = options;
  struct job_view_filter filter = {.state = list->state_given == PRESENCE_GIVEN ? job_state_names[list->state]
                                                                                : NULL,
                                   .kind = list->kind,
                                   .limit = list->limit};
  struct job_view *jobs;
  struct ctl_table table;
  size_t count;
  if (!job_view_list(ctl->db, &filter, ctl->arena, error, &jobs, &count) ||
      !ctl_table_open(&table, ctl, list_columns, ARRAY_LENGTH(list_columns), count, error))
    return false;
  for (size_t at = 0; at < count; at++) {
    const struct job_view *job = &jobs[at];
    const char *cells[] = {ctl_number(ctl, (int64_t)job->id),
                           ctl_harmless(ctl, job->kind),
                           job_state_names[job->state],
                           ctl_number(ctl, (int64_t)job->done_units),
                           job->total_given == PRESENCE_GIVEN ? ctl_number(ctl, (int64_t)job->total_units)
                                                              : NULL,
                           ctl_time(ctl, job->run_at_ms),
                           repeats(ctl, job),
                           job->created_by == NULL ? NULL : ctl_harmless(ctl, job->created_by),
                           job->error == NULL ? NULL : ctl_harmless(ctl, job->error)};
    ctl_table_add(&table, colour_of(job->state), cells);
  }
  ctl_table_print(&table, stdout);
  return true;
}

/* --- jobs show, watch, cancel, retry -------------------------------------------------------------- */

struct id_options {
  uint64_t job_id;
};

static const struct field id_fields[] = {
    FIELD_UINT(struct id_options, "job", job_id, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = INT64_MAX,
               .summary = "The job."),
};
const struct schema ctl_jobs_id_options =
    SCHEMA("CtlJob", struct id_options, id_fields, .summary = "Which job.");

static void show_line(const struct ctl *ctl, const char *name, const char *value) {
  if (value != NULL) printf("%-14s%s\n", name, ctl_harmless(ctl, value));
}

static void show_time(const struct ctl *ctl, const char *name, int64_t time_ms, bool is_given) {
  if (is_given) show_line(ctl, name, ctl_time(ctl, time_ms));
}

static void show_progress(const struct ctl *ctl, const struct job_view *job,
                          const struct job_ranges *ranges) {
  bool has_total = job->total_given == PRESENCE_GIVEN;
  printf("%-14s%s%s%s\n", "done", ctl_number(ctl, (int64_t)job->done_units), has_total ? " of " : "",
         has_total ? ctl_number(ctl, (int64_t)job->total_units) : "");
  int64_t count =
      ranges->ready + ranges->running + ranges->done + ranges->failed + ranges->dead + ranges->cancelled;
  if (count == 0) return;
  printf("%-14s%lld: %lld done, %lld running, %lld ready, %lld failed, %lld dead, %lld cancelled\n", "ranges",
         (long long)count, (long long)ranges->done, (long long)ranges->running, (long long)ranges->ready,
         (long long)ranges->failed, (long long)ranges->dead, (long long)ranges->cancelled);
}

bool ctl_jobs_show(struct ctl *ctl, const void *options, struct error *error) {
  const struct id_options *id = options;
  struct job_view job;
  struct job_ranges ranges;
  if (!job_view_read(ctl->db, id->job_id, ctl->arena, error, &job) ||
      !job_view_read_ranges(ctl->db, id->job_id, ctl->arena, error, &ranges))
    return false;
  printf("%-14s%" PRIu64 "\n", "job", job.id);
  show_line(ctl, "kind", job.kind);
  show_line(ctl, "params", job.params);
  show_line(ctl, "state", job_state_names[job.state]);
  if (job.cancel_requested) show_line(ctl, "cancel", "asked for");
  show_progress(ctl, &job, &ranges);
  show_line(ctl, "repeats", repeats(ctl, &job));
  printf("%-14s%lld of %lld\n", "attempts", (long long)job.attempts, (long long)job.max_attempts);
  show_line(ctl, "by", job.created_by);
  show_time(ctl, "created", job.created_at_ms, true);
  show_time(ctl, "due", job.run_at_ms, true);
  show_time(ctl, "started", job.started_at_ms, job.started_given == PRESENCE_GIVEN);
  show_time(ctl, "expected", job.done_expected_ms, job.expected_given == PRESENCE_GIVEN);
  show_time(ctl, "finished", job.finished_at_ms, job.finished_given == PRESENCE_GIVEN);
  show_line(ctl, "error", job.error);
  show_line(ctl, "report", job.report);
  return true;
}

bool ctl_jobs_watch(struct ctl *ctl, const void *options, struct error *error) {
  const struct id_options *id = options;
  struct job_view job;
  if (!job_view_read(ctl->db, id->job_id, ctl->arena, error, &job)) return false;
  if (!ctl_sync_wait(ctl, job.kind, id->job_id, error)) return false;
  if (!job_view_read(ctl->db, id->job_id, ctl->arena, error, &job)) return false;
  if (job.state != JOB_DONE) ctl->outcome = CTL_EXIT_FAILED;
  return ctl_jobs_show(ctl, options, error);
}

bool ctl_jobs_cancel(struct ctl *ctl, const void *options, struct error *error) {
  const struct id_options *id = options;
  if (!job_view_ask_to_cancel(ctl->db, id->job_id, ctl->arena, error) || !db_commit(ctl->db, error))
    return false;
  printf("Job %" PRIu64 " ends as soon as it notices.\n", id->job_id);
  return true;
}

bool ctl_jobs_retry(struct ctl *ctl, const void *options, struct error *error) {
  const struct id_options *id = options;
  uint64_t new_id;
  if (!job_view_retry(ctl->db, id->job_id, CTL_ACTOR, ctl->arena, error, &new_id) ||
      !db_commit(ctl->db, error))
    return false;
  printf("%" PRIu64 "\n", new_id);
  return true;
}

/* --- jobs add, kinds ------------------------------------------------------------------------------ */

struct add_options {
  const char *kind;
  const char *params;
  int64_t priority;
  int64_t run_at_ms;
  int64_t repeat_every_s;
  const char *repeat_daily_at;
  const char *dedupe_key;
  int64_t max_attempts;
};

static const struct field add_fields[] = {
    FIELD_TEXT(struct add_options, "kind", kind, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = 64,
               .summary = "What is to be done; see jobs kinds."),
    FIELD_TEXT(struct add_options, "params", params, .maximum = 1048576,
               .summary = "The kind's parameters, as JSON."),
    FIELD_INT(struct add_options, "priority", priority, .minimum = 0, .maximum = 9, .default_text = "5",
              .summary = "0 first to 9 last."),
    FIELD_TIME(struct add_options, "runAt", run_at_ms, .summary = "When; at once where it is not said."),
    FIELD_INT(struct add_options, "repeatEvery", repeat_every_s, .minimum = 1, .maximum = INT32_MAX,
              .summary = "Makes it a schedule: a job every so many seconds."),
    FIELD_TEXT(struct add_options, "repeatDaily", repeat_daily_at, .minimum = 1, .maximum = 8,
               .summary = "Makes it a schedule: a job every day at this time, UTC."),
    FIELD_TEXT(struct add_options, "dedupeKey", dedupe_key, .minimum = 1, .maximum = 190,
               .summary = "Refused while another job with it is ready or running."),
    FIELD_INT(struct add_options, "maxAttempts", max_attempts, .minimum = 1, .maximum = 1000,
              .default_text = "5", .summary = "Tries, where a failure may pass."),
};
const struct schema ctl_jobs_add_options =
    SCHEMA("CtlJobsAdd", struct add_options, add_fields, .summary = "The job.");

/* Complaints about fields are taken for the configuration's elsewhere; these are the row's. */
static bool complain(const struct error *failure, struct error *error) {
  struct buffer text = BUFFER_INIT(ERROR_MESSAGE_BYTES);
  if (failure->field_count == 0) {
    *error = *failure;
    return false;
  }
  for (size_t at = 0; at < failure->field_count; at++)
    buffer_printf(&text, "%s%s %s", at == 0 ? "" : "; ", failure->fields[at].field,
                  failure->fields[at].message);
  error_set(error, failure->code, "%s", buffer_text(&text));
  buffer_free(&text);
  return false;
}

bool ctl_jobs_add(struct ctl *ctl, const void *options, struct error *error) {
  const struct add_options *add = options;
  struct job_order order = {.kind = add->kind,
                            .params = add->params,
                            .priority = add->priority,
                            .run_at_ms = add->run_at_ms,
                            .repeat_every_s = add->repeat_every_s,
                            .repeat_daily_at = add->repeat_daily_at,
                            .dedupe_key = add->dedupe_key,
                            .max_attempts = add->max_attempts,
                            .created_by = CTL_ACTOR};
  uint64_t id;
  struct error failure = ERROR_INIT;
  if (!job_enqueue(ctl->db, &order, ctl->arena, &failure, &id) || !db_commit(ctl->db, &failure))
    return complain(&failure, error);
  printf("%" PRIu64 "\n", id);
  return true;
}

static void print_params(const struct job_kind *kind) {
  for (size_t at = 0; kind->params != NULL && at < kind->params->field_count; at++) {
    const struct field *field = &kind->params->fields[at];
    printf("    %-20s%s%s\n", field->name, (field->flags & FIELD_REQUIRED) != 0 ? "Required. " : "",
           field->summary);
  }
}

bool ctl_jobs_kinds(struct ctl *ctl, const void *options, struct error *error) {
  (void)ctl;
  (void)options;
  (void)error;
  for (const struct job_kind_table *const *table = job_kind_tables; *table != NULL; table++)
    for (size_t at = 0; at < (*table)->count; at++) {
      printf("%s\n  %s\n", (*table)->rows[at].name, (*table)->rows[at].summary);
      print_params(&(*table)->rows[at]);
    }
  return true;
}
