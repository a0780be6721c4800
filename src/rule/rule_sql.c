/* The SELECT of a rule file. It is not parsed: the server does that. What is held here is that it can
 * only be one statement that reads, with the range as its only parameters. Settings of the configuration
 * stand in it as 1 or 0. */
#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "rule/rule_private.h"

#include "base/banned.h"

/* What a SELECT can do besides reading, or for ever. `after`: only behind this word. */
static const struct {
  const char *word;
  const char *after;
} sql_refused[] = {
    {"INTO", NULL},         {"UPDATE", "FOR"},   {"SHARE", "FOR"},    {"IN", "LOCK"},   {"SLEEP", NULL},
    {"BENCHMARK", NULL},    {"GET_LOCK", NULL},  {"NEXTVAL", NULL},   {"SETVAL", NULL}, {"VALUE", "NEXT"},
    {"RELEASE_LOCK", NULL}, {"LOAD_FILE", NULL}, {"PROCEDURE", NULL},
};

/* What a rule may ask of the configuration. */
static const struct {
  const char *name;
  size_t offset; /* of a bool in struct rules_config */
} sql_settings[] = {
    {"accept_discounts", offsetof(struct rules_config, accept_discounts)},
    {"refunds_unenroll", offsetof(struct rules_config, refunds_unenroll)},
};

struct sql_scan {
  const struct rules_config *config;
  const char *file;
  size_t line;
  size_t first_line; /* of the SELECT itself */
  const char *at;
  struct buffer sql;
  char word[32]; /* the last one, upper case; longer ones are cut */
  size_t words;
  size_t marks; /* :from and :to so far */
};

static void sql_space(struct sql_scan *scan) {
  if (scan->sql.length > 0 && scan->sql.data[scan->sql.length - 1] != ' ')
    buffer_append_char(&scan->sql, ' ');
}

static void sql_take(struct sql_scan *scan, size_t bytes) {
  buffer_append(&scan->sql, scan->at, bytes);
  scan->at += bytes;
}

static bool sql_is_word(char character) {
  return isalnum((unsigned char)character) || character == '_' || character == '$';
}

/* A literal or a quoted name, as it stands. */
static bool sql_quoted(struct sql_scan *scan, struct error *error) {
  const char *end = scan->at + 1;
  char quote = *scan->at;
  size_t line = scan->line;
  for (; *end != '\0' && *end != quote; end++) {
    if (*end == '\\' && quote != '`' && end[1] != '\0') end++;
    if (*end == '\n') scan->line++;
  }
  if (*end == '\0') return rule_complain(error, scan->file, line, "a quote (%c) is not closed", quote);
  sql_take(scan, (size_t)(end - scan->at) + 1);
  return true;
}

static bool sql_comment(struct sql_scan *scan, struct error *error) {
  if (scan->at[0] != '/') {
    scan->at += strcspn(scan->at, "\n");
    return true;
  }
  size_t line = scan->line;
  const char *end = strstr(scan->at + 2, "*/");
  if (scan->at[2] == '!' || strncmp(scan->at + 2, "M!", 2) == 0)
    return rule_complain(error, scan->file, line, "a comment that servers execute has no place in a rule");
  if (end == NULL) return rule_complain(error, scan->file, line, "a comment (/*) is not closed");
  for (; scan->at < end; scan->at++)
    if (*scan->at == '\n') scan->line++;
  scan->at = end + 2;
  return true;
}

static bool sql_is_comment(const char *at) {
  if (at[0] == '-' && at[1] == '-') return at[2] == '\0' || isspace((unsigned char)at[2]);
  return at[0] == '#' || (at[0] == '/' && at[1] == '*');
}

static bool sql_word(struct sql_scan *scan, struct error *error) {
  char word[sizeof scan->word];
  size_t bytes = 0;
  while (sql_is_word(scan->at[bytes]))
    bytes++;
  size_t kept = bytes < sizeof word - 1 ? bytes : sizeof word - 1;
  for (size_t at = 0; at < kept; at++)
    word[at] = (char)toupper((unsigned char)scan->at[at]);
  word[kept] = '\0';
  if (scan->words == 0 && strcmp(word, "SELECT") != 0 && strcmp(word, "WITH") != 0)
    return rule_complain(error, scan->file, scan->line, "a rule is one SELECT, this begins with %s", word);
  for (size_t at = 0; at < ARRAY_LENGTH(sql_refused); at++) {
    if (strcmp(word, sql_refused[at].word) != 0) continue;
    if (sql_refused[at].after != NULL && strcmp(scan->word, sql_refused[at].after) != 0) continue;
    return rule_complain(error, scan->file, scan->line, "a rule only reads: it cannot use %s%s%s",
                         sql_refused[at].after == NULL ? "" : sql_refused[at].after,
                         sql_refused[at].after == NULL ? "" : " ", word);
  }
  memcpy(scan->word, word, sizeof word);
  if (scan->words++ == 0) scan->first_line = scan->line;
  sql_take(scan, bytes);
  return true;
}

static bool sql_setting(struct sql_scan *scan, size_t bytes) {
  for (size_t at = 0; at < ARRAY_LENGTH(sql_settings); at++) {
    const char *name = sql_settings[at].name;
    if (bytes != strlen(name) || memcmp(scan->at + 1, name, bytes) != 0) continue;
    const bool *setting = (const bool *)((const char *)scan->config + sql_settings[at].offset);
    buffer_append_char(&scan->sql, *setting ? '1' : '0');
    scan->at += 1 + bytes;
    return true;
  }
  return false;
}

/* :from and :to come in pairs, so that the parameters are the range again and again. */
static bool sql_mark(struct sql_scan *scan, struct error *error) {
  const char *expected = scan->marks % 2 == 0 ? "from" : "to";
  size_t bytes = 0;
  while (sql_is_word(scan->at[1 + bytes]))
    bytes++;
  if (sql_setting(scan, bytes)) return true;
  if (bytes != strlen(expected) || memcmp(scan->at + 1, expected, bytes) != 0)
    return rule_complain(error, scan->file, scan->line,
                         ":%.*s stands where :%s belongs: the range is "
                         "BETWEEN :from AND :to",
                         (int)(bytes > 32 ? 32 : bytes), scan->at + 1, expected);
  if (++scan->marks > (size_t)2 * RULE_RANGES_MAX)
    return rule_complain(error, scan->file, scan->line, "the range stands here more than %d times",
                         RULE_RANGES_MAX);
  buffer_append_char(&scan->sql, '?');
  scan->at += 1 + bytes;
  return true;
}

/* Behind the statement's end only white space and comments may follow. */
static bool sql_end(struct sql_scan *scan, struct error *error) {
  scan->at++;
  while (*scan->at != '\0') {
    if (sql_is_comment(scan->at)) {
      if (!sql_comment(scan, error)) return false;
    } else if (isspace((unsigned char)*scan->at)) {
      if (*scan->at++ == '\n') scan->line++;
    } else {
      return rule_complain(error, scan->file, scan->line,
                           "a rule is one SELECT, here begins another statement");
    }
  }
  return true;
}

static bool sql_step(struct sql_scan *scan, struct error *error) {
  char character = *scan->at;
  if (isspace((unsigned char)character)) {
    if (character == '\n') scan->line++;
    scan->at++;
    sql_space(scan);
    return true;
  }
  if (sql_is_comment(scan->at)) {
    sql_space(scan);
    return sql_comment(scan, error);
  }
  if (sql_is_word(character)) return sql_word(scan, error);
  if (scan->words == 0)
    return rule_complain(error, scan->file, scan->line, "a rule is one SELECT, this begins with %c",
                         isprint((unsigned char)character) ? character : '?');
  if (character == '\'' || character == '"' || character == '`') return sql_quoted(scan, error);
  if (character == ';') return sql_end(scan, error);
  if (character == ':') return sql_mark(scan, error);
  if (character == '?')
    return rule_complain(error, scan->file, scan->line, "the parameters are :from and :to, not ?");
  if (character == '@')
    return rule_complain(error, scan->file, scan->line, "variables (@) have no place in a rule");
  sql_take(scan, 1);
  return true;
}

/* Where the parenthesis that was opened before `at` ends; `ret_marks`: the parameters in it. */
static const char *sql_close(const char *at, size_t *ret_marks) {
  size_t marks = 0;
  char quote = '\0';
  for (int depth = 1; *at != '\0'; at++) {
    if (quote != '\0') {
      if (*at == '\\' && quote != '`' && at[1] != '\0')
        at++;
      else if (*at == quote)
        quote = '\0';
      continue;
    }
    if (*at == '\'' || *at == '"' || *at == '`') quote = *at;
    if (*at == '?') marks++;
    if (*at == '(') depth++;
    if (*at == ')' && --depth == 0) break;
  }
  *ret_marks = marks;
  return *at == '\0' ? NULL : at;
}

/* WITH found AS (SELECT …) SELECT …: the first tells of the rows in breach, the second what to change of
 * each. */
static bool sql_find_found(const struct sql_scan *scan, struct arena *arena, struct error *error,
                           struct rule *rule) {
  static const char opening[] = "WITH found AS (";
  static const char next[] = ") SELECT ";
  size_t marks;
  if (strncasecmp(rule->sql, "WITH", 4) != 0) return true;
  const char *found = rule->sql + sizeof opening - 1;
  const char *end = strncmp(rule->sql, opening, sizeof opening - 1) == 0 ? sql_close(found, &marks) : NULL;
  if (end == NULL || strncmp(end, next, sizeof next - 1) != 0)
    return rule_complain(error, scan->file, scan->first_line,
                         "a rule is one SELECT, this begins with WITH; there is one form of that: "
                         "WITH found AS (SELECT …) SELECT …");
  rule->found_sql = arena_strndup(arena, found, (size_t)(end - found));
  rule->found_range_count = marks / 2;
  return rule->found_sql != NULL || error_set_memory(error);
}

bool rule_sql_compile(const char *file, size_t line, const char *text, const struct rules_config *config,
                      struct arena *arena, struct error *error, struct rule *rule) {
  struct sql_scan scan = {
      .config = config, .file = file, .line = line, .at = text, .sql = BUFFER_INIT(RULE_FILE_BYTES_MAX)};
  bool well = true;
  while (well && *scan.at != '\0')
    well = sql_step(&scan, error);
  if (well && scan.words == 0) well = rule_complain(error, file, scan.line, "there is no SELECT");
  if (well && scan.marks % 2 != 0) well = rule_complain(error, file, scan.line, "a :from has no :to");
  if (well && scan.marks == 0)
    well =
        rule_complain(error, file, line, "the rows are not held to the range: user_id BETWEEN :from AND :to");
  if (well) {
    size_t length = scan.sql.length;
    while (length > 0 && scan.sql.data[length - 1] == ' ')
      length--;
    const char *sql = scan.sql.failed ? NULL : arena_strndup(arena, buffer_text(&scan.sql), length);
    well = sql != NULL || error_set_memory(error);
    if (well) rule->sql = sql;
    rule->range_count = scan.marks / 2;
    rule->sql_line = scan.first_line;
    well = well && sql_find_found(&scan, arena, error, rule);
  }
  buffer_free(&scan.sql);
  return well;
}
