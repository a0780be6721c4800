#include <stdlib.h>

#include "rule/pass_private.h"

#include "base/banned.h"

#define SEEN_FIRST ((size_t)1024)
#define FNV_PRIME UINT64_C(1099511628211)

void pass_seen_free(struct pass_seen *seen) {
  free(seen->slots);
  *seen = (struct pass_seen){NULL, 0, 0};
}

void pass_seen_clear(struct pass_seen *seen) {
  for (size_t at = 0; at < seen->capacity; at++)
    seen->slots[at] = 0;
  seen->count = 0;
}

uint64_t pass_hash_text(uint64_t hash, const char *text) {
  for (;; text++) {
    hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
    if (*text == '\0') return hash;
  }
}

/* Where it is, or belongs. There is always a free slot. */
static uint64_t *seen_slot(uint64_t *slots, size_t capacity, uint64_t hash) {
  size_t at = (size_t)(hash ^ (hash >> 32)) & (capacity - 1);
  while (slots[at] != 0 && slots[at] != hash)
    at = (at + 1) & (capacity - 1);
  return &slots[at];
}

static bool seen_grow(struct pass_seen *seen) {
  size_t capacity = seen->capacity == 0 ? SEEN_FIRST : 2 * seen->capacity;
  if (capacity > 2 * PASS_SEEN_MAX) return false;
  uint64_t *slots = calloc(capacity, sizeof *slots);
  if (slots == NULL) return false;
  for (size_t at = 0; at < seen->capacity; at++)
    if (seen->slots[at] != 0) *seen_slot(slots, capacity, seen->slots[at]) = seen->slots[at];
  free(seen->slots);
  seen->slots = slots;
  seen->capacity = capacity;
  return true;
}

bool pass_seen_add(struct pass_seen *seen, uint64_t hash) {
  if (hash == 0) hash = 1;
  if (seen->capacity > 0 && *seen_slot(seen->slots, seen->capacity, hash) == hash) return false;
  if (2 * (seen->count + 1) > seen->capacity && !seen_grow(seen)) return true;
  *seen_slot(seen->slots, seen->capacity, hash) = hash;
  seen->count++;
  return true;
}
