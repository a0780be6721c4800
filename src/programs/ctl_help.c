/* Help, from the rows. */
#include <ctype.h>
#include <string.h>

#include "programs/ctl.h"
#include "programs/ctl_parse.h"
#include "programs/manual.h"
#include "schema/describe.h"

#include "base/banned.h"

/* -- Options ------------------------------------------------------------------------------- */

/* Values whose name is not the option's. */
static const struct {
  const char *field;
  const char *value;
} value_names[] = {{"config", "FILE"}, {"lifetime", "SECONDS"}, {"user", "ID"}, {"who", "ID|USERNAME"}};

void ctl_help_value(const struct field *field, struct buffer *buffer) {
  for (size_t at = 0; at < ARRAY_LENGTH(value_names); at++) {
    if (strcmp(value_names[at].field, field->name) != 0) continue;
    buffer_append_text(buffer, value_names[at].value);
    return;
  }
  bool is_number = field->kind == FIELD_KIND_INT || field->kind == FIELD_KIND_UINT;
  for (const char *at = is_number ? "n" : field->name; *at != '\0'; at++)
    buffer_append_char(buffer, (char)toupper((unsigned char)*at));
}

static void append_dashed(const char *name, struct buffer *buffer) {
  for (const char *at = name; *at != '\0'; at++) {
    bool is_upper = *at >= 'A' && *at <= 'Z';
    if (is_upper) buffer_append_char(buffer, '-');
    buffer_append_char(buffer, is_upper ? (char)(*at - 'A' + 'a') : *at);
  }
}

static void append_option(const struct field *field, struct buffer *buffer) {
  buffer_append_text(buffer, "--");
  append_dashed(field->name, buffer);
  if (field->kind == FIELD_KIND_BOOL) return;
  buffer_append_char(buffer, ' ');
  ctl_help_value(field, buffer);
}

static bool is_argument(const struct ctl_command *command, const struct field *field) {
  return command->argument != NULL && strcmp(command->argument, field->name) == 0;
}

void ctl_help_usage(const struct ctl_command *command, struct buffer *buffer) {
  const struct schema *options = command->options;
  buffer_append_text(buffer, command->name);
  for (size_t at = 0; options != NULL && at < options->field_count; at++) {
    const struct field *field = &options->fields[at];
    bool is_required = (field->flags & FIELD_REQUIRED) != 0;
    buffer_append_text(buffer, is_required ? " " : " [");
    if (is_argument(command, field))
      ctl_help_value(field, buffer);
    else
      append_option(field, buffer);
    if (!is_required) buffer_append_char(buffer, ']');
  }
}

void ctl_help_term(const struct ctl_command *command, const struct field *field, struct buffer *buffer) {
  if (command != NULL && is_argument(command, field))
    ctl_help_value(field, buffer);
  else
    append_option(field, buffer);
}

void ctl_help_meaning(const struct field *field, struct buffer *buffer) {
  char values[DESCRIBE_BYTES];
  buffer_append_text(buffer, field->summary);
  if (field->kind == FIELD_KIND_ENUM) {
    describe_field(field, values, sizeof values);
    buffer_printf(buffer, " O%s.", values + 1);
  }
  if (field->default_text != NULL) buffer_printf(buffer, " Default: %s.", field->default_text);
}

static int widen_options(int column, const struct ctl_command *command, const struct schema *schema) {
  for (size_t at = 0; schema != NULL && at < schema->field_count; at++) {
    CLEANUP(buffer_free) struct buffer term = BUFFER_INIT(CTL_TEXT_BYTES);
    ctl_help_term(command, &schema->fields[at], &term);
    column = manual_widen(column, buffer_text(&term));
  }
  return column;
}

static void print_options(const struct ctl_command *command, const struct schema *schema, int column,
                          FILE *stream, int width) {
  for (size_t at = 0; schema != NULL && at < schema->field_count; at++) {
    CLEANUP(buffer_free) struct buffer term = BUFFER_INIT(CTL_TEXT_BYTES);
    CLEANUP(buffer_free) struct buffer meaning = BUFFER_INIT(CTL_TEXT_BYTES);
    ctl_help_term(command, &schema->fields[at], &term);
    ctl_help_meaning(&schema->fields[at], &meaning);
    manual_print_entry(buffer_text(&term), buffer_text(&meaning), column, stream, width);
  }
}

/* -- The texts ----------------------------------------------------------------------------- */

void ctl_help_command(const struct ctl_command *command, FILE *stream, int width) {
  CLEANUP(buffer_free) struct buffer usage = BUFFER_INIT(CTL_TEXT_BYTES);
  int column = widen_options(widen_options(0, NULL, &ctl_globals_schema), command, command->options);
  ctl_help_usage(command, &usage);
  (void)fprintf(stream, "Usage: " CTL_PROGRAM " %s\n\n", buffer_text(&usage));
  manual_print_paragraphs(command->summary, 0, stream, width);
  if (command->description != NULL) {
    (void)fputc('\n', stream);
    manual_print_paragraphs(command->description, 0, stream, width);
  }
  if (command->options != NULL) {
    (void)fprintf(stream, "\nOptions:\n");
    print_options(command, command->options, column, stream, width);
  }
  (void)fprintf(stream, "\nOptions of every command:\n");
  print_options(NULL, &ctl_globals_schema, column, stream, width);
}

/* `group` NULL: all of them. */
static bool is_in_group(const struct ctl_command *command, const char *group) {
  size_t bytes = group == NULL ? 0 : strlen(group);
  return group == NULL || (strncmp(command->name, group, bytes) == 0 && command->name[bytes] == ' ');
}

static void print_commands(const char *group, FILE *stream, int width) {
  int column = 0;
  for (size_t at = 0; at < ctl_command_count; at++)
    if (is_in_group(&ctl_commands[at], group)) column = manual_widen(column, ctl_commands[at].name);
  for (size_t at = 0; at < ctl_command_count; at++)
    if (is_in_group(&ctl_commands[at], group))
      manual_print_entry(ctl_commands[at].name, ctl_commands[at].summary, column, stream, width);
}

void ctl_help_overview(FILE *stream, int width) {
  (void)fprintf(stream, "Usage: " CTL_PROGRAM " [--config FILE] COMMAND [OPTIONS]\n\n"
                        "Administers Lockstep: its database, its learners, its running service.\n\n"
                        "Commands:\n");
  print_commands(NULL, stream, width);
  (void)fprintf(stream, "\nOptions of every command:\n");
  print_options(NULL, &ctl_globals_schema, widen_options(0, NULL, &ctl_globals_schema), stream, width);
  (void)fprintf(stream, "\n\"" CTL_PROGRAM " help COMMAND\" tells more about one of them.\n");
}

void ctl_help_group(const char *word, FILE *stream, int width) {
  (void)fprintf(stream, "Usage: " CTL_PROGRAM " %s COMMAND [OPTIONS]\n\nCommands:\n", word);
  print_commands(word, stream, width);
}

/* -- The command --------------------------------------------------------------------------- */

struct help_options {
  struct field_list command;
};

static const struct field help_fields[] = {
    FIELD_LIST(struct help_options, "command", command, .item_kind = FIELD_KIND_TEXT, .maximum = 8,
               .summary = "Its name, such as: migrate up."),
};
const struct schema ctl_help_options =
    SCHEMA("CtlHelp", struct help_options, help_fields, .summary = "What to explain.");

bool ctl_help_run(struct ctl *ctl, const void *options, struct error *error) {
  const struct help_options *help = options;
  const char *const *words = help->command.items;
  char *argv[10] = {(char *)(uintptr_t)CTL_PROGRAM};
  struct ctl_call call;
  if (help->command.count == 0) {
    ctl_help_overview(stdout, ctl->width);
    return true;
  }
  if (help->command.count > ARRAY_LENGTH(argv) - 2)
    return error_set(error, ERROR_MALFORMED, "These are too many words for a command.");
  for (size_t at = 0; at < help->command.count; at++)
    argv[at + 1] = (char *)(uintptr_t)words[at];
  argv[help->command.count + 1] = (char *)(uintptr_t) "--help";
  if (!ctl_parse((int)help->command.count + 2, argv, ctl->arena, error, &call)) return false;
  if (call.command != NULL)
    ctl_help_command(call.command, stdout, ctl->width);
  else
    ctl_help_group(call.group, stdout, ctl->width);
  return true;
}
