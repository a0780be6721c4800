/* A manual in man(7)'s macros. */
#include <ctype.h>
#include <string.h>

#include "programs/manual.h"

#include "base/banned.h"

#ifndef LOCKSTEP_VERSION
#define LOCKSTEP_VERSION "unknown"
#endif

static const struct {
  const char *utf8;
  const char *roff;
} characters[] = {{"–", "\\(en"}, {"—", "\\(em"}, {"…", "..."}, {"±", "\\(+-"}, {"→", "\\(->"}};

/* Bytes of a character that roff writes in its own way, 0: there is none. */
static size_t append_special(const char *at, struct buffer *buffer) {
  for (size_t row = 0; row < ARRAY_LENGTH(characters); row++) {
    size_t bytes = strlen(characters[row].utf8);
    if (strncmp(at, characters[row].utf8, bytes) != 0) continue;
    buffer_append_text(buffer, characters[row].roff);
    return bytes;
  }
  return 0;
}

/* Text that roff shall print as it is: a minus is a minus, so that options can be copied. */
static void append_escaped(const char *text, size_t bytes, struct buffer *buffer) {
  for (size_t at = 0; at < bytes;) {
    size_t special = append_special(text + at, buffer);
    if (special > 0) {
      at += special;
      continue;
    }
    bool begins_line = at == 0 || text[at - 1] == '\n';
    if (begins_line && (text[at] == '.' || text[at] == '\'')) buffer_append_text(buffer, "\\&");
    if (text[at] == '\\')
      buffer_append_text(buffer, "\\e");
    else if (text[at] == '-')
      buffer_append_text(buffer, "\\-");
    else
      buffer_append_char(buffer, text[at]);
    at++;
  }
}

static void append_line(const char *macro, const char *text, struct buffer *buffer) {
  buffer_append_text(buffer, macro);
  append_escaped(text, strlen(text), buffer);
  buffer_append_char(buffer, '\n');
}

static void append_capitals(const char *text, struct buffer *buffer) {
  for (const char *at = text; *at != '\0'; at++)
    buffer_append_char(buffer, (char)toupper((unsigned char)*at));
}

/* `macro` parts the paragraphs: .PP, or .IP inside of an entry. */
static void append_paragraphs(const char *text, const char *macro, struct buffer *buffer) {
  for (bool first = true; *text != '\0'; first = false) {
    const char *end = strstr(text, "\n\n");
    size_t bytes = end == NULL ? strlen(text) : (size_t)(end - text);
    bool is_literal = *text == ' ';
    if (!first) buffer_printf(buffer, "%s\n", macro);
    if (is_literal) buffer_append_text(buffer, ".nf\n");
    append_escaped(text, bytes, buffer);
    buffer_append_text(buffer, is_literal ? "\n.fi\n" : "\n");
    text += bytes + (end == NULL ? 0 : 2);
  }
}

static void append_section(const struct manual_section *section, struct buffer *buffer) {
  if (section->is_sub) {
    append_line(".SS ", section->title, buffer);
  } else {
    buffer_append_text(buffer, ".SH ");
    append_capitals(section->title, buffer);
    buffer_append_char(buffer, '\n');
  }
  if (section->text != NULL) append_paragraphs(section->text, ".PP", buffer);
  for (const struct manual_entry *entry = section->entries; entry != NULL && entry->term != NULL; entry++) {
    buffer_append_text(buffer, ".TP\n\\fB");
    append_escaped(entry->term, strlen(entry->term), buffer);
    buffer_append_text(buffer, "\\fR\n");
    append_paragraphs(entry->meaning, ".IP", buffer);
  }
}

void manual_print_page(const struct manual *manual, struct buffer *buffer) {
  buffer_append_text(buffer, ".TH ");
  append_capitals(manual->name, buffer);
  buffer_printf(buffer, " %s \"\" \"Lockstep " LOCKSTEP_VERSION "\" \"Lockstep\"\n", manual->chapter);
  buffer_append_text(buffer, ".nh\n.ad l\n.SH NAME\n");
  append_escaped(manual->name, strlen(manual->name), buffer);
  buffer_append_text(buffer, " \\- ");
  append_escaped(manual->summary, strlen(manual->summary), buffer);
  buffer_append_char(buffer, '\n');
  if (manual->synopsis != NULL) {
    buffer_append_text(buffer, ".SH SYNOPSIS\n.B ");
    append_escaped(manual->name, strlen(manual->name), buffer);
    append_line("\n", manual->synopsis, buffer);
  }
  for (const struct manual_section *section = manual->sections; section->title != NULL; section++)
    append_section(section, buffer);
}
