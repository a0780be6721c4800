/* CSV files. Rows come in the order of their lines, none twice; what is handed out is valid UTF-8 and within
 * the limits; and the same bytes read twice say the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enroll/sheet.h"
#include "schema/utf8.h"

#include "base/banned.h"

static void check_row(const struct sheet_row *row, uint64_t after_line) {
  if (row->first_line <= after_line || row->last_line < row->first_line) abort();
  if (row->raw_bytes > SHEET_ROW_BYTES_MAX + 1 || row->raw == NULL) abort();
  if ((row->kind == SHEET_BAD) != (row->why != NULL)) abort();
  if (row->kind == SHEET_BAD) return;
  if (row->cell_count == 0 || row->cell_count > SHEET_CELLS_MAX) abort();
  for (size_t at = 0; at < row->cell_count; at++)
    if (!utf8_is_valid(row->cells[at], strlen(row->cells[at]))) abort();
}

/* How many rows there are, and bad ones among them; 0 where there is no header. */
static size_t read_all(FILE *file, size_t bytes, size_t *ret_bad) {
  struct error error = ERROR_INIT;
  struct sheet *sheet = NULL;
  struct sheet_row row;
  size_t rows = 0;
  *ret_bad = 0;
  if (!sheet_open(file, &error, &sheet)) {
    if (error.code == ERROR_NONE) abort();
    return 0;
  }
  uint64_t line = sheet_header(sheet)->last_line;
  for (;;) {
    if (!sheet_next(sheet, &error, &row)) abort();
    if (row.kind == SHEET_END) break;
    check_row(&row, line);
    line = row.last_line;
    *ret_bad += row.kind == SHEET_BAD;
    if (++rows > bytes) abort();
  }
  sheet_close(sheet);
  return rows;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  static uint8_t copy[1 << 20];
  size_t bad;
  size_t bad_again;
  if (bytes == 0 || bytes > sizeof copy) return 0;
  memcpy(copy, data, bytes);
  FILE *file = fmemopen(copy, bytes, "rb");
  if (file == NULL) abort();
  size_t rows = read_all(file, bytes, &bad);
  if (read_all(file, bytes, &bad_again) != rows || bad_again != bad) abort();
  (void)fclose(file);
  return 0;
}
