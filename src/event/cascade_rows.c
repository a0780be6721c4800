/* The rows that a cascade has met, and how receipts name them. */
#include <string.h>

#include "base/clock.h"
#include "event/cascade_private.h"
#include "queries/cascade.h"

#include "base/banned.h"

#define FIRST_ROWS 8

const struct cascade_table cascade_tables[CASCADE_KINDS] = {
    [CASCADE_VIDEO] = {"video_progress",
                       SYSTEM_VIDEO_PLAYER,
                       "video",
                       {"status", "percentage_watched", "seconds_watched", "youtube_id", "completed_at"}},
    [CASCADE_TODO] = {"todos", SYSTEM_TODO_MANAGER, "todo", {"status", "completed_at", "rating", "notes"}},
    [CASCADE_ENTRY] = {"schedule_entries",
                       SYSTEM_CALENDAR,
                       "schedule",
                       {"status", "actual_start", "actual_end", "rescheduled_from"}},
    [CASCADE_STEP] = {"learning_path_steps", SYSTEM_PATH_GENERATOR, "path_step", {"status", "completed_at"}},
    [CASCADE_SKILL] = {"skills",
                       SYSTEM_AI_JOURNEY,
                       "skill",
                       {"category", "level", "confidence", "assessed_at"}},
    [CASCADE_MENTION] = {"chat_mentions", SYSTEM_CHAT, NULL, {"completed_at", "mentioned_at"}},
    [CASCADE_PATH] = {"path_progress",
                      SYSTEM_PATH_GENERATOR,
                      "learning_path",
                      {"completed_steps", "total_steps", "percentage", "current_step_id", "completed_at"}},
};

/* 2026-01-31T12:00:00.000Z, as DATETIME(3) is written. */
const char *cascade_time(struct arena *arena, int64_t time_ms) {
  char iso[CLOCK_ISO_BYTES];
  clock_format_ms(time_ms, iso);
  char *text = arena_strndup(arena, iso, strcspn(iso, "Z"));
  if (text != NULL && strchr(text, 'T') != NULL) *strchr(text, 'T') = ' ';
  return text;
}

bool cascade_begin(struct event_intake *intake, const char *event_id, struct error *error,
                   struct cascade *ret_cascade) {
  struct arena *arena = ledger_arena(intake->tx);
  struct cascade cascade = {.intake = intake,
                            .event_id = event_id,
                            .user_id = intake->entry->learner.user_id,
                            .db = ledger_db(intake->tx),
                            .arena = arena,
                            .now = cascade_time(arena, intake->now_ms - 1)};
  if (cascade.now == NULL) return error_set_memory(error);
  *ret_cascade = cascade;
  return true;
}

/* As the keys' collation compares them: blanks at the end make no difference. */
static size_t key_bytes(const char *text) {
  size_t bytes = strlen(text);
  while (bytes > 0 && text[bytes - 1] == ' ')
    bytes--;
  return bytes;
}

static bool same_key(const char *a, const char *b) {
  size_t bytes = key_bytes(a);
  return bytes == key_bytes(b) && memcmp(a, b, bytes) == 0;
}

struct cascade_row *cascade_find(struct cascade *cascade, enum cascade_kind kind, const char *path_id,
                                 const char *id) {
  for (size_t at = 0; at < cascade->count; at++) {
    struct cascade_row *row = &cascade->rows[at];
    if (row->kind == kind && same_key(row->id, id) && same_key(row->path_id, path_id)) return row;
  }
  return NULL;
}

static bool has_receipt(const struct cascade *cascade, const struct cascade_row *row, struct error *error,
                        bool *ret_has) {
  *ret_has = false;
  if (cascade->known_count == 0) return true;
  const char *key = cascade_key(cascade->arena, row);
  if (key == NULL) return error_set_memory(error);
  for (size_t at = 0; at < cascade->known_count && !*ret_has; at++)
    *ret_has = strcmp(cascade->known[at].target_table, cascade_tables[row->kind].name) == 0 &&
               same_key(cascade->known[at].target_key, key);
  return true;
}

static bool rows_grow(struct cascade *cascade, struct error *error) {
  size_t capacity = cascade->capacity == 0 ? FIRST_ROWS : 2 * cascade->capacity;
  struct cascade_row *rows = arena_alloc_array(cascade->arena, capacity, sizeof *rows);
  if (rows == NULL) return error_set_memory(error);
  if (cascade->count > 0) memcpy(rows, cascade->rows, cascade->count * sizeof *rows);
  cascade->rows = rows;
  cascade->capacity = capacity;
  return true;
}

bool cascade_add(struct cascade *cascade, enum cascade_kind kind, const char *path_id, const char *id,
                 struct error *error, struct cascade_row **ret_row) {
  struct cascade_row row = {.kind = kind, .path_id = path_id, .id = id};
  *ret_row = NULL;
  if (cascade->count == CASCADE_ROWS_MAX || cascade_find(cascade, kind, path_id, id) != NULL) return true;
  if (cascade->count == cascade->capacity && !rows_grow(cascade, error)) return false;
  if (!has_receipt(cascade, &row, error, &row.keeps_status)) return false;
  cascade->rows[cascade->count] = row;
  *ret_row = &cascade->rows[cascade->count++];
  return true;
}

/* --- Keys ------------------------------------------------------------------------------------------ */

static void append_escaped(char **at, const char *text) {
  for (; *text != '\0'; text++) {
    if (*text != '~' && *text != '/') {
      *(*at)++ = *text;
      continue;
    }
    *(*at)++ = '~';
    *(*at)++ = *text == '~' ? '0' : '1';
  }
}

const char *cascade_key(struct arena *arena, const struct cascade_row *row) {
  if (row->path_id[0] == '\0') return row->id;
  char *key = arena_alloc(arena, 2 * strlen(row->path_id) + strlen(row->id) + 2);
  if (key == NULL) return NULL;
  char *at = key;
  append_escaped(&at, row->path_id);
  *at++ = '/';
  memcpy(at, row->id, strlen(row->id));
  return key;
}

static char *unescape(struct arena *arena, const char *text, size_t bytes) {
  char *plain = arena_alloc(arena, bytes + 1);
  if (plain == NULL) return NULL;
  for (size_t at = 0, to = 0; at < bytes; at++, to++) {
    bool escaped = text[at] == '~' && at + 1 < bytes;
    if (escaped) at++;
    plain[to] = !escaped ? text[at] : text[at] == '0' ? '~' : '/';
  }
  return plain;
}

bool cascade_key_parse(const char *table, const char *key, struct arena *arena, struct error *error,
                       struct cascade_row *ret_row, bool *ret_known) {
  size_t kind = 0;
  while (kind < CASCADE_KINDS && strcmp(cascade_tables[kind].name, table) != 0)
    kind++;
  struct cascade_row row = {.kind = (enum cascade_kind)kind, .path_id = "", .id = key};
  *ret_known = false;
  if (kind == CASCADE_KINDS) return true;
  if (kind == CASCADE_STEP || kind == CASCADE_MENTION) {
    const char *slash = strchr(key, '/');
    if (slash == NULL) return true;
    row.path_id = unescape(arena, key, (size_t)(slash - key));
    row.id = slash + 1;
    if (row.path_id == NULL) return error_set_memory(error);
  }
  *ret_row = row;
  *ret_known = true;
  return true;
}
