-- rule: daily_totals_match_attempts
-- summary: A day's totals of a module are not below what the attempts of that day add up to.
-- severity: warning
-- on-read: no
-- order: 40
-- limit: 10 % or 20000 rows
-- changes: daily_totals, daily_totals.questions, daily_totals.correct, daily_totals.tokens

-- Each attempt adds to the row of its day and module. Statistics read those rows and not the attempts,
-- which leave for the archive, or for good, after a time; so a day may hold more than its attempts
-- prove, and is never lowered. A day that holds less than attempts and archive add up to is raised, one that
-- is missing is put in. A negative count of tokens proves nothing.
SELECT STRAIGHT_JOIN s.user_id,
       'daily_totals' AS `table`,
       JSON_OBJECT('user_id', s.user_id, 'day', CAST(s.day AS CHAR), 'module', s.module) AS `key`,
       IF(s.is_there, 'set', 'insert') AS `action`,
       c.name AS `column`,
       CAST(CASE c.name
              WHEN 'questions' THEN s.questions
              WHEN 'correct' THEN s.correct
              ELSE s.tokens
            END AS CHAR) AS actual,
       CAST(CASE c.name
              WHEN 'questions' THEN s.proven_questions
              WHEN 'correct' THEN s.proven_correct
              ELSE s.proven_tokens
            END AS CHAR) AS wanted
  FROM (SELECT p.user_id, p.day, COALESCE(d.module, p.module) AS module, d.user_id IS NOT NULL AS is_there,
               d.questions, d.correct, d.tokens, p.proven_questions, p.proven_correct, p.proven_tokens
          FROM (SELECT e.user_id, e.day, e.module, CAST(SUM(e.questions) AS SIGNED) AS proven_questions,
                       CAST(SUM(e.correct) AS SIGNED) AS proven_correct,
                       CAST(SUM(e.tokens) AS SIGNED) AS proven_tokens
                  FROM (SELECT a.user_id, a.practised_on AS day, a.module, COUNT(*) AS questions,
                               SUM(a.is_correct <> 0) AS correct, SUM(GREATEST(a.tokens, 0)) AS tokens
                          FROM attempts AS a FORCE INDEX (attempts_user_time)
                         WHERE a.user_id BETWEEN :from AND :to
                         GROUP BY a.user_id, a.practised_on, a.module
                         UNION ALL
                        SELECT r.user_id, r.practised_on, r.module, COUNT(*), SUM(r.is_correct <> 0),
                               SUM(GREATEST(r.tokens, 0))
                          FROM attempts_archive AS r FORCE INDEX (attempts_archive_sums)
                         WHERE r.user_id BETWEEN :from AND :to
                         GROUP BY r.user_id, r.practised_on, r.module) AS e
                 GROUP BY e.user_id, e.day, e.module) AS p
          JOIN users AS u ON u.id = p.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
          LEFT JOIN daily_totals AS d
            ON d.user_id = p.user_id AND d.day = p.day AND d.module = p.module
         WHERE d.user_id IS NULL OR d.questions < p.proven_questions OR d.correct < p.proven_correct
               OR d.tokens < p.proven_tokens) AS s
  JOIN (SELECT 'questions' AS name UNION ALL SELECT 'correct' UNION ALL SELECT 'tokens') AS c
    ON s.questions IS NULL
       OR CASE c.name
            WHEN 'questions' THEN s.questions < s.proven_questions
            WHEN 'correct' THEN s.correct < s.proven_correct
            ELSE s.tokens < s.proven_tokens
          END
 ORDER BY s.user_id, s.day, s.module, c.name;
