/* The codec: libfcgi over files in memory. */
#include "http_fixture.h"

#include <stdio.h>

#include "fcgi_fixture.h"
#include "http/fcgi.h"

#include "base/banned.h"

static const struct endpoint_table *const no_tables[] = {NULL};

struct wire {
  struct fixture *fixture;
  struct fcgi_codec *codec;
  struct buffer sent;
};

static struct wire open_wire(void) {
  struct error error = ERROR_INIT;
  struct wire wire = {.fixture = fixture_prepare(), .sent = BUFFER_INIT(64 << 20)};
  wire.fixture->config.http.bulk_body_bytes = 32 << 20;
  fixture_open(wire.fixture, no_tables);
  assert_true(fcgi_library_init(&error));
  assert_true(fcgi_codec_new(&error, &wire.codec));
  return wire;
}

static void close_wire(struct wire *wire) {
  fcgi_codec_free(wire->codec);
  fixture_close(wire->fixture);
  buffer_free(&wire->sent);
}

/* Decodes a request with these parameters, name and value in turn, NULL at the end. */
static struct request *receive(struct wire *wire, const char *const *params, const char *body, size_t bytes) {
  struct error error = ERROR_INIT;
  struct fcgi_scan scan = {.phase = FCGI_PHASE_BEGIN};
  struct buffer pairs = BUFFER_INIT(FCGI_PARAMS_BYTES_MAX);
  struct buffer answers = BUFFER_INIT(FCGI_ANSWERS_BYTES_MAX);
  for (; *params != NULL; params += 2)
    put_pair(&pairs, params[0], params[1]);
  buffer_reset(&wire->sent);
  put_begin(&wire->sent, 1, 1, 1);
  put_stream(&wire->sent, PARAMS, 1, pairs.data, pairs.length, 60000, 0);
  put_stream(&wire->sent, STDIN, 1, body, bytes, 60000, 7);
  assert_int_equal(
      fcgi_scan_run(&scan, &wire->sent, (size_t)wire->fixture->config.http.bulk_body_bytes, &answers),
      FCGI_SCAN_REQUEST);
  request_reset(wire->fixture->request);
  if (!fcgi_decode(wire->codec, wire->sent.data, &scan, wire->fixture->request, &error))
    fail_msg("%s %s", error.message, error.detail);
  buffer_free(&pairs);
  buffer_free(&answers);
  return wire->fixture->request;
}
#define RECEIVE(wire, body, bytes, ...) receive(wire, (const char *const[]){__VA_ARGS__, NULL}, body, bytes)

/* Checks the reply's records and returns what their stream carries. */
static void reply(struct wire *wire, struct buffer *ret_stream) {
  struct error error = ERROR_INIT;
  const void *bytes = NULL;
  size_t count = 0;
  size_t at = 0;
  bool ended = false;
  assert_true(fcgi_encode(wire->codec, wire->fixture->request, &error, &bytes, &count));
  const unsigned char *records = bytes;
  while (at < count) {
    assert_true(count - at >= 8);
    size_t content = (size_t)records[at + 4] << 8 | records[at + 5];
    assert_int_equal(records[at], 1);
    assert_int_equal(records[at + 3], 1);
    assert_false(ended);
    ended = records[at + 1] == END;
    if (!ended) assert_int_equal(records[at + 1], 6);
    if (!ended) buffer_append(ret_stream, records + at + 8, content);
    at += 8 + content + records[at + 6];
  }
  assert_int_equal(at, count);
  assert_true(ended);
  fcgi_drop(wire->codec);
}

static void test_what_a_request_brings(void **state) {
  (void)state;
  struct wire wire = open_wire();
  const struct request *request =
      RECEIVE(&wire, "{}", 2, "REQUEST_METHOD", "POST", "REQUEST_URI", "/api/answer?a=1&b=2?",
              "CONTENT_LENGTH", "2", "CONTENT_TYPE", "application/json", "HTTP_AUTHORIZATION", "Bearer x",
              "HTTP_ORIGIN", "", "HTTP_ACCEPT", "first", "HTTP_ACCEPT", "second", "REMOTE_ADDR", "192.0.2.7",
              "HTTP_X_LOCKSTEP_USER", "7", "HTTP_IF_NONE_MATCH", "\"e\"", "HTTP_IDEMPOTENCY_KEY", "k",
              "HTTP_X_REQUEST_ID", "r", "HTTP_ACCESS_CONTROL_REQUEST_METHOD", "PUT", "HTTP_CONTENT_ENCODING",
              "gzip", "HTTP_NOT_OURS", "x", "REQUEST_METHODS", "x", "REQUEST_METHO", "x");
  assert_string_equal(request->method, "POST");
  assert_string_equal(request->path, "/api/answer");
  assert_string_equal(request->query, "a=1&b=2?");
  assert_string_equal(request->content_type, "application/json");
  assert_string_equal(request->authorization, "Bearer x");
  assert_string_equal(request->accept, "first");
  assert_string_equal(request->remote_address, "192.0.2.7");
  assert_string_equal(request->on_behalf_of, "7");
  assert_string_equal(request->if_none_match, "\"e\"");
  assert_string_equal(request->idempotency_key, "k");
  assert_string_equal(request->request_id, "r");
  assert_string_equal(request->preflight_for, "PUT");
  assert_string_equal(request->content_encoding, "gzip");
  assert_null(request->origin); /* sent empty is not sent */
  assert_string_equal(request->body, "{}");
  assert_int_equal(request->body_bytes, 2);
  assert_false(request->body_cut);
  close_wire(&wire);
}

static void test_a_request_that_brings_nothing(void **state) {
  (void)state;
  struct wire wire = open_wire();
  const struct request *request = RECEIVE(&wire, NULL, 0, "UNRELATED", "x");
  assert_string_equal(request->method, "");
  assert_string_equal(request->path, "");
  assert_string_equal(request->query, "");
  assert_string_equal(request->remote_address, "");
  assert_null(request->authorization);
  assert_int_equal(request->body_bytes, 0);
  close_wire(&wire);
}

static void test_content_length(void **state) {
  (void)state;
  static const struct {
    const char *announced;
    bool cut, too_large;
  } cases[] = {{"5", false, false},
               {"6", true, false},
               {"4", false, false},
               {"", false, false},
               {"x", false, false},
               {"-1", false, false},
               {"99999999999999999999999", false, true},
               {"5x", false, true},
               {"33554433", false, true}};
  struct wire wire = open_wire();
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    const struct request *request = RECEIVE(&wire, "12345", 5, "CONTENT_LENGTH", cases[at].announced);
    assert_int_equal(request->body_cut, cases[at].cut);
    assert_int_equal(request->body_too_large, cases[at].too_large);
    assert_int_equal(request->body_bytes, cases[at].too_large ? 0 : 5);
    fcgi_drop(wire.codec);
  }
  close_wire(&wire);
}

/* A long request, then a short one, each with its own: nothing is left over from the former. */
static void test_one_after_the_other(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 100, 8191, 8192, 8193, 65535, 70000, 1 << 20, 17, 20 << 20, 3, 0};
  struct wire wire = open_wire();
  for (size_t at = 0; at < ARRAY_LENGTH(sizes); at++) {
    char *body = malloc(sizes[at] + 1);
    char length[24];
    assert_non_null(body);
    for (size_t byte = 0; byte < sizes[at]; byte++)
      body[byte] = (char)('a' + (byte * 7 + at) % 26);
    snprintf(length, sizeof length, "%zu", sizes[at]);
    struct request *request = RECEIVE(&wire, body, sizes[at], "REQUEST_METHOD", "PUT", "REQUEST_URI", "/echo",
                                      "CONTENT_LENGTH", length);
    assert_int_equal(request->body_bytes, sizes[at]);
    assert_memory_equal(request->body, body, sizes[at]);
    assert_int_equal(request->body[sizes[at]], '\0');
    buffer_append_text(&request->head, "Status: 200 OK\r\n\r\n");
    buffer_append(&request->reply, body, sizes[at]);
    struct buffer stream = BUFFER_INIT(64 << 20);
    reply(&wire, &stream);
    assert_int_equal(stream.length, 18 + sizes[at]);
    assert_memory_equal(stream.data, "Status: 200 OK\r\n\r\n", 18);
    assert_memory_equal(stream.data + 18, body, sizes[at]);
    buffer_free(&stream);
    free(body);
  }
  close_wire(&wire);
}

/* What the scan would never let through: refused, and the codec is good for the next. */
static void test_what_was_not_checked(void **state) {
  (void)state;
  struct wire wire = open_wire();
  struct error error = ERROR_INIT;
  for (int round = 0; round < 3; round++) {
    const struct fcgi_scan scan = {.kept_bytes = 100};
    char zeros[100] = {0};
    assert_false(fcgi_decode(wire.codec, zeros, &scan, wire.fixture->request, &error));
    assert_int_equal(error.code, ERROR_INTERNAL);
    assert_string_equal(RECEIVE(&wire, NULL, 0, "REQUEST_METHOD", "GET")->method, "GET");
    fcgi_drop(wire.codec);
  }
  close_wire(&wire);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_a_request_brings), cmocka_unit_test(test_a_request_that_brings_nothing),
      cmocka_unit_test(test_content_length),        cmocka_unit_test(test_one_after_the_other),
      cmocka_unit_test(test_what_was_not_checked),
  };
  return cmocka_run_group_tests_name("fcgi", tests, NULL, NULL);
}
