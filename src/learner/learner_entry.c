#include "learner/learner_entry.h"

#include "base/banned.h"

bool learner_entry_begin(struct request *request, const struct ledger_kind *kind, const char *client_id,
                         const char *about, const struct schema *body_schema, const void *body,
                         struct error *error, struct ledger_entry *ret_entry) {
  struct ledger_entry entry = {
      .user_id = request->principal.user_id, .actor = request->principal.actor, .arena = request->arena};
  const char *what = about == NULL ? kind->name : arena_printf(request->arena, "%s:%s", kind->name, about);
  if (what == NULL) return error_set_memory(error);
  if (!request_op_id(request, kind->name, client_id, error, &entry.op_id)) return false;
  if (!ledger_hash(what, body_schema, body, error, &entry.request_hash)) return false;
  *ret_entry = entry;
  return true;
}

void learner_entry_answer(struct request *request, const struct ledger_entry *entry) {
  request->db_ns += entry->db_ns;
  buffer_append_text(&request->reply, entry->reply_text);
}

bool learner_entry_run(struct request *request, const struct ledger_kind *kind, struct ledger_entry *entry,
                       struct error *error) {
  if (!ledger_run_one(request->app->ledger, kind, entry, NULL, request->arena, error)) return false;
  learner_entry_answer(request, entry);
  return true;
}
