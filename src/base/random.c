#include "base/random.h"

#include <openssl/rand.h>
#include <stdlib.h>

#include "base/banned.h"

#define RANDOM_BYTES_MAX 32

static void random_fill(unsigned char *bytes, size_t count) {
  if (RAND_bytes(bytes, (int)count) != 1) abort();
}

void random_hex(char *text, size_t bytes) {
  static const char digits[] = "0123456789abcdef";
  unsigned char raw[RANDOM_BYTES_MAX];
  if (bytes > sizeof raw) bytes = sizeof raw;
  random_fill(raw, bytes);
  for (size_t at = 0; at < bytes; at++) {
    text[2 * at] = digits[raw[at] >> 4];
    text[2 * at + 1] = digits[raw[at] & 15];
  }
  text[2 * bytes] = '\0';
}

uint64_t random_below(uint64_t bound) {
  uint64_t value;
  if (bound == 0) return 0;
  random_fill((unsigned char *)&value, sizeof value);
  return value % bound;
}
