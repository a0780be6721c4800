/* The pipeline: a received request in, a complete reply out.
 *
 *   id → route → limits → who → rights → decode → freshness → handler → encode → head
 *
 * What goes wrong on the way becomes a problem document. Nothing here logs but request_log. */
#ifndef LOCKSTEP_HTTP_HANDLE_H
#define LOCKSTEP_HTTP_HANDLE_H

#include "http/endpoint.h"

/* Memory that all worker processes of one master share: a metrics slot for each, and the rate
 * limits. Nothing in it but atomics: a process may be killed at any moment, and one that takes over
 * a slot goes on counting where the former stopped. The master maps it before it forks. */
size_t http_shared_bytes(size_t processes);
/* `memory` is zeroed, page-aligned, and lives until the last worker is gone. */
struct http_shared *http_shared_init(void *memory, size_t processes);

/* Completes app (config, pool, ledger, rules and build are set): keys, routes, metrics. `tables` is
 * endpoint_tables; NULL-terminated. A defect in a row (two rows alike, too many placeholders) and an
 * unusable key are errors; the master calls it to check a new configuration, too. `shared` may be
 * NULL for that. */
bool http_app_open(struct app *app, const struct endpoint_table *const *tables, struct http_shared *shared,
                   size_t process_at, struct error *error) WARN_UNUSED;
void http_app_close(struct app *app);

/* Answers the request: sets status, head and reply (empty for HEAD, 204, 304). Total: it never fails
 * and takes no longer than the deadline of its parts. Thread-safe over different requests. Send head,
 * then reply, then call request_log. */
void http_handle(struct request *request);

/* The request's one line, at its end (`sent`: false when the client was gone), and its metrics. */
void request_log(struct request *request, bool sent);

/* Publishes the process's gauges (pool) to its metrics slot. Call it about once a second. */
void http_tend(struct app *app);

#endif
