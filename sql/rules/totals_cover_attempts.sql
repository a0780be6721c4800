-- rule: totals_cover_attempts
-- summary: A learner's totals are not below what their attempts prove.
-- severity: warning
-- on-read: no
-- order: 30
-- changes: nothing

-- Each attempt was counted when it was made, so that the three totals are at least what the attempts,
-- archived ones among them, add up to. (They may be more: totals that predate Lockstep have no attempts.)
-- Where they are less, somebody lowered the totals, or put attempts in beside them. Which of the two is for
-- a person to say: the rule reports, and changes nothing. A negative count of tokens proves nothing.
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
  FROM (SELECT STRAIGHT_JOIN u.id AS user_id, u.tokens AS held_tokens, u.questions_answered AS held_questions,
               u.correct_answers AS held_correct, p.proven_tokens, p.proven_questions, p.proven_correct
          FROM (SELECT e.user_id, SUM(e.tokens) AS proven_tokens, SUM(e.questions) AS proven_questions,
                       SUM(e.correct) AS proven_correct
                  FROM (SELECT a.user_id, SUM(GREATEST(a.tokens, 0)) AS tokens, COUNT(*) AS questions,
                               CAST(SUM(a.is_correct <> 0) AS SIGNED) AS correct
                          FROM attempts AS a FORCE INDEX (attempts_user_time)
                         WHERE a.user_id BETWEEN :from AND :to
                         GROUP BY a.user_id
                         UNION ALL
                        SELECT r.user_id, SUM(GREATEST(r.tokens, 0)), COUNT(*),
                               CAST(SUM(r.is_correct <> 0) AS SIGNED)
                          FROM attempts_archive AS r FORCE INDEX (attempts_archive_sums)
                         WHERE r.user_id BETWEEN :from AND :to
                         GROUP BY r.user_id) AS e
                 GROUP BY e.user_id) AS p
          JOIN users AS u ON u.id = p.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
         WHERE u.tokens < p.proven_tokens OR u.questions_answered < p.proven_questions
               OR u.correct_answers < p.proven_correct) AS s
  JOIN (SELECT 'tokens' AS name UNION ALL SELECT 'questions_answered' UNION ALL
        SELECT 'correct_answers') AS c
    ON CASE c.name
         WHEN 'tokens' THEN s.held_tokens < s.proven_tokens
         WHEN 'questions_answered' THEN s.held_questions < s.proven_questions
         ELSE s.held_correct < s.proven_correct
       END
 ORDER BY s.user_id, c.name;
