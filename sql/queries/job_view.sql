-- Jobs as administrators are shown them (src/job/job_view.c).

-- name: job_view_page :many
-- param state text null -- NULL: in whatever state
-- param kind text null
-- param parent_id u64 -- 0: what is no range of another
-- param before_id u64
-- param count u64
-- column id u64
-- column kind text
-- column params text null
-- column state text
-- column priority i64
-- column run_at time
-- column repeat_every_s i64 null
-- column repeat_daily_at text null
-- column dedupe_key text null
-- column max_attempts i64
-- column cancel_requested bool
-- column attempts i64
-- column done_units u64
-- column total_units u64 null
-- column done_expected_at time null
-- column report text null
-- column error text null
-- column created_by text null
-- column created_at time
-- column started_at time null
-- column finished_at time null
-- column schedule_id u64 null
-- column parent_id u64 null
-- column subject_id u64 null
-- column range_from u64 null
-- column range_to u64 null
-- column cursor_at u64 null
-- column worker_id u64 null
-- Newest first. Ranges are shown with their parent only.
SELECT j.id, j.kind, j.params, j.state, j.priority, j.run_at, j.repeat_every_s,
       TIME_FORMAT(j.repeat_daily_at, '%H:%i:%s') AS repeat_daily_at, j.dedupe_key, j.max_attempts, j.cancel_requested,
       j.attempts, j.done_units, j.total_units, j.done_expected_at, j.report, j.error, j.created_by, j.created_at,
       j.started_at, j.finished_at, j.schedule_id, j.parent_id, j.subject_id, j.range_from, j.range_to, j.cursor_at,
       j.worker_id
  FROM sync_jobs AS j FORCE INDEX (PRIMARY)
 WHERE j.id < :before_id AND COALESCE(j.parent_id, 0) = :parent_id AND (:state IS NULL OR j.state = :state)
   AND (:kind IS NULL OR j.kind = :kind)
 ORDER BY j.id DESC
 LIMIT :count;

-- name: job_view_one :one
-- param id u64
-- column id u64
-- column kind text
-- column params text null
-- column state text
-- column priority i64
-- column run_at time
-- column repeat_every_s i64 null
-- column repeat_daily_at text null
-- column dedupe_key text null
-- column max_attempts i64
-- column cancel_requested bool
-- column attempts i64
-- column done_units u64
-- column total_units u64 null
-- column done_expected_at time null
-- column report text null
-- column error text null
-- column created_by text null
-- column created_at time
-- column started_at time null
-- column finished_at time null
-- column schedule_id u64 null
-- column parent_id u64 null
-- column subject_id u64 null
-- column range_from u64 null
-- column range_to u64 null
-- column cursor_at u64 null
-- column worker_id u64 null
SELECT j.id, j.kind, j.params, j.state, j.priority, j.run_at, j.repeat_every_s,
       TIME_FORMAT(j.repeat_daily_at, '%H:%i:%s') AS repeat_daily_at, j.dedupe_key, j.max_attempts, j.cancel_requested,
       j.attempts, j.done_units, j.total_units, j.done_expected_at, j.report, j.error, j.created_by, j.created_at,
       j.started_at, j.finished_at, j.schedule_id, j.parent_id, j.subject_id, j.range_from, j.range_to, j.cursor_at,
       j.worker_id
  FROM sync_jobs AS j
 WHERE j.id = :id;

-- name: job_view_ranges :many
-- param parent_id u64
-- column state text
-- column jobs i64
SELECT c.state, COUNT(*) AS jobs FROM sync_jobs AS c WHERE c.parent_id = :parent_id GROUP BY c.state;

-- name: job_view_cancel :exec
-- param id u64
UPDATE sync_jobs SET cancel_requested = TRUE WHERE id = :id AND state IN ('ready', 'running');
