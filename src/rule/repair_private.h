/* Shared by the files of repairs only. */
#ifndef LOCKSTEP_RULE_REPAIR_PRIVATE_H
#define LOCKSTEP_RULE_REPAIR_PRIVATE_H

#include "base/buffer.h"
#include "queries/repair.h"
#include "rule/repair.h"
#include "rule/rule_private.h"

#define REPAIR_SQL_BYTES_MAX ((size_t)256 * 1024)
#define REPAIR_GROUPS_MAX 4000 /* kinds of writing in one transaction: step, table, action, column */
#define REPAIR_ROUNDS_MAX 4    /* of one rule in one transaction: the steps that it may have */
#define REPAIR_FINDS_MAX 3     /* a rule is asked again because a learner moved before the lock */
#define REPAIR_USER_MAX ((uint64_t)INT64_MAX)
#define REPAIR_LAST_STEP 65535
#define REPAIR_DEFAULT_LIMIT_ROWS 1000 /* of a rule whose file says nothing */
#define REPAIR_DEFAULT_LIMIT_PERCENT 10
#define REPAIR_NUMBER_BYTES 24
#define REPAIR_COUNTS_MAX 1000 /* rules in one run */

/* A run, as its transactions need it. */
struct repair_run {
  uint64_t id;
  bool is_rollback;
  bool is_act; /* no rule's, or the undoing of one: see repair_act.h */
  bool dry_run;
  bool confirm_over_limit;
  enum repair_state state;
  uint64_t from_user;
  uint64_t to_user;
  uint64_t rolls_back;
  bool undoes_rollback; /* that run is a rollback itself */
  uint64_t learners_in_scope;
  const char *actor;
  const char *digest;
  const bool *takes; /* by place in the rule set */
};

/* One call that works on a run. Everything is borrowed. */
struct repair_work {
  const struct rule_set *set;
  struct pool *pool;
  const struct rules_config *rules;
  const struct repair_guard *guard; /* NULL: none */
  struct arena *arena;
  const struct repair_run *run;
};

/* A row that holds something else when it is written than when it was found makes the whole run again, each
 * row then looked at under the lock, so that what moved is told apart. At last one learner's rows are left to
 * another run. */
enum repair_mode { REPAIR_EAGER, REPAIR_CAREFUL, REPAIR_LEAVE };

struct rule_pause {
  const char *rule;
  bool is_whole;
};

/* One transaction over the learners from..to. */
struct repair_tx {
  const struct repair_work *work;
  struct db *db;
  struct arena *arena;
  uint64_t from;
  uint64_t to;
  uint64_t learners; /* in the range */
  enum repair_mode mode;
  const char *left_because;   /* with REPAIR_LEAVE */
  bool one_learner;           /* healing: every rule is asked once more after its repair */
  const struct rule *culprit; /* whose turn it was when something failed */
  bool found;                 /* something to be repaired */
  bool counts_found;          /* what was not measured before */
  uint64_t learners_changed;
  struct rule_pause *pauses; /* in the range */
  size_t pause_count;
  uint64_t *paused; /* rows, by place in the rule set */
  bool all_paused;
};

/* --- The run (repair.c) ------------------------------------------------------------------------------ */
bool repair_run_load(const struct rule_set *set, struct db *db, uint64_t run_id, struct arena *arena,
                     struct error *error, struct repair_run *ret_run) WARN_UNUSED;
bool repair_state_parse(const char *text, enum repair_state *ret_state) WARN_UNUSED;
bool repair_is_over(enum repair_state state);
const struct rule *repair_rule_named(const struct rule_set *set, const char *name);
/* Checks the rules, loads the run. `ret_work` borrows ret_run. */
bool repair_begin(const struct repair_engine *engine, uint64_t run_id, const struct repair_guard *guard,
                  struct arena *arena, struct error *error, struct repair_run *ret_run,
                  struct repair_work *ret_work) WARN_UNUSED;
/* A connection of the pool, with the limits of a job's work. */
bool repair_borrow(struct pool *pool, struct error *error, struct pool_lease *ret_lease) WARN_UNUSED;
/* ERROR_TRANSIENT becomes what callers may see. False, always. */
bool repair_give_up(struct error *error);
void repair_pause_before_retry(unsigned tries);

/* --- One transaction's parts ------------------------------------------------------------------------- */
/* Asks the rule, and locks whom it found (repair_find.c). */
bool repair_find(struct repair_tx *tx, const struct rule *rule, uint64_t step, struct error *error,
                 uint64_t *ret_found) WARN_UNUSED;
/* The pause in the range of this rule, of some rows or of the whole; NULL: none. */
const struct rule_pause *repair_pause_of(const struct repair_tx *tx, const char *rule);
bool repair_drop(struct repair_tx *tx, uint64_t first_step, uint64_t last_step,
                 struct error *error) WARN_UNUSED;
/* Locks the learners of these steps, and opens their histories. ret_moved: whose revision moved. */
bool repair_lock_learners(struct repair_tx *tx, uint64_t first_step, uint64_t last_step, struct error *error,
                          uint64_t *ret_moved) WARN_UNUSED;
/* Writes what repair_rows says of the steps (state done), in their order; ERROR_TRANSIENT when a row held
 * something else (repair_write.c). */
bool repair_write(struct repair_tx *tx, uint64_t first_step, uint64_t last_step,
                  struct error *error) WARN_UNUSED;
/* Rows of these steps that hold something else than they should become `moved`, whole (repair_moved.c). */
bool repair_mark_moved(struct repair_tx *tx, uint64_t first_step, uint64_t last_step,
                       struct error *error) WARN_UNUSED;
/* ERROR_CONFLICT when repairs are switched off. */
bool repair_check_switch(const struct repair_work *work, struct error *error) WARN_UNUSED;
bool repair_settle_learners(struct repair_tx *tx, struct error *error) WARN_UNUSED;
bool repair_settle_paused(struct repair_tx *tx, struct error *error) WARN_UNUSED;
/* Ledger rows, revisions and figures; holds the run to its limits. */
bool repair_settle(struct repair_tx *tx, struct error *error) WARN_UNUSED;

/* --- SQL on repair_rows AS r and its target AS t (repair_sql.c) ---------------------------------------- */
/* One kind of writing: a step's rows of one table and action, and one column of theirs. */
struct repair_group {
  uint64_t step;
  const struct rule *rule; /* NULL: a rollback does not need it any more, an act has none */
  const char *rule_name;
  const char *table;
  enum rule_action action;
  const char *column; /* NULL: none */
  uint64_t cells;
  const struct rule_column *columns; /* of the table */
  size_t column_count;
};
/* The rule's file, for messages. */
const char *repair_group_origin(const struct repair_group *group);
/* The groups of these steps, each held to what its rule may change. */
bool repair_read_groups(struct repair_tx *tx, uint64_t first_step, uint64_t last_step, struct error *error,
                        struct repair_group **ret_groups, size_t *ret_count) WARN_UNUSED;
/* The range and the group as parameters and conditions on r. */
struct repair_sql {
  struct buffer text;
  char numbers[4][REPAIR_NUMBER_BYTES]; /* run, from, to, step */
  const char *parameters[16];
  size_t parameter_count;
};
#define REPAIR_SQL_INIT \
  { .text = BUFFER_INIT(REPAIR_SQL_BYTES_MAX) }
void repair_sql_begin(struct repair_sql *sql, const struct repair_tx *tx, uint64_t step);
void repair_sql_append_rows(struct repair_sql *sql, const struct repair_group *group);
void repair_sql_append_column(struct repair_sql *sql, const struct repair_group *group);
/* The whole primary key of t, out of r.row_key: joins by it. */
void repair_sql_append_key(struct repair_sql *sql, const struct repair_group *group);
void repair_sql_append_key_value(struct repair_sql *sql, const struct rule_column *column);
/* t's column holds before_value, byte for byte. */
void repair_sql_append_same(struct repair_sql *sql, const struct repair_group *group);
bool repair_sql_exec(struct repair_sql *sql, struct repair_tx *tx, struct error *error,
                     uint64_t *ret_affected) WARN_UNUSED;
/* For db_text_each: the one number of a row; `context` is a uint64_t, left alone by NULL. */
bool repair_take_number(const struct db_text_row *row, void *context, struct error *error);
/* The one number that it returns. */
bool repair_sql_number(struct repair_sql *sql, struct repair_tx *tx, struct error *error,
                       uint64_t *ret_number) WARN_UNUSED;

/* --- Limits (repair_limit.c) ------------------------------------------------------------------------- */
uint64_t repair_limit(const struct rule *rule, uint64_t learners_in_scope);
/* ERROR_UNPROCESSABLE when so many rows are too many. */
bool repair_hold_to_limit(const struct rule *rule, uint64_t learners_in_scope, uint64_t rows,
                          const char *verb, struct error *error) WARN_UNUSED;
/* The run's figures, this transaction's among them. */
bool repair_check_limits(struct repair_tx *tx, struct error *error) WARN_UNUSED;

/* --- Ranges (repair_range.c, repair_span.c) ------------------------------------------------------------ */
/* Some learners, and how often they were tried. */
struct repair_span {
  uint64_t from;
  uint64_t to;
  uint64_t learners;
  int conflicts;
  int losses;
  enum repair_mode mode;
};
/* The next learners from `from`; the last span reaches to the end, also over ids that nobody has. */
bool repair_next_span(const struct repair_work *work, uint64_t from, uint64_t to, struct error *error,
                      struct repair_span *ret_span) WARN_UNUSED;
/* One transaction of a run over a span. On failure ret_culprit is the rule whose turn it was. */
bool repair_span_try(const struct repair_work *work, const struct repair_span *span, const char *left_because,
                     struct error *error, const struct rule **ret_culprit) WARN_UNUSED;
/* Its parts: pauses are loaded, rules are asked and their rows written in their order, the end is settled. */
bool repair_load_pauses(struct repair_tx *tx, struct error *error) WARN_UNUSED;
bool repair_rules(struct repair_tx *tx, struct error *error) WARN_UNUSED;
bool repair_leave_steps(struct repair_tx *tx, uint64_t first_step, uint64_t last_step,
                        struct error *error) WARN_UNUSED;

/* --- Plans (repair_plan.c), rollbacks (repair_undo.c) --------------------------------------------------- */
#define REPAIR_DIGEST_BYTES 65
/* A range's rows, kept over the end of the transaction that found them. */
struct repair_plan_rows {
  struct repair_image_add_params *rows;
  size_t count;
  uint64_t learners_changed;
};
bool repair_plan_take(struct repair_tx *tx, struct error *error,
                      struct repair_plan_rows *ret_plan) WARN_UNUSED;
bool repair_plan_store(struct repair_tx *tx, const struct repair_plan_rows *plan,
                       struct error *error) WARN_UNUSED;
/* SHA-256 of the planned rows, in hex; `digest` has REPAIR_DIGEST_BYTES. */
bool repair_plan_digest(const struct repair_work *work, struct error *error, char *digest) WARN_UNUSED;
bool repair_undo(struct repair_tx *tx, struct error *error) WARN_UNUSED;

/* --- One learner, for rule_heal (repair_heal.c) ------------------------------------------------------- */
/* What of a learner's, or of everybody's, is not to be repaired. */
struct repair_heal_pauses {
  struct repair_heal_pauses_row *rows;
  size_t count;
};
bool repair_heal_pauses_of(struct db *db, uint64_t user_id, struct arena *arena, struct error *error,
                           struct repair_heal_pauses *ret_pauses) WARN_UNUSED;
/* Whether a repair may touch it. */
bool repair_heal_may(const struct repair_heal_pauses *pauses, const struct rule_breach *breach);
/* Sets `repaired` and `revision`; on failure ret_culprit is the rule whose turn it was. */
bool repair_heal(const struct rule_set *set, struct pool *pool, const struct rules_config *rules,
                 enum rule_scope scope, uint64_t user_id, const char *actor, struct arena *arena,
                 struct error *error, struct rule_repair *ret_repair,
                 const struct rule **ret_culprit) WARN_UNUSED;

#endif
