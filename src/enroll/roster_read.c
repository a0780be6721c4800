#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/user_id.h"
#include "enroll/roster_private.h"

#include "base/banned.h"

#define NAME_BYTES 32

const char *const roster_column_names[] = {"userId", "username", "subject", "courseId", "status"};

/* "User ID", "user_id" and "userId" are one. */
static bool is_called(const char *cell, const char *name) {
  char plain[NAME_BYTES];
  size_t length = 0;
  for (; *cell != '\0' && length < sizeof plain - 1; cell++)
    if (strchr(" _-", *cell) == NULL) plain[length++] = *cell;
  plain[length] = '\0';
  return *cell == '\0' && strcasecmp(plain, name) == 0;
}

bool roster_read_header(const struct sheet_row *row, struct error *error, struct roster_header *ret_header) {
  struct roster_header header = {.cell_count = row->cell_count};
  for (size_t column = 0; column < ROSTER_COLUMN_COUNT; column++) {
    header.places[column] = SIZE_MAX;
    for (size_t at = 0; at < row->cell_count; at++) {
      if (!is_called(row->cells[at], roster_column_names[column])) continue;
      if (header.places[column] != SIZE_MAX)
        return error_set(error, ERROR_UNPROCESSABLE, "The header has two columns %s.",
                         roster_column_names[column]);
      header.places[column] = at;
    }
  }
  if (header.places[ROSTER_COURSE_ID] == SIZE_MAX)
    return error_set(error, ERROR_UNPROCESSABLE, "The header has no column courseId.");
  if (header.places[ROSTER_USER_ID] == SIZE_MAX && header.places[ROSTER_USERNAME] == SIZE_MAX &&
      header.places[ROSTER_SUBJECT] == SIZE_MAX)
    return error_set(error, ERROR_UNPROCESSABLE,
                     "The header has none of the columns userId, username and subject.");
  *ret_header = header;
  return true;
}

/* Without the ' that keeps a spreadsheet from running it. "" where there is none. */
static const char *cell_of(const struct roster_header *header, const struct sheet_row *row,
                           enum roster_column column) {
  size_t at = header->places[column];
  if (at == SIZE_MAX || at >= row->cell_count) return "";
  const char *text = row->cells[at];
  return text[0] == '\'' && text[1] != '\0' && strchr("=+-@\t\r", text[1]) != NULL ? text + 1 : text;
}

static uint64_t parse_id(const char *text) {
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > 19 || text[digits] != '\0') return 0;
  unsigned long long id = strtoull(text, NULL, 10);
  return id <= INT64_MAX ? id : 0;
}

static const char *read_learner(const struct roster_header *header, const struct sheet_row *row,
                                struct roster_wish *wish) {
  for (int column = ROSTER_USER_ID; column <= ROSTER_SUBJECT; column++) {
    const char *text = cell_of(header, row, (enum roster_column)column);
    if (*text == '\0') continue;
    wish->called = (enum roster_column)column;
    wish->name = text;
    if (column == ROSTER_USER_ID) wish->user_id = user_id_parse(text);
    if (column == ROSTER_USER_ID && wish->user_id == 0) return "is no learner's id";
    return NULL;
  }
  wish->called = header->places[ROSTER_USER_ID] != SIZE_MAX    ? ROSTER_USER_ID
                 : header->places[ROSTER_USERNAME] != SIZE_MAX ? ROSTER_USERNAME
                                                               : ROSTER_SUBJECT;
  return "says no learner";
}

static const char *read_status(const char *text, bool *ret_is_removal) {
  static const char *const standing[] = {"", "active", "completed", "enrolled"};
  *ret_is_removal = strcasecmp(text, "cancelled") == 0;
  for (size_t at = 0; at < ARRAY_LENGTH(standing); at++)
    if (strcasecmp(text, standing[at]) == 0) return NULL;
  return *ret_is_removal ? NULL : "is none of active, completed and cancelled";
}

static const char *read_cells(const struct roster_header *header, const struct sheet_row *row,
                              struct roster_wish *wish) {
  if (row->kind == SHEET_BAD) return row->why;
  if (row->cell_count > header->cell_count) return "has more cells than the header";
  const char *why = read_learner(header, row, wish);
  wish->column = roster_column_names[wish->called];
  if (why != NULL) return why;
  wish->column = roster_column_names[ROSTER_COURSE_ID];
  wish->course_id = parse_id(cell_of(header, row, ROSTER_COURSE_ID));
  if (wish->course_id == 0) return "is no course's id";
  wish->column = roster_column_names[ROSTER_STATUS];
  return read_status(cell_of(header, row, ROSTER_STATUS), &wish->is_removal);
}

bool roster_read_wish(const struct roster_header *header, const struct sheet_row *row, struct arena *arena,
                      struct error *error, struct roster_wish *ret_wish) {
  struct roster_wish wish = {.row = *row};
  const char *why = read_cells(header, row, &wish);
  wish.row.cells = NULL;
  wish.row.cell_count = 0;
  wish.row.raw = arena_strndup(arena, row->raw, row->raw_bytes);
  wish.row.why = wish.why = why == NULL ? NULL : arena_strdup(arena, why);
  wish.name = wish.name == NULL ? NULL : arena_strdup(arena, wish.name);
  if (wish.row.raw == NULL || (why != NULL && wish.why == NULL)) return error_set_memory(error);
  *ret_wish = wish;
  return true;
}
