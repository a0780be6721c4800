#include "process/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

#define LISTENER_SYSTEMD "fd:systemd"
#define LISTENER_HOST_BYTES 128
#define LISTENER_PORT_BYTES 32
/* Workers whose master was killed need a moment to leave the port. */
#define LISTENER_TRIES 20
#define LISTENER_RETRY_MS 50

static bool listener_fail(struct error *error, enum error_code code, const char *what, const char *name) {
  int number = errno;
  error_set(error, code, "%s %s: %s.", what, name, strerror(number));
  return false;
}

static void listener_close_descriptor(int *descriptor) {
  if (*descriptor >= 0) close(*descriptor);
}

/* --- A Unix socket --- */

static bool listener_address(const char *path, struct error *error, struct sockaddr_un *ret_address) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length >= sizeof address.sun_path || length >= LISTENER_NAME_BYTES - sizeof "unix:")
    return error_set(error, ERROR_UNPROCESSABLE, "listen.socket %s is too long for a Unix socket.", path);
  memcpy(address.sun_path, path, length + 1);
  *ret_address = address;
  return true;
}

/* The process that listens at the other end; 0: it is gone, and its children answer. */
static pid_t listener_peer(int descriptor) {
  struct ucred peer;
  socklen_t bytes = sizeof peer;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0) return 1;
  if (peer.pid > 0 && kill(peer.pid, 0) != 0 && errno == ESRCH) return 0;
  return peer.pid > 0 ? peer.pid : 1; /* in another pid namespace: alive, as far as we can know */
}

/* The kernel remembers who called listen(): with that master dead, the socket is an orphan's, whoever
 * still answers on it. */
static bool listener_clear_stale(const char *path, const struct sockaddr_un *address, struct error *error) {
  struct stat status;
  if (lstat(path, &status) != 0) {
    if (errno == ENOENT) return true;
    return listener_fail(error, ERROR_INTERNAL, "Cannot look at", path);
  }
  if (!S_ISSOCK(status.st_mode))
    return error_set(error, ERROR_CONFLICT, "%s exists and is not a socket: it is left alone.", path);
  int probe CLEANUP(listener_close_descriptor) =
      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return listener_fail(error, ERROR_INTERNAL, "Cannot probe", path);
  if (connect(probe, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN) {
    pid_t peer = listener_peer(probe);
    if (peer != 0)
      return error_set(error, ERROR_CONFLICT, "%s is served by process %ld: stop it first.", path,
                       (long)peer);
  } else if (errno != ECONNREFUSED) {
    return listener_fail(error, ERROR_CONFLICT, "Cannot tell whether somebody serves", path);
  }
  if (unlink(path) != 0 && errno != ENOENT)
    return listener_fail(error, ERROR_INTERNAL, "Cannot remove the stale", path);
  return true;
}

/* Who may connect. */
struct listener_access {
  uid_t owner; /* -1: as it comes */
  gid_t group;
  mode_t mode;
};

static bool listener_parse_mode(const char *text, struct error *error, mode_t *ret_mode) {
  char *end;
  unsigned long mode = strtoul(text, &end, 8);
  if (*text < '0' || *text > '7' || *end != '\0' || mode > 0777)
    return error_set(error, ERROR_UNPROCESSABLE, "listen.mode %s is not an octal mode such as 0660.", text);
  *ret_mode = (mode_t)mode;
  return true;
}

static bool listener_find_access(const struct listen_config *config, struct error *error,
                                 struct listener_access *access) {
  if (config->mode != NULL && !listener_parse_mode(config->mode, error, &access->mode)) return false;
  if (config->owner != NULL) {
    const struct passwd *user = getpwnam(config->owner);
    if (user == NULL)
      return error_set(error, ERROR_UNPROCESSABLE, "listen.owner: there is no user %s.", config->owner);
    access->owner = user->pw_uid;
  }
  if (config->group != NULL) {
    const struct group *group = getgrnam(config->group);
    if (group == NULL)
      return error_set(error, ERROR_UNPROCESSABLE, "listen.group: there is no group %s.", config->group);
    access->group = group->gr_gid;
  }
  return true;
}

/* Until owner and mode are what they shall be, nobody else can connect. */
static bool listener_bind_unix(int descriptor, const struct listen_config *config,
                               const struct sockaddr_un *address, struct error *error) {
  const char *path = config->socket;
  struct listener_access access = {.owner = (uid_t)-1, .group = (gid_t)-1, .mode = 0660};
  if (!listener_find_access(config, error, &access)) return false;
  mode_t before = umask(0177);
  int status = bind(descriptor, (const struct sockaddr *)address, sizeof *address);
  umask(before);
  if (status != 0)
    return listener_fail(error, errno == EADDRINUSE ? ERROR_CONFLICT : ERROR_INTERNAL, "Cannot bind", path);
  if ((access.owner != (uid_t)-1 || access.group != (gid_t)-1) &&
      lchown(path, access.owner, access.group) != 0) {
    listener_fail(error, ERROR_UNPROCESSABLE, "listen.owner and listen.group cannot be given to", path);
    unlink(path);
    return false;
  }
  if (chmod(path, access.mode) != 0 || listen(descriptor, (int)config->backlog) != 0) {
    listener_fail(error, ERROR_INTERNAL, "Cannot listen on", path);
    unlink(path);
    return false;
  }
  return true;
}

static bool listener_open_unix(const struct listen_config *config, struct error *error,
                               struct listener *ret_listener) {
  struct sockaddr_un address;
  struct listener listener = {.descriptor = -1};
  struct stat status;
  const char *path = config->socket;
  if (!listener_address(path, error, &address) || !listener_clear_stale(path, &address, error)) return false;
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return listener_fail(error, ERROR_INTERNAL, "No socket for", path);
  if (!listener_bind_unix(descriptor, config, &address, error)) {
    close(descriptor);
    return false;
  }
  if (lstat(path, &status) == 0) {
    listener.device = status.st_dev;
    listener.inode = status.st_ino;
  }
  listener.descriptor = descriptor;
  snprintf(listener.path, sizeof listener.path, "%s", path);
  snprintf(listener.name, sizeof listener.name, "unix:%s", path);
  *ret_listener = listener;
  return true;
}

/* --- TCP --- */

bool listener_split_address(const char *text, char *ret_host, size_t host_bytes, char *ret_port,
                            size_t port_bytes) {
  const char *colon = strrchr(text, ':');
  if (colon == NULL || colon[1] == '\0') return false;
  const char *host = text;
  size_t length = (size_t)(colon - text);
  if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
    host++;
    length -= 2;
  } else if (memchr(host, ':', length) != NULL) {
    return false;
  }
  if (length >= host_bytes || strlen(colon + 1) >= port_bytes) return false;
  memcpy(ret_host, host, length);
  ret_host[length] = '\0';
  memcpy(ret_port, colon + 1, strlen(colon + 1) + 1);
  return true;
}

static int listener_bind_tcp(const struct addrinfo *address, int backlog) {
  int on = 1;
  int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  /* Connections of a former master that linger are no reason not to start. */
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(descriptor, address->ai_addr, address->ai_addrlen) == 0 && listen(descriptor, backlog) == 0)
    return descriptor;
  int saved = errno;
  close(descriptor);
  errno = saved;
  return -1;
}

static bool listener_open_tcp(const struct listen_config *config, struct error *error,
                              struct listener *ret_listener) {
  char host[LISTENER_HOST_BYTES];
  char port[LISTENER_PORT_BYTES];
  struct addrinfo *found = NULL;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
  struct listener listener = {.descriptor = -1};
  if (!listener_split_address(config->socket, host, sizeof host, port, sizeof port))
    return error_set(error, ERROR_UNPROCESSABLE, "listen.socket %s is no path, host:port or fd:systemd.",
                     config->socket);
  int status = getaddrinfo(host[0] == '\0' ? NULL : host, port, &hints, &found);
  if (status != 0)
    return error_set(error, ERROR_UNPROCESSABLE, "listen.socket %s: %s.", config->socket,
                     gai_strerror(status));
  for (int tries = 0; listener.descriptor < 0 && tries < LISTENER_TRIES; tries++) {
    if (tries > 0) clock_sleep_ms(LISTENER_RETRY_MS);
    for (const struct addrinfo *at = found; at != NULL && listener.descriptor < 0; at = at->ai_next)
      listener.descriptor = listener_bind_tcp(at, (int)config->backlog);
    if (errno != EADDRINUSE) break;
  }
  freeaddrinfo(found);
  if (listener.descriptor < 0)
    return listener_fail(error, errno == EADDRINUSE ? ERROR_CONFLICT : ERROR_INTERNAL, "Cannot listen on",
                         config->socket);
  snprintf(listener.name, sizeof listener.name, "%s", config->socket);
  *ret_listener = listener;
  return true;
}

/* --- Either --- */

static bool listener_adopt(struct service *service, struct error *error, struct listener *ret_listener) {
  struct listener listener = {.name = LISTENER_SYSTEMD};
  if (!service_take_listener(service, error, &listener.descriptor)) return false;
  int flags = fcntl(listener.descriptor, F_GETFL);
  if (flags < 0 || fcntl(listener.descriptor, F_SETFL, flags | O_NONBLOCK) != 0)
    return listener_fail(error, ERROR_INTERNAL, "Cannot set up", LISTENER_SYSTEMD);
  *ret_listener = listener;
  return true;
}

bool listener_open(const struct listen_config *config, struct service *service, struct error *error,
                   struct listener *ret_listener) {
  if (strcmp(config->socket, LISTENER_SYSTEMD) == 0) return listener_adopt(service, error, ret_listener);
  if (config->socket[0] == '/') return listener_open_unix(config, error, ret_listener);
  return listener_open_tcp(config, error, ret_listener);
}

void listener_close(struct listener *listener) {
  struct stat status;
  if (listener->path[0] != '\0' && lstat(listener->path, &status) == 0 && status.st_dev == listener->device &&
      status.st_ino == listener->inode)
    unlink(listener->path);
  if (listener->descriptor >= 0) close(listener->descriptor);
  *listener = (struct listener){.descriptor = -1};
}
