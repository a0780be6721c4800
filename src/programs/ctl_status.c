/* status: what the running service is doing. */
#include "process/status.h"

#include <errno.h>
#include <unistd.h>

#include "programs/ctl.h"
#include "programs/ctl_print.h"

#include "base/banned.h"

struct status_options {
  bool json;
};

static const struct field status_fields[] = {
    FIELD_BOOL(struct status_options, "json", json, .summary = "As one JSON object."),
};
const struct schema ctl_status_options =
    SCHEMA("CtlStatus", struct status_options, status_fields, .summary = "How to print it.");

static bool read_board(struct ctl *ctl, struct error *error, struct scoreboard_view *ret_view) {
  const char *path = ctl->config.paths.scoreboard;
  if (scoreboard_read(path, ctl->arena, error, ret_view)) return true;
  if (access(path, F_OK) == 0 || errno != ENOENT) return false;
  return error_set(error, ERROR_NOT_FOUND,
                   "The service does not run: there is no scoreboard %s (paths.scoreboard).", path);
}

bool ctl_status_print(struct ctl *ctl, const void *options, struct error *error) {
  const struct status_options *status = options;
  struct scoreboard_view view;
  CLEANUP(buffer_free) struct buffer text = BUFFER_INIT(CTL_TEXT_BYTES);
  if (!read_board(ctl, error, &view)) return false;
  if (status->json) {
    if (!status_print_json(&view, ctl->arena, &text, error)) return false;
  } else {
    status_print_text(&view, ctl_colour_on(ctl, CTL_BOLD), ctl_colour_off(ctl, CTL_BOLD), &text);
  }
  ctl->outcome = status_is_well(&view) ? CTL_EXIT_OK : CTL_EXIT_FAILED;
  return ctl_write(&text, error);
}
