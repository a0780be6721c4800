/* The commands, in the order of the help. */
#include "programs/ctl.h"

#include "base/banned.h"

const struct ctl_command ctl_commands[] = {
    {.name = "status",
     .options = &ctl_status_options,
     .needs = CTL_NEEDS_CONFIG,
     .run = ctl_status_print,
     .summary = "Shows what the running service is doing.",
     .description =
         "Reads the scoreboard that the master and its workers share (paths.scoreboard): workers, requests "
         "in hand, database connections, and why the last reload was refused if it was. The database is "
         "not asked. Ends with 0 when the master lives and every worker's place is served, with 1 "
         "otherwise."},
    {.name = "migrate status",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_migrate_status,
     .summary = "Lists the migrations and what the database knows of them.",
     .description =
         "Changes nothing, not even in a database that was never migrated. Ends with 0 when everything "
         "is applied, with 1 when something is pending, half-applied, or was changed after it was "
         "applied. Migrations of a later release are listed as unknown and do no harm."},
    {.name = "migrate up",
     .options = &ctl_migrate_up_options,
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_migrate_up,
     .summary = "Applies the migrations that are pending.",
     .description =
         "A second runner waits for the first. A migration that was left half-applied, or whose file "
         "changed after it was applied, is refused by name, and nothing is done.\n\n"
         "Migrations change tables: run this as the database's owner, with a configuration of its own "
         "where the service's user may not. The release before runs on beside the new tables."},
    {.name = "config check",
     .needs = CTL_NEEDS_CONFIG,
     .run = ctl_config_check,
     .summary = "Says whether the configuration is good, and what is wrong with it.",
     .description =
         "Reads the file and the files of its secrets as a start or a reload would, and names every "
         "mistake in one go. Ends with 1 when there is one."},
    {.name = "config print",
     .needs = CTL_NEEDS_CONFIG,
     .run = ctl_config_print,
     .summary = "Prints the values in force, defaults included, secrets masked."},
    {.name = "config reference",
     .run = ctl_config_reference,
     .summary = "Prints what every key means, as Markdown."},
    {.name = "token",
     .options = &ctl_token_options,
     .needs = CTL_NEEDS_CONFIG,
     .run = ctl_token_mint,
     .summary = "Mints a token for trying things out.",
     .description =
         "Signed with the site's first HS256 key; with Lockstep's own key where the role is anonymous. "
         "Only the token goes to standard output:\n\n"
         "    curl -H \"Authorization: Bearer $(lockstepctl token --username student)\" …\n\n"
         "With --user and --role, and auth.subject: id, the database is not asked."},
    {.name = "audit",
     .options = &ctl_audit_options,
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_audit_print,
     .summary = "Compares every learner's columns with the totals in the document.",
     .description =
         "For each learner the columns of users beside global_stats of hidden_grade_asset, and the column "
         "minus the document as ±; the largest difference in tokens first. As of the last pass, which "
         "lockstep-sync makes every night; --refresh has one made now, --live reads every learner itself.\n\n"
         "Ends with 0 when they agree everywhere, with 1 when learners differ."},
    {.name = "rules",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_rules_list,
     .summary = "Lists the rules, and what the last pass found of each.",
     .description =
         "In the order of their repairs. Ends with 1 when a file of the site is left aside; it says which, "
         "and why."},
    {.name = "rules explain",
     .options = &ctl_rules_explain_options,
     .argument = "rule",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_rules_explain,
     .summary = "Says what a rule means and how the database reads it."},
    {.name = "rules test",
     .options = &ctl_rules_test_options,
     .argument = "rule",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_rules_test,
     .summary = "Tries a rule out: whether it is good, and what it would change.",
     .description = "Reads one file, holds it to its form and to the database, asks it about the first "
                    "learners, or one, "
                    "and prints the first rows that it finds. Changes nothing. Ends with 1, file and line "
                    "where there is "
                    "a mistake.\n\n"
                    "    lockstepctl rules test ./display_names_are_trimmed.sql --user 7"},
    {.name = "rules time",
     .options = &ctl_rules_time_options,
     .argument = "rule",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_rules_time,
     .summary = "Measures what each rule costs the database."},
    {.name = "rules pause",
     .options = &ctl_rules_pause_options,
     .argument = "rule",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_rules_pause,
     .summary = "Stops the repairs of a rule, or of every rule, until it is resumed.",
     .description = "At once and on every host. A paused rule still finds; it repairs nothing.\n\n"
                    "    lockstepctl rules pause all"},
    {.name = "rules resume",
     .options = &ctl_rules_resume_options,
     .argument = "rule",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_rules_resume,
     .summary = "Ends the pause of a rule, or of every rule.",
     .description = "What was paused by name stays so when \"all\" is resumed, and the other way round. Rows "
                    "that a rollback paused are resumed by \"repairs resume\"."},
    {.name = "validate",
     .options = &ctl_validate_options,
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_validate_run,
     .summary = "Says which rules hold, and which do not.",
     .description =
         "Of everybody as of the last pass, one of which runs every hour; with --refresh a new one runs "
         "first, as a job of lockstep-sync. Of one learner, with --user, as things stand now, with every row "
         "that "
         "breaks a rule. Changes nothing.\n\n"
         "Ends with 0 when every rule holds, with 1 when one is broken or no pass has run yet."},
    {.name = "fix",
     .options = &ctl_fix_options,
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_fix_run,
     .summary = "Repairs what breaks a rule; without --apply, plans it.",
     .description =
         "One learner at once; everybody as a job of lockstep-sync, which is waited for and goes on when "
         "this is interrupted. A plan is stored, with its digest, and printed rule by rule with some of its "
         "rows; "
         "--plan applies exactly that, all of it or, where a row has moved since, nothing.\n\n"
         "A rule that would change more than its limit stops the run before its first row, unless "
         "--confirm-over-limit is given. --authority columns rebuilds documents from the columns. Whatever a "
         "run changed, rollback undoes."},
    {.name = "repairs",
     .options = &ctl_repairs_list_options,
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_repairs_list,
     .summary = "Lists repairs, plans and rollbacks, newest first."},
    {.name = "repairs show",
     .options = &ctl_repairs_show_options,
     .argument = "run",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_repairs_show,
     .summary = "Shows what a run did, by rule and row by row."},
    {.name = "repairs resume",
     .options = &ctl_run_options,
     .argument = "run",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_repairs_resume,
     .summary = "Lets the rows of a rollback be repaired again.",
     .description = "The run is the one that was rolled back, or the rollback itself."},
    {.name = "rollback",
     .options = &ctl_run_options,
     .argument = "run",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_rollback_run,
     .summary = "Undoes a repair.",
     .description =
         "Rows that still hold what the run wrote get back what they held before, byte for byte; the others "
         "stay, and are listed with what changed them. From then on its rules leave these rows alone, or the "
         "next run would undo the undoing; \"repairs resume\" ends that.\n\n"
         "A run of one learner at once; one of everybody as a job of lockstep-sync, which is waited for."},
    {.name = "jobs list",
     .options = &ctl_jobs_list_options,
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_jobs_list,
     .summary = "Lists the jobs, newest first.",
     .description = "The ranges that a job over everybody is divided into are shown with it, by jobs show."},
    {.name = "jobs show",
     .options = &ctl_jobs_id_options,
     .argument = "job",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_jobs_show,
     .summary = "Shows everything about one job."},
    {.name = "jobs watch",
     .options = &ctl_jobs_id_options,
     .argument = "job",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_jobs_watch,
     .summary = "Waits for a job's end, with a bar and the time that is left.",
     .description = "Ends with 0 when the job is done, with 1 when it failed, died or was cancelled."},
    {.name = "jobs add",
     .options = &ctl_jobs_add_options,
     .argument = "kind",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_jobs_add,
     .summary = "Inserts a job, or a schedule, and prints its number.",
     .description = "    lockstepctl jobs add sync_user --params '{\"userId\": 7}'\n\n"
                    "The same as inserting a row into sync_jobs, but mistakes are told at once."},
    {.name = "jobs cancel",
     .options = &ctl_jobs_id_options,
     .argument = "job",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_jobs_cancel,
     .summary = "Asks for a job's end; what it has done stands."},
    {.name = "jobs retry",
     .options = &ctl_jobs_id_options,
     .argument = "job",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_jobs_retry,
     .summary = "Inserts a job anew that did not end well.",
     .description = "One that failed, died or was cancelled. Prints the new one's number."},
    {.name = "achievements",
     .needs = CTL_NEEDS_CONFIG,
     .run = ctl_achievements_list,
     .summary = "Lists the achievements and milestones that there are to earn.",
     .description = "With the file of those that the site has defined. Ends with 1 when a file of the site "
                    "is left aside; it "
                    "says which, and why."},
    {.name = "jobs kinds", .run = ctl_jobs_kinds, .summary = "Lists the kinds of jobs and their parameters."},
    {.name = "user show",
     .options = &ctl_user_show_options,
     .argument = "who",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_user_show,
     .summary = "Shows everything about one learner.",
     .description =
         "The learner's row, the totals where each is kept, the streak as it stands today where the learner "
         "is, and the newest entries of the history."},
    {.name = "import-json",
     .options = &ctl_import_options,
     .argument = "directory",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_import_run,
     .summary = "Brings in the attempts and streaks of the application before.",
     .description =
         "Each entry counts once, by its content: run again, with files that have grown, or after it was "
         "interrupted, it adds what is new. What cannot be taken is listed by file and position, and kept "
         "in a directory of its own, where it can be mended and imported from.\n\n"
         "docs/import.md says what the files hold. Ends with 0 when everything was taken, with 1 when "
         "something was rejected."},
    {.name = "export-json",
     .options = &ctl_export_options,
     .argument = "directory",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_export_run,
     .summary = "Writes the attempts and streaks of every learner into files.",
     .description =
         "The same files that import-json reads: attempts_<id>.json, archived attempts among them, and "
         "streaks.json. They hold personal data, and are written for their owner's eyes alone.\n\n"
         "Each learner is read at one moment. A file takes its name when it is whole."},
    {.name = "payments replay",
     .options = &ctl_payments_replay_options,
     .argument = "event",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_payments_replay,
     .summary = "Processes a stored event of the payment provider again.",
     .description =
         "For an event whose learner or course was not there when it came, or whose amount was not the "
         "course's price, after that has been put right. What a payment has brought about once it does not "
         "bring about again.\n\n"
         "Ends with 1 where the event still waits for somebody; /api/admin/webhook-events lists those."},
    {.name = "enrollments export",
     .options = &ctl_enrollments_export_options,
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_enrollments_export,
     .summary = "Prints enrollments as CSV.",
     .description =
         "Of everybody, of one course or of one learner; cancelled ones, too. In UTF-8, with a header; texts "
         "that a spreadsheet would run as a formula have a ' before them. \"enrollments import\" takes it "
         "back.\n\n"
         "    lockstepctl enrollments export --course 3 > course-3.csv"},
    {.name = "enrollments import",
     .options = &ctl_enrollments_import_options,
     .argument = "file",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_enrollments_import,
     .summary = "Enrols whom a CSV file names, and unenrols whom it cancels.",
     .description =
         "The header names the columns, in any order and spelling: userId, username or subject (the first "
         "that a line fills counts), courseId, and status: active, completed or empty means enrolled, "
         "cancelled means not. Other columns are ignored; progress is never set. Commas, semicolons or tabs, "
         "with or without a byte order mark.\n\n"
         "--dry-run says exactly what would happen. With --remove-missing, students of the courses that the "
         "file names are unenrolled where it does not name them. A file that would remove more than "
         "--max-removals changes nothing at all.\n\n"
         "Lines that cannot be taken are named, and kept aside in FILE.rejected.csv, with the header, to be "
         "put right and brought again; the others are done. The same file again changes nothing; one that "
         "was "
         "broken off is simply brought again. Ends with 1 where a line could not be taken.\n\n"
         "    lockstepctl enrollments import students.csv --dry-run"},
    {.name = "percentiles refresh",
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_percentiles_refresh,
     .summary = "Counts anew how the learners' totals are spread.",
     .description =
         "What learners are told about their place among all is as of the last refresh. Reads every "
         "learner once; run it from time to time, such as every hour."},
    {.name = "demo",
     .options = &ctl_demo_options,
     .needs = CTL_NEEDS_DATABASE,
     .run = ctl_demo_load,
     .summary = "Fills an empty database with learners to try things out with.",
     .description =
         "Modules with goals, exercises with answers, a student named student, an administrator named "
         "admin, and as many learners more as are asked for, whose answers, days, totals and documents "
         "agree with each other. The same seed makes the same learners.\n\n"
         "Run again it adds what is missing, and otherwise changes nothing."},
    {.name = "openapi",
     .run = ctl_openapi_print,
     .summary = "Prints the interface as an OpenAPI 3.1 document.",
     .description = "The same as the service answers at /api/openapi.json."},
    {.name = "man",
     .options = &ctl_man_options,
     .argument = "name",
     .run = ctl_man_print,
     .summary = "Prints a manual page.",
     .description = "In the form that man(1) lays out:\n\n    lockstepctl man lockstep.yaml | man -l -"},
    {.name = "help",
     .options = &ctl_help_options,
     .argument = "command",
     .run = ctl_help_run,
     .summary = "Explains a command, or lists them all."},
};
const size_t ctl_command_count = ARRAY_LENGTH(ctl_commands);
