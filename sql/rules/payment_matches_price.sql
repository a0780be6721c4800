-- rule: payment_matches_price
-- summary: What was paid for a course is its price.
-- severity: warning
-- on-read: no
-- order: 53
-- changes: nothing

-- Exactly, or less where payments.accept_discounts says so; never in another currency. A payment that has
-- brought its enrollment about was held to the price of its time, and is left alone. The others enrol nobody
-- until a person has decided: set the price right, enrol by hand, or refund.
SELECT STRAIGHT_JOIN p.user_id,
       'payments' AS `table`,
       CONCAT('{"id": ', p.id, '}') AS `key`,
       'report' AS `action`,
       'amount_cents' AS `column`,
       CONCAT(p.amount_cents, ' ', p.currency) AS actual,
       CONCAT(c.price_cents, ' ', c.currency) AS wanted
  FROM payments AS p
  JOIN users AS u ON u.id = p.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  JOIN courses AS c ON c.id = p.course_id
 WHERE p.user_id BETWEEN :from AND :to AND p.status = 'paid' AND p.granted_at IS NULL
   AND NOT COALESCE(p.currency = c.currency
                    AND (p.amount_cents = c.price_cents
                         OR (:accept_discounts AND p.amount_cents >= 0 AND p.amount_cents < c.price_cents)), FALSE)
 ORDER BY p.user_id, p.id;
