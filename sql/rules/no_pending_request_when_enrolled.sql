-- rule: no_pending_request_when_enrolled
-- summary: Nobody waits for access to a course that they are enrolled in.
-- severity: warning
-- on-read: courses
-- order: 68
-- limit: 50 % or 20000 rows
-- changes: access_requests

-- After the rules that enrol.
SELECT STRAIGHT_JOIN r.student_id AS user_id,
       'access_requests' AS `table`,
       CONCAT('{"id": ', r.id, '}') AS `key`,
       'delete' AS `action`,
       NULL AS `column`,
       NULL AS actual,
       NULL AS wanted
  FROM access_requests AS r
  JOIN users AS u ON u.id = r.student_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  JOIN enrollments AS e ON e.user_id = r.student_id AND e.course_id = r.course_id AND e.status <> 'cancelled'
 WHERE r.student_id BETWEEN :from AND :to AND r.status = 'pending'
 ORDER BY r.student_id, r.id;
