#include "base/user_id.h"

#include <string.h>

#include "base/banned.h"

uint64_t user_id_parse(const char *text) {
  uint64_t id = 0;
  if (strncmp(text, "user_", 5) == 0) text += 5;
  if (*text < '1' || *text > '9') return 0;
  for (; *text >= '0' && *text <= '9'; text++)
    if (__builtin_mul_overflow(id, (uint64_t)10, &id) ||
        __builtin_add_overflow(id, (uint64_t)(*text - '0'), &id))
      return 0;
  return *text == '\0' ? id : 0;
}
