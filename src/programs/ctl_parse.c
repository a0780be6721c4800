#include "programs/ctl_parse.h"

#include <ctype.h>
#include <string.h>

#include "schema/decode.h"
#include "schema/describe.h"

#include "base/banned.h"

#ifndef LOCKSTEP_SYSCONFDIR
#define LOCKSTEP_SYSCONFDIR "/etc/lockstep"
#endif

#define WORDS_MAX 64 /* besides options */
#define NAME_BYTES 64

static const struct field globals_fields[] = {
    FIELD_TEXT(struct ctl_globals, "config", config, .minimum = 1, .maximum = 4096,
               .default_text = LOCKSTEP_SYSCONFDIR "/lockstep.yaml",
               .summary = "The configuration of the service."),
    FIELD_BOOL(struct ctl_globals, "help", help, .summary = "Help on the command, or on all of them."),
    FIELD_BOOL(struct ctl_globals, "version", version, .summary = "The version, and nothing else."),
};
const struct schema ctl_globals_schema =
    SCHEMA("CtlGlobals", struct ctl_globals, globals_fields, .summary = "Options of every command.");

struct parser {
  int argc;
  char **argv;
  int at;
  struct arena *arena;
  struct error *error;
  struct ctl_call *call;
  const char *words[WORDS_MAX];
  size_t word_count;
  bool seen[64]; /* the command's fields that were given */
};

const char *ctl_parse_option_name(const struct field *field, struct arena *arena) {
  char name[NAME_BYTES];
  size_t length = 0;
  for (const char *at = field->name; *at != '\0' && length + 2 < sizeof name; at++) {
    if (isupper((unsigned char)*at)) name[length++] = '-';
    name[length++] = (char)tolower((unsigned char)*at);
  }
  return arena_strndup(arena, name, length);
}

/* "--user-id" → "userId", for the look-up. */
static void field_name_of(const char *option, size_t bytes, char name[NAME_BYTES]) {
  size_t length = 0;
  bool raises = false;
  for (size_t at = 0; at < bytes && length + 1 < NAME_BYTES; at++) {
    raises = option[at] == '-';
    if (raises && at + 1 < bytes) at++;
    name[length++] = raises ? (char)toupper((unsigned char)option[at]) : option[at];
  }
  name[length] = '\0';
}

static const struct field *schema_find(const struct schema *schema, const char *name) {
  if (schema == NULL) return NULL;
  for (size_t at = 0; at < schema->field_count; at++)
    if (strcmp(schema->fields[at].name, name) == 0) return &schema->fields[at];
  return NULL;
}

static bool is_argument(const struct ctl_command *command, const struct field *field) {
  return command->argument != NULL && strcmp(command->argument, field->name) == 0;
}

/* -- Options ------------------------------------------------------------------------------- */

/* The decoder speaks of fields; people here speak of options. */
static bool complain_value(struct parser *parser, const char *name) {
  char message[ERROR_FIELD_MESSAGE_BYTES] = "cannot be used";
  if (parser->error->field_count > 0) memcpy(message, parser->error->fields[0].message, sizeof message);
  return error_set(parser->error, ERROR_MALFORMED, "%s %s.", name, message);
}

static bool store(struct parser *parser, const struct field *field, const char *name, const char *text,
                  void *structure) {
  if (schema_decode_scalar(field, text, parser->arena, structure, parser->error)) return true;
  return complain_value(parser, name);
}

static bool complain_unknown(struct parser *parser, const char *option, size_t bytes, const char *name) {
  const struct ctl_command *command = parser->call->command;
  const struct field *near =
      command == NULL || command->options == NULL ? NULL : describe_nearest(command->options, name);
  if (near == NULL || is_argument(command, near)) near = describe_nearest(&ctl_globals_schema, name);
  if (near == NULL)
    return error_set(parser->error, ERROR_MALFORMED, "There is no option %.*s.", (int)bytes, option);
  return error_set(parser->error, ERROR_MALFORMED, "There is no option %.*s; did you mean --%s?", (int)bytes,
                   option, ctl_parse_option_name(near, parser->arena));
}

static bool option_store(struct parser *parser, const struct field *field, const char *option,
                         size_t option_bytes, const char *value, void *structure) {
  char name[NAME_BYTES + 2];
  snprintf(name, sizeof name, "%.*s", (int)option_bytes, option);
  if (field->kind == FIELD_KIND_BOOL) {
    if (value != NULL) return error_set(parser->error, ERROR_MALFORMED, "%s takes no value.", name);
    return store(parser, field, name, "true", structure);
  }
  if (value == NULL && parser->at + 1 < parser->argc) value = parser->argv[++parser->at];
  if (value == NULL) return error_set(parser->error, ERROR_MALFORMED, "%s needs a value.", name);
  return store(parser, field, name, value, structure);
}

/* The command's own options go first, so that a command may have a --version of its own. */
static bool parse_option(struct parser *parser, const char *option) {
  const char *equals = strchr(option, '=');
  size_t bytes = equals == NULL ? strlen(option) : (size_t)(equals - option);
  const char *value = equals == NULL ? NULL : equals + 1;
  const struct ctl_command *command = parser->call->command;
  char name[NAME_BYTES];
  if (strcmp(option, "-h") == 0) {
    parser->call->globals.help = true;
    return true;
  }
  if (strncmp(option, "--", 2) != 0) return complain_unknown(parser, option, bytes, option + 1);
  field_name_of(option + 2, bytes - 2, name);
  const struct field *field = command == NULL ? NULL : schema_find(command->options, name);
  if (field != NULL && !is_argument(command, field)) {
    parser->seen[field - command->options->fields] = true;
    return option_store(parser, field, option, bytes, value, parser->call->options);
  }
  field = schema_find(&ctl_globals_schema, name);
  if (field == NULL) return complain_unknown(parser, option, bytes, name);
  return option_store(parser, field, option, bytes, value, &parser->call->globals);
}

/* -- Words --------------------------------------------------------------------------------- */

/* How many of the words are the command's name; 0: they are not. */
static size_t match_command(const struct ctl_command *command, const char *const *words, size_t count) {
  const char *name = command->name;
  for (size_t at = 0; at < count; at++) {
    size_t bytes = strlen(words[at]);
    if (strncmp(name, words[at], bytes) != 0) return 0;
    if (name[bytes] == '\0') return at + 1;
    if (name[bytes] != ' ') return 0;
    name += bytes + 1;
  }
  return 0;
}

static bool begins_group(const char *word) {
  size_t bytes = strlen(word);
  for (size_t at = 0; at < ctl_command_count; at++)
    if (strncmp(ctl_commands[at].name, word, bytes) == 0 && ctl_commands[at].name[bytes] == ' ') return true;
  return false;
}

/* The command whose name is nearest to what was typed, by the search that fields have. */
static const char *nearest_command(const char *typed, struct arena *arena) {
  struct field *fields = arena_alloc_array(arena, ctl_command_count, sizeof *fields);
  if (fields == NULL) return NULL;
  for (size_t at = 0; at < ctl_command_count; at++)
    fields[at].name = ctl_commands[at].name;
  struct schema schema = {.fields = fields, .field_count = ctl_command_count};
  const struct field *near = describe_nearest(&schema, typed);
  return near == NULL ? NULL : near->name;
}

static bool complain_command(struct parser *parser) {
  const char *typed = parser->words[0];
  const char *near = nearest_command(typed, parser->arena);
  if (begins_group(typed)) {
    if (parser->word_count == 1) {
      parser->call->group = typed;
      return error_set(parser->error, ERROR_MALFORMED, "What about %s?", typed);
    }
    typed = arena_printf(parser->arena, "%s %s", typed, parser->words[1]);
    near = typed == NULL ? NULL : nearest_command(typed, parser->arena);
  }
  if (typed == NULL) return error_set_memory(parser->error);
  if (near == NULL) return error_set(parser->error, ERROR_MALFORMED, "There is no command %s.", typed);
  return error_set(parser->error, ERROR_MALFORMED, "There is no command %s; did you mean %s?", typed, near);
}

/* Words up to the first option tell the command; options of the command may then be known. */
static size_t find_command(struct parser *parser, int from) {
  const char *words[4];
  size_t count = 0;
  for (int at = from; at < parser->argc && count < ARRAY_LENGTH(words) && parser->argv[at][0] != '-'; at++)
    words[count++] = parser->argv[at];
  size_t best = 0;
  for (size_t at = 0; at < ctl_command_count; at++) {
    size_t used = match_command(&ctl_commands[at], words, count);
    if (used <= best) continue;
    best = used;
    parser->call->command = &ctl_commands[at];
  }
  return best;
}

static bool prepare_options(struct parser *parser) {
  const struct schema *options = parser->call->command->options;
  if (options == NULL) return true;
  if (options->field_count > ARRAY_LENGTH(parser->seen))
    return error_set(parser->error, ERROR_INTERNAL, "The command has too many options.");
  parser->call->options = arena_alloc(parser->arena, options->size);
  if (parser->call->options == NULL) return error_set_memory(parser->error);
  return schema_defaults(options, parser->arena, parser->call->options, parser->error);
}

static bool parse_word(struct parser *parser, const char *word) {
  if (parser->word_count == WORDS_MAX)
    return error_set(parser->error, ERROR_MALFORMED, "These are too many words.");
  if (parser->call->command == NULL && parser->word_count == 0) {
    size_t used = find_command(parser, parser->at);
    if (used > 0) {
      parser->at += (int)used - 1;
      return prepare_options(parser);
    }
  }
  parser->words[parser->word_count++] = word;
  return true;
}

/* -- The whole ----------------------------------------------------------------------------- */

static bool store_list(struct parser *parser, const struct field *field, void *structure) {
  const char **items = arena_alloc_array(parser->arena, parser->word_count + 1, sizeof *items);
  if (items == NULL) return error_set_memory(parser->error);
  memcpy(items, parser->words, parser->word_count * sizeof *items);
  struct field_list *list = (struct field_list *)(void *)((char *)structure + field->offset);
  *list = (struct field_list){.items = items, .count = parser->word_count};
  return true;
}

static const char *value_name(struct parser *parser, const struct field *field) {
  CLEANUP(buffer_free) struct buffer name = BUFFER_INIT(CTL_TEXT_BYTES);
  ctl_help_value(field, &name);
  return arena_strdup(parser->arena, buffer_text(&name));
}

static bool store_words(struct parser *parser) {
  const struct ctl_command *command = parser->call->command;
  const struct field *field =
      command->argument == NULL ? NULL : schema_find(command->options, command->argument);
  if (field != NULL && field->kind == FIELD_KIND_LIST)
    return store_list(parser, field, parser->call->options);
  size_t taken = 0;
  if (field != NULL && parser->word_count > 0) {
    parser->seen[field - command->options->fields] = true;
    if (!store(parser, field, value_name(parser, field), parser->words[taken++], parser->call->options))
      return false;
  }
  if (taken == parser->word_count) return true;
  return error_set(parser->error, ERROR_MALFORMED, "%s has no use for \"%s\".", command->name,
                   parser->words[taken]);
}

static bool check_required(struct parser *parser) {
  const struct ctl_command *command = parser->call->command;
  if (command->options == NULL) return true;
  for (size_t at = 0; at < command->options->field_count; at++) {
    const struct field *field = &command->options->fields[at];
    if ((field->flags & FIELD_REQUIRED) == 0 || parser->seen[at]) continue;
    if (is_argument(command, field))
      return error_set(parser->error, ERROR_MALFORMED, "%s needs %s.", command->name,
                       value_name(parser, field));
    return error_set(parser->error, ERROR_MALFORMED, "%s needs --%s.", command->name,
                     ctl_parse_option_name(field, parser->arena));
  }
  return true;
}

static bool parse_arguments(struct parser *parser) {
  bool options_end = false;
  for (parser->at = 1; parser->at < parser->argc; parser->at++) {
    const char *text = parser->argv[parser->at];
    bool is_option = !options_end && text[0] == '-' && text[1] != '\0';
    if (is_option && strcmp(text, "--") == 0) {
      options_end = true;
      continue;
    }
    if (!(is_option ? parse_option(parser, text) : parse_word(parser, text))) return false;
  }
  return true;
}

bool ctl_parse(int argc, char **argv, struct arena *arena, struct error *error, struct ctl_call *ret_call) {
  struct parser parser = {.argc = argc, .argv = argv, .arena = arena, .error = error, .call = ret_call};
  *ret_call = (struct ctl_call){.command = NULL};
  if (!schema_defaults(&ctl_globals_schema, arena, &ret_call->globals, error)) return false;
  if (!parse_arguments(&parser)) return false;
  if (ret_call->globals.version) return true;
  if (ret_call->command == NULL && parser.word_count > 0)
    return complain_command(&parser) || (ret_call->globals.help && ret_call->group != NULL);
  if (ret_call->command == NULL || ret_call->globals.help) return true;
  return store_words(&parser) && check_required(&parser);
}
