/* Everything that is libfcgi's: a whole FastCGI request in, a struct request out; a finished one in,
 * its reply's records out. libfcgi works on two files in memory, never on a socket, and so cannot
 * wait for anybody: what the peer does is fcgi_server.c's affair. One codec a thread. */
#ifndef LOCKSTEP_HTTP_FCGI_H
#define LOCKSTEP_HTTP_FCGI_H

#include "http/fcgi_record.h"
#include "http/request.h"

struct fcgi_codec;

/* Once a process, before any codec, after the process has set its signals: libfcgi installs handlers
 * of its own for PIPE, TERM and USR1 where it finds none. */
bool fcgi_library_init(struct error *error) WARN_UNUSED;

bool fcgi_codec_new(struct error *error, struct fcgi_codec **ret_codec) WARN_UNUSED;
void fcgi_codec_free(struct fcgi_codec *codec);

/* `bytes` is what fcgi_scan_run found whole. Fills what `request` has as received; the strings belong
 * to the codec and live until fcgi_drop. */
bool fcgi_decode(struct fcgi_codec *codec, const void *bytes, const struct fcgi_scan *scan,
                 struct request *request, struct error *error) WARN_UNUSED;

/* The reply's records, ready to be sent: request->head, request->reply, the end. The bytes live until
 * fcgi_drop. */
bool fcgi_encode(struct fcgi_codec *codec, const struct request *request, struct error *error,
                 const void **ret_bytes, size_t *ret_count) WARN_UNUSED;

/* Ends a decoded request, answered or not. */
void fcgi_drop(struct fcgi_codec *codec);

#endif
