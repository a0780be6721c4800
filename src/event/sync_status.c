#include "event/sync_status.h"

#include <string.h>

#include "base/clock.h"
#include "queries/sync_status.h"

#include "base/banned.h"

#define SYSTEMS_BYTES ((size_t)512)
#define MS_PER_S 1000

const char *const sync_state_names[] = {"healthy", "conflict", "delayed", "failed", NULL};

/* --- What waits ---------------------------------------------------------------------------------------- */

/* What waits, of one source. */
struct waiting {
  const char *source_system;
  uint64_t pending;
  int64_t since_ms;
  uint64_t given_up;
  uint64_t conflicts;
};

static bool read_waiting(struct db *db, const struct events_config *config, uint64_t user_id,
                         struct arena *arena, struct error *error, struct waiting *ret_waiting,
                         size_t *ret_count) {
  struct sync_status_waiting_of_params own = {.user_id = user_id, .retries = (uint64_t)config->retries};
  struct sync_status_waiting_params all = {.retries = (uint64_t)config->retries,
                                           .limit_rows = SYNC_WAITING_MAX};
  struct sync_status_waiting_of_row *own_rows;
  struct sync_status_waiting_row *rows;
  size_t count;
  if (user_id != 0) {
    if (!sync_status_waiting_of(db, &own, arena, EVENT_SYSTEMS, error, &own_rows, &count)) return false;
    for (size_t at = 0; at < count; at++)
      ret_waiting[at] = (struct waiting){own_rows[at].source_system, own_rows[at].pending, own_rows[at].since,
                                         own_rows[at].given_up, own_rows[at].conflicts};
  } else {
    if (!sync_status_waiting(db, &all, arena, EVENT_SYSTEMS, error, &rows, &count)) return false;
    for (size_t at = 0; at < count; at++)
      ret_waiting[at] = (struct waiting){rows[at].source_system, rows[at].pending, rows[at].since,
                                         rows[at].given_up, rows[at].conflicts};
  }
  *ret_count = count;
  return true;
}

/* --- Noting what went through -------------------------------------------------------------------------- */

static bool is_any(const bool systems[EVENT_SYSTEMS]) {
  for (size_t at = 0; at < EVENT_SYSTEMS; at++)
    if (systems[at]) return true;
  return false;
}

/* Nothing waits, as nearly always, and what is in a conflict stays in it. */
static void add_all_well(const struct event_intake *intake, uint64_t delay_ms,
                         struct sync_status_went_params *rows, size_t *count) {
  for (size_t at = 0; at < EVENT_SYSTEMS; at++)
    if (intake->sources[at])
      rows[(*count)++] = (struct sync_status_went_params){.user_id = intake->entry->learner.user_id,
                                                          .source_system = event_system_names[at],
                                                          .now = intake->now_ms,
                                                          .delay_ms = delay_ms};
}

static const char *status_word(const struct sync_status_waiting_from_row *waiting) {
  if (waiting->given_up > 0) return sync_state_names[SYNC_STATE_FAILED];
  if (waiting->is_contested) return sync_state_names[SYNC_STATE_CONFLICT];
  return sync_state_names[waiting->pending > 0 ? SYNC_STATE_DELAYED : SYNC_STATE_HEALTHY];
}

static bool note_what_waits(struct event_intake *intake, const bool *sources, uint64_t delay_ms,
                            struct error *error) {
  struct sync_status_waiting_from_params asked[EVENT_SYSTEMS];
  struct sync_status_write_params rows[EVENT_SYSTEMS];
  struct sync_status_waiting_from_row *waiting;
  struct db *db = ledger_db(intake->tx);
  size_t count = 0;
  for (size_t at = 0; at < EVENT_SYSTEMS; at++)
    if (sources[at])
      asked[count++] =
          (struct sync_status_waiting_from_params){.user_id = intake->entry->learner.user_id,
                                                   .source_system = event_system_names[at],
                                                   .retries = (uint64_t)intake->config->events.retries};
  if (!sync_status_waiting_from(db, asked, count, ledger_arena(intake->tx), EVENT_SYSTEMS, error, &waiting,
                                &count))
    return false;
  for (size_t at = 0; at < count; at++)
    rows[at] = (struct sync_status_write_params){.user_id = intake->entry->learner.user_id,
                                                 .source_system = waiting[at].source_system,
                                                 .now = intake->now_ms,
                                                 .delay_ms = delay_ms,
                                                 .sync_status = status_word(&waiting[at]),
                                                 .pending = waiting[at].pending,
                                                 .since = waiting[at].since,
                                                 .since_is_null = waiting[at].since_is_null};
  return sync_status_write(db, rows, count, error, NULL);
}

bool sync_status_note(struct event_intake *intakes, size_t count, struct error *error) {
  struct sync_status_went_params *went =
      arena_alloc_array(ledger_arena(intakes->tx), count * EVENT_SYSTEMS, sizeof *went);
  size_t went_count = 0;
  if (went == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    struct event_intake *intake = &intakes[at];
    int64_t took_ms = clock_now_ms() - intake->now_ms;
    uint64_t delay_ms = took_ms > 0 ? (uint64_t)took_ms : 0;
    if (!is_any(intake->sources)) continue;
    if (!intake->stirred && !tally_open(intake, error)) return false;
    if (!intake->stirred && !intake->tally.waits)
      add_all_well(intake, delay_ms, went, &went_count);
    else if (!note_what_waits(intake, intake->sources, delay_ms, error))
      return false;
  }
  return sync_status_went(ledger_db(intakes->tx), went, went_count, error, NULL);
}

/* --- How it is now ------------------------------------------------------------------------------------- */

/* NULL: no memory. */
static const char *list_systems(struct arena *arena) {
  CLEANUP(buffer_free) struct buffer list = BUFFER_INIT(SYSTEMS_BYTES);
  for (size_t at = 0; at < EVENT_SYSTEMS; at++)
    buffer_printf(&list, "%s\"%s\"", at == 0 ? "[" : ",", event_system_names[at]);
  buffer_append_char(&list, ']');
  return list.failed ? NULL : arena_strdup(arena, buffer_text(&list));
}

/* What is taken in from a source goes to all the others at once. */
static void add_pairs(struct sync_report *report, const struct sync_pair *of_source) {
  for (size_t at = 0; at < EVENT_SYSTEMS && report->pair_count < SYNC_PAIRS_MAX; at++) {
    if (strcmp(event_system_names[at], of_source->source_system) == 0) continue;
    struct sync_pair *pair = &report->pairs[report->pair_count++];
    *pair = *of_source;
    pair->target_system = event_system_names[at];
  }
}

static bool read_own_pairs(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                           struct sync_report *report) {
  struct sync_status_sources_of_params params = {.user_id = user_id};
  struct sync_status_sources_of_row *rows;
  size_t count;
  if (!sync_status_sources_of(db, &params, arena, EVENT_SYSTEMS, error, &rows, &count)) return false;
  for (size_t at = 0; at < count; at++) {
    bool never = rows[at].last_sync_time_is_null;
    struct sync_pair pair = {.source_system = rows[at].source_system,
                             .last_sync_ms = rows[at].last_sync_time,
                             .last_sync_given = never ? PRESENCE_NULL : PRESENCE_GIVEN,
                             .delay_ms = (int64_t)rows[at].last_delay_ms};
    add_pairs(report, &pair);
  }
  return true;
}

static bool read_all_pairs(struct db *db, struct arena *arena, struct error *error,
                           struct sync_report *report) {
  struct sync_status_sources_params params = {.systems = list_systems(arena)};
  struct sync_status_sources_row *rows;
  size_t count;
  if (params.systems == NULL) return error_set_memory(error);
  if (!sync_status_sources(db, &params, arena, EVENT_SYSTEMS, error, &rows, &count)) return false;
  for (size_t at = 0; at < count; at++) {
    bool never = rows[at].last_sync_time_is_null;
    struct sync_pair pair = {.source_system = rows[at].source_system,
                             .last_sync_ms = rows[at].last_sync_time,
                             .last_sync_given = never ? PRESENCE_NULL : PRESENCE_GIVEN,
                             .delay_ms =
                                 rows[at].last_delay_ms_is_null ? 0 : (int64_t)rows[at].last_delay_ms};
    add_pairs(report, &pair);
  }
  return true;
}

static bool read_pairs(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                       struct sync_report *report) {
  return user_id == 0 ? read_all_pairs(db, arena, error, report)
                      : read_own_pairs(db, user_id, arena, error, report);
}

static enum sync_state judge(const struct events_config *config, const struct waiting *waiting,
                             int64_t waited_ms) {
  if (waiting->given_up > 0 || (waiting->pending > 0 && waited_ms > config->failed_s * MS_PER_S))
    return SYNC_STATE_FAILED;
  if (waiting->pending > 0 && waited_ms > config->delayed_s * MS_PER_S) return SYNC_STATE_DELAYED;
  return waiting->conflicts > 0 ? SYNC_STATE_CONFLICT : SYNC_STATE_HEALTHY;
}

static void add_waiting(struct sync_report *report, const struct events_config *config,
                        const struct waiting *waiting, int64_t now_ms) {
  int64_t waited_ms = waiting->pending > 0 && now_ms > waiting->since_ms ? now_ms - waiting->since_ms : 0;
  for (size_t at = 0; at < report->pair_count; at++) {
    struct sync_pair *pair = &report->pairs[at];
    if (strcmp(pair->source_system, waiting->source_system) != 0) continue;
    pair->pending = waiting->pending;
    pair->conflicts = waiting->conflicts;
    pair->status = judge(config, waiting, waited_ms);
    if (waiting->pending > 0) pair->delay_ms = waited_ms;
    if (pair->status > (int)report->status) report->status = (enum sync_state)pair->status;
  }
}

bool sync_status_look(struct db *db, const struct events_config *config, uint64_t user_id, int64_t now_ms,
                      struct arena *arena, struct error *error, struct sync_report *ret_report) {
  struct waiting waiting[EVENT_SYSTEMS];
  size_t count;
  *ret_report = (struct sync_report){.status = SYNC_STATE_HEALTHY};
  if (!read_pairs(db, user_id, arena, error, ret_report) ||
      !read_waiting(db, config, user_id, arena, error, waiting, &count))
    return false;
  for (size_t at = 0; at < count; at++)
    add_waiting(ret_report, config, &waiting[at], now_ms);
  return true;
}
