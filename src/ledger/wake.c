#include "ledger/wake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/banned.h"

struct wake {
  int socket;
  struct sockaddr_un address;
};

bool wake_new(const char *path, struct error *error, struct wake **ret_wake) {
  struct wake *wake = calloc(1, sizeof *wake);
  if (wake == NULL) return error_set_memory(error);
  wake->address.sun_family = AF_UNIX;
  memcpy(wake->address.sun_path, path, strlen(path) + 1);
  wake->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (wake->socket < 0) {
    free(wake);
    error_set(error, ERROR_INTERNAL, "There is no socket to wake lockstep-live by.");
    return error_detail(error, "%s", strerror(errno));
  }
  *ret_wake = wake;
  return true;
}

void wake_free(struct wake *wake) {
  if (wake == NULL) return;
  close(wake->socket);
  free(wake);
}

void wake_send(struct wake *wake, const uint64_t *user_ids, size_t count) {
  if (wake == NULL) return;
  for (size_t at = 0; at < count; at += WAKE_IDS_MAX) {
    size_t ids = count - at < WAKE_IDS_MAX ? count - at : WAKE_IDS_MAX;
    ssize_t sent = sendto(wake->socket, user_ids + at, ids * sizeof *user_ids, MSG_NOSIGNAL,
                          (const struct sockaddr *)&wake->address, sizeof wake->address);
    if (sent < 0) return; /* nobody listens, or they have enough to do */
  }
}
