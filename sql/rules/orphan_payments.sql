-- rule: orphan_payments
-- summary: A payment names no learner and no course that does not exist.
-- severity: warning
-- on-read: no
-- order: 90
-- limit: 10 % or 1000 rows
-- changes: payments.user_id, payments.course_id

-- A payment outlives learner and course: it stays, and what is gone becomes NULL, as the foreign keys would have
-- done it. One that names no learner is nobody's, and in the range that begins at 0.
SELECT STRAIGHT_JOIN COALESCE(t.user_id, 0) AS user_id,
       'payments' AS `table`,
       CONCAT('{"id": ', t.id, '}') AS `key`,
       'set' AS `action`,
       n.name AS `column`,
       CAST(IF(n.name = 'user_id', t.user_id, t.course_id) AS CHAR) AS actual,
       NULL AS wanted
  FROM (SELECT p.id
          FROM payments AS p
          LEFT JOIN users AS u ON u.id = p.user_id
          LEFT JOIN courses AS c ON c.id = p.course_id
         WHERE p.user_id BETWEEN :from AND :to AND (u.id IS NULL OR (p.course_id IS NOT NULL AND c.id IS NULL))
         UNION ALL
        SELECT p.id
          FROM payments AS p
          LEFT JOIN courses AS c ON c.id = p.course_id
         WHERE 0 BETWEEN :from AND :to AND p.user_id IS NULL AND p.course_id IS NOT NULL AND c.id IS NULL) AS o
  JOIN payments AS t ON t.id = o.id
  LEFT JOIN users AS u ON u.id = t.user_id
  LEFT JOIN courses AS c ON c.id = t.course_id
  JOIN (SELECT 'user_id' AS name UNION ALL SELECT 'course_id') AS n
    ON IF(n.name = 'user_id', t.user_id IS NOT NULL AND u.id IS NULL, t.course_id IS NOT NULL AND c.id IS NULL)
 ORDER BY t.id, n.name;
