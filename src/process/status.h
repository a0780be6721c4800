/* What `lockstepctl status` prints: a master's scoreboard for a person, or as JSON. */
#ifndef LOCKSTEP_PROCESS_STATUS_H
#define LOCKSTEP_PROCESS_STATUS_H

#include "base/buffer.h"
#include "base/scoreboard.h"

/* Lines for a terminal or a pipe; `bold` and `plain` surround titles ("" where there is no colour). */
void status_print_text(const struct scoreboard_view *view, const char *bold, const char *plain,
                       struct buffer *buffer);

/* One JSON object and a newline; its fields are described by the tables in status.c. */
bool status_print_json(const struct scoreboard_view *view, struct arena *arena, struct buffer *buffer,
                       struct error *error) WARN_UNUSED;

/* Whether the service is as it should be: the master lives and every place is served. */
bool status_is_well(const struct scoreboard_view *view);

#endif
