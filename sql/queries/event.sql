-- Progress events as they are taken in (src/event/intake*.c), tried again (retry.c) and read back (event_read.c).

-- name: event_known :one
-- param user_id u64
-- param id text
-- column content_hash hash
-- column outcome text
-- column revision u64
-- column result text null
-- An event that is taken.
SELECT e.content_hash, e.outcome, e.revision, e.result
  FROM progress_events AS e
 WHERE e.user_id = :user_id AND e.id = :id;

-- name: event_known_of :many
-- param user_id u64
-- param event_ids text -- a JSON list
-- column place i64
-- column content_hash hash
-- column outcome text
-- column revision u64
-- column result text null
-- Those of a list of ids that are taken, each with its place in the list, from 1 on.
SELECT COALESCE(l.place, 0) AS place, e.content_hash, e.outcome, e.revision, e.result
  FROM JSON_TABLE(:event_ids, '$[*]' COLUMNS (
         place FOR ORDINALITY,
         id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$')) AS l
  STRAIGHT_JOIN progress_events AS e FORCE INDEX (PRIMARY)
    ON e.user_id = :user_id AND e.id = l.id;

-- name: event_insert :exec
-- param user_id u64
-- param id text
-- param revision u64
-- param position u64
-- param event_type text
-- param source_system text
-- param activity_type text
-- param activity_id text
-- param completion_status text
-- param time_spent f64
-- param event_data text
-- param resolved_data text null
-- param timestamp time
-- param happened_at time
-- param practised_on day
-- param outcome text
-- param processed bool
-- param processing_errors text null
-- param retry_at time null
-- param content_hash hash
-- param result text null
-- param created_at time
INSERT INTO progress_events
  (user_id, id, revision, position, event_type, source_system, activity_type, activity_id, completion_status,
   time_spent, event_data, resolved_data, timestamp, happened_at, practised_on, outcome, processed,
   processing_errors, retry_at, content_hash, result, created_at)
VALUES [[(:user_id, :id, :revision, :position, :event_type, :source_system, :activity_type, :activity_id,
          :completion_status, :time_spent, :event_data, :resolved_data, :timestamp, :happened_at, :practised_on,
          :outcome, :processed, :processing_errors, :retry_at, :content_hash, :result, :created_at)]];

-- name: event_set_result :exec
-- param user_id u64
-- param id text
-- param result text
UPDATE progress_events SET result = CASE id [[WHEN :id THEN :result]] END
 WHERE user_id = :user_id AND id IN ([[:id]]);

-- name: event_settle :exec
-- param user_id u64
-- param id text
-- param revision u64
-- param position u64
-- param practised_on day
-- param outcome text
-- param completion_status text
-- param time_spent f64
-- param happened_at time
-- param resolved_data text null
-- What waited has been processed: it counts as of this revision.
UPDATE progress_events
   SET revision = :revision, position = :position, practised_on = :practised_on, outcome = :outcome,
       completion_status = :completion_status, time_spent = :time_spent, happened_at = :happened_at,
       resolved_data = :resolved_data, processed = TRUE, processing_errors = NULL, retry_at = NULL
 WHERE user_id = :user_id AND id = :id;

-- name: event_find :one
-- param user_id u64
-- param id text
-- column id text
-- column revision u64
-- column position u64
-- column event_type text
-- column source_system text
-- column activity_type text
-- column activity_id text
-- column completion_status text
-- column time_spent f64
-- column event_data text
-- column resolved_data text null
-- column timestamp time
-- column happened_at time
-- column outcome text
-- column processed bool
-- column processing_errors text null
-- column retry_count u64
-- column retry_at time null
-- column created_at time
SELECT e.id, e.revision, e.position, e.event_type, e.source_system, e.activity_type, e.activity_id,
       e.completion_status, e.time_spent, e.event_data, e.resolved_data, e.timestamp, e.happened_at, e.outcome,
       e.processed, e.processing_errors, e.retry_count, e.retry_at, e.created_at
  FROM progress_events AS e
 WHERE e.user_id = :user_id AND e.id = :id;

-- name: event_list :many
-- param user_id u64
-- param before_revision u64
-- param before_position u64
-- param processed bool null
-- param event_type text null
-- param activity_type text null
-- param activity_id text null
-- param limit_rows u64
-- column id text
-- column revision u64
-- column position u64
-- column event_type text
-- column source_system text
-- column activity_type text
-- column activity_id text
-- column completion_status text
-- column time_spent f64
-- column event_data text
-- column resolved_data text null
-- column timestamp time
-- column happened_at time
-- column outcome text
-- column processed bool
-- column processing_errors text null
-- column retry_count u64
-- column retry_at time null
-- column created_at time
-- Newest first, of those that were taken in before a place in the order.
SELECT e.id, e.revision, e.position, e.event_type, e.source_system, e.activity_type, e.activity_id,
       e.completion_status, e.time_spent, e.event_data, e.resolved_data, e.timestamp, e.happened_at, e.outcome,
       e.processed, e.processing_errors, e.retry_count, e.retry_at, e.created_at
  FROM progress_events AS e FORCE INDEX (progress_events_order)
 WHERE e.user_id = :user_id AND e.revision <= :before_revision
   AND (e.revision < :before_revision OR e.position < :before_position)
   AND (:processed IS NULL OR e.processed = :processed) AND (:event_type IS NULL OR e.event_type = :event_type)
   AND (:activity_type IS NULL OR e.activity_type = :activity_type)
   AND (:activity_id IS NULL OR e.activity_id = :activity_id)
 ORDER BY e.revision DESC, e.position DESC
 LIMIT :limit_rows;

-- name: event_conflicting :many
-- param user_id u64
-- param event_ids text -- a JSON list
-- param resolved_since time -- what was decided before is as good as gone
-- param limit_rows u64
-- column place i64
-- column other_id text
-- The events that those of a list stand in a conflict with, decided or not; places from 1 on.
SELECT DISTINCT COALESCE(l.place, 0) AS place, o.event_id AS other_id
  FROM JSON_TABLE(:event_ids, '$[*]' COLUMNS (
         place FOR ORDINALITY,
         id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$')) AS l
  STRAIGHT_JOIN progress_conflict_events AS m FORCE INDEX (progress_conflict_events_event)
    ON m.user_id = :user_id AND m.event_id = l.id
  STRAIGHT_JOIN progress_conflicts AS c FORCE INDEX (PRIMARY)
    ON c.id = m.conflict_id AND (c.resolved_at IS NULL OR c.resolved_at >= :resolved_since)
  STRAIGHT_JOIN progress_conflict_events AS o FORCE INDEX (PRIMARY)
    ON o.conflict_id = m.conflict_id AND o.event_id <> m.event_id
 ORDER BY place, other_id
 LIMIT :limit_rows;

-- name: event_due :many
-- param user_id u64
-- param forced bool -- also what is not due yet, or was given up
-- param now time
-- param after_id text
-- param limit_rows u64
-- column id text
-- A learner's events that wait, by id.
SELECT e.id
  FROM progress_events AS e FORCE INDEX (progress_events_waiting)
 WHERE e.processed = FALSE AND e.user_id = :user_id AND (:forced OR e.retry_at <= :now) AND e.id > :after_id
 ORDER BY e.id
 LIMIT :limit_rows;

-- name: event_due_learners :many
-- param after_user u64
-- param now time
-- param limit_rows u64
-- column user_id u64
SELECT DISTINCT e.user_id
  FROM progress_events AS e FORCE INDEX (progress_events_waiting)
 WHERE e.processed = FALSE AND e.user_id > :after_user AND e.retry_at <= :now
 ORDER BY e.user_id
 LIMIT :limit_rows;

-- name: event_waiting :many
-- param limit_rows u64
-- column user_id u64
-- column id text
-- Everybody's events that wait.
SELECT e.user_id, e.id
  FROM progress_events AS e FORCE INDEX (progress_events_waiting)
 WHERE e.processed = FALSE
 ORDER BY e.user_id, e.id
 LIMIT :limit_rows;

-- name: event_waiting_one :one
-- param user_id u64
-- param id text
-- column event_type text
-- column source_system text
-- column event_data text
-- column timestamp time
-- column content_hash hash
-- column retry_count u64
-- An event that waits, to be processed under the learner's lock.
SELECT e.event_type, e.source_system, e.event_data, e.timestamp, e.content_hash, e.retry_count
  FROM progress_events AS e
 WHERE e.user_id = :user_id AND e.id = :id AND e.processed = FALSE;

-- name: event_failed_again :exec
-- param user_id u64
-- param id text
-- param processing_errors text
-- param retry_count u64
-- param retry_at time null
UPDATE progress_events
   SET processing_errors = :processing_errors, retry_count = :retry_count, retry_at = :retry_at
 WHERE user_id = :user_id AND id = :id;
