/* config check, config print, config reference. */
#include "config/config.h"
#include "programs/ctl.h"

#include "base/banned.h"

static bool print_buffer(struct buffer *text, struct error *error) {
  if (text->failed) return error_set_memory(error);
  (void)fwrite(buffer_text(text), 1, text->length, stdout);
  return true;
}

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
  return print_buffer(&text, error);
}

bool ctl_config_reference(struct ctl *ctl, const void *options, struct error *error) {
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  (void)ctl;
  (void)options;
  config_print_reference(&text);
  return print_buffer(&text, error);
}
