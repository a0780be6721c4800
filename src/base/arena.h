/* A bump allocator with a cap. Whatever a request allocates lives in its arena and dies with it:
 * nothing in an arena is freed alone. Not thread-safe; one arena belongs to one thread at a time. */
#ifndef LOCKSTEP_BASE_ARENA_H
#define LOCKSTEP_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/attributes.h"

struct arena;

/* A position to return to: everything allocated after arena_mark() dies at arena_rewind(). */
struct arena_mark {
  void *chunk;
  size_t used;
};

/* cap_bytes bounds the sum of all chunks. NULL when the system has no memory. */
struct arena *arena_new(size_t cap_bytes) WARN_UNUSED;
void arena_free(struct arena *arena);
void arena_cleanup(struct arena **arena); /* for CLEANUP() */

/* Zeroed memory, aligned for any type. NULL when the cap is reached (see error_set_memory). */
void *arena_alloc(struct arena *arena, size_t bytes) WARN_UNUSED;
/* The same for an array; NULL also when count * bytes overflows. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t bytes) WARN_UNUSED;
char *arena_strdup(struct arena *arena, const char *text) WARN_UNUSED;
char *arena_strndup(struct arena *arena, const char *text, size_t bytes) WARN_UNUSED;
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3) WARN_UNUSED;

struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);
/* Forgets everything but keeps the first chunk, so that the next request allocates nothing. */
void arena_reset(struct arena *arena);
/* Bytes taken from the system. */
size_t arena_total_bytes(const struct arena *arena);

#endif
