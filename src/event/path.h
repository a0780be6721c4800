/* Learning paths: steps in an order, each perhaps an activity that stands elsewhere. A step that is completed
 * is an event (path_progress_updated of learning_path_generator). How far a learner is on a path follows from
 * the steps. */
#ifndef LOCKSTEP_EVENT_PATH_H
#define LOCKSTEP_EVENT_PATH_H

#include "event/system.h"

#define PATHS_MAX 200              /* of one learner */
#define PATH_STEPS_MAX 500         /* of one path */
#define PATH_STEPS_READ_MAX 100000 /* of one page; other applications may put in more than Lockstep takes */
#define PATH_SKILLS_MAX 50         /* of one step */
#define PATH_SKILLS_BYTES ((size_t)65536)

enum path_status { PATH_STATUS_ACTIVE, PATH_STATUS_COMPLETED, PATH_STATUS_ABANDONED };
extern const char *const path_status_names[]; /* NULL-terminated */
enum path_step_status { PATH_STEP_PENDING, PATH_STEP_IN_PROGRESS, PATH_STEP_COMPLETED, PATH_STEP_SKIPPED };
extern const char *const path_step_status_names[]; /* NULL-terminated */

struct path_step {
  const char *id;
  uint64_t index;
  const char *title;
  const char *activity_type; /* NULL: the step is an activity of its own */
  const char *activity_id;
  struct field_list skills; /* const char * */
  int status;               /* enum path_step_status */
  bool completed;
  int64_t completed_at_ms;
  enum presence completed_at_given;
};
extern const struct schema path_step_schema;

struct path_progress {
  uint64_t completed_steps;
  uint64_t total_steps;
  double percentage;
  const char *current_step_id;
  int64_t completed_at_ms;
  enum presence completed_at_given;
};

struct path {
  const char *id;
  const char *title;
  int status; /* enum path_status */
  bool completed;
  struct field_list steps; /* struct path_step, in their order */
  struct path_progress progress;
  int64_t created_at_ms;
  int64_t updated_at_ms;
};
extern const struct schema path_schema;

/* A step as it is sent with its path; one that the path has already keeps how far it is. */
struct path_step_item {
  const char *id;
  const char *title;
  int activity_type; /* enum activity_type */
  enum presence activity_type_given;
  const char *activity_id;
  struct field_list skills;
};
/* A new path, or what is to change of one: what is absent stays. */
struct path_body {
  const char *id; /* of a new one */
  const char *title;
  int status;
  enum presence status_given;
  struct field_list steps; /* struct path_step_item: all of them, in their order */
  enum presence steps_given;
};
extern const struct schema path_create_schema;
extern const struct schema path_patch_schema;

/* What is to change of one step. */
struct path_step_body {
  const char *title;
  int activity_type;
  enum presence activity_type_given;
  const char *activity_id;
  enum presence activity_id_given;
  struct field_list skills;
  enum presence skills_given;
  int status;
  enum presence status_given;
  int64_t completed_at_ms;
  enum presence completed_at_given;
  double difficulty_rating;
  enum presence difficulty_given;
};
extern const struct schema path_step_patch_schema;

struct path_reply {
  bool success;
  struct path path;
  uint64_t revision;
  struct system_outcome outcome;
};
extern const struct schema path_reply_schema;

/* What a path may have hundreds of is told alone. */
struct path_step_reply {
  bool success;
  const char *path_id;
  struct path_step step;
  struct path_progress progress;
  uint64_t revision;
  struct system_outcome outcome;
};
extern const struct schema path_step_reply_schema;

struct path_query {
  int status;
  enum presence status_given;
  uint64_t limit;
  const char *after;
};
extern const struct schema path_query_schema;

struct path_page {
  struct field_list paths; /* struct path, in the order in which they were made */
  const char *next_after;
};
extern const struct schema path_page_schema;

/* struct system_input with a struct path_body, of path_step_kind with a struct path_step_body; the reply is a
 * struct path_reply, of path_step_kind a struct path_step_reply, of path_delete_kind a struct system_deleted.
 * ERROR_NOT_FOUND: the learner has no such path, or it no such step. */
extern const struct ledger_kind path_create_kind;
extern const struct ledger_kind path_change_kind;
extern const struct ledger_kind path_delete_kind;
extern const struct ledger_kind path_step_kind;

bool path_read_page(struct db *db, uint64_t user_id, const struct path_query *query, struct arena *arena,
                    struct error *error, struct path_page *ret_page) WARN_UNUSED;

/* A list of skills as its column holds it, and back; what is no list of texts there is no skills. */
bool path_skills_print(const struct field_list *skills, struct arena *arena, struct error *error,
                       const char **ret_text) WARN_UNUSED;
bool path_skills_parse(const char *text, struct arena *arena, struct error *error,
                       struct field_list *ret_skills) WARN_UNUSED;

/* --- Between path.c, which changes paths, and path_rows.c, which reads and writes their rows --------------
 */

/* Held for the rest of the transaction; ERROR_NOT_FOUND. */
bool path_rows_find(struct system_step *step, const char *id, struct error *error,
                    struct path *ret_path) WARN_UNUSED;
bool path_rows_put_steps(struct system_step *step, const struct path *path, const struct path_step *steps,
                         size_t count, struct error *error) WARN_UNUSED;
bool path_rows_remove_steps(struct system_step *step, const struct path *path,
                            const struct path_step *const *steps, size_t count,
                            struct error *error) WARN_UNUSED;
/* How far the learner is, counted anew from the steps, written where it has changed, and read into the path.
 */
bool path_rows_count(struct system_step *step, struct path *path, struct error *error) WARN_UNUSED;

#endif
