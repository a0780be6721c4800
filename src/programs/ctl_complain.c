#include <string.h>

#include "programs/ctl.h"

#include "base/banned.h"

enum {
  SERVER_NO_DATABASE_RIGHT = 1044,
  SERVER_NO_ACCESS = 1045,
  SERVER_NO_DATABASE = 1049,
  SERVER_NO_COMMAND_RIGHT = 1142,
  SERVER_NO_TABLE = 1146,
  SERVER_NO_PASSWORDLESS = 1698,
  CLIENT_NO_SOCKET = 2002,
  CLIENT_NO_HOST = 2003
};

/* "/run/a.sock, db2:3306" */
static void append_hosts(const struct ctl *ctl, struct buffer *buffer) {
  const char *const *hosts = ctl->config.database.hosts.items;
  for (size_t at = 0; at < ctl->config.database.hosts.count; at++)
    buffer_printf(buffer, "%s%s", at == 0 ? "" : ", ", hosts[at]);
}

/* What commonly goes wrong, in words that say what to do. Empty for everything else. */
static void explain(const struct ctl *ctl, const struct error *error, struct buffer *buffer) {
  const struct database_config *database = &ctl->config.database;
  switch (error->sql_errno) {
  case CLIENT_NO_SOCKET:
  case CLIENT_NO_HOST:
    buffer_append_text(buffer, "No database server answers at ");
    append_hosts(ctl, buffer);
    buffer_printf(buffer, ". Is it running? database.hosts in %s says where to look.", ctl->config_path);
    break;
  case SERVER_NO_ACCESS:
  case SERVER_NO_PASSWORDLESS:
    buffer_printf(buffer,
                  "The database server refuses the user %s or the password; database.user and "
                  "database.password_file in %s say them.",
                  database->user, ctl->config_path);
    break;
  case SERVER_NO_DATABASE:
    buffer_printf(buffer,
                  "There is no database %s yet. The server's administrator makes it: CREATE DATABASE %s "
                  "CHARACTER SET utf8mb4;",
                  database->name, database->name);
    break;
  case SERVER_NO_DATABASE_RIGHT:
  case SERVER_NO_COMMAND_RIGHT:
    buffer_printf(
        buffer,
        "The database user %s lacks the rights for this (%s). Name a configuration with another user "
        "by --config.",
        database->user, error->detail);
    break;
  case SERVER_NO_TABLE:
    buffer_printf(buffer,
                  "The database %s has not got all the tables; run \"" CTL_PROGRAM " migrate up\" first.",
                  database->name);
    break;
  default:
    break;
  }
}

/* A reader of YAML names the file, with line and column; other checks name the key alone. */
static void complain_fields(const struct ctl *ctl, const struct error *error) {
  const char *path = ctl->config_path == NULL ? "" : ctl->config_path;
  for (size_t at = 0; at < error->field_count; at++) {
    const char *field = error->fields[at].field;
    const char *message = error->fields[at].message;
    bool is_named = *path == '\0' || strchr(field, ':') != NULL;
    (void)fprintf(stderr, CTL_PROGRAM ": %s%s%s %s\n", is_named ? "" : path, is_named ? "" : ": ", field,
                  message);
  }
}

void ctl_complain(const struct ctl *ctl, const struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  (void)fflush(stdout);
  if (error->field_count > 0) {
    complain_fields(ctl, error);
    return;
  }
  explain(ctl, error, &text);
  if (text.length == 0) {
    buffer_append_text(&text, error->message);
    /* What the log would be told: here the reader is the one who reads logs. */
    if (error->detail[0] != '\0' && strstr(error->message, error->detail) == NULL)
      buffer_printf(&text, " (%s)", error->detail);
  }
  (void)fprintf(stderr, CTL_PROGRAM ": %s\n", buffer_text(&text));
}
