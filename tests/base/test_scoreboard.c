#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/scoreboard.h"

#include "base/banned.h"

static char directory[] = "/tmp/lockstep-scoreboard-XXXXXX";
static char path[sizeof directory + 16];

static int make_directory(void **state) {
  (void)state;
  if (mkdtemp(directory) == NULL) return -1;
  snprintf(path, sizeof path, "%s/board", directory);
  return 0;
}

static int remove_directory(void **state) {
  (void)state;
  unlink(path);
  return rmdir(directory);
}

static struct scoreboard create(const char *where) {
  struct scoreboard board = {.head = NULL};
  struct error error = ERROR_INIT;
  if (!scoreboard_create(where, &error, &board)) fail_msg("%s %s", error.message, error.detail);
  return board;
}

static void test_what_is_written_is_read(void **state) {
  (void)state;
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(1 << 20);
  struct scoreboard board = create(path);
  struct error error = ERROR_INIT;
  struct scoreboard_view view;
  struct stat status;
  assert_int_equal(stat(path, &status), 0);
  assert_int_equal(status.st_mode & 0777, 0640);
  assert_true((size_t)status.st_blocks * 512 >= (size_t)status.st_size); /* nothing left to allocate */
  scoreboard_set_text(&board.head->listen, "unix:/run/x");
  scoreboard_set_text(&board.head->problem, "none");
  atomic_store(&board.head->processes, 2);
  atomic_store(&board.head->retired_requests, 100);
  struct scoreboard_worker *worker = &board.workers[SCOREBOARD_SLOTS - 1];
  worker->pid = 4711;
  worker->number = 2;
  worker->thread_count = 3;
  atomic_store(&worker->pool.size, 5);
  atomic_store(&worker->state, WORKER_SERVING);
  board.workers[0].number = 3;
  atomic_store(&board.workers[0].state, WORKER_DRAINING);
  scoreboard_begin(&worker->threads[0], "GET /a", "id-a");
  scoreboard_end(&worker->threads[0]);
  scoreboard_begin(&worker->threads[1], "GET /b", "id-b");
  scoreboard_stage(&worker->threads[1], STAGE_SENDING);

  assert_true(scoreboard_read(path, arena, &error, &view));
  assert_true(view.master_alive);
  assert_int_equal(view.pid, getpid());
  assert_string_equal(view.listen, "unix:/run/x");
  assert_string_equal(view.problem, "none");
  assert_int_equal(view.served, 101);
  assert_int_equal(view.worker_count, 2);
  const struct scoreboard_worker_view *read = &view.workers[0]; /* in the order of their places */
  assert_int_equal(read->number, 2);
  assert_int_equal(read->pid, 4711);
  assert_int_equal(read->served, 1);
  assert_int_equal(read->pool.size, 5);
  assert_int_equal(read->thread_count, 3);
  assert_int_equal(read->threads[0].stage, STAGE_IDLE);
  assert_int_equal(read->threads[0].served, 1);
  assert_int_equal(read->threads[1].stage, STAGE_SENDING);
  assert_string_equal(read->threads[1].label, "GET /b");
  assert_string_equal(read->threads[1].request_id, "id-b");
  scoreboard_close(&board);
}

/* Workers of a master that was killed go on writing to its file; a new master has one of its own. */
static void test_a_new_master_has_a_new_file(void **state) {
  (void)state;
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(1 << 20);
  struct error error = ERROR_INIT;
  struct scoreboard_view view;
  struct scoreboard former = create(path);
  struct scoreboard board = create(path);
  scoreboard_set_text(&former.head->listen, "former");
  scoreboard_set_text(&board.head->listen, "new");
  assert_true(scoreboard_read(path, arena, &error, &view));
  assert_string_equal(view.listen, "new");
  scoreboard_close(&former);
  scoreboard_close(&board);
}

static void test_a_master_that_is_gone(void **state) {
  (void)state;
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(1 << 20);
  struct error error = ERROR_INIT;
  struct scoreboard_view view;
  struct scoreboard board = create(path);
  board.head->pid = 0x7ffffff0; /* no process has this number */
  assert_true(scoreboard_read(path, arena, &error, &view));
  assert_false(view.master_alive);
  scoreboard_close(&board);
}

static void spoil(off_t at, const char *bytes, size_t count) {
  int descriptor = open(path, O_WRONLY);
  assert_true(descriptor >= 0);
  assert_int_equal(pwrite(descriptor, bytes, count, at), count);
  close(descriptor);
}

static void test_other_files_are_refused(void **state) {
  (void)state;
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(1 << 20);
  struct error error = ERROR_INIT;
  struct scoreboard_view view;
  struct scoreboard board = create(path);
  scoreboard_close(&board); /* the file stays */
  spoil(offsetof(struct scoreboard_head, version), "\xff", 1);
  assert_false(scoreboard_read(path, arena, &error, &view));
  assert_non_null(strstr(error.message, "another version"));
  spoil(offsetof(struct scoreboard_head, version), "\1", 1);
  assert_int_equal(truncate(path, 5000), 0);
  assert_false(scoreboard_read(path, arena, &error, &view));
  assert_non_null(strstr(error.message, "cut short"));
  spoil(0, "nonsense", 8);
  assert_false(scoreboard_read(path, arena, &error, &view));
  assert_non_null(strstr(error.message, "not a scoreboard"));
  assert_int_equal(truncate(path, 3), 0);
  assert_false(scoreboard_read(path, arena, &error, &view));
  assert_false(scoreboard_read("/dev/null", arena, &error, &view));
  assert_false(scoreboard_read("/", arena, &error, &view));
  unlink(path);
  assert_false(scoreboard_read(path, arena, &error, &view));
  assert_int_equal(error.code, ERROR_NOT_FOUND);
}

/* Whatever stands in the memory: a reader neither crashes nor reads beyond it. */
static void test_nonsense_inside(void **state) {
  (void)state;
  struct error error = ERROR_INIT;
  struct scoreboard_view view;
  struct scoreboard board = create(path);
  for (size_t slot = 0; slot < SCOREBOARD_SLOTS; slot++)
    memset(&board.workers[slot], (int)slot * 37 + 1, sizeof board.workers[slot]);
  for (size_t slot = 0; slot < 5; slot++)
    atomic_store(&board.workers[slot].state, WORKER_SERVING);
  memset(board.head->listen.text, 'x', sizeof board.head->listen.text);
  atomic_store(&board.head->state, 99);
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(8 << 20);
  assert_true(scoreboard_read(path, arena, &error, &view));
  assert_int_equal(strlen(view.listen), SCOREBOARD_TEXT_BYTES - 1);
  assert_true(view.state <= MASTER_STOPPING);
  assert_true(view.worker_count >= 5);
  scoreboard_close(&board);
}

static void *serve(void *argument) {
  struct scoreboard_thread *thread = argument;
  for (int count = 0; count < 100000; count++) {
    bool even = count % 2 == 0;
    scoreboard_begin(thread, even ? "AAAAAAAAAAAAAAAAAAAAAAAA" : "BBBBBBBBBBBBBBBBBBBBBBBB",
                     even ? "aaaaaaaaaaaaaaaa" : "bbbbbbbbbbbbbbbb");
    scoreboard_end(thread);
  }
  return NULL;
}

static void test_texts_are_never_torn(void **state) {
  (void)state;
  struct scoreboard board = create(NULL);
  struct scoreboard_thread *thread = &board.workers[0].threads[0];
  char label[SCOREBOARD_LABEL_BYTES];
  char request_id[SCOREBOARD_ID_BYTES];
  pthread_t writer;
  int64_t age_ms;
  board.workers[0].thread_count = 1;
  assert_int_equal(pthread_create(&writer, NULL, serve, thread), 0);
  while (scoreboard_served(&board.workers[0]) < 100000) {
    if (!scoreboard_peek(thread, clock_monotonic_ms(), label, request_id, &age_ms)) continue;
    assert_true(strspn(label, "A") == 24 || strspn(label, "B") == 24);
    assert_int_equal(request_id[0], label[0] - 'A' + 'a');
    assert_int_equal(strspn(request_id, label[0] == 'A' ? "a" : "b"), 16);
  }
  pthread_join(writer, NULL);
  scoreboard_close(&board);
}

static void test_a_directory_that_is_not_there(void **state) {
  (void)state;
  struct error error = ERROR_INIT;
  struct scoreboard board;
  assert_false(scoreboard_create("/nowhere/at/all", &error, &board));
  assert_non_null(strstr(error.message, "/nowhere/at/all"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_is_written_is_read),
      cmocka_unit_test(test_a_new_master_has_a_new_file),
      cmocka_unit_test(test_a_master_that_is_gone),
      cmocka_unit_test(test_other_files_are_refused),
      cmocka_unit_test(test_nonsense_inside),
      cmocka_unit_test(test_texts_are_never_torn),
      cmocka_unit_test(test_a_directory_that_is_not_there),
  };
  return cmocka_run_group_tests_name("scoreboard", tests, make_directory, remove_directory);
}
