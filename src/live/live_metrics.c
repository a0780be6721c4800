#include "live/live_metrics.h"

#include "base/buffer.h"

#include "base/banned.h"

#define METRICS_BYTES ((size_t)16 * 1024)
#define METRICS_HEAD_BYTES 512

static void print_figure(struct buffer *text, const char *name, const char *type, const char *help,
                         uint64_t value) {
  buffer_printf(text, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
                (unsigned long long)value);
}

static void print_metrics(struct live_hub *hub, size_t connections, struct buffer *text) {
  struct live_figures figures;
  live_hub_read_figures(hub, &figures);
  print_figure(text, "lockstep_live_connections", "gauge", "Open connections.", connections);
  print_figure(text, "lockstep_live_admitted_total", "counter", "Tickets that held.", figures.admitted);
  print_figure(text, "lockstep_live_refused_total", "counter", "Tickets that did not.", figures.refused);
  print_figure(text, "lockstep_live_frames_total", "counter", "Frames sent.", figures.frames);
  print_figure(text, "lockstep_live_resyncs_total", "counter", "Clients told to read anew.", figures.resyncs);
  print_figure(text, "lockstep_live_full_total", "counter", "Times a slow reader's queue was full.",
               figures.full);
  print_figure(text, "lockstep_live_hints_total", "counter", "Changes that a datagram told of.",
               figures.hints);
  print_figure(text, "lockstep_live_scans_total", "counter", "Comparisons of all revisions.", figures.scans);
  print_figure(text, "lockstep_live_database_failures_total", "counter",
               "Rounds that the database broke off.", figures.failures);
}

int live_metrics_answer(struct lws *wsi, struct live_hub *hub, size_t connections) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(METRICS_BYTES);
  unsigned char head[LWS_PRE + METRICS_HEAD_BYTES];
  unsigned char *start = head + LWS_PRE;
  unsigned char *end = start;
  buffer_append(&text, (const unsigned char[LWS_PRE]){0}, LWS_PRE);
  print_metrics(hub, connections, &text);
  size_t bytes = text.length - LWS_PRE;
  if (text.failed ||
      lws_add_http_common_headers(wsi, HTTP_STATUS_OK, "text/plain; version=0.0.4", bytes, &end,
                                  head + sizeof head) != 0 ||
      lws_finalize_write_http_header(wsi, start, &end, head + sizeof head) != 0)
    return -1;
  if (lws_write(wsi, (unsigned char *)text.data + LWS_PRE, bytes, LWS_WRITE_HTTP_FINAL) < (int)bytes)
    return -1;
  return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}
