#include "job/job_kind_list.h"

#include "job/job_private.h"

#include "base/banned.h"

#define CHOICES_MAX 64
#define PARAMS_MAX 64

enum param_type {
  TYPE_BOOLEAN,
  TYPE_INTEGER,
  TYPE_NUMBER,
  TYPE_TEXT,
  TYPE_TIME,
  TYPE_DAY,
  TYPE_CHOICE,
  TYPE_JSON,
  TYPE_LIST,
  TYPE_LEARNER
};
static const char *const type_names[] = {"boolean", "integer", "number", "text",    "time", "day",
                                         "choice",  "json",    "list",   "learner", NULL};

static const enum param_type type_of_kind[] = {
    [FIELD_KIND_BOOL] = TYPE_BOOLEAN,  [FIELD_KIND_INT] = TYPE_INTEGER, [FIELD_KIND_UINT] = TYPE_INTEGER,
    [FIELD_KIND_NUMBER] = TYPE_NUMBER, [FIELD_KIND_TEXT] = TYPE_TEXT,   [FIELD_KIND_TIME] = TYPE_TIME,
    [FIELD_KIND_DAY] = TYPE_DAY,       [FIELD_KIND_ENUM] = TYPE_CHOICE, [FIELD_KIND_JSON] = TYPE_JSON,
    [FIELD_KIND_OBJECT] = TYPE_JSON,   [FIELD_KIND_LIST] = TYPE_LIST,
};

struct param {
  const char *name;
  int type; /* enum param_type */
  bool is_required;
  const char *default_text;
  struct field_list choices; /* const char * */
  enum presence choices_given;
  const char *summary;
};

static const struct field param_fields[] = {
    FIELD_TEXT(struct param, "name", name, .flags = FIELD_REQUIRED, .summary = "As it stands in params."),
    FIELD_ENUM(struct param, "type", type, .flags = FIELD_REQUIRED, .names = type_names,
               .summary = "What it takes; learner: a learner's id; list: of texts."),
    FIELD_BOOL(struct param, "isRequired", is_required, .flags = FIELD_REQUIRED,
               .summary = "There is no job without it."),
    FIELD_TEXT(struct param, "default", default_text, .summary = "What counts where it is not said."),
    FIELD_LIST(struct param, "choices", choices, .presence = PRESENCE(struct param, choices_given),
               .item_kind = FIELD_KIND_TEXT, .maximum = CHOICES_MAX, .summary = "A choice: one of these."),
    FIELD_TEXT(struct param, "summary", summary, .flags = FIELD_REQUIRED, .summary = "What it says."),
};
static const struct schema param_schema =
    SCHEMA("JobKindParam", struct param, param_fields, .summary = "A parameter of a kind of job.");

struct kind {
  const char *name;
  const char *summary;
  const char *unit;
  bool is_final;
  struct field_list params;
};

static const struct field kind_fields[] = {
    FIELD_TEXT(struct kind, "name", name, .flags = FIELD_REQUIRED, .summary = "The kind, as a job has it.",
               .example = "\"sync_user\""),
    FIELD_TEXT(struct kind, "summary", summary, .flags = FIELD_REQUIRED, .summary = "What it does."),
    FIELD_TEXT(struct kind, "unit", unit, .flags = FIELD_REQUIRED, .summary = "What its units count."),
    FIELD_BOOL(struct kind, "isFinal", is_final, .flags = FIELD_REQUIRED,
               .summary = "What it removes does not come back."),
    FIELD_LIST(struct kind, "params", params, .object = &param_schema, .flags = FIELD_REQUIRED,
               .maximum = PARAMS_MAX, .summary = "What it may be told."),
};
static const struct schema kind_schema =
    SCHEMA("JobKind", struct kind, kind_fields, .summary = "A kind of job.");

static const struct field list_fields[] = {
    FIELD_LIST(struct job_kind_list, "kinds", kinds, .object = &kind_schema, .flags = FIELD_REQUIRED,
               .maximum = JOB_KINDS_MAX, .summary = "Every kind that there is."),
};
const struct schema job_kind_list_schema =
    SCHEMA("JobKinds", struct job_kind_list, list_fields, .summary = "The kinds of jobs.");

static bool read_choices(const struct field *field, struct arena *arena, struct error *error,
                         struct param *param) {
  size_t count = 0;
  while (field->names[count] != NULL)
    count++;
  const char **choices = arena_alloc_array(arena, count, sizeof *choices);
  if (choices == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    choices[at] = field->names[at];
  param->choices = (struct field_list){.items = choices, .count = count};
  param->choices_given = PRESENCE_GIVEN;
  return true;
}

static bool read_param(const struct field *field, struct arena *arena, struct error *error,
                       struct param *param) {
  *param = (struct param){.name = field->name,
                          .type = (field->flags & FIELD_USER) != 0 ? TYPE_LEARNER : type_of_kind[field->kind],
                          .is_required = (field->flags & FIELD_REQUIRED) != 0,
                          .default_text = field->default_text,
                          .summary = field->summary};
  return field->kind != FIELD_KIND_ENUM || read_choices(field, arena, error, param);
}

static bool read_kind(const struct job_kind *row, struct arena *arena, struct error *error,
                      struct kind *kind) {
  size_t count = row->params == NULL ? 0 : row->params->field_count;
  struct param *params = arena_alloc_array(arena, count, sizeof *params);
  if (params == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    if (!read_param(&row->params->fields[at], arena, error, &params[at])) return false;
  *kind = (struct kind){.name = row->name,
                        .summary = row->summary,
                        .unit = row->unit,
                        .is_final = row->is_final,
                        .params = {.items = params, .count = count}};
  return true;
}

bool job_kind_list_read(struct arena *arena, struct error *error, struct job_kind_list *ret_list) {
  struct kind *kinds = arena_alloc_array(arena, JOB_KINDS_MAX, sizeof *kinds);
  size_t count = 0;
  if (kinds == NULL) return error_set_memory(error);
  for (const struct job_kind_table *const *table = job_kind_tables; *table != NULL; table++)
    for (size_t at = 0; at < (*table)->count && count < JOB_KINDS_MAX; at++)
      if (!read_kind(&(*table)->rows[at], arena, error, &kinds[count++])) return false;
  ret_list->kinds = (struct field_list){.items = kinds, .count = count};
  return true;
}
