/* Document 000's audit: what the columns say beside what the document's global_stats say. */
#ifndef LOCKSTEP_LEARNER_AUDIT_H
#define LOCKSTEP_LEARNER_AUDIT_H

#include "base/buffer.h"
#include "db/db.h"
#include "schema/field.h"

#define AUDIT_PAGE_MAX 200
#define AUDIT_PAGE_DEFAULT 50

struct audit_entry {
  uint64_t user_id;
  const char *username;
  int64_t table_tokens;
  int64_t table_questions;
  int64_t table_correct;
  int64_t json_tokens;
  int64_t json_questions;
  int64_t json_correct;
  int64_t token_diff; /* table minus document */
  int64_t question_diff;
  int64_t correct_diff;
  bool has_document;
};

extern const struct schema audit_entry_schema;

/* The differences of an entry whose totals are filled in. */
void audit_measure(struct audit_entry *entry);

/* At most `limit` learners with from_id ≤ id ≤ to_id, those with the largest token difference first.
 * ret_last_id: the largest id looked at, 0 when there was none. */
bool audit_read(struct db *db, uint64_t from_id, uint64_t to_id, size_t limit, struct arena *arena,
                struct error *error, struct audit_entry **ret_entries, size_t *ret_count,
                uint64_t *ret_last_id) WARN_UNUSED;

/* Largest token difference first, then by id: the order of every audit. */
void audit_sort(struct audit_entry *entries, size_t count);

/* RFC 4180, with a header line; texts that a spreadsheet would run as a formula are quoted apart. */
void audit_write_csv(const struct audit_entry *entries, size_t count, struct buffer *buffer);

#endif
