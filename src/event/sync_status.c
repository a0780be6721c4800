#include "event/sync_status.h"

#include <string.h>

#include "base/clock.h"
#include "queries/sync_status.h"

#include "base/banned.h"

#define SYSTEMS_BYTES ((size_t)512)
#define MS_PER_S 1000

const char *const sync_state_names[] = {"healthy", "conflict", "delayed", "failed", NULL};

/* `chosen` NULL: all. NULL: no memory. */
static const char *systems_list(const bool *chosen, struct arena *arena) {
  CLEANUP(buffer_free) struct buffer list = BUFFER_INIT(SYSTEMS_BYTES);
  const char *comma = "[";
  for (size_t at = 0; at < EVENT_SYSTEMS; at++) {
    if (chosen != NULL && !chosen[at]) continue;
    buffer_printf(&list, "%s\"%s\"", comma, event_system_names[at]);
    comma = ",";
  }
  buffer_append_char(&list, ']');
  return list.failed ? NULL : arena_strdup(arena, buffer_text(&list));
}

/* Nothing waits, as nearly always. */
static bool note_all_well(struct event_intake *intake, const bool *sources, uint64_t delay_ms,
                          struct error *error) {
  struct sync_status_went_params pairs[SYNC_PAIRS_MAX];
  size_t count = 0;
  for (size_t from = 0; from < EVENT_SYSTEMS; from++)
    for (size_t to = 0; sources[from] && to < EVENT_SYSTEMS; to++)
      if (to != from)
        pairs[count++] = (struct sync_status_went_params){.user_id = intake->entry->learner.user_id,
                                                          .source_system = event_system_names[from],
                                                          .target_system = event_system_names[to],
                                                          .now = intake->now_ms,
                                                          .delay_ms = delay_ms};
  return sync_status_went(ledger_db(intake->tx), pairs, count, error, NULL);
}

static bool note_what_waits(struct event_intake *intake, const bool *sources, uint64_t delay_ms,
                            struct error *error) {
  struct arena *arena = ledger_arena(intake->tx);
  struct sync_status_write_params params = {.user_id = intake->entry->learner.user_id,
                                            .sources = systems_list(sources, arena),
                                            .systems = systems_list(NULL, arena),
                                            .now = intake->now_ms,
                                            .delay_ms = delay_ms,
                                            .retries = (uint64_t)intake->config->events.retries};
  if (params.sources == NULL || params.systems == NULL) return error_set_memory(error);
  return sync_status_write(ledger_db(intake->tx), &params, error, NULL);
}

bool sync_status_note(struct event_intake *intake, const bool sources[EVENT_SYSTEMS], struct error *error) {
  int64_t took_ms = clock_now_ms() - intake->now_ms;
  uint64_t delay_ms = took_ms > 0 ? (uint64_t)took_ms : 0;
  struct sync_status_waits_params params = {.user_id = intake->entry->learner.user_id};
  struct sync_status_waits_row row;
  bool has_any = false;
  bool found;
  for (size_t at = 0; at < EVENT_SYSTEMS; at++)
    has_any = has_any || sources[at];
  if (!has_any) return true;
  if (!sync_status_waits(ledger_db(intake->tx), &params, ledger_arena(intake->tx), error, &row, &found))
    return false;
  return row.waits ? note_what_waits(intake, sources, delay_ms, error)
                   : note_all_well(intake, sources, delay_ms, error);
}

/* --- How it is now ------------------------------------------------------------------------------------- */

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

static bool read_pairs(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                       struct sync_report *report) {
  struct sync_status_pairs_of_params own = {.user_id = user_id};
  struct sync_status_pairs_params all = {.systems = systems_list(NULL, arena)};
  struct sync_status_pairs_of_row *own_rows;
  struct sync_status_pairs_row *rows;
  size_t count;
  if (user_id != 0) {
    if (!sync_status_pairs_of(db, &own, arena, SYNC_PAIRS_MAX, error, &own_rows, &count)) return false;
    for (size_t at = 0; at < count; at++)
      report->pairs[at] = (struct sync_pair){
          .source_system = own_rows[at].source_system,
          .target_system = own_rows[at].target_system,
          .last_sync_ms = own_rows[at].last_sync_time,
          .last_sync_given = own_rows[at].last_sync_time_is_null ? PRESENCE_NULL : PRESENCE_GIVEN,
          .delay_ms = (int64_t)own_rows[at].last_delay_ms};
  } else {
    if (all.systems == NULL) return error_set_memory(error);
    if (!sync_status_pairs(db, &all, arena, SYNC_PAIRS_MAX, error, &rows, &count)) return false;
    for (size_t at = 0; at < count; at++)
      report->pairs[at] = (struct sync_pair){
          .source_system = rows[at].source_system,
          .target_system = rows[at].target_system,
          .last_sync_ms = rows[at].last_sync_time,
          .last_sync_given = rows[at].last_sync_time_is_null ? PRESENCE_NULL : PRESENCE_GIVEN,
          .delay_ms = rows[at].last_delay_ms_is_null ? 0 : (int64_t)rows[at].last_delay_ms};
  }
  report->pair_count = count;
  return true;
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
