/* What a master needs before it can start: the socket, the pid file, what the service manager says. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/listener.h"
#include "process/pid_file.h"
#include "process/service.h"

#include "base/banned.h"

static char directory[] = "/tmp/lockstep-start-XXXXXX";
static char path[sizeof directory + 16];

static int make_directory(void **state) {
  (void)state;
  if (mkdtemp(directory) == NULL) return -1;
  snprintf(path, sizeof path, "%s/file", directory);
  return 0;
}

static int remove_directory(void **state) {
  (void)state;
  unlink(path);
  return rmdir(directory);
}

static struct service no_service = {.notify = -1, .handed_over = -1};

static struct listen_config at_path(void) {
  return (struct listen_config){.socket = path, .mode = "0600", .backlog = 5};
}

static void test_addresses(void **state) {
  (void)state;
  static const struct {
    const char *text, *host, *port; /* host NULL: refused */
  } cases[] = {{"127.0.0.1:9000", "127.0.0.1", "9000"},
               {"localhost:http", "localhost", "http"},
               {"[::1]:9000", "::1", "9000"},
               {":9000", "", "9000"},
               {"::1:9000", NULL, NULL},
               {"9000", NULL, NULL},
               {"host:", NULL, NULL},
               {"", NULL, NULL}};
  for (size_t at = 0; at < ARRAY_LENGTH(cases); at++) {
    char host[64];
    char port[16];
    bool split = listener_split_address(cases[at].text, host, sizeof host, port, sizeof port);
    assert_int_equal(split, cases[at].host != NULL);
    if (!split) continue;
    assert_string_equal(host, cases[at].host);
    assert_string_equal(port, cases[at].port);
  }
  char small[4];
  assert_false(listener_split_address("localhost:1", small, sizeof small, small, sizeof small));
}

static void test_a_unix_socket_comes_and_goes(void **state) {
  (void)state;
  struct listen_config config = at_path();
  struct listener listener;
  struct error error = ERROR_INIT;
  struct stat status;
  if (!listener_open(&config, &no_service, &error, &listener)) fail_msg("%s", error.message);
  assert_int_equal(stat(path, &status), 0);
  assert_int_equal(status.st_mode & 0777, 0600);
  assert_int_equal(fcntl(listener.descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  assert_int_equal(fcntl(listener.descriptor, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  listener_close(&listener);
  assert_int_not_equal(access(path, F_OK), 0);
}

static void test_a_socket_that_is_served_is_refused(void **state) {
  (void)state;
  struct listen_config config = at_path();
  struct listener listener;
  struct listener second;
  struct error error = ERROR_INIT;
  assert_true(listener_open(&config, &no_service, &error, &listener));
  assert_false(listener_open(&config, &no_service, &error, &second));
  assert_int_equal(error.code, ERROR_CONFLICT);
  assert_int_equal(access(path, F_OK), 0);
  /* Nor does its backlog have to have room for our question. */
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int waiting[8];
  for (size_t at = 0; at < ARRAY_LENGTH(waiting); at++) {
    waiting[at] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int status = connect(waiting[at], (struct sockaddr *)&address, sizeof address);
    (void)status;
  }
  assert_false(listener_open(&config, &no_service, &error, &second));
  assert_int_equal(error.code, ERROR_CONFLICT);
  for (size_t at = 0; at < ARRAY_LENGTH(waiting); at++)
    close(waiting[at]);
  listener_close(&listener);
}

/* The one who listened is dead, but left a child that holds the socket: an orphan's, replaced. */
static void test_an_orphans_socket_is_replaced(void **state) {
  (void)state;
  struct listen_config config = at_path();
  struct listener listener;
  struct error error = ERROR_INIT;
  int told[2];
  char byte;
  assert_int_equal(pipe(told), 0);
  pid_t parent = fork();
  if (parent == 0) {
    if (!listener_open(&config, &no_service, &error, &listener)) _exit(1);
    pid_t orphan = fork();
    if (orphan == 0) {
      close(told[0]);
      pause();
      _exit(0);
    }
    ssize_t written = write(told[1], &orphan, sizeof orphan);
    _exit(written == (ssize_t)sizeof orphan ? 0 : 1);
  }
  pid_t orphan;
  int status;
  assert_int_equal(read(told[0], &orphan, sizeof orphan), sizeof orphan);
  assert_int_equal(waitpid(parent, &status, 0), parent);
  assert_int_equal(status, 0);
  if (!listener_open(&config, &no_service, &error, &listener)) fail_msg("%s", error.message);
  kill(orphan, SIGKILL);
  close(told[1]);
  assert_int_equal(read(told[0], &byte, 1), 0); /* it is gone */
  close(told[0]);
  listener_close(&listener);
}

/* A successor has bound the path meanwhile: it is not ours to remove. */
static void test_only_ones_own_file_is_removed(void **state) {
  (void)state;
  struct listen_config config = at_path();
  struct listener listener;
  struct listener successor;
  struct error error = ERROR_INIT;
  assert_true(listener_open(&config, &no_service, &error, &listener));
  unlink(path);
  assert_true(listener_open(&config, &no_service, &error, &successor));
  listener_close(&listener);
  assert_int_equal(access(path, F_OK), 0);
  listener_close(&successor);
  assert_int_not_equal(access(path, F_OK), 0);
}

static void test_what_cannot_be_listened_on(void **state) {
  (void)state;
  char long_path[300];
  struct listener listener;
  struct error error = ERROR_INIT;
  struct listen_config config = at_path();
  memset(long_path, 'x', sizeof long_path - 1);
  long_path[0] = '/';
  long_path[sizeof long_path - 1] = '\0';
  config.socket = long_path;
  assert_false(listener_open(&config, &no_service, &error, &listener));
  config = at_path();
  config.mode = "0999";
  assert_false(listener_open(&config, &no_service, &error, &listener));
  assert_non_null(strstr(error.message, "listen.mode"));
  config = at_path();
  config.owner = "nobody-of-this-name";
  assert_false(listener_open(&config, &no_service, &error, &listener));
  assert_non_null(strstr(error.message, "nobody-of-this-name"));
  config.socket = "fd:systemd";
  assert_false(listener_open(&config, &no_service, &error, &listener));
  assert_non_null(strstr(error.message, "LISTEN_FDS"));
  assert_int_not_equal(access(path, F_OK), 0);
}

static void test_the_pid_file_is_locked_while_its_master_lives(void **state) {
  (void)state;
  struct error error = ERROR_INIT;
  char text[32] = "";
  int descriptor;
  assert_true(pid_file_open(path, &error, &descriptor));
  pid_t child = fork();
  if (child == 0) {
    int second;
    bool refused = !pid_file_open(path, &error, &second) && error.code == ERROR_CONFLICT;
    _exit(refused ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_true(pread(descriptor, text, sizeof text - 1, 0) > 0);
  assert_int_equal(strtol(text, NULL, 10), getpid());
  pid_file_close(path, descriptor);
  assert_int_not_equal(access(path, F_OK), 0);
  assert_true(pid_file_open(NULL, &error, &descriptor));
  assert_int_equal(descriptor, -1);
}

/* --- The service manager --- */

static void forget_environment(void) {
  static const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS",
                                      "LISTEN_PID"};
  for (size_t at = 0; at < ARRAY_LENGTH(names); at++)
    unsetenv(names[at]);
}

static void test_nobody_manages(void **state) {
  (void)state;
  struct service service;
  forget_environment();
  service_open(&service);
  assert_int_equal(service.notify, -1);
  assert_int_equal(service.handed_over, -1);
  assert_int_equal(service_tend(&service, 0), -1);
  service_ready(&service, "fine");
  service_close(&service);
}

static void test_what_was_meant_for_another(void **state) {
  (void)state;
  struct service service;
  static const char *const others[] = {"1", "x", "", "-1"};
  for (size_t at = 0; at < ARRAY_LENGTH(others); at++) {
    forget_environment();
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", others[at], 1);
    setenv("WATCHDOG_USEC", "1000000", 1);
    setenv("WATCHDOG_PID", others[at], 1);
    setenv("NOTIFY_SOCKET", "relative", 1);
    service_open(&service);
    assert_int_equal(service.handed_over, -1);
    assert_int_equal(service.watchdog_ms, 0);
    assert_int_equal(service.notify, -1);
    assert_null(getenv("LISTEN_FDS")); /* children shall not believe themselves meant */
    assert_null(getenv("NOTIFY_SOCKET"));
    service_close(&service);
  }
}

static void hear(int manager, const char *wanted) {
  char message[600] = "";
  assert_true(recv(manager, message, sizeof message - 1, 0) > 0);
  if (strstr(message, wanted) == NULL) fail_msg("heard %s instead of %s", message, wanted);
}

static void test_words(void **state) {
  (void)state;
  struct service service;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char ready[64];
  int manager = socket(AF_UNIX, SOCK_DGRAM, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  assert_int_equal(bind(manager, (struct sockaddr *)&address, sizeof address), 0);
  forget_environment();
  setenv("NOTIFY_SOCKET", path, 1);
  setenv("WATCHDOG_USEC", "3000000", 1);
  service_open(&service);
  snprintf(ready, sizeof ready, "READY=1\nMAINPID=%ld\nSTATUS=fine", (long)getpid());
  service_ready(&service, "fine");
  hear(manager, ready);
  service_reloading(&service);
  hear(manager, "RELOADING=1\nMONOTONIC_USEC=");
  service_stopping(&service);
  hear(manager, "STOPPING=1");
  assert_int_equal(service_tend(&service, 10000), 1500);
  hear(manager, "WATCHDOG=1");
  assert_int_equal(service_tend(&service, 10400), 1100);
  assert_int_equal(service_tend(&service, 11500), 1500);
  hear(manager, "WATCHDOG=1");
  assert_int_equal(recv(manager, ready, sizeof ready, MSG_DONTWAIT), -1); /* nothing in between */
  close(manager);
  service_stopping(&service); /* a manager that is gone disturbs nobody */
  service_close(&service);
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_addresses),
      cmocka_unit_test(test_a_unix_socket_comes_and_goes),
      cmocka_unit_test(test_a_socket_that_is_served_is_refused),
      cmocka_unit_test(test_an_orphans_socket_is_replaced),
      cmocka_unit_test(test_only_ones_own_file_is_removed),
      cmocka_unit_test(test_what_cannot_be_listened_on),
      cmocka_unit_test(test_the_pid_file_is_locked_while_its_master_lives),
      cmocka_unit_test(test_nobody_manages),
      cmocka_unit_test(test_what_was_meant_for_another),
      cmocka_unit_test(test_words),
  };
  return cmocka_run_group_tests_name("start", tests, make_directory, remove_directory);
}
