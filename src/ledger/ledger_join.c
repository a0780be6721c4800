/* Operations of several threads in one transaction. A durable commit and the server's work for a
 * statement are paid once for all of them; that, and nothing else, is why this exists (figures in
 * docs/architecture.md).
 *
 * Whoever finds fewer than LEDGER_BATCHES_MAX transactions of the kind under way leads one: it takes
 * what waits (its own operation first), runs it, wakes its followers, and hands the lead of the next
 * one to the first who waits then. Nobody waits for company to come.
 *
 * A shared transaction waits for no learner's row: an operation whose row somebody else holds leaves
 * it and waits on its own thread, or one held row would stop everybody's answers. */
#include <stdlib.h>

#include "ledger/ledger_private.h"

#include "base/banned.h"

static struct ledger_queue *queue_of(struct ledger *ledger, const struct ledger_kind *kind) {
  for (size_t at = 0; at < LEDGER_KINDS_MAX; at++) {
    struct ledger_queue *queue = &ledger->queues[at];
    if (queue->kind == NULL) {
      queue->kind = kind;
      queue->last = &queue->first;
    }
    if (queue->kind == kind) return queue;
  }
  abort(); /* kinds are const rows of the program: more of them than LEDGER_KINDS_MAX is a defect */
}

static void queue_push(struct ledger_queue *queue, struct ledger_waiter *waiter) {
  waiter->next = NULL;
  *queue->last = waiter;
  queue->last = &waiter->next;
}

static bool batch_has_learner(struct ledger_waiter *const *batch, size_t count, uint64_t user_id) {
  for (size_t at = 0; at < count; at++)
    if (batch[at]->entry->user_id == user_id) return true;
  return false;
}

/* How many waiters of distinct learners, from the front, one transaction takes: as many as the statements
 * have a prepared form for. */
static size_t queue_count(const struct ledger_queue *queue, struct ledger_waiter **scratch) {
  size_t count = 0;
  for (struct ledger_waiter *waiter = queue->first; waiter != NULL && count < LEDGER_JOIN_MAX;
       waiter = waiter->next)
    if (!waiter->runs && !batch_has_learner(scratch, count, waiter->entry->user_id))
      scratch[count++] = waiter;
  return db_rows_fit(count);
}

/* Takes waiters of distinct learners, in order; a learner's second operation stays for the next
 * transaction, so that a learner's operations keep their order. A reply goes to the memory of its own
 * thread, in which that must not run another transaction meanwhile: who runs one is not taken, and who is
 * taken leads no more. `ret_leads`: how many did. */
static size_t queue_take(struct ledger_queue *queue, struct ledger_waiter **batch, size_t *ret_leads) {
  size_t most = queue_count(queue, batch);
  size_t count = 0;
  *ret_leads = 0;
  struct ledger_waiter **link = &queue->first;
  while (*link != NULL && count < most) {
    struct ledger_waiter *waiter = *link;
    if (waiter->runs || batch_has_learner(batch, count, waiter->entry->user_id)) {
      link = &waiter->next;
      continue;
    }
    *link = waiter->next;
    batch[count++] = waiter;
    if (waiter->leads) ++*ret_leads;
    waiter->leads = false;
  }
  queue->last = &queue->first;
  while (*queue->last != NULL)
    queue->last = &(*queue->last)->next;
  return count;
}

/* A lead that is free goes to the first who waits and has none; or it ends. */
static void queue_pass_lead(struct ledger_queue *queue) {
  for (struct ledger_waiter *waiter = queue->first; waiter != NULL; waiter = waiter->next) {
    if (waiter->leads || waiter->runs) continue;
    waiter->leads = true;
    pthread_cond_signal(&waiter->woken);
    return;
  }
  queue->under_way--;
}

static void waiter_settle(struct ledger_waiter *waiter, bool ran, const struct error *error) {
  waiter->ok = ran && waiter->entry->state != LEDGER_FAILED;
  waiter->held = ran && waiter->entry->state == LEDGER_HELD;
  if (!waiter->ok) *waiter->error = ran ? waiter->entry->error : *error;
}

/* One bad operation harms no other: what a shared transaction could not do, each does alone. The memory is
 * also where the leader's own reply stands: nothing of it is taken back. */
static void batch_run(struct ledger *ledger, const struct ledger_kind *kind, struct ledger_waiter **batch,
                      size_t count, struct arena *scratch) {
  struct ledger_entry *entries[LEDGER_JOIN_MAX];
  struct error error = ERROR_INIT;
  for (size_t at = 0; at < count; at++)
    entries[at] = batch[at]->entry;
  bool ran = ledger_run_free(ledger, kind, entries, count, scratch, &error);
  if (ran || count == 1 || error.code == ERROR_UNAVAILABLE) {
    for (size_t at = 0; at < count; at++)
      waiter_settle(batch[at], ran, &error);
    return;
  }
  for (size_t at = 0; at < count; at++) {
    struct ledger_entry *entry = batch[at]->entry;
    error_clear(&error);
    ran = ledger_run_free(ledger, kind, &entry, 1, scratch, &error);
    waiter_settle(batch[at], ran, &error);
  }
}

/* The lock is held on entry and on return. */
static void lead(struct ledger *ledger, struct ledger_queue *queue, struct ledger_waiter *own,
                 struct arena *scratch) {
  struct ledger_waiter *batch[LEDGER_JOIN_MAX];
  size_t leads;
  size_t count = queue_take(queue, batch, &leads);
  if (queue->under_way < LEDGER_BATCHES_MAX) {
    queue->under_way++;
    leads++;
  }
  for (; leads > 0; leads--)
    queue_pass_lead(queue);
  if (count > 0) {
    own->runs = true;
    pthread_mutex_unlock(&ledger->lock);
    batch_run(ledger, queue->kind, batch, count, scratch);
    pthread_mutex_lock(&ledger->lock);
    own->runs = false;
  }
  for (size_t at = 0; at < count; at++) {
    batch[at]->done = true;
    if (batch[at] != own) pthread_cond_signal(&batch[at]->woken);
  }
  queue_pass_lead(queue);
}

bool ledger_join(struct ledger *ledger, const struct ledger_kind *kind, struct ledger_entry *entry,
                 struct arena *scratch, struct error *error) {
  struct ledger_waiter waiter = {.entry = entry, .woken = PTHREAD_COND_INITIALIZER, .error = error};
  pthread_mutex_lock(&ledger->lock);
  struct ledger_queue *queue = queue_of(ledger, kind);
  queue_push(queue, &waiter);
  if (queue->under_way < LEDGER_BATCHES_MAX) {
    queue->under_way++;
    waiter.leads = true;
  }
  while (waiter.leads || !waiter.done) {
    if (waiter.leads) {
      waiter.leads = false;
      lead(ledger, queue, &waiter, scratch);
    } else {
      pthread_cond_wait(&waiter.woken, &ledger->lock);
    }
  }
  pthread_mutex_unlock(&ledger->lock);
  pthread_cond_destroy(&waiter.woken);
  if (waiter.held) return ledger_run_one(ledger, kind, entry, NULL, scratch, error);
  return waiter.ok;
}
