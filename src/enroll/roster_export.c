#include "base/clock.h"
#include "enroll/roster.h"
#include "queries/roster.h"

#include "base/banned.h"

#define LINES_BYTES ((size_t)64 * 1024) /* written at a time */
#define LINES_BYTES_MAX (4 * LINES_BYTES)

struct export {
  struct buffer lines;
  bool (*write)(void *context, const struct buffer *lines, struct error *error);
  void *context;
};

static bool flush(struct export *export, struct error *error) {
  if (export->lines.failed) return error_set_memory(error);
  bool done = export->write(export->context, &export->lines, error);
  buffer_reset(&export->lines);
  return done;
}

static void append_time(struct buffer *lines, int64_t time_ms, bool is_null) {
  char text[CLOCK_ISO_BYTES];
  if (is_null) return;
  clock_format_ms(time_ms, text);
  buffer_append_text(lines, text);
}

static bool append_row(const struct roster_line_row *row, void *context, struct error *error) {
  struct export *export = context;
  struct buffer *lines = &export->lines;
  buffer_append_u64(lines, row->user_id);
  buffer_append_char(lines, ',');
  buffer_append_csv(lines, row->username);
  buffer_append_char(lines, ',');
  buffer_append_csv(lines, row->subject);
  buffer_append_char(lines, ',');
  buffer_append_u64(lines, row->course_id);
  buffer_append_char(lines, ',');
  buffer_append_csv(lines, row->title);
  buffer_printf(lines, ",%s,%.2f,%s,", row->status, row->progress, row->source);
  append_time(lines, row->enrolled_at, false);
  buffer_append_char(lines, ',');
  append_time(lines, row->completed_at, row->completed_at_is_null);
  buffer_append_text(lines, "\r\n");
  return lines->length < LINES_BYTES || flush(export, error);
}

bool roster_export(struct db *db, const struct roster_selection *selection, struct arena *arena,
                   bool (*write)(void *context, const struct buffer *lines, struct error *error),
                   void *context, struct error *error) {
  struct export export = {.lines = BUFFER_INIT(LINES_BYTES_MAX), .write = write, .context = context};
  struct roster_line_params params = {
      .from_user = selection->from_user, .to_user = selection->to_user, .course_id = selection->course_id};
  if (!selection->leaves_out_head)
    buffer_append_text(&export.lines, "userId,username,subject,courseId,courseTitle,status,progress,source,"
                                      "enrolledAt,completedAt\r\n");
  bool done = roster_line(db, &params, arena, append_row, &export, error) && flush(&export, error);
  db_rollback(db);
  buffer_free(&export.lines);
  return done;
}

bool roster_page(struct db *db, uint64_t after, struct arena *arena, struct error *error, uint64_t *ret_to) {
  struct roster_page_end_params params = {.after_id = after, .skip_rows = ROSTER_PAGE_ROWS - 1};
  struct roster_page_end_row row;
  bool found;
  bool done = roster_page_end(db, &params, arena, error, &row, &found);
  db_rollback(db);
  if (done) *ret_to = found ? row.user_id : INT64_MAX;
  return done;
}
