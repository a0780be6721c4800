/* lockstepctl, the administrator's command. A command is a row: its options are a field table, and
 * its help, its complaints and the man page are printed from the row. To add one is to add a row in
 * ctl_commands.c and the function that it names.
 *
 * Results go to standard output, everything else to standard error. It ends with 0 when it did what
 * it was asked, 1 when it could not or found something that needs a person, 2 when the command line
 * makes no sense. */
#ifndef LOCKSTEP_PROGRAMS_CTL_H
#define LOCKSTEP_PROGRAMS_CTL_H

#include <stdio.h>

#include "base/arena.h"
#include "config/config.h"
#include "db/db.h"
#include "schema/field.h"

#define CTL_PROGRAM "lockstepctl"
#define CTL_ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define CTL_TEXT_BYTES ((size_t)64 * 1024 * 1024) /* of one output that is printed whole */

enum ctl_exit { CTL_EXIT_OK = 0, CTL_EXIT_FAILED = 1, CTL_EXIT_USAGE = 2 };

enum ctl_needs {
  CTL_NEEDS_CONFIG = 1,  /* ctl->config is loaded */
  CTL_NEEDS_DATABASE = 2 /* ctl->db is connected; implies the configuration */
};

/* One run of the program. */
struct ctl {
  const char *config_path;
  struct arena *arena; /* the run's memory */
  struct config config;
  struct db *db;
  bool colour;         /* standard output is a terminal that may be coloured */
  bool shows_progress; /* standard error is a terminal */
  int width;           /* columns of the terminal; CTL_WIDTH_UNLIMITED where there is none: nothing is cut */
  enum ctl_exit outcome; /* what a command that worked ends with; CTL_EXIT_OK unless it says otherwise */
};
#define CTL_WIDTH_UNLIMITED 100000

struct ctl_command {
  const char *name;             /* "migrate up" */
  const struct schema *options; /* camelCase names become --kebab-case; NULL: none */
  /* The field that is given without its name. A FIELD_LIST takes all the words that are left. NULL: none. */
  const char *argument;
  unsigned needs;
  bool (*run)(struct ctl *ctl, const void *options, struct error *error);
  const char *summary;     /* one line, for lists */
  const char *description; /* paragraphs, parted by empty lines; NULL: the summary says it all */
};

/* ctl_commands.c */
extern const struct ctl_command ctl_commands[];
extern const size_t ctl_command_count;

/* ctl.c: the whole program. Returns the exit code. */
int ctl_main(int argc, char **argv);
/* Connects to the first of database.hosts that answers; commands that need it only sometimes call it
 * themselves. Statements may take long: the connection waits for them. */
bool ctl_connect(struct ctl *ctl, struct error *error) WARN_UNUSED;
/* The whole buffer to standard output. */
bool ctl_write(const struct buffer *buffer, struct error *error) WARN_UNUSED;

/* ctl_complain.c: what went wrong, a line each, for an administrator's eyes, and what can be done. */
void ctl_complain(const struct ctl *ctl, const struct error *error);

/* ctl_help.c */
void ctl_help_overview(FILE *stream, int width);
void ctl_help_command(const struct ctl_command *command, FILE *stream, int width);
/* `migrate` alone: the commands that begin with the word. */
void ctl_help_group(const char *word, FILE *stream, int width);
/* "migrate up [--dry-run]" */
void ctl_help_usage(const struct ctl_command *command, struct buffer *buffer);
/* "ID", "N", "ROLE": what a field's value is called. */
void ctl_help_value(const struct field *field, struct buffer *buffer);
/* "--user ID", or "ID" where it is the command's argument; and what it means. */
void ctl_help_term(const struct ctl_command *command, const struct field *field, struct buffer *buffer);
void ctl_help_meaning(const struct field *field, struct buffer *buffer);

/* The functions of the rows. */
bool ctl_help_run(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_achievements_list(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_migrate_status(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_migrate_up(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_config_check(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_config_print(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_config_reference(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_token_mint(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_demo_load(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_percentiles_refresh(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_status_print(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_audit_print(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_validate_run(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_fix_run(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_rollback_run(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_repairs_list(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_repairs_show(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_repairs_resume(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_rules_list(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_rules_explain(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_rules_test(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_rules_time(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_rules_pause(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_rules_resume(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_jobs_list(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_jobs_show(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_jobs_watch(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_jobs_add(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_jobs_cancel(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_jobs_retry(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_jobs_kinds(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_payments_replay(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_enrollments_export(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_enrollments_import(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_import_run(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_export_run(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_user_show(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_openapi_print(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;
bool ctl_man_print(struct ctl *ctl, const void *options, struct error *error) WARN_UNUSED;

extern const struct schema ctl_help_options;
extern const struct schema ctl_migrate_up_options;
extern const struct schema ctl_token_options;
extern const struct schema ctl_demo_options;
extern const struct schema ctl_status_options;
extern const struct schema ctl_audit_options;
extern const struct schema ctl_validate_options;
extern const struct schema ctl_fix_options;
extern const struct schema ctl_run_options;
extern const struct schema ctl_repairs_list_options;
extern const struct schema ctl_repairs_show_options;
extern const struct schema ctl_rules_explain_options;
extern const struct schema ctl_rules_test_options;
extern const struct schema ctl_rules_time_options;
extern const struct schema ctl_rules_pause_options;
extern const struct schema ctl_rules_resume_options;
extern const struct schema ctl_jobs_list_options;
extern const struct schema ctl_jobs_id_options;
extern const struct schema ctl_jobs_add_options;
extern const struct schema ctl_payments_replay_options;
extern const struct schema ctl_enrollments_export_options;
extern const struct schema ctl_enrollments_import_options;
extern const struct schema ctl_import_options;
extern const struct schema ctl_export_options;
extern const struct schema ctl_user_show_options;
extern const struct schema ctl_man_options;

#endif
