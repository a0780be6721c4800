#include "http/rate_limit.h"

#include <arpa/inet.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/random.h"

#include "base/banned.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define NS_PER_MINUTE (60 * NS_PER_SECOND)
#define WHOSE_BYTES_MAX 64

void rate_limit_init(struct rate_limit *limit) { random_hex(limit->seed, RATE_LIMIT_SEED_BYTES); }

static size_t rate_limit_bucket(const struct rate_limit *limit, const char *whose) {
  unsigned char input[sizeof limit->seed + WHOSE_BYTES_MAX];
  unsigned char digest[SHA256_DIGEST_LENGTH];
  struct in6_addr parsed;
  size_t used = sizeof limit->seed;
  memcpy(input, limit->seed, used);
  if (inet_pton(AF_INET6, whose, &parsed) == 1) {
    memcpy(input + used, parsed.s6_addr, 8);
    used += 8;
  } else {
    size_t length = strnlen(whose, WHOSE_BYTES_MAX);
    memcpy(input + used, whose, length);
    used += length;
  }
  SHA256(input, used, digest);
  return ((size_t)digest[0] << 8 | digest[1]) % RATE_LIMIT_BUCKETS;
}

bool rate_limit_take(struct rate_limit *limit, const char *whose, int64_t per_minute, int64_t now_ns,
                     int *ret_retry_after_s) {
  *ret_retry_after_s = 60;
  if (per_minute <= 0) return false;
  int64_t price_ns = NS_PER_MINUTE / per_minute;
  _Atomic int64_t *bucket = &limit->paid_at_ns[rate_limit_bucket(limit, whose)];
  int64_t paid_at_ns = atomic_load(bucket);
  for (;;) {
    int64_t from_ns = paid_at_ns > now_ns ? paid_at_ns : now_ns;
    int64_t over_ns = from_ns + price_ns - now_ns - NS_PER_MINUTE;
    if (over_ns > 0) {
      *ret_retry_after_s = (int)((over_ns + NS_PER_SECOND - 1) / NS_PER_SECOND);
      return false;
    }
    if (atomic_compare_exchange_weak(bucket, &paid_at_ns, from_ns + price_ns)) return true;
  }
}
