#include <openssl/sha.h>
#include <string.h>

#include "ledger/ledger.h"
#include "schema/encode.h"

#include "base/banned.h"

#define LEDGER_HASH_INPUT_BYTES ((size_t)16 * 1024 * 1024)

bool ledger_hash(const char *kind, const struct schema *schema, const void *body, struct error *error,
                 struct db_hash *ret_hash) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(LEDGER_HASH_INPUT_BYTES);
  buffer_append_text(&text, kind);
  buffer_append_char(&text, ' ');
  schema_encode_json(schema, body, &text);
  if (text.failed) return error_set_memory(error);
  SHA256((const unsigned char *)text.data, text.length, ret_hash->bytes);
  return true;
}
