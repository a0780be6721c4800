#include "process/service.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

#define SERVICE_FIRST_DESCRIPTOR 3 /* SD_LISTEN_FDS_START */
#define SERVICE_MESSAGE_BYTES 512

static bool service_number(const char *name, long long *ret_number) {
  const char *text = getenv(name);
  char *end;
  if (text == NULL || *text < '0' || *text > '9') return false;
  errno = 0;
  long long number = strtoll(text, &end, 10);
  if (errno != 0 || *end != '\0') return false;
  *ret_number = number;
  return true;
}

static bool service_means_us(const char *pid_name) {
  long long pid;
  return service_number(pid_name, &pid) && pid == (long long)getpid();
}

static int service_open_notify(void) {
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = path == NULL ? 0 : strlen(path);
  if (length < 2 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) return -1;
  memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0'; /* the abstract namespace */
  int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return -1;
  socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  if (connect(descriptor, (struct sockaddr *)&address, bytes) == 0) return descriptor;
  close(descriptor);
  return -1;
}

void service_open(struct service *service) {
  static const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
                                      "LISTEN_FDS",    "LISTEN_PID",    "LISTEN_FDNAMES"};
  long long number;
  *service = (struct service){.notify = service_open_notify(), .handed_over = -1};
  if (service_number("WATCHDOG_USEC", &number) && number > 0 &&
      (getenv("WATCHDOG_PID") == NULL || service_means_us("WATCHDOG_PID"))) {
    service->watchdog_ms = number / 1000 / 2;
    if (service->watchdog_ms < 1) service->watchdog_ms = 1;
  }
  if (service_means_us("LISTEN_PID") && service_number("LISTEN_FDS", &number) && number > 0) {
    service->handed_over = SERVICE_FIRST_DESCRIPTOR;
    for (int at = 0; at < number && at < 1024; at++)
      fcntl(SERVICE_FIRST_DESCRIPTOR + at, F_SETFD, FD_CLOEXEC);
  }
  for (size_t at = 0; at < ARRAY_LENGTH(names); at++)
    unsetenv(names[at]);
}

void service_forget(struct service *service) {
  if (service->notify >= 0) close(service->notify);
  *service = (struct service){.notify = -1, .handed_over = -1};
}

void service_close(struct service *service) { service_forget(service); }

bool service_take_listener(struct service *service, struct error *error, int *ret_descriptor) {
  int listens = 0;
  int type = 0;
  socklen_t bytes = sizeof listens;
  int descriptor = service->handed_over;
  if (descriptor < 0)
    return error_set(error, ERROR_UNPROCESSABLE,
                     "listen.socket is fd:systemd, but no socket was handed over (LISTEN_FDS): start the "
                     ".socket unit, or name an address.");
  if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &bytes) != 0 || listens == 0 ||
      getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &bytes) != 0 || type != SOCK_STREAM)
    return error_set(error, ERROR_UNPROCESSABLE,
                     "The descriptor that was handed over is not a listening stream socket.");
  *ret_descriptor = descriptor;
  return true;
}

/* A full queue or a service manager that is gone: it will hear the next one. */
static void service_send(const struct service *service, const char *message) {
  if (service->notify < 0) return;
  ssize_t status = send(service->notify, message, strlen(message), MSG_NOSIGNAL);
  (void)status;
}

void service_ready(struct service *service, const char *status) {
  char message[SERVICE_MESSAGE_BYTES];
  snprintf(message, sizeof message, "READY=1\nMAINPID=%ld\nSTATUS=%s", (long)getpid(), status);
  service_send(service, message);
}

void service_reloading(struct service *service) {
  char message[SERVICE_MESSAGE_BYTES];
  /* The time lets Type=notify-reload tell this word from an older one. */
  snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=reloading",
           clock_monotonic_ns() / 1000);
  service_send(service, message);
}

void service_stopping(struct service *service) { service_send(service, "STOPPING=1\nSTATUS=stopping"); }

void service_status(struct service *service, const char *status) {
  char message[SERVICE_MESSAGE_BYTES];
  snprintf(message, sizeof message, "STATUS=%s", status);
  service_send(service, message);
}

int64_t service_tend(struct service *service, int64_t now_ms) {
  if (service->watchdog_ms == 0) return -1;
  if (now_ms >= service->watchdog_at_ms) {
    service_send(service, "WATCHDOG=1");
    service->watchdog_at_ms = now_ms + service->watchdog_ms;
  }
  return service->watchdog_at_ms - now_ms;
}
