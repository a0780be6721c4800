/* The one error type. It carries code and message from where something went wrong to the one
 * place that answers or logs it. Lower layers return errors, they never log.
 *
 * A fallible function returns bool (true: it worked), takes a struct error *, and leaves its
 * ret_ outputs untouched when it returns false. `return error_set(...)` therefore reads well. */
#ifndef LOCKSTEP_BASE_ERROR_H
#define LOCKSTEP_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"

#define ERROR_MESSAGE_BYTES 256
#define ERROR_DETAIL_BYTES 512
#define ERROR_FIELDS_MAX 16
#define ERROR_FIELD_NAME_BYTES 96
#define ERROR_FIELD_MESSAGE_BYTES 160

/* What went wrong, in the terms of the caller. http/problem.c maps a code to a status. */
enum error_code {
  ERROR_NONE = 0,
  ERROR_MALFORMED,       /* 400: cannot be read, missing, or of the wrong type */
  ERROR_UNAUTHENTICATED, /* 401 */
  ERROR_FORBIDDEN,       /* 403 */
  ERROR_NOT_FOUND,       /* 404 */
  ERROR_METHOD,          /* 405 */
  ERROR_CONFLICT,        /* 409 */
  ERROR_PRECONDITION,    /* 412 */
  ERROR_TOO_LARGE,       /* 413 */
  ERROR_MEDIA_TYPE,      /* 415 */
  ERROR_UNPROCESSABLE,   /* 422: well-formed, but against a rule */
  ERROR_RATE_LIMITED,    /* 429, retry_after_s says when */
  ERROR_INTERNAL,    /* 500: a defect or a broken invariant; message is for the caller, detail for the log */
  ERROR_UNAVAILABLE, /* 503: database away, pool exhausted, time used up; retry_after_s says when */
  ERROR_TRANSIENT    /* never leaves the ledger: the transaction may be run again */
};

struct error_field {
  char field[ERROR_FIELD_NAME_BYTES]; /* path within the body, such as progressItems[3].stitchId */
  char message[ERROR_FIELD_MESSAGE_BYTES];
};

struct error {
  enum error_code code;
  char message[ERROR_MESSAGE_BYTES]; /* one sentence, fit for the caller's eyes: no SQL, no paths */
  char detail[ERROR_DETAIL_BYTES];   /* for the log only; empty where there is nothing to add */
  unsigned sql_errno;                /* the server's or client library's number, 0 if none */
  int retry_after_s;                 /* for ERROR_RATE_LIMITED and ERROR_UNAVAILABLE */
  size_t field_count;
  struct error_field fields[ERROR_FIELDS_MAX]; /* further ones are dropped, the first are kept */
};

#define ERROR_INIT \
  { .code = ERROR_NONE }

/* Sets code and message, clears everything else. Returns false, always. */
bool error_set(struct error *error, enum error_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* Adds what only the log should see (server's text, errno). Returns false, always. */
bool error_detail(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends one field's complaint; sets code (and a general message) if none is set yet.
 * Returns false, always. */
bool error_add_field(struct error *error, enum error_code code, const char *field, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* "Out of memory" is one case with one wording: the request's arena cap was reached. */
bool error_set_memory(struct error *error);

void error_clear(struct error *error);

#endif
