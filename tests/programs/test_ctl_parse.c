/* lockstepctl's command line: the parser over the program's own commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "programs/ctl_parse.h"
#include "schema/check.h"

#include "base/banned.h"

#define WORDS_MAX 12

struct line {
  struct arena *arena;
  struct ctl_call call;
  struct error error;
  bool ok;
};

static void parse(struct line *line, const char *const *words) {
  static char program[] = "lockstepctl";
  char *argv[WORDS_MAX + 1] = {program};
  int argc = 1;
  for (; words[argc - 1] != NULL; argc++)
    argv[argc] = arena_strdup(line->arena, words[argc - 1]);
  line->error = (struct error)ERROR_INIT;
  line->ok = ctl_parse(argc, argv, line->arena, &line->error, &line->call);
}
#define PARSE(line, ...) parse((line), (const char *const[]){__VA_ARGS__, NULL})

static const struct field *option_of(const struct line *line, const char *name) {
  const struct schema *options = line->call.command->options;
  for (size_t at = 0; at < options->field_count; at++)
    if (strcmp(options->fields[at].name, name) == 0) return &options->fields[at];
  fail_msg("%s has no field %s", line->call.command->name, name);
  return NULL;
}

static uint64_t number_of(const struct line *line, const char *name) {
  uint64_t value;
  memcpy(&value, (const char *)line->call.options + option_of(line, name)->offset, sizeof value);
  return value;
}

static const char *text_of(const struct line *line, const char *name) {
  const char *value;
  memcpy(&value, (const char *)line->call.options + option_of(line, name)->offset, sizeof value);
  return value;
}

static bool flag_of(const struct line *line, const char *name) {
  return *((const char *)line->call.options + option_of(line, name)->offset) != 0;
}

static void assert_command(const struct line *line, const char *name) {
  if (!line->ok) fail_msg("%s", line->error.message);
  assert_non_null(line->call.command);
  assert_string_equal(line->call.command->name, name);
}

static void assert_refused(const struct line *line, const char *message) {
  assert_false(line->ok);
  assert_string_equal(line->error.message, message);
}

static int setup(void **state) {
  struct line *line = calloc(1, sizeof *line);
  if (line == NULL) return -1;
  line->arena = arena_new((size_t)1024 * 1024);
  *state = line;
  return line->arena == NULL ? -1 : 0;
}

static int teardown(void **state) {
  struct line *line = *state;
  arena_free(line->arena);
  free(line);
  return 0;
}

static void test_commands_of_one_and_two_words(void **state) {
  struct line *line = *state;
  PARSE(line, "migrate", "up");
  assert_command(line, "migrate up");
  assert_false(flag_of(line, "dryRun"));
  PARSE(line, "demo");
  assert_command(line, "demo");
  assert_int_equal(number_of(line, "learners"), 200);
}

static void test_options_stand_anywhere(void **state) {
  struct line *line = *state;
  PARSE(line, "--config", "a.yaml", "demo", "--learners", "7", "--seed=9", "--force");
  assert_command(line, "demo");
  assert_string_equal(line->call.globals.config, "a.yaml");
  assert_int_equal(number_of(line, "learners"), 7);
  assert_int_equal(number_of(line, "seed"), 9);
  assert_true(flag_of(line, "force"));
  PARSE(line, "user", "show", "--json", "7", "--config=b.yaml");
  assert_command(line, "user show");
  assert_string_equal(line->call.globals.config, "b.yaml");
  assert_string_equal(text_of(line, "who"), "7");
  assert_true(flag_of(line, "json"));
}

static void test_names_with_capitals_have_dashes(void **state) {
  struct line *line = *state;
  PARSE(line, "migrate", "up", "--dry-run");
  assert_command(line, "migrate up");
  assert_true(flag_of(line, "dryRun"));
  PARSE(line, "migrate", "up", "--dryRun");
  assert_command(line, "migrate up");
  assert_string_equal(ctl_parse_option_name(option_of(line, "dryRun"), line->arena), "dry-run");
  PARSE(line, "migrate", "up", "--dry-");
  assert_false(line->ok);
}

static void test_two_dashes_end_the_options(void **state) {
  struct line *line = *state;
  PARSE(line, "user", "show", "--", "--json");
  assert_command(line, "user show");
  assert_string_equal(text_of(line, "who"), "--json");
  assert_false(flag_of(line, "json"));
}

static void test_complains_about_commands(void **state) {
  struct line *line = *state;
  PARSE(line, "migrate");
  assert_false(line->ok);
  assert_string_equal(line->call.group, "migrate");
  PARSE(line, "migrate", "upp");
  assert_refused(line, "There is no command migrate upp; did you mean migrate up?");
  PARSE(line, "adit");
  assert_refused(line, "There is no command adit; did you mean audit?");
  PARSE(line, "zzzzzzzz");
  assert_refused(line, "There is no command zzzzzzzz.");
}

static void test_complains_about_options(void **state) {
  struct line *line = *state;
  PARSE(line, "demo", "--lerners", "5");
  assert_refused(line, "There is no option --lerners; did you mean --learners?");
  PARSE(line, "demo", "--learners");
  assert_refused(line, "--learners needs a value.");
  PARSE(line, "demo", "--learners", "x");
  assert_refused(line, "--learners must be a whole number from 0 to 10000000.");
  PARSE(line, "demo", "--learners=-1");
  assert_false(line->ok);
  PARSE(line, "demo", "--force=yes");
  assert_refused(line, "--force takes no value.");
  PARSE(line, "token", "--role", "root");
  assert_refused(line, "--role must be one of: student, admin, service, anonymous.");
  PARSE(line, "-x");
  assert_refused(line, "There is no option -x.");
}

static void test_complains_about_words(void **state) {
  struct line *line = *state;
  PARSE(line, "demo", "now");
  assert_refused(line, "demo has no use for \"now\".");
  PARSE(line, "user", "show");
  assert_refused(line, "user show needs ID|USERNAME.");
  PARSE(line, "user", "show", "7", "8");
  assert_refused(line, "user show has no use for \"8\".");
}

static void test_help_and_version_need_nothing_else(void **state) {
  struct line *line = *state;
  PARSE(line, "user", "show", "--help");
  assert_command(line, "user show");
  assert_true(line->call.globals.help);
  PARSE(line, "migrate", "-h");
  assert_true(line->ok);
  assert_string_equal(line->call.group, "migrate");
  PARSE(line, "--version");
  assert_true(line->ok && line->call.globals.version);
  PARSE(line, "help", "migrate", "up");
  assert_command(line, "help");
}

/* What the help is printed from is there, and says what it should. */
static void check_command(const struct ctl_command *command) {
  struct error error = ERROR_INIT;
  bool has_argument = command->argument == NULL;
  assert_non_null(command->run);
  assert_non_null(command->summary);
  assert_int_equal(command->summary[strlen(command->summary) - 1], '.');
  if (command->options == NULL) {
    assert_null(command->argument);
    return;
  }
  if (!schema_check(command->options, &error)) fail_msg("%s: %s", command->name, error.message);
  for (size_t at = 0; at < command->options->field_count; at++) {
    const struct field *field = &command->options->fields[at];
    if (command->argument != NULL && strcmp(field->name, command->argument) == 0) has_argument = true;
    if (field->kind == FIELD_KIND_BOOL) assert_null(field->default_text); /* a flag can only be set */
  }
  assert_true(has_argument);
}

static void test_the_table(void **state) {
  (void)state;
  for (size_t at = 0; at < ctl_command_count; at++) {
    check_command(&ctl_commands[at]);
    for (size_t other = 0; other < at; other++)
      assert_string_not_equal(ctl_commands[at].name, ctl_commands[other].name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_commands_of_one_and_two_words),
      cmocka_unit_test(test_options_stand_anywhere),
      cmocka_unit_test(test_names_with_capitals_have_dashes),
      cmocka_unit_test(test_two_dashes_end_the_options),
      cmocka_unit_test(test_complains_about_commands),
      cmocka_unit_test(test_complains_about_options),
      cmocka_unit_test(test_complains_about_words),
      cmocka_unit_test(test_help_and_version_need_nothing_else),
      cmocka_unit_test(test_the_table),
  };
  return cmocka_run_group_tests_name("ctl_parse", tests, setup, teardown);
}
