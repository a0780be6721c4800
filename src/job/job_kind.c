#include <stdio.h>
#include <string.h>

#include "job/job_private.h"
#include "schema/decode.h"
#include "schema/describe.h"

#include "base/banned.h"

#define PRIORITY_LAST 9
#define DAY_S 86400

size_t job_kind_place(const struct job_kind *kind) {
  size_t place = 0;
  for (const struct job_kind_table *const *table = job_kind_tables; *table != NULL; table++) {
    if (kind >= (*table)->rows && kind < (*table)->rows + (*table)->count)
      return place + (size_t)(kind - (*table)->rows);
    place += (*table)->count;
  }
  return place;
}

const struct job_kind *job_kind_find(const char *name) {
  for (const struct job_kind_table *const *table = job_kind_tables; *table != NULL; table++)
    for (size_t at = 0; at < (*table)->count; at++)
      if (strcmp((*table)->rows[at].name, name) == 0) return &(*table)->rows[at];
  return NULL;
}

/* The name that was probably meant; NULL: none is near. */
static const char *nearest(const char *name) {
  struct field names[JOB_KINDS_MAX] = {{.name = NULL}};
  struct schema kinds = {.fields = names};
  for (const struct job_kind_table *const *table = job_kind_tables; *table != NULL; table++)
    for (size_t at = 0; at < (*table)->count && kinds.field_count < JOB_KINDS_MAX; at++)
      names[kinds.field_count++].name = (*table)->rows[at].name;
  const struct field *field = describe_nearest(&kinds, name);
  return field == NULL ? NULL : field->name;
}

static bool complain_of_kind(const char *name, struct error *error) {
  const char *meant = nearest(name);
  if (meant != NULL)
    return error_add_field(error, ERROR_UNPROCESSABLE, "kind", "\"%s\" is not known; did you mean \"%s\"?",
                           name, meant);
  return error_add_field(error, ERROR_UNPROCESSABLE, "kind",
                         "\"%s\" is not known; lockstepctl jobs kinds lists what is", name);
}

static bool is_blank(const char *text) { return text == NULL || text[strspn(text, " \t\r\n")] == '\0'; }

static void complain_of_params(const struct error *failure, struct error *error) {
  char name[ERROR_FIELD_NAME_BYTES];
  for (size_t at = 0; at < failure->field_count; at++) {
    snprintf(name, sizeof name, "params.%.80s", failure->fields[at].field);
    error_add_field(error, ERROR_UNPROCESSABLE, name, "%s", failure->fields[at].message);
  }
  if (failure->field_count == 0)
    error_add_field(error, ERROR_UNPROCESSABLE, "params", "must be a JSON object: %.120s", failure->message);
}

static bool check_params(const struct job_kind *kind, const char *text, struct arena *arena,
                         struct error *error, const void **ret_params) {
  struct error failure = ERROR_INIT;
  const char *json = is_blank(text) ? "{}" : text;
  if (kind->params == NULL) {
    static const struct schema nothing = {.name = "NoParams", .size = 1};
    char unused[1];
    if (schema_decode_json(&nothing, json, strlen(json), UNKNOWN_REFUSED, arena, unused, &failure))
      return true;
    return error_add_field(error, ERROR_UNPROCESSABLE, "params", "must be empty: %s takes none", kind->name);
  }
  void *params = arena_alloc(arena, kind->params->size);
  if (params == NULL) return error_set_memory(error);
  if (schema_decode_json(kind->params, json, strlen(json), UNKNOWN_REFUSED, arena, params, &failure)) {
    *ret_params = params;
    return true;
  }
  if (failure.code != ERROR_MALFORMED) {
    *error = failure;
    return false;
  }
  complain_of_params(&failure, error);
  return false;
}

static void check_numbers(const struct job_row_check *row, struct error *error) {
  if (row->priority < 0 || row->priority > PRIORITY_LAST)
    error_add_field(error, ERROR_UNPROCESSABLE, "priority",
                    "must be from 0 (first) to %d (last), but is %lld", PRIORITY_LAST,
                    (long long)row->priority);
  if (row->max_attempts < 1)
    error_add_field(error, ERROR_UNPROCESSABLE, "max_attempts", "must be at least 1");
  if (row->has_every && row->has_daily)
    error_add_field(error, ERROR_UNPROCESSABLE, "repeat_every_s",
                    "and repeat_daily_at exclude each other: give one of them");
  if (row->has_every && row->repeat_every_s < 1)
    error_add_field(error, ERROR_UNPROCESSABLE, "repeat_every_s", "must be at least 1 s, but is %lld",
                    (long long)row->repeat_every_s);
  if (row->has_daily && (row->repeat_daily_s < 0 || row->repeat_daily_s >= DAY_S))
    error_add_field(error, ERROR_UNPROCESSABLE, "repeat_daily_at",
                    "must be a time of day in UTC, from 00:00:00 to 23:59:59");
}

bool job_kind_check(const struct job_row_check *row, struct arena *arena, struct error *error,
                    const struct job_kind **ret_kind, const void **ret_params) {
  const struct job_kind *kind = job_kind_find(row->kind);
  const void *params = NULL;
  struct error complaint = ERROR_INIT;
  if (kind == NULL)
    complain_of_kind(row->kind, &complaint);
  else if (!check_params(kind, row->params, arena, &complaint, &params) &&
           complaint.code != ERROR_UNPROCESSABLE) {
    *error = complaint;
    return false;
  }
  check_numbers(row, &complaint);
  if (complaint.code != ERROR_NONE) {
    *error = complaint;
    return false;
  }
  if (ret_kind != NULL) *ret_kind = kind;
  if (ret_params != NULL) *ret_params = params;
  return true;
}

const char *job_kind_complaint(const struct error *error, struct arena *arena) {
  struct buffer text = BUFFER_INIT(8192);
  if (error->field_count == 0) buffer_append_text(&text, error->message);
  for (size_t at = 0; at < error->field_count; at++)
    buffer_printf(&text, "%s%s %s", at == 0 ? "" : "; ", error->fields[at].field, error->fields[at].message);
  char last = text.length == 0 ? '\0' : text.data[text.length - 1];
  if (last != '.' && last != '?') buffer_append_char(&text, '.');
  const char *kept = arena_strdup(arena, buffer_text(&text));
  buffer_free(&text);
  return kept == NULL ? "This row makes no sense." : kept;
}
