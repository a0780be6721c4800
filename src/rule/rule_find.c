#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rule/rule_private.h"

#include "base/banned.h"

#define RULE_FIRST_ROWS 8

bool rule_is_asked(const struct rule_set *set, size_t at, enum rule_scope scope) {
  const struct rule *rule = &set->rules[at];
  return rule->authority == REPAIR_AUTHORITY_MODULES && (scope == RULE_SCOPE_ALL || rule->on_read) &&
         rule_set_in_use(set, at);
}

size_t rule_count_repairable(const struct rule_breach *breaches, size_t count) {
  size_t repairable = 0;
  for (size_t at = 0; at < count; at++)
    if (breaches[at].action != RULE_REPORT) repairable++;
  return repairable;
}

struct find {
  const struct rule *rule;
  const char *user_id;
  uint64_t user;
  struct arena *arena;
  struct rule_list *list;
};

static PRINTF_LIKE(3, 4) bool row_refuse(const struct find *find, struct error *error, const char *format,
                                         ...) {
  char what[ERROR_MESSAGE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  error_set(error, ERROR_INTERNAL, "A rule of consistency does not keep to its form.");
  return error_detail(error, "%s (learner %s): %s", find->rule->file, find->user_id, what);
}

static bool row_read(const struct find *find, const struct db_text_row *row, struct error *error,
                     struct rule_breach *ret_breach) {
  enum { USER_ID, TABLE, KEY, ACTION, COLUMN, ACTUAL, WANTED, COLUMNS };
  struct rule_breach breach = {.rule = find->rule, .user_id = find->user};
  const char *const *values = row->values;
  if (row->count != COLUMNS) return row_refuse(find, error, "the row has not the seven columns");
  if (values[USER_ID] == NULL || strcmp(values[USER_ID], find->user_id) != 0)
    return row_refuse(find, error, "the row is another learner's");
  if (values[TABLE] == NULL || values[KEY] == NULL || values[ACTION] == NULL)
    return row_refuse(find, error, "table, key or action is NULL");
  int action = -1;
  for (int at = 0; rule_action_names[at] != NULL; at++)
    if (strcmp(rule_action_names[at], values[ACTION]) == 0) action = at;
  if (action < 0) return row_refuse(find, error, "the action is none of set, insert, delete, report");
  breach.action = (enum rule_action)action;
  if (breach.action == RULE_SET && values[COLUMN] == NULL)
    return row_refuse(find, error, "no column is to be set");
  if (breach.action != RULE_REPORT &&
      !rule_may_change(find->rule, values[TABLE], breach.action == RULE_SET ? values[COLUMN] : NULL))
    return row_refuse(find, error, "the row changes what the file does not declare: %.64s%s%.64s",
                      values[TABLE], breach.action == RULE_SET ? "." : "",
                      breach.action == RULE_SET ? values[COLUMN] : "");
  const char **targets[COLUMNS] = {NULL,           &breach.table,  &breach.key,   NULL,
                                   &breach.column, &breach.actual, &breach.wanted};
  for (size_t at = 0; at < COLUMNS; at++) {
    if (targets[at] == NULL || values[at] == NULL) continue;
    *targets[at] = arena_strdup(find->arena, values[at]);
    if (*targets[at] == NULL) return error_set_memory(error);
  }
  *ret_breach = breach;
  return true;
}

static bool take_row(const struct db_text_row *row, void *context, struct error *error) {
  struct find *find = context;
  struct rule_list *list = find->list;
  struct rule_breach breach;
  if (!row_read(find, row, error, &breach)) return false;
  if (list->count == list->capacity) {
    size_t capacity = list->capacity == 0 ? RULE_FIRST_ROWS : 2 * list->capacity;
    struct rule_breach *items = arena_alloc_array(find->arena, capacity, sizeof *items);
    if (items == NULL) return error_set_memory(error);
    if (list->count > 0) memcpy(items, list->items, list->count * sizeof *items);
    list->items = items;
    list->capacity = capacity;
  }
  list->items[list->count++] = breach;
  return true;
}

bool rule_find_one(const struct rule *rule, struct db *db, uint64_t user_id, struct arena *arena,
                   struct error *error, struct rule_list *list) {
  char user[24];
  const char *parameters[2 * RULE_RANGES_MAX];
  snprintf(user, sizeof user, "%llu", (unsigned long long)user_id);
  for (size_t at = 0; at < 2 * rule->range_count; at++)
    parameters[at] = user;
  size_t before = list->count;
  struct find find = {.rule = rule, .user_id = user, .user = user_id, .arena = arena, .list = list};
  if (!db_text_each(db, rule->sql, parameters, 2 * rule->range_count, arena, take_row, &find, error))
    return false;
  if (list->count - before > RULE_ROWS_MAX) return row_refuse(&find, error, "too many rows for one learner");
  return true;
}

static bool find_all(const struct rule_set *set, struct db *db, enum rule_scope scope, uint64_t user_id,
                     struct arena *arena, struct error *error, struct rule_list *list,
                     const struct rule **ret_culprit) {
  for (size_t at = 0; at < set->count; at++) {
    if (!rule_is_asked(set, at, scope)) continue;
    if (rule_find_one(&set->rules[at], db, user_id, arena, error, list)) continue;
    *ret_culprit = &set->rules[at];
    return false;
  }
  return true;
}

bool rule_find_or_blame(const struct rule_set *set, struct db *db, enum rule_scope scope, uint64_t user_id,
                        struct arena *arena, struct error *error, struct rule_list *ret_list,
                        const struct rule **ret_culprit) {
  struct rule_list list = {0};
  if (!rule_set_check(set, db, error)) return false;
  bool own = !db_in_transaction(db);
  if (own && !db_begin_snapshot(db, error)) return false;
  bool found = find_all(set, db, scope, user_id, arena, error, &list, ret_culprit);
  if (own) db_rollback(db);
  if (found) *ret_list = list;
  return found;
}

bool rule_find(const struct rule_set *set, struct db *db, enum rule_scope scope, uint64_t user_id,
               struct arena *arena, struct error *error, struct rule_breach **ret_breaches,
               size_t *ret_count) {
  const struct rule *culprit;
  struct rule_list list;
  if (!rule_find_or_blame(set, db, scope, user_id, arena, error, &list, &culprit)) return false;
  *ret_breaches = list.items;
  *ret_count = list.count;
  return true;
}
