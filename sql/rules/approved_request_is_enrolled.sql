-- rule: approved_request_is_enrolled
-- summary: Who was given access to a course is enrolled in it, unless a person cancelled that.
-- severity: critical
-- on-read: no
-- order: 55
-- limit: 5 % or 20000 rows
-- changes: enrollments

-- Approved is what stands as approved among the requests (an older application leaves them there), or
-- among the decisions. Any enrollment will do, also a cancelled one: it is the later decision. The row in
-- student_progress is enrollment_has_student_progress's to add.
SELECT STRAIGHT_JOIN k.user_id,
       'enrollments' AS `table`,
       CONCAT('{"user_id": ', k.user_id, ', "course_id": ', k.course_id, '}') AS `key`,
       'insert' AS `action`,
       c.name AS `column`,
       NULL AS actual,
       IF(c.name = 'source', 'request', 'lockstep:rule') AS wanted
  FROM (SELECT r.student_id AS user_id, r.course_id
          FROM access_requests AS r
         WHERE r.student_id BETWEEN :from AND :to AND r.status = 'approved'
         UNION
        SELECT d.student_id AS user_id, d.course_id
          FROM access_decisions AS d
         WHERE d.student_id BETWEEN :from AND :to AND d.decision = 'approved') AS k
  JOIN users AS u ON u.id = k.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  LEFT JOIN enrollments AS e ON e.user_id = k.user_id AND e.course_id = k.course_id
  JOIN (SELECT 'actor' AS name UNION ALL SELECT 'source') AS c
 WHERE e.user_id IS NULL
 ORDER BY k.user_id, k.course_id, c.name;
