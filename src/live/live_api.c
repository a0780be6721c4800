#include "live/live_api.h"

#include "live/live_ticket.h"

#include "base/banned.h"

struct ticket_reply {
  bool success;
  const char *ticket;
  int64_t expires_at_ms;
};

static const struct field ticket_fields[] = {
    FIELD_BOOL(struct ticket_reply, "success", success, .flags = FIELD_REQUIRED, .summary = "True."),
    FIELD_TEXT(struct ticket_reply, "ticket", ticket, .flags = FIELD_REQUIRED,
               .summary = "For one connection: /api/progress-sync/live?ticket=…&since=<revision>."),
    FIELD_TIME(struct ticket_reply, "expiresAt", expires_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it no longer opens one."),
};
static const struct schema ticket_schema =
    SCHEMA("LiveTicket", struct ticket_reply, ticket_fields, .summary = "A ticket for the live channel.");

static bool handle_ticket(struct request *request, const void *query, const void *body, void *reply_struct,
                          struct error *error) {
  struct ticket_reply *reply = reply_struct;
  struct live_ticket ticket = {.user_id = request->principal.user_id,
                               .token_ends_at_ms = request->principal.expires_s * 1000};
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  (void)query;
  (void)body;
  /* auth.leeway_s forgives clocks, but no socket opens only to be closed for its token's end. */
  if (ticket.token_ends_at_ms <= request->now_ms)
    return error_set(error, ERROR_UNAUTHENTICATED, "The token has ended.");
  if (!request_borrow(request, error, &lease)) return false;
  if (!live_ticket_mint(lease.db, &ticket, request->now_ms, request->arena, error, &reply->ticket))
    return false;
  reply->success = true;
  reply->expires_at_ms = request->now_ms + LIVE_TICKET_LIFETIME_S * 1000;
  return true;
}

static const struct endpoint rows[] = {
    {.method = "POST",
     .path = "/api/progress-sync/live-ticket",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_TICKETS,
     .success_status = 201,
     .reply = &ticket_schema,
     .handle = handle_ticket,
     .tag = "Live",
     .summary = "A ticket that opens the live channel once"},
};
const struct endpoint_table live_endpoints = ENDPOINT_TABLE(rows);
