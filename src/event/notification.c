#include "event/notification.h"

#include <string.h>

#include "queries/notification.h"

#include "base/banned.h"

bool notification_put(struct event_intake *intake, const char *kind, const char *data_json,
                      struct error *error) {
  struct notification_insert_params params = {.user_id = intake->entry->learner.user_id,
                                              .revision = intake->entry->learner.revision,
                                              .kind = kind,
                                              .data = data_json,
                                              .created_at = intake->now_ms};
  struct db_outcome outcome;
  if (strlen(data_json) > NOTIFICATION_DATA_BYTES)
    return error_set(error, ERROR_INTERNAL, "A notification's data is too long.");
  return notification_insert(ledger_db(intake->tx), &params, error, &outcome);
}
