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

/* What a thread keeps allocated for requests, for bodies, and for replies. */
#define FCGI_KEEP_BYTES ((size_t)64 * 1024)

/* A file in memory, mapped as well: libfcgi reads and writes the one, we the other. */
struct fcgi_file {
  int descriptor; /* -1: libfcgi closed it, or it was never made */
  char *bytes;
  size_t capacity;
};

struct fcgi_codec {
  FCGX_Request library;
  struct fcgi_file input;  /* the request's records, laid so that they end where the file does */
  struct fcgi_file output; /* the reply's, from the start */
  bool decoded;
  char *body;
  size_t body_capacity;
};

bool fcgi_library_init(struct error *error) {
  if (FCGX_Init() != 0) return error_set(error, ERROR_INTERNAL, "libfcgi cannot be set up.");
  return true;
}

/* --- Files in memory --- */

static bool fcgi_file_fail(struct error *error) {
  int number = errno;
  error_set(error, ERROR_UNAVAILABLE, "There is no memory for a request.");
  return error_detail(error, "%s", strerror(number));
}

static void fcgi_file_close(struct fcgi_file *file) {
  if (file->bytes != NULL) munmap(file->bytes, file->capacity);
  if (file->descriptor >= 0) close(file->descriptor);
  *file = (struct fcgi_file){.descriptor = -1};
}

static bool fcgi_file_resize(struct fcgi_file *file, size_t capacity, struct error *error) {
  if (ftruncate(file->descriptor, (off_t)capacity) != 0) return fcgi_file_fail(error);
  char *bytes = mremap(file->bytes, file->capacity, capacity, MREMAP_MAYMOVE);
  if (bytes == MAP_FAILED) return fcgi_file_fail(error);
  file->bytes = bytes;
  file->capacity = capacity;
  return true;
}

static bool fcgi_file_open(struct fcgi_file *file, struct error *error) {
  file->descriptor = memfd_create("fcgi", MFD_CLOEXEC);
  if (file->descriptor < 0 || ftruncate(file->descriptor, (off_t)FCGI_KEEP_BYTES) != 0)
    return fcgi_file_fail(error);
  void *bytes = mmap(NULL, FCGI_KEEP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file->descriptor, 0);
  if (bytes == MAP_FAILED) return fcgi_file_fail(error);
  file->bytes = bytes;
  file->capacity = FCGI_KEEP_BYTES;
  return true;
}

/* Memory that one large request or reply needed is not kept for the small ones that follow. */
static void fcgi_file_shrink(struct fcgi_file *file) {
  struct error ignored = ERROR_INIT;
  if (file->capacity <= FCGI_KEEP_BYTES) return;
  if (!fcgi_file_resize(file, FCGI_KEEP_BYTES, &ignored)) fcgi_file_close(file);
}

static bool fcgi_file_reserve(struct fcgi_file *file, size_t count, struct error *error) {
  if (file->descriptor < 0 && !fcgi_file_open(file, error)) {
    fcgi_file_close(file);
    return false;
  }
  return count <= file->capacity || fcgi_file_resize(file, count, error);
}

/* --- The codec --- */

bool fcgi_codec_new(struct error *error, struct fcgi_codec **ret_codec) {
  struct fcgi_codec *codec = calloc(1, sizeof *codec);
  if (codec == NULL) return error_set_memory(error);
  codec->input.descriptor = -1;
  codec->output.descriptor = -1;
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
  fcgi_file_close(&codec->input);
  fcgi_file_close(&codec->output);
  free(codec->body);
  free(codec);
}

void fcgi_drop(struct fcgi_codec *codec) {
  if (codec->decoded) FCGX_Free(&codec->library, 0);
  codec->library.ipcFd = -1;
  codec->decoded = false;
  fcgi_file_shrink(&codec->input);
  fcgi_file_shrink(&codec->output);
  if (codec->body_capacity <= FCGI_KEEP_BYTES) return;
  free(codec->body);
  codec->body = NULL;
  codec->body_capacity = 0;
}

/* --- In --- */

/* The request ends where the file ends, so that no reader can run on into a former, longer one. */
static bool fcgi_write_input(struct fcgi_codec *codec, const void *bytes, size_t count, struct error *error) {
  struct fcgi_file *input = &codec->input;
  if (!fcgi_file_reserve(input, count, error)) return false;
  size_t start = input->capacity - count;
  memcpy(input->bytes + start, bytes, count);
  return lseek(input->descriptor, (off_t)start, SEEK_SET) == (off_t)start || fcgi_file_fail(error);
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
    FCGI_FIELD("HTTP_STRIPE_SIGNATURE", stripe_signature),
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
  codec->library.ipcFd = codec->input.descriptor;
  codec->library.keepConnection = 1; /* or it would close what it takes for the former request's */
  int status = FCGX_Accept_r(&codec->library);
  if (status != 0) {
    codec->library.ipcFd = -1;
    codec->input.descriptor = -1; /* it closes what it cannot read */
    fcgi_file_close(&codec->input);
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

bool fcgi_encode(struct fcgi_codec *codec, const struct request *request, struct error *error,
                 const void **ret_bytes, size_t *ret_count) {
  FCGX_Request *library = &codec->library;
  struct fcgi_file *output = &codec->output;
  if (!fcgi_file_reserve(output, 0, error)) return false;
  if (lseek(output->descriptor, 0, SEEK_SET) != 0) return fcgi_file_fail(error);
  library->ipcFd = output->descriptor;
  bool written = fcgi_write(library->out, &request->head) && fcgi_write(library->out, &request->reply);
  /* The order spares a record; each is closed whatever the other said. */
  written = FCGX_FClose(library->err) == 0 && written;
  written = FCGX_FClose(library->out) == 0 && written;
  off_t count = lseek(output->descriptor, 0, SEEK_CUR);
  if (!written || count <= 0) return fcgi_file_fail(error);
  if (!fcgi_file_reserve(output, (size_t)count, error)) return false;
  *ret_bytes = output->bytes;
  *ret_count = (size_t)count;
  return true;
}
