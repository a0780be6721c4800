-- What is kept no longer (src/account/prune*.c): outside of any request, in bounded batches. The ledger is
-- read by its primary key whatever its statistics say: after an import they are stale for a while, and
-- the server would then read all of it for each learner.

-- name: prune_jobs :exec
-- param before time
-- param limit_rows u64
DELETE FROM sync_jobs
 WHERE finished_at < :before AND state IN ('done', 'failed', 'dead', 'cancelled')
 ORDER BY finished_at
 LIMIT :limit_rows;

-- name: prune_workers :exec
-- param before time
-- param limit_rows u64
-- scan: a row for each life of a worker, outside of any request
DELETE FROM sync_workers WHERE beat_at < :before ORDER BY id LIMIT :limit_rows;

-- name: prune_samples :exec
-- param before time
-- param limit_rows u64
-- A sample is of interest as long as it is new; it goes with its results.
DELETE FROM passes
 WHERE kind = 'sample' AND state IN ('done', 'failed') AND finished_at < :before
 ORDER BY id
 LIMIT :limit_rows;

-- name: prune_pass :one
-- param before time
-- column pass_id u64
-- scan: a few passes an hour, outside of any request
-- An old pass that has results still and is not the last of its kind. Its score stays: it is the history.
SELECT p.id AS pass_id
  FROM passes AS p
 WHERE p.state <> 'running' AND p.finished_at < :before
   AND p.id < (SELECT MAX(n.id) FROM passes AS n WHERE n.kind = p.kind AND n.state = 'done')
   AND ((SELECT r.rule FROM rule_results AS r WHERE r.pass_id = p.id LIMIT 1) IS NOT NULL
        OR (SELECT a.user_id FROM audit_results AS a WHERE a.pass_id = p.id LIMIT 1) IS NOT NULL)
 ORDER BY p.id
 LIMIT 1;

-- name: prune_rule_results :exec
-- param pass_id u64
DELETE FROM rule_results WHERE pass_id = :pass_id;

-- name: prune_audit_results :exec
-- param pass_id u64
-- param limit_rows u64
DELETE FROM audit_results WHERE pass_id = :pass_id ORDER BY user_id LIMIT :limit_rows;

-- name: prune_run_find :one
-- param before time
-- column run_id u64
-- column is_marked bool
-- scan: a run an hour, outside of any request
-- An old run that has images still, or whose images are half gone. One that is being undone is left alone.
SELECT r.id AS run_id, r.images_removed_at IS NOT NULL AS is_marked
  FROM repair_runs AS r
 WHERE (r.images_removed_at IS NOT NULL OR r.finished_at < :before
        OR (r.state IN ('planning', 'planned') AND r.started_at < :before))
   AND (SELECT i.id FROM repair_rows AS i WHERE i.run_id = r.id LIMIT 1) IS NOT NULL
   AND (SELECT b.id FROM repair_runs AS b WHERE b.rolls_back = r.id AND b.finished_at IS NULL LIMIT 1) IS NULL
 ORDER BY r.id
 LIMIT 1;

-- name: prune_mark_run :exec
-- param run_id u64
-- param now time
-- Marked first, in a transaction of its own: nobody rolls back by the half of the images.
UPDATE repair_runs
   SET images_removed_at = :now,
       error = IF(state IN ('planning', 'planned'), 'The plan was not applied in time; its rows were removed.', error),
       finished_at = COALESCE(finished_at, :now),
       state = IF(state IN ('planning', 'planned'), 'cancelled', state)
 WHERE id = :run_id AND images_removed_at IS NULL;

-- name: prune_images :exec
-- param run_id u64
-- param limit_rows u64
DELETE FROM repair_rows WHERE run_id = :run_id ORDER BY user_id, id LIMIT :limit_rows;

-- name: prune_quarantine :exec
-- param before time
-- param limit_rows u64
-- scan: rows that orphans left, outside of any request
DELETE FROM quarantine WHERE created_at < :before ORDER BY id LIMIT :limit_rows;

-- name: prune_mutations :exec
-- param before time
-- param limit_rows u64
DELETE FROM stitch_mutations WHERE created_at < :before ORDER BY created_at LIMIT :limit_rows;

-- name: prune_rejects :exec
-- param before time
-- param limit_rows u64
DELETE FROM sync_rejects WHERE resolved_at < :before ORDER BY resolved_at, id LIMIT :limit_rows;

-- name: prune_notifications :exec
-- param before time
-- param limit_rows u64
-- Those that were read.
DELETE FROM notifications WHERE read_at < :before ORDER BY read_at, id LIMIT :limit_rows;

-- name: prune_conflicts :exec
-- param before time
-- param limit_rows u64
-- Those that were resolved; their lists of events go along, the events stay.
DELETE FROM progress_conflicts WHERE resolved_at < :before ORDER BY resolved_at, id LIMIT :limit_rows;

-- name: prune_webhook_events :exec
-- param before time
-- param limit_rows u64
-- Those that nobody waits for.
DELETE FROM webhook_events
 WHERE outcome IN ('applied', 'unchanged', 'ignored') AND received_at < :before
 LIMIT :limit_rows;

-- name: prune_waiting_webhook_events :exec
-- param before time
-- param limit_rows u64
DELETE FROM webhook_events
 WHERE outcome IN ('mismatch', 'unassigned', 'unknown_learner', 'unknown_course', 'unreadable')
   AND received_at < :before
 LIMIT :limit_rows;

-- name: prune_fold_window :one
-- param after_user u64
-- param limit_rows u64
-- column last_id u64 null
-- Where the next window of learners ends; NULL: there are none.
SELECT MAX(w.id) AS last_id
  FROM (SELECT u.id FROM users AS u FORCE INDEX (PRIMARY)
         WHERE u.id > :after_user ORDER BY u.id LIMIT :limit_rows) AS w;

-- name: prune_fold_learners :many
-- param after_user u64
-- param to_user u64
-- param before time
-- param limit_rows u64
-- column user_id u64
-- Learners whose second entry is old already: there is something to fold.
SELECT u.id AS user_id
  FROM users AS u FORCE INDEX (PRIMARY)
 WHERE u.id > :after_user AND u.id <= :to_user
   AND (SELECT l.created_at FROM ledger AS l FORCE INDEX (PRIMARY)
        WHERE l.user_id = u.id ORDER BY l.revision LIMIT 1 OFFSET 1) < :before
 ORDER BY u.id
 LIMIT :limit_rows;

-- name: prune_fold_lock :many
-- param user_ids text -- a JSON list, ascending
-- column user_id u64
-- The lock of the learner transaction.
SELECT u.id AS user_id
  FROM JSON_TABLE(:user_ids, '$[*]' COLUMNS (user_id BIGINT UNSIGNED PATH '$')) AS e
  STRAIGHT_JOIN users AS u FORCE INDEX (PRIMARY) ON u.id = e.user_id
   FOR UPDATE;

-- name: prune_fold_bounds :many
-- param user_ids text -- a JSON list, ascending
-- param before time
-- param cut u64 -- one less than the entries of one learner that are folded at once
-- column user_id u64
-- column to_revision u64
-- Up to which revision everything is old, entry for entry: clocks of two hosts may differ.
SELECT COALESCE(e.user_id, 0) AS user_id,
       LEAST(COALESCE((SELECT k.revision FROM ledger AS k FORCE INDEX (PRIMARY)
                        WHERE k.user_id = e.user_id AND k.created_at >= :before
                        ORDER BY k.revision LIMIT 1), 9223372036854775807) - 1,
             COALESCE((SELECT c.revision FROM ledger AS c FORCE INDEX (PRIMARY)
                        WHERE c.user_id = e.user_id ORDER BY c.revision LIMIT 1 OFFSET :cut),
                      9223372036854775806)) AS to_revision
  FROM JSON_TABLE(:user_ids, '$[*]' COLUMNS (user_id BIGINT UNSIGNED PATH '$')) AS e;

-- name: prune_fold_extents :many
-- param bounds text -- a JSON list of [learner, to_revision], ascending
-- column user_id u64
-- column last_revision u64
-- column entries u64
-- column last_at time
SELECT l.user_id, MAX(l.revision) AS last_revision, COUNT(*) AS entries, MAX(l.created_at) AS last_at
  FROM JSON_TABLE(:bounds, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]', revision BIGINT UNSIGNED PATH '$[1]')) AS e
  STRAIGHT_JOIN ledger AS l FORCE INDEX (PRIMARY) ON l.user_id = e.user_id AND l.revision <= e.revision
 GROUP BY l.user_id
 ORDER BY l.user_id;

-- name: prune_fold_sums :many
-- param bounds text -- a JSON list of [learner, to_revision], ascending
-- column user_id u64
-- column what text null
-- column item text null
-- column moved i64
-- What a learner's old entries add up to, by what they moved.
SELECT l.user_id, c.what, c.item, CAST(SUM(c.moved) AS SIGNED) AS moved
  FROM JSON_TABLE(:bounds, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]', revision BIGINT UNSIGNED PATH '$[1]')) AS e
  STRAIGHT_JOIN ledger AS l FORCE INDEX (PRIMARY) ON l.user_id = e.user_id AND l.revision <= e.revision
  JOIN JSON_TABLE(l.changes, '$[*]' COLUMNS (
         what VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.what',
         item VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$.key',
         moved BIGINT PATH '$.by' DEFAULT '0' ON EMPTY)) AS c
 GROUP BY l.user_id, c.what, c.item
HAVING SUM(c.moved) <> 0
 ORDER BY l.user_id, c.what, c.item;

-- name: prune_fold_remove :exec
-- param bounds text -- a JSON list of [learner, to_revision], ascending
DELETE l
  FROM JSON_TABLE(:bounds, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]', revision BIGINT UNSIGNED PATH '$[1]')) AS e
  STRAIGHT_JOIN ledger AS l FORCE INDEX (PRIMARY) ON l.user_id = e.user_id AND l.revision <= e.revision;
