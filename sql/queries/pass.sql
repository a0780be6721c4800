-- Passes: what the rules find over learners, kept (src/rule/pass.c).

-- name: pass_insert :exec
-- param kind text
-- param job_id u64 null
-- insert_id is the pass; the same again for the same job.
INSERT INTO passes (kind, job_id, started_at) VALUES (:kind, :job_id, UTC_TIMESTAMP(3))
ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id);

-- name: pass_state :one
-- param pass_id u64
-- column state text
SELECT p.state FROM passes AS p WHERE p.id = :pass_id;

-- name: pass_empty :exec
-- param pass_id u64
-- A pass that is not made in ranges begins anew with every try.
UPDATE passes SET learners = 0, learners_in_breach = 0 WHERE id = :pass_id AND state = 'running';

-- name: pass_empty_results :exec
-- param pass_id u64
DELETE FROM rule_results WHERE pass_id = :pass_id;

-- name: pass_learners :many
-- param from_id u64
-- param to_id u64
-- param limit_rows u64
-- column id u64
-- column is_counted bool
-- The next learners of a range. Who was deleted or merged has no score, but may hold the range together.
SELECT u.id, u.merged_into IS NULL AND u.deleted_at IS NULL AS is_counted
  FROM users AS u FORCE INDEX (PRIMARY)
 WHERE u.id BETWEEN :from_id AND :to_id
 ORDER BY u.id
 LIMIT :limit_rows;

-- name: pass_span :one
-- column learners u64
-- column first_id u64
-- column last_id u64
-- scan: a sample pass, in the background: one walk through the primary key
SELECT COUNT(*) AS learners, COALESCE(MIN(u.id), 0) AS first_id, COALESCE(MAX(u.id), 0) AS last_id FROM users AS u;

-- name: pass_pauses :many
-- param from_id u64
-- param to_id u64
-- column rule text
-- column user_id u64
-- column table_name text
-- column row_key text
-- Rows that no repair touches, and (user_id 0) rules.
SELECT p.rule, p.user_id, p.table_name, p.row_key
  FROM rule_pauses AS p FORCE INDEX (rule_pauses_user)
 WHERE p.user_id = 0 OR p.user_id BETWEEN :from_id AND :to_id
 ORDER BY p.user_id;

-- name: pass_count :exec
-- param pass_id u64
-- param learners u64
-- param in_breach u64
UPDATE passes SET learners = learners + :learners, learners_in_breach = learners_in_breach + :in_breach
 WHERE id = :pass_id AND state = 'running';

-- name: pass_add_results :exec
-- param pass_id u64
-- param rule text
-- param severity text
-- param breaches u64
-- param paused u64
-- param learners u64
-- param cost_us u64
-- param sample text null
-- param sample_rows u64
-- The sample grows until it has enough rows; the reader cuts what is beyond.
INSERT INTO rule_results (pass_id, rule, severity, breaches, paused, learners, cost_us, sample)
VALUES [[(:pass_id, :rule, :severity, :breaches, :paused, :learners, :cost_us, IF(:sample_rows > 0, :sample, NULL))]]
ON DUPLICATE KEY UPDATE
  breaches = breaches + VALUES(breaches), paused = paused + VALUES(paused), learners = learners + VALUES(learners),
  cost_us = cost_us + VALUES(cost_us), severity = VALUES(severity),
  sample = CASE
             WHEN VALUES(sample) IS NULL THEN sample
             WHEN sample IS NULL THEN VALUES(sample)
             WHEN JSON_LENGTH(sample) < 20 THEN JSON_MERGE_PRESERVE(sample, VALUES(sample))
             ELSE sample
           END;

-- name: pass_score_broken :exec
-- param scores text -- a JSON list of [learner, score]
-- param scored_at time
-- Of learners who break a rule. Who has no summary yet gets one, unless they left meanwhile.
INSERT INTO user_progress_summary (user_id, data_consistency_score, scored_at)
SELECT u.id, b.score, :scored_at
  FROM JSON_TABLE(:scores, '$[*]' COLUMNS (user_id BIGINT UNSIGNED PATH '$[0]', score DECIMAL(4, 3) PATH '$[1]')) AS b
  STRAIGHT_JOIN users AS u ON u.id = b.user_id
 WHERE u.merged_into IS NULL AND u.deleted_at IS NULL
ON DUPLICATE KEY UPDATE data_consistency_score = VALUES(data_consistency_score), scored_at = VALUES(scored_at);

-- name: pass_score_whole :exec
-- param from_id u64
-- param to_id u64
-- param scored_at time
-- Of those who broke one before, and do not any more.
UPDATE user_progress_summary SET data_consistency_score = 1, scored_at = :scored_at
 WHERE user_id BETWEEN :from_id AND :to_id AND data_consistency_score < 1
   AND (scored_at IS NULL OR scored_at < :scored_at);

-- name: pass_close_done :exec
-- param pass_id u64
UPDATE passes
   SET score = IF(learners = 0, 1, GREATEST(1 - learners_in_breach / learners, 0.01)), state = 'done',
       finished_at = UTC_TIMESTAMP(3)
 WHERE id = :pass_id AND state = 'running';

-- name: pass_close_failed :exec
-- param pass_id u64
UPDATE passes SET state = 'failed', finished_at = UTC_TIMESTAMP(3) WHERE id = :pass_id AND state = 'running';

-- name: pass_outdated :many
-- param kind text
-- param kept u64
-- param limit_rows u64
-- column id u64
-- Passes beyond the newest few of their kind that have results still.
SELECT p.id
  FROM passes AS p
 WHERE p.kind = :kind AND p.id < (SELECT MIN(k.id) FROM (SELECT n.id FROM passes AS n
                                                          WHERE n.kind = :kind AND n.state = 'done'
                                                          ORDER BY n.id DESC LIMIT :kept) AS k)
   AND EXISTS (SELECT 1 FROM rule_results AS r WHERE r.pass_id = p.id)
 LIMIT :limit_rows;

-- name: pass_last :one
-- param kind text
-- column id u64
-- column learners u64
-- column learners_in_breach u64
-- column score f64 null
-- column started_at time
-- column finished_at time null
SELECT p.id, p.learners, p.learners_in_breach, p.score, p.started_at, p.finished_at
  FROM passes AS p
 WHERE p.kind = :kind AND p.state = 'done'
 ORDER BY p.id DESC
 LIMIT 1;

-- name: pass_results :many
-- param pass_id u64
-- column rule text
-- column severity text
-- column breaches u64
-- column paused u64
-- column learners u64
-- column cost_us u64
-- column sample text null
SELECT r.rule, r.severity, r.breaches, r.paused, r.learners, r.cost_us, r.sample
  FROM rule_results AS r
 WHERE r.pass_id = :pass_id
 ORDER BY r.rule;

-- name: pass_scores :many
-- param kind text
-- param before_id u64
-- param limit_rows u64
-- column id u64
-- column learners u64
-- column learners_in_breach u64
-- column score f64 null
-- column started_at time
-- column finished_at time null
SELECT p.id, p.learners, p.learners_in_breach, p.score, p.started_at, p.finished_at
  FROM passes AS p
 WHERE p.kind = :kind AND p.state = 'done' AND p.id < :before_id
 ORDER BY p.id DESC
 LIMIT :limit_rows;
