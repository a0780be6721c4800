#include "enroll/enroll.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "queries/enroll.h"

#include "base/banned.h"

const char *const enroll_source_names[] = {"admin", "payment", "request", "public", NULL};

/* A course as one learner stands to it, and where that is to go. */
struct step {
  struct ledger_tx *tx;
  struct ledger_entry *entry;
  uint64_t course_id;
  struct enroll_look_row row;
  bool is_enrolled;  /* in the source of truth, and not cancelled */
  bool is_cancelled; /* by a person */
  double progress;   /* where both tables go: never below what either holds */
};

/* Rounded down, so that 100 means that nothing is left. */
static double progress_of(int64_t completed, int64_t chapters) {
  if (chapters <= 0) return 0;
  return (double)(completed * 10000 / chapters) / 100;
}

static bool same_progress(double left, double right) { return fabs(left - right) < 0.005; }

static const char *status_of(const struct step *step) {
  if (step->is_enrolled && strcmp(step->row.status, "completed") == 0) return "completed";
  return step->progress >= 100 ? "completed" : "active";
}

static bool step_look(struct ledger_tx *tx, struct ledger_entry *entry, uint64_t course_id,
                      struct error *error, struct step *ret_step, bool *ret_found) {
  struct enroll_look_params params = {.user_id = entry->learner.user_id, .course_id = course_id};
  struct step step = {.tx = tx, .entry = entry, .course_id = course_id};
  if (!enroll_look(ledger_db(tx), &params, ledger_arena(tx), error, &step.row, ret_found)) return false;
  if (!*ret_found) return true;
  step.is_cancelled = step.row.status != NULL && strcmp(step.row.status, "cancelled") == 0;
  step.is_enrolled = step.row.status != NULL && !step.is_cancelled;
  step.progress = progress_of(step.row.completed_chapters, step.row.chapters);
  if (step.row.status != NULL) step.progress = fmax(step.progress, step.row.progress);
  if (!step.row.legacy_progress_is_null) step.progress = fmax(step.progress, step.row.legacy_progress);
  *ret_step = step;
  return true;
}

static struct enroll_state step_state(const struct step *step, const char *status) {
  return (struct enroll_state){.course_id = step->course_id,
                               .title = step->row.title,
                               .status = status,
                               .progress = step->progress,
                               .completed_chapters = step->row.completed_chapters,
                               .chapters = step->row.chapters};
}

static bool report(const struct step *step, const char *what, int64_t by, const char *because,
                   struct error *error) {
  const char *key = arena_printf(ledger_arena(step->tx), "%" PRIu64, step->course_id);
  if (key == NULL) return error_set_memory(error);
  struct ledger_change change = {.what = what, .key = key, .by = by, .because = because};
  return ledger_report(step->tx, step->entry, &change, error);
}

static bool write_enrollment(const struct step *step, enum enroll_source source, struct error *error) {
  struct db_outcome outcome;
  int64_t now_ms = ledger_now_ms(step->tx);
  const char *status = status_of(step);
  bool is_complete = strcmp(status, "completed") == 0;
  struct enroll_put_params params = {.user_id = step->entry->learner.user_id,
                                     .course_id = step->course_id,
                                     .status = status,
                                     .progress = step->progress,
                                     .source = enroll_source_names[source],
                                     .actor = step->entry->actor,
                                     .now = now_ms,
                                     .completed_at = now_ms,
                                     .completed_at_is_null = !is_complete};
  return enroll_put(ledger_db(step->tx), &params, error, &outcome);
}

static bool move_enrollment(const struct step *step, struct error *error) {
  struct db_outcome outcome;
  const char *status = status_of(step);
  struct enroll_move_params params = {.user_id = step->entry->learner.user_id,
                                      .course_id = step->course_id,
                                      .status = status,
                                      .progress = step->progress,
                                      .completed_at = ledger_now_ms(step->tx),
                                      .completed_at_is_null = strcmp(status, "completed") != 0};
  return enroll_move(ledger_db(step->tx), &params, error, &outcome);
}

static bool write_legacy(const struct step *step, bool is_access, struct error *error) {
  struct db_outcome outcome;
  struct enroll_put_legacy_params params = {.user_id = step->entry->learner.user_id,
                                            .course_id = step->course_id,
                                            .progress = step->progress,
                                            .completed_chapters = step->row.completed_chapters,
                                            .accessed_at = ledger_now_ms(step->tx),
                                            .accessed_at_is_null = !is_access};
  return enroll_put_legacy(ledger_db(step->tx), &params, error, &outcome);
}

static bool delete_request(const struct step *step, struct error *error) {
  struct db_outcome outcome;
  struct enroll_delete_request_params params = {.request_id = step->row.request_id};
  if (step->row.request_id_is_null) return true;
  return enroll_delete_request(ledger_db(step->tx), &params, error, &outcome) &&
         report(step, "requestDeleted", 0, "enrolled", error);
}

/* What stands is believed only after it was read back. */
static bool verify(const struct step *step, struct error *error) {
  struct enroll_verify_params params = {.user_id = step->entry->learner.user_id,
                                        .course_id = step->course_id};
  struct enroll_verify_row row = {.enrolled_rows = 0};
  bool found;
  if (!enroll_verify(ledger_db(step->tx), &params, ledger_arena(step->tx), error, &row, &found)) return false;
  return row.enrolled_rows == 1 ||
         error_set(error, ERROR_INTERNAL, "The enrollment does not stand in both tables.");
}

/* Already enrolled: only what is missing of it is written. */
static bool mend(const struct step *step, const char *because, struct error *error) {
  bool moves =
      !same_progress(step->row.progress, step->progress) || strcmp(step->row.status, status_of(step)) != 0;
  bool legacy_differs = step->row.legacy_progress_is_null ||
                        !same_progress(step->row.legacy_progress, step->progress) ||
                        step->row.legacy_chapters < step->row.completed_chapters;
  if (moves && (!move_enrollment(step, error) || !report(step, "courseProgress", 0, because, error)))
    return false;
  if (legacy_differs &&
      (!write_legacy(step, false, error) || !report(step, "studentProgress", 0, because, error)))
    return false;
  return delete_request(step, error);
}

/* What was paid for, and is given by a person as well, is not a payment's to take back. */
static bool move_source(const struct step *step, const struct enroll_order *order, struct error *error) {
  struct db_outcome outcome;
  struct enroll_move_source_params params = {.user_id = step->entry->learner.user_id,
                                             .course_id = step->course_id,
                                             .source = enroll_source_names[order->source]};
  bool is_given = order->source == ENROLL_ADMIN || order->source == ENROLL_REQUEST;
  if (!is_given || strcmp(step->row.source, enroll_source_names[ENROLL_PAYMENT]) != 0) return true;
  return enroll_move_source(ledger_db(step->tx), &params, error, &outcome) &&
         report(step, "courseSource", 0, params.source, error);
}

bool enroll_grant(struct ledger_tx *tx, struct ledger_entry *entry, const struct enroll_order *order,
                  struct error *error, enum enroll_outcome *ret_outcome, struct enroll_state *ret_state) {
  const char *because = order->because != NULL ? order->because : enroll_source_names[order->source];
  enum enroll_outcome outcome = ENROLL_DONE;
  struct step step;
  bool found;
  if (!step_look(tx, entry, order->course_id, error, &step, &found)) return false;
  if (!found) {
    *ret_outcome = ENROLL_NO_COURSE;
    return true;
  }
  if (step.is_enrolled) {
    outcome = ENROLL_STOOD;
    if (!mend(&step, because, error) || !move_source(&step, order, error)) return false;
  } else if (!write_enrollment(&step, order->source, error) || !write_legacy(&step, false, error) ||
             !report(&step, "enrolled", 0, because, error) || !delete_request(&step, error)) {
    return false;
  }
  if (!verify(&step, error)) return false;
  *ret_state = step_state(&step, status_of(&step));
  *ret_outcome = outcome;
  return true;
}

bool enroll_mend(struct ledger_tx *tx, struct ledger_entry *entry, uint64_t course_id, const char *because,
                 struct error *error, enum enroll_outcome *ret_outcome) {
  struct step step;
  bool found;
  if (!step_look(tx, entry, course_id, error, &step, &found)) return false;
  if (!found || !step.is_enrolled) {
    *ret_outcome = found ? ENROLL_NONE : ENROLL_NO_COURSE;
    return true;
  }
  if (!mend(&step, because, error) || !verify(&step, error)) return false;
  *ret_outcome = ENROLL_STOOD;
  return true;
}

static bool write_cancelled(const struct step *step, const char *because, struct error *error) {
  struct db_outcome outcome;
  uint64_t user_id = step->entry->learner.user_id;
  struct enroll_put_cancelled_params params = {.user_id = user_id,
                                               .course_id = step->course_id,
                                               .progress = step->progress,
                                               .actor = step->entry->actor,
                                               .now = ledger_now_ms(step->tx)};
  struct enroll_delete_legacy_params legacy = {.user_id = user_id, .course_id = step->course_id};
  return enroll_put_cancelled(ledger_db(step->tx), &params, error, &outcome) &&
         enroll_delete_legacy(ledger_db(step->tx), &legacy, error, &outcome) &&
         report(step, "unenrolled", 0, because, error);
}

bool enroll_cancel(struct ledger_tx *tx, struct ledger_entry *entry, uint64_t course_id, const char *because,
                   struct error *error, enum enroll_outcome *ret_outcome, struct enroll_state *ret_state) {
  enum enroll_outcome outcome = ENROLL_DONE;
  struct step step;
  bool found;
  if (!step_look(tx, entry, course_id, error, &step, &found)) return false;
  bool stands_anywhere = found && (step.row.status != NULL || !step.row.legacy_progress_is_null);
  if (!stands_anywhere) {
    *ret_outcome = found ? ENROLL_NONE : ENROLL_NO_COURSE;
    return true;
  }
  if (step.is_cancelled && step.row.legacy_progress_is_null)
    outcome = ENROLL_STOOD;
  else if (!write_cancelled(&step, because, error))
    return false;
  *ret_state = step_state(&step, "cancelled");
  *ret_outcome = outcome;
  return true;
}

static bool write_completion(struct step *step, uint64_t chapter_id, struct error *error) {
  struct db_outcome outcome;
  struct enroll_complete_chapter_params params = {
      .user_id = step->entry->learner.user_id, .chapter_id = chapter_id, .now = ledger_now_ms(step->tx)};
  const char *because = arena_printf(ledger_arena(step->tx), "chapter %" PRIu64, chapter_id);
  if (because == NULL) return error_set_memory(error);
  if (!enroll_complete_chapter(ledger_db(step->tx), &params, error, &outcome)) return false;
  step->row.completed_chapters++;
  step->progress = fmax(step->progress, progress_of(step->row.completed_chapters, step->row.chapters));
  return move_enrollment(step, error) && write_legacy(step, true, error) &&
         report(step, "chapters", 1, because, error) && verify(step, error);
}

bool enroll_complete(struct ledger_tx *tx, struct ledger_entry *entry, uint64_t chapter_id,
                     struct error *error, enum enroll_outcome *ret_outcome, struct enroll_state *ret_state) {
  struct enroll_chapter_params params = {.user_id = entry->learner.user_id, .chapter_id = chapter_id};
  enum enroll_outcome outcome = ENROLL_DONE;
  struct enroll_chapter_row chapter;
  struct step step;
  bool found;
  if (!enroll_chapter(ledger_db(tx), &params, ledger_arena(tx), error, &chapter, &found)) return false;
  if (found && !step_look(tx, entry, chapter.course_id, error, &step, &found)) return false;
  if (!found) {
    *ret_outcome = ENROLL_NO_COURSE;
    return true;
  }
  if (!step.is_enrolled) {
    *ret_outcome = ENROLL_NONE;
    return true;
  }
  if (chapter.is_complete) {
    outcome = ENROLL_STOOD;
    if (!mend(&step, "chapters", error)) return false;
  } else if (!write_completion(&step, chapter_id, error)) {
    return false;
  }
  *ret_state = step_state(&step, status_of(&step));
  *ret_outcome = outcome;
  return true;
}
