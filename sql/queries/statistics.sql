-- Statistics and the list of attempts (src/learner/statistics.c, src/learner/attempts.c). The statistics read
-- what was rolled up when it happened, never the attempts, which leave for the archive after a time.

-- name: statistics_modules :many
-- param user_id u64
-- column module text
-- column label text null
-- column questions i64
-- column correct i64
-- column tokens i64
-- All days, by module.
SELECT t.module, m.label, t.questions, t.correct, t.tokens
  FROM (SELECT d.module, CAST(SUM(d.questions) AS SIGNED) AS questions, CAST(SUM(d.correct) AS SIGNED) AS correct,
               CAST(SUM(d.tokens) AS SIGNED) AS tokens
          FROM daily_totals AS d
         WHERE d.user_id = :user_id
         GROUP BY d.module) AS t
  LEFT JOIN modules AS m ON m.module_key = t.module
 ORDER BY t.module;

-- name: statistics_days :many
-- param user_id u64
-- param from_day day
-- column day day
-- column questions i64
-- column correct i64
-- column tokens i64
SELECT d.day, CAST(SUM(d.questions) AS SIGNED) AS questions, CAST(SUM(d.correct) AS SIGNED) AS correct,
       CAST(SUM(d.tokens) AS SIGNED) AS tokens
  FROM daily_totals AS d
 WHERE d.user_id = :user_id AND d.day >= :from_day
 GROUP BY d.day
 ORDER BY d.day;

-- name: statistics_best_day :one
-- param user_id u64
-- column day day
-- column questions i64
-- column correct i64
-- column tokens i64
-- The day with the most correct answers; of several, the one with the most tokens, then the first.
SELECT d.day, CAST(SUM(d.questions) AS SIGNED) AS questions, CAST(SUM(d.correct) AS SIGNED) AS correct,
       CAST(SUM(d.tokens) AS SIGNED) AS tokens
  FROM daily_totals AS d
 WHERE d.user_id = :user_id
 GROUP BY d.day
 ORDER BY SUM(d.correct) DESC, SUM(d.tokens) DESC, d.day
 LIMIT 1;

-- name: statistics_sessions :one
-- param user_id u64
-- column sessions u64
-- column ended u64
-- column total_exercises u64
-- column correct_answers u64
SELECT COUNT(*) AS sessions, COUNT(s.ended_at) AS ended,
       CAST(COALESCE(SUM(s.total_exercises), 0) AS UNSIGNED) AS total_exercises,
       CAST(COALESCE(SUM(s.correct_answers), 0) AS UNSIGNED) AS correct_answers
  FROM practice_sessions AS s
 WHERE s.user_id = :user_id;

-- name: statistics_practice_days :many
-- param user_id u64
-- column activity text
-- column day day
SELECT d.activity, d.day FROM practice_days AS d WHERE d.user_id = :user_id ORDER BY d.activity, d.day;

-- name: statistics_longest :one
-- param user_id u64
-- column longest_streak i64
SELECT p.longest_streak FROM profiles AS p WHERE p.user_id = :user_id;

-- name: statistics_attempts :many
-- param user_id u64
-- param before_at time
-- param before_id u64
-- param limit_rows u64
-- column attempt_id u64
-- column exercise_id text
-- column module text
-- column is_correct bool
-- column user_answer text null
-- column tokens i64
-- column practised_on day
-- column practice_session_id u64 null
-- column created_at time
-- Newest first, behind the given place: those that stand among the attempts, and those in the archive.
SELECT e.attempt_id, e.exercise_id, e.module, e.is_correct, e.user_answer, e.tokens, e.practised_on,
       e.practice_session_id, e.created_at
  FROM ((SELECT a.id AS attempt_id, a.exercise_id, a.module, a.is_correct, a.user_answer, a.tokens,
                a.practised_on, a.practice_session_id, a.created_at
           FROM attempts AS a
          WHERE a.user_id = :user_id AND a.created_at <= :before_at
            AND (a.created_at < :before_at OR a.id < :before_id)
          ORDER BY a.created_at DESC, a.id DESC
          LIMIT :limit_rows)
        UNION ALL
        (SELECT r.id, r.exercise_id, r.module, r.is_correct, r.user_answer, r.tokens, r.practised_on,
                r.practice_session_id, r.created_at
           FROM attempts_archive AS r
          WHERE r.user_id = :user_id AND r.created_at <= :before_at
            AND (r.created_at < :before_at OR r.id < :before_id)
          ORDER BY r.created_at DESC, r.id DESC
          LIMIT :limit_rows)) AS e
 ORDER BY e.created_at DESC, e.attempt_id DESC
 LIMIT :limit_rows;
