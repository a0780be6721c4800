/* export-json: writes what import-json reads. */
#include "learner/export.h"
#include "programs/ctl_print.h"
#include "queries/ctl.h"

#include "base/banned.h"

#define EXPORT_ARENA_BYTES ((size_t)64 * 1024 * 1024)

struct export_options {
  const char *directory;
};

static const struct field export_fields[] = {
    FIELD_TEXT(struct export_options, "directory", directory, .flags = FIELD_REQUIRED, .minimum = 1,
               .maximum = 4000, .summary = "Where the files go; made where it is missing."),
};
const struct schema ctl_export_options =
    SCHEMA("CtlExport", struct export_options, export_fields, .summary = "Where to.");

static void show(void *context, uint64_t user_id) { ctl_progress_show(context, user_id); }

bool ctl_export_run(struct ctl *ctl, const void *options, struct error *error) {
  const struct export_options *export = options;
  CLEANUP(arena_cleanup) struct arena *arena = arena_new(EXPORT_ARENA_BYTES);
  struct ctl_progress progress;
  struct ctl_last_user_row last;
  struct export_report report;
  bool found;
  if (arena == NULL) return error_set_memory(error);
  if (!ctl_last_user(ctl->db, ctl->arena, error, &last, &found)) return false;
  db_rollback(ctl->db);
  ctl_progress_start(&progress, ctl, "Learners", last.id);
  bool done = export_run(ctl->db, export->directory, show, &progress, arena, error, &report);
  ctl_progress_end(&progress);
  if (!done) return false;
  (void)printf("%s attempts of %s learners are in %s.\n", ctl_number(ctl, (int64_t)report.attempts),
               ctl_number(ctl, (int64_t)report.learners), export->directory);
  return true;
}
