/* The steps of config_load that follow the decoding. Inside this room only. */
#ifndef LOCKSTEP_CONFIG_CONFIG_PARTS_H
#define LOCKSTEP_CONFIG_CONFIG_PARTS_H

#include "config/config.h"

/* Rules that involve more than one key. Complaints are added to `error`. Secrets are in place. */
void config_check(const struct config *config, struct error *error);

/* Hex digits of the SHA-256 of the values as they are printed, so without the secrets: the digest
 * travels to clients in ETags. */
bool config_set_digest(struct config *config, struct error *error) WARN_UNUSED;

#endif
