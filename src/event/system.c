#include "event/system.h"

#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "learner/practice.h"
#include "queries/system.h"
#include "schema/utf8.h"

#include "base/banned.h"

#define MADE_ID_BYTES 12 /* of randomness */
#define PLACE_TIME_CHARACTERS 24

static const struct field also_fields[] = {
    FIELD_TEXT(struct system_also, "system", system, .flags = FIELD_REQUIRED, .summary = "Whose row it is."),
    FIELD_TEXT(struct system_also, "table", table, .flags = FIELD_REQUIRED, .summary = "Its table."),
    FIELD_TEXT(struct system_also, "id", id, .flags = FIELD_REQUIRED,
               .summary = "Its id; of a step the path's and its own, parted by a slash."),
    FIELD_TEXT(struct system_also, "because", because, .flags = FIELD_REQUIRED,
               .summary = "Why it was completed with it."),
};
const struct schema system_also_schema =
    SCHEMA("AlsoCompleted", struct system_also, also_fields, .summary = "A row that was completed along.");

static const struct field deleted_fields[] = {
    FIELD_BOOL(struct system_deleted, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_TEXT(struct system_deleted, "id", id, .flags = FIELD_REQUIRED, .summary = "What is gone."),
    FIELD_UINT(struct system_deleted, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision."),
};
const struct schema system_deleted_schema =
    SCHEMA("Deleted", struct system_deleted, deleted_fields, .summary = "A row that is gone.");

bool system_each(struct ledger_tx *tx, bool (*one)(struct system_step *step, struct error *error),
                 struct error *error) {
  for (size_t at = 0; at < ledger_count(tx); at++) {
    struct ledger_entry *entry = ledger_at(tx, at);
    struct system_step step = {.tx = tx,
                               .entry = entry,
                               .input = entry->input,
                               .db = ledger_db(tx),
                               .arena = ledger_arena(tx),
                               .user_id = entry->learner.user_id,
                               .now_ms = ledger_now_ms(tx)};
    if (!one(&step, error)) return false;
  }
  return true;
}

uint64_t system_revision_before(const struct system_step *step) { return step->entry->learner.revision - 1; }

bool system_report(struct system_step *step, const char *what, const char *key, const char *because,
                   struct error *error) {
  struct ledger_change change = {.what = what, .key = key, .because = because};
  return ledger_report(step->tx, step->entry, &change, error);
}

/* Every statement that deletes a row of the systems has these parameters. */
struct system_row {
  uint64_t user_id;
  const char *id;
};

bool system_delete(struct system_step *step, const struct db_statement *statement, const char *what,
                   const char *missing, struct error *error) {
  struct system_row row = {.user_id = step->user_id, .id = step->input->id};
  struct system_deleted *reply = step->entry->reply;
  struct db_outcome outcome;
  if (!db_run_exec(step->db, statement, &row, error, &outcome)) return false;
  if (outcome.affected == 0) return error_set(error, ERROR_NOT_FOUND, "%s", missing);
  *reply = (struct system_deleted){.success = true, .id = row.id, .revision = step->entry->learner.revision};
  return system_report(step, what, row.id, "deleted", error);
}

/* --- Completing and reopening ---------------------------------------------------------------------- */

static bool read_also(struct system_step *step, const char *event_id, struct error *error,
                      struct field_list *ret_list) {
  struct system_also_params params = {
      .user_id = step->user_id, .event_id = event_id, .limit_rows = SYSTEM_ALSO_MAX};
  struct system_also_row *rows;
  size_t count;
  if (!system_also(step->db, &params, step->arena, SYSTEM_ALSO_MAX, error, &rows, &count)) return false;
  struct system_also *also = arena_alloc_array(step->arena, count, sizeof *also);
  if (also == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    also[at] = (struct system_also){.system = rows[at].target_system,
                                    .table = rows[at].target_table,
                                    .id = rows[at].target_key,
                                    .because = rows[at].because};
  *ret_list = (struct field_list){.items = also, .count = count};
  return true;
}

bool system_complete(struct system_step *step, struct event_body *body, struct error *error,
                     struct system_outcome *ret_outcome) {
  struct system_outcome outcome = {.event_given = PRESENCE_GIVEN};
  struct event_intake intake = {.tx = step->tx,
                                .entry = step->entry,
                                .config = step->input->config,
                                .zones = step->input->zones,
                                .awards = step->input->awards,
                                .now_ms = step->now_ms,
                                .failure = step->input->failure};
  step->input->took_event = true;
  if (!event_take(&intake, body, error, &outcome.event) ||
      !read_also(step, outcome.event.event_id, error, &outcome.also_completed))
    return false;
  *ret_outcome = outcome;
  return true;
}

bool system_reopen(struct system_step *step, enum event_system system, const char *table, const char *key,
                   const char *status, struct error *error) {
  const char *after = arena_printf(step->arena, "{\"status\": \"%s\"}", status);
  struct system_note_reopened_params params = {.user_id = step->user_id,
                                               .target_table = table,
                                               .target_key = key,
                                               .target_system = event_system_names[system],
                                               .after_values = after,
                                               .revision = step->entry->learner.revision,
                                               .now = step->now_ms};
  struct db_outcome outcome;
  if (after == NULL) return error_set_memory(error);
  return system_note_reopened(step->db, &params, error, &outcome);
}

bool system_check_moment(const struct system_step *step, const char *field, int64_t time_ms,
                         struct error *error) {
  return practice_check_time(field, time_ms, step->now_ms, &step->input->config->offline, error);
}

/* --- Ids and words --------------------------------------------------------------------------------- */

bool system_row_id(struct system_step *step, const char *prefix, struct error *error, const char **ret_id) {
  char random[2 * MADE_ID_BYTES + 1];
  const char *id = step->input->id;
  if (id == NULL) {
    random_hex(random, MADE_ID_BYTES);
    id = arena_printf(step->arena, "%s-%s", prefix, random);
  }
  if (id == NULL) return error_set_memory(error);
  *ret_id = id;
  return true;
}

int system_word(const char *const *names, const char *text) {
  for (int at = 0; names[at] != NULL; at++)
    if (strcmp(names[at], text) == 0) return at;
  return 0;
}

bool system_same_text(const char *one, const char *other) {
  if (one == NULL || other == NULL) return one == other;
  return strcmp(one, other) == 0;
}

bool system_same_time(int64_t one, enum presence one_given, int64_t other, enum presence other_given) {
  return one_given == other_given && (one_given != PRESENCE_GIVEN || one == other);
}

enum presence system_presence(bool is_null) { return is_null ? PRESENCE_NULL : PRESENCE_GIVEN; }

bool system_is_name(const char *text) {
  size_t length = text == NULL ? 0 : strlen(text);
  return length == 0 || text[length - 1] != ' ';
}

bool system_check_id(const void *value, struct error *error) {
  const char *text = *(const char *const *)value;
  if (text != NULL && (strcmp(text, ".") == 0 || strcmp(text, "..") == 0))
    return error_set(error, ERROR_MALFORMED, "must not be made of dots alone");
  for (; text != NULL && *text != '\0'; text++)
    if (*text <= ' ' || *text > '~' || *text == '/' || *text == '\\' || *text == '%')
      return error_set(error, ERROR_MALFORMED,
                       "must be visible ASCII characters, without slashes and per cent signs");
  return true;
}

bool system_check_name(const void *value, struct error *error) {
  return system_is_name(*(const char *const *)value) ||
         error_set(error, ERROR_MALFORMED, "must not end with a blank");
}

/* Characters of valid UTF-8. */
static size_t characters_of(const char *text) {
  const char *end = text + strlen(text);
  size_t count = 0;
  for (; text < end; count++) {
    size_t bytes = utf8_character_bytes(text, end);
    text += bytes == 0 ? 1 : bytes;
  }
  return count;
}

bool system_check_names(const void *value, struct error *error) {
  const struct field_list *list = value;
  const char *const *names = list->items;
  for (size_t at = 0; at < list->count; at++) {
    if (names[at] == NULL || *names[at] == '\0' || !system_is_name(names[at]))
      return error_set(error, ERROR_MALFORMED, "must hold no empty text, and none that ends with a blank");
    if (characters_of(names[at]) > EVENT_ACTIVITY_CHARACTERS)
      return error_set(error, ERROR_MALFORMED, "must hold texts of at most %d characters",
                       EVENT_ACTIVITY_CHARACTERS);
    for (size_t other = 0; other < at; other++)
      if (strcmp(names[at], names[other]) == 0)
        return error_set(error, ERROR_MALFORMED, "must hold nothing twice");
  }
  return true;
}

/* --- Pages ----------------------------------------------------------------------------------------- */

bool system_place_parse(const char *text, struct error *error, struct system_place *ret_place) {
  char time[PLACE_TIME_CHARACTERS + 1];
  struct system_place place = {.at_ms = CLOCK_MIN_MS, .id = ""};
  if (text != NULL) {
    size_t length = strnlen(text, SYSTEM_PLACE_BYTES);
    if (length <= PLACE_TIME_CHARACTERS || text[PLACE_TIME_CHARACTERS] != '_')
      return error_add_field(error, ERROR_MALFORMED, "after", "must be the nextAfter of the page before");
    memcpy(time, text, PLACE_TIME_CHARACTERS);
    time[PLACE_TIME_CHARACTERS] = '\0';
    if (!clock_parse_ms(time, &place.at_ms))
      return error_add_field(error, ERROR_MALFORMED, "after", "must be the nextAfter of the page before");
    place.id = text + PLACE_TIME_CHARACTERS + 1;
  }
  *ret_place = place;
  return true;
}

bool system_place_print(const struct system_place *place, struct arena *arena, struct error *error,
                        const char **ret_text) {
  char time[CLOCK_ISO_BYTES];
  clock_format_ms(place->at_ms, time);
  const char *text = arena_printf(arena, "%s_%s", time, place->id);
  if (text == NULL) return error_set_memory(error);
  *ret_text = text;
  return true;
}
