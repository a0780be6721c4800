/* Shared by the files of the import only. */
#ifndef LOCKSTEP_LEARNER_IMPORT_PRIVATE_H
#define LOCKSTEP_LEARNER_IMPORT_PRIVATE_H

#include <pthread.h>

#include "base/zone.h"
#include "learner/import.h"
#include "learner/import_entry.h"
#include "learner/import_rejects.h"
#include "learner/import_seen.h"

/* What one transaction takes. */
#define IMPORT_BATCH_ATTEMPTS 2000
#define IMPORT_BATCH_LEARNERS 200
#define IMPORT_PATIENCE_MS INT64_C(120000) /* with a database that is away, or too busy */
#define IMPORT_BATCH_REJECTS 16            /* files of rejects that are open at once */
#define IMPORT_BATCH_BYTES ((size_t)2 * 1024 * 1024)
#define IMPORT_ARENA_BYTES ((size_t)64 * 1024 * 1024) /* of one thread */
#define IMPORT_LIST_BYTES \
  ((size_t)15 * 1024 * 1024) /* of one JSON parameter: max_allowed_packet is 16 MiB \
                              */

struct import_file {
  const char *name;
  const char *user; /* attempts_<user>.json; NULL: streaks.json */
  uint64_t bytes;
};

/* One run; `lock` guards what stands behind it. */
struct import_job {
  struct ledger *ledger;
  const struct config *config;
  const struct import_options *options;
  int64_t now_ms;
  uint64_t total_bytes;

  pthread_mutex_t lock;
  pthread_cond_t moved;
  const struct import_file *files;
  size_t file_count;
  size_t next_file;
  size_t running; /* threads */
  bool failed;
  struct error error; /* why, the first one's */
  uint64_t done_bytes;
  struct import_report report;
  const char **complaints;
  struct arena *arena;              /* for the complaints */
  struct import_seen created_users; /* a dry run creates nobody, and counts them once */
};

/* A file of which something is in hand. */
struct import_source {
  struct import_source *next;
  const struct import_file *file;
  struct import_rejects rejects;
  struct import_seen seen;
  bool is_streaks;
  bool is_read; /* to its end */
};

/* A learner's share of a batch. */
struct import_part {
  struct import_source *source;
  uint64_t user_id; /* 0: the learner would be created */
  struct import_attempt *attempts;
  size_t attempt_count;
  struct import_streak streak;
  bool has_streak;
  struct import_item item; /* the streak's entry, for complaints; in the batch's memory */
  const char *user;        /* as the entry calls the learner */
  struct ledger_entry entry;

  /* What the transaction did, or would do. */
  uint64_t new_attempts;
  uint64_t new_days;
  uint64_t unknown; /* digests that are new: 0, there is nothing to do */
};

/* What one thread has gathered for the next transaction. */
struct import_batch {
  struct import_job *job;
  struct zone_cache *zones;
  struct arena *arena;   /* what the parts hold; emptied after each transaction */
  struct arena *scratch; /* the transaction's own */
  struct import_attempt *attempts;
  size_t attempt_count;
  struct import_part *parts;
  size_t part_count;
  size_t bytes;
  struct import_source *sources; /* those that stand in parts, or are being read */
};

/* import.c: thread-safe. */
bool import_job_take(struct import_job *job, const struct import_file **ret_file);
void import_job_advance(struct import_job *job, uint64_t bytes);
/* Whether to try again: the database could not, and `until_ms` (monotonic) is not reached. Pauses first. */
bool import_job_is_patient(const struct error *error, int64_t until_ms);
/* `item` NULL: the file as a whole. */
void import_job_complain(struct import_job *job, const struct import_source *source,
                         const struct import_item *item, const char *reason);

/* import_file.c: one thread's way through the files that are left. */
bool import_files_work(struct import_job *job, struct error *error) WARN_UNUSED;

/* import_user.c: whom a name means. *ret_user_id 0: nobody yet, and a dry run creates nobody. False:
 * ERROR_NOT_FOUND, there is nobody, or not any more, and error->message says so; or the database. */
bool import_user_find(struct import_job *job, const char *name, const struct import_streak *streak,
                      struct arena *arena, struct error *error, uint64_t *ret_user_id) WARN_UNUSED;
/* Whether two names mean the same learner. */
bool import_user_same(struct import_job *job, const char *name, const char *other, uint64_t user_id,
                      struct arena *arena, struct error *error, bool *ret_same) WARN_UNUSED;

/* import_batch.c */
bool import_batch_open(struct import_batch *batch, struct import_job *job, struct error *error) WARN_UNUSED;
void import_batch_close(struct import_batch *batch);
struct import_source *import_batch_source(struct import_batch *batch, const struct import_file *file,
                                          struct error *error) WARN_UNUSED;
/* Before an entry is read into the batch's memory: runs the transaction where the batch is full, or holds
 * another share of this learner (0: not known yet). */
bool import_batch_make_room(struct import_batch *batch, const struct import_source *source, uint64_t user_id,
                            struct error *error) WARN_UNUSED;
/* Adds a learner's attempt; room was made for it. */
void import_batch_attempt(struct import_batch *batch, struct import_source *source, uint64_t user_id,
                          const struct import_attempt *attempt);
/* Adds a learner's streak. False: there is no room; after a flush it is to be read anew. */
bool import_batch_streak(struct import_batch *batch, struct import_source *source, uint64_t user_id,
                         const struct import_item *item, const struct import_streak *streak,
                         const char *user) WARN_UNUSED;
/* Keeps an entry aside, and counts it as read and rejected. */
bool import_batch_reject(struct import_batch *batch, struct import_source *source, const char *user,
                         const struct import_item *item, const char *reason, struct error *error) WARN_UNUSED;
bool import_batch_flush(struct import_batch *batch, struct error *error) WARN_UNUSED;

/* import_judge.c: what of the parts is new, by what the database holds; changes nothing. Each part's
 * learner is `entry.learner.user_id`. */
bool import_judge(struct db *db, const struct import_job *job, struct import_part **parts, size_t part_count,
                  struct arena *arena, struct error *error) WARN_UNUSED;

/* Every key of a part, in one order: attempts, days, the longest streak; NULL behind the last. */
struct import_key *import_key_at(struct import_part *part, size_t at);
/* [learner, digest, occurrence], and the bracket or comma before it. */
void import_append_key(struct buffer *text, uint64_t user_id, const struct import_key *key);
/* A comma and the time as the database writes it. */
void import_append_moment(struct buffer *text, int64_t time_ms);

/* import_write.c: a part is the input of its ledger entry, the batch the context. */
extern const struct ledger_kind import_kind;

/* import_rows.c: the rows that a transaction adds, but for days of practice. */
bool import_rows_write(struct ledger_tx *tx, struct import_part **parts, size_t part_count,
                       struct error *error) WARN_UNUSED;
/* By module, then by day; those of one day alike in the order of the file. */
struct import_attempt **import_rows_sorted(const struct import_part *part, struct arena *arena) WARN_UNUSED;

#endif
