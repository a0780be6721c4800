#include "http/entry.h"

#include "base/banned.h"

bool entry_begin(struct request *request, const struct ledger_kind *kind, const char *client_id,
                 const struct schema *body_schema, const void *body, struct error *error,
                 struct ledger_entry *ret_entry) {
  struct ledger_entry entry = {
      .user_id = request->principal.user_id, .actor = request->principal.actor, .arena = request->arena};
  if (!request_op_id(request, kind->name, client_id, error, &entry.op_id)) return false;
  if (!ledger_hash(kind->name, body_schema, body, error, &entry.request_hash)) return false;
  *ret_entry = entry;
  return true;
}

bool entry_answer(struct request *request, const struct ledger_entry *entry) {
  request->db_ns += entry->db_ns;
  buffer_append_text(&request->reply, entry->reply_text);
  return true;
}
