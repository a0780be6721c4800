#include "learner/import_scan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

#include "base/banned.h"

#define CHUNK_BYTES ((size_t)256 * 1024)
#define AT_END (-1)

enum scan_state { SCAN_START, SCAN_LIST, SCAN_OBJECT, SCAN_OVER };

struct import_scan {
  int fd;
  const char *member;
  char *chunk;
  size_t at;
  size_t end;
  uint64_t offset;
  bool is_over; /* nothing more comes from fd */
  enum scan_state state;
  bool is_within; /* the list is a member of an object */
  uint64_t index;
  uint64_t line;
  struct buffer key;
  struct buffer text;
  const char *defect;
  const char *problem;
};

struct import_scan *import_scan_new(int fd, const char *member) {
  struct import_scan *scan = calloc(1, sizeof *scan);
  if (scan == NULL) return NULL;
  *scan = (struct import_scan){.fd = fd,
                               .member = member,
                               .line = 1,
                               .key = BUFFER_INIT(IMPORT_KEY_BYTES),
                               .text = BUFFER_INIT(IMPORT_ITEM_BYTES)};
  scan->chunk = malloc(CHUNK_BYTES);
  if (scan->chunk == NULL) {
    free(scan);
    return NULL;
  }
  return scan;
}

void import_scan_free(struct import_scan *scan) {
  if (scan == NULL) return;
  buffer_free(&scan->key);
  buffer_free(&scan->text);
  free(scan->chunk);
  free(scan);
}

const char *import_scan_problem(const struct import_scan *scan) { return scan->problem; }
uint64_t import_scan_offset(const struct import_scan *scan) { return scan->offset; }

/* --- Characters ------------------------------------------------------------------------------------ */

static void refill(struct import_scan *scan) {
  ssize_t bytes = read(scan->fd, scan->chunk, CHUNK_BYTES);
  scan->at = 0;
  scan->end = bytes > 0 ? (size_t)bytes : 0;
  scan->offset += scan->end;
  if (bytes > 0) return;
  scan->is_over = true;
  if (bytes < 0) scan->problem = "could not be read to its end";
}

static int peek(struct import_scan *scan) {
  if (scan->at == scan->end && !scan->is_over) refill(scan);
  return scan->at == scan->end ? AT_END : (unsigned char)scan->chunk[scan->at];
}

static void pass(struct import_scan *scan) {
  if (scan->chunk[scan->at++] == '\n') scan->line++;
}

static void keep(struct import_scan *scan, struct buffer *target) {
  buffer_append_char(target, scan->chunk[scan->at]);
  pass(scan);
}

static bool is_space(int character) {
  return character == ' ' || character == '\t' || character == '\n' || character == '\r';
}

static int peek_past_space(struct import_scan *scan) {
  while (is_space(peek(scan)))
    pass(scan);
  return peek(scan);
}

/* --- Values ---------------------------------------------------------------------------------------- */

/* A text with its quotes. One that is never closed ends with its line: there is no line break in JSON's
 * texts, so that the lines behind it are safe from it. */
static void keep_text(struct import_scan *scan, struct buffer *target) {
  keep(scan, target);
  for (int next = peek(scan); next != AT_END && next != '\n'; next = peek(scan)) {
    bool is_escape = next == '\\';
    keep(scan, target);
    if (next == '"') return;
    if (is_escape && peek(scan) != AT_END && peek(scan) != '\n') keep(scan, target);
  }
}

/* Within an object a brace opens only behind a colon, and no bracket closes: where one does, this entry was
 * never closed, and the next one begins, or the list ends. */
static bool ends_open(size_t depth, bool is_object, int next, int before) {
  return depth == 1 && is_object && ((next == '{' && before != ':') || next == ']');
}

/* The text of the value that begins here; at least one character of it is passed. */
static void keep_value(struct import_scan *scan) {
  bool is_object = peek(scan) == '{';
  size_t depth = 0;
  int before = ':';
  for (int next = peek(scan);; next = peek(scan)) {
    bool opens = next == '{' || next == '[';
    bool closes = next == '}' || next == ']';
    if (next == AT_END || ends_open(depth, is_object, next, before)) {
      if (depth > 0) scan->defect = "is never closed";
      return;
    }
    if (depth == 0 && scan->text.length > 0 && (closes || next == ',' || is_space(next))) return;
    if (!is_space(next)) before = next;
    if (next == '"') {
      keep_text(scan, &scan->text);
    } else {
      keep(scan, &scan->text);
      if (opens) depth++;
      if (closes && depth > 0) depth--;
    }
    if (depth == 0 && (opens || closes || next == '"')) return;
  }
}

static void start_item(struct import_scan *scan) {
  buffer_reset(&scan->text);
  buffer_reset(&scan->key);
  scan->text.failed = false;
  scan->key.failed = false;
  scan->defect = NULL;
}

/* A member's name and its colon. */
static bool take_key(struct import_scan *scan) {
  if (peek_past_space(scan) != '"') return false;
  keep_text(scan, &scan->key);
  if (peek_past_space(scan) != ':') return false;
  pass(scan);
  return !scan->key.failed && scan->key.length >= 2;
}

/* --- The file -------------------------------------------------------------------------------------- */

static bool end_with(struct import_scan *scan, const char *problem) {
  scan->state = SCAN_OVER;
  if (scan->problem == NULL) scan->problem = problem;
  return false;
}

static bool key_is(const struct import_scan *scan, const char *name) {
  size_t bytes = strlen(name);
  return scan->key.length == bytes + 2 && memcmp(scan->key.data + 1, name, bytes) == 0;
}

/* Goes to the list that the member holds; whatever else the object has is passed over. */
static bool enter_member(struct import_scan *scan) {
  pass(scan);
  for (;;) {
    start_item(scan);
    if (peek_past_space(scan) == '}') return end_with(scan, "is an object without a list `attempts`");
    if (!take_key(scan)) return end_with(scan, "is no JSON object");
    int next = peek_past_space(scan);
    if (next == '[' && key_is(scan, scan->member)) {
      pass(scan);
      scan->state = SCAN_LIST;
      scan->is_within = true;
      return true;
    }
    if (next == AT_END) return end_with(scan, "ends in the middle");
    keep_value(scan);
    if (peek_past_space(scan) == ',') pass(scan);
  }
}

static void pass_byte_order_mark(struct import_scan *scan) {
  static const unsigned char mark[] = {0xef, 0xbb, 0xbf};
  for (size_t at = 0; at < sizeof mark && peek(scan) == mark[at]; at++)
    pass(scan);
}

static bool enter_file(struct import_scan *scan) {
  pass_byte_order_mark(scan);
  int next = peek_past_space(scan);
  if (next == AT_END) return end_with(scan, "is empty");
  if (next == '{' && scan->member != NULL) return enter_member(scan);
  if (next != '[' && next != '{') return end_with(scan, "is neither a JSON list nor an object");
  pass(scan);
  scan->state = next == '[' ? SCAN_LIST : SCAN_OBJECT;
  return true;
}

static bool leave(struct import_scan *scan) {
  pass(scan);
  bool is_more = !scan->is_within && peek_past_space(scan) != AT_END;
  return end_with(scan, is_more ? "goes on behind its end" : NULL);
}

/* The comma before the next entry; nobody minds one too many at the end. */
static void pass_comma(struct import_scan *scan) {
  if (scan->index > 0 && peek_past_space(scan) == ',') pass(scan);
}

bool import_scan_next(struct import_scan *scan, struct import_item *ret_item) {
  if (scan->state == SCAN_START && !enter_file(scan)) return false;
  if (scan->state == SCAN_OVER) return false;
  bool is_list = scan->state == SCAN_LIST;
  start_item(scan);
  pass_comma(scan);
  int next = peek_past_space(scan);
  if (next == AT_END) return end_with(scan, "ends in the middle");
  if (next == (is_list ? ']' : '}')) return leave(scan);
  uint64_t line = scan->line;
  bool is_named = is_list || take_key(scan);
  next = peek_past_space(scan);
  if (next != AT_END && next != ',') keep_value(scan);
  if (!is_named && scan->defect == NULL) scan->defect = "has no name";
  if (scan->text.failed) scan->defect = "is longer than an entry may be";
  *ret_item = (struct import_item){.text = buffer_text(&scan->text),
                                   .bytes = scan->text.length,
                                   .index = scan->index++,
                                   .line = line,
                                   .defect = scan->defect};
  if (is_list || !is_named) return true;
  ret_item->key = scan->key.data + 1;
  ret_item->key_bytes = scan->key.length - 2;
  return true;
}
