/* The set of rules: two directories of files. */
#include "rule/rule.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "rule/rule_private.h"

#include "base/banned.h"

/* While the directories are read: every rule whose form holds, also those of other variants. */
struct set_loader {
  struct rule_set *set;
  const struct rules_config *config;
  struct rule *rules;
  bool *applies;
  size_t count;
};

static void close_file(FILE **file) {
  if (*file != NULL) (void)fclose(*file);
}

static bool file_read(const char *path, struct buffer *content, struct error *error) {
  CLEANUP(close_file) FILE *file = fopen(path, "re");
  char chunk[4096];
  size_t bytes;
  if (file == NULL) return rule_complain(error, path, 0, "cannot be read: %s", strerror(errno));
  while ((bytes = fread(chunk, 1, sizeof chunk, file)) > 0)
    buffer_append(content, chunk, bytes);
  if (ferror(file)) return rule_complain(error, path, 0, "cannot be read: %s", strerror(errno));
  if (content->failed)
    return rule_complain(error, path, 0, "a rule file has at most %zu bytes", RULE_FILE_BYTES_MAX);
  return true;
}

/* One name stands for one rule; several files may only be its variants. */
static bool loader_add(struct set_loader *loader, const struct rule *rule, bool applies,
                       struct error *error) {
  for (size_t at = 0; at < loader->count; at++) {
    const struct rule *other = &loader->rules[at];
    if (strcmp(other->name, rule->name) != 0) continue;
    bool apart = other->of_site == rule->of_site && other->variant != NULL && rule->variant != NULL &&
                 strcmp(other->variant, rule->variant) != 0;
    if (!apart)
      return rule_complain(error, rule->file, 1, "there is a rule %s already, in %s", rule->name,
                           other->file);
  }
  loader->rules[loader->count] = *rule;
  loader->applies[loader->count++] = applies;
  return true;
}

static bool loader_take_file(struct set_loader *loader, const char *path, bool of_site, struct error *error) {
  CLEANUP(buffer_free) struct buffer content = BUFFER_INIT(RULE_FILE_BYTES_MAX);
  struct rule rule;
  bool applies;
  if (!file_read(path, &content, error)) return false;
  if (!rule_file_parse(path, buffer_text(&content), content.length, loader->config, loader->set->arena, error,
                       &rule, &applies))
    return false;
  rule.of_site = of_site;
  return loader_add(loader, &rule, applies, error);
}

static int is_rule_file(const struct dirent *entry) {
  const char *dot = strrchr(entry->d_name, '.');
  return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".sql") == 0;
}

/* A site's problem is noted, one of the rules that ship is the caller's. */
static bool loader_settle(struct set_loader *loader, bool of_site, struct error *error) {
  if (!of_site || error->code != ERROR_MALFORMED) return false;
  if (!rule_state_add_problem(loader->set, error->message, error)) return false;
  error_clear(error);
  return true;
}

static bool loader_take_names(struct set_loader *loader, const char *directory, struct dirent **names,
                              int count, bool of_site, struct error *error) {
  if (count > RULE_FILES_MAX) {
    rule_complain(error, directory, 0, "holds more than %d rule files", RULE_FILES_MAX);
    return loader_settle(loader, of_site, error);
  }
  for (int at = 0; at < count; at++) {
    const char *path = arena_printf(loader->set->arena, "%s/%s", directory, names[at]->d_name);
    if (path == NULL) return error_set_memory(error);
    if (loader_take_file(loader, path, of_site, error)) continue;
    if (!loader_settle(loader, of_site, error)) return false;
  }
  return true;
}

static bool loader_take_directory(struct set_loader *loader, const char *directory, bool of_site,
                                  struct error *error) {
  struct dirent **names = NULL;
  int count = scandir(directory, &names, is_rule_file, alphasort);
  if (count < 0) {
    if (of_site && errno == ENOENT) return true;
    rule_complain(error, directory, 0, "cannot be read: %s", strerror(errno));
    return loader_settle(loader, of_site, error);
  }
  bool taken = loader_take_names(loader, directory, names, count, of_site, error);
  for (int at = 0; at < count; at++)
    free(names[at]);
  free(names);
  if (taken && !of_site && loader->count == 0) return rule_complain(error, directory, 0, "holds no rule");
  return taken;
}

static int compare_rules(const void *left, const void *right) {
  const struct rule *a = left;
  const struct rule *b = right;
  if (a->order != b->order) return a->order < b->order ? -1 : 1;
  return strcmp(a->name, b->name);
}

/* What applies becomes the set. */
static bool set_take(struct rule_set *set, const struct set_loader *loader, struct error *error) {
  set->rules = loader->rules;
  for (size_t at = 0; at < loader->count; at++)
    if (loader->applies[at]) set->rules[set->count++] = loader->rules[at];
  qsort(set->rules, set->count, sizeof *set->rules, compare_rules);
  set->state->in_use = arena_alloc_array(set->arena, set->count + 1, sizeof *set->state->in_use);
  if (set->state->in_use == NULL) return error_set_memory(error);
  for (size_t at = 0; at < set->count; at++)
    atomic_init(&set->state->in_use[at], true);
  return true;
}

static bool loader_open(struct set_loader *loader, size_t files, struct error *error) {
  loader->rules = arena_alloc_array(loader->set->arena, files, sizeof *loader->rules);
  loader->applies = arena_alloc_array(loader->set->arena, files, sizeof *loader->applies);
  return (loader->rules != NULL && loader->applies != NULL) || error_set_memory(error);
}

static bool set_fill(struct rule_set *set, const struct rules_config *config, struct error *error) {
  struct set_loader loader = {.set = set, .config = config};
  if (!loader_open(&loader, (size_t)2 * RULE_FILES_MAX, error)) return false;
  if (!loader_take_directory(&loader, config->directory, false, error)) return false;
  if (config->site_directory != NULL && !loader_take_directory(&loader, config->site_directory, true, error))
    return false;
  return set_take(set, &loader, error);
}

static bool set_new(struct error *error, struct rule_set **ret_set) {
  struct rule_set *set = calloc(1, sizeof *set);
  if (set == NULL) return error_set_memory(error);
  set->arena = arena_new(RULE_SET_ARENA_BYTES);
  set->state = calloc(1, sizeof *set->state);
  if (set->state != NULL) pthread_mutex_init(&set->state->lock, NULL);
  if (set->arena == NULL || set->state == NULL) {
    rule_set_free(set);
    return error_set_memory(error);
  }
  *ret_set = set;
  return true;
}

bool rule_set_load(const struct rules_config *config, struct error *error, struct rule_set **ret_set) {
  struct rule_set *set;
  if (!set_new(error, &set)) return false;
  if (set_fill(set, config, error)) {
    *ret_set = set;
    return true;
  }
  rule_set_free(set);
  return false;
}

static bool set_fill_file(struct rule_set *set, const struct rules_config *config, const char *path,
                          struct error *error) {
  struct set_loader loader = {.set = set, .config = config};
  if (!loader_open(&loader, 1, error) || !loader_take_file(&loader, path, false, error)) return false;
  loader.applies[0] = true;
  return set_take(set, &loader, error);
}

bool rule_set_load_file(const struct rules_config *config, const char *path, struct error *error,
                        struct rule_set **ret_set) {
  struct rule_set *set;
  if (!set_new(error, &set)) return false;
  if (set_fill_file(set, config, path, error)) {
    *ret_set = set;
    return true;
  }
  rule_set_free(set);
  return false;
}

void rule_set_free(struct rule_set *set) {
  if (set == NULL) return;
  if (set->state != NULL) {
    pthread_mutex_destroy(&set->state->lock);
    free(set->state->problems);
  }
  free(set->state);
  arena_free(set->arena);
  free(set);
}

size_t rule_set_count(const struct rule_set *set) { return set->count; }
const struct rule *rule_set_at(const struct rule_set *set, size_t at) { return &set->rules[at]; }

bool rule_state_add_problem(struct rule_set *set, const char *problem, struct error *error) {
  struct rule_state *state = set->state;
  const char *kept = arena_strdup(set->arena, problem);
  if (kept == NULL) return error_set_memory(error);
  if (state->problem_count == state->problem_capacity) {
    size_t capacity = state->problem_capacity == 0 ? 8 : 2 * state->problem_capacity;
    const char **problems = realloc(state->problems, capacity * sizeof *problems);
    if (problems == NULL) return error_set_memory(error);
    state->problems = problems;
    state->problem_capacity = capacity;
  }
  state->problems[state->problem_count++] = kept;
  return true;
}

size_t rule_set_problem_count(const struct rule_set *set) {
  pthread_mutex_lock(&set->state->lock);
  size_t count = set->state->problem_count;
  pthread_mutex_unlock(&set->state->lock);
  return count;
}

const char *rule_set_problem(const struct rule_set *set, size_t at) {
  pthread_mutex_lock(&set->state->lock);
  const char *problem = set->state->problems[at];
  pthread_mutex_unlock(&set->state->lock);
  return problem;
}
