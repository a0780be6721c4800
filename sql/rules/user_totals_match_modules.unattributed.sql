-- rule: user_totals_match_modules
-- summary: A learner's totals equal the sums over the modules of the document, and nothing earned is lost.
-- severity: critical
-- on-read: progress
-- when: rules.surplus = unattributed
-- order: 10
-- limit: 50 % or 100000 rows
-- changes: users.tokens, users.questions_answered, users.correct_answers, users.hidden_grade_asset

-- The modules in users.hidden_grade_asset are the authority for the three columns. No total is
-- lowered:
--   a column below the sum  is raised to it;
--   a column above the sum  stays, and what the modules do not explain is added to the module
--                           `unattributed`, so that the sum reaches the column.
-- A document that is absent or broken (no object, or its modules are none) has no modules: what the
-- columns hold becomes that one module. Where they hold nothing there is nothing to repair.
--
-- How a counter of a module reads, here and wherever Lockstep reads one: a JSON number, or a string
-- that spells one, in plain digits, at most 18 of them before the point and 20 behind it: its whole
-- part. "12" is 12, 2.75 is 2. Everything else is 0: what is missing, null, true, negative, longer,
-- written with an exponent, any other text, an array, an object; and the counters of a module or a
-- progress that is no object. What reads as 0 stays as it is written, but for the three counters of
-- `unattributed`, which become plain numbers when one of them moves.
--
-- A column of 19 digits is no count of anything: such a learner is left to a person.
--
-- JSON_MERGE_PATCH puts an object wherever the way lacks one, and keeps every key it does not know.
-- A key that stands twice in one object is more than JSON promises to carry; it is not looked for.
SELECT STRAIGHT_JOIN s.user_id,
       'users' AS `table`,
       CONCAT('{"id": ', s.user_id, '}') AS `key`,
       'set' AS `action`,
       c.name AS `column`,
       CASE c.name
         WHEN 'tokens' THEN CAST(u.tokens AS CHAR)
         WHEN 'questions_answered' THEN CAST(u.questions_answered AS CHAR)
         WHEN 'correct_answers' THEN CAST(u.correct_answers AS CHAR)
         ELSE u.hidden_grade_asset
       END AS actual,
       CASE c.name
         WHEN 'tokens' THEN CAST(s.sum_tokens AS CHAR)
         WHEN 'questions_answered' THEN CAST(s.sum_questions AS CHAR)
         WHEN 'correct_answers' THEN CAST(s.sum_correct AS CHAR)
         ELSE JSON_MERGE_PATCH(
                COALESCE(u.hidden_grade_asset, '{}'),
                JSON_OBJECT('modules', JSON_OBJECT('unattributed', JSON_OBJECT('progress', JSON_OBJECT(
                  'tokens_earned', GREATEST(u.tokens - s.sum_tokens, 0)
                    + IF(x.tokens REGEXP '^[0-9]{1,18}([.][0-9]{0,20})?\\z',
                         CAST(SUBSTRING_INDEX(x.tokens, '.', 1) AS SIGNED), 0),
                  'total_questions_answered', GREATEST(u.questions_answered - s.sum_questions, 0)
                    + IF(x.questions REGEXP '^[0-9]{1,18}([.][0-9]{0,20})?\\z',
                         CAST(SUBSTRING_INDEX(x.questions, '.', 1) AS SIGNED), 0),
                  'correct_answers', GREATEST(u.correct_answers - s.sum_correct, 0)
                    + IF(x.correct REGEXP '^[0-9]{1,18}([.][0-9]{0,20})?\\z',
                         CAST(SUBSTRING_INDEX(x.correct, '.', 1) AS SIGNED), 0))))))
       END AS wanted
  FROM (SELECT v.id AS user_id,
               CAST(SUM(IF(m.tokens REGEXP '^[0-9]{1,18}([.][0-9]{0,20})?\\z',
                           CAST(SUBSTRING_INDEX(m.tokens, '.', 1) AS SIGNED), 0)) AS SIGNED) AS sum_tokens,
               CAST(SUM(IF(m.questions REGEXP '^[0-9]{1,18}([.][0-9]{0,20})?\\z',
                           CAST(SUBSTRING_INDEX(m.questions, '.', 1) AS SIGNED), 0)) AS SIGNED) AS sum_questions,
               CAST(SUM(IF(m.correct REGEXP '^[0-9]{1,18}([.][0-9]{0,20})?\\z',
                           CAST(SUBSTRING_INDEX(m.correct, '.', 1) AS SIGNED), 0)) AS SIGNED) AS sum_correct
          FROM users AS v FORCE INDEX (PRIMARY)
          LEFT JOIN JSON_TABLE(v.hidden_grade_asset, '$.modules.*.progress' COLUMNS (
                      tokens VARCHAR(40) PATH '$.tokens_earned',
                      questions VARCHAR(40) PATH '$.total_questions_answered',
                      correct VARCHAR(40) PATH '$.correct_answers')) AS m ON TRUE
         WHERE v.id BETWEEN :from AND :to AND v.merged_into IS NULL AND v.deleted_at IS NULL
           AND GREATEST(v.tokens, v.questions_answered, v.correct_answers) < 1000000000000000000
         GROUP BY v.id
        HAVING sum_tokens <> MAX(v.tokens) OR sum_questions <> MAX(v.questions_answered)
               OR sum_correct <> MAX(v.correct_answers)) AS s
  JOIN users AS u ON u.id = s.user_id
  LEFT JOIN JSON_TABLE(u.hidden_grade_asset, '$.modules.unattributed.progress' COLUMNS (
              tokens VARCHAR(40) PATH '$.tokens_earned',
              questions VARCHAR(40) PATH '$.total_questions_answered',
              correct VARCHAR(40) PATH '$.correct_answers')) AS x ON TRUE
  JOIN (SELECT 'tokens' AS name UNION ALL SELECT 'questions_answered' UNION ALL
        SELECT 'correct_answers' UNION ALL SELECT 'hidden_grade_asset') AS c
    ON CASE c.name
         WHEN 'tokens' THEN u.tokens < s.sum_tokens
         WHEN 'questions_answered' THEN u.questions_answered < s.sum_questions
         WHEN 'correct_answers' THEN u.correct_answers < s.sum_correct
         ELSE u.tokens > s.sum_tokens OR u.questions_answered > s.sum_questions OR u.correct_answers > s.sum_correct
       END;
