#include "learner/learner_api.h"

#include "http/entry.h"
#include "learner/answer.h"
#include "learner/history.h"
#include "learner/modules.h"
#include "learner/profile.h"
#include "learner/progress.h"

#include "base/banned.h"

static bool handle_answer(struct request *request, const void *query, const void *body_struct, void *reply,
                          struct error *error) {
  const struct answer_body *body = body_struct;
  struct answer_input input = {.body = body, .config = request->app->config, .zones = request->zones};
  struct ledger_entry entry;
  (void)query;
  if (!entry_begin(request, &answer_kind, body->answer_id, &answer_body_schema, body, error, &entry))
    return false;
  entry.input = &input;
  entry.reply_schema = &answer_reply_schema;
  entry.reply = reply;
  return ledger_join(request->app->ledger, &answer_kind, &entry, request->arena, error) &&
         entry_answer(request, &entry);
}

/* Drift that came around Lockstep is mended before it is read; without drift nothing is written. */
static bool prepare_progress(struct request *request, struct error *error) {
  struct rule_repair repair;
  return rule_heal(request->app->rules, request->app->ledger, &request->app->config->rules,
                   RULE_SCOPE_PROGRESS, request->principal.user_id, "lockstep:read", request->arena, error,
                   &repair);
}

static bool handle_progress(struct request *request, const void *query, const void *body, void *reply,
                            struct error *error) {
  (void)query;
  (void)body;
  return progress_read(request->snapshot, &request->app->config->progress, request->principal.user_id,
                       request->today, request->arena, error, reply);
}

static bool handle_history(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  (void)body;
  return history_read(request->snapshot, query, request->principal.user_id, request->arena, error, reply);
}

static bool handle_modules(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  (void)query;
  (void)body;
  return modules_read(request->snapshot, request->arena, error, reply);
}

static bool handle_profile(struct request *request, const void *query, const void *body, void *reply,
                           struct error *error) {
  struct profile_view view = {
      .config = &request->app->config->profile, .zones = request->zones, .now_ms = request->now_ms};
  (void)query;
  (void)body;
  return profile_read(request->snapshot, request->principal.user_id, &view, request->arena, error, reply);
}

static bool handle_profile_patch(struct request *request, const void *query, const void *body, void *reply,
                                 struct error *error) {
  struct profile_input input = {
      .patch = body, .config = &request->app->config->profile, .zones = request->zones};
  struct ledger_entry entry;
  (void)query;
  if (!entry_begin(request, &profile_kind, NULL, &profile_patch_schema, body, error, &entry)) return false;
  entry.input = &input;
  entry.reply_schema = &profile_reply_schema;
  entry.reply = reply;
  return ledger_run_one(request->app->ledger, &profile_kind, &entry, NULL, request->arena, error) &&
         entry_answer(request, &entry);
}

static const struct endpoint rows[] = {
    {.method = "POST",
     .path = "/api/answer",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY,
     .body = &answer_body_schema,
     .reply = &answer_reply_schema,
     .handle = handle_answer,
     .tag = "Progress",
     .summary = "Record an answer; every total moves with it"},
    {.method = "GET",
     .path = "/api/progress",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_FRESH,
     .prepare = prepare_progress,
     .reply = &progress_reply_schema,
     .handle = handle_progress,
     .tag = "Progress",
     .summary = "Totals, modules, percentiles and streak of the learner"},
    {.method = "GET",
     .path = "/api/progress/history",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_FRESH,
     .query = &history_query_schema,
     .reply = &history_reply_schema,
     .handle = handle_history,
     .tag = "Progress",
     .summary = "What moved the learner's totals, newest first"},
    {.method = "GET",
     .path = "/api/modules",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_FRESH,
     .reply = &modules_reply_schema,
     .handle = handle_modules,
     .tag = "Progress",
     .summary = "What there is to practise"},
    {.method = "GET",
     .path = "/api/profile",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_FRESH,
     .reply = &profile_reply_schema,
     .handle = handle_profile,
     .tag = "Profile",
     .summary = "The learner's profile"},
    {.method = "PATCH",
     .path = "/api/profile",
     .role = ROLE_ANONYMOUS,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_IDEMPOTENT_KEY | ENDPOINT_WRITES_REPLY,
     .body = &profile_patch_schema,
     .reply = &profile_reply_schema,
     .handle = handle_profile_patch,
     .tag = "Profile",
     .summary = "Change display name or time zone"},
};
const struct endpoint_table learner_endpoints = ENDPOINT_TABLE(rows);
