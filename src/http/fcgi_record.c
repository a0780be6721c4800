#include "http/fcgi_record.h"

#include <string.h>

#include "base/attributes.h"
#include "base/banned.h"

enum fcgi_type {
  FCGI_TYPE_BEGIN = 1,
  FCGI_TYPE_ABORT = 2,
  FCGI_TYPE_END = 3,
  FCGI_TYPE_PARAMS = 4,
  FCGI_TYPE_STDIN = 5,
  FCGI_TYPE_GET_VALUES = 9,
  FCGI_TYPE_GET_VALUES_RESULT = 10,
  FCGI_TYPE_UNKNOWN = 11
};
enum fcgi_end { FCGI_END_COMPLETE = 0, FCGI_END_NO_MULTIPLEX = 1, FCGI_END_UNKNOWN_ROLE = 3 };

#define FCGI_VERSION 1
#define FCGI_ROLE_RESPONDER 1
#define FCGI_FLAG_KEEP_OPEN 1
#define FCGI_BODY_OF_EIGHT 8 /* BEGIN_REQUEST, END_REQUEST and UNKNOWN_TYPE have eight bytes of content */
#define FCGI_VALUES_MAX 16   /* pairs that one GET_VALUES may ask for */

struct fcgi_record {
  int type;
  uint16_t id;
  const unsigned char *content;
  size_t content_bytes;
  size_t total_bytes;
};

/* --- Answers --- */

static void fcgi_write_header(unsigned char *header, int type, uint16_t id, size_t content_bytes) {
  header[0] = FCGI_VERSION;
  header[1] = (unsigned char)type;
  header[2] = (unsigned char)(id >> 8);
  header[3] = (unsigned char)(id & 0xff);
  header[4] = (unsigned char)(content_bytes >> 8);
  header[5] = (unsigned char)(content_bytes & 0xff);
  header[6] = 0;
  header[7] = 0;
}

static void fcgi_answer(struct buffer *answers, int type, uint16_t id, const void *content,
                        size_t content_bytes) {
  unsigned char header[FCGI_RECORD_HEADER_BYTES];
  fcgi_write_header(header, type, id, content_bytes);
  buffer_append(answers, header, sizeof header);
  buffer_append(answers, content, content_bytes);
}

static void fcgi_answer_end(struct buffer *answers, uint16_t id, enum fcgi_end how) {
  unsigned char content[FCGI_BODY_OF_EIGHT] = {0, 0, 0, 0, (unsigned char)how, 0, 0, 0};
  fcgi_answer(answers, FCGI_TYPE_END, id, content, sizeof content);
}

/* --- Name-value pairs --- */

struct fcgi_pair {
  const unsigned char *name;
  size_t name_bytes;
  const unsigned char *value;
  size_t value_bytes;
};

static bool fcgi_take_length(const unsigned char **at, const unsigned char *end, size_t *ret_length) {
  const unsigned char *from = *at;
  if (from == end) return false;
  if (from[0] < 0x80) {
    *ret_length = from[0];
    *at = from + 1;
    return true;
  }
  if (end - from < 4) return false;
  *ret_length = ((size_t)(from[0] & 0x7f) << 24) | ((size_t)from[1] << 16) | ((size_t)from[2] << 8) | from[3];
  *at = from + 4;
  return true;
}

static bool fcgi_take_pair(const unsigned char **at, const unsigned char *end, struct fcgi_pair *ret_pair) {
  struct fcgi_pair pair = {.name_bytes = 0};
  const unsigned char *from = *at;
  if (!fcgi_take_length(&from, end, &pair.name_bytes)) return false;
  if (!fcgi_take_length(&from, end, &pair.value_bytes)) return false;
  size_t left = (size_t)(end - from);
  if (pair.name_bytes > left || pair.value_bytes > left - pair.name_bytes) return false;
  pair.name = from;
  pair.value = from + pair.name_bytes;
  *at = pair.value + pair.value_bytes;
  *ret_pair = pair;
  return true;
}

/* Pairs become C strings "name=value": a NUL would cut one short, a '=' in a name would move its end. */
static bool fcgi_params_are_sound(const unsigned char *params, size_t bytes) {
  const unsigned char *at = params;
  const unsigned char *end = params + bytes;
  struct fcgi_pair pair;
  for (size_t count = 0; at != end; count++) {
    if (count == FCGI_PARAMS_MAX || !fcgi_take_pair(&at, end, &pair)) return false;
    if (pair.name_bytes == 0 || memchr(pair.name, '\0', pair.name_bytes + pair.value_bytes) != NULL)
      return false;
    if (memchr(pair.name, '=', pair.name_bytes) != NULL) return false;
  }
  return true;
}

static void fcgi_answer_values(const struct fcgi_record *record, struct buffer *answers) {
  /* One request at a time on a connection; how many connections is the site's affair. */
  static const struct {
    const char *name;
    const char *value;
  } known[] = {{"FCGI_MPXS_CONNS", "0"}};
  unsigned char content[64];
  size_t used = 0;
  const unsigned char *at = record->content;
  const unsigned char *end = at + record->content_bytes;
  bool answered[ARRAY_LENGTH(known)] = {false};
  struct fcgi_pair pair;
  for (int count = 0; count < FCGI_VALUES_MAX && fcgi_take_pair(&at, end, &pair); count++) {
    for (size_t which = 0; which < ARRAY_LENGTH(known); which++) {
      size_t length = strlen(known[which].name);
      if (answered[which] || pair.name_bytes != length || memcmp(pair.name, known[which].name, length) != 0)
        continue;
      answered[which] = true;
      content[used++] = (unsigned char)length;
      content[used++] = (unsigned char)strlen(known[which].value);
      memcpy(content + used, known[which].name, length);
      used += length;
      memcpy(content + used, known[which].value, strlen(known[which].value));
      used += strlen(known[which].value);
    }
  }
  fcgi_answer(answers, FCGI_TYPE_GET_VALUES_RESULT, 0, content, used);
}

static void fcgi_answer_management(const struct fcgi_record *record, struct buffer *answers) {
  if (record->type == FCGI_TYPE_GET_VALUES) {
    fcgi_answer_values(record, answers);
    return;
  }
  unsigned char content[FCGI_BODY_OF_EIGHT] = {(unsigned char)record->type};
  fcgi_answer(answers, FCGI_TYPE_UNKNOWN, 0, content, sizeof content);
}

/* --- The request --- */

/* Appends to the request at the buffer's front. What is kept is never more than what was read, so
 * the target cannot run into bytes that are still to be read. */
static void fcgi_keep(struct fcgi_scan *scan, struct buffer *in, const unsigned char *bytes, size_t count) {
  memmove(in->data + scan->kept_bytes, bytes, count);
  scan->kept_bytes += count;
}

static void fcgi_keep_record(struct fcgi_scan *scan, struct buffer *in, const struct fcgi_record *record) {
  unsigned char header[FCGI_RECORD_HEADER_BYTES];
  const unsigned char *content = record->content;
  fcgi_write_header(header, record->type, record->id, record->content_bytes);
  fcgi_keep(scan, in, header, sizeof header);
  fcgi_keep(scan, in, content, record->content_bytes);
}

static enum fcgi_scan_outcome fcgi_take_begin(struct fcgi_scan *scan, struct buffer *in,
                                              const struct fcgi_record *record, struct buffer *answers) {
  if (record->type != FCGI_TYPE_BEGIN) return FCGI_SCAN_MORE; /* of a request that is over: dropped */
  if (record->content_bytes != FCGI_BODY_OF_EIGHT) return FCGI_SCAN_BROKEN;
  int role = record->content[0] << 8 | record->content[1];
  bool keep_open = (record->content[2] & FCGI_FLAG_KEEP_OPEN) != 0;
  if (role != FCGI_ROLE_RESPONDER) {
    fcgi_answer_end(answers, record->id, FCGI_END_UNKNOWN_ROLE);
    return keep_open ? FCGI_SCAN_MORE : FCGI_SCAN_CLOSE;
  }
  scan->phase = FCGI_PHASE_PARAMS;
  scan->id = record->id;
  scan->keep_open = keep_open;
  fcgi_keep_record(scan, in, record);
  scan->params_at = scan->kept_bytes;
  return FCGI_SCAN_MORE;
}

/* However many records the parameters came in, one is kept. */
static enum fcgi_scan_outcome fcgi_take_params(struct fcgi_scan *scan, struct buffer *in,
                                               const struct fcgi_record *record) {
  unsigned char *first = (unsigned char *)in->data + scan->params_at;
  if (record->type != FCGI_TYPE_PARAMS) return FCGI_SCAN_BROKEN;
  if (record->content_bytes == 0) {
    if (!fcgi_params_are_sound(first + FCGI_RECORD_HEADER_BYTES, scan->params_bytes)) return FCGI_SCAN_BROKEN;
    fcgi_keep_record(scan, in, record);
    scan->params_end = scan->kept_bytes;
    scan->phase = FCGI_PHASE_BODY;
    return FCGI_SCAN_MORE;
  }
  if (record->content_bytes > FCGI_PARAMS_BYTES_MAX - scan->params_bytes) return FCGI_SCAN_BROKEN;
  if (scan->params_bytes == 0)
    fcgi_keep_record(scan, in, record);
  else
    fcgi_keep(scan, in, record->content, record->content_bytes);
  scan->params_bytes += record->content_bytes;
  fcgi_write_header(first, FCGI_TYPE_PARAMS, scan->id, scan->params_bytes);
  return FCGI_SCAN_MORE;
}

static enum fcgi_scan_outcome fcgi_take_body(struct fcgi_scan *scan, struct buffer *in,
                                             const struct fcgi_record *record, size_t body_bytes_max) {
  if (record->type != FCGI_TYPE_STDIN) return FCGI_SCAN_BROKEN;
  if (record->content_bytes == 0) {
    fcgi_keep_record(scan, in, record);
    return FCGI_SCAN_REQUEST;
  }
  size_t weight = scan->kept_bytes - scan->params_end;
  if (scan->body_too_large || record->content_bytes > body_bytes_max - scan->body_bytes ||
      weight + record->content_bytes > body_bytes_max + FCGI_RECORD_SURPLUS_BYTES_MAX) {
    /* The request is answered all the same, when its end has come: nobody can read a reply before. */
    scan->body_too_large = true;
    scan->body_bytes = 0;
    scan->kept_bytes = scan->params_end;
    return FCGI_SCAN_MORE;
  }
  scan->body_bytes += record->content_bytes;
  fcgi_keep_record(scan, in, record);
  return FCGI_SCAN_MORE;
}

static enum fcgi_scan_outcome fcgi_take_abort(struct fcgi_scan *scan, struct buffer *answers) {
  bool keep_open = scan->keep_open;
  fcgi_answer_end(answers, scan->id, FCGI_END_COMPLETE);
  *scan = (struct fcgi_scan){.phase = FCGI_PHASE_BEGIN};
  return keep_open ? FCGI_SCAN_MORE : FCGI_SCAN_CLOSE;
}

static enum fcgi_scan_outcome fcgi_take_record(struct fcgi_scan *scan, struct buffer *in,
                                               const struct fcgi_record *record, size_t body_bytes_max,
                                               struct buffer *answers) {
  if (record->id == 0) {
    fcgi_answer_management(record, answers);
    return FCGI_SCAN_MORE;
  }
  if (scan->phase == FCGI_PHASE_BEGIN) return fcgi_take_begin(scan, in, record, answers);
  if (record->id != scan->id) {
    if (record->type == FCGI_TYPE_BEGIN) fcgi_answer_end(answers, record->id, FCGI_END_NO_MULTIPLEX);
    return FCGI_SCAN_MORE;
  }
  if (record->type == FCGI_TYPE_ABORT) return fcgi_take_abort(scan, answers);
  if (scan->phase == FCGI_PHASE_PARAMS) return fcgi_take_params(scan, in, record);
  return fcgi_take_body(scan, in, record, body_bytes_max);
}

/* The record at `at`, when all of it is there. */
static bool fcgi_see_record(const struct buffer *in, size_t at, struct fcgi_record *ret_record) {
  const unsigned char *header = (const unsigned char *)in->data + at;
  if (in->length - at < FCGI_RECORD_HEADER_BYTES) return false;
  size_t content_bytes = (size_t)header[4] << 8 | header[5];
  size_t total_bytes = FCGI_RECORD_HEADER_BYTES + content_bytes + header[6];
  if (in->length - at < total_bytes) return false;
  *ret_record = (struct fcgi_record){.type = header[1],
                                     .id = (uint16_t)(header[2] << 8 | header[3]),
                                     .content = header + FCGI_RECORD_HEADER_BYTES,
                                     .content_bytes = content_bytes,
                                     .total_bytes = total_bytes};
  return true;
}

/* Drops in[from … to). */
static void fcgi_cut(struct buffer *in, size_t from, size_t to) {
  if (from == to) return;
  memmove(in->data + from, in->data + to, in->length - to);
  in->length -= to - from;
  in->data[in->length] = '\0';
}

enum fcgi_scan_outcome fcgi_scan_run(struct fcgi_scan *scan, struct buffer *in, size_t body_bytes_max,
                                     struct buffer *answers) {
  size_t at = scan->kept_bytes;
  struct fcgi_record record;
  for (;;) {
    if (at < in->length && in->data[at] != FCGI_VERSION) return FCGI_SCAN_BROKEN;
    if (!fcgi_see_record(in, at, &record)) break;
    at += record.total_bytes;
    enum fcgi_scan_outcome outcome = fcgi_take_record(scan, in, &record, body_bytes_max, answers);
    if (answers->failed) return FCGI_SCAN_BROKEN;
    if (outcome == FCGI_SCAN_MORE) continue;
    scan->rest_at = at;
    return outcome;
  }
  fcgi_cut(in, scan->kept_bytes, at);
  return FCGI_SCAN_MORE;
}

void fcgi_scan_next(struct fcgi_scan *scan, struct buffer *in) {
  if (in->data != NULL) fcgi_cut(in, 0, scan->rest_at);
  *scan = (struct fcgi_scan){.phase = FCGI_PHASE_BEGIN};
}
