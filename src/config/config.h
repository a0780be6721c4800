/* The YAML file as one struct. What each key means stands in the field table (config.c), from
 * which docs/configuration.md is printed. Loaded once a process, read-only afterwards. */
#ifndef LOCKSTEP_CONFIG_CONFIG_H
#define LOCKSTEP_CONFIG_CONFIG_H

#include "base/arena.h"
#include "base/buffer.h"
#include "schema/field.h"

enum auth_subject { AUTH_SUBJECT_ID, AUTH_SUBJECT_PROVIDER };
enum auth_algorithm { AUTH_HS256, AUTH_RS256, AUTH_ES256 };
enum rules_surplus { RULES_SURPLUS_UNATTRIBUTED, RULES_SURPLUS_DROP };
enum refund_policy { REFUND_KEEP, REFUND_UNENROLL };
enum tls_mode { TLS_MODE_OFF, TLS_MODE_REQUIRED, TLS_MODE_VERIFY };

struct listen_config {
  const char *socket; /* Unix path, or host:port, or fd:systemd (the first descriptor handed over) */
  const char *mode;   /* octal, for a Unix socket: "0660" */
  const char *owner;  /* user name or NULL */
  const char *group;  /* group name or NULL */
  int64_t backlog;
};

struct workers_config {
  int64_t processes;
  int64_t threads;            /* a process */
  int64_t max_requests;       /* recycle a process after so many, 0: never */
  int64_t request_timeout_ms; /* a request that takes longer costs its worker process */
  int64_t drain_timeout_ms;   /* TERM/QUIT/HUP: let requests finish this long, then escalate */
  int64_t read_timeout_ms;    /* a peer silent within a request */
  int64_t arena_bytes;        /* memory one request may use */
};

struct database_config {
  struct field_list hosts; /* const char *: "host:port" or a socket's path; tried in order */
  const char *user;
  const char *password;
  const char *password_file; /* read at start and reload; its first line */
  const char *name;
  int64_t connections; /* over all worker processes together */
  int64_t connect_timeout_ms;
  int64_t query_timeout_ms;       /* socket read and write */
  int64_t wait_timeout_ms;        /* for a free connection, then 503 */
  int64_t lifetime_ms;            /* of a connection, ± 10 % */
  int64_t idle_check_ms;          /* idle longer than this: ping before use */
  int64_t transaction_timeout_ms; /* all tries of one learner transaction together */
  int64_t
      idle_limit_s; /* not in the file: the server ends a session that is silent so long; 0: its own limit */
  int tls;          /* enum tls_mode */
  const char *tls_ca;
  const char *tls_cert;
  const char *tls_key;
};

struct auth_key_config {
  const char *kid;    /* NULL: tokens without kid */
  int algorithm;      /* enum auth_algorithm; pinned, the token's header has no say */
  const char *secret; /* HS256, at least 32 bytes */
  const char *secret_file;
  const char *public_key_file; /* RS256, ES256: PEM */
};

struct auth_config {
  int subject;            /* enum auth_subject */
  struct field_list keys; /* struct auth_key_config */
  const char *issuer;     /* NULL: not checked */
  const char *audience;   /* NULL: not checked */
  int64_t leeway_s;
  const char
      *anonymous_secret; /* Lockstep's own key for anonymous learners, at least 32 bytes; NULL: none minted */
  const char *anonymous_secret_file;
  int64_t anonymous_lifetime_s;
  int64_t anonymous_per_minute; /* tokens minted for one client address a minute */
};

struct http_config {
  struct field_list cors_origins; /* const char *: exact origins, or "*" */
  int64_t body_bytes;             /* 1 MiB */
  int64_t bulk_body_bytes;        /* 8 MiB */
  int64_t slow_ms;                /* slow log */
  struct field_list metrics_from; /* const char *: addresses that may read /metrics without a token */
};

struct progress_config {
  int64_t goal_tokens; /* completion of `overall`, and of a module without a goal */
};

struct answers_config {
  int64_t max_tokens;     /* one answer may earn, where no exercise says */
  int64_t default_tokens; /* a correct answer earns where neither exercise nor client says */
  bool trust_client;
};

struct profile_config {
  struct field_list evolution_levels; /* int64_t: the points at which level 2 begins, then 3, and so on */
};

struct offline_config {
  int64_t max_age_days;
};

struct rules_config {
  const char *directory;      /* the rules that ship */
  const char *site_directory; /* the site's own; need not exist */
  int surplus;                /* enum rules_surplus */
  bool enabled;               /* the one switch that stops every repair */
  /* What the section payments says, for the rules that ask. */
  bool accept_discounts;
  bool refunds_unenroll;
};

struct payments_config {
  struct field_list secrets;      /* const char *; once loaded, those of secret_files are among them */
  struct field_list secret_files; /* const char * */
  int64_t tolerance_s;
  bool accept_discounts;
  int refund_policy; /* enum refund_policy */
};

/* What /api/sync/health takes for degraded and failing. */
struct health_config {
  int64_t pass_max_age_s;
  int64_t sample_max_age_s;
  int64_t score_degraded_percent; /* below */
  int64_t score_failing_percent;
  int64_t drift_degraded_percent; /* above */
  int64_t drift_failing_percent;
  int64_t job_overdue_s;
  int64_t job_stalled_s;
};

/* In days; 0: kept for good. */
struct retention_config {
  int64_t jobs_days;
  int64_t results_days;
  int64_t images_days;
  int64_t quarantine_days;
  int64_t rejects_days;
  int64_t notifications_days;   /* once read */
  int64_t conflicts_days;       /* once resolved */
  int64_t webhook_events_days;  /* at least RETENTION_WEBHOOK_EVENTS_DAYS_MIN */
  int64_t webhook_waiting_days; /* at least that */
  int64_t ledger_days;          /* at least offline.max_age_days + RETENTION_LEDGER_MARGIN_DAYS */
  int64_t mutations_days;       /* not in the file: exactly that */
  int64_t attempts_days;        /* then they leave for attempts_archive */
};
/* An operation's id is known for longer than a client may come with it, also where clocks differ. */
#define RETENTION_LEDGER_MARGIN_DAYS 7
/* A day of a learner's begins and ends up to a day from UTC's. */
#define RETENTION_SHOWN_MARGIN_DAYS 2
/* The payment provider delivers an event again for three days. */
#define RETENTION_WEBHOOK_EVENTS_DAYS_MIN 4

/* lockstep-sync, which works on the jobs table. */
struct sync_config {
  int64_t processes;
  int64_t threads;          /* a process */
  int64_t poll_ms;          /* how often an idle process looks for jobs that are due */
  int64_t lease_ms;         /* a worker that is silent so long has lost its jobs */
  int64_t batch;            /* small jobs that a thread claims at once */
  int64_t drain_timeout_ms; /* TERM/QUIT/HUP: a transaction in hand may take so long, then escalate */
  const char *pid;          /* the master's pid */
};

/* What /api/admin/analytics shows. */
struct analytics_config {
  int64_t refresh_after_s; /* 0: looking has nothing counted */
};

/* lockstep-live, which pushes changes to browsers. */
struct live_config {
  const char *socket; /* where nginx finds it */
  const char *mode;
  const char *group; /* NULL: the starting user's */
  const char *wake;  /* where whoever writes tells of it */
  int64_t connections;
  int64_t scan_ms;
  int64_t heartbeat_s;
  int64_t tickets_per_minute; /* for one learner */
  const char *pid;
};

/* Progress events: what counts as the same occasion, and what is settled without asking (docs/conflicts.md).
 */
struct events_config {
  int64_t duplicate_window_s;        /* two tellings of one thing lie at most so far apart */
  int64_t occasion_window_s;         /* and two systems that tell of one occasion */
  int64_t time_tolerance_percent;    /* figures of two tellings that differ by no more agree */
  int64_t settle_confidence_percent; /* a conflict is settled by itself from here on */
  const char *achievements;          /* directory of the definitions that ship */
  const char *site_achievements;     /* and of the site's own; need not exist */
  int64_t retry_s;                   /* before a failed event is tried again; doubled each time */
  int64_t retries;                   /* then it waits for a person */
  int64_t delayed_s;                 /* health: an event that waits longer makes its pairs delayed */
  int64_t failed_s;                  /* and failed */
  int64_t look_s;                    /* after so long what others wrote is looked for in any case */
};

struct log_config {
  int level;        /* enum log_level */
  const char *file; /* NULL: stderr */
};

struct paths_config {
  const char *scoreboard; /* file of the shared scoreboard, read by lockstepctl status */
  const char *pid;        /* the master's pid */
  const char *migrations;
};

struct config {
  struct listen_config listen;
  struct workers_config workers;
  struct database_config database;
  struct auth_config auth;
  struct http_config http;
  struct progress_config progress;
  struct answers_config answers;
  struct profile_config profile;
  struct offline_config offline;
  struct rules_config rules;
  struct health_config health;
  struct retention_config retention;
  struct sync_config sync;
  struct live_config live;
  struct events_config events;
  struct payments_config payments;
  struct analytics_config analytics;
  struct log_config log;
  struct paths_config paths;
  char digest[17]; /* hex, of the effective values; part of every ETag */
};

extern const struct schema config_schema;

/* Reads, checks and completes (secret files read in). All complaints at once in error->fields.
 * Everything lives in the arena. */
bool config_load(const char *path, struct arena *arena, struct config *ret_config,
                 struct error *error) WARN_UNUSED;

/* The effective values as YAML, secrets masked. */
void config_print(const struct config *config, struct buffer *buffer);

/* docs/configuration.md */
void config_print_reference(struct buffer *buffer);

#endif
