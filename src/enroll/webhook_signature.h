/* The signature of a webhook: HMAC-SHA256 over the time, a dot, and the body as received, sent as
 * `t=1492774577,v1=5257a8…,v0=…`. It may hold several v1, one for each secret that the provider has at
 * that time. Thread-safe. */
#ifndef LOCKSTEP_ENROLL_WEBHOOK_SIGNATURE_H
#define LOCKSTEP_ENROLL_WEBHOOK_SIGNATURE_H

#include <stdint.h>

#include "schema/field.h"

#define WEBHOOK_SIGNATURE_BYTES_MAX 4096 /* of the header */
#define WEBHOOK_SIGNATURES_MAX 16        /* v1 in one header */

/* True when one of the v1 was made with one of the secrets (const char *), no more than tolerance_s
 * before or after now_ms. Otherwise ERROR_MALFORMED: what is wrong with it, but never which of
 * secrets and signatures was near. `header` may be NULL. */
bool webhook_signature_check(const char *header, const char *body, size_t body_bytes,
                             const struct field_list *secrets, int64_t tolerance_s, int64_t now_ms,
                             struct error *error) WARN_UNUSED;

#endif
