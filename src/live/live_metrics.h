/* GET /metrics of lockstep-live. */
#ifndef LOCKSTEP_LIVE_LIVE_METRICS_H
#define LOCKSTEP_LIVE_LIVE_METRICS_H

#include <libwebsockets.h>

#include "live/live_hub.h"

/* Answers the request; what libwebsockets' callback for it is to return. */
int live_metrics_answer(struct lws *wsi, struct live_hub *hub, size_t connections);

#endif
