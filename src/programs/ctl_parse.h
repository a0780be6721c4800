/* The command line: which command, and its options as the struct of its field table. */
#ifndef LOCKSTEP_PROGRAMS_CTL_PARSE_H
#define LOCKSTEP_PROGRAMS_CTL_PARSE_H

#include "programs/ctl.h"

/* What stands before or after any command. */
struct ctl_globals {
  const char *config;
  bool help;
  bool version;
};
extern const struct schema ctl_globals_schema;

struct ctl_call {
  struct ctl_globals globals;
  const struct ctl_command *command; /* NULL: none was named */
  const char *group;                 /* "migrate" alone: there are commands that begin so */
  void *options;                     /* of the command, in the arena; NULL where it has none */
};

/* Options are --name VALUE or --name=VALUE, a BOOL has no value, `--` ends them. They may stand anywhere.
 * ERROR_MALFORMED with one sentence that says what is wrong and, where one is near, what may have been
 * meant. What was understood before it is in ret_call all the same. With --help or --version nothing is
 * missed. */
bool ctl_parse(int argc, char **argv, struct arena *arena, struct error *error,
               struct ctl_call *ret_call) WARN_UNUSED;

/* "userId" → "user-id", in the arena. NULL: no memory. */
const char *ctl_parse_option_name(const struct field *field, struct arena *arena);

#endif
