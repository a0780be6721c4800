#include "session/session_api.h"

#include "base/random.h"
#include "http/entry.h"
#include "session/dashboard.h"
#include "session/session_record.h"

#include "base/banned.h"

#define MADE_ID_BYTES 12 /* of randomness */

/* As the document's clients make theirs, but for the randomness. */
static const char *make_session_id(struct request *request) {
  char random[2 * MADE_ID_BYTES + 1];
  random_hex(random, MADE_ID_BYTES);
  return arena_printf(request->arena, "session-%s", random);
}

static bool handle_record(struct request *request, const void *query, const void *body_struct, void *reply,
                          struct error *error) {
  const struct session_body *body = body_struct;
  struct session_input input = {
      .body = body, .session_id = body->session_id, .config = request->app->config, .zones = request->zones};
  struct ledger_entry entry;
  (void)query;
  if (!entry_begin(request, &session_kind, body->session_id, &session_body_schema, body, error, &entry))
    return false;
  if (input.session_id == NULL) input.session_id = make_session_id(request);
  if (input.session_id == NULL) return error_set_memory(error);
  entry.input = &input;
  entry.reply_schema = &session_reply_schema;
  entry.reply = reply;
  return ledger_join(request->app->ledger, &session_kind, &entry, request->arena, error) &&
         entry_answer(request, &entry);
}

static bool handle_dashboard(struct request *request, const void *query, const void *body, void *reply,
                             struct error *error) {
  (void)query;
  (void)body;
  return dashboard_read(request->snapshot, request->principal.user_id, &request->app->config->profile,
                        request->today, request->arena, error, reply);
}

static const struct endpoint rows[] = {
    {.method = "POST",
     .path = "/api/sessions/record",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY,
     .body = &session_body_schema,
     .reply = &session_reply_schema,
     .handle = handle_record,
     .tag = "Sessions",
     .summary = "Record a completed session; the profile moves with it"},
    {.method = "GET",
     .path = "/api/dashboard",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_FRESH,
     .reply = &dashboard_reply_schema,
     .handle = handle_dashboard,
     .tag = "Sessions",
     .summary = "Profile, stitches completed and latest sessions of the learner"},
};
const struct endpoint_table session_endpoints = ENDPOINT_TABLE(rows);
