/* enrollments export, enrollments import: as CSV, which is how administrators move them. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "db/pool.h"
#include "enroll/roster.h"
#include "programs/ctl_print.h"

#include "base/banned.h"

#define CONNECTIONS 2
#define PATH_BYTES_MAX 4096
#define REJECTED ".rejected.csv"

/* --- export ------------------------------------------------------------------------------------------ */

struct export_options {
  uint64_t course;
  uint64_t user;
  bool bom;
};

static const struct field export_fields[] = {
    FIELD_UINT(struct export_options, "course", course, .maximum = INT64_MAX,
               .summary = "Only of this course."),
    FIELD_UINT(struct export_options, "user", user, .flags = FIELD_USER, .maximum = INT64_MAX,
               .summary = "Only of this learner."),
    FIELD_BOOL(struct export_options, "bom", bom,
               .summary = "Begin with a byte order mark, by which some spreadsheets know UTF-8."),
};
const struct schema ctl_enrollments_export_options =
    SCHEMA("CtlEnrollmentsExport", struct export_options, export_fields, .summary = "Which enrollments.");

static bool write_lines(void *context, const struct buffer *lines, struct error *error) {
  (void)context;
  return ctl_write(lines, error);
}

bool ctl_enrollments_export(struct ctl *ctl, const void *options, struct error *error) {
  const struct export_options *export = options;
  struct roster_selection selection = {.from_user = export->user == 0 ? 1 : export->user,
                                       .to_user = export->user == 0 ? INT64_MAX : export->user,
                                       .course_id = export->course};
  if (export->bom) (void)fputs("\xEF\xBB\xBF", stdout);
  return roster_export(ctl->db, &selection, ctl->arena, write_lines, NULL, error);
}

/* --- import ------------------------------------------------------------------------------------------ */

struct import_options {
  const char *file;
  bool dry_run;
  bool remove_missing;
  const char *max_removals;
  const char *rejected;
};

/* "50" or "10%" */
static bool parse_limit(const char *text, uint64_t *ret_limit, bool *ret_is_percent) {
  size_t digits = strspn(text, "0123456789");
  bool is_percent = strcmp(text + digits, "%") == 0;
  if (digits == 0 || digits > 9 || (!is_percent && text[digits] != '\0')) return false;
  *ret_limit = strtoull(text, NULL, 10);
  *ret_is_percent = is_percent;
  return !is_percent || *ret_limit <= 100;
}

static bool check_limit(const void *value, struct error *error) {
  uint64_t limit;
  bool is_percent;
  if (parse_limit(*(const char *const *)value, &limit, &is_percent)) return true;
  snprintf(error->message, sizeof error->message, "must be a number, or a share such as 10%%");
  return false;
}

static const struct field import_fields[] = {
    FIELD_TEXT(struct import_options, "file", file, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = PATH_BYTES_MAX, .summary = "The CSV file."),
    FIELD_BOOL(struct import_options, "dryRun", dry_run, .summary = "Say what would happen, and do nothing."),
    FIELD_BOOL(struct import_options, "removeMissing", remove_missing,
               .summary = "Unenrol the students of the file's courses whom it does not name."),
    FIELD_TEXT(struct import_options, "maxRemovals", max_removals, .default_text = "10%", .minimum = 1,
               .maximum = 10, .check = check_limit,
               .summary =
                   "How many enrollments the file may remove: a number, or a share of those that stand "
                   "in its courses."),
    FIELD_TEXT(struct import_options, "rejected", rejected, .minimum = 1, .maximum = PATH_BYTES_MAX,
               .summary = "Where lines that cannot be taken are kept; FILE" REJECTED " by default."),
};
const struct schema ctl_enrollments_import_options =
    SCHEMA("CtlEnrollmentsImport", struct import_options, import_fields, .summary = "Which file, and how.");

struct import {
  struct ctl *ctl;
  const struct import_options *options;
  FILE *file;
  FILE *rejected; /* opened with the first line that is kept */
  const char *rejected_path;
  struct ctl_progress bars[2]; /* of the two readings */
  bool has_bar[2];
  uint64_t bytes;
};

static void import_end(struct import *import) {
  if (import->file != NULL) (void)fclose(import->file);
  if (import->rejected != NULL) (void)fclose(import->rejected);
}

static bool cannot(struct error *error, const char *what, const char *path) {
  return error_set(error, ERROR_UNAVAILABLE, "%s cannot be %s: %s.", path, what, strerror(errno));
}

/* The header comes first: what is kept can be put right and brought again. */
static bool open_rejected(struct import *import, struct error *error) {
  struct sheet *sheet = NULL;
  FILE *original;
  if (import->rejected != NULL) return true;
  original = fopen(import->options->file, "rb");
  if (original == NULL) return cannot(error, "read", import->options->file);
  bool done = sheet_open(original, error, &sheet);
  import->rejected = done ? fopen(import->rejected_path, "wb") : NULL;
  if (done && import->rejected == NULL) done = cannot(error, "written", import->rejected_path);
  if (done) (void)fprintf(import->rejected, "%s\r\n", sheet_header(sheet)->raw);
  sheet_close(sheet);
  (void)fclose(original);
  return done;
}

static bool on_bad(void *context, const struct sheet_row *row, const char *column, const char *why,
                   struct error *error) {
  struct import *import = context;
  (void)fprintf(stderr, "%s:%" PRIu64, import->options->file, row->first_line);
  if (row->last_line != row->first_line) (void)fprintf(stderr, "-%" PRIu64, row->last_line);
  (void)fprintf(stderr, column == NULL ? ": %s%s\n" : ": %s: %s\n", column == NULL ? "" : column, why);
  if (import->options->dry_run) return true;
  if (!open_rejected(import, error)) return false;
  if (fwrite(row->raw, 1, row->raw_bytes, import->rejected) != row->raw_bytes ||
      fputs("\r\n", import->rejected) == EOF)
    return cannot(error, "written", import->rejected_path);
  return true;
}

static void on_progress(void *context, bool is_second) {
  struct import *import = context;
  long at = ftell(import->file);
  if (!import->has_bar[is_second]) {
    if (is_second) ctl_progress_end(&import->bars[0]);
    ctl_progress_start(&import->bars[is_second], import->ctl, is_second ? "Enrolling" : "Looking",
                       import->bytes);
    import->has_bar[is_second] = true;
  }
  ctl_progress_show(&import->bars[is_second], at < 0 ? 0 : (uint64_t)at);
}

static bool open_file(struct import *import, struct error *error) {
  const struct import_options *options = import->options;
  struct stat status;
  import->file = fopen(options->file, "rb");
  if (import->file == NULL) return cannot(error, "read", options->file);
  if (fstat(fileno(import->file), &status) != 0 || !S_ISREG(status.st_mode))
    return error_set(error, ERROR_UNPROCESSABLE, "%s is no file: a list is read twice.", options->file);
  import->bytes = (uint64_t)status.st_size;
  import->rejected_path = options->rejected != NULL
                              ? options->rejected
                              : arena_printf(import->ctl->arena, "%s" REJECTED, options->file);
  if (import->rejected_path == NULL) return error_set_memory(error);
  ino_t own = status.st_ino;
  dev_t device = status.st_dev;
  if (stat(import->rejected_path, &status) == 0 && status.st_ino == own && status.st_dev == device)
    return error_set(error, ERROR_UNPROCESSABLE, "%s is the list itself.", import->rejected_path);
  return true;
}

static void print_figure(const struct ctl *ctl, const char *what, uint64_t count) {
  (void)printf("  %-28s %12s\n", what, ctl_number(ctl, (int64_t)count));
}

static void print_report(const struct import *import, const struct roster_report *report) {
  const struct ctl *ctl = import->ctl;
  bool is_dry = !report->has_written;
  const struct {
    const char *did;
    const char *would;
    uint64_t count;
  } figures[] = {
      {"enrolled", "would enrol", report->enrolled},
      {"enrolled again", "would enrol again", report->enrolled_again},
      {"put right", "would put right", report->mended},
      {"unenrolled", "would unenrol", report->unenrolled},
      {"unenrolled as missing", "would unenrol as missing", report->unenrolled_missing},
      {"as they should be", "as they should be", report->unchanged},
      {"said already", "said already", report->repeated},
      {"cannot be taken", "cannot be taken", report->bad},
  };
  print_figure(ctl, "lines", report->lines);
  print_figure(ctl, "courses", report->courses);
  print_figure(ctl, "enrollments in them before", report->standing);
  for (size_t at = 0; at < ARRAY_LENGTH(figures); at++)
    if (figures[at].count > 0)
      print_figure(ctl, is_dry ? figures[at].would : figures[at].did, figures[at].count);
  if (is_dry) (void)printf("Nothing was changed.\n");
  if (import->rejected != NULL)
    (void)printf("Lines that could not be taken are in %s.\n", import->rejected_path);
}

static void drop_pool(struct pool **pool) {
  if (*pool != NULL) pool_free(*pool);
}
static void drop_ledger(struct ledger **ledger) { ledger_free(*ledger); }

static bool run_import(struct import *import, struct error *error) {
  CLEANUP(drop_pool) struct pool *pool = NULL;
  CLEANUP(drop_ledger) struct ledger *ledger = NULL;
  struct ctl *ctl = import->ctl;
  struct roster_order order = {.file = import->file,
                               .is_dry_run = import->options->dry_run,
                               .removes_missing = import->options->remove_missing,
                               .actor = CTL_PROGRAM,
                               .deadline_ms = INT64_MAX,
                               .on_bad = on_bad,
                               .on_progress = on_progress,
                               .context = import};
  struct roster_report report = {.lines = 0};
  if (!parse_limit(import->options->max_removals, &order.max_removals, &order.is_percent))
    return error_set(error, ERROR_MALFORMED, "--max-removals must be a number, or a share such as 10%%.");
  if (!pool_new(&ctl->config.database, CONNECTIONS, error, &pool) ||
      !ledger_new(pool, &ctl->config.database, error, &ledger))
    return false;
  bool done = roster_import(ledger, pool, &order, ctl->arena, error, &report);
  for (size_t at = 0; at < ARRAY_LENGTH(import->bars); at++)
    ctl_progress_end(&import->bars[at]);
  if (done || report.lines > 0) print_report(import, &report);
  if (report.bad > 0) ctl->outcome = CTL_EXIT_FAILED;
  return done;
}

bool ctl_enrollments_import(struct ctl *ctl, const void *options, struct error *error) {
  CLEANUP(import_end) struct import import = {.ctl = ctl, .options = options};
  return open_file(&import, error) && run_import(&import, error);
}
