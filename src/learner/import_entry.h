/* Entries of document 002's files, as structs: what is accepted, and what is said of the rest. docs/import.md
 * describes the formats. */
#ifndef LOCKSTEP_LEARNER_IMPORT_ENTRY_H
#define LOCKSTEP_LEARNER_IMPORT_ENTRY_H

#include "base/arena.h"
#include "learner/import_scan.h"
#include "schema/field.h"

#define IMPORT_EXERCISE_CHARACTERS 190
#define IMPORT_MODULE_CHARACTERS 96
#define IMPORT_ANSWER_BYTES 65535 /* of one user_answer: the column's */
#define IMPORT_TOKENS_MAX 1000000000
#define IMPORT_STREAK_MAX 40000 /* days: a century, PRACTICE_DAYS_MAX */
#define IMPORT_SKEW_MS INT64_C(300000)
#define IMPORT_DIGEST_BYTES 16

/* By what an entry is known again: its content, and which of several of the same content it is. */
struct import_key {
  unsigned char digest[IMPORT_DIGEST_BYTES];
  uint32_t occurrence; /* within its file, from 1 */
  uint32_t known;      /* how many were imported before; read under the learner's lock */
};

struct import_attempt {
  struct import_key key;
  const char *exercise_id;
  const char *module;      /* NULL: it names none */
  const char *user_answer; /* NULL: it has none */
  bool is_correct;
  bool has_tokens;
  bool has_day;
  int64_t tokens;
  int64_t created_at_ms;
  int32_t day; /* the learner's, where the entry names it */

  /* Where it stood, for complaints. */
  const char *text;
  size_t bytes;
  uint64_t index;
  uint64_t line;

  /* Found out under the learner's lock. */
  uint32_t existing; /* attempts of this content that the learner has */
  bool is_new;
  const char *credited;
  int64_t earned;
  int32_t practised_on;
};

struct import_day {
  struct import_key key;
  int32_t day;
};

/* What streaks.json says of one learner. */
struct import_streak {
  const char *subject;
  const char *username;
  const char *display_name;
  const char *time_zone;   /* NULL: not said */
  struct import_day *days; /* ascending, distinct */
  size_t day_count;
  int64_t longest; /* 0: none */
  struct import_key longest_key;
};

/* Reads an attempt. What it returns lives in the arena. `ret_user`: whose it says it is, NULL where it says
 * nothing. False: error->message is the complaint, for a person's eyes. */
bool import_entry_attempt(const struct import_item *item, int64_t now_ms, struct arena *arena,
                          struct error *error, struct import_attempt *ret_attempt,
                          const char **ret_user) WARN_UNUSED;
/* Reads a learner's streak; ret_user: the name that it stands under, or says. */
bool import_entry_streak(const struct import_item *item, int64_t now_ms, struct arena *arena,
                         struct error *error, struct import_streak *ret_streak,
                         const char **ret_user) WARN_UNUSED;
/* The digest of an attempt's content, whatever it was read from; `user_answer` may be NULL. */
void import_entry_digest(const char *exercise_id, bool is_correct, int64_t created_at_ms,
                         const char *user_answer, unsigned char *ret_digest);

/* Both, for the tests. */
extern const struct schema import_attempt_schema;
extern const struct schema import_streak_schema;

#endif
