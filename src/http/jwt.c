#include "http/jwt.h"

#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/buffer.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

#define HMAC_BYTES 32
#define ES256_BYTES 64 /* r and s, 32 bytes each */
#define ES256_DER_BYTES_MAX 80

static const char *const jwt_algorithm_names[] = {"HS256", "RS256", "ES256"};

struct jwt_header {
  const char *alg;
  const char *kid;
  const char *crit;
};

static const struct field jwt_header_fields[] = {
    FIELD_TEXT(struct jwt_header, "alg", alg, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = 16,
               .summary = "The algorithm that the token claims."),
    FIELD_TEXT(struct jwt_header, "kid", kid, .maximum = JWT_KID_MAX, .summary = "The key's name."),
    FIELD_JSON(struct jwt_header, "crit", crit, .maximum = JWT_BYTES_MAX,
               .summary = "Extensions that must be understood: none is."),
};
static const struct schema jwt_header_schema =
    SCHEMA("JwtHeader", struct jwt_header, jwt_header_fields, .summary = "A token's header.");

bool jwt_refuse(struct error *error, const char *reason) {
  error_set(error, ERROR_UNAUTHENTICATED, "The token is not valid.");
  return error_detail(error, "%s", reason);
}

static const char base64url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int base64url_value(char digit) {
  if (digit >= 'A' && digit <= 'Z') return digit - 'A';
  if (digit >= 'a' && digit <= 'z') return digit - 'a' + 26;
  if (digit >= '0' && digit <= '9') return digit - '0' + 52;
  if (digit == '-') return 62;
  return digit == '_' ? 63 : -1;
}

/* NULL for what is not the one canonical spelling: padding, other digits, stray bits at the end. */
static unsigned char *base64url_decode(const char *text, size_t length, struct arena *arena,
                                       size_t *ret_bytes) {
  unsigned char *data = arena_alloc(arena, length / 4 * 3 + 3);
  uint32_t bits = 0;
  int bit_count = 0;
  size_t bytes = 0;
  if (data == NULL || length % 4 == 1) return NULL;
  for (size_t at = 0; at < length; at++) {
    int value = base64url_value(text[at]);
    if (value < 0) return NULL;
    bits = bits << 6 | (uint32_t)value;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    data[bytes++] = (unsigned char)(bits >> bit_count);
    bits &= (UINT32_C(1) << bit_count) - 1;
  }
  if (bits != 0) return NULL;
  *ret_bytes = bytes;
  return data;
}

static void base64url_append(struct buffer *buffer, const void *data, size_t bytes) {
  const unsigned char *input = data;
  uint32_t bits = 0;
  int bit_count = 0;
  for (size_t at = 0; at < bytes; at++) {
    bits = bits << 8 | input[at];
    bit_count += 8;
    while (bit_count >= 6) {
      bit_count -= 6;
      buffer_append_char(buffer, base64url_digits[bits >> bit_count & 63]);
    }
  }
  if (bit_count > 0) buffer_append_char(buffer, base64url_digits[bits << (6 - bit_count) & 63]);
}

static bool jwt_parse_header(const char *text, size_t length, struct arena *arena, struct error *error,
                             struct jwt *jwt) {
  struct jwt_header header;
  size_t bytes;
  const unsigned char *json = base64url_decode(text, length, arena, &bytes);
  if (json == NULL) return jwt_refuse(error, "the header is not base64url");
  if (!schema_decode_json(&jwt_header_schema, (const char *)json, bytes, UNKNOWN_IGNORED, arena, &header,
                          error))
    return jwt_refuse(error, "the header cannot be read");
  if (header.crit != NULL) return jwt_refuse(error, "the header has critical extensions");
  jwt->algorithm = header.alg;
  jwt->kid = header.kid;
  return true;
}

bool jwt_parse(const char *token, struct arena *arena, struct error *error, struct jwt *ret_jwt) {
  struct jwt jwt = {.signed_text = token};
  if (strnlen(token, JWT_BYTES_MAX + 1) > JWT_BYTES_MAX)
    return jwt_refuse(error, "longer than a token may be");
  const char *first_dot = strchr(token, '.');
  const char *last_dot = first_dot == NULL ? NULL : strchr(first_dot + 1, '.');
  if (last_dot == NULL) return jwt_refuse(error, "not three parts");
  jwt.signed_bytes = (size_t)(last_dot - token);
  if (!jwt_parse_header(token, (size_t)(first_dot - token), arena, error, &jwt)) return false;
  jwt.claims = (const char *)base64url_decode(first_dot + 1, (size_t)(last_dot - first_dot - 1), arena,
                                              &jwt.claims_bytes);
  jwt.signature = base64url_decode(last_dot + 1, strlen(last_dot + 1), arena, &jwt.signature_bytes);
  if (jwt.claims == NULL || jwt.signature == NULL) return jwt_refuse(error, "a part is not base64url");
  *ret_jwt = jwt;
  return true;
}

static bool hs256_holds(const struct jwt *jwt, const struct jwt_key *key) {
  unsigned char expected[EVP_MAX_MD_SIZE];
  unsigned int bytes = 0;
  if (jwt->signature_bytes != HMAC_BYTES) return false;
  if (HMAC(EVP_sha256(), key->secret, (int)key->secret_bytes, (const unsigned char *)jwt->signed_text,
           jwt->signed_bytes, expected, &bytes) == NULL)
    return false;
  return bytes == HMAC_BYTES && CRYPTO_memcmp(expected, jwt->signature, HMAC_BYTES) == 0;
}

static void md_context_cleanup(EVP_MD_CTX **context) { EVP_MD_CTX_free(*context); }

static bool public_key_holds(const struct jwt *jwt, EVP_PKEY *key, const unsigned char *signature,
                             size_t signature_bytes) {
  CLEANUP(md_context_cleanup) EVP_MD_CTX *context = EVP_MD_CTX_new();
  return context != NULL && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
         EVP_DigestVerify(context, signature, signature_bytes, (const unsigned char *)jwt->signed_text,
                          jwt->signed_bytes) == 1;
}

static void ecdsa_cleanup(ECDSA_SIG **signature) { ECDSA_SIG_free(*signature); }

/* A token carries r and s side by side, libcrypto wants them in DER. */
static bool es256_holds(const struct jwt *jwt, const struct jwt_key *key) {
  unsigned char der[ES256_DER_BYTES_MAX];
  unsigned char *end = der;
  if (jwt->signature_bytes != ES256_BYTES) return false;
  CLEANUP(ecdsa_cleanup) ECDSA_SIG *signature = ECDSA_SIG_new();
  BIGNUM *r = BN_bin2bn(jwt->signature, ES256_BYTES / 2, NULL);
  BIGNUM *s = BN_bin2bn(jwt->signature + ES256_BYTES / 2, ES256_BYTES / 2, NULL);
  if (signature == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(signature, r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return false;
  }
  int bytes = i2d_ECDSA_SIG(signature, NULL);
  if (bytes <= 0 || bytes > ES256_DER_BYTES_MAX) return false;
  i2d_ECDSA_SIG(signature, &end);
  return public_key_holds(jwt, key->public_key, der, (size_t)bytes);
}

bool jwt_is_signed_by(const struct jwt *jwt, const struct jwt_key *key) {
  if (strcmp(jwt->algorithm, jwt_algorithm_names[key->algorithm]) != 0) return false;
  if (key->algorithm == AUTH_HS256) return hs256_holds(jwt, key);
  if (key->algorithm == AUTH_ES256) return es256_holds(jwt, key);
  return public_key_holds(jwt, key->public_key, jwt->signature, jwt->signature_bytes);
}

bool jwt_sign(const struct jwt_key *key, const char *claims, struct arena *arena, struct error *error,
              const char **ret_token) {
  CLEANUP(buffer_free) struct buffer header = BUFFER_INIT(JWT_BYTES_MAX);
  CLEANUP(buffer_free) struct buffer token = BUFFER_INIT(JWT_BYTES_MAX);
  unsigned char signature[EVP_MAX_MD_SIZE];
  unsigned int bytes = 0;
  buffer_append_text(&header, "{\"alg\":\"HS256\",\"typ\":\"JWT\"");
  if (key->kid != NULL) {
    buffer_append_text(&header, ",\"kid\":");
    json_append_text(&header, key->kid);
  }
  buffer_append_char(&header, '}');
  base64url_append(&token, buffer_text(&header), header.length);
  buffer_append_char(&token, '.');
  base64url_append(&token, claims, strlen(claims));
  if (HMAC(EVP_sha256(), key->secret, (int)key->secret_bytes, (const unsigned char *)buffer_text(&token),
           token.length, signature, &bytes) == NULL)
    return error_set(error, ERROR_INTERNAL, "The token could not be signed.");
  buffer_append_char(&token, '.');
  base64url_append(&token, signature, bytes);
  if (header.failed || token.failed)
    return error_set(error, ERROR_TOO_LARGE, "The token would be longer than a token may be.");
  const char *text = arena_strndup(arena, buffer_text(&token), token.length);
  if (text == NULL) return error_set_memory(error);
  *ret_token = text;
  return true;
}
