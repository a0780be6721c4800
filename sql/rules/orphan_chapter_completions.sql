-- rule: orphan_chapter_completions
-- summary: A completed chapter belongs to a learner, and is of a chapter, that exist.
-- severity: warning
-- on-read: no
-- order: 90
-- limit: 10 % or 1000 rows
-- changes: chapter_completions

-- Imports without foreign keys leave rows whose learner or chapter is gone, or never was. The repair takes them
-- away, and keeps each whole in the quarantine. Learners who were deleted or merged still have their row.
-- A chapter whose own course is gone is gone, too.
SELECT STRAIGHT_JOIN t.user_id,
       'chapter_completions' AS `table`,
       CONCAT('{"user_id": ', t.user_id, ', "chapter_id": ', t.chapter_id, '}') AS `key`,
       'delete' AS `action`,
       NULL AS `column`,
       NULL AS actual,
       NULL AS wanted
  FROM chapter_completions AS t
  LEFT JOIN users AS u ON u.id = t.user_id
  LEFT JOIN chapters AS h ON h.id = t.chapter_id
  LEFT JOIN courses AS c ON c.id = h.course_id
 WHERE t.user_id BETWEEN :from AND :to AND (u.id IS NULL OR c.id IS NULL);
