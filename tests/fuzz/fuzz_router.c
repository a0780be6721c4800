/* Request lines against a table with literals and placeholders. The input is METHOD SPACE PATH.
 * A path that is found must be made of nothing but plain segments. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "http/router.h"

#include "base/banned.h"

#define ARENA_BYTES ((size_t)1024 * 1024)

static bool handle(struct request *request, const void *query, const void *body, void *reply,
                   struct error *error) {
  return request != NULL && query != NULL && body != NULL && reply != NULL && error != NULL;
}

static const struct endpoint rows[] = {
    {.method = "GET", .path = "/healthz", .handle = handle},
    {.method = "GET", .path = "/api/progress", .handle = handle},
    {.method = "POST", .path = "/api/progress/reset", .handle = handle},
    {.method = "GET", .path = "/api/progress/history", .handle = handle},
    {.method = "PATCH", .path = "/api/practice-sessions/{id}", .handle = handle},
    {.method = "GET", .path = "/api/practice-sessions/{id}", .handle = handle},
    {.method = "GET", .path = "/api/practice-sessions/current", .handle = handle},
    {.method = "POST", .path = "/api/{kind}/{id}/undo", .handle = handle},
};
static const struct endpoint_table table = ENDPOINT_TABLE(rows);
static const struct endpoint_table *const tables[] = {&table, NULL};

static void check_found(const struct router *router, const char *path, const struct route *route) {
  if (strstr(path, "//") != NULL || strstr(path, "/./") != NULL || strstr(path, "/../") != NULL) abort();
  if (strcasestr(path, "%2f") != NULL || strcasestr(path, "%00") != NULL) abort();
  if (strcasestr(path, "/%2e%2e/") != NULL || strcasestr(path, "/.%2e/") != NULL) abort();
  if (route->at > router_count(router)) abort();
  if (route->endpoint == NULL) return;
  if (router_row(router, route->at) != route->endpoint) abort();
  for (size_t at = 0; at < REQUEST_PATH_PARTS_MAX && route->parts[at] != NULL; at++) {
    const char *part = route->parts[at];
    if (*part == '\0' || strlen(part) > ROUTER_PART_BYTES_MAX || strchr(part, '/') != NULL) abort();
    for (const char *character = part; *character != '\0'; character++)
      if (!isprint((unsigned char)*character)) abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static struct router *router;
  struct error error = ERROR_INIT;
  struct route route = {.at = 0};
  if (router == NULL && !router_new(tables, &error, &router)) abort();
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(ARENA_BYTES);
  char *method = arena_strndup(arena, (const char *)data, bytes);
  if (method == NULL) return 0;
  char *path = strchr(method, ' ');
  if (path == NULL) return 0;
  *path++ = '\0';
  if (router_find(router, method, path, arena, &error, &route)) {
    check_found(router, path, &route);
  } else if (error.code == ERROR_NONE) {
    abort();
  }
  return 0;
}
