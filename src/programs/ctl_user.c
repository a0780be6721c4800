/* user show: everything about one learner, in one snapshot. */
#include "programs/ctl_user.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/user_id.h"
#include "base/zone.h"
#include "http/auth.h"
#include "learner/document.h"
#include "learner/streak.h"
#include "schema/encode.h"

#include "base/banned.h"

#define ENTRIES_MAX 1000

static const struct field options_fields[] = {
    FIELD_TEXT(struct user_show_options, "who", who, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = AUTH_NAME_MAX, .summary = "The learner's id, or name to sign in with."),
    FIELD_UINT(struct user_show_options, "entries", entries, .minimum = 1, .maximum = ENTRIES_MAX,
               .default_text = "5", .summary = "How much of the history, newest first."),
    FIELD_BOOL(struct user_show_options, "json", json, .summary = "As one JSON object."),
};
const struct schema ctl_user_show_options =
    SCHEMA("CtlUserShow", struct user_show_options, options_fields, .summary = "The learner to show.");

/* -- The fields of the JSON ---------------------------------------------------------------- */

static const struct field totals_fields[] = {
    FIELD_INT(struct user_totals, "tokens", tokens, .flags = FIELD_REQUIRED, .summary = "Tokens."),
    FIELD_INT(struct user_totals, "questions", questions, .flags = FIELD_REQUIRED,
              .summary = "Questions answered."),
    FIELD_INT(struct user_totals, "correct", correct, .flags = FIELD_REQUIRED,
              .summary = "Answered correctly."),
};
static const struct schema totals_schema =
    SCHEMA("CtlUserTotals", struct user_totals, totals_fields, .summary = "The three totals.");

static const struct field module_fields[] = {
    FIELD_TEXT(struct user_module, "module", key, .flags = FIELD_REQUIRED, .summary = "Its key."),
    FIELD_OBJECT(struct user_module, "totals", totals, .object = &totals_schema, .flags = FIELD_REQUIRED,
                 .summary = "What the document says of it."),
};
static const struct schema module_schema =
    SCHEMA("CtlUserModule", struct user_module, module_fields, .summary = "A module of the document.");

static const struct field streak_fields[] = {
    FIELD_INT(struct user_streak, "current", current, .flags = FIELD_REQUIRED,
              .summary = "As it stands today."),
    FIELD_INT(struct user_streak, "longest", longest, .flags = FIELD_REQUIRED,
              .summary = "The longest there was."),
    FIELD_DAY(struct user_streak, "lastPracticeDate", last_day, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
              .presence = PRESENCE(struct user_streak, last_day_given),
              .summary = "The learner's own calendar day."),
};
static const struct schema streak_schema =
    SCHEMA("CtlUserStreak", struct user_streak, streak_fields, .summary = "Days in a row.");

static const struct field report_fields[] = {
    FIELD_UINT(struct user_report, "id", id, .flags = FIELD_REQUIRED, .summary = "users.id"),
    FIELD_TEXT(struct user_report, "username", username, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Name to sign in with."),
    FIELD_TEXT(struct user_report, "displayName", display_name, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Name to show."),
    FIELD_TEXT(struct user_report, "subject", subject, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The provider's id."),
    FIELD_TEXT(struct user_report, "role", role, .flags = FIELD_REQUIRED, .summary = "users.role"),
    FIELD_TEXT(struct user_report, "timeZone", time_zone, .flags = FIELD_REQUIRED, .summary = "IANA zone."),
    FIELD_BOOL(struct user_report, "isAnonymous", is_anonymous, .flags = FIELD_REQUIRED,
               .summary = "Without a name of its own."),
    FIELD_UINT(struct user_report, "mergedInto", merged_into, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct user_report, merged_into_given),
               .summary = "The learner that this one became."),
    FIELD_BOOL(struct user_report, "isDeleted", is_deleted, .flags = FIELD_REQUIRED,
               .summary = "Whether it is gone."),
    FIELD_TIME(struct user_report, "createdAt", created_at_ms, .flags = FIELD_REQUIRED,
               .summary = "Since when."),
    FIELD_UINT(struct user_report, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "Writes so far."),
    FIELD_OBJECT(struct user_report, "columns", columns, .object = &totals_schema, .flags = FIELD_REQUIRED,
                 .summary = "The columns."),
    FIELD_OBJECT(struct user_report, "globalStats", global_stats, .object = &totals_schema,
                 .flags = FIELD_REQUIRED, .summary = "The document's global_stats."),
    FIELD_OBJECT(struct user_report, "moduleSums", module_sums, .object = &totals_schema,
                 .flags = FIELD_REQUIRED, .summary = "The sums over the document's modules."),
    FIELD_BOOL(struct user_report, "agrees", agrees, .flags = FIELD_REQUIRED,
               .summary = "Whether all three are equal."),
    FIELD_LIST(struct user_report, "modules", modules, .object = &module_schema, .flags = FIELD_REQUIRED,
               .maximum = INT32_MAX, .summary = "In the order of the document."),
    FIELD_OBJECT(struct user_report, "streak", streak, .object = &streak_schema, .flags = FIELD_REQUIRED,
                 .summary = "Days in a row."),
    FIELD_OBJECT(struct user_report, "history", history, .object = &history_reply_schema,
                 .flags = FIELD_REQUIRED, .summary = "The newest entries of the ledger."),
};
static const struct schema report_schema =
    SCHEMA("CtlUserReport", struct user_report, report_fields, .summary = "One learner.");

/* -- Reading ------------------------------------------------------------------------------- */

/* Digits are an id; if nobody has it, they may still be a name. */
static bool find_user(struct ctl *ctl, const char *who, struct error *error, struct ctl_user_row *ret_row) {
  uint64_t id = user_id_parse(who);
  struct ctl_user_params by_id = {.user_id = id};
  struct ctl_user_params by_name = {.user_id_is_null = true, .username = who};
  bool found = false;
  if (id != 0 && !ctl_user(ctl->db, &by_id, ctl->arena, error, ret_row, &found)) return false;
  if (!found && !ctl_user(ctl->db, &by_name, ctl->arena, error, ret_row, &found)) return false;
  return found || error_set(error, ERROR_NOT_FOUND, "There is no learner %s.", who);
}

static void take_row(struct user_report *report, const struct ctl_user_row *row) {
  *report =
      (struct user_report){.id = row->id,
                           .username = row->username,
                           .display_name = row->display_name,
                           .subject = row->subject,
                           .role = row->role,
                           .time_zone = row->time_zone,
                           .is_anonymous = row->is_anonymous,
                           .merged_into = row->merged_into_is_null ? 0 : row->merged_into,
                           .merged_into_given = row->merged_into_is_null ? PRESENCE_NULL : PRESENCE_GIVEN,
                           .is_deleted = row->is_deleted,
                           .created_at_ms = row->created_at,
                           .revision = row->revision,
                           .columns = {row->tokens, row->questions_answered, row->correct_answers},
                           .global_stats = {row->json_tokens, row->json_questions, row->json_correct}};
}

static bool take_streak(struct user_report *report, const struct ctl_user_row *row, struct error *error) {
  struct zone_cache *zones = zone_cache_new();
  if (zones == NULL) return error_set_memory(error);
  int32_t today = zone_day_at(zones, row->time_zone, clock_now_ms());
  zone_cache_free(zones);
  struct streak streak = {.current = row->current_streak_is_null ? 0 : row->current_streak,
                          .practised = !row->last_practice_date_is_null,
                          .last_day = row->last_practice_date_is_null ? 0 : row->last_practice_date};
  report->streak = (struct user_streak){.current = streak_current_on(&streak, today),
                                        .longest = row->longest_streak_is_null ? 0 : row->longest_streak,
                                        .last_day = streak.last_day,
                                        .last_day_given = streak.practised ? PRESENCE_GIVEN : PRESENCE_NULL};
  return true;
}

static bool same_totals(const struct user_totals *left, const struct user_totals *right) {
  return left->tokens == right->tokens && left->questions == right->questions &&
         left->correct == right->correct;
}

static bool take_modules(struct user_report *report, const char *document, struct arena *arena,
                         struct error *error) {
  struct document_view view;
  if (!document_read(document, arena, error, &view)) return false;
  struct user_module *modules = arena_alloc_array(arena, view.module_count, sizeof *modules);
  if (modules == NULL && view.module_count > 0) return error_set_memory(error);
  for (size_t at = 0; at < view.module_count; at++) {
    const struct document_totals *totals = &view.modules[at].totals;
    modules[at] = (struct user_module){.key = view.modules[at].key,
                                       .totals = {totals->tokens, totals->questions, totals->correct}};
    report->module_sums.tokens += totals->tokens;
    report->module_sums.questions += totals->questions;
    report->module_sums.correct += totals->correct;
  }
  report->modules = (struct field_list){.items = modules, .count = view.module_count};
  report->agrees = same_totals(&report->columns, &report->global_stats) &&
                   same_totals(&report->columns, &report->module_sums);
  return true;
}

static bool read_report(struct ctl *ctl, const struct user_show_options *options, struct error *error,
                        struct user_report *ret_report) {
  struct ctl_user_row row;
  struct history_query query = {.limit = options->entries, .limit_given = PRESENCE_GIVEN};
  if (!db_begin_snapshot(ctl->db, error) || !find_user(ctl, options->who, error, &row)) return false;
  take_row(ret_report, &row);
  return take_streak(ret_report, &row, error) && take_modules(ret_report, row.document, ctl->arena, error) &&
         history_read(ctl->db, &query, row.id, ctl->arena, error, &ret_report->history);
}

bool ctl_user_show(struct ctl *ctl, const void *options, struct error *error) {
  const struct user_show_options *show = options;
  struct user_report report;
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  bool done = read_report(ctl, show, error, &report);
  db_rollback(ctl->db);
  if (!done) return false;
  if (!show->json) return ctl_user_print(ctl, &report, error);
  schema_encode_json(&report_schema, &report, &text);
  buffer_append_char(&text, '\n');
  return ctl_write(&text, error);
}
