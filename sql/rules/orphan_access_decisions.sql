-- rule: orphan_access_decisions
-- summary: A decided request belongs to a learner and a course that exist.
-- severity: warning
-- on-read: no
-- order: 90
-- limit: 10 % or 1000 rows
-- changes: access_decisions

-- Imports without foreign keys leave rows whose learner or course is gone, or never was. The repair takes them
-- away, and keeps each whole in the quarantine. Learners who were deleted or merged still have their row.
SELECT t.student_id AS user_id,
       'access_decisions' AS `table`,
       CONCAT('{"request_id": ', t.request_id, '}') AS `key`,
       'delete' AS `action`,
       NULL AS `column`,
       NULL AS actual,
       NULL AS wanted
  FROM access_decisions AS t
  LEFT JOIN users AS u ON u.id = t.student_id
 WHERE t.student_id BETWEEN :from AND :to AND (u.id IS NULL OR t.course_id NOT IN (SELECT c.id FROM courses AS c));
