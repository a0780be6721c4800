/* What a person does to an enrollment, each a learner transaction: an administrator enrols and unenrols,
 * a student enrols in a public course and completes chapters. */
#ifndef LOCKSTEP_ENROLL_OPERATION_H
#define LOCKSTEP_ENROLL_OPERATION_H

#include "ledger/ledger.h"
#include "schema/field.h"

/* entry->input; entry->reply is a struct operation_reply. */
struct operation_input {
  uint64_t course_id;
  uint64_t chapter_id; /* operation_complete_kind only */
};

struct operation_reply {
  bool success;
  const char *message;
  uint64_t user_id;
  uint64_t course_id;
  const char *title;
  const char *status;
  double progress;
  int64_t completed_chapters;
  int64_t total_chapters;
  uint64_t revision; /* the learner's, afterwards */
};
extern const struct schema operation_reply_schema;

extern const struct ledger_kind operation_enrol_kind;   /* ERROR_NOT_FOUND: no such course */
extern const struct ledger_kind operation_unenrol_kind; /* ERROR_NOT_FOUND: no such course, never enrolled */
/* ERROR_NOT_FOUND: none that is open; ERROR_FORBIDDEN: it has a price, or is not public. */
extern const struct ledger_kind operation_join_kind;
/* ERROR_NOT_FOUND: no such chapter; ERROR_FORBIDDEN: not enrolled. */
extern const struct ledger_kind operation_complete_kind;

/* A rule of the domain was broken: the entry fails with it, and the transaction goes on without. */
bool operation_refuse(struct ledger_entry *entry, enum error_code code, const char *message);
/* Does it for every entry of the transaction. */
bool operation_each(struct ledger_tx *tx,
                    bool (*one)(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error),
                    struct error *error) WARN_UNUSED;

#endif
