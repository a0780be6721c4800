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

-- name: system_digests :one
-- param user_id u64
-- column todos u64
-- column todos_digest u64
-- column todo_videos u64
-- column todo_videos_digest u64
-- column entries u64
-- column entries_digest u64
-- column videos u64
-- column videos_digest u64
-- column paths u64
-- column paths_digest u64
-- column steps u64
-- column steps_digest u64
-- column progress_digest u64
-- Changes with every change of a row of the systems, whoever makes it. Of all of them for each, because what is
-- completed in one has the rules complete it in another before that is read. The latest updated_at alone would not tell: a
-- transaction that is committed late brings an early one.
SELECT t.amount AS todos, t.digest AS todos_digest, w.amount AS todo_videos, w.digest AS todo_videos_digest,
       e.amount AS entries, e.digest AS entries_digest, v.amount AS videos, v.digest AS videos_digest,
       p.amount AS paths, p.digest AS paths_digest, s.amount AS steps, s.digest AS steps_digest,
       g.digest AS progress_digest
  FROM (SELECT COUNT(*) AS amount, BIT_XOR(CRC32(CONCAT_WS('|', id, updated_at))) AS digest
          FROM todos WHERE user_id = :user_id) AS t,
       (SELECT COUNT(*) AS amount, BIT_XOR(CRC32(CONCAT_WS('|', todo_id, video_id))) AS digest
          FROM todo_videos WHERE user_id = :user_id) AS w,
       (SELECT COUNT(*) AS amount, BIT_XOR(CRC32(CONCAT_WS('|', id, updated_at))) AS digest
          FROM schedule_entries WHERE user_id = :user_id) AS e,
       (SELECT COUNT(*) AS amount, BIT_XOR(CRC32(CONCAT_WS('|', video_id, updated_at))) AS digest
          FROM video_progress WHERE user_id = :user_id) AS v,
       (SELECT COUNT(*) AS amount, BIT_XOR(CRC32(CONCAT_WS('|', id, updated_at))) AS digest
          FROM learning_paths WHERE user_id = :user_id) AS p,
       (SELECT COUNT(*) AS amount, BIT_XOR(CRC32(CONCAT_WS('|', path_id, step_id, updated_at))) AS digest
          FROM learning_path_steps WHERE user_id = :user_id) AS s,
       (SELECT BIT_XOR(CRC32(CONCAT_WS('|', path_id, updated_at))) AS digest
          FROM path_progress WHERE user_id = :user_id) AS g;
