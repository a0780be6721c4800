/* The socket on which nginx reaches us: bound by the master, inherited by the workers. */
#ifndef LOCKSTEP_PROCESS_LISTENER_H
#define LOCKSTEP_PROCESS_LISTENER_H

#include <sys/types.h>

#include "config/config.h"
#include "process/service.h"

#define LISTENER_NAME_BYTES 160

struct listener {
  int descriptor;
  char name[LISTENER_NAME_BYTES]; /* for people: "unix:/run/…", "127.0.0.1:9000", "fd:systemd" */
  char path[LISTENER_NAME_BYTES]; /* of a Unix socket that we made and remove; else empty */
  dev_t device;                   /* of that file: another master's is left alone */
  ino_t inode;
};

/* Non-blocking, close-on-exec. A Unix socket's file that nobody living serves is replaced: nobody
 * answers, or those who answer are workers of a master that is dead. One that is served is refused
 * (ERROR_CONFLICT). */
bool listener_open(const struct listen_config *config, struct service *service, struct error *error,
                   struct listener *ret_listener) WARN_UNUSED;
/* Closes, and removes a Unix socket's file if it is still ours. */
void listener_close(struct listener *listener);

/* Splits "host:port" and "[v6]:port". */
bool listener_split_address(const char *text, char *ret_host, size_t host_bytes, char *ret_port,
                            size_t port_bytes);

#endif
