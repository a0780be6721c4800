#include "http/etag.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/banned.h"

#define ETAG_DIGEST_BYTES 16
#define ETAG_TEXT_BYTES_MAX 32768 /* path and query are bounded by nginx's header buffers */

/* Each part ends in a NUL, which none contains: no two lists of parts read alike. */
static void append_part(struct buffer *buffer, const char *part) {
  buffer_append(buffer, part, strlen(part) + 1);
}

void etag_make(const struct request *request, const struct freshness *freshness, char *text) {
  static const char digits[] = "0123456789abcdef";
  CLEANUP(buffer_free) struct buffer parts = BUFFER_INIT(ETAG_TEXT_BYTES_MAX);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  buffer_printf(&parts, "%" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId32 " %" PRIu64 " %" PRIu64 " %d",
                freshness->user_id, freshness->revision, freshness->updated_us, request->today,
                freshness->shared_version, freshness->shared_epoch, (int)request->principal.role);
  append_part(&parts, "");
  append_part(&parts, freshness->time_zone);
  append_part(&parts, request->app->build);
  append_part(&parts, request->app->config->digest);
  append_part(&parts, request->path);
  append_part(&parts, request->query);
  append_part(&parts, request->tag_others == NULL ? "" : request->tag_others);
  if (freshness->reply != NULL) {
    SHA256((const unsigned char *)buffer_text(freshness->reply), freshness->reply->length, digest);
    buffer_append(&parts, (const char *)digest, sizeof digest);
  }
  SHA256((const unsigned char *)buffer_text(&parts), parts.length, digest);
  memcpy(text, "W/\"", 3);
  text += 3;
  for (size_t at = 0; at < ETAG_DIGEST_BYTES; at++) {
    *text++ = digits[digest[at] >> 4];
    *text++ = digits[digest[at] & 15];
  }
  memcpy(text, "\"", 2);
}

static const char *skip_weak(const char *tag) { return strncmp(tag, "W/", 2) == 0 ? tag + 2 : tag; }

bool etag_matches(const char *if_none_match, const char *etag) {
  const char *wanted = skip_weak(etag);
  size_t wanted_bytes = strlen(wanted);
  const char *at = if_none_match + strspn(if_none_match, " \t");
  if (at[0] == '*' && at[1 + strspn(at + 1, " \t")] == '\0') return true;
  while (*at != '\0') {
    at += strspn(at, " \t,");
    at = skip_weak(at);
    if (*at != '"') return false;
    const char *end = strchr(at + 1, '"');
    if (end == NULL) return false;
    if ((size_t)(end + 1 - at) == wanted_bytes && memcmp(at, wanted, wanted_bytes) == 0) return true;
    at = end + 1 + strspn(end + 1, " \t");
    if (*at != ',' && *at != '\0') return false;
  }
  return false;
}
