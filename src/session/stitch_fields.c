#include <openssl/sha.h>
#include <string.h>

#include "schema/encode.h"
#include "session/stitch.h"

#include "base/banned.h"

/* Of a batch: its body, and the names and defaults that the body may leave out. */
#define HASH_INPUT_BYTES ((size_t)128 * 1024 * 1024)

/* The tables compare texts as if blanks followed them: an id that ends in one would be another's. */
static bool check_id(const void *value, struct error *error) {
  const char *id = *(const char *const *)value;
  size_t length = strlen(id);
  if (length == 0 || id[length - 1] != ' ') return true;
  return error_set(error, ERROR_MALFORMED, "must not end with a blank");
}

static bool check_mutation_id(const void *value, struct error *error) {
  const char *id = *(const char *const *)value;
  for (; *id != '\0'; id++)
    if (*id <= ' ' || *id > '~') return error_set(error, ERROR_MALFORMED, "must be visible ASCII characters");
  return true;
}

#define ITEM_FIELDS \
  FIELD_TEXT(struct stitch_item, "mutationId", mutation_id, .flags = FIELD_NULLABLE, .minimum = 1, \
             .maximum = STITCH_MUTATION_CHARACTERS, .check = check_mutation_id, \
             .summary = \
                 "The client's own id of this item: with the same content it counts once, however often " \
                 "it comes.", \
             .example = "\"m-7f3a\""), \
      CONTENT_FIELDS
#define CONTENT_FIELDS \
  FIELD_TEXT(struct stitch_item, "threadId", thread_id, .flags = FIELD_REQUIRED, .minimum = 1, \
             .maximum = STITCH_ID_CHARACTERS, .check = check_id, .summary = "The thread.", \
             .example = "\"thread-A\""), \
      FIELD_TEXT(struct stitch_item, "stitchId", stitch_id, .flags = FIELD_REQUIRED, .minimum = 1, \
                 .maximum = STITCH_ID_CHARACTERS, .check = check_id, .summary = "The stitch within it.", \
                 .example = "\"stitch-A-01\""), \
      FIELD_INT(struct stitch_item, "orderNumber", order_number, .flags = FIELD_NULLABLE, .minimum = 0, \
                .maximum = INT32_MAX, .default_text = "0", .summary = "Where it stands in the thread."), \
      FIELD_INT(struct stitch_item, "skipNumber", skip_number, .flags = FIELD_NULLABLE, .minimum = 0, \
                .maximum = INT32_MAX, .default_text = "5", \
                .summary = "How many others come before it comes again."), \
      FIELD_TEXT(struct stitch_item, "distractorLevel", distractor_level, .flags = FIELD_NULLABLE, \
                 .minimum = 1, .maximum = STITCH_LEVEL_CHARACTERS, .default_text = "L1", \
                 .summary = "How hard its wrong answers are."), \
      FIELD_BOOL(struct stitch_item, "isCompleted", is_completed, .flags = FIELD_NULLABLE, \
                 .default_text = "false", \
                 .summary = "Whether it is completed; no later item takes that back."), \
      FIELD_TIME(struct stitch_item, "lastAttempted", last_attempted_ms, .flags = FIELD_NULLABLE, \
                 .presence = PRESENCE(struct stitch_item, last_attempted_given), \
                 .summary = \
                     "When the learner attempted it, at most offline.max_age_days ago; now, when not " \
                     "sent. An older one never overwrites a newer.")

static const struct field item_fields[] = {ITEM_FIELDS};
const struct schema stitch_item_schema = SCHEMA("StitchItem", struct stitch_item, item_fields,
                                                .item_error_offset = ITEM_TEXT(struct stitch_item, complaint),
                                                .item_raw_offset = ITEM_TEXT(struct stitch_item, raw),
                                                .summary = "How far a learner is with a stitch.");
const struct schema stitch_update_schema =
    SCHEMA("StitchUpdate", struct stitch_item, item_fields,
           .missing = "Missing required fields: threadId and stitchId are required",
           .summary = "How far a learner is with a stitch.");

static const struct field content_fields[] = {CONTENT_FIELDS};
static const struct schema content_schema =
    SCHEMA("StitchContent", struct stitch_item, content_fields, .summary = "An item without its own id.");

static const struct field record_fields[] = {
    FIELD_TEXT(struct stitch_record, "outcomes", outcomes, .flags = FIELD_REQUIRED,
               .summary = "A letter for each item, with how many in a row."),
    FIELD_UINT(struct stitch_record, "revision", revision, .flags = FIELD_REQUIRED,
               .summary = "The learner's revision afterwards."),
};
const struct schema stitch_record_schema = SCHEMA("StitchRecord", struct stitch_record, record_fields,
                                                  .summary = "What the ledger keeps of a batch.");

static bool hash_text(const struct buffer *text, struct error *error, struct db_hash *ret_hash) {
  if (text->failed) return error_set_memory(error);
  SHA256((const unsigned char *)buffer_text(text), text->length, ret_hash->bytes);
  return true;
}

bool stitch_hash_item(const struct stitch_item *item, struct buffer *scratch, struct error *error,
                      struct db_hash *ret_hash) {
  buffer_reset(scratch);
  schema_encode_json(&content_schema, item, scratch);
  return hash_text(scratch, error, ret_hash);
}

bool stitch_hash_batch(const struct stitch_batch *batch, struct error *error, struct db_hash *ret_hash) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(HASH_INPUT_BYTES);
  buffer_append_char(&text, batch->has_base ? 'b' : 'n');
  buffer_append_u64(&text, batch->base_revision);
  for (size_t at = 0; at < batch->count && !text.failed; at++) {
    const struct stitch_item *item = &batch->items[at];
    buffer_append_char(&text, item->complaint == NULL ? '=' : '!');
    if (item->complaint == NULL)
      schema_encode_json(&stitch_item_schema, item, &text);
    else
      buffer_append_text(&text, item->raw);
  }
  return hash_text(&text, error, ret_hash);
}
