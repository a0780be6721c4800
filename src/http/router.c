#include "http/router.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Paths as a tree of segments. Children of a node are neighbours in one array, sorted, so that a
 * step is a binary search; there is no way back up, so that no path costs more than its length. */
#define ROUTER_NODES_MAX 2048
#define ROUTER_SEGMENTS_MAX 16
#define ROUTER_ALLOW_BYTES 64

static const char *const router_methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
#define ROUTER_METHODS ARRAY_LENGTH(router_methods)

struct router_segment {
  const char *text;
  size_t length;
};

struct router_node {
  struct router_segment segment;
  struct router_node **literals; /* sorted by router_compare */
  size_t literal_count;
  struct router_node *placeholder;
  size_t rows[ROUTER_METHODS]; /* 0: none */
  bool has_rows;
  char allow[ROUTER_ALLOW_BYTES];
};

struct router {
  struct router_node *root;
  size_t node_count;
  const struct endpoint *rows[ROUTER_ROWS_MAX + 1]; /* [0] is no row */
  size_t count;
};

static void router_node_free(struct router_node *node) {
  if (node == NULL) return;
  for (size_t at = 0; at < node->literal_count; at++)
    router_node_free(node->literals[at]);
  router_node_free(node->placeholder);
  free(node->literals);
  free(node);
}

void router_free(struct router *router) {
  if (router == NULL) return;
  router_node_free(router->root);
  free(router);
}

static void router_cleanup(struct router **router) { router_free(*router); }

static int router_compare(const struct router_segment *left, const struct router_segment *right) {
  size_t shorter = left->length < right->length ? left->length : right->length;
  int order = memcmp(left->text, right->text, shorter);
  if (order != 0) return order;
  return (left->length > right->length) - (left->length < right->length);
}

/* Where the segment stands among the literals, or would stand. */
static size_t router_locate(const struct router_node *node, const struct router_segment *segment,
                            bool *ret_found) {
  size_t low = 0;
  size_t high = node->literal_count;
  *ret_found = false;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = router_compare(segment, &node->literals[middle]->segment);
    if (order == 0) {
      *ret_found = true;
      return middle;
    }
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

static struct router_node *router_node_new(struct router *router, struct router_segment segment) {
  if (router->node_count == ROUTER_NODES_MAX) return NULL;
  struct router_node *node = calloc(1, sizeof *node);
  if (node == NULL) return NULL;
  node->segment = segment;
  router->node_count++;
  return node;
}

/* The child for a row's segment, made where it is missing. NULL: no memory, or no room. */
static struct router_node *router_grow(struct router *router, struct router_node *node,
                                       struct router_segment segment) {
  if (segment.text[0] == '{') {
    if (node->placeholder == NULL) node->placeholder = router_node_new(router, segment);
    return node->placeholder;
  }
  bool found;
  size_t at = router_locate(node, &segment, &found);
  if (found) return node->literals[at];
  struct router_node **literals = realloc(node->literals, (node->literal_count + 1) * sizeof *literals);
  if (literals == NULL) return NULL;
  node->literals = literals;
  struct router_node *child = router_node_new(router, segment);
  if (child == NULL) return NULL;
  memmove(literals + at + 1, literals + at, (node->literal_count - at) * sizeof *literals);
  literals[at] = child;
  node->literal_count++;
  return child;
}

static bool is_plain(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         byte == '-' || byte == '_' || byte == '.' || byte == '~';
}

/* A row's own segment: plain characters, or a name in braces. */
static bool router_row_segment_is_good(const struct router_segment *segment) {
  const char *text = segment->text;
  size_t length = segment->length;
  if (length > 2 && text[0] == '{' && text[length - 1] == '}') {
    text++;
    length -= 2;
  }
  if (length == 0) return false;
  for (size_t at = 0; at < length; at++)
    if (!is_plain(text[at])) return false;
  return true;
}

/* Cuts "/a/b" into segments. False: no '/' in front, an empty segment, or too many of them. */
static bool router_split(const char *path, struct router_segment *segments, size_t *ret_count) {
  size_t count = 0;
  while (*path == '/') {
    const char *text = ++path;
    path += strcspn(path, "/");
    if (count == ROUTER_SEGMENTS_MAX || path == text) return false;
    segments[count++] = (struct router_segment){.text = text, .length = (size_t)(path - text)};
  }
  *ret_count = count;
  return *path == '\0' && count > 0;
}

static size_t router_method(const char *method) {
  size_t at = 0;
  while (at < ROUTER_METHODS && strcmp(method, router_methods[at]) != 0)
    at++;
  return at;
}

static bool router_add(struct router *router, const struct endpoint *row, struct error *error) {
  struct router_segment segments[ROUTER_SEGMENTS_MAX];
  size_t count;
  size_t placeholders = 0;
  size_t method = router_method(row->method);
  if (router->count == ROUTER_ROWS_MAX)
    return error_set(error, ERROR_INTERNAL, "More than %d endpoints.", ROUTER_ROWS_MAX);
  if (method == ROUTER_METHODS || row->handle == NULL || !router_split(row->path, segments, &count))
    return error_set(error, ERROR_INTERNAL, "Endpoint %s %s is no endpoint.", row->method, row->path);
  struct router_node *node = router->root;
  for (size_t at = 0; at < count; at++) {
    if (!router_row_segment_is_good(&segments[at]))
      return error_set(error, ERROR_INTERNAL, "Endpoint %s %s: its path is not plain.", row->method,
                       row->path);
    if (segments[at].text[0] == '{') placeholders++;
    node = router_grow(router, node, segments[at]);
    if (node == NULL) return error_set_memory(error);
  }
  if (placeholders > REQUEST_PATH_PARTS_MAX)
    return error_set(error, ERROR_INTERNAL, "Endpoint %s %s: too many placeholders.", row->method, row->path);
  if (node->rows[method] != 0)
    return error_set(error, ERROR_INTERNAL, "Endpoint %s %s stands there twice.", row->method, row->path);
  router->rows[++router->count] = row;
  node->rows[method] = router->count;
  node->has_rows = true;
  return true;
}

/* The longest, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", fits ROUTER_ALLOW_BYTES. */
static void router_describe(struct router_node *node) {
  size_t used = 0;
  for (size_t at = 0; node->has_rows && at <= ROUTER_METHODS; at++) {
    if (at < ROUTER_METHODS && node->rows[at] == 0) continue;
    const char *name = at == 0 ? "GET, HEAD, " : at == ROUTER_METHODS ? "OPTIONS" : router_methods[at];
    size_t length = strlen(name);
    memcpy(node->allow + used, name, length);
    used += length;
    if (at > 0 && at < ROUTER_METHODS) {
      memcpy(node->allow + used, ", ", 2);
      used += 2;
    }
  }
  for (size_t at = 0; at < node->literal_count; at++)
    router_describe(node->literals[at]);
  if (node->placeholder != NULL) router_describe(node->placeholder);
}

bool router_new(const struct endpoint_table *const *tables, struct error *error, struct router **ret_router) {
  CLEANUP(router_cleanup) struct router *router = calloc(1, sizeof *router);
  if (router == NULL) return error_set_memory(error);
  router->root = router_node_new(router, (struct router_segment){.text = "", .length = 0});
  if (router->root == NULL) return error_set_memory(error);
  for (; *tables != NULL; tables++)
    for (size_t at = 0; at < (*tables)->count; at++)
      if (!router_add(router, &(*tables)->rows[at], error)) return false;
  router_describe(router->root);
  *ret_router = router;
  router = NULL;
  return true;
}

size_t router_count(const struct router *router) { return router->count; }

const struct endpoint *router_row(const struct router *router, size_t at) { return router->rows[at]; }

static int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

static bool is_dots(const char *text, size_t length) {
  return (length == 1 && text[0] == '.') || (length == 2 && text[0] == '.' && text[1] == '.');
}

/* The bytes that RFC 3986 lets stand in a segment as they are. */
static bool is_segment_byte(char byte) {
  return is_plain(byte) || (byte != '\0' && strchr("!$&'()*+,;=:@", byte) != NULL);
}

/* Decodes one segment into ret_text (segment->length + 1 bytes). An escape may stand for printable
 * ASCII only, and never for what has a meaning in a path: then two readers could disagree on it. */
static bool router_decode(const struct router_segment *segment, char *ret_text, size_t *ret_length) {
  size_t length = 0;
  for (size_t at = 0; at < segment->length; at++) {
    char byte = segment->text[at];
    if (byte == '%') {
      if (segment->length - at < 3) return false;
      int high = hex_digit(segment->text[at + 1]);
      int low = hex_digit(segment->text[at + 2]);
      if (high < 0 || low < 0) return false;
      int decoded = high * 16 + low;
      if (decoded <= 0x20 || decoded >= 0x7f || strchr("/\\%", decoded) != NULL) return false;
      byte = (char)decoded;
      at += 2;
    } else if (!is_segment_byte(byte)) {
      return false;
    }
    ret_text[length++] = byte;
  }
  ret_text[length] = '\0';
  *ret_length = length;
  return length > 0 && !is_dots(ret_text, length);
}

static bool router_malformed(struct error *error) {
  return error_set(error, ERROR_MALFORMED, "The path is not one that this service understands.");
}

/* Walks down the tree. Every segment is held to the form of a path even where the walk is lost
 * already: what is malformed is told as such, whatever exists. */
static bool router_walk(const struct router *router, const char *path, struct arena *arena,
                        struct error *error, const char **ret_parts, const struct router_node **ret_node) {
  char text[ROUTER_PATH_BYTES_MAX + 1];
  struct router_segment segments[ROUTER_SEGMENTS_MAX];
  const struct router_node *node = router->root;
  size_t count;
  size_t part_count = 0;
  size_t path_bytes = strnlen(path, ROUTER_PATH_BYTES_MAX + 1);
  if (path_bytes > ROUTER_PATH_BYTES_MAX) return router_malformed(error);
  bool slash_at_end = path_bytes > 1 && path[path_bytes - 1] == '/' && path[path_bytes - 2] != '/';
  char *whole = arena_strndup(arena, path, path_bytes - (slash_at_end ? 1 : 0));
  if (whole == NULL) return error_set_memory(error);
  if (strcmp(path, "/") == 0) return error_set(error, ERROR_NOT_FOUND, "There is nothing at this address.");
  if (!router_split(whole, segments, &count)) return router_malformed(error);
  for (size_t at = 0; at < count; at++) {
    size_t length;
    if (!router_decode(&segments[at], text, &length)) return router_malformed(error);
    if (node == NULL) continue;
    bool found;
    /* A literal is matched as it was sent: one address, one spelling. */
    size_t child = router_locate(node, &segments[at], &found);
    if (found) {
      node = node->literals[child];
      continue;
    }
    node = node->placeholder;
    if (node == NULL) continue;
    if (length > ROUTER_PART_BYTES_MAX) return router_malformed(error);
    ret_parts[part_count] = arena_strndup(arena, text, length);
    if (ret_parts[part_count++] == NULL) return error_set_memory(error);
  }
  if (node == NULL || !node->has_rows || slash_at_end)
    return error_set(error, ERROR_NOT_FOUND, "There is nothing at this address.");
  *ret_node = node;
  return true;
}

bool router_find(const struct router *router, const char *method, const char *path, struct arena *arena,
                 struct error *error, struct route *ret_route) {
  struct route route = {.at = 0};
  const struct router_node *node;
  if (!router_walk(router, path, arena, error, route.parts, &node)) return false;
  route.allow = node->allow;
  if (strcmp(method, "OPTIONS") == 0) {
    *ret_route = route;
    return true;
  }
  route.is_head = strcmp(method, "HEAD") == 0;
  size_t at = router_method(route.is_head ? "GET" : method);
  if (at == ROUTER_METHODS || node->rows[at] == 0) {
    ret_route->allow = route.allow;
    return error_set(error, ERROR_METHOD, "This address does not answer to that method.");
  }
  route.at = node->rows[at];
  route.endpoint = router->rows[route.at];
  *ret_route = route;
  return true;
}
