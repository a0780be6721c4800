/* Browsers of the live channel, and what happens to their learners meanwhile, for the proofs.
 *
 *   live --port N --learners FILE --log FILE [--seconds 60] [--rate 500] [--events] [--hostile FILE]
 *
 * FILE has a line for each learner: id, space, token; each has one browser (browsers.h). Once all of them
 * listen "ready" is printed, and answers (or progress events) of random learners are sent at the rate that is
 * asked for, in open loop: whoever is late does not slow the rest. With --hostile the clients of hostile.h
 * join in for the second half. It ends when every browser was told of all that was acknowledged, or SETTLE_MS
 * behind the end.
 *
 * How long a change takes to its browser is told in four ways, for a commit cannot be seen from outside:
 *   from_request      since the request that made it was sent: more than what follows the commit
 *   from_transaction  since its transaction, as its frame says (ledger.created_at): before the commit as well
 *   from_reply        since its reply came: behind the commit, so less; negative where the frame was first
 *   from_commit       from_reply, and beside it the whole of a request that did nothing at that moment (way):
 *                     more than what lies between the commit and the browser, for a reply's way back is only
 * a part of that
 *
 * Figures go to stdout as JSON, `phases` of them: all, or before and beside the hostile. The log has a line
 * for each learner: id, known revision, frames, connections, last close code, and when (wall clock ms). */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "browsers.h"
#include "hostile.h"

enum {
  WRITERS = 16,
  WAY_MS = 20,
  RAMP_MS = 3000,
  READY_MS = 120000,
  SETTLE_MS = 20000,
  BODY_BYTES = 512,
  REQUEST_MAX = 8192
};

struct options {
  int port;
  const char *learners_file;
  const char *hostile_file;
  const char *log_file;
  double seconds;
  double rate;
  bool events;
};

struct run {
  struct options options;
  struct crowd crowd;
  int64_t started_us;
  int64_t end_us;
  long next; /* atomic: the number of the change that is due next */
  long written;
  long failed;
  struct way {
    int64_t at_us; /* when its reply came */
    int64_t us;
  } * ways; /* of requests that do nothing, in their order */
  size_t way_count;
};

static int make_body(const struct run *run, long number, char *body) {
  if (run->options.events)
    return snprintf(
        body, BODY_BYTES,
        "{\"id\":\"live-%ld-%lld\",\"eventType\":\"video_completed\",\"sourceSystem\":\"video_player\","
        "\"eventData\":{\"activityId\":\"video-%ld\",\"activityType\":\"video\","
        "\"completionStatus\":\"completed\",\"timeSpent\":5}}",
        number, (long long)run->started_us, number);
  return snprintf(body, BODY_BYTES,
                  "{\"answerId\":\"live-%ld-%lld\",\"exerciseId\":\"ex-live\",\"module\":\"math\","
                  "\"isCorrect\":true,\"tokens\":1}",
                  number, (long long)run->started_us);
}

/* A connection that nginx closed at that moment, for it reloads: the same change is sent once more. */
static bool exchange(const struct run *run, struct connection *connection, const char *request, size_t bytes,
                     struct reply *reply) {
  for (int tries = 0; tries < 2; tries++)
    if (connection_send(connection, run->options.port, request, bytes) &&
        connection_receive(connection, reply))
      return true;
  return false;
}

/* True: it is written. */
static bool write_change(struct run *run, struct connection *connection, struct browser *browser, long number,
                         struct reply *reply) {
  char body[BODY_BYTES];
  char request[REQUEST_MAX];
  int body_bytes = make_body(run, number, body);
  int bytes = snprintf(request, sizeof request,
                       "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                       "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                       run->options.events ? "/api/progress-sync/events" : "/api/answer", browser->token,
                       body_bytes, body);
  int64_t sent_us = wall_us();
  if (!exchange(run, connection, request, (size_t)bytes, reply) || reply->status < 200 || reply->status > 299)
    return false;
  long revision = reply_number(reply, "\"revision\":");
  if (revision > 0) crowd_note_reply(&run->crowd, browser, revision, sent_us, wall_us());
  return true;
}

static void *write_changes(void *context) {
  struct run *run = context;
  struct connection connection = {.fd = -1};
  struct reply *reply = calloc(1, sizeof *reply);
  unsigned random = (unsigned)__atomic_load_n(&run->next, __ATOMIC_SEQ_CST);
  if (reply == NULL) abort();
  for (;;) {
    long number = __atomic_fetch_add(&run->next, 1, __ATOMIC_SEQ_CST);
    int64_t due_us = run->started_us + (int64_t)((double)number * 1e6 / run->options.rate);
    /* What a server that cannot keep up leaves unsent is missing from `written`. */
    if (due_us >= run->end_us || wall_us() >= run->end_us) break;
    int64_t wait_us = due_us - wall_us();
    if (wait_us > 0) nanosleep(&(struct timespec){wait_us / 1000000, wait_us % 1000000 * 1000}, NULL);
    random = random * 1664525u + 1013904223u + (unsigned)number;
    struct browser *browser = &run->crowd.browsers[(random >> 8) % run->crowd.count];
    if (browser->state == BROWSER_ENDED) continue;
    bool is_written = write_change(run, &connection, browser, number, reply);
    __atomic_add_fetch(is_written ? &run->written : &run->failed, 1, __ATOMIC_SEQ_CST);
  }
  connection_close(&connection);
  free(reply);
  return NULL;
}

static void *measure_ways(void *context) {
  struct run *run = context;
  struct connection connection = {.fd = -1};
  struct reply *reply = calloc(1, sizeof *reply);
  static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  size_t capacity = (size_t)(run->options.seconds * 1000 / WAY_MS) + 1;
  run->ways = calloc(capacity, sizeof *run->ways);
  if (reply == NULL || run->ways == NULL) abort();
  while (wall_us() < run->end_us && run->way_count < capacity) {
    int64_t sent_us = wall_us();
    if (connection_send(&connection, run->options.port, request, sizeof request - 1) &&
        connection_receive(&connection, reply)) {
      int64_t at_us = wall_us();
      run->ways[run->way_count++] = (struct way){.at_us = at_us, .us = at_us - sent_us};
    }
    load_sleep_ms(WAY_MS);
  }
  connection_close(&connection);
  free(reply);
  return NULL;
}

/* --- Figures ------------------------------------------------------------------------------------------- */

struct delays {
  int64_t *us;
  size_t count;
};

static int compare(const void *left, const void *right) {
  int64_t one = *(const int64_t *)left, other = *(const int64_t *)right;
  return (one > other) - (one < other);
}

static void print_delays(const char *name, struct delays *delays, const char *behind) {
  qsort(delays->us, delays->count, sizeof *delays->us, compare);
  size_t last = delays->count == 0 ? 0 : delays->count - 1;
  static int64_t none;
  const int64_t *us = delays->count == 0 ? &none : delays->us;
  printf("\"%s\": {\"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}%s", name,
         (double)us[delays->count / 2] / 1000, (double)us[delays->count * 99 / 100] / 1000,
         (double)us[last] / 1000, behind);
  delays->count = 0;
}

enum { FROM_REQUEST, FROM_TRANSACTION, FROM_REPLY, FROM_COMMIT, OF_REPLY, DELAYS };

/* How long the request that did nothing took whose reply came nearest to then. */
static int64_t way_at(const struct run *run, int64_t moment_us) {
  size_t low = 0;
  size_t high = run->way_count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (run->ways[middle].at_us < moment_us)
      low = middle + 1;
    else
      high = middle;
  }
  if (run->way_count == 0) return 0;
  if (low == run->way_count ||
      (low > 0 && moment_us - run->ways[low - 1].at_us < run->ways[low].at_us - moment_us))
    low--;
  return run->ways[low].us;
}

/* Changes that were sent between two moments. */
static void print_phase(const struct run *run, int64_t from_us, int64_t until_us, const char *behind) {
  struct delays delays[DELAYS];
  for (int kind = 0; kind < DELAYS; kind++)
    delays[kind] = (struct delays){.us = calloc((size_t)run->next + 1, sizeof *delays[kind].us)};
  for (size_t at = 0; at < run->crowd.count; at++) {
    const struct browser *browser = &run->crowd.browsers[at];
    for (size_t revision = 0; revision < browser->told_count; revision++) {
      const struct told *told = &browser->told[revision];
      if (told->sent_us < from_us || told->sent_us >= until_us || told->arrived_us == 0) continue;
      delays[FROM_REQUEST].us[delays[FROM_REQUEST].count++] = told->arrived_us - told->sent_us;
      delays[FROM_TRANSACTION].us[delays[FROM_TRANSACTION].count++] = told->arrived_us - told->at_us;
      delays[FROM_REPLY].us[delays[FROM_REPLY].count++] = told->arrived_us - told->replied_us;
      delays[FROM_COMMIT].us[delays[FROM_COMMIT].count++] =
          told->arrived_us - told->replied_us + way_at(run, told->replied_us);
      delays[OF_REPLY].us[delays[OF_REPLY].count++] = told->replied_us - told->sent_us;
    }
  }
  printf("{\"changes\": %zu, ", delays[0].count);
  print_delays("from_request", &delays[FROM_REQUEST], ", ");
  print_delays("from_transaction", &delays[FROM_TRANSACTION], ", ");
  print_delays("from_reply", &delays[FROM_REPLY], ", ");
  print_delays("from_commit", &delays[FROM_COMMIT], ", ");
  print_delays("reply", &delays[OF_REPLY], "}");
  fputs(behind, stdout);
  for (int kind = 0; kind < DELAYS; kind++)
    free(delays[kind].us);
}

static void report(const struct run *run, const struct hostile_figures *hostile) {
  struct browser sum = {.id = 0};
  int64_t half_us = run->started_us + (run->end_us - run->started_us) / 2;
  for (size_t at = 0; at < run->crowd.count; at++) {
    const struct browser *browser = &run->crowd.browsers[at];
    sum.frames += browser->frames, sum.missing += browser->missing, sum.twice += browser->twice;
    sum.resyncs += browser->resyncs, sum.connections += browser->connections;
  }
  printf("{\"browsers\": %zu, \"written\": %ld, \"failed\": %ld, \"frames\": %ld, \"missing\": %ld, "
         "\"twice\": %ld, "
         "\"resyncs\": %ld, \"connections\": %ld, \"hostile\": {",
         run->crowd.count, run->written, run->failed, sum.frames, sum.missing, sum.twice, sum.resyncs,
         sum.connections);
  for (int kind = 0; kind < HOSTILE_KINDS; kind++)
    printf("%s\"%s\": {\"attempts\": %ld, \"surprises\": %ld}", kind == 0 ? "" : ", ", hostile_names[kind],
           hostile->attempts[kind], hostile->surprises[kind]);
  struct delays ways = {.us = calloc(run->way_count + 1, sizeof *ways.us)};
  for (; ways.count < run->way_count; ways.count++)
    ways.us[ways.count] = run->ways[ways.count].us;
  printf("}, ");
  print_delays("way", &ways, ", \"phases\": [");
  if (run->options.hostile_file != NULL) {
    print_phase(run, run->started_us, half_us, ", ");
    print_phase(run, half_us, INT64_MAX, "]}\n");
  } else {
    print_phase(run, run->started_us, INT64_MAX, "]}\n");
  }
}

static bool write_log(const struct run *run) {
  FILE *log = fopen(run->options.log_file, "w");
  if (log == NULL) return false;
  for (size_t at = 0; at < run->crowd.count; at++) {
    const struct browser *browser = &run->crowd.browsers[at];
    fprintf(log, "%lu %ld %ld %ld %d %lld\n", browser->id, browser->known, browser->frames,
            browser->connections, browser->close_code, (long long)(browser->closed_at_us / 1000));
  }
  return fclose(log) == 0;
}

/* --- The run ------------------------------------------------------------------------------------------- */

static bool wait_for_browsers(struct run *run) {
  int64_t until_us = wall_us() + (int64_t)READY_MS * 1000;
  while (wall_us() < until_us) {
    if (__atomic_load_n(&run->crowd.listening, __ATOMIC_SEQ_CST) == (int)run->crowd.count) return true;
    load_sleep_ms(20);
  }
  return false;
}

static void write_all(struct run *run) {
  struct hostiles *hostiles = NULL;
  struct hostile_figures figures = {.attempts = {0}};
  pthread_t writers[WRITERS];
  pthread_t measurer;
  int64_t length_us = (int64_t)(run->options.seconds * 1e6);
  run->started_us = wall_us();
  run->end_us = run->started_us + length_us;
  for (int at = 0; at < WRITERS; at++)
    if (pthread_create(&writers[at], NULL, write_changes, run) != 0) abort();
  if (pthread_create(&measurer, NULL, measure_ways, run) != 0) abort();
  if (run->options.hostile_file != NULL) {
    load_sleep_ms((int)(length_us / 2000));
    hostiles = hostiles_start(run->options.port, run->options.hostile_file);
  }
  for (int at = 0; at < WRITERS; at++)
    pthread_join(writers[at], NULL);
  pthread_join(measurer, NULL);
  for (int64_t until_us = wall_us() + (int64_t)SETTLE_MS * 1000;
       wall_us() < until_us && !crowd_is_told(&run->crowd);)
    load_sleep_ms(50);
  if (hostiles != NULL) hostiles_stop(hostiles, &figures);
  crowd_stop(&run->crowd);
  report(run, &figures);
}

static bool options_read(int argc, char **argv, struct options *ret_options) {
  static const struct option known[] = {
      {"port", 1, NULL, 'p'},    {"learners", 1, NULL, 'l'}, {"log", 1, NULL, 'o'},
      {"seconds", 1, NULL, 's'}, {"rate", 1, NULL, 'r'},     {"events", 0, NULL, 'e'},
      {"hostile", 1, NULL, 'h'}, {NULL, 0, NULL, 0},
  };
  struct options options = {.seconds = 60, .rate = 500};
  int letter;
  while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
    if (letter == 'p') options.port = (int)strtol(optarg, NULL, 10);
    if (letter == 'l') options.learners_file = optarg;
    if (letter == 'o') options.log_file = optarg;
    if (letter == 's') options.seconds = strtod(optarg, NULL);
    if (letter == 'r') options.rate = strtod(optarg, NULL);
    if (letter == 'e') options.events = true;
    if (letter == 'h') options.hostile_file = optarg;
    if (letter == '?') return false;
  }
  *ret_options = options;
  return options.port > 0 && options.learners_file != NULL && options.log_file != NULL && options.rate > 0;
}

int main(int argc, char **argv) {
  static struct run run;
  if (!options_read(argc, argv, &run.options)) {
    fputs("usage: live --port N --learners FILE --log FILE [--seconds S] [--rate N] [--events] [--hostile "
          "FILE]\n",
          stderr);
    return 2;
  }
  run.crowd.port = run.options.port;
  if (!crowd_read(&run.crowd, run.options.learners_file)) {
    fputs("live: no learners\n", stderr);
    return 2;
  }
  crowd_start(&run.crowd, RAMP_MS);
  if (!wait_for_browsers(&run)) {
    fprintf(stderr, "live: only %d listen\n", run.crowd.listening);
    return 1;
  }
  puts("ready");
  fflush(stdout);
  write_all(&run);
  return write_log(&run) ? 0 : 1;
}
