/* The words of JSON, for its check and its walk. Inside this room only. */
#ifndef LOCKSTEP_SCHEMA_JSON_TEXT_H
#define LOCKSTEP_SCHEMA_JSON_TEXT_H

#include <stdbool.h>
#include <stdint.h>

const char *json_pass_space(const char *at, const char *end);
/* Behind the number that begins at `at`, NULL when none does. */
const char *json_pass_number(const char *at, const char *end);
bool json_is_digit(char character);
/* Four hexadecimal digits, or -1. */
int32_t json_read_hex(const char *at, const char *end);
bool json_is_high_surrogate(int32_t unit);
/* The next character of a string that was checked, its escape resolved; moves behind it. */
uint32_t json_next_character(const char **at);

#endif
