-- rule: document_matches_columns
-- summary: The document says what the columns hold: the way back when the columns are the ones to be trusted.
-- severity: critical
-- authority: columns
-- order: 10
-- limit: 50 % or 100000 rows
-- changes: users.hidden_grade_asset

-- The modules are the authority for the totals, and this is the exception that a person asks for: the
-- three columns are the truth, and the document is rebuilt from them.
--   Where no sum over the modules is above its column, the modules stay, and what they do not explain
--   is added to the module `unattributed`.
--   Where one is above, the modules cannot be trusted: they become the one module `unattributed`,
--   which holds the columns.
--   global_stats become the columns. Every other key stays as it is.
-- Afterwards the ordinary rules hold. How a counter reads is written in user_totals_match_modules. A
-- column that is negative, or has 19 digits, is no count of anything: such a learner is left to a person.
SELECT STRAIGHT_JOIN s.user_id,
       'users' AS `table`,
       CONCAT('{"id": ', s.user_id, '}') AS `key`,
       'set' AS `action`,
       'hidden_grade_asset' AS `column`,
       u.hidden_grade_asset AS actual,
       JSON_MERGE_PATCH(
         IF(s.sum_tokens > u.tokens OR s.sum_questions > u.questions_answered OR s.sum_correct > u.correct_answers,
            JSON_MERGE_PATCH(COALESCE(u.hidden_grade_asset, '{}'), '{"modules": null}'),
            COALESCE(u.hidden_grade_asset, '{}')),
         CASE
           WHEN s.sum_tokens > u.tokens OR s.sum_questions > u.questions_answered
                OR s.sum_correct > u.correct_answers THEN
             JSON_OBJECT('modules', JSON_OBJECT('unattributed', JSON_OBJECT('progress', JSON_OBJECT(
               'tokens_earned', u.tokens,
               'total_questions_answered', u.questions_answered,
               'correct_answers', u.correct_answers))))
           WHEN s.sum_tokens < u.tokens OR s.sum_questions < u.questions_answered
                OR s.sum_correct < u.correct_answers THEN
             JSON_OBJECT('modules', JSON_OBJECT('unattributed', JSON_OBJECT('progress', JSON_OBJECT(
               'tokens_earned', u.tokens - s.sum_tokens
                 + IF(x.tokens REGEXP '^[0-9]{1,18}([.][0-9]{0,20})?\\z',
                      CAST(SUBSTRING_INDEX(x.tokens, '.', 1) AS SIGNED), 0),
               'total_questions_answered', u.questions_answered - s.sum_questions
                 + IF(x.questions REGEXP '^[0-9]{1,18}([.][0-9]{0,20})?\\z',
                      CAST(SUBSTRING_INDEX(x.questions, '.', 1) AS SIGNED), 0),
               'correct_answers', u.correct_answers - s.sum_correct
                 + IF(x.correct REGEXP '^[0-9]{1,18}([.][0-9]{0,20})?\\z',
                      CAST(SUBSTRING_INDEX(x.correct, '.', 1) AS SIGNED), 0)))))
           ELSE '{}'
         END,
         JSON_OBJECT('global_stats', JSON_OBJECT(
           'total_tokens_earned', u.tokens,
           'total_questions_answered', u.questions_answered,
           'total_correct_answers', u.correct_answers,
           'last_sync', CONCAT(LEFT(DATE_FORMAT(UTC_TIMESTAMP(3), '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')))) AS wanted
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
           AND LEAST(v.tokens, v.questions_answered, v.correct_answers) >= 0
           AND GREATEST(v.tokens, v.questions_answered, v.correct_answers) < 1000000000000000000
         GROUP BY v.id) AS s
  JOIN users AS u ON u.id = s.user_id
  LEFT JOIN JSON_TABLE(u.hidden_grade_asset, '$.modules.unattributed.progress' COLUMNS (
              tokens VARCHAR(40) PATH '$.tokens_earned',
              questions VARCHAR(40) PATH '$.total_questions_answered',
              correct VARCHAR(40) PATH '$.correct_answers')) AS x ON TRUE
 WHERE s.sum_tokens <> u.tokens OR s.sum_questions <> u.questions_answered OR s.sum_correct <> u.correct_answers
    OR COALESCE(CAST(JSON_EXTRACT(u.hidden_grade_asset, '$.global_stats.total_tokens_earned') AS CHAR), '0')
         <> CAST(u.tokens AS CHAR)
    OR COALESCE(CAST(JSON_EXTRACT(u.hidden_grade_asset, '$.global_stats.total_questions_answered') AS CHAR), '0')
         <> CAST(u.questions_answered AS CHAR)
    OR COALESCE(CAST(JSON_EXTRACT(u.hidden_grade_asset, '$.global_stats.total_correct_answers') AS CHAR), '0')
         <> CAST(u.correct_answers AS CHAR);
