#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define ARENA_CHUNK_BYTES ((size_t)16 * 1024)

struct arena_chunk {
  struct arena_chunk *previous;
  size_t size;
  size_t used;
  alignas(max_align_t) unsigned char data[];
};

struct arena {
  struct arena_chunk *current;
  size_t cap;
  size_t total;
};

static struct arena_chunk *arena_chunk_new(struct arena *arena, size_t bytes) {
  size_t size = bytes > ARENA_CHUNK_BYTES ? bytes : ARENA_CHUNK_BYTES;
  if (size > arena->cap - arena->total) size = bytes;
  if (size > arena->cap - arena->total) return NULL;
  struct arena_chunk *chunk = malloc(sizeof *chunk + size);
  if (chunk == NULL) return NULL;
  chunk->previous = arena->current;
  chunk->size = size;
  chunk->used = 0;
  arena->current = chunk;
  arena->total += size;
  return chunk;
}

struct arena *arena_new(size_t cap_bytes) {
  struct arena *arena = calloc(1, sizeof *arena);
  if (arena == NULL) return NULL;
  arena->cap = cap_bytes;
  return arena;
}

void arena_free(struct arena *arena) {
  if (arena == NULL) return;
  arena_rewind(arena, (struct arena_mark){.chunk = NULL});
  free(arena);
}

void arena_cleanup(struct arena **arena) { arena_free(*arena); }

void *arena_alloc(struct arena *arena, size_t bytes) {
  const size_t alignment = alignof(max_align_t);
  if (bytes > SIZE_MAX - alignment) return NULL;
  size_t need = (bytes + alignment - 1) / alignment * alignment;
  struct arena_chunk *chunk = arena->current;
  if (chunk == NULL || chunk->size - chunk->used < need) {
    chunk = arena_chunk_new(arena, need);
    if (chunk == NULL) return NULL;
  }
  void *memory = chunk->data + chunk->used;
  chunk->used += need;
  memset(memory, 0, bytes);
  return memory;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t bytes) {
  size_t total;
  if (__builtin_mul_overflow(count, bytes, &total)) return NULL;
  return arena_alloc(arena, total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t bytes) {
  if (bytes == SIZE_MAX) return NULL;
  char *copy = arena_alloc(arena, bytes + 1);
  if (copy != NULL) memcpy(copy, text, bytes);
  return copy;
}

char *arena_strdup(struct arena *arena, const char *text) { return arena_strndup(arena, text, strlen(text)); }

char *arena_printf(struct arena *arena, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0) return NULL;
  char *text = arena_alloc(arena, (size_t)length + 1);
  if (text == NULL) return NULL;
  va_start(arguments, format);
  vsnprintf(text, (size_t)length + 1, format, arguments);
  va_end(arguments);
  return text;
}

struct arena_mark arena_mark(const struct arena *arena) {
  const struct arena_chunk *chunk = arena->current;
  return (struct arena_mark){.chunk = arena->current, .used = chunk == NULL ? 0 : chunk->used};
}

void arena_rewind(struct arena *arena, struct arena_mark mark) {
  while (arena->current != NULL && arena->current != mark.chunk) {
    struct arena_chunk *chunk = arena->current;
    arena->current = chunk->previous;
    arena->total -= chunk->size;
    free(chunk);
  }
  if (arena->current != NULL) arena->current->used = mark.used;
}

void arena_reset(struct arena *arena) {
  while (arena->current != NULL && arena->current->previous != NULL) {
    struct arena_chunk *chunk = arena->current;
    arena->current = chunk->previous;
    arena->total -= chunk->size;
    free(chunk);
  }
  if (arena->current == NULL) return;
  if (arena->current->size > ARENA_CHUNK_BYTES) {
    arena_rewind(arena, (struct arena_mark){.chunk = NULL});
  } else {
    arena->current->used = 0;
  }
}

size_t arena_total_bytes(const struct arena *arena) { return arena->total; }
