-- rule: profile_points_match_sessions
-- summary: A profile's points are not below what the learner's sessions add up to.
-- severity: warning
-- on-read: no
-- order: 52
-- limit: 10 % or 20000 rows
-- changes: profiles, profiles.total_points

-- A session's points are added to the profile when it is recorded. What the sessions add up to is proven;
-- the profile may hold more, from before sessions were kept, and is never lowered for want of a proof.
-- Where there are sessions and no profile, one is put in, with all that the sessions prove of it.
--
-- The evolution level follows the points by thresholds that only the configuration knows. It is computed
-- where it is shown, so that points which are raised here count at once; the column is a record of the
-- level that was reached.
SELECT STRAIGHT_JOIN s.user_id,
       'profiles' AS `table`,
       CONCAT('{"user_id": ', s.user_id, '}') AS `key`,
       IF(s.is_there, 'set', 'insert') AS `action`,
       c.name AS `column`,
       IF(s.is_there, CAST(s.total_points AS CHAR), NULL) AS actual,
       CASE c.name
         WHEN 'total_points' THEN CAST(s.proven_points AS CHAR)
         WHEN 'total_sessions' THEN CAST(s.proven_sessions AS CHAR)
         ELSE CAST(s.proven_latest AS CHAR)
       END AS wanted
  FROM (SELECT STRAIGHT_JOIN r.user_id, p.user_id IS NOT NULL AS is_there, p.total_points,
               r.proven_points, r.proven_sessions, r.proven_latest
          FROM (SELECT t.user_id, SUM(t.total_points) AS proven_points, COUNT(*) AS proven_sessions,
                       MAX(t.completed_at) AS proven_latest
                  FROM session_results AS t FORCE INDEX (session_results_recent)
                 WHERE t.user_id BETWEEN :from AND :to
                 GROUP BY t.user_id) AS r
          JOIN users AS u ON u.id = r.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
          LEFT JOIN profiles AS p ON p.user_id = r.user_id
         WHERE p.user_id IS NULL OR p.total_points < r.proven_points) AS s
  JOIN (SELECT 'last_session_at' AS name UNION ALL SELECT 'total_points' UNION ALL SELECT 'total_sessions') AS c
    ON NOT s.is_there OR c.name = 'total_points'
 ORDER BY s.user_id, c.name;
