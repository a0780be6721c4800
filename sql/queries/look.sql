-- Whether the rules of `on-read: events` are to be asked about a learner (src/event/event_heal.c).

-- name: look_before :one
-- param user_id u64
-- param look_s i64
-- column is_recent bool -- they were, within so many seconds
-- column seen_at time null
-- column todos_at time null
-- column entries_at time null
-- column videos_at time null
-- column steps_at time null
SELECT COALESCE(s.systems_looked_at > UTC_TIMESTAMP(3) - INTERVAL :look_s SECOND, FALSE) AS is_recent,
       s.systems_seen_at AS seen_at,
       (SELECT MAX(t.updated_at) FROM todos AS t WHERE t.user_id = u.id) AS todos_at,
       (SELECT MAX(e.updated_at) FROM schedule_entries AS e WHERE e.user_id = u.id) AS entries_at,
       (SELECT MAX(v.updated_at) FROM video_progress AS v WHERE v.user_id = u.id) AS videos_at,
       (SELECT MAX(p.updated_at) FROM learning_path_steps AS p WHERE p.user_id = u.id) AS steps_at
  FROM users AS u
  LEFT JOIN user_progress_summary AS s ON s.user_id = u.id
 WHERE u.id = :user_id;

-- name: look_note :exec
-- param user_id u64
-- param seen_at time
-- Who has no events yet has no such row, and is looked at each time.
UPDATE user_progress_summary
   SET systems_seen_at = IF(systems_seen_at > :seen_at, systems_seen_at, :seen_at), systems_looked_at = UTC_TIMESTAMP(3)
 WHERE user_id = :user_id;
