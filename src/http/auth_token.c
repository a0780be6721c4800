/* Tokens: what makes one believed, and minting them. */
#include <string.h>

#include "base/user_id.h"
#include "http/auth.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

#define AUTH_CLAIM_MAX 1000
#define AUTH_AUDIENCES_MAX 16
#define AUTH_SECONDS_MAX INT64_C(9007199254740991) /* what a JSON number carries exactly */

struct token_claims {
  const char *sub;
  double exp;
  double nbf;
  const char *iss;
  const char *aud;
  const char *role;
  const char *name;
  const char *zoneinfo;
};

static const struct field token_claim_fields[] = {
    FIELD_TEXT(struct token_claims, "sub", sub, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = AUTH_SUBJECT_MAX, .summary = "Who it was given to."),
    FIELD_NUMBER(struct token_claims, "exp", exp, .flags = FIELD_REQUIRED, .minimum = 0,
                 .maximum = AUTH_SECONDS_MAX, .summary = "When it ends, in seconds since 1970."),
    FIELD_NUMBER(struct token_claims, "nbf", nbf, .minimum = 0, .maximum = AUTH_SECONDS_MAX,
                 .summary = "When it begins."),
    FIELD_TEXT(struct token_claims, "iss", iss, .maximum = AUTH_CLAIM_MAX, .summary = "Who gave it."),
    FIELD_JSON(struct token_claims, "aud", aud, .maximum = AUTH_CLAIM_MAX,
               .summary = "Whom it is for: a text or a list of texts."),
    FIELD_TEXT(struct token_claims, "role", role, .maximum = AUTH_CLAIM_MAX, .summary = "Default: student."),
    FIELD_JSON(struct token_claims, "name", name, .maximum = AUTH_CLAIM_MAX, .summary = "For display."),
    FIELD_JSON(struct token_claims, "zoneinfo", zoneinfo, .maximum = AUTH_CLAIM_MAX,
               .summary = "The IANA time zone."),
};
static const struct schema token_claims_schema =
    SCHEMA("TokenClaims", struct token_claims, token_claim_fields, .summary = "A token's claims.");

struct token_texts {
  struct field_list items;
};
static const struct field token_texts_fields[] = {
    FIELD_LIST(struct token_texts, "items", items, .item_kind = FIELD_KIND_TEXT,
               .maximum = AUTH_AUDIENCES_MAX, .summary = "One or several texts."),
};
static const struct schema token_texts_schema =
    SCHEMA("TokenTexts", struct token_texts, token_texts_fields, .summary = "One claim of several texts.");

/* A claim that is one text or a list of them, as a list. False: it is neither. */
static bool claim_texts(const char *json, struct arena *arena, struct field_list *ret_texts) {
  struct error ignored = ERROR_INIT;
  struct token_texts texts;
  bool is_list = json[0] == '[';
  const char *text = arena_printf(arena, "{\"items\":%s%s%s}", is_list ? "" : "[", json, is_list ? "" : "]");
  if (text == NULL ||
      !schema_decode_json(&token_texts_schema, text, strlen(text), UNKNOWN_REFUSED, arena, &texts, &ignored))
    return false;
  *ret_texts = texts.items;
  return true;
}

static bool audience_holds(const char *claim, const char *audience, struct arena *arena) {
  struct field_list texts;
  if (claim == NULL || !claim_texts(claim, arena, &texts)) return false;
  const char *const *items = texts.items;
  for (size_t at = 0; at < texts.count; at++)
    if (strcmp(items[at], audience) == 0) return true;
  return false;
}

/* What only adorns a learner is taken where it is a text, and is no reason to refuse a token. */
static const char *claim_text(const char *json, struct arena *arena) {
  struct field_list texts;
  if (json == NULL || json[0] != '"' || !claim_texts(json, arena, &texts)) return NULL;
  return *(const char *const *)texts.items;
}

static bool times_hold(const struct token_claims *claims, int64_t leeway_s, int64_t now_s,
                       struct error *error) {
  if (claims->exp + (double)leeway_s <= (double)now_s) {
    jwt_refuse(error, "expired");
    return error_set(error, ERROR_UNAUTHENTICATED, "The token has expired.");
  }
  if (claims->nbf - (double)leeway_s > (double)now_s) return jwt_refuse(error, "not valid yet");
  return true;
}

static bool role_of(const char *claim, bool is_own, struct error *error, enum role *ret_role) {
  if (is_own) {
    if (claim == NULL || strcmp(claim, role_names[ROLE_ANONYMOUS]) != 0)
      return jwt_refuse(error, "Lockstep's own key gives no role but anonymous");
    *ret_role = ROLE_ANONYMOUS;
    return true;
  }
  enum role role = ROLE_STUDENT;
  while (claim != NULL && role <= ROLE_ADMIN && strcmp(claim, role_names[role]) != 0)
    role++;
  if (role > ROLE_ADMIN) return error_set(error, ERROR_FORBIDDEN, "The token's role has no rights here.");
  *ret_role = role;
  return true;
}

/* `now_s` NULL: at any time. */
static bool verify(const struct auth_keys *keys, const char *token, const int64_t *now_s, struct arena *arena,
                   struct error *error, struct auth_claims *ret_claims) {
  const struct auth_config *config = auth_keys_config(keys);
  struct auth_claims verified = {.role = ROLE_PUBLIC};
  struct token_claims claims;
  struct jwt jwt;
  if (!jwt_parse(token, arena, error, &jwt)) return false;
  if (auth_keys_match(keys, &jwt, &verified.is_own) == NULL)
    return jwt_refuse(error, "no key fits its kid, algorithm and signature");
  if (!schema_decode_json(&token_claims_schema, jwt.claims, jwt.claims_bytes, UNKNOWN_IGNORED, arena, &claims,
                          error))
    return jwt_refuse(error, "the claims cannot be read");
  if (now_s != NULL && !times_hold(&claims, config->leeway_s, *now_s, error)) return false;
  const char *issuer = verified.is_own ? AUTH_OWN_ISSUER : config->issuer;
  if (issuer != NULL && (claims.iss == NULL || strcmp(claims.iss, issuer) != 0))
    return jwt_refuse(error, "another issuer");
  if (!verified.is_own && config->audience != NULL && !audience_holds(claims.aud, config->audience, arena))
    return jwt_refuse(error, "another audience");
  if (!role_of(claims.role, verified.is_own, error, &verified.role)) return false;
  verified.subject = claims.sub;
  verified.expires_s = (int64_t)claims.exp;
  if (config->subject == AUTH_SUBJECT_PROVIDER) {
    verified.name = claim_text(claims.name, arena);
    verified.zone = claim_text(claims.zoneinfo, arena);
  }
  *ret_claims = verified;
  return true;
}

bool auth_verify(const struct auth_keys *keys, const char *token, int64_t now_s, struct arena *arena,
                 struct error *error, struct auth_claims *ret_claims) {
  return verify(keys, token, &now_s, arena, error, ret_claims);
}

bool auth_verify_anonymous(const struct auth_keys *keys, const char *token, struct arena *arena,
                           struct error *error, uint64_t *ret_user_id) {
  struct auth_claims claims;
  uint64_t user_id;
  if (!verify(keys, token, NULL, arena, error, &claims)) return false;
  if (!claims.is_own) return jwt_refuse(error, "no anonymous learner's token");
  user_id = user_id_parse(claims.subject);
  if (user_id == 0) return jwt_refuse(error, "the subject is no user's id");
  *ret_user_id = user_id;
  return true;
}

static void append_claim(struct buffer *buffer, const char *name, const char *value) {
  if (value == NULL) return;
  buffer_append_char(buffer, ',');
  json_append_text(buffer, name);
  buffer_append_char(buffer, ':');
  json_append_text(buffer, value);
}

bool auth_mint(const struct auth_keys *keys, const struct auth_grant *grant, int64_t now_s,
               struct arena *arena, struct error *error, const char **ret_token) {
  CLEANUP(buffer_free) struct buffer claims = BUFFER_INIT(JWT_BYTES_MAX);
  const struct auth_config *config = auth_keys_config(keys);
  bool is_own = grant->role == ROLE_ANONYMOUS;
  const struct jwt_key *key = is_own ? auth_keys_own(keys) : auth_keys_site(keys);
  if (key == NULL)
    return error_set(error, ERROR_UNPROCESSABLE, "%s",
                     is_own ? "This site gives no anonymous tokens."
                            : "No HS256 key is configured that a token could be signed with.");
  buffer_append_text(&claims, "{\"iat\":");
  buffer_append_i64(&claims, now_s);
  buffer_append_text(&claims, ",\"exp\":");
  buffer_append_i64(&claims, now_s + grant->lifetime_s);
  append_claim(&claims, "sub", grant->subject);
  append_claim(&claims, "role", role_names[grant->role]);
  append_claim(&claims, "iss", is_own ? AUTH_OWN_ISSUER : config->issuer);
  if (!is_own) append_claim(&claims, "aud", config->audience);
  buffer_append_char(&claims, '}');
  if (claims.failed) return error_set(error, ERROR_TOO_LARGE, "The token would be too long.");
  return jwt_sign(key, buffer_text(&claims), arena, error, ret_token);
}
