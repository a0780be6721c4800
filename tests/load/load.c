/* A load client of HTTP/1.1 for the proofs and the benches: keep-alive connections, one thread each,
 * timed, and a log of what was acknowledged, so that a checker can hold the database against it.
 *
 *   load answers --port N --learners FILE --log FILE [--connections 64] [--seconds 30] [--twice 50]
 *   load sessions --port N --learners FILE --log FILE …
 *   load get --port N --path /api/progress --learners FILE [--etag] [--requests N] …
 *
 * FILE has a line for each learner: id, space, token. `answers` sends every answer with an answerId
 * and repeats the very same request after a lost connection or a 502, 503, 504 until it is
 * acknowledged; `sessions` does the same with sessions, whose points stand where tokens stand below; --twice
 * is the share (percent) that is sent twice on purpose, half of these after the first reply and half at the
 * same moment on a second connection. Both replies must be equal.
 *
 * The log has one line an event, for a checker to read:
 *   A <ms> <learner> <answerId> <module> <correct> <tokens> <revision> <total tokens>   acknowledged
 *   U <ms> <learner> <answerId> <module> <correct> <tokens>                  never learnt what became of it
 *   F <ms> <status or 0>                                                           a try that failed
 *   D <ms> <learner> <answerId>                                      two replies to one answer differ
 *   R <ms> <status> <answerId>                                                    refused for good (4xx)
 * Figures go to stdout as JSON. */
#include "load.h"

#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUEST_BYTES_MAX = 8192, CONNECTIONS_MAX = 512, GRACE_MS = 20000 };

static const char *const modules[] = {"math", "spanish", "reading", "logic"};

struct learner {
  unsigned long id;
  char *token;
};

struct options {
  bool sessions;
  int port;
  const char *path;
  const char *learners_file;
  const char *log_file;
  int connections;
  double seconds;
  long requests;
  int twice_percent;
  bool etag;
  bool close_each;
  unsigned seed;
};

struct run {
  struct options options;
  struct learner *learners;
  size_t learner_count;
  FILE *log;
  pthread_mutex_t log_lock;
  int64_t started_ms;
  int64_t end_ms;
  long requests_left; /* atomic; only with --requests */
  bool unlimited;
};

struct client {
  struct run *run;
  size_t number;
  struct connection first;
  struct connection second;
  unsigned random;
  long serial;
  long done;
  long failed;
  long refused;
  long differing;
  long unknown;
  uint32_t *latencies_us;
  size_t latency_count;
  size_t latency_capacity;
  int64_t longest_gap_us;
};

struct answer {
  const struct learner *learner;
  char id[64];
  const char *module;
  bool correct;
  int tokens;
  char request[REQUEST_BYTES_MAX];
  size_t request_bytes;
};

static void run_log(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void run_log(struct run *run, const char *format, ...) {
  if (run->log == NULL) return;
  va_list arguments;
  va_start(arguments, format);
  pthread_mutex_lock(&run->log_lock);
  vfprintf(run->log, format, arguments);
  pthread_mutex_unlock(&run->log_lock);
  va_end(arguments);
}

static void client_note_latency(struct client *client, int64_t micros) {
  if (client->latency_count == client->latency_capacity) {
    client->latency_capacity = client->latency_capacity == 0 ? 4096 : client->latency_capacity * 2;
    client->latencies_us =
        realloc(client->latencies_us, client->latency_capacity * sizeof(*client->latencies_us));
    if (client->latencies_us == NULL) abort();
  }
  client->latencies_us[client->latency_count++] = micros > UINT32_MAX ? UINT32_MAX : (uint32_t)micros;
}

static bool run_goes_on(struct run *run) {
  if (!run->unlimited) return __atomic_fetch_sub(&run->requests_left, 1, __ATOMIC_RELAXED) > 0;
  return load_now_ms() < run->end_ms;
}

static int answer_print(const struct answer *answer, char *body, size_t body_bytes) {
  return snprintf(body, body_bytes,
                  "{\"answerId\":\"%s\",\"exerciseId\":\"%s\",\"module\":\"%s\",\"isCorrect\":%s,"
                  "\"tokens\":%d,\"userAnswer\":\"forty-two\"}",
                  answer->id, answer->id, answer->module, answer->correct ? "true" : "false", answer->tokens);
}

static int session_print(const struct answer *answer, char *body, size_t body_bytes) {
  return snprintf(
      body, body_bytes,
      "{\"sessionId\":\"%s\",\"threadId\":\"%s\",\"stitchId\":\"stitch-T1-001-01\",\"totalQuestions\":20,"
      "\"correctAnswers\":%d,\"totalPoints\":%d,\"blinkSpeed\":2.25,\"results\":[{\"correct\":%s}]}",
      answer->id, answer->module, answer->correct ? 17 : 3, answer->tokens,
      answer->correct ? "true" : "false");
}

static void answer_make(struct client *client, struct answer *answer) {
  struct run *run = client->run;
  answer->learner = &run->learners[(size_t)rand_r(&client->random) % run->learner_count];
  snprintf(answer->id, sizeof(answer->id), "load-%x-%zu-%ld", run->options.seed, client->number,
           client->serial++);
  answer->module = modules[rand_r(&client->random) % 4];
  answer->correct = rand_r(&client->random) % 4 != 0;
  answer->tokens = answer->correct ? 1 + rand_r(&client->random) % 9 : 0;
  char body[512];
  int body_bytes = run->options.sessions ? session_print(answer, body, sizeof(body))
                                         : answer_print(answer, body, sizeof(body));
  int bytes = snprintf(answer->request, sizeof(answer->request),
                       "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                       "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                       run->options.sessions ? "/api/sessions/record" : "/api/answer", answer->learner->token,
                       body_bytes, body);
  answer->request_bytes = (size_t)bytes;
}

static void answer_note_failure(struct client *client, const struct reply *reply) {
  client->failed++;
  run_log(client->run, "F %" PRId64 " %d\n", load_now_ms(), reply->status);
}

/* Sends until somebody acknowledges or refuses. Returns the final status, 0 when time ran out. */
static int answer_deliver(struct client *client, struct connection *connection, const struct answer *answer,
                          struct reply *ret_reply) {
  struct run *run = client->run;
  for (;;) {
    bool sent = connection_send(connection, run->options.port, answer->request, answer->request_bytes);
    if (sent && connection_receive(connection, ret_reply) && ret_reply->status < 500)
      return ret_reply->status;
    answer_note_failure(client, ret_reply);
    if (run->unlimited && load_now_ms() > run->end_ms + GRACE_MS) return 0;
    load_sleep_ms(20 + rand_r(&client->random) % 60);
  }
}

static void answer_conclude(struct client *client, const struct answer *answer, const struct reply *reply) {
  struct run *run = client->run;
  if (reply->status == 200) {
    client->done++;
    run_log(run, "A %" PRId64 " %lu %s %s %d %d %ld %ld\n", load_now_ms(), answer->learner->id, answer->id,
            answer->module, answer->correct, answer->tokens, reply_number(reply, "\"revision\":"),
            reply_number(reply, run->options.sessions ? "\"totalPoints\":" : "\"tokens\":"));
  } else if (reply->status == 0) {
    client->unknown++;
    run_log(run, "U %" PRId64 " %lu %s %s %d %d\n", load_now_ms(), answer->learner->id, answer->id,
            answer->module, answer->correct, answer->tokens);
  } else {
    client->refused++;
    run_log(run, "R %" PRId64 " %d %s %.200s\n", load_now_ms(), reply->status, answer->id, reply->body);
  }
}

/* The same bytes on two connections at the same moment; whichever fails is delivered again. */
static void answer_send_both(struct client *client, const struct answer *answer, struct reply *first,
                             struct reply *second) {
  int port = client->run->options.port;
  bool one = connection_send(&client->first, port, answer->request, answer->request_bytes);
  bool two = connection_send(&client->second, port, answer->request, answer->request_bytes);
  if (!one || !connection_receive(&client->first, first) || first->status >= 500) {
    answer_note_failure(client, first);
    answer_deliver(client, &client->first, answer, first);
  }
  if (!two || !connection_receive(&client->second, second) || second->status >= 500) {
    answer_note_failure(client, second);
    answer_deliver(client, &client->second, answer, second);
  }
}

static void *client_answer(void *argument) {
  struct client *client = argument;
  struct run *run = client->run;
  struct answer answer;
  struct reply *replies = calloc(2, sizeof(*replies));
  if (replies == NULL) abort();
  while (run_goes_on(run)) {
    answer_make(client, &answer);
    bool twice = rand_r(&client->random) % 100 < run->options.twice_percent;
    bool together = twice && rand_r(&client->random) % 2 == 0;
    replies[0].status = replies[1].status = 0;
    int64_t before_us = load_now_us();
    if (together) {
      answer_send_both(client, &answer, &replies[0], &replies[1]);
    } else {
      answer_deliver(client, &client->first, &answer, &replies[0]);
      client_note_latency(client, load_now_us() - before_us);
      if (twice) answer_deliver(client, &client->second, &answer, &replies[1]);
    }
    /* The second may be acknowledged where the first never was heard of again. */
    const struct reply *reply = replies[0].status != 0 ? &replies[0] : &replies[1];
    answer_conclude(client, &answer, reply);
    if (replies[0].status != 0 && replies[1].status != 0 && !reply_equal(&replies[0], &replies[1])) {
      client->differing++;
      run_log(run, "D %" PRId64 " %lu %s\n", load_now_ms(), answer.learner->id, answer.id);
    }
  }
  free(replies);
  return NULL;
}

static size_t get_make(const struct options *options, const struct learner *learner, const char *etag,
                       char *request) {
  int bytes = snprintf(request, REQUEST_BYTES_MAX, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s%s%s%s\r\n",
                       options->path, learner != NULL ? "Authorization: Bearer " : "",
                       learner != NULL ? learner->token : "", learner != NULL ? "\r\n" : "",
                       etag[0] != '\0' ? "If-None-Match: " : "", etag, etag[0] != '\0' ? "\r\n" : "");
  return (size_t)bytes;
}

static void *client_get(void *argument) {
  struct client *client = argument;
  struct run *run = client->run;
  char(*etags)[REPLY_ETAG_BYTES] = calloc(run->learner_count + 1, sizeof(*etags));
  struct reply *reply = calloc(1, sizeof(*reply));
  char request[REQUEST_BYTES_MAX];
  if (etags == NULL || reply == NULL) abort();
  while (run_goes_on(run)) {
    size_t at = run->learner_count == 0 ? 0 : (size_t)rand_r(&client->random) % run->learner_count;
    const struct learner *learner = run->learner_count == 0 ? NULL : &run->learners[at];
    size_t bytes = get_make(&run->options, learner, etags[at], request);
    int64_t before_us = load_now_us();
    bool good = connection_send(&client->first, run->options.port, request, bytes) &&
                connection_receive(&client->first, reply);
    if (!good || (reply->status != 200 && reply->status != 304)) {
      client->failed++;
      run_log(run, "F %" PRId64 " %d\n", load_now_ms(), good ? reply->status : 0);
      load_sleep_ms(10);
      continue;
    }
    /* The first answer of each learner only fetches the tag: what is timed is the 304. */
    if (!run->options.etag || reply->status == 304) {
      client_note_latency(client, load_now_us() - before_us);
      client->done++;
    }
    if (run->options.etag && reply->status == 200) snprintf(etags[at], sizeof(etags[at]), "%s", reply->etag);
  }
  free(etags);
  free(reply);
  return NULL;
}

static int compare_u32(const void *a, const void *b) {
  uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
  return one < other ? -1 : one > other;
}

static void report(struct run *run, struct client *clients, double seconds) {
  struct client sum = {0};
  for (int i = 0; i < run->options.connections; i++) {
    struct client *client = &clients[i];
    sum.done += client->done, sum.failed += client->failed, sum.refused += client->refused;
    sum.differing += client->differing, sum.unknown += client->unknown;
    for (size_t k = 0; k < client->latency_count; k++)
      client_note_latency(&sum, client->latencies_us[k]);
    free(client->latencies_us);
    connection_close(&client->first);
    connection_close(&client->second);
  }
  qsort(sum.latencies_us, sum.latency_count, sizeof(*sum.latencies_us), compare_u32);
  double p50 = 0, p99 = 0, longest = 0, mean = 0;
  if (sum.latency_count > 0) {
    p50 = sum.latencies_us[sum.latency_count / 2] / 1000.0;
    p99 = sum.latencies_us[sum.latency_count * 99 / 100] / 1000.0;
    longest = sum.latencies_us[sum.latency_count - 1] / 1000.0;
    for (size_t k = 0; k < sum.latency_count; k++)
      mean += sum.latencies_us[k];
    mean = mean / (double)sum.latency_count / 1000.0;
  }
  printf("{\"seconds\": %.3f, \"done\": %ld, \"per_second\": %.1f, \"failed\": %ld, \"refused\": %ld, "
         "\"differing\": %ld, \"unknown\": %ld, \"mean_ms\": %.3f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
         "\"max_ms\": %.3f}\n",
         seconds, sum.done, (double)sum.done / seconds, sum.failed, sum.refused, sum.differing, sum.unknown,
         mean, p50, p99, longest);
  free(sum.latencies_us);
}

static bool learners_read(struct run *run) {
  if (run->options.learners_file == NULL) return true;
  FILE *file = fopen(run->options.learners_file, "r");
  if (file == NULL) return false;
  size_t capacity = 0;
  unsigned long id;
  char token[4096];
  while (fscanf(file, "%lu %4095s", &id, token) == 2) {
    if (run->learner_count == capacity) {
      capacity = capacity == 0 ? 64 : capacity * 2;
      run->learners = realloc(run->learners, capacity * sizeof(*run->learners));
      if (run->learners == NULL) abort();
    }
    run->learners[run->learner_count++] = (struct learner){.id = id, .token = strdup(token)};
  }
  fclose(file);
  return run->learner_count > 0;
}

static bool options_read(int argc, char **argv, struct options *ret_options) {
  static const struct option known[] = {
      {"port", 1, NULL, 'p'},  {"path", 1, NULL, 'u'},    {"learners", 1, NULL, 'l'},
      {"log", 1, NULL, 'o'},   {"seconds", 1, NULL, 's'}, {"connections", 1, NULL, 'c'},
      {"twice", 1, NULL, 't'}, {"etag", 0, NULL, 'e'},    {"requests", 1, NULL, 'r'},
      {"seed", 1, NULL, 'x'},  {NULL, 0, NULL, 0},
  };
  struct options options = {.connections = 64, .seconds = 30, .path = "/healthz", .seed = 1};
  int letter;
  while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
    switch (letter) {
    case 'p':
      options.port = (int)strtol(optarg, NULL, 10);
      break;
    case 'u':
      options.path = optarg;
      break;
    case 'l':
      options.learners_file = optarg;
      break;
    case 'o':
      options.log_file = optarg;
      break;
    case 's':
      options.seconds = strtod(optarg, NULL);
      break;
    case 'c':
      options.connections = (int)strtol(optarg, NULL, 10);
      break;
    case 't':
      options.twice_percent = (int)strtol(optarg, NULL, 10);
      break;
    case 'e':
      options.etag = true;
      break;
    case 'r':
      options.requests = strtol(optarg, NULL, 10);
      break;
    case 'x':
      options.seed = (unsigned)strtoul(optarg, NULL, 10);
      break;
    default:
      return false;
    }
  }
  if (options.port <= 0 || options.connections < 1 || options.connections > CONNECTIONS_MAX) return false;
  *ret_options = options;
  return true;
}

int main(int argc, char **argv) {
  struct run run = {.log_lock = PTHREAD_MUTEX_INITIALIZER};
  bool sessions = argc > 1 && strcmp(argv[1], "sessions") == 0;
  bool answers = sessions || (argc > 1 && strcmp(argv[1], "answers") == 0);
  if (argc < 2 || (!answers && strcmp(argv[1], "get") != 0) ||
      !options_read(argc - 1, argv + 1, &run.options)) {
    fputs("usage: load answers|sessions|get --port N [--learners FILE] [--log FILE] [--connections N]\n"
          "            [--seconds S | --requests N] [--twice PERCENT] [--path PATH] [--etag] [--seed N]\n",
          stderr);
    return 2;
  }
  run.options.sessions = sessions;
  if (!learners_read(&run) || (answers && run.learner_count == 0)) {
    fputs("load: no learners\n", stderr);
    return 2;
  }
  if (run.options.log_file != NULL && (run.log = fopen(run.options.log_file, "w")) == NULL) {
    perror(run.options.log_file);
    return 2;
  }
  run.unlimited = run.options.requests == 0;
  run.requests_left = run.options.requests;
  run.started_ms = load_now_ms();
  run.end_ms = run.started_ms + (int64_t)(run.options.seconds * 1000);

  struct client *clients = calloc((size_t)run.options.connections, sizeof(*clients));
  pthread_t *threads = calloc((size_t)run.options.connections, sizeof(*threads));
  if (clients == NULL || threads == NULL) abort();
  for (int i = 0; i < run.options.connections; i++) {
    clients[i] =
        (struct client){.run = &run, .number = (size_t)i, .random = run.options.seed * 7919u + (unsigned)i};
    clients[i].first.fd = clients[i].second.fd = -1;
    if (pthread_create(&threads[i], NULL, answers ? client_answer : client_get, &clients[i]) != 0) abort();
  }
  for (int i = 0; i < run.options.connections; i++)
    pthread_join(threads[i], NULL);
  report(&run, clients, (double)(load_now_ms() - run.started_ms) / 1000.0);
  if (run.log != NULL && fclose(run.log) != 0) return 1;
  for (size_t i = 0; i < run.learner_count; i++)
    free(run.learners[i].token);
  free(run.learners);
  free(clients);
  free(threads);
  return 0;
}
