-- rule: orphan_requests
-- summary: A request for access belongs to a learner and a course that exist.
-- severity: warning
-- on-read: courses
-- order: 90
-- limit: 10 % or 1000 rows
-- changes: access_requests

-- Imports without foreign keys leave rows whose learner or course is gone, or never was. The repair takes them
-- away, and keeps each whole in the quarantine. Learners who were deleted or merged still have their row.
-- The list of requests does the same for those that it comes across.
SELECT t.student_id AS user_id,
       'access_requests' AS `table`,
       CONCAT('{"id": ', t.id, '}') AS `key`,
       'delete' AS `action`,
       NULL AS `column`,
       NULL AS actual,
       NULL AS wanted
  FROM access_requests AS t
  LEFT JOIN users AS u ON u.id = t.student_id
 WHERE t.student_id BETWEEN :from AND :to AND (u.id IS NULL OR t.course_id NOT IN (SELECT c.id FROM courses AS c));
