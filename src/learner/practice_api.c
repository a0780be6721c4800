#include "learner/practice_api.h"

#include <inttypes.h>

#include "http/entry.h"
#include "learner/attempts.h"
#include "learner/practice_session.h"
#include "learner/reset.h"
#include "learner/statistics.h"

#include "base/banned.h"

static bool handle_statistics(struct request *request, const void *query, const void *body, void *reply,
                              struct error *error) {
  (void)body;
  return statistics_read(request->snapshot, query, request->principal.user_id, request->today, request->arena,
                         error, reply);
}

static bool handle_attempts(struct request *request, const void *query, const void *body, void *reply,
                            struct error *error) {
  (void)body;
  return attempts_read(request->snapshot, query, request->principal.user_id, request->arena, error, reply);
}

static bool handle_sessions(struct request *request, const void *query, const void *body, void *reply,
                            struct error *error) {
  (void)body;
  return practice_session_read_list(request->snapshot, query, request->principal.user_id, request->arena,
                                    error, reply);
}

static bool handle_start(struct request *request, const void *query, const void *body, void *reply,
                         struct error *error) {
  const struct practice_session_start *start = body;
  struct practice_session_input input = {.config = request->app->config, .start = start};
  struct ledger_entry entry;
  (void)query;
  if (!entry_begin(request, &practice_session_start_kind, start->session_id, &practice_session_start_schema,
                   body, error, &entry))
    return false;
  entry.input = &input;
  entry.reply_schema = &practice_session_reply_schema;
  entry.reply = reply;
  return ledger_run_one(request->app->ledger, &practice_session_start_kind, &entry, NULL, request->arena,
                        error) &&
         entry_answer(request, &entry);
}

/* Which session is to end is said by the path: a key that was used for another one is no repeat. */
static bool handle_end(struct request *request, const void *query, const void *body, void *reply,
                       struct error *error) {
  const struct ledger_kind *kind = &practice_session_end_kind;
  struct practice_session_input input = {.config = request->app->config, .patch = body};
  struct ledger_entry entry;
  (void)query;
  if (!request_path_id(request, 0, error, &input.session_id)) return false;
  const char *what = arena_printf(request->arena, "%s:%" PRIu64, kind->name, input.session_id);
  if (what == NULL) return error_set_memory(error);
  if (!entry_begin(request, kind, NULL, &practice_session_patch_schema, body, error, &entry) ||
      !ledger_hash(what, &practice_session_patch_schema, body, error, &entry.request_hash))
    return false;
  entry.input = &input;
  entry.reply_schema = &practice_session_reply_schema;
  entry.reply = reply;
  return ledger_run_one(request->app->ledger, kind, &entry, NULL, request->arena, error) &&
         entry_answer(request, &entry);
}

/* A reset is asked for without a body: the one kind of request for it. */
static const struct schema nothing_schema = {.name = "Nothing", .summary = "Nothing."};

static bool handle_reset(struct request *request, const void *query, const void *body, void *reply,
                         struct error *error) {
  struct reset_input input = {.rules = request->app->rules};
  struct ledger_entry entry;
  (void)query;
  (void)body;
  if (!entry_begin(request, &reset_kind, NULL, &nothing_schema, &nothing_schema, error, &entry)) return false;
  entry.input = &input;
  entry.reply_schema = &reset_reply_schema;
  entry.reply = reply;
  return ledger_run_one(request->app->ledger, &reset_kind, &entry, NULL, request->arena, error) &&
         entry_answer(request, &entry);
}

#define WRITE_FLAGS ENDPOINT_NEEDS_LEARNER | ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/progress/statistics",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_FRESH,
     .query = &statistics_query_schema,
     .reply = &statistics_reply_schema,
     .handle = handle_statistics,
     .tag = "Progress",
     .summary = "Totals by module and day, best day, practice sessions and streaks by activity"},
    {.method = "GET",
     .path = "/api/progress/attempts",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_FRESH,
     .query = &attempts_query_schema,
     .reply = &attempts_reply_schema,
     .handle = handle_attempts,
     .tag = "Progress",
     .summary = "What the learner answered, newest first"},
    {.method = "POST",
     .path = "/api/progress/reset",
     .role = ROLE_STUDENT,
     .flags = WRITE_FLAGS,
     .reply = &reset_reply_schema,
     .handle = handle_reset,
     .tag = "Progress",
     .summary = "Start over: attempts, practice sessions, totals and streak; an administrator can undo it"},
    {.method = "POST",
     .path = "/api/practice-sessions",
     .role = ROLE_ANONYMOUS,
     .flags = WRITE_FLAGS,
     .success_status = 201,
     .body = &practice_session_start_schema,
     .reply = &practice_session_reply_schema,
     .handle = handle_start,
     .tag = "Progress",
     .summary = "Start a practice session, for answers to name"},
    {.method = "PATCH",
     .path = "/api/practice-sessions/{id}",
     .role = ROLE_ANONYMOUS,
     .flags = WRITE_FLAGS,
     .body = &practice_session_patch_schema,
     .reply = &practice_session_reply_schema,
     .handle = handle_end,
     .tag = "Progress",
     .summary = "End a practice session; one that has ended stays as it ended"},
    {.method = "GET",
     .path = "/api/practice-sessions",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_FRESH,
     .query = &practice_session_query_schema,
     .reply = &practice_session_list_schema,
     .handle = handle_sessions,
     .tag = "Progress",
     .summary = "The learner's practice sessions, newest first"},
};
const struct endpoint_table practice_endpoints = ENDPOINT_TABLE(rows);
