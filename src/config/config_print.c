#include <string.h>

#include "config/config.h"
#include "schema/describe.h"
#include "schema/encode.h"

#include "base/banned.h"

#define MASK "\"***\""

static void indent(struct buffer *buffer, size_t depth) {
  for (size_t at = 0; at < depth; at++)
    buffer_append_text(buffer, "  ");
}

static void print_struct(const struct schema *schema, const char *structure, size_t depth, bool is_item,
                         struct buffer *buffer);

static void print_items(const struct field *field, const struct field_list *list, size_t depth,
                        struct buffer *buffer) {
  buffer_append_char(buffer, '\n');
  for (size_t at = 0; at < list->count; at++)
    print_struct(field->object, (const char *)list->items + at * field->object->size, depth, true, buffer);
}

/* A value of JSON is a value of YAML as well, so only what has keys of its own is laid out here. */
static void print_value(const struct field *field, const char *structure, size_t depth,
                        struct buffer *buffer) {
  const char *member = structure + field->offset;
  const struct field_list *list = (const struct field_list *)(const void *)member;
  bool is_secret =
      (field->flags & FIELD_SECRET) != 0 &&
      (field->kind == FIELD_KIND_LIST ? list->count > 0 : *(const char *const *)(const void *)member != NULL);
  if (field->kind == FIELD_KIND_OBJECT) {
    buffer_append_char(buffer, '\n');
    print_struct(field->object, member, depth + 1, false, buffer);
  } else if (field->kind == FIELD_KIND_LIST && field->object != NULL && list->count > 0) {
    print_items(field, list, depth + 1, buffer);
  } else {
    buffer_append_char(buffer, ' ');
    if (is_secret)
      buffer_append_text(buffer, MASK);
    else
      schema_encode_value(field, structure, buffer);
    buffer_append_char(buffer, '\n');
  }
}

static void print_struct(const struct schema *schema, const char *structure, size_t depth, bool is_item,
                         struct buffer *buffer) {
  for (size_t at = 0; at < schema->field_count; at++) {
    indent(buffer, depth);
    if (is_item) buffer_append_text(buffer, at == 0 ? "- " : "  ");
    buffer_append_text(buffer, schema->fields[at].name);
    buffer_append_char(buffer, ':');
    print_value(&schema->fields[at], structure, depth + is_item, buffer);
  }
}

void config_print(const struct config *config, struct buffer *buffer) {
  print_struct(&config_schema, (const char *)config, 0, false, buffer);
}

/* -- The reference ------------------------------------------------------------------------- */

static void reference_default(const struct field *field, struct buffer *buffer) {
  if (field->default_text == NULL)
    buffer_append_text(buffer, field->kind == FIELD_KIND_LIST ? "empty" : "–");
  else
    buffer_printf(buffer, "`%s`", field->default_text);
}

static void reference_rows(const struct schema *section, const char *prefix, struct buffer *buffer) {
  char values[DESCRIBE_BYTES];
  buffer_append_text(buffer, "| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
  for (size_t at = 0; at < section->field_count; at++) {
    const struct field *field = &section->fields[at];
    describe_field(field, values, sizeof values);
    buffer_printf(buffer, "| `%s%s` | %s | ", prefix, field->name, values);
    reference_default(field, buffer);
    buffer_printf(buffer, " | %s%s |\n", field->summary,
                  (field->flags & FIELD_SECRET) != 0 ? " Masked wherever it is printed." : "");
  }
}

/* The tables of a section's lists of mappings, below the section's own. */
static void reference_lists(const struct schema *section, const char *prefix, struct buffer *buffer) {
  for (size_t at = 0; at < section->field_count; at++) {
    const struct field *field = &section->fields[at];
    if (field->kind != FIELD_KIND_LIST || field->object == NULL) continue;
    buffer_printf(buffer, "\nEach item of `%s%s`: %s\n\n", prefix, field->name, field->object->summary);
    reference_rows(field->object, "", buffer);
  }
}

void config_print_reference(struct buffer *buffer) {
  buffer_append_text(
      buffer,
      "# Configuration\n\n"
      "<!-- Printed from the field table in src/config/config.c by `lockstepctl config reference`. -->\n\n"
      "One YAML file, `/etc/lockstep/lockstep.yaml` where no other is named. Every key has a default; a key "
      "that\n"
      "is left out, or has no value, keeps it. Unknown keys, duplicate keys, anchors and aliases are "
      "refused, with\n"
      "file, line and column. `lockstepctl config check` says whether a file is good, `lockstepctl config "
      "print`\n"
      "what is in force. A reload (HUP) reads the file and its secret files again; a file with a mistake "
      "changes\n"
      "nothing.\n");
  for (size_t at = 0; at < config_schema.field_count; at++) {
    const struct field *section = &config_schema.fields[at];
    buffer_printf(buffer, "\n## %s\n\n%s\n\n", section->name, section->object->summary);
    reference_rows(section->object, "", buffer);
    reference_lists(section->object, "", buffer);
  }
}
