-- rule: enrollment_has_student_progress
-- summary: Every enrollment that is not cancelled has its row in student_progress.
-- severity: critical
-- on-read: no
-- order: 62
-- limit: 5 % or 20000 rows
-- changes: student_progress

SELECT STRAIGHT_JOIN e.user_id,
       'student_progress' AS `table`,
       CONCAT('{"student_id": ', e.user_id, ', "course_id": ', e.course_id, '}') AS `key`,
       'insert' AS `action`,
       'total_progress' AS `column`,
       NULL AS actual,
       CAST(e.progress AS CHAR) AS wanted
  FROM enrollments AS e
  LEFT JOIN student_progress AS s ON s.student_id = e.user_id AND s.course_id = e.course_id
  JOIN users AS u ON u.id = e.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  JOIN courses AS c ON c.id = e.course_id
 WHERE e.user_id BETWEEN :from AND :to AND e.status <> 'cancelled' AND s.student_id IS NULL
 ORDER BY e.user_id, e.course_id;
