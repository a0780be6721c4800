#include "event/system_api.h"

#include "event/intake_private.h"
#include "http/entry.h"

#include "base/banned.h"

/* Where nothing is sent, there is one kind of request for it. */
static const struct schema nothing_schema = {.name = "NoBody", .summary = "Nothing."};

/* Which row it is about is said by the path: a key that was used for another one is no repeat. */
static bool begin(struct request *request, const struct ledger_kind *kind, const struct schema *body_schema,
                  const void *body, const char *client_id, struct error *error,
                  struct ledger_entry *ret_entry) {
  const char *row = request->path_parts[0] == NULL ? "" : request->path_parts[0];
  const char *part = request->path_parts[1] == NULL ? "" : request->path_parts[1];
  const char *what = arena_printf(request->arena, "%s:%s/%s", kind->name, row, part);
  if (what == NULL) return error_set_memory(error);
  return entry_begin(request, kind, client_id, body_schema, body, error, ret_entry) &&
         ledger_hash(what, body_schema, body, error, &ret_entry->request_hash);
}

/* What fails while an event is processed must not keep the learner from ticking a todo. */
static bool run(struct request *request, const struct ledger_kind *kind, struct ledger_entry *entry,
                struct system_input *input, struct error *error) {
  struct ledger_entry as_begun = *entry;
  if (ledger_run_one(request->app->ledger, kind, entry, NULL, request->arena, error)) return true;
  if (!input->took_event || !intake_is_failure(error)) return false;
  struct error *failure = arena_alloc(request->arena, sizeof *failure);
  if (failure == NULL) return error_set_memory(error);
  *failure = *error;
  error_clear(error);
  request->db_ns += entry->db_ns;
  *entry = as_begun;
  input->failure = failure;
  return ledger_run_one(request->app->ledger, kind, entry, NULL, request->arena, error);
}

bool system_run(struct request *request, const struct ledger_kind *kind, const struct schema *body_schema,
                const void *body, const char *client_id, void *reply, struct error *error) {
  struct system_input input = {.config = request->app->config,
                               .zones = request->zones,
                               .awards = request->app->awards,
                               .id = request->path_parts[0] == NULL ? client_id : request->path_parts[0],
                               .part_id = request->path_parts[1],
                               .body = body};
  struct ledger_entry entry;
  bool has_body = body_schema != NULL;
  if (!begin(request, kind, has_body ? body_schema : &nothing_schema, has_body ? body : &nothing_schema,
             client_id, error, &entry))
    return false;
  entry.input = &input;
  entry.reply_schema = request->endpoint->reply;
  entry.reply = reply;
  return run(request, kind, &entry, &input, error) && entry_answer(request, &entry);
}
