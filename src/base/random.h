/* Randomness for identifiers and jitter, from libcrypto. Thread-safe. */
#ifndef LOCKSTEP_BASE_RANDOM_H
#define LOCKSTEP_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Writes 2 * bytes lower-case hex digits and a NUL. `bytes` at most 32. Ends the process when the
 * system has no randomness, as nothing sensible can be done without it. */
void random_hex(char *text, size_t bytes);
/* Uniform enough for jitter: 0 ≤ result < bound; 0 for bound 0. */
uint64_t random_below(uint64_t bound);

#endif
