-- rule: orphan_stitch_mutations
-- summary: What is known of an offline client belongs to a learner who exists.
-- severity: warning
-- on-read: no
-- order: 90
-- limit: 10 % or 1000 rows
-- changes: stitch_mutations

-- Imports without foreign keys leave rows whose learner is gone, or never was. The repair takes them
-- away, and keeps each whole in the quarantine. Learners who were deleted or merged still have their row.
SELECT STRAIGHT_JOIN t.user_id,
       'stitch_mutations' AS `table`,
       JSON_OBJECT('user_id', t.user_id, 'mutation_id', t.mutation_id) AS `key`,
       'delete' AS `action`,
       NULL AS `column`,
       NULL AS actual,
       NULL AS wanted
  FROM (SELECT DISTINCT d.user_id FROM stitch_mutations AS d WHERE d.user_id BETWEEN :from AND :to) AS o
  LEFT JOIN users AS u ON u.id = o.user_id
  JOIN stitch_mutations AS t ON t.user_id = o.user_id
 WHERE u.id IS NULL;
