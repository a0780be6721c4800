-- rule: orphan_attempts_archive
-- summary: An archived attempt belongs to a learner who exists.
-- severity: warning
-- on-read: no
-- order: 90
-- limit: 10 % or 1000 rows
-- changes: attempts_archive

-- Imports without foreign keys leave rows whose learner is gone, or never was. The repair takes them
-- away, and keeps each whole in the quarantine. Learners who were deleted or merged still have their row.
SELECT STRAIGHT_JOIN t.user_id,
       'attempts_archive' AS `table`,
       CONCAT('{"id": ', t.id, '}') AS `key`,
       'delete' AS `action`,
       NULL AS `column`,
       NULL AS actual,
       NULL AS wanted
  FROM (SELECT DISTINCT d.user_id FROM attempts_archive AS d WHERE d.user_id BETWEEN :from AND :to) AS o
  LEFT JOIN users AS u ON u.id = o.user_id
  JOIN attempts_archive AS t ON t.user_id = o.user_id
 WHERE u.id IS NULL;
