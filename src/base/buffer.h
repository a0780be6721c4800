/* A growable byte buffer with a limit. Appending past the limit, or out of memory, sets
 * `failed` and drops the rest, so that a writer checks once, at the end. Always NUL-terminated
 * where data is not NULL. Not thread-safe. */
#ifndef LOCKSTEP_BASE_BUFFER_H
#define LOCKSTEP_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct buffer {
  char *data;
  size_t length;
  size_t capacity;
  size_t limit;
  bool failed;
};

#define BUFFER_INIT(limit_bytes) \
  { .limit = (limit_bytes) }

void buffer_free(struct buffer *buffer); /* also for CLEANUP() */
/* Empties it, keeps the memory up to BUFFER_KEEP_BYTES. */
#define BUFFER_KEEP_BYTES ((size_t)64 * 1024)
void buffer_reset(struct buffer *buffer);
/* Room for `bytes` more and a NUL behind data + length, for whoever writes there by themselves, and then adds
 * to length. False: failed is set. */
bool buffer_reserve(struct buffer *buffer, size_t bytes) WARN_UNUSED;
void buffer_append(struct buffer *buffer, const void *data, size_t bytes);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_char(struct buffer *buffer, char character);
void buffer_append_u64(struct buffer *buffer, uint64_t value);
void buffer_append_i64(struct buffer *buffer, int64_t value);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
/* One cell of a CSV line, quoted; NULL is empty. What a spreadsheet would take for a formula gets a ' before
 * it. */
void buffer_append_csv(struct buffer *buffer, const char *text);
/* The text, "" when empty; never NULL. */
const char *buffer_text(const struct buffer *buffer);

#endif
