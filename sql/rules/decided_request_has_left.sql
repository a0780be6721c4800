-- rule: decided_request_has_left
-- summary: Only pending requests stand among the requests; decided ones are among the decisions.
-- severity: warning
-- on-read: courses
-- order: 58
-- limit: 50 % or 20000 rows
-- changes: access_requests, access_decisions

-- What an older application decided stays in access_requests. It did not keep when, or by whom: the time
-- of the request stands in. After approved_request_is_enrolled, which reads both.
WITH found AS (
  SELECT STRAIGHT_JOIN r.id, r.student_id, r.course_id, r.status, r.reason, r.requested_at
    FROM access_requests AS r
    JOIN users AS u ON u.id = r.student_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
    JOIN courses AS c ON c.id = r.course_id
   WHERE r.student_id BETWEEN :from AND :to AND r.status <> 'pending')
SELECT STRAIGHT_JOIN r.student_id AS user_id,
       IF(n.name = 'gone', 'access_requests', 'access_decisions') AS `table`,
       CONCAT(IF(n.name = 'gone', '{"id": ', '{"request_id": '), r.id, '}') AS `key`,
       IF(n.name = 'gone', 'delete', 'insert') AS `action`,
       NULLIF(n.name, 'gone') AS `column`,
       NULL AS actual,
       CASE n.name
         WHEN 'student_id' THEN CAST(r.student_id AS CHAR)
         WHEN 'course_id' THEN CAST(r.course_id AS CHAR)
         WHEN 'decision' THEN CAST(r.status AS CHAR)
         WHEN 'reason' THEN r.reason
         WHEN 'requested_at' THEN CAST(r.requested_at AS CHAR)
         WHEN 'decided_at' THEN CAST(r.requested_at AS CHAR)
         WHEN 'decided_by' THEN 'before Lockstep'
       END AS wanted
  FROM found AS r
  LEFT JOIN access_decisions AS d ON d.request_id = r.id
  JOIN (SELECT 'gone' AS name UNION ALL SELECT 'student_id' UNION ALL SELECT 'course_id' UNION ALL
        SELECT 'decision' UNION ALL SELECT 'reason' UNION ALL SELECT 'requested_at' UNION ALL
        SELECT 'decided_at' UNION ALL SELECT 'decided_by') AS n
    ON n.name = 'gone' OR d.request_id IS NULL
 ORDER BY r.student_id, r.id, n.name;
