#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

#define LOG_TAIL_BYTES 8 /* " cut=1\n" and a NUL always fit */

const char *const log_level_names[] = {"debug", "info", "warn", "error", NULL};

static struct {
  const char *program;
  _Atomic enum log_level level;
  _Atomic int descriptor;
} log_state = {.program = "lockstep", .level = LOG_LEVEL_INFO, .descriptor = STDERR_FILENO};

void log_setup(const char *program, enum log_level level) {
  log_state.program = program;
  atomic_store(&log_state.level, level);
}

bool log_open_file(const char *path) {
  if (path == NULL) {
    atomic_store(&log_state.descriptor, STDERR_FILENO);
    return true;
  }
  int opened = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (opened < 0) return false;
  int current = atomic_load(&log_state.descriptor);
  if (current == STDERR_FILENO) {
    atomic_store(&log_state.descriptor, opened);
    return true;
  }
  /* Threads may be writing: the number stays, the file behind it changes in one step. */
  int status = dup3(opened, current, O_CLOEXEC);
  int saved = errno;
  close(opened);
  errno = saved;
  return status >= 0;
}

static void log_append(struct log_line *line, const char *text, size_t bytes) {
  if (!line->enabled) return;
  size_t room = LOG_LINE_BYTES - LOG_TAIL_BYTES - line->length;
  if (bytes > room) bytes = room;
  memcpy(line->text + line->length, text, bytes);
  line->length += bytes;
}

static bool log_needs_quotes(const char *value) {
  if (*value == '\0') return true;
  for (; *value != '\0'; value++) {
    unsigned char byte = (unsigned char)*value;
    if (byte <= ' ' || byte == '"' || byte == '=' || byte == '\\' || byte == 0x7f) return true;
  }
  return false;
}

static void log_append_quoted(struct log_line *line, const char *value) {
  char escape[8];
  log_append(line, "\"", 1);
  for (; *value != '\0'; value++) {
    unsigned char byte = (unsigned char)*value;
    if (byte == '"' || byte == '\\') {
      escape[0] = '\\';
      escape[1] = (char)byte;
      log_append(line, escape, 2);
    } else if (byte < ' ' || byte == 0x7f) {
      int length = snprintf(escape, sizeof escape, "\\x%02x", byte);
      log_append(line, escape, (size_t)length);
    } else {
      log_append(line, value, 1);
    }
  }
  log_append(line, "\"", 1);
}

void log_begin(struct log_line *line, enum log_level level, const char *event) {
  char now[CLOCK_ISO_BYTES];
  line->length = 0;
  line->enabled = level >= atomic_load(&log_state.level);
  if (!line->enabled) return;
  clock_format_ms(clock_now_ms(), now);
  log_add(line, "ts", now);
  log_add(line, "level", log_level_names[level]);
  log_add(line, "program", log_state.program);
  log_add_i64(line, "pid", getpid());
  log_add(line, "event", event);
}

void log_add(struct log_line *line, const char *key, const char *value) {
  if (value == NULL || !line->enabled) return;
  if (line->length > 0) log_append(line, " ", 1);
  log_append(line, key, strlen(key));
  log_append(line, "=", 1);
  if (log_needs_quotes(value))
    log_append_quoted(line, value);
  else
    log_append(line, value, strlen(value));
}

void log_add_i64(struct log_line *line, const char *key, int64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%lld", (long long)value);
  log_add(line, key, text);
}

void log_add_ms(struct log_line *line, const char *key, int64_t nanoseconds) {
  char text[32];
  snprintf(text, sizeof text, "%.3f", (double)nanoseconds / 1e6);
  log_add(line, key, text);
}

void log_add_error(struct log_line *line, const struct error *error) {
  if (error->code == ERROR_NONE) return;
  log_add(line, "error", error->message);
  if (error->detail[0] != '\0') log_add(line, "detail", error->detail);
  if (error->sql_errno != 0) log_add_i64(line, "sql_errno", error->sql_errno);
}

void log_end(struct log_line *line) {
  if (!line->enabled) return;
  bool cut = line->length >= LOG_LINE_BYTES - LOG_TAIL_BYTES;
  const char *tail = cut ? " cut=1\n" : "\n";
  memcpy(line->text + line->length, tail, strlen(tail));
  line->length += strlen(tail);
  /* A log that cannot be written (full disk, closed pipe) must not stop the service. */
  ssize_t written = write(atomic_load(&log_state.descriptor), line->text, line->length);
  (void)written;
}

void log_write(enum log_level level, const char *event, const char *format, ...) {
  struct log_line line;
  char message[1024];
  va_list arguments;
  log_begin(&line, level, event);
  if (!line.enabled) return;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  log_add(&line, "msg", message);
  log_end(&line);
}
