-- rule: orphan_student_progress
-- summary: A row of student_progress belongs to a learner and a course that exist.
-- severity: warning
-- on-read: no
-- order: 90
-- limit: 10 % or 1000 rows
-- changes: student_progress

-- Imports without foreign keys leave rows whose learner or course is gone, or never was. The repair takes them
-- away, and keeps each whole in the quarantine. Learners who were deleted or merged still have their row.
SELECT t.student_id AS user_id,
       'student_progress' AS `table`,
       CONCAT('{"student_id": ', t.student_id, ', "course_id": ', t.course_id, '}') AS `key`,
       'delete' AS `action`,
       NULL AS `column`,
       NULL AS actual,
       NULL AS wanted
  FROM student_progress AS t
  LEFT JOIN users AS u ON u.id = t.student_id
 WHERE t.student_id BETWEEN :from AND :to AND (u.id IS NULL OR t.course_id NOT IN (SELECT c.id FROM courses AS c));
