-- Payments, subscriptions and the provider's events (src/enroll/payment*.c).

-- name: payment_event_find :one
-- param event_id text
-- column id u64
-- column outcome text
SELECT w.id, w.outcome FROM webhook_events AS w WHERE w.provider = 'stripe' AND w.event_id = :event_id;

-- name: payment_event_insert :exec
-- param event_id text
-- param type text
-- param subject text null
-- param user_id u64 null
-- param named_user_id u64 null
-- param customer_ref text null
-- param payload text
-- param created_at time
-- param received_at time
-- param processed_at time null
-- param outcome text
-- param error text null
INSERT INTO webhook_events (event_id, type, subject, user_id, named_user_id, customer_ref, payload, created_at,
                            received_at, processed_at, outcome, error)
VALUES (:event_id, :type, :subject, :user_id, :named_user_id, :customer_ref, :payload, :created_at,
        :received_at, :processed_at, :outcome, :error);

-- name: payment_event_replayed :exec
-- param id u64
-- param subject text null
-- param user_id u64 null
-- param processed_at time null
-- param outcome text
-- param error text null
UPDATE webhook_events
   SET subject = :subject, user_id = :user_id, processed_at = :processed_at, outcome = :outcome,
       error = :error, replays = replays + 1
 WHERE id = :id;

-- name: payment_event_claim :exec
-- param subject text
-- param user_id u64
-- It has come out whose it is, what these events tell of.
UPDATE webhook_events SET user_id = :user_id WHERE subject = :subject AND user_id IS NULL;

-- name: payment_event_erase :exec
-- param subject text
-- It has come out that they tell of a learner who was erased.
UPDATE webhook_events
   SET user_id = NULL, named_user_id = NULL, customer_ref = NULL, payload = '{}'
 WHERE subject = :subject;

-- name: payment_event_settle :exec
-- param subject text
-- param now time
-- What these events tell of lacks nothing any more.
UPDATE webhook_events
   SET processed_at = :now, outcome = 'applied', error = NULL
 WHERE subject = :subject AND outcome IN ('unassigned', 'unknown_learner', 'unknown_course');

-- name: payment_event_settle_amount :exec
-- param subject text
-- param amount_why text
-- What was paid is right now, or was given back. A mismatch of names is not settled by that.
UPDATE webhook_events
   SET outcome = 'applied', error = NULL
 WHERE subject = :subject AND outcome = 'mismatch' AND error = :amount_why;

-- name: payment_event_stored :one
-- param id u64
-- column id u64
-- column event_id text
-- column type text
-- column subject text null
-- column user_id u64 null
-- column payload text
-- column created_at time
-- column received_at time
-- column processed_at time null
-- column outcome text
-- column error text null
-- column replays u64
SELECT w.id, w.event_id, w.type, w.subject, w.user_id, w.payload, w.created_at, w.received_at, w.processed_at,
       w.outcome, w.error, w.replays
  FROM webhook_events AS w
 WHERE w.id = :id;

-- name: payment_event_ids :many
-- param before u64
-- param limit_rows u64
-- column id u64
-- Newest first.
SELECT w.id FROM webhook_events AS w WHERE w.id < :before ORDER BY w.id DESC LIMIT :limit_rows;

-- name: payment_event_ids_of :many
-- param outcome text
-- param before u64
-- param limit_rows u64
-- column id u64
-- The same, of some outcomes.
[[SELECT a.id FROM (SELECT w.id FROM webhook_events AS w FORCE INDEX (webhook_events_outcome)
                     WHERE w.outcome = :outcome AND w.id < :before ORDER BY w.id DESC LIMIT :limit_rows) AS a]]
 ORDER BY id DESC
 LIMIT :limit_rows;

-- name: payment_event_ids_of_subject :many
-- param subject text
-- param before u64
-- param limit_rows u64
-- column id u64
-- Of one payment or subscription.
SELECT w.id
  FROM webhook_events AS w FORCE INDEX (webhook_events_subject)
 WHERE w.subject = :subject AND w.id < :before
 ORDER BY w.id DESC
 LIMIT :limit_rows;

-- name: payment_event_ids_of_learner :many
-- param user_id u64
-- param before u64
-- param limit_rows u64
-- column id u64
SELECT w.id
  FROM webhook_events AS w FORCE INDEX (webhook_events_user)
 WHERE w.user_id = :user_id AND w.id < :before
 ORDER BY w.id DESC
 LIMIT :limit_rows;

-- name: payment_event_rows :many
-- param id u64
-- column id u64
-- column event_id text
-- column type text
-- column subject text null
-- column user_id u64 null
-- column created_at time
-- column received_at time
-- column processed_at time null
-- column outcome text
-- column error text null
-- column replays u64
-- Without what was received.
SELECT w.id, w.event_id, w.type, w.subject, w.user_id, w.created_at, w.received_at, w.processed_at, w.outcome,
       w.error, w.replays
  FROM webhook_events AS w
 WHERE w.id IN ([[:id]])
 ORDER BY w.id DESC;

-- name: payment_learner :one
-- param user_id u64
-- column id u64
-- column is_deleted bool
-- Whom an id means today.
SELECT COALESCE(u.merged_into, u.id) AS id, u.deleted_at IS NOT NULL AS is_deleted
  FROM users AS u
 WHERE u.id = :user_id;

-- name: payment_learner_lock :one
-- param user_id u64
-- column id u64
-- Of one who is there: nobody deletes them before the transaction has ended.
SELECT u.id FROM users AS u WHERE u.id = :user_id AND u.deleted_at IS NULL FOR UPDATE;

-- name: payment_owner :one
-- param ref text
-- column user_id u64 null
-- column is_erased bool
SELECT p.user_id, p.erased_at IS NOT NULL AS is_erased
  FROM payments AS p
 WHERE p.provider = 'stripe' AND p.provider_ref = :ref;

-- name: payment_open :exec
-- param ref text
-- Makes the row where there is none, and locks it: affected tells which.
INSERT INTO payments (provider_ref) VALUES (:ref) ON DUPLICATE KEY UPDATE id = id;

-- name: payment_lock :one
-- param ref text
-- column id u64
-- column user_id u64 null
-- column course_id u64 null
-- column amount_cents i64 null
-- column currency text null
-- column refunded_cents i64
-- column status text
-- column mismatch bool
-- column granted_at time null
-- column revoked_at time null
-- column erased_at time null
SELECT p.id, p.user_id, p.course_id, p.amount_cents, p.currency, p.refunded_cents, p.status, p.mismatch,
       p.granted_at, p.revoked_at, p.erased_at
  FROM payments AS p
 WHERE p.provider = 'stripe' AND p.provider_ref = :ref
   FOR UPDATE;

-- name: payment_write :exec
-- param id u64
-- param user_id u64 null
-- param course_id u64 null
-- param amount_cents i64 null
-- param currency text null
-- param refunded_cents i64
-- param status text
-- param mismatch bool
-- param granted_at time null
-- param revoked_at time null
-- param erased_at time null
UPDATE payments
   SET user_id = :user_id, course_id = :course_id, amount_cents = :amount_cents, currency = :currency,
       refunded_cents = :refunded_cents, status = :status, mismatch = :mismatch, granted_at = :granted_at,
       revoked_at = :revoked_at, erased_at = :erased_at
 WHERE id = :id;

-- name: payment_course :one
-- param course_id u64
-- column price_cents u64
-- column currency text
SELECT c.price_cents, c.currency FROM courses AS c WHERE c.id = :course_id;

-- name: payment_enrollment :one
-- param user_id u64
-- param course_id u64
-- param payment_id u64
-- column source text
-- column others u64
-- An enrollment, and how many other payments it rests on.
SELECT e.source,
       (SELECT COUNT(*)
          FROM payments AS p
         WHERE p.user_id = e.user_id AND p.course_id = e.course_id AND p.status = 'paid'
           AND p.granted_at IS NOT NULL AND p.id <> :payment_id) AS others
  FROM enrollments AS e
 WHERE e.user_id = :user_id AND e.course_id = :course_id AND e.status <> 'cancelled';

-- name: payment_subscription_owner :one
-- param ref text
-- column user_id u64 null
SELECT s.user_id FROM subscriptions AS s WHERE s.provider = 'stripe' AND s.provider_ref = :ref;

-- name: payment_customer_owner :many
-- param customer_ref text
-- column user_id u64
-- The learners of a customer; two when it is not clear whose it is.
SELECT p.user_id FROM profiles AS p WHERE p.stripe_customer_id = :customer_ref LIMIT 2;

-- name: payment_customer_lock :many
-- param customer_ref text
-- column user_id u64
-- The same, after whoever is just becoming that customer's learner.
SELECT p.user_id FROM profiles AS p WHERE p.stripe_customer_id = :customer_ref LIMIT 2 FOR UPDATE;

-- name: payment_subscription_adopt :exec
-- param user_id u64
-- param customer_ref text
-- It has come out whose customer it is.
UPDATE subscriptions SET user_id = :user_id WHERE customer_ref = :customer_ref AND user_id IS NULL;

-- name: payment_event_adopt :exec
-- param user_id u64
-- param customer_ref text
-- param now time
-- Events of subscriptions that were adopted so.
UPDATE subscriptions AS s
  JOIN webhook_events AS w ON w.subject = s.provider_ref
   SET w.user_id = :user_id, w.processed_at = :now, w.outcome = 'applied', w.error = NULL
 WHERE s.customer_ref = :customer_ref AND s.user_id = :user_id AND w.outcome = 'unassigned';

-- name: payment_subscription_open :exec
-- param ref text
INSERT INTO subscriptions (provider_ref) VALUES (:ref) ON DUPLICATE KEY UPDATE id = id;

-- name: payment_subscription_lock :one
-- param ref text
-- column id u64
-- column user_id u64 null
-- column customer_ref text null
-- column status text null
-- column as_of time null
SELECT s.id, s.user_id, s.customer_ref, s.status, s.as_of
  FROM subscriptions AS s
 WHERE s.provider = 'stripe' AND s.provider_ref = :ref
   FOR UPDATE;

-- name: payment_subscription_write :exec
-- param id u64
-- param user_id u64 null
-- param customer_ref text null
-- param status text null
-- param as_of time null
UPDATE subscriptions
   SET user_id = :user_id, customer_ref = :customer_ref, status = :status, as_of = :as_of
 WHERE id = :id;

-- name: payment_subscription_best :one
-- param user_id u64
-- column ref text
-- column status text null
-- column is_in_force bool
-- Of a learner's subscriptions, the one that counts: one in force before others, then the latest.
SELECT s.provider_ref AS ref, s.status, s.status IN ('active', 'trialing') AS is_in_force
  FROM subscriptions AS s
 WHERE s.user_id = :user_id AND s.status IS NOT NULL
 ORDER BY is_in_force DESC, s.as_of DESC, s.provider_ref DESC
 LIMIT 1;

-- name: payment_profile :one
-- param user_id u64
-- column subscription_id text null
-- column subscription_status text null
-- column is_subscribed bool
-- column customer_ref text null
SELECT p.subscription_id, p.subscription_status, p.is_subscribed, p.stripe_customer_id AS customer_ref
  FROM profiles AS p
 WHERE p.user_id = :user_id;

-- name: payment_profile_write :exec
-- param user_id u64
-- param subscription_id text null
-- param subscription_status text null
-- param is_subscribed bool
-- param customer_ref text null
INSERT INTO profiles (user_id, subscription_id, subscription_status, is_subscribed, stripe_customer_id)
VALUES (:user_id, :subscription_id, :subscription_status, :is_subscribed, :customer_ref)
    ON DUPLICATE KEY UPDATE subscription_id = VALUES(subscription_id),
                            subscription_status = VALUES(subscription_status),
                            is_subscribed = VALUES(is_subscribed),
                            stripe_customer_id = VALUES(stripe_customer_id);

-- name: payment_ids :many
-- param before u64
-- param limit_rows u64
-- column id u64
-- Newest first.
SELECT p.id FROM payments AS p WHERE p.id < :before ORDER BY p.id DESC LIMIT :limit_rows;

-- name: payment_id :one
-- param ref text
-- column id u64
SELECT p.id FROM payments AS p WHERE p.provider = 'stripe' AND p.provider_ref = :ref;

-- name: payment_ids_of_learner :many
-- param user_id u64
-- param course_id u64 null
-- param status text null
-- param mismatch bool
-- param before u64
-- param limit_rows u64
-- column id u64
-- The index is named here and below: by the newest first a server reads everything until it has enough.
SELECT p.id
  FROM payments AS p FORCE INDEX (payments_user)
 WHERE p.user_id = :user_id AND p.id < :before AND (:course_id IS NULL OR p.course_id = :course_id)
   AND (:status IS NULL OR p.status = :status) AND (NOT :mismatch OR p.mismatch = TRUE)
 ORDER BY p.id DESC
 LIMIT :limit_rows;

-- name: payment_ids_of_course :many
-- param course_id u64
-- param status text null
-- param mismatch bool
-- param before u64
-- param limit_rows u64
-- column id u64
SELECT p.id
  FROM payments AS p FORCE INDEX (payments_course)
 WHERE p.course_id = :course_id AND p.id < :before AND (:status IS NULL OR p.status = :status)
   AND (NOT :mismatch OR p.mismatch = TRUE)
 ORDER BY p.id DESC
 LIMIT :limit_rows;

-- name: payment_ids_of_status :many
-- param status text
-- param before u64
-- param limit_rows u64
-- column id u64
SELECT p.id
  FROM payments AS p FORCE INDEX (payments_status)
 WHERE p.status = :status AND p.id < :before
 ORDER BY p.id DESC
 LIMIT :limit_rows;

-- name: payment_ids_mismatched :many
-- param status text null
-- param before u64
-- param limit_rows u64
-- column id u64
-- Of those that are not what they should be.
SELECT p.id
  FROM payments AS p FORCE INDEX (payments_mismatch)
 WHERE p.mismatch = TRUE AND p.id < :before AND (:status IS NULL OR p.status = :status)
 ORDER BY p.id DESC
 LIMIT :limit_rows;

-- name: payment_rows :many
-- param id u64
-- column id u64
-- column provider text
-- column provider_ref text
-- column user_id u64 null
-- column course_id u64 null
-- column amount_cents i64 null
-- column currency text null
-- column refunded_cents i64
-- column status text
-- column mismatch bool
-- column granted_at time null
-- column revoked_at time null
-- column erased_at time null
-- column created_at time
-- column updated_at time
-- column course_title text null
-- column price_cents u64 null
-- column price_currency text null
SELECT p.id, p.provider, p.provider_ref, p.user_id, p.course_id, p.amount_cents, p.currency, p.refunded_cents,
       p.status, p.mismatch, p.granted_at, p.revoked_at, p.erased_at, p.created_at, p.updated_at,
       c.title AS course_title, c.price_cents, c.currency AS price_currency
  FROM payments AS p
  LEFT JOIN courses AS c ON c.id = p.course_id
 WHERE p.id IN ([[:id]])
 ORDER BY p.id DESC;
