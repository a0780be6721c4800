-- rule: global_stats_match_totals
-- summary: The document's global_stats repeat the learner's three totals.
-- severity: warning
-- on-read: progress
-- order: 20
-- limit: 50 % or 100000 rows
-- changes: users.hidden_grade_asset

-- global_stats is derived from the columns, so it is held to them exactly: each of the three must
-- stand there as that very number. One that is missing reads as 0, so that a learner without any
-- practice needs no document. The repair sets the three and the time of it (last_sync, which is not
-- compared), and keeps every other key. It comes after user_totals_match_modules, which may raise
-- the columns. JSON_VALUE compares the digits, JSON_CONTAINS tells a number from a text that spells
-- one; both stop at what they look for, where JSON_EXTRACT reads the whole document each time.
SELECT u.id AS user_id,
       'users' AS `table`,
       CONCAT('{"id": ', u.id, '}') AS `key`,
       'set' AS `action`,
       'hidden_grade_asset' AS `column`,
       u.hidden_grade_asset AS actual,
       JSON_MERGE_PATCH(
         COALESCE(u.hidden_grade_asset, '{}'),
         JSON_OBJECT('global_stats', JSON_OBJECT(
           'total_tokens_earned', u.tokens,
           'total_questions_answered', u.questions_answered,
           'total_correct_answers', u.correct_answers,
           'last_sync', CONCAT(LEFT(DATE_FORMAT(UTC_TIMESTAMP(3), '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')))) AS wanted
  FROM users AS u FORCE INDEX (PRIMARY)
 WHERE u.id BETWEEN :from AND :to AND u.merged_into IS NULL AND u.deleted_at IS NULL
   AND NOT (CASE WHEN JSON_VALUE(u.hidden_grade_asset, '$.global_stats.total_tokens_earned')
                     = CAST(u.tokens AS CHAR)
                THEN JSON_CONTAINS(u.hidden_grade_asset, CAST(u.tokens AS CHAR),
                                   '$.global_stats.total_tokens_earned')
                ELSE u.tokens = 0
                     AND JSON_EXTRACT(u.hidden_grade_asset, '$.global_stats.total_tokens_earned') IS NULL
           END
       AND CASE WHEN JSON_VALUE(u.hidden_grade_asset, '$.global_stats.total_questions_answered')
                     = CAST(u.questions_answered AS CHAR)
                THEN JSON_CONTAINS(u.hidden_grade_asset, CAST(u.questions_answered AS CHAR),
                                   '$.global_stats.total_questions_answered')
                ELSE u.questions_answered = 0
                     AND JSON_EXTRACT(u.hidden_grade_asset, '$.global_stats.total_questions_answered') IS NULL
           END
       AND CASE WHEN JSON_VALUE(u.hidden_grade_asset, '$.global_stats.total_correct_answers')
                     = CAST(u.correct_answers AS CHAR)
                THEN JSON_CONTAINS(u.hidden_grade_asset, CAST(u.correct_answers AS CHAR),
                                   '$.global_stats.total_correct_answers')
                ELSE u.correct_answers = 0
                     AND JSON_EXTRACT(u.hidden_grade_asset, '$.global_stats.total_correct_answers') IS NULL
           END);
