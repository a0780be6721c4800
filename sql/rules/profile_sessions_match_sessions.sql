-- rule: profile_sessions_match_sessions
-- summary: A profile counts no fewer sessions than the learner has, and its last is not before the latest of them.
-- severity: warning
-- on-read: no
-- order: 53
-- limit: 10 % or 20000 rows
-- changes: profiles.total_sessions, profiles.last_session_at

-- As with the points: what the sessions prove is the least that the profile may say. It may count more, and know
-- of a later one, from before sessions were kept. A profile that is missing is put in by
-- profile_points_match_sessions.
SELECT STRAIGHT_JOIN s.user_id,
       'profiles' AS `table`,
       CONCAT('{"user_id": ', s.user_id, '}') AS `key`,
       'set' AS `action`,
       c.name AS `column`,
       IF(c.name = 'total_sessions', CAST(s.total_sessions AS CHAR), CAST(s.last_session_at AS CHAR)) AS actual,
       IF(c.name = 'total_sessions', CAST(s.proven_sessions AS CHAR), CAST(s.proven_latest AS CHAR)) AS wanted
  FROM (SELECT STRAIGHT_JOIN r.user_id, p.total_sessions, p.last_session_at, r.proven_sessions, r.proven_latest
          FROM (SELECT t.user_id, COUNT(*) AS proven_sessions, MAX(t.completed_at) AS proven_latest
                  FROM session_results AS t FORCE INDEX (session_results_recent)
                 WHERE t.user_id BETWEEN :from AND :to
                 GROUP BY t.user_id) AS r
          JOIN users AS u ON u.id = r.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
          JOIN profiles AS p ON p.user_id = r.user_id) AS s
  JOIN (SELECT 'last_session_at' AS name UNION ALL SELECT 'total_sessions') AS c
    ON CASE c.name
         WHEN 'total_sessions' THEN s.total_sessions < s.proven_sessions
         ELSE s.last_session_at IS NULL OR s.last_session_at < s.proven_latest
       END
 ORDER BY s.user_id, c.name;
