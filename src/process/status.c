#include "process/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"

#include "base/banned.h"

#define STATUS_CELL_BYTES 48

bool status_is_well(const struct scoreboard_view *view) {
  uint32_t serving = 0;
  for (size_t at = 0; at < view->worker_count; at++)
    if (view->workers[at].state == WORKER_SERVING) serving++;
  return view->master_alive && view->state != MASTER_STOPPING && serving >= view->processes;
}

/* --- Pieces --- */

/* "1,234,567" */
static const char *status_number(uint64_t value, char *cell) {
  char digits[24];
  size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, value);
  size_t used = 0;
  for (size_t at = 0; at < length; at++) {
    if (at > 0 && (length - at) % 3 == 0) cell[used++] = ',';
    cell[used++] = digits[at];
  }
  cell[used] = '\0';
  return cell;
}

/* The two largest units: "3 d 4 h", "12 min 5 s", "350 ms". */
static const char *status_duration(int64_t duration_ms, char *cell) {
  int64_t seconds = duration_ms / 1000;
  if (duration_ms < 0) duration_ms = 0;
  if (seconds < 10)
    snprintf(cell, STATUS_CELL_BYTES, "%" PRId64 " ms", duration_ms);
  else if (seconds < 60)
    snprintf(cell, STATUS_CELL_BYTES, "%" PRId64 " s", seconds);
  else if (seconds < 3600)
    snprintf(cell, STATUS_CELL_BYTES, "%" PRId64 " min %" PRId64 " s", seconds / 60, seconds % 60);
  else if (seconds < 86400)
    snprintf(cell, STATUS_CELL_BYTES, "%" PRId64 " h %" PRId64 " min", seconds / 3600, seconds / 60 % 60);
  else
    snprintf(cell, STATUS_CELL_BYTES, "%" PRId64 " d %" PRId64 " h", seconds / 86400, seconds / 3600 % 24);
  return cell;
}

static const char *status_memory(int64_t bytes, char *cell) {
  snprintf(cell, STATUS_CELL_BYTES, "%.1f MiB", (double)bytes / (1024 * 1024));
  return cell;
}

static uint32_t status_busy(const struct scoreboard_worker_view *worker) {
  uint32_t busy = 0;
  for (uint32_t at = 0; at < worker->thread_count; at++)
    if (worker->threads[at].stage != STAGE_IDLE) busy++;
  return busy;
}

/* --- For people --- */

static void status_print_head(const struct scoreboard_view *view, const char *bold, const char *plain,
                              struct buffer *buffer) {
  char since[CLOCK_ISO_BYTES];
  char cell[STATUS_CELL_BYTES];
  const char *state = scoreboard_master_state_names[view->state];
  clock_format_ms(view->reloaded_ms, since);
  buffer_printf(buffer, "%sLockstep %s%s, %s on %s\n", bold, view->build, plain,
                view->master_alive ? state : "dead", view->listen);
  if (view->master_alive)
    buffer_printf(buffer, "  master       %d, up %s\n", view->pid,
                  status_duration(view->now_ms - view->started_ms, cell));
  else
    buffer_printf(buffer, "  master       %d is gone; these are the last figures it left\n", view->pid);
  buffer_printf(buffer, "  configuration  number %" PRIu64 ", since %.19sZ\n", view->generation, since);
  if (view->problem[0] != '\0') buffer_printf(buffer, "  last reload  refused: %s\n", view->problem);
}

static void status_print_totals(const struct scoreboard_view *view, struct buffer *buffer) {
  struct scoreboard_pool_view all = {.size = 0};
  char cell[STATUS_CELL_BYTES];
  for (size_t at = 0; at < view->worker_count; at++) {
    all.size += view->workers[at].pool.size;
    all.borrowed += view->workers[at].pool.borrowed;
    all.waiting += view->workers[at].pool.waiting;
    all.timeouts += view->workers[at].pool.timeouts;
  }
  buffer_printf(buffer, "  requests     %s served\n", status_number(view->served, cell));
  buffer_printf(buffer,
                "  workers      %u of %u threads; %" PRIu64 " died, %" PRIu64 " recycled, %" PRIu64
                " ended for a late request, %" PRIu64 " killed\n",
                view->processes, view->threads, view->restarts, view->recycled, view->timeouts, view->kills);
  buffer_printf(buffer,
                "  database     %" PRIu64 " of %u connections open, %" PRIu64 " in use, %" PRIu64
                " requests waiting\n\n",
                all.size, view->connections, all.borrowed, all.waiting);
}

static void status_print_workers(const struct scoreboard_view *view, const char *bold, const char *plain,
                                 struct buffer *buffer) {
  char up[STATUS_CELL_BYTES];
  char served[STATUS_CELL_BYTES];
  char memory[STATUS_CELL_BYTES];
  buffer_printf(buffer,
                "%sWORKER      PID  STATE     CONFIG  UP            SERVED        BUSY     CLIENTS      "
                "MEMORY  DATABASE%s\n",
                bold, plain);
  for (size_t at = 0; at < view->worker_count; at++) {
    const struct scoreboard_worker_view *worker = &view->workers[at];
    char busy[STATUS_CELL_BYTES];
    snprintf(busy, sizeof busy, "%u/%u", status_busy(worker), worker->thread_count);
    buffer_printf(buffer, "%6u  %7d  %-8s  %6u  %-12s  %-12s  %-7s  %7u  %10s  %" PRIu64 "/%" PRIu64 "\n",
                  worker->number, worker->pid, scoreboard_worker_state_names[worker->state],
                  worker->generation, status_duration(view->now_ms - worker->started_ms, up),
                  status_number(worker->served, served), busy, worker->clients,
                  status_memory(worker->resident_bytes, memory), worker->pool.size, worker->pool.limit);
  }
}

static void status_print_requests(const struct scoreboard_view *view, const char *bold, const char *plain,
                                  struct buffer *buffer) {
  char age[STATUS_CELL_BYTES];
  bool any = false;
  for (size_t at = 0; at < view->worker_count; at++)
    for (uint32_t thread = 0; thread < view->workers[at].thread_count; thread++) {
      const struct scoreboard_thread_view *request = &view->workers[at].threads[thread];
      if (request->stage == STAGE_IDLE) continue;
      if (!any) buffer_printf(buffer, "\n%sWORKER  AGE           STAGE     REQUEST%s\n", bold, plain);
      any = true;
      buffer_printf(buffer, "%6u  %-12s  %-8s  %s  (%s)\n", view->workers[at].number,
                    status_duration(request->age_ms, age), scoreboard_stage_names[request->stage],
                    request->label, request->request_id);
    }
}

void status_print_text(const struct scoreboard_view *view, const char *bold, const char *plain,
                       struct buffer *buffer) {
  status_print_head(view, bold, plain, buffer);
  status_print_totals(view, buffer);
  status_print_workers(view, bold, plain, buffer);
  status_print_requests(view, bold, plain, buffer);
}
