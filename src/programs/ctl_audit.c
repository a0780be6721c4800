/* audit: every learner's columns beside the document, the largest differences first; as of the last pass, of
 * a new one that a job makes, or read here and now. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "learner/audit_pass.h"
#include "programs/ctl_sync.h"
#include "queries/ctl.h"
#include "schema/encode.h"

#include "base/banned.h"

#define AUDIT_PAGE 2000 /* learners of one statement */
#define AUDIT_LIMIT_MAX 100000
#define AUDIT_NAME_BYTES 764 /* 190 characters of a username */

enum audit_format { AUDIT_TABLE, AUDIT_CSV, AUDIT_JSON };
static const char *const audit_format_names[] = {"table", "csv", "json", NULL};

struct audit_options {
  int format; /* enum audit_format */
  uint64_t limit;
  bool refresh;
  bool live;
  bool all;
};

static const struct field audit_fields[] = {
    FIELD_ENUM(struct audit_options, "format", format, .names = audit_format_names, .default_text = "table",
               .summary = "How to print it."),
    FIELD_UINT(struct audit_options, "limit", limit, .minimum = 1, .maximum = AUDIT_LIMIT_MAX,
               .default_text = "100",
               .summary = "At most so many learners, those with the largest differences."),
    FIELD_BOOL(struct audit_options, "refresh", refresh,
               .summary = "Have a new pass made by lockstep-sync, and wait for it."),
    FIELD_BOOL(struct audit_options, "live", live,
               .summary = "Read every learner here and now instead of asking the last pass."),
    FIELD_BOOL(struct audit_options, "all", all, .summary = "Also learners with no difference; with --live."),
};
const struct schema ctl_audit_options =
    SCHEMA("CtlAudit", struct audit_options, audit_fields, .summary = "The audit to print.");

/* What is to be printed. --live: what is kept while all learners pass by, `limit` of them and room for a page
 * more. */
struct audit_pass {
  struct ctl *ctl;
  const struct audit_options *options;
  struct audit_entry *entries;
  char (*names)[AUDIT_NAME_BYTES]; /* a place each; which are free is told by `free_names` */
  size_t *free_names;
  size_t free_count;
  size_t count;
  uint64_t looked_at;
  uint64_t differ;
  int64_t as_of_ms;
};

static bool differs(const struct audit_entry *entry) {
  return entry->token_diff != 0 || entry->question_diff != 0 || entry->correct_diff != 0;
}

static bool pass_open(struct audit_pass *pass, struct ctl *ctl, const struct audit_options *options,
                      struct error *error) {
  size_t places = options->limit + AUDIT_PAGE;
  *pass = (struct audit_pass){.ctl = ctl, .options = options, .as_of_ms = clock_now_ms()};
  pass->entries = arena_alloc_array(ctl->arena, places, sizeof *pass->entries);
  pass->names = arena_alloc_array(ctl->arena, places, sizeof *pass->names);
  pass->free_names = arena_alloc_array(ctl->arena, places, sizeof *pass->free_names);
  if (pass->entries == NULL || pass->names == NULL || pass->free_names == NULL)
    return error_set_memory(error);
  for (size_t at = 0; at < places; at++)
    pass->free_names[pass->free_count++] = at;
  return true;
}

/* The page's memory is taken back, so the name is copied to a place of its own. */
static void pass_keep(struct audit_pass *pass, const struct audit_entry *entry) {
  struct audit_entry *kept = &pass->entries[pass->count++];
  *kept = *entry;
  if (entry->username == NULL) return;
  char *name = pass->names[pass->free_names[--pass->free_count]];
  snprintf(name, AUDIT_NAME_BYTES, "%s", entry->username);
  kept->username = name;
}

static void pass_cut(struct audit_pass *pass) {
  audit_sort(pass->entries, pass->count);
  while (pass->count > pass->options->limit) {
    const char *name = pass->entries[--pass->count].username;
    if (name != NULL)
      pass->free_names[pass->free_count++] = (size_t)(name - pass->names[0]) / AUDIT_NAME_BYTES;
  }
}

static bool pass_page(struct audit_pass *pass, uint64_t from_id, uint64_t to_id, struct error *error,
                      uint64_t *ret_last_id) {
  struct audit_entry *page;
  size_t count;
  struct arena_mark before = arena_mark(pass->ctl->arena);
  if (!audit_read(pass->ctl->db, from_id, to_id, AUDIT_PAGE, pass->ctl->arena, error, &page, &count,
                  ret_last_id))
    return false;
  db_rollback(pass->ctl->db);
  for (size_t at = 0; at < count; at++) {
    bool is_different = differs(&page[at]);
    pass->differ += is_different;
    if (is_different || pass->options->all) pass_keep(pass, &page[at]);
  }
  pass->looked_at += count;
  pass_cut(pass);
  arena_rewind(pass->ctl->arena, before);
  return true;
}

static bool pass_run(struct audit_pass *pass, struct error *error) {
  struct ctl_last_user_row last;
  struct ctl_progress progress;
  bool found;
  bool done = true;
  if (!ctl_last_user(pass->ctl->db, pass->ctl->arena, error, &last, &found)) return false;
  ctl_progress_start(&progress, pass->ctl, "Learners", last.id);
  for (uint64_t from_id = 1; done && from_id <= last.id;) {
    uint64_t last_id;
    done = pass_page(pass, from_id, last.id, error, &last_id);
    if (!done || last_id == 0) break;
    ctl_progress_show(&progress, last_id);
    from_id = last_id + 1;
  }
  ctl_progress_end(&progress);
  return done;
}

/* -- The last pass, or a new one ------------------------------------------------------------ */

static bool pass_find(struct ctl *ctl, uint64_t pass_id, struct error *error,
                      struct audit_summary *ret_summary) {
  bool found;
  if (!audit_pass_find(ctl->db, pass_id, ctl->arena, error, ret_summary, &found)) return false;
  return found ||
         error_set(error, ERROR_NOT_FOUND,
                   "There was no audit yet. --refresh has lockstep-sync make one, --live reads every "
                   "learner here and now.");
}

static bool pass_load(struct audit_pass *pass, struct ctl *ctl, const struct audit_options *options,
                      uint64_t pass_id, struct error *error) {
  struct audit_summary summary;
  uint64_t last_place;
  if (!pass_find(ctl, pass_id, error, &summary)) return false;
  *pass = (struct audit_pass){.ctl = ctl,
                              .options = options,
                              .looked_at = summary.learners,
                              .differ = summary.differ,
                              .as_of_ms = summary.as_of_ms};
  return audit_pass_page(ctl->db, summary.pass_id, 0, options->limit, ctl->arena, error, &pass->entries,
                         &pass->count, &last_place);
}

static bool pass_refresh(struct ctl *ctl, struct error *error, uint64_t *ret_pass_id) {
  static const struct job_order order = {.kind = "audit", .priority = 5, .dedupe_key = "audit:refresh"};
  return ctl_sync_await(ctl, &order, error, ret_pass_id);
}

/* -- Printing ------------------------------------------------------------------------------ */

static const struct ctl_column wide_columns[] = {
    {"LEARNER", true, false},  {"NAME", false, true}, {"TOKENS", true, false},
    {"DOCUMENT", true, false}, {"±", true, false},    {"QUESTIONS", true, false},
    {"DOCUMENT", true, false}, {"±", true, false},    {"CORRECT", true, false},
    {"DOCUMENT", true, false}, {"±", true, false}};
/* Where the terminal is narrow: the document is the column less the difference. */
static const struct ctl_column narrow_columns[] = {
    {"LEARNER", true, false},   {"NAME", false, true}, {"TOKENS", true, false},  {"±", true, false},
    {"QUESTIONS", true, false}, {"±", true, false},    {"CORRECT", true, false}, {"±", true, false}};

static void add_row(struct ctl_table *table, const struct audit_entry *entry, bool is_wide) {
  const struct ctl *ctl = table->ctl;
  const int64_t triples[3][3] = {{entry->table_tokens, entry->json_tokens, entry->token_diff},
                                 {entry->table_questions, entry->json_questions, entry->question_diff},
                                 {entry->table_correct, entry->json_correct, entry->correct_diff}};
  char id[24];
  const char *cells[CTL_COLUMNS_MAX];
  size_t count = 0;
  snprintf(id, sizeof id, "%" PRIu64, entry->user_id);
  cells[count++] = arena_strdup(ctl->arena, id);
  cells[count++] = entry->username;
  for (size_t at = 0; at < ARRAY_LENGTH(triples); at++) {
    cells[count++] = ctl_number(ctl, triples[at][0]);
    if (is_wide) cells[count++] = entry->has_document ? ctl_number(ctl, triples[at][1]) : NULL;
    cells[count++] = ctl_difference(ctl, triples[at][2]);
  }
  ctl_table_add(table, differs(entry) ? CTL_YELLOW : CTL_PLAIN, cells);
}

static bool fill_table(const struct audit_pass *pass, bool is_wide, struct ctl_table *table,
                       struct error *error) {
  const struct ctl_column *columns = is_wide ? wide_columns : narrow_columns;
  size_t count = is_wide ? ARRAY_LENGTH(wide_columns) : ARRAY_LENGTH(narrow_columns);
  if (!ctl_table_open(table, pass->ctl, columns, count, pass->count, error)) return false;
  for (size_t at = 0; at < pass->count; at++)
    add_row(table, &pass->entries[at], is_wide);
  return true;
}

static void print_summary(const struct audit_pass *pass, FILE *stream) {
  const struct ctl *ctl = pass->ctl;
  char as_of[CLOCK_ISO_BYTES];
  clock_format_ms(pass->as_of_ms, as_of);
  if (!pass->options->live) (void)fprintf(stream, "As of %s. ", as_of);
  (void)fprintf(stream, "Looked at %s %s; %s.\n", ctl_number(ctl, (int64_t)pass->looked_at),
                pass->looked_at == 1 ? "learner" : "learners",
                pass->differ == 0 ? "columns and documents agree everywhere"
                : pass->differ == 1
                    ? "1 differs"
                    : arena_printf(ctl->arena, "%s differ", ctl_number(ctl, (int64_t)pass->differ)));
  uint64_t wanted = pass->options->all ? pass->looked_at : pass->differ;
  if (wanted > pass->count)
    (void)fprintf(stream, "The first %s are shown; --limit shows more.\n",
                  ctl_number(ctl, (int64_t)pass->count));
}

static bool print_table(const struct audit_pass *pass, struct error *error) {
  struct ctl_table table;
  if (pass->count > 0) {
    if (!fill_table(pass, true, &table, error)) return false;
    if (ctl_table_width(&table) > pass->ctl->width && !fill_table(pass, false, &table, error)) return false;
    ctl_table_print(&table, stdout);
    (void)printf("\n");
  }
  print_summary(pass, stdout);
  return true;
}

static bool print_csv(const struct audit_pass *pass, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  audit_write_csv(pass->entries, pass->count, &text);
  if (!ctl_write(&text, error)) return false;
  print_summary(pass, stderr);
  return true;
}

struct audit_report {
  int64_t as_of_ms;
  uint64_t looked_at;
  uint64_t differ;
  struct field_list learners; /* struct audit_entry */
};

static const struct field report_fields[] = {
    FIELD_TIME(struct audit_report, "asOf", as_of_ms, .flags = FIELD_REQUIRED,
               .summary = "When the pass ended, or the reading began."),
    FIELD_UINT(struct audit_report, "lookedAt", looked_at, .flags = FIELD_REQUIRED,
               .summary = "Learners read."),
    FIELD_UINT(struct audit_report, "differ", differ, .flags = FIELD_REQUIRED,
               .summary = "Those whose columns and document differ."),
    FIELD_LIST(struct audit_report, "learners", learners, .flags = FIELD_REQUIRED,
               .object = &audit_entry_schema, .maximum = AUDIT_LIMIT_MAX,
               .summary = "The largest token difference first."),
};
static const struct schema report_schema =
    SCHEMA("CtlAuditReport", struct audit_report, report_fields, .summary = "An audit of all learners.");

static bool print_json(const struct audit_pass *pass, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  struct audit_report report = {.as_of_ms = pass->as_of_ms,
                                .looked_at = pass->looked_at,
                                .differ = pass->differ,
                                .learners = {.items = pass->entries, .count = pass->count}};
  schema_encode_json(&report_schema, &report, &text);
  buffer_append_char(&text, '\n');
  return ctl_write(&text, error);
}

bool ctl_audit_print(struct ctl *ctl, const void *options, struct error *error) {
  const struct audit_options *audit = options;
  struct audit_pass pass;
  uint64_t pass_id = 0;
  if (audit->all && !audit->live)
    return error_set(error, ERROR_MALFORMED,
                     "A pass keeps only learners who differ: --all goes with --live.");
  if (audit->refresh && audit->live)
    return error_set(error, ERROR_MALFORMED, "--refresh has a pass made, --live needs none: one of them.");
  if (audit->refresh && !pass_refresh(ctl, error, &pass_id)) return false;
  if (audit->live ? !pass_open(&pass, ctl, audit, error) || !pass_run(&pass, error)
                  : !pass_load(&pass, ctl, audit, pass_id, error))
    return false;
  ctl->outcome = pass.differ == 0 ? CTL_EXIT_OK : CTL_EXIT_FAILED;
  if (audit->format == AUDIT_CSV) return print_csv(&pass, error);
  return audit->format == AUDIT_JSON ? print_json(&pass, error) : print_table(&pass, error);
}
