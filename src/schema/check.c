#include "schema/check.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "schema/decoder.h"
#include "schema/json.h"

#include "base/banned.h"

#define DEFAULTS_BYTES_MAX ((size_t)1024 * 1024)

static void complain(struct error *error, const struct schema *schema, const struct field *field,
                     const char *what) {
  char place[ERROR_FIELD_NAME_BYTES];
  snprintf(place, sizeof place, "%s%s%s", schema->name, field == NULL ? "" : ".",
           field == NULL ? "" : field->name);
  error_add_field(error, ERROR_INTERNAL, place, "%s", what);
}

static bool is_plain(const char *name) {
  if (name == NULL || *name == '\0') return false;
  for (; *name != '\0'; name++)
    if (!isalnum((unsigned char)*name) && *name != '_') return false;
  return true;
}

static size_t member_bytes(const struct field *field) {
  if (field->kind == FIELD_KIND_OBJECT) return field->object == NULL ? 0 : field->object->size;
  if (field->kind == FIELD_KIND_LIST) return sizeof(struct field_list);
  struct field as_item = {.item_kind = field->kind};
  return field_item_bytes(&as_item);
}

static void check_names(const struct schema *schema, size_t at, struct error *error) {
  const struct field *field = &schema->fields[at];
  if (!is_plain(field->name)) complain(error, schema, field, "has no plain name");
  for (size_t before = 0; before < at; before++)
    if (strcmp(schema->fields[before].name, field->name) == 0) complain(error, schema, field, "stands twice");
  if (field->summary == NULL || *field->summary == '\0') complain(error, schema, field, "has no summary");
}

static void check_place(const struct schema *schema, const struct field *field, struct error *error) {
  if (field->offset + member_bytes(field) > schema->size)
    complain(error, schema, field, "lies outside of its struct");
  if (field->presence != 0 && field->presence - 1 + sizeof(enum presence) > schema->size)
    complain(error, schema, field, "has its presence outside of its struct");
}

static void check_list(const struct schema *schema, const struct field *field, struct error *error) {
  if (field->maximum <= 0) complain(error, schema, field, "is a list without a limit");
  if (field_item_bytes(field) == 0) complain(error, schema, field, "is a list of nothing");
  if (field->object == NULL && field->item_kind == FIELD_KIND_ENUM && field->names == NULL)
    complain(error, schema, field, "has no names to choose from");
}

static void check_kind(const struct schema *schema, const struct field *field, struct error *error) {
  if (field->kind == FIELD_KIND_LIST) check_list(schema, field, error);
  if (field->kind == FIELD_KIND_ENUM && (field->names == NULL || field->names[0] == NULL))
    complain(error, schema, field, "has no names to choose from");
  if (field->kind == FIELD_KIND_OBJECT && field->object == NULL)
    complain(error, schema, field, "is an object without a schema");
  if (field_has_minimum(field) && field_has_maximum(field) && field->minimum > field->maximum)
    complain(error, schema, field, "has its bounds the wrong way round");
  if ((field->flags & FIELD_REQUIRED) != 0 && field->default_text != NULL)
    complain(error, schema, field, "is required, so its default is never used");
  if ((field->flags & FIELD_COLLECT_ERRORS) != 0 &&
      (field->kind != FIELD_KIND_LIST || field->object == NULL || field->object->item_error_offset == 0))
    complain(error, schema, field, "collects errors, but has no item that could hold them");
}

static void check_example(const struct schema *schema, const struct field *field, struct error *error) {
  struct error why;
  if (field->example != NULL && !json_check(field->example, strlen(field->example), &why))
    complain(error, schema, field, "has an example that is not JSON");
}

static void check_schema(const struct schema *schema, size_t depth, struct error *error) {
  if (!is_plain(schema->name)) complain(error, schema, NULL, "has no plain name");
  if (depth > JSON_DEPTH_MAX) {
    complain(error, schema, NULL, "is nested more deeply than JSON may be");
    return;
  }
  if (schema->field_count > DECODER_FIELDS_MAX) complain(error, schema, NULL, "has too many fields");
  for (size_t at = 0; at < schema->field_count; at++) {
    const struct field *field = &schema->fields[at];
    check_names(schema, at, error);
    check_place(schema, field, error);
    check_kind(schema, field, error);
    check_example(schema, field, error);
    if (field->object != NULL) check_schema(field->object, depth + 1, error);
  }
}

bool schema_check(const struct schema *schema, struct error *error) {
  struct error why;
  error_clear(error);
  check_schema(schema, 1, error);
  if (error->code != ERROR_NONE) return false;
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(DEFAULTS_BYTES_MAX + schema->size * 2);
  void *structure = arena == NULL ? NULL : arena_alloc(arena, schema->size);
  if (structure == NULL) return error_set_memory(error);
  if (schema_defaults(schema, arena, structure, &why)) return true;
  return error_set(error, ERROR_INTERNAL, "%.60s has a bad default: %.180s", schema->name, why.message);
}
