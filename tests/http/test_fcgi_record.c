#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "fcgi_fixture.h"

#include "base/banned.h"

#define BODY_MAX ((size_t)10000)

struct peer {
  struct fcgi_scan scan;
  struct buffer in;
  struct buffer answers;
};

static struct peer new_peer(void) {
  return (struct peer){.in = BUFFER_INIT(4 << 20), .answers = BUFFER_INIT(FCGI_ANSWERS_BYTES_MAX)};
}

static void end_peer(struct peer *peer) {
  buffer_free(&peer->in);
  buffer_free(&peer->answers);
}

static enum fcgi_scan_outcome run(struct peer *peer) {
  return fcgi_scan_run(&peer->scan, &peer->in, BODY_MAX, &peer->answers);
}

/* The outcome for these bytes, all at once; and that byte by byte there is no other. */
static enum fcgi_scan_outcome outcome_of(const struct buffer *bytes) {
  struct peer at_once = new_peer();
  struct peer by_byte = new_peer();
  enum fcgi_scan_outcome last = FCGI_SCAN_MORE;
  buffer_append(&at_once.in, bytes->data, bytes->length);
  enum fcgi_scan_outcome outcome = run(&at_once);
  for (size_t at = 0; at < bytes->length && last == FCGI_SCAN_MORE; at++) {
    buffer_append(&by_byte.in, bytes->data + at, 1);
    last = run(&by_byte);
  }
  assert_int_equal(last, outcome);
  assert_int_equal(at_once.answers.length, by_byte.answers.length);
  if (outcome == FCGI_SCAN_REQUEST) {
    assert_int_equal(at_once.scan.kept_bytes, by_byte.scan.kept_bytes);
    assert_memory_equal(at_once.in.data, by_byte.in.data, at_once.scan.kept_bytes);
  }
  end_peer(&at_once);
  end_peer(&by_byte);
  return outcome;
}

/* What a request looks like when it was found whole, however it was cut. */
static void put_whole(struct buffer *to, const char *params, size_t params_bytes, const char *body,
                      size_t body_bytes, size_t piece) {
  put_begin(to, 7, 1, 1);
  put_stream(to, PARAMS, 7, params, params_bytes, FCGI_PARAMS_BYTES_MAX, 0);
  put_stream(to, STDIN, 7, body, body_bytes, piece, 0);
}

static void test_a_request_in_any_pieces(void **state) {
  (void)state;
  char body[5000];
  struct buffer params = BUFFER_INIT(1 << 20);
  memset(body, 'b', sizeof body);
  for (int count = 0; count < 40; count++)
    put_pair(&params, "HTTP_SOMETHING", "a value");
  for (int round = 0; round < 200; round++) {
    struct buffer sent = BUFFER_INIT(1 << 20);
    struct buffer wanted = BUFFER_INIT(1 << 20);
    size_t body_bytes = (size_t)random_below(sizeof body + 1);
    size_t piece = 1 + (size_t)random_below(3000);
    put_record(&sent, STDIN, 3, "of no request", 13, 1);
    put_begin(&sent, 7, 1, 1);
    put_stream(&sent, PARAMS, 7, params.data, params.length, 1 + (size_t)random_below(700),
               (size_t)random_below(256));
    put_record(&sent, STDIN, 8, "another's", 9, 3);
    put_stream(&sent, STDIN, 7, body, body_bytes, piece, (size_t)random_below(256));
    buffer_append_text(&sent, "rest");
    put_whole(&wanted, params.data, params.length, body, body_bytes, piece);

    struct peer peer = new_peer();
    enum fcgi_scan_outcome outcome = FCGI_SCAN_MORE;
    size_t at = 0;
    while (outcome == FCGI_SCAN_MORE) {
      size_t count = 1 + (size_t)random_below(2000);
      if (count > sent.length - at) count = sent.length - at;
      assert_true(count > 0);
      buffer_append(&peer.in, sent.data + at, count);
      at += count;
      outcome = run(&peer);
    }
    assert_int_equal(outcome, FCGI_SCAN_REQUEST);
    assert_int_equal(peer.scan.kept_bytes, wanted.length);
    assert_memory_equal(peer.in.data, wanted.data, wanted.length);
    assert_int_equal(peer.scan.body_bytes, body_bytes);
    assert_int_equal(peer.scan.id, 7);
    assert_true(peer.scan.keep_open);
    /* What came behind it is kept for the next. */
    fcgi_scan_next(&peer.scan, &peer.in);
    buffer_append(&peer.in, sent.data + at, sent.length - at);
    assert_string_equal(buffer_text(&peer.in), "rest");
    end_peer(&peer);
    buffer_free(&sent);
    buffer_free(&wanted);
  }
  buffer_free(&params);
}

static enum fcgi_scan_outcome params_outcome(const void *params, size_t bytes) {
  struct buffer sent = BUFFER_INIT(1 << 20);
  put_begin(&sent, 1, 1, 0);
  put_stream(&sent, PARAMS, 1, params, bytes, 100, 0);
  put_record(&sent, STDIN, 1, NULL, 0, 0);
  enum fcgi_scan_outcome outcome = outcome_of(&sent);
  buffer_free(&sent);
  return outcome;
}

static void test_parameters(void **state) {
  (void)state;
  struct buffer many = BUFFER_INIT(1 << 20);
  char *long_value = calloc(1, FCGI_PARAMS_BYTES_MAX);
  assert_non_null(long_value);
  assert_int_equal(params_outcome("", 0), FCGI_SCAN_REQUEST);
  assert_int_equal(params_outcome("\1\0A", 3), FCGI_SCAN_REQUEST);
  assert_int_equal(params_outcome("\1\1Ab", 4), FCGI_SCAN_REQUEST);
  assert_int_equal(params_outcome("\x80\0\0\1\x80\0\0\1Ab", 10), FCGI_SCAN_REQUEST);
  assert_int_equal(params_outcome("\1\2Ab", 4), FCGI_SCAN_BROKEN);
  assert_int_equal(params_outcome("\1", 1), FCGI_SCAN_BROKEN);
  assert_int_equal(params_outcome("\x80\0\0", 3), FCGI_SCAN_BROKEN);
  assert_int_equal(params_outcome("\0\1b", 3), FCGI_SCAN_BROKEN);
  assert_int_equal(params_outcome("\3\1A=Bb", 6), FCGI_SCAN_BROKEN);
  assert_int_equal(params_outcome("\1\1A\0", 4), FCGI_SCAN_BROKEN);
  assert_int_equal(params_outcome("\1\1\0b", 4), FCGI_SCAN_BROKEN);
  assert_int_equal(params_outcome("\xff\xff\xff\xff\xff\xff\xff\xff", 8), FCGI_SCAN_BROKEN);
  assert_int_equal(params_outcome("\1\xff\xff\xff\xffZ", 6), FCGI_SCAN_BROKEN);
  for (int count = 0; count < FCGI_PARAMS_MAX; count++)
    put_pair(&many, "A", "");
  assert_int_equal(params_outcome(many.data, many.length), FCGI_SCAN_REQUEST);
  put_pair(&many, "A", "");
  assert_int_equal(params_outcome(many.data, many.length), FCGI_SCAN_BROKEN);
  buffer_reset(&many);
  memset(long_value, 'v', FCGI_PARAMS_BYTES_MAX - 6);
  put_pair(&many, "A", long_value);
  assert_int_equal(many.length, FCGI_PARAMS_BYTES_MAX);
  assert_int_equal(params_outcome(many.data, many.length), FCGI_SCAN_REQUEST);
  put_pair(&many, "A", "");
  assert_int_equal(params_outcome(many.data, many.length), FCGI_SCAN_BROKEN);
  free(long_value);
  buffer_free(&many);
}

static void test_the_body_has_a_limit(void **state) {
  (void)state;
  char *body = calloc(1, BODY_MAX + 1);
  assert_non_null(body);
  for (size_t bytes = BODY_MAX; bytes <= BODY_MAX + 1; bytes++) {
    struct peer peer = new_peer();
    put_begin(&peer.in, 1, 1, 1);
    put_stream(&peer.in, PARAMS, 1, "\1\1Ab", 4, 100, 0);
    put_stream(&peer.in, STDIN, 1, body, bytes, 999, 0);
    assert_int_equal(run(&peer), FCGI_SCAN_REQUEST);
    assert_int_equal(peer.scan.body_too_large, bytes > BODY_MAX);
    assert_int_equal(peer.scan.body_bytes, bytes > BODY_MAX ? 0 : bytes);
    end_peer(&peer);
  }
  free(body);
}

/* A header to each byte: dropped before it weighs too much, and answered at its end all the same. */
static void test_the_weight_of_records_has_a_limit(void **state) {
  (void)state;
  struct peer peer = new_peer();
  peer.in.limit = 64 << 20;
  put_begin(&peer.in, 1, 1, 1);
  put_stream(&peer.in, PARAMS, 1, "", 0, 1, 0);
  size_t most = 0;
  for (int count = 0; count < 300000; count++) {
    put_record(&peer.in, STDIN, 1, "x", 1, 0);
    if (count % 1000 != 0) continue;
    assert_int_equal(fcgi_scan_run(&peer.scan, &peer.in, 1 << 20, &peer.answers), FCGI_SCAN_MORE);
    if (peer.in.length > most) most = peer.in.length;
  }
  assert_true(most < ((size_t)1 << 20) + FCGI_RECORD_SURPLUS_BYTES_MAX + 20000);
  put_record(&peer.in, STDIN, 1, NULL, 0, 0);
  assert_int_equal(fcgi_scan_run(&peer.scan, &peer.in, 1 << 20, &peer.answers), FCGI_SCAN_REQUEST);
  assert_true(peer.scan.body_too_large);
  end_peer(&peer);
}

struct script_line {
  int type;
  int id;
  const char *content;
  size_t bytes;
};

static enum fcgi_scan_outcome script_outcome(const struct script_line *lines, size_t count) {
  struct buffer sent = BUFFER_INIT(1 << 20);
  for (size_t at = 0; at < count; at++)
    put_record(&sent, lines[at].type, lines[at].id, lines[at].content, lines[at].bytes, 0);
  enum fcgi_scan_outcome outcome = outcome_of(&sent);
  buffer_free(&sent);
  return outcome;
}
#define OUTCOME(...) \
  script_outcome((const struct script_line[]){__VA_ARGS__}, \
                 sizeof((const struct script_line[]){__VA_ARGS__}) / sizeof(struct script_line))
#define BEGIN_KEPT \
  { BEGIN, 1, "\0\1\1\0\0\0\0\0", 8 }

static void test_order(void **state) {
  (void)state;
  assert_int_equal(OUTCOME(BEGIN_KEPT, {PARAMS, 1, NULL, 0}, {STDIN, 1, NULL, 0}), FCGI_SCAN_REQUEST);
  assert_int_equal(OUTCOME(BEGIN_KEPT, {PARAMS, 1, NULL, 0}), FCGI_SCAN_MORE);
  assert_int_equal(OUTCOME({PARAMS, 1, "x", 1}, {STDIN, 1, NULL, 0}, {ABORT, 1, NULL, 0}), FCGI_SCAN_MORE);
  assert_int_equal(OUTCOME(BEGIN_KEPT, {STDIN, 1, NULL, 0}), FCGI_SCAN_BROKEN);
  assert_int_equal(OUTCOME(BEGIN_KEPT, BEGIN_KEPT), FCGI_SCAN_BROKEN);
  assert_int_equal(OUTCOME(BEGIN_KEPT, {PARAMS, 1, NULL, 0}, {PARAMS, 1, NULL, 0}), FCGI_SCAN_BROKEN);
  assert_int_equal(OUTCOME(BEGIN_KEPT, {PARAMS, 1, NULL, 0}, {8, 1, NULL, 0}), FCGI_SCAN_BROKEN);
  assert_int_equal(OUTCOME({BEGIN, 1, "\0\1\1", 3}), FCGI_SCAN_BROKEN);
  assert_int_equal(OUTCOME(BEGIN_KEPT, {ABORT, 1, NULL, 0}), FCGI_SCAN_MORE);
  assert_int_equal(OUTCOME({BEGIN, 1, "\0\1\0\0\0\0\0\0", 8}, {ABORT, 1, NULL, 0}), FCGI_SCAN_CLOSE);
  assert_int_equal(OUTCOME({BEGIN, 1, "\0\2\0\0\0\0\0\0", 8}), FCGI_SCAN_CLOSE);
}

static void test_another_version_is_refused_at_its_first_byte(void **state) {
  (void)state;
  struct peer peer = new_peer();
  buffer_append_text(&peer.in, "G");
  assert_int_equal(run(&peer), FCGI_SCAN_BROKEN);
  end_peer(&peer);
}

static void test_answers(void **state) {
  (void)state;
  static const unsigned char wanted[] = {
      1,   3,   0,   2,   0,   8,   0,   0,   0,   0,   0,   0,   1,   0,   0,   0, /* cannot multiplex 2 */
      1,   10,  0,   0,   0,   18,  0,   0,   15,  1,   'F', 'C', 'G', 'I', '_', 'M',
      'P', 'X', 'S', '_', 'C', 'O', 'N', 'N', 'S', '0',                             /* values */
      1,   11,  0,   0,   0,   8,   0,   0,   77,  0,   0,   0,   0,   0,   0,   0, /* unknown */
      1,   3,   0,   1,   0,   8,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0, /* the abort's end */
  };
  struct peer peer = new_peer();
  struct buffer values = BUFFER_INIT(1000);
  put_pair(&values, "FCGI_MPXS_CONNS", "");
  put_pair(&values, "FCGI_MPXS_CONNS", "");
  put_pair(&values, "NOT_KNOWN", "");
  put_begin(&peer.in, 1, 1, 1);
  put_begin(&peer.in, 2, 1, 1);
  put_record(&peer.in, GET_VALUES, 0, values.data, values.length, 0);
  put_record(&peer.in, 77, 0, "x", 1, 0);
  put_record(&peer.in, ABORT, 1, NULL, 0, 0);
  assert_int_equal(run(&peer), FCGI_SCAN_MORE);
  assert_int_equal(peer.answers.length, sizeof wanted);
  assert_memory_equal(peer.answers.data, wanted, sizeof wanted);
  assert_int_equal(peer.in.length, 0);
  buffer_free(&values);
  end_peer(&peer);
}

static void test_answers_that_nobody_takes(void **state) {
  (void)state;
  struct peer peer = new_peer();
  for (int count = 0; count < 10000; count++)
    put_record(&peer.in, GET_VALUES, 0, NULL, 0, 0);
  assert_int_equal(run(&peer), FCGI_SCAN_BROKEN);
  end_peer(&peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_request_in_any_pieces),
      cmocka_unit_test(test_parameters),
      cmocka_unit_test(test_the_body_has_a_limit),
      cmocka_unit_test(test_the_weight_of_records_has_a_limit),
      cmocka_unit_test(test_order),
      cmocka_unit_test(test_another_version_is_refused_at_its_first_byte),
      cmocka_unit_test(test_answers),
      cmocka_unit_test(test_answers_that_nobody_takes),
  };
  return cmocka_run_group_tests_name("fcgi_record", tests, NULL, NULL);
}
