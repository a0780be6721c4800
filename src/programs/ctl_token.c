/* token: for trying things out. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "http/auth.h"
#include "programs/ctl.h"
#include "queries/ctl.h"

#include "base/banned.h"

enum token_role { TOKEN_STUDENT, TOKEN_ADMIN, TOKEN_SERVICE, TOKEN_ANONYMOUS };
static const char *const token_role_names[] = {"student", "admin", "service", "anonymous", NULL};
static const enum role token_roles[] = {ROLE_STUDENT, ROLE_ADMIN, ROLE_SERVICE, ROLE_ANONYMOUS};

struct token_options {
  uint64_t user;
  enum presence user_given;
  const char *username;
  int role; /* enum token_role */
  enum presence role_given;
  int64_t lifetime_s;
};

static const struct field token_fields[] = {
    FIELD_UINT(struct token_options, "user", user, .flags = FIELD_USER,
               .presence = PRESENCE(struct token_options, user_given), .minimum = 1, .maximum = INT64_MAX,
               .summary = "Whose token: by id."),
    FIELD_TEXT(struct token_options, "username", username, .minimum = 1, .maximum = AUTH_NAME_MAX,
               .summary = "Whose token: by the name to sign in with."),
    FIELD_ENUM(struct token_options, "role", role, .names = token_role_names,
               .presence = PRESENCE(struct token_options, role_given),
               .summary = "What it allows; the learner's own role where not given."),
    FIELD_INT(struct token_options, "lifetime", lifetime_s, .minimum = 1, .maximum = INT64_C(315360000),
              .default_text = "86400", .summary = "How long it is good."),
};
const struct schema ctl_token_options =
    SCHEMA("CtlToken", struct token_options, token_fields, .summary = "A token to mint.");

static void close_keys(struct auth_keys **keys) { auth_keys_free(*keys); }

static bool find_user(struct ctl *ctl, const struct token_options *options, struct error *error,
                      struct ctl_user_row *ret_user) {
  bool by_id = options->user_given == PRESENCE_GIVEN;
  struct ctl_user_params params = {
      .user_id = options->user, .user_id_is_null = !by_id, .username = options->username};
  bool found;
  if (!ctl_connect(ctl, error) || !ctl_user(ctl->db, &params, ctl->arena, error, ret_user, &found))
    return false;
  if (!found && by_id)
    return error_set(error, ERROR_NOT_FOUND, "There is no learner %" PRIu64 ".", options->user);
  if (!found) return error_set(error, ERROR_NOT_FOUND, "There is no learner named %s.", options->username);
  if (ret_user->is_deleted)
    return error_set(error, ERROR_NOT_FOUND, "Learner %" PRIu64 " was deleted.", ret_user->id);
  return true;
}

static enum role role_of(const struct ctl_user_row *user) {
  for (size_t at = 0; at < ARRAY_LENGTH(token_roles); at++)
    if (!user->is_anonymous && strcmp(user->role, role_names[token_roles[at]]) == 0) return token_roles[at];
  return ROLE_ANONYMOUS;
}

/* Only where the command line leaves something open is the database asked. */
static bool complete_grant(struct ctl *ctl, const struct token_options *options, struct auth_grant *grant,
                           struct error *error) {
  struct ctl_user_row user = {.id = options->user};
  bool has_role = options->role_given == PRESENCE_GIVEN;
  if (has_role) grant->role = token_roles[options->role];
  bool is_own = has_role && grant->role == ROLE_ANONYMOUS;
  bool by_provider = ctl->config.auth.subject == AUTH_SUBJECT_PROVIDER && !is_own;
  if (options->user_given != PRESENCE_GIVEN || !has_role || by_provider) {
    if (!find_user(ctl, options, error, &user)) return false;
    if (!has_role) grant->role = role_of(&user);
  }
  bool speaks_provider = ctl->config.auth.subject == AUTH_SUBJECT_PROVIDER && grant->role != ROLE_ANONYMOUS;
  if (speaks_provider && user.subject == NULL)
    return error_set(error, ERROR_UNPROCESSABLE,
                     "Learner %" PRIu64 " has no subject of the provider, which auth.subject asks for.",
                     user.id);
  grant->subject = speaks_provider ? user.subject : arena_printf(ctl->arena, "%" PRIu64, user.id);
  return grant->subject != NULL || error_set_memory(error);
}

bool ctl_token_mint(struct ctl *ctl, const void *options, struct error *error) {
  const struct token_options *wanted = options;
  struct auth_grant grant = {.lifetime_s = wanted->lifetime_s};
  CLEANUP(close_keys) struct auth_keys *keys = NULL;
  const char *token;
  bool by_id = wanted->user_given == PRESENCE_GIVEN;
  if (by_id == (wanted->username != NULL))
    return error_set(error, ERROR_MALFORMED, "Name the learner by --user ID or by --username NAME.");
  if (!auth_keys_new(&ctl->config.auth, error, &keys)) return false;
  if (!complete_grant(ctl, wanted, &grant, error)) return false;
  if (!auth_mint(keys, &grant, clock_now_ms() / 1000, ctl->arena, error, &token)) return false;
  (void)printf("%s\n", token);
  return true;
}
