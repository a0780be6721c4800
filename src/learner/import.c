#include "learner/import.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "learner/document.h"
#include "learner/import_private.h"

#include "base/banned.h"

#define ATTEMPTS_PREFIX "attempts_"
#define SUFFIX ".json"
#define STREAKS "streaks.json"
#define PATH_BYTES 4096
#define FILES_FIRST 64
#define SHOW_EVERY_MS 100
#define PAUSE_MS 500

const char *const import_users_names[] = {"auto", "id", "subject", "username", NULL};
const char *const import_tokens_names[] = {"none", "default", NULL};

bool import_check(const struct import_options *options, struct error *error) {
  if (!zone_is_known(options->time_zone))
    return error_set(error, ERROR_MALFORMED, "%.63s is not a time zone.", options->time_zone);
  if (strcmp(options->module, DOCUMENT_UNATTRIBUTED) == 0)
    return error_set(error, ERROR_MALFORMED, "%s is a reserved name.", options->module);
  return true;
}

/* --- The job, from any thread ---------------------------------------------------------------------- */

bool import_job_take(struct import_job *job, const struct import_file **ret_file) {
  pthread_mutex_lock(&job->lock);
  bool is_there = !job->failed && job->next_file < job->file_count;
  if (is_there) {
    *ret_file = &job->files[job->next_file++];
    job->report.files++;
  }
  pthread_mutex_unlock(&job->lock);
  return is_there;
}

void import_job_advance(struct import_job *job, uint64_t bytes) {
  pthread_mutex_lock(&job->lock);
  job->done_bytes += bytes;
  pthread_mutex_unlock(&job->lock);
}

bool import_job_is_patient(const struct error *error, int64_t until_ms) {
  bool may_pass = error->code == ERROR_UNAVAILABLE || error->code == ERROR_TRANSIENT;
  if (!may_pass || clock_monotonic_ms() >= until_ms) return false;
  clock_sleep_ms(PAUSE_MS);
  return true;
}

/* "attempts_7.json: entry 12, line 14: created_at is missing." */
void import_job_complain(struct import_job *job, const struct import_source *source,
                         const struct import_item *item, const char *reason) {
  const char *name = source->file->name;
  pthread_mutex_lock(&job->lock);
  if (item == NULL) job->report.files_broken++;
  if (job->report.complaint_count < job->options->complaints_shown) {
    const char *complaint =
        item == NULL ? arena_printf(job->arena, "%s %s.", name, reason)
                     : arena_printf(job->arena, "%s: entry %llu, line %llu: %s", name,
                                    (unsigned long long)item->index, (unsigned long long)item->line, reason);
    if (complaint != NULL) job->complaints[job->report.complaint_count++] = complaint;
  }
  pthread_mutex_unlock(&job->lock);
}

/* --- Files ----------------------------------------------------------------------------------------- */

struct file_list {
  struct import_file *files;
  size_t count;
  size_t capacity;
};

static void close_directory(DIR **directory) {
  if (*directory != NULL) closedir(*directory);
}

/* attempts_<user>.json; NULL: something else. */
static const char *user_of(const char *name, struct arena *arena) {
  size_t bytes = strlen(name);
  size_t around = strlen(ATTEMPTS_PREFIX SUFFIX);
  if (bytes <= around || strncmp(name, ATTEMPTS_PREFIX, strlen(ATTEMPTS_PREFIX)) != 0 ||
      strcmp(name + bytes - strlen(SUFFIX), SUFFIX) != 0)
    return NULL;
  return arena_strndup(arena, name + strlen(ATTEMPTS_PREFIX), bytes - around);
}

static bool add_file(struct file_list *list, const char *directory, const char *name, struct arena *arena,
                     struct error *error) {
  char path[PATH_BYTES];
  struct stat about;
  const char *user = user_of(name, arena);
  if (user == NULL && strcmp(name, STREAKS) != 0) return true;
  if (list->count == list->capacity) {
    size_t capacity = list->capacity == 0 ? FILES_FIRST : list->capacity * 2;
    struct import_file *files = arena_alloc_array(arena, capacity, sizeof *files);
    if (files == NULL) return error_set_memory(error);
    if (list->count > 0) memcpy(files, list->files, list->count * sizeof *files);
    list->files = files;
    list->capacity = capacity;
  }
  snprintf(path, sizeof path, "%s/%s", directory, name);
  struct import_file file = {.name = arena_strdup(arena, name), .user = user};
  if (file.name == NULL) return error_set_memory(error);
  if (stat(path, &about) == 0) file.bytes = (uint64_t)about.st_size;
  list->files[list->count++] = file;
  return true;
}

/* Streaks first, because they may say what zone a new learner is in; then the largest, so that no long one
 * is left for the end. */
static int compare_files(const void *left, const void *right) {
  const struct import_file *a = left;
  const struct import_file *b = right;
  if ((a->user == NULL) != (b->user == NULL)) return a->user == NULL ? -1 : 1;
  if (a->bytes != b->bytes) return a->bytes > b->bytes ? -1 : 1;
  return strcmp(a->name, b->name);
}

static bool list_files(const char *path, struct arena *arena, struct error *error, struct file_list *list) {
  CLEANUP(close_directory) DIR *directory = opendir(path);
  if (directory == NULL) {
    error_set(error, ERROR_NOT_FOUND, "The directory %.150s cannot be read.", path);
    return error_detail(error, "%s", strerror(errno));
  }
  for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
    if (!add_file(list, path, entry->d_name, arena, error)) return false;
  if (list->count == 0)
    return error_set(error, ERROR_NOT_FOUND,
                     "There is no " ATTEMPTS_PREFIX "<user>" SUFFIX " and no " STREAKS " in %.120s.", path);
  qsort(list->files, list->count, sizeof *list->files, compare_files);
  return true;
}

/* --- Threads --------------------------------------------------------------------------------------- */

static void *thread_work(void *context) {
  struct import_job *job = context;
  struct error error = ERROR_INIT;
  bool done = import_files_work(job, &error);
  pthread_mutex_lock(&job->lock);
  if (!done && !job->failed) {
    job->failed = true;
    job->error = error;
  }
  job->running--;
  pthread_cond_signal(&job->moved);
  pthread_mutex_unlock(&job->lock);
  return NULL;
}

/* The caller's thread shows how far it is. */
static void watch(struct import_job *job, import_show show, void *context) {
  pthread_mutex_lock(&job->lock);
  while (job->running > 0) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += SHOW_EVERY_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_cond_timedwait(&job->moved, &job->lock, &until);
    uint64_t done = job->done_bytes;
    pthread_mutex_unlock(&job->lock);
    show(context, done, job->total_bytes);
    pthread_mutex_lock(&job->lock);
  }
  pthread_mutex_unlock(&job->lock);
}

/* All files from `from` on, by as many threads as are of use. */
static bool run_files(struct import_job *job, const struct import_file *files, size_t count, import_show show,
                      void *context, struct error *error) {
  pthread_t threads[IMPORT_CONNECTIONS_MAX];
  size_t wanted = count < job->options->connections ? count : job->options->connections;
  size_t started = 0;
  job->files = files;
  job->file_count = count;
  job->next_file = 0;
  job->running = wanted;
  while (started < wanted && pthread_create(&threads[started], NULL, thread_work, job) == 0)
    started++;
  pthread_mutex_lock(&job->lock);
  job->running -= wanted - started;
  pthread_mutex_unlock(&job->lock);
  watch(job, show, context);
  for (size_t at = 0; at < started; at++)
    pthread_join(threads[at], NULL);
  if (started == 0 && wanted > 0) return error_set(error, ERROR_INTERNAL, "No thread could be started.");
  if (job->failed) *error = job->error;
  return !job->failed;
}

bool import_run(struct ledger *ledger, const struct config *config, const struct import_options *options,
                import_show show, void *context, struct arena *arena, struct error *error,
                struct import_report *ret_report) {
  struct import_job job = {.ledger = ledger,
                           .config = config,
                           .options = options,
                           .now_ms = clock_now_ms(),
                           .lock = PTHREAD_MUTEX_INITIALIZER,
                           .moved = PTHREAD_COND_INITIALIZER,
                           .arena = arena};
  struct file_list list = {.count = 0};
  if (!list_files(options->directory, arena, error, &list)) return false;
  job.complaints = arena_alloc_array(arena, options->complaints_shown + 1, sizeof *job.complaints);
  if (job.complaints == NULL) return error_set_memory(error);
  for (size_t at = 0; at < list.count; at++)
    job.total_bytes += list.files[at].bytes;
  size_t streaks = list.files[0].user == NULL ? 1 : 0;
  bool done = run_files(&job, list.files, streaks, show, context, error) &&
              run_files(&job, list.files + streaks, list.count - streaks, show, context, error);
  import_seen_free(&job.created_users);
  if (!done) return false;
  job.report.complaints = job.complaints;
  *ret_report = job.report;
  return true;
}
