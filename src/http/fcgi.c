#include "http/fcgi.h"

#include <errno.h>
#include <fcgiapp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/banned.h"

/* What a thread keeps allocated for bodies, and for replies. */
#define FCGI_KEEP_BYTES ((size_t)64 * 1024)

struct fcgi_codec {
  FCGX_Request library;
  int input;  /* the request's records; -1: libfcgi closed it */
  int output; /* the reply's */
  bool decoded;
  char *body;
  size_t body_capacity;
  char *reply;
  size_t reply_capacity;
};

bool fcgi_library_init(struct error *error) {
  if (FCGX_Init() != 0) return error_set(error, ERROR_INTERNAL, "libfcgi cannot be set up.");
  return true;
}

static bool fcgi_open_file(const char *name, struct error *error, int *ret_descriptor) {
  int descriptor = memfd_create(name, MFD_CLOEXEC);
  if (descriptor < 0) {
    error_set(error, ERROR_INTERNAL, "There is no memory for a connection.");
    return error_detail(error, "memfd_create: %s", strerror(errno));
  }
  *ret_descriptor = descriptor;
  return true;
}

bool fcgi_codec_new(struct error *error, struct fcgi_codec **ret_codec) {
  struct fcgi_codec *codec = calloc(1, sizeof *codec);
  if (codec == NULL) return error_set_memory(error);
  codec->input = -1;
  codec->output = -1;
  if (!fcgi_open_file("fcgi-in", error, &codec->input) ||
      !fcgi_open_file("fcgi-out", error, &codec->output)) {
    fcgi_codec_free(codec);
    return false;
  }
  /* No listening socket: when a request is not what it should be, libfcgi asks for the next
   * connection, and gets EBADF. Detached: it never lingers on a connection that it closes. */
  FCGX_InitRequest(&codec->library, -1, 0);
  FCGX_Detach(&codec->library);
  *ret_codec = codec;
  return true;
}

void fcgi_codec_free(struct fcgi_codec *codec) {
  if (codec == NULL) return;
  fcgi_drop(codec);
  if (codec->input >= 0) close(codec->input);
  if (codec->output >= 0) close(codec->output);
  free(codec->body);
  free(codec->reply);
  free(codec);
}

/* Memory that one large request or reply needed is not kept for the small ones that follow. */
static void fcgi_shrink(int descriptor, char **memory, size_t *capacity) {
  if (*capacity <= FCGI_KEEP_BYTES) return;
  free(*memory);
  *memory = NULL;
  *capacity = 0;
  if (descriptor < 0) return;
  int status = ftruncate(descriptor, 0);
  (void)status; /* its pages stay allocated, that is all */
}

void fcgi_drop(struct fcgi_codec *codec) {
  if (codec->decoded) FCGX_Free(&codec->library, 0);
  codec->library.ipcFd = -1;
  codec->decoded = false;
  fcgi_shrink(codec->input, &codec->body, &codec->body_capacity);
  fcgi_shrink(codec->output, &codec->reply, &codec->reply_capacity);
}

/* --- In --- */

/* Behind the request stand eight zeros, which no reader takes for a record: it could otherwise run on
 * into what is left of a former, longer request. */
static bool fcgi_write_input(struct fcgi_codec *codec, const void *bytes, size_t count, struct error *error) {
  static const char guard[FCGI_RECORD_HEADER_BYTES] = {0};
  if (codec->input < 0 && !fcgi_open_file("fcgi-in", error, &codec->input)) return false;
  if (pwrite(codec->input, bytes, count, 0) != (ssize_t)count ||
      pwrite(codec->input, guard, sizeof guard, (off_t)count) != (ssize_t)sizeof guard ||
      lseek(codec->input, 0, SEEK_SET) != 0) {
    error_set(error, ERROR_UNAVAILABLE, "There is no memory for a request.");
    return error_detail(error, "%s", strerror(errno));
  }
  return true;
}

/* What a parameter fills. */
struct fcgi_field {
  const char *name;
  size_t offset;
};

#define FCGI_FIELD(param, member) \
  { param, offsetof(struct request, member) }
static const struct fcgi_field fcgi_fields[] = {
    FCGI_FIELD("REQUEST_METHOD", method),
    FCGI_FIELD("REQUEST_URI", path),
    FCGI_FIELD("REMOTE_ADDR", remote_address),
    FCGI_FIELD("CONTENT_TYPE", content_type),
    FCGI_FIELD("HTTP_AUTHORIZATION", authorization),
    FCGI_FIELD("HTTP_IF_NONE_MATCH", if_none_match),
    FCGI_FIELD("HTTP_IDEMPOTENCY_KEY", idempotency_key),
    FCGI_FIELD("HTTP_ORIGIN", origin),
    FCGI_FIELD("HTTP_ACCEPT", accept),
    FCGI_FIELD("HTTP_CONTENT_ENCODING", content_encoding),
    FCGI_FIELD("HTTP_X_REQUEST_ID", request_id),
    FCGI_FIELD("HTTP_ACCESS_CONTROL_REQUEST_METHOD", preflight_for),
    FCGI_FIELD("HTTP_X_LOCKSTEP_USER", on_behalf_of),
};

/* nginx passes an empty parameter for what the client did not send; the first of several counts. */
static void fcgi_take_param(struct request *request, const char *param, const char **ret_content_length) {
  const char *equals = strchr(param, '=');
  if (equals == NULL || equals[1] == '\0') return;
  size_t length = (size_t)(equals - param);
  if (length == strlen("CONTENT_LENGTH") && memcmp(param, "CONTENT_LENGTH", length) == 0) {
    *ret_content_length = equals + 1;
    return;
  }
  for (size_t at = 0; at < ARRAY_LENGTH(fcgi_fields); at++) {
    const struct fcgi_field *field = &fcgi_fields[at];
    if (strncmp(field->name, param, length) != 0 || field->name[length] != '\0') continue;
    const char **member = (const char **)(void *)((char *)request + field->offset);
    if (*member == NULL || **member == '\0') *member = equals + 1;
    return;
  }
}

static void fcgi_take_params(struct fcgi_codec *codec, struct request *request, uint64_t *ret_announced) {
  const char *content_length = NULL;
  for (char **param = codec->library.envp; *param != NULL; param++)
    fcgi_take_param(request, *param, &content_length);
  if (request->method == NULL) request->method = "";
  if (request->path == NULL) {
    request->path = "";
  } else {
    /* libfcgi's own copy, which lives as long as the request. */
    char *mark = strchr((char *)(uintptr_t)request->path, '?');
    if (mark != NULL) {
      *mark = '\0';
      request->query = mark + 1;
    }
  }
  *ret_announced = 0;
  if (content_length == NULL || *content_length < '0' || *content_length > '9') return;
  char *end;
  errno = 0;
  unsigned long long announced = strtoull(content_length, &end, 10);
  *ret_announced = errno != 0 || *end != '\0' ? UINT64_MAX : announced;
}

/* Reads to the end of the body in any case: the end is what tells that all of it came. */
static bool fcgi_take_body(struct fcgi_codec *codec, size_t body_bytes, struct error *error) {
  if (body_bytes >= codec->body_capacity) {
    char *body = realloc(codec->body, body_bytes + 1);
    if (body == NULL) return error_set(error, ERROR_UNAVAILABLE, "There is no memory for a body.");
    codec->body = body;
    codec->body_capacity = body_bytes + 1;
  }
  FCGX_Stream *in = codec->library.in;
  if (body_bytes > INT_MAX || FCGX_GetStr(codec->body, (int)body_bytes, in) != (int)body_bytes ||
      FCGX_GetChar(in) != EOF || FCGX_GetError(in) != 0) {
    error_set(error, ERROR_INTERNAL, "A body is not what its records announce.");
    return error_detail(error, "FCGX_GetError %d", FCGX_GetError(in));
  }
  codec->body[body_bytes] = '\0';
  return true;
}

bool fcgi_decode(struct fcgi_codec *codec, const void *bytes, const struct fcgi_scan *scan,
                 struct request *request, struct error *error) {
  uint64_t announced;
  if (!fcgi_write_input(codec, bytes, scan->kept_bytes, error)) return false;
  codec->library.ipcFd = codec->input;
  codec->library.keepConnection = 1; /* or it would close what it takes for the former request's */
  int status = FCGX_Accept_r(&codec->library);
  if (status != 0) {
    codec->input = -1; /* it closes what it cannot read */
    codec->library.ipcFd = -1;
    error_set(error, ERROR_INTERNAL, "libfcgi refused a request that was checked.");
    return error_detail(error, "FCGX_Accept_r %d", status);
  }
  codec->decoded = true;
  fcgi_take_params(codec, request, &announced);
  if (!fcgi_take_body(codec, scan->body_bytes, error)) {
    fcgi_drop(codec);
    return false;
  }
  size_t body_bytes_max = (size_t)request->app->config->http.bulk_body_bytes;
  request->body_too_large = scan->body_too_large || announced > body_bytes_max;
  request->body_cut = !request->body_too_large && announced > scan->body_bytes;
  request->body = codec->body;
  request->body_bytes = request->body_too_large ? 0 : scan->body_bytes;
  return true;
}

/* --- Out --- */

static bool fcgi_write(FCGX_Stream *out, const struct buffer *buffer) {
  size_t done = 0;
  while (done < buffer->length) {
    size_t count = buffer->length - done;
    if (count > INT_MAX / 2) count = INT_MAX / 2;
    if (FCGX_PutStr(buffer->data + done, (int)count, out) != (int)count) return false;
    done += count;
  }
  return true;
}

/* What libfcgi wrote, from the file to memory that is ours. */
static bool fcgi_read_output(struct fcgi_codec *codec, size_t count, struct error *error) {
  size_t done = 0;
  if (count > codec->reply_capacity) {
    size_t capacity = count > FCGI_KEEP_BYTES ? count : FCGI_KEEP_BYTES;
    char *reply = realloc(codec->reply, capacity);
    if (reply == NULL) return error_set(error, ERROR_UNAVAILABLE, "There is no memory for a reply.");
    codec->reply = reply;
    codec->reply_capacity = capacity;
  }
  while (done < count) {
    ssize_t status = pread(codec->output, codec->reply + done, count - done, (off_t)done);
    if (status <= 0) return error_set(error, ERROR_INTERNAL, "A reply cannot be read back.");
    done += (size_t)status;
  }
  return true;
}

bool fcgi_encode(struct fcgi_codec *codec, const struct request *request, struct error *error,
                 const void **ret_bytes, size_t *ret_count) {
  FCGX_Request *library = &codec->library;
  if (lseek(codec->output, 0, SEEK_SET) != 0)
    return error_set(error, ERROR_INTERNAL, "A reply has no place.");
  library->ipcFd = codec->output;
  bool written = fcgi_write(library->out, &request->head) && fcgi_write(library->out, &request->reply);
  /* The order spares a record; each is closed whatever the other said. */
  written = FCGX_FClose(library->err) == 0 && written;
  written = FCGX_FClose(library->out) == 0 && written;
  off_t count = lseek(codec->output, 0, SEEK_CUR);
  if (!written || count <= 0) return error_set(error, ERROR_UNAVAILABLE, "There is no memory for a reply.");
  if (!fcgi_read_output(codec, (size_t)count, error)) return false;
  *ret_bytes = codec->reply;
  *ret_count = (size_t)count;
  return true;
}
