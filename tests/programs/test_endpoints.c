/* Every endpoint row of the program, and every field table that the rows lead to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/endpoint.h"
#include "schema/check.h"

#include "base/banned.h"

#define SCHEMAS_MAX 512

typedef void (*visitor)(const struct endpoint *row);

static void visit_rows(visitor visit) {
  size_t count = 0;
  for (size_t at = 0; endpoint_tables[at] != NULL; at++)
    for (size_t row = 0; row < endpoint_tables[at]->count; row++, count++)
      visit(&endpoint_tables[at]->rows[row]);
  assert_true(count >= 10);
}

static void check_schema(const struct endpoint *row, const struct schema *schema) {
  struct error error;
  if (schema != NULL && !schema_check(schema, &error))
    fail_msg("%s %s: %s", row->method, row->path, error.message);
}

static void check_row(const struct endpoint *row) {
  check_schema(row, row->query);
  check_schema(row, row->body);
  check_schema(row, row->reply);
  for (size_t at = 0; row->query != NULL && at < row->query->field_count; at++)
    if (row->query->fields[at].object != NULL) fail_msg("%s: a query parameter is an object", row->path);
}

static void test_tables(void **state) {
  (void)state;
  visit_rows(check_row);
}

static const struct schema *seen[SCHEMAS_MAX];
static size_t seen_count;

/* Two tables of one name would be one component of the OpenAPI document. */
static void check_name(const struct schema *schema) {
  if (schema == NULL) return;
  for (size_t at = 0; at < seen_count; at++) {
    if (seen[at] == schema) return;
    if (strcmp(seen[at]->name, schema->name) == 0) fail_msg("two schemas are called %s", schema->name);
  }
  assert_true(seen_count < SCHEMAS_MAX);
  seen[seen_count++] = schema;
  for (size_t at = 0; at < schema->field_count; at++)
    check_name(schema->fields[at].object);
}

static void check_row_names(const struct endpoint *row) {
  check_name(row->query);
  check_name(row->body);
  check_name(row->reply);
}

static void test_names_of_tables(void **state) {
  (void)state;
  visit_rows(check_row_names);
}

/* What the document, the 405 answers and the logs say of a row. */
static void check_words(const struct endpoint *row) {
  assert_non_null(row->handle);
  assert_int_equal(row->path[0], '/');
  if (row->summary == NULL || strlen(row->summary) < 10) fail_msg("%s has no summary", row->path);
  if (row->tag == NULL || *row->tag == '\0') fail_msg("%s has no tag", row->path);
  bool writes = strcmp(row->method, "GET") != 0;
  if (!writes && row->body != NULL) fail_msg("GET %s has a body", row->path);
}

static void test_words(void **state) {
  (void)state;
  visit_rows(check_words);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tables),
      cmocka_unit_test(test_names_of_tables),
      cmocka_unit_test(test_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
