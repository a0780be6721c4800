#include "learner/audit.h"

#include <stdlib.h>
#include <string.h>

#include "queries/learner.h"

#include "base/banned.h"

static const struct field entry_fields[] = {
    FIELD_UINT(struct audit_entry, "userId", user_id, .flags = FIELD_REQUIRED, .summary = "The learner."),
    FIELD_TEXT(struct audit_entry, "username", username, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The learner's name to sign in with."),
    FIELD_INT(struct audit_entry, "tableTokens", table_tokens, .flags = FIELD_REQUIRED,
              .summary = "Tokens in the column."),
    FIELD_INT(struct audit_entry, "tableQuestions", table_questions, .flags = FIELD_REQUIRED,
              .summary = "Questions answered in the column."),
    FIELD_INT(struct audit_entry, "tableCorrect", table_correct, .flags = FIELD_REQUIRED,
              .summary = "Correct answers in the column."),
    FIELD_INT(struct audit_entry, "jsonTokens", json_tokens, .flags = FIELD_REQUIRED,
              .summary = "Tokens in the document's global_stats."),
    FIELD_INT(struct audit_entry, "jsonQuestions", json_questions, .flags = FIELD_REQUIRED,
              .summary = "Questions answered in global_stats."),
    FIELD_INT(struct audit_entry, "jsonCorrect", json_correct, .flags = FIELD_REQUIRED,
              .summary = "Correct answers in global_stats."),
    FIELD_INT(struct audit_entry, "tokenDiff", token_diff, .flags = FIELD_REQUIRED,
              .summary = "Column minus document."),
    FIELD_INT(struct audit_entry, "questionDiff", question_diff, .flags = FIELD_REQUIRED,
              .summary = "Column minus document."),
    FIELD_INT(struct audit_entry, "correctDiff", correct_diff, .flags = FIELD_REQUIRED,
              .summary = "Column minus document."),
    FIELD_BOOL(struct audit_entry, "hasDocument", has_document, .flags = FIELD_REQUIRED,
               .summary = "Whether there is a document at all."),
};
const struct schema audit_entry_schema = SCHEMA("AuditEntry", struct audit_entry, entry_fields,
                                                .summary = "One learner's columns beside the document.");

static uint64_t magnitude(int64_t value) {
  return value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value;
}

static int compare_entries(const void *left, const void *right) {
  const struct audit_entry *a = left;
  const struct audit_entry *b = right;
  uint64_t difference_a = magnitude(a->token_diff);
  uint64_t difference_b = magnitude(b->token_diff);
  if (difference_a != difference_b) return difference_a > difference_b ? -1 : 1;
  return (a->user_id > b->user_id) - (a->user_id < b->user_id);
}

void audit_sort(struct audit_entry *entries, size_t count) {
  if (count > 1) qsort(entries, count, sizeof *entries, compare_entries);
}

/* Two totals can be further apart than a difference can say. */
static int64_t difference(int64_t left, int64_t right) {
  int64_t result;
  if (!__builtin_sub_overflow(left, right, &result)) return result;
  return left < right ? INT64_MIN : INT64_MAX;
}

void audit_measure(struct audit_entry *entry) {
  entry->token_diff = difference(entry->table_tokens, entry->json_tokens);
  entry->question_diff = difference(entry->table_questions, entry->json_questions);
  entry->correct_diff = difference(entry->table_correct, entry->json_correct);
}

static struct audit_entry entry_from(const struct learner_audit_row *row) {
  struct audit_entry entry = {.user_id = row->user_id,
                              .username = row->username,
                              .table_tokens = row->tokens,
                              .table_questions = row->questions_answered,
                              .table_correct = row->correct_answers,
                              .json_tokens = row->json_tokens,
                              .json_questions = row->json_questions,
                              .json_correct = row->json_correct,
                              .has_document = row->has_document};
  audit_measure(&entry);
  return entry;
}

bool audit_read(struct db *db, uint64_t from_id, uint64_t to_id, size_t limit, struct arena *arena,
                struct error *error, struct audit_entry **ret_entries, size_t *ret_count,
                uint64_t *ret_last_id) {
  struct learner_audit_params params = {.from_id = from_id, .to_id = to_id, .limit_rows = limit};
  struct learner_audit_row *rows;
  size_t count;
  if (!learner_audit(db, &params, arena, limit, error, &rows, &count)) return false;
  struct audit_entry *entries = arena_alloc_array(arena, count, sizeof *entries);
  if (entries == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    entries[at] = entry_from(&rows[at]);
  *ret_last_id = count == 0 ? 0 : rows[count - 1].user_id;
  audit_sort(entries, count);
  *ret_entries = entries;
  *ret_count = count;
  return true;
}

void audit_write_csv(const struct audit_entry *entries, size_t count, struct buffer *buffer) {
  buffer_append_text(buffer,
                     "userId,username,tableTokens,tableQuestions,tableCorrect,jsonTokens,jsonQuestions,"
                     "jsonCorrect,tokenDiff,questionDiff,correctDiff,hasDocument\r\n");
  for (size_t at = 0; at < count; at++) {
    const struct audit_entry *entry = &entries[at];
    const int64_t numbers[] = {entry->table_tokens, entry->table_questions, entry->table_correct,
                               entry->json_tokens,  entry->json_questions,  entry->json_correct,
                               entry->token_diff,   entry->question_diff,   entry->correct_diff};
    buffer_append_u64(buffer, entry->user_id);
    buffer_append_char(buffer, ',');
    buffer_append_csv(buffer, entry->username);
    for (size_t column = 0; column < ARRAY_LENGTH(numbers); column++) {
      buffer_append_char(buffer, ',');
      buffer_append_i64(buffer, numbers[column]);
    }
    buffer_append_text(buffer, entry->has_document ? ",true\r\n" : ",false\r\n");
  }
}
