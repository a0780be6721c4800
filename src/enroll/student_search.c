#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "enroll/students.h"
#include "queries/course.h"

#include "base/banned.h"

#define ID_DIGITS_MAX 19
#define ID_TEXT_BYTES 24

/* A page is filled from three lists, one behind the other, of which none repeats what one before has: by the
 * beginning of the id, of the display name, of the username. The id where the page before ended says which of
 * them goes on, and where. */
struct search {
  struct db *db;
  struct arena *arena;
  const char *text;
  const char *pattern;
  size_t limit;
  uint64_t *ids;
  size_t count;
};

static const char *pattern_of(const char *text, struct arena *arena) {
  size_t length = 0;
  char *pattern = arena_alloc(arena, 2 * strlen(text) + 2);
  if (pattern == NULL) return NULL;
  for (; *text != '\0'; text++) {
    if (strchr("%_\\", *text) != NULL) pattern[length++] = '\\';
    pattern[length++] = *text;
  }
  pattern[length] = '%';
  return pattern;
}

static bool add_between(struct search *search, uint64_t after, uint64_t to, struct error *error) {
  struct course_students_between_params params = {
      .after_id = after, .to_id = to, .limit_rows = search->limit - search->count};
  struct course_students_between_row *rows;
  size_t count;
  if (!course_students_between(search->db, &params, search->arena, (size_t)params.limit_rows, error, &rows,
                               &count))
    return false;
  for (size_t at = 0; at < count; at++)
    search->ids[search->count++] = rows[at].user_id;
  return true;
}

/* 12, 120 to 129, 1200 to 1299 and so on. */
static bool add_by_id(struct search *search, uint64_t after, struct error *error) {
  size_t digits = strspn(search->text, "0123456789");
  if (search->text[digits] != '\0' || digits > ID_DIGITS_MAX || search->text[0] == '0') return true;
  uint64_t low = 0;
  for (size_t at = 0; at < digits; at++)
    low = 10 * low + (uint64_t)(search->text[at] - '0');
  for (uint64_t width = 1; low <= INT64_MAX && search->count < search->limit; low *= 10, width *= 10) {
    uint64_t high = low > INT64_MAX - (width - 1) ? INT64_MAX : low + width - 1;
    uint64_t from = after >= low ? after : low - 1;
    if (from < high && !add_between(search, from, high, error)) return false;
    if (low > INT64_MAX / 10) break;
  }
  return true;
}

static bool add_named(struct search *search, const char *after_name, uint64_t after, struct error *error) {
  struct course_students_named_params params = {.pattern = search->pattern,
                                                .after_name = after_name,
                                                .after_id = after,
                                                .limit_rows = search->limit - search->count};
  struct course_students_named_row *rows;
  size_t count;
  if (params.limit_rows == 0) return true;
  if (!course_students_named(search->db, &params, search->arena, (size_t)params.limit_rows, error, &rows,
                             &count))
    return false;
  for (size_t at = 0; at < count; at++)
    search->ids[search->count++] = rows[at].user_id;
  return true;
}

static bool add_signing_in(struct search *search, const char *after_name, struct error *error) {
  struct course_students_signing_in_params params = {
      .pattern = search->pattern, .after_name = after_name, .limit_rows = search->limit - search->count};
  struct course_students_signing_in_row *rows;
  size_t count;
  if (params.limit_rows == 0) return true;
  if (!course_students_signing_in(search->db, &params, search->arena, (size_t)params.limit_rows, error, &rows,
                                  &count))
    return false;
  for (size_t at = 0; at < count; at++)
    search->ids[search->count++] = rows[at].user_id;
  return true;
}

/* Behind somebody who was found by a name. */
static bool go_on(struct search *search, uint64_t after, struct error *error) {
  struct course_student_names_params params = {.user_id = after, .pattern = search->pattern};
  struct course_student_names_row row;
  bool found;
  if (!course_student_names(search->db, &params, search->arena, error, &row, &found)) return false;
  if (!found) return error_set(error, ERROR_UNPROCESSABLE, "The list cannot go on there; begin anew.");
  if (!row.is_named) return add_signing_in(search, row.username == NULL ? "" : row.username, error);
  return add_named(search, row.display_name, after, error) && add_signing_in(search, "", error);
}

static bool find(struct search *search, uint64_t after, struct error *error) {
  char text[ID_TEXT_BYTES];
  snprintf(text, sizeof text, "%" PRIu64, after);
  bool is_by_id = after == 0 || strncmp(text, search->text, strlen(search->text)) == 0;
  if (!is_by_id) return go_on(search, after, error);
  return add_by_id(search, after, error) && add_named(search, "", 0, error) &&
         add_signing_in(search, "", error);
}

bool students_find(struct db *db, const struct students_search *query, size_t limit, struct arena *arena,
                   struct error *error, uint64_t *ret_ids, size_t *ret_count) {
  struct search search = {.db = db, .arena = arena, .limit = limit, .ids = ret_ids, .text = query->text};
  bool is_sought = query->text != NULL && query->text[0] != '\0';
  if (is_sought && (search.pattern = pattern_of(query->text, arena)) == NULL) return error_set_memory(error);
  bool done = is_sought ? find(&search, query->page.after, error)
                        : add_between(&search, query->page.after, INT64_MAX, error);
  *ret_count = search.count;
  return done;
}
