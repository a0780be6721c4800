-- The audit of all learners, kept as a pass (src/learner/audit_pass.c). Read at once: learner_audit.

-- name: audit_open :exec
-- param job_id u64
-- param now time
-- insert_id is the pass; the same again for the same job.
INSERT INTO passes (kind, job_id, started_at) VALUES ('audit', :job_id, :now)
ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id);

-- name: audit_bound :one
-- param from_id u64
-- param to_id u64
-- param limit_rows u64
-- column learners u64
-- column last_id u64 null
-- The next few learners of a range: how many, and the last of them.
SELECT COUNT(*) AS learners, MAX(p.id) AS last_id
  FROM (SELECT u.id FROM users AS u FORCE INDEX (PRIMARY)
         WHERE u.id BETWEEN :from_id AND :to_id AND u.deleted_at IS NULL AND u.merged_into IS NULL
         ORDER BY u.id
         LIMIT :limit_rows) AS p;

-- name: audit_fill :exec
-- param pass_id u64
-- param from_id u64
-- param to_id u64
-- Under READ COMMITTED the learners are read without locks.
INSERT INTO audit_results (pass_id, user_id, username, table_tokens, table_questions, table_correct,
                           json_tokens, json_questions, json_correct, has_document)
SELECT :pass_id, u.id, u.username, u.tokens, u.questions_answered, u.correct_answers,
       COALESCE(g.tokens, 0), COALESCE(g.questions, 0), COALESCE(g.correct, 0), u.hidden_grade_asset IS NOT NULL
  FROM users AS u FORCE INDEX (PRIMARY)
  LEFT JOIN JSON_TABLE(COALESCE(u.hidden_grade_asset, '{}'), '$.global_stats' COLUMNS (
         tokens BIGINT PATH '$.total_tokens_earned' DEFAULT '0' ON EMPTY DEFAULT '0' ON ERROR,
         questions BIGINT PATH '$.total_questions_answered' DEFAULT '0' ON EMPTY DEFAULT '0' ON ERROR,
         correct BIGINT PATH '$.total_correct_answers' DEFAULT '0' ON EMPTY DEFAULT '0' ON ERROR)) AS g ON TRUE
 WHERE u.id BETWEEN :from_id AND :to_id AND u.deleted_at IS NULL AND u.merged_into IS NULL
   AND (u.tokens <> COALESCE(g.tokens, 0) OR u.questions_answered <> COALESCE(g.questions, 0)
        OR u.correct_answers <> COALESCE(g.correct, 0));

-- name: audit_count :exec
-- param pass_id u64
-- param learners u64
UPDATE passes SET learners = learners + :learners WHERE id = :pass_id;

-- name: audit_placed :one
-- param pass_id u64
-- column place u64
-- How many have their place: places are given without gaps, from 1.
SELECT COALESCE(MAX(r.place), 0) AS place FROM audit_results AS r WHERE r.pass_id = :pass_id;

-- name: audit_place :exec
-- param pass_id u64
-- param placed u64
-- param limit_rows u64
-- The next places, to those who have none. DECIMAL, because two BIGINTs can differ by more than one.
UPDATE audit_results AS r
  JOIN (SELECT d.user_id,
               :placed + ROW_NUMBER() OVER (ORDER BY ABS(CAST(d.table_tokens AS DECIMAL(20, 0)) - d.json_tokens) DESC,
                                                     d.user_id) AS place
          FROM audit_results AS d
         WHERE d.pass_id = :pass_id AND d.place IS NULL
         ORDER BY ABS(CAST(d.table_tokens AS DECIMAL(20, 0)) - d.json_tokens) DESC, d.user_id
         LIMIT :limit_rows) AS n ON n.user_id = r.user_id
   SET r.place = n.place
 WHERE r.pass_id = :pass_id;

-- name: audit_close :exec
-- param pass_id u64
-- param now time
UPDATE passes
   SET state = 'done',
       learners_in_breach = (SELECT COUNT(*) FROM audit_results AS r WHERE r.pass_id = :pass_id),
       finished_at = :now
 WHERE id = :pass_id AND state = 'running';

-- name: audit_abandon :exec
-- param pass_id u64
-- param now time
UPDATE passes SET state = 'failed', finished_at = :now WHERE id = :pass_id AND state = 'running';

-- name: audit_outdated :one
-- param kept u64
-- column pass_id u64
-- An audit that has ended and still has rows, older than so many that are done.
SELECT p.id AS pass_id
  FROM passes AS p
 WHERE p.kind = 'audit' AND p.state <> 'running'
   AND (SELECT COUNT(*) FROM passes AS n WHERE n.kind = 'audit' AND n.state = 'done' AND n.id > p.id) >= :kept
   AND (SELECT r.user_id FROM audit_results AS r WHERE r.pass_id = p.id LIMIT 1) IS NOT NULL
 ORDER BY p.id
 LIMIT 1;

-- name: audit_forget :exec
-- param pass_id u64
-- param limit_rows u64
DELETE FROM audit_results WHERE pass_id = :pass_id ORDER BY user_id LIMIT :limit_rows;

-- name: audit_last :one
-- param pass_id u64 -- 0: the last that is done
-- column pass_id u64
-- column learners u64
-- column differ u64
-- column as_of time null
SELECT p.id AS pass_id, p.learners, p.learners_in_breach AS differ, p.finished_at AS as_of
  FROM passes AS p
 WHERE p.kind = 'audit' AND p.state = 'done' AND (:pass_id = 0 OR p.id = :pass_id)
 ORDER BY p.id DESC
 LIMIT 1;

-- name: audit_page :many
-- param pass_id u64
-- param after_place u64
-- param limit_rows u64
-- column place u64 null
-- column user_id u64
-- column username text null
-- column tokens i64
-- column questions_answered i64
-- column correct_answers i64
-- column json_tokens i64
-- column json_questions i64
-- column json_correct i64
-- column has_document bool
SELECT r.place, r.user_id, r.username, r.table_tokens AS tokens, r.table_questions AS questions_answered,
       r.table_correct AS correct_answers, r.json_tokens, r.json_questions, r.json_correct, r.has_document
  FROM audit_results AS r FORCE INDEX (audit_results_place)
 WHERE r.pass_id = :pass_id AND r.place > :after_place
 ORDER BY r.place
 LIMIT :limit_rows;
