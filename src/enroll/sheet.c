#include "enroll/sheet.h"

#include <csv.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "schema/utf8.h"

#include "base/banned.h"

#define CHUNK_BYTES 65536
#define WHY_BYTES 128
#define END_OF_FILE (-1)

/* A row that is being read, or was read last. */
struct row_memory {
  struct buffer raw;   /* what the file has of it, ends of lines included */
  struct buffer cells; /* the cells, each with a NUL behind it */
  size_t starts[SHEET_CELLS_MAX];
  const char *texts[SHEET_CELLS_MAX];
  size_t count; /* may be more than SHEET_CELLS_MAX: then it is a bad row */
  uint64_t first_line;
  bool has_nul;
  bool has_end; /* libcsv has told that it is complete */
  char why[WHY_BYTES];
};

struct sheet {
  FILE *file;
  struct csv_parser parser;
  unsigned char delimiter;
  char chunk[CHUNK_BYTES];
  size_t chunk_at;
  size_t chunk_bytes;
  /* Bytes that are read once more: what follows the first line of a row that turned out bad. */
  struct buffer again;
  size_t again_at;
  uint64_t line; /* of the next byte */
  bool after_cr;
  struct row_memory row;
  struct row_memory head; /* the header's, which stays */
  struct sheet_row header;
};

/* --- Bytes ------------------------------------------------------------------------------------------ */

static bool next_byte(struct sheet *sheet, struct error *error, int *ret_byte) {
  if (sheet->again_at < sheet->again.length) {
    *ret_byte = (unsigned char)sheet->again.data[sheet->again_at++];
    return true;
  }
  if (sheet->chunk_at == sheet->chunk_bytes) {
    sheet->chunk_at = 0;
    sheet->chunk_bytes = fread(sheet->chunk, 1, sizeof sheet->chunk, sheet->file);
    if (sheet->chunk_bytes == 0 && ferror(sheet->file) != 0)
      return error_set(error, ERROR_UNAVAILABLE, "The file cannot be read: %s.", strerror(errno));
    if (sheet->chunk_bytes == 0) {
      *ret_byte = END_OF_FILE;
      return true;
    }
  }
  *ret_byte = (unsigned char)sheet->chunk[sheet->chunk_at++];
  return true;
}

/* These bytes come next, before what was to come. */
static bool put_back(struct sheet *sheet, const char *bytes, size_t count, struct error *error) {
  struct buffer again = BUFFER_INIT(sheet->again.limit);
  buffer_append(&again, bytes, count);
  if (sheet->again_at < sheet->again.length)
    buffer_append(&again, sheet->again.data + sheet->again_at, sheet->again.length - sheet->again_at);
  bool is_kept = !again.failed;
  buffer_free(&sheet->again);
  sheet->again = again;
  sheet->again_at = 0;
  return is_kept || error_set_memory(error);
}

/* --- Rows ------------------------------------------------------------------------------------------- */

static void on_cell(void *text, size_t bytes, void *context) {
  struct row_memory *row = context;
  if (row->count < SHEET_CELLS_MAX) {
    row->starts[row->count] = row->cells.length;
    row->has_nul |= bytes > 0 && memchr(text, '\0', bytes) != NULL;
    buffer_append(&row->cells, text, bytes);
    buffer_append_char(&row->cells, '\0');
  }
  row->count++;
}

static void on_end(int end, void *context) {
  struct row_memory *row = context;
  (void)end;
  row->has_end = true;
}

static void start_row(struct sheet *sheet) {
  struct row_memory *row = &sheet->row;
  buffer_reset(&row->raw);
  buffer_reset(&row->cells);
  row->count = 0;
  row->has_nul = row->has_end = false;
  row->first_line = sheet->line;
}

static void start_parser(struct sheet *sheet) {
  csv_free(&sheet->parser);
  (void)csv_init(&sheet->parser, CSV_STRICT | CSV_STRICT_FINI);
  csv_set_delim(&sheet->parser, sheet->delimiter);
}

/* CRLF, LF and CR each end one line. */
static void count_line(struct sheet *sheet, int byte) {
  if (byte == '\r' || (byte == '\n' && !sheet->after_cr)) sheet->line++;
  sheet->after_cr = byte == '\r';
}

static size_t line_bytes(const char *text, size_t bytes) {
  size_t at = 0;
  while (at < bytes && text[at] != '\r' && text[at] != '\n')
    at++;
  return at;
}

/* The rest of a line whose beginning is bad already. */
static bool skip_line(struct sheet *sheet, struct error *error) {
  struct buffer *raw = &sheet->row.raw;
  int byte;
  for (;;) {
    if (!next_byte(sheet, error, &byte)) return false;
    if (byte == END_OF_FILE) return true;
    count_line(sheet, byte);
    if (byte == '\r' || byte == '\n') return true;
    if (raw->length < SHEET_ROW_BYTES_MAX) buffer_append_char(raw, (char)byte);
  }
}

/* The row's first line alone is given up; what was read behind it is read once more. */
static bool give_up(struct sheet *sheet, const char *why, struct error *error, struct sheet_row *ret_row) {
  struct row_memory *row = &sheet->row;
  const char *raw = buffer_text(&row->raw);
  size_t first = line_bytes(raw, row->raw.length);
  snprintf(row->why, sizeof row->why, "%s", why);
  start_parser(sheet);
  if (first == row->raw.length) {
    if (!skip_line(sheet, error)) return false;
  } else {
    size_t rest = first + (raw[first] == '\r' && raw[first + 1] == '\n' ? 2 : 1);
    if (!put_back(sheet, raw + rest, row->raw.length - rest, error)) return false;
    sheet->line = row->first_line + 1;
    sheet->after_cr = raw[rest - 1] == '\r';
    row->raw.length = first;
    row->raw.data[first] = '\0';
  }
  *ret_row = (struct sheet_row){.kind = SHEET_BAD,
                                .first_line = row->first_line,
                                .last_line = row->first_line,
                                .why = row->why,
                                .raw = buffer_text(&row->raw),
                                .raw_bytes = row->raw.length};
  return true;
}

static bool is_empty(const struct row_memory *row) {
  for (size_t at = 0; at < row->cells.length; at++)
    if (row->cells.data[at] != '\0') return false;
  return !row->has_nul;
}

static const char *complaint(struct row_memory *row) {
  if (row->count > SHEET_CELLS_MAX) return "has more cells than any header";
  if (row->has_nul) return "holds a NUL byte";
  const char *text = buffer_text(&row->cells);
  for (size_t at = 0; at < row->count; at++) {
    size_t bytes = strlen(text + row->starts[at]);
    if (utf8_is_valid(text + row->starts[at], bytes)) continue;
    snprintf(row->why, sizeof row->why, "cell %zu is not UTF-8", at + 1);
    return row->why;
  }
  return NULL;
}

/* A row that libcsv has read whole. */
static void finish(struct sheet *sheet, struct sheet_row *ret_row) {
  struct row_memory *row = &sheet->row;
  const char *text = buffer_text(&row->cells);
  const char *why = complaint(row);
  while (row->raw.length > 0 && strchr("\r\n", row->raw.data[row->raw.length - 1]) != NULL)
    row->raw.data[--row->raw.length] = '\0';
  uint64_t last_line = row->first_line;
  for (size_t at = 0; at < row->raw.length; at++)
    last_line += row->raw.data[at] == '\n' || (row->raw.data[at] == '\r' && row->raw.data[at + 1] != '\n');
  size_t count = row->count < SHEET_CELLS_MAX ? row->count : SHEET_CELLS_MAX;
  for (size_t at = 0; at < count; at++)
    row->texts[at] = text + row->starts[at];
  *ret_row = (struct sheet_row){.kind = why == NULL ? SHEET_ROW : SHEET_BAD,
                                .first_line = row->first_line,
                                .last_line = last_line,
                                .cells = row->texts,
                                .cell_count = count,
                                .why = why,
                                .raw = buffer_text(&row->raw),
                                .raw_bytes = row->raw.length};
}

/* One byte to libcsv, or the end. ret_why: it cannot be read so; NULL otherwise. */
static bool feed(struct sheet *sheet, int byte, struct error *error, const char **ret_why) {
  struct row_memory *row = &sheet->row;
  unsigned char character = (unsigned char)byte;
  *ret_why = NULL;
  if (byte == END_OF_FILE) {
    if (csv_fini(&sheet->parser, on_cell, on_end, row) == 0) return true;
    *ret_why = "opens a quote that is never closed";
    return csv_error(&sheet->parser) == CSV_EPARSE || error_set_memory(error);
  }
  if (csv_parse(&sheet->parser, &character, 1, on_cell, on_end, row) == 1) return true;
  *ret_why = "has a quote where none may stand";
  return csv_error(&sheet->parser) == CSV_EPARSE || error_set_memory(error);
}

/* A byte that libcsv has seen becomes part of the row, unless it only stands between two. */
static void take(struct sheet *sheet, int byte) {
  struct row_memory *row = &sheet->row;
  bool is_end = byte == '\r' || byte == '\n';
  bool is_blank = row->count == 0 && strspn(buffer_text(&row->raw), " \t") == row->raw.length;
  count_line(sheet, byte);
  if (is_end && is_blank)
    start_row(sheet);
  else
    buffer_append_char(&row->raw, (char)byte);
}

bool sheet_next(struct sheet *sheet, struct error *error, struct sheet_row *ret_row) {
  struct row_memory *row = &sheet->row;
  const char *why;
  int byte;
  start_row(sheet);
  for (;;) {
    if (!next_byte(sheet, error, &byte)) return false;
    if (byte == END_OF_FILE && row->raw.length == 0) break;
    if (!feed(sheet, byte, error, &why)) return false;
    if (why == NULL && row->raw.length >= SHEET_ROW_BYTES_MAX)
      why = "is longer than 16,384 bytes; is a quote left open?";
    if (byte != END_OF_FILE) take(sheet, byte);
    if (why != NULL) return give_up(sheet, why, error, ret_row);
    if (row->raw.failed || row->cells.failed) return error_set_memory(error);
    if (row->has_end && !is_empty(row)) {
      finish(sheet, ret_row);
      return true;
    }
    if (byte == END_OF_FILE) break;
    if (row->has_end) start_row(sheet);
  }
  *ret_row = (struct sheet_row){.kind = SHEET_END, .first_line = sheet->line, .last_line = sheet->line};
  return true;
}

/* --- The header ------------------------------------------------------------------------------------- */

static bool no_header(struct error *error, const char *why) {
  return error_set(error, ERROR_UNPROCESSABLE, "The file %s.", why);
}

/* The first line, without its end; put back afterwards. */
static bool peek_line(struct sheet *sheet, struct buffer *line, struct error *error) {
  int byte;
  while (line->length < SHEET_ROW_BYTES_MAX) {
    if (!next_byte(sheet, error, &byte)) return false;
    if (byte == END_OF_FILE) break;
    buffer_append_char(line, (char)byte);
    if (byte == '\n') break;
  }
  if (line->failed) return error_set_memory(error);
  size_t mark = line->length >= 3 && memcmp(line->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  if (line->length >= 2 && (memcmp(line->data, "\xFF\xFE", 2) == 0 || memcmp(line->data, "\xFE\xFF", 2) == 0))
    return no_header(error, "is in UTF-16; save it as CSV in UTF-8");
  if (mark > 0) memmove(line->data, line->data + mark, line->length - mark + 1);
  line->length -= mark;
  return true;
}

/* What parts the cells: the character of the three that the header has most of. */
static unsigned char delimiter_of(const char *line) {
  static const char candidates[] = ",;\t";
  size_t most = 0;
  char chosen = ',';
  for (const char *candidate = candidates; *candidate != '\0'; candidate++) {
    size_t count = 0;
    bool is_quoted = false;
    for (const char *at = line; *at != '\0' && (is_quoted || (*at != '\n' && *at != '\r')); at++) {
      if (*at == '"') is_quoted = !is_quoted;
      count += !is_quoted && *at == *candidate;
    }
    if (count > most) {
      most = count;
      chosen = *candidate;
    }
  }
  return (unsigned char)chosen;
}

/* "sep=;" alone in the first line, as Excel has it. */
static bool is_separator_line(const struct buffer *line) {
  const char *text = buffer_text(line);
  return strncmp(text, "sep=", 4) == 0 && text[4] != '\0' && strspn(text + 5, "\r\n") == strlen(text + 5);
}

static bool read_header(struct sheet *sheet, struct error *error) {
  CLEANUP(buffer_free) struct buffer line = BUFFER_INIT(SHEET_ROW_BYTES_MAX + 4);
  if (!peek_line(sheet, &line, error)) return false;
  if (is_separator_line(&line)) {
    sheet->delimiter = (unsigned char)line.data[4];
    sheet->line = 2;
  } else {
    sheet->delimiter = delimiter_of(buffer_text(&line));
    if (!put_back(sheet, buffer_text(&line), line.length, error)) return false;
  }
  start_parser(sheet);
  if (!sheet_next(sheet, error, &sheet->header)) return false;
  if (sheet->header.kind == SHEET_END) return no_header(error, "is empty: it has no header");
  if (sheet->header.kind == SHEET_BAD)
    return error_set(error, ERROR_UNPROCESSABLE, "The header, line %llu, %s.",
                     (unsigned long long)sheet->header.first_line, sheet->header.why);
  sheet->head = sheet->row;
  sheet->header.cells = sheet->head.texts;
  sheet->row = (struct row_memory){.raw = BUFFER_INIT(SHEET_ROW_BYTES_MAX + 2),
                                   .cells = BUFFER_INIT(SHEET_ROW_BYTES_MAX + SHEET_CELLS_MAX + 2)};
  return true;
}

static void free_row(struct row_memory *row) {
  buffer_free(&row->raw);
  buffer_free(&row->cells);
}

bool sheet_open(FILE *file, struct error *error, struct sheet **ret_sheet) {
  struct sheet *sheet = calloc(1, sizeof *sheet);
  if (sheet == NULL) return error_set_memory(error);
  sheet->file = file;
  sheet->line = 1;
  sheet->delimiter = ',';
  sheet->again = (struct buffer)BUFFER_INIT(2 * (SHEET_ROW_BYTES_MAX + 4));
  sheet->row.raw = (struct buffer)BUFFER_INIT(SHEET_ROW_BYTES_MAX + 2);
  sheet->row.cells = (struct buffer)BUFFER_INIT(SHEET_ROW_BYTES_MAX + SHEET_CELLS_MAX + 2);
  if (csv_init(&sheet->parser, CSV_STRICT | CSV_STRICT_FINI) != 0 || fseek(file, 0, SEEK_SET) != 0) {
    sheet_close(sheet);
    return error_set(error, ERROR_UNAVAILABLE, "The file cannot be read from its beginning.");
  }
  if (!read_header(sheet, error)) {
    sheet_close(sheet);
    return false;
  }
  *ret_sheet = sheet;
  return true;
}

void sheet_close(struct sheet *sheet) {
  if (sheet == NULL) return;
  csv_free(&sheet->parser);
  buffer_free(&sheet->again);
  free_row(&sheet->row);
  free_row(&sheet->head);
  free(sheet);
}

const struct sheet_row *sheet_header(const struct sheet *sheet) { return &sheet->header; }
