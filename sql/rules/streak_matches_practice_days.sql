-- rule: streak_matches_practice_days
-- summary: The profile's streaks and last practice day are what the learner's practice days prove.
-- severity: warning
-- on-read: no
-- order: 50
-- limit: 10 % or 20000 rows
-- changes: profiles, profiles.current_streak, profiles.longest_streak, profiles.last_practice_date

-- practice_days holds the learner's own calendar days, whatever was practised on them. A run is days
-- that follow each other without a gap. The profile repeats what they prove:
--   last_practice_date  the last of the days;
--   current_streak      the length of the run that ends on it. Whether that run still stands today,
--                       whoever shows it judges by the learner's calendar;
--   longest_streak      at least the longest run. It may be more: it may come from before days were
--                       kept, and is never lowered for want of a proof.
-- A profile without any practice day is left alone: nothing is proven. Where there is none, and
-- there are days, one is put in.
--
-- No current streak is longer than the longest: the table itself refuses it. So the longest is raised
-- first, and the current one follows when the rule is asked again.
SELECT STRAIGHT_JOIN s.user_id,
       'profiles' AS `table`,
       CONCAT('{"user_id": ', s.user_id, '}') AS `key`,
       IF(s.is_there, 'set', 'insert') AS `action`,
       c.name AS `column`,
       CASE c.name
         WHEN 'current_streak' THEN CAST(s.current_streak AS CHAR)
         WHEN 'longest_streak' THEN CAST(s.longest_streak AS CHAR)
         ELSE CAST(s.last_practice_date AS CHAR)
       END AS actual,
       CASE c.name
         WHEN 'current_streak' THEN CAST(s.proven_current AS CHAR)
         WHEN 'longest_streak' THEN CAST(s.proven_longest AS CHAR)
         ELSE CAST(s.proven_last AS CHAR)
       END AS wanted
  FROM (SELECT r.user_id, p.user_id IS NOT NULL AS is_there, p.current_streak, p.longest_streak,
               p.last_practice_date, r.proven_last, r.proven_longest, r.proven_current
          FROM (SELECT e.user_id, MAX(e.last_day) AS proven_last, MAX(e.days) AS proven_longest,
                       CAST(SUBSTRING_INDEX(MAX(CONCAT(e.last_day, ' ', e.days)), ' ', -1) AS SIGNED) AS proven_current
                  FROM (SELECT n.user_id, MAX(n.day) AS last_day, COUNT(*) AS days
                          FROM (SELECT d.user_id, d.day,
                                       TO_DAYS(d.day) - ROW_NUMBER() OVER (PARTITION BY d.user_id ORDER BY d.day) AS run
                                  FROM (SELECT DISTINCT t.user_id, t.day
                                          FROM practice_days AS t
                                         WHERE t.user_id BETWEEN :from AND :to) AS d) AS n
                         GROUP BY n.user_id, n.run) AS e
                 GROUP BY e.user_id) AS r
          JOIN users AS u ON u.id = r.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
          LEFT JOIN profiles AS p ON p.user_id = r.user_id
         WHERE p.user_id IS NULL OR NOT p.last_practice_date <=> r.proven_last
               OR p.current_streak <> r.proven_current OR p.longest_streak < r.proven_longest) AS s
  JOIN (SELECT 'current_streak' AS name UNION ALL SELECT 'longest_streak' UNION ALL
        SELECT 'last_practice_date') AS c
    ON NOT s.is_there
       OR CASE c.name
            WHEN 'current_streak' THEN s.current_streak <> s.proven_current AND s.proven_current <= s.longest_streak
            WHEN 'longest_streak' THEN s.longest_streak < s.proven_longest
            ELSE NOT s.last_practice_date <=> s.proven_last
          END
 ORDER BY s.user_id, c.name;
