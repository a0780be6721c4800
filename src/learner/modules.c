#include "learner/modules.h"

#include "queries/learner.h"

#include "base/banned.h"

static const struct field module_fields[] = {
    FIELD_TEXT(struct modules_one, "module", key, .flags = FIELD_REQUIRED,
               .summary = "What answers name as their module."),
    FIELD_TEXT(struct modules_one, "label", label, .flags = FIELD_REQUIRED, .summary = "Its name."),
    FIELD_UINT(struct modules_one, "goalTokens", goal_tokens, .flags = FIELD_REQUIRED,
               .summary = "Tokens that complete it."),
};
static const struct schema module_schema =
    SCHEMA("Module", struct modules_one, module_fields, .summary = "A module.");

static const struct field reply_fields[] = {
    FIELD_LIST(struct modules_reply, "modules", modules, .object = &module_schema, .flags = FIELD_REQUIRED,
               .maximum = MODULES_MAX, .summary = "In the order in which they are to be shown."),
};
const struct schema modules_reply_schema =
    SCHEMA("Modules", struct modules_reply, reply_fields, .summary = "What there is to practise.");

bool modules_read(struct db *db, struct arena *arena, struct error *error, struct modules_reply *ret_reply) {
  struct learner_every_module_params params = {.limit_rows = MODULES_MAX};
  struct learner_every_module_row *rows;
  size_t count;
  if (!learner_every_module(db, &params, arena, MODULES_MAX, error, &rows, &count)) return false;
  struct modules_one *modules = arena_alloc_array(arena, count, sizeof *modules);
  if (modules == NULL) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    modules[at] = (struct modules_one){
        .key = rows[at].module_key, .label = rows[at].label, .goal_tokens = rows[at].goal_tokens};
  ret_reply->modules = (struct field_list){.items = modules, .count = count};
  return true;
}
