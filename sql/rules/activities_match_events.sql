-- rule: activities_match_events
-- summary: An activity's status, time and moments are what its applied events prove.
-- severity: warning
-- on-read: no
-- order: 70
-- limit: 10 % or 20000 rows
-- changes: activities, activities.status, activities.time_spent, activities.first_at, activities.last_at, activities.completed_at, activities.completed_on

-- Completed once any applied event says so; else in progress where one says started, in_progress or failed; else
-- skipped. Its time is the longest told of each day, added up. completed_at is the earliest completion, and
-- completed_on the learner's day of it. An activity that no applied event tells of goes. What is applied is decided
-- when an event comes, or its conflict is resolved; nothing else counts.
SELECT STRAIGHT_JOIN s.user_id,
       'activities' AS `table`,
       JSON_OBJECT('user_id', s.user_id, 'activity_type', s.activity_type, 'activity_id', s.activity_id) AS `key`,
       IF(s.is_there, 'set', 'insert') AS `action`,
       c.name AS `column`,
       CAST(CASE c.name WHEN 'status' THEN s.status WHEN 'time_spent' THEN s.time_spent WHEN 'first_at' THEN s.first_at
              WHEN 'last_at' THEN s.last_at WHEN 'completed_at' THEN s.completed_at ELSE s.completed_on
            END AS CHAR) AS actual,
       CAST(CASE c.name WHEN 'status' THEN s.proven_status WHEN 'time_spent' THEN s.proven_time
              WHEN 'first_at' THEN s.proven_first WHEN 'last_at' THEN s.proven_last
              WHEN 'completed_at' THEN LEFT(s.proven_completion, 23) ELSE RIGHT(s.proven_completion, 10)
            END AS CHAR) AS wanted
  FROM (SELECT p.*, a.user_id IS NOT NULL AS is_there, CAST(a.status AS CHAR) AS status,
               CAST(a.time_spent AS CHAR) AS time_spent, CAST(a.first_at AS CHAR) AS first_at,
               CAST(a.last_at AS CHAR) AS last_at, CAST(a.completed_at AS CHAR) AS completed_at,
               CAST(a.completed_on AS CHAR) AS completed_on
          FROM (SELECT d.user_id, d.activity_type, d.activity_id,
                       CASE WHEN MAX(d.completion) IS NOT NULL THEN 'completed' WHEN MAX(d.is_begun) THEN 'in_progress'
                         ELSE 'skipped' END AS proven_status,
                       CAST(SUM(d.time_spent) AS CHAR) AS proven_time, CAST(MIN(d.first_at) AS CHAR) AS proven_first,
                       CAST(MAX(d.last_at) AS CHAR) AS proven_last, MIN(d.completion) AS proven_completion
                  FROM (SELECT e.user_id, e.activity_type, e.activity_id, e.practised_on,
                               MAX(e.time_spent) AS time_spent, MIN(e.happened_at) AS first_at,
                               MAX(e.happened_at) AS last_at,
                               MAX(e.completion_status IN ('started', 'in_progress', 'failed')) AS is_begun,
                               MIN(CASE WHEN e.completion_status = 'completed'
                                     THEN CONCAT(e.happened_at, ' ', e.practised_on) END) AS completion
                          FROM progress_events AS e
                         WHERE e.user_id BETWEEN :from AND :to AND e.outcome = 'applied'
                         GROUP BY e.user_id, e.activity_type, e.activity_id, e.practised_on) AS d
                 GROUP BY d.user_id, d.activity_type, d.activity_id) AS p
          JOIN users AS u ON u.id = p.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
          LEFT JOIN activities AS a
            ON a.user_id = p.user_id AND a.activity_type = p.activity_type AND a.activity_id = p.activity_id) AS s
  JOIN (SELECT 'status' AS name UNION ALL SELECT 'time_spent' UNION ALL SELECT 'first_at' UNION ALL SELECT 'last_at'
         UNION ALL SELECT 'completed_at' UNION ALL SELECT 'completed_on') AS c
    ON CASE c.name
         WHEN 'status' THEN NOT (s.status <=> s.proven_status)
         WHEN 'time_spent' THEN NOT (s.time_spent <=> s.proven_time)
         WHEN 'first_at' THEN NOT (s.first_at <=> s.proven_first)
         WHEN 'last_at' THEN NOT (s.last_at <=> s.proven_last)
         WHEN 'completed_at' THEN NOT (s.completed_at <=> LEFT(s.proven_completion, 23))
         ELSE NOT (s.completed_on <=> RIGHT(s.proven_completion, 10))
       END
 UNION ALL
SELECT a.user_id, 'activities',
       JSON_OBJECT('user_id', a.user_id, 'activity_type', a.activity_type, 'activity_id', a.activity_id), 'delete',
       NULL, NULL, NULL
  FROM activities AS a
  JOIN users AS u ON u.id = a.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
 WHERE a.user_id BETWEEN :from AND :to
   AND NOT EXISTS (SELECT 1 FROM progress_events AS e
                    WHERE e.user_id = a.user_id AND e.activity_type = a.activity_type
                      AND e.activity_id = a.activity_id AND e.outcome = 'applied')
 ORDER BY user_id, `key`, `column`;
