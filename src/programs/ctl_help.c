/* Help, from the rows. */
#include <string.h>

#include "programs/ctl.h"
#include "programs/ctl_parse.h"
#include "schema/describe.h"
#include "schema/utf8.h"

#include "base/banned.h"

#define TEXT_WIDTH_MAX 96 /* longer lines are hard to read */
#define NAME_COLUMN_MAX 34

/* -- Laying text out ----------------------------------------------------------------------- */

static size_t text_columns(const char *text, size_t bytes) { return utf8_count(text, bytes); }

/* Words until the line is full; the first line begins where the cursor stands. */
static void print_wrapped(FILE *stream, const char *text, size_t bytes, int indent, int width) {
  int column = indent;
  const char *end = text + bytes;
  for (const char *at = text; at < end;) {
    size_t word = strcspn(at, " \n");
    if (word > (size_t)(end - at)) word = (size_t)(end - at);
    int columns = (int)text_columns(at, word);
    if (column > indent && column + 1 + columns > width) {
      (void)fprintf(stream, "\n%*s", indent, "");
      column = indent;
    } else if (column > indent) {
      (void)fputc(' ', stream);
      column++;
    }
    (void)fwrite(at, 1, word, stream);
    column += columns;
    at += word + strspn(at + word, " \n");
  }
  (void)fputc('\n', stream);
}

/* Paragraphs are parted by empty lines; one that begins with white space stands as it is. */
static void print_paragraphs(FILE *stream, const char *text, int indent, int width) {
  while (*text != '\0') {
    const char *end = strstr(text, "\n\n");
    size_t bytes = end == NULL ? strlen(text) : (size_t)(end - text);
    (void)fprintf(stream, "%*s", indent, "");
    if (*text == ' ')
      (void)fprintf(stream, "%.*s\n", (int)bytes, text);
    else
      print_wrapped(stream, text, bytes, indent, width);
    text += bytes + (end == NULL ? 0 : 2);
    if (*text != '\0') (void)fputc('\n', stream);
  }
}

static int text_width(int width) { return width > TEXT_WIDTH_MAX ? TEXT_WIDTH_MAX : width; }

/* "  name        what it means", the meaning wrapped in its own column. */
static void print_entry(FILE *stream, const char *name, const char *meaning, int column, int width) {
  int used = 2 + (int)text_columns(name, strlen(name));
  (void)fprintf(stream, "  %s", name);
  if (used + 2 > column) {
    (void)fputc('\n', stream);
    used = 0;
  }
  (void)fprintf(stream, "%*s", column - used, "");
  print_wrapped(stream, meaning, strlen(meaning), column, width);
}

/* -- Options ------------------------------------------------------------------------------- */

static const char *value_name(const struct field *field) {
  if (field->example != NULL) return field->example;
  switch (field->kind) {
  case FIELD_KIND_INT:
  case FIELD_KIND_UINT:
  case FIELD_KIND_NUMBER:
    return "N";
  case FIELD_KIND_ENUM:
    return "NAME";
  default:
    return "TEXT";
  }
}

static void append_dashed(const char *name, struct buffer *buffer) {
  for (const char *at = name; *at != '\0'; at++) {
    bool is_upper = *at >= 'A' && *at <= 'Z';
    if (is_upper) buffer_append_char(buffer, '-');
    buffer_append_char(buffer, is_upper ? (char)(*at - 'A' + 'a') : *at);
  }
}

void ctl_help_option(const struct field *field, struct buffer *buffer) {
  buffer_append_text(buffer, "--");
  append_dashed(field->name, buffer);
  if (field->kind == FIELD_KIND_BOOL) return;
  buffer_append_char(buffer, ' ');
  buffer_append_text(buffer, value_name(field));
}

static bool is_argument(const struct ctl_command *command, const struct field *field) {
  return command->argument != NULL && strcmp(command->argument, field->name) == 0;
}

void ctl_help_usage(const struct ctl_command *command, struct buffer *buffer) {
  const struct schema *options = command->options;
  buffer_printf(buffer, CTL_PROGRAM " %s", command->name);
  for (size_t at = 0; options != NULL && at < options->field_count; at++) {
    const struct field *field = &options->fields[at];
    bool is_required = (field->flags & FIELD_REQUIRED) != 0;
    buffer_append_text(buffer, is_required ? " " : " [");
    if (is_argument(command, field))
      buffer_append_text(buffer, value_name(field));
    else
      ctl_help_option(field, buffer);
    if (!is_required) buffer_append_char(buffer, ']');
  }
}

/* "Meaning. One of: a, b. Default: b." */
static void append_meaning(const struct field *field, struct buffer *buffer) {
  char values[DESCRIBE_BYTES];
  buffer_append_text(buffer, field->summary);
  if (field->kind == FIELD_KIND_ENUM) {
    describe_field(field, values, sizeof values);
    buffer_printf(buffer, " O%s.", values + 1);
  }
  if (field->default_text != NULL) buffer_printf(buffer, " Default: %s.", field->default_text);
}

static int widest_option(const struct schema *schema, int widest) {
  for (size_t at = 0; schema != NULL && at < schema->field_count; at++) {
    CLEANUP(buffer_free) struct buffer name = BUFFER_INIT(CTL_TEXT_BYTES);
    ctl_help_option(&schema->fields[at], &name);
    int width = (int)name.length + 4;
    if (width > widest && width <= NAME_COLUMN_MAX) widest = width;
  }
  return widest;
}

static void print_options(const struct ctl_command *command, const struct schema *schema, FILE *stream,
                          int column, int width) {
  for (size_t at = 0; schema != NULL && at < schema->field_count; at++) {
    const struct field *field = &schema->fields[at];
    CLEANUP(buffer_free) struct buffer name = BUFFER_INIT(CTL_TEXT_BYTES);
    CLEANUP(buffer_free) struct buffer meaning = BUFFER_INIT(CTL_TEXT_BYTES);
    if (command != NULL && is_argument(command, field))
      buffer_append_text(&name, value_name(field));
    else
      ctl_help_option(field, &name);
    append_meaning(field, &meaning);
    print_entry(stream, buffer_text(&name), buffer_text(&meaning), column, width);
  }
}

/* -- The texts ----------------------------------------------------------------------------- */

void ctl_help_command(const struct ctl_command *command, FILE *stream, int width) {
  CLEANUP(buffer_free) struct buffer usage = BUFFER_INIT(CTL_TEXT_BYTES);
  int column = widest_option(&ctl_globals_schema, widest_option(command->options, 16));
  width = text_width(width);
  ctl_help_usage(command, &usage);
  (void)fprintf(stream, "Usage: %s\n\n", buffer_text(&usage));
  print_paragraphs(stream, command->summary, 0, width);
  if (command->description != NULL) {
    (void)fputc('\n', stream);
    print_paragraphs(stream, command->description, 0, width);
  }
  if (command->options != NULL) {
    (void)fprintf(stream, "\nOptions:\n");
    print_options(command, command->options, stream, column, width);
  }
  (void)fprintf(stream, "\nOptions of every command:\n");
  print_options(NULL, &ctl_globals_schema, stream, column, width);
}

static int widest_command(const char *group) {
  size_t group_bytes = group == NULL ? 0 : strlen(group);
  int widest = 12;
  for (size_t at = 0; at < ctl_command_count; at++) {
    if (group != NULL && strncmp(ctl_commands[at].name, group, group_bytes) != 0) continue;
    int width = (int)strlen(ctl_commands[at].name) + 4;
    if (width > widest) widest = width;
  }
  return widest;
}

static void print_commands(const char *group, FILE *stream, int width) {
  size_t bytes = group == NULL ? 0 : strlen(group);
  int column = widest_command(group);
  for (size_t at = 0; at < ctl_command_count; at++) {
    const struct ctl_command *command = &ctl_commands[at];
    if (group != NULL && (strncmp(command->name, group, bytes) != 0 || command->name[bytes] != ' ')) continue;
    print_entry(stream, command->name, command->summary, column, width);
  }
}

void ctl_help_overview(FILE *stream, int width) {
  width = text_width(width);
  (void)fprintf(stream, "Usage: " CTL_PROGRAM " [--config FILE] COMMAND [OPTIONS]\n\n"
                        "Administers Lockstep: its database, its learners, its running service.\n\n"
                        "Commands:\n");
  print_commands(NULL, stream, width);
  (void)fprintf(stream, "\nOptions of every command:\n");
  print_options(NULL, &ctl_globals_schema, stream, widest_option(&ctl_globals_schema, 16), width);
  (void)fprintf(stream, "\n\"" CTL_PROGRAM " help COMMAND\" tells more about one of them.\n");
}

void ctl_help_group(const char *word, FILE *stream, int width) {
  (void)fprintf(stream, "Usage: " CTL_PROGRAM " %s COMMAND [OPTIONS]\n\nCommands:\n", word);
  print_commands(word, stream, text_width(width));
}

/* -- The command --------------------------------------------------------------------------- */

struct help_options {
  struct field_list command;
};

static const struct field help_fields[] = {
    FIELD_LIST(struct help_options, "command", command, .item_kind = FIELD_KIND_TEXT, .maximum = 8,
               .example = "COMMAND", .summary = "Its name, such as: migrate up."),
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
