-- What learners read of themselves (src/learner).

-- name: learner_totals :one
-- param user_id u64
-- column revision u64
-- column time_zone text
-- column tokens i64
-- column questions_answered i64
-- column correct_answers i64
-- column document text null
-- column current_streak i64 null
-- column longest_streak i64 null
-- column last_practice_date day null
SELECT u.revision, u.time_zone, u.tokens, u.questions_answered, u.correct_answers,
       u.hidden_grade_asset AS document, p.current_streak, p.longest_streak, p.last_practice_date
  FROM users AS u
  LEFT JOIN profiles AS p ON p.user_id = u.id
 WHERE u.id = :user_id;

-- name: learner_percentiles :one
-- param tokens f64
-- param accuracy f64
-- column learners u64
-- column as_of time null
-- column tokens_below u64 null
-- column accuracy_below u64 null
-- How many of the counted learners lie strictly below, as of the last refresh: the first bound that
-- is not smaller knows. NULL: above every bound.
SELECT v.percentile_learners AS learners, v.percentiles_as_of AS as_of,
       (SELECT t.below FROM percentile_bounds AS t
         WHERE t.metric = 'tokens' AND t.value >= :tokens ORDER BY t.value LIMIT 1) AS tokens_below,
       (SELECT a.below FROM percentile_bounds AS a
         WHERE a.metric = 'accuracy' AND a.value >= :accuracy ORDER BY a.value LIMIT 1) AS accuracy_below
  FROM shared_version AS v
 WHERE v.id = 1;

-- name: learner_modules :many
-- param module_keys text
-- column module_key text
-- column label text
-- column goal_tokens u64
-- column position i64
-- Of the modules in the list, those that are known by name.
SELECT m.module_key, m.label, m.goal_tokens, m.position
  FROM JSON_TABLE(:module_keys, '$[*]' COLUMNS (module_key VARCHAR(96) PATH '$')) AS e
  STRAIGHT_JOIN modules AS m ON m.module_key = e.module_key;

-- name: learner_every_module :many
-- param limit_rows u64
-- column module_key text
-- column label text
-- column goal_tokens u64
-- As a site orders them. There are no more of them than one can choose from.
SELECT m.module_key, m.label, m.goal_tokens
  FROM modules AS m FORCE INDEX (PRIMARY)
 WHERE m.module_key > ''
 ORDER BY m.position, m.module_key
 LIMIT :limit_rows;

-- name: learner_practice_days :many
-- param user_id u64
-- column day day
SELECT DISTINCT d.day FROM practice_days AS d WHERE d.user_id = :user_id ORDER BY d.day;

-- name: learner_history :many
-- param user_id u64
-- param before_revision u64
-- param only text null
-- param limit_rows u64
-- column revision u64
-- column kind text
-- column actor text
-- column created_at time
-- column changes text
-- Newest first. `only`: a pattern that the changes hold, such as %"what":"tokens"%.
SELECT l.revision, l.kind, l.actor, l.created_at, l.changes
  FROM ledger AS l
 WHERE l.user_id = :user_id AND l.revision < :before_revision AND (:only IS NULL OR l.changes LIKE :only)
 ORDER BY l.revision DESC
 LIMIT :limit_rows;

-- name: learner_history_sum :one
-- param user_id u64
-- param total text
-- column moved i64
-- What the entries of the history add up to, for one of the totals.
SELECT COALESCE(SUM(c.moved), 0) AS moved
  FROM ledger AS l
  JOIN JSON_TABLE(l.changes, '$[*]' COLUMNS (
         what VARCHAR(32) PATH '$.what',
         moved BIGINT PATH '$.by' DEFAULT '0' ON EMPTY)) AS c
 WHERE l.user_id = :user_id AND c.what = :total;

-- name: learner_profile :one
-- param user_id u64
-- column username text null
-- column display_name text null
-- column time_zone text
-- column is_anonymous bool
-- column revision u64
-- column created_at time
-- column total_points i64
-- column avg_blink_speed f64
-- column evolution_level i64
-- column total_sessions i64
-- column current_streak i64
-- column longest_streak i64
-- column last_practice_date day null
-- column last_session_at time null
-- column subscription_id text null
-- column subscription_status text null
-- column is_subscribed bool
-- column stripe_customer_id text null
SELECT u.username, u.display_name, u.time_zone, u.is_anonymous, u.revision, u.created_at,
       COALESCE(p.total_points, 0) AS total_points, COALESCE(p.avg_blink_speed, 2.5) AS avg_blink_speed,
       COALESCE(p.evolution_level, 1) AS evolution_level, COALESCE(p.total_sessions, 0) AS total_sessions,
       COALESCE(p.current_streak, 0) AS current_streak, COALESCE(p.longest_streak, 0) AS longest_streak,
       p.last_practice_date, p.last_session_at, p.subscription_id, p.subscription_status,
       COALESCE(p.is_subscribed, FALSE) AS is_subscribed, p.stripe_customer_id
  FROM users AS u
  LEFT JOIN profiles AS p ON p.user_id = u.id
 WHERE u.id = :user_id;

-- name: learner_set_profile :exec
-- param user_id u64
-- param display_name text null
-- param time_zone text
UPDATE users SET display_name = :display_name, time_zone = :time_zone WHERE id = :user_id;

-- name: learner_percentile_bounds :many
-- param steps u64
-- column metric text
-- column value f64
-- column below u64
-- column learners u64
-- scan: the refresh reads every learner, outside of any request
-- How the learners with at least one answer are spread. Keeps a value when it begins a new step of the
-- distribution, and next to values that many learners share, so that the first bound at or above any
-- value is within one step of the truth. One statement, one moment.
SELECT 'tokens' AS metric, CAST(r.value AS DOUBLE) AS value, r.below, r.total AS learners
  FROM (SELECT c.value, c.learners,
               SUM(c.learners) OVER (ORDER BY c.value) - c.learners AS below,
               LAG(c.learners) OVER (ORDER BY c.value) AS learners_before,
               SUM(c.learners) OVER (ORDER BY c.value) - c.learners - LAG(c.learners) OVER (ORDER BY c.value) AS below_before,
               SUM(c.learners) OVER () AS total
          FROM (SELECT u.tokens AS value, COUNT(*) AS learners
                  FROM users AS u
                 WHERE u.questions_answered > 0 AND u.deleted_at IS NULL AND u.merged_into IS NULL
                 GROUP BY u.tokens) AS c) AS r
 WHERE r.learners_before IS NULL
    OR FLOOR(r.below * :steps / r.total) > FLOOR(r.below_before * :steps / r.total)
    OR r.learners * :steps > r.total
    OR r.learners_before * :steps > r.total
 UNION ALL
SELECT 'accuracy' AS metric, r.value, r.below, r.total AS learners
  FROM (SELECT c.value, c.learners,
               SUM(c.learners) OVER (ORDER BY c.value) - c.learners AS below,
               LAG(c.learners) OVER (ORDER BY c.value) AS learners_before,
               SUM(c.learners) OVER (ORDER BY c.value) - c.learners - LAG(c.learners) OVER (ORDER BY c.value) AS below_before,
               SUM(c.learners) OVER () AS total
          FROM (SELECT CAST(u.correct_answers AS DOUBLE) / u.questions_answered * 100 AS value, COUNT(*) AS learners
                  FROM users AS u
                 WHERE u.questions_answered > 0 AND u.deleted_at IS NULL AND u.merged_into IS NULL
                 GROUP BY CAST(u.correct_answers AS DOUBLE) / u.questions_answered * 100) AS c) AS r
 WHERE r.learners_before IS NULL
    OR FLOOR(r.below * :steps / r.total) > FLOOR(r.below_before * :steps / r.total)
    OR r.learners * :steps > r.total
    OR r.learners_before * :steps > r.total;

-- name: learner_percentiles_clear :exec
-- scan: the whole table is rewritten by the refresh, not by a request
DELETE FROM percentile_bounds;

-- name: learner_percentiles_fill :exec
-- param metric text
-- param value f64
-- param below u64
INSERT INTO percentile_bounds (metric, value, below) VALUES [[(:metric, :value, :below)]];

-- name: learner_percentiles_publish :exec
-- param now time
-- param learners u64
UPDATE shared_version
   SET version = version + 1, percentiles_as_of = :now, percentile_learners = :learners
 WHERE id = 1;

-- name: learner_audit :many
-- param from_id u64
-- param to_id u64
-- param limit_rows u64
-- column user_id u64
-- column username text null
-- column tokens i64
-- column questions_answered i64
-- column correct_answers i64
-- column json_tokens i64
-- column json_questions i64
-- column json_correct i64
-- column has_document bool
-- The audit: what the columns say beside what the document's global_stats say, in order of id. The
-- learners are picked first: joined to JSON_TABLE as a whole they would all be read and sorted for a page.
SELECT u.id AS user_id, u.username, u.tokens, u.questions_answered, u.correct_answers,
       COALESCE(g.tokens, 0) AS json_tokens, COALESCE(g.questions, 0) AS json_questions,
       COALESCE(g.correct, 0) AS json_correct, u.hidden_grade_asset IS NOT NULL AS has_document
  FROM (SELECT p.id, p.username, p.tokens, p.questions_answered, p.correct_answers, p.hidden_grade_asset
          FROM users AS p FORCE INDEX (PRIMARY)
         WHERE p.id BETWEEN :from_id AND :to_id AND p.deleted_at IS NULL AND p.merged_into IS NULL
         ORDER BY p.id
         LIMIT :limit_rows) AS u
  LEFT JOIN JSON_TABLE(COALESCE(u.hidden_grade_asset, '{}'), '$.global_stats' COLUMNS (
         tokens BIGINT PATH '$.total_tokens_earned' DEFAULT '0' ON EMPTY DEFAULT '0' ON ERROR,
         questions BIGINT PATH '$.total_questions_answered' DEFAULT '0' ON EMPTY DEFAULT '0' ON ERROR,
         correct BIGINT PATH '$.total_correct_answers' DEFAULT '0' ON EMPTY DEFAULT '0' ON ERROR)) AS g ON TRUE
 ORDER BY u.id;

-- name: learner_exists :one
-- param user_id u64
-- column id u64
SELECT u.id FROM users AS u WHERE u.id = :user_id AND u.deleted_at IS NULL;

-- name: learner_synced :one
-- param job_id u64
-- column learners u64
-- Whom the run of a job looked at.
SELECT r.learners
  FROM sync_jobs AS j
  JOIN repair_runs AS r ON r.id = j.subject_id
 WHERE j.id = :job_id;
