#include "programs/manual.h"

#include <string.h>

#include "schema/utf8.h"

#include "base/banned.h"

#define WIDTH_MAX 96  /* longer lines are hard to read */
#define COLUMN_MAX 34 /* longer terms have a line of their own */
#define INDENT 2
#define GAP 2

static int columns_of(const char *text, size_t bytes) { return (int)utf8_count(text, bytes); }

static int limit(int width) { return width > WIDTH_MAX ? WIDTH_MAX : width; }

/* Words until the line is full; the cursor stands at `indent`. */
static void print_wrapped(const char *text, size_t bytes, int indent, FILE *stream, int width) {
  int column = indent;
  const char *end = text + bytes;
  for (const char *at = text; at < end;) {
    size_t word = strcspn(at, " \n");
    if (word > (size_t)(end - at)) word = (size_t)(end - at);
    int columns = columns_of(at, word);
    if (column > indent && column + 1 + columns > width) {
      (void)fprintf(stream, "\n%*s", indent, "");
      column = indent;
    } else if (column > indent) {
      (void)fputc(' ', stream);
      column++;
    }
    (void)fwrite(at, 1, word, stream);
    column += columns;
    at += word + strspn(at + word, " \n");
  }
  (void)fputc('\n', stream);
}

void manual_print_paragraphs(const char *text, int indent, FILE *stream, int width) {
  while (*text != '\0') {
    const char *end = strstr(text, "\n\n");
    size_t bytes = end == NULL ? strlen(text) : (size_t)(end - text);
    (void)fprintf(stream, "%*s", indent, "");
    if (*text == ' ')
      (void)fprintf(stream, "%.*s\n", (int)bytes, text);
    else
      print_wrapped(text, bytes, indent, stream, limit(width));
    text += bytes + (end == NULL ? 0 : 2);
    if (*text != '\0') (void)fputc('\n', stream);
  }
}

int manual_widen(int column, const char *term) {
  int wanted = INDENT + columns_of(term, strlen(term)) + GAP;
  return wanted > column && wanted <= COLUMN_MAX ? wanted : column;
}

void manual_print_entry(const char *term, const char *meaning, int column, FILE *stream, int width) {
  int used = INDENT + columns_of(term, strlen(term));
  (void)fprintf(stream, "%*s%s", INDENT, "", term);
  if (used + GAP > column) {
    (void)fputc('\n', stream);
    used = 0;
  }
  (void)fprintf(stream, "%*s", column - used, "");
  print_wrapped(meaning, strlen(meaning), column, stream, limit(width));
}

static void print_entries(const struct manual_entry *entries, FILE *stream, int width) {
  int column = 0;
  for (const struct manual_entry *entry = entries; entry->term != NULL; entry++)
    column = manual_widen(column, entry->term);
  for (const struct manual_entry *entry = entries; entry->term != NULL; entry++)
    manual_print_entry(entry->term, entry->meaning, column, stream, width);
}

void manual_print_help(const struct manual *manual, FILE *stream, int width) {
  (void)fprintf(stream, "Usage: %s %s\n\n%s.\n", manual->name, manual->synopsis, manual->summary);
  for (const struct manual_section *section = manual->sections; section->title != NULL; section++) {
    (void)fprintf(stream, "\n%s:\n", section->title);
    if (section->text != NULL) manual_print_paragraphs(section->text, INDENT, stream, width);
    if (section->entries != NULL) print_entries(section->entries, stream, width);
  }
}
