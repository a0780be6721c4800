/* What a browser asks for with its address, and whether its page may: the front of the live channel, before
 * any database. Pure. */
#ifndef LOCKSTEP_LIVE_LIVE_WISH_H
#define LOCKSTEP_LIVE_LIVE_WISH_H

#include "live/live_hub.h"
#include "schema/field.h"

/* One of the address's arguments, as name=value; what is none of ours is left alone. False: it makes no
 * sense. */
bool live_wish_take(const char *argument, struct live_wish *wish) WARN_UNUSED;

/* A page of this site, or of one that may call the interface (`allowed`: texts, http.cors_origins). Only
 * browsers send an Origin, and only they can be made to by somebody else's page. `host`: of the request, ""
 * for none. */
bool live_wish_origin_may(const struct field_list *allowed, const char *origin, const char *host);

#endif
