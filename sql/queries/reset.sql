-- A learner starts over (src/learner/reset.c): the rows that a repair is to change, in the order of their steps.
-- All of them have the same parameters: see rule/repair_act.h.

-- name: reset_attempts :exec
-- param run_id u64
-- param user_id u64
-- param step u64
-- param revision u64
INSERT INTO repair_rows (run_id, user_id, step, id, rule, table_name, row_key, action, base_revision, state)
SELECT :run_id, a.user_id, :step, UUID_SHORT() & 281474976710655, 'reset', 'attempts',
       CONCAT('{"id": ', a.id, '}'), 'delete', :revision, 'done'
  FROM attempts AS a
 WHERE a.user_id = :user_id;

-- name: reset_archive :exec
-- param run_id u64
-- param user_id u64
-- param step u64
-- param revision u64
INSERT INTO repair_rows (run_id, user_id, step, id, rule, table_name, row_key, action, base_revision, state)
SELECT :run_id, a.user_id, :step, UUID_SHORT() & 281474976710655, 'reset', 'attempts_archive',
       CONCAT('{"id": ', a.id, '}'), 'delete', :revision, 'done'
  FROM attempts_archive AS a
 WHERE a.user_id = :user_id;

-- name: reset_sessions :exec
-- param run_id u64
-- param user_id u64
-- param step u64
-- param revision u64
INSERT INTO repair_rows (run_id, user_id, step, id, rule, table_name, row_key, action, base_revision, state)
SELECT :run_id, s.user_id, :step, UUID_SHORT() & 281474976710655, 'reset', 'practice_sessions',
       CONCAT('{"id": ', s.id, '}'), 'delete', :revision, 'done'
  FROM practice_sessions AS s
 WHERE s.user_id = :user_id;

-- name: reset_daily_totals :exec
-- param run_id u64
-- param user_id u64
-- param step u64
-- param revision u64
INSERT INTO repair_rows (run_id, user_id, step, id, rule, table_name, row_key, action, base_revision, state)
SELECT :run_id, d.user_id, :step, UUID_SHORT() & 281474976710655, 'reset', 'daily_totals',
       JSON_OBJECT('user_id', d.user_id, 'day', CAST(d.day AS CHAR), 'module', d.module), 'delete', :revision, 'done'
  FROM daily_totals AS d
 WHERE d.user_id = :user_id;

-- name: reset_practice_days :exec
-- param run_id u64
-- param user_id u64
-- param step u64
-- param revision u64
INSERT INTO repair_rows (run_id, user_id, step, id, rule, table_name, row_key, action, base_revision, state)
SELECT :run_id, d.user_id, :step, UUID_SHORT() & 281474976710655, 'reset', 'practice_days',
       JSON_OBJECT('user_id', d.user_id, 'day', CAST(d.day AS CHAR), 'activity', d.activity), 'delete', :revision,
       'done'
  FROM practice_days AS d
 WHERE d.user_id = :user_id;

-- name: reset_streak :exec
-- param run_id u64
-- param user_id u64
-- param step u64
-- param revision u64
INSERT INTO repair_rows (run_id, user_id, step, id, rule, table_name, row_key, action, column_name, before_value,
                         after_value, base_revision, state)
SELECT :run_id, p.user_id, :step, UUID_SHORT() & 281474976710655, 'reset', 'profiles',
       CONCAT('{"user_id": ', p.user_id, '}'), 'set', c.name,
       IF(c.name = 'current_streak', CAST(p.current_streak AS CHAR), CAST(p.last_practice_date AS CHAR)),
       IF(c.name = 'current_streak', '0', NULL), :revision, 'done'
  FROM profiles AS p
  JOIN (SELECT 'current_streak' AS name UNION ALL SELECT 'last_practice_date') AS c
    ON IF(c.name = 'current_streak', p.current_streak <> 0, p.last_practice_date IS NOT NULL)
 WHERE p.user_id = :user_id;

-- name: reset_longest_streak :exec
-- param run_id u64
-- param user_id u64
-- param step u64
-- param revision u64
-- A step of its own: the table refuses a current streak that is longer than the longest, also on the way back.
INSERT INTO repair_rows (run_id, user_id, step, id, rule, table_name, row_key, action, column_name, before_value,
                         after_value, base_revision, state)
SELECT :run_id, p.user_id, :step, UUID_SHORT() & 281474976710655, 'reset', 'profiles',
       CONCAT('{"user_id": ', p.user_id, '}'), 'set', 'longest_streak', CAST(p.longest_streak AS CHAR), '0',
       :revision, 'done'
  FROM profiles AS p
 WHERE p.user_id = :user_id AND p.longest_streak <> 0;

-- name: reset_totals :exec
-- param run_id u64
-- param user_id u64
-- param step u64
-- param revision u64
-- The three columns, and the document's modules and global_stats; every other key of the document stays. A
-- document that is no object holds no totals.
INSERT INTO repair_rows (run_id, user_id, step, id, rule, table_name, row_key, action, column_name, before_value,
                         after_value, base_revision, state)
SELECT :run_id, u.id, :step, UUID_SHORT() & 281474976710655, 'reset', 'users', CONCAT('{"id": ', u.id, '}'), 'set',
       c.name,
       CASE c.name
         WHEN 'tokens' THEN CAST(u.tokens AS CHAR)
         WHEN 'questions_answered' THEN CAST(u.questions_answered AS CHAR)
         WHEN 'correct_answers' THEN CAST(u.correct_answers AS CHAR)
         ELSE u.hidden_grade_asset
       END,
       IF(c.name <> 'hidden_grade_asset', '0',
          JSON_SET(u.hidden_grade_asset, '$.modules', JSON_OBJECT(), '$.global_stats',
                   JSON_MERGE_PATCH(
                     IF(JSON_TYPE(JSON_EXTRACT(u.hidden_grade_asset, '$.global_stats')) = 'OBJECT',
                        JSON_EXTRACT(u.hidden_grade_asset, '$.global_stats'), '{}'),
                     '{"total_tokens_earned": 0, "total_questions_answered": 0, "total_correct_answers": 0}'))),
       :revision, 'done'
  FROM users AS u
  JOIN (SELECT 'tokens' AS name UNION ALL SELECT 'questions_answered' UNION ALL SELECT 'correct_answers'
        UNION ALL SELECT 'hidden_grade_asset') AS c
    ON CASE c.name
         WHEN 'tokens' THEN u.tokens <> 0
         WHEN 'questions_answered' THEN u.questions_answered <> 0
         WHEN 'correct_answers' THEN u.correct_answers <> 0
         ELSE JSON_TYPE(u.hidden_grade_asset) = 'OBJECT'
              AND (JSON_LENGTH(u.hidden_grade_asset, '$.modules') > 0
                   OR u.tokens <> 0 OR u.questions_answered <> 0 OR u.correct_answers <> 0)
       END
 WHERE u.id = :user_id;
