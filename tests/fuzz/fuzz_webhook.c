/* The payment provider's webhook: a Stripe-Signature in the first line, the body after it. What was not
 * signed is refused, what was is taken, and one bit more or less is not it. A body that is an event holds
 * together, and told twice it says no more than once. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enroll/payment_state.h"
#include "enroll/webhook_signature.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define MAC_BYTES 32
#define NOW_S 1700000000
#define NOW_MS (INT64_C(1000) * NOW_S)
#define TOLERANCE_S 300

static const char *secret_texts[] = {"whsec_of_the_fuzzer_0000000001", "whsec_of_the_fuzzer_0000000002"};
static const struct field_list secrets = {.items = secret_texts, .count = 2};

static bool is_taken(const char *header, const char *body, size_t bytes) {
  struct error error = ERROR_INIT;
  if (webhook_signature_check(header, body, bytes, &secrets, TOLERANCE_S, NOW_MS, &error)) return true;
  if (error.code != ERROR_MALFORMED) abort();
  return false;
}

static const char *sign(const char *body, size_t bytes, struct arena *arena) {
  unsigned char mac[MAC_BYTES];
  unsigned mac_bytes = sizeof mac;
  char hex[2 * MAC_BYTES + 1];
  char *text = arena_alloc(arena, bytes + 16);
  if (text == NULL) abort();
  int stamp_bytes = snprintf(text, 16, "%d.", NOW_S);
  memcpy(text + stamp_bytes, body, bytes);
  if (HMAC(EVP_sha256(), secret_texts[1], (int)strlen(secret_texts[1]), (const unsigned char *)text,
           (size_t)stamp_bytes + bytes, mac, &mac_bytes) == NULL)
    abort();
  for (size_t at = 0; at < sizeof mac; at++)
    snprintf(hex + 2 * at, 3, "%02x", mac[at]);
  return arena_printf(arena, "t=%d,v1=%064d,v1=%s,v0=0", NOW_S, 0, hex);
}

static void check_signature(const char *header, char *body, size_t bytes, struct arena *arena) {
  if (is_taken(header, body, bytes)) abort();
  const char *good = sign(body, bytes, arena);
  if (good == NULL || !is_taken(good, body, bytes)) abort();
  if (bytes == 0) return;
  body[bytes / 2] ^= 1;
  if (is_taken(good, body, bytes)) abort();
  body[bytes / 2] ^= 1;
  if (is_taken(good, body, bytes - 1)) abort();
}

static void check_event(const struct payment_event *event) {
  bool is_aside = event->verdict == PAYMENT_IGNORED || event->verdict == PAYMENT_UNREADABLE;
  struct payment_state state = {.user_id = 0};
  if (strlen(event->id) > PAYMENT_EVENT_ID_MAX || strlen(event->type) > PAYMENT_TYPE_MAX) abort();
  if (event->step == PAYMENT_STEP_NONE ? !is_aside : event->ref == NULL) abort();
  if (event->ref != NULL && event->step != PAYMENT_STEP_NONE && strlen(event->ref) > PAYMENT_REF_MAX * 4)
    abort();
  if (event->step == PAYMENT_STEP_SUCCEEDED && !event->has_amount) abort();
  if (event->has_amount && strlen(event->currency) != 3) abort();
  if (event->user_id != 0 && event->user_text == NULL && event->step != PAYMENT_STEP_NONE) abort();
  if (event->step == PAYMENT_STEP_NONE || event->step == PAYMENT_STEP_SUBSCRIPTION) return;
  payment_state_merge(&state, event);
  struct payment_state once = state;
  payment_state_merge(&state, event);
  if (!payment_state_equals(&once, &state)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  struct error error = ERROR_INIT;
  struct payment_event event;
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(ARENA_BYTES);
  char *header = arena_strndup(arena, (const char *)data, bytes);
  if (header == NULL) return 0;
  char *body = memchr(header, '\n', bytes);
  if (body == NULL) return 0;
  *body++ = '\0';
  size_t body_bytes = bytes - (size_t)(body - header);
  check_signature(header, body, body_bytes, arena);
  if (payment_event_read(body, body_bytes, arena, &error, &event)) {
    check_event(&event);
  } else if (error.code == ERROR_NONE) {
    abort();
  }
  return 0;
}
