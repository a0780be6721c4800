#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/decode.h"

#include "base/banned.h"

struct key {
  const char *kid;
  bool active;
};

struct section {
  int64_t count;
  const char *path;
  struct field_list hosts;
  struct field_list keys;
  bool enabled;
};

struct file {
  struct section section;
  int level;
};

static const char *const level_names[] = {"low", "high", NULL};
static const struct field key_fields[] = {
    FIELD_TEXT(struct key, "kid", kid, .flags = FIELD_REQUIRED),
    FIELD_BOOL(struct key, "active", active, .default_text = "true"),
};
static const struct schema key_schema = SCHEMA("Key", struct key, key_fields, .summary = "A key.");
static const struct field section_fields[] = {
    FIELD_INT(struct section, "count", count, .minimum = 1, .maximum = 100, .default_text = "5"),
    FIELD_TEXT(struct section, "path", path, .minimum = 1, .maximum = 20),
    FIELD_LIST(struct section, "hosts", hosts, .item_kind = FIELD_KIND_TEXT, .minimum = 1, .maximum = 2,
               .default_text = "a,b"),
    FIELD_LIST(struct section, "keys", keys, .object = &key_schema, .maximum = 2),
    FIELD_BOOL(struct section, "enabled", enabled, .default_text = "true"),
};
static const struct schema section_schema =
    SCHEMA("Section", struct section, section_fields, .summary = "A section.");
static const struct field fields[] = {
    FIELD_OBJECT(struct file, "section", section, .object = &section_schema),
    FIELD_ENUM(struct file, "level", level, .names = level_names, .default_text = "high"),
};
static const struct schema schema = SCHEMA("File", struct file, fields, .summary = "A file.");

static struct arena *arena;
static struct file got;
static struct error error;

static int setup(void **state) {
  (void)state;
  arena = arena_new(1 << 20);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  arena_free(arena);
  return 0;
}

static bool decode_bytes(const char *text, size_t bytes) {
  memset(&got, 0, sizeof got);
  char *copy = malloc(bytes == 0 ? 1 : bytes);
  memcpy(copy, text, bytes);
  bool good = schema_decode_yaml(&schema, "etc/file.yaml", copy, bytes, arena, &got, &error);
  free(copy);
  return good;
}

static bool decode(const char *text) { return decode_bytes(text, strlen(text)); }

static void accepts(const char *text) {
  if (!decode(text)) fail_msg("%s\nrefused: %s", text, error.message);
}

static void refuses(const char *text, const char *message) {
  if (decode(text)) fail_msg("%s\naccepted", text);
  assert_int_equal(error.code, ERROR_MALFORMED);
  assert_string_equal(error.message, message);
  assert_int_equal(got.section.count, 0);
}

static void test_silence_is_all_defaults(void **state) {
  (void)state;
  static const char *const silent[] = {"",
                                       "\n\n",
                                       "# nothing\n",
                                       "---\n",
                                       "~",
                                       "null\n",
                                       "{}",
                                       "section:\n",
                                       "section: {}\n",
                                       "section:\n  count:\n  hosts: ~\n  path: null\n  keys:\n"};
  for (size_t at = 0; at < ARRAY_LENGTH(silent); at++) {
    accepts(silent[at]);
    assert_int_equal(got.section.count, 5);
    assert_null(got.section.path);
    assert_int_equal(got.section.hosts.count, 2);
    assert_int_equal(got.section.keys.count, 0);
    assert_true(got.section.enabled);
    assert_int_equal(got.level, 1);
  }
}

static void test_every_form(void **state) {
  (void)state;
  accepts("# A comment\n"
          "section:\n"
          "  count: 7\n"
          "  path: \"/run/\\u00e9\"\n"
          "  hosts: [db:3306]\n"
          "  keys:\n"
          "    - kid: 2026   # text, whatever it looks like\n"
          "      active: false\n"
          "    - {kid: 'it''s'}\n"
          "  enabled: false\n"
          "level: low\n");
  assert_int_equal(got.section.count, 7);
  assert_string_equal(got.section.path, "/run/\xC3\xA9");
  assert_string_equal(((const char **)got.section.hosts.items)[0], "db:3306");
  const struct key *keys = got.section.keys.items;
  assert_int_equal(got.section.keys.count, 2);
  assert_string_equal(keys[0].kid, "2026");
  assert_false(keys[0].active);
  assert_string_equal(keys[1].kid, "it's");
  assert_true(keys[1].active);
  assert_false(got.section.enabled);
  assert_int_equal(got.level, 0);
}

static void test_an_empty_text_is_not_null(void **state) {
  (void)state;
  accepts("section: {hosts: ['', \"null\"]}");
  assert_string_equal(((const char **)got.section.hosts.items)[0], "");
  assert_string_equal(((const char **)got.section.hosts.items)[1], "null");
  refuses("section: {path: ''}", "etc/file.yaml:1:17: section.path must be text of 1 to 20 characters");
}

static void test_places_of_complaints(void **state) {
  (void)state;
  refuses("section:\n  count: 0\n", "etc/file.yaml:2:10: section.count must be a whole number from 1 to 100");
  refuses("section:\n  count: 1e1\n",
          "etc/file.yaml:2:10: section.count must be a whole number from 1 to 100");
  refuses("section:\n  count: [1]\n",
          "etc/file.yaml:2:10: section.count must be a whole number from 1 to 100");
  refuses("section:\n  enabled: yes\n", "etc/file.yaml:2:12: section.enabled must be true or false");
  refuses("section:\n  hosts: db\n", "etc/file.yaml:2:10: section.hosts must be a list of 1 to 2 items");
  refuses("section:\n  hosts: []\n", "etc/file.yaml:2:10: section.hosts must be a list of 1 to 2 items");
  refuses("section:\n  hosts: [a, b, c]\n",
          "etc/file.yaml:2:10: section.hosts must be a list of 1 to 2 items");
  refuses("section:\n  keys:\n    - kid: a\n    - active: true\n",
          "etc/file.yaml:4:7: section.keys[1].kid is required");
  refuses("section:\n  keys: [a]\n",
          "etc/file.yaml:2:10: section.keys[0] must be a mapping of keys to values");
  refuses("section: [a]\n", "etc/file.yaml:1:10: section must be a mapping of keys to values");
  refuses("level: medium\n", "etc/file.yaml:1:8: level must be one of: low, high");
  refuses("- a\n", "etc/file.yaml:1:1: must be a mapping of keys to values");
  refuses("text\n", "etc/file.yaml:1:1: must be a mapping of keys to values");
}

static void test_unknown_and_repeated_keys(void **state) {
  (void)state;
  refuses("section:\n  cuont: 1\n",
          "etc/file.yaml:2:3: section.cuont is not a known key; did you mean count?");
  refuses("section:\n  zzz: {a: [1, {b: 2}]}\n", "etc/file.yaml:2:3: section.zzz is not a known key");
  refuses("level: low\nlevel: low\n", "etc/file.yaml:2:1: level is given more than once");
  refuses("section: {count: 1}\nsection: {enabled: true}\n",
          "etc/file.yaml:2:1: section is given more than once");
  refuses("? [a]\n: 1\n", "etc/file.yaml:1:3: keys must be plain names");
  refuses("<<: {level: low}\n", "etc/file.yaml:1:1: << is not a known key");
}

static void test_what_yaml_can_do_and_a_configuration_must_not(void **state) {
  (void)state;
  refuses("section: &a {count: 1}\n", "etc/file.yaml:1:10: anchors are not allowed");
  refuses("section:\n  path: &a b\n", "etc/file.yaml:2:9: anchors are not allowed");
  refuses("section:\n  hosts: &a [b]\n", "etc/file.yaml:2:10: anchors are not allowed");
  refuses("section: *a\n", "etc/file.yaml:1:10: aliases are not allowed");
  refuses("--- {}\n--- {}\n", "etc/file.yaml:2:1: one document is expected");
  refuses("x: [[[[[[[[[[1]]]]]]]]]]\n", "etc/file.yaml:1:1: x is not a known key");
  assert_int_equal(error.field_count, 2);
  assert_string_equal(error.fields[1].message, "nested too deeply");
  static const char *const controls[] = {"\\0", "\\x01",   "\\x7f",   "\\u0080", "\\x9f",
                                         "\\N", "\\ufffe", "\\uffff", "\\r"};
  for (size_t at = 0; at < ARRAY_LENGTH(controls); at++) {
    char text[64];
    snprintf(text, sizeof text, "section: {path: \"a%sb\"}", controls[at]);
    refuses(text, "etc/file.yaml:1:17: section.path must be UTF-8 without control characters");
  }
  accepts("section: {path: \"\\n\\t\\u00a0\\ufffd\\U0001d11e\"}");
}

static void test_what_is_not_yaml(void **state) {
  (void)state;
  static const char *const texts[] = {
      "section: [",          "section: {count: 1", "a: b: c",
      "\tlevel: low",        "level: \"low",       "section:\n  count: 1\n level: low\n",
      "level: \xFF\n",       "level: \x01\n",      "level: \xED\xA0\x80\n",
      "%YAML 9.9\n--- {}\n", "level: @low",        "level: low]"};
  for (size_t at = 0; at < ARRAY_LENGTH(texts); at++) {
    if (decode(texts[at])) fail_msg("%s\naccepted", texts[at]);
    assert_int_equal(error.code, ERROR_MALFORMED);
    assert_non_null(strstr(error.message, "etc/file.yaml:"));
  }
  assert_false(decode("level: \"low"));
  assert_non_null(strstr(error.message, "found unexpected end of stream"));
  assert_false(decode_bytes("level: low\0\n", 12));
}

static void test_complaints_come_together(void **state) {
  (void)state;
  assert_false(decode("section:\n  count: x\n  enabled: 7\n  pth: a\nlevel: 3\n"));
  assert_int_equal(error.field_count, 4);
  assert_string_equal(error.fields[0].field, "etc/file.yaml:2:10: section.count");
  assert_string_equal(error.fields[3].field, "etc/file.yaml:5:8: level");
}

/* A complaint about a whole list or mapping names where that began, and the next one its own place. */
static void test_places_behind_lists_and_mappings(void **state) {
  (void)state;
  assert_false(
      decode("section:\n  hosts: [a, b, c]\n  cuont: 1\n  keys:\n  - active: true\n  zzz: 1\nlvl: low\n"));
  static const char *const expected[] = {
      "etc/file.yaml:2:10: section.hosts",
      "etc/file.yaml:3:3: section.cuont",
      "etc/file.yaml:5:5: section.keys[0].kid",
      "etc/file.yaml:6:3: section.zzz",
      "etc/file.yaml:7:1: lvl",
  };
  assert_int_equal(error.field_count, ARRAY_LENGTH(expected));
  for (size_t at = 0; at < ARRAY_LENGTH(expected); at++)
    assert_string_equal(error.fields[at].field, expected[at]);
}

static void test_deep_and_large_texts(void **state) {
  (void)state;
  static const char *const units[] = {
      "[", "{", "- ", "? ", "a: ", "{a: ", "[a, ", "\"", "a\n", "#\n", "-\n", "!!a "};
  for (size_t at = 0; at < ARRAY_LENGTH(units); at++) {
    size_t unit_bytes = strlen(units[at]);
    size_t count = 100000;
    char *text = malloc(unit_bytes * count);
    for (size_t unit = 0; unit < count; unit++)
      memcpy(text + unit * unit_bytes, units[at], unit_bytes);
    assert_true(schema_decode_yaml(&schema, "f", text, unit_bytes * count, arena, &got, &error) ==
                (strcmp(units[at], "#\n") == 0));
    free(text);
  }
}

static void test_long_file_names(void **state) {
  (void)state;
  const char *path = "/a/very/long/path/that/would/take/all/the/room/there/is/lockstep.yaml";
  assert_false(schema_decode_yaml(&schema, path, "level: x", 8, arena, &got, &error));
  assert_string_equal(error.fields[0].field, "lockstep.yaml:1:8: level");
  path = "a-name-without-any-directory-that-is-longer-than-forty.yaml";
  assert_false(schema_decode_yaml(&schema, path, "level: x", 8, arena, &got, &error));
  assert_string_equal(error.fields[0].field, "directory-that-is-longer-than-forty.yaml:1:8: level");
}

static void test_memory_has_a_cap(void **state) {
  (void)state;
  const char *text = "section: {path: abc, hosts: [a, b], keys: [{kid: a}, {kid: b}]}";
  for (size_t cap = 0; cap < 2000; cap += 16) {
    struct arena *small = arena_new(cap);
    if (!schema_decode_yaml(&schema, "f", text, strlen(text), small, &got, &error))
      assert_int_equal(error.code, ERROR_TOO_LARGE);
    arena_free(small);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_silence_is_all_defaults),
      cmocka_unit_test(test_every_form),
      cmocka_unit_test(test_an_empty_text_is_not_null),
      cmocka_unit_test(test_places_of_complaints),
      cmocka_unit_test(test_unknown_and_repeated_keys),
      cmocka_unit_test(test_what_yaml_can_do_and_a_configuration_must_not),
      cmocka_unit_test(test_what_is_not_yaml),
      cmocka_unit_test(test_complaints_come_together),
      cmocka_unit_test(test_places_behind_lists_and_mappings),
      cmocka_unit_test(test_deep_and_large_texts),
      cmocka_unit_test(test_long_file_names),
      cmocka_unit_test(test_memory_has_a_cap),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
