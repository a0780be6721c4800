-- rule: practice_days_cover_attempts
-- summary: A day on which questions were answered counts as a practice day, with at least as many answers.
-- severity: warning
-- on-read: no
-- order: 45
-- limit: 10 % or 20000 rows
-- changes: practice_days, practice_days.count

-- Each attempt counts on the learner's own day, as practice of the activity `answer`. Streaks come from
-- these days, so that a day which attempts prove and nobody counted breaks a run that was kept. Such a
-- day is put in, one that counts less is raised; none is lowered or taken away, for its attempts may
-- have left for good. What sessions and events count is another row of the same day, and nothing that
-- attempts could prove.
--
-- It comes before the rules that hold the profile's streaks against the days.
SELECT STRAIGHT_JOIN p.user_id,
       'practice_days' AS `table`,
       JSON_OBJECT('user_id', p.user_id, 'day', CAST(p.day AS CHAR), 'activity', 'answer') AS `key`,
       IF(d.user_id IS NULL, 'insert', 'set') AS `action`,
       'count' AS `column`,
       CAST(d.count AS CHAR) AS actual,
       CAST(p.answers AS CHAR) AS wanted
  FROM (SELECT e.user_id, e.day, CAST(SUM(e.answers) AS SIGNED) AS answers
          FROM (SELECT a.user_id, a.practised_on AS day, COUNT(*) AS answers
                  FROM attempts AS a FORCE INDEX (attempts_user_time)
                 WHERE a.user_id BETWEEN :from AND :to
                 GROUP BY a.user_id, a.practised_on
                 UNION ALL
                SELECT r.user_id, r.practised_on, COUNT(*)
                  FROM attempts_archive AS r FORCE INDEX (attempts_archive_sums)
                 WHERE r.user_id BETWEEN :from AND :to
                 GROUP BY r.user_id, r.practised_on) AS e
         GROUP BY e.user_id, e.day) AS p
  JOIN users AS u ON u.id = p.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  LEFT JOIN practice_days AS d ON d.user_id = p.user_id AND d.day = p.day AND d.activity = 'answer'
 WHERE d.user_id IS NULL OR d.count < p.answers
 ORDER BY p.user_id, p.day;
