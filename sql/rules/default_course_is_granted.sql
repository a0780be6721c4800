-- rule: default_course_is_granted
-- summary: Every student is enrolled in the open courses that are unlocked for all, unless a person cancelled that.
-- severity: warning
-- on-read: courses
-- order: 56
-- limit: 25 % or 200000 rows
-- changes: enrollments, student_progress

-- The limit is wide, because a course that is unlocked for all concerns everybody. Anonymous learners have
-- no courses. Any enrollment will do, also a cancelled one.
WITH found AS (
  SELECT STRAIGHT_JOIN u.id AS user_id, c.id AS course_id
    FROM courses AS c
    JOIN users AS u ON u.id BETWEEN :from AND :to AND u.role = 'student' AND u.is_anonymous = FALSE
                   AND u.merged_into IS NULL AND u.deleted_at IS NULL
    LEFT JOIN enrollments AS e ON e.user_id = u.id AND e.course_id = c.id
   WHERE c.is_default_unlocked = 1 AND c.is_open = 1 AND e.user_id IS NULL)
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
         WHEN 'source' THEN 'default'
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
