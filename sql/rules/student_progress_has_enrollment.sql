-- rule: student_progress_has_enrollment
-- summary: Who stands in student_progress has an enrollment.
-- severity: critical
-- on-read: no
-- order: 60
-- limit: 5 % or 20000 rows
-- changes: enrollments

-- An older application wrote the legacy table only. A cancelled enrollment is one, too.
SELECT STRAIGHT_JOIN s.student_id AS user_id,
       'enrollments' AS `table`,
       CONCAT('{"user_id": ', s.student_id, ', "course_id": ', s.course_id, '}') AS `key`,
       'insert' AS `action`,
       n.name AS `column`,
       NULL AS actual,
       CASE n.name
         WHEN 'actor' THEN 'lockstep:rule'
         WHEN 'completed_at' THEN CAST(UTC_TIMESTAMP(3) AS CHAR)
         WHEN 'progress' THEN CAST(s.total_progress AS CHAR)
         WHEN 'status' THEN IF(s.total_progress = 100, 'completed', 'active')
       END AS wanted
  FROM student_progress AS s
  LEFT JOIN enrollments AS e ON e.user_id = s.student_id AND e.course_id = s.course_id
  JOIN users AS u ON u.id = s.student_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  JOIN courses AS c ON c.id = s.course_id
  JOIN (SELECT 'actor' AS name UNION ALL SELECT 'completed_at' UNION ALL SELECT 'progress' UNION ALL
        SELECT 'status') AS n
    ON n.name <> 'completed_at' OR s.total_progress = 100
 WHERE s.student_id BETWEEN :from AND :to AND e.user_id IS NULL
 ORDER BY s.student_id, s.course_id, n.name;
