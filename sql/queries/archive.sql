-- Attempts of long ago leave for the archive (src/learner/archive.c).

-- name: archive_window :one
-- param after_user u64
-- param to_user u64
-- param limit_rows u64
-- column learners u64
-- column last_user u64 null
-- The next so many learners, and the id of the last.
SELECT COUNT(*) AS learners, MAX(n.id) AS last_user
  FROM (SELECT u.id
          FROM users AS u FORCE INDEX (PRIMARY)
         WHERE u.id > :after_user AND u.id <= :to_user
         ORDER BY u.id
         LIMIT :limit_rows) AS n;

-- name: archive_learners :many
-- param after_user u64
-- param to_user u64
-- param before time
-- param limit_rows u64
-- column user_id u64
-- Of those learners, who has attempts that are old.
SELECT u.id AS user_id
  FROM users AS u FORCE INDEX (PRIMARY)
 WHERE u.id > :after_user AND u.id <= :to_user
   AND EXISTS (SELECT 1 FROM attempts AS a WHERE a.user_id = u.id AND a.created_at < :before)
 ORDER BY u.id
 LIMIT :limit_rows;

-- name: archive_lock :many
-- param user_ids text
-- column user_id u64
-- As the learner transaction: a reset or a merge at the same time waits, or is waited for.
SELECT u.id AS user_id
  FROM users AS u FORCE INDEX (PRIMARY)
 WHERE u.id IN (SELECT e.user_id FROM JSON_TABLE(:user_ids, '$[*]' COLUMNS (user_id BIGINT UNSIGNED PATH '$')) AS e)
 ORDER BY u.id
   FOR UPDATE;

-- name: archive_attempts :many
-- param user_ids text
-- param before time
-- param limit_rows u64
-- column attempt_id u64
SELECT a.id AS attempt_id
  FROM JSON_TABLE(:user_ids, '$[*]' COLUMNS (user_id BIGINT UNSIGNED PATH '$')) AS e
  STRAIGHT_JOIN attempts AS a ON a.user_id = e.user_id AND a.created_at < :before
 LIMIT :limit_rows;

-- name: archive_copy :exec
-- param attempt_ids text
INSERT INTO attempts_archive (id, user_id, revision, exercise_id, module, is_correct, user_answer, tokens, practised_on,
                              practice_session_id, created_at)
SELECT a.id, a.user_id, a.revision, a.exercise_id, a.module, a.is_correct, a.user_answer, a.tokens, a.practised_on,
       a.practice_session_id, a.created_at
  FROM JSON_TABLE(:attempt_ids, '$[*]' COLUMNS (attempt_id BIGINT UNSIGNED PATH '$')) AS e
  STRAIGHT_JOIN attempts AS a ON a.id = e.attempt_id;

-- name: archive_remove :exec
-- param attempt_ids text
DELETE a
  FROM JSON_TABLE(:attempt_ids, '$[*]' COLUMNS (attempt_id BIGINT UNSIGNED PATH '$')) AS e
  STRAIGHT_JOIN attempts AS a ON a.id = e.attempt_id;
