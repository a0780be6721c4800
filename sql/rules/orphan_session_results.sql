-- rule: orphan_session_results
-- summary: A session belongs to a learner who exists.
-- severity: warning
-- on-read: no
-- order: 90
-- limit: 10 % or 1000 rows
-- changes: session_results

-- Imports without foreign keys leave rows whose learner is gone, or never was. The repair takes them
-- away, and keeps each whole in the quarantine. Learners who were deleted or merged still have their row.
SELECT STRAIGHT_JOIN t.user_id,
       'session_results' AS `table`,
       JSON_OBJECT('user_id', t.user_id, 'id', t.id) AS `key`,
       'delete' AS `action`,
       NULL AS `column`,
       NULL AS actual,
       NULL AS wanted
  FROM (SELECT DISTINCT r.user_id
          FROM session_results AS r FORCE INDEX (session_results_recent)
         WHERE r.user_id BETWEEN :from AND :to) AS o
  LEFT JOIN users AS u ON u.id = o.user_id
  JOIN session_results AS t ON t.user_id = o.user_id
 WHERE u.id IS NULL;
