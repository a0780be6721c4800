/* The keys that tokens are held against: the site's, from the configuration, and Lockstep's own for
 * anonymous learners. Several at once, told apart by kid, so that they rotate without a pause: add
 * the new one, let the old tokens run out, remove the old one. */
#ifndef LOCKSTEP_HTTP_AUTH_KEYS_H
#define LOCKSTEP_HTTP_AUTH_KEYS_H

#include "http/jwt.h"

#define AUTH_KEYS_MAX 16
#define AUTH_OWN_KID "lockstep"
#define AUTH_OWN_ISSUER "lockstep"

struct auth_keys;

/* Refused: a secret under 32 bytes, a public key that cannot be read or is of another kind than its
 * algorithm, RSA under 2048 bits, two keys under one kid, the kid "lockstep". `config` must outlive
 * the keys. */
bool auth_keys_new(const struct auth_config *config, struct error *error,
                   struct auth_keys **ret_keys) WARN_UNUSED;
void auth_keys_free(struct auth_keys *keys);

/* The key whose signature the token carries, or NULL. ret_own: it is Lockstep's own. */
const struct jwt_key *auth_keys_match(const struct auth_keys *keys, const struct jwt *jwt, bool *ret_own);
/* To sign with: Lockstep's own, or the site's first of HS256. NULL: there is none. */
const struct jwt_key *auth_keys_own(const struct auth_keys *keys);
const struct jwt_key *auth_keys_site(const struct auth_keys *keys);
const struct auth_config *auth_keys_config(const struct auth_keys *keys);

#endif
