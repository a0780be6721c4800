/* How a user is named from outside: by tokens, headers, queries, bodies, files and options alike. */
#ifndef LOCKSTEP_BASE_USER_ID_H
#define LOCKSTEP_BASE_USER_ID_H

#include <stdint.h>

/* "7" or "user_7" → 7; 0 for anything else: signs, spaces, leading zeros, other letters, more than 64 bits.
 */
uint64_t user_id_parse(const char *text);

#endif
