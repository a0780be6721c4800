/* What lockstep-fcgi says of itself. */
#include "programs/manual.h"

#include "base/banned.h"

#ifndef LOCKSTEP_SYSCONFDIR
#define LOCKSTEP_SYSCONFDIR "/etc/lockstep"
#endif

static const struct manual_entry options[] = {
    {"-c, --config FILE",
     "The configuration, " LOCKSTEP_SYSCONFDIR "/lockstep.yaml where no other is named."},
    {"-t, --check", "Only checks the configuration and what it names, then ends."},
    {"-V, --version", "Prints the version, then ends."},
    {"-h, --help", "Prints this, then ends."},
    {NULL, NULL},
};

static const struct manual_entry signals[] = {
    {"TERM, INT", "Stops; requests in hand are finished (workers.drain_timeout_ms). Twice: at once."},
    {"QUIT", "Stops; what still comes on open connections is served as well."},
    {"HUP", "Reloads the configuration; a bad one changes nothing, and the log says why."},
    {"USR1", "Reopens the log's file."},
    {"TERM to a worker", "Replaces that worker."},
    {NULL, NULL},
};

/* process/exit_code.h */
static const struct manual_entry exit_status[] = {
    {"0", "Stopped as it was asked to."},
    {"64", "The command line makes no sense."},
    {"71", "The system refused something: memory, a file, a process."},
    {"75", "Another master serves here."},
    {"78", "The configuration cannot be used."},
    {NULL, NULL},
};

static const struct manual_section sections[] = {
    {.title = "Description",
     .text = "A master that binds the socket, starts worker processes and watches over them. It stays in the "
             "foreground and logs logfmt lines to standard error, or to log.file."},
    {.title = "Options", .entries = options},
    {.title = "Signals to the master", .entries = signals},
    {.title = "Exit status", .entries = exit_status},
    {.title = "See also",
     .text =
         "lockstepctl(8), whose command status shows what the workers are doing; lockstep.yaml(5) for every "
         "key of the configuration."},
    {.title = NULL},
};

const struct manual fcgi_manual = {
    .name = "lockstep-fcgi",
    .chapter = "8",
    .summary = "Keeps learners' progress, over FastCGI, behind nginx",
    .synopsis = "[--config FILE] [--check]",
    .sections = sections,
};
