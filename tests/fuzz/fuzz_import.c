/* Files of entries, cut and read. A file that is sound JSON is cut where JSON has its items; whatever else it
 * is, the cutting ends, counts on, and hands over nothing but text of the file. The first byte chooses: s
 * streaks.json, anything else a file of attempts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "learner/import_entry.h"
#include "schema/json.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define NOW_MS INT64_C(1748779200000)

static void read_item(const struct import_item *item, bool is_streaks, struct arena *arena) {
  struct error error = ERROR_INIT;
  struct import_attempt attempt;
  struct import_streak streak;
  const char *user;
  bool is_good = is_streaks ? import_entry_streak(item, NOW_MS, arena, &error, &streak, &user)
                            : import_entry_attempt(item, NOW_MS, arena, &error, &attempt, &user);
  if (!is_good && error.message[0] == '\0') abort();
  if (is_good && item->defect != NULL) abort();
  if (is_good && !is_streaks && attempt.created_at_ms > NOW_MS + IMPORT_SKEW_MS) abort();
  for (size_t at = 1; is_good && is_streaks && at < streak.day_count; at++)
    if (streak.days[at - 1].day >= streak.days[at].day) abort();
}

/* How many entries a sound list has; SIZE_MAX: it is something else. */
static size_t count_items(const char *text, size_t bytes) {
  struct error error = ERROR_INIT;
  if (!json_check(text, bytes, &error)) return SIZE_MAX;
  struct json_cursor cursor = json_open(text, bytes);
  return json_peek(&cursor) == JSON_KIND_ARRAY ? json_count_items(cursor) : SIZE_MAX;
}

static int file_of(const char *text, size_t bytes) {
  int fd = memfd_create("entries", 0);
  if (fd < 0 || write(fd, text, bytes) != (ssize_t)bytes || lseek(fd, 0, SEEK_SET) != 0) abort();
  return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  struct import_item item;
  size_t items = 0;
  bool has_defects = false;
  if (bytes == 0) return 0;
  bool is_streaks = data[0] == 's';
  const char *text = (const char *)data + 1;
  int fd = file_of(text, --bytes);
  struct arena *arena = arena_new(ARENA_BYTES);
  struct import_scan *scan = import_scan_new(fd, is_streaks ? NULL : "attempts");
  if (arena == NULL || scan == NULL) abort();
  for (; import_scan_next(scan, &item); items++) {
    if (item.index != items || items > bytes) abort();
    if (item.bytes > 0 && memmem(text, bytes, item.text, item.bytes) == NULL) abort();
    has_defects |= item.defect != NULL;
    read_item(&item, is_streaks, arena);
    arena_reset(arena);
  }
  size_t wanted = count_items(text, bytes);
  if (wanted != SIZE_MAX && (wanted != items || has_defects || import_scan_problem(scan) != NULL)) abort();
  import_scan_free(scan);
  arena_free(arena);
  close(fd);
  return 0;
}
