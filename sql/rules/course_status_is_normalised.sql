-- rule: course_status_is_normalised
-- summary: A course's status is written in lower case.
-- severity: info
-- on-read: no
-- order: 57
-- limit: 100 % or 5000 rows
-- changes: courses.status

-- Whatever the case, it compares the same here; other programs that read the table may not be so kind. A
-- course is no learner's, so that the range is the one that begins at 0.
SELECT 0 AS user_id,
       'courses' AS `table`,
       CONCAT('{"id": ', c.id, '}') AS `key`,
       'set' AS `action`,
       'status' AS `column`,
       c.status AS actual,
       LOWER(c.status) AS wanted
  FROM courses AS c
 WHERE 0 BETWEEN :from AND :to AND c.status COLLATE ascii_bin <> LOWER(c.status) COLLATE ascii_bin
 ORDER BY c.id;
