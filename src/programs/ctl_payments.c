/* payments replay: processes a stored event of the payment provider again. */
#include "db/pool.h"
#include "enroll/payment.h"
#include "ledger/ledger.h"
#include "programs/ctl.h"

#include "base/banned.h"

#define CONNECTIONS 2

struct replay_options {
  const char *event;
};

static const struct field replay_fields[] = {
    FIELD_TEXT(struct replay_options, "event", event, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = PAYMENT_EVENT_ID_MAX, .summary = "The event, as the provider calls it: evt_…"),
};
const struct schema ctl_payments_replay_options =
    SCHEMA("CtlPaymentsReplay", struct replay_options, replay_fields, .summary = "Which event.");

static void drop_pool(struct pool **pool) {
  if (*pool != NULL) pool_free(*pool);
}
static void drop_ledger(struct ledger **ledger) { ledger_free(*ledger); }

bool ctl_payments_replay(struct ctl *ctl, const void *options, struct error *error) {
  CLEANUP(drop_pool) struct pool *pool = NULL;
  CLEANUP(drop_ledger) struct ledger *ledger = NULL;
  const struct replay_options *replay = options;
  struct payment_report report;
  uint64_t id;
  bool found = payment_find(ctl->db, replay->event, ctl->arena, error, &id);
  db_rollback(ctl->db);
  if (!found || !pool_new(&ctl->config.database, CONNECTIONS, error, &pool) ||
      !ledger_new(pool, &ctl->config.database, error, &ledger))
    return false;
  struct payment_engine engine = {.ledger = ledger, .config = &ctl->config.payments};
  if (!payment_replay(&engine, id, CTL_PROGRAM, ctl->arena, error, &report)) return false;
  (void)printf("%s (%s): %s%s%s\n", report.event_id, report.type, payment_outcome_names[report.outcome],
               report.why == NULL ? "" : ". ", report.why == NULL ? "" : report.why);
  if (!payment_outcome_is_final(report.outcome) || report.outcome == PAYMENT_MISMATCH)
    ctl->outcome = CTL_EXIT_FAILED;
  return true;
}
