-- rule: orphan_chapters
-- summary: A chapter belongs to a course that exists.
-- severity: warning
-- on-read: no
-- order: 91
-- limit: 100 % or 1000 rows
-- changes: chapters

-- No learner's rows, so that the range is the one that begins at 0. A chapter that somebody has completed waits
-- until orphan_chapter_completions has taken the completions away: deleted before, it would take them along,
-- past the quarantine.
SELECT STRAIGHT_JOIN 0 AS user_id,
       'chapters' AS `table`,
       CONCAT('{"id": ', t.id, '}') AS `key`,
       'delete' AS `action`,
       NULL AS `column`,
       NULL AS actual,
       NULL AS wanted
  FROM chapters AS t
  LEFT JOIN courses AS c ON c.id = t.course_id
  LEFT JOIN chapter_completions AS d ON d.chapter_id = t.id
 WHERE 0 BETWEEN :from AND :to AND c.id IS NULL AND d.chapter_id IS NULL;
