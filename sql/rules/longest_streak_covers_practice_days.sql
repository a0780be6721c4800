-- rule: longest_streak_covers_practice_days
-- summary: The profile's longest streak is not shorter than the longest run of practice days.
-- severity: warning
-- on-read: no
-- order: 50
-- limit: 10 % or 20000 rows
-- changes: profiles, profiles.longest_streak

-- practice_days holds the learner's own calendar days, whatever was practised on them. A run is days
-- that follow each other without a gap. The longest streak may be more than the longest run: it may
-- come from before days were kept, and is never lowered for want of a proof. Where there are days and
-- no profile, one is put in, with all that the days prove.
--
-- It comes before streak_matches_practice_days: the table refuses a current streak that is longer than
-- the longest, and each rule's columns are written by themselves.
SELECT STRAIGHT_JOIN s.user_id,
       'profiles' AS `table`,
       CONCAT('{"user_id": ', s.user_id, '}') AS `key`,
       IF(s.is_there, 'set', 'insert') AS `action`,
       c.name AS `column`,
       IF(s.is_there, CAST(s.longest_streak AS CHAR), NULL) AS actual,
       CASE c.name
         WHEN 'current_streak' THEN CAST(s.proven_current AS CHAR)
         WHEN 'longest_streak' THEN CAST(s.proven_longest AS CHAR)
         ELSE CAST(s.proven_last AS CHAR)
       END AS wanted
  FROM (SELECT r.user_id, p.user_id IS NOT NULL AS is_there, p.longest_streak,
               r.proven_last, r.proven_longest, r.proven_current
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
         WHERE p.user_id IS NULL OR p.longest_streak < r.proven_longest) AS s
  JOIN (SELECT 'current_streak' AS name UNION ALL SELECT 'longest_streak' UNION ALL
        SELECT 'last_practice_date') AS c
    ON NOT s.is_there OR c.name = 'longest_streak'
 ORDER BY s.user_id, c.name;
