#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "config/config.h"
#include "schema/decode.h"

#include "base/banned.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define LEAST "auth:\n  anonymous_secret: " SECRET "\n"

struct fixture {
  struct arena *arena;
  struct config got;
  struct error error;
  char directory[64];
  char path[96];
};

static int setup(void **state) {
  struct fixture *fixture = calloc(1, sizeof *fixture);
  fixture->arena = arena_new((size_t)4 << 20);
  snprintf(fixture->directory, sizeof fixture->directory, "%s", "/tmp/lockstep-config-XXXXXX");
  if (mkdtemp(fixture->directory) == NULL) return -1;
  snprintf(fixture->path, sizeof fixture->path, "%s/l.yaml", fixture->directory);
  *state = fixture;
  return 0;
}

static int teardown(void **state) {
  struct fixture *fixture = *state;
  char path[128];
  static const char *const names[] = {"l.yaml", "one", "two"};
  for (size_t at = 0; at < ARRAY_LENGTH(names); at++) {
    snprintf(path, sizeof path, "%s/%s", fixture->directory, names[at]);
    (void)unlink(path);
  }
  (void)rmdir(fixture->directory);
  arena_free(fixture->arena);
  free(fixture);
  return 0;
}

static void write_file(struct fixture *fixture, const char *name, const char *text, size_t bytes) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", fixture->directory, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, bytes, file), bytes);
  assert_int_equal(fclose(file), 0);
}

/* `%s` in the text is the test's directory. */
static bool load(struct fixture *fixture, const char *text) {
  char *whole = arena_strdup(fixture->arena, "");
  for (const char *at = text; *at != '\0';) {
    size_t plain = strcspn(at, "%");
    char *piece = arena_strndup(fixture->arena, at, plain);
    at += plain;
    whole = arena_printf(fixture->arena, "%s%s%s", whole, piece, *at == '%' ? fixture->directory : "");
    if (*at == '%') at += 2;
  }
  write_file(fixture, "l.yaml", whole, strlen(whole));
  memset(&fixture->got, 0, sizeof fixture->got);
  error_clear(&fixture->error);
  return config_load(fixture->path, fixture->arena, &fixture->got, &fixture->error);
}

static struct config *loads(struct fixture *fixture, const char *text) {
  if (!load(fixture, text)) fail_msg("%s\nrefused: %s", text, fixture->error.message);
  return &fixture->got;
}

static void refuses(struct fixture *fixture, const char *text, const char *field, const char *message) {
  if (load(fixture, text)) fail_msg("%s\naccepted", text);
  assert_int_equal(fixture->error.code, ERROR_MALFORMED);
  assert_int_equal(fixture->error.field_count, 1);
  const char *got = fixture->error.fields[0].field;
  const char *place = strchr(got, ':'); /* file:line:column: key, or the key alone */
  if (strcmp(place == NULL ? got : place, field) != 0) assert_string_equal(got, field);
  assert_string_equal(fixture->error.fields[0].message, message);
  assert_int_equal(fixture->got.workers.threads, 0);
}

static void test_the_least_configuration(void **state) {
  struct config *config = loads(*state, LEAST);
  assert_string_equal(config->listen.socket, "/run/lockstep/lockstep.sock");
  assert_string_equal(config->listen.mode, "0660");
  assert_null(config->listen.group);
  assert_int_equal(config->workers.processes, 2);
  assert_int_equal(config->database.hosts.count, 1);
  assert_null(config->database.password);
  assert_int_equal(config->database.tls, TLS_MODE_OFF);
  assert_int_equal(config->auth.subject, AUTH_SUBJECT_ID);
  assert_int_equal(config->auth.keys.count, 0);
  assert_int_equal(config->http.body_bytes, 1024 * 1024);
  assert_int_equal(config->http.bulk_body_bytes, 8 * 1024 * 1024);
  assert_int_equal(config->http.cors_origins.count, 0);
  assert_int_equal(config->progress.goal_tokens, 1000);
  assert_int_equal(config->profile.evolution_levels.count, 9);
  assert_int_equal(((const int64_t *)config->profile.evolution_levels.items)[8], 300000);
  assert_true(config->answers.trust_client);
  assert_int_equal(config->offline.max_age_days, 90);
  assert_int_equal(config->rules.surplus, RULES_SURPLUS_UNATTRIBUTED);
  assert_true(config->rules.enabled);
  assert_non_null(config->rules.directory);
  assert_non_null(config->paths.migrations);
  assert_int_equal(config->log.level, LOG_LEVEL_INFO);
  assert_int_equal(strlen(config->digest), 16);
}

/* Names stand in the order of the enums that handlers compare with. */
static void test_names_and_enums(void **state) {
  struct config *config =
      loads(*state, "auth:\n  subject: provider\n  keys:\n    - {kid: a, algorithm: HS256, secret: " SECRET
                    "}\n    - {kid: b, algorithm: RS256, public_key_file: /b}\n"
                    "    - {kid: c, algorithm: ES256, public_key_file: /c}\n"
                    "rules: {surplus: drop}\nlog: {level: error}\ndatabase: {tls: verify}\n");
  const struct auth_key_config *keys = config->auth.keys.items;
  assert_int_equal(config->auth.subject, AUTH_SUBJECT_PROVIDER);
  assert_int_equal(keys[0].algorithm, AUTH_HS256);
  assert_int_equal(keys[1].algorithm, AUTH_RS256);
  assert_int_equal(keys[2].algorithm, AUTH_ES256);
  assert_int_equal(config->rules.surplus, RULES_SURPLUS_DROP);
  assert_int_equal(config->log.level, LOG_LEVEL_ERROR);
  assert_int_equal(config->database.tls, TLS_MODE_VERIFY);
  assert_int_equal(loads(*state, LEAST "database: {tls: required}")->database.tls, TLS_MODE_REQUIRED);
}

static void test_secrets_from_files(void **state) {
  struct fixture *fixture = *state;
  write_file(fixture, "one", "pass word \nsecond line\n", 23);
  write_file(fixture, "two", SECRET "\r\n", sizeof SECRET + 1);
  struct config *config =
      loads(fixture, "database: {password_file: %s/one}\n"
                     "auth: {anonymous_secret_file: %s/two, keys: [{secret_file: %s/two}]}\n");
  assert_string_equal(config->database.password, "pass word ");
  assert_string_equal(config->auth.anonymous_secret, SECRET);
  assert_string_equal(((struct auth_key_config *)config->auth.keys.items)[0].secret, SECRET);
}

static void test_secret_files_that_do_not_serve(void **state) {
  struct fixture *fixture = *state;
  char large[5000];
  memset(large, 'x', sizeof large);
  write_file(fixture, "one", large, sizeof large);
  write_file(fixture, "two", "\nsecond\n", 8);
  refuses(fixture, LEAST "database: {password: a, password_file: /nowhere}", "database.password",
          "is given twice: in the configuration and in /nowhere");
  refuses(fixture, LEAST "database: {password_file: /nowhere}", "database.password",
          "cannot be read from /nowhere: No such file or directory");
  refuses(fixture, LEAST "database: {password_file: /}", "database.password",
          "cannot be read from /: Is a directory");
  assert_false(load(fixture, LEAST "database: {password_file: %s/one}"));
  assert_non_null(strstr(fixture->error.message, "File too large"));
  assert_false(load(fixture, LEAST "database: {password_file: %s/two}"));
  assert_non_null(strstr(fixture->error.message, "its first line is empty"));
}

static void test_keys_that_contradict_each_other(void **state) {
  struct fixture *fixture = *state;
  refuses(fixture, "{}", "auth.keys", "is empty, and there is no anonymous_secret: nobody could sign in");
  refuses(fixture, "auth: {anonymous_secret: short}", "auth.anonymous_secret", "has less than 32 bytes");
  refuses(fixture, "auth: {keys: [{kid: a}]}", "auth.keys[0]", "needs secret or secret_file, being HS256");
  refuses(fixture, "auth: {keys: [{secret: short}]}", "auth.keys[0]", "has a secret of less than 32 bytes");
  refuses(fixture, "auth: {keys: [{secret: " SECRET ", public_key_file: /a}]}", "auth.keys[0]",
          "has a public_key_file, but is HS256");
  refuses(fixture, "auth: {keys: [{algorithm: RS256}]}", "auth.keys[0]",
          "needs public_key_file, being RS256 or ES256");
  refuses(fixture, "auth: {keys: [{algorithm: ES256, public_key_file: /a, secret: " SECRET "}]}",
          "auth.keys[0]", "has a secret, but is RS256 or ES256");
  refuses(fixture, "auth: {keys: [{secret: " SECRET "}, {secret: " SECRET "}]}", "auth.keys[1]",
          "is the second one without kid");
  refuses(fixture, "auth: {keys: [{kid: a, secret: " SECRET "}, {kid: a, secret: " SECRET "}]}",
          "auth.keys[1]", "has the kid of another key");
  refuses(fixture, LEAST "workers: {processes: 20}", "database.connections",
          "must be at least workers.processes (20): each needs one");
  refuses(fixture, LEAST "workers: {request_timeout_ms: 8000}", "database.transaction_timeout_ms",
          "must be less than workers.request_timeout_ms (8000)");
  refuses(fixture, LEAST "http: {body_bytes: 8388609}", "http.bulk_body_bytes",
          "must be at least http.body_bytes (8388609)");
  refuses(fixture, LEAST "workers: {arena_bytes: 16777215}", "workers.arena_bytes",
          "must be at least twice http.bulk_body_bytes (8388608)");
  refuses(fixture, LEAST "answers: {default_tokens: 101}", "answers.default_tokens",
          "must be at most answers.max_tokens (100)");
  refuses(fixture, LEAST "retention: {ledger_days: 96}", "retention.ledger_days",
          "must be 0, or at least offline.max_age_days and a week more (97)");
  assert_int_equal(loads(fixture, LEAST "retention: {ledger_days: 97}")->retention.ledger_days, 97);
  refuses(fixture, LEAST "retention: {webhook_events_days: 3}", "retention.webhook_events_days",
          "must be 0, or at least 4");
  refuses(fixture, LEAST "retention: {webhook_events_days: 40, webhook_waiting_days: 39}",
          "retention.webhook_waiting_days", "must be 0, or at least retention.webhook_events_days (40)");
  assert_int_equal(
      loads(fixture, LEAST "retention: {webhook_events_days: 4}")->retention.webhook_waiting_days, 365);
  refuses(fixture, LEAST "health: {score_failing_percent: 100}", "health.score_failing_percent",
          "must be at most health.score_degraded_percent (99)");
  refuses(fixture, LEAST "health: {drift_failing_percent: 0}", "health.drift_failing_percent",
          "must be at least health.drift_degraded_percent (1)");
  refuses(fixture, LEAST "health: {job_overdue_s: 7201}", "health.job_stalled_s",
          "must be at least health.job_overdue_s (7201)");
  refuses(fixture, LEAST "database: {tls: verify, tls_cert: /a}", "database.tls_key",
          "is required: certificate and key belong together");
  refuses(fixture, LEAST "database: {tls: required, tls_key: /a}", "database.tls_cert",
          "is required: certificate and key belong together");
  refuses(fixture, LEAST "database: {tls_ca: /a}", "database.tls",
          "is off, but certificates are named: say required or verify");
}

static void test_values_with_a_form(void **state) {
  struct fixture *fixture = *state;
  static const char *const modes[] = {"'0680'", "rw", "''", "07777", "66", "'0660 '"};
  for (size_t at = 0; at < ARRAY_LENGTH(modes); at++)
    refuses(fixture, arena_printf(fixture->arena, LEAST "listen: {mode: %s}", modes[at]),
            ":3:16: listen.mode", "must be a mode in octal, such as 0660");
  assert_string_equal(loads(fixture, LEAST "listen: {mode: 666}")->listen.mode, "666");
  static const char *const origins[] = {
      "https://",      "example.org", "ftp://example.org", "https://example.org/",
      "'https://a b'", "null",        "https://a?x"};
  for (size_t at = 0; at < ARRAY_LENGTH(origins); at++)
    refuses(fixture, arena_printf(fixture->arena, LEAST "http:\n  cors_origins:\n    - %s", origins[at]),
            ":5:5: http.cors_origins",
            "must hold * or origins such as https://learn.example.org, without a path");
  assert_int_equal(loads(fixture, LEAST "http: {cors_origins: ['*', 'http://localhost:3000', https://x.org]}")
                       ->http.cors_origins.count,
                   3);
  refuses(fixture, LEAST "http: {metrics_from: [10.0.0.256]}", ":3:22: http.metrics_from",
          "must hold IPv4 or IPv6 addresses");
  assert_int_equal(
      loads(fixture, LEAST "http: {metrics_from: [10.0.0.1, 'fe80::1']}")->http.metrics_from.count, 2);
  static const char *const levels[] = {"0", "-1", "5, 5", "5, 4", "1, 2, 3, 1"};
  for (size_t at = 0; at < ARRAY_LENGTH(levels); at++)
    refuses(fixture, arena_printf(fixture->arena, LEAST "profile: {evolution_levels: [%s]}", levels[at]),
            ":3:29: profile.evolution_levels", "must hold numbers above 0, each above the one before");
  assert_int_equal(loads(fixture, LEAST "profile: {evolution_levels: []}")->profile.evolution_levels.count,
                   0);
}

static void test_addresses(void **state) {
  struct fixture *fixture = *state;
  static const char *const sockets[] = {"/run/a.sock", "127.0.0.1:9000", ":9000",
                                        "localhost:1", "[::1]:65535",    "fd:systemd"};
  static const char *const not_sockets[] = {"run/a.sock", "localhost", "localhost:", "localhost:0", "a:65536",
                                            "a:1x",       "::1:9000",  "[::1]",      "[::1",        "[]:1",
                                            "fd:other",   "a b:1",     "a:000001"};
  static const char *const hosts[] = {"/run/a.sock",   "db",    "db:3306",
                                      "10.0.0.1:3306", "[::1]", "[fe80::1]:3306"};
  static const char *const not_hosts[] = {"", ":3306", "db:", "db:0", "db:x", "::1", "[::1]3306", "db/x"};
  for (size_t at = 0; at < ARRAY_LENGTH(sockets); at++)
    loads(fixture, arena_printf(fixture->arena, LEAST "listen: {socket: '%s'}", sockets[at]));
  for (size_t at = 0; at < ARRAY_LENGTH(not_sockets); at++)
    refuses(fixture, arena_printf(fixture->arena, LEAST "listen: {socket: '%s'}", not_sockets[at]),
            ":3:18: listen.socket",
            "must be the path of a Unix socket (at most 107 bytes), host:port, or fd:systemd");
  for (size_t at = 0; at < ARRAY_LENGTH(hosts); at++)
    loads(fixture, arena_printf(fixture->arena, LEAST "database: {hosts: [db, '%s']}", hosts[at]));
  for (size_t at = 0; at < ARRAY_LENGTH(not_hosts); at++)
    refuses(fixture, arena_printf(fixture->arena, LEAST "database: {hosts: [db, '%s']}", not_hosts[at]),
            ":3:19: database.hosts", "must hold sockets' paths (at most 107 bytes), host or host:port");
  for (int length = 107; length <= 108; length++) {
    const char *text = arena_printf(fixture->arena, LEAST "listen: {socket: /%0*d}", length - 1, 0);
    assert_int_equal(load(fixture, text), length == 107);
  }
}

static void test_complaints_name_their_place(void **state) {
  struct fixture *fixture = *state;
  char expected[160];
  assert_false(load(fixture, "databse: {}\nworkers:\n  processes: 0\nlog: {level: loud}\n"));
  assert_int_equal(fixture->error.field_count, 3);
  snprintf(expected, sizeof expected, "%s:1:1: databse is not a known key; did you mean database?",
           fixture->path);
  assert_string_equal(fixture->error.message, expected);
  assert_non_null(strstr(fixture->error.fields[1].field, ":3:14: workers.processes"));
  assert_non_null(strstr(fixture->error.fields[2].field, ":4:14: log.level"));
}

static void test_files_that_cannot_be_read(void **state) {
  struct fixture *fixture = *state;
  assert_false(config_load("/nowhere/l.yaml", fixture->arena, &fixture->got, &fixture->error));
  assert_int_equal(fixture->error.code, ERROR_NOT_FOUND);
  assert_string_equal(fixture->error.message,
                      "The configuration /nowhere/l.yaml cannot be read: No such file or directory.");
  assert_false(config_load("/", fixture->arena, &fixture->got, &fixture->error));
  assert_false(config_load("/dev/zero", fixture->arena, &fixture->got, &fixture->error));
  assert_non_null(strstr(fixture->error.message, "File too large"));
  static char large[1024 * 1024 + 1];
  memset(large, '#', sizeof large);
  write_file(fixture, "l.yaml", large, sizeof large);
  assert_false(config_load(fixture->path, fixture->arena, &fixture->got, &fixture->error));
  assert_non_null(strstr(fixture->error.message, "File too large"));
}

static char *print(struct fixture *fixture, const struct config *config) {
  struct buffer buffer = BUFFER_INIT(65536);
  config_print(config, &buffer);
  assert_false(buffer.failed);
  char *text = arena_strdup(fixture->arena, buffer_text(&buffer));
  buffer_free(&buffer);
  return text;
}

/* What is printed can be loaded again, and is then the same. */
static void test_printing(void **state) {
  struct fixture *fixture = *state;
  struct config *config =
      loads(fixture, "listen: {socket: \"/run/\\u00e9 \\\"x\\\".sock\", group: www-data}\n"
                     "auth: {keys: [{kid: a, algorithm: RS256, public_key_file: /a},"
                     " {algorithm: ES256, public_key_file: /b}]}\n"
                     "http: {cors_origins: ['*']}\nrules: {enabled: false}\n");
  const char *printed = print(fixture, config);
  char digest[sizeof config->digest];
  memcpy(digest, config->digest, sizeof digest);
  assert_non_null(strstr(printed, "  socket: \"/run/\xC3\xA9 \\\"x\\\".sock\"\n"));
  assert_non_null(strstr(printed, "  owner: null\n"));
  assert_non_null(strstr(printed, "  keys:\n    - kid: \"a\"\n      algorithm: \"RS256\"\n"));
  assert_non_null(strstr(printed, "  enabled: false\n"));
  assert_string_equal(print(fixture, loads(fixture, printed)), printed);
  assert_string_equal(fixture->got.digest, digest);
}

static void test_no_secret_is_printed(void **state) {
  struct fixture *fixture = *state;
  struct config *config =
      loads(fixture, "database: {password: hush-one}\n"
                     "auth: {anonymous_secret: hush-two-0123456789abcdef0123456789, "
                     "keys: [{secret: hush-three-0123456789abcdef0123456789}]}\n"
                     "payments: {secrets: [hush-four-0123456789, hush-five-0123456789]}\n");
  const char *printed = print(fixture, config);
  assert_null(strstr(printed, "hush"));
  assert_non_null(strstr(printed, "  password: \"***\"\n"));
  assert_non_null(strstr(printed, "      secret: \"***\"\n"));
  assert_non_null(strstr(printed, "  anonymous_secret: \"***\"\n"));
  assert_non_null(strstr(printed, "  secrets: \"***\"\n"));
}

static void test_secrets_of_payments(void **state) {
  struct fixture *fixture = *state;
  write_file(fixture, "one", "whsec_of_a_file_1\nmore\n", 23);
  write_file(fixture, "two", "short\n", 6);
  struct config *config =
      loads(fixture, LEAST "payments: {secrets: [whsec_of_the_text], secret_files: [%s/one]}\n");
  const char *const *secrets = config->payments.secrets.items;
  assert_int_equal(config->payments.secrets.count, 2);
  assert_string_equal(secrets[0], "whsec_of_the_text");
  assert_string_equal(secrets[1], "whsec_of_a_file_1");
  assert_int_equal(loads(fixture, LEAST)->payments.secrets.count, 0);
  refuses(fixture, LEAST "payments: {secret_files: [%s/two]}\n", "payments.secrets",
          "has a secret of less than 16 bytes");
  assert_false(load(fixture, LEAST "payments: {secret_files: [%s/one, %s/missing]}\n"));
  assert_string_equal(fixture->error.fields[0].field, "payments.secret_files");
}

static void test_the_digest(void **state) {
  struct fixture *fixture = *state;
  char first[sizeof fixture->got.digest];
  memcpy(first, loads(fixture, LEAST)->digest, sizeof first);
  assert_int_equal(strspn(first, "0123456789abcdef"), 16);
  assert_string_equal(loads(fixture, "# the same\n" LEAST "progress: {goal_tokens: 1000}")->digest, first);
  assert_string_not_equal(loads(fixture, LEAST "progress: {goal_tokens: 999}")->digest, first);
  /* It goes out in ETags, so it must tell nothing about secrets. */
  assert_string_equal(
      loads(fixture, "auth:\n  anonymous_secret: another-0123456789abcdef0123456789\n")->digest, first);
}

/* Each row of the table can be explained, checked and defaulted. */
static void check_table(const struct schema *schema, bool is_top) {
  for (size_t at = 0; at < schema->field_count; at++) {
    const struct field *field = &schema->fields[at];
    if (is_top) {
      assert_int_equal(field->kind, FIELD_KIND_OBJECT);
      assert_non_null(field->object->summary);
      check_table(field->object, false);
      continue;
    }
    if (field->summary == NULL || strlen(field->summary) < 10) fail_msg("%s has no summary", field->name);
    if (field->kind == FIELD_KIND_INT && (field->maximum == 0 || field->default_text == NULL))
      fail_msg("%s has no bounds or no default", field->name);
    if (field->kind == FIELD_KIND_LIST || field->kind == FIELD_KIND_TEXT)
      assert_true(field->maximum > 0 || field->check != NULL);
    if (field->kind == FIELD_KIND_LIST && field->object != NULL) check_table(field->object, false);
    if (strstr(field->name, "secret") != NULL || strstr(field->name, "password") != NULL)
      assert_int_equal((field->flags & FIELD_SECRET) != 0, strstr(field->name, "_file") == NULL);
  }
}

static void test_the_table(void **state) {
  struct fixture *fixture = *state;
  check_table(&config_schema, true);
  assert_true(schema_defaults(&config_schema, fixture->arena, &fixture->got, &fixture->error));
}

static char *read_source(struct fixture *fixture, const char *name) {
  const char *source = getenv("LOCKSTEP_SOURCE");
  char path[512];
  struct stat status;
  snprintf(path, sizeof path, "%s/%s", source == NULL ? "." : source, name);
  FILE *file = fopen(path, "r");
  if (file == NULL || fstat(fileno(file), &status) != 0) fail_msg("%s cannot be read", path);
  char *text = arena_alloc(fixture->arena, (size_t)status.st_size + 1);
  assert_int_equal(fread(text, 1, (size_t)status.st_size, file), status.st_size);
  assert_int_equal(fclose(file), 0);
  return text;
}

/* lockstepctl config reference > docs/configuration.md mends it. */
static void test_the_reference_is_up_to_date(void **state) {
  struct fixture *fixture = *state;
  struct buffer buffer = BUFFER_INIT(1 << 20);
  config_print_reference(&buffer);
  if (strcmp(buffer_text(&buffer), read_source(fixture, "docs/configuration.md")) != 0)
    fail_msg("docs/configuration.md is not what the table prints");
  assert_non_null(strstr(buffer.data, "| `max_age_days` | a whole number from 1 to 3650 | `90` |"));
  assert_non_null(strstr(buffer.data, "\nEach item of `keys`: "));
  buffer_free(&buffer);
}

/* The example that is installed: good but for the secret files that each site makes for itself. */
static void test_the_example(void **state) {
  struct fixture *fixture = *state;
  const char *text = read_source(fixture, "etc/lockstep.yaml");
  if (!schema_decode_yaml(&config_schema, "lockstep.yaml", text, strlen(text), fixture->arena, &fixture->got,
                          &fixture->error))
    fail_msg("%s", fixture->error.message);
  assert_non_null(fixture->got.database.password_file);
  assert_string_equal(fixture->got.listen.socket, "/run/lockstep/lockstep.sock");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_the_least_configuration),
      TEST(test_names_and_enums),
      TEST(test_secrets_from_files),
      TEST(test_secret_files_that_do_not_serve),
      TEST(test_keys_that_contradict_each_other),
      TEST(test_values_with_a_form),
      TEST(test_addresses),
      TEST(test_complaints_name_their_place),
      TEST(test_files_that_cannot_be_read),
      TEST(test_printing),
      TEST(test_no_secret_is_printed),
      TEST(test_secrets_of_payments),
      TEST(test_the_digest),
      TEST(test_the_table),
      TEST(test_the_reference_is_up_to_date),
      TEST(test_the_example),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
