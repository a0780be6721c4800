#include "learner/practice_session.h"

#include <inttypes.h>

#include "learner/place.h"
#include "learner/practice.h"
#include "queries/practice_session.h"

#include "base/banned.h"

static const struct field start_fields[] = {
    FIELD_TEXT(struct practice_session_start, "sessionId", session_id, .minimum = 1, .maximum = 64,
               .summary = "The client's own id of this start: a repeat with the same id gets the first "
                          "reply."),
    FIELD_TIME(struct practice_session_start, "startedAt", started_at_ms,
               .presence = PRESENCE(struct practice_session_start, started_at_given),
               .summary = "When it was started; now, when not sent. At most offline.max_age_days old."),
};
const struct schema practice_session_start_schema =
    SCHEMA("PracticeSessionStart", struct practice_session_start, start_fields,
           .summary = "A practice session that begins.");

static const struct field patch_fields[] = {
    FIELD_TIME(struct practice_session_patch, "endedAt", ended_at_ms,
               .presence = PRESENCE(struct practice_session_patch, ended_at_given),
               .summary = "When it was ended; now, when not sent."),
};
const struct schema practice_session_patch_schema =
    SCHEMA("PracticeSessionEnd", struct practice_session_patch, patch_fields,
           .summary = "The end of a practice session.");

static const struct field session_fields[] = {
    FIELD_UINT(struct practice_session, "id", id, .flags = FIELD_REQUIRED,
               .summary = "Its id: an answer names it as practiceSessionId."),
    FIELD_TIME(struct practice_session, "startedAt", started_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it was started."),
    FIELD_TIME(struct practice_session, "endedAt", ended_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct practice_session, ended_at_given),
               .summary = "When it was ended; null: not yet."),
    FIELD_UINT(struct practice_session, "totalExercises", total_exercises, .flags = FIELD_REQUIRED,
               .summary = "Answers that named it."),
    FIELD_UINT(struct practice_session, "correctAnswers", correct_answers, .flags = FIELD_REQUIRED,
               .summary = "Of them, correct ones."),
};
static const struct schema session_schema =
    SCHEMA("PracticeSession", struct practice_session, session_fields, .summary = "A practice session.");

static const struct field reply_fields[] = {
    FIELD_BOOL(struct practice_session_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_OBJECT(struct practice_session_reply, "session", session, .object = &session_schema,
                 .flags = FIELD_REQUIRED, .summary = "The session as it is now."),
    FIELD_UINT(struct practice_session_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision."),
};
const struct schema practice_session_reply_schema =
    SCHEMA("PracticeSessionReply", struct practice_session_reply, reply_fields,
           .summary = "A session that was started or ended.");

static const struct field query_fields[] = {
    FIELD_UINT(struct practice_session_query, "limit", limit,
               .presence = PRESENCE(struct practice_session_query, limit_given), .minimum = 1,
               .maximum = PRACTICE_SESSIONS_MAX, .summary = "At most so many; otherwise all of them."),
    FIELD_TEXT(struct practice_session_query, "after", after, .maximum = PLACE_TEXT_BYTES,
               .summary = "Go on after this place: the nextAfter of the page before."),
};
const struct schema practice_session_query_schema =
    SCHEMA("PracticeSessionQuery", struct practice_session_query, query_fields, .summary = "Which sessions.");

static const struct field list_fields[] = {
    FIELD_LIST(struct practice_session_list, "sessions", sessions, .object = &session_schema,
               .flags = FIELD_REQUIRED, .maximum = PRACTICE_SESSIONS_MAX, .summary = "Newest first."),
    FIELD_TEXT(struct practice_session_list, "nextAfter", next_after,
               .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "Where the next page goes on; null at the end."),
};
const struct schema practice_session_list_schema =
    SCHEMA("PracticeSessions", struct practice_session_list, list_fields,
           .summary = "The learner's practice sessions.");

static bool report(struct ledger_tx *tx, struct ledger_entry *entry, uint64_t session_id, const char *because,
                   struct error *error) {
  struct ledger_change change = {.what = "practiceSession", .because = because};
  change.key = arena_printf(ledger_arena(tx), "%" PRIu64, session_id);
  return change.key == NULL ? error_set_memory(error) : ledger_report(tx, entry, &change, error);
}

static bool start_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  const struct practice_session_input *input = entry->input;
  struct practice_session_reply *reply = entry->reply;
  struct practice_session session = {.started_at_ms = ledger_now_ms(tx), .ended_at_given = PRESENCE_NULL};
  struct db_outcome outcome;
  if (input->start->started_at_given == PRESENCE_GIVEN) session.started_at_ms = input->start->started_at_ms;
  if (!practice_check_time("startedAt", session.started_at_ms, ledger_now_ms(tx), &input->config->offline,
                           &entry->error)) {
    ledger_fail(entry);
    return true;
  }
  struct practice_session_add_params params = {.user_id = entry->learner.user_id,
                                               .started_at = session.started_at_ms};
  if (!practice_session_add(ledger_db(tx), &params, error, &outcome)) return false;
  session.id = outcome.insert_id;
  *reply = (struct practice_session_reply){
      .success = true, .session = session, .revision = entry->learner.revision};
  return report(tx, entry, session.id, "started", error);
}

static bool start_work(struct ledger_tx *tx, struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++)
    if (!start_one(tx, ledger_at(tx, at), error)) return false;
  return true;
}

const struct ledger_kind practice_session_start_kind = {.name = "practice_start", .work = start_work};

static bool read_own(struct ledger_tx *tx, const struct ledger_entry *entry, uint64_t session_id,
                     struct error *error, struct practice_session *ret_session, bool *ret_found) {
  struct practice_session_read_params params = {.user_id = entry->learner.user_id, .session_id = session_id};
  struct practice_session_read_row row;
  if (!practice_session_read(ledger_db(tx), &params, ledger_arena(tx), error, &row, ret_found)) return false;
  if (*ret_found)
    *ret_session =
        (struct practice_session){.id = session_id,
                                  .started_at_ms = row.started_at,
                                  .ended_at_ms = row.ended_at,
                                  .ended_at_given = row.ended_at_is_null ? PRESENCE_NULL : PRESENCE_GIVEN,
                                  .total_exercises = row.total_exercises,
                                  .correct_answers = row.correct_answers};
  return true;
}

/* Sets the entry's error where the end is none. */
static bool may_end(const struct ledger_tx *tx, struct ledger_entry *entry,
                    const struct practice_session *session, int64_t ended_at_ms) {
  if (ended_at_ms < session->started_at_ms)
    return error_add_field(&entry->error, ERROR_UNPROCESSABLE, "endedAt", "must not lie before the start");
  if (ended_at_ms > ledger_now_ms(tx) + PRACTICE_CLOCK_SKEW_MS)
    return error_add_field(&entry->error, ERROR_UNPROCESSABLE, "endedAt", "must not lie in the future");
  return true;
}

static bool end_one(struct ledger_tx *tx, struct ledger_entry *entry, struct error *error) {
  const struct practice_session_input *input = entry->input;
  struct practice_session_reply *reply = entry->reply;
  struct practice_session session = {.id = 0};
  struct db_outcome outcome;
  bool found;
  if (!read_own(tx, entry, input->session_id, error, &session, &found)) return false;
  if (!found) {
    error_set(&entry->error, ERROR_NOT_FOUND, "There is no such practice session.");
    ledger_fail(entry);
    return true;
  }
  *reply = (struct practice_session_reply){
      .success = true, .session = session, .revision = entry->learner.revision - 1};
  if (session.ended_at_given == PRESENCE_GIVEN) return true;
  int64_t ended_at_ms =
      input->patch->ended_at_given == PRESENCE_GIVEN ? input->patch->ended_at_ms : ledger_now_ms(tx);
  if (input->patch->ended_at_given != PRESENCE_GIVEN && ended_at_ms < session.started_at_ms)
    ended_at_ms = session.started_at_ms; /* the client's clock, within its bounds, was ahead of ours */
  if (!may_end(tx, entry, &session, ended_at_ms)) {
    ledger_fail(entry);
    return true;
  }
  struct practice_session_end_params params = {
      .user_id = entry->learner.user_id, .session_id = session.id, .ended_at = ended_at_ms};
  if (!practice_session_end(ledger_db(tx), &params, error, &outcome)) return false;
  reply->session.ended_at_ms = ended_at_ms;
  reply->session.ended_at_given = PRESENCE_GIVEN;
  reply->revision = entry->learner.revision;
  return report(tx, entry, session.id, "ended", error);
}

static bool end_work(struct ledger_tx *tx, struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++)
    if (!end_one(tx, ledger_at(tx, at), error)) return false;
  return true;
}

const struct ledger_kind practice_session_end_kind = {.name = "practice_end", .work = end_work};

bool practice_session_read_list(struct db *db, const struct practice_session_query *query, uint64_t user_id,
                                struct arena *arena, struct error *error,
                                struct practice_session_list *ret_list) {
  uint64_t limit = query->limit_given == PRESENCE_GIVEN ? query->limit : PRACTICE_SESSIONS_MAX;
  struct practice_session_list list = {.next_after = NULL};
  struct practice_session_list_row *rows;
  struct place place;
  size_t count;
  if (!place_parse(query->after, error, &place)) return false;
  struct practice_session_list_params params = {
      .user_id = user_id, .before_at = place.at_ms, .before_id = place.id, .limit_rows = limit + 1};
  if (!practice_session_list(db, &params, arena, limit + 1, error, &rows, &count)) return false;
  struct practice_session *sessions = arena_alloc_array(arena, count, sizeof *sessions);
  if (sessions == NULL) return error_set_memory(error);
  if (count > limit) {
    count = limit;
    place = (struct place){.at_ms = rows[count - 1].started_at, .id = rows[count - 1].session_id};
    if (!place_print(&place, arena, error, &list.next_after)) return false;
  }
  for (size_t at = 0; at < count; at++)
    sessions[at] = (struct practice_session){.id = rows[at].session_id,
                                             .started_at_ms = rows[at].started_at,
                                             .ended_at_ms = rows[at].ended_at,
                                             .ended_at_given =
                                                 rows[at].ended_at_is_null ? PRESENCE_NULL : PRESENCE_GIVEN,
                                             .total_exercises = rows[at].total_exercises,
                                             .correct_answers = rows[at].correct_answers};
  list.sessions = (struct field_list){.items = sessions, .count = count};
  *ret_list = list;
  return true;
}
