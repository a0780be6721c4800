/* The table of routes: whole, and the same as docs/events.md shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "event/cascade.h"

#include "base/banned.h"

#define DOCUMENT_BYTES ((size_t)256 * 1024)

static void read_document(struct buffer *text) {
  char path[512];
  char piece[4096];
  const char *source = getenv("LOCKSTEP_SOURCE");
  snprintf(path, sizeof path, "%s/docs/events.md", source == NULL ? "." : source);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  for (size_t bytes; (bytes = fread(piece, 1, sizeof piece, file)) > 0;)
    buffer_append(text, piece, bytes);
  fclose(file);
  assert_false(text->failed);
}

static void test_the_document_shows_the_table(void **state) {
  CLEANUP(buffer_free) struct buffer document = BUFFER_INIT(DOCUMENT_BYTES);
  CLEANUP(buffer_free) struct buffer table = BUFFER_INIT(DOCUMENT_BYTES);
  (void)state;
  read_document(&document);
  buffer_append_text(&table, "| event | system | what happens |\n| --- | --- | --- |\n");
  for (size_t at = 0; at < cascade_route_count; at++)
    buffer_printf(&table, "| `%s` | `%s` | %s |\n", event_type_names[cascade_routes[at].type],
                  event_system_names[cascade_routes[at].target], cascade_routes[at].summary);
  buffer_append_char(&table, '\n');
  assert_false(table.failed);
  if (strstr(buffer_text(&document), buffer_text(&table)) == NULL)
    fail_msg("docs/events.md does not show the table as it is:\n%s", buffer_text(&table));
}

static void test_each_pair_has_one_route_at_most(void **state) {
  (void)state;
  for (size_t at = 0; at < cascade_route_count; at++)
    assert_ptr_equal(cascade_route_of(cascade_routes[at].type, cascade_routes[at].target),
                     &cascade_routes[at]);
  assert_null(cascade_route_of(EVENT_SKILL_ASSESSED, SYSTEM_VIDEO_PLAYER));
}

/* Whatever is completed is counted and may be congratulated on. */
static void test_every_type_reaches_the_journey_and_the_chat(void **state) {
  (void)state;
  for (int type = 0; type < EVENT_TYPES; type++) {
    assert_non_null(cascade_route_of((enum event_type)type, SYSTEM_AI_JOURNEY));
    assert_non_null(cascade_route_of((enum event_type)type, SYSTEM_PATH_GENERATOR));
    assert_non_null(cascade_route_of((enum event_type)type, SYSTEM_CHAT));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_document_shows_the_table),
      cmocka_unit_test(test_each_pair_has_one_route_at_most),
      cmocka_unit_test(test_every_type_reaches_the_journey_and_the_chat),
  };
  return cmocka_run_group_tests_name("cascade_routes", tests, NULL, NULL);
}
