/* The configuration file. What loads must print, with its secrets masked, and have a digest. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "config/config.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define TEXT_BYTES_MAX ((size_t)8 * 1024 * 1024)

static void check_loaded(const struct config *config) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(TEXT_BYTES_MAX);
  if (strlen(config->digest) != sizeof config->digest - 1) abort();
  if (config->database.hosts.count == 0 || config->workers.processes < 1) abort();
  config_print(config, &text);
  if (text.failed || text.length == 0) abort();
  const struct auth_key_config *keys = config->auth.keys.items;
  for (size_t at = 0; at < config->auth.keys.count; at++) {
    const char *secret = keys[at].secret;
    if (secret != NULL && strlen(secret) >= 32 && strstr(buffer_text(&text), secret) != NULL) abort();
  }
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
    check_loaded(&config);
  } else if (error.code == ERROR_NONE) {
    abort();
  }
  close(file);
  return 0;
}
