#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/wake.h"

#include "base/banned.h"

static char directory[] = "/tmp/lockstep-wake-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int setup(void **state) {
  (void)state;
  if (mkdtemp(directory) == NULL) return -1;
  snprintf(address.sun_path, sizeof address.sun_path, "%s/wake", directory);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  unlink(address.sun_path);
  return rmdir(directory);
}

static void test_ids_arrive_and_losses_do_not_matter(void **state) {
  struct error error = ERROR_INIT;
  struct wake *wake;
  uint64_t sent[WAKE_IDS_MAX + 1];
  uint64_t heard[WAKE_IDS_MAX];
  (void)state;
  for (size_t at = 0; at < ARRAY_LENGTH(sent); at++)
    sent[at] = at + 1;
  assert_true(wake_new(address.sun_path, &error, &wake));
  wake_send(wake, sent, 1); /* nobody listens yet */
  int listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
  wake_send(wake, sent, ARRAY_LENGTH(sent));
  assert_int_equal(recv(listener, heard, sizeof heard, 0), (ssize_t)sizeof heard);
  assert_memory_equal(heard, sent, sizeof heard);
  assert_int_equal(recv(listener, heard, sizeof heard, 0), (ssize_t)sizeof heard[0]);
  assert_int_equal(heard[0], WAKE_IDS_MAX + 1);
  for (int at = 0; at < 100000; at++) /* who does not listen keeps nobody waiting */
    wake_send(wake, sent, 1);
  close(listener);
  wake_send(wake, sent, 1);
  wake_free(wake);
  wake_send(NULL, sent, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_ids_arrive_and_losses_do_not_matter, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
