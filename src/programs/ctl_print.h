/* What lockstepctl shows: tables whose columns line up, numbers as people read them, and bars for
 * what takes long. Texts of the database are shown without their control characters, so that nothing
 * stored can command a terminal. */
#ifndef LOCKSTEP_PROGRAMS_CTL_PRINT_H
#define LOCKSTEP_PROGRAMS_CTL_PRINT_H

#include "programs/ctl.h"

enum ctl_colour { CTL_PLAIN, CTL_BOLD, CTL_FAINT, CTL_GREEN, CTL_YELLOW, CTL_RED };

struct ctl_column {
  const char *title;
  bool is_number; /* stands to the right */
  bool may_cut;   /* gives way when the terminal is too narrow */
};

#define CTL_COLUMNS_MAX 16

struct ctl_table {
  const struct ctl *ctl;
  const struct ctl_column *columns;
  size_t column_count;
  const char **cells;       /* row by row */
  enum ctl_colour *colours; /* a row each */
  size_t row_count;
  size_t row_capacity;
};

/* Room for `rows_max` rows, in the run's arena. */
bool ctl_table_open(struct ctl_table *table, const struct ctl *ctl, const struct ctl_column *columns,
                    size_t column_count, size_t rows_max, struct error *error) WARN_UNUSED;
/* The cells live until the table is printed; NULL shows as a dash. */
void ctl_table_add(struct ctl_table *table, enum ctl_colour colour, const char *const *cells);
void ctl_table_print(const struct ctl_table *table, FILE *stream);
/* Columns of the terminal that it takes where nothing is cut. */
int ctl_table_width(const struct ctl_table *table);

/* Without control characters; the text itself where it has none. */
const char *ctl_harmless(const struct ctl *ctl, const char *text);
/* Of a long text, such as a stored document, the part where it begins to differ from the other; NULL for
 * NULL, and so may the other be. */
const char *ctl_excerpt(const struct ctl *ctl, const char *text, const char *other);
/* "12,345", in the arena; "?" where there is no memory. */
const char *ctl_number(const struct ctl *ctl, int64_t value);
/* "2026-11-21 00:53:07", UTC. */
const char *ctl_time(const struct ctl *ctl, int64_t time_ms);
/* "+3", "-3", "0" */
const char *ctl_difference(const struct ctl *ctl, int64_t value);
/* Starts and ends a colour; nothing where colour is off. */
const char *ctl_colour_on(const struct ctl *ctl, enum ctl_colour colour);
const char *ctl_colour_off(const struct ctl *ctl, enum ctl_colour colour);

/* A bar on standard error, when that is a terminal; otherwise nothing. */
struct ctl_progress {
  bool enabled;
  const char *what;
  uint64_t total;
  int64_t started_ms;
  int64_t drawn_ms;
};
void ctl_progress_start(struct ctl_progress *progress, const struct ctl *ctl, const char *what,
                        uint64_t total);
void ctl_progress_show(struct ctl_progress *progress, uint64_t done);
/* Removes the bar: what follows is the result. */
void ctl_progress_end(struct ctl_progress *progress);

#endif
