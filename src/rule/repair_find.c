/* Finding and locking. A rule is asked for the whole range at once, and what it finds goes to repair_rows
 * without leaving the database. Then those learners are locked: whose revision has moved since was seen too
 * early, and everybody is found again, under the locks. */
#include <string.h>

#include "queries/repair.h"
#include "rule/repair_private.h"

#include "base/banned.h"

enum { FIND_RUN, FIND_FROM, FIND_TO, FIND_STEP, FIND_NUMBERS };

/* UUID_SHORT counts up on its server, and needs no lock; 48 bits of it stay exact in JavaScript. The revision
 * is a look-up of its own for each row: were it a join, the server might begin with all learners. */
static void append_find(struct buffer *sql, const struct rule *rule) {
  buffer_printf(sql,
                "INSERT INTO repair_rows (run_id, user_id, step, id, rule, table_name, row_key, action,"
                " column_name, before_value, after_value, base_revision, state) SELECT ?,"
                " IF(s.user_id BETWEEN ? AND ?, s.user_id, NULL), ?, UUID_SHORT() & 281474976710655, '%s',"
                " s.`table`, s.`key`, s.`action`, s.`column`, s.actual, s.wanted,"
                " (SELECT u.revision FROM users AS u WHERE u.id = s.user_id), 'done' FROM (%s) AS s"
                " WHERE s.`action` <> 'report'",
                rule->name, rule->sql);
}

static bool find_once(struct repair_tx *tx, const struct rule *rule, uint64_t step, struct error *error,
                      uint64_t *ret_rows) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(REPAIR_SQL_BYTES_MAX);
  struct repair_sql numbers;
  const char *parameters[FIND_NUMBERS + 2 * RULE_RANGES_MAX];
  struct db_outcome outcome;
  append_find(&text, rule);
  repair_sql_begin(&numbers, tx, step);
  for (size_t at = 0; at < FIND_NUMBERS; at++)
    parameters[at] = numbers.numbers[at];
  for (size_t at = 0; at < 2 * rule->range_count; at++)
    parameters[FIND_NUMBERS + at] = numbers.numbers[at % 2 == 0 ? FIND_FROM : FIND_TO];
  if (text.failed) return error_set_memory(error);
  if (!db_text_exec(tx->db, text.data, parameters, FIND_NUMBERS + 2 * rule->range_count, error, &outcome)) {
    if (error->code != ERROR_INTERNAL && error->code != ERROR_CONFLICT) return false;
    struct error refusal = *error;
    error_set(error, ERROR_INTERNAL, "A rule of consistency does not keep to its form.");
    return error_detail(error, "%s: %.300s", rule->file, refusal.detail);
  }
  *ret_rows = outcome.affected;
  return true;
}

const struct rule_pause *repair_pause_of(const struct repair_tx *tx, const char *rule) {
  for (size_t at = 0; at < tx->pause_count; at++)
    if (strcmp(tx->pauses[at].rule, rule) == 0) return &tx->pauses[at];
  return NULL;
}

bool repair_drop(struct repair_tx *tx, uint64_t first_step, uint64_t last_step, struct error *error) {
  struct repair_steps_drop_params params = {.run_id = tx->work->run->id,
                                            .from_user = tx->from,
                                            .to_user = tx->to,
                                            .first_step = first_step,
                                            .last_step = last_step};
  struct db_outcome outcome;
  return repair_steps_drop(tx->db, &params, error, &outcome);
}

static bool drop_whole(struct repair_tx *tx, uint64_t step, struct error *error, uint64_t *ret_paused) {
  struct repair_step_count_params params = {
      .run_id = tx->work->run->id, .from_user = tx->from, .to_user = tx->to, .step = step};
  struct repair_step_count_row row;
  bool found;
  if (!repair_step_count(tx->db, &params, tx->arena, error, &row, &found)) return false;
  *ret_paused = row.found;
  return repair_drop(tx, step, step, error);
}

static bool drop_paused_rows(struct repair_tx *tx, uint64_t step, struct error *error, uint64_t *rows,
                             uint64_t *ret_paused) {
  struct repair_paused_count_params params = {
      .run_id = tx->work->run->id, .from_user = tx->from, .to_user = tx->to, .step = step};
  struct repair_paused_count_row row;
  struct repair_paused_drop_params drop = {params.run_id, params.from_user, params.to_user, params.step};
  struct db_outcome outcome;
  bool found;
  if (!repair_paused_count(tx->db, &params, tx->arena, error, &row, &found)) return false;
  *ret_paused = row.paused;
  if (row.paused == 0) return true;
  if (!repair_paused_drop(tx->db, &drop, error, &outcome)) return false;
  *rows -= outcome.affected;
  return true;
}

static bool drop_paused(struct repair_tx *tx, const struct rule *rule, uint64_t step, struct error *error,
                        uint64_t *rows) {
  uint64_t *paused = &tx->paused[rule - tx->work->set->rules];
  const struct rule_pause *pause = repair_pause_of(tx, rule->name);
  if (pause == NULL) return true;
  if (!pause->is_whole) return drop_paused_rows(tx, step, error, rows, paused);
  *rows = 0;
  return drop_whole(tx, step, error, paused);
}

static bool open_ledger(struct repair_tx *tx, uint64_t first_step, uint64_t last_step, struct error *error) {
  struct repair_open_ledger_params params = {.run_id = tx->work->run->id,
                                             .from_user = tx->from,
                                             .to_user = tx->to,
                                             .first_step = first_step,
                                             .last_step = last_step};
  return repair_open_ledger(tx->db, &params, error, NULL);
}

bool repair_lock_learners(struct repair_tx *tx, uint64_t first_step, uint64_t last_step, struct error *error,
                          uint64_t *ret_moved) {
  struct repair_lock_params params = {.run_id = tx->work->run->id,
                                      .from_user = tx->from,
                                      .to_user = tx->to,
                                      .first_step = first_step,
                                      .last_step = last_step};
  struct repair_lock_row row;
  bool found;
  if (!repair_lock(tx->db, &params, tx->arena, error, &row, &found)) return false;
  if (row.unopened > 0 && row.moved == 0 && !open_ledger(tx, first_step, last_step, error)) return false;
  *ret_moved = row.moved;
  return true;
}

bool repair_find(struct repair_tx *tx, const struct rule *rule, uint64_t step, struct error *error,
                 uint64_t *ret_found) {
  for (int tries = 1;; tries++) {
    uint64_t rows;
    uint64_t moved = 0;
    if (!find_once(tx, rule, step, error, &rows)) return false;
    if (rows > 0 && !drop_paused(tx, rule, step, error, &rows)) return false;
    if (rows > 0 && tx->mode != REPAIR_LEAVE && !repair_lock_learners(tx, step, step, error, &moved))
      return false;
    if (moved == 0) {
      *ret_found = rows;
      return true;
    }
    if (tries == REPAIR_FINDS_MAX)
      return error_set(error, ERROR_TRANSIENT, "Learners moved faster than they could be locked.");
    if (!repair_drop(tx, step, step, error)) return false;
  }
}
