#include "process/title.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/banned.h"

#define TITLE_PROGRAM "lockstep-fcgi"
#define TITLE_BYTES 128

static struct {
  char *start; /* argv[0], and all that follows it without a gap */
  size_t bytes;
  char *environment; /* where the strings of environ live now */
} title_area;

/* Where the last of the strings ends that follow one another from `end` on. */
static char *title_follow(char *const *strings, size_t count, char *end) {
  for (size_t at = 0; at < count && strings[at] == end; at++)
    end = strings[at] + strlen(strings[at]) + 1;
  return end;
}

static bool title_move_environment(size_t count) {
  size_t bytes = 0;
  for (size_t at = 0; at < count; at++)
    bytes += strlen(environ[at]) + 1;
  char *moved = malloc(bytes + 1);
  if (moved == NULL) return false;
  title_area.environment = moved;
  for (size_t at = 0; at < count; at++) {
    size_t length = strlen(environ[at]) + 1;
    memcpy(moved, environ[at], length);
    environ[at] = moved;
    moved += length;
  }
  return true;
}

/* The kernel shows whatever lies where the arguments were laid; the environment lies behind them. */
void title_init(int argc, char **argv) {
  size_t count = 0;
  while (environ[count] != NULL)
    count++;
  char *end = title_follow(argv, (size_t)argc, argv[0]);
  end = title_follow(environ, count, end);
  if (!title_move_environment(count)) return;
  title_area.start = argv[0];
  title_area.bytes = (size_t)(end - argv[0]);
}

void title_set(const char *format, ...) {
  char what[TITLE_BYTES - sizeof TITLE_PROGRAM - 2];
  char title[TITLE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  prctl(PR_SET_NAME, TITLE_PROGRAM, 0, 0, 0);
  if (title_area.start == NULL) return;
  int length = snprintf(title, sizeof title, "%s: %s", TITLE_PROGRAM, what);
  size_t bytes = (size_t)length < title_area.bytes - 1 ? (size_t)length : title_area.bytes - 1;
  memset(title_area.start, 0, title_area.bytes);
  memcpy(title_area.start, title, bytes);
}
