/* A rule file: annotations in its first lines, then an explanation if there is one, then the SELECT. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "rule/rule_private.h"
#include "schema/utf8.h"

#include "base/banned.h"

#define RULE_SUMMARY_BYTES 200
#define RULE_ORDER_DEFAULT 100
#define RULE_ORDER_MAX 1000000
#define RULE_LIMIT_ROWS_MAX INT64_C(1000000000)

const char *const rule_severity_names[] = {"info", "warning", "critical", NULL};
const char *const repair_authority_names[] = {"modules", "columns", NULL};
const char *const rule_read_names[] = {"no", "progress", "courses", "events", NULL};
const char *const rule_action_names[] = {"set", "insert", "delete", "report", NULL};

static const char *const surplus_names[] = {"unattributed", "drop", NULL}; /* as enum rules_surplus */

bool rule_complain(struct error *error, const char *file, size_t line, const char *format, ...) {
  char what[ERROR_MESSAGE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  if (line == 0) return error_set(error, ERROR_MALFORMED, "%s: %s", file, what);
  return error_set(error, ERROR_MALFORMED, "%s:%zu: %s", file, line, what);
}

bool rule_name_is_plain(const char *name) {
  size_t bytes = strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789");
  return bytes > 0 && bytes <= 64 && name[bytes] == '\0';
}

bool rule_may_change(const struct rule *rule, const char *table, const char *column) {
  for (size_t at = 0; at < rule->change_count; at++) {
    const struct rule_target *target = &rule->changes[at];
    if (strcmp(target->table, table) != 0 || (target->column == NULL) != (column == NULL)) continue;
    if (column == NULL || strcmp(target->column, column) == 0) return true;
  }
  return false;
}

struct file_parse {
  const char *file;
  size_t line;
  const struct rules_config *config;
  struct arena *arena;
  struct rule *rule;
  bool applies;
};

static int name_index(const char *const *names, const char *text) {
  for (int at = 0; names[at] != NULL; at++)
    if (strcmp(names[at], text) == 0) return at;
  return -1;
}

static bool take_name(struct file_parse *parse, const char *value, struct error *error) {
  const char *base = strrchr(parse->file, '/');
  base = base == NULL ? parse->file : base + 1;
  size_t bytes = strspn(value, "abcdefghijklmnopqrstuvwxyz_0123456789");
  if (value[bytes] != '\0' || !islower((unsigned char)value[0]))
    return rule_complain(error, parse->file, parse->line,
                         "'%.80s' is no name: a-z, 0-9 and _, a letter first", value);
  if (bytes >= RULE_NAME_BYTES)
    return rule_complain(error, parse->file, parse->line, "a name has at most %d characters",
                         RULE_NAME_BYTES - 1);
  if (strncmp(base, value, bytes) != 0 || base[bytes] != '.')
    return rule_complain(error, parse->file, parse->line,
                         "the rule %s belongs in a file of its name: %s.sql, or %s.<variant>.sql", value,
                         value, value);
  parse->rule->name = arena_strdup(parse->arena, value);
  return parse->rule->name != NULL || error_set_memory(error);
}

static bool take_summary(struct file_parse *parse, const char *value, struct error *error) {
  if (strlen(value) > RULE_SUMMARY_BYTES)
    return rule_complain(error, parse->file, parse->line, "a summary has at most %d bytes",
                         RULE_SUMMARY_BYTES);
  parse->rule->summary = arena_strdup(parse->arena, value);
  return parse->rule->summary != NULL || error_set_memory(error);
}

static bool take_severity(struct file_parse *parse, const char *value, struct error *error) {
  int at = name_index(rule_severity_names, value);
  if (at < 0)
    return rule_complain(error, parse->file, parse->line,
                         "severity is info, warning or critical, not '%.40s'", value);
  parse->rule->severity = (enum rule_severity)at;
  return true;
}

static bool take_on_read(struct file_parse *parse, const char *value, struct error *error) {
  int at = name_index(rule_read_names, value);
  if (at < 0)
    return rule_complain(error, parse->file, parse->line,
                         "on-read is no, progress, courses or events, not '%.40s'", value);
  parse->rule->on_read = (enum rule_read)at;
  return true;
}

/* A whole number at the start of `text`; its end in *text. */
static bool take_number(const char **text, int64_t maximum, int64_t *ret_number) {
  int64_t number = 0;
  const char *at = *text;
  for (; isdigit((unsigned char)*at); at++) {
    number = number * 10 + (*at - '0');
    if (number > maximum) return false;
  }
  if (at == *text) return false;
  *text = at;
  *ret_number = number;
  return true;
}

static bool take_order(struct file_parse *parse, const char *value, struct error *error) {
  int64_t order;
  const char *end = value;
  if (!take_number(&end, RULE_ORDER_MAX, &order) || *end != '\0')
    return rule_complain(error, parse->file, parse->line, "order is a number from 0 to %d, not '%.40s'",
                         RULE_ORDER_MAX, value);
  parse->rule->order = (int)order;
  return true;
}

/* "10 %", "5000 rows", or both with "or" between them. */
static bool take_limit(struct file_parse *parse, const char *value, struct error *error) {
  const char *at = value;
  int64_t number;
  struct rule *rule = parse->rule;
  for (bool more = true; more;) {
    if (!take_number(&at, RULE_LIMIT_ROWS_MAX, &number) || number == 0) goto refuse;
    at += strspn(at, " ");
    if (*at == '%' && number <= 100 && rule->limit_share_percent == 0) {
      rule->limit_share_percent = number;
      at++;
    } else if (strncmp(at, "rows", 4) == 0 && rule->limit_rows == 0) {
      rule->limit_rows = number;
      at += 4;
    } else {
      goto refuse;
    }
    more = strncmp(at, " or ", 4) == 0;
    if (more) at += 4;
  }
  if (*at == '\0') return true;
refuse:
  return rule_complain(error, parse->file, parse->line,
                       "a limit reads '10 %%', '5000 rows' or '10 %% or 5000 rows', not '%.60s'", value);
}

/* The settings that choose between variants of a rule. */
static bool take_when(struct file_parse *parse, const char *value, struct error *error) {
  static const char setting[] = "rules.surplus = ";
  if (strncmp(value, setting, sizeof setting - 1) != 0)
    return rule_complain(error, parse->file, parse->line, "when reads 'rules.surplus = <value>', not '%.60s'",
                         value);
  int at = name_index(surplus_names, value + sizeof setting - 1);
  if (at < 0)
    return rule_complain(error, parse->file, parse->line,
                         "rules.surplus is unattributed or drop, not '%.40s'", value + sizeof setting - 1);
  parse->applies = parse->config->surplus == at;
  parse->rule->variant = arena_printf(parse->arena, "rules.surplus=%s", surplus_names[at]);
  return parse->rule->variant != NULL || error_set_memory(error);
}

static bool take_authority(struct file_parse *parse, const char *value, struct error *error) {
  int at = name_index(repair_authority_names, value);
  if (at < 0)
    return rule_complain(error, parse->file, parse->line, "authority is modules or columns, not '%.40s'",
                         value);
  parse->rule->authority = (enum repair_authority)at;
  return true;
}

/* "table.column", or "table". */
static bool take_target(struct file_parse *parse, char *text, struct error *error,
                        struct rule_target *ret_target) {
  char *column = strchr(text, '.');
  if (column != NULL) *column++ = '\0';
  if (!rule_name_is_plain(text) || (column != NULL && !rule_name_is_plain(column)))
    return rule_complain(error, parse->file, parse->line,
                         "what it changes reads 'table.column', 'table' where rows are inserted or deleted, "
                         "or 'nothing'; with commas between");
  *ret_target = (struct rule_target){text, column};
  if (rule_may_change(parse->rule, text, column))
    return rule_complain(error, parse->file, parse->line, "%s%s%s is there twice", text,
                         column == NULL ? "" : ".", column == NULL ? "" : column);
  return true;
}

static bool take_changes(struct file_parse *parse, const char *value, struct error *error) {
  struct rule *rule = parse->rule;
  rule->changes_line = parse->line;
  if (strcmp(value, "nothing") == 0) return true;
  struct rule_target *targets = arena_alloc_array(parse->arena, RULE_TARGETS_MAX, sizeof *targets);
  char *rest = arena_strdup(parse->arena, value);
  if (targets == NULL || rest == NULL) return error_set_memory(error);
  rule->changes = targets;
  for (char *comma; rest != NULL; rest = comma == NULL ? NULL : comma + 1) {
    if (rule->change_count == RULE_TARGETS_MAX)
      return rule_complain(error, parse->file, parse->line, "a rule changes at most %d columns",
                           RULE_TARGETS_MAX);
    rest += strspn(rest, " ");
    comma = strchr(rest, ',');
    if (comma != NULL) *comma = '\0';
    if (!take_target(parse, rest, error, &targets[rule->change_count])) return false;
    rule->change_count++;
  }
  return true;
}

static const struct annotation {
  const char *name;
  bool required;
  bool (*take)(struct file_parse *parse, const char *value, struct error *error);
} annotations[] = {
    {"rule", true, take_name},        {"summary", true, take_summary},      {"severity", true, take_severity},
    {"on-read", false, take_on_read}, {"order", false, take_order},         {"limit", false, take_limit},
    {"when", false, take_when},       {"authority", false, take_authority}, {"changes", true, take_changes},
};

/* One line "-- name: value". */
static bool take_annotation(struct file_parse *parse, char *line, bool *seen, struct error *error) {
  char *name = line + 2 + strspn(line + 2, " ");
  char *colon = strstr(name, ": ");
  if (colon == NULL)
    return rule_complain(error, parse->file, parse->line,
                         "'%.60s' is no annotation: they read '-- name: value', and a "
                         "blank line ends them",
                         line);
  *colon = '\0';
  char *value = colon + 2 + strspn(colon + 2, " ");
  for (size_t at = 0; at < ARRAY_LENGTH(annotations); at++) {
    if (strcmp(annotations[at].name, name) != 0) continue;
    if (seen[at]) return rule_complain(error, parse->file, parse->line, "%s is there twice", name);
    if (*value == '\0') return rule_complain(error, parse->file, parse->line, "%s has no value", name);
    seen[at] = true;
    return annotations[at].take(parse, value, error);
  }
  return rule_complain(error, parse->file, parse->line, "'%.40s' is no annotation of a rule", name);
}

/* `rest` is moved to the first line that is none of them. */
static bool take_annotations(struct file_parse *parse, char **rest, struct error *error) {
  bool seen[ARRAY_LENGTH(annotations)] = {false};
  char *line = *rest;
  for (; strncmp(line, "--", 2) == 0; parse->line++) {
    size_t bytes = strcspn(line, "\n");
    char *next = line + bytes + (line[bytes] == '\n');
    while (bytes > 0 && (line[bytes - 1] == ' ' || line[bytes - 1] == '\r'))
      bytes--;
    if (bytes == 2) break;
    char *copy = arena_strndup(parse->arena, line, bytes);
    if (copy == NULL) return error_set_memory(error);
    if (!take_annotation(parse, copy, seen, error)) return false;
    line = next;
  }
  for (size_t at = 0; at < ARRAY_LENGTH(annotations); at++)
    if (annotations[at].required && !seen[at])
      return rule_complain(error, parse->file, parse->line, "the annotation '-- %s: …' is missing",
                           annotations[at].name);
  *rest = line;
  return true;
}

/* Whole lines of comment, without their dashes. */
static bool take_explanation(const struct file_parse *parse, const char *text, struct error *error) {
  CLEANUP(buffer_free) struct buffer lines = BUFFER_INIT(RULE_FILE_BYTES_MAX);
  for (size_t bytes; *text != '\0'; text += bytes + (text[bytes] == '\n')) {
    bytes = strcspn(text, "\n");
    size_t blank = strspn(text, " \r");
    if (blank >= bytes && strncmp(text, "--", 2) != 0) continue;
    if (strncmp(text, "--", 2) != 0) break;
    size_t dashes = text[2] == ' ' ? 3 : 2;
    buffer_append(&lines, text + dashes, bytes - dashes);
    buffer_append_char(&lines, '\n');
  }
  parse->rule->explanation = lines.failed ? NULL : arena_strdup(parse->arena, buffer_text(&lines));
  return parse->rule->explanation != NULL || error_set_memory(error);
}

bool rule_file_parse(const char *file, const char *text, size_t text_bytes, const struct rules_config *config,
                     struct arena *arena, struct error *error, struct rule *ret_rule, bool *ret_applies) {
  struct rule rule = {.file = arena_strdup(arena, file), .order = RULE_ORDER_DEFAULT};
  struct file_parse parse = {
      .file = file, .line = 1, .config = config, .arena = arena, .rule = &rule, .applies = true};
  char *rest = arena_strndup(arena, text, text_bytes);
  if (rule.file == NULL || rest == NULL) return error_set_memory(error);
  if (memchr(text, '\0', text_bytes) != NULL || !utf8_is_valid(text, text_bytes))
    return rule_complain(error, file, 0, "this is no text in UTF-8");
  if (!take_annotations(&parse, &rest, error)) return false;
  if (rule.on_read != RULE_READ_NOTHING && rule.authority != REPAIR_AUTHORITY_MODULES)
    return rule_complain(error, file, 0, "a rule of another authority than modules does not run on reads");
  if (!take_explanation(&parse, rest, error)) return false;
  if (!rule_sql_compile(file, parse.line, rest, config, arena, error, &rule)) return false;
  *ret_rule = rule;
  *ret_applies = parse.applies;
  return true;
}
