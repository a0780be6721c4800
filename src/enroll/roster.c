#include "enroll/roster.h"

#include <inttypes.h>
#include <string.h>

#include "enroll/roster_private.h"
#include "queries/roster.h"
#include "schema/encode.h"

#include "base/banned.h"

#define WISHES_BYTES_MAX ((size_t)4 * 1024 * 1024) /* of one batch, as JSON */

/* One reading of the list. */
struct pass {
  struct ledger *ledger;
  struct pool *pool;
  const struct roster_order *order;
  struct arena *arena;
  bool writes;
  bool is_final;    /* nothing comes after it: lines that cannot be taken are told */
  uint64_t allowed; /* removals */
  struct roster_header header;
  struct roster_pairs pairs;
  struct roster_pairs courses; /* pairs with a course alone */
  struct roster_wish wishes[ROSTER_BATCH];
  size_t wish_count;
  struct roster_action actions[ROSTER_BATCH];
  size_t action_count;
  size_t batch_count;
  struct roster_report report;
};

static bool tell_bad(struct pass *pass, const struct sheet_row *row, const char *column, const char *why,
                     struct error *error) {
  pass->report.bad++;
  return !pass->is_final || pass->order->on_bad(pass->order->context, row, column, why, error);
}

/* --- Doing, or only counting ------------------------------------------------------------------------- */

static uint64_t removals_of(const struct roster_report *report) {
  return report->unenrolled + report->unenrolled_missing;
}

static void count_act(struct roster_report *report, enum roster_act act) {
  switch (act) {
  case ROSTER_ENROL:
    report->enrolled++;
    break;
  case ROSTER_ENROL_AGAIN:
    report->enrolled_again++;
    break;
  case ROSTER_MEND:
    report->mended++;
    break;
  case ROSTER_UNENROL:
    report->unenrolled++;
    break;
  case ROSTER_UNENROL_MISSING:
    report->unenrolled_missing++;
    break;
  }
}

/* Somebody else may have done it in the meantime. */
static bool count_done(struct pass *pass, const struct roster_action *action, struct error *error) {
  bool is_changed = action->outcome == ENROLL_DONE || action->act == ROSTER_MEND;
  if (action->why != NULL)
    return action->wish == NULL || tell_bad(pass, &action->wish->row, NULL, action->why, error);
  if (is_changed)
    count_act(&pass->report, action->act);
  else if (action->wish != NULL)
    pass->report.unchanged++;
  return true;
}

static bool flush_actions(struct pass *pass, struct error *error) {
  size_t count = pass->action_count;
  pass->action_count = 0;
  if (pass->writes &&
      !roster_apply(pass->ledger, pass->order, pass->batch_count++, pass->actions, count, pass->arena, error))
    return false;
  for (size_t at = 0; at < count; at++) {
    if (!pass->writes)
      count_act(&pass->report, pass->actions[at].act);
    else if (!count_done(pass, &pass->actions[at], error))
      return false;
  }
  return true;
}

static bool add_action(struct pass *pass, const struct roster_action *action, struct error *error) {
  bool is_removal = action->act == ROSTER_UNENROL || action->act == ROSTER_UNENROL_MISSING;
  uint64_t waiting = 0;
  for (size_t at = 0; at < pass->action_count; at++)
    waiting += pass->actions[at].act == ROSTER_UNENROL || pass->actions[at].act == ROSTER_UNENROL_MISSING;
  if (pass->writes && is_removal && removals_of(&pass->report) + waiting >= pass->allowed)
    return error_set(
        error, ERROR_CONFLICT,
        "Somebody enrols meanwhile whom the list does not name; it has removed all that it may.");
  pass->actions[pass->action_count++] = *action;
  return true;
}

/* --- Lines ------------------------------------------------------------------------------------------- */

struct wish_text {
  uint64_t user_id;
  enum presence user_given;
  const char *username;
  const char *subject;
  uint64_t course_id;
};
struct wish_texts {
  struct field_list wishes;
};
static const struct field wish_fields[] = {
    FIELD_UINT(struct wish_text, "u", user_id, .presence = PRESENCE(struct wish_text, user_given)),
    FIELD_TEXT(struct wish_text, "n", username, .summary = "The username."),
    FIELD_TEXT(struct wish_text, "s", subject, .summary = "The provider's id."),
    FIELD_UINT(struct wish_text, "c", course_id, .flags = FIELD_REQUIRED),
};
static const struct schema wish_schema =
    SCHEMA("RosterWish", struct wish_text, wish_fields, .summary = "A line.");
static const struct field wishes_fields[] = {
    FIELD_LIST(struct wish_texts, "w", wishes, .object = &wish_schema, .flags = FIELD_REQUIRED,
               .maximum = ROSTER_BATCH),
};
static const struct schema wishes_schema =
    SCHEMA("RosterWishes", struct wish_texts, wishes_fields, .summary = "The lines of a batch.");

static bool borrow(struct pass *pass, struct error *error, struct pool_lease *lease) {
  return pool_acquire(lease->pool, pass->order->deadline_ms, error, &lease->db);
}

static bool look(struct pass *pass, struct error *error, struct roster_look_row **ret_rows) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(WISHES_BYTES_MAX);
  struct wish_text wishes[ROSTER_BATCH];
  struct wish_texts all = {.wishes = {.items = wishes, .count = pass->wish_count}};
  size_t count;
  for (size_t at = 0; at < pass->wish_count; at++) {
    const struct roster_wish *wish = &pass->wishes[at];
    wishes[at] = (struct wish_text){.user_id = wish->user_id,
                                    .user_given = wish->user_id != 0 ? PRESENCE_GIVEN : PRESENCE_ABSENT,
                                    .username = wish->called == ROSTER_USERNAME ? wish->name : NULL,
                                    .subject = wish->called == ROSTER_SUBJECT ? wish->name : NULL,
                                    .course_id = wish->course_id};
  }
  schema_encode_json(&wishes_schema, &all, &text);
  if (text.failed) return error_set_memory(error);
  struct roster_look_params params = {.wishes = buffer_text(&text)};
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = pass->pool};
  if (!borrow(pass, error, &lease) ||
      !roster_look(lease.db, &params, pass->arena, ROSTER_BATCH, error, ret_rows, &count))
    return false;
  return count == pass->wish_count ||
         error_set(error, ERROR_INTERNAL, "A line stands for more than one enrollment.");
}

static bool remember_course(struct pass *pass, uint64_t course_id, struct error *error) {
  struct roster_pair alone = {.user_id = course_id};
  const struct roster_pair *place;
  bool is_new;
  return roster_pairs_add(&pass->courses, &alone, error, &place, &is_new);
}

/* What a line asks for that is not so yet. */
static bool judge(struct pass *pass, const struct roster_wish *wish, const struct roster_look_row *row,
                  struct error *error) {
  struct roster_action action = {.user_id = row->user_id, .course_id = row->course_id, .wish = wish};
  /* Left in student_progress alone, a rule would enrol whom the line cancels. */
  bool stands = row->is_enrolled || row->is_legacy;
  bool is_right = wish->is_removal ? !stands : row->is_enrolled && row->is_whole;
  if (is_right) {
    pass->report.unchanged++;
    return true;
  }
  if (wish->is_removal)
    action.act = ROSTER_UNENROL;
  else if (row->is_enrolled)
    action.act = ROSTER_MEND;
  else
    action.act = row->was_cancelled ? ROSTER_ENROL_AGAIN : ROSTER_ENROL;
  return add_action(pass, &action, error);
}

static bool take_wish(struct pass *pass, const struct roster_wish *wish, const struct roster_look_row *row,
                      struct error *error) {
  struct roster_pair pair = {
      .user_id = row->user_id, .course_id = row->course_id, .is_removal = wish->is_removal};
  const struct roster_pair *place;
  bool is_new;
  if (wish->why != NULL) return tell_bad(pass, &wish->row, wish->column, wish->why, error);
  if (row->user_id_is_null)
    return tell_bad(pass, &wish->row, roster_column_names[wish->called], "there is no such learner", error);
  if (row->course_id_is_null)
    return tell_bad(pass, &wish->row, roster_column_names[ROSTER_COURSE_ID], "there is no such course",
                    error);
  if (!remember_course(pass, row->course_id, error) ||
      !roster_pairs_add(&pass->pairs, &pair, error, &place, &is_new))
    return false;
  if (is_new) return judge(pass, wish, row, error);
  if (place->is_removal != wish->is_removal)
    return tell_bad(pass, &wish->row, roster_column_names[ROSTER_STATUS], "an earlier line says otherwise",
                    error);
  pass->report.repeated++;
  return true;
}

static bool flush_wishes(struct pass *pass, struct error *error) {
  struct roster_look_row *rows;
  if (pass->wish_count > 0) {
    if (!look(pass, error, &rows)) return false;
    for (size_t at = 0; at < pass->wish_count; at++)
      if (!take_wish(pass, &pass->wishes[at], &rows[at], error)) return false;
    if (!flush_actions(pass, error)) return false;
  }
  pass->wish_count = 0;
  if (pass->order->on_progress != NULL) pass->order->on_progress(pass->order->context, pass->writes);
  return true;
}

static bool read_lines(struct pass *pass, struct sheet *sheet, struct error *error) {
  struct arena_mark mark = arena_mark(pass->arena);
  struct sheet_row row;
  for (;;) {
    if (!sheet_next(sheet, error, &row)) return false;
    if (row.kind == SHEET_END) return flush_wishes(pass, error);
    if (!roster_read_wish(&pass->header, &row, pass->arena, error, &pass->wishes[pass->wish_count]))
      return false;
    pass->report.lines++;
    if (++pass->wish_count < ROSTER_BATCH) continue;
    if (!flush_wishes(pass, error)) return false;
    arena_rewind(pass->arena, mark);
  }
}

/* --- Who is missing ---------------------------------------------------------------------------------- */

static bool read_enrolled(struct pass *pass, const struct roster_enrolled_params *params, struct error *error,
                          struct roster_enrolled_row **ret_rows, size_t *ret_count) {
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = pass->pool};
  return borrow(pass, error, &lease) &&
         roster_enrolled(lease.db, params, pass->arena, ROSTER_BATCH, error, ret_rows, ret_count);
}

static bool remove_missing_of(struct pass *pass, uint64_t course_id, struct error *error) {
  struct roster_enrolled_params params = {.course_id = course_id, .limit_rows = ROSTER_BATCH};
  struct arena_mark mark = arena_mark(pass->arena);
  struct roster_enrolled_row *rows;
  size_t count;
  do {
    arena_rewind(pass->arena, mark);
    if (!read_enrolled(pass, &params, error, &rows, &count)) return false;
    for (size_t at = 0; at < count; at++) {
      struct roster_action action = {
          .act = ROSTER_UNENROL_MISSING, .user_id = rows[at].user_id, .course_id = course_id};
      params.after_id = rows[at].user_id;
      if (!roster_pairs_have(&pass->pairs, rows[at].user_id, course_id) && !add_action(pass, &action, error))
        return false;
    }
    if (!flush_actions(pass, error)) return false;
  } while (count == ROSTER_BATCH);
  return true;
}

static bool each_course(struct pass *pass,
                        bool (*one)(struct pass *pass, uint64_t course_id, struct error *error),
                        struct error *error) {
  for (size_t at = 0; at < pass->courses.capacity; at++)
    if (pass->courses.places[at].user_id != 0 && !one(pass, pass->courses.places[at].user_id, error))
      return false;
  return true;
}

static bool count_standing(struct pass *pass, uint64_t course_id, struct error *error) {
  struct roster_standing_params params = {.course_id = course_id};
  struct roster_standing_row row;
  bool found;
  CLEANUP(pool_lease_end) struct pool_lease lease = {.pool = pass->pool};
  if (!borrow(pass, error, &lease) || !roster_standing(lease.db, &params, pass->arena, error, &row, &found))
    return false;
  if (found) pass->report.standing += (uint64_t)row.enrollments;
  return true;
}

/* --- The two readings -------------------------------------------------------------------------------- */

static void pass_end(struct pass *pass) {
  roster_pairs_free(&pass->pairs);
  roster_pairs_free(&pass->courses);
}

static bool pass_run(struct pass *pass, struct error *error) {
  struct sheet *sheet = NULL;
  if (!sheet_open(pass->order->file, error, &sheet)) return false;
  bool done = roster_read_header(sheet_header(sheet), error, &pass->header) && read_lines(pass, sheet, error);
  sheet_close(sheet);
  if (!done) return false;
  pass->report.courses = pass->courses.count;
  if (!pass->writes && !each_course(pass, count_standing, error)) return false;
  return !pass->order->removes_missing || each_course(pass, remove_missing_of, error);
}

/* Whether what the first reading found may be done. */
static bool is_allowed(const struct pass *pass, struct error *error) {
  const struct roster_report *report = &pass->report;
  if (pass->order->removes_missing && report->bad > 0)
    return error_set(
        error, ERROR_UNPROCESSABLE,
        "Lines that cannot be taken would make whom they mean look missing. Put them right first; "
        "--dry-run names them.");
  if (pass->order->removes_missing && pass->pairs.count == 0)
    return error_set(error, ERROR_UNPROCESSABLE, "The list names nobody, so nobody can be missing from it.");
  if (removals_of(report) <= pass->allowed) return true;
  return error_set(error, ERROR_UNPROCESSABLE,
                   "The list would remove %" PRIu64 " of %" PRIu64 " enrollments; it may remove %" PRIu64
                   " (--max-removals, or maxRemovals).",
                   removals_of(report), report->standing, pass->allowed);
}

static bool run_pass(struct pass *pass, bool writes, struct error *error) {
  struct arena_mark mark = arena_mark(pass->arena);
  pass->writes = writes;
  bool done = pass_run(pass, error);
  arena_rewind(pass->arena, mark);
  return done;
}

static uint64_t allowed_of(const struct roster_order *order, uint64_t standing) {
  return order->is_percent ? standing * order->max_removals / 100 : order->max_removals;
}

bool roster_import(struct ledger *ledger, struct pool *pool, const struct roster_order *order,
                   struct arena *arena, struct error *error, struct roster_report *ret_report) {
  struct pass *pass = arena_alloc(arena, sizeof *pass);
  struct pass *second = arena_alloc(arena, sizeof *second);
  if (pass == NULL || second == NULL) return error_set_memory(error);
  *pass = (struct pass){
      .ledger = ledger, .pool = pool, .order = order, .arena = arena, .is_final = order->is_dry_run};
  bool done = run_pass(pass, false, error);
  pass->allowed = allowed_of(order, pass->report.standing);
  *ret_report = pass->report;
  done = done && is_allowed(pass, error);
  uint64_t standing = pass->report.standing;
  uint64_t allowed = pass->allowed;
  pass_end(pass);
  if (!done || order->is_dry_run) return done;
  *second = (struct pass){.report = {.has_written = true},
                          .ledger = ledger,
                          .pool = pool,
                          .order = order,
                          .arena = arena,
                          .is_final = true};
  second->allowed = allowed;
  done = run_pass(second, true, error);
  second->report.standing = standing;
  *ret_report = second->report;
  pass_end(second);
  return done;
}
