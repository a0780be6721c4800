/* What lockstep-live says of itself. */
#include "programs/manual.h"

#include "base/banned.h"

#ifndef LOCKSTEP_SYSCONFDIR
#define LOCKSTEP_SYSCONFDIR "/etc/lockstep"
#endif

static const struct manual_entry options[] = {
    {"-c, --config FILE",
     "The configuration, " LOCKSTEP_SYSCONFDIR "/lockstep.yaml where no other is named."},
    {"-t, --check", "Only checks the configuration, then ends."},
    {"-V, --version", "Prints the version, then ends."},
    {"-h, --help", "Prints this, then ends."},
    {NULL, NULL},
};

static const struct manual_entry signals[] = {
    {"TERM, INT, QUIT", "Stops: every client is told to come again, and misses nothing by it."},
    {"USR1", "Reopens the log's file."},
    {NULL, NULL},
};

/* process/exit_code.h */
static const struct manual_entry exit_status[] = {
    {"0", "Stopped as it was asked to."},
    {"64", "The command line makes no sense."},
    {"71", "The system refused something: memory, a socket, a file."},
    {"75", "Another lockstep-live with the same live.pid runs here."},
    {"78", "The configuration cannot be used."},
    {NULL, NULL},
};

static const struct manual_section sections[] = {
    {.title = "Description",
     .text =
         "Pushes what happens to learners to their browsers, over WebSocket, behind nginx. It serves the "
         "learners who are connected to it and looks at nobody else; any number of hosts may run it on the "
         "same database. Nothing that it tells is kept anywhere but in the database, so that it may be "
         "stopped, killed and restarted at any moment. It stays in the foreground and logs logfmt lines to "
         "standard error, or to log.file. Without a database it waits for one. A changed configuration needs "
         "a restart."},
    {.title = "Options", .entries = options},
    {.title = "Signals", .entries = signals},
    {.title = "Exit status", .entries = exit_status},
    {.title = "See also", .text = "lockstep.yaml(5), section live; lockstep-fcgi(8)."},
    {.title = NULL},
};

const struct manual live_manual = {
    .name = "lockstep-live",
    .chapter = "8",
    .summary = "Pushes changes of Lockstep to browsers",
    .synopsis = "[--config FILE] [--check]",
    .sections = sections,
};
