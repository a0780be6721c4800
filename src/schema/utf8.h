/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef LOCKSTEP_SCHEMA_UTF8_H
#define LOCKSTEP_SCHEMA_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_BYTES_MAX 4

/* Bytes of the well-formed character that begins at `text` (before `end`), 0 when there is none. */
size_t utf8_character_bytes(const char *text, const char *end);
bool utf8_is_valid(const char *text, size_t bytes);
/* Code points of well-formed text. */
size_t utf8_count(const char *text, size_t bytes);
/* Writes up to UTF8_BYTES_MAX bytes, returns how many. The code point is no surrogate. */
size_t utf8_encode(uint32_t code_point, char *ret_bytes);

#endif
