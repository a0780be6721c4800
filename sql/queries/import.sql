-- Importing and exporting the files of the application before (src/learner/import*.c, export.c). Lists come as
-- one JSON parameter: they are long, and their length varies.

-- name: import_user_by_id :one
-- param user_id u64
-- column id u64
-- column is_deleted bool
-- Who was merged into another is that one: claims leave one step.
SELECT COALESCE(m.id, u.id) AS id, u.deleted_at IS NOT NULL OR m.deleted_at IS NOT NULL AS is_deleted
  FROM users AS u LEFT JOIN users AS m ON m.id = u.merged_into
 WHERE u.id = :user_id;

-- name: import_user_by_subject :one
-- param subject text
-- column id u64
-- column is_deleted bool
-- A deleted learner's subject is its digest (erase_tombstone): such a learner is found, and is gone.
SELECT COALESCE(m.id, u.id) AS id, u.deleted_at IS NOT NULL OR m.deleted_at IS NOT NULL AS is_deleted
  FROM users AS u LEFT JOIN users AS m ON m.id = u.merged_into
 WHERE u.subject IN (:subject, CONVERT(CONCAT('deleted:', SHA2(:subject, 256)) USING utf8mb4) COLLATE utf8mb4_bin)
 ORDER BY u.deleted_at IS NOT NULL
 LIMIT 1;

-- name: import_user_by_name :one
-- param username text
-- column id u64
-- column is_deleted bool
SELECT COALESCE(m.id, u.id) AS id, u.deleted_at IS NOT NULL OR m.deleted_at IS NOT NULL AS is_deleted
  FROM users AS u LEFT JOIN users AS m ON m.id = u.merged_into
 WHERE u.username = :username;

-- name: import_add_user :exec
-- param user_id u64 null -- NULL: the next one
-- param subject text null
-- param username text null
-- param display_name text null
-- param time_zone text
INSERT INTO users (id, subject, username, display_name, time_zone)
VALUES (:user_id, :subject, :username, :display_name, :time_zone);

-- name: import_known :many
-- param entries text -- a JSON list of [learner, digest in hex, …]
-- column place u64
-- column occurrences u64
-- Of these entries, those that were imported before, by their place in the list, from 1.
SELECT COALESCE(e.place, 0) AS place, i.occurrences
  FROM JSON_TABLE(:entries, '$[*]' COLUMNS (
         place FOR ORDINALITY,
         user_id BIGINT UNSIGNED PATH '$[0]',
         digest CHAR(32) CHARACTER SET ascii PATH '$[1]')) AS e
  STRAIGHT_JOIN imported_entries AS i FORCE INDEX (PRIMARY) ON i.user_id = e.user_id AND i.digest = UNHEX(e.digest);

-- name: import_existing :each
-- param moments text -- a JSON list of [learner, created_at], distinct
-- column user_id u64
-- column exercise_id text
-- column is_correct bool
-- column user_answer text null
-- column created_at time
-- The attempts that these learners have of these moments, the archived ones among them.
SELECT a.user_id, a.exercise_id, a.is_correct, a.user_answer, a.created_at
  FROM JSON_TABLE(:moments, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]', created_at DATETIME(3) PATH '$[1]')) AS e
  STRAIGHT_JOIN attempts AS a FORCE INDEX (attempts_user_time) ON a.user_id = e.user_id AND a.created_at = e.created_at
 UNION ALL
SELECT a.user_id, a.exercise_id, a.is_correct, a.user_answer, a.created_at
  FROM JSON_TABLE(:moments, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]', created_at DATETIME(3) PATH '$[1]')) AS e
  STRAIGHT_JOIN attempts_archive AS a FORCE INDEX (attempts_archive_user_time)
     ON a.user_id = e.user_id AND a.created_at = e.created_at;

-- name: import_spans :many
-- param spans text -- a JSON list of [learner, first created_at, last created_at]
-- column user_id u64
-- The learners among them who have attempts between the two.
SELECT COALESCE(e.user_id, 0) AS user_id
  FROM JSON_TABLE(:spans, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]', first_at DATETIME(3) PATH '$[1]', last_at DATETIME(3) PATH '$[2]')) AS e
 WHERE EXISTS (SELECT 1 FROM attempts AS a
                WHERE a.user_id = e.user_id AND a.created_at BETWEEN e.first_at AND e.last_at)
    OR EXISTS (SELECT 1 FROM attempts_archive AS a
                WHERE a.user_id = e.user_id AND a.created_at BETWEEN e.first_at AND e.last_at);

-- name: import_exercises :many
-- param exercise_ids text -- a JSON list
-- column place u64
-- column module text
-- column tokens u64
-- Of these exercises, those that are known, by their place in the list, from 1.
SELECT COALESCE(e.place, 0) AS place, x.module, x.tokens
  FROM JSON_TABLE(:exercise_ids, '$[*]' COLUMNS (
         place FOR ORDINALITY,
         exercise_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$')) AS e
  STRAIGHT_JOIN exercises AS x ON x.exercise_id = e.exercise_id;

-- name: import_add_attempts :exec
-- param attempts text -- a JSON list of lists
-- In the order of the list, which is the file's.
INSERT INTO attempts (user_id, revision, is_correct, tokens, practised_on, created_at, exercise_id, module,
                      user_answer)
SELECT e.user_id, e.revision, e.is_correct, e.tokens, e.practised_on, e.created_at, e.exercise_id, e.module,
       e.user_answer
  FROM JSON_TABLE(:attempts, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]',
         revision BIGINT UNSIGNED PATH '$[1]',
         is_correct TINYINT PATH '$[2]',
         tokens BIGINT PATH '$[3]',
         practised_on DATE PATH '$[4]',
         created_at DATETIME(3) PATH '$[5]',
         exercise_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[6]',
         module VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[7]',
         user_answer TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[8]')) AS e;

-- name: import_add_entries :exec
-- param entries text -- a JSON list of [learner, digest in hex, occurrences]
INSERT INTO imported_entries (user_id, digest, occurrences)
SELECT e.user_id, UNHEX(e.digest), e.times
  FROM JSON_TABLE(:entries, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]',
         digest CHAR(32) CHARACTER SET ascii PATH '$[1]',
         times INT UNSIGNED PATH '$[2]')) AS e
    ON DUPLICATE KEY UPDATE occurrences = GREATEST(occurrences, VALUES(occurrences));

-- name: import_add_daily_totals :exec
-- param days text -- a JSON list of [learner, day, module, questions, correct, tokens]
INSERT INTO daily_totals (user_id, day, module, questions, correct, tokens)
SELECT e.user_id, e.on_day, e.of_module, e.more_questions, e.more_correct, e.more_tokens
  FROM JSON_TABLE(:days, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]',
         on_day DATE PATH '$[1]',
         of_module VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[2]',
         more_questions BIGINT PATH '$[3]',
         more_correct BIGINT PATH '$[4]',
         more_tokens BIGINT PATH '$[5]')) AS e
    ON DUPLICATE KEY UPDATE questions = questions + VALUES(questions), correct = correct + VALUES(correct),
                            tokens = tokens + VALUES(tokens);

-- name: import_raise_longest :exec
-- param user_id u64
-- param longest i64
INSERT INTO profiles (user_id, longest_streak) VALUES [[(:user_id, :longest)]]
    ON DUPLICATE KEY UPDATE longest_streak = GREATEST(longest_streak, VALUES(longest_streak));

-- name: export_learners :many
-- param after_id u64
-- param limit_rows u64
-- column id u64
-- column subject text null
-- column username text null
-- column display_name text null
-- column time_zone text
-- column current_streak i64 null
-- column longest_streak i64 null
-- column last_practice_date day null
-- column has_attempts bool
-- column has_days bool
-- In the order of their ids.
SELECT u.id, u.subject, u.username, u.display_name, u.time_zone, p.current_streak, p.longest_streak,
       p.last_practice_date,
       EXISTS (SELECT 1 FROM attempts AS a WHERE a.user_id = u.id)
         OR EXISTS (SELECT 1 FROM attempts_archive AS r WHERE r.user_id = u.id) AS has_attempts,
       EXISTS (SELECT 1 FROM practice_days AS d WHERE d.user_id = u.id) AS has_days
  FROM users AS u FORCE INDEX (PRIMARY)
  LEFT JOIN profiles AS p ON p.user_id = u.id
 WHERE u.id > :after_id AND u.deleted_at IS NULL AND u.merged_into IS NULL
 ORDER BY u.id
 LIMIT :limit_rows;

-- name: export_attempts :many
-- param user_id u64
-- param after_at time
-- param after_id u64
-- param limit_rows u64
-- column id u64
-- column exercise_id text
-- column module text
-- column is_correct bool
-- column user_answer text null
-- column tokens i64
-- column practised_on day
-- column created_at time
-- The next of a learner's attempts, the archived ones among them, oldest first.
SELECT t.id, t.exercise_id, t.module, t.is_correct, t.user_answer, t.tokens, t.practised_on, t.created_at
  FROM (SELECT x.* FROM (
          SELECT a.id, a.exercise_id, a.module, a.is_correct, a.user_answer, a.tokens, a.practised_on, a.created_at
            FROM attempts AS a FORCE INDEX (attempts_user_time)
           WHERE a.user_id = :user_id AND a.created_at >= :after_at
             AND (a.created_at > :after_at OR a.id > :after_id)
           ORDER BY a.created_at, a.id
           LIMIT :limit_rows) AS x
        UNION ALL
        SELECT y.* FROM (
          SELECT a.id, a.exercise_id, a.module, a.is_correct, a.user_answer, a.tokens, a.practised_on, a.created_at
            FROM attempts_archive AS a FORCE INDEX (attempts_archive_user_time)
           WHERE a.user_id = :user_id AND a.created_at >= :after_at
             AND (a.created_at > :after_at OR a.id > :after_id)
           ORDER BY a.created_at, a.id
           LIMIT :limit_rows) AS y) AS t
 ORDER BY t.created_at, t.id
 LIMIT :limit_rows;
