#include "http/auth_keys.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define AUTH_SECRET_BYTES_LEAST 32
#define AUTH_RSA_BITS_LEAST 2048

struct auth_keys {
  const struct auth_config *config;
  struct jwt_key site[AUTH_KEYS_MAX];
  size_t site_count;
  struct jwt_key own;
  bool has_own;
};

void auth_keys_free(struct auth_keys *keys) {
  if (keys == NULL) return;
  for (size_t at = 0; at < keys->site_count; at++)
    EVP_PKEY_free(keys->site[at].public_key);
  free(keys);
}

static void auth_keys_cleanup(struct auth_keys **keys) { auth_keys_free(*keys); }

static bool load_secret(const char *secret, const char *name, struct error *error, struct jwt_key *key) {
  if (secret == NULL || strlen(secret) < AUTH_SECRET_BYTES_LEAST)
    return error_set(error, ERROR_MALFORMED, "%s must be at least %d bytes.", name, AUTH_SECRET_BYTES_LEAST);
  key->secret = (const unsigned char *)secret;
  key->secret_bytes = strlen(secret);
  return true;
}

static void bio_cleanup(BIO **bio) { BIO_free(*bio); }

/* Elliptic curves have to be the one that the algorithm names: P-256. */
static bool is_p256(const EVP_PKEY *key) {
  char name[32] = "";
  size_t length = 0;
  return EVP_PKEY_is_a(key, "EC") &&
         EVP_PKEY_get_utf8_string_param(key, "group", name, sizeof name, &length) == 1 &&
         (strcmp(name, "prime256v1") == 0 || strcmp(name, "P-256") == 0);
}

static bool load_public_key(const struct auth_key_config *config, struct error *error, struct jwt_key *key) {
  if (config->public_key_file == NULL)
    return error_set(error, ERROR_MALFORMED, "auth.keys: RS256 and ES256 need a public_key_file.");
  CLEANUP(bio_cleanup) BIO *file = BIO_new_file(config->public_key_file, "r");
  EVP_PKEY *public_key = file == NULL ? NULL : PEM_read_bio_PUBKEY(file, NULL, NULL, NULL);
  ERR_clear_error();
  if (public_key == NULL)
    return error_set(error, ERROR_MALFORMED, "auth.keys: %s holds no public key in PEM.",
                     config->public_key_file);
  bool fits = key->algorithm == AUTH_ES256
                  ? is_p256(public_key)
                  : EVP_PKEY_is_a(public_key, "RSA") && EVP_PKEY_get_bits(public_key) >= AUTH_RSA_BITS_LEAST;
  if (!fits) {
    EVP_PKEY_free(public_key);
    return error_set(error, ERROR_MALFORMED, "auth.keys: %s is no key for %s.", config->public_key_file,
                     key->algorithm == AUTH_ES256 ? "ES256 (P-256)" : "RS256 (RSA, 2048 bits or more)");
  }
  key->public_key = public_key;
  return true;
}

static bool kid_is_taken(const struct auth_keys *keys, const char *kid) {
  if (kid == NULL) return false;
  if (strcmp(kid, AUTH_OWN_KID) == 0) return true;
  for (size_t at = 0; at < keys->site_count; at++)
    if (keys->site[at].kid != NULL && strcmp(keys->site[at].kid, kid) == 0) return true;
  return false;
}

static bool load_site_key(struct auth_keys *keys, const struct auth_key_config *config, struct error *error) {
  struct jwt_key key = {.kid = config->kid, .algorithm = (enum auth_algorithm)config->algorithm};
  if (keys->site_count == AUTH_KEYS_MAX)
    return error_set(error, ERROR_MALFORMED, "auth.keys: more than %d keys.", AUTH_KEYS_MAX);
  if (kid_is_taken(keys, config->kid))
    return error_set(error, ERROR_MALFORMED, "auth.keys: the kid %s is taken.", config->kid);
  bool loaded = key.algorithm == AUTH_HS256 ? load_secret(config->secret, "auth.keys: a secret", error, &key)
                                            : load_public_key(config, error, &key);
  if (!loaded) return false;
  keys->site[keys->site_count++] = key;
  return true;
}

bool auth_keys_new(const struct auth_config *config, struct error *error, struct auth_keys **ret_keys) {
  const struct auth_key_config *items = config->keys.items;
  CLEANUP(auth_keys_cleanup) struct auth_keys *keys = calloc(1, sizeof *keys);
  if (keys == NULL) return error_set_memory(error);
  keys->config = config;
  for (size_t at = 0; at < config->keys.count; at++)
    if (!load_site_key(keys, &items[at], error)) return false;
  if (config->anonymous_secret != NULL) {
    keys->own = (struct jwt_key){.kid = AUTH_OWN_KID, .algorithm = AUTH_HS256};
    if (!load_secret(config->anonymous_secret, "auth.anonymous_secret", error, &keys->own)) return false;
    keys->has_own = true;
  }
  *ret_keys = keys;
  keys = NULL;
  return true;
}

const struct jwt_key *auth_keys_match(const struct auth_keys *keys, const struct jwt *jwt, bool *ret_own) {
  *ret_own = false;
  if (jwt->kid != NULL && strcmp(jwt->kid, AUTH_OWN_KID) == 0) {
    *ret_own = true;
    return keys->has_own && jwt_is_signed_by(jwt, &keys->own) ? &keys->own : NULL;
  }
  for (size_t at = 0; at < keys->site_count; at++) {
    const struct jwt_key *key = &keys->site[at];
    bool is_named = jwt->kid == NULL ? key->kid == NULL : key->kid != NULL && strcmp(jwt->kid, key->kid) == 0;
    if (is_named && jwt_is_signed_by(jwt, key)) return key;
  }
  return NULL;
}

const struct jwt_key *auth_keys_own(const struct auth_keys *keys) {
  return keys->has_own ? &keys->own : NULL;
}

const struct jwt_key *auth_keys_site(const struct auth_keys *keys) {
  for (size_t at = 0; at < keys->site_count; at++)
    if (keys->site[at].algorithm == AUTH_HS256) return &keys->site[at];
  return NULL;
}

const struct auth_config *auth_keys_config(const struct auth_keys *keys) { return keys->config; }
