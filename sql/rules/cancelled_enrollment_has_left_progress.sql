-- rule: cancelled_enrollment_has_left_progress
-- summary: Whose enrollment was cancelled does not stand in student_progress.
-- severity: critical
-- on-read: no
-- order: 59
-- limit: 5 % or 20000 rows
-- changes: student_progress, enrollments.progress

-- An older application goes by the legacy table, and writes it. What a person cancelled stays so: its row goes to
-- the quarantine, and the higher progress is kept for whoever is enrolled again, as unenrolling keeps it.
SELECT STRAIGHT_JOIN e.user_id,
       IF(n.name = 'progress', 'enrollments', 'student_progress') AS `table`,
       CONCAT(IF(n.name = 'progress', '{"user_id": ', '{"student_id": '), e.user_id,
              ', "course_id": ', e.course_id, '}') AS `key`,
       IF(n.name = 'progress', 'set', 'delete') AS `action`,
       n.name AS `column`,
       CAST(IF(n.name = 'progress', e.progress, s.total_progress) AS CHAR) AS actual,
       IF(n.name = 'progress', CAST(s.total_progress AS CHAR), NULL) AS wanted
  FROM enrollments AS e
  JOIN student_progress AS s ON s.student_id = e.user_id AND s.course_id = e.course_id
  JOIN users AS u ON u.id = e.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  JOIN (SELECT 'progress' AS name UNION ALL SELECT 'total_progress') AS n
    ON n.name = 'total_progress' OR e.progress < s.total_progress
 WHERE e.user_id BETWEEN :from AND :to AND e.status = 'cancelled'
 ORDER BY e.user_id, e.course_id, n.name;
