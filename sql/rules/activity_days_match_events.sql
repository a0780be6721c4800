-- rule: activity_days_match_events
-- summary: What is told of an activity on a day is what the applied events of that day prove.
-- severity: warning
-- on-read: no
-- order: 71
-- limit: 10 % or 20000 rows
-- changes: activity_days, activity_days.events, activity_days.time_spent

-- The events of the day are counted; their time is the longest that any of them tells.
SELECT STRAIGHT_JOIN s.user_id,
       'activity_days' AS `table`,
       JSON_OBJECT('user_id', s.user_id, 'day', CAST(s.day AS CHAR), 'activity_type', s.activity_type, 'activity_id',
                   s.activity_id) AS `key`,
       IF(s.is_there, 'set', 'insert') AS `action`,
       c.name AS `column`,
       IF(c.name = 'events', CAST(s.events AS CHAR), CAST(s.time_spent AS CHAR)) AS actual,
       IF(c.name = 'events', CAST(s.proven_events AS CHAR), CAST(s.proven_time AS CHAR)) AS wanted
  FROM (SELECT p.*, a.user_id IS NOT NULL AS is_there, a.events, a.time_spent
          FROM (SELECT e.user_id, e.practised_on AS day, e.activity_type, e.activity_id, COUNT(*) AS proven_events,
                       MAX(e.time_spent) AS proven_time
                  FROM progress_events AS e
                 WHERE e.user_id BETWEEN :from AND :to AND e.outcome = 'applied'
                 GROUP BY e.user_id, e.practised_on, e.activity_type, e.activity_id) AS p
          JOIN users AS u ON u.id = p.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
          LEFT JOIN activity_days AS a
            ON a.user_id = p.user_id AND a.day = p.day AND a.activity_type = p.activity_type
           AND a.activity_id = p.activity_id
         WHERE a.user_id IS NULL OR a.events <> p.proven_events OR a.time_spent <> p.proven_time) AS s
  JOIN (SELECT 'events' AS name UNION ALL SELECT 'time_spent') AS c
    ON NOT s.is_there OR IF(c.name = 'events', s.events <> s.proven_events, s.time_spent <> s.proven_time)
 UNION ALL
SELECT a.user_id, 'activity_days',
       JSON_OBJECT('user_id', a.user_id, 'day', CAST(a.day AS CHAR), 'activity_type', a.activity_type, 'activity_id',
                   a.activity_id), 'delete', NULL, NULL, NULL
  FROM activity_days AS a
  JOIN users AS u ON u.id = a.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
 WHERE a.user_id BETWEEN :from AND :to
   AND NOT EXISTS (SELECT 1 FROM progress_events AS e
                    WHERE e.user_id = a.user_id AND e.activity_type = a.activity_type
                      AND e.activity_id = a.activity_id AND e.practised_on = a.day AND e.outcome = 'applied')
 ORDER BY user_id, `key`, `column`;
