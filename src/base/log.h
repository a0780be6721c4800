/* logfmt lines on stderr, one write(2) a line, so that lines of several processes never mix.
 * Only the programs, the process room and the request's end log; everything below returns errors.
 * No token, password or body ever goes into a line. Thread-safe. */
#ifndef LOCKSTEP_BASE_LOG_H
#define LOCKSTEP_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
extern const char *const log_level_names[]; /* NULL-terminated: debug, info, warn, error */

#define LOG_LINE_BYTES 2048 /* longer lines are cut, and end in cut=1 */

/* A line under construction. Begin, add pairs, end; all on one thread. */
struct log_line {
  char text[LOG_LINE_BYTES];
  size_t length;
  bool enabled;
};

/* `program` is a static string ("lockstep-fcgi"); lines below `level` are dropped. */
void log_setup(const char *program, enum log_level level);
/* Writes to this file from now on (opened with O_APPEND, mode 0640); reopen by calling it again.
 * NULL: stderr. False: errno says why, and logging goes on where it went before. */
bool log_open_file(const char *path) WARN_UNUSED;

void log_begin(struct log_line *line, enum log_level level, const char *event);
void log_add(struct log_line *line, const char *key, const char *value); /* quoted and escaped as needed */
void log_add_i64(struct log_line *line, const char *key, int64_t value);
void log_add_ms(struct log_line *line, const char *key,
                int64_t nanoseconds); /* as milliseconds, three decimals */
void log_add_error(struct log_line *line, const struct error *error);
void log_end(struct log_line *line);

/* A whole line: event and a formatted msg. */
void log_write(enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
