#include "base/buffer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define BUFFER_FIRST_BYTES ((size_t)512)

bool buffer_reserve(struct buffer *buffer, size_t bytes) {
  if (buffer->failed) return false;
  if (bytes > buffer->limit || buffer->length > buffer->limit - bytes) {
    buffer->failed = true;
    return false;
  }
  size_t need = buffer->length + bytes + 1;
  if (need <= buffer->capacity) return true;
  size_t capacity = buffer->capacity == 0 ? BUFFER_FIRST_BYTES : buffer->capacity;
  while (capacity < need)
    capacity *= 2;
  char *data = realloc(buffer->data, capacity);
  if (data == NULL) {
    buffer->failed = true;
    return false;
  }
  buffer->data = data;
  buffer->capacity = capacity;
  return true;
}

void buffer_free(struct buffer *buffer) {
  free(buffer->data);
  *buffer = (struct buffer)BUFFER_INIT(buffer->limit);
}

void buffer_reset(struct buffer *buffer) {
  if (buffer->capacity > BUFFER_KEEP_BYTES) buffer_free(buffer);
  buffer->length = 0;
  buffer->failed = false;
  if (buffer->data != NULL) buffer->data[0] = '\0';
}

void buffer_append(struct buffer *buffer, const void *data, size_t bytes) {
  if (!buffer_reserve(buffer, bytes)) return;
  if (bytes > 0) memcpy(buffer->data + buffer->length, data, bytes);
  buffer->length += bytes;
  buffer->data[buffer->length] = '\0';
}

void buffer_append_text(struct buffer *buffer, const char *text) {
  buffer_append(buffer, text, strlen(text));
}

void buffer_append_char(struct buffer *buffer, char character) { buffer_append(buffer, &character, 1); }

void buffer_append_u64(struct buffer *buffer, uint64_t value) {
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  buffer_append(buffer, digits + at, sizeof digits - at);
}

void buffer_append_i64(struct buffer *buffer, int64_t value) {
  if (value < 0) {
    buffer_append_char(buffer, '-');
    buffer_append_u64(buffer, (uint64_t)0 - (uint64_t)value);
  } else {
    buffer_append_u64(buffer, (uint64_t)value);
  }
}

void buffer_printf(struct buffer *buffer, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0) {
    buffer->failed = true;
    return;
  }
  if (!buffer_reserve(buffer, (size_t)length)) return;
  va_start(arguments, format);
  vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
  va_end(arguments);
  buffer->length += (size_t)length;
}

void buffer_append_csv(struct buffer *buffer, const char *text) {
  if (text == NULL) return;
  buffer_append_char(buffer, '"');
  if (*text != '\0' && strchr("=+-@\t\r", *text) != NULL) buffer_append_char(buffer, '\'');
  for (; *text != '\0'; text++) {
    if (*text == '"') buffer_append_char(buffer, '"');
    buffer_append_char(buffer, *text);
  }
  buffer_append_char(buffer, '"');
}

const char *buffer_text(const struct buffer *buffer) { return buffer->data == NULL ? "" : buffer->data; }
