-- rule: approved_request_is_enrolled
-- summary: Who was given access to a course is enrolled in it, unless a person cancelled that.
-- severity: critical
-- on-read: courses
-- order: 55
-- limit: 5 % or 20000 rows
-- changes: enrollments, student_progress

-- Approved is what stands as approved among the requests (an older application leaves them there), or
-- among the decisions. Any enrollment will do, also a cancelled one: it is the later decision; and so is a
-- rejection that is not earlier.
WITH found AS (
  SELECT STRAIGHT_JOIN k.user_id, k.course_id
    FROM (SELECT a.user_id, a.course_id, MAX(IF(a.is_approval, a.decided_at, NULL)) AS approved_at,
                 MAX(IF(a.is_approval, NULL, a.decided_at)) AS rejected_at
            FROM (SELECT r.student_id AS user_id, r.course_id, r.requested_at AS decided_at,
                         r.status = 'approved' AS is_approval
                    FROM access_requests AS r
                   WHERE r.student_id BETWEEN :from AND :to AND r.status <> 'pending'
                   UNION ALL
                  SELECT d.student_id AS user_id, d.course_id, d.decided_at, d.decision = 'approved' AS is_approval
                    FROM access_decisions AS d
                   WHERE d.student_id BETWEEN :from AND :to) AS a
           GROUP BY a.user_id, a.course_id
          HAVING approved_at IS NOT NULL AND (rejected_at IS NULL OR approved_at > rejected_at)) AS k
    JOIN users AS u ON u.id = k.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
    JOIN courses AS c ON c.id = k.course_id
    LEFT JOIN enrollments AS e ON e.user_id = k.user_id AND e.course_id = k.course_id
   WHERE e.user_id IS NULL)
SELECT STRAIGHT_JOIN k.user_id,
       IF(n.name = 'total_progress', 'student_progress', 'enrollments') AS `table`,
       CONCAT(IF(n.name = 'total_progress', '{"student_id": ', '{"user_id": '), k.user_id,
              ', "course_id": ', k.course_id, '}') AS `key`,
       'insert' AS `action`,
       n.name AS `column`,
       NULL AS actual,
       CASE n.name
         WHEN 'actor' THEN 'lockstep:rule'
         WHEN 'completed_at' THEN CAST(UTC_TIMESTAMP(3) AS CHAR)
         WHEN 'progress' THEN CAST(COALESCE(s.total_progress, 0) AS CHAR)
         WHEN 'source' THEN 'request'
         WHEN 'status' THEN IF(s.total_progress = 100, 'completed', 'active')
         ELSE '0.00'
       END AS wanted
  FROM found AS k
  LEFT JOIN student_progress AS s ON s.student_id = k.user_id AND s.course_id = k.course_id
  JOIN (SELECT 'actor' AS name UNION ALL SELECT 'completed_at' UNION ALL SELECT 'progress' UNION ALL
        SELECT 'source' UNION ALL SELECT 'status' UNION ALL SELECT 'total_progress') AS n
    ON CASE n.name
         WHEN 'completed_at' THEN s.total_progress = 100
         WHEN 'total_progress' THEN s.student_id IS NULL
         ELSE TRUE
       END
 ORDER BY k.user_id, k.course_id, n.name;
