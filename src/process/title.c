#include "process/title.h"

#include <stdarg.h>
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
} title_area;

/* The kernel shows whatever lies where the arguments were laid; the environment lies behind them. */
void title_init(int argc, char **argv) {
  char *end = argv[0] + strlen(argv[0]) + 1;
  size_t count = 0;
  for (int at = 1; at < argc && argv[at] == end; at++)
    end = argv[at] + strlen(argv[at]) + 1;
  while (environ[count] != NULL)
    count++;
  char **moved = calloc(count + 1, sizeof *moved);
  if (moved == NULL) return;
  for (size_t at = 0; at < count; at++) {
    moved[at] = strdup(environ[at]);
    if (moved[at] == NULL) return; /* a few strings are lost, in a process that is out of memory */
  }
  for (size_t at = 0; at < count && environ[at] == end; at++)
    end = environ[at] + strlen(environ[at]) + 1;
  environ = moved;
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
