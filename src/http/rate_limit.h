/* How often one client address, or one learner, may do what is dear. A bucket is one number, the time at
 * which they will have paid for what they took (GCRA), in memory shared by all worker processes: no lock,
 * nothing to repair when a process is killed. It is a limit, not truth: those that fall into one bucket share
 * it, a restart forgives, each host counts for itself, and nginx's limit_req is the first line anyway. */
#ifndef LOCKSTEP_HTTP_RATE_LIMIT_H
#define LOCKSTEP_HTTP_RATE_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RATE_LIMIT_BUCKETS 16384
#define RATE_LIMIT_SEED_BYTES 16

struct rate_limit {
  char seed[2 * RATE_LIMIT_SEED_BYTES + 1]; /* nobody outside knows who shares a bucket with whom */
  _Atomic int64_t paid_at_ns[RATE_LIMIT_BUCKETS];
};

/* In zeroed shared memory, before the processes fork. */
void rate_limit_init(struct rate_limit *limit);

/* Takes one from the bucket of `whose`, of `per_minute` (0: none may). An IPv6 address stands for its
 * /64. True: it may. False: ret_retry_after_s says when. `now_ns` is monotonic. Thread-safe. */
bool rate_limit_take(struct rate_limit *limit, const char *whose, int64_t per_minute, int64_t now_ns,
                     int *ret_retry_after_s);

#endif
