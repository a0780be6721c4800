#include "learner/import_rejects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "schema/encode.h"
#include "schema/json.h"

#include "base/banned.h"

#define PATH_BYTES 4096
#define REJECT_BYTES ((size_t)8 * 1024 * 1024)

static bool path_of(const struct import_rejects *rejects, const char *suffix, char *path,
                    struct error *error) {
  int bytes = snprintf(path, PATH_BYTES, "%s/%s%s", rejects->directory, rejects->name, suffix);
  return (bytes > 0 && bytes < PATH_BYTES) ||
         error_set(error, ERROR_INTERNAL, "The path of %s is too long.", rejects->name);
}

static bool refuse(const char *path, struct error *error) {
  error_set(error, ERROR_INTERNAL, "%.150s cannot be written.", path);
  return error_detail(error, "%s", strerror(errno));
}

/* Only for whoever imports: entries are about people. */
static bool start(struct import_rejects *rejects, struct error *error) {
  char path[PATH_BYTES];
  if (mkdir(rejects->directory, 0700) != 0 && errno != EEXIST) return refuse(rejects->directory, error);
  if (!path_of(rejects, ".part", path, error)) return false;
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return refuse(path, error);
  rejects->file = fdopen(fd, "w");
  if (rejects->file != NULL) return true;
  close(fd);
  return refuse(path, error);
}

static void append_member(struct buffer *text, const char *name, const char *value) {
  buffer_printf(text, ", \"%s\": ", name);
  json_append_text(text, value);
}

/* An object stands as `entry`, everything else as a text. */
static void append_entry(struct buffer *text, const struct import_reject *reject) {
  struct error ignored = ERROR_INIT;
  if (reject->bytes > 0 && json_check(reject->text, reject->bytes, &ignored)) {
    buffer_append_text(text, ",\n  \"entry\": ");
    buffer_append(text, reject->text, reject->bytes);
    return;
  }
  size_t bytes = reject->bytes < IMPORT_REJECT_TEXT_BYTES ? reject->bytes : IMPORT_REJECT_TEXT_BYTES;
  while (bytes > 0 && strchr(", \t\r\n", reject->text[bytes - 1]) != NULL)
    bytes--;
  char *copy = strndup(reject->bytes == 0 ? "" : reject->text, bytes);
  buffer_append_text(text, ",\n  \"text\": ");
  json_append_text(text, copy == NULL ? "" : copy);
  free(copy);
}

bool import_rejects_add(struct import_rejects *rejects, const struct import_reject *reject,
                        struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(REJECT_BYTES);
  if (rejects->directory == NULL) return true;
  buffer_append_text(&text, rejects->file == NULL ? "[\n" : ",\n");
  if (rejects->file == NULL && !start(rejects, error)) return false;
  buffer_append_text(&text, "{\"file\": ");
  json_append_text(&text, rejects->name);
  buffer_printf(&text, ", \"index\": %llu, \"line\": %llu", (unsigned long long)reject->index,
                (unsigned long long)reject->line);
  if (reject->user != NULL) append_member(&text, "user_id", reject->user);
  append_member(&text, "reason", reject->reason);
  append_entry(&text, reject);
  buffer_append_char(&text, '}');
  if (text.failed) return error_set_memory(error);
  if (fwrite(text.data, 1, text.length, rejects->file) == text.length) return true;
  return refuse(rejects->name, error);
}

/* What somebody may have mended is not overwritten. */
static bool keep_earlier(const struct import_rejects *rejects, struct error *error) {
  char path[PATH_BYTES];
  char kept[PATH_BYTES];
  if (!path_of(rejects, "", path, error) || !path_of(rejects, "~", kept, error)) return false;
  return rename(path, kept) == 0 || errno == ENOENT || refuse(kept, error);
}

bool import_rejects_end(struct import_rejects *rejects, struct error *error) {
  char part[PATH_BYTES];
  char path[PATH_BYTES];
  if (rejects->directory == NULL) return true;
  if (!keep_earlier(rejects, error)) return false;
  if (rejects->file == NULL) return true;
  if (!path_of(rejects, ".part", part, error) || !path_of(rejects, "", path, error)) return false;
  FILE *file = rejects->file;
  rejects->file = NULL;
  bool is_written = fputs("\n]\n", file) >= 0;
  if (fclose(file) != 0 || !is_written || rename(part, path) != 0) return refuse(path, error);
  return true;
}

void import_rejects_drop(struct import_rejects *rejects) {
  char part[PATH_BYTES];
  struct error ignored = ERROR_INIT;
  if (rejects->file == NULL) return;
  (void)fclose(rejects->file);
  rejects->file = NULL;
  if (path_of(rejects, ".part", part, &ignored)) (void)unlink(part);
}
