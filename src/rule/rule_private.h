/* Shared by the files of this room only. */
#ifndef LOCKSTEP_RULE_RULE_PRIVATE_H
#define LOCKSTEP_RULE_RULE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "db/db.h"
#include "rule/rule.h"

#define RULE_FILE_BYTES_MAX ((size_t)64 * 1024)
#define RULE_FILES_MAX 200 /* of one directory */
#define RULE_SET_ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define RULE_KEY_COLUMNS_MAX 8
#define RULE_KEY_BYTES_MAX 2048 /* of a key as JSON: the 512 characters of repair_rows.row_key */
#define RULE_TARGETS_MAX 16     /* one rule may change */
#define RULE_TRIES_MAX 3        /* find and repair, of one rule in one transaction */

/* A column of a base table, as information_schema has it. */
struct rule_column {
  const char *table;
  const char *name;
  const char *type;          /* data type without length: bigint, varchar, datetime … */
  const char *full_type;     /* with it: bigint(20) unsigned, enum('a','b') … */
  const char *character_set; /* NULL: no text */
  const char *collation;
  bool is_key; /* of the primary key */
  bool is_nullable;
  bool is_generated; /* computed by the database: not to be written */
};

/* One row with the learner's revision, and 1 for each rule in breach. Const once published. */
struct rule_probe {
  const char *sql;
  size_t range_count;
};

/* What becomes known with the database. The lock guards every change of it, the set's arena, and the
 * problems. */
struct rule_state {
  pthread_mutex_t lock;
  atomic_bool checked;
  atomic_bool *in_use; /* by place in the set */
  const char **problems;
  size_t problem_count;
  size_t problem_capacity;
  struct rule_column *columns; /* by table, then position */
  size_t column_count;
  _Atomic(const struct rule_probe *) probe[RULE_SCOPES];
};

struct rule_set {
  struct arena *arena;
  struct rule *rules;
  size_t count;
  struct rule_state *state;
};

/* "file:line: what"; false, always. Line 0: the file as a whole. */
bool rule_complain(struct error *error, const char *file, size_t line, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* One file's text (rule_file.c). Sets everything but of_site. `ret_applies`: false when the
 * configuration chose another variant. */
bool rule_file_parse(const char *file, const char *text, size_t text_bytes, const struct rules_config *config,
                     struct arena *arena, struct error *error, struct rule *ret_rule,
                     bool *ret_applies) WARN_UNUSED;

/* The SELECT that begins at `text`, on that line of its file (rule_sql.c): comments gone, :from, :to and
 * settings replaced. Sets the rule's sql, sql_line and range_count. */
bool rule_sql_compile(const char *file, size_t line, const char *text, const struct rules_config *config,
                      struct arena *arena, struct error *error, struct rule *rule) WARN_UNUSED;

/* A table's columns, by position; NULL and 0: no base table of that name. Once the set is checked. */
const struct rule_column *rule_table_columns(const struct rule_set *set, const char *table,
                                             size_t *ret_count);
/* NULL: there is none. */
const struct rule_column *rule_column_find(const struct rule_set *set, const char *table, const char *name);
/* Whether a name can stand in SQL as it is: a-z, 0-9 and _. */
bool rule_name_is_plain(const char *name);

/* The state's lock is held. */
bool rule_state_add_problem(struct rule_set *set, const char *problem, struct error *error) WARN_UNUSED;

/* In use, and in the scope. */
bool rule_is_asked(const struct rule_set *set, size_t at, enum rule_scope scope);
/* From now on this rule is not asked any more; `why` becomes its problem. */
bool rule_leave_aside(const struct rule_set *set, const struct rule *rule, const struct error *why,
                      struct error *error) WARN_UNUSED;
/* One row of a rule's result, held to its form, to the range and to what the rule declares. The texts stay
 * the row's own. */
bool rule_row_read(const struct rule *rule, const struct db_text_row *row, uint64_t from_user,
                   uint64_t to_user, struct error *error, struct rule_breach *ret_breach) WARN_UNUSED;

#endif
