-- rule: progress_values_agree
-- summary: enrollments and student_progress hold one progress, and at 100 the enrollment is completed.
-- severity: warning
-- on-read: no
-- order: 66
-- limit: 5 % or 20000 rows
-- changes: enrollments.progress, enrollments.status, enrollments.completed_at, student_progress.total_progress

-- The lower one is raised to the higher one. After chapters_match_progress, which raises the first. When it was
-- completed nobody has written down: the time of the repair stands for it.
SELECT STRAIGHT_JOIN e.user_id,
       IF(n.name = 'total_progress', 'student_progress', 'enrollments') AS `table`,
       CONCAT(IF(n.name = 'total_progress', '{"student_id": ', '{"user_id": '), e.user_id,
              ', "course_id": ', e.course_id, '}') AS `key`,
       'set' AS `action`,
       n.name AS `column`,
       CASE n.name
         WHEN 'completed_at' THEN NULL
         WHEN 'status' THEN CAST(e.status AS CHAR)
         ELSE CAST(LEAST(e.progress, s.total_progress) AS CHAR)
       END AS actual,
       CASE n.name
         WHEN 'completed_at' THEN CAST(UTC_TIMESTAMP(3) AS CHAR)
         WHEN 'status' THEN 'completed'
         ELSE CAST(GREATEST(e.progress, s.total_progress) AS CHAR)
       END AS wanted
  FROM enrollments AS e
  JOIN student_progress AS s ON s.student_id = e.user_id AND s.course_id = e.course_id
                            AND (s.total_progress <> e.progress OR (e.progress = 100 AND e.status = 'active'))
  JOIN users AS u ON u.id = e.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  JOIN (SELECT 'completed_at' AS name UNION ALL SELECT 'progress' UNION ALL SELECT 'status' UNION ALL
        SELECT 'total_progress') AS n
    ON CASE n.name
         WHEN 'progress' THEN e.progress < s.total_progress
         WHEN 'total_progress' THEN s.total_progress < e.progress
         ELSE e.status = 'active' AND GREATEST(e.progress, s.total_progress) = 100
              AND (n.name = 'status' OR e.completed_at IS NULL)
       END
 WHERE e.user_id BETWEEN :from AND :to AND e.status <> 'cancelled'
 ORDER BY e.user_id, e.course_id, n.name;
