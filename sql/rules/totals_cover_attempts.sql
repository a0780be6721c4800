-- rule: totals_cover_attempts
-- summary: A learner's totals are not below what their attempts prove.
-- severity: warning
-- on-read: no
-- order: 30
-- changes: nothing

-- Each attempt was counted when it was made, so that the three totals are at least what the attempts
-- add up to. (They may be more: totals that predate Lockstep have no attempts.) Where they are less,
-- somebody lowered the totals, or put attempts in beside them. Which of the two is for a person to
-- say: the rule reports, and changes nothing. A negative count of tokens proves nothing.
SELECT STRAIGHT_JOIN s.user_id,
       'users' AS `table`,
       CONCAT('{"id": ', s.user_id, '}') AS `key`,
       'report' AS `action`,
       c.name AS `column`,
       CAST(CASE c.name
              WHEN 'tokens' THEN s.held_tokens
              WHEN 'questions_answered' THEN s.held_questions
              ELSE s.held_correct
            END AS CHAR) AS actual,
       CAST(CASE c.name
              WHEN 'tokens' THEN s.proven_tokens
              WHEN 'questions_answered' THEN s.proven_questions
              ELSE s.proven_correct
            END AS CHAR) AS wanted
  FROM (SELECT u.id AS user_id,
               MAX(u.tokens) AS held_tokens,
               MAX(u.questions_answered) AS held_questions,
               MAX(u.correct_answers) AS held_correct,
               SUM(GREATEST(a.tokens, 0)) AS proven_tokens,
               COUNT(*) AS proven_questions,
               CAST(SUM(a.is_correct <> 0) AS SIGNED) AS proven_correct
          FROM users AS u FORCE INDEX (PRIMARY)
          JOIN attempts AS a ON a.user_id = u.id
         WHERE u.id BETWEEN :from AND :to AND u.merged_into IS NULL AND u.deleted_at IS NULL
         GROUP BY u.id
        HAVING held_tokens < proven_tokens OR held_questions < proven_questions
               OR held_correct < proven_correct) AS s
  JOIN (SELECT 'tokens' AS name UNION ALL SELECT 'questions_answered' UNION ALL
        SELECT 'correct_answers') AS c
    ON CASE c.name
         WHEN 'tokens' THEN s.held_tokens < s.proven_tokens
         WHEN 'questions_answered' THEN s.held_questions < s.proven_questions
         ELSE s.held_correct < s.proven_correct
       END
 ORDER BY s.user_id, c.name;
