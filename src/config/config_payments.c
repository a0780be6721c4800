/* The section payments. */
#include <string.h>

#include "config/config_parts.h"

#include "base/banned.h"

#define SECRETS_MAX 8
#define SECRET_BYTES_MIN 16
#define DAY_S 86400

static const char *const refund_policy_names[] = {"keep", "unenroll", NULL};

static const struct field fields[] = {
    FIELD_LIST(struct payments_config, "secrets", secrets, .item_kind = FIELD_KIND_TEXT,
               .flags = FIELD_SECRET, .maximum = SECRETS_MAX,
               .summary = "Signing secrets of the provider's webhook, at least 16 bytes each; an event is "
                          "taken when any of them signed it, so that they can rotate. Better kept in "
                          "secret_files. Without a secret no event is taken."),
    FIELD_LIST(struct payments_config, "secret_files", secret_files, .item_kind = FIELD_KIND_TEXT,
               .maximum = SECRETS_MAX,
               .summary = "Files whose first lines are further secrets; read at start and reload."),
    FIELD_INT(struct payments_config, "tolerance_s", tolerance_s, .minimum = 1, .maximum = DAY_S,
              .default_text = "300",
              .summary = "A signature's time may differ from the clock here by this much."),
    FIELD_BOOL(struct payments_config, "accept_discounts", accept_discounts, .default_text = "false",
               .summary = "Enrol also for less than the course's price, as coupons bring about; never for "
                          "more, and never in another currency."),
    FIELD_ENUM(
        struct payments_config, "refund_policy", refund_policy, .names = refund_policy_names,
        .default_text = "keep",
        .summary =
            "What a full refund does to the enrollment that its payment brought about, whichever of the "
            "two is heard of first; a refund in part does nothing."),
};
const struct schema payments_schema =
    SCHEMA("payments", struct payments_config, fields, .summary = "Payments through Stripe.");

bool config_read_payment_secrets(struct payments_config *payments, struct arena *arena, struct error *error) {
  size_t own = payments->secrets.count;
  if (payments->secret_files.count == 0) return error->code == ERROR_NONE;
  const char **secrets = arena_alloc_array(arena, own + payments->secret_files.count, sizeof *secrets);
  const char *const *files = payments->secret_files.items;
  if (secrets == NULL) return error_set_memory(error);
  if (own > 0) memcpy(secrets, payments->secrets.items, own * sizeof *secrets);
  for (size_t at = 0; at < payments->secret_files.count; at++)
    config_read_secret("payments.secret_files", files[at], arena, &secrets[own + at], error);
  payments->secrets = (struct field_list){.items = secrets, .count = own + payments->secret_files.count};
  return error->code == ERROR_NONE;
}

void config_check_payments(const struct payments_config *payments, struct error *error) {
  const char *const *secrets = payments->secrets.items;
  for (size_t at = 0; at < payments->secrets.count; at++)
    if (strlen(secrets[at]) < SECRET_BYTES_MIN)
      error_add_field(error, ERROR_MALFORMED, "payments.secrets", "has a secret of less than %d bytes",
                      SECRET_BYTES_MIN);
}
