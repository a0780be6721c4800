-- Events of the payment provider are found by whoever stands in them, and are not kept for good.

-- Whom an event's metadata names (named_user_id; no foreign key: a record) and the provider's name of the
-- customer: also where nobody could say whose it is, so that what is personal in it goes with the learner.
ALTER TABLE webhook_events
  ADD COLUMN named_user_id BIGINT UNSIGNED NULL AFTER user_id,
  ADD COLUMN customer_ref VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL AFTER named_user_id,
  ADD KEY webhook_events_named (named_user_id),
  ADD KEY webhook_events_customer (customer_ref),
  ADD KEY webhook_events_age (outcome, received_at);

UPDATE webhook_events
   SET customer_ref = LEFT(JSON_UNQUOTE(JSON_EXTRACT(payload, '$.data.object.customer')), 190)
 WHERE JSON_TYPE(JSON_EXTRACT(payload, '$.data.object.customer')) = 'STRING';

UPDATE webhook_events
   SET named_user_id = REPLACE(JSON_UNQUOTE(JSON_EXTRACT(payload, '$.data.object.metadata.userId')), 'user_', '')
 WHERE JSON_UNQUOTE(JSON_EXTRACT(payload, '$.data.object.metadata.userId')) REGEXP '^(user_)?[0-9]{1,18}$';

-- When the payment's learner was erased: what the provider still says of it is not kept as received.
ALTER TABLE payments
  ADD COLUMN erased_at DATETIME(3) NULL AFTER revoked_at,
  ADD KEY payments_status (status, id);

-- A customer's subscriptions that nobody could be found for, once it is known whose customer it is.
ALTER TABLE subscriptions ADD KEY subscriptions_customer (customer_ref);
