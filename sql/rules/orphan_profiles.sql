-- rule: orphan_profiles
-- summary: A profile belongs to a learner who exists.
-- severity: warning
-- on-read: no
-- order: 90
-- limit: 10 % or 1000 rows
-- changes: profiles

-- Imports without foreign keys leave rows whose learner is gone, or never was. The repair takes them
-- away, and keeps each whole in the quarantine. Learners who were deleted or merged still have their row.
SELECT t.user_id,
       'profiles' AS `table`,
       CONCAT('{"user_id": ', t.user_id, '}') AS `key`,
       'delete' AS `action`,
       NULL AS `column`,
       NULL AS actual,
       NULL AS wanted
  FROM profiles AS t
  LEFT JOIN users AS u ON u.id = t.user_id
 WHERE t.user_id BETWEEN :from AND :to AND u.id IS NULL;
