#include "learner/history.h"

#include <string.h>

#include "queries/learner.h"

#include "base/banned.h"

static const char *const total_names[] = {"tokens", "questions", "correct", NULL};

static const struct field query_fields[] = {
    FIELD_ENUM(struct history_query, "total", total, .names = total_names,
               .presence = PRESENCE(struct history_query, total_given),
               .summary = "Only the entries that add up to this total, and their sum."),
    FIELD_UINT(struct history_query, "limit", limit, .presence = PRESENCE(struct history_query, limit_given),
               .minimum = 1, .maximum = HISTORY_ENTRIES_MAX, .summary = "At most so many entries."),
    FIELD_UINT(struct history_query, "after", after, .presence = PRESENCE(struct history_query, after_given),
               .minimum = 1, .maximum = INT64_MAX,
               .summary = "Go on after this revision: the nextAfter of the page before."),
};
const struct schema history_query_schema =
    SCHEMA("HistoryQuery", struct history_query, query_fields, .summary = "Which part of the history.");

static const struct field entry_fields[] = {
    FIELD_UINT(struct history_entry, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision that this entry made."),
    FIELD_TEXT(struct history_entry, "kind", kind, .flags = FIELD_REQUIRED, .summary = "What was done."),
    FIELD_TEXT(struct history_entry, "actor", actor, .flags = FIELD_REQUIRED, .summary = "Who did it."),
    FIELD_TIME(struct history_entry, "at", at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was recorded."),
    FIELD_JSON(struct history_entry, "changes", changes, .flags = FIELD_REQUIRED,
               .summary =
                   "What moved, by how much, and because of what: a list of {what, key, by, because}."),
};
static const struct schema entry_schema =
    SCHEMA("HistoryEntry", struct history_entry, entry_fields, .summary = "One operation and what it moved.");

static const struct field total_fields[] = {
    FIELD_TEXT(struct history_total_reply, "name", name, .flags = FIELD_REQUIRED, .summary = "Which total."),
    FIELD_INT(struct history_total_reply, "value", value, .flags = FIELD_REQUIRED,
              .summary = "The total now."),
    FIELD_INT(struct history_total_reply, "sum", sum, .flags = FIELD_REQUIRED,
              .summary = "What all entries of the history add up to; equal to value unless the total was "
                         "changed around Lockstep."),
};
static const struct schema total_schema = SCHEMA("HistoryTotal", struct history_total_reply, total_fields,
                                                 .summary = "A total beside the sum of its history.");

static const struct field reply_fields[] = {
    FIELD_LIST(struct history_reply, "entries", entries, .object = &entry_schema, .flags = FIELD_REQUIRED,
               .maximum = HISTORY_ENTRIES_MAX, .summary = "Newest first."),
    FIELD_UINT(struct history_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct history_reply, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
    FIELD_OBJECT(struct history_reply, "total", total, .object = &total_schema,
                 .presence = PRESENCE(struct history_reply, total_given),
                 .summary = "With ?total=: the total beside the sum of its history."),
};
const struct schema history_reply_schema =
    SCHEMA("History", struct history_reply, reply_fields, .summary = "A page of the learner's history.");

static int64_t total_of(const struct learner_totals_row *totals, int total) {
  switch (total) {
  case HISTORY_TOKENS:
    return totals->tokens;
  case HISTORY_QUESTIONS:
    return totals->questions_answered;
  default:
    return totals->correct_answers;
  }
}

static bool read_total(struct db *db, const struct learner_totals_row *totals, int total, uint64_t user_id,
                       struct arena *arena, struct error *error, struct history_total_reply *ret_total) {
  struct learner_history_sum_params params = {.user_id = user_id, .total = total_names[total]};
  struct learner_history_sum_row row = {.moved = 0};
  bool found;
  if (!learner_history_sum(db, &params, arena, error, &row, &found)) return false;
  *ret_total = (struct history_total_reply){
      .name = total_names[total], .value = total_of(totals, total), .sum = row.moved};
  return true;
}

static bool read_entries(struct db *db, const struct history_query *query, uint64_t user_id, uint64_t limit,
                         struct arena *arena, struct error *error, struct learner_history_row **ret_rows,
                         size_t *ret_count) {
  struct learner_history_params params = {
      .user_id = user_id,
      .before_revision = query->after_given == PRESENCE_GIVEN ? query->after : UINT64_MAX,
      .limit_rows = limit + 1};
  if (query->total_given == PRESENCE_GIVEN) {
    params.only = arena_printf(arena, "%%\"what\":\"%s\"%%", total_names[query->total]);
    if (params.only == NULL) return error_set_memory(error);
  }
  return learner_history(db, &params, arena, limit + 1, error, ret_rows, ret_count);
}

bool history_read(struct db *db, const struct history_query *query, uint64_t user_id, struct arena *arena,
                  struct error *error, struct history_reply *ret_reply) {
  uint64_t limit = query->limit_given == PRESENCE_GIVEN ? query->limit : HISTORY_ENTRIES_MAX;
  struct learner_totals_params totals_params = {.user_id = user_id};
  struct learner_totals_row totals;
  struct learner_history_row *rows;
  struct history_reply reply = {.next_after_given = PRESENCE_NULL};
  size_t count;
  bool found;
  if (!learner_totals(db, &totals_params, arena, error, &totals, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
  if (!read_entries(db, query, user_id, limit, arena, error, &rows, &count)) return false;
  if (count > limit) {
    count = limit;
    reply.next_after = rows[count - 1].revision;
    reply.next_after_given = PRESENCE_GIVEN;
  }
  struct history_entry *entries = arena_alloc_array(arena, count, sizeof *entries);
  if (entries == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    entries[at] = (struct history_entry){.revision = rows[at].revision,
                                         .kind = rows[at].kind,
                                         .actor = rows[at].actor,
                                         .at_ms = rows[at].created_at,
                                         .changes = rows[at].changes};
  reply.entries = (struct field_list){.items = entries, .count = count};
  if (query->total_given == PRESENCE_GIVEN) {
    if (!read_total(db, &totals, query->total, user_id, arena, error, &reply.total)) return false;
    reply.total_given = PRESENCE_GIVEN;
  }
  *ret_reply = reply;
  return true;
}
