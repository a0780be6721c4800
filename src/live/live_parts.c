#include "live/live_parts.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "ledger/ledger.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

#define PROGRESS_BYTES ((size_t)16 * 1024 * 1024)
#define PART_BYTES ((size_t)16 * 1024)

struct change {
  const char *what;
  const char *key;
  const char *because;
};
struct changes {
  struct field_list changes; /* struct change */
};
static const struct field change_fields[] = {
    FIELD_TEXT(struct change, "what", what, .flags = FIELD_NULLABLE, .summary = "What changed."),
    FIELD_TEXT(struct change, "key", key, .flags = FIELD_NULLABLE, .summary = "Which one."),
    FIELD_TEXT(struct change, "because", because, .flags = FIELD_NULLABLE, .summary = "Because of what."),
};
static const struct schema change_schema =
    SCHEMA("HistoryChange", struct change, change_fields, .summary = "A change, as the history has it.");
static const struct field changes_fields[] = {
    FIELD_LIST(struct changes, "changes", changes, .object = &change_schema, .maximum = LEDGER_CHANGES_MAX,
               .summary = "All of an entry."),
};
static const struct schema changes_schema =
    SCHEMA("HistoryChanges", struct changes, changes_fields, .summary = "The changes of an entry.");

/* Which changes pages show for themselves: `key` and `because` of the history, as they are called there. */
static const struct told {
  const char *what;
  enum live_type type;
  const char *because;
  bool key_is_number;
} tolds[] = {{"achievement", LIVE_ACHIEVEMENT, "title", false},
             {"conflict", LIVE_CONFLICT, "conflictType", true}};

static const struct told *told_of(const struct change *change) {
  for (size_t at = 0; at < ARRAY_LENGTH(tolds); at++)
    if (change->what != NULL && strcmp(change->what, tolds[at].what) == 0) return &tolds[at];
  return NULL;
}

static void begin(const struct live_changes_row *row, enum live_type type, struct buffer *text) {
  buffer_printf(text, "{\"type\":\"%s\",\"userId\":%" PRIu64 ",\"data\":{", live_type_names[type],
                row->user_id);
}

static bool keep(const struct buffer *text, enum live_type type, struct arena *arena, struct error *error,
                 struct live_part *ret_part) {
  const char *change = text->failed ? NULL : arena_strndup(arena, buffer_text(text), text->length);
  if (change == NULL) return error_set_memory(error);
  *ret_part = (struct live_part){.type = type, .change = change};
  return true;
}

static bool progress_of(const struct live_changes_row *row, const char *at, struct arena *arena,
                        struct error *error, struct live_part *ret_part) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(PROGRESS_BYTES);
  begin(row, LIVE_PROGRESS, &text);
  buffer_append_text(&text, "\"kind\":");
  json_append_text(&text, row->kind);
  buffer_printf(&text, ",\"at\":\"%s\",\"changes\":", at);
  buffer_append_text(&text, row->changes);
  buffer_append_text(&text, "}}");
  return keep(&text, LIVE_PROGRESS, arena, error, ret_part);
}

static bool part_of(const struct live_changes_row *row, const struct told *told, const struct change *change,
                    const char *at, struct arena *arena, struct error *error, struct live_part *ret_part) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(PART_BYTES);
  begin(row, told->type, &text);
  buffer_append_text(&text, "\"id\":");
  if (told->key_is_number)
    buffer_append_text(&text, change->key);
  else
    json_append_text(&text, change->key);
  buffer_printf(&text, ",\"%s\":", told->because);
  json_append_text(&text, change->because == NULL ? "" : change->because);
  buffer_printf(&text, ",\"at\":\"%s\"}}", at);
  return keep(&text, told->type, arena, error, ret_part);
}

static bool is_number(const char *key) { return *key != '\0' && key[strspn(key, "0123456789")] == '\0'; }

/* Where so many came at once that they were summed up, there is nothing to show one by one. */
static bool is_shown(const struct told *told, const struct change *change) {
  return told != NULL && change->key != NULL && (!told->key_is_number || is_number(change->key));
}

/* Most entries have neither, and are not parsed for it. */
static bool may_have_parts(const char *changes) {
  for (size_t at = 0; at < ARRAY_LENGTH(tolds); at++)
    if (strstr(changes, tolds[at].what) != NULL) return true;
  return false;
}

static bool read_changes(const char *text, struct arena *arena, struct error *error,
                         struct changes *ret_changes) {
  const char *whole = arena_printf(arena, "{\"changes\":%s}", text);
  if (whole == NULL) return error_set_memory(error);
  return schema_decode_json(&changes_schema, whole, strlen(whole), UNKNOWN_IGNORED, arena, ret_changes,
                            error);
}

bool live_parts_make(const struct live_changes_row *row, struct arena *arena, struct error *error,
                     struct live_part **ret_parts, size_t *ret_count) {
  struct changes changes = {.changes = {.count = 0}};
  char at[CLOCK_ISO_BYTES];
  size_t count = 1;
  clock_format_ms(row->created_at, at);
  if (may_have_parts(row->changes) && !read_changes(row->changes, arena, error, &changes)) return false;
  const struct change *list = changes.changes.items;
  struct live_part *parts = arena_alloc_array(arena, changes.changes.count + 1, sizeof *parts);
  if (parts == NULL) return error_set_memory(error);
  if (!progress_of(row, at, arena, error, &parts[0])) return false;
  for (size_t item = 0; item < changes.changes.count; item++) {
    const struct told *told = told_of(&list[item]);
    if (!is_shown(told, &list[item])) continue;
    if (!part_of(row, told, &list[item], at, arena, error, &parts[count])) return false;
    count++;
  }
  *ret_parts = parts;
  *ret_count = count;
  return true;
}
