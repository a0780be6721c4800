/* Courses and chapters, as administrators keep them. Whatever changes moves shared_version: every student's
 * list depends on it. */
#ifndef LOCKSTEP_ENROLL_MANAGE_H
#define LOCKSTEP_ENROLL_MANAGE_H

#include "db/pool.h"
#include "ledger/ledger.h"
#include "schema/field.h"

#define MANAGE_TITLE_CHARACTERS 190
#define MANAGE_DESCRIPTION_CHARACTERS 10000
#define MANAGE_PAGE_MAX 200
#define MANAGE_CHAPTERS_MAX 10000 /* of one course */

/* As it is sent: what is absent is as by default in a new course, and stays in an old one. */
struct manage_patch {
  const char *title;
  const char *description;
  enum presence description_given;
  const char *status;
  bool is_default_unlocked;
  enum presence is_default_unlocked_given;
  bool is_public;
  enum presence is_public_given;
  uint64_t price_cents;
  enum presence price_cents_given;
  const char *currency;
};
extern const struct schema manage_create_schema;
extern const struct schema manage_patch_schema;

struct manage_chapter {
  uint64_t id;
  uint64_t course_id;
  const char *title;
  uint64_t position;
};
extern const struct schema manage_chapter_schema;

struct manage_course {
  uint64_t id;
  const char *title;
  const char *description;
  const char *status;
  bool is_default_unlocked;
  bool is_public;
  uint64_t price_cents;
  const char *currency;
  int64_t created_at_ms;
  int64_t enrolled_students;
  int64_t chapter_count;
};
extern const struct schema manage_course_schema;

struct manage_query {
  uint64_t limit;
  uint64_t after;
};
extern const struct schema manage_query_schema;

struct manage_page {
  struct field_list courses; /* struct manage_course, by id */
  uint64_t next_after;
  enum presence next_after_given;
};
extern const struct schema manage_page_schema;

struct manage_chapter_patch {
  uint64_t course_id; /* of a new one */
  const char *title;
  uint64_t position;
  enum presence position_given;
};
extern const struct schema manage_chapter_create_schema;
extern const struct schema manage_chapter_patch_schema;

struct manage_chapters_query {
  uint64_t course_id;
};
extern const struct schema manage_chapters_query_schema;

struct manage_chapters {
  struct field_list chapters; /* struct manage_chapter, in their order */
};
extern const struct schema manage_chapters_schema;

bool manage_read_page(struct db *db, const struct manage_query *query, struct arena *arena,
                      struct error *error, struct manage_page *ret_page) WARN_UNUSED;
/* ERROR_NOT_FOUND. */
bool manage_read(struct db *db, uint64_t course_id, struct arena *arena, struct error *error,
                 struct manage_course *ret_course) WARN_UNUSED;
/* ERROR_NOT_FOUND: no such course. */
bool manage_read_chapters(struct db *db, uint64_t course_id, struct arena *arena, struct error *error,
                          struct manage_chapters *ret_chapters) WARN_UNUSED;
/* ERROR_NOT_FOUND: no such chapter. */
bool manage_find_chapter(struct db *db, uint64_t chapter_id, struct arena *arena,
                         struct error *error) WARN_UNUSED;

/* Of the administrator who makes it: courses are no learner's, but the key of the request and the first reply
 * have to stand somewhere, in the transaction that makes the row. ERROR_NOT_FOUND: no such course. */
struct manage_create_input {
  const struct manage_patch *course;
};
extern const struct ledger_kind manage_create_kind; /* the reply is a struct manage_course */
struct manage_chapter_input {
  const struct manage_chapter_patch *chapter;
};
extern const struct ledger_kind manage_chapter_kind; /* the reply is a struct manage_chapter */

/* Each in a transaction of its own. ERROR_NOT_FOUND: no such course, or chapter. A patch that says what
 * stands changes nothing. */
bool manage_change(struct pool *pool, uint64_t course_id, const struct manage_patch *patch,
                   struct arena *arena, struct error *error) WARN_UNUSED;
bool manage_change_chapter(struct pool *pool, uint64_t chapter_id, const struct manage_chapter_patch *patch,
                           struct arena *arena, struct error *error,
                           struct manage_chapter *ret_chapter) WARN_UNUSED;

#endif
