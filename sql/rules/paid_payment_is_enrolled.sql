-- rule: paid_payment_is_enrolled
-- summary: Who paid for a course is enrolled in it, unless a person cancelled that.
-- severity: critical
-- on-read: no
-- order: 54
-- limit: 5 % or 20000 rows
-- changes: enrollments, student_progress, payments.granted_at, payments.mismatch

-- A payment counts when it has brought its enrollment about before, or is what the course costs: what is not,
-- payment_matches_price reports. Any enrollment will do, also a cancelled one. The payment is marked as having
-- brought the enrollment about, so that a late event of the provider's does not do it again.
SELECT STRAIGHT_JOIN k.user_id,
       CASE n.name
         WHEN 'total_progress' THEN 'student_progress'
         WHEN 'granted_at' THEN 'payments'
         WHEN 'mismatch' THEN 'payments'
         ELSE 'enrollments'
       END AS `table`,
       CASE
         WHEN n.name IN ('granted_at', 'mismatch') THEN CONCAT('{"id": ', p.id, '}')
         ELSE CONCAT(IF(n.name = 'total_progress', '{"student_id": ', '{"user_id": '), k.user_id,
                     ', "course_id": ', k.course_id, '}')
       END AS `key`,
       IF(n.name IN ('granted_at', 'mismatch'), 'set', 'insert') AS `action`,
       n.name AS `column`,
       IF(n.name = 'mismatch', CAST(p.mismatch AS CHAR), NULL) AS actual,
       CASE n.name
         WHEN 'actor' THEN 'lockstep:rule'
         WHEN 'completed_at' THEN CAST(UTC_TIMESTAMP(3) AS CHAR)
         WHEN 'progress' THEN CAST(COALESCE(s.total_progress, 0) AS CHAR)
         WHEN 'source' THEN 'payment'
         WHEN 'status' THEN IF(s.total_progress = 100, 'completed', 'active')
         WHEN 'granted_at' THEN CAST(UTC_TIMESTAMP(3) AS CHAR)
         WHEN 'mismatch' THEN '0'
         ELSE '0.00'
       END AS wanted
  FROM (SELECT STRAIGHT_JOIN p.user_id, p.course_id, MIN(p.id) AS payment_id
          FROM payments AS p
          JOIN users AS u ON u.id = p.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
          JOIN courses AS c ON c.id = p.course_id
          LEFT JOIN enrollments AS e ON e.user_id = p.user_id AND e.course_id = p.course_id
         WHERE p.user_id BETWEEN :from AND :to AND p.status = 'paid' AND e.user_id IS NULL
           AND (p.granted_at IS NOT NULL
                OR (p.currency = c.currency
                    AND (p.amount_cents = c.price_cents
                         OR (:accept_discounts AND p.amount_cents >= 0 AND p.amount_cents < c.price_cents))))
         GROUP BY p.user_id, p.course_id) AS k
  JOIN payments AS p ON p.id = k.payment_id
  LEFT JOIN student_progress AS s ON s.student_id = k.user_id AND s.course_id = k.course_id
  JOIN (SELECT 'actor' AS name UNION ALL SELECT 'progress' UNION ALL SELECT 'source' UNION ALL
        SELECT 'status' UNION ALL SELECT 'total_progress' UNION ALL SELECT 'granted_at' UNION ALL
        SELECT 'mismatch' UNION ALL SELECT 'completed_at') AS n
    ON CASE n.name
         WHEN 'completed_at' THEN s.total_progress = 100
         WHEN 'total_progress' THEN s.student_id IS NULL
         WHEN 'granted_at' THEN p.granted_at IS NULL
         WHEN 'mismatch' THEN p.mismatch
         ELSE TRUE
       END
 ORDER BY k.user_id, k.course_id, n.name;
