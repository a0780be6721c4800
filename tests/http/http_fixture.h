/* A worker process as far as requests see it, without database and without a socket. */
#ifndef LOCKSTEP_TESTS_HTTP_FIXTURE_H
#define LOCKSTEP_TESTS_HTTP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/handle.h"
#include "http/shared.h"

#define FIXTURE_SECRET "0123456789abcdef0123456789abcdef"
#define FIXTURE_OWN_SECRET "fedcba9876543210fedcba9876543210"

struct fixture {
  struct auth_key_config key;
  const char *metrics_from[1];
  const char *origins[1];
  struct config config;
  struct app app;
  void *memory;
  struct request *request;
};

/* The configuration may be changed between fixture_prepare and fixture_open. */
static inline struct fixture *fixture_prepare(void) {
  struct fixture *fixture = calloc(1, sizeof *fixture);
  assert_non_null(fixture);
  fixture->key = (struct auth_key_config){.algorithm = AUTH_HS256, .secret = FIXTURE_SECRET};
  fixture->metrics_from[0] = "127.0.0.1";
  fixture->origins[0] = "https://app.example.org";
  fixture->config = (struct config){
      .workers = {.arena_bytes = 1 << 20, .request_timeout_ms = 10000},
      .auth = {.keys = {.items = &fixture->key, .count = 1},
               .leeway_s = 30,
               .anonymous_secret = FIXTURE_OWN_SECRET,
               .anonymous_lifetime_s = 3600,
               .anonymous_per_minute = 3},
      .http = {.cors_origins = {.items = fixture->origins, .count = 1},
               .body_bytes = 1000,
               .bulk_body_bytes = 4000,
               .slow_ms = 1000,
               .metrics_from = {.items = fixture->metrics_from, .count = 1}},
      .live = {.tickets_per_minute = 2},
      .digest = "0123456789abcdef",
  };
  fixture->app = (struct app){.config = &fixture->config, .build = "0.1.0"};
  return fixture;
}

static inline void fixture_open(struct fixture *fixture, const struct endpoint_table *const *tables) {
  struct error error = ERROR_INIT;
  fixture->memory = calloc(1, http_shared_bytes(2));
  assert_non_null(fixture->memory);
  struct http_shared *shared = http_shared_init(fixture->memory, 2);
  bool opened = http_app_open(&fixture->app, tables, shared, 0, &error);
  if (!opened) fail_msg("%s", error.message);
  assert_true(request_new(&fixture->app, &error, &fixture->request));
}

static inline void fixture_close(struct fixture *fixture) {
  request_free(fixture->request);
  http_app_close(&fixture->app);
  free(fixture->memory);
  free(fixture);
}

/* A request as it arrives, with nothing but a method and a path. */
static inline struct request *fixture_arrive(struct fixture *fixture, const char *method, const char *path) {
  request_reset(fixture->request);
  fixture->request->method = method;
  fixture->request->path = path;
  fixture->request->remote_address = "192.0.2.1";
  return fixture->request;
}

/* The value of a header of the reply's head, in static memory; NULL when it is not there. */
static inline const char *fixture_header(const struct request *request, const char *name) {
  static char value[1024];
  size_t name_bytes = strlen(name);
  for (const char *line = buffer_text(&request->head); *line != '\0'; line += strcspn(line, "\n") + 1) {
    size_t length = strcspn(line, "\r\n");
    if (length <= name_bytes || strncmp(line, name, name_bytes) != 0 || line[name_bytes] != ':') continue;
    assert_true(length - name_bytes - 2 < sizeof value);
    memcpy(value, line + name_bytes + 2, length - name_bytes - 2);
    value[length - name_bytes - 2] = '\0';
    return value;
  }
  return NULL;
}

#endif
