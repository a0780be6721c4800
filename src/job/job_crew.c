#include "job/job_crew.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "job/job_private.h"

#include "base/banned.h"

#define CREW_NAME_BYTES 96
#define CREW_ARENA_BYTES ((size_t)512 * 1024 * 1024)

static bool crew_thread(pthread_t *thread, void *(*body)(void *), void *argument, struct error *error) {
  int status = pthread_create(thread, NULL, body, argument);
  if (status == 0) return true;
  error_set(error, ERROR_INTERNAL, "A thread cannot be started.");
  return error_detail(error, "%s", strerror(status));
}

static bool crew_worker_init(struct job_crew *crew, size_t place, struct error *error) {
  struct job_worker *worker = &crew->workers[place];
  worker->crew = crew;
  worker->place = place;
  /* Whose name it finds there is dead: it takes another, and the jobs of the dead are nobody's. */
  worker->lost = true;
  if (crew->options.board != NULL) worker->id = atomic_load(&crew->options.board->worker_ids[place]);
  worker->claim_arena = arena_new(JOB_CLAIM_ARENA_BYTES);
  worker->job_arena = arena_new(JOB_ARENA_BYTES);
  worker->done_arena = arena_new(JOB_CLAIM_ARENA_BYTES);
  worker->done = calloc(JOB_BATCH_MAX, sizeof *worker->done);
  return (worker->claim_arena != NULL && worker->job_arena != NULL && worker->done_arena != NULL &&
          worker->done != NULL) ||
         error_set_memory(error);
}

static bool crew_init(struct job_crew *crew, const struct job_app *app,
                      const struct job_crew_options *options, struct error *error) {
  char host[64] = "";
  pthread_condattr_t monotonic;
  crew->app = *app;
  crew->options = *options;
  pthread_mutex_init(&crew->lock, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&crew->poll_change, &monotonic);
  pthread_cond_init(&crew->stop_change, &monotonic);
  pthread_condattr_destroy(&monotonic);
  if (crew->options.batch > JOB_BATCH_MAX) crew->options.batch = JOB_BATCH_MAX;
  (void)gethostname(host, sizeof host - 1);
  crew->name = malloc(CREW_NAME_BYTES);
  crew->seen = calloc(JOB_SEEN_MAX + 1, sizeof *crew->seen);
  crew->arena = arena_new(CREW_ARENA_BYTES);
  if (crew->name == NULL || crew->seen == NULL || crew->arena == NULL) return error_set_memory(error);
  snprintf(crew->name, CREW_NAME_BYTES, "%s/%ld", host, (long)getpid());
  for (size_t at = 0; at < options->threads; at++)
    if (!crew_worker_init(crew, at, error)) return false;
  return true;
}

bool job_crew_start(const struct job_app *app, const struct job_crew_options *options, struct error *error,
                    struct job_crew **ret_crew) {
  struct job_crew *crew = calloc(1, sizeof *crew);
  if (crew == NULL) return error_set_memory(error);
  bool works =
      crew_init(crew, app, options, error) && crew_thread(&crew->beat_thread, job_beat_main, crew, error);
  crew->beats = works;
  for (size_t at = 0; works && at < options->threads; at++) {
    works = crew_thread(&crew->workers[at].thread, job_worker_main, &crew->workers[at], error);
    if (works) atomic_fetch_add(&crew->thread_count, 1);
  }
  if (!works) {
    job_crew_stop(crew);
    job_crew_free(crew);
    return false;
  }
  *ret_crew = crew;
  return true;
}

void job_crew_stop(struct job_crew *crew) {
  atomic_store(&crew->stops, true);
  pthread_mutex_lock(&crew->lock);
  pthread_cond_broadcast(&crew->poll_change);
  pthread_cond_broadcast(&crew->stop_change);
  pthread_mutex_unlock(&crew->lock);
}

void job_crew_free(struct job_crew *crew) {
  if (crew == NULL) return;
  for (size_t at = 0; at < crew->thread_count; at++)
    pthread_join(crew->workers[at].thread, NULL);
  atomic_store(&crew->beat_stops, true);
  if (crew->beats) pthread_join(crew->beat_thread, NULL);
  for (size_t at = 0; at < JOB_CREW_THREADS_MAX; at++) {
    arena_free(crew->workers[at].claim_arena);
    arena_free(crew->workers[at].job_arena);
    arena_free(crew->workers[at].done_arena);
    free(crew->workers[at].done);
  }
  pthread_cond_destroy(&crew->poll_change);
  pthread_cond_destroy(&crew->stop_change);
  pthread_mutex_destroy(&crew->lock);
  arena_free(crew->arena);
  free(crew->seen);
  free(crew->name);
  free(crew);
}
