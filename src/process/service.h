/* The service manager's side: sockets handed over (LISTEN_FDS) and word about our state
 * (NOTIFY_SOCKET), as sd_listen_fds(3) and sd_notify(3) describe the two protocols, which systemd keeps
 * stable. They are a few environment variables and a datagram; no library is needed for them. Without a
 * service manager all of this does nothing. */
#ifndef LOCKSTEP_PROCESS_SERVICE_H
#define LOCKSTEP_PROCESS_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

struct service {
  int notify;             /* datagram socket, connected; -1: nobody listens */
  int64_t watchdog_ms;    /* send a sign of life this often; 0: none is wanted */
  int64_t watchdog_at_ms; /* monotonic: the next */
  int handed_over;        /* the first descriptor handed over; -1: none */
};

/* Reads the environment and empties it of what was read, so that no child believes itself meant. */
void service_open(struct service *service);
void service_close(struct service *service);

/* For children: the parent's alone. */
void service_forget(struct service *service);

/* The listening stream socket that was handed over. */
bool service_take_listener(struct service *service, struct error *error, int *ret_descriptor) WARN_UNUSED;

void service_ready(struct service *service, const char *status);
void service_reloading(struct service *service);
void service_stopping(struct service *service);
void service_status(struct service *service, const char *status);
/* Sends the sign of life when it is due. Returns the milliseconds until the next, -1: none. */
int64_t service_tend(struct service *service, int64_t now_ms);

#endif
