/* Who asks, and whether they may. Identity and role come from the token alone (docs: API, "Who").
 *
 * A token is believed when one of the configured keys signed it with the key's own algorithm, it
 * has not expired (exp is required and a number), is not early (nbf), and is for us (iss, aud where
 * configured). Role anonymous comes only from Lockstep's own key, and that key gives no other. */
#ifndef LOCKSTEP_HTTP_AUTH_H
#define LOCKSTEP_HTTP_AUTH_H

#include "http/auth_keys.h"
#include "http/request.h"

#define AUTH_SUBJECT_MAX 190
#define AUTH_NAME_MAX 190

/* What a believed token says. */
struct auth_claims {
  enum role role;
  bool is_own;         /* signed with Lockstep's own key: the subject is a users.id, whatever auth.subject */
  const char *subject; /* 1 to AUTH_SUBJECT_MAX characters */
  const char *name;    /* OpenID's name and zoneinfo, as claimed, for a learner's first sight; NULL: none, */
  const char *zone;    /* and always under auth.subject: id */
  int64_t expires_s;
};

/* ERROR_UNAUTHENTICATED for a token that is not believed, ERROR_FORBIDDEN for a role that is not
 * known here. `now_s` is the wall clock. Thread-safe. */
bool auth_verify(const struct auth_keys *keys, const char *token, int64_t now_s, struct arena *arena,
                 struct error *error, struct auth_claims *ret_claims) WARN_UNUSED;

/* Whose token of Lockstep's own this is. It only has to be one: when it ended does not matter, for who signs
 * in after that must not have lost what they did before. Nothing but a claim may believe a token so. */
bool auth_verify_anonymous(const struct auth_keys *keys, const char *token, struct arena *arena,
                           struct error *error, uint64_t *ret_user_id) WARN_UNUSED;

/* Fills request->principal from request->authorization; public where none was sent, and also where
 * one was sent that does not hold but the row is public anyway. Looks learners up (auth.subject:
 * provider). */
bool auth_identify(struct request *request, struct error *error) WARN_UNUSED;

/* Holds principal and X-Lockstep-User against request->endpoint, and settles whom the request acts
 * for. 401 without a token, 403 with too little. */
bool auth_permit(struct request *request, struct error *error) WARN_UNUSED;

/* Mints a token. Role anonymous is signed with Lockstep's own key, every other with the site's
 * first HS256 key; ERROR_UNPROCESSABLE when there is none. */
struct auth_grant {
  enum role role;
  const char *subject;
  int64_t lifetime_s;
};
bool auth_mint(const struct auth_keys *keys, const struct auth_grant *grant, int64_t now_s,
               struct arena *arena, struct error *error, const char **ret_token) WARN_UNUSED;

#endif
