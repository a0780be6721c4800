-- GET /api/progress-sync/insights and /patterns (src/event/insights.c, patterns.c): what a learner's days and
-- completed activities tell, by ranges of their own calendar.

-- name: insights_types :many
-- param user_id u64
-- param before_day day
-- param from_day day
-- param to_day day
-- column is_now bool
-- column activity_type text
-- column activities u64
-- column days u64
-- column time_spent f64
-- Of the days from before_day, which are not now, and of those from from_day, which are.
SELECT d.day >= :from_day AS is_now, d.activity_type, COUNT(DISTINCT d.activity_id) AS activities,
       COUNT(DISTINCT d.day) AS days, SUM(d.time_spent) AS time_spent
  FROM activity_days AS d
 WHERE d.user_id = :user_id AND d.day BETWEEN :before_day AND :to_day
 GROUP BY is_now, d.activity_type;

-- name: insights_completed :each
-- param user_id u64
-- param before_day day
-- param from_day day
-- param to_day day
-- column is_now bool
-- column activity_type text
-- column completed_at time
-- column completed u64
-- Activities by the quarter of an hour in which they were first completed: no zone's hours begin in between.
SELECT a.completed_on >= :from_day AS is_now, a.activity_type, MIN(a.completed_at) AS completed_at,
       COUNT(*) AS completed
  FROM activities AS a FORCE INDEX (activities_completed)
 WHERE a.user_id = :user_id AND a.completed_on BETWEEN :before_day AND :to_day
 GROUP BY is_now, a.activity_type, TIMESTAMPDIFF(MINUTE, '1970-01-01', a.completed_at) DIV 15;

-- name: insights_weekdays :many
-- param user_id u64
-- param from_day day
-- param to_day day
-- column weekday u64 -- 0: Monday
-- column days u64
-- column activities u64
-- column time_spent f64
SELECT WEEKDAY(d.day) AS weekday, COUNT(DISTINCT d.day) AS days, COUNT(*) AS activities, SUM(d.time_spent) AS time_spent
  FROM activity_days AS d
 WHERE d.user_id = :user_id AND d.day BETWEEN :from_day AND :to_day
 GROUP BY WEEKDAY(d.day);

-- name: patterns_moments :each
-- param user_id u64
-- param since time -- what bounds the index; the days are the learner's
-- param until time
-- param from_day day
-- param to_day day
-- param limit_rows u64
-- column happened_at time
-- column time_spent f64 -- minutes
-- What is applied, latest first.
SELECT e.happened_at, e.time_spent
  FROM progress_events AS e FORCE INDEX (progress_events_happened)
 WHERE e.user_id = :user_id AND e.happened_at >= :since AND e.happened_at < :until
   AND e.practised_on BETWEEN :from_day AND :to_day AND e.outcome = 'applied'
 ORDER BY e.happened_at DESC
 LIMIT :limit_rows;

-- name: patterns_days :many
-- param user_id u64
-- param from_day day
-- param to_day day
-- column day day
SELECT d.day FROM practice_days AS d
 WHERE d.user_id = :user_id AND d.day BETWEEN :from_day AND :to_day
 GROUP BY d.day
 ORDER BY d.day;

-- name: patterns_modules :many
-- param user_id u64
-- param from_day day
-- param to_day day
-- param questions u64
-- column module text
-- column questions u64
-- column correct u64
-- Modules with at least so many questions.
SELECT d.module, CAST(SUM(d.questions) AS UNSIGNED) AS questions, CAST(SUM(d.correct) AS UNSIGNED) AS correct
  FROM daily_totals AS d
 WHERE d.user_id = :user_id AND d.day BETWEEN :from_day AND :to_day
 GROUP BY d.module
HAVING SUM(d.questions) >= :questions
 ORDER BY d.module;
