-- rule: refunded_payment_not_enrolled
-- summary: Nobody is enrolled only by a payment that was refunded.
-- severity: warning
-- on-read: no
-- order: 61
-- limit: 5 % or 1000 rows
-- changes: enrollments.status, enrollments.actor, enrollments.cancelled_at, student_progress, payments.revoked_at

-- What a payment gave; not what an administrator, or another payment that stands, gives as well. It reports,
-- unless payments.refund_policy is unenroll: then it does what the refund would have done. The row of
-- student_progress goes to the quarantine.
SELECT STRAIGHT_JOIN k.user_id,
       CASE n.name
         WHEN 'total_progress' THEN 'student_progress'
         WHEN 'revoked_at' THEN 'payments'
         ELSE 'enrollments'
       END AS `table`,
       CASE n.name
         WHEN 'revoked_at' THEN CONCAT('{"id": ', p.id, '}')
         ELSE CONCAT(IF(n.name = 'total_progress', '{"student_id": ', '{"user_id": '), k.user_id,
                     ', "course_id": ', k.course_id, '}')
       END AS `key`,
       IF(:refunds_unenroll, IF(n.name = 'total_progress', 'delete', 'set'), 'report') AS `action`,
       n.name AS `column`,
       CASE n.name
         WHEN 'actor' THEN e.actor
         WHEN 'cancelled_at' THEN CAST(e.cancelled_at AS CHAR)
         WHEN 'status' THEN CAST(e.status AS CHAR)
         WHEN 'total_progress' THEN CAST(s.total_progress AS CHAR)
       END AS actual,
       CASE n.name
         WHEN 'actor' THEN 'lockstep:rule'
         WHEN 'status' THEN 'cancelled'
         WHEN 'total_progress' THEN NULL
         ELSE CAST(UTC_TIMESTAMP(3) AS CHAR)
       END AS wanted
  FROM (SELECT STRAIGHT_JOIN p.user_id, p.course_id, MAX(p.id) AS payment_id
          FROM payments AS p
          JOIN users AS u ON u.id = p.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
         WHERE p.user_id BETWEEN :from AND :to AND p.status = 'refunded' AND p.course_id IS NOT NULL
         GROUP BY p.user_id, p.course_id) AS k
  JOIN enrollments AS e ON e.user_id = k.user_id AND e.course_id = k.course_id AND e.status <> 'cancelled'
                       AND e.source = 'payment'
  LEFT JOIN payments AS x ON x.user_id = k.user_id AND x.course_id = k.course_id AND x.status = 'paid'
                         AND x.granted_at IS NOT NULL
  JOIN payments AS p ON p.id = k.payment_id
  LEFT JOIN student_progress AS s ON s.student_id = k.user_id AND s.course_id = k.course_id
  JOIN (SELECT 'status' AS name UNION ALL SELECT 'actor' UNION ALL SELECT 'cancelled_at' UNION ALL
        SELECT 'total_progress' UNION ALL SELECT 'revoked_at') AS n
    ON CASE n.name
         WHEN 'status' THEN TRUE
         WHEN 'total_progress' THEN :refunds_unenroll AND s.student_id IS NOT NULL
         WHEN 'revoked_at' THEN :refunds_unenroll AND p.revoked_at IS NULL
         ELSE :refunds_unenroll
       END
 WHERE x.id IS NULL
 ORDER BY k.user_id, k.course_id, n.name;
