#include "programs/ctl_print.h"

#include <string.h>

#include "base/clock.h"
#include "schema/utf8.h"

#include "base/banned.h"

#define GAP "  "
#define EXCERPT_BYTES 60
#define EXCERPT_BEFORE 24 /* of it, what is the same as in the other text */
#define CUT_MIN 12        /* a column gives way as far as this */

static const char *const colours[] = {"", "\033[1m", "\033[2m", "\033[32m", "\033[33m", "\033[31m"};

const char *ctl_colour_on(const struct ctl *ctl, enum ctl_colour colour) {
  return ctl->colour ? colours[colour] : "";
}

const char *ctl_colour_off(const struct ctl *ctl, enum ctl_colour colour) {
  return ctl->colour && colour != CTL_PLAIN ? "\033[0m" : "";
}

const char *ctl_number(const struct ctl *ctl, int64_t value) {
  char digits[24];
  char text[32];
  size_t length = 0;
  int count = snprintf(digits, sizeof digits, "%lld", (long long)value);
  for (int at = 0; at < count; at++) {
    int left = count - at;
    if (at > 0 && left % 3 == 0 && digits[at - 1] != '-') text[length++] = ',';
    text[length++] = digits[at];
  }
  const char *copy = arena_strndup(ctl->arena, text, length);
  return copy == NULL ? "?" : copy;
}

static size_t back_to_character(const char *text, size_t at) {
  while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
    at--;
  return at;
}

const char *ctl_excerpt(const struct ctl *ctl, const char *text, const char *other) {
  if (text == NULL || strlen(text) <= EXCERPT_BYTES) return text;
  size_t length = strlen(text);
  size_t same = 0;
  while (other != NULL && other[same] != '\0' && text[same] == other[same])
    same++;
  size_t from = same <= EXCERPT_BEFORE ? 0 : back_to_character(text, same - EXCERPT_BEFORE);
  if (from + EXCERPT_BYTES > length) from = back_to_character(text, length - EXCERPT_BYTES);
  size_t to = from + EXCERPT_BYTES >= length ? length : back_to_character(text, from + EXCERPT_BYTES);
  const char *cut = arena_printf(ctl->arena, "%s%.*s%s", from > 0 ? "…" : "", (int)(to - from), text + from,
                                 to < length ? "…" : "");
  return cut == NULL ? "?" : cut;
}

const char *ctl_difference(const struct ctl *ctl, int64_t value) {
  const char *number = ctl_number(ctl, value);
  const char *text = value > 0 ? arena_printf(ctl->arena, "+%s", number) : number;
  return text == NULL ? "?" : text;
}

const char *ctl_time(const struct ctl *ctl, int64_t time_ms) {
  char text[CLOCK_ISO_BYTES];
  clock_format_ms(time_ms, text);
  text[10] = ' ';
  const char *copy = arena_strndup(ctl->arena, text, sizeof "2026-11-21 00:53:07" - 1);
  return copy == NULL ? "?" : copy;
}

/* -- Tables -------------------------------------------------------------------------------- */

bool ctl_table_open(struct ctl_table *table, const struct ctl *ctl, const struct ctl_column *columns,
                    size_t column_count, size_t rows_max, struct error *error) {
  *table = (struct ctl_table){
      .ctl = ctl, .columns = columns, .column_count = column_count, .row_capacity = rows_max};
  table->cells = arena_alloc_array(ctl->arena, rows_max * column_count + 1, sizeof *table->cells);
  table->colours = arena_alloc_array(ctl->arena, rows_max + 1, sizeof *table->colours);
  return (table->cells != NULL && table->colours != NULL) || error_set_memory(error);
}

static bool is_control(unsigned char byte) { return byte < 0x20 || byte == 0x7f; }

/* Those of C1 included; they become question marks. */
const char *ctl_harmless(const struct ctl *ctl, const char *text) {
  bool is_clean = true;
  for (const char *at = text; *at != '\0'; at++)
    if (is_control((unsigned char)*at) || (unsigned char)*at == 0xc2) is_clean = false;
  if (is_clean) return text;
  char *copy = arena_strdup(ctl->arena, text);
  if (copy == NULL) return "?";
  for (char *at = copy; *at != '\0'; at++) {
    bool is_c1 = (unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0;
    if (is_c1) at[1] = '?';
    if (is_c1 || is_control((unsigned char)*at)) *at = '?';
  }
  return copy;
}

void ctl_table_add(struct ctl_table *table, enum ctl_colour colour, const char *const *cells) {
  if (table->row_count == table->row_capacity) return;
  const char **row = &table->cells[table->row_count * table->column_count];
  for (size_t at = 0; at < table->column_count; at++)
    row[at] = cells[at] == NULL ? "–" : ctl_harmless(table->ctl, cells[at]);
  table->colours[table->row_count++] = colour;
}

static int columns_of(const char *text) { return (int)utf8_count(text, strlen(text)); }

static int measure(const struct ctl_table *table, int widths[CTL_COLUMNS_MAX]) {
  int total = 0;
  for (size_t at = 0; at < table->column_count; at++) {
    widths[at] = columns_of(table->columns[at].title);
    for (size_t row = 0; row < table->row_count; row++) {
      int width = columns_of(table->cells[row * table->column_count + at]);
      if (width > widths[at]) widths[at] = width;
    }
    total += widths[at] + (at == 0 ? 0 : (int)strlen(GAP));
  }
  return total;
}

int ctl_table_width(const struct ctl_table *table) {
  int widths[CTL_COLUMNS_MAX] = {0};
  return measure(table, widths);
}

/* Narrows what may be narrowed until the line fits. */
static void narrow(const struct ctl_table *table, int total, int widths[CTL_COLUMNS_MAX]) {
  for (size_t at = 0; at < table->column_count && total > table->ctl->width; at++) {
    if (!table->columns[at].may_cut || widths[at] <= CUT_MIN) continue;
    int less = total - table->ctl->width;
    if (less > widths[at] - CUT_MIN) less = widths[at] - CUT_MIN;
    widths[at] -= less;
    total -= less;
  }
}

/* Bytes of the first `columns` characters. */
static int bytes_of_columns(const char *text, int columns) {
  const char *end = text + strlen(text);
  const char *at = text;
  while (columns-- > 0 && at < end) {
    size_t bytes = utf8_character_bytes(at, end);
    at += bytes == 0 ? 1 : bytes;
  }
  return (int)(at - text);
}

static void print_cell(const struct ctl_column *column, const char *text, int width, bool is_last,
                       FILE *stream) {
  int columns = columns_of(text);
  bool is_cut = columns > width;
  int bytes = is_cut ? bytes_of_columns(text, width - 1) : (int)strlen(text);
  int padding = is_cut ? 0 : width - columns;
  if (column->is_number) (void)fprintf(stream, "%*s", padding, "");
  (void)fprintf(stream, "%.*s%s", bytes, text, is_cut ? "…" : "");
  if (!column->is_number && !is_last) (void)fprintf(stream, "%*s", padding, "");
}

static void print_row(const struct ctl_table *table, const char *const *cells, enum ctl_colour colour,
                      const int widths[CTL_COLUMNS_MAX], FILE *stream) {
  (void)fprintf(stream, "%s", ctl_colour_on(table->ctl, colour));
  for (size_t at = 0; at < table->column_count; at++) {
    if (at > 0) (void)fprintf(stream, GAP);
    print_cell(&table->columns[at], cells[at], widths[at], at + 1 == table->column_count, stream);
  }
  (void)fprintf(stream, "%s\n", ctl_colour_off(table->ctl, colour));
}

void ctl_table_print(const struct ctl_table *table, FILE *stream) {
  const char *titles[CTL_COLUMNS_MAX];
  int widths[CTL_COLUMNS_MAX] = {0};
  for (size_t at = 0; at < table->column_count; at++)
    titles[at] = table->columns[at].title;
  narrow(table, measure(table, widths), widths);
  print_row(table, titles, CTL_BOLD, widths, stream);
  for (size_t row = 0; row < table->row_count; row++)
    print_row(table, &table->cells[row * table->column_count], table->colours[row], widths, stream);
}
