#include "enroll/connection.h"

#include <string.h>

#include "ledger/ledger.h"
#include "queries/course.h"
#include "queries/learner.h"

#include "base/banned.h"

static const struct field query_fields[] = {
    FIELD_UINT(struct connection_query, "since", since,
               .presence = PRESENCE(struct connection_query, since_given), .maximum = INT64_MAX,
               .summary = "The revision that the client knows."),
};
const struct schema connection_query_schema =
    SCHEMA("ConnectionQuery", struct connection_query, query_fields, .summary = "What the client knows.");

static const struct field change_fields[] = {
    FIELD_UINT(struct connection_change, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The revision that it made."),
    FIELD_TEXT(struct connection_change, "kind", kind, .flags = FIELD_REQUIRED, .summary = "What was done."),
    FIELD_TIME(struct connection_change, "at", at_ms, .flags = FIELD_REQUIRED, .summary = "When."),
    FIELD_JSON(struct connection_change, "changes", changes, .flags = FIELD_REQUIRED,
               .summary = "What moved: a list of {what, key, by, because}."),
};
static const struct schema change_schema =
    SCHEMA("ConnectionChange", struct connection_change, change_fields, .summary = "One operation.");

static const struct field reply_fields[] = {
    FIELD_UINT(struct connection_reply, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision: the next `since`."),
    FIELD_TIME(struct connection_reply, "serverTime", server_time_ms, .flags = FIELD_REQUIRED,
               .summary = "The server's clock."),
    FIELD_INT(struct connection_reply, "enrolledCourses", enrolled_courses, .flags = FIELD_REQUIRED,
              .summary = "Open courses that the student is enrolled in."),
    FIELD_INT(struct connection_reply, "pendingRequests", pending_requests, .flags = FIELD_REQUIRED,
              .summary = "Requests that wait to be decided."),
    FIELD_INT(struct connection_reply, "pollIntervalMs", poll_interval_ms, .flags = FIELD_REQUIRED,
              .summary = "When to ask again."),
    FIELD_LIST(struct connection_reply, "changes", changes, .object = &change_schema, .flags = FIELD_REQUIRED,
               .maximum = CONNECTION_CHANGES_MAX, .summary = "What was done since, oldest first."),
    FIELD_BOOL(struct connection_reply, "resync", resync, .flags = FIELD_REQUIRED,
               .summary = "The way from `since` to now cannot be told: read everything anew."),
};
const struct schema connection_reply_schema =
    SCHEMA("Connection", struct connection_reply, reply_fields, .summary = "Where a polling client stands.");

static bool read_changes(struct db *db, uint64_t since, uint64_t user_id, struct arena *arena,
                         struct error *error, struct connection_reply *reply) {
  struct course_changes_since_params params = {
      .user_id = user_id, .since = since, .limit_rows = CONNECTION_CHANGES_MAX};
  struct course_changes_since_row *rows;
  size_t count;
  if (!course_changes_since(db, &params, arena, CONNECTION_CHANGES_MAX, error, &rows, &count)) return false;
  /* Every revision has its one entry: a gap means that entries were folded, and so does what they became. */
  bool begins_folded = count > 0 && strcmp(rows[0].kind, LEDGER_KIND_FOLDED) == 0;
  if (since > reply->revision || count != reply->revision - since || begins_folded) {
    reply->resync = true;
    return true;
  }
  struct connection_change *changes = arena_alloc_array(arena, count, sizeof *changes);
  if (changes == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    changes[at] = (struct connection_change){.revision = rows[at].revision,
                                             .kind = rows[at].kind,
                                             .at_ms = rows[at].created_at,
                                             .changes = rows[at].changes};
  reply->changes = (struct field_list){.items = changes, .count = count};
  return true;
}

bool connection_read(struct db *db, const struct connection_query *query, uint64_t user_id, int64_t now_ms,
                     struct arena *arena, struct error *error, struct connection_reply *ret_reply) {
  struct course_stats_params params = {.user_id = user_id};
  struct learner_totals_params learner = {.user_id = user_id};
  struct connection_reply reply = {.server_time_ms = now_ms, .poll_interval_ms = CONNECTION_POLL_MS};
  struct course_stats_row stats = {.enrolled = 0};
  struct learner_totals_row totals;
  bool found;
  if (!course_stats(db, &params, arena, error, &stats, &found)) return false;
  if (!learner_totals(db, &learner, arena, error, &totals, &found)) return false;
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
  reply.revision = totals.revision;
  reply.enrolled_courses = stats.enrolled;
  reply.pending_requests = stats.pending;
  if (query->since_given == PRESENCE_GIVEN && !read_changes(db, query->since, user_id, arena, error, &reply))
    return false;
  *ret_reply = reply;
  return true;
}
