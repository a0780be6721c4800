/* A proxy between the service and its database that cuts connections where it hurts most: around
 * COMMIT. It understands as much of the MySQL protocol as it takes to see a COMMIT go by.
 *
 *   cutproxy --listen PATH --server PATH --every N
 *
 * Of the COMMITs that pass, about every Nth is cut, in turn in one of three ways:
 *   before   the COMMIT never reaches the server: it must roll back
 *   during   the COMMIT is sent and both sides are closed at once: it may still be under way
 *   after    the server has committed and said so, the client never hears it
 * Each cut is one line on stdout: its way. Ends on TERM. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20, PACKET_HEAD_BYTES = 4, COM_QUERY = 3 };

enum cut { CUT_NONE, CUT_BEFORE, CUT_DURING, CUT_AFTER };
static const char *const cut_names[] = {"none", "before", "during", "after"};

struct proxy {
  const char *listen_path;
  const char *server_path;
  long every;
  long commits; /* atomic */
};
static struct proxy proxy;

struct link {
  int client;
  int server;
  unsigned char *pending; /* of the client, not yet a whole packet */
  size_t pending_bytes;
};

static bool write_all(int fd, const unsigned char *data, size_t bytes) {
  while (bytes > 0) {
    ssize_t written = send(fd, data, bytes, MSG_NOSIGNAL);
    if (written <= 0) return false;
    data += written;
    bytes -= (size_t)written;
  }
  return true;
}

static bool packet_is_commit(const unsigned char *packet, size_t bytes) {
  const size_t head = PACKET_HEAD_BYTES + 1;
  return bytes >= head + 6 && packet[3] == 0 && packet[PACKET_HEAD_BYTES] == COM_QUERY &&
         strncasecmp((const char *)packet + head, "COMMIT", 6) == 0;
}

static enum cut commit_decide(void) {
  long number = __atomic_add_fetch(&proxy.commits, 1, __ATOMIC_RELAXED);
  if (number % proxy.every != 0) return CUT_NONE;
  return (enum cut)(CUT_BEFORE + number / proxy.every % 3);
}

/* Sends one whole packet of the client on, or cuts. False ends the link. */
static bool link_forward_packet(struct link *link, const unsigned char *packet, size_t bytes) {
  enum cut cut = packet_is_commit(packet, bytes) ? commit_decide() : CUT_NONE;
  if (cut == CUT_NONE) return write_all(link->server, packet, bytes);
  if (cut != CUT_BEFORE && !write_all(link->server, packet, bytes)) return false;
  if (cut == CUT_AFTER) {
    unsigned char reply[512];
    if (recv(link->server, reply, sizeof(reply), 0) <= 0) return false;
  }
  flockfile(stdout);
  puts(cut_names[cut]);
  fflush(stdout);
  funlockfile(stdout);
  return false;
}

static bool link_from_client(struct link *link) {
  if (link->pending_bytes == BUFFER_BYTES) return false;
  ssize_t got =
      recv(link->client, link->pending + link->pending_bytes, BUFFER_BYTES - link->pending_bytes, 0);
  if (got <= 0) return false;
  link->pending_bytes += (size_t)got;
  size_t at = 0;
  while (link->pending_bytes - at >= PACKET_HEAD_BYTES) {
    const unsigned char *packet = link->pending + at;
    size_t bytes = PACKET_HEAD_BYTES + (packet[0] | (size_t)packet[1] << 8 | (size_t)packet[2] << 16);
    if (link->pending_bytes - at < bytes) break;
    if (!link_forward_packet(link, packet, bytes)) return false;
    at += bytes;
  }
  memmove(link->pending, link->pending + at, link->pending_bytes - at);
  link->pending_bytes -= at;
  return true;
}

static bool link_from_server(struct link *link) {
  unsigned char data[65536];
  ssize_t got = recv(link->server, data, sizeof(data), 0);
  return got > 0 && write_all(link->client, data, (size_t)got);
}

static int unix_connect(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) return fd;
  if (fd >= 0) close(fd);
  return -1;
}

static void *link_run(void *argument) {
  struct link link = {.client = (int)(intptr_t)argument, .server = unix_connect(proxy.server_path)};
  link.pending = malloc(BUFFER_BYTES);
  bool alive = link.server >= 0 && link.pending != NULL;
  while (alive) {
    struct pollfd both[2] = {{.fd = link.client, .events = POLLIN}, {.fd = link.server, .events = POLLIN}};
    if (poll(both, 2, -1) < 0 && errno != EINTR) break;
    if (both[0].revents != 0) alive = link_from_client(&link);
    if (alive && both[1].revents != 0) alive = link_from_server(&link);
  }
  if (link.server >= 0) close(link.server);
  close(link.client);
  free(link.pending);
  return NULL;
}

static bool options_read(int argc, char **argv) {
  static const struct option known[] = {
      {"listen", 1, NULL, 'l'}, {"server", 1, NULL, 's'}, {"every", 1, NULL, 'e'}, {NULL, 0, NULL, 0}};
  int letter;
  while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
    if (letter == 'l')
      proxy.listen_path = optarg;
    else if (letter == 's')
      proxy.server_path = optarg;
    else if (letter == 'e')
      proxy.every = strtol(optarg, NULL, 10);
    else
      return false;
  }
  return proxy.listen_path != NULL && proxy.server_path != NULL && proxy.every > 0;
}

int main(int argc, char **argv) {
  if (!options_read(argc, argv)) {
    fputs("usage: cutproxy --listen PATH --server PATH --every N\n", stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof(address.sun_path), "%s", proxy.listen_path);
  unlink(proxy.listen_path);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
      listen(listener, 256) != 0) {
    perror("cutproxy");
    return 1;
  }
  for (;;) {
    int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    pthread_t thread;
    if (pthread_create(&thread, NULL, link_run, (void *)(intptr_t)client) == 0)
      pthread_detach(thread);
    else
      close(client);
  }
}
