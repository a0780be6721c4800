/* IANA time zones, by ICU. A learner's day is the calendar day where the learner is.
 * A zone_cache belongs to one thread; opening a zone costs microseconds, asking an open one little. */
#ifndef LOCKSTEP_BASE_ZONE_H
#define LOCKSTEP_BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

#define ZONE_NAME_BYTES 64

struct zone_cache;

struct zone_cache *zone_cache_new(void) WARN_UNUSED;
void zone_cache_free(struct zone_cache *cache);

/* True when `name` is a zone of the IANA data (or UTC). Offsets such as GMT+3 are not. */
bool zone_is_known(const char *name);

/* The calendar day (days since 1970-01-01) in the zone at that time. An unknown zone is UTC:
 * zones are checked when they are stored, and an old row must not fail a read. */
int32_t zone_day_at(struct zone_cache *cache, const char *name, int64_t time_ms);

/* That time as the clocks in the zone show it: milliseconds since 1970-01-01T00:00 there. Of the whole day
 * and hour counted from it: local / 86400000, local % 86400000 / 3600000, for times since 1970. */
int64_t zone_local_ms(struct zone_cache *cache, const char *name, int64_t time_ms);

#endif
