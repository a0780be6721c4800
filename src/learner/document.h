/* The learner's grade document, users.hidden_grade_asset:
 *   {"global_stats": {"total_tokens_earned", "total_questions_answered", "total_correct_answers",
 * "last_sync", "last_updated"}, "modules": {"<key>": {"progress": {"tokens_earned",
 * "total_questions_answered", "correct_answers", …}}}} Keys that Lockstep does not know are kept as they are.
 * What it means for the document to be consistent is no business of this file: sql/rules says so. */
#ifndef LOCKSTEP_LEARNER_DOCUMENT_H
#define LOCKSTEP_LEARNER_DOCUMENT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

#define DOCUMENT_BYTES_MAX ((size_t)1024 * 1024)
#define DOCUMENT_MODULES_MAX 5000 /* that answers bring about; readers list as many */
/* Holds what the totals have beyond the modules; nobody can answer into it. */
#define DOCUMENT_UNATTRIBUTED "unattributed"

struct document_totals {
  int64_t tokens;
  int64_t questions;
  int64_t correct;
};

/* Adds `step` to one module and sets global_stats to `totals`. A document that is absent or broken
 * (NULL, not an object) starts anew. The new text is in the arena. 422: no room for another module. */
bool document_add(const char *document, const char *module, const struct document_totals *step,
                  const struct document_totals *totals, int64_t now_ms, struct arena *arena,
                  struct error *error, const char **ret_document) WARN_UNUSED;

/* What one module is to lose. */
struct document_share {
  const char *module;
  struct document_totals totals;
};

/* Two learners become one: adds `from` to `into` module by module, without `less`, and sets global_stats to
 * `totals`. Of keys that Lockstep does not know, those of `into` stay, and those that only `from` has are
 * added. Either may be absent or broken. 422: no room for all their modules. */
bool document_merge(const char *into, const char *from, const struct document_share *less, size_t less_count,
                    const struct document_totals *totals, int64_t now_ms, struct arena *arena,
                    struct error *error, const char **ret_document) WARN_UNUSED;

struct document_module {
  const char *key;
  struct document_totals totals;
  const char *progress; /* the stored JSON object */
};

struct document_view {
  struct document_module *modules; /* those that have a progress, in the order of the document */
  size_t module_count;
  const char *global_stats; /* the stored JSON object, "{}" when there is none */
  const char *last_sync;    /* as stored, NULL when never */
};

bool document_read(const char *document, struct arena *arena, struct error *error,
                   struct document_view *ret_view) WARN_UNUSED;

#endif
