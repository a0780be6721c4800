#include "event/event_heal.h"

#include "rule/rule.h"

#include "base/banned.h"

bool event_heal(struct request *request, struct error *error) {
  const struct app *app = request->app;
  struct rule_repair repair;
  return rule_heal(app->rules, app->ledger, &app->config->rules, RULE_SCOPE_EVENTS,
                   request->principal.user_id, "lockstep:read", request->arena, error, &repair);
}
