/* Progress events in open loop: clients that stay connected, and requests that come when they come, whether
 * or not those before were answered. What a request waits because nobody was free counts as its own time.
 *
 *   events --port N --learners FILE [--rate 500] [--seconds 10] [--warm 2] [--events 60] [--resolutions 5]
 *          [--linked FIRST --linked-end LAST+1] [--seed N]
 *
 * FILE has a line for each client: a learner's id, a token, and the ids of conflicts that wait for the
 * learner. Of the requests --events percent are events (every fifth about the client's next of the videos
 * linked-FIRST to linked-LAST, which todos and calendar entries may stand for), --resolutions percent resolve
 * a conflict, and the rest read the summary. Arrivals are random, at --rate a second on average. The first
 * --warm seconds are not counted. Figures go to stdout as JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "latencies.h"

enum { CLIENTS_MAX = 4096, CONFLICTS_MAX = 64, REPLY_BYTES = 262144, REQUEST_BYTES = 4096, READY_MAX = 256 };
enum { GRACE_US = 20000000, FAILURES_SHOWN = 3 };

enum kind { EVENT, VIEW, RESOLUTION, KINDS };
static const char *const kind_names[KINDS] = {"event", "view", "resolution"};

struct options {
  int port;
  const char *learners;
  double rate;
  double seconds;
  double warm;
  int events;
  int resolutions;
  int linked;
  int linked_end;
  unsigned seed;
};

struct client {
  int fd;
  bool is_busy;
  enum kind kind;
  int64_t due_us;
  unsigned long learner;
  char *token;
  unsigned long conflicts[CONFLICTS_MAX];
  int conflict_count;
  size_t number;
  unsigned sent;
  int linked; /* of them, so many were told of */
  char *reply;
  size_t reply_bytes;
};

struct run {
  struct options options;
  struct client *clients;
  size_t client_count;
  size_t cursor;
  int epoll;
  uint64_t random;
  int64_t counted_from_us;
  int64_t end_us;
  size_t waiting; /* for a reply */
  size_t failed;
  int first_failure; /* its status */
  struct latencies latencies[KINDS];
  uint32_t longest_us[KINDS];
};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double random_share(struct run *run) {
  run->random = run->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(run->random >> 11) / (double)(UINT64_C(1) << 53);
}

/* --- Connections -------------------------------------------------------------------------------------- */

static void client_connect(struct run *run, struct client *client) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)run->options.port)};
  int on = 1;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0)
    fail("connect");
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (fcntl(client->fd, F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
  if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0) fail("epoll_ctl");
}

static void client_drop(struct run *run, struct client *client) {
  close(client->fd);
  client_connect(run, client);
}

/* --- Requests ----------------------------------------------------------------------------------------- */

static int print_event(struct run *run, struct client *client, char *body, size_t bytes) {
  unsigned number = client->sent++;
  char activity[64];
  if (number % 5 == 4 && run->options.linked + client->linked < run->options.linked_end)
    snprintf(activity, sizeof activity, "linked-%d", run->options.linked + client->linked++);
  else
    snprintf(activity, sizeof activity, "v-%x-%zu-%u", run->options.seed, client->number, number);
  return snprintf(
      body, bytes,
      "{\"id\":\"b-%x-%zu-%u\",\"eventType\":\"video_completed\",\"sourceSystem\":\"video_player\","
      "\"eventData\":{\"activityId\":\"%s\",\"activityType\":\"video\",\"completionStatus\":"
      "\"completed\",\"timeSpent\":10,\"videoProgress\":{\"videoId\":\"%s\",\"youtubeId\":\"abc123\","
      "\"percentageWatched\":100,\"timeWatched\":600}}}",
      run->options.seed, client->number, number, activity, activity);
}

static enum kind pick_kind(struct run *run, const struct client *client) {
  double share = random_share(run) * 100;
  if (share < run->options.events) return EVENT;
  if (share < run->options.events + run->options.resolutions && client->conflict_count > 0) return RESOLUTION;
  return VIEW;
}

static void client_send(struct run *run, struct client *client, int64_t due_us) {
  char request[REQUEST_BYTES];
  char body[1024];
  char path[96] = "/api/progress-sync/summary";
  int body_bytes = 0;
  client->kind = pick_kind(run, client);
  if (client->kind == EVENT) {
    snprintf(path, sizeof path, "/api/progress-sync/events");
    body_bytes = print_event(run, client, body, sizeof body);
  } else if (client->kind == RESOLUTION) {
    snprintf(path, sizeof path, "/api/progress-sync/conflicts/%lu/resolve",
             client->conflicts[--client->conflict_count]);
    body_bytes = snprintf(body, sizeof body, "{\"resolutionType\":\"use_most_complete\"}");
  }
  int bytes =
      snprintf(request, sizeof request,
               "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: "
               "application/json\r\nContent-Length: %d\r\n\r\n%.*s",
               client->kind == VIEW ? "GET" : "POST", path, client->token, body_bytes, body_bytes, body);
  client->is_busy = true;
  client->due_us = due_us;
  client->reply_bytes = 0;
  run->waiting++;
  if (send(client->fd, request, (size_t)bytes, MSG_NOSIGNAL) != bytes) fail("send");
}

/* --- Replies ------------------------------------------------------------------------------------------ */

static void client_done(struct run *run, struct client *client, int status) {
  int64_t us = now_us() - client->due_us;
  client->is_busy = false;
  run->waiting--;
  if (status != 200) {
    if (run->failed++ == 0) run->first_failure = status;
    if (status != 0 && run->failed <= FAILURES_SHOWN)
      fprintf(stderr, "%s: %.600s\n", kind_names[client->kind], client->reply);
    return;
  }
  if (client->due_us < run->counted_from_us) return;
  latencies_note(&run->latencies[client->kind], us);
  if (us > run->longest_us[client->kind]) run->longest_us[client->kind] = (uint32_t)us;
}

static bool reply_is_whole(const struct client *client) {
  const char *end = memmem(client->reply, client->reply_bytes, "\r\n\r\n", 4);
  if (end == NULL) return false;
  size_t head = (size_t)(end - client->reply) + 4;
  const char *length = memmem(client->reply, head, "\r\nContent-Length: ", 18);
  if (length != NULL) return client->reply_bytes >= head + strtoul(length + 18, NULL, 10);
  return client->reply_bytes >= head + 5 &&
         memcmp(client->reply + client->reply_bytes - 5, "0\r\n\r\n", 5) == 0;
}

static void client_read(struct run *run, struct client *client) {
  ssize_t got =
      recv(client->fd, client->reply + client->reply_bytes, REPLY_BYTES - client->reply_bytes - 1, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got > 0) {
    client->reply_bytes += (size_t)got;
    client->reply[client->reply_bytes] = '\0';
    if (client->is_busy && reply_is_whole(client))
      client_done(run, client, (int)strtol(client->reply + 9, NULL, 10));
    return;
  }
  if (client->is_busy) client_done(run, client, 0);
  client_drop(run, client);
}

/* --- The run ------------------------------------------------------------------------------------------ */

/* The next that is free. NULL: nobody is. */
static struct client *client_free(struct run *run) {
  for (size_t at = 0; at < run->client_count; at++) {
    struct client *client = &run->clients[run->cursor++ % run->client_count];
    if (!client->is_busy) return client;
  }
  return NULL;
}

static void run_loop(struct run *run) {
  struct epoll_event ready[READY_MAX];
  double due_us = (double)now_us();
  run->counted_from_us = (int64_t)due_us + (int64_t)(run->options.warm * 1e6);
  run->end_us = run->counted_from_us + (int64_t)(run->options.seconds * 1e6);
  for (;;) {
    int64_t now = now_us();
    if (now > run->end_us && (run->waiting == 0 || now > run->end_us + GRACE_US)) break;
    while (due_us <= (double)now && due_us <= (double)run->end_us) {
      struct client *client = client_free(run);
      if (client == NULL) break;
      client_send(run, client, (int64_t)due_us);
      due_us -= log(1 - random_share(run)) / run->options.rate * 1e6;
    }
    double left_us = due_us - (double)now_us();
    int wait_ms = left_us > 1000 ? (int)(left_us / 1000) : left_us > 0 ? 1 : 0;
    if (due_us > (double)run->end_us) wait_ms = 10;
    int count = epoll_wait(run->epoll, ready, READY_MAX, wait_ms);
    for (int at = 0; at < count; at++)
      client_read(run, ready[at].data.ptr);
  }
  run->failed += run->waiting; /* never answered */
}

static void learners_read(struct run *run) {
  FILE *file = fopen(run->options.learners, "r");
  char line[8192];
  if (file == NULL) fail(run->options.learners);
  while (run->client_count < CLIENTS_MAX && fgets(line, sizeof line, file) != NULL) {
    struct client *client = &run->clients[run->client_count++];
    char *rest = NULL;
    client->number = run->client_count;
    client->learner = strtoul(strtok_r(line, " \n", &rest), NULL, 10);
    client->token = strdup(strtok_r(NULL, " \n", &rest));
    client->reply = malloc(REPLY_BYTES);
    if (client->token == NULL || client->reply == NULL) abort();
    for (char *id; client->conflict_count < CONFLICTS_MAX && (id = strtok_r(NULL, " \n", &rest)) != NULL;)
      client->conflicts[client->conflict_count++] = strtoul(id, NULL, 10);
    client_connect(run, client);
  }
  fclose(file);
}

static bool options_read(int argc, char **argv, struct options *ret_options) {
  static const struct option known[] = {{"port", 1, NULL, 'p'},   {"learners", 1, NULL, 'l'},
                                        {"rate", 1, NULL, 'r'},   {"seconds", 1, NULL, 's'},
                                        {"warm", 1, NULL, 'w'},   {"events", 1, NULL, 'e'},
                                        {"seed", 1, NULL, 'x'},   {"resolutions", 1, NULL, 'o'},
                                        {"linked", 1, NULL, 'k'}, {"linked-end", 1, NULL, 'm'},
                                        {NULL, 0, NULL, 0}};
  struct options options = {.rate = 500, .seconds = 10, .warm = 2, .events = 60, .resolutions = 5, .seed = 1};
  int letter;
  while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
    switch (letter) {
    case 'p':
      options.port = (int)strtol(optarg, NULL, 10);
      break;
    case 'l':
      options.learners = optarg;
      break;
    case 'r':
      options.rate = strtod(optarg, NULL);
      break;
    case 's':
      options.seconds = strtod(optarg, NULL);
      break;
    case 'w':
      options.warm = strtod(optarg, NULL);
      break;
    case 'e':
      options.events = (int)strtol(optarg, NULL, 10);
      break;
    case 'o':
      options.resolutions = (int)strtol(optarg, NULL, 10);
      break;
    case 'k':
      options.linked = (int)strtol(optarg, NULL, 10);
      break;
    case 'm':
      options.linked_end = (int)strtol(optarg, NULL, 10);
      break;
    case 'x':
      options.seed = (unsigned)strtoul(optarg, NULL, 10);
      break;
    default:
      return false;
    }
  }
  *ret_options = options;
  return options.port > 0 && options.learners != NULL && options.rate > 0;
}

static void report(struct run *run) {
  printf("{\"clients\": %zu, \"failed\": %zu, \"first_failure\": %d", run->client_count, run->failed,
         run->first_failure);
  for (int kind = 0; kind < KINDS; kind++) {
    struct latency_figures figures = latencies_sum_up(&run->latencies[kind]);
    printf(", \"%s\": {\"done\": %zu, \"mean_ms\": %.3f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"longest_ms\": "
           "%.3f}",
           kind_names[kind], figures.done, figures.mean_ms, figures.p50_ms, figures.p99_ms,
           run->longest_us[kind] / 1000.0);
  }
  printf("}\n");
}

int main(int argc, char **argv) {
  struct run run = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
  if (!options_read(argc, argv, &run.options)) {
    fputs("usage: events --port N --learners FILE [--rate N] [--seconds S] [--warm S] [--events PERCENT]\n"
          "              [--resolutions PERCENT] [--linked N --linked-end N] [--seed N]\n",
          stderr);
    return 2;
  }
  run.random = run.options.seed;
  run.clients = calloc(CLIENTS_MAX, sizeof *run.clients);
  if (run.clients == NULL) abort();
  learners_read(&run);
  if (run.client_count == 0) return 2;
  run_loop(&run);
  report(&run);
  for (size_t at = 0; at < run.client_count; at++) {
    close(run.clients[at].fd);
    free(run.clients[at].token);
    free(run.clients[at].reply);
  }
  free(run.clients);
  return 0;
}
