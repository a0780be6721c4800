-- What the faces of the consistency engine ask for themselves (src/sync); the engine's own statements are
-- in repair.sql and pass.sql, those of the jobs in job.sql.

-- name: sync_rule_pauses :many
-- column rule text
-- column actor text null
-- column created_at time
-- Whole rules that are paused; * is every rule.
SELECT p.rule, p.actor, p.created_at
  FROM rule_pauses AS p
 WHERE p.user_id = 0 AND p.table_name = '' AND p.row_key = ''
 ORDER BY p.rule;

-- name: sync_subject_of_job :one
-- param job_id u64
-- column run_id u64 null
-- column pass_id u64 null
-- What a job began before it was interrupted.
SELECT (SELECT r.id FROM repair_runs AS r WHERE r.job_id = :job_id) AS run_id,
       (SELECT p.id FROM passes AS p WHERE p.job_id = :job_id) AS pass_id;

-- name: sync_health_overdue :one
-- column oldest time null
-- The earliest time for which a job waits, past or to come: one seek for each priority.
SELECT MIN(d.run_at) AS oldest
  FROM (SELECT j.priority, MIN(j.run_at) AS run_at
          FROM sync_jobs AS j
         WHERE j.state = 'ready'
         GROUP BY j.priority) AS d;

-- name: sync_health_dead :one
-- param since time
-- column jobs u64
-- Jobs that were given up since then.
SELECT COUNT(*) AS jobs FROM sync_jobs AS j WHERE j.state = 'dead' AND j.finished_at >= :since;

-- name: sync_health_workers :one
-- param since time
-- column alive u64
-- scan: a row for each thread of the sync-workers
-- Threads of sync-workers that have given a sign of life since then.
SELECT COUNT(*) AS alive FROM sync_workers AS w WHERE w.beat_at >= :since;
