/* config check, config print, config reference; openapi. */
#include "config/config.h"
#include "http/openapi.h"
#include "programs/ctl.h"

#include "base/banned.h"

bool ctl_config_check(struct ctl *ctl, const void *options, struct error *error) {
  (void)options;
  (void)error;
  (void)printf("%s is good; its digest is %s.\n", ctl->config_path, ctl->config.digest);
  return true;
}

bool ctl_config_print(struct ctl *ctl, const void *options, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  (void)options;
  config_print(&ctl->config, &text);
  return ctl_write(&text, error);
}

bool ctl_config_reference(struct ctl *ctl, const void *options, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  (void)ctl;
  (void)options;
  config_print_reference(&text);
  return ctl_write(&text, error);
}

static void close_router(struct router **router) { router_free(*router); }

bool ctl_openapi_print(struct ctl *ctl, const void *options, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  CLEANUP(close_router) struct router *router = NULL;
  (void)ctl;
  (void)options;
  if (!router_new(endpoint_tables, error, &router)) return false;
  openapi_print(router, &text);
  buffer_append_char(&text, '\n');
  return ctl_write(&text, error);
}
