#include "enroll/access.h"

#include <inttypes.h>
#include <string.h>

#include "enroll/enroll.h"
#include "enroll/operation.h"
#include "queries/enroll.h"

#include "base/banned.h"

const char *const access_action_names[] = {"approve", "deny", NULL};

static const struct field reply_fields[] = {
    FIELD_BOOL(struct access_reply, "success", success, .flags = FIELD_REQUIRED, .summary = "True."),
    FIELD_TEXT(struct access_reply, "message", message, .flags = FIELD_REQUIRED,
               .summary = "What was done, in a sentence."),
    FIELD_UINT(struct access_reply, "requestId", request_id, .flags = FIELD_REQUIRED,
               .summary = "The request."),
    FIELD_UINT(struct access_reply, "studentId", student_id, .flags = FIELD_REQUIRED,
               .summary = "Who asked."),
    FIELD_UINT(struct access_reply, "courseId", course_id, .flags = FIELD_REQUIRED, .summary = "The course."),
    FIELD_TEXT(struct access_reply, "title", title, .flags = FIELD_REQUIRED,
               .summary = "The course's title."),
    FIELD_TEXT(struct access_reply, "status", status, .flags = FIELD_REQUIRED,
               .summary = "pending, approved, rejected or withdrawn."),
    FIELD_TEXT(struct access_reply, "reason", reason, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Why the student wants access."),
    FIELD_TIME(struct access_reply, "requestedAt", requested_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was asked."),
    FIELD_UINT(struct access_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The student's revision."),
};
const struct schema access_reply_schema =
    SCHEMA("AccessRequestDone", struct access_reply, reply_fields, .summary = "A request after a change.");

static bool report(struct ledger_tx *tx, struct ledger_entry *entry, const char *what, uint64_t course_id,
                   const char *because, struct error *error) {
  struct ledger_change change = {.what = what, .because = because};
  change.key = arena_printf(ledger_arena(tx), "%" PRIu64, course_id);
  if (change.key == NULL) return error_set_memory(error);
  return ledger_report(tx, entry, &change, error);
}

/* The request, if it is still among the pending ones; otherwise the entry fails with what became of it. */
static bool find_pending(struct ledger_tx *tx, struct ledger_entry *entry, uint64_t request_id,
                         struct error *error, struct enroll_request_of_row *ret_row, bool *ret_found) {
  struct enroll_request_of_params params = {.request_id = request_id};
  struct enroll_decision_of_params past = {.request_id = request_id};
  struct enroll_decision_of_row decision = {.decision = NULL};
  struct enroll_request_of_row row = {.status = NULL};
  bool found;
  *ret_found = false;
  if (!enroll_request_of(ledger_db(tx), &params, ledger_arena(tx), error, &row, &found)) return false;
  if (found && strcmp(row.status, "pending") == 0) {
    *ret_row = row;
    *ret_found = true;
    return true;
  }
  const char *status = row.status;
  if (!found) {
    if (!enroll_decision_of(ledger_db(tx), &past, ledger_arena(tx), error, &decision, &found)) return false;
    status = decision.decision;
  }
  if (!found) return operation_refuse(entry, ERROR_NOT_FOUND, "There is no such request.");
  const char *message = arena_printf(ledger_arena(tx), "This request was reviewed already: %s.", status);
  if (message == NULL) return error_set_memory(error);
  return operation_refuse(entry, ERROR_CONFLICT, message);
}

static bool remove_request(struct ledger_tx *tx, uint64_t request_id, struct error *error) {
  struct enroll_delete_request_params params = {.request_id = request_id};
  struct db_outcome outcome;
  if (!enroll_delete_request(ledger_db(tx), &params, error, &outcome)) return false;
  return outcome.affected == 1 || error_set(error, ERROR_TRANSIENT, "The request has just gone.");
}

static bool look_at_course(struct ledger_tx *tx, const struct ledger_entry *entry, uint64_t course_id,
                           struct error *error, struct enroll_look_row *ret_row, bool *ret_found) {
  struct enroll_look_params params = {.user_id = entry->learner.user_id, .course_id = course_id};
  return enroll_look(ledger_db(tx), &params, ledger_arena(tx), error, ret_row, ret_found);
}

/* --- Asking ---------------------------------------------------------------------------------------- */

static bool insert_request(struct ledger_tx *tx, struct ledger_entry *entry, const struct access_ask *ask,
                           const char *title, struct error *error) {
  struct db_outcome outcome;
  struct enroll_request_params params = {.user_id = entry->learner.user_id,
                                         .course_id = ask->course_id,
                                         .reason = ask->reason,
                                         .now = ledger_now_ms(tx)};
  struct access_reply *reply = entry->reply;
  if (!enroll_request(ledger_db(tx), &params, error, &outcome)) {
    /* Written around Lockstep at this very moment: the unique key has the last word. */
    if (error->code != ERROR_CONFLICT) return false;
    return error_set(error, ERROR_TRANSIENT, "Another request has just come to be.");
  }
  if (!report(tx, entry, "accessRequested", ask->course_id, "the student's wish", error)) return false;
  *reply = (struct access_reply){.success = true,
                                 .message = "Access was requested.",
                                 .request_id = outcome.insert_id,
                                 .student_id = entry->learner.user_id,
                                 .course_id = ask->course_id,
                                 .title = title,
                                 .status = "pending",
                                 .reason = ask->reason,
                                 .requested_at_ms = ledger_now_ms(tx),
                                 .revision = entry->learner.revision};
  return true;
}

static bool ask_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  const struct access_ask *ask = entry->input;
  struct enroll_look_row course;
  bool found;
  if (!look_at_course(tx, entry, ask->course_id, error, &course, &found)) return false;
  if (!found || course.is_open_is_null || !course.is_open)
    return operation_refuse(entry, ERROR_NOT_FOUND, "There is no such course.");
  bool is_enrolled =
      course.status != NULL ? strcmp(course.status, "cancelled") != 0 : !course.legacy_progress_is_null;
  if (is_enrolled) return operation_refuse(entry, ERROR_CONFLICT, "You are enrolled in this course already.");
  if (!course.request_id_is_null)
    return operation_refuse(entry, ERROR_CONFLICT, "Your request for this course is pending already.");
  return insert_request(tx, entry, ask, course.title, error);
}

/* --- Taking back ----------------------------------------------------------------------------------- */

static bool fill_reply(struct ledger_tx *tx, struct ledger_entry *entry, uint64_t request_id,
                       const struct enroll_request_of_row *row, const char *status, const char *message,
                       struct error *error) {
  struct enroll_look_row course;
  struct access_reply *reply = entry->reply;
  bool found;
  if (!look_at_course(tx, entry, row->course_id, error, &course, &found)) return false;
  if (!found) return error_set(error, ERROR_INTERNAL, "A request's course is missing.");
  *reply = (struct access_reply){.success = true,
                                 .message = message,
                                 .request_id = request_id,
                                 .student_id = entry->learner.user_id,
                                 .course_id = row->course_id,
                                 .title = course.title,
                                 .status = status,
                                 .reason = row->reason,
                                 .requested_at_ms = row->requested_at,
                                 .revision = entry->learner.revision};
  return true;
}

static bool withdraw_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  const struct access_withdraw *input = entry->input;
  struct enroll_request_of_row row;
  uint64_t student_id = 0;
  bool found = false;
  struct error missing = ERROR_INIT;
  if (!access_student(ledger_db(tx), input->request_id, ledger_arena(tx), &missing, &student_id) &&
      missing.code != ERROR_NOT_FOUND) {
    *error = missing;
    return false;
  }
  if (student_id != entry->learner.user_id)
    return operation_refuse(entry, ERROR_NOT_FOUND, "There is no such request.");
  if (!find_pending(tx, entry, input->request_id, error, &row, &found)) return false;
  if (!found) return true;
  return remove_request(tx, input->request_id, error) &&
         report(tx, entry, "requestWithdrawn", row.course_id, "the student's wish", error) &&
         fill_reply(tx, entry, input->request_id, &row, "withdrawn", "The request was withdrawn.", error);
}

/* --- Deciding -------------------------------------------------------------------------------------- */

static bool keep_decision(struct ledger_tx *tx, struct ledger_entry *entry, const struct access_decide *input,
                          const char *decision, struct error *error) {
  struct db_outcome outcome;
  struct enroll_decide_params params = {.request_id = input->request_id,
                                        .decision = decision,
                                        .decided_by = entry->actor,
                                        .now = ledger_now_ms(tx),
                                        .note = input->note};
  return enroll_decide(ledger_db(tx), &params, error, &outcome) &&
         remove_request(tx, input->request_id, error);
}

static bool approve(struct ledger_tx *tx, struct ledger_entry *entry, const struct access_decide *input,
                    const struct enroll_request_of_row *row, struct error *error) {
  struct enroll_order order = {.course_id = row->course_id, .source = ENROLL_REQUEST};
  enum enroll_outcome outcome;
  struct enroll_state state;
  order.because = arena_printf(ledger_arena(tx), "request %" PRIu64, input->request_id);
  if (order.because == NULL) return error_set_memory(error);
  if (!report(tx, entry, "requestApproved", row->course_id, order.because, error)) return false;
  if (!enroll_grant(tx, entry, &order, error, &outcome, &state)) return false;
  if (outcome == ENROLL_NO_COURSE) return error_set(error, ERROR_INTERNAL, "A request's course is missing.");
  return true;
}

static bool decide_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  const struct access_decide *input = entry->input;
  bool approves = input->action == ACCESS_APPROVE;
  const char *decision = approves ? "approved" : "rejected";
  struct enroll_request_of_row row;
  bool found;
  if (!find_pending(tx, entry, input->request_id, error, &row, &found)) return false;
  if (!found) return true;
  if (!keep_decision(tx, entry, input, decision, error)) return false;
  if (approves && !approve(tx, entry, input, &row, error)) return false;
  if (!approves && !report(tx, entry, "requestRejected", row.course_id, "an administrator", error))
    return false;
  return fill_reply(tx, entry, input->request_id, &row, decision,
                    approves ? "Approved: the student is enrolled." : "Rejected.", error);
}

bool access_student(struct db *db, uint64_t request_id, struct arena *arena, struct error *error,
                    uint64_t *ret_student_id) {
  struct enroll_request_of_params params = {.request_id = request_id};
  struct enroll_decision_of_params past = {.request_id = request_id};
  struct enroll_request_of_row row;
  struct enroll_decision_of_row decision;
  bool found;
  if (!enroll_request_of(db, &params, arena, error, &row, &found)) return false;
  if (found) {
    *ret_student_id = row.student_id;
    return true;
  }
  if (!enroll_decision_of(db, &past, arena, error, &decision, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such request.");
  *ret_student_id = decision.student_id;
  return true;
}

static bool ask_work(struct ledger_tx *tx, struct error *error) { return operation_each(tx, ask_one, error); }
static bool withdraw_work(struct ledger_tx *tx, struct error *error) {
  return operation_each(tx, withdraw_one, error);
}
static bool decide_work(struct ledger_tx *tx, struct error *error) {
  return operation_each(tx, decide_one, error);
}

const struct ledger_kind access_ask_kind = {.name = "access-request", .work = ask_work};
const struct ledger_kind access_withdraw_kind = {.name = "access-withdraw", .work = withdraw_work};
const struct ledger_kind access_decide_kind = {.name = "access-decision", .work = decide_work};
