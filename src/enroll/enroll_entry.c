#include "enroll/enroll_entry.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/banned.h"

bool enroll_entry_for(struct request *request, const struct ledger_kind *kind, uint64_t user_id,
                      uint64_t subject, const struct schema *schema, const void *body, struct error *error,
                      struct ledger_entry *ret_entry) {
  struct ledger_entry entry = {
      .user_id = user_id, .actor = request->principal.actor, .arena = request->arena};
  const char *about = arena_printf(request->arena, "%s:%" PRIu64, kind->name, subject);
  if (about == NULL) return error_set_memory(error);
  if (!request_op_id(request, kind->name, NULL, error, &entry.op_id)) return false;
  if (entry.op_id != NULL) {
    entry.op_id = arena_printf(request->arena, "%s:%s", entry.actor, entry.op_id);
    if (entry.op_id == NULL) return error_set_memory(error);
  }
  if (!ledger_hash(about, schema, body, error, &entry.request_hash)) return false;
  *ret_entry = entry;
  return true;
}

/* Hashed: a key of full length leaves no room for the part behind it. */
bool enroll_entry_part(struct request *request, uint64_t part, struct error *error,
                       struct ledger_entry *entry) {
  static const char digits[] = "0123456789abcdef";
  unsigned char digest[SHA256_DIGEST_LENGTH];
  char text[2 * SHA256_DIGEST_LENGTH + 1] = {0};
  if (entry->op_id == NULL) return true;
  const char *whole = arena_printf(request->arena, "%s:%" PRIu64, entry->op_id, part);
  if (whole == NULL) return error_set_memory(error);
  SHA256((const unsigned char *)whole, strlen(whole), digest);
  for (size_t at = 0; at < sizeof digest; at++) {
    text[2 * at] = digits[digest[at] >> 4];
    text[2 * at + 1] = digits[digest[at] & 15];
  }
  entry->op_id = arena_printf(request->arena, "part:%s", text);
  return entry->op_id != NULL || error_set_memory(error);
}

bool enroll_entry_heal(struct request *request, uint64_t user_id, struct error *error) {
  const struct app *app = request->app;
  struct rule_repair repair;
  return rule_heal(app->rules, app->ledger, &app->config->rules, RULE_SCOPE_COURSES, user_id, "lockstep:read",
                   request->arena, error, &repair);
}

bool enroll_entry_do(struct request *request, const struct ledger_kind *kind, struct ledger_entry *entry,
                     struct error *error) {
  bool done = ledger_run_one(request->app->ledger, kind, entry, NULL, request->arena, error);
  request->db_ns += entry->db_ns;
  if (!done && error->code == ERROR_UNAUTHENTICATED && entry->user_id != request->principal.user_id)
    return error_set(error, ERROR_NOT_FOUND, "There is no such student.");
  return done;
}

bool enroll_entry_run(struct request *request, const struct ledger_kind *kind, struct ledger_entry *entry,
                      struct error *error) {
  if (!enroll_entry_do(request, kind, entry, error)) return false;
  buffer_append_text(&request->reply, entry->reply_text);
  return true;
}
