/* Laid over libfcgi by LD_PRELOAD: a request whose URI carries sleep=N is in hand N milliseconds
 * longer, in a thread that nothing can wake. That is what a library call looks like that hangs. */
#include <dlfcn.h>
#include <fcgiapp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static __thread long slow_ms;

int FCGX_Accept_r(FCGX_Request *request) {
  static int (*next)(FCGX_Request *);
  if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, "FCGX_Accept_r");
  int status = next(request);
  const char *uri = status == 0 ? FCGX_GetParam("REQUEST_URI", request->envp) : NULL;
  const char *sleep = uri == NULL ? NULL : strstr(uri, "sleep=");
  slow_ms = sleep == NULL ? 0 : strtol(sleep + strlen("sleep="), NULL, 10);
  return status;
}

int FCGX_PutStr(const char *text, int count, FCGX_Stream *stream) {
  static int (*next)(const char *, int, FCGX_Stream *);
  struct timespec rest = {.tv_sec = slow_ms / 1000, .tv_nsec = slow_ms % 1000 * 1000000};
  if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, "FCGX_PutStr");
  slow_ms = 0;
  while (nanosleep(&rest, &rest) != 0)
    ;
  return next(text, count, stream);
}
