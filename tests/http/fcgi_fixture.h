/* FastCGI records as a peer sends them, well made or not. */
#ifndef LOCKSTEP_TESTS_FCGI_FIXTURE_H
#define LOCKSTEP_TESTS_FCGI_FIXTURE_H

#include <string.h>

#include "base/buffer.h"
#include "http/fcgi_record.h"

enum { BEGIN = 1, ABORT = 2, END = 3, PARAMS = 4, STDIN = 5, GET_VALUES = 9, UNKNOWN = 11 };

static inline void put_record(struct buffer *to, int type, int id, const void *content, size_t bytes,
                              size_t padding) {
  static const char zeros[255] = {0};
  const unsigned char header[8] = {1,
                                   (unsigned char)type,
                                   (unsigned char)(id >> 8),
                                   (unsigned char)id,
                                   (unsigned char)(bytes >> 8),
                                   (unsigned char)bytes,
                                   (unsigned char)padding,
                                   0};
  buffer_append(to, header, sizeof header);
  buffer_append(to, content, bytes);
  buffer_append(to, zeros, padding);
}

static inline void put_begin(struct buffer *to, int id, int role, int flags) {
  const unsigned char content[8] = {0, (unsigned char)role, (unsigned char)flags, 0, 0, 0, 0, 0};
  put_record(to, BEGIN, id, content, sizeof content, 0);
}

static inline void put_length(struct buffer *to, size_t length) {
  if (length > 127) buffer_append_char(to, (char)(length >> 24 | 0x80));
  if (length > 127) buffer_append_char(to, (char)(length >> 16));
  if (length > 127) buffer_append_char(to, (char)(length >> 8));
  buffer_append_char(to, (char)length);
}

static inline void put_pair(struct buffer *to, const char *name, const char *value) {
  put_length(to, strlen(name));
  put_length(to, strlen(value));
  buffer_append_text(to, name);
  buffer_append_text(to, value);
}

/* A stream cut into records of `piece` bytes, and its end. */
static inline void put_stream(struct buffer *to, int type, int id, const char *content, size_t bytes,
                              size_t piece, size_t padding) {
  for (size_t at = 0; at < bytes; at += piece)
    put_record(to, type, id, content + at, bytes - at < piece ? bytes - at : piece, padding);
  put_record(to, type, id, NULL, 0, 0);
}

#endif
