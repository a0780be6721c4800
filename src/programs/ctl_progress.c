#include <inttypes.h>

#include "base/clock.h"
#include "programs/ctl_print.h"

#include "base/banned.h"

#define DRAW_EVERY_MS 100
#define BAR_COLUMNS 28
#define ETA_AFTER_MS 1500 /* earlier guesses jump about */

void ctl_progress_start(struct ctl_progress *progress, const struct ctl *ctl, const char *what,
                        uint64_t total) {
  *progress = (struct ctl_progress){.enabled = ctl->shows_progress && total > 0,
                                    .what = what,
                                    .total = total,
                                    .started_ms = clock_monotonic_ms()};
}

static void print_time_left(const struct ctl_progress *progress, uint64_t done, int64_t now_ms) {
  int64_t passed_ms = now_ms - progress->started_ms;
  if (done == 0 || done >= progress->total || passed_ms < ETA_AFTER_MS) return;
  int64_t left_s = (int64_t)((double)passed_ms / (double)done * (double)(progress->total - done) / 1000) + 1;
  (void)fprintf(stderr, "  %" PRId64 ":%02d left", left_s / 60, (int)(left_s % 60));
}

void ctl_progress_show(struct ctl_progress *progress, uint64_t done) {
  int64_t now_ms = clock_monotonic_ms();
  if (!progress->enabled || (progress->drawn_ms != 0 && now_ms - progress->drawn_ms < DRAW_EVERY_MS)) return;
  progress->drawn_ms = now_ms;
  if (done > progress->total) done = progress->total;
  int filled = (int)((double)done / (double)progress->total * BAR_COLUMNS);
  (void)fprintf(stderr, "\r%s [", progress->what);
  for (int at = 0; at < BAR_COLUMNS; at++)
    (void)fputc(at < filled ? '#' : '.', stderr);
  (void)fprintf(stderr, "] %3d %%  %" PRIu64 " of %" PRIu64,
                (int)((double)done / (double)progress->total * 100), done, progress->total);
  print_time_left(progress, done, now_ms);
  (void)fprintf(stderr, "\033[K");
  (void)fflush(stderr);
}

void ctl_progress_end(struct ctl_progress *progress) {
  if (!progress->enabled || progress->drawn_ms == 0) return;
  (void)fprintf(stderr, "\r\033[K");
  (void)fflush(stderr);
}
