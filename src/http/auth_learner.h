/* The learners behind subjects: the provider's, and those that have no provider yet. */
#ifndef LOCKSTEP_HTTP_AUTH_LEARNER_H
#define LOCKSTEP_HTTP_AUTH_LEARNER_H

#include "http/auth.h"

/* The users.id of a provider's subject. 0: never seen. */
bool auth_learner_find(struct request *request, const char *subject, struct error *error,
                       uint64_t *ret_user_id) WARN_UNUSED;
/* The same, made on first sight with role, name and zone of the claims. */
bool auth_learner_provision(struct request *request, const struct auth_claims *claims, struct error *error,
                            uint64_t *ret_user_id) WARN_UNUSED;
/* A new anonymous learner. `time_zone` is a known zone. */
bool auth_learner_create_anonymous(struct request *request, const char *time_zone, struct error *error,
                                   uint64_t *ret_user_id) WARN_UNUSED;

#endif
