#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"
#include "schema/decode.h"

#include "base/banned.h"

#ifndef LOCKSTEP_DATADIR
#define LOCKSTEP_DATADIR "/usr/share/lockstep"
#endif

#define FILE_BYTES_MAX ((size_t)1024 * 1024)
#define SECRET_FILE_BYTES_MAX ((size_t)4096)
#define PRINT_BYTES_MAX ((size_t)4 * 1024 * 1024)

static void close_file(FILE **file) {
  if (*file != NULL) (void)fclose(*file);
}

/* The whole file. NULL: errno says why (EFBIG, ENOMEM, or the system's). */
static char *read_file(const char *path, size_t limit, struct arena *arena, size_t *ret_bytes) {
  CLEANUP(close_file) FILE *file = fopen(path, "re");
  CLEANUP(buffer_free) struct buffer content = BUFFER_INIT(limit);
  char chunk[4096];
  size_t chunk_bytes;
  if (file == NULL) return NULL;
  while (!content.failed && (chunk_bytes = fread(chunk, 1, sizeof chunk, file)) > 0)
    buffer_append(&content, chunk, chunk_bytes);
  if (ferror(file)) return NULL;
  errno = content.failed ? EFBIG : ENOMEM;
  if (content.failed) return NULL;
  char *text = arena_strndup(arena, buffer_text(&content), content.length);
  if (text != NULL) *ret_bytes = content.length;
  return text;
}

/* A secret stands in the configuration or in a file of its own, not in both. */
void config_read_secret(const char *key, const char *path, struct arena *arena, const char **secret,
                        struct error *error) {
  size_t bytes;
  if (path == NULL) return;
  if (*secret != NULL) {
    error_add_field(error, ERROR_MALFORMED, key, "is given twice: in the configuration and in %s", path);
    return;
  }
  char *text = read_file(path, SECRET_FILE_BYTES_MAX, arena, &bytes);
  if (text == NULL) {
    error_add_field(error, ERROR_MALFORMED, key, "cannot be read from %s: %s", path, strerror(errno));
    return;
  }
  text[strcspn(text, "\r\n")] = '\0';
  if (*text == '\0')
    error_add_field(error, ERROR_MALFORMED, key, "cannot be read from %s: its first line is empty", path);
  else
    *secret = text;
}

static void read_secrets(struct config *config, struct arena *arena, struct error *error) {
  struct auth_key_config *keys = config->auth.keys.items;
  config_read_secret("database.password", config->database.password_file, arena, &config->database.password,
                     error);
  config_read_secret("auth.anonymous_secret", config->auth.anonymous_secret_file, arena,
                     &config->auth.anonymous_secret, error);
  for (size_t at = 0; at < config->auth.keys.count; at++) {
    char name[64];
    snprintf(name, sizeof name, "auth.keys[%zu].secret", at);
    config_read_secret(name, keys[at].secret_file, arena, &keys[at].secret, error);
  }
}

bool config_set_digest(struct config *config, struct error *error) {
  static const char digits[] = "0123456789abcdef";
  unsigned char hash[EVP_MAX_MD_SIZE];
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(PRINT_BYTES_MAX);
  config_print(config, &text);
  if (text.failed || EVP_Digest(buffer_text(&text), text.length, hash, NULL, EVP_sha256(), NULL) != 1)
    return error_set(error, ERROR_INTERNAL, "The configuration's digest could not be made.");
  size_t bytes = (sizeof config->digest - 1) / 2;
  for (size_t at = 0; at < bytes; at++) {
    config->digest[2 * at] = digits[hash[at] >> 4];
    config->digest[2 * at + 1] = digits[hash[at] & 15];
  }
  config->digest[2 * bytes] = '\0';
  return true;
}

bool config_load(const char *path, struct arena *arena, struct config *ret_config, struct error *error) {
  struct config config;
  size_t bytes;
  const char *text = read_file(path, FILE_BYTES_MAX, arena, &bytes);
  if (text == NULL)
    return error_set(error, ERROR_NOT_FOUND, "The configuration %s cannot be read: %s.", path,
                     strerror(errno));
  if (!schema_decode_yaml(&config_schema, path, text, bytes, arena, &config, error)) return false;
  config.rules.accept_discounts = config.payments.accept_discounts;
  config.rules.refunds_unenroll = config.payments.refund_policy == REFUND_UNENROLL;
  if (config.rules.directory == NULL) config.rules.directory = LOCKSTEP_DATADIR "/rules";
  if (config.events.achievements == NULL) config.events.achievements = LOCKSTEP_DATADIR "/achievements";
  if (config.paths.migrations == NULL) config.paths.migrations = LOCKSTEP_DATADIR "/migrations";
  config.retention.mutations_days = config.offline.max_age_days + RETENTION_LEDGER_MARGIN_DAYS;
  error_clear(error);
  read_secrets(&config, arena, error);
  if (config_read_payment_secrets(&config.payments, arena, error)) config_check(&config, error);
  if (error->code != ERROR_NONE || !config_set_digest(&config, error)) return false;
  *ret_config = config;
  return true;
}
