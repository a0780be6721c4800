-- rule: user_totals_match_modules
-- summary: A learner's totals equal the sums over the modules of the document, even where that lowers them.
-- severity: critical
-- on-read: progress
-- when: rules.surplus = drop
-- order: 10
-- limit: 50 % or 100000 rows
-- changes: users.tokens, users.questions_answered, users.correct_answers

-- The three columns become the sums over the modules in users.hidden_grade_asset, whatever they
-- held; the document is not touched. A document that is absent or broken (no object, or its modules
-- are none) has no modules: the columns become 0.
--
-- How a counter of a module reads, here and wherever Lockstep reads one: a JSON number, or a string
-- that spells one, in plain digits, at most 18 of them before the point and 20 behind it: its whole
-- part. "12" is 12, 2.75 is 2. Everything else is 0: what is missing, null, true, negative, longer,
-- written with an exponent, any other text, an array, an object; and the counters of a module or a
-- progress that is no object. A column of 19 digits is no count of anything: such a learner is left
-- to a person.
SELECT STRAIGHT_JOIN s.user_id,
       'users' AS `table`,
       CONCAT('{"id": ', s.user_id, '}') AS `key`,
       'set' AS `action`,
       c.name AS `column`,
       CAST(CASE c.name
              WHEN 'tokens' THEN u.tokens
              WHEN 'questions_answered' THEN u.questions_answered
              ELSE u.correct_answers
            END AS CHAR) AS actual,
       CAST(CASE c.name
              WHEN 'tokens' THEN s.sum_tokens
              WHEN 'questions_answered' THEN s.sum_questions
              ELSE s.sum_correct
            END AS CHAR) AS wanted
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
  JOIN (SELECT 'tokens' AS name UNION ALL SELECT 'questions_answered' UNION ALL
        SELECT 'correct_answers') AS c
    ON CASE c.name
         WHEN 'tokens' THEN u.tokens <> s.sum_tokens
         WHEN 'questions_answered' THEN u.questions_answered <> s.sum_questions
         ELSE u.correct_answers <> s.sum_correct
       END;
