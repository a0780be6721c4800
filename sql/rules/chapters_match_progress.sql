-- rule: chapters_match_progress
-- summary: An enrollment's progress is not below what the completed chapters prove.
-- severity: warning
-- on-read: no
-- order: 64
-- limit: 5 % or 20000 rows
-- changes: enrollments.progress, enrollments.status, enrollments.completed_at

-- Completed over all chapters, rounded down, so that 100 means that nothing is left; it is then complete.
-- Raised, never lowered: a figure from before chapters were kept, or before one was added, stays.
SELECT STRAIGHT_JOIN p.user_id,
       'enrollments' AS `table`,
       CONCAT('{"user_id": ', p.user_id, ', "course_id": ', p.course_id, '}') AS `key`,
       'set' AS `action`,
       n.name AS `column`,
       CASE n.name
         WHEN 'progress' THEN CAST(p.progress AS CHAR)
         WHEN 'status' THEN CAST(p.status AS CHAR)
       END AS actual,
       CASE n.name
         WHEN 'progress' THEN CAST(p.proven AS CHAR)
         WHEN 'status' THEN 'completed'
         ELSE CAST(UTC_TIMESTAMP(3) AS CHAR)
       END AS wanted
  FROM (SELECT e.user_id, e.course_id, e.progress, e.status, e.completed_at,
               CAST((k.done * 10000 DIV COUNT(t.id)) / 100 AS DECIMAL(5, 2)) AS proven
          FROM (SELECT d.user_id, h.course_id, COUNT(*) AS done
                  FROM chapter_completions AS d
                  JOIN chapters AS h ON h.id = d.chapter_id
                 WHERE d.user_id BETWEEN :from AND :to
                 GROUP BY d.user_id, h.course_id) AS k
          JOIN users AS u ON u.id = k.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
          JOIN enrollments AS e ON e.user_id = k.user_id AND e.course_id = k.course_id
          JOIN chapters AS t ON t.course_id = k.course_id
         WHERE e.status <> 'cancelled'
         GROUP BY e.user_id, e.course_id, e.progress, e.status, e.completed_at, k.done) AS p
  JOIN (SELECT 'progress' AS name UNION ALL SELECT 'status' UNION ALL SELECT 'completed_at') AS n
    ON n.name = 'progress' OR (p.proven = 100 AND p.status = 'active'
                               AND (n.name = 'status' OR p.completed_at IS NULL))
 WHERE p.progress < p.proven
 ORDER BY p.user_id, p.course_id, n.name;
