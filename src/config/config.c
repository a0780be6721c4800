#include "config/config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/log.h"
#include "config/config_parts.h"

#include "base/banned.h"

#define HOSTS_MAX 8
#define KEYS_MAX 16
#define ORIGINS_MAX 64
#define ADDRESSES_MAX 32
#define LEVELS_MAX 100
#define PATH_MAX_TEXT 4096
#define NAME_MAX_TEXT 190
#define MINUTE_MS 60000
#define HOUR_MS 3600000
#define DAY_MS 86400000
#define DAYS_MAX 36500
#define DAY_S 86400
#define WEEK_S (7 * DAY_S)
#define YEAR_S 31536000
#define MIB 1048576

/* Values of the enums of config.h, in their order. */
static const char *const subject_names[] = {"id", "provider", NULL};
static const char *const algorithm_names[] = {"HS256", "RS256", "ES256", NULL};
static const char *const surplus_names[] = {"unattributed", "drop", NULL};
static const char *const tls_names[] = {"off", "required", "verify", NULL};

static bool complain(struct error *error, const char *message) {
  snprintf(error->message, sizeof error->message, "%s", message);
  return false;
}

static bool check_mode(const void *value, struct error *error) {
  const char *text = *(const char *const *)value;
  size_t digits = strspn(text, "01234567");
  if (text[digits] == '\0' && digits >= 3 && digits <= 4) return true;
  return complain(error, "must be a mode in octal, such as 0660");
}

static bool is_socket_path(const char *text) {
  return text[0] == '/' && strlen(text) < sizeof((struct sockaddr_un *)NULL)->sun_path;
}

static bool is_port(const char *text) {
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > 5 || text[digits] != '\0') return false;
  unsigned long port = strtoul(text, NULL, 10);
  return port >= 1 && port <= 65535;
}

/* host:port, [IPv6]:port; without a port where that is allowed. */
static bool is_address(const char *text, bool needs_port) {
  static const char in_names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  bool bracketed = *text == '[';
  size_t length = strspn(text + bracketed, bracketed ? "0123456789abcdefABCDEF:." : in_names);
  const char *behind = text + bracketed + length;
  if (bracketed && (length == 0 || *behind++ != ']')) return false;
  if (*behind == ':') return (length > 0 || needs_port) && is_port(behind + 1);
  return *behind == '\0' && length > 0 && !needs_port;
}

static bool check_listen(const void *value, struct error *error) {
  const char *text = *(const char *const *)value;
  if (is_socket_path(text) || is_address(text, true) || strcmp(text, "fd:systemd") == 0) return true;
  return complain(error, "must be the path of a Unix socket (at most 107 bytes), host:port, or fd:systemd");
}

static bool check_hosts(const void *value, struct error *error) {
  const struct field_list *list = value;
  const char *const *hosts = list->items;
  for (size_t at = 0; at < list->count; at++)
    if (!is_socket_path(hosts[at]) && !is_address(hosts[at], false))
      return complain(error, "must hold sockets' paths (at most 107 bytes), host or host:port");
  return true;
}

static bool check_origins(const void *value, struct error *error) {
  const struct field_list *list = value;
  const char *const *origins = list->items;
  for (size_t at = 0; at < list->count; at++) {
    const char *origin = origins[at];
    if (strcmp(origin, "*") == 0) continue;
    const char *host = strncmp(origin, "https://", 8) == 0 ? origin + 8 : origin + 7;
    bool has_scheme = host == origin + 8 || strncmp(origin, "http://", 7) == 0;
    if (has_scheme && *host != '\0' && strpbrk(host, "/ ?#") == NULL) continue;
    return complain(error, "must hold * or origins such as https://learn.example.org, without a path");
  }
  return true;
}

static bool check_addresses(const void *value, struct error *error) {
  const struct field_list *list = value;
  const char *const *addresses = list->items;
  unsigned char parsed[sizeof(struct in6_addr)];
  for (size_t at = 0; at < list->count; at++)
    if (inet_pton(AF_INET, addresses[at], parsed) != 1 && inet_pton(AF_INET6, addresses[at], parsed) != 1)
      return complain(error, "must hold IPv4 or IPv6 addresses");
  return true;
}

static bool check_levels(const void *value, struct error *error) {
  const struct field_list *list = value;
  const int64_t *points = list->items;
  for (size_t at = 0; at < list->count; at++)
    if (points[at] <= (at == 0 ? 0 : points[at - 1]))
      return complain(error, "must hold numbers above 0, each above the one before");
  return true;
}

#define ROW_TEXT(s, key, ...) FIELD_TEXT(struct s, #key, key, __VA_ARGS__)
#define ROW_INT(s, key, ...) FIELD_INT(struct s, #key, key, __VA_ARGS__)
#define ROW_BOOL(s, key, ...) FIELD_BOOL(struct s, #key, key, __VA_ARGS__)
#define ROW_ENUM(s, key, ...) FIELD_ENUM(struct s, #key, key, __VA_ARGS__)
#define ROW_LIST(s, key, ...) FIELD_LIST(struct s, #key, key, __VA_ARGS__)
#define ROW_PATH(s, key, ...) ROW_TEXT(s, key, .minimum = 1, .maximum = PATH_MAX_TEXT, __VA_ARGS__)

static const struct field listen_fields[] = {
    ROW_PATH(listen_config, socket, .default_text = "/run/lockstep/lockstep.sock", .check = check_listen,
             .summary = "Where nginx finds the service: a Unix socket's path, host:port, or fd:systemd for "
                        "the socket that systemd hands over."),
    ROW_TEXT(listen_config, mode, .default_text = "0660", .check = check_mode,
             .summary = "Mode of a Unix socket, in octal."),
    ROW_TEXT(listen_config, owner, .minimum = 1, .maximum = 64,
             .summary = "User who owns a Unix socket; the starting user where not given."),
    ROW_TEXT(listen_config, group, .minimum = 1, .maximum = 64,
             .summary =
                 "Group of a Unix socket, the one that nginx runs in; the starting user's where not given."),
    ROW_INT(listen_config, backlog, .minimum = 1, .maximum = 65535, .default_text = "511",
            .summary = "Connections that may wait to be accepted; the kernel's net.core.somaxconn caps it."),
};

static const struct field workers_fields[] = {
    ROW_INT(workers_config, processes, .minimum = 1, .maximum = 64, .default_text = "2",
            .summary = "Worker processes; one a processor core is a good beginning."),
    ROW_INT(workers_config, threads, .minimum = 1, .maximum = 128, .default_text = "8",
            .summary = "Requests that one process works on at a time."),
    ROW_INT(workers_config, max_requests, .minimum = 0, .maximum = 1000000000, .default_text = "0",
            .summary = "A worker is replaced after this many requests; 0: never."),
    ROW_INT(workers_config, request_timeout_ms, .minimum = 100, .maximum = HOUR_MS, .default_text = "30000",
            .summary = "A request that takes longer costs its worker process, which is replaced."),
    ROW_INT(workers_config, drain_timeout_ms, .minimum = 0, .maximum = HOUR_MS, .default_text = "10000",
            .summary = "On stop and reload, requests under way may take this long to finish."),
    ROW_INT(workers_config, read_timeout_ms, .minimum = 100, .maximum = HOUR_MS, .default_text = "10000",
            .summary = "A peer that falls silent within a request is given up after this time."),
    ROW_INT(workers_config, arena_bytes, .minimum = 65536, .maximum = 1073741824, .default_text = "67108864",
            .summary = "Memory that one request may use."),
};

static const struct field database_fields[] = {
    ROW_LIST(database_config, hosts, .item_kind = FIELD_KIND_TEXT, .minimum = 1, .maximum = HOSTS_MAX,
             .default_text = "/run/mysqld/mysqld.sock", .check = check_hosts,
             .summary = "Servers, tried in this order: a socket's path, host, or host:port."),
    ROW_TEXT(database_config, user, .minimum = 1, .maximum = NAME_MAX_TEXT, .default_text = "lockstep",
             .summary = "Database user."),
    ROW_TEXT(database_config, password, .flags = FIELD_SECRET, .maximum = 1024,
             .summary = "The user's password; better kept in password_file."),
    ROW_PATH(database_config, password_file,
             .summary = "File whose first line is the password; read at start and reload."),
    ROW_TEXT(database_config, name, .minimum = 1, .maximum = 64, .default_text = "lockstep",
             .summary = "Database name."),
    ROW_INT(database_config, connections, .minimum = 1, .maximum = 10000, .default_text = "16",
            .summary = "Connections over all worker processes together; below the server's max_connections."),
    ROW_INT(database_config, connect_timeout_ms, .minimum = 100, .maximum = MINUTE_MS, .default_text = "2000",
            .summary = "Time to connect to one server before the next is tried."),
    ROW_INT(database_config, query_timeout_ms, .minimum = 100, .maximum = HOUR_MS, .default_text = "10000",
            .summary = "A connection whose server is silent this long is given up."),
    ROW_INT(database_config, wait_timeout_ms, .minimum = 10, .maximum = MINUTE_MS, .default_text = "2000",
            .summary = "A request waits this long for a free connection, then it is answered 503."),
    ROW_INT(database_config, lifetime_ms, .minimum = 1000, .maximum = DAY_MS, .default_text = "1800000",
            .summary = "Age at which a connection is replaced, give or take a tenth."),
    ROW_INT(database_config, idle_check_ms, .minimum = 0, .maximum = HOUR_MS, .default_text = "5000",
            .summary = "A connection unused for longer is tested before it is used."),
    ROW_INT(database_config, transaction_timeout_ms, .minimum = 100, .maximum = MINUTE_MS,
            .default_text = "8000", .summary = "All tries of one learner transaction together."),
    ROW_ENUM(database_config, tls, .names = tls_names, .default_text = "off",
             .summary =
                 "required encrypts; verify also holds the server's certificate to tls_ca and its name."),
    ROW_PATH(database_config, tls_ca,
             .summary = "PEM file of the authorities that may vouch for the server."),
    ROW_PATH(database_config, tls_cert, .summary = "PEM file of the client's own certificate."),
    ROW_PATH(database_config, tls_key, .summary = "PEM file of the client's own key."),
};

static const struct field auth_key_fields[] = {
    ROW_TEXT(auth_key_config, kid, .minimum = 1, .maximum = NAME_MAX_TEXT,
             .summary = "The key's id in the tokens' header; without it, the key of tokens that name none."),
    ROW_ENUM(auth_key_config, algorithm, .names = algorithm_names, .default_text = "HS256",
             .summary = "The only algorithm that this key verifies, whatever a token's header says."),
    ROW_TEXT(auth_key_config, secret, .flags = FIELD_SECRET, .maximum = 1024,
             .summary = "HS256: the shared secret, at least 32 bytes; better kept in secret_file."),
    ROW_PATH(auth_key_config, secret_file, .summary = "HS256: file whose first line is the secret."),
    ROW_PATH(auth_key_config, public_key_file, .summary = "RS256 and ES256: PEM file of the public key."),
};

static const struct schema auth_key_schema = SCHEMA("AuthKeyConfig", struct auth_key_config, auth_key_fields,
                                                    .summary = "A key that verifies tokens.");

static const struct field auth_fields[] = {
    ROW_ENUM(auth_config, subject, .names = subject_names, .default_text = "id",
             .summary = "How a token's sub names the learner. id: users.id, as 7 or user_7. provider: the "
                        "provider's own subject; a learner is created on first sight."),
    ROW_LIST(auth_config, keys, .object = &auth_key_schema, .maximum = KEYS_MAX,
             .summary = "Keys that verify tokens. Several at once let keys rotate."),
    ROW_TEXT(auth_config, issuer, .minimum = 1, .maximum = NAME_MAX_TEXT,
             .summary = "Tokens must have this iss; not checked where not given."),
    ROW_TEXT(auth_config, audience, .minimum = 1, .maximum = NAME_MAX_TEXT,
             .summary = "Tokens must have this aud; not checked where not given."),
    ROW_INT(auth_config, leeway_s, .minimum = 0, .maximum = 300, .default_text = "30",
            .summary = "Clocks may differ by this much when exp and nbf are checked."),
    ROW_TEXT(
        auth_config, anonymous_secret, .flags = FIELD_SECRET, .maximum = 1024,
        .summary =
            "Lockstep's own key for anonymous learners, at least 32 bytes; none are admitted without it."),
    ROW_PATH(auth_config, anonymous_secret_file, .summary = "File whose first line is anonymous_secret."),
    ROW_INT(auth_config, anonymous_lifetime_s, .minimum = 60, .maximum = INT64_C(10) * YEAR_S,
            .default_text = "31536000", .summary = "How long an anonymous learner's token is good."),
    ROW_INT(auth_config, anonymous_per_minute, .minimum = 0, .maximum = 1000000, .default_text = "10",
            .summary = "Anonymous learners that one client address may create a minute."),
};

static const struct field http_fields[] = {
    ROW_LIST(http_config, cors_origins, .item_kind = FIELD_KIND_TEXT, .maximum = ORIGINS_MAX,
             .check = check_origins, .summary = "Origins whose pages may call the service, or *."),
    ROW_INT(http_config, body_bytes, .minimum = 1024, .maximum = INT64_C(64) * MIB, .default_text = "1048576",
            .summary = "Largest request body."),
    ROW_INT(http_config, bulk_body_bytes, .minimum = 1024, .maximum = INT64_C(64) * MIB,
            .default_text = "8388608", .summary = "Largest body of the endpoints that take batches."),
    ROW_INT(http_config, slow_ms, .minimum = 0, .maximum = HOUR_MS, .default_text = "500",
            .summary = "Requests that take longer are logged as slow."),
    ROW_LIST(http_config, metrics_from, .item_kind = FIELD_KIND_TEXT, .maximum = ADDRESSES_MAX,
             .default_text = "127.0.0.1,::1", .check = check_addresses,
             .summary = "Addresses that may read /metrics without a token."),
};

static const struct field progress_fields[] = {
    ROW_INT(progress_config, goal_tokens, .minimum = 1, .maximum = 1000000000, .default_text = "1000",
            .summary =
                "Tokens at which overall progress, and a module without a goal of its own, is complete."),
};

static const struct field profile_fields[] = {
    ROW_LIST(profile_config, evolution_levels, .item_kind = FIELD_KIND_INT, .maximum = LEVELS_MAX,
             .default_text = "1000,2500,5000,10000,20000,40000,80000,150000,300000", .check = check_levels,
             .summary =
                 "Points at which a learner's evolution level becomes 2, 3 and so on. A level that was "
                 "reached is kept when these rise."),
};

static const struct field answers_fields[] = {
    ROW_INT(answers_config, max_tokens, .minimum = 0, .maximum = 1000000, .default_text = "100",
            .summary = "Most tokens that one answer may earn where no exercise says."),
    ROW_INT(answers_config, default_tokens, .minimum = 0, .maximum = 1000000, .default_text = "1",
            .summary = "Tokens for a correct answer where neither exercise nor client says."),
    ROW_BOOL(answers_config, trust_client, .default_text = "true",
             .summary = "Take the client's word for answers to exercises that the server does not know."),
};

static const struct field offline_fields[] = {
    ROW_INT(offline_config, max_age_days, .minimum = 1, .maximum = 3650, .default_text = "90",
            .summary = "Oldest work that a client may bring in after being offline."),
};

static const struct field rules_fields[] = {
    ROW_PATH(rules_config, directory,
             .summary = "The rules that ship; by default where they were installed."),
    ROW_PATH(rules_config, site_directory, .default_text = "/etc/lockstep/rules.d",
             .summary = "The site's own rules; need not exist."),
    ROW_ENUM(rules_config, surplus, .names = surplus_names, .default_text = "unattributed",
             .summary = "What totals hold beyond their modules: keep it as a module of its own, or drop it."),
    ROW_BOOL(rules_config, enabled, .default_text = "true",
             .summary = "The one switch: false stops every repair; rules still find and report."),
};

static const struct field health_fields[] = {
    ROW_INT(health_config, pass_max_age_s, .minimum = 60, .maximum = YEAR_S, .default_text = "7200",
            .summary = "Degraded when the last pass over everybody ended longer ago; one runs every hour."),
    ROW_INT(health_config, sample_max_age_s, .minimum = 60, .maximum = YEAR_S, .default_text = "3600",
            .summary =
                "Degraded when the last sample was taken longer ago; one is taken every five minutes."),
    ROW_INT(health_config, score_degraded_percent, .minimum = 0, .maximum = 100, .default_text = "99",
            .summary = "Degraded when fewer learners are in step, in percent of all."),
    ROW_INT(health_config, score_failing_percent, .minimum = 0, .maximum = 100, .default_text = "80",
            .summary = "Failing when fewer learners are in step, in percent of all."),
    ROW_INT(health_config, drift_degraded_percent, .minimum = 0, .maximum = 100, .default_text = "1",
            .summary = "Degraded when more learners of the last sample are out of step, in percent."),
    ROW_INT(health_config, drift_failing_percent, .minimum = 0, .maximum = 100, .default_text = "20",
            .summary = "Failing when more learners of the last sample are out of step, in percent."),
    ROW_INT(health_config, job_overdue_s, .minimum = 1, .maximum = YEAR_S, .default_text = "900",
            .summary = "Degraded when a job that is due waits longer."),
    ROW_INT(health_config, job_stalled_s, .minimum = 1, .maximum = YEAR_S, .default_text = "7200",
            .summary = "Failing when a job that is due waits longer."),
};

static const struct field retention_fields[] = {
    ROW_INT(retention_config, jobs_days, .minimum = 0, .maximum = DAYS_MAX, .default_text = "30",
            .summary = "How long jobs that have ended are listed, in days; 0: for good, here and below."),
    ROW_INT(retention_config, results_days, .minimum = 0, .maximum = DAYS_MAX, .default_text = "30",
            .summary =
                "How long a pass keeps what it found; its score stays, and the last pass stays whole."),
    ROW_INT(retention_config, images_days, .minimum = 0, .maximum = DAYS_MAX, .default_text = "180",
            .summary =
                "How long a repair can be rolled back: after that its before-images and after-images go."),
    ROW_INT(retention_config, quarantine_days, .minimum = 0, .maximum = DAYS_MAX, .default_text = "365",
            .summary = "How long rows are kept whose parent was gone."),
    ROW_INT(retention_config, rejects_days, .minimum = 0, .maximum = DAYS_MAX, .default_text = "90",
            .summary =
                "How long items of offline clients that could not be taken are kept after somebody has "
                "resolved them."),
    ROW_INT(retention_config, notifications_days, .minimum = 0, .maximum = DAYS_MAX, .default_text = "90",
            .summary = "How long notifications are kept after they were read; 0: for ever."),
    ROW_INT(retention_config, conflicts_days, .minimum = 0, .maximum = DAYS_MAX, .default_text = "365",
            .summary =
                "How long conflicts between events are kept after they were settled or decided; what came of "
                "them stays, and so do those that wait."),
    ROW_INT(retention_config, webhook_events_days, .minimum = 0, .maximum = DAYS_MAX, .default_text = "30",
            .summary =
                "How long the payment provider's events are kept as received, with the names and addresses "
                "in them; at least 4, because they are delivered again for three days. What a payment "
                "came to stays."),
    ROW_INT(retention_config, webhook_waiting_days, .minimum = 0, .maximum = DAYS_MAX, .default_text = "365",
            .summary =
                "The same of those that wait for somebody (unassigned, unknown_learner, unknown_course, "
                "unreadable, mismatch); at least webhook_events_days."),
    ROW_INT(retention_config, attempts_days, .minimum = 0, .maximum = DAYS_MAX, .default_text = "0",
            .summary =
                "How long attempts stay where they were made; the job archive_attempts moves older ones "
                "to attempts_archive. Totals, statistics and streaks stay as they are."),
    ROW_INT(retention_config, ledger_days, .minimum = 0, .maximum = DAYS_MAX, .default_text = "0",
            .summary = "Older entries of a learner's history are folded into one that carries their sums; at "
                       "least offline.max_age_days and a week more."),
};

static const struct field sync_fields[] = {
    ROW_INT(sync_config, processes, .minimum = 1, .maximum = 16, .default_text = "1",
            .summary = "Processes of lockstep-sync that work on jobs."),
    ROW_INT(sync_config, threads, .minimum = 1, .maximum = 32, .default_text = "2",
            .summary = "Jobs that one process works on at a time. Each process has 2 * threads + 2 database "
                       "connections of its own, beside database.connections."),
    ROW_INT(sync_config, poll_ms, .minimum = 1, .maximum = MINUTE_MS, .default_text = "5",
            .summary = "How often a process without work looks for jobs that are due."),
    ROW_INT(sync_config, lease_ms, .minimum = 1000, .maximum = HOUR_MS, .default_text = "10000",
            .summary = "The jobs of a worker that was silent this long go to others."),
    ROW_INT(sync_config, batch, .minimum = 1, .maximum = 200, .default_text = "16",
            .summary =
                "Most jobs that a thread claims at once; of kinds that take longer than moments, one."),
    ROW_INT(sync_config, drain_timeout_ms, .minimum = 0, .maximum = HOUR_MS, .default_text = "10000",
            .summary = "On stop and reload, transactions under way may take this long to finish."),
    ROW_PATH(sync_config, pid, .default_text = "/run/lockstep/lockstep-sync.pid",
             .summary = "Process id of lockstep-sync."),
};

static const struct field analytics_fields[] = {
    ROW_INT(analytics_config, refresh_after_s, .minimum = 0, .maximum = YEAR_S, .default_text = "30",
            .summary =
                "Figures that are older than this when an administrator looks at them are counted anew, "
                "by the job refresh_analytics, for the next look; 0: only on schedule."),
};

static bool check_socket(const void *value, struct error *error) {
  if (is_socket_path(*(const char *const *)value)) return true;
  return complain(error, "must be the path of a Unix socket (at most 107 bytes)");
}

static const struct field live_fields[] = {
    ROW_PATH(live_config, socket, .default_text = "/run/lockstep/live.sock", .check = check_socket,
             .summary = "Where nginx finds lockstep-live: a Unix socket's path."),
    ROW_TEXT(live_config, mode, .default_text = "0660", .check = check_mode,
             .summary = "Mode of that socket, in octal."),
    ROW_TEXT(live_config, group, .minimum = 1, .maximum = 64,
             .summary =
                 "Group of that socket, the one that nginx runs in; the starting user's where not given."),
    ROW_PATH(live_config, wake, .default_text = "/run/lockstep/wake.sock", .check = check_socket,
             .summary =
                 "Where lockstep-fcgi and lockstep-sync on this host tell it at once of what changed; what "
                 "they cannot tell, it finds by looking."),
    ROW_INT(live_config, connections, .minimum = 1, .maximum = 100000, .default_text = "10000",
            .summary = "Most connections at once."),
    ROW_INT(live_config, scan_ms, .minimum = 10, .maximum = MINUTE_MS, .default_text = "200",
            .summary = "How often the revisions of all connected learners are compared."),
    ROW_INT(live_config, heartbeat_s, .minimum = 1, .maximum = 60, .default_text = "15",
            .summary =
                "How often each client is told that the channel lives. One that answers nothing for three "
                "times as long is gone."),
    ROW_INT(
        live_config, tickets_per_minute, .minimum = 1, .maximum = 1000000, .default_text = "60",
        .summary =
            "Tickets that one learner may ask for a minute. Each is written to the database; who comes again "
            "a few times, with several devices, needs some of them."),
    ROW_PATH(live_config, pid, .default_text = "/run/lockstep/lockstep-live.pid",
             .summary = "Process id of lockstep-live."),
};

static const struct field log_fields[] = {
    ROW_ENUM(log_config, level, .names = log_level_names, .default_text = "info",
             .summary = "Least severity that is logged."),
    ROW_PATH(log_config, file, .summary = "Log file, reopened on USR1; standard error where not given."),
};

static const struct field paths_fields[] = {
    ROW_PATH(paths_config, scoreboard, .default_text = "/run/lockstep/scoreboard",
             .summary = "What the workers are doing, for lockstepctl status."),
    ROW_PATH(paths_config, pid, .default_text = "/run/lockstep/lockstep.pid",
             .summary = "The master's process id."),
    ROW_PATH(paths_config, migrations, .summary = "The migrations; by default where they were installed."),
};

static const struct field events_fields[] = {
    ROW_INT(events_config, duplicate_window_s, .minimum = 0, .maximum = 3600, .default_text = "60",
            .summary = "Two events that say the same of an activity are one when no more lies between them."),
    ROW_INT(events_config, occasion_window_s, .minimum = 60, .maximum = WEEK_S, .default_text = "43200",
            .summary =
                "Events of different systems about one activity speak of the same occasion when no more "
                "lies between them."),
    ROW_INT(events_config, time_tolerance_percent, .minimum = 0, .maximum = 100, .default_text = "20",
            .summary = "Figures that two events state of one occasion agree when they differ by no more."),
    ROW_INT(events_config, settle_confidence_percent, .minimum = 0, .maximum = 101, .default_text = "80",
            .summary =
                "A conflict is settled by itself where the suggested resolution is at least so sure; 101: "
                "never."),
    ROW_PATH(events_config, achievements,
             .summary = "Achievements and milestones that ship; by default where they were installed."),
    ROW_PATH(events_config, site_achievements, .default_text = "/etc/lockstep/achievements.d",
             .summary = "The site's own achievements and milestones; need not exist."),
    ROW_INT(events_config, retry_s, .minimum = 1, .maximum = 3600, .default_text = "5",
            .summary =
                "An event whose processing failed is tried again after so long, then twice as long, and so "
                "on."),
    ROW_INT(events_config, retries, .minimum = 0, .maximum = 20, .default_text = "8",
            .summary = "So often; then it waits for somebody to reprocess it."),
    ROW_INT(events_config, delayed_s, .minimum = 1, .maximum = DAY_S, .default_text = "5",
            .summary = "Systems are delayed when an event between them waits longer."),
    ROW_INT(events_config, failed_s, .minimum = 1, .maximum = DAY_S, .default_text = "300",
            .summary = "And failed when it waits longer than this, or was given up."),
    ROW_INT(
        events_config, look_s, .minimum = 0, .maximum = DAY_S, .default_text = "60",
        .summary =
            "A read asks the rules of `on-read: events` where rows of the systems changed since they were "
            "last in step, and in any case when that was so long ago; 0: each time."),
};

#define SECTION(section, section_summary) \
  static const struct schema section##_schema = \
      SCHEMA(#section, struct section##_config, section##_fields, .summary = section_summary);

SECTION(listen, "The socket that nginx speaks FastCGI to.")
SECTION(workers, "Processes and threads, and how long they may take.")
SECTION(database, "MySQL or MariaDB, and the connections to it.")
SECTION(auth, "Who may call: keys, tokens and anonymous learners.")
SECTION(http, "Requests and replies.")
SECTION(progress, "What counts as complete.")
SECTION(profile, "What a learner's profile shows.")
SECTION(answers, "How answers are graded and priced.")
SECTION(offline, "Clients that were offline.")
SECTION(rules, "Consistency rules and repairs.")
SECTION(health, "What counts as degraded and as failing at /api/sync/health.")
SECTION(retention, "What is kept for how long; the job prune removes the rest.")
SECTION(sync, "lockstep-sync, the worker on the jobs table.")
SECTION(analytics, "The figures of an administrator's dashboard.")
SECTION(live, "lockstep-live, which pushes changes to browsers.")
SECTION(events, "Progress events: conflicts, achievements, retries, health.")
SECTION(log, "The log.")
SECTION(paths, "Files of the running service.")

#define ROW_SECTION(section) FIELD_OBJECT(struct config, #section, section, .object = &section##_schema)

static const struct field config_fields[] = {
    ROW_SECTION(listen),  ROW_SECTION(workers),  ROW_SECTION(database),  ROW_SECTION(auth),
    ROW_SECTION(http),    ROW_SECTION(progress), ROW_SECTION(answers),   ROW_SECTION(profile),
    ROW_SECTION(offline), ROW_SECTION(rules),    ROW_SECTION(health),    ROW_SECTION(retention),
    ROW_SECTION(sync),    ROW_SECTION(payments), ROW_SECTION(analytics), ROW_SECTION(log),
    ROW_SECTION(live),    ROW_SECTION(events),   ROW_SECTION(paths),
};

const struct schema config_schema =
    SCHEMA("Config", struct config, config_fields, .summary = "The whole file.");
