/* The webhook, and processing a stored event again. */
#include "enroll/payment_api.h"
#include "enroll/payment.h"
#include "enroll/webhook_signature.h"

#include "base/banned.h"

static struct payment_engine engine_of(const struct request *request) {
  return (struct payment_engine){.ledger = request->app->ledger, .config = &request->app->config->payments};
}

/* --- POST /api/payments/webhook ------------------------------------------------------------------- */

struct webhook_reply {
  bool received;
  int outcome; /* enum payment_outcome */
  bool duplicate;
};

static const struct field webhook_fields[] = {
    FIELD_BOOL(struct webhook_reply, "received", received, .flags = FIELD_REQUIRED,
               .summary = "Always true here: the event is stored, and need not be sent again."),
    FIELD_ENUM(struct webhook_reply, "outcome", outcome, .flags = FIELD_REQUIRED,
               .names = payment_outcome_names, .summary = "What became of it."),
    FIELD_BOOL(struct webhook_reply, "duplicate", duplicate, .flags = FIELD_REQUIRED,
               .summary = "It had been received before, and that became of it then."),
};
static const struct schema webhook_schema =
    SCHEMA("WebhookReply", struct webhook_reply, webhook_fields, .summary = "An event that was received.");

static bool handle_webhook(struct request *request, const void *query, const void *body, void *reply_struct,
                           struct error *error) {
  struct payment_engine engine = engine_of(request);
  struct webhook_reply *reply = reply_struct;
  struct payment_report report;
  (void)query;
  (void)body;
  if (engine.config->secrets.count == 0)
    return error_set(error, ERROR_NOT_FOUND, "Payments are not set up here.");
  if (!webhook_signature_check(request->stripe_signature, request->body, request->body_bytes,
                               &engine.config->secrets, engine.config->tolerance_s, request->now_ms, error) ||
      !payment_take(&engine, request->body, request->body_bytes, request->arena, error, &report))
    return false;
  *reply = (struct webhook_reply){
      .received = true, .outcome = (int)report.outcome, .duplicate = report.is_duplicate};
  return true;
}

/* --- POST /api/admin/webhook-events/{id}/replay --------------------------------------------------- */

struct replay_reply {
  bool success;
  const char *message;
  int outcome; /* enum payment_outcome */
};

static const struct field replay_fields[] = {
    FIELD_BOOL(struct replay_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Whether nothing is left to be looked into."),
    FIELD_TEXT(struct replay_reply, "message", message, .flags = FIELD_REQUIRED,
               .summary = "What came of it, in a sentence."),
    FIELD_ENUM(struct replay_reply, "outcome", outcome, .flags = FIELD_REQUIRED,
               .names = payment_outcome_names, .summary = "What came of it."),
};
static const struct schema replay_schema =
    SCHEMA("WebhookReplay", struct replay_reply, replay_fields, .summary = "An event processed again.");

static bool handle_replay(struct request *request, const void *query, const void *body, void *reply_struct,
                          struct error *error) {
  struct payment_engine engine = engine_of(request);
  struct replay_reply *reply = reply_struct;
  struct payment_report report;
  uint64_t id;
  (void)query;
  (void)body;
  if (!request_path_id(request, 0, error, &id) ||
      !payment_replay(&engine, id, request->principal.actor, request->arena, error, &report))
    return false;
  reply->success = payment_outcome_is_final(report.outcome) && report.outcome != PAYMENT_MISMATCH;
  reply->outcome = (int)report.outcome;
  reply->message = arena_printf(request->arena, "Event %s: %s.%s%s", report.event_id,
                                payment_outcome_names[report.outcome], report.why == NULL ? "" : " ",
                                report.why == NULL ? "" : report.why);
  return reply->message != NULL || error_set_memory(error);
}

static const struct endpoint rows[] = {
    {.method = "POST",
     .path = "/api/payments/webhook",
     .role = ROLE_PUBLIC,
     .flags = ENDPOINT_RAW_BODY,
     .reply = &webhook_schema,
     .handle = handle_webhook,
     .tag = "Payments",
     .summary = "Takes an event of Stripe, signed over its bytes (Stripe-Signature)."},
    {.method = "POST",
     .path = "/api/admin/webhook-events/{id}/replay",
     .role = ROLE_ADMIN,
     .reply = &replay_schema,
     .handle = handle_replay,
     .tag = "Payments",
     .summary = "Processes a stored event again, now that what was in its way is gone."},
};
const struct endpoint_table payment_endpoints = ENDPOINT_TABLE(rows);
