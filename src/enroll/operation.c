#include "enroll/operation.h"

#include "enroll/enroll.h"
#include "queries/enroll.h"

#include "base/banned.h"

static const struct field reply_fields[] = {
    FIELD_BOOL(struct operation_reply, "success", success, .flags = FIELD_REQUIRED, .summary = "True."),
    FIELD_TEXT(struct operation_reply, "message", message, .flags = FIELD_REQUIRED,
               .summary = "What was done, in a sentence."),
    FIELD_UINT(struct operation_reply, "userId", user_id, .flags = FIELD_REQUIRED, .summary = "The student."),
    FIELD_UINT(struct operation_reply, "courseId", course_id, .flags = FIELD_REQUIRED,
               .summary = "The course."),
    FIELD_TEXT(struct operation_reply, "title", title, .flags = FIELD_REQUIRED,
               .summary = "The course's title."),
    FIELD_TEXT(struct operation_reply, "status", status, .flags = FIELD_REQUIRED,
               .summary = "active, completed or cancelled."),
    FIELD_NUMBER(struct operation_reply, "progress", progress, .flags = FIELD_REQUIRED,
                 .summary = "Percent of the course, two decimals; it never falls."),
    FIELD_INT(struct operation_reply, "completedChapters", completed_chapters, .flags = FIELD_REQUIRED,
              .summary = "Chapters completed."),
    FIELD_INT(struct operation_reply, "totalChapters", total_chapters, .flags = FIELD_REQUIRED,
              .summary = "Chapters that the course has."),
    FIELD_UINT(struct operation_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The student's revision."),
};
const struct schema operation_reply_schema = SCHEMA("EnrollmentDone", struct operation_reply, reply_fields,
                                                    .summary = "An enrollment after a change.");

bool operation_refuse(struct ledger_entry *entry, enum error_code code, const char *message) {
  error_set(&entry->error, code, "%s", message);
  ledger_fail(entry);
  return true;
}

static bool answer(struct ledger_entry *entry, const struct enroll_state *state, const char *message) {
  struct operation_reply *reply = entry->reply;
  bool moved = entry->change_count > 0;
  *reply = (struct operation_reply){.success = true,
                                    .message = message,
                                    .user_id = entry->learner.user_id,
                                    .course_id = state->course_id,
                                    .title = state->title,
                                    .status = state->status,
                                    .progress = state->progress,
                                    .completed_chapters = state->completed_chapters,
                                    .total_chapters = state->chapters,
                                    .revision = entry->learner.revision - (moved ? 0 : 1)};
  return true;
}

bool operation_each(struct ledger_tx *tx,
                    bool (*one)(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error),
                    struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++)
    if (!one(tx, ledger_at(tx, at), error)) return false;
  return true;
}

static bool grant(struct ledger_tx *tx, struct ledger_entry *entry, enum enroll_source source,
                  struct error *error) {
  const struct operation_input *input = entry->input;
  struct enroll_order order = {.course_id = input->course_id, .source = source};
  enum enroll_outcome outcome;
  struct enroll_state state;
  if (!enroll_grant(tx, entry, &order, error, &outcome, &state)) return false;
  if (outcome == ENROLL_NO_COURSE)
    return operation_refuse(entry, ERROR_NOT_FOUND, "There is no such course.");
  return answer(entry, &state, outcome == ENROLL_STOOD ? "Already enrolled." : "Enrolled.");
}

static bool enrol_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  return grant(tx, entry, ENROLL_ADMIN, error);
}

static bool join_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  const struct operation_input *input = entry->input;
  struct enroll_look_params params = {.user_id = entry->learner.user_id, .course_id = input->course_id};
  struct enroll_look_row course;
  bool found;
  if (!enroll_look(ledger_db(tx), &params, ledger_arena(tx), error, &course, &found)) return false;
  if (!found || course.is_open_is_null || !course.is_open)
    return operation_refuse(entry, ERROR_NOT_FOUND, "There is no such course.");
  if (course.price_cents > 0)
    return operation_refuse(entry, ERROR_FORBIDDEN, "This course has to be paid for.");
  if (!course.is_public)
    return operation_refuse(entry, ERROR_FORBIDDEN, "This course is not public: please ask for access.");
  return grant(tx, entry, ENROLL_PUBLIC, error);
}

static bool unenrol_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  const struct operation_input *input = entry->input;
  enum enroll_outcome outcome;
  struct enroll_state state;
  if (!enroll_cancel(tx, entry, input->course_id, "admin", error, &outcome, &state)) return false;
  if (outcome == ENROLL_NO_COURSE)
    return operation_refuse(entry, ERROR_NOT_FOUND, "There is no such course.");
  if (outcome == ENROLL_NONE)
    return operation_refuse(entry, ERROR_NOT_FOUND, "The student is not enrolled in this course.");
  return answer(entry, &state, outcome == ENROLL_STOOD ? "Already unenrolled." : "Unenrolled.");
}

static bool complete_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  const struct operation_input *input = entry->input;
  enum enroll_outcome outcome;
  struct enroll_state state;
  if (!enroll_complete(tx, entry, input->chapter_id, error, &outcome, &state)) return false;
  if (outcome == ENROLL_NO_COURSE)
    return operation_refuse(entry, ERROR_NOT_FOUND, "There is no such chapter.");
  if (outcome == ENROLL_NONE)
    return operation_refuse(entry, ERROR_FORBIDDEN, "You are not enrolled in the course of this chapter.");
  return answer(entry, &state,
                outcome == ENROLL_STOOD ? "This chapter was complete already." : "Chapter completed.");
}

static bool enrol_work(struct ledger_tx *tx, struct error *error) {
  return operation_each(tx, enrol_one, error);
}
static bool unenrol_work(struct ledger_tx *tx, struct error *error) {
  return operation_each(tx, unenrol_one, error);
}
static bool join_work(struct ledger_tx *tx, struct error *error) {
  return operation_each(tx, join_one, error);
}
static bool complete_work(struct ledger_tx *tx, struct error *error) {
  return operation_each(tx, complete_one, error);
}

const struct ledger_kind operation_enrol_kind = {.name = "enroll", .work = enrol_work};
const struct ledger_kind operation_unenrol_kind = {.name = "unenroll", .work = unenrol_work};
const struct ledger_kind operation_join_kind = {.name = "enroll", .work = join_work};
const struct ledger_kind operation_complete_kind = {.name = "chapter", .work = complete_work};
