#include "sync/sync_run.h"

#include "base/banned.h"

static const struct field count_fields[] = {
    FIELD_TEXT(struct sync_count, "rule", rule, .flags = FIELD_REQUIRED, .summary = "The rule."),
    FIELD_UINT(struct sync_count, "before", before, .flags = FIELD_REQUIRED,
               .summary = "Rows that broke it when the run began."),
    FIELD_UINT(struct sync_count, "after", after, .flags = FIELD_REQUIRED,
               .summary = "How many of them break it still; of a plan, how many would."),
    FIELD_UINT(struct sync_count, "changed", changed, .flags = FIELD_REQUIRED,
               .summary = "Rows that were changed; of a plan, those that would be."),
    FIELD_UINT(struct sync_count, "moved", moved, .flags = FIELD_REQUIRED,
               .summary = "Rows left alone, because they held something else by then."),
    FIELD_UINT(struct sync_count, "paused", paused, .flags = FIELD_REQUIRED,
               .summary = "Rows left alone, because the rule is paused for them."),
};
static const struct schema count_schema =
    SCHEMA("RepairCount", struct sync_count, count_fields, .summary = "What a run did by one rule, in rows.");

static const struct field run_fields[] = {
    FIELD_UINT(struct sync_run, "id", id, .flags = FIELD_REQUIRED,
               .summary = "The run; of a dry run also the planId to apply."),
    FIELD_TEXT(struct sync_run, "kind", kind, .flags = FIELD_REQUIRED, .summary = "repair or rollback."),
    FIELD_ENUM(struct sync_run, "state", state, .names = repair_state_names, .flags = FIELD_REQUIRED,
               .summary = "stopped: a limit stopped it before its first row."),
    FIELD_BOOL(struct sync_run, "dryRun", dry_run, .flags = FIELD_REQUIRED,
               .summary = "Whether it only made a plan."),
    FIELD_TEXT(struct sync_run, "actor", actor, .flags = FIELD_REQUIRED, .summary = "Who asked for it."),
    FIELD_JSON(struct sync_run, "rules", rules, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The names of its rules; null: every rule."),
    FIELD_ENUM(struct sync_run, "authority", authority, .names = repair_authority_names,
               .flags = FIELD_REQUIRED, .summary = "What was right where columns and document differed."),
    FIELD_UINT(struct sync_run, "userId", user_id, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct sync_run, user_given),
               .summary = "The one learner that it was about; null: many."),
    FIELD_BOOL(struct sync_run, "confirmOverLimit", confirm_over_limit, .flags = FIELD_REQUIRED,
               .summary = "Whether it was told to go on past the rules' limits."),
    FIELD_UINT(struct sync_run, "rollsBack", rolls_back,
               .presence = PRESENCE(struct sync_run, rolls_back_given), .summary = "The run that it undid."),
    FIELD_UINT(struct sync_run, "rolledBackBy", rolled_back_by,
               .presence = PRESENCE(struct sync_run, rolled_back_given), .summary = "The run that undid it."),
    FIELD_UINT(struct sync_run, "jobId", job_id, .presence = PRESENCE(struct sync_run, job_given),
               .summary = "The job that ran it."),
    FIELD_TEXT(struct sync_run, "digest", digest, .summary = "Of a plan: of its rows."),
    FIELD_UINT(struct sync_run, "learners", learners, .flags = FIELD_REQUIRED,
               .summary = "Learners looked at."),
    FIELD_UINT(struct sync_run, "learnersChanged", learners_changed, .flags = FIELD_REQUIRED,
               .summary = "Learners changed."),
    FIELD_TEXT(struct sync_run, "error", error, .summary = "Why it did not get to its end."),
    FIELD_TIME(struct sync_run, "startedAt", started_at_ms, .flags = FIELD_REQUIRED,
               .summary = "When it began."),
    FIELD_TIME(struct sync_run, "finishedAt", finished_at_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .presence = PRESENCE(struct sync_run, finished_given), .summary = "When it ended."),
    FIELD_INT(struct sync_run, "durationMs", duration_ms, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
              .presence = PRESENCE(struct sync_run, finished_given), .summary = "How long it took."),
    FIELD_LIST(struct sync_run, "counts", counts, .object = &count_schema,
               .presence = PRESENCE(struct sync_run, counts_given), .maximum = 1000,
               .summary = "Rule by rule; not in lists of runs."),
};
const struct schema sync_run_schema = SCHEMA("RepairRun", struct sync_run, run_fields,
                                             .summary = "A repair, a plan for one, or the undoing of one.");

static const struct field row_fields[] = {
    FIELD_UINT(struct repair_row, "id", id, .flags = FIELD_REQUIRED, .summary = "The row's number."),
    FIELD_UINT(struct repair_row, "userId", user_id, .flags = FIELD_REQUIRED, .summary = "Whose row it is."),
    FIELD_TEXT(struct repair_row, "rule", rule, .flags = FIELD_REQUIRED, .summary = "By which rule."),
    FIELD_TEXT(struct repair_row, "table", table, .flags = FIELD_REQUIRED, .summary = "The table."),
    FIELD_JSON(struct repair_row, "key", key, .flags = FIELD_REQUIRED, .summary = "The row's primary key."),
    FIELD_TEXT(struct repair_row, "action", action, .flags = FIELD_REQUIRED,
               .summary = "set, insert or delete."),
    FIELD_TEXT(struct repair_row, "column", column, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "The column."),
    FIELD_TEXT(struct repair_row, "before", before, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "What stood there."),
    FIELD_TEXT(struct repair_row, "after", after, .flags = FIELD_REQUIRED | FIELD_NULLABLE,
               .summary = "What stands there since."),
    FIELD_TEXT(struct repair_row, "state", state, .flags = FIELD_REQUIRED,
               .summary = "planned; done; moved: left alone, because it held something else by then."),
    FIELD_TEXT(struct repair_row, "changedBy", changed_by, .summary = "Of a moved one: what had changed it."),
};
const struct schema sync_row_schema =
    SCHEMA("RepairRow", struct repair_row, row_fields, .summary = "One column of one row, before and after.");

bool sync_run_is_of_one(const struct repair_summary *summary) {
  return summary->from_user == summary->to_user;
}

static enum presence given_if(bool is_given) { return is_given ? PRESENCE_GIVEN : PRESENCE_ABSENT; }
static enum presence null_unless(bool is_given) { return is_given ? PRESENCE_GIVEN : PRESENCE_NULL; }

struct sync_run sync_run_brief(const struct repair_summary *summary) {
  return (struct sync_run){.id = summary->id,
                           .kind = summary->is_rollback ? "rollback" : "repair",
                           .state = (int)summary->state,
                           .dry_run = summary->dry_run,
                           .actor = summary->actor,
                           .rules = summary->rules,
                           .authority = (int)summary->authority,
                           .user_id = summary->from_user,
                           .user_given = null_unless(sync_run_is_of_one(summary)),
                           .confirm_over_limit = summary->confirm_over_limit,
                           .rolls_back = summary->rolls_back,
                           .rolls_back_given = given_if(summary->rolls_back != 0),
                           .rolled_back_by = summary->rolled_back_by,
                           .rolled_back_given = given_if(summary->rolled_back_by != 0),
                           .job_id = summary->job_id,
                           .job_given = given_if(summary->job_id != 0),
                           .digest = summary->digest,
                           .learners = summary->learners,
                           .learners_changed = summary->learners_changed,
                           .error = summary->error,
                           .started_at_ms = summary->started_at_ms,
                           .finished_at_ms = summary->finished_at_ms,
                           .finished_given = null_unless(summary->finished_at_ms != 0),
                           .duration_ms = summary->finished_at_ms - summary->started_at_ms};
}

/* A plan finds what it would change, and has changed nothing. */
uint64_t sync_run_changed(const struct repair_summary *summary, const struct repair_count *count) {
  return summary->state == REPAIR_PLANNED ? count->found : count->changed;
}

bool sync_run_take(const struct repair_summary *summary, struct arena *arena, struct error *error,
                   struct sync_run *ret_run) {
  struct sync_count *counts = arena_alloc_array(arena, summary->count_count, sizeof *counts);
  if (counts == NULL && summary->count_count > 0) return error_set_memory(error);
  for (size_t at = 0; at < summary->count_count; at++) {
    const struct repair_count *count = &summary->counts[at];
    uint64_t changed = sync_run_changed(summary, count);
    counts[at] = (struct sync_count){.rule = count->rule,
                                     .before = count->found,
                                     .after = count->found > changed ? count->found - changed : 0,
                                     .changed = changed,
                                     .moved = count->moved,
                                     .paused = count->paused};
  }
  *ret_run = sync_run_brief(summary);
  ret_run->counts = (struct field_list){.items = counts, .count = summary->count_count};
  ret_run->counts_given = PRESENCE_GIVEN;
  return true;
}

bool sync_run_read(struct db *db, uint64_t run_id, struct arena *arena, struct error *error,
                   struct repair_summary *ret_summary) {
  bool found;
  if (!repair_read(db, run_id, arena, error, ret_summary, &found)) return false;
  return found ||
         error_set(error, ERROR_NOT_FOUND, "There is no repair run %llu.", (unsigned long long)run_id);
}
