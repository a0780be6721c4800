#include "process/pid_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

static bool pid_file_lock(int descriptor, const char *path, struct error *error) {
  /* Not inherited by children, unlike flock: a worker that outlives its master holds nothing. */
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(descriptor, F_SETLK, &lock) == 0) return true;
  if (errno != EACCES && errno != EAGAIN) {
    error_set(error, ERROR_INTERNAL, "%s cannot be locked: %s.", path, strerror(errno));
    return false;
  }
  if (fcntl(descriptor, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) lock.l_pid = 0;
  return error_set(error, ERROR_CONFLICT, "Another master (process %ld) holds %s: stop it first.",
                   (long)lock.l_pid, path);
}

bool pid_file_open(const char *path, struct error *error, int *ret_descriptor) {
  char text[32];
  if (path == NULL) {
    *ret_descriptor = -1;
    return true;
  }
  int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (descriptor < 0)
    return error_set(error, ERROR_INTERNAL, "paths.pid %s cannot be made: %s.", path, strerror(errno));
  if (!pid_file_lock(descriptor, path, error)) {
    close(descriptor);
    return false;
  }
  int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
  if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, text, (size_t)length, 0) != length) {
    error_set(error, ERROR_INTERNAL, "paths.pid %s cannot be written: %s.", path, strerror(errno));
    close(descriptor);
    return false;
  }
  *ret_descriptor = descriptor;
  return true;
}

void pid_file_close(const char *path, int descriptor) {
  if (descriptor < 0) return;
  unlink(path); /* while we hold the lock, it is ours */
  close(descriptor);
}
