#include <inttypes.h>

#include "account/anonymous.h"
#include "account/claim.h"
#include "base/zone.h"
#include "http/auth.h"
#include "http/auth_learner.h"

#include "base/banned.h"

struct anonymous_body {
  const char *time_zone;
};

struct anonymous_reply {
  bool success;
  const char *token;
  uint64_t user_id;
  int64_t expires_ms;
};

static bool check_zone(const void *value, struct error *error) {
  const char *zone = *(const char *const *)value;
  return zone_is_known(zone) || error_set(error, ERROR_MALFORMED, "is no IANA time zone");
}

static const struct field anonymous_body_fields[] = {
    FIELD_TEXT(struct anonymous_body, "timeZone", time_zone, .minimum = 1, .maximum = ZONE_NAME_BYTES - 1,
               .check = check_zone, .summary = "The learner's IANA time zone; UTC where none is given.",
               .example = "\"Europe/Berlin\""),
};
static const struct schema anonymous_body_schema =
    SCHEMA("AnonymousBody", struct anonymous_body, anonymous_body_fields, .summary = "Nothing is required.");

static const struct field anonymous_reply_fields[] = {
    FIELD_BOOL(struct anonymous_reply, "success", success, .flags = FIELD_REQUIRED, .summary = "True."),
    FIELD_TEXT(struct anonymous_reply, "token", token, .flags = FIELD_REQUIRED,
               .summary = "To be sent as Authorization: Bearer."),
    FIELD_UINT(struct anonymous_reply, "userId", user_id, .flags = FIELD_REQUIRED,
               .summary = "The new learner's id."),
    FIELD_TIME(struct anonymous_reply, "expiresAt", expires_ms, .flags = FIELD_REQUIRED,
               .summary = "When the token ends."),
};
static const struct schema anonymous_reply_schema = SCHEMA(
    "AnonymousReply", struct anonymous_reply, anonymous_reply_fields, .summary = "A new anonymous learner.");

static bool anonymous_create(struct request *request, const void *query, const void *body, void *reply,
                             struct error *error) {
  const struct auth_config *config = &request->app->config->auth;
  const struct anonymous_body *wish = body;
  struct anonymous_reply *made = reply;
  uint64_t user_id;
  (void)query;
  if (auth_keys_own(request->app->keys) == NULL)
    return error_set(error, ERROR_FORBIDDEN, "This site has no anonymous learners.");
  if (!auth_learner_create_anonymous(request, wish->time_zone != NULL ? wish->time_zone : "UTC", error,
                                     &user_id))
    return false;
  const char *subject = arena_printf(request->arena, "user_%" PRIu64, user_id);
  if (subject == NULL) return error_set_memory(error);
  struct auth_grant grant = {
      .role = ROLE_ANONYMOUS, .subject = subject, .lifetime_s = config->anonymous_lifetime_s};
  int64_t now_s = request->now_ms / 1000;
  if (!auth_mint(request->app->keys, &grant, now_s, request->arena, error, &made->token)) return false;
  made->success = true;
  made->user_id = user_id;
  made->expires_ms = (now_s + config->anonymous_lifetime_s) * 1000;
  return true;
}

struct claim_body {
  const char *anonymous_token;
};

static const struct field claim_body_fields[] = {
    FIELD_TEXT(struct claim_body, "anonymousToken", anonymous_token, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = JWT_BYTES_MAX,
               .summary = "The anonymous learner's token; one that has expired will do.",
               .example = "\"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyXzcifQ.c2lnbmF0dXJl\""),
};
static const struct schema claim_body_schema =
    SCHEMA("ClaimBody", struct claim_body, claim_body_fields, .summary = "Who the learner was before.");

static bool anonymous_claim(struct request *request, const void *query, const void *body_struct,
                            void *reply_struct, struct error *error) {
  const struct claim_body *body = body_struct;
  struct claim_order order = {.user_id = request->principal.user_id,
                              .actor = request->principal.actor,
                              .config = request->app->config};
  const char *reply;
  (void)query;
  (void)reply_struct;
  if (!auth_verify_anonymous(request->app->keys, body->anonymous_token, request->arena, error,
                             &order.anonymous_id)) {
    error_clear(error);
    return error_add_field(error, ERROR_UNPROCESSABLE, "anonymousToken",
                           "is not a token of an anonymous learner");
  }
  if (!claim_learner(request->app->ledger, &order, request->arena, error, &reply)) return false;
  buffer_append_text(&request->reply, reply);
  return true;
}

static const struct endpoint anonymous_rows[] = {
    {.method = "POST",
     .path = "/api/anonymous",
     .role = ROLE_PUBLIC,
     .flags = ENDPOINT_MINTS,
     .success_status = 201,
     .body = &anonymous_body_schema,
     .reply = &anonymous_reply_schema,
     .handle = anonymous_create,
     .tag = "Learners",
     .summary = "Makes an anonymous learner and a token for it."},
    {.method = "POST",
     .path = "/api/anonymous/claim",
     .role = ROLE_STUDENT,
     .flags = ENDPOINT_NEEDS_LEARNER | ENDPOINT_WRITES_REPLY,
     .body = &claim_body_schema,
     .reply = &claim_reply_schema,
     .handle = anonymous_claim,
     .tag = "Learners",
     .summary = "Merges all that an anonymous learner did into the learner who is signed in, once."},
};
const struct endpoint_table anonymous_endpoints = ENDPOINT_TABLE(anonymous_rows);
