/* The configuration file. What loads has a digest, and prints as what loads again as the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "config/config.h"
#include "schema/decode.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define TEXT_BYTES_MAX ((size_t)8 * 1024 * 1024)

static void check_masked(const char *secret) {
  if (secret != NULL && strcmp(secret, "***") != 0) abort();
}

/* What is printed is the same configuration, without its secrets. */
static void check_loaded(const struct config *config, struct arena *arena) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(TEXT_BYTES_MAX);
  CLEANUP(buffer_free) struct buffer again = BUFFER_INIT(TEXT_BYTES_MAX);
  struct error error;
  struct config printed;
  if (strlen(config->digest) != sizeof config->digest - 1) abort();
  if (config->database.hosts.count == 0 || config->workers.processes < 1) abort();
  config_print(config, &text);
  if (text.failed || text.length == 0) abort();
  if (!schema_decode_yaml(&config_schema, "printed", buffer_text(&text), text.length, arena, &printed,
                          &error))
    abort();
  check_masked(printed.database.password);
  check_masked(printed.auth.anonymous_secret);
  const struct auth_key_config *keys = printed.auth.keys.items;
  for (size_t at = 0; at < printed.auth.keys.count; at++)
    check_masked(keys[at].secret);
  config_print(&printed, &again);
  if (strcmp(buffer_text(&text), buffer_text(&again)) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  struct error error = ERROR_INIT;
  struct config config;
  char path[32];
  /* Nothing outside may be read by what is tried here. */
  if (memmem(data, bytes, "_file", 5) != NULL) return 0;
  int file = memfd_create("config", MFD_CLOEXEC);
  if (file < 0 || write(file, data, bytes) != (ssize_t)bytes) abort();
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(ARENA_BYTES);
  if (config_load(path, arena, &config, &error)) {
    check_loaded(&config, arena);
  } else if (error.code == ERROR_NONE) {
    abort();
  }
  close(file);
  return 0;
}
