#include "base/scoreboard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

#define SCOREBOARD_MAGIC "LKSTEPSB"
#define SCOREBOARD_READ_TRIES 64 /* of a text that is being changed */
#define SCOREBOARD_ALIGNMENT ((size_t)64)
#define SCOREBOARD_WORKERS_AT \
  ((sizeof(struct scoreboard_head) + SCOREBOARD_ALIGNMENT - 1) / SCOREBOARD_ALIGNMENT * SCOREBOARD_ALIGNMENT)
#define SCOREBOARD_BYTES (SCOREBOARD_WORKERS_AT + SCOREBOARD_SLOTS * sizeof(struct scoreboard_worker))

const char *const scoreboard_master_state_names[] = {"starting", "serving", "reloading", "stopping", NULL};
const char *const scoreboard_worker_state_names[] = {"free",     "starting", "ready", "serving",
                                                     "draining", "killed",   NULL};
const char *const scoreboard_stage_names[] = {"idle", "handling", "sending", NULL};

/* --- Memory --- */

static struct scoreboard scoreboard_at(void *memory) {
  return (struct scoreboard){
      .head = memory,
      .workers = (struct scoreboard_worker *)(void *)((unsigned char *)memory + SCOREBOARD_WORKERS_AT)};
}

/* NULL: it cannot be mapped. */
static void *scoreboard_map(int descriptor, int protection, struct error *error) {
  void *memory = mmap(NULL, SCOREBOARD_BYTES, protection, MAP_SHARED, descriptor, 0);
  if (memory != MAP_FAILED) return memory;
  error_set(error, ERROR_INTERNAL, "The scoreboard cannot be mapped.");
  error_detail(error, "%s", strerror(errno));
  return NULL;
}

/* The file's blocks are really there, so that a disk that fills up later cannot kill a writer. */
static bool scoreboard_fill(int descriptor, struct error *error, struct scoreboard *ret_board) {
  int status = posix_fallocate(descriptor, 0, (off_t)SCOREBOARD_BYTES);
  if (status != 0) {
    error_set(error, ERROR_INTERNAL, "There is no room for the scoreboard.");
    return error_detail(error, "%s", strerror(status));
  }
  void *memory = scoreboard_map(descriptor, PROT_READ | PROT_WRITE, error);
  if (memory == NULL) return false;
  struct scoreboard board = scoreboard_at(memory);
  board.head->version = SCOREBOARD_VERSION;
  board.head->bytes = (uint32_t)SCOREBOARD_BYTES;
  board.head->pid = (int32_t)getpid();
  board.head->started_ms = clock_now_ms();
  board.head->started_monotonic_ms = clock_monotonic_ms();
  memcpy(board.head->magic, SCOREBOARD_MAGIC, sizeof board.head->magic);
  *ret_board = board;
  return true;
}

static bool scoreboard_create_file(const char *path, struct error *error, struct scoreboard *ret_board) {
  char temporary[4096];
  struct scoreboard board;
  int length = snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
  if (length < 0 || (size_t)length >= sizeof temporary)
    return error_set(error, ERROR_INTERNAL, "The scoreboard's path is too long.");
  unlink(temporary); /* of a former process with our number */
  int descriptor = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (descriptor < 0) {
    error_set(error, ERROR_INTERNAL, "The scoreboard %s cannot be made.", path);
    return error_detail(error, "%s", strerror(errno));
  }
  bool made = scoreboard_fill(descriptor, error, &board);
  close(descriptor);
  if (made && rename(temporary, path) != 0) {
    error_set(error, ERROR_INTERNAL, "The scoreboard %s cannot be put in place.", path);
    error_detail(error, "%s", strerror(errno));
    scoreboard_close(&board);
    made = false;
  }
  if (!made) {
    unlink(temporary);
    return false;
  }
  *ret_board = board;
  return true;
}

bool scoreboard_create(const char *path, struct error *error, struct scoreboard *ret_board) {
  if (path != NULL) return scoreboard_create_file(path, error, ret_board);
  int descriptor = memfd_create("lockstep-scoreboard", MFD_CLOEXEC);
  if (descriptor < 0) {
    error_set(error, ERROR_INTERNAL, "There is no memory for the scoreboard.");
    return error_detail(error, "%s", strerror(errno));
  }
  bool made = scoreboard_fill(descriptor, error, ret_board);
  close(descriptor);
  return made;
}

void scoreboard_close(struct scoreboard *board) {
  if (board->head != NULL) munmap(board->head, SCOREBOARD_BYTES);
  *board = (struct scoreboard){.head = NULL};
}

/* --- Writing --- */

static void scoreboard_copy(char *target, size_t target_bytes, const char *text) {
  size_t length = text == NULL ? 0 : strnlen(text, target_bytes - 1);
  if (length > 0) memcpy(target, text, length);
  target[length] = '\0';
}

void scoreboard_set_text(struct scoreboard_text *text, const char *value) {
  atomic_fetch_add(&text->sequence, 1);
  scoreboard_copy(text->text, sizeof text->text, value);
  atomic_fetch_add(&text->sequence, 1);
}

void scoreboard_begin(struct scoreboard_thread *thread, const char *label, const char *request_id) {
  atomic_fetch_add(&thread->sequence, 1);
  scoreboard_copy(thread->label, sizeof thread->label, label);
  scoreboard_copy(thread->request_id, sizeof thread->request_id, request_id);
  atomic_store_explicit(&thread->since_monotonic_ms, clock_monotonic_ms(), memory_order_relaxed);
  atomic_store_explicit(&thread->stage, STAGE_HANDLING, memory_order_relaxed);
  atomic_fetch_add(&thread->sequence, 1);
}

void scoreboard_stage(struct scoreboard_thread *thread, enum scoreboard_stage stage) {
  atomic_store_explicit(&thread->stage, stage, memory_order_relaxed);
}

void scoreboard_end(struct scoreboard_thread *thread) {
  uint64_t served = atomic_load_explicit(&thread->served, memory_order_relaxed);
  atomic_store_explicit(&thread->served, served + 1, memory_order_relaxed);
  atomic_store_explicit(&thread->stage, STAGE_IDLE, memory_order_relaxed);
}

/* --- Reading --- */

/* Texts come from a process that may be anything by now: the NUL at the end is not taken on trust. */
static void scoreboard_take(char *target, const char *source, size_t bytes) {
  memcpy(target, source, bytes);
  target[bytes - 1] = '\0';
}

bool scoreboard_peek(struct scoreboard_thread *thread, int64_t now_monotonic_ms,
                     char label[SCOREBOARD_LABEL_BYTES], char request_id[SCOREBOARD_ID_BYTES],
                     int64_t *ret_age_ms) {
  for (int tries = 0; tries < SCOREBOARD_READ_TRIES; tries++) {
    uint32_t before = atomic_load(&thread->sequence);
    uint32_t stage = atomic_load(&thread->stage);
    int64_t since_ms = atomic_load(&thread->since_monotonic_ms);
    scoreboard_take(label, thread->label, SCOREBOARD_LABEL_BYTES);
    scoreboard_take(request_id, thread->request_id, SCOREBOARD_ID_BYTES);
    atomic_thread_fence(memory_order_acquire);
    if (before % 2 != 0 || before != atomic_load(&thread->sequence)) continue;
    if (stage == STAGE_IDLE) return false;
    *ret_age_ms = now_monotonic_ms > since_ms ? now_monotonic_ms - since_ms : 0;
    return true;
  }
  return false; /* it changes all the time: nothing here is old */
}

uint64_t scoreboard_served(const struct scoreboard_worker *worker) {
  uint64_t served = 0;
  for (uint32_t at = 0; at < worker->thread_count && at < SCOREBOARD_THREADS_MAX; at++)
    served += atomic_load_explicit(&worker->threads[at].served, memory_order_relaxed);
  return served;
}

static const char *scoreboard_read_text(struct scoreboard_text *text, struct arena *arena) {
  char copy[SCOREBOARD_TEXT_BYTES];
  for (int tries = 0; tries < SCOREBOARD_READ_TRIES; tries++) {
    uint32_t before = atomic_load(&text->sequence);
    scoreboard_take(copy, text->text, sizeof copy);
    atomic_thread_fence(memory_order_acquire);
    if (before % 2 == 0 && before == atomic_load(&text->sequence)) break;
  }
  return arena_strdup(arena, copy);
}

static void scoreboard_view_thread(struct scoreboard_thread *thread, struct arena *arena,
                                   struct scoreboard_thread_view *view) {
  char label[SCOREBOARD_LABEL_BYTES];
  char request_id[SCOREBOARD_ID_BYTES];
  uint32_t stage = atomic_load(&thread->stage);
  view->served = atomic_load(&thread->served);
  if (!scoreboard_peek(thread, clock_monotonic_ms(), label, request_id, &view->age_ms)) return;
  view->stage = stage == STAGE_SENDING ? STAGE_SENDING : STAGE_HANDLING;
  view->label = arena_strdup(arena, label);
  view->request_id = arena_strdup(arena, request_id);
}

static void scoreboard_view_pool(struct scoreboard_pool *pool, struct scoreboard_pool_view *view) {
  view->size = atomic_load(&pool->size);
  view->limit = atomic_load(&pool->limit);
  view->idle = atomic_load(&pool->idle);
  view->borrowed = atomic_load(&pool->borrowed);
  view->waiting = atomic_load(&pool->waiting);
  view->acquired = atomic_load(&pool->acquired);
  view->timeouts = atomic_load(&pool->timeouts);
  view->connect_failures = atomic_load(&pool->connect_failures);
}

static bool scoreboard_view_worker(struct scoreboard_worker *worker, struct arena *arena,
                                   struct scoreboard_worker_view *view) {
  int32_t state = atomic_load(&worker->state);
  if (state <= WORKER_FREE || state > WORKER_KILLED) return true;
  uint32_t count = worker->thread_count;
  if (count > SCOREBOARD_THREADS_MAX) count = SCOREBOARD_THREADS_MAX;
  struct scoreboard_thread_view *threads = arena_alloc_array(arena, count, sizeof *threads);
  if (threads == NULL) return false;
  for (uint32_t at = 0; at < count; at++)
    scoreboard_view_thread(&worker->threads[at], arena, &threads[at]);
  view->state = (enum scoreboard_worker_state)state;
  view->pid = worker->pid;
  view->number = worker->number;
  view->generation = worker->generation;
  view->started_ms = worker->started_ms;
  view->served = scoreboard_served(worker);
  view->restarts = worker->restarts;
  view->clients = atomic_load(&worker->clients);
  view->resident_bytes = atomic_load(&worker->resident_bytes);
  view->thread_count = count;
  view->threads = threads;
  scoreboard_view_pool(&worker->pool, &view->pool);
  return true;
}

static int scoreboard_compare_workers(const void *left, const void *right) {
  const struct scoreboard_worker_view *a = left;
  const struct scoreboard_worker_view *b = right;
  if (a->number != b->number) return a->number < b->number ? -1 : 1;
  if (a->generation != b->generation) return a->generation < b->generation ? -1 : 1;
  return a->pid < b->pid ? -1 : a->pid > b->pid;
}

static bool scoreboard_view_workers(struct scoreboard *board, struct arena *arena,
                                    struct scoreboard_view *view) {
  struct scoreboard_worker_view *workers = arena_alloc_array(arena, SCOREBOARD_SLOTS, sizeof *workers);
  if (workers == NULL) return false;
  view->served = atomic_load(&board->head->retired_requests);
  for (size_t at = 0; at < SCOREBOARD_SLOTS; at++) {
    struct scoreboard_worker_view *worker = &workers[view->worker_count];
    if (!scoreboard_view_worker(&board->workers[at], arena, worker)) return false;
    view->served += worker->served;
    if (worker->state != WORKER_FREE) view->worker_count++;
  }
  qsort(workers, view->worker_count, sizeof *workers, scoreboard_compare_workers);
  view->workers = workers;
  return true;
}

static bool scoreboard_view(struct scoreboard *board, struct arena *arena, struct error *error,
                            struct scoreboard_view *ret_view) {
  struct scoreboard_head *head = board->head;
  struct scoreboard_view view = {
      .state = (enum scoreboard_master_state)atomic_load(&head->state),
      .pid = head->pid,
      .master_alive = kill(head->pid, 0) == 0 || errno == EPERM,
      .started_ms = head->started_ms,
      .reloaded_ms = atomic_load(&head->reloaded_ms),
      .now_ms = clock_now_ms(),
      .generation = atomic_load(&head->generation),
      .refused_reloads = atomic_load(&head->refused_reloads),
      .restarts = atomic_load(&head->restarts),
      .recycled = atomic_load(&head->recycled),
      .timeouts = atomic_load(&head->timeouts),
      .kills = atomic_load(&head->kills),
      .processes = atomic_load(&head->processes),
      .threads = atomic_load(&head->threads),
      .connections = atomic_load(&head->connections),
      .listen = scoreboard_read_text(&head->listen, arena),
      .build = scoreboard_read_text(&head->build, arena),
      .problem = scoreboard_read_text(&head->problem, arena),
  };
  if (view.state > MASTER_STOPPING) view.state = MASTER_STARTING;
  if (view.listen == NULL || view.build == NULL || view.problem == NULL ||
      !scoreboard_view_workers(board, arena, &view))
    return error_set_memory(error);
  *ret_view = view;
  return true;
}

static bool scoreboard_check(int descriptor, const char *path, struct error *error) {
  struct stat status;
  struct scoreboard_head head;
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) ||
      pread(descriptor, &head, sizeof head, 0) != (ssize_t)sizeof head ||
      memcmp(head.magic, SCOREBOARD_MAGIC, sizeof head.magic) != 0)
    return error_set(error, ERROR_UNPROCESSABLE, "%s is not a scoreboard.", path);
  if (head.version != SCOREBOARD_VERSION || head.bytes != SCOREBOARD_BYTES)
    return error_set(error, ERROR_UNPROCESSABLE, "%s was written by another version (%u, this one reads %u).",
                     path, head.version, SCOREBOARD_VERSION);
  if (status.st_size < (off_t)SCOREBOARD_BYTES)
    return error_set(error, ERROR_UNPROCESSABLE, "%s is cut short.", path);
  return true;
}

bool scoreboard_read(const char *path, struct arena *arena, struct error *error,
                     struct scoreboard_view *ret_view) {
  void *memory = NULL;
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_FORBIDDEN, "%s cannot be read: %s.", path,
              strerror(errno));
    return false;
  }
  if (scoreboard_check(descriptor, path, error)) memory = scoreboard_map(descriptor, PROT_READ, error);
  close(descriptor);
  if (memory == NULL) return false;
  struct scoreboard board = scoreboard_at(memory);
  bool read = scoreboard_view(&board, arena, error, ret_view);
  scoreboard_close(&board);
  return read;
}
