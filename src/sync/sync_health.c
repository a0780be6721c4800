#include "sync/sync_health.h"

#include <inttypes.h>

#include "base/clock.h"
#include "db/migrate.h"
#include "queries/sync.h"
#include "sync/sync_pass.h"

#include "base/banned.h"

#define DAY_MS INT64_C(86400000)
#define WORKER_SILENT_MS INT64_C(60000)
#define MS_PER_S 1000

const char *const sync_health_names[] = {"healthy", "degraded", "failing", NULL};

struct look {
  const struct repair_engine *engine;
  const struct health_config *limits;
  struct db *db;
  struct arena *arena;
  int64_t now_ms;
  bool with_figures;
  struct sync_health *health;
};

/* `figures`, in the arena or NULL for want of memory, only for those who may see them. */
static void judge(struct look *look, const char *name, enum sync_health_state state, const char *sentence,
                  const char *figures) {
  struct sync_health *health = look->health;
  bool shows = look->with_figures && figures != NULL;
  health->checks[health->check_count++] =
      (struct sync_health_check){.name = name, .state = (int)state, .summary = shows ? figures : sentence};
  if (state > health->state) health->state = state;
}

static enum sync_health_state worse_of(bool is_degraded, bool is_failing) {
  return is_failing ? SYNC_FAILING : is_degraded ? SYNC_DEGRADED : SYNC_HEALTHY;
}

static bool look_at_migrations(struct look *look, struct error *error) {
  struct migration *migrations;
  size_t count;
  size_t missing = 0;
  if (!migrate_status(look->db, look->engine->config->paths.migrations, look->arena, error, &migrations,
                      &count))
    return false;
  for (size_t at = 0; at < count; at++)
    missing += migrations[at].state == MIGRATION_PENDING || migrations[at].state == MIGRATION_HALF_APPLIED;
  judge(look, "migrations", missing == 0 ? SYNC_HEALTHY : SYNC_FAILING,
        missing == 0 ? "All migrations are applied." : "Migrations are missing.",
        arena_printf(look->arena, "%zu of %zu migrations are applied.", count - missing, count));
  return true;
}

/* --- Passes -------------------------------------------------------------------------------------- */

static bool last_pass(struct look *look, enum pass_kind kind, struct error *error,
                      struct pass_summary *ret_pass, bool *ret_found) {
  struct pass_summary *passes;
  size_t count;
  if (!pass_list(look->db, kind, 0, 1, look->arena, error, &passes, &count)) return false;
  if (count > 0) *ret_pass = passes[0];
  *ret_found = count > 0;
  return true;
}

static const char *time_text(struct look *look, int64_t time_ms) {
  char text[CLOCK_ISO_BYTES];
  clock_format_ms(time_ms, text);
  const char *copy = arena_strdup(look->arena, text);
  return copy == NULL ? "" : copy;
}

static bool look_at_score(struct look *look, struct error *error) {
  struct pass_summary pass;
  bool found;
  if (!last_pass(look, PASS_VALIDATE, error, &pass, &found)) return false;
  if (!found) {
    judge(look, "pass", SYNC_DEGRADED, "No pass over everybody has run yet.", NULL);
    judge(look, "score", SYNC_HEALTHY, "It is not known before the first pass.", NULL);
    return true;
  }
  bool is_old = look->now_ms - pass.as_of_ms > look->limits->pass_max_age_s * MS_PER_S;
  double percent = pass.score * 100;
  look->health->has_score = true;
  look->health->score = pass.score;
  look->health->as_of_ms = pass.as_of_ms;
  judge(look, "pass", worse_of(is_old, false),
        is_old ? "The last pass over everybody is too long ago." : "The last pass over everybody is recent.",
        arena_printf(look->arena, "The last pass ended at %s; it may be %" PRId64 " s old.",
                     time_text(look, pass.as_of_ms), look->limits->pass_max_age_s));
  judge(look, "score",
        worse_of(percent < (double)look->limits->score_degraded_percent,
                 percent < (double)look->limits->score_failing_percent),
        "Learners in step, as of the last pass.",
        arena_printf(look->arena, "%" PRIu64 " of %" PRIu64 " learners break a rule: %.2f %% are in step.",
                     pass.learners_in_breach, pass.learners, percent));
  return true;
}

static bool look_at_drift(struct look *look, struct error *error) {
  struct pass_summary sample;
  bool found;
  if (!last_pass(look, PASS_SAMPLE, error, &sample, &found)) return false;
  if (!found) {
    judge(look, "drift", SYNC_HEALTHY, "No sample was taken yet.", NULL);
    return true;
  }
  bool is_old = look->now_ms - sample.as_of_ms > look->limits->sample_max_age_s * MS_PER_S;
  double percent =
      sample.learners == 0 ? 0 : (double)sample.learners_in_breach * 100 / (double)sample.learners;
  judge(look, "drift",
        worse_of(is_old || percent > (double)look->limits->drift_degraded_percent,
                 percent > (double)look->limits->drift_failing_percent),
        is_old ? "The last sample is too long ago." : "Learners out of step in the last sample.",
        arena_printf(look->arena, "%" PRIu64 " of %" PRIu64 " learners in the sample of %s break a rule.",
                     sample.learners_in_breach, sample.learners, time_text(look, sample.as_of_ms)));
  return true;
}

/* --- Work ---------------------------------------------------------------------------------------- */

static const char *jobs_sentence(bool has_workers, bool is_late, bool has_dead) {
  if (!has_workers) return "No sync-worker is alive.";
  if (is_late) return "Jobs wait for too long.";
  return has_dead ? "Jobs were given up." : "Jobs are worked on.";
}

static bool look_at_jobs(struct look *look, struct error *error) {
  struct sync_health_dead_params day = {.since = look->now_ms - DAY_MS};
  struct sync_health_workers_params lately = {.since = look->now_ms - WORKER_SILENT_MS};
  struct sync_health_overdue_row waiting;
  struct sync_health_dead_row dead;
  struct sync_health_workers_row workers;
  bool found;
  if (!sync_health_overdue(look->db, look->arena, error, &waiting, &found) ||
      !sync_health_dead(look->db, &day, look->arena, error, &dead, &found) ||
      !sync_health_workers(look->db, &lately, look->arena, error, &workers, &found))
    return false;
  int64_t late_s = waiting.oldest_is_null ? 0 : (look->now_ms - waiting.oldest) / MS_PER_S;
  if (late_s < 0) late_s = 0;
  bool is_late = late_s > look->limits->job_overdue_s;
  judge(look, "jobs",
        worse_of(workers.alive == 0 || is_late || dead.jobs > 0, late_s > look->limits->job_stalled_s),
        jobs_sentence(workers.alive > 0, is_late, dead.jobs > 0),
        arena_printf(look->arena,
                     "%" PRIu64
                     " threads of sync-workers are alive; the oldest job that is due waits for %" PRId64
                     " s; %" PRIu64 " jobs were given up within a day.",
                     workers.alive, late_s, dead.jobs));
  return true;
}

static bool look_at_repairs(struct look *look, struct error *error) {
  struct sync_pauses pauses;
  bool is_on = look->engine->config->rules.enabled;
  if (!sync_pauses_read(look->db, look->arena, error, &pauses)) return false;
  judge(look, "repairs", worse_of(!is_on || pauses.all, false),
        is_on && !pauses.all ? "Repairs are switched on." : "Repairs are switched off.",
        is_on && !pauses.all
            ? arena_printf(look->arena, "Repairs are switched on; %zu rules are paused.", pauses.count)
            : NULL);
  return true;
}

static bool look_at_rules(struct look *look, struct error *error) {
  const struct rule_set *set = look->engine->set;
  if (!rule_set_check(set, look->db, error)) return false;
  size_t problems = rule_set_problem_count(set);
  judge(look, "rules", worse_of(problems > 0, false),
        problems > 0 ? "Rules of the site are broken and left aside." : "All rules are in use.",
        arena_printf(look->arena, "%zu rules; %zu of the site's are left aside.", rule_set_count(set),
                     problems));
  return true;
}

void sync_health_look(const struct repair_engine *engine, struct db *db, bool with_figures, int64_t now_ms,
                      struct arena *arena, struct sync_health *ret_health) {
  static const struct {
    const char *name;
    bool (*look)(struct look *look, struct error *error);
  } parts[] = {{"migrations", look_at_migrations}, {"pass", look_at_score},
               {"drift", look_at_drift},           {"jobs", look_at_jobs},
               {"repairs", look_at_repairs},       {"rules", look_at_rules}};
  struct error error = ERROR_INIT;
  struct look look = {.engine = engine,
                      .limits = &engine->config->health,
                      .db = db,
                      .arena = arena,
                      .now_ms = now_ms,
                      .with_figures = with_figures,
                      .health = ret_health};
  *ret_health = (struct sync_health){.state = SYNC_HEALTHY};
  if (db == NULL || !db_ping(db, &error)) {
    judge(&look, "database", SYNC_FAILING, "The database does not answer.", NULL);
    return;
  }
  judge(&look, "database", SYNC_HEALTHY, "The database answers.", NULL);
  for (size_t at = 0; at < ARRAY_LENGTH(parts); at++)
    if (!parts[at].look(&look, &error))
      judge(&look, parts[at].name, SYNC_FAILING, "This could not be asked of the database.", NULL);
}
