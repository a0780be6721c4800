/* What the yardsticks have in common: a clock, and how long each thread's turns took. */
#ifndef LOCKSTEP_TESTS_BENCH_LATENCIES_H
#define LOCKSTEP_TESTS_BENCH_LATENCIES_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/* Of one thread. Zeroed: none. */
struct latencies {
  uint32_t *us;
  size_t count;
  size_t capacity;
};

/* Of all threads. */
struct latency_figures {
  size_t done;
  double mean_ms;
  double p50_ms;
  double p99_ms;
};

static inline int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline void latencies_note(struct latencies *latencies, int64_t us) {
  if (latencies->count == latencies->capacity) {
    latencies->capacity = latencies->capacity == 0 ? 4096 : latencies->capacity * 2;
    latencies->us = realloc(latencies->us, latencies->capacity * sizeof *latencies->us);
    if (latencies->us == NULL) abort();
  }
  latencies->us[latencies->count++] = (uint32_t)us;
}

/* Adds `from` to `all`, and frees it. */
static inline void latencies_take(struct latencies *all, struct latencies *from) {
  for (size_t at = 0; at < from->count; at++)
    latencies_note(all, from->us[at]);
  free(from->us);
  *from = (struct latencies){.us = NULL};
}

static inline int latencies_compare(const void *left, const void *right) {
  uint32_t one = *(const uint32_t *)left, other = *(const uint32_t *)right;
  return one < other ? -1 : one > other;
}

/* Frees them. */
static inline struct latency_figures latencies_sum_up(struct latencies *all) {
  struct latency_figures figures = {.done = all->count};
  double sum_us = 0;
  for (size_t at = 0; at < all->count; at++)
    sum_us += all->us[at];
  if (all->count > 0) {
    qsort(all->us, all->count, sizeof *all->us, latencies_compare);
    figures.mean_ms = sum_us / (double)all->count / 1000;
    figures.p50_ms = all->us[all->count / 2] / 1000.0;
    figures.p99_ms = all->us[all->count * 99 / 100] / 1000.0;
  }
  free(all->us);
  return figures;
}

#endif
