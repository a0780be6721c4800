-- How events have gone from system to system (src/event/sync_status.c).

-- name: sync_status_went :exec
-- param user_id u64
-- param source_system text
-- param now time
-- param delay_ms u64
-- Where nothing waits: what was taken in has gone from these to the others.
INSERT INTO system_sync_status (user_id, source_system, target_system, last_sync_time, last_delay_ms)
VALUES [[(:user_id, :source_system, '', :now, :delay_ms)]]
    ON DUPLICATE KEY UPDATE last_sync_time = VALUES(last_sync_time), last_delay_ms = VALUES(last_delay_ms);

-- name: sync_status_write :exec
-- param user_id u64
-- param source_system text
-- param now time
-- param delay_ms u64
-- param sync_status text
-- param pending u64
-- param since time null -- the oldest that waits
-- The same with what still waits. As long as something does, error_details says since when; once it has gone through,
-- that is how long it took.
INSERT INTO system_sync_status (user_id, source_system, target_system, last_sync_time, last_delay_ms, sync_status,
                                pending_events_count, error_details)
VALUES [[(:user_id, :source_system, '', IF(:pending > 0, NULL, :now), :delay_ms, :sync_status, :pending,
          IF(:pending > 0, JSON_OBJECT('since', CAST(:since AS CHAR)), NULL))]]
    ON DUPLICATE KEY UPDATE
       last_delay_ms = IF(pending_events_count > 0 AND VALUES(pending_events_count) = 0,
         COALESCE(GREATEST(0, TIMESTAMPDIFF(MICROSECOND,
           CAST(JSON_UNQUOTE(JSON_EXTRACT(error_details, '$.since')) AS DATETIME(3)), :now) DIV 1000), 0),
         VALUES(last_delay_ms)),
       last_sync_time = IF(VALUES(pending_events_count) > pending_events_count, last_sync_time, :now),
       sync_status = VALUES(sync_status),
       error_details = VALUES(error_details),
       pending_events_count = VALUES(pending_events_count);

-- name: sync_status_sources_of :many
-- param user_id u64
-- column source_system text
-- column last_sync_time time null
-- column last_delay_ms u64
SELECT s.source_system, s.last_sync_time, s.last_delay_ms
  FROM system_sync_status AS s
 WHERE s.user_id = :user_id AND s.target_system = ''
 ORDER BY s.source_system;

-- name: sync_status_waiting_of :many
-- param user_id u64
-- param retries u64
-- column source_system text
-- column pending u64
-- column since time null
-- column given_up u64
-- column conflicts u64
-- What waits, by the system it came from: for another try, and for the learner's decision.
SELECT w.source_system, COALESCE(SUM(w.pending), 0) AS pending, MIN(w.since) AS since,
       COALESCE(SUM(w.given_up), 0) AS given_up, COALESCE(SUM(w.conflicts), 0) AS conflicts
  FROM (
    (SELECT e.source_system, COUNT(*) AS pending, MIN(e.created_at) AS since,
            SUM(e.retry_count >= :retries) AS given_up, 0 AS conflicts
       FROM progress_events AS e FORCE INDEX (progress_events_waiting)
      WHERE e.processed = FALSE AND e.user_id = :user_id
      GROUP BY e.source_system)
    UNION ALL
    (SELECT e.source_system, 0, NULL, 0, COUNT(DISTINCT o.id)
       FROM progress_conflicts AS o FORCE INDEX (progress_conflicts_user)
       STRAIGHT_JOIN progress_conflict_events AS m ON m.conflict_id = o.id
       STRAIGHT_JOIN progress_events AS e ON e.user_id = m.user_id AND e.id = m.event_id
      WHERE o.user_id = :user_id AND o.resolved_at IS NULL
      GROUP BY e.source_system)) AS w
 GROUP BY w.source_system;

-- name: sync_status_waiting_from :many
-- param user_id u64
-- param source_system text
-- param retries u64
-- column source_system text
-- column pending u64
-- column since time null
-- column given_up u64
-- column is_contested bool
-- The same of a few systems, and of the conflicts, of which there may be many, only whether there is any.
[[SELECT CAST(:source_system AS CHAR) AS source_system, COUNT(*) AS pending, MIN(e.created_at) AS since,
         COALESCE(SUM(e.retry_count >= :retries), 0) AS given_up,
         EXISTS (SELECT 1 FROM progress_conflicts AS o FORCE INDEX (progress_conflicts_user)
                 STRAIGHT_JOIN progress_conflict_events AS m ON m.conflict_id = o.id
                 STRAIGHT_JOIN progress_events AS c FORCE INDEX (PRIMARY)
                    ON c.user_id = m.user_id AND c.id = m.event_id
                  WHERE o.user_id = :user_id AND o.resolved_at IS NULL AND c.source_system = :source_system)
         AS is_contested
    FROM progress_events AS e FORCE INDEX (progress_events_waiting)
   WHERE e.processed = FALSE AND e.user_id = :user_id AND e.source_system = :source_system]];

-- name: sync_status_sources :many
-- param systems text -- a JSON array of all
-- column source_system text null -- never
-- column last_sync_time time null
-- column last_delay_ms u64 null
-- Of everybody: the latest of each source, out of the index.
SELECT s.name AS source_system,
       (SELECT l.last_sync_time FROM system_sync_status AS l FORCE INDEX (system_sync_status_latest)
         WHERE l.source_system = s.name AND l.target_system = ''
         ORDER BY l.last_sync_time DESC LIMIT 1) AS last_sync_time,
       (SELECT d.last_delay_ms FROM system_sync_status AS d FORCE INDEX (system_sync_status_latest)
         WHERE d.source_system = s.name AND d.target_system = ''
         ORDER BY d.last_sync_time DESC LIMIT 1) AS last_delay_ms
  FROM JSON_TABLE(:systems, '$[*]' COLUMNS (
         name VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$')) AS s
 ORDER BY s.name;

-- name: sync_status_waiting :many
-- param retries u64
-- param limit_rows u64 -- counted no further
-- column source_system text
-- column pending u64
-- column since time null
-- column given_up u64
-- column conflicts u64
-- The same of everybody, out of the indexes of what waits.
SELECT w.source_system, COALESCE(SUM(w.pending), 0) AS pending, MIN(w.since) AS since,
       COALESCE(SUM(w.given_up), 0) AS given_up, COALESCE(SUM(w.conflicts), 0) AS conflicts
  FROM (
    (SELECT p.source_system, COUNT(*) AS pending, MIN(p.created_at) AS since,
            SUM(p.retry_count >= :retries) AS given_up, 0 AS conflicts
       FROM (SELECT e.source_system, e.created_at, e.retry_count
               FROM progress_events AS e FORCE INDEX (progress_events_waiting)
              WHERE e.processed = FALSE
              LIMIT :limit_rows) AS p
      GROUP BY p.source_system)
    UNION ALL
    (SELECT e.source_system, 0, NULL, 0, COUNT(DISTINCT o.id)
       FROM (SELECT c.id FROM progress_conflicts AS c FORCE INDEX (progress_conflicts_open)
              WHERE c.resolved_at IS NULL
              LIMIT :limit_rows) AS o
       STRAIGHT_JOIN progress_conflict_events AS m ON m.conflict_id = o.id
       STRAIGHT_JOIN progress_events AS e FORCE INDEX (PRIMARY) ON e.user_id = m.user_id AND e.id = m.event_id
      GROUP BY e.source_system)) AS w
 GROUP BY w.source_system;

-- name: sync_status_figures :one
-- param limit_rows u64 -- counted no further
-- column pending u64
-- column since time null -- the oldest of them
-- column conflicts u64
-- For /metrics: what waits, of everybody.
SELECT (SELECT COUNT(*) FROM (SELECT e.user_id FROM progress_events AS e FORCE INDEX (progress_events_waiting)
                               WHERE e.processed = FALSE LIMIT :limit_rows) AS p) AS pending,
       (SELECT MIN(w.created_at) FROM (SELECT o.created_at FROM progress_events AS o FORCE INDEX (progress_events_waiting)
                                        WHERE o.processed = FALSE LIMIT :limit_rows) AS w) AS since,
       (SELECT COUNT(*) FROM (SELECT c.id FROM progress_conflicts AS c FORCE INDEX (progress_conflicts_open)
                               WHERE c.resolved_at IS NULL LIMIT :limit_rows) AS k) AS conflicts;
