-- Jobs as endpoints see them that leave their work to one (src/job/job_accept.c).

-- name: job_accept_active :one
-- param dedupe_key text
-- column id u64
-- The job with this key that is ready or running: at most one, by its unique key.
SELECT j.id FROM sync_jobs AS j WHERE j.active_key = :dedupe_key;

-- name: job_accept_state :one
-- param job_id u64
-- column state text
-- column error text null
SELECT j.state, j.error FROM sync_jobs AS j WHERE j.id = :job_id;
