-- Progress events as they are taken in (src/event/intake*.c), tried again (retry.c) and read back (event_read.c).

-- name: event_known :many
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
-- param created_at time
INSERT INTO progress_events
  (user_id, id, revision, position, event_type, source_system, activity_type, activity_id, completion_status,
   time_spent, event_data, resolved_data, timestamp, happened_at, practised_on, outcome, processed,
   processing_errors, retry_at, content_hash, created_at)
VALUES (:user_id, :id, :revision, :position, :event_type, :source_system, :activity_type, :activity_id,
        :completion_status, :time_spent, :event_data, :resolved_data, :timestamp, :happened_at, :practised_on,
        :outcome, :processed, :processing_errors, :retry_at, :content_hash, :created_at);

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
