#include "base/zone.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

#include "base/banned.h"

#define ZONE_CACHE_ENTRIES 16
#define MS_PER_DAY INT64_C(86400000)

struct zone_entry {
  char name[ZONE_NAME_BYTES];
  UCalendar *calendar; /* NULL: the zone is unknown */
  uint64_t used_at;
};

struct zone_cache {
  struct zone_entry entries[ZONE_CACHE_ENTRIES];
  uint64_t clock;
};

struct zone_cache *zone_cache_new(void) {
  return calloc(1, sizeof(struct zone_cache));
}

void zone_cache_free(struct zone_cache *cache) {
  if (cache == NULL) return;
  for (size_t at = 0; at < ZONE_CACHE_ENTRIES; at++)
    if (cache->entries[at].calendar != NULL) ucal_close(cache->entries[at].calendar);
  free(cache);
}

bool zone_is_known(const char *name) {
  UChar wide[ZONE_NAME_BYTES];
  UChar canonical[ZONE_NAME_BYTES];
  UBool is_system = false;
  UErrorCode status = U_ZERO_ERROR;
  size_t length = strlen(name);
  if (length == 0 || length >= ZONE_NAME_BYTES) return false;
  for (size_t at = 0; at < length; at++)
    if ((unsigned char)name[at] >= 0x80) return false;
  u_charsToUChars(name, wide, (int32_t)length + 1);
  ucal_getCanonicalTimeZoneID(wide, (int32_t)length, canonical, ZONE_NAME_BYTES, &is_system, &status);
  return U_SUCCESS(status) && is_system;
}

static UCalendar *zone_open(const char *name) {
  UChar wide[ZONE_NAME_BYTES];
  UErrorCode status = U_ZERO_ERROR;
  if (!zone_is_known(name)) return NULL;
  u_charsToUChars(name, wide, (int32_t)strlen(name) + 1);
  UCalendar *calendar = ucal_open(wide, -1, "en_US", UCAL_GREGORIAN, &status);
  return U_SUCCESS(status) ? calendar : NULL;
}

static struct zone_entry *zone_find(struct zone_cache *cache, const char *name) {
  struct zone_entry *oldest = &cache->entries[0];
  cache->clock++;
  for (size_t at = 0; at < ZONE_CACHE_ENTRIES; at++) {
    struct zone_entry *entry = &cache->entries[at];
    if (entry->used_at != 0 && strcmp(entry->name, name) == 0) {
      entry->used_at = cache->clock;
      return entry;
    }
    if (entry->used_at < oldest->used_at) oldest = entry;
  }
  if (oldest->calendar != NULL) ucal_close(oldest->calendar);
  memcpy(oldest->name, name, strlen(name) + 1);
  oldest->calendar = zone_open(name);
  oldest->used_at = cache->clock;
  return oldest;
}

static int32_t day_of(int64_t local_ms) {
  return (int32_t)(local_ms >= 0 ? local_ms / MS_PER_DAY : -((MS_PER_DAY - 1 - local_ms) / MS_PER_DAY));
}

int64_t zone_local_ms(struct zone_cache *cache, const char *name, int64_t time_ms) {
  UErrorCode status = U_ZERO_ERROR;
  if (strcmp(name, "UTC") == 0 || strlen(name) >= ZONE_NAME_BYTES) return time_ms;
  struct zone_entry *entry = zone_find(cache, name);
  if (entry->calendar == NULL) return time_ms;
  ucal_setMillis(entry->calendar, (UDate)time_ms, &status);
  int32_t offset_ms = ucal_get(entry->calendar, UCAL_ZONE_OFFSET, &status) +
                      ucal_get(entry->calendar, UCAL_DST_OFFSET, &status);
  return U_SUCCESS(status) ? time_ms + offset_ms : time_ms;
}

int32_t zone_day_at(struct zone_cache *cache, const char *name, int64_t time_ms) {
  return day_of(zone_local_ms(cache, name, time_ms));
}
