#include <stdio.h>
#include <string.h>

#include "config/config_parts.h"

#include "base/banned.h"

#define SECRET_BYTES_MIN 32

static void check_workers(struct error *error, const struct config *config) {
  if (config->database.connections < config->workers.processes)
    error_add_field(error, ERROR_MALFORMED, "database.connections",
                    "must be at least workers.processes (%lld): each needs one",
                    (long long)config->workers.processes);
  if (config->database.transaction_timeout_ms >= config->workers.request_timeout_ms)
    error_add_field(error, ERROR_MALFORMED, "database.transaction_timeout_ms",
                    "must be less than workers.request_timeout_ms (%lld)",
                    (long long)config->workers.request_timeout_ms);
}

static void check_limits(struct error *error, const struct config *config) {
  if (config->http.bulk_body_bytes < config->http.body_bytes)
    error_add_field(error, ERROR_MALFORMED, "http.bulk_body_bytes", "must be at least http.body_bytes (%lld)",
                    (long long)config->http.body_bytes);
  if (config->workers.arena_bytes < config->http.bulk_body_bytes * 2)
    error_add_field(error, ERROR_MALFORMED, "workers.arena_bytes",
                    "must be at least twice http.bulk_body_bytes (%lld)",
                    (long long)config->http.bulk_body_bytes);
  if (config->answers.default_tokens > config->answers.max_tokens)
    error_add_field(error, ERROR_MALFORMED, "answers.default_tokens",
                    "must be at most answers.max_tokens (%lld)", (long long)config->answers.max_tokens);
}

static void check_health(struct error *error, const struct health_config *health) {
  if (health->score_failing_percent > health->score_degraded_percent)
    error_add_field(error, ERROR_MALFORMED, "health.score_failing_percent",
                    "must be at most health.score_degraded_percent (%lld)",
                    (long long)health->score_degraded_percent);
  if (health->drift_failing_percent < health->drift_degraded_percent)
    error_add_field(error, ERROR_MALFORMED, "health.drift_failing_percent",
                    "must be at least health.drift_degraded_percent (%lld)",
                    (long long)health->drift_degraded_percent);
  if (health->job_stalled_s < health->job_overdue_s)
    error_add_field(error, ERROR_MALFORMED, "health.job_stalled_s",
                    "must be at least health.job_overdue_s (%lld)", (long long)health->job_overdue_s);
}

static void check_retention(struct error *error, const struct config *config) {
  int64_t least = config->offline.max_age_days + RETENTION_LEDGER_MARGIN_DAYS;
  if (config->retention.ledger_days != 0 && config->retention.ledger_days < least)
    error_add_field(error, ERROR_MALFORMED, "retention.ledger_days",
                    "must be 0, or at least offline.max_age_days and a week more (%lld)", (long long)least);
  int64_t events_days = config->retention.webhook_events_days;
  int64_t waiting_days = config->retention.webhook_waiting_days;
  if (events_days != 0 && events_days < RETENTION_WEBHOOK_EVENTS_DAYS_MIN)
    error_add_field(error, ERROR_MALFORMED, "retention.webhook_events_days", "must be 0, or at least %d",
                    RETENTION_WEBHOOK_EVENTS_DAYS_MIN);
  if (waiting_days != 0 && waiting_days < events_days)
    error_add_field(error, ERROR_MALFORMED, "retention.webhook_waiting_days",
                    "must be 0, or at least retention.webhook_events_days (%lld)", (long long)events_days);
}

static void check_tls(struct error *error, const struct database_config *database) {
  if ((database->tls_cert == NULL) != (database->tls_key == NULL))
    error_add_field(error, ERROR_MALFORMED,
                    database->tls_cert == NULL ? "database.tls_cert" : "database.tls_key",
                    "is required: certificate and key belong together");
  bool unused = database->tls_ca != NULL || database->tls_cert != NULL;
  if (database->tls == TLS_MODE_OFF && unused)
    error_add_field(error, ERROR_MALFORMED, "database.tls",
                    "is off, but certificates are named: say required or verify");
}

static void check_key(struct error *error, const struct auth_config *auth, size_t at) {
  const struct auth_key_config *keys = auth->keys.items;
  const struct auth_key_config *key = &keys[at];
  char name[64];
  snprintf(name, sizeof name, "auth.keys[%zu]", at);
  if (key->algorithm == AUTH_HS256 && key->secret == NULL)
    error_add_field(error, ERROR_MALFORMED, name, "needs secret or secret_file, being HS256");
  if (key->algorithm == AUTH_HS256 && key->secret != NULL && strlen(key->secret) < SECRET_BYTES_MIN)
    error_add_field(error, ERROR_MALFORMED, name, "has a secret of less than %d bytes", SECRET_BYTES_MIN);
  if (key->algorithm == AUTH_HS256 && key->public_key_file != NULL)
    error_add_field(error, ERROR_MALFORMED, name, "has a public_key_file, but is HS256");
  if (key->algorithm != AUTH_HS256 && key->public_key_file == NULL)
    error_add_field(error, ERROR_MALFORMED, name, "needs public_key_file, being RS256 or ES256");
  if (key->algorithm != AUTH_HS256 && key->secret != NULL)
    error_add_field(error, ERROR_MALFORMED, name, "has a secret, but is RS256 or ES256");
  for (size_t before = 0; before < at; before++) {
    const char *kid = keys[before].kid;
    if (kid == key->kid || (kid != NULL && key->kid != NULL && strcmp(kid, key->kid) == 0))
      error_add_field(error, ERROR_MALFORMED, name,
                      kid == NULL ? "is the second one without kid" : "has the kid of another key");
  }
}

static void check_auth(struct error *error, const struct auth_config *auth) {
  for (size_t at = 0; at < auth->keys.count; at++)
    check_key(error, auth, at);
  if (auth->anonymous_secret != NULL && strlen(auth->anonymous_secret) < SECRET_BYTES_MIN)
    error_add_field(error, ERROR_MALFORMED, "auth.anonymous_secret", "has less than %d bytes",
                    SECRET_BYTES_MIN);
  if (auth->keys.count == 0 && auth->anonymous_secret == NULL)
    error_add_field(error, ERROR_MALFORMED, "auth.keys",
                    "is empty, and there is no anonymous_secret: nobody could sign in");
}

void config_check(const struct config *config, struct error *error) {
  check_workers(error, config);
  check_limits(error, config);
  check_retention(error, config);
  check_health(error, &config->health);
  check_tls(error, &config->database);
  check_auth(error, &config->auth);
  config_check_payments(&config->payments, error);
}
