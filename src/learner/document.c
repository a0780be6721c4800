#include "learner/document.h"

#include <json-c/json.h>
#include <string.h>

#include "base/clock.h"

#include "base/banned.h"

#define DOCUMENT_DEPTH_MAX 128 /* deeper than any server lets in */
#define COUNTER_DIGITS_MAX 18
#define COUNTER_FRACTION_MAX 20
#define DOCUMENT_TEXT_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static void object_release(struct json_object **object) { json_object_put(*object); }

/* The document as an object; an empty one for what is absent or no object. The table only holds valid
 * JSON, so a text that cannot be read is refused rather than replaced. */
static bool document_parse(const char *document, struct error *error, struct json_object **ret_root) {
  struct json_object *root = NULL;
  if (document != NULL) {
    struct json_tokener *tokener = json_tokener_new_ex(DOCUMENT_DEPTH_MAX);
    if (tokener == NULL) return error_set_memory(error);
    root = json_tokener_parse_ex(tokener, document, (int)strlen(document) + 1);
    enum json_tokener_error status = json_tokener_get_error(tokener);
    json_tokener_free(tokener);
    if (status != json_tokener_success) {
      json_object_put(root);
      error_set(error, ERROR_INTERNAL, "The learner's stored document cannot be read.");
      return error_detail(error, "hidden_grade_asset: %s", json_tokener_error_desc(status));
    }
  }
  if (!json_object_is_type(root, json_type_object)) {
    json_object_put(root);
    root = json_object_new_object();
    if (root == NULL) return error_set_memory(error);
  }
  *ret_root = root;
  return true;
}

/* The member if it is an object, else NULL. */
static struct json_object *member_object(struct json_object *parent, const char *key) {
  struct json_object *member;
  if (!json_object_object_get_ex(parent, key, &member)) return NULL;
  return json_object_is_type(member, json_type_object) ? member : NULL;
}

static struct json_object *member_object_made(struct json_object *parent, const char *key) {
  struct json_object *member = member_object(parent, key);
  if (member != NULL) return member;
  member = json_object_new_object();
  json_object_object_add(parent, key, member);
  return member;
}

/* A counter as the rules read it (sql/rules/user_totals_match_modules.sql): plain digits, at most 18
 * before a point and 20 behind it; its whole part. Everything else is nothing. */
static int64_t read_counter(const char *text) {
  int64_t value = 0;
  size_t whole = strspn(text, "0123456789");
  const char *rest = text + whole;
  if (whole == 0 || whole > COUNTER_DIGITS_MAX) return 0;
  if (*rest == '.') {
    size_t fraction = strspn(rest + 1, "0123456789");
    if (fraction > COUNTER_FRACTION_MAX) return 0;
    rest += 1 + fraction;
  }
  if (*rest != '\0') return 0;
  for (size_t at = 0; at < whole; at++)
    value = value * 10 + (text[at] - '0');
  return value;
}

/* Numbers, and texts that spell one. */
static int64_t member_count(struct json_object *parent, const char *key) {
  struct json_object *member;
  if (!json_object_object_get_ex(parent, key, &member)) return 0;
  switch (json_object_get_type(member)) {
  case json_type_int:
  case json_type_double:
  case json_type_string:
    return read_counter(json_object_get_string(member));
  default:
    return 0;
  }
}

static void member_set(struct json_object *parent, const char *key, int64_t value) {
  json_object_object_add(parent, key, json_object_new_int64(value));
}

static struct document_totals progress_totals(struct json_object *progress) {
  return (struct document_totals){.tokens = member_count(progress, "tokens_earned"),
                                  .questions = member_count(progress, "total_questions_answered"),
                                  .correct = member_count(progress, "correct_answers")};
}

static const char *object_text(struct json_object *object, struct arena *arena) {
  size_t bytes;
  const char *text = json_object_to_json_string_length(object, DOCUMENT_TEXT_FLAGS, &bytes);
  return text == NULL ? NULL : arena_strndup(arena, text, bytes);
}

static void progress_add(struct json_object *progress, const struct document_totals *before,
                         const struct document_totals *step) {
  member_set(progress, "tokens_earned", before->tokens + step->tokens);
  member_set(progress, "total_questions_answered", before->questions + step->questions);
  member_set(progress, "correct_answers", before->correct + step->correct);
}

static bool refuse_more(struct error *error) {
  return error_set(error, ERROR_UNPROCESSABLE,
                   "This learner has practised in more modules than can be kept.");
}

/* Sets global_stats, and gives the whole as text. */
static bool document_finish(struct json_object *root, const struct document_totals *totals, int64_t now_ms,
                            struct arena *arena, struct error *error, const char **ret_document) {
  char now[CLOCK_ISO_BYTES];
  struct json_object *stats = member_object_made(root, "global_stats");
  clock_format_ms(now_ms, now);
  member_set(stats, "total_tokens_earned", totals->tokens);
  member_set(stats, "total_questions_answered", totals->questions);
  member_set(stats, "total_correct_answers", totals->correct);
  json_object_object_add(stats, "last_updated", json_object_new_string(now));
  const char *text = object_text(root, arena);
  if (text == NULL) return error_set_memory(error);
  if (strlen(text) > DOCUMENT_BYTES_MAX) return refuse_more(error);
  *ret_document = text;
  return true;
}

/* A document that holds more from before takes what needs no further module. */
static bool has_room(struct json_object *modules, int count_before) {
  int count = json_object_object_length(modules);
  return count <= DOCUMENT_MODULES_MAX || count == count_before;
}

bool document_add(const char *document, const char *module, const struct document_totals *step,
                  const struct document_totals *totals, int64_t now_ms, struct arena *arena,
                  struct error *error, const char **ret_document) {
  CLEANUP(object_release) struct json_object *root = NULL;
  if (!document_parse(document, error, &root)) return false;
  struct json_object *modules = member_object_made(root, "modules");
  int count_before = json_object_object_length(modules);
  struct json_object *progress = member_object_made(member_object_made(modules, module), "progress");
  struct document_totals before = progress_totals(progress);
  if (!has_room(modules, count_before)) return refuse_more(error);
  progress_add(progress, &before, step);
  return document_finish(root, totals, now_ms, arena, error, ret_document);
}

static void take_missing(struct json_object *into, struct json_object *from) {
  json_object_object_foreach(from, key, value) {
    if (!json_object_object_get_ex(into, key, NULL))
      json_object_object_add(into, key, json_object_get(value));
  }
}

static int64_t without(int64_t value, int64_t less) { return value > less ? value - less : 0; }

/* Nothing becomes negative: what a module no longer holds cannot be taken from it. */
static struct document_totals share_left(struct document_totals totals, const char *module,
                                         const struct document_share *less, size_t less_count) {
  for (size_t at = 0; at < less_count; at++) {
    if (strcmp(less[at].module, module) != 0) continue;
    totals.tokens = without(totals.tokens, less[at].totals.tokens);
    totals.questions = without(totals.questions, less[at].totals.questions);
    totals.correct = without(totals.correct, less[at].totals.correct);
  }
  return totals;
}

static bool merge_modules(struct json_object *into, struct json_object *from,
                          const struct document_share *less, size_t less_count) {
  int count_before = json_object_object_length(into);
  json_object_object_foreach(from, key, module) {
    struct json_object *progress =
        json_object_is_type(module, json_type_object) ? member_object(module, "progress") : NULL;
    if (progress == NULL) continue;
    struct json_object *into_module = member_object_made(into, key);
    struct json_object *into_progress = member_object_made(into_module, "progress");
    struct document_totals before = progress_totals(into_progress);
    struct document_totals added = share_left(progress_totals(progress), key, less, less_count);
    take_missing(into_module, module);
    take_missing(into_progress, progress);
    progress_add(into_progress, &before, &added);
  }
  take_missing(into, from);
  return has_room(into, count_before);
}

bool document_merge(const char *into, const char *from, const struct document_share *less, size_t less_count,
                    const struct document_totals *totals, int64_t now_ms, struct arena *arena,
                    struct error *error, const char **ret_document) {
  CLEANUP(object_release) struct json_object *root = NULL;
  CLEANUP(object_release) struct json_object *other = NULL;
  if (!document_parse(into, error, &root) || !document_parse(from, error, &other)) return false;
  struct json_object *modules = member_object(other, "modules");
  struct json_object *stats = member_object(other, "global_stats");
  if (modules != NULL && !merge_modules(member_object_made(root, "modules"), modules, less, less_count))
    return refuse_more(error);
  if (stats != NULL) take_missing(member_object_made(root, "global_stats"), stats);
  take_missing(root, other);
  return document_finish(root, totals, now_ms, arena, error, ret_document);
}

static bool view_read_modules(struct json_object *modules, struct arena *arena, struct document_view *view) {
  size_t most = (size_t)json_object_object_length(modules);
  view->modules = arena_alloc_array(arena, most, sizeof *view->modules);
  if (view->modules == NULL) return false;
  json_object_object_foreach(modules, key, module) {
    struct json_object *progress =
        json_object_is_type(module, json_type_object) ? member_object(module, "progress") : NULL;
    if (progress == NULL) continue;
    struct document_module *row = &view->modules[view->module_count++];
    row->key = arena_strdup(arena, key);
    row->totals = progress_totals(progress);
    row->progress = object_text(progress, arena);
    if (row->key == NULL || row->progress == NULL) return false;
  }
  return true;
}

bool document_read(const char *document, struct arena *arena, struct error *error,
                   struct document_view *ret_view) {
  struct document_view view = {.global_stats = "{}"};
  CLEANUP(object_release) struct json_object *root = NULL;
  if (!document_parse(document, error, &root)) return false;
  struct json_object *modules = member_object(root, "modules");
  struct json_object *stats = member_object(root, "global_stats");
  struct json_object *last_sync;
  if (modules != NULL && !view_read_modules(modules, arena, &view)) return error_set_memory(error);
  if (stats != NULL) {
    view.global_stats = object_text(stats, arena);
    if (view.global_stats == NULL) return error_set_memory(error);
    if (json_object_object_get_ex(stats, "last_sync", &last_sync) &&
        json_object_is_type(last_sync, json_type_string)) {
      view.last_sync = arena_strdup(arena, json_object_get_string(last_sync));
      if (view.last_sync == NULL) return error_set_memory(error);
    }
  }
  *ret_view = view;
  return true;
}
