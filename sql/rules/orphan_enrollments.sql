-- rule: orphan_enrollments
-- summary: An enrollment belongs to a learner and a course that exist.
-- severity: warning
-- on-read: no
-- order: 90
-- limit: 10 % or 1000 rows
-- changes: enrollments

-- Imports without foreign keys leave rows whose learner or course is gone, or never was. The repair takes them
-- away, and keeps each whole in the quarantine. Learners who were deleted or merged still have their row.
SELECT t.user_id,
       'enrollments' AS `table`,
       CONCAT('{"user_id": ', t.user_id, ', "course_id": ', t.course_id, '}') AS `key`,
       'delete' AS `action`,
       NULL AS `column`,
       NULL AS actual,
       NULL AS wanted
  FROM enrollments AS t
  LEFT JOIN users AS u ON u.id = t.user_id
 WHERE t.user_id BETWEEN :from AND :to AND (u.id IS NULL OR t.course_id NOT IN (SELECT c.id FROM courses AS c));
