/* Tokens come from a mint of the test's own, and from libjwt: nothing that the service uses to read
 * them has made them. */
#include <jwt.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <unistd.h>

#include "base/user_id.h"
#include "http/auth.h"
#include "http_fixture.h"

#include "base/banned.h"

#define NOW_S INT64_C(1800000000)
#define TOKEN_BYTES 16384
#define OTHER_SECRET "ffffffffffffffffffffffffffffffff"

/* --- The mint ------------------------------------------------------------------------------ */

static void base64url(const void *data, size_t bytes, char *text) {
  size_t length = (size_t)EVP_EncodeBlock((unsigned char *)text, data, (int)bytes);
  while (length > 0 && text[length - 1] == '=')
    length--;
  text[length] = '\0';
  for (char *at = text; *at != '\0'; at++) {
    if (*at == '+') *at = '-';
    if (*at == '/') *at = '_';
  }
}

static const char *join(const char *header, const char *claims) {
  static char text[TOKEN_BYTES];
  char part[TOKEN_BYTES];
  base64url(header, strlen(header), part);
  int used = snprintf(text, sizeof text, "%s.", part);
  base64url(claims, strlen(claims), part);
  snprintf(text + used, sizeof text - (size_t)used, "%s", part);
  return text;
}

static const char *sign_hmac(const EVP_MD *digest, const char *secret, size_t secret_bytes,
                             const char *header, const char *claims) {
  static char token[TOKEN_BYTES];
  unsigned char signature[EVP_MAX_MD_SIZE];
  unsigned bytes;
  char part[256];
  const char *text = join(header, claims);
  HMAC(digest, secret, (int)secret_bytes, (const unsigned char *)text, strlen(text), signature, &bytes);
  base64url(signature, bytes, part);
  assert_true(snprintf(token, sizeof token, "%s.%s", text, part) < (int)sizeof token);
  return token;
}

static const char *sign(const char *header, const char *claims) {
  return sign_hmac(EVP_sha256(), FIXTURE_SECRET, strlen(FIXTURE_SECRET), header, claims);
}

#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define GOOD "{\"sub\":\"7\",\"exp\":1800003600}"

/* Signs with a private key; for ES256 r and s side by side, as the standard wants them. */
static const char *sign_public(EVP_PKEY *key, const char *header, const char *claims) {
  static char token[TOKEN_BYTES];
  unsigned char signature[1024];
  unsigned char raw[64];
  size_t bytes = sizeof signature;
  char part[2048];
  const char *text = join(header, claims);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
  assert_int_equal(EVP_DigestSign(context, signature, &bytes, (const unsigned char *)text, strlen(text)), 1);
  EVP_MD_CTX_free(context);
  if (EVP_PKEY_is_a(key, "EC")) {
    const unsigned char *der = signature;
    ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &der, (long)bytes);
    BN_bn2binpad(ECDSA_SIG_get0_r(parts), raw, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parts), raw + 32, 32);
    ECDSA_SIG_free(parts);
    base64url(raw, sizeof raw, part);
  } else {
    base64url(signature, bytes, part);
  }
  snprintf(token, sizeof token, "%s.%s", text, part);
  return token;
}

/* --- What is under test -------------------------------------------------------------------- */

struct keyring {
  struct auth_key_config keys[AUTH_KEYS_MAX + 1];
  struct auth_config config;
  struct auth_keys *loaded;
  struct arena *arena;
  EVP_PKEY *rsa;
  EVP_PKEY *ec;
  char rsa_file[64];
  char ec_file[64];
};

static void write_public_key(EVP_PKEY *key, char *path) {
  memcpy(path, "/tmp/lockstep-key-XXXXXX", 25);
  int file = mkstemp(path);
  assert_true(file >= 0);
  FILE *stream = fdopen(file, "w");
  assert_int_equal(PEM_write_PUBKEY(stream, key), 1);
  fclose(stream);
}

static void load(struct keyring *ring) {
  struct error error = ERROR_INIT;
  auth_keys_free(ring->loaded);
  ring->loaded = NULL;
  if (!auth_keys_new(&ring->config, &error, &ring->loaded)) fail_msg("%s", error.message);
}

static int setup(void **state) {
  struct keyring *ring = calloc(1, sizeof *ring);
  ring->rsa = EVP_RSA_gen(2048);
  ring->ec = EVP_EC_gen("P-256");
  write_public_key(ring->rsa, ring->rsa_file);
  write_public_key(ring->ec, ring->ec_file);
  ring->arena = arena_new(1 << 20);
  *state = ring;
  return 0;
}

static int teardown(void **state) {
  struct keyring *ring = *state;
  unlink(ring->rsa_file);
  unlink(ring->ec_file);
  EVP_PKEY_free(ring->rsa);
  EVP_PKEY_free(ring->ec);
  auth_keys_free(ring->loaded);
  arena_free(ring->arena);
  free(ring);
  return 0;
}

static int reset(void **state) {
  struct keyring *ring = *state;
  memset(ring->keys, 0, sizeof ring->keys);
  ring->keys[0] = (struct auth_key_config){.algorithm = AUTH_HS256, .secret = FIXTURE_SECRET};
  ring->config = (struct auth_config){
      .keys = {.items = ring->keys, .count = 1}, .leeway_s = 30, .anonymous_secret = FIXTURE_OWN_SECRET};
  load(ring);
  return 0;
}

static enum error_code verify(void **state, const char *token, struct auth_claims *ret_claims) {
  struct keyring *ring = *state;
  struct error error = ERROR_INIT;
  arena_reset(ring->arena);
  *ret_claims = (struct auth_claims){.role = ROLE_PUBLIC};
  if (auth_verify(ring->loaded, token, NOW_S, ring->arena, &error, ret_claims)) return ERROR_NONE;
  assert_null(ret_claims->subject);
  assert_null(strstr(error.message, "sig"));
  return error.code;
}

static void accept(void **state, const char *token) {
  struct auth_claims claims;
  int code = verify(state, token, &claims);
  if (code != ERROR_NONE) fail_msg("refused with %d: %s", code, token);
}

static void refuse(void **state, const char *token) {
  struct auth_claims claims;
  int code = verify(state, token, &claims);
  if (code != ERROR_UNAUTHENTICATED) fail_msg("%d for %.200s", code, token);
}

static void refuse_claims(void **state, const char *claims) { refuse(state, sign(HS256, claims)); }

/* --- Tests --------------------------------------------------------------------------------- */

static void test_a_good_token(void **state) {
  struct auth_claims claims;
  assert_int_equal(verify(state, sign(HS256, GOOD), &claims), ERROR_NONE);
  assert_int_equal(claims.role, ROLE_STUDENT);
  assert_string_equal(claims.subject, "7");
  assert_int_equal(claims.expires_s, 1800003600);
  assert_false(claims.is_own);
}

static void test_a_token_of_libjwt(void **state) {
  struct auth_claims claims;
  jwt_t *jwt;
  assert_int_equal(jwt_new(&jwt), 0);
  jwt_add_grant(jwt, "sub", "user_12");
  jwt_add_grant(jwt, "role", "admin");
  jwt_add_grant_int(jwt, "exp", NOW_S + 60);
  jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)FIXTURE_SECRET, (int)strlen(FIXTURE_SECRET));
  char *token = jwt_encode_str(jwt);
  assert_int_equal(verify(state, token, &claims), ERROR_NONE);
  assert_int_equal(claims.role, ROLE_ADMIN);
  assert_string_equal(claims.subject, "user_12");
  free(token);
  jwt_set_alg(jwt, JWT_ALG_NONE, NULL, 0);
  token = jwt_encode_str(jwt);
  refuse(state, token);
  free(token);
  jwt_free(jwt);
}

static void test_broken_forms(void **state) {
  char token[TOKEN_BYTES];
  static const char *const texts[] = {
      "",      ".",       "..",          "...",      "abc",   "a.b",
      "a.b.c", "a.b.c.d", "%%%.%%%.%%%", "e30.e30.", " . . ", "e30=.e30=.AAAA",
  };
  for (size_t at = 0; at < ARRAY_LENGTH(texts); at++)
    refuse(state, texts[at]);
  const char *good = sign(HS256, GOOD);
  size_t length = strlen(good);
  for (size_t cut = 0; cut < length; cut++) {
    memcpy(token, good, cut);
    token[cut] = '\0';
    refuse(state, token);
  }
  snprintf(token, sizeof token, "%s.AAAA", good);
  refuse(state, token);
  snprintf(token, sizeof token, "%s=", good);
  refuse(state, token);
  snprintf(token, sizeof token, " %s", good);
  refuse(state, token);
  snprintf(token, sizeof token, "%s\n", good);
  refuse(state, token);
}

/* Every single character of a token matters: no two spellings of one signature. */
static void test_every_character_counts(void **state) {
  char token[TOKEN_BYTES];
  size_t length = strlen(sign(HS256, GOOD));
  for (size_t at = 0; at < length; at++) {
    memcpy(token, sign(HS256, GOOD), length + 1);
    for (const char *digit = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/=";
         *digit != '\0'; digit++) {
      char before = token[at];
      if (before == *digit) continue;
      token[at] = *digit;
      refuse(state, token);
      token[at] = before;
    }
  }
}

static void test_algorithms_of_the_header_have_no_say(void **state) {
  static const char *const headers[] = {
      "{\"alg\":\"none\"}",
      "{\"alg\":\"None\"}",
      "{\"alg\":\"NONE\"}",
      "{\"alg\":\"\"}",
      "{}",
      "{\"alg\":null}",
      "{\"alg\":7}",
      "{\"alg\":[\"HS256\"]}",
      "{\"alg\":\"hs256\"}",
      "{\"alg\":\"HS256 \"}",
      "{\"alg\":\"RS256\"}",
      "{\"alg\":\"ES256\"}",
      "{\"alg\":\"HS512\"}",
      "{\"alg\":\"HS256\",\"alg\":\"none\"}",
      "{\"alg\":\"none\",\"alg\":\"HS256\"}",
      "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
      "{\"alg\":\"HS256\",\"crit\":[],\"b64\":false}",
      "[\"HS256\"]",
      "\"HS256\"",
      "null",
      "{\"alg\":\"HS256\"} x",
      "{\"alg\":\"HS256\",\"kid\":7}",
      "{\"alg\":\"HS256\",\"kid\":\"nobody\"}",
      "{\"alg\":\"HS256\",\"kid\":\"\"}",
      "{\"alg\":\"HS256\",\"kid\":\"../../dev/null\"}",
      "{\"alg\":\"HS256\\u0000\"}",
  };
  char token[TOKEN_BYTES];
  for (size_t at = 0; at < ARRAY_LENGTH(headers); at++) {
    refuse(state, sign(headers[at], GOOD));
    snprintf(token, sizeof token, "%s.", join(headers[at], GOOD));
    refuse(state, token);
  }
  refuse(state, sign_hmac(EVP_sha512(), FIXTURE_SECRET, 32, "{\"alg\":\"HS512\"}", GOOD));
  refuse(state, sign_hmac(EVP_sha384(), FIXTURE_SECRET, 32, "{\"alg\":\"HS384\"}", GOOD));
  refuse(state, sign_hmac(EVP_sha512(), FIXTURE_SECRET, 32, HS256, GOOD));
  refuse(state, sign_hmac(EVP_sha1(), FIXTURE_SECRET, 32, HS256, GOOD));
  refuse(state, sign_hmac(EVP_sha256(), OTHER_SECRET, 32, HS256, GOOD));
  refuse(state, sign_hmac(EVP_sha256(), "", 0, HS256, GOOD));
  refuse(state, sign_hmac(EVP_sha256(), FIXTURE_SECRET, 31, HS256, GOOD));
}

static void test_times(void **state) {
  refuse_claims(state, "{\"sub\":\"7\"}");
  refuse_claims(state, "{\"sub\":\"7\",\"exp\":null}");
  refuse_claims(state, "{\"sub\":\"7\",\"exp\":\"1800003600\"}");
  refuse_claims(state, "{\"sub\":\"7\",\"exp\":true}");
  refuse_claims(state, "{\"sub\":\"7\",\"exp\":[1800003600]}");
  refuse_claims(state, "{\"sub\":\"7\",\"exp\":{}}");
  refuse_claims(state, "{\"sub\":\"7\",\"exp\":-1}");
  refuse_claims(state, "{\"sub\":\"7\",\"exp\":0}");
  refuse_claims(state, "{\"sub\":\"7\",\"exp\":1e999}");
  refuse_claims(state, "{\"sub\":\"7\",\"exp\":NaN}");
  refuse_claims(state, "{\"sub\":\"7\",\"exp\":1799990000,\"exp\":1800003600}");
  refuse_claims(state, "{\"sub\":\"7\",\"exp\":1799999970}"); /* the leeway is over */
  accept(state, sign(HS256, "{\"sub\":\"7\",\"exp\":1799999971}"));
  accept(state, sign(HS256, "{\"sub\":\"7\",\"exp\":1800003600.5}"));
  accept(state, sign(HS256, "{\"sub\":\"7\",\"exp\":1.8000036e9}"));
  accept(state, sign(HS256, "{\"sub\":\"7\",\"exp\":1800003600,\"nbf\":1800000030}"));
  refuse_claims(state, "{\"sub\":\"7\",\"exp\":1800003600,\"nbf\":1800000031}");
  refuse_claims(state, "{\"sub\":\"7\",\"exp\":1800003600,\"nbf\":\"1\"}");
  accept(state, sign(HS256, "{\"sub\":\"7\",\"exp\":1800003600,\"iat\":1900000000}"));
}

static void test_claims_that_cannot_be_read(void **state) {
  static const char *const claims[] = {
      "",
      "null",
      "[]",
      "7",
      "not json",
      "{\"sub\":\"7\",\"exp\":1800003600",
      "{\"sub\":\"7\",\"exp\":1800003600}}",
      "{'sub':'7','exp':1800003600}",
      "{\"exp\":1800003600}",
      "{\"sub\":null,\"exp\":1800003600}",
      "{\"sub\":\"\",\"exp\":1800003600}",
      "{\"sub\":7,\"exp\":1800003600}",
      "{\"sub\":[\"7\"],\"exp\":1800003600}",
      "{\"sub\":\"7\",\"sub\":\"8\",\"exp\":1800003600}",
      "{\"sub\":\"7\\u0000\",\"exp\":1800003600}",
      "{\"sub\":\"\xff\",\"exp\":1800003600}",
      "{\"sub\":\"7\",\"exp\":1800003600,\"role\":[\"admin\"]}",
      "{\"sub\":\"7\",\"exp\":1800003600,\"role\":{\"admin\":true}}",
  };
  for (size_t at = 0; at < ARRAY_LENGTH(claims); at++)
    refuse_claims(state, claims[at]);
}

static void test_issuer_and_audience(void **state) {
  struct keyring *ring = *state;
  ring->config.issuer = "https://id.example.org";
  ring->config.audience = "lockstep";
#define CLAIMS(iss, aud) "{\"sub\":\"7\",\"exp\":1800003600" iss aud "}"
#define ISS ",\"iss\":\"https://id.example.org\""
  accept(state, sign(HS256, CLAIMS(ISS, ",\"aud\":\"lockstep\"")));
  accept(state, sign(HS256, CLAIMS(ISS, ",\"aud\":[\"other\",\"lockstep\"]")));
  refuse_claims(state, CLAIMS("", ",\"aud\":\"lockstep\""));
  refuse_claims(state, CLAIMS(",\"iss\":\"https://id.example.org.evil\"", ",\"aud\":\"lockstep\""));
  refuse_claims(state, CLAIMS(",\"iss\":\"https://id.example.or\"", ",\"aud\":\"lockstep\""));
  refuse_claims(state, CLAIMS(",\"iss\":[\"https://id.example.org\"]", ",\"aud\":\"lockstep\""));
  refuse_claims(state, CLAIMS(",\"iss\":\"lockstep\"", ",\"aud\":\"lockstep\""));
  refuse_claims(state, CLAIMS(ISS, ""));
  refuse_claims(state, CLAIMS(ISS, ",\"aud\":null"));
  refuse_claims(state, CLAIMS(ISS, ",\"aud\":\"lockstep2\""));
  refuse_claims(state, CLAIMS(ISS, ",\"aud\":[]"));
  refuse_claims(state, CLAIMS(ISS, ",\"aud\":[\"a\",\"b\"]"));
  refuse_claims(state, CLAIMS(ISS, ",\"aud\":[\"lockstep\",7]"));
  refuse_claims(state, CLAIMS(ISS, ",\"aud\":{\"lockstep\":1}"));
  refuse_claims(state, CLAIMS(ISS, ",\"aud\":\"x\\\",\\\"lockstep\""));
}

static void test_roles(void **state) {
  static const struct {
    const char *claim;
    int role; /* -1: forbidden */
  } cases[] = {{"student", ROLE_STUDENT},
               {"service", ROLE_SERVICE},
               {"admin", ROLE_ADMIN},
               {"anonymous", -1},
               {"public", -1},
               {"Admin", -1},
               {"admin ", -1},
               {"", -1},
               {"superuser", -1}};
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    struct auth_claims claims;
    char text[256];
    snprintf(text, sizeof text, "{\"sub\":\"7\",\"exp\":1800003600,\"role\":\"%s\"}", cases[at].claim);
    int code = verify(state, sign(HS256, text), &claims);
    assert_int_equal(code, cases[at].role < 0 ? ERROR_FORBIDDEN : ERROR_NONE);
    if (cases[at].role >= 0) assert_int_equal(claims.role, cases[at].role);
  }
}

#define OWN_HEADER "{\"alg\":\"HS256\",\"kid\":\"lockstep\"}"
#define OWN_CLAIMS(role) "{\"sub\":\"user_9\",\"exp\":1800003600,\"iss\":\"lockstep\",\"role\":\"" role "\"}"

static const char *sign_own(const char *header, const char *claims) {
  return sign_hmac(EVP_sha256(), FIXTURE_OWN_SECRET, 32, header, claims);
}

static void test_lockstep_s_own_key(void **state) {
  struct keyring *ring = *state;
  struct auth_claims claims;
  assert_int_equal(verify(state, sign_own(OWN_HEADER, OWN_CLAIMS("anonymous")), &claims), ERROR_NONE);
  assert_int_equal(claims.role, ROLE_ANONYMOUS);
  assert_true(claims.is_own);
  refuse(state, sign_own(OWN_HEADER, OWN_CLAIMS("admin")));
  refuse(state, sign_own(OWN_HEADER, OWN_CLAIMS("student")));
  refuse(state, sign_own(OWN_HEADER, GOOD));
  refuse(state, sign_own(OWN_HEADER, "{\"sub\":\"9\",\"exp\":1800003600,\"role\":\"anonymous\"}"));
  refuse(state, sign_own(HS256, OWN_CLAIMS("anonymous")));
  refuse(state, sign(OWN_HEADER, OWN_CLAIMS("anonymous")));
  ring->config.anonymous_secret = NULL;
  load(ring);
  refuse(state, sign_own(OWN_HEADER, OWN_CLAIMS("anonymous")));
  refuse(state, sign_hmac(EVP_sha256(), "", 0, OWN_HEADER, OWN_CLAIMS("anonymous")));
}

/* The site's issuer and audience are no business of Lockstep's own tokens. */
static void test_own_tokens_beside_a_site_s_issuer(void **state) {
  struct keyring *ring = *state;
  ring->config.issuer = "https://id.example.org";
  ring->config.audience = "lockstep";
  accept(state, sign_own(OWN_HEADER, OWN_CLAIMS("anonymous")));
}

static void use_three_keys(struct keyring *ring) {
  ring->keys[0] = (struct auth_key_config){.kid = "hmac", .algorithm = AUTH_HS256, .secret = FIXTURE_SECRET};
  ring->keys[1] =
      (struct auth_key_config){.kid = "rsa", .algorithm = AUTH_RS256, .public_key_file = ring->rsa_file};
  ring->keys[2] =
      (struct auth_key_config){.kid = "ec", .algorithm = AUTH_ES256, .public_key_file = ring->ec_file};
  ring->config.keys.count = 3;
  load(ring);
}

static void test_public_keys(void **state) {
  struct keyring *ring = *state;
  use_three_keys(ring);
  accept(state, sign("{\"alg\":\"HS256\",\"kid\":\"hmac\"}", GOOD));
  accept(state, sign_public(ring->rsa, "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", GOOD));
  for (int round = 0; round < 32; round++) /* r and s with leading zeros, too */
    accept(state, sign_public(ring->ec, "{\"alg\":\"ES256\",\"kid\":\"ec\"}", GOOD));
  refuse(state, sign_public(ring->rsa, "{\"alg\":\"RS256\",\"kid\":\"ec\"}", GOOD));
  refuse(state, sign_public(ring->rsa, "{\"alg\":\"RS256\",\"kid\":\"hmac\"}", GOOD));
  refuse(state, sign_public(ring->rsa, "{\"alg\":\"RS256\"}", GOOD));
  refuse(state, sign_public(ring->ec, "{\"alg\":\"ES256\",\"kid\":\"rsa\"}", GOOD));
  refuse(state, sign_public(ring->ec, "{\"alg\":\"RS256\",\"kid\":\"ec\"}", GOOD));
  refuse(state, sign_public(ring->rsa, "{\"alg\":\"none\",\"kid\":\"rsa\"}", GOOD));
  EVP_PKEY *stranger = EVP_RSA_gen(2048);
  refuse(state, sign_public(stranger, "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", GOOD));
  EVP_PKEY_free(stranger);
  stranger = EVP_EC_gen("P-256");
  refuse(state, sign_public(stranger, "{\"alg\":\"ES256\",\"kid\":\"ec\"}", GOOD));
  EVP_PKEY_free(stranger);
}

/* The oldest trick: HS256 with the public key's text, which everybody may know, as its secret. */
static void test_a_public_key_is_no_secret(void **state) {
  struct keyring *ring = *state;
  char pem[4096];
  use_three_keys(ring);
  const char *const files[] = {ring->rsa_file, ring->ec_file};
  const char *const headers[] = {"{\"alg\":\"HS256\",\"kid\":\"rsa\"}", "{\"alg\":\"HS256\",\"kid\":\"ec\"}"};
  for (size_t at = 0; at < 2; at++) {
    FILE *file = fopen(files[at], "r");
    size_t bytes = fread(pem, 1, sizeof pem, file);
    fclose(file);
    refuse(state, sign_hmac(EVP_sha256(), pem, bytes, headers[at], GOOD));
    refuse(state, sign_hmac(EVP_sha256(), pem, bytes - 1, headers[at], GOOD));
  }
}

static void test_forged_curve_signatures(void **state) {
  struct keyring *ring = *state;
  char token[TOKEN_BYTES];
  char part[512];
  unsigned char raw[128] = {0};
  use_three_keys(ring);
  for (size_t bytes = 0; bytes <= sizeof raw; bytes += 8) { /* r = s = 0, of every length */
    base64url(raw, bytes, part);
    snprintf(token, sizeof token, "%s.%s", join("{\"alg\":\"ES256\",\"kid\":\"ec\"}", GOOD), part);
    refuse(state, token);
  }
  snprintf(token, sizeof token, "%sAAAA", sign_public(ring->ec, "{\"alg\":\"ES256\",\"kid\":\"ec\"}", GOOD));
  refuse(state, token); /* a good signature, and three bytes more */
  memset(raw, 0xff, sizeof raw);
  base64url(raw, 64, part);
  snprintf(token, sizeof token, "%s.%s", join("{\"alg\":\"ES256\",\"kid\":\"ec\"}", GOOD), part);
  refuse(state, token);
}

/* Rotation: the new key beside the old one, and then alone. Keys without kid may be several. */
static void test_keys_rotate(void **state) {
  struct keyring *ring = *state;
  char old[TOKEN_BYTES];
  char new[TOKEN_BYTES];
  snprintf(old, sizeof old, "%s", sign(HS256, GOOD));
  snprintf(new, sizeof new, "%s", sign_hmac(EVP_sha256(), OTHER_SECRET, 32, HS256, GOOD));
  accept(state, old);
  refuse(state, new);
  ring->keys[1] = (struct auth_key_config){.algorithm = AUTH_HS256, .secret = OTHER_SECRET};
  ring->config.keys.count = 2;
  load(ring);
  accept(state, old);
  accept(state, new);
  ring->keys[0] = ring->keys[1];
  ring->config.keys.count = 1;
  load(ring);
  refuse(state, old);
  accept(state, new);
}

static void refuse_keys(struct keyring *ring) {
  struct error error = ERROR_INIT;
  struct auth_keys *keys = NULL;
  assert_false(auth_keys_new(&ring->config, &error, &keys));
  assert_int_equal(error.code, ERROR_MALFORMED);
  assert_null(keys);
}

static void test_unusable_keys(void **state) {
  struct keyring *ring = *state;
  EVP_PKEY *small = EVP_RSA_gen(1024);
  EVP_PKEY *other_curve = EVP_EC_gen("P-384");
  char small_file[64];
  char curve_file[64];
  write_public_key(small, small_file);
  write_public_key(other_curve, curve_file);
  const struct auth_key_config bad[] = {
      {.algorithm = AUTH_HS256},
      {.algorithm = AUTH_HS256, .secret = "0123456789abcdef0123456789abcde"},
      {.algorithm = AUTH_HS256, .secret = FIXTURE_SECRET, .kid = AUTH_OWN_KID},
      {.algorithm = AUTH_RS256},
      {.algorithm = AUTH_RS256, .secret = FIXTURE_SECRET},
      {.algorithm = AUTH_RS256, .public_key_file = "/nonexistent"},
      {.algorithm = AUTH_RS256, .public_key_file = "/dev/null"},
      {.algorithm = AUTH_RS256, .public_key_file = ring->ec_file},
      {.algorithm = AUTH_ES256, .public_key_file = ring->rsa_file},
      {.algorithm = AUTH_RS256, .public_key_file = small_file},
      {.algorithm = AUTH_ES256, .public_key_file = curve_file},
  };
  for (size_t at = 0; at < ARRAY_LENGTH(bad); at++) {
    ring->keys[0] = bad[at];
    refuse_keys(ring);
  }
  ring->keys[0] = (struct auth_key_config){.kid = "k", .algorithm = AUTH_HS256, .secret = FIXTURE_SECRET};
  ring->keys[1] = (struct auth_key_config){.kid = "k", .algorithm = AUTH_HS256, .secret = OTHER_SECRET};
  ring->config.keys.count = 2;
  refuse_keys(ring);
  for (size_t at = 0; at <= AUTH_KEYS_MAX; at++)
    ring->keys[at] = (struct auth_key_config){.algorithm = AUTH_HS256, .secret = FIXTURE_SECRET};
  ring->config.keys.count = AUTH_KEYS_MAX + 1;
  refuse_keys(ring);
  ring->config.keys.count = AUTH_KEYS_MAX;
  load(ring);
  ring->config.anonymous_secret = "short";
  refuse_keys(ring);
  EVP_PKEY_free(small);
  EVP_PKEY_free(other_curve);
  unlink(small_file);
  unlink(curve_file);
}

static void test_long_tokens(void **state) {
  static char claims[JWT_BYTES_MAX];
  char filler[JWT_BYTES_MAX / 2];
  memset(filler, 'x', sizeof filler);
  filler[sizeof filler - 1] = '\0';
  snprintf(claims, sizeof claims, "{\"sub\":\"7\",\"exp\":1800003600,\"x\":\"%s\"}", filler);
  accept(state, sign(HS256, claims));
  char more[JWT_BYTES_MAX * 3 / 4];
  memset(more, 'x', sizeof more);
  more[sizeof more - 1] = '\0';
  snprintf(claims, sizeof claims, "{\"sub\":\"7\",\"exp\":1800003600,\"x\":\"%s\"}", more);
  refuse_claims(state, claims);
}

static void test_minted_tokens_are_read_by_libjwt(void **state) {
  struct keyring *ring = *state;
  struct error error = ERROR_INIT;
  struct auth_claims claims;
  const char *token;
  jwt_t *jwt;
  ring->config.issuer = "https://id.example.org";
  ring->config.audience = "lockstep";
  struct auth_grant grant = {.role = ROLE_ADMIN, .subject = "user_7 \"quoted\"", .lifetime_s = 60};
  struct arena *arena = arena_new(1 << 16);
  assert_true(auth_mint(ring->loaded, &grant, NOW_S, arena, &error, &token));
  assert_int_equal(jwt_decode(&jwt, token, (const unsigned char *)FIXTURE_SECRET, 32), 0);
  assert_int_equal(jwt_get_alg(jwt), JWT_ALG_HS256);
  assert_string_equal(jwt_get_grant(jwt, "sub"), "user_7 \"quoted\"");
  assert_string_equal(jwt_get_grant(jwt, "role"), "admin");
  assert_string_equal(jwt_get_grant(jwt, "iss"), "https://id.example.org");
  assert_string_equal(jwt_get_grant(jwt, "aud"), "lockstep");
  assert_int_equal(jwt_get_grant_int(jwt, "exp"), NOW_S + 60);
  jwt_free(jwt);
  accept(state, token);
  grant = (struct auth_grant){.role = ROLE_ANONYMOUS, .subject = "user_9", .lifetime_s = 60};
  assert_true(auth_mint(ring->loaded, &grant, NOW_S, arena, &error, &token));
  assert_int_equal(jwt_decode(&jwt, token, (const unsigned char *)FIXTURE_OWN_SECRET, 32), 0);
  jwt_free(jwt);
  assert_int_equal(verify(state, token, &claims), ERROR_NONE);
  assert_int_equal(claims.role, ROLE_ANONYMOUS);
  ring->config.anonymous_secret = NULL;
  load(ring);
  assert_false(auth_mint(ring->loaded, &grant, NOW_S, arena, &error, &token));
  assert_int_equal(error.code, ERROR_UNPROCESSABLE);
  arena_free(arena);
}

static void test_subjects(void **state) {
  static const char *const odd[] = {"",
                                    "0",
                                    "-1",
                                    "+7",
                                    "user_",
                                    "user_0",
                                    "user_-7",
                                    "user7",
                                    "7x",
                                    " 7",
                                    "7 ",
                                    "1e3",
                                    "0x7",
                                    "7.0",
                                    "07",
                                    "user_07",
                                    "admin",
                                    "USER_7",
                                    "user_7 OR 1=1",
                                    "18446744073709551616",
                                    "99999999999999999999",
                                    "\xd9\xa7"};
  (void)state;
  assert_int_equal(user_id_parse("7"), 7);
  assert_int_equal(user_id_parse("user_7"), 7);
  assert_true(user_id_parse("18446744073709551615") == UINT64_MAX);
  for (size_t at = 0; at < ARRAY_LENGTH(odd); at++)
    if (user_id_parse(odd[at]) != 0) fail_msg("%s", odd[at]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_a_good_token, reset),
      cmocka_unit_test_setup(test_a_token_of_libjwt, reset),
      cmocka_unit_test_setup(test_broken_forms, reset),
      cmocka_unit_test_setup(test_every_character_counts, reset),
      cmocka_unit_test_setup(test_algorithms_of_the_header_have_no_say, reset),
      cmocka_unit_test_setup(test_times, reset),
      cmocka_unit_test_setup(test_claims_that_cannot_be_read, reset),
      cmocka_unit_test_setup(test_issuer_and_audience, reset),
      cmocka_unit_test_setup(test_roles, reset),
      cmocka_unit_test_setup(test_lockstep_s_own_key, reset),
      cmocka_unit_test_setup(test_own_tokens_beside_a_site_s_issuer, reset),
      cmocka_unit_test_setup(test_public_keys, reset),
      cmocka_unit_test_setup(test_a_public_key_is_no_secret, reset),
      cmocka_unit_test_setup(test_forged_curve_signatures, reset),
      cmocka_unit_test_setup(test_keys_rotate, reset),
      cmocka_unit_test_setup(test_unusable_keys, reset),
      cmocka_unit_test_setup(test_long_tokens, reset),
      cmocka_unit_test_setup(test_minted_tokens_are_read_by_libjwt, reset),
      cmocka_unit_test(test_subjects),
  };
  return cmocka_run_group_tests_name("auth", tests, setup, teardown);
}
