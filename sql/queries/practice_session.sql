-- Practice sessions (src/learner/practice_session.c).

-- name: practice_session_add :exec
-- param user_id u64
-- param started_at time
INSERT INTO practice_sessions (user_id, started_at) VALUES (:user_id, :started_at);

-- name: practice_session_read :one
-- param user_id u64
-- param session_id u64
-- column started_at time
-- column ended_at time null
-- column total_exercises u64
-- column correct_answers u64
SELECT s.started_at, s.ended_at, s.total_exercises, s.correct_answers
  FROM practice_sessions AS s
 WHERE s.id = :session_id AND s.user_id = :user_id;

-- name: practice_session_end :exec
-- param user_id u64
-- param session_id u64
-- param ended_at time
UPDATE practice_sessions
   SET ended_at = :ended_at
 WHERE id = :session_id AND user_id = :user_id AND ended_at IS NULL;

-- name: practice_session_count :exec
-- param user_id u64
-- param session_id u64
-- param correct u64
-- An answer that names the session.
UPDATE practice_sessions
   SET total_exercises = total_exercises + 1, correct_answers = correct_answers + :correct
 WHERE id = :session_id AND user_id = :user_id;

-- name: practice_session_list :many
-- param user_id u64
-- param before_at time
-- param before_id u64
-- param limit_rows u64
-- column session_id u64
-- column started_at time
-- column ended_at time null
-- column total_exercises u64
-- column correct_answers u64
-- Newest first, behind the given place.
SELECT s.id AS session_id, s.started_at, s.ended_at, s.total_exercises, s.correct_answers
  FROM practice_sessions AS s
 WHERE s.user_id = :user_id AND s.started_at <= :before_at
   AND (s.started_at < :before_at OR s.id < :before_id)
 ORDER BY s.started_at DESC, s.id DESC
 LIMIT :limit_rows;
