-- The jobs table as its workers use it (src/job). Every write to a claimed job matches state, worker and
-- claim number; the lock order is a parent, its ranges, learners.

-- name: job_candidates :many
-- param overdue_ms u64 -- only those that have been due for so long
-- param workers u64 -- the number of partitions
-- param rank_from u64
-- param rank_to u64 -- partitions rank_from to rank_to
-- param count u64
-- column is_schedule bool
-- column id u64
-- column kind text
-- column params text null
-- column priority i64
-- column run_at time
-- column max_attempts u64
-- column cancel_requested bool
-- column attempts u64
-- column done_units u64
-- column total_units u64 null
-- column created_by text null
-- column parent_id u64 null
-- column open_children u64
-- column is_split bool
-- column subject_id u64 null
-- column range_from u64 null
-- column range_to u64 null
-- column cursor_at u64 null
-- column claim_seq u64
-- Jobs that are due, most urgent first, without a lock: others may see the same.
SELECT j.repeat_every_s IS NOT NULL OR j.repeat_daily_at IS NOT NULL AS is_schedule, j.id, j.kind, j.params, j.priority, j.run_at, j.max_attempts, j.cancel_requested, j.attempts, j.done_units,
       j.total_units, j.created_by, j.parent_id, j.open_children, j.is_split, j.subject_id, j.range_from, j.range_to,
       j.cursor_at, j.claim_seq
  FROM sync_jobs AS j FORCE INDEX (sync_jobs_due)
 WHERE j.state = 'ready' AND j.priority IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
   AND j.run_at <= UTC_TIMESTAMP(3) - INTERVAL :overdue_ms * 1000 MICROSECOND
   AND CRC32(j.id) % :workers BETWEEN :rank_from AND :rank_to
 ORDER BY j.priority, j.run_at
 LIMIT :count;

-- name: job_claim_few :exec
-- param worker_id u64
-- param cancel_requested bool
-- param id u64
-- param claim_seq u64
-- By primary key: an index of states is never locked first. Only as they were read.
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET state = 'running', worker_id = :worker_id, claim_seq = claim_seq + 1, attempts = attempts + 1,
       started_at = COALESCE(started_at, UTC_TIMESTAMP(3))
 WHERE id IN ([[:id]]) AND state = 'ready' AND cancel_requested = :cancel_requested
   AND claim_seq = CASE id [[WHEN :id THEN :claim_seq]] END;

-- name: job_claim_many :exec
-- param worker_id u64
-- param cancel_requested bool
-- param claims text -- [[id, claim_seq], …]
-- The same for a long list.
UPDATE JSON_TABLE(:claims, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$[0]', seq BIGINT UNSIGNED PATH '$[1]')) AS l
  STRAIGHT_JOIN sync_jobs AS j FORCE INDEX (PRIMARY) ON j.id = l.id
   SET j.state = 'running', j.worker_id = :worker_id, j.claim_seq = j.claim_seq + 1, j.attempts = j.attempts + 1,
       j.started_at = COALESCE(j.started_at, UTC_TIMESTAMP(3))
 WHERE j.state = 'ready' AND j.cancel_requested = :cancel_requested AND j.claim_seq = l.seq;

-- name: job_claimed :many
-- param worker_id u64
-- param claims text -- [[id, claim_seq], …], with the numbers before the claim
-- column id u64
-- Which of the claimed are ours, where some are not.
SELECT j.id
  FROM JSON_TABLE(:claims, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$[0]', seq BIGINT UNSIGNED PATH '$[1]')) AS l
  STRAIGHT_JOIN sync_jobs AS j FORCE INDEX (PRIMARY) ON j.id = l.id
 WHERE j.state = 'running' AND j.worker_id = :worker_id AND j.claim_seq = l.seq + 1;

-- name: job_hold_row :exec
-- param id u64
-- param worker_id u64
-- param claim_seq u64
-- param cursor_at u64
-- param units u64
-- The claim, asserted under the row's lock. Whoever gets on has not failed.
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET hold_seq = hold_seq + 1, attempts = IF(:cursor_at > COALESCE(cursor_at, 0), 1, attempts),
       cursor_at = :cursor_at, done_units = done_units + :units,
       done_expected_at = IF(total_units > done_units AND done_units > 0,
         UTC_TIMESTAMP(3) + INTERVAL LEAST(TIMESTAMPDIFF(MICROSECOND, started_at, UTC_TIMESTAMP(3))
                                            DIV done_units * (total_units - done_units), 31536000000000) MICROSECOND,
         NULL)
 WHERE id = :id AND state = 'running' AND worker_id = :worker_id AND claim_seq = :claim_seq;

-- name: job_look :one
-- param id u64
-- column state text
-- column worker_id u64 null
-- column claim_seq u64
-- column cancel_requested bool
-- column done_units u64
SELECT j.state, j.worker_id, j.claim_seq, j.cancel_requested, j.done_units FROM sync_jobs AS j WHERE j.id = :id;

-- name: job_write_total :exec
-- param id u64
-- param worker_id u64
-- param claim_seq u64
-- param total_units u64
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET hold_seq = hold_seq + 1, total_units = :total_units
 WHERE id = :id AND state = 'running' AND worker_id = :worker_id AND claim_seq = :claim_seq;

-- name: job_write_subject :exec
-- param id u64
-- param worker_id u64
-- param claim_seq u64
-- param subject_id u64
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET hold_seq = hold_seq + 1, subject_id = :subject_id
 WHERE id = :id AND state = 'running' AND worker_id = :worker_id AND claim_seq = :claim_seq;

-- name: job_write_done_few :exec
-- param worker_id u64
-- param id u64
-- param claim_seq u64
-- param report text null
-- Several at once, which no parent waits for.
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET state = 'done', worker_id = NULL, report = CASE id [[WHEN :id THEN :report]] END, error = NULL,
       done_expected_at = NULL, finished_at = UTC_TIMESTAMP(3)
 WHERE id IN ([[:id]]) AND state = 'running' AND worker_id = :worker_id
   AND claim_seq = CASE id [[WHEN :id THEN :claim_seq]] END;

-- name: job_write_done_many :exec
-- param worker_id u64
-- param claims text -- [[id, claim_seq], …]
-- The same for a long list without reports: a long text in such a list becomes a table on disk.
UPDATE JSON_TABLE(:claims, '$[*]' COLUMNS (id BIGINT UNSIGNED PATH '$[0]', seq BIGINT UNSIGNED PATH '$[1]')) AS l
  STRAIGHT_JOIN sync_jobs AS j FORCE INDEX (PRIMARY) ON j.id = l.id
   SET j.state = 'done', j.worker_id = NULL, j.report = NULL, j.error = NULL, j.done_expected_at = NULL,
       j.finished_at = UTC_TIMESTAMP(3)
 WHERE j.state = 'running' AND j.worker_id = :worker_id AND j.claim_seq = l.seq;

-- name: job_write_end :exec
-- param id u64
-- param worker_id u64
-- param claim_seq u64
-- param state text
-- param report text null
-- param error text null
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET state = :state, worker_id = NULL, report = :report, error = :error, done_expected_at = NULL,
       finished_at = UTC_TIMESTAMP(3)
 WHERE id = :id AND state = 'running' AND worker_id = :worker_id AND claim_seq = :claim_seq;

-- name: job_put_back :exec
-- param id u64
-- param worker_id u64
-- param claim_seq u64
-- param uncounted u64 -- attempts that were none
-- param delay_ms u64
-- param error text null -- NULL: the last one stays
-- To be claimed again.
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET state = 'ready', worker_id = NULL, attempts = IF(attempts > :uncounted, attempts - :uncounted, 0),
       run_at = IF(:delay_ms = 0, run_at, UTC_TIMESTAMP(3) + INTERVAL :delay_ms * 1000 MICROSECOND),
       error = COALESCE(:error, error), done_expected_at = NULL
 WHERE id = :id AND state = 'running' AND worker_id = :worker_id AND claim_seq = :claim_seq;

-- --- Ranges -----------------------------------------------------------------------------------------

-- name: job_boundary :one
-- param after_user u64
-- param skip u64
-- column id u64
-- The learner so many behind another.
SELECT u.id FROM users AS u WHERE u.id > :after_user ORDER BY u.id LIMIT 1 OFFSET :skip;

-- name: job_count_behind :one
-- param after_user u64
-- column learners u64
SELECT COUNT(*) AS learners FROM users AS u WHERE u.id > :after_user;

-- name: job_insert_ranges :exec
-- param kind text
-- param params text null
-- param priority i64
-- param run_at time
-- param max_attempts u64
-- param created_by text null
-- param parent_id u64
-- param subject_id u64 null
-- param range_from u64
-- param range_to u64
-- param total_units u64
INSERT INTO sync_jobs (kind, params, priority, run_at, max_attempts, created_by, parent_id, subject_id, range_from,
                       range_to, total_units)
VALUES [[(:kind, :params, :priority, :run_at, :max_attempts, :created_by, :parent_id, :subject_id, :range_from,
          :range_to, :total_units)]];

-- name: job_write_split :exec
-- param id u64
-- param worker_id u64
-- param claim_seq u64
-- param open_children u64
-- param total_units u64
-- From here on it runs without a worker, until its last range has ended.
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET is_split = TRUE, open_children = :open_children, total_units = :total_units, done_units = 0, attempts = 0,
       worker_id = NULL
 WHERE id = :id AND state = 'running' AND worker_id = :worker_id AND claim_seq = :claim_seq;

-- name: job_lock_parent :exec
-- param id u64
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET hold_seq = hold_seq + 1
 WHERE id = :id AND state = 'running' AND is_split AND worker_id IS NULL;

-- name: job_fold :exec
-- param id u64
-- param ended u64 -- ranges that ended
-- param units u64 -- what they did
-- Ranges end in their parent; with the last of them it is to be claimed again.
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET done_units = done_units + :units,
       done_expected_at = IF(total_units > done_units AND done_units > 0 AND open_children > :ended,
         UTC_TIMESTAMP(3) + INTERVAL LEAST(TIMESTAMPDIFF(MICROSECOND, started_at, UTC_TIMESTAMP(3))
                                            DIV done_units * (total_units - done_units), 31536000000000) MICROSECOND,
         NULL),
       state = IF(open_children <= :ended, 'ready', state),
       open_children = IF(open_children <= :ended, 0, open_children - :ended)
 WHERE id = :id AND state = 'running' AND is_split AND worker_id IS NULL AND open_children > 0;

-- name: job_cancel_waiting_ranges :exec
-- param parent_id u64
-- param error text
UPDATE sync_jobs FORCE INDEX (sync_jobs_parent)
   SET state = 'cancelled', error = :error, finished_at = UTC_TIMESTAMP(3)
 WHERE parent_id = :parent_id AND state = 'ready';

-- name: job_cancel_running_ranges :exec
-- param parent_id u64
UPDATE sync_jobs FORCE INDEX (sync_jobs_parent)
   SET cancel_requested = TRUE
 WHERE parent_id = :parent_id AND state = 'running' AND NOT cancel_requested;

-- name: job_worst_range :one
-- param parent_id u64
-- column id u64
-- column state text
-- column error text null
-- How its ranges ended, if not well: the first that failed of itself.
SELECT c.id, c.state, c.error
  FROM sync_jobs AS c
 WHERE c.parent_id = :parent_id AND c.state IN ('failed', 'dead', 'cancelled')
 ORDER BY c.state = 'cancelled', c.finished_at, c.id
 LIMIT 1;

-- --- Schedules --------------------------------------------------------------------------------------

-- name: job_schedule :one
-- param id u64
-- column kind text
-- column params text null
-- column priority i64
-- column run_at time
-- column repeat_every_s i64 null
-- column repeat_daily_s i64 null
-- column max_attempts u64
-- column cancel_requested bool
-- column created_by text null
-- column is_due bool
-- column now_at time
-- A row that recurs, as long as it does.
SELECT j.kind, j.params, j.priority, j.run_at, j.repeat_every_s, TIME_TO_SEC(j.repeat_daily_at) AS repeat_daily_s,
       j.max_attempts, j.cancel_requested, j.created_by, j.run_at <= UTC_TIMESTAMP(3) AS is_due,
       UTC_TIMESTAMP(3) AS now_at
  FROM sync_jobs AS j
 WHERE j.id = :id AND j.state = 'ready' AND (j.repeat_every_s IS NOT NULL OR j.repeat_daily_at IS NOT NULL);

-- name: job_tick :exec
-- param id u64
-- param run_at time
-- param next_at time
-- The tick, for the one who finds it undone.
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET run_at = :next_at, started_at = COALESCE(started_at, UTC_TIMESTAMP(3)), hold_seq = hold_seq + 1
 WHERE id = :id AND state = 'ready' AND run_at = :run_at AND NOT cancel_requested;

-- name: job_active :one
-- param dedupe_key text
-- column id u64
-- column state text
-- The job with this key that is ready or running.
SELECT j.id, j.state FROM sync_jobs AS j WHERE j.active_key = :dedupe_key;

-- name: job_write_tick_report :exec
-- param id u64
-- param report text null
UPDATE sync_jobs FORCE INDEX (PRIMARY) SET report = :report WHERE id = :id AND state = 'ready';

-- name: job_end_ready :exec
-- param id u64
-- param state text
-- param error text null
-- One that nobody has claimed.
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET state = :state, error = :error, finished_at = UTC_TIMESTAMP(3)
 WHERE id = :id AND state = 'ready';

-- name: job_insert :exec
-- param kind text
-- param params text null
-- param priority i64
-- param run_at time null -- NULL: now
-- param repeat_every_s i64 null
-- param repeat_daily_at text null
-- param dedupe_key text null
-- param max_attempts u64
-- param created_by text null
-- param schedule_id u64 null
INSERT INTO sync_jobs (kind, params, priority, run_at, repeat_every_s, repeat_daily_at, dedupe_key, max_attempts,
                       created_by, schedule_id)
VALUES (:kind, :params, :priority, COALESCE(:run_at, UTC_TIMESTAMP(3)), :repeat_every_s, :repeat_daily_at,
        :dedupe_key, :max_attempts, :created_by, :schedule_id);

-- --- Workers ----------------------------------------------------------------------------------------

-- name: job_worker_insert :exec
-- param name text
INSERT INTO sync_workers (name) VALUES (:name);

-- name: job_worker_beat :exec
-- param id u64
UPDATE sync_workers SET beat = beat + 1, beat_at = UTC_TIMESTAMP(3) WHERE id IN ([[:id]]);

-- name: job_workers :many
-- column id u64
-- column beat u64
-- scan: one row a worker that lives
SELECT w.id, w.beat FROM sync_workers AS w ORDER BY w.id;

-- name: job_worker_delete :exec
-- param id u64
-- Its jobs are then nobody's (job_orphans).
DELETE FROM sync_workers WHERE id = :id;

-- name: job_worker_expire :exec
-- param id u64
-- param beat u64 -- which it has not moved for the length of its lease
DELETE FROM sync_workers WHERE id = :id AND beat = :beat;

-- name: job_orphans :many
-- column id u64
-- column worker_id u64 null
-- column claim_seq u64
-- column parent_id u64 null
-- Jobs that run in the hands of workers that are no more; and such as say that they run while nobody works
-- on them, and no range of theirs is open.
SELECT j.id, j.worker_id, j.claim_seq, j.parent_id
  FROM sync_jobs AS j FORCE INDEX (sync_jobs_due)
  LEFT JOIN sync_workers AS w ON w.id = j.worker_id
 WHERE j.state = 'running' AND w.id IS NULL
   AND (j.worker_id IS NOT NULL
        OR NOT EXISTS (SELECT 1 FROM sync_jobs AS c WHERE c.parent_id = j.id AND c.state IN ('ready', 'running')))
 LIMIT 1000;

-- name: job_release :exec
-- param id u64
-- param worker_id u64 null
-- param claim_seq u64
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET state = 'ready', worker_id = NULL, open_children = 0, done_expected_at = NULL
 WHERE id = :id AND state = 'running' AND worker_id <=> :worker_id AND claim_seq = :claim_seq;

-- --- What nobody has to hurry for -------------------------------------------------------------------

-- name: job_cancellable :many
-- column id u64
-- column is_fresh bool
-- column is_split bool
-- Jobs that somebody cancelled while nobody works on them. A fresh one has begun nothing.
SELECT j.id, j.state = 'ready' AND j.attempts = 0 AND j.parent_id IS NULL AND NOT j.is_split AS is_fresh,
       j.state = 'running' AS is_split
  FROM sync_jobs AS j FORCE INDEX (sync_jobs_cancel)
 WHERE j.cancel_requested = 1
   AND (j.state = 'ready' OR j.state = 'running' AND j.is_split AND j.worker_id IS NULL)
 ORDER BY j.id
 LIMIT 1000;

-- name: job_cancel_fresh :exec
-- param id u64
-- param error text
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET state = 'cancelled', error = :error, finished_at = UTC_TIMESTAMP(3)
 WHERE id = :id AND state = 'ready' AND cancel_requested AND attempts = 0 AND parent_id IS NULL AND NOT is_split;

-- name: job_hurry :exec
-- param id u64
-- One that has begun something is claimed once more, to close it.
UPDATE sync_jobs FORCE INDEX (PRIMARY)
   SET run_at = UTC_TIMESTAMP(3)
 WHERE id = :id AND state = 'ready' AND cancel_requested AND run_at > UTC_TIMESTAMP(3);

-- name: job_newest :one
-- column id u64
SELECT COALESCE(MAX(j.id), 0) AS id FROM sync_jobs AS j;

-- name: job_new_rows :many
-- param after_id u64
-- column id u64
-- column kind text
-- column params text null
-- column priority i64
-- column repeat_every_s i64 null
-- column repeat_daily_s i64 null
-- column max_attempts u64
-- column is_waiting bool
-- New rows, whose mistakes are told before they are due.
SELECT j.id, j.kind, j.params, j.priority, j.repeat_every_s, TIME_TO_SEC(j.repeat_daily_at) AS repeat_daily_s,
       j.max_attempts,
       j.state = 'ready' AND j.parent_id IS NULL AND NOT j.is_split
         AND (j.run_at > UTC_TIMESTAMP(3) OR j.priority > 9) AS is_waiting
  FROM sync_jobs AS j
 WHERE j.id > :after_id
 ORDER BY j.id
 LIMIT 1000;

-- name: job_lock_free :many
-- param id u64
-- column id u64
-- Those whose rows nobody holds at this moment: a worker that is frozen may hold one in a transaction.
SELECT j.id FROM sync_jobs AS j FORCE INDEX (PRIMARY) WHERE j.id IN ([[:id]]) FOR UPDATE SKIP LOCKED;
