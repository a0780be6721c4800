/* The steps of config_load that follow the decoding. Inside this room only. */
#ifndef LOCKSTEP_CONFIG_CONFIG_PARTS_H
#define LOCKSTEP_CONFIG_CONFIG_PARTS_H

#include "config/config.h"

/* Rules that involve more than one key. Complaints are added to `error`. Secrets are in place. */
void config_check(const struct config *config, struct error *error);

/* The first line of the file `path`, as `secret`; nothing where path is NULL. Complains where the secret
 * is given already, or cannot be read. */
void config_read_secret(const char *key, const char *path, struct arena *arena, const char **secret,
                        struct error *error);

/* config_payments.c: the section payments. */
extern const struct schema payments_schema;
bool config_read_payment_secrets(struct payments_config *payments, struct arena *arena,
                                 struct error *error) WARN_UNUSED;
void config_check_payments(const struct payments_config *payments, struct error *error);

/* Hex digits of the SHA-256 of the values as they are printed, so without the secrets: the digest
 * travels to clients in ETags. */
bool config_set_digest(struct config *config, struct error *error) WARN_UNUSED;

#endif
