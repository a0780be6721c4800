/* man: the pages of all programs and of the configuration, from the tables that they run by. */
#include <string.h>

#include "programs/ctl.h"
#include "programs/ctl_parse.h"
#include "programs/manual.h"
#include "schema/describe.h"

#include "base/banned.h"

#define CTL_NAME CTL_PROGRAM
#define YAML_NAME "lockstep.yaml"

struct man_options {
  const char *name;
};

static const struct field man_fields[] = {
    FIELD_TEXT(struct man_options, "name", name, .flags = FIELD_REQUIRED, .minimum = 1, .maximum = 64,
               .summary =
                   "One of: " CTL_NAME ", lockstep-fcgi, lockstep-sync, lockstep-live, " YAML_NAME "."),
};
const struct schema ctl_man_options =
    SCHEMA("CtlMan", struct man_options, man_fields, .summary = "The page to print.");

/* -- lockstepctl(8) ------------------------------------------------------------------------ */

static const char *buffer_keep(struct buffer *buffer, struct arena *arena) {
  const char *text = buffer->failed ? NULL : arena_strndup(arena, buffer_text(buffer), buffer->length);
  buffer_free(buffer);
  *buffer = (struct buffer)BUFFER_INIT(CTL_TEXT_BYTES);
  return text;
}

static bool option_entries(const struct ctl_command *command, const struct schema *options,
                           struct arena *arena, struct error *error,
                           const struct manual_entry **ret_entries) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  size_t count = options == NULL ? 0 : options->field_count;
  struct manual_entry *entries = arena_alloc_array(arena, count + 1, sizeof *entries);
  if (entries == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++) {
    ctl_help_term(command, &options->fields[at], &text);
    entries[at].term = buffer_keep(&text, arena);
    ctl_help_meaning(&options->fields[at], &text);
    entries[at].meaning = buffer_keep(&text, arena);
    if (entries[at].term == NULL || entries[at].meaning == NULL) return error_set_memory(error);
  }
  *ret_entries = entries;
  return true;
}

static bool command_section(const struct ctl_command *command, struct arena *arena, struct error *error,
                            struct manual_section *ret_section) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  struct manual_section section = {.is_sub = true};
  ctl_help_usage(command, &text);
  section.title = buffer_keep(&text, arena);
  buffer_append_text(&text, command->summary);
  if (command->description != NULL) buffer_printf(&text, "\n\n%s", command->description);
  section.text = buffer_keep(&text, arena);
  if (section.title == NULL || section.text == NULL) return error_set_memory(error);
  if (!option_entries(command, command->options, arena, error, &section.entries)) return false;
  *ret_section = section;
  return true;
}

static const struct manual_entry ctl_exit_status[] = {
    {"0", "It did what it was asked."},
    {"1", "It could not, or found something that needs a person; a line on standard error, or the output, "
          "says what."},
    {"2", "The command line makes no sense."},
    {NULL, NULL},
};

static bool print_ctl_page(struct arena *arena, struct error *error, struct buffer *buffer) {
  struct manual_section *sections = arena_alloc_array(arena, ctl_command_count + 7, sizeof *sections);
  size_t count = 0;
  const struct manual_entry *globals;
  if (sections == NULL) return error_set_memory(error);
  if (!option_entries(NULL, &ctl_globals_schema, arena, error, &globals)) return false;
  sections[count++] = (struct manual_section){
      .title = "Description",
      .text = "Administers Lockstep: its database, its learners, its running service. Results go to standard "
              "output, everything else to standard error; colours and progress bars only to a terminal."};
  sections[count++] = (struct manual_section){.title = "Options of every command", .entries = globals};
  sections[count++] = (struct manual_section){.title = "Commands"};
  for (size_t at = 0; at < ctl_command_count; at++)
    if (!command_section(&ctl_commands[at], arena, error, &sections[count++])) return false;
  sections[count++] = (struct manual_section){.title = "Exit status", .entries = ctl_exit_status};
  sections[count++] = (struct manual_section){
      .title = "Environment",
      .text = "NO_COLOR, where it is set and not empty, turns colours off. COLUMNS is the "
              "width that tables and texts keep to, instead of the terminal's."};
  sections[count++] = (struct manual_section){.title = "See also",
                                              .text = "lockstep-fcgi(8), lockstep-sync(8), lockstep.yaml(5)"};
  const struct manual manual = {.name = CTL_NAME,
                                .chapter = "8",
                                .summary = "administers Lockstep",
                                .synopsis = "[--config FILE] COMMAND [OPTIONS]",
                                .sections = sections};
  manual_print_page(&manual, buffer);
  return true;
}

/* -- lockstep.yaml(5) ---------------------------------------------------------------------- */

static bool key_entry(const struct field *field, struct arena *arena, struct error *error,
                      struct manual_entry *ret_entry) {
  char values[DESCRIBE_BYTES];
  describe_field(field, values, sizeof values);
  const char *text =
      field->default_text == NULL
          ? arena_printf(arena, "%s\n\nValue: %s.", field->summary, values)
          : arena_printf(arena, "%s\n\nValue: %s. Default: %s.", field->summary, values, field->default_text);
  *ret_entry = (struct manual_entry){.term = field->name, .meaning = text};
  return text != NULL || error_set_memory(error);
}

static bool key_section(const char *title, const struct schema *schema, struct arena *arena,
                        struct error *error, struct manual_section *ret_section) {
  struct manual_entry *entries = arena_alloc_array(arena, schema->field_count + 1, sizeof *entries);
  if (title == NULL || entries == NULL) return error_set_memory(error);
  for (size_t at = 0; at < schema->field_count; at++)
    if (!key_entry(&schema->fields[at], arena, error, &entries[at])) return false;
  *ret_section =
      (struct manual_section){.title = title, .is_sub = true, .text = schema->summary, .entries = entries};
  return true;
}

#define KEY_SECTIONS_MAX 64

/* A section of the file, and below it each of its lists of mappings. */
static bool key_sections(const struct field *section, struct arena *arena, struct error *error,
                         struct manual_section *sections, size_t *count) {
  const struct schema *schema = section->object;
  if (!key_section(section->name, schema, arena, error, &sections[(*count)++])) return false;
  for (size_t at = 0; at < schema->field_count; at++) {
    const struct field *field = &schema->fields[at];
    if (field->kind != FIELD_KIND_LIST || field->object == NULL) continue;
    if (*count == KEY_SECTIONS_MAX)
      return error_set(error, ERROR_INTERNAL, "The configuration has too many sections.");
    const char *title = arena_printf(arena, "Each item of %s.%s", section->name, field->name);
    if (!key_section(title, field->object, arena, error, &sections[(*count)++])) return false;
  }
  return true;
}

static bool print_yaml_page(struct arena *arena, struct error *error, struct buffer *buffer) {
  struct manual_section *sections = arena_alloc_array(arena, KEY_SECTIONS_MAX + 4, sizeof *sections);
  size_t count = 0;
  if (sections == NULL) return error_set_memory(error);
  sections[count++] = (struct manual_section){
      .title = "Description",
      .text = "One file configures all programs of Lockstep. Every key has a default; a key that is left "
              "out, or has "
              "no value, keeps it. Unknown keys, duplicate keys, anchors and aliases are refused.\n\n"
              "\"" CTL_PROGRAM " config check\" says whether a file is good, \"" CTL_PROGRAM
              " config print\" what is in "
              "force. A reload (HUP) reads the file and the files of its secrets again; one with a mistake "
              "changes "
              "nothing."};
  sections[count++] = (struct manual_section){.title = "Keys"};
  for (size_t at = 0; at < config_schema.field_count && count < KEY_SECTIONS_MAX; at++)
    if (!key_sections(&config_schema.fields[at], arena, error, sections, &count)) return false;
  sections[count++] = (struct manual_section){.title = "See also",
                                              .text = "lockstep-fcgi(8), lockstep-sync(8), " CTL_NAME "(8)"};
  const struct manual manual = {
      .name = YAML_NAME, .chapter = "5", .summary = "the configuration of Lockstep", .sections = sections};
  manual_print_page(&manual, buffer);
  return true;
}

/* -- The command --------------------------------------------------------------------------- */

bool ctl_man_print(struct ctl *ctl, const void *options, struct error *error) {
  const struct man_options *man = options;
  CLEANUP(buffer_free) struct buffer page = BUFFER_INIT(CTL_TEXT_BYTES);
  if (strcmp(man->name, CTL_NAME) == 0) {
    if (!print_ctl_page(ctl->arena, error, &page)) return false;
  } else if (strcmp(man->name, YAML_NAME) == 0) {
    if (!print_yaml_page(ctl->arena, error, &page)) return false;
  } else if (strcmp(man->name, fcgi_manual.name) == 0) {
    manual_print_page(&fcgi_manual, &page);
  } else if (strcmp(man->name, sync_manual.name) == 0) {
    manual_print_page(&sync_manual, &page);
  } else if (strcmp(man->name, live_manual.name) == 0) {
    manual_print_page(&live_manual, &page);
  } else {
    return error_set(error, ERROR_NOT_FOUND,
                     "There is no page %s; there are " CTL_NAME ", %s, %s and " YAML_NAME ".", man->name,
                     fcgi_manual.name, sync_manual.name);
  }
  return ctl_write(&page, error);
}
