/* The files of the application before, document 002's attempts_<user>.json and streaks.json, brought in:
 * lockstepctl import-json. docs/import.md says what they hold.
 *
 * Each entry counts once, whatever happens: its content is remembered in `imported_entries`, in the learner
 * transaction that adds the attempt, so that a run which was killed is simply run again. */
#ifndef LOCKSTEP_LEARNER_IMPORT_H
#define LOCKSTEP_LEARNER_IMPORT_H

#include "base/arena.h"
#include "config/config.h"
#include "db/pool.h"
#include "ledger/ledger.h"

#define IMPORT_CONNECTIONS_MAX 16
#define IMPORT_COMPLAINTS_MAX 100000 /* that are kept to be shown */

/* What the names of the files, and the members of streaks.json, are. */
enum import_users { IMPORT_USERS_AUTO, IMPORT_USERS_ID, IMPORT_USERS_SUBJECT, IMPORT_USERS_USERNAME };
extern const char *const import_users_names[]; /* NULL-terminated */

/* What an entry earned that does not say so. */
enum import_tokens { IMPORT_TOKENS_NONE, IMPORT_TOKENS_DEFAULT };
extern const char *const import_tokens_names[];

struct import_options {
  const char *directory;
  const char *rejects; /* directory for what cannot be taken */
  bool dry_run;
  bool create_users;
  int users;                 /* enum import_users */
  int tokens;                /* enum import_tokens */
  const char *module;        /* of entries that name none and whose exercise is not known */
  const char *time_zone;     /* of learners who are created */
  uint64_t connections;      /* at most IMPORT_CONNECTIONS_MAX */
  uint64_t complaints_shown; /* at most IMPORT_COMPLAINTS_MAX */
  const char *actor;
};

/* read = imported + known + rejected */
struct import_counts {
  uint64_t read;
  uint64_t imported;
  uint64_t known; /* were there already */
  uint64_t rejected;
};

struct import_report {
  uint64_t files;
  uint64_t files_broken; /* as a whole; what could be read of them was taken */
  uint64_t learners_created;
  struct import_counts attempts;
  struct import_counts streaks;
  const char *const *complaints; /* the first ones, in the caller's arena */
  size_t complaint_count;
};

/* Called now and then, on the caller's thread. */
typedef void (*import_show)(void *context, uint64_t done_bytes, uint64_t total_bytes);

/* What the field table of the options cannot say: the zone is known, the module is nobody's. */
bool import_check(const struct import_options *options, struct error *error) WARN_UNUSED;

/* Runs to the end, or until the database is lost: what was committed stays, and running it again does the
 * rest. `ledger` and `config` are shared by as many threads as there are connections. */
bool import_run(struct ledger *ledger, const struct config *config, const struct import_options *options,
                import_show show, void *context, struct arena *arena, struct error *error,
                struct import_report *ret_report) WARN_UNUSED;

#endif
