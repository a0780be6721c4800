-- What the endpoints of todos, calendar entries, learning paths and videos share (src/event/system.c).

-- name: system_also :many
-- param user_id u64
-- param event_id text
-- param limit_rows u64
-- column target_system text
-- column target_table text
-- column target_key text
-- column because text
-- The rows that an event completed, in the order in which it did.
SELECT p.target_system, p.target_table, p.target_key, p.because
  FROM propagations AS p
 WHERE p.user_id = :user_id AND p.event_id = :event_id
   AND p.target_table IN ('todos', 'schedule_entries', 'video_progress', 'learning_path_steps')
   AND JSON_UNQUOTE(JSON_EXTRACT(p.after_values, '$.status')) = 'completed'
   AND COALESCE(JSON_UNQUOTE(JSON_EXTRACT(p.before_values, '$.status')), '') <> 'completed'
 ORDER BY p.position, p.target_table, p.target_key
 LIMIT :limit_rows;

-- name: system_note_reopened :exec
-- param user_id u64
-- param target_table text
-- param target_key text
-- param target_system text
-- param after_values text
-- param revision u64
-- param now time
-- What has a receipt is completed by no rule again. No event's id begins with `rule:`.
INSERT INTO propagations (user_id, event_id, target_table, target_key, target_system, before_values, after_values,
                          because, revision, created_at, undone_at)
VALUES (:user_id, 'rule:reopened', :target_table, :target_key, :target_system, '{"status": "completed"}',
        :after_values, 'it was opened again', :revision, :now, :now)
    ON DUPLICATE KEY UPDATE after_values = VALUES(after_values), revision = VALUES(revision),
       created_at = VALUES(created_at), undone_at = VALUES(undone_at);
