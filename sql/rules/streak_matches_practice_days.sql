-- rule: streak_matches_practice_days
-- summary: The profile's current streak and last practice day are what the learner's practice days prove.
-- severity: warning
-- on-read: no
-- order: 51
-- limit: 10 % or 20000 rows
-- changes: profiles.current_streak, profiles.last_practice_date

-- practice_days holds the learner's own calendar days, whatever was practised on them. The profile
-- repeats what they prove:
--   last_practice_date  the last of the days;
--   current_streak      how many days without a gap end on it. Whether that run still stands today,
--                       whoever shows it judges by the learner's calendar.
-- The last run begins on the last day that has no day before it.
--
-- A profile without any practice day is left alone: nothing is proven. A current streak that would be
-- longer than the longest waits until longest_streak_covers_practice_days has raised that; a profile
-- that is missing is put in there, too.
SELECT STRAIGHT_JOIN s.user_id,
       'profiles' AS `table`,
       CONCAT('{"user_id": ', s.user_id, '}') AS `key`,
       'set' AS `action`,
       c.name AS `column`,
       IF(c.name = 'current_streak', CAST(s.current_streak AS CHAR), CAST(s.last_practice_date AS CHAR)) AS actual,
       IF(c.name = 'current_streak', CAST(s.proven_current AS CHAR), CAST(s.proven_last AS CHAR)) AS wanted
  FROM (SELECT STRAIGHT_JOIN r.user_id, p.current_streak, p.longest_streak, p.last_practice_date, r.proven_last,
               DATEDIFF(r.proven_last, r.run_begins) + 1 AS proven_current
          FROM (SELECT STRAIGHT_JOIN d.user_id, MAX(d.day) AS proven_last,
                       MAX(IF(b.user_id IS NULL, d.day, NULL)) AS run_begins
                  FROM practice_days AS d
                  LEFT JOIN practice_days AS b
                    ON b.user_id = d.user_id AND b.day = DATE_SUB(d.day, INTERVAL 1 DAY)
                 WHERE d.user_id BETWEEN :from AND :to
                 GROUP BY d.user_id) AS r
          JOIN users AS u ON u.id = r.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
          JOIN profiles AS p ON p.user_id = r.user_id) AS s
  JOIN (SELECT 'current_streak' AS name UNION ALL SELECT 'last_practice_date') AS c
    ON CASE c.name
         WHEN 'current_streak' THEN s.current_streak <> s.proven_current AND s.proven_current <= s.longest_streak
         ELSE NOT s.last_practice_date <=> s.proven_last
       END
 ORDER BY s.user_id, c.name;
