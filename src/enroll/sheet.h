/* A CSV file, row by row, as spreadsheets write it: with or without a byte order mark, CRLF or LF, parted by
 * commas, semicolons or tabs (the header decides; Excel's own "sep=;" line, too), cells quoted or not. libcsv
 * reads the cells; what is added here is that a row which cannot be read is named by its lines and costs
 * nobody else: reading goes on at the line behind the one it began in. Memory is that of one row. */
#ifndef LOCKSTEP_ENROLL_SHEET_H
#define LOCKSTEP_ENROLL_SHEET_H

#include <stdint.h>
#include <stdio.h>

#include "base/attributes.h"
#include "base/buffer.h"
#include "base/error.h"

#define SHEET_ROW_BYTES_MAX ((size_t)16 * 1024)
#define SHEET_CELLS_MAX 64

struct sheet;

enum sheet_row_kind {
  SHEET_ROW,
  SHEET_BAD, /* cannot be read: `why` says what is wrong with it */
  SHEET_END
};

struct sheet_row {
  enum sheet_row_kind kind;
  uint64_t first_line; /* from 1 */
  uint64_t last_line;
  const char *const *cells; /* valid UTF-8 without NUL, blanks around unquoted ones taken away */
  size_t cell_count;
  const char *why;
  const char *raw; /* as it stands in the file, without the end of its last line */
  size_t raw_bytes;
};

/* `file` stays the caller's, and is read from its beginning; ERROR_UNPROCESSABLE where it has no header, or
 * is in UTF-16. The header's cells live as long as the sheet. */
bool sheet_open(FILE *file, struct error *error, struct sheet **ret_sheet) WARN_UNUSED;
void sheet_close(struct sheet *sheet);
const struct sheet_row *sheet_header(const struct sheet *sheet);
/* Empty lines, and lines of empty cells, are passed over. What a row points at lives until the next call.
 * False: the file cannot be read (ERROR_UNAVAILABLE), or memory is out. */
bool sheet_next(struct sheet *sheet, struct error *error, struct sheet_row *ret_row) WARN_UNUSED;

#endif
