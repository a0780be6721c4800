#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rule/rule_private.h"

#include "base/banned.h"

bool rule_is_asked(const struct rule_set *set, size_t at, enum rule_scope scope) {
  const struct rule *rule = &set->rules[at];
  static const enum rule_read reads[RULE_SCOPES] = {[RULE_SCOPE_PROGRESS] = RULE_READ_PROGRESS,
                                                    [RULE_SCOPE_COURSES] = RULE_READ_COURSES,
                                                    [RULE_SCOPE_EVENTS] = RULE_READ_EVENTS};
  return rule->authority == REPAIR_AUTHORITY_MODULES &&
         (scope == RULE_SCOPE_ALL || rule->on_read == reads[scope]) && rule_set_in_use(set, at);
}

bool rule_set_asks_site(const struct rule_set *set, enum rule_scope scope) {
  for (size_t at = 0; at < set->count; at++)
    if (set->rules[at].of_site && rule_is_asked(set, at, scope)) return true;
  return false;
}

struct find {
  const struct rule *rule;
  uint64_t user_id;
  rule_take take;
  void *context;
};

static PRINTF_LIKE(4, 5) bool row_refuse(const struct rule *rule, const char *user_id, struct error *error,
                                         const char *format, ...) {
  char what[ERROR_MESSAGE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  error_set(error, ERROR_INTERNAL, "A rule of consistency does not keep to its form.");
  return error_detail(error, "%s (learner %.24s): %s", rule->file, user_id == NULL ? "NULL" : user_id, what);
}

/* Whose row it is: plain digits, within the range. */
static bool row_read_user(const char *text, uint64_t from_user, uint64_t to_user, uint64_t *ret_user) {
  if (text == NULL || *text == '\0' || text[strspn(text, "0123456789")] != '\0') return false;
  errno = 0;
  uint64_t user = strtoull(text, NULL, 10);
  if (errno != 0 || user < from_user || user > to_user) return false;
  *ret_user = user;
  return true;
}

bool rule_row_read(const struct rule *rule, const struct db_text_row *row, uint64_t from_user,
                   uint64_t to_user, struct error *error, struct rule_breach *ret_breach) {
  enum { USER_ID, TABLE, KEY, ACTION, COLUMN, ACTUAL, WANTED, COLUMNS };
  struct rule_breach breach = {.rule = rule};
  const char *const *values = row->values;
  const char *user_id = row->count == 0 ? NULL : values[USER_ID];
  if (row->count != COLUMNS) return row_refuse(rule, user_id, error, "the row has not the seven columns");
  if (!row_read_user(user_id, from_user, to_user, &breach.user_id))
    return row_refuse(rule, user_id, error, "the row is another learner's");
  if (values[TABLE] == NULL || values[KEY] == NULL || values[ACTION] == NULL)
    return row_refuse(rule, user_id, error, "table, key or action is NULL");
  if (strlen(values[KEY]) > RULE_KEY_BYTES_MAX)
    return row_refuse(rule, user_id, error, "the key has more than %d bytes", RULE_KEY_BYTES_MAX);
  int action = -1;
  for (int at = 0; rule_action_names[at] != NULL; at++)
    if (strcmp(rule_action_names[at], values[ACTION]) == 0) action = at;
  if (action < 0)
    return row_refuse(rule, user_id, error, "the action is none of set, insert, delete, report");
  breach.action = (enum rule_action)action;
  if (breach.action == RULE_SET && values[COLUMN] == NULL)
    return row_refuse(rule, user_id, error, "no column is to be set");
  if (breach.action != RULE_REPORT &&
      !rule_may_change(rule, values[TABLE], breach.action == RULE_SET ? values[COLUMN] : NULL))
    return row_refuse(rule, user_id, error, "the row changes what the file does not declare: %.64s%s%.64s",
                      values[TABLE], breach.action == RULE_SET ? "." : "",
                      breach.action == RULE_SET ? values[COLUMN] : "");
  breach.table = values[TABLE];
  breach.key = values[KEY];
  breach.column = values[COLUMN];
  breach.actual = values[ACTUAL];
  breach.wanted = values[WANTED];
  *ret_breach = breach;
  return true;
}

static bool take_row(const struct db_text_row *row, void *context, struct error *error) {
  const struct find *find = context;
  struct rule_breach breach;
  return rule_row_read(find->rule, row, find->user_id, find->user_id, error, &breach) &&
         find->take(&breach, find->context, error);
}

static bool find_one(struct find *find, struct db *db, struct arena *arena, struct error *error) {
  char user[24];
  const char *parameters[2 * RULE_RANGES_MAX];
  size_t count = 2 * find->rule->range_count;
  snprintf(user, sizeof user, "%llu", (unsigned long long)find->user_id);
  for (size_t at = 0; at < count; at++)
    parameters[at] = user;
  return db_text_each(db, find->rule->sql, parameters, count, arena, take_row, find, error);
}

static bool find_all(const struct rule_set *set, struct db *db, enum rule_scope scope, struct find *find,
                     struct arena *arena, struct error *error) {
  for (size_t at = 0; at < set->count; at++) {
    if (!rule_is_asked(set, at, scope)) continue;
    find->rule = &set->rules[at];
    if (!find_one(find, db, arena, error)) return false;
  }
  return true;
}

bool rule_find(const struct rule_set *set, struct db *db, enum rule_scope scope, uint64_t user_id,
               struct arena *arena, rule_take take, void *context, struct error *error,
               const struct rule **ret_culprit) {
  struct find find = {.user_id = user_id, .take = take, .context = context};
  bool own = !db_in_transaction(db);
  bool found = rule_set_check(set, db, error) && (!own || db_begin_snapshot(db, error)) &&
               find_all(set, db, scope, &find, arena, error);
  if (own) db_rollback(db);
  if (!found && ret_culprit != NULL) *ret_culprit = find.rule;
  return found;
}
