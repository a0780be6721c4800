-- What lockstepctl asks for a person at a terminal.

-- name: ctl_user :one
-- param user_id u64 null -- NULL: by username
-- param username text null
-- column id u64
-- column subject text null
-- column username text null
-- column display_name text null
-- column role text
-- column time_zone text
-- column is_anonymous bool
-- column merged_into u64 null
-- column is_deleted bool
-- column tokens i64
-- column questions_answered i64
-- column correct_answers i64
-- column json_tokens i64
-- column json_questions i64
-- column json_correct i64
-- column document text null
-- column revision u64
-- column created_at time
-- column current_streak i64 null
-- column longest_streak i64 null
-- column last_practice_date day null
-- One learner's row, by id or by name, gone ones included.
SELECT u.id, u.subject, u.username, u.display_name, u.role, u.time_zone, u.is_anonymous, u.merged_into,
       u.deleted_at IS NOT NULL AS is_deleted, u.tokens, u.questions_answered, u.correct_answers,
       COALESCE(g.tokens, 0) AS json_tokens, COALESCE(g.questions, 0) AS json_questions,
       COALESCE(g.correct, 0) AS json_correct, u.hidden_grade_asset AS document, u.revision,
       u.created_at, p.current_streak, p.longest_streak, p.last_practice_date
  FROM users AS u
  LEFT JOIN profiles AS p ON p.user_id = u.id
  LEFT JOIN JSON_TABLE(COALESCE(u.hidden_grade_asset, '{}'), '$.global_stats' COLUMNS (
         tokens BIGINT PATH '$.total_tokens_earned' DEFAULT '0' ON EMPTY DEFAULT '0' ON ERROR,
         questions BIGINT PATH '$.total_questions_answered' DEFAULT '0' ON EMPTY DEFAULT '0' ON ERROR,
         correct BIGINT PATH '$.total_correct_answers' DEFAULT '0' ON EMPTY DEFAULT '0' ON ERROR)) AS g ON TRUE
 WHERE u.id = COALESCE(:user_id, (SELECT n.id FROM users AS n WHERE n.username = :username));

-- name: ctl_last_user :one
-- column id u64
-- Where a walk over all learners ends; 0 where there are none.
SELECT COALESCE(MAX(u.id), 0) AS id FROM users AS u;

-- name: ctl_job :one
-- param job_id u64
-- column kind text
-- column state text
-- column done_units u64
-- column total_units u64 null
-- column subject_id u64 null
-- column error text null
-- How far a job is.
SELECT j.kind, j.state, j.done_units, j.total_units, j.subject_id, j.error FROM sync_jobs AS j WHERE j.id = :job_id;

-- name: ctl_active_job :one
-- param dedupe_key text
-- column id u64
SELECT j.id FROM sync_jobs AS j WHERE j.active_key = :dedupe_key;

-- name: ctl_workers :one
-- column alive u64
-- scan: a row for each thread of the sync-workers
SELECT COUNT(*) AS alive FROM sync_workers AS w WHERE w.beat_at >= DATE_SUB(UTC_TIMESTAMP(3), INTERVAL 1 MINUTE);
