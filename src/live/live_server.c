#include "live/live_server.h"

#include <errno.h>
#include <grp.h>
#include <libwebsockets.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "live/live_hub.h"
#include "live/live_loop.h"
#include "live/live_message.h"
#include "live/live_metrics.h"
#include "live/live_scan.h"
#include "live/live_wish.h"

#include "base/banned.h"

#define SERVER_PATH "/api/progress-sync/live"
#define SERVER_METRICS_PATH "/metrics"
#define SERVER_UPGRADE_REQUIRED 426 /* libwebsockets has no name for it */
#define SERVER_FRAME_BYTES ((size_t)16 * 1024 * 1024)
#define SERVER_HEADER_BYTES 512
#define SERVER_ARGUMENT_BYTES \
  128 /* its name and = among them; a longer one is cut, and then makes no sense */
#define SERVER_HEADERS_WAIT_S 10
#define SERVER_LOOK_MS 1000
#define SERVER_FRAMES_AT_ONCE 8
#define SERVER_CLOSE_WAIT_S 5
#define SERVER_HEAD_BYTES 16384 /* of a request, cookies and all */
#define SERVER_OTHER_FILES 64   /* besides connections */
#define SERVER_DRAIN_MS 2000    /* for the close frames to leave */
#define SERVER_DRAIN_STEP_MS 5

/* A connection, in the memory that libwebsockets keeps for it. */
struct live_connection {
  struct lws *wsi;
  struct live_listener *listener; /* NULL: not a listener (any more) */
  struct live_message message;    /* that is arriving */
  int close_code;                 /* it is to be closed with this; 0: not */
  int64_t beat_at_ms;             /* monotonic */
  struct live_connection *next_with_news;
};

struct live_server {
  const struct config *config;
  struct lws_context *context;
  struct lws_retry_bo validity;
  struct live_loop loop;
  struct live_hub *hub;
  struct live_scan *scan;
  struct live_connection *with_news; /* while they are told */
  int wake_scanner;
  struct buffer frame; /* LWS_PRE bytes, then what is sent */
  atomic_bool stops;
  size_t connections;
  size_t connections_max; /* live.connections, as far as there are descriptors */
};

static struct live_server *server_of(struct lws *wsi) { return lws_context_user(lws_get_context(wsi)); }

/* --- Who may come in ---------------------------------------------------------------------------------- */

static bool header(struct lws *wsi, enum lws_token_indexes token, char *text) {
  int bytes = lws_hdr_copy(wsi, text, SERVER_HEADER_BYTES, token);
  if (bytes < 0) text[0] = '\0';
  return bytes > 0;
}

static bool origin_may(const struct live_server *server, struct lws *wsi) {
  char origin[SERVER_HEADER_BYTES];
  char host[SERVER_HEADER_BYTES];
  if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) == 0) return true;
  if (!header(wsi, WSI_TOKEN_ORIGIN, origin)) return false;
  if (!header(wsi, WSI_TOKEN_HOST, host)) host[0] = '\0';
  return live_wish_origin_may(&server->config->http.cors_origins, origin, host);
}

/* What is too long to be one of ours is refused, whatever it is: nothing behind it must be overlooked. */
static bool wish_of(struct lws *wsi, struct live_wish *ret_wish) {
  struct live_wish wish = {.since = 0};
  for (int at = 0;; at++) {
    char text[SERVER_ARGUMENT_BYTES];
    int bytes = lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, at);
    if (bytes <= 0) break;
    if (bytes >= (int)sizeof text) return false;
    if (lws_hdr_copy_fragment(wsi, text, sizeof text, WSI_TOKEN_HTTP_URI_ARGS, at) < 0) return false;
    if (!live_wish_take(text, &wish)) return false;
  }
  *ret_wish = wish;
  return wish.ticket[0] != '\0';
}

static int refuse(struct lws *wsi, unsigned status) {
  return lws_return_http_status(wsi, status, NULL) < 0 ? -1 : 1;
}

/* Before the upgrade: what can be said without the database. */
static int confirm(const struct live_server *server, struct lws *wsi, const char *protocol) {
  char path[SERVER_HEADER_BYTES];
  struct live_wish wish;
  /* To anything else (HTTP/2) nobody upgrades here: it would speak past nginx. */
  if (strcasecmp(protocol, "websocket") != 0) return refuse(wsi, HTTP_STATUS_FORBIDDEN);
  if (!header(wsi, WSI_TOKEN_GET_URI, path) || strcmp(path, SERVER_PATH) != 0)
    return refuse(wsi, HTTP_STATUS_NOT_FOUND);
  if (!origin_may(server, wsi)) return refuse(wsi, HTTP_STATUS_FORBIDDEN);
  if (!wish_of(wsi, &wish)) return refuse(wsi, HTTP_STATUS_BAD_REQUEST);
  if (server->connections >= server->connections_max || atomic_load(&server->stops))
    return refuse(wsi, HTTP_STATUS_SERVICE_UNAVAILABLE);
  return 0;
}

/* --- A connection's life ------------------------------------------------------------------------------ */

static int close_with(struct lws *wsi, int code) {
  lws_close_reason(wsi, (enum lws_close_status)code, NULL, 0);
  return -1;
}

/* Until the ticket is redeemed nobody knows when the token ends: it is looked at again soon. */
static void look_later(const struct live_connection *connection, int64_t ends_at_ms) {
  int64_t wait_ms = connection->beat_at_ms - clock_monotonic_ms();
  int64_t left_ms = ends_at_ms == 0 ? SERVER_LOOK_MS : ends_at_ms - clock_now_ms();
  if (left_ms < wait_ms) wait_ms = left_ms;
  lws_set_timer_usecs(connection->wsi, (wait_ms > 0 ? wait_ms : 1) * LWS_US_PER_MS);
}

static int establish(struct live_server *server, struct lws *wsi, struct live_connection *connection) {
  struct error error = ERROR_INIT;
  struct live_wish wish;
  connection->wsi = wsi;
  server->connections++;
  if (!wish_of(wsi, &wish) || !live_loop_add(&server->loop, wsi) ||
      !live_hub_join(server->hub, connection, &wish, &error, &connection->listener))
    return close_with(wsi, LIVE_CLOSE_BUSY);
  connection->beat_at_ms = clock_monotonic_ms() + server->config->live.heartbeat_s * 1000;
  look_later(connection, 0);
  return 0;
}

static void leave(struct live_server *server, struct live_connection *connection) {
  server->connections--;
  live_message_free(&connection->message);
  if (connection->listener != NULL) live_hub_leave(server->hub, connection->listener);
  connection->listener = NULL;
}

/* What comes next, into server->frame; 0 where that is a frame, with *ret_bytes of it, 0 for none. */
static int take_next(struct live_server *server, struct live_connection *connection, size_t *ret_bytes) {
  struct buffer *frame = &server->frame;
  int close_code = 0;
  buffer_reset(frame);
  buffer_append(frame, (const unsigned char[LWS_PRE]){0}, LWS_PRE);
  switch (live_hub_next(server->hub, connection->listener, frame, &close_code)) {
  case LIVE_NEXT_NOTHING:
    *ret_bytes = 0;
    return 0;
  case LIVE_NEXT_CLOSE:
    return close_with(connection->wsi, close_code);
  case LIVE_NEXT_FRAME:
    break;
  }
  if (frame->failed) return close_with(connection->wsi, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION);
  *ret_bytes = frame->length - LWS_PRE;
  return 0;
}

/* As much as goes at once, within bounds: to be called again costs a look at every connection there is. */
static int send_some(struct live_server *server, struct live_connection *connection) {
  if (atomic_load(&server->stops)) return close_with(connection->wsi, LIVE_CLOSE_RESTART);
  if (connection->close_code != 0) return close_with(connection->wsi, connection->close_code);
  if (connection->listener == NULL) return 0;
  for (int sent = 0; sent < SERVER_FRAMES_AT_ONCE && !lws_send_pipe_choked(connection->wsi); sent++) {
    size_t bytes;
    int result = take_next(server, connection, &bytes);
    if (result != 0 || bytes == 0) return result;
    if (lws_write(connection->wsi, (unsigned char *)server->frame.data + LWS_PRE, bytes, LWS_WRITE_TEXT) <
        (int)bytes)
      return -1;
  }
  lws_callback_on_writable(connection->wsi);
  return 0;
}

/* Whoever sends what makes no sense is not listened to until the close is acknowledged, for that may be as
 * long as they like: what they go on sending stays with them. */
static int close_unheard(struct live_server *server, struct lws *wsi, int code) {
  lws_rx_flow_control(wsi, 0);
  live_loop_ignore(&server->loop, wsi);
  return close_with(wsi, code);
}

static int hear(struct live_server *server, struct live_connection *connection, const void *data,
                size_t bytes) {
  struct lws *wsi = connection->wsi;
  bool is_last = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;
  struct live_subscription subscription;
  int code = lws_frame_is_binary(wsi) ? LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE
                                      : live_message_take(&connection->message, data, bytes, is_last,
                                                          clock_monotonic_ms(), &subscription);
  if (code != 0) return close_unheard(server, wsi, code);
  if (is_last) live_hub_subscribe(server->hub, connection->listener, subscription.add, subscription.remove);
  return 0;
}

/* A client that takes nothing any more would keep a close frame waiting for ever. */
static void end_soon(struct live_connection *connection, int close_code) {
  connection->close_code = close_code;
  lws_set_timeout(connection->wsi, PENDING_TIMEOUT_CLOSE_ACK, SERVER_CLOSE_WAIT_S);
  lws_callback_on_writable(connection->wsi);
}

static int look(struct live_server *server, struct live_connection *connection) {
  int64_t ends_at_ms = live_hub_ends_at(server->hub, connection->listener);
  if (ends_at_ms != 0 && ends_at_ms <= clock_now_ms()) {
    end_soon(connection, LIVE_CLOSE_UNAUTHENTICATED);
    return 0;
  }
  if (clock_monotonic_ms() >= connection->beat_at_ms) {
    connection->beat_at_ms = clock_monotonic_ms() + server->config->live.heartbeat_s * 1000;
    live_hub_beat(server->hub, connection->listener);
    lws_callback_on_writable(connection->wsi);
  }
  look_later(connection, ends_at_ms);
  return 0;
}

static int answer_http(struct live_server *server, struct lws *wsi, const char *path) {
  if (strcmp(path, SERVER_METRICS_PATH) == 0)
    return live_metrics_answer(wsi, server->hub, server->connections);
  unsigned status = strcmp(path, SERVER_PATH) == 0 ? SERVER_UPGRADE_REQUIRED : HTTP_STATUS_NOT_FOUND;
  return lws_return_http_status(wsi, status, NULL) < 0 || lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

/* --- libwebsockets ------------------------------------------------------------------------------------ */

/* The hub's lock is held. */
static void note_news(void *context) {
  struct live_connection *connection = context;
  struct live_server *server = server_of(connection->wsi);
  connection->next_with_news = server->with_news;
  server->with_news = connection;
}

/* None of them goes but by its own turn. */
static void tell_news(struct live_server *server) {
  live_hub_collect_news(server->hub, note_news);
  while (server->with_news != NULL) {
    struct live_connection *connection = server->with_news;
    server->with_news = connection->next_with_news;
    live_loop_write(server->context, connection->wsi);
  }
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t bytes) {
  struct live_server *server = server_of(wsi);
  struct live_connection *connection = user;
  switch (reason) {
  case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
    return confirm(server, wsi, in);
  case LWS_CALLBACK_HTTP:
    return answer_http(server, wsi, in);
  case LWS_CALLBACK_ESTABLISHED:
    return establish(server, wsi, connection);
  case LWS_CALLBACK_SERVER_WRITEABLE:
    return send_some(server, connection);
  case LWS_CALLBACK_RECEIVE:
    return hear(server, connection, in, bytes);
  case LWS_CALLBACK_TIMER:
    return connection == NULL || connection->listener == NULL ? 0 : look(server, connection);
  case LWS_CALLBACK_CLOSED:
    leave(server, connection);
    return 0;
  case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
    live_loop_hurry(&server->loop);
    return 0;
  default:
    return lws_callback_http_dummy(wsi, reason, user, in, bytes);
  }
}

static const struct lws_protocols server_protocols[] = {
    {.name = "lockstep-live",
     .callback = callback,
     .per_session_data_size = sizeof(struct live_connection),
     .rx_buffer_size = LIVE_MESSAGE_BYTES},
    {.name = NULL},
};

static void tell(void *context) {
  struct live_server *server = context;
  live_loop_wake(&server->loop);
}

static void log_line_of_library(int level, const char *line) {
  size_t length = strcspn(line, "\n");
  log_write(level == LLL_ERR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "websocket", "%.*s", (int)length, line);
}

static bool open_to_nginx(const struct live_config *live, struct error *error) {
  const struct group *group = live->group == NULL ? NULL : getgrnam(live->group);
  if (live->group != NULL && group == NULL)
    return error_set(error, ERROR_UNPROCESSABLE, "live.group: there is no group %s.", live->group);
  if ((group == NULL || lchown(live->socket, (uid_t)-1, group->gr_gid) == 0) &&
      chmod(live->socket, (mode_t)strtoul(live->mode, NULL, 8)) == 0)
    return true;
  error_set(error, ERROR_UNPROCESSABLE, "live.group and live.mode cannot be given to %s.", live->socket);
  return error_detail(error, "%s", strerror(errno));
}

static bool open_context(struct live_server *server, struct error *error) {
  const struct live_config *live = &server->config->live;
  struct lws_context_creation_info info = {
      .options = LWS_SERVER_OPTION_UNIX_SOCK | LWS_SERVER_OPTION_DISABLE_IPV6,
      .iface = live->socket,
      .protocols = server_protocols,
      .user = server,
      .gid = (gid_t)-1,
      .uid = (uid_t)-1,
      .timeout_secs = SERVER_HEADERS_WAIT_S,
      .retry_and_idle_policy = &server->validity,
      .max_http_header_data = SERVER_HEAD_BYTES,
  };
  lws_set_log_level(LLL_ERR | LLL_WARN, log_line_of_library);
  server->context = lws_create_context(&info);
  if (server->context != NULL) return open_to_nginx(live, error);
  return error_set(error, ERROR_INTERNAL, "%s cannot be listened at.", live->socket);
}

/* Each connection is a descriptor; who comes when there is none left is refused, instead of waiting for one.
 */
static void count_places(struct live_server *server) {
  struct rlimit files;
  server->connections_max = (size_t)server->config->live.connections;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  size_t places = files.rlim_cur > SERVER_OTHER_FILES ? (size_t)files.rlim_cur - SERVER_OTHER_FILES : 1;
  if (places >= server->connections_max) return;
  log_write(LOG_LEVEL_WARN, "files", "only %zu files may be open: live.connections is %zu here",
            (size_t)files.rlim_cur, places);
  server->connections_max = places;
}

static bool open_parts(struct live_server *server, struct error *error) {
  count_places(server);
  server->wake_scanner = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (server->wake_scanner < 0) return error_set(error, ERROR_INTERNAL, "There is no descriptor left.");
  /* Somebody who vanished without a word is noticed, and so is a silent network in between. */
  server->validity.secs_since_valid_ping = (uint16_t)server->config->live.heartbeat_s;
  server->validity.secs_since_valid_hangup = (uint16_t)(server->config->live.heartbeat_s * 3);
  if (!live_loop_open(&server->loop, error) || !live_hub_new(server->wake_scanner, error, &server->hub) ||
      !open_context(server, error))
    return false;
  struct live_scan_options options = {.config = server->config,
                                      .hub = server->hub,
                                      .wake = server->wake_scanner,
                                      .tell = tell,
                                      .server = server};
  return live_scan_start(&options, error, &server->scan);
}

bool live_server_open(const struct config *config, struct error *error, struct live_server **ret_server) {
  struct live_server *server = calloc(1, sizeof *server);
  if (server == NULL) return error_set_memory(error);
  server->config = config;
  server->frame = (struct buffer)BUFFER_INIT(SERVER_FRAME_BYTES);
  server->wake_scanner = -1;
  server->loop = (struct live_loop)LIVE_LOOP_INIT;
  if (!open_parts(server, error)) {
    live_server_close(server);
    return false;
  }
  *ret_server = server;
  return true;
}

/* Everybody is told to come again, as far as that can be said in moments. */
static void drain(struct live_server *server) {
  int64_t until_ms = clock_monotonic_ms() + SERVER_DRAIN_MS;
  lws_callback_on_writable_all_protocol(server->context, &server_protocols[0]);
  while (server->connections > 0 && clock_monotonic_ms() < until_ms) {
    if (lws_service_tsi(server->context, -1, 0) < 0) return;
    clock_sleep_ms(SERVER_DRAIN_STEP_MS);
  }
}

bool live_server_run(struct live_server *server) {
  while (!atomic_load(&server->stops)) {
    bool woken;
    if (!live_loop_turn(&server->loop, server->context, &woken)) return false;
    if (woken) tell_news(server);
  }
  drain(server);
  return true;
}

void live_server_stop(struct live_server *server) {
  atomic_store(&server->stops, true);
  live_loop_wake(&server->loop);
}

void live_server_close(struct live_server *server) {
  if (server == NULL) return;
  live_scan_stop(server->scan);
  if (server->context != NULL) {
    lws_context_destroy(server->context);
    unlink(server->config->live.socket);
  }
  live_loop_close(&server->loop);
  live_hub_free(server->hub);
  if (server->wake_scanner >= 0) close(server->wake_scanner);
  buffer_free(&server->frame);
  free(server);
}
