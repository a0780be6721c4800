/* What lockstep-sync says of itself. */
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
    {"TERM, INT, QUIT",
     "Stops: transactions in hand are finished, unfinished jobs handed back (sync.drain_timeout_ms). Twice: "
     "at once."},
    {"HUP",
     "Reloads the configuration and replaces the workers; a bad one changes nothing, and the log says why."},
    {"USR1", "Reopens the log's file."},
    {"TERM to a worker", "Replaces that worker."},
    {NULL, NULL},
};

/* process/exit_code.h */
static const struct manual_entry exit_status[] = {
    {"0", "Stopped as it was asked to."},
    {"64", "The command line makes no sense."},
    {"71", "The system refused something: memory, a file, a process."},
    {"75", "Another lockstep-sync with the same sync.pid runs here."},
    {"78", "The configuration cannot be used."},
    {NULL, NULL},
};

static const struct manual_section sections[] = {
    {.title = "Description",
     .text = "Works on the jobs that stand in the table sync_jobs: what administrators inserted there, what "
             "endpoints left to be done, and what recurs. A master starts worker processes and watches over "
             "them; any number of hosts may run it on the same database. It stays in the foreground and logs "
             "logfmt lines to standard error, or to log.file. Without a database it waits for one."},
    {.title = "Options", .entries = options},
    {.title = "Signals to the master", .entries = signals},
    {.title = "Exit status", .entries = exit_status},
    {.title = "See also",
     .text = "lockstepctl(8), whose command jobs shows what is done; lockstep.yaml(5), section sync."},
    {.title = NULL},
};

const struct manual sync_manual = {
    .name = "lockstep-sync",
    .chapter = "8",
    .summary = "Works on the jobs table of Lockstep",
    .synopsis = "[--config FILE] [--check]",
    .sections = sections,
};
