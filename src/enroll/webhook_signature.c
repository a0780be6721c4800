#include "enroll/webhook_signature.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#include "base/banned.h"

#define MAC_BYTES 32
#define TIME_DIGITS_MAX 12 /* seconds; the year 33658 is far enough */
#define MS_PER_S 1000

/* What the header says. */
struct signature {
  const char *time; /* as it stands: these digits were signed */
  size_t time_bytes;
  int64_t time_s;
  unsigned char macs[WEBHOOK_SIGNATURES_MAX][MAC_BYTES];
  size_t mac_count;
};

static bool refuse(struct error *error) {
  return error_set(error, ERROR_MALFORMED, "The signature does not fit the body.");
}

static int hex_digit(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  return -1;
}

/* What is no MAC is passed over: it fits nothing. */
static void take_mac(struct signature *signature, const char *text, size_t bytes) {
  unsigned char *mac = signature->macs[signature->mac_count];
  if (bytes != (size_t)2 * MAC_BYTES) return;
  for (size_t at = 0; at < MAC_BYTES; at++) {
    int high = hex_digit(text[2 * at]);
    int low = hex_digit(text[2 * at + 1]);
    if (high < 0 || low < 0) return;
    mac[at] = (unsigned char)(high << 4 | low);
  }
  signature->mac_count++;
}

static bool take_time(struct signature *signature, const char *text, size_t bytes) {
  if (signature->time != NULL || bytes == 0 || bytes > TIME_DIGITS_MAX || strspn(text, "0123456789") != bytes)
    return false;
  signature->time = text;
  signature->time_bytes = bytes;
  for (size_t at = 0; at < bytes; at++)
    signature->time_s = signature->time_s * 10 + (text[at] - '0');
  return true;
}

static bool read_header(const char *header, struct signature *ret_signature, struct error *error) {
  struct signature signature = {.time = NULL};
  if (header == NULL) return error_set(error, ERROR_MALFORMED, "There is no Stripe-Signature.");
  if (strlen(header) > WEBHOOK_SIGNATURE_BYTES_MAX)
    return error_set(error, ERROR_MALFORMED, "The Stripe-Signature is too long.");
  for (const char *at = header; *at != '\0';) {
    size_t bytes = strcspn(at, ",");
    if (strncmp(at, "t=", 2) == 0 && !take_time(&signature, at + 2, bytes - 2))
      return error_set(error, ERROR_MALFORMED, "The Stripe-Signature has no readable time.");
    if (strncmp(at, "v1=", 3) == 0) {
      if (signature.mac_count == WEBHOOK_SIGNATURES_MAX)
        return error_set(error, ERROR_MALFORMED, "The Stripe-Signature has too many signatures.");
      take_mac(&signature, at + 3, bytes - 3);
    }
    at += bytes;
    if (*at == ',') at++;
  }
  if (signature.time == NULL || signature.mac_count == 0)
    return error_set(error, ERROR_MALFORMED, "The Stripe-Signature has no time, or no v1 signature.");
  *ret_signature = signature;
  return true;
}

static void mac_free(EVP_MAC **mac) { EVP_MAC_free(*mac); }
static void context_free(EVP_MAC_CTX **context) { EVP_MAC_CTX_free(*context); }

static bool make_mac(const struct signature *signature, const char *body, size_t body_bytes,
                     const char *secret, unsigned char *ret_mac) {
  CLEANUP(mac_free) EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  CLEANUP(context_free) EVP_MAC_CTX *context = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                         OSSL_PARAM_construct_end()};
  size_t written = 0;
  return context != NULL &&
         EVP_MAC_init(context, (const unsigned char *)secret, strlen(secret), params) == 1 &&
         EVP_MAC_update(context, (const unsigned char *)signature->time, signature->time_bytes) == 1 &&
         EVP_MAC_update(context, (const unsigned char *)".", 1) == 1 &&
         EVP_MAC_update(context, (const unsigned char *)body, body_bytes) == 1 &&
         EVP_MAC_final(context, ret_mac, &written, MAC_BYTES) == 1 && written == MAC_BYTES;
}

/* Every secret against every signature, whatever was found before: how long it takes tells nothing. */
static bool fits_one(const struct signature *signature, const char *body, size_t body_bytes,
                     const struct field_list *secrets, bool *ret_fits) {
  const char *const *texts = secrets->items;
  bool fits = false;
  for (size_t at = 0; at < secrets->count; at++) {
    unsigned char mac[MAC_BYTES];
    if (!make_mac(signature, body, body_bytes, texts[at], mac)) return false;
    for (size_t other = 0; other < signature->mac_count; other++)
      fits |= CRYPTO_memcmp(mac, signature->macs[other], MAC_BYTES) == 0;
  }
  *ret_fits = fits;
  return true;
}

bool webhook_signature_check(const char *header, const char *body, size_t body_bytes,
                             const struct field_list *secrets, int64_t tolerance_s, int64_t now_ms,
                             struct error *error) {
  struct signature signature;
  bool fits;
  if (!read_header(header, &signature, error)) return false;
  if (!fits_one(&signature, body, body_bytes, secrets, &fits))
    return error_set(error, ERROR_INTERNAL, "A signature could not be made.");
  if (!fits) return refuse(error);
  int64_t age_s = now_ms / MS_PER_S - signature.time_s;
  if (age_s > tolerance_s || age_s < -tolerance_s)
    return error_set(error, ERROR_MALFORMED, "The signature's time is too far from now.");
  return true;
}
