#include "learner/export.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "learner/practice.h"
#include "queries/import.h"
#include "queries/learner.h"
#include "schema/encode.h"

#include "base/banned.h"

#define LEARNERS_PAGE 100
#define ATTEMPTS_PAGE 1000
#define LINE_BYTES ((size_t)8 * 1024 * 1024) /* of one attempt, or one learner's days */
#define PATH_BYTES 4096
#define NAME_BYTES 64
#define STREAKS "streaks.json"

struct export_work {
  struct db *db;
  const char *directory;
  struct arena *arena;
  FILE *streaks;
  bool has_streaks; /* one is written already */
  struct export_report report;
};

/* --- Files ----------------------------------------------------------------------------------------- */

static bool refuse(const char *path, struct error *error) {
  error_set(error, ERROR_INTERNAL, "%.150s cannot be written.", path);
  return error_detail(error, "%s", strerror(errno));
}

static bool path_of(const char *directory, const char *name, const char *suffix, char *path,
                    struct error *error) {
  int bytes = snprintf(path, PATH_BYTES, "%s/%s%s", directory, name, suffix);
  return (bytes > 0 && bytes < PATH_BYTES) || error_set(error, ERROR_INTERNAL, "The path is too long.");
}

static bool open_file(const char *directory, const char *name, struct error *error, FILE **ret_file) {
  char path[PATH_BYTES];
  if (!path_of(directory, name, ".part", path, error)) return false;
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return refuse(path, error);
  *ret_file = fdopen(fd, "w");
  if (*ret_file != NULL) return true;
  close(fd);
  return refuse(path, error);
}

/* What was written takes its name; `is_whole` false: it goes. */
static bool close_file(const char *directory, const char *name, FILE *file, bool is_whole,
                       struct error *error) {
  char part[PATH_BYTES];
  char path[PATH_BYTES];
  struct error ignored = ERROR_INIT;
  bool is_written = fflush(file) == 0 && !ferror(file);
  bool is_closed = fclose(file) == 0;
  if (!is_whole) {
    if (path_of(directory, name, ".part", part, &ignored)) (void)unlink(part);
    return false;
  }
  if (!path_of(directory, name, ".part", part, error) || !path_of(directory, name, "", path, error))
    return false;
  if (is_written && is_closed && rename(part, path) == 0) return true;
  return refuse(path, error);
}

static void close_directory(DIR **directory) {
  if (*directory != NULL) closedir(*directory);
}

/* Files of an earlier export would stay among the new ones, also of learners who are gone. */
static bool prepare_directory(const char *path, struct error *error) {
  if (mkdir(path, 0700) == 0) return true;
  if (errno != EEXIST) return refuse(path, error);
  CLEANUP(close_directory) DIR *directory = opendir(path);
  if (directory == NULL) return refuse(path, error);
  for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
    if (strncmp(entry->d_name, "attempts_", 9) == 0 || strcmp(entry->d_name, STREAKS) == 0)
      return error_set(error, ERROR_CONFLICT, "%.150s holds %.60s already; name an empty directory.", path,
                       entry->d_name);
  return true;
}

static bool write_line(FILE *file, const struct buffer *line, struct error *error) {
  if (line->failed) return error_set_memory(error);
  if (fwrite(line->data, 1, line->length, file) == line->length) return true;
  return refuse("A file", error);
}

/* --- Attempts -------------------------------------------------------------------------------------- */

static void append_text(struct buffer *line, const char *name, const char *value) {
  buffer_printf(line, ", \"%s\": ", name);
  json_append_text(line, value);
}

/* `number` counts within the file: ids of rows say nothing to another database. */
static void append_attempt(struct buffer *line, uint64_t user_id, uint64_t number,
                           const struct export_attempts_row *row) {
  char moment[CLOCK_ISO_BYTES];
  char day[CLOCK_DAY_BYTES];
  clock_format_ms(row->created_at, moment);
  clock_format_day(row->practised_on, day);
  buffer_printf(line, "%s{\"id\": %llu, \"user_id\": %llu", number == 1 ? "[\n" : ",\n",
                (unsigned long long)number, (unsigned long long)user_id);
  append_text(line, "exercise_id", row->exercise_id);
  buffer_printf(line, ", \"is_correct\": %s", row->is_correct ? "true" : "false");
  append_text(line, "user_answer", row->user_answer);
  append_text(line, "created_at", moment);
  append_text(line, "module", row->module);
  buffer_printf(line, ", \"tokens\": %lld", (long long)row->tokens);
  append_text(line, "practised_on", day);
  buffer_append_char(line, '}');
}

static bool write_attempts(struct export_work *work, uint64_t user_id, FILE *file, struct error *error) {
  CLEANUP(buffer_free) struct buffer line = BUFFER_INIT(LINE_BYTES);
  struct export_attempts_params params = {
      .user_id = user_id, .after_at = CLOCK_MIN_MS, .limit_rows = ATTEMPTS_PAGE};
  struct export_attempts_row *rows;
  size_t count;
  uint64_t number = 0;
  do {
    struct arena_mark mark = arena_mark(work->arena);
    if (!export_attempts(work->db, &params, work->arena, ATTEMPTS_PAGE, error, &rows, &count)) return false;
    for (size_t at = 0; at < count; at++) {
      buffer_reset(&line);
      append_attempt(&line, user_id, ++number, &rows[at]);
      if (!write_line(file, &line, error)) return false;
      params.after_at = rows[at].created_at;
      params.after_id = rows[at].id;
    }
    arena_rewind(work->arena, mark);
  } while (count == ATTEMPTS_PAGE);
  work->report.attempts += number;
  return fputs("\n]\n", file) >= 0 || refuse("A file", error);
}

static bool export_file(struct export_work *work, uint64_t user_id, struct error *error) {
  char name[NAME_BYTES];
  FILE *file;
  snprintf(name, sizeof name, "attempts_%llu.json", (unsigned long long)user_id);
  if (!open_file(work->directory, name, error, &file)) return false;
  bool is_whole = write_attempts(work, user_id, file, error);
  return close_file(work->directory, name, file, is_whole, error);
}

/* --- Streaks --------------------------------------------------------------------------------------- */

static void append_dates(struct buffer *line, const struct learner_practice_days_row *days, size_t count) {
  char day[CLOCK_DAY_BYTES];
  buffer_append_text(line, ", \"practice_dates\": [");
  for (size_t at = 0; at < count; at++) {
    clock_format_day(days[at].day, day);
    buffer_printf(line, "%s\"%s\"", at == 0 ? "" : ", ", day);
  }
  buffer_append_char(line, ']');
}

static void append_streak(struct buffer *line, const struct export_learners_row *learner,
                          const struct learner_practice_days_row *days, size_t count) {
  char last[CLOCK_DAY_BYTES];
  if (!learner->last_practice_date_is_null) clock_format_day(learner->last_practice_date, last);
  buffer_printf(line, "\"%llu\": {\"current_streak\": %lld, \"longest_streak\": %lld",
                (unsigned long long)learner->id,
                learner->current_streak_is_null ? 0LL : (long long)learner->current_streak,
                learner->longest_streak_is_null ? 0LL : (long long)learner->longest_streak);
  append_text(line, "last_practice_date", learner->last_practice_date_is_null ? NULL : last);
  append_dates(line, days, count);
  if (learner->subject != NULL) append_text(line, "subject", learner->subject);
  if (learner->username != NULL) append_text(line, "username", learner->username);
  if (learner->display_name != NULL) append_text(line, "display_name", learner->display_name);
  append_text(line, "time_zone", learner->time_zone);
  buffer_append_char(line, '}');
}

static bool export_streak(struct export_work *work, const struct export_learners_row *learner,
                          struct error *error) {
  CLEANUP(buffer_free) struct buffer line = BUFFER_INIT(LINE_BYTES);
  struct learner_practice_days_params params = {.user_id = learner->id};
  struct learner_practice_days_row *days;
  size_t count;
  if (!learner_practice_days(work->db, &params, work->arena, PRACTICE_DAYS_MAX, error, &days, &count))
    return false;
  buffer_append_text(&line, work->has_streaks ? ",\n" : "{\n");
  append_streak(&line, learner, days, count);
  work->has_streaks = true;
  return write_line(work->streaks, &line, error);
}

/* --- Learners -------------------------------------------------------------------------------------- */

static bool export_learner(struct export_work *work, const struct export_learners_row *learner,
                           struct error *error) {
  bool has_longest = !learner->longest_streak_is_null && learner->longest_streak > 0;
  if (!learner->has_attempts && !learner->has_days && !has_longest) return true;
  struct arena_mark mark = arena_mark(work->arena);
  if (!export_streak(work, learner, error)) return false;
  arena_rewind(work->arena, mark);
  work->report.learners++;
  return !learner->has_attempts || export_file(work, learner->id, error);
}

static bool export_page(struct export_work *work, uint64_t *after_id, struct error *error, bool *ret_more) {
  struct export_learners_params params = {.after_id = *after_id, .limit_rows = LEARNERS_PAGE};
  struct export_learners_row *rows;
  size_t count;
  arena_reset(work->arena);
  if (!db_begin_snapshot(work->db, error)) return false;
  bool done = export_learners(work->db, &params, work->arena, LEARNERS_PAGE, error, &rows, &count);
  for (size_t at = 0; done && at < count; at++) {
    done = export_learner(work, &rows[at], error);
    *after_id = rows[at].id;
  }
  db_rollback(work->db);
  if (done) *ret_more = count == LEARNERS_PAGE;
  return done;
}

static bool export_all(struct export_work *work, export_show show, void *context, struct error *error) {
  uint64_t after_id = 0;
  bool more = true;
  while (more) {
    if (!export_page(work, &after_id, error, &more)) return false;
    show(context, after_id);
  }
  return fputs(work->has_streaks ? "\n}\n" : "{}\n", work->streaks) >= 0 || refuse(STREAKS, error);
}

bool export_run(struct db *db, const char *directory, export_show show, void *context, struct arena *arena,
                struct error *error, struct export_report *ret_report) {
  struct export_work work = {.db = db, .directory = directory, .arena = arena};
  if (!prepare_directory(directory, error) || !open_file(directory, STREAKS, error, &work.streaks))
    return false;
  bool is_whole = export_all(&work, show, context, error);
  if (!close_file(directory, STREAKS, work.streaks, is_whole, error)) return false;
  *ret_report = work.report;
  return true;
}
