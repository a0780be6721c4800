#include "http/fcgi_server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/fcgi_internal.h"
#include "http/handle.h"

#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

/* Requests that one connection may have served in a row, when its peer sends several at once, before
 * the others have their turn. */
#define FCGI_TURN_REQUESTS 8
/* Parts of a path that look like words stay in the scoreboard's label, everything else is an id. */
#define FCGI_LABEL_WORD_MAX 32

struct fcgi_thread {
  struct fcgi_server *server;
  size_t at;
  pthread_t id;
  bool started;
  struct request *request;
  struct fcgi_codec *codec;
  struct scoreboard_thread *board;
  struct buffer spare_in; /* lent to the connection in hand, so that idle ones own no memory */
  struct buffer answers;
  uint64_t made_ids;
  char read_bytes[FCGI_READ_BYTES];
};

/* --- Sending --- */

static bool fcgi_flush(struct fcgi_connection *connection) {
  struct buffer *out = &connection->out;
  while (connection->out_sent < out->length) {
    ssize_t sent = send(connection->descriptor, out->data + connection->out_sent,
                        out->length - connection->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN;
    connection->out_sent += (size_t)sent;
  }
  connection->out_sent = 0;
  buffer_free(out);
  return true;
}

/* What the peer does not take at once waits in the connection. False: it is gone. */
static bool fcgi_send(struct fcgi_connection *connection, const char *bytes, size_t count) {
  while (connection->out.length == 0 && count > 0) {
    ssize_t sent = send(connection->descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent < 0) break;
    bytes += sent;
    count -= (size_t)sent;
  }
  if (count > 0) buffer_append(&connection->out, bytes, count);
  return !connection->out.failed;
}

/* --- One request --- */

static bool fcgi_is_word(const char *part, size_t length) {
  if (length > FCGI_LABEL_WORD_MAX) return false;
  for (size_t at = 0; at < length; at++)
    if (part[at] != '-' && part[at] != '_' && (part[at] < 'a' || part[at] > 'z')) return false;
  return true;
}

/* "GET /api/students/{}/state": what the operator sees of a request in hand names no learner. */
static void fcgi_write_label(const struct request *request, char label[SCOREBOARD_LABEL_BYTES]) {
  const char *part = request->path;
  size_t used = (size_t)snprintf(label, SCOREBOARD_LABEL_BYTES, "%.8s ", request->method);
  while (*part == '/' && used < SCOREBOARD_LABEL_BYTES - 1) {
    size_t length = strcspn(++part, "/");
    bool word = fcgi_is_word(part, length);
    int wrote = snprintf(label + used, SCOREBOARD_LABEL_BYTES - used, "/%.*s", word ? (int)length : 2,
                         word ? part : "{}");
    used += (size_t)wrote;
    part += length;
  }
}

/* So that the scoreboard can name a request before anything has looked at it. */
static const char *fcgi_make_id(struct fcgi_thread *thread) {
  return arena_printf(thread->request->arena, "%lx-%zu-%llx-%llx", (long)getpid(), thread->at,
                      (long long)(thread->request->now_ms), (unsigned long long)++thread->made_ids);
}

static void fcgi_log_failure(const char *what, const struct error *error) {
  struct log_line line;
  log_begin(&line, LOG_LEVEL_ERROR, what);
  log_add_error(&line, error);
  log_end(&line);
}

/* The request is handled and its reply on its way. False: the connection is of no more use. */
static bool fcgi_answer_request(struct fcgi_thread *thread, struct fcgi_connection *connection) {
  struct request *request = thread->request;
  struct error error = ERROR_INIT;
  char label[SCOREBOARD_LABEL_BYTES];
  const void *bytes = NULL;
  size_t count = 0;
  request_reset(request);
  if (!fcgi_decode(thread->codec, connection->in.data, &connection->scan, request, &error)) {
    fcgi_log_failure("request_unreadable", &error);
    return false;
  }
  if (request->request_id == NULL) request->request_id = fcgi_make_id(thread);
  fcgi_write_label(request, label);
  scoreboard_begin(thread->board, label, request->request_id);
  http_handle(request);
  scoreboard_stage(thread->board, STAGE_SENDING);
  bool encoded = fcgi_encode(thread->codec, request, &error, &bytes, &count);
  bool sent = encoded && fcgi_send(connection, bytes, count);
  request_log(request, sent);
  fcgi_drop(thread->codec);
  scoreboard_end(thread->board);
  if (!encoded) fcgi_log_failure("reply_unwritable", &error);
  return sent;
}

/* --- One connection --- */

static bool fcgi_send_answers(struct fcgi_thread *thread, struct fcgi_connection *connection) {
  struct buffer *answers = &thread->answers;
  bool sent = answers->length == 0 || fcgi_send(connection, answers->data, answers->length);
  buffer_reset(answers);
  return sent;
}

enum fcgi_input { FCGI_INPUT_SOME, FCGI_INPUT_NONE, FCGI_INPUT_OVER };

static enum fcgi_input fcgi_read(struct fcgi_thread *thread, struct fcgi_connection *connection,
                                 bool *ret_emptied) {
  for (;;) {
    ssize_t got = recv(connection->descriptor, thread->read_bytes, FCGI_READ_BYTES, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN ? FCGI_INPUT_NONE : FCGI_INPUT_OVER;
    if (got == 0) return FCGI_INPUT_OVER;
    *ret_emptied = (size_t)got < FCGI_READ_BYTES;
    buffer_append(&connection->in, thread->read_bytes, (size_t)got);
    return connection->in.failed ? FCGI_INPUT_OVER : FCGI_INPUT_SOME;
  }
}

/* Serves what is there. What the connection waits for next is the result. */
static enum fcgi_wait fcgi_serve(struct fcgi_thread *thread, struct fcgi_connection *connection) {
  bool emptied = false;
  int served = 0;
  if (!fcgi_flush(connection)) return FCGI_WAIT_CLOSE;
  for (;;) {
    if (connection->out.length > 0) return FCGI_WAIT_WRITABLE;
    if (connection->close_after) return FCGI_WAIT_CLOSE;
    enum fcgi_scan_outcome outcome =
        fcgi_scan_run(&connection->scan, &connection->in, thread->server->body_bytes_max, &thread->answers);
    if (!fcgi_send_answers(thread, connection)) return FCGI_WAIT_CLOSE;
    if (outcome == FCGI_SCAN_BROKEN) return FCGI_WAIT_CLOSE;
    if (outcome == FCGI_SCAN_CLOSE) {
      connection->close_after = true;
      buffer_reset(&connection->in);
    } else if (outcome == FCGI_SCAN_REQUEST) {
      connection->close_after = !connection->scan.keep_open;
      if (!fcgi_answer_request(thread, connection)) return FCGI_WAIT_CLOSE;
      fcgi_scan_next(&connection->scan, &connection->in);
      if (++served == FCGI_TURN_REQUESTS) /* What came already makes no socket readable again. */
        return connection->in.length > 0 ? FCGI_WAIT_WRITABLE : FCGI_WAIT_READABLE;
    } else {
      if (emptied) return FCGI_WAIT_READABLE;
      enum fcgi_input input = fcgi_read(thread, connection, &emptied);
      if (input == FCGI_INPUT_OVER) return FCGI_WAIT_CLOSE;
      if (input == FCGI_INPUT_NONE) return FCGI_WAIT_READABLE;
    }
  }
}

static void fcgi_hold(struct fcgi_thread *thread, struct fcgi_connection *connection) {
  if (connection->in.data == NULL) {
    size_t limit = connection->in.limit;
    connection->in = thread->spare_in;
    connection->in.limit = limit;
    thread->spare_in = (struct buffer)BUFFER_INIT(0);
  }
  enum fcgi_wait wait = fcgi_serve(thread, connection);
  if (connection->in.length == 0 && thread->spare_in.data == NULL) {
    buffer_reset(&connection->in);
    thread->spare_in = connection->in;
    connection->in = (struct buffer)BUFFER_INIT(connection->in.limit);
  }
  fcgi_connection_release(thread->server, connection, wait);
}

/* --- Threads --- */

static void *fcgi_thread_run(void *argument) {
  struct fcgi_thread *thread = argument;
  struct fcgi_connection *connection;
  char name[16];
  snprintf(name, sizeof name, "request %zu", thread->at + 1);
  prctl(PR_SET_NAME, name, 0, 0, 0);
  while (fcgi_connection_next(thread->server, &connection))
    if (connection != NULL) fcgi_hold(thread, connection);
  return NULL;
}

static bool fcgi_thread_start(struct fcgi_server *server, size_t at, struct error *error) {
  struct fcgi_thread *thread = &server->threads[at];
  thread->server = server;
  thread->at = at;
  thread->board = &server->options.board->workers[server->options.slot].threads[at];
  thread->answers.limit = FCGI_ANSWERS_BYTES_MAX;
  if (!request_new(server->options.app, error, &thread->request)) return false;
  if (!fcgi_codec_new(error, &thread->codec)) return false;
  int status = pthread_create(&thread->id, NULL, fcgi_thread_run, thread);
  if (status != 0) {
    error_set(error, ERROR_INTERNAL, "A thread cannot be started.");
    return error_detail(error, "%s", strerror(status));
  }
  thread->started = true;
  return true;
}

static void fcgi_threads_end(struct fcgi_server *server) {
  uint64_t one = 1;
  if (server->threads == NULL) return;
  ssize_t status = write(server->stop_event, &one, sizeof one);
  (void)status; /* readable for good after the first */
  for (size_t at = 0; at < server->thread_count; at++)
    if (server->threads[at].started) pthread_join(server->threads[at].id, NULL);
  for (size_t at = 0; at < server->thread_count; at++) {
    struct fcgi_thread *thread = &server->threads[at];
    fcgi_codec_free(thread->codec);
    request_free(thread->request);
    buffer_free(&thread->spare_in);
    buffer_free(&thread->answers);
  }
  free(server->threads);
}

bool fcgi_server_start(const struct fcgi_server_options *options, struct error *error,
                       struct fcgi_server **ret_server) {
  const struct config *config = options->app->config;
  struct fcgi_server *server = calloc(1, sizeof *server);
  if (server == NULL) return error_set_memory(error);
  server->options = *options;
  server->read_timeout_ms = config->workers.read_timeout_ms;
  server->request_timeout_ms = config->workers.request_timeout_ms;
  server->body_bytes_max = (size_t)config->http.bulk_body_bytes;
  server->thread_count = options->threads;
  bool started = fcgi_server_open(server, error);
  if (started) {
    server->threads = calloc(options->threads, sizeof *server->threads);
    started = server->threads != NULL || error_set_memory(error);
  }
  for (size_t at = 0; started && at < options->threads; at++)
    started = fcgi_thread_start(server, at, error);
  if (!started) {
    fcgi_server_free(server);
    return false;
  }
  *ret_server = server;
  return true;
}

void fcgi_server_free(struct fcgi_server *server) {
  if (server == NULL) return;
  fcgi_threads_end(server);
  fcgi_server_close(server);
  free(server);
}
