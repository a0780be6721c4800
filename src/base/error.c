#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

void error_clear(struct error *error) {
  error->code = ERROR_NONE;
  error->message[0] = '\0';
  error->detail[0] = '\0';
  error->sql_errno = 0;
  error->retry_after_s = 0;
  error->field_count = 0;
}

bool error_set(struct error *error, enum error_code code, const char *format, ...) {
  va_list arguments;
  error_clear(error);
  error->code = code;
  va_start(arguments, format);
  vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  return false;
}

bool error_detail(struct error *error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->detail, sizeof error->detail, format, arguments);
  va_end(arguments);
  return false;
}

bool error_add_field(struct error *error, enum error_code code, const char *field, const char *format, ...) {
  va_list arguments;
  char message[ERROR_FIELD_MESSAGE_BYTES];
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  if (error->code == ERROR_NONE) {
    error->code = code;
    snprintf(error->message, sizeof error->message, "%s %s", field, message);
  }
  if (error->field_count < ERROR_FIELDS_MAX) {
    struct error_field *entry = &error->fields[error->field_count++];
    snprintf(entry->field, sizeof entry->field, "%s", field);
    snprintf(entry->message, sizeof entry->message, "%s", message);
  }
  return false;
}

bool error_set_memory(struct error *error) {
  return error_set(error, ERROR_TOO_LARGE, "The request needs more memory than a request may use.");
}
