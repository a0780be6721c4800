-- POST /api/sessions/record and GET /api/dashboard (src/session). The statements of the former serve all sessions
-- of one transaction.

-- name: session_insert :exec
-- param user_id u64
-- param id text
-- param thread_id text
-- param stitch_id text
-- param total_questions u64
-- param correct_answers u64
-- param total_points u64
-- param accuracy f64
-- param blink_speed f64 null
-- param results text
-- param practised_on day
-- param completed_at time
-- param revision u64
-- A session that is there already stays as it is, and counts as no row.
INSERT INTO session_results (user_id, id, thread_id, stitch_id, total_questions, correct_answers, total_points,
                             accuracy, blink_speed, results, practised_on, completed_at, revision)
VALUES [[(:user_id, :id, :thread_id, :stitch_id, :total_questions, :correct_answers, :total_points, :accuracy,
          :blink_speed, :results, :practised_on, :completed_at, :revision)]]
    ON DUPLICATE KEY UPDATE user_id = session_results.user_id;

-- name: session_find :one
-- param user_id u64
-- param id text
-- column thread_id text
-- column stitch_id text
-- column total_questions u64
-- column correct_answers u64
-- column total_points u64
-- column blink_speed f64 null
-- column completed_at time
-- column revision u64
SELECT s.thread_id, s.stitch_id, s.total_questions, s.correct_answers, s.total_points, s.blink_speed,
       s.completed_at, s.revision
  FROM session_results AS s
 WHERE s.user_id = :user_id AND s.id = :id;

-- name: session_points :many
-- param user_id u64
-- column user_id u64
-- column total_points i64
SELECT p.user_id, p.total_points FROM profiles AS p WHERE p.user_id IN ([[:user_id]]);

-- name: session_move_profiles :exec
-- param user_id u64
-- param points i64
-- param blink_speed f64 null -- NULL leaves the average as it is
-- param level i64
-- param completed_at time
-- What is added is added here, to what stands at this moment, whoever wrote it. A level that was reached is kept.
UPDATE profiles
   SET total_points = total_points + CASE user_id [[WHEN :user_id THEN :points]] END,
       total_sessions = total_sessions + 1,
       avg_blink_speed = COALESCE(avg_blink_speed * 0.7e0 +
                                  CASE user_id [[WHEN :user_id THEN :blink_speed]] END * 0.3e0, avg_blink_speed),
       evolution_level = GREATEST(evolution_level, CASE user_id [[WHEN :user_id THEN :level]] END),
       last_session_at = GREATEST(COALESCE(last_session_at, TIMESTAMP'1000-01-01 00:00:00'),
                                  CASE user_id [[WHEN :user_id THEN :completed_at]] END)
 WHERE user_id IN ([[:user_id]]);

-- name: dashboard_profile :one
-- param user_id u64
-- column display_name text null
-- column total_points i64 null
-- column avg_blink_speed f64 null
-- column evolution_level i64 null
-- column total_sessions i64 null
-- column current_streak i64 null
-- column last_practice_date day null
-- column last_session_at time null
-- column is_subscribed bool null
-- Of a learner without sessions; the others' comes with the sessions. NULL: there is no profile yet.
SELECT u.display_name, p.total_points, p.avg_blink_speed, p.evolution_level, p.total_sessions, p.current_streak,
       p.last_practice_date, p.last_session_at, p.is_subscribed
  FROM users AS u
  LEFT JOIN profiles AS p ON p.user_id = u.id
 WHERE u.id = :user_id;

-- name: dashboard_lists :each
-- param user_id u64
-- param limit_rows u64
-- column thread_id text
-- column amount u64
-- column id text null
-- column stitch_id text null
-- column accuracy f64 null
-- column blink_speed f64 null
-- column completed_at time null
-- column display_name text null
-- column total_points i64 null
-- column avg_blink_speed f64 null
-- column evolution_level i64 null
-- column total_sessions i64 null
-- column current_streak i64 null
-- column last_practice_date day null
-- column last_session_at time null
-- column is_subscribed bool null
-- The latest sessions, with their points as the amount, and the profile beside each; then the threads, without an id,
-- with as many stitches as are completed, counted out of the index. One statement, because a round trip costs more
-- than any of them.
(SELECT s.thread_id, s.total_points AS amount, s.id, s.stitch_id, s.accuracy, s.blink_speed, s.completed_at,
        u.display_name, p.total_points, p.avg_blink_speed, p.evolution_level, p.total_sessions, p.current_streak,
        p.last_practice_date, p.last_session_at, p.is_subscribed
   FROM users AS u
   LEFT JOIN profiles AS p ON p.user_id = u.id
   JOIN session_results AS s FORCE INDEX (session_results_recent) ON s.user_id = u.id
  WHERE u.id = :user_id
  ORDER BY s.completed_at DESC, s.id DESC
  LIMIT :limit_rows)
 UNION ALL
(SELECT t.thread_id, COUNT(*), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
   FROM user_stitch_progress AS t FORCE INDEX (user_stitch_progress_completed)
  WHERE t.user_id = :user_id AND t.is_completed = TRUE
  GROUP BY t.thread_id);

-- name: dashboard_speeds :many
-- param user_id u64
-- param limit_rows u64
-- column blink_speed f64 null -- never, by has_speed
-- The latest that are known.
SELECT s.blink_speed
  FROM session_results AS s FORCE INDEX (session_results_speeds)
 WHERE s.user_id = :user_id AND s.has_speed = TRUE
 ORDER BY s.completed_at DESC, s.id DESC
 LIMIT :limit_rows;
