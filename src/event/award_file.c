/* The definitions: two directories of YAML files. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "event/award.h"
#include "schema/decode.h"

#include "base/banned.h"

#define TABLE_ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define PROBLEMS_MAX AWARD_FILES_MAX

const char *const award_kind_names[] = {"achievement", "milestone", NULL};
const char *const achievement_type_names[] = {"completion",  "streak",    "speed",
                                              "consistency", "milestone", NULL};

struct award_table {
  struct arena *arena;
  struct award *awards;
  size_t count;
  const char **problems;
  size_t problem_count;
};

/* --- One file ----------------------------------------------------------------------------------------- */

/* An id is a file's name and part of an address. */
static bool check_id(const void *value, struct error *error) {
  const char *id = *(const char *const *)value;
  bool is_plain = id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0' && id[0] != '.';
  return is_plain || error_set(error, ERROR_MALFORMED, "must be of a to z, 0 to 9, -, _ and .");
}

static const struct field award_fields[] = {
    FIELD_TEXT(struct award, "id", id, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = AWARD_ID_CHARACTERS,
               .check = check_id,
               .summary = "What it is known by for good; its file is called the same, <id>.yaml."),
    FIELD_ENUM(struct award, "kind", kind, .flags = FIELD_REQUIRED, .names = award_kind_names,
               .summary = "An achievement is earned; a milestone shows how far it is, and is reached."),
    FIELD_ENUM(struct award, "type", type, .names = achievement_type_names,
               .presence = PRESENCE(struct award, type_given),
               .summary = "Of an achievement: what it is for."),
    FIELD_TEXT(struct award, "title", title, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = 190,
               .summary = "As learners see it."),
    FIELD_TEXT(struct award, "description", description, .maximum = 500, .default_text = "",
               .summary = "A sentence more."),
    FIELD_ENUM(struct award, "metric", metric, .flags = FIELD_REQUIRED, .names = award_metric_names,
               .summary = "What is measured."),
    FIELD_ENUM(struct award, "activityType", activity_type, .names = activity_type_names,
               .presence = PRESENCE(struct award, activity_type_given),
               .summary = "Of completed_activities: only those of this type."),
    FIELD_UINT(struct award, "atLeast", at_least, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = AWARD_AT_LEAST_MAX, .summary = "How much of it is asked for."),
    FIELD_BOOL(struct award, "public", is_public, .presence = PRESENCE(struct award, public_given),
               .default_text = "false",
               .summary = "Of an achievement: others see it until the learner says otherwise."),
};
const struct schema award_schema =
    SCHEMA("AwardDefinition", struct award, award_fields, .summary = "An achievement, or a milestone.");

static bool complain(struct error *error, const char *file, const char *format, ...) PRINTF_LIKE(3, 4);
static bool complain(struct error *error, const char *file, const char *format, ...) {
  char what[ERROR_MESSAGE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  return error_set(error, ERROR_MALFORMED, "%s: %s", file, what);
}

/* What no single field can tell. */
static bool check_whole(const struct award *award, const char *file, struct error *error) {
  const char *base = strrchr(file, '/');
  size_t bytes = strlen(award->id);
  base = base == NULL ? file : base + 1;
  if (strncmp(base, award->id, bytes) != 0 || strcmp(base + bytes, ".yaml") != 0)
    return complain(error, file, "%s belongs in a file of its name: %s.yaml", award->id, award->id);
  if (award->kind == AWARD_ACHIEVEMENT && award->type_given != PRESENCE_GIVEN)
    return complain(error, file, "an achievement has a type");
  if (award->kind == AWARD_MILESTONE && award->type_given == PRESENCE_GIVEN)
    return complain(error, file, "a milestone has no type");
  if (award->kind == AWARD_MILESTONE && award->public_given == PRESENCE_GIVEN)
    return complain(error, file, "a milestone is its learner's own, and cannot be public");
  if (award->kind == AWARD_MILESTONE && award->metric == AWARD_MILESTONES_REACHED)
    return complain(error, file, "a milestone cannot ask for milestones");
  if (award->metric == AWARD_MILESTONES_REACHED && award->at_least > AWARD_MILESTONES_MAX)
    return complain(error, file, "at most %d milestones can be asked for", AWARD_MILESTONES_MAX);
  if (award->metric == AWARD_PRACTICE_DAYS_28 && award->at_least > AWARD_WINDOW_DAYS)
    return complain(error, file, "%d days have no more than %d practice days", AWARD_WINDOW_DAYS,
                    AWARD_WINDOW_DAYS);
  if (award->metric != AWARD_COMPLETED_ACTIVITIES && award->activity_type_given == PRESENCE_GIVEN)
    return complain(error, file, "activityType goes with completed_activities only");
  return true;
}

static void close_file(FILE **file) {
  if (*file != NULL) (void)fclose(*file);
}

static bool read_file(const char *path, struct buffer *content, struct error *error) {
  CLEANUP(close_file) FILE *file = fopen(path, "re");
  char chunk[4096];
  size_t bytes;
  if (file == NULL) return complain(error, path, "cannot be read: %s", strerror(errno));
  while ((bytes = fread(chunk, 1, sizeof chunk, file)) > 0)
    buffer_append(content, chunk, bytes);
  if (ferror(file)) return complain(error, path, "cannot be read: %s", strerror(errno));
  if (content->failed)
    return complain(error, path, "a definition has at most %zu bytes", AWARD_FILE_BYTES_MAX);
  return true;
}

/* The decoder's complaints name file, line and field; the first of them says enough. */
static bool tell_complaint(struct error *error, const char *file) {
  char field[ERROR_FIELD_NAME_BYTES];
  char message[ERROR_FIELD_MESSAGE_BYTES];
  if (error->code != ERROR_MALFORMED) return false;
  if (error->field_count == 0) return complain(error, file, "is not valid YAML");
  memcpy(field, error->fields[0].field, sizeof field);
  memcpy(message, error->fields[0].message, sizeof message);
  return error_set(error, ERROR_MALFORMED, "%s %s", field, message);
}

static bool table_take_file(struct award_table *table, const char *path, bool of_site, struct error *error) {
  CLEANUP(buffer_free) struct buffer content = BUFFER_INIT(AWARD_FILE_BYTES_MAX);
  struct award award;
  if (!read_file(path, &content, error)) return false;
  if (!schema_decode_yaml(&award_schema, path, buffer_text(&content), content.length, table->arena, &award,
                          error))
    return tell_complaint(error, path);
  if (!check_whole(&award, path, error)) return false;
  for (size_t at = 0; at < table->count; at++)
    if (strcmp(table->awards[at].id, award.id) == 0)
      return complain(error, path, "the %s %s is defined already, in %s",
                      award_kind_names[table->awards[at].kind], award.id, table->awards[at].file);
  award.file = path;
  award.of_site = of_site;
  table->awards[table->count++] = award;
  return true;
}

/* --- Both directories --------------------------------------------------------------------------------- */

static int is_definition(const struct dirent *entry) {
  const char *dot = strrchr(entry->d_name, '.');
  return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".yaml") == 0;
}

/* A site's problem is noted, one of the definitions that ship is the caller's. */
static bool table_settle(struct award_table *table, bool of_site, struct error *error) {
  if (!of_site || error->code != ERROR_MALFORMED) return false;
  const char *problem = arena_strdup(table->arena, error->message);
  if (problem == NULL) return error_set_memory(error);
  table->problems[table->problem_count++] = problem;
  error_clear(error);
  return true;
}

static bool table_take_names(struct award_table *table, const char *directory, struct dirent **names,
                             int count, bool of_site, struct error *error) {
  if (count > AWARD_FILES_MAX) {
    complain(error, directory, "holds more than %d definitions", AWARD_FILES_MAX);
    return table_settle(table, of_site, error);
  }
  for (int at = 0; at < count; at++) {
    const char *path = arena_printf(table->arena, "%s/%s", directory, names[at]->d_name);
    if (path == NULL) return error_set_memory(error);
    if (!table_take_file(table, path, of_site, error) && !table_settle(table, of_site, error)) return false;
  }
  return true;
}

static bool table_take_directory(struct award_table *table, const char *directory, bool of_site,
                                 struct error *error) {
  struct dirent **names = NULL;
  int count = scandir(directory, &names, is_definition, alphasort);
  if (count < 0) {
    if (of_site && errno == ENOENT) return true;
    complain(error, directory, "cannot be read: %s", strerror(errno));
    return table_settle(table, of_site, error);
  }
  bool taken = table_take_names(table, directory, names, count, of_site, error);
  for (int at = 0; at < count; at++)
    free(names[at]);
  free(names);
  if (taken && !of_site && table->count == 0) return complain(error, directory, "holds no definition");
  return taken;
}

static int compare_awards(const void *left, const void *right) {
  const struct award *a = left;
  const struct award *b = right;
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  return strcmp(a->id, b->id);
}

static bool table_fill(struct award_table *table, const struct events_config *config, struct error *error) {
  table->awards = arena_alloc_array(table->arena, (size_t)2 * AWARD_FILES_MAX, sizeof *table->awards);
  table->problems = arena_alloc_array(table->arena, (size_t)PROBLEMS_MAX + 1, sizeof *table->problems);
  if (table->awards == NULL || table->problems == NULL) return error_set_memory(error);
  if (!table_take_directory(table, config->achievements, false, error)) return false;
  if (config->site_achievements != NULL &&
      !table_take_directory(table, config->site_achievements, true, error))
    return false;
  qsort(table->awards, table->count, sizeof *table->awards, compare_awards);
  return true;
}

bool award_table_load(const struct events_config *config, struct error *error,
                      struct award_table **ret_table) {
  struct award_table *table = calloc(1, sizeof *table);
  if (table == NULL) return error_set_memory(error);
  table->arena = arena_new(TABLE_ARENA_BYTES);
  if (table->arena == NULL) error_set_memory(error);
  if (table->arena == NULL || !table_fill(table, config, error)) {
    award_table_free(table);
    return false;
  }
  *ret_table = table;
  return true;
}

void award_table_free(struct award_table *table) {
  if (table == NULL) return;
  arena_free(table->arena);
  free(table);
}

size_t award_table_count(const struct award_table *table) { return table == NULL ? 0 : table->count; }
const struct award *award_table_at(const struct award_table *table, size_t at) { return &table->awards[at]; }
size_t award_table_problem_count(const struct award_table *table) { return table->problem_count; }
const char *award_table_problem(const struct award_table *table, size_t at) { return table->problems[at]; }
