/* From method and path to a row of the endpoints table. The index is compiled once; a look-up costs
 * the path's length, however many rows there are. A literal segment wins over a {placeholder}. */
#ifndef LOCKSTEP_HTTP_ROUTER_H
#define LOCKSTEP_HTTP_ROUTER_H

#include "http/endpoint.h"

#define ROUTER_PATH_BYTES_MAX 1024
#define ROUTER_PART_BYTES_MAX 255 /* what stands for a {placeholder}, decoded */
#define ROUTER_ROWS_MAX 255

struct router;

/* Refused: two rows that match the same requests, a path that is not "/" and plain segments, more
 * placeholders than a request has room for, more than ROUTER_ROWS_MAX rows. */
bool router_new(const struct endpoint_table *const *tables, struct error *error,
                struct router **ret_router) WARN_UNUSED;
void router_free(struct router *router);

/* Row `at` in the order of the tables, counted from 1: 0 stands for no row at all. */
size_t router_count(const struct router *router); /* the largest `at` */
const struct endpoint *router_row(const struct router *router, size_t at);

struct route {
  size_t at; /* of the row; 0 for OPTIONS */
  const struct endpoint *endpoint;
  const char *parts[REQUEST_PATH_PARTS_MAX]; /* in the arena */
  const char *allow; /* "GET, HEAD, OPTIONS": what the path answers to; set also with ERROR_METHOD */
  bool is_head;
};

/* HEAD finds GET's row; OPTIONS finds any path that exists, with endpoint NULL. Errors:
 * ERROR_MALFORMED for a path that is not plain (empty or dot segments, escapes of anything but
 * printable ASCII, control or non-ASCII bytes, too long), ERROR_NOT_FOUND, ERROR_METHOD. */
bool router_find(const struct router *router, const char *method, const char *path, struct arena *arena,
                 struct error *error, struct route *ret_route) WARN_UNUSED;

#endif
