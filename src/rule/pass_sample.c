/* Rows that break a rule, kept with a pass as JSON. */
#include <string.h>

#include "rule/pass_private.h"
#include "schema/decode.h"
#include "schema/encode.h"

#include "base/banned.h"

struct sample_row {
  uint64_t user_id;
  const char *table;
  const char *key;
  int action;
  const char *column;
  const char *actual;
  const char *wanted;
};
struct sample_list {
  struct field_list rows;
};

static const struct field row_fields[] = {
    FIELD_UINT(struct sample_row, "userId", user_id, .flags = FIELD_REQUIRED, .summary = "Whose row it is."),
    FIELD_TEXT(struct sample_row, "table", table, .flags = FIELD_REQUIRED, .summary = "The table."),
    FIELD_TEXT(struct sample_row, "key", key, .flags = FIELD_REQUIRED, .summary = "The primary key."),
    FIELD_ENUM(struct sample_row, "action", action, .names = rule_action_names, .flags = FIELD_REQUIRED,
               .summary = "What is to be done."),
    FIELD_TEXT(struct sample_row, "column", column, .summary = "The column."),
    FIELD_TEXT(struct sample_row, "actual", actual, .summary = "What stands there."),
    FIELD_TEXT(struct sample_row, "wanted", wanted, .summary = "What should stand there."),
};
static const struct schema row_schema =
    SCHEMA("SampleRow", struct sample_row, row_fields, .summary = "A row that breaks a rule.");
static const struct field list_fields[] = {
    FIELD_LIST(struct sample_list, "rows", rows, .object = &row_schema, .flags = FIELD_REQUIRED,
               .maximum = 2 * PASS_SAMPLE_ROWS, .summary = "The rows."),
};
static const struct schema list_schema =
    SCHEMA("SampleRows", struct sample_list, list_fields, .summary = "Rows that break a rule.");

/* At most PASS_VALUE_BYTES of it, whole characters. `cut`: PASS_VALUE_BYTES + 4. */
static const char *value_cut(const char *value, char *cut) {
  if (value == NULL || strlen(value) <= PASS_VALUE_BYTES) return value;
  size_t bytes = PASS_VALUE_BYTES;
  while (bytes > 0 && ((unsigned char)value[bytes] & 0xc0) == 0x80)
    bytes--;
  memcpy(cut, value, bytes);
  memcpy(cut + bytes, "\xe2\x80\xa6", 4);
  return cut;
}

bool pass_sample_encode(struct buffer *sample, const struct rule_breach *breach, struct error *error) {
  char cut[4][PASS_VALUE_BYTES + 4];
  struct sample_row row = {.user_id = breach->user_id,
                           .table = value_cut(breach->table, cut[0]),
                           .key = breach->key,
                           .action = (int)breach->action,
                           .column = value_cut(breach->column, cut[1]),
                           .actual = value_cut(breach->actual, cut[2]),
                           .wanted = value_cut(breach->wanted, cut[3])};
  buffer_append_char(sample, sample->length == 0 ? '[' : ',');
  schema_encode_json(&row_schema, &row, sample);
  return !sample->failed || error_set_memory(error);
}

bool pass_sample_decode(const char *text, struct arena *arena, struct error *error,
                        struct pass_rule *ret_rule) {
  struct sample_list list;
  if (text == NULL) return true;
  const char *object = arena_printf(arena, "{\"rows\":%s}", text);
  if (object == NULL) return error_set_memory(error);
  if (!schema_decode_json(&list_schema, object, strlen(object), UNKNOWN_IGNORED, arena, &list, error)) {
    error->code = ERROR_INTERNAL; /* it is our own writing */
    return false;
  }
  const struct sample_row *rows = list.rows.items;
  size_t count = list.rows.count < PASS_SAMPLE_ROWS ? list.rows.count : PASS_SAMPLE_ROWS;
  struct rule_breach *sample = arena_alloc_array(arena, count + 1, sizeof *sample);
  if (sample == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    sample[at] = (struct rule_breach){.user_id = rows[at].user_id,
                                      .table = rows[at].table,
                                      .key = rows[at].key,
                                      .action = (enum rule_action)rows[at].action,
                                      .column = rows[at].column,
                                      .actual = rows[at].actual,
                                      .wanted = rows[at].wanted};
  ret_rule->sample = sample;
  ret_rule->sample_count = count;
  return true;
}
