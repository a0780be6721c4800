/* JSON Web Tokens in compact form (RFC 7515, 7519), over libcrypto. The algorithm comes from the key,
 * never from the token: a token whose header names another one does not hold, and "none" is no
 * algorithm of any key. */
#ifndef LOCKSTEP_HTTP_JWT_H
#define LOCKSTEP_HTTP_JWT_H

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/error.h"
#include "config/config.h"

#define JWT_BYTES_MAX 8192
#define JWT_KID_MAX 190

struct jwt_key {
  const char *kid; /* NULL: for tokens without one */
  enum auth_algorithm algorithm;
  const unsigned char *secret; /* HS256 */
  size_t secret_bytes;
  EVP_PKEY *public_key; /* RS256, ES256; shared by threads, only read */
};

/* A token taken apart, nothing of it believed yet. Lives in the arena. */
struct jwt {
  const char *algorithm;
  const char *kid; /* NULL: none */
  const char *signed_text;
  size_t signed_bytes;
  const unsigned char *signature;
  size_t signature_bytes;
  const char *claims; /* JSON text, NUL-terminated */
  size_t claims_bytes;
};

/* Every refusal of a token has one wording for the caller; `reason` is for the log. Always false. */
bool jwt_refuse(struct error *error, const char *reason);

/* Three parts of canonical base64url; the header a JSON object with alg, without crit. */
bool jwt_parse(const char *token, struct arena *arena, struct error *error, struct jwt *ret_jwt) WARN_UNUSED;
/* True when the header names the key's algorithm and the signature is the key's. Constant time. */
bool jwt_is_signed_by(const struct jwt *jwt, const struct jwt_key *key);
/* `claims` is a JSON object's text; the key is one of HS256. */
bool jwt_sign(const struct jwt_key *key, const char *claims, struct arena *arena, struct error *error,
              const char **ret_token) WARN_UNUSED;

#endif
