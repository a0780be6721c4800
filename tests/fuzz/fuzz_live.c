/* The front of the live channel: what an address asks for, whether its page may, what clients send, and the
 * hub under everything that they, the server and the scanner may do in any order.
 *
 * The first byte chooses: ? an address's arguments; o an origin, a line break, and a host; m messages, each
 * of a byte that tells its length and whether it is the last fragment, then its text; anything else drives
 * the hub, two bytes a step: what, and to whom. There no listener may be told a revision twice, or past one
 * that it was not told, but by a resync; and no queue may grow beyond its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "live/live_hub.h"
#include "live/live_message.h"
#include "live/live_wish.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)1024 * 1024)
#define LISTENERS 8
#define LEARNERS 3
#define FRAME_BYTES ((size_t)1024 * 1024)

static void wish(char *text) {
  struct live_wish wish = {.since = 0};
  for (char *rest = text; rest != NULL;) {
    char *argument = rest;
    rest = strchr(rest, '&');
    if (rest != NULL) *rest++ = '\0';
    if (!live_wish_take(argument, &wish)) return;
    if (wish.ticket[LIVE_TICKET_BYTES] != '\0') abort();
  }
}

static void origin(char *text) {
  static const char *const allowed[] = {"https://app.example.org"};
  struct field_list list = {.items = (void *)allowed, .count = 1};
  char *host = strchr(text, '\n');
  if (host == NULL) return;
  *host++ = '\0';
  bool may = live_wish_origin_may(&list, text, host);
  size_t behind = strlen(text) - (strlen(text) < strlen(host) ? strlen(text) : strlen(host));
  /* Whatever else it is, it ends with the host, or is the one that is allowed. */
  if (may && strcmp(text, allowed[0]) != 0 && (*host == '\0' || strcmp(text + behind, host) != 0)) abort();
}

static void messages(const uint8_t *data, size_t bytes) {
  struct live_message message = {.text = NULL};
  struct live_subscription subscription;
  int code = 0;
  while (code == 0 && bytes > 1) {
    size_t length = data[0] & 0x7f;
    if (length > bytes - 1) length = bytes - 1;
    bool is_last = (data[0] & 0x80) != 0;
    code = live_message_take(&message, data + 1, length, is_last, 0, &subscription);
    if (code == 0 && is_last && ((subscription.add | subscription.remove) & ~LIVE_ALL_TYPES) != 0) abort();
    data += 1 + length;
    bytes -= 1 + length;
  }
  live_message_free(&message);
}

/* --- The hub ------------------------------------------------------------------------------------------- */

struct client {
  struct live_listener *listener; /* NULL: not there */
  bool is_admitted;
  uint64_t user_id;
  uint64_t known; /* the revision up to which it was told everything */
};
struct world {
  struct live_hub *hub;
  struct client clients[LISTENERS];
  struct live_listener *waiting[LISTENERS]; /* in the scanner's hands */
  size_t waiting_count;
  uint64_t revisions[LEARNERS + 1];
};

static struct client *client_of(struct world *world, const struct live_listener *listener) {
  for (size_t at = 0; at < LISTENERS; at++)
    if (world->clients[at].listener == listener) return &world->clients[at];
  return NULL;
}

static void join(struct world *world, struct client *client, uint8_t how) {
  struct error error = ERROR_INIT;
  struct live_wish wish = {.since = how % 5, .since_given = how % 2 == 0, .epoch = how % 3};
  if (client->listener != NULL) return;
  if (!live_hub_join(world->hub, client, &wish, &error, &client->listener)) abort();
  client->is_admitted = false;
  client->known = UINT64_MAX; /* until it is told where it begins */
  if (wish.since_given) client->known = wish.since;
}

static void leave(struct world *world, struct client *client) {
  if (client->listener != NULL) live_hub_leave(world->hub, client->listener);
  client->listener = NULL;
}

static void take_waiting(struct world *world) {
  struct live_wish wish;
  if (world->waiting_count < LISTENERS &&
      live_hub_take_waiting(world->hub, &world->waiting[world->waiting_count], &wish))
    world->waiting_count++;
}

static void settle_waiting(struct world *world, uint8_t how) {
  uint64_t user_id = 1 + how % LEARNERS;
  struct live_admission admission = {
      .user_id = user_id, .revision = world->revisions[user_id], .ends_at_ms = 1};
  if (world->waiting_count == 0) return;
  struct live_listener *listener = world->waiting[--world->waiting_count];
  struct client *client = client_of(world, listener);
  if (how >= 200) {
    live_hub_refuse(world->hub, listener, LIVE_CLOSE_UNAUTHENTICATED);
    return;
  }
  if (client != NULL) {
    client->is_admitted = true;
    client->user_id = user_id;
  }
  live_hub_admit(world->hub, listener, &admission);
}

static uint64_t number_behind(const char *text, const char *name) {
  const char *at = strstr(text, name);
  if (at == NULL) abort();
  return strtoull(at + strlen(name), NULL, 10);
}

static void hear(struct client *client, const char *frame) {
  uint64_t revision = number_behind(frame, "\"revision\":");
  if (strstr(frame, "\"changes\"") == NULL) {
    bool is_resync = strstr(frame, "\"resync\"") != NULL;
    if (!is_resync && client->known != UINT64_MAX && revision != client->known) abort();
    client->known = revision;
    return;
  }
  if (client->known != UINT64_MAX && revision != client->known + 1) abort();
  client->known = revision;
}

static void next(struct world *world, struct client *client) {
  CLEANUP(buffer_free) struct buffer frame = BUFFER_INIT(FRAME_BYTES);
  int close_code = 0;
  if (client->listener == NULL) return;
  switch (live_hub_next(world->hub, client->listener, &frame, &close_code)) {
  case LIVE_NEXT_FRAME:
    if (!client->is_admitted) abort();
    hear(client, buffer_text(&frame));
    break;
  case LIVE_NEXT_CLOSE:
    if (close_code == 0) abort();
    leave(world, client);
    break;
  case LIVE_NEXT_NOTHING:
    break;
  }
}

/* The scanner's answer: everything behind what is known, as far as one reading goes. */
static void answer(struct world *world, uint8_t how) {
  static const char change[] = "{\"type\":\"progress_update\"}";
  struct live_want want;
  struct live_part part = {.type = LIVE_PROGRESS, .change = change};
  size_t count = 0;
  if (live_hub_take_wanted(world->hub, &want, 1) == 0) return;
  if (how < 16) {
    live_hub_want_again(world->hub, want.user_id);
    return;
  }
  uint64_t last = world->revisions[want.user_id];
  for (uint64_t revision = want.known + 1; revision <= last && count < LIVE_QUEUE_MOMENTS;
       revision++, count++)
    live_hub_deliver(world->hub, want.user_id, revision,
                     how < 32 ? NULL : live_moment_new(revision, &part, 1));
  live_hub_answered(world->hub, want.user_id, count);
}

static void note(void *connection) { (void)connection; }

static void step(struct world *world, uint8_t what, uint8_t whom) {
  struct client *client = &world->clients[whom % LISTENERS];
  uint64_t user_id = 1 + whom % LEARNERS;
  switch (what % 12) {
  case 0:
    join(world, client, whom);
    break;
  case 1:
    leave(world, client);
    break;
  case 2:
    take_waiting(world);
    break;
  case 3:
    settle_waiting(world, whom);
    break;
  case 4:
    world->revisions[user_id] += whom / 8 + 1;
    live_hub_set_revision(world->hub, user_id, world->revisions[user_id]);
    break;
  case 5:
    live_hub_hint(world->hub, user_id);
    break;
  case 6:
    answer(world, whom);
    break;
  case 7:
  case 8:
    next(world, client);
    break;
  case 9:
    if (client->listener != NULL) live_hub_beat(world->hub, client->listener);
    break;
  case 10:
    live_hub_collect_news(world->hub, note);
    break;
  default:
    if (whom >= 240) live_hub_set_epoch(world->hub, 2 + whom % 2);
    if (whom < 16) live_hub_end_learner(world->hub, user_id);
    break;
  }
}

static void hub(const uint8_t *data, size_t bytes) {
  struct error error = ERROR_INIT;
  struct world world = {.waiting_count = 0};
  int wake = eventfd(0, EFD_NONBLOCK);
  if (wake < 0 || !live_hub_new(wake, &error, &world.hub)) abort();
  live_hub_set_epoch(world.hub, 2);
  for (size_t at = 0; at + 1 < bytes; at += 2)
    step(&world, data[at], data[at + 1]);
  for (size_t at = 0; at < LISTENERS; at++)
    leave(&world, &world.clients[at]);
  while (world.waiting_count > 0)
    settle_waiting(&world, 255);
  live_hub_free(world.hub);
  close(wake);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  if (bytes == 0) return 0;
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(ARENA_BYTES);
  char *text = arena_strndup(arena, (const char *)data + 1, bytes - 1);
  if (text == NULL) return 0;
  if (data[0] == '?')
    wish(text);
  else if (data[0] == 'o')
    origin(text);
  else if (data[0] == 'm')
    messages(data + 1, bytes - 1);
  else
    hub(data, bytes);
  return 0;
}
