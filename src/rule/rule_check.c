/* What can only be known with a database: whether the rules fit it, and what they may change. */
#include <string.h>

#include "base/buffer.h"
#include "queries/rule.h"
#include "rule/rule_private.h"

#include "base/banned.h"

#define RULE_COLUMNS_MAX 20000 /* of all tables together */
#define RULE_PROBE_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define RULE_CHECK_ARENA_BYTES ((size_t)4 * 1024 * 1024)

static const char *const contract_names[] = {"user_id", "table",  "key",   "action",
                                             "column",  "actual", "wanted"};

static bool names_fit(const struct rule *rule, const char *const *names, size_t count, struct error *error) {
  for (size_t at = 0; at < ARRAY_LENGTH(contract_names); at++) {
    if (at < count && strcmp(names[at], contract_names[at]) == 0) continue;
    return rule_complain(error, rule->file, rule->sql_line,
                         "column %zu of the SELECT is %.64s, it must be %s", at + 1,
                         at < count ? names[at] : "missing", contract_names[at]);
  }
  if (count == ARRAY_LENGTH(contract_names)) return true;
  return rule_complain(error, rule->file, rule->sql_line, "the SELECT has %zu columns, a rule's are %zu",
                       count, ARRAY_LENGTH(contract_names));
}

const struct rule_column *rule_table_columns(const struct rule_set *set, const char *table,
                                             size_t *ret_count) {
  const struct rule_state *state = set->state;
  size_t first = 0;
  while (first < state->column_count && strcmp(state->columns[first].table, table) != 0)
    first++;
  size_t count = 0;
  while (first + count < state->column_count && strcmp(state->columns[first + count].table, table) == 0)
    count++;
  *ret_count = count;
  return count == 0 ? NULL : &state->columns[first];
}

const struct rule_column *rule_column_find(const struct rule_set *set, const char *table, const char *name) {
  size_t count;
  const struct rule_column *columns = rule_table_columns(set, table, &count);
  for (size_t at = 0; at < count; at++)
    if (strcmp(columns[at].name, name) == 0) return &columns[at];
  return NULL;
}

static bool target_fits(const struct rule_set *set, const struct rule *rule, const struct rule_target *target,
                        struct error *error) {
  size_t count;
  size_t keys = 0;
  const struct rule_column *columns = rule_table_columns(set, target->table, &count);
  for (size_t at = 0; at < count; at++)
    if (columns[at].is_key) keys += rule_name_is_plain(columns[at].name) ? 1 : RULE_KEY_COLUMNS_MAX + 1;
  if (keys == 0)
    return rule_complain(error, rule->file, rule->changes_line, "there is no table %s with a primary key",
                         target->table);
  if (keys > RULE_KEY_COLUMNS_MAX)
    return rule_complain(error, rule->file, rule->changes_line, "no rule can change the rows of %s",
                         target->table);
  if (target->column == NULL) return true;
  const struct rule_column *column = rule_column_find(set, target->table, target->column);
  if (column == NULL)
    return rule_complain(error, rule->file, rule->changes_line, "the table %s has no column %s",
                         target->table, target->column);
  if (column->is_key || column->is_generated)
    return rule_complain(error, rule->file, rule->changes_line, "%s.%s is %s: no rule can change it",
                         target->table, target->column,
                         column->is_key ? "part of the primary key" : "computed by the database");
  return true;
}

static bool targets_fit(const struct rule_set *set, const struct rule *rule, struct error *error) {
  for (size_t at = 0; at < rule->change_count; at++)
    if (!target_fits(set, rule, &rule->changes[at], error)) return false;
  return true;
}

/* ERROR_MALFORMED: the rule is wrong. Everything else: it could not be checked. */
static bool rule_fits(const struct rule_set *set, const struct rule *rule, struct db *db, struct arena *arena,
                      struct error *error) {
  const char *const *names;
  size_t count;
  size_t parameter_count;
  if (!db_text_describe(db, rule->sql, arena, error, &names, &count, &parameter_count)) {
    if (error->code != ERROR_INTERNAL || error->sql_errno == 0) return false;
    struct error refusal = *error;
    return rule_complain(error, rule->file, rule->sql_line, "the database refuses its SELECT: %.180s",
                         refusal.detail);
  }
  return names_fit(rule, names, count, error) && targets_fit(set, rule, error);
}

static bool rules_fit(struct rule_set *set, struct db *db, struct error *error) {
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(RULE_CHECK_ARENA_BYTES);
  if (arena == NULL) return error_set_memory(error);
  for (size_t at = 0; at < set->count; at++) {
    arena_reset(arena);
    if (!atomic_load(&set->state->in_use[at]))
      continue; /* left aside by a check that could not be finished */
    if (rule_fits(set, &set->rules[at], db, arena, error)) continue;
    if (error->code != ERROR_MALFORMED) return false;
    if (!set->rules[at].of_site) {
      error->code = ERROR_INTERNAL;
      return false;
    }
    atomic_store(&set->state->in_use[at], false);
    if (!rule_state_add_problem(set, error->message, error)) return false;
    error_clear(error);
  }
  return true;
}

static bool columns_read(struct rule_set *set, struct db *db, struct error *error) {
  struct rule_read_columns_row *rows;
  size_t count;
  if (!rule_read_columns(db, set->arena, RULE_COLUMNS_MAX, error, &rows, &count)) return false;
  struct rule_column *columns = arena_alloc_array(set->arena, count + 1, sizeof *columns);
  if (columns == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    columns[at] = (struct rule_column){.table = rows[at].table_name,
                                       .name = rows[at].column_name,
                                       .type = rows[at].data_type,
                                       .full_type = rows[at].column_type,
                                       .character_set = rows[at].character_set,
                                       .collation = rows[at].collation,
                                       .is_key = rows[at].is_key,
                                       .is_nullable = rows[at].is_nullable,
                                       .is_generated = rows[at].is_generated};
  set->state->columns = columns;
  set->state->column_count = count;
  return true;
}

/* One statement that says which rules a learner breaks, so that a learner without drift costs one
 * round trip. EXISTS lets the server leave out what only the repair needs. */
static bool probe_publish(struct rule_set *set, enum rule_scope scope, struct error *error) {
  CLEANUP(buffer_free) struct buffer sql = BUFFER_INIT(RULE_PROBE_BYTES_MAX);
  struct rule_probe *probe = arena_alloc(set->arena, sizeof *probe);
  if (probe == NULL) return error_set_memory(error);
  buffer_append_text(&sql, "SELECT (SELECT u.revision FROM users AS u WHERE u.id = ?)");
  for (size_t at = 0; at < set->count; at++) {
    if (!rule_is_asked(set, at, scope)) continue;
    buffer_append_text(&sql, ", EXISTS (");
    const struct rule *rule = &set->rules[at];
    buffer_append_text(&sql, rule->found_sql != NULL ? rule->found_sql : rule->sql);
    buffer_append_char(&sql, ')');
    probe->range_count += rule->found_sql != NULL ? rule->found_range_count : rule->range_count;
  }
  probe->sql = sql.failed ? NULL : arena_strdup(set->arena, sql.data);
  if (probe->sql == NULL) return error_set_memory(error);
  atomic_store(&set->state->probe[scope], probe);
  return true;
}

static bool probes_publish(struct rule_set *set, struct error *error) {
  for (int scope = 0; scope < RULE_SCOPES; scope++)
    if (!probe_publish(set, (enum rule_scope)scope, error)) return false;
  return true;
}

bool rule_set_check(const struct rule_set *set, struct db *db, struct error *error) {
  struct rule_state *state = set->state;
  if (atomic_load_explicit(&state->checked, memory_order_acquire)) return true;
  struct rule_set own = *set; /* the same arena and state; what is const of a set stays so */
  pthread_mutex_lock(&state->lock);
  bool checked = atomic_load_explicit(&state->checked, memory_order_relaxed);
  if (!checked) {
    checked = columns_read(&own, db, error) && rules_fit(&own, db, error) && probes_publish(&own, error);
    if (checked) atomic_store_explicit(&state->checked, true, memory_order_release);
  }
  pthread_mutex_unlock(&state->lock);
  return checked;
}

static bool leave_aside(struct rule_set *set, const struct rule *rule, const struct error *why,
                        struct error *error) {
  if (!atomic_exchange(&set->state->in_use[rule - set->rules], false)) return true;
  const char *problem = arena_printf(set->arena, "%s: %s (%s)", rule->file, why->message, why->detail);
  if (problem == NULL) return error_set_memory(error);
  return rule_state_add_problem(set, problem, error) && probes_publish(set, error);
}

bool rule_leave_aside(const struct rule_set *set, const struct rule *rule, const struct error *why,
                      struct error *error) {
  struct rule_set own = *set;
  pthread_mutex_lock(&set->state->lock);
  bool done = leave_aside(&own, rule, why, error);
  pthread_mutex_unlock(&set->state->lock);
  return done;
}

bool rule_set_in_use(const struct rule_set *set, size_t at) { return atomic_load(&set->state->in_use[at]); }
