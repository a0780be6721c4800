#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "programs/ctl_print.h"
#include "programs/ctl_user.h"
#include "schema/decode.h"

#include "base/banned.h"

#define CHANGES_MAX 10000 /* LEDGER_CHANGES_MAX of one entry */
#define CHANGES_SHOWN 6

static void print_fact(const struct ctl *ctl, const char *name, const char *value) {
  (void)printf("  %s%-12s%s %s\n", ctl_colour_on(ctl, CTL_FAINT), name, ctl_colour_off(ctl, CTL_FAINT),
               value == NULL ? "–" : ctl_harmless(ctl, value));
}

static const char *streak_text(const struct ctl *ctl, const struct user_streak *streak) {
  char day[CLOCK_DAY_BYTES];
  if (streak->last_day_given != PRESENCE_GIVEN) return "never practised";
  clock_format_day(streak->last_day, day);
  return arena_printf(ctl->arena, "%" PRId64 " %s in a row, %" PRId64 " at the longest; last practised on %s",
                      streak->current, streak->current == 1 ? "day" : "days", streak->longest, day);
}

static void print_facts(const struct ctl *ctl, const struct user_report *report) {
  const char *name = report->username != NULL ? report->username : report->is_anonymous ? "anonymous" : NULL;
  (void)printf("%sLearner %" PRIu64 "%s%s%s%s\n", ctl_colour_on(ctl, CTL_BOLD), report->id,
               name == NULL ? "" : ", ", name == NULL ? "" : ctl_harmless(ctl, name),
               ctl_colour_off(ctl, CTL_BOLD), report->is_deleted ? " (deleted)" : "");
  if (report->merged_into_given == PRESENCE_GIVEN)
    print_fact(ctl, "Merged into", ctl_number(ctl, (int64_t)report->merged_into));
  print_fact(ctl, "Name", report->display_name);
  print_fact(ctl, "Role", report->is_anonymous ? "anonymous" : report->role);
  if (report->subject != NULL) print_fact(ctl, "Subject", report->subject);
  print_fact(ctl, "Time zone", report->time_zone);
  print_fact(ctl, "Since", ctl_time(ctl, report->created_at_ms));
  print_fact(ctl, "Revision", ctl_number(ctl, (int64_t)report->revision));
  print_fact(ctl, "Streak", streak_text(ctl, &report->streak));
}

/* -- Totals -------------------------------------------------------------------------------- */

static const struct ctl_column total_columns[] = {
    {"", false, true}, {"TOKENS", true, false}, {"QUESTIONS", true, false}, {"CORRECT", true, false}};

static void add_totals(struct ctl_table *table, const char *name, const struct user_totals *totals,
                       enum ctl_colour colour) {
  const char *cells[] = {name, ctl_number(table->ctl, totals->tokens),
                         ctl_number(table->ctl, totals->questions), ctl_number(table->ctl, totals->correct)};
  ctl_table_add(table, colour, cells);
}

static bool print_totals(const struct ctl *ctl, const struct user_report *report, struct error *error) {
  const struct user_module *modules = report->modules.items;
  struct ctl_table table;
  enum ctl_colour colour = report->agrees ? CTL_PLAIN : CTL_YELLOW;
  if (!ctl_table_open(&table, ctl, total_columns, ARRAY_LENGTH(total_columns), report->modules.count + 3,
                      error))
    return false;
  add_totals(&table, "columns", &report->columns, colour);
  add_totals(&table, "global_stats", &report->global_stats, colour);
  add_totals(&table, "modules", &report->module_sums, colour);
  for (size_t at = 0; at < report->modules.count; at++) {
    const char *name = arena_printf(ctl->arena, "  %s", modules[at].key);
    if (name == NULL) return error_set_memory(error);
    add_totals(&table, name, &modules[at].totals, CTL_FAINT);
  }
  (void)printf("\n");
  ctl_table_print(&table, stdout);
  (void)printf("%s\n",
               report->agrees
                   ? "Columns, global_stats and modules agree."
                   : "They differ; the learner's next read, or sync-user-data, heals what the rules say.");
  return true;
}

/* -- History ------------------------------------------------------------------------------- */

struct shown_change {
  const char *what;
  const char *key;
  int64_t by;
  const char *because;
};

struct shown_changes {
  struct field_list changes;
};

static const struct field change_fields[] = {
    FIELD_TEXT(struct shown_change, "what", what, .flags = FIELD_REQUIRED, .summary = "What moved."),
    FIELD_TEXT(struct shown_change, "key", key, .summary = "Which one."),
    FIELD_INT(struct shown_change, "by", by, .summary = "How far."),
    FIELD_TEXT(struct shown_change, "because", because, .summary = "Because of what."),
};
static const struct schema change_schema =
    SCHEMA("CtlChange", struct shown_change, change_fields, .summary = "A change in the history.");
static const struct field changes_fields[] = {
    FIELD_LIST(struct shown_changes, "changes", changes, .object = &change_schema, .maximum = CHANGES_MAX,
               .summary = "All of one entry."),
};
static const struct schema changes_schema =
    SCHEMA("CtlChanges", struct shown_changes, changes_fields, .summary = "The changes of one entry.");

static void append_change(const struct shown_change *change, struct buffer *buffer) {
  buffer_append_text(buffer, change->what);
  if (change->by != 0) buffer_printf(buffer, " %s%" PRId64, change->by > 0 ? "+" : "", change->by);
  if (change->key != NULL) buffer_printf(buffer, " %s", change->key);
}

/* "questions +1 math, tokens +5 math (exercise ex-7)"; the text itself where it is of another shape. */
static const char *changes_text(const struct ctl *ctl, const char *json) {
  struct error ignored = ERROR_INIT;
  struct shown_changes shown;
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  const char *wrapped = arena_printf(ctl->arena, "{\"changes\":%s}", json);
  if (wrapped == NULL || !schema_decode_json(&changes_schema, wrapped, strlen(wrapped), UNKNOWN_IGNORED,
                                             ctl->arena, &shown, &ignored))
    return json;
  const struct shown_change *changes = shown.changes.items;
  const char *because = shown.changes.count == 0 ? NULL : changes[0].because;
  for (size_t at = 0; at < shown.changes.count && at < CHANGES_SHOWN; at++) {
    if (at > 0) buffer_append_text(&text, ", ");
    append_change(&changes[at], &text);
  }
  if (shown.changes.count > CHANGES_SHOWN)
    buffer_printf(&text, ", %zu more", shown.changes.count - CHANGES_SHOWN);
  if (because != NULL) buffer_printf(&text, " (%s)", because);
  const char *copy = arena_strdup(ctl->arena, buffer_text(&text));
  return copy == NULL ? json : copy;
}

static const struct ctl_column history_columns[] = {{"REVISION", true, false},
                                                    {"RECORDED (UTC)", false, false},
                                                    {"KIND", false, false},
                                                    {"ACTOR", false, false},
                                                    {"CHANGES", false, true}};

static bool print_history(const struct ctl *ctl, const struct user_report *report, struct error *error) {
  const struct history_entry *entries = report->history.entries.items;
  size_t count = report->history.entries.count;
  struct ctl_table table;
  if (count == 0) {
    (void)printf("\nThe history is empty.\n");
    return true;
  }
  if (!ctl_table_open(&table, ctl, history_columns, ARRAY_LENGTH(history_columns), count, error))
    return false;
  for (size_t at = 0; at < count; at++) {
    const char *cells[] = {ctl_number(ctl, (int64_t)entries[at].revision), ctl_time(ctl, entries[at].at_ms),
                           entries[at].kind, entries[at].actor, changes_text(ctl, entries[at].changes)};
    ctl_table_add(&table, CTL_PLAIN, cells);
  }
  (void)printf("\n");
  ctl_table_print(&table, stdout);
  if (report->history.next_after_given == PRESENCE_GIVEN)
    (void)printf("There is more; --entries shows it.\n");
  return true;
}

bool ctl_user_print(struct ctl *ctl, const struct user_report *report, struct error *error) {
  print_facts(ctl, report);
  return print_totals(ctl, report, error) && print_history(ctl, report, error);
}
