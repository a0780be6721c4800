-- rule: default_course_is_granted
-- summary: Every student is enrolled in the open courses that are unlocked for all, unless a person cancelled that.
-- severity: warning
-- on-read: no
-- order: 56
-- limit: 25 % or 200000 rows
-- changes: enrollments

-- The limit is wide, because a course that is unlocked for all concerns everybody. Anonymous learners have
-- no courses. The row in student_progress is enrollment_has_student_progress's to add.
SELECT STRAIGHT_JOIN u.id AS user_id,
       'enrollments' AS `table`,
       CONCAT('{"user_id": ', u.id, ', "course_id": ', c.id, '}') AS `key`,
       'insert' AS `action`,
       n.name AS `column`,
       NULL AS actual,
       IF(n.name = 'source', 'default', 'lockstep:rule') AS wanted
  FROM courses AS c
  JOIN users AS u ON u.id BETWEEN :from AND :to AND u.role = 'student' AND u.is_anonymous = FALSE
                 AND u.merged_into IS NULL AND u.deleted_at IS NULL
  LEFT JOIN enrollments AS e ON e.user_id = u.id AND e.course_id = c.id
  JOIN (SELECT 'actor' AS name UNION ALL SELECT 'source') AS n
 WHERE c.is_default_unlocked = 1 AND c.is_open = 1 AND e.user_id IS NULL
 ORDER BY u.id, c.id, n.name;
