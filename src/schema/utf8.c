#include "schema/utf8.h"

#include "base/banned.h"

static bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

size_t utf8_character_bytes(const char *text, const char *end) {
  const unsigned char *at = (const unsigned char *)text;
  size_t left = (size_t)(end - text);
  if (left == 0) return 0;
  if (at[0] < 0x80) return 1;
  if (at[0] >= 0xC2 && at[0] <= 0xDF) return left >= 2 && is_continuation(at[1]) ? 2 : 0;
  if ((at[0] & 0xF0) == 0xE0) {
    if (left < 3 || !is_continuation(at[1]) || !is_continuation(at[2])) return 0;
    if (at[0] == 0xE0 && at[1] < 0xA0) return 0;
    return at[0] == 0xED && at[1] > 0x9F ? 0 : 3;
  }
  if (at[0] >= 0xF0 && at[0] <= 0xF4) {
    if (left < 4 || !is_continuation(at[1]) || !is_continuation(at[2]) || !is_continuation(at[3])) return 0;
    if (at[0] == 0xF0 && at[1] < 0x90) return 0;
    return at[0] == 0xF4 && at[1] > 0x8F ? 0 : 4;
  }
  return 0;
}

bool utf8_is_valid(const char *text, size_t bytes) {
  const char *end = text + bytes;
  while (text < end) {
    size_t character_bytes = utf8_character_bytes(text, end);
    if (character_bytes == 0) return false;
    text += character_bytes;
  }
  return true;
}

size_t utf8_count(const char *text, size_t bytes) {
  size_t count = 0;
  for (size_t at = 0; at < bytes; at++)
    if (!is_continuation((unsigned char)text[at])) count++;
  return count;
}

size_t utf8_encode(uint32_t code_point, char *ret_bytes) {
  if (code_point < 0x80) {
    ret_bytes[0] = (char)code_point;
    return 1;
  }
  if (code_point < 0x800) {
    ret_bytes[0] = (char)(0xC0 | code_point >> 6);
    ret_bytes[1] = (char)(0x80 | (code_point & 0x3F));
    return 2;
  }
  if (code_point < 0x10000) {
    ret_bytes[0] = (char)(0xE0 | code_point >> 12);
    ret_bytes[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
    ret_bytes[2] = (char)(0x80 | (code_point & 0x3F));
    return 3;
  }
  ret_bytes[0] = (char)(0xF0 | code_point >> 18);
  ret_bytes[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
  ret_bytes[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
  ret_bytes[3] = (char)(0x80 | (code_point & 0x3F));
  return 4;
}
