/* What a program says of itself, once: its --help and its man page are printed from the same rows. */
#ifndef LOCKSTEP_PROGRAMS_MANUAL_H
#define LOCKSTEP_PROGRAMS_MANUAL_H

#include <stdio.h>

#include "base/buffer.h"

struct manual_entry {
  const char *term; /* "--config FILE", "TERM", "64" */
  const char *meaning;
};

/* Text is paragraphs, parted by empty lines; one that begins with white space stands as it is. */
struct manual_section {
  const char *title;
  bool is_sub;                        /* below the section before it */
  const char *text;                   /* NULL: none */
  const struct manual_entry *entries; /* ended by a row without a term; NULL: none */
};

struct manual {
  const char *name;
  const char *chapter;                   /* "8" */
  const char *summary;                   /* one line, without a full stop */
  const char *synopsis;                  /* what follows the name; NULL: there is nothing to call */
  const struct manual_section *sections; /* ended by a row without a title */
};

/* --help: usage, summary, sections. */
void manual_print_help(const struct manual *manual, FILE *stream, int width);
/* The page for man(1). */
void manual_print_page(const struct manual *manual, struct buffer *buffer);

/* What help is laid out with; `width` is the terminal's, lines end earlier where they would be hard to
 * read. An entry's meaning begins at `column`. */
void manual_print_paragraphs(const char *text, int indent, FILE *stream, int width);
void manual_print_entry(const char *term, const char *meaning, int column, FILE *stream, int width);
/* The column for terms of this length among others, so far at `column`. */
int manual_widen(int column, const char *term);

extern const struct manual fcgi_manual; /* lockstep-fcgi */
extern const struct manual sync_manual; /* lockstep-sync */
extern const struct manual live_manual; /* lockstep-live */

#endif
