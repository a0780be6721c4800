/* What a peer sends on a FastCGI connection. The first byte of the input is how it is cut; the rest goes
 * through the scan twice, at once and in pieces, which must find the same requests. Whatever the scan
 * finds whole, libfcgi must be able to read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "http/fcgi.h"

#include "base/banned.h"

#define IN_BYTES ((size_t)1024 * 1024)
#define BODY_BYTES ((size_t)8192)

struct reader {
  struct fcgi_scan scan;
  struct buffer in;
  struct buffer answers;
  struct buffer found; /* every request, one after the other */
  enum fcgi_scan_outcome outcome;
};

static struct request *request;
static struct fcgi_codec *codec;

static void set_up(void) {
  static struct config config = {.workers = {.arena_bytes = 1 << 20, .request_timeout_ms = 1000},
                                 .http = {.bulk_body_bytes = BODY_BYTES}};
  static struct app app = {.config = &config};
  struct error error = ERROR_INIT;
  if (!fcgi_library_init(&error) || !fcgi_codec_new(&error, &codec) || !request_new(&app, &error, &request))
    abort();
}

static void check_request(const struct reader *reader) {
  struct error error = ERROR_INIT;
  const void *bytes;
  size_t count;
  request_reset(request);
  if (!fcgi_decode(codec, reader->in.data, &reader->scan, request, &error)) abort();
  if (request->method == NULL || request->path == NULL || request->query == NULL || request->body == NULL)
    abort();
  if (request->body_bytes > BODY_BYTES || request->body[request->body_bytes] != '\0') abort();
  buffer_append_text(&request->head, "Status: 200 OK\r\n\r\n");
  if (!fcgi_encode(codec, request, &error, &bytes, &count) || count < 40) abort();
  fcgi_drop(codec);
}

static void take(struct reader *reader, const uint8_t *data, size_t bytes) {
  buffer_append(&reader->in, data, bytes);
  while (reader->outcome == FCGI_SCAN_MORE) {
    reader->outcome = fcgi_scan_run(&reader->scan, &reader->in, BODY_BYTES, &reader->answers);
    if (reader->outcome != FCGI_SCAN_REQUEST) return;
    buffer_append(&reader->found, reader->in.data, reader->scan.kept_bytes);
    buffer_append_char(&reader->found, reader->scan.body_too_large ? '!' : '.');
    check_request(reader);
    fcgi_scan_next(&reader->scan, &reader->in);
    reader->outcome = FCGI_SCAN_MORE;
  }
}

static struct reader new_reader(void) {
  return (struct reader){.in = BUFFER_INIT(IN_BYTES),
                         .answers = BUFFER_INIT(FCGI_ANSWERS_BYTES_MAX),
                         .found = BUFFER_INIT(IN_BYTES),
                         .outcome = FCGI_SCAN_MORE};
}

static void end_reader(struct reader *reader) {
  buffer_free(&reader->in);
  buffer_free(&reader->answers);
  buffer_free(&reader->found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  if (codec == NULL) set_up();
  if (bytes == 0) return 0;
  size_t piece = (size_t)data[0] + 1;
  struct reader at_once = new_reader();
  struct reader in_pieces = new_reader();
  take(&at_once, data + 1, bytes - 1);
  for (size_t at = 1; at < bytes && in_pieces.outcome == FCGI_SCAN_MORE; at += piece)
    take(&in_pieces, data + at, bytes - at < piece ? bytes - at : piece);
  if (at_once.outcome != in_pieces.outcome || at_once.found.length != in_pieces.found.length) abort();
  if (memcmp(buffer_text(&at_once.found), buffer_text(&in_pieces.found), at_once.found.length) != 0) abort();
  if (at_once.answers.length != in_pieces.answers.length) abort();
  end_reader(&at_once);
  end_reader(&in_pieces);
  return 0;
}
