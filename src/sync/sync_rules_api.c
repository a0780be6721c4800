/* /api/admin/rules and /api/admin/score-history. */
#include <inttypes.h>
#include <string.h>

#include "queries/sync.h"
#include "rule/pass.h"
#include "sync/sync.h"
#include "sync/sync_act.h"
#include "sync/sync_pass.h"

#include "base/banned.h"

#define RULES_SHOWN_MAX 1000
#define SCORES_MAX 200

/* --- GET /api/admin/rules ------------------------------------------------------------------------ */

enum use { USE_ACTIVE, USE_PAUSED, USE_LEFT_ASIDE };
static const char *const use_names[] = {"active", "paused", "left_aside", NULL};

struct listed_rule {
  const char *name;
  const char *summary;
  int severity; /* enum rule_severity */
  int authority;
  int state;   /* enum use */
  int on_read; /* enum rule_read */
  bool of_site;
  int64_t order;
  int64_t limit_rows;
  enum presence limit_rows_given;
  int64_t limit_share;
  enum presence limit_share_given;
  const char *paused_by;
  int64_t paused_at_ms;
  enum presence paused_at_given;
};

struct rules_reply {
  bool enabled;
  struct field_list rules;    /* struct listed_rule */
  struct field_list problems; /* const char * */
};

static const struct field listed_fields[] = {
    FIELD_TEXT(struct listed_rule, "name", name, .flags = FIELD_REQUIRED, .summary = "The rule's name."),
    FIELD_TEXT(struct listed_rule, "summary", summary, .flags = FIELD_REQUIRED, .summary = "What holds."),
    FIELD_ENUM(struct listed_rule, "severity", severity, .names = rule_severity_names,
               .flags = FIELD_REQUIRED, .summary = "How bad a breach is."),
    FIELD_ENUM(struct listed_rule, "authority", authority, .names = repair_authority_names,
               .flags = FIELD_REQUIRED,
               .summary = "columns: takes part only where that authority is asked for by name."),
    FIELD_ENUM(struct listed_rule, "state", state, .names = use_names, .flags = FIELD_REQUIRED,
               .summary = "paused: it finds, but is not repaired. left_aside: it is broken itself."),
    FIELD_ENUM(struct listed_rule, "onRead", on_read, .names = rule_read_names, .flags = FIELD_REQUIRED,
               .summary = "Whether it heals before a learner's progress, or courses, are read."),
    FIELD_BOOL(struct listed_rule, "ofSite", of_site, .flags = FIELD_REQUIRED,
               .summary = "Whether it is the site's own."),
    FIELD_INT(struct listed_rule, "order", order, .flags = FIELD_REQUIRED,
              .summary = "Repairs happen in this order, from small to large."),
    FIELD_INT(struct listed_rule, "limitRows", limit_rows, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
              .presence = PRESENCE(struct listed_rule, limit_rows_given),
              .summary = "A run that would change more rows stops and asks; null: no such limit."),
    FIELD_INT(struct listed_rule, "limitSharePercent", limit_share, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
              .presence = PRESENCE(struct listed_rule, limit_share_given),
              .summary = "The same in percent of the table; null: no such limit."),
    FIELD_TEXT(struct listed_rule, "pausedBy", paused_by, .summary = "Who paused it."),
    FIELD_TIME(struct listed_rule, "pausedAt", paused_at_ms,
               .presence = PRESENCE(struct listed_rule, paused_at_given), .summary = "Since when."),
};
static const struct schema listed_schema =
    SCHEMA("Rule", struct listed_rule, listed_fields, .summary = "A rule of consistency.");

static const struct field rules_fields[] = {
    FIELD_BOOL(struct rules_reply, "enabled", enabled, .flags = FIELD_REQUIRED,
               .summary = "False: no repair runs at all (rules.enabled, or a pause of every rule)."),
    FIELD_LIST(struct rules_reply, "rules", rules, .object = &listed_schema, .flags = FIELD_REQUIRED,
               .maximum = RULES_SHOWN_MAX, .summary = "In the order of their repairs."),
    FIELD_LIST(struct rules_reply, "problems", problems, .item_kind = FIELD_KIND_TEXT,
               .flags = FIELD_REQUIRED, .maximum = RULES_SHOWN_MAX,
               .summary = "What is wrong with the site's own rules that were left aside."),
};
static const struct schema rules_schema =
    SCHEMA("Rules", struct rules_reply, rules_fields, .summary = "The rules as this process has them.");

static enum presence null_unless(bool is_given) { return is_given ? PRESENCE_GIVEN : PRESENCE_NULL; }

static struct listed_rule list_rule(const struct rule_set *set, size_t at, const struct sync_pauses *pauses) {
  const struct rule *rule = rule_set_at(set, at);
  const struct sync_rule_pauses_row *pause = sync_pauses_find(pauses, rule->name);
  if (pause == NULL) pause = sync_pauses_find(pauses, "*");
  struct listed_rule listed = {.name = rule->name,
                               .summary = rule->summary,
                               .severity = (int)rule->severity,
                               .authority = (int)rule->authority,
                               .state = pause == NULL ? USE_ACTIVE : USE_PAUSED,
                               .on_read = (int)rule->on_read,
                               .of_site = rule->of_site,
                               .order = rule->order,
                               .limit_rows = rule->limit_rows,
                               .limit_rows_given = null_unless(rule->limit_rows != 0),
                               .limit_share = rule->limit_share_percent,
                               .limit_share_given = null_unless(rule->limit_share_percent != 0)};
  if (pause != NULL) {
    listed.paused_by = pause->actor;
    listed.paused_at_ms = pause->created_at;
    listed.paused_at_given = PRESENCE_GIVEN;
  }
  if (!rule_set_in_use(set, at)) listed.state = USE_LEFT_ASIDE;
  return listed;
}

static bool list_problems(const struct rule_set *set, struct arena *arena, struct error *error,
                          struct field_list *ret_problems) {
  size_t count = rule_set_problem_count(set);
  const char **problems = arena_alloc_array(arena, count, sizeof *problems);
  if (problems == NULL && count > 0) return error_set_memory(error);
  for (size_t at = 0; at < count; at++)
    problems[at] = rule_set_problem(set, at);
  *ret_problems = (struct field_list){.items = problems, .count = count};
  return true;
}

static bool handle_rules(struct request *request, const void *query, const void *body, void *reply_struct,
                         struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  const struct rule_set *set = request->app->rules;
  struct rules_reply *reply = reply_struct;
  struct sync_pauses pauses;
  (void)query;
  (void)body;
  if (!request_borrow(request, error, &lease) || !rule_set_check(set, lease.db, error) ||
      !sync_pauses_read(lease.db, request->arena, error, &pauses))
    return false;
  struct listed_rule *rules = arena_alloc_array(request->arena, rule_set_count(set), sizeof *rules);
  if (rules == NULL && rule_set_count(set) > 0) return error_set_memory(error);
  for (size_t at = 0; at < rule_set_count(set); at++)
    rules[at] = list_rule(set, at, &pauses);
  reply->rules = (struct field_list){.items = rules, .count = rule_set_count(set)};
  reply->enabled = request->app->config->rules.enabled && !pauses.all;
  return list_problems(set, request->arena, error, &reply->problems);
}

/* --- POST /api/admin/rules/{name}/pause, /resume --------------------------------------------------- */

struct pause_reply {
  bool success;
  const char *message;
};

static const struct field pause_fields[] = {
    FIELD_BOOL(struct pause_reply, "success", success, .flags = FIELD_REQUIRED,
               .summary = "Always true here."),
    FIELD_TEXT(struct pause_reply, "message", message, .flags = FIELD_REQUIRED, .summary = "What was done."),
};
static const struct schema pause_schema =
    SCHEMA("RulePaused", struct pause_reply, pause_fields, .summary = "The outcome.");

struct resume_body {
  bool rows_too;
};

static const struct field resume_fields[] = {
    FIELD_BOOL(struct resume_body, "rowsToo", rows_too,
               .summary = "Also end the pauses of single rows, which rollbacks left behind."),
};
static const struct schema resume_schema =
    SCHEMA("RuleResume", struct resume_body, resume_fields, .summary = "How much to resume.");

static bool handle_pause(struct request *request, const void *query, const void *body, void *reply_struct,
                         struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  struct repair_engine engine = sync_engine(request);
  struct pause_reply *reply = reply_struct;
  const char *name = request->path_parts[0];
  (void)query;
  (void)body;
  if (!request_borrow(request, error, &lease) ||
      !repair_pause(&engine, lease.db, name, request->principal.actor, error) || !db_commit(lease.db, error))
    return false;
  reply->success = true;
  reply->message = arena_printf(request->arena, "%s is paused.", *name == '*' ? "Every rule" : name);
  return reply->message != NULL || error_set_memory(error);
}

static bool handle_resume(struct request *request, const void *query, const void *body_struct,
                          void *reply_struct, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  const struct resume_body *body = body_struct;
  struct repair_engine engine = sync_engine(request);
  struct pause_reply *reply = reply_struct;
  const char *name = request->path_parts[0];
  uint64_t ended;
  (void)query;
  if (!request_borrow(request, error, &lease) ||
      !repair_resume(&engine, lease.db, name, body->rows_too, 0, error, &ended) ||
      !db_commit(lease.db, error))
    return false;
  /* A rule may be gone, and its pause still there. */
  if (ended == 0 && strcmp(name, "*") != 0 && !sync_order_knows(engine.set, name))
    return error_set(error, ERROR_NOT_FOUND, "There is no such rule.");
  reply->success = true;
  reply->message = arena_printf(request->arena, "%" PRIu64 " pauses were ended.", ended);
  return reply->message != NULL || error_set_memory(error);
}

/* --- GET /api/admin/score-history ----------------------------------------------------------------- */

struct scores_query {
  uint64_t limit;
  uint64_t after;
};

struct scores_reply {
  struct field_list scores; /* struct pass_summary */
  uint64_t next_after;
  enum presence next_after_given;
};

static const struct field scores_query_fields[] = {
    FIELD_UINT(struct scores_query, "limit", limit, .minimum = 1, .maximum = SCORES_MAX, .default_text = "50",
               .summary = "Passes a page."),
    FIELD_UINT(struct scores_query, "after", after, .maximum = INT64_MAX,
               .summary = "Go on after this pass: the nextAfter of the page before."),
};
static const struct schema scores_query_schema =
    SCHEMA("ScoresQuery", struct scores_query, scores_query_fields, .summary = "Which page.");

static const struct field scores_fields[] = {
    FIELD_LIST(struct scores_reply, "scores", scores, .object = &sync_score_schema, .flags = FIELD_REQUIRED,
               .maximum = SCORES_MAX, .summary = "Newest first."),
    FIELD_UINT(struct scores_reply, "nextAfter", next_after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct scores_reply, next_after_given),
               .summary = "Where the next page goes on; null at the end."),
};
static const struct schema scores_schema =
    SCHEMA("Scores", struct scores_reply, scores_fields, .summary = "The history of the score.");

static bool handle_scores(struct request *request, const void *query_struct, const void *body,
                          void *reply_struct, struct error *error) {
  CLEANUP(request_lease_end) struct request_lease lease = {.request = request};
  const struct scores_query *query = query_struct;
  struct scores_reply *reply = reply_struct;
  struct pass_summary *passes;
  size_t count;
  (void)body;
  if (!request_borrow(request, error, &lease) ||
      !pass_list(lease.db, PASS_VALIDATE, query->after, query->limit, request->arena, error, &passes, &count))
    return false;
  reply->scores = (struct field_list){.items = passes, .count = count};
  reply->next_after_given = null_unless(count == query->limit);
  if (count > 0) reply->next_after = passes[count - 1].id;
  return true;
}

static const struct endpoint rows[] = {
    {.method = "GET",
     .path = "/api/admin/rules",
     .role = ROLE_ADMIN,
     .reply = &rules_schema,
     .handle = handle_rules,
     .tag = "Consistency",
     .summary = "The rules of consistency, and which of them are paused."},
    {.method = "POST",
     .path = "/api/admin/rules/{name}/pause",
     .role = ROLE_ADMIN,
     .reply = &pause_schema,
     .handle = handle_pause,
     .tag = "Consistency",
     .summary = "Nothing is repaired by this rule until it is resumed; * is every rule."},
    {.method = "POST",
     .path = "/api/admin/rules/{name}/resume",
     .role = ROLE_ADMIN,
     .body = &resume_schema,
     .reply = &pause_schema,
     .handle = handle_resume,
     .tag = "Consistency",
     .summary = "Ends a rule's pause."},
    {.method = "GET",
     .path = "/api/admin/score-history",
     .role = ROLE_ADMIN,
     .query = &scores_query_schema,
     .reply = &scores_schema,
     .handle = handle_scores,
     .tag = "Consistency",
     .summary = "The platform's score, pass by pass, newest first."},
};
const struct endpoint_table sync_rules_endpoints = ENDPOINT_TABLE(rows);
