-- rule: progress_values_agree
-- summary: enrollments and student_progress hold one progress.
-- severity: warning
-- on-read: no
-- order: 66
-- limit: 5 % or 20000 rows
-- changes: enrollments.progress, student_progress.total_progress

-- The lower one is raised to the higher one. After chapters_match_progress, which raises the first.
SELECT STRAIGHT_JOIN e.user_id,
       IF(e.progress < s.total_progress, 'enrollments', 'student_progress') AS `table`,
       CONCAT(IF(e.progress < s.total_progress, '{"user_id": ', '{"student_id": '), e.user_id,
              ', "course_id": ', e.course_id, '}') AS `key`,
       'set' AS `action`,
       IF(e.progress < s.total_progress, 'progress', 'total_progress') AS `column`,
       CAST(LEAST(e.progress, s.total_progress) AS CHAR) AS actual,
       CAST(GREATEST(e.progress, s.total_progress) AS CHAR) AS wanted
  FROM enrollments AS e
  JOIN student_progress AS s ON s.student_id = e.user_id AND s.course_id = e.course_id
                            AND s.total_progress <> e.progress
  JOIN users AS u ON u.id = e.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
 WHERE e.user_id BETWEEN :from AND :to AND e.status <> 'cancelled'
 ORDER BY e.user_id, e.course_id;
