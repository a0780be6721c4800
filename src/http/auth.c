#include "http/auth.h"

#include <string.h>
#include <strings.h>

#include "base/user_id.h"
#include "http/auth_learner.h"
#include "http/endpoint.h"

#include "base/banned.h"

#define AUTH_SCHEME "Bearer "

/* The token of "Bearer <token>", or NULL for another scheme. */
static const char *bearer_token(const char *authorization) {
  if (strncasecmp(authorization, AUTH_SCHEME, strlen(AUTH_SCHEME)) != 0) return NULL;
  authorization += strlen(AUTH_SCHEME);
  return authorization + strspn(authorization, " ");
}

static bool set_actor(struct request *request, const char *kind, const char *subject, struct error *error) {
  request->principal.actor = arena_printf(request->arena, "%s_%s", kind, subject);
  return request->principal.actor != NULL || error_set_memory(error);
}

/* A service is no learner; its subject only names it in the ledger, as far as the column goes. */
static bool identify_service(struct request *request, const struct auth_claims *claims, struct error *error) {
  const char *subject = claims->subject;
  if (strncmp(subject, "service_", 8) == 0 || strncmp(subject, "user_", 5) == 0)
    subject = strchr(subject, '_') + 1;
  const char *cut = arena_strndup(request->arena, subject, strnlen(subject, REQUEST_IDEMPOTENCY_KEY_MAX));
  if (cut == NULL) return error_set_memory(error);
  for (const char *at = cut; *at != '\0'; at++)
    if (*at <= 0x20 || *at >= 0x7f) return jwt_refuse(error, "a service's subject is visible ASCII");
  return set_actor(request, "service", cut, error);
}

static bool identify_learner(struct request *request, const struct auth_claims *claims, struct error *error) {
  struct principal *principal = &request->principal;
  bool is_provided = request->app->config->auth.subject == AUTH_SUBJECT_PROVIDER && !claims->is_own;
  if (is_provided) {
    if (!auth_learner_provision(request, claims, error, &principal->user_id)) return false;
  } else {
    principal->user_id = user_id_parse(claims->subject);
    if (principal->user_id == 0) return jwt_refuse(error, "the subject is no user's id");
  }
  const char *id = arena_printf(request->arena, "%llu", (unsigned long long)principal->user_id);
  if (id == NULL) return error_set_memory(error);
  return set_actor(request, "user", id, error);
}

static bool identify(struct request *request, struct error *error) {
  struct auth_claims claims;
  const char *token = bearer_token(request->authorization);
  if (token == NULL) return jwt_refuse(error, "not a bearer token");
  if (!auth_verify(request->app->keys, token, request->now_ms / 1000, request->arena, error, &claims))
    return false;
  request->principal.role = claims.role;
  request->principal.expires_s = claims.expires_s;
  return claims.role == ROLE_SERVICE ? identify_service(request, &claims, error)
                                     : identify_learner(request, &claims, error);
}

bool auth_identify(struct request *request, struct error *error) {
  static const struct principal nobody = {.role = ROLE_PUBLIC, .actor = "public"};
  request->principal = nobody;
  if (request->authorization == NULL || identify(request, error)) return true;
  request->principal = nobody;
  if (request->endpoint->role != ROLE_PUBLIC) return false;
  error_clear(error);
  return true;
}

/* Whom a service acts for, read the way its site reads subjects. */
static bool settle_named_learner(struct request *request, struct error *error) {
  const char *named = request->on_behalf_of;
  uint64_t user_id = 0;
  if (named == NULL || *named == '\0' || strnlen(named, AUTH_SUBJECT_MAX + 1) > AUTH_SUBJECT_MAX)
    return error_set(error, ERROR_MALFORMED, "A service names the learner in X-Lockstep-User.");
  if (request->app->config->auth.subject == AUTH_SUBJECT_PROVIDER) {
    if (!auth_learner_find(request, named, error, &user_id)) return false;
  } else {
    user_id = user_id_parse(named);
  }
  if (user_id == 0) return error_set(error, ERROR_NOT_FOUND, "There is no such learner.");
  request->principal.user_id = user_id;
  return true;
}

static bool is_local(const struct request *request) {
  const struct field_list *from = &request->app->config->http.metrics_from;
  const char *const *addresses = from->items;
  for (size_t at = 0; at < from->count; at++)
    if (strcmp(addresses[at], request->remote_address) == 0) return true;
  return false;
}

bool auth_permit(struct request *request, struct error *error) {
  const struct endpoint *endpoint = request->endpoint;
  const struct principal *principal = &request->principal;
  bool needs_learner = (endpoint->flags & (ENDPOINT_NEEDS_LEARNER | ENDPOINT_FRESH)) != 0;
  if (principal->role < endpoint->role) {
    if ((endpoint->flags & ENDPOINT_LOCAL) != 0 && is_local(request)) return true;
    return principal->role == ROLE_PUBLIC
               ? error_set(error, ERROR_UNAUTHENTICATED, "This address needs a token.")
               : error_set(error, ERROR_FORBIDDEN, "Your role may not do this.");
  }
  if (!needs_learner) return true;
  if (principal->role == ROLE_SERVICE) {
    if ((endpoint->flags & ENDPOINT_SERVICE) == 0)
      return error_set(error, ERROR_FORBIDDEN, "A service may not do this for a learner.");
    return settle_named_learner(request, error);
  }
  if (principal->user_id == 0) return error_set(error, ERROR_UNAUTHENTICATED, "This address needs a token.");
  if (request->on_behalf_of != NULL)
    return error_set(error, ERROR_FORBIDDEN, "Only a service may act for another learner.");
  return true;
}
