/* import-json: brings the files of the application before in. */
#include <string.h>

#include "base/clock.h"
#include "learner/import.h"
#include "programs/ctl_print.h"
#include "programs/ctl_sync.h"
#include "schema/encode.h"

#include "base/banned.h"

#define REJECTS_SUFFIX ".rejects"
#define TRANSACTION_MS INT64_C(60000) /* nobody waits for an answer: rather late than not */
#define KIB 1024

struct import_call {
  struct import_options options;
  bool json;
};

static const struct field import_fields[] = {
    FIELD_TEXT(struct import_call, "directory", options.directory, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = 4000, .summary = "Holds attempts_<user>.json files and streaks.json."),
    FIELD_BOOL(struct import_call, "dryRun", options.dry_run,
               .summary = "Says what would be done, and writes nothing."),
    FIELD_BOOL(struct import_call, "createUsers", options.create_users,
               .summary = "Creates learners who are not known; without it their entries are kept aside."),
    FIELD_ENUM(struct import_call, "users", options.users, .names = import_users_names,
               .default_text = "auto",
               .summary = "What the learners' names are; auto tries what auth.subject makes likely."),
    FIELD_TEXT(struct import_call, "module", options.module, .minimum = 1, .maximum = 96,
               .default_text = "imported",
               .summary = "Where entries count whose module neither they nor their exercise tell."),
    FIELD_ENUM(struct import_call, "tokens", options.tokens, .names = import_tokens_names,
               .default_text = "none",
               .summary = "What entries earn that do not say: nothing, or the exercise's tokens or "
                          "answers.default_tokens where right."),
    FIELD_TEXT(struct import_call, "timeZone", options.time_zone, .minimum = 1, .maximum = 63,
               .default_text = "UTC", .summary = "Of learners who are created and name none."),
    FIELD_TEXT(struct import_call, "rejects", options.rejects, .minimum = 1, .maximum = 4000,
               .summary = "Where entries that cannot be taken are kept; DIRECTORY.rejects where not given."),
    FIELD_UINT(struct import_call, "connections", options.connections, .minimum = 1,
               .maximum = IMPORT_CONNECTIONS_MAX, .default_text = "4",
               .summary = "How many files are read at once, a database connection each."),
    FIELD_UINT(struct import_call, "complaints", options.complaints_shown, .minimum = 0,
               .maximum = IMPORT_COMPLAINTS_MAX, .default_text = "20",
               .summary = "How many of the entries that cannot be taken are listed."),
    FIELD_BOOL(struct import_call, "json", json, .summary = "The figures as one JSON object."),
};
const struct schema ctl_import_options =
    SCHEMA("CtlImport", struct import_call, import_fields, .summary = "What to import, and how.");

/* -- The figures --------------------------------------------------------------------------- */

static const struct field counts_fields[] = {
    FIELD_UINT(struct import_counts, "read", read, .flags = FIELD_REQUIRED, .summary = "All."),
    FIELD_UINT(struct import_counts, "imported", imported, .flags = FIELD_REQUIRED, .summary = "Now."),
    FIELD_UINT(struct import_counts, "alreadyThere", known, .flags = FIELD_REQUIRED, .summary = "Before."),
    FIELD_UINT(struct import_counts, "rejected", rejected, .flags = FIELD_REQUIRED, .summary = "Kept aside."),
};
static const struct schema counts_schema =
    SCHEMA("CtlImportCounts", struct import_counts, counts_fields, .summary = "What became of entries.");

struct import_figures {
  bool dry_run;
  struct import_report report;
  double seconds;
  struct field_list complaints; /* const char * */
};

static const struct field figures_fields[] = {
    FIELD_BOOL(struct import_figures, "dryRun", dry_run, .flags = FIELD_REQUIRED,
               .summary = "Nothing was written."),
    FIELD_UINT(struct import_figures, "files", report.files, .flags = FIELD_REQUIRED, .summary = "Read."),
    FIELD_UINT(struct import_figures, "filesBroken", report.files_broken, .flags = FIELD_REQUIRED,
               .summary = "Not read to their end."),
    FIELD_UINT(struct import_figures, "learnersCreated", report.learners_created, .flags = FIELD_REQUIRED,
               .summary = "New ones."),
    FIELD_OBJECT(struct import_figures, "attempts", report.attempts, .object = &counts_schema,
                 .flags = FIELD_REQUIRED, .summary = "Entries of attempts_<user>.json."),
    FIELD_OBJECT(struct import_figures, "streaks", report.streaks, .object = &counts_schema,
                 .flags = FIELD_REQUIRED, .summary = "Entries of streaks.json."),
    FIELD_NUMBER(struct import_figures, "seconds", seconds, .flags = FIELD_REQUIRED, .summary = "It took."),
    FIELD_LIST(struct import_figures, "complaints", complaints, .item_kind = FIELD_KIND_TEXT,
               .maximum = IMPORT_COMPLAINTS_MAX, .flags = FIELD_REQUIRED, .summary = "The first ones."),
};
static const struct schema figures_schema =
    SCHEMA("CtlImportFigures", struct import_figures, figures_fields, .summary = "What an import did.");

static bool print_json(const struct import_figures *figures, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  schema_encode_json(&figures_schema, figures, &text);
  buffer_append_char(&text, '\n');
  return ctl_write(&text, error);
}

static const struct ctl_column columns[] = {{"ENTRIES OF", false, false},
                                            {"READ", true, false},
                                            {"IMPORTED", true, false},
                                            {"ALREADY THERE", true, false},
                                            {"REJECTED", true, false}};

static void add_counts(struct ctl_table *table, const struct ctl *ctl, const char *what,
                       const struct import_counts *counts) {
  const char *cells[] = {what, ctl_number(ctl, (int64_t)counts->read),
                         ctl_number(ctl, (int64_t)counts->imported), ctl_number(ctl, (int64_t)counts->known),
                         ctl_number(ctl, (int64_t)counts->rejected)};
  ctl_table_add(table, counts->rejected > 0 ? CTL_YELLOW : CTL_PLAIN, cells);
}

static void print_complaints(const struct ctl *ctl, const struct import_report *report) {
  uint64_t all = report->attempts.rejected + report->streaks.rejected + report->files_broken;
  for (size_t at = 0; at < report->complaint_count; at++)
    (void)fprintf(stderr, "%s\n", ctl_harmless(ctl, report->complaints[at]));
  if (all > report->complaint_count && report->complaint_count > 0)
    (void)fprintf(stderr, "… and %s more.\n", ctl_number(ctl, (int64_t)(all - report->complaint_count)));
}

static bool print_figures(const struct ctl *ctl, const struct import_options *options,
                          const struct import_figures *figures, struct error *error) {
  const struct import_report *report = &figures->report;
  struct ctl_table table;
  print_complaints(ctl, report);
  if (!ctl_table_open(&table, ctl, columns, ARRAY_LENGTH(columns), 2, error)) return false;
  add_counts(&table, ctl, "attempts_<user>.json", &report->attempts);
  add_counts(&table, ctl, "streaks.json", &report->streaks);
  ctl_table_print(&table, stdout);
  (void)printf(
      "\n%s files in %.1f s, %s of them broken; %s learners %s.\n", ctl_number(ctl, (int64_t)report->files),
      figures->seconds, ctl_number(ctl, (int64_t)report->files_broken),
      ctl_number(ctl, (int64_t)report->learners_created), options->dry_run ? "would be created" : "created");
  if (options->dry_run) {
    (void)printf("Nothing was written: this was a dry run.\n");
  } else if (report->attempts.rejected + report->streaks.rejected > 0) {
    (void)printf("What was rejected is kept in %s, each entry with the reason. Mended there, it is imported "
                 "by: " CTL_PROGRAM " import-json %s\n",
                 options->rejects, options->rejects);
  }
  return true;
}

/* -- The command --------------------------------------------------------------------------- */

static void drop_pool(struct pool **pool) {
  if (*pool != NULL) pool_free(*pool);
}
static void drop_ledger(struct ledger **ledger) { ledger_free(*ledger); }

struct shown {
  const struct ctl *ctl;
  struct ctl_progress progress;
};

static void show(void *context, uint64_t done_bytes, uint64_t total_bytes) {
  struct shown *shown = context;
  if (shown->progress.what == NULL)
    ctl_progress_start(&shown->progress, shown->ctl, "KiB", total_bytes / KIB);
  ctl_progress_show(&shown->progress, done_bytes / KIB);
}

static bool complete_options(struct ctl *ctl, struct import_options *options, struct error *error) {
  size_t bytes = strlen(options->directory);
  while (bytes > 1 && options->directory[bytes - 1] == '/')
    bytes--;
  options->actor = CTL_ACTOR;
  options->directory = arena_strndup(ctl->arena, options->directory, bytes);
  if (options->directory != NULL && options->rejects == NULL)
    options->rejects = arena_printf(ctl->arena, "%s" REJECTS_SUFFIX, options->directory);
  if (options->directory == NULL || options->rejects == NULL) return error_set_memory(error);
  return import_check(options, error);
}

static bool import(struct ctl *ctl, const struct import_options *options, struct error *error,
                   struct import_report *ret_report) {
  CLEANUP(drop_pool) struct pool *pool = NULL;
  CLEANUP(drop_ledger) struct ledger *ledger = NULL;
  struct shown shown = {.ctl = ctl};
  ctl->config.database.transaction_timeout_ms = TRANSACTION_MS;
  if (!pool_new(&ctl->config.database, options->connections, error, &pool) ||
      !ledger_new(pool, &ctl->config.database, error, &ledger))
    return false;
  bool done = import_run(ledger, &ctl->config, options, show, &shown, ctl->arena, error, ret_report);
  ctl_progress_end(&shown.progress);
  return done;
}

bool ctl_import_run(struct ctl *ctl, const void *options, struct error *error) {
  struct import_call call = *(const struct import_call *)options;
  struct import_figures figures = {.dry_run = call.options.dry_run};
  int64_t started_ms = clock_monotonic_ms();
  if (!complete_options(ctl, &call.options, error) || !import(ctl, &call.options, error, &figures.report))
    return false;
  figures.seconds = (double)(clock_monotonic_ms() - started_ms) / 1000;
  figures.complaints = (struct field_list){.items = (void *)figures.report.complaints,
                                           .count = figures.report.complaint_count};
  if (figures.report.attempts.rejected + figures.report.streaks.rejected + figures.report.files_broken > 0)
    ctl->outcome = CTL_EXIT_FAILED;
  return call.json ? print_json(&figures, error) : print_figures(ctl, &call.options, &figures, error);
}
