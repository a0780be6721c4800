-- Payments, subscriptions, and the provider's events that tell of them.

-- A payment is one payment intent, whatever number of events tell of it and in whatever order. A row
-- is made by the first of them, so that later ones meet it: whose it is and what for may only be known
-- later. amount_cents is what the provider says was paid. granted_at: when it brought its one
-- enrollment about, which happens once; revoked_at: when a refund took it back. A payment outlives
-- learner and course.
CREATE TABLE payments (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  provider VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'stripe',
  provider_ref VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  user_id BIGINT UNSIGNED NULL,
  course_id BIGINT UNSIGNED NULL,
  amount_cents BIGINT NULL,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_general_ci NULL,
  refunded_cents BIGINT NOT NULL DEFAULT 0,
  status ENUM('pending', 'paid', 'failed', 'refunded') NOT NULL DEFAULT 'pending',
  mismatch BOOLEAN NOT NULL DEFAULT FALSE,
  granted_at DATETIME(3) NULL,
  revoked_at DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY one_payment_per_reference (provider, provider_ref),
  KEY payments_user (user_id, id),
  KEY payments_course (course_id),
  KEY payments_mismatch (mismatch, id),
  CONSTRAINT payments_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT payments_course FOREIGN KEY (course_id) REFERENCES courses (id) ON DELETE SET NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- What profiles say of subscriptions is derived from these. status is the provider's word, NULL while
-- only a checkout has named the subscription. as_of is the moment of the event that status came from.
CREATE TABLE subscriptions (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  provider VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'stripe',
  provider_ref VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  user_id BIGINT UNSIGNED NULL,
  customer_ref VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  as_of DATETIME(3) NULL,
  created_at DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY one_subscription_per_reference (provider, provider_ref),
  KEY subscriptions_user (user_id),
  CONSTRAINT subscriptions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Each event of the provider once, in the transaction of its effect. `subject` is the payment or
-- subscription that it tells of; user_id (no foreign key: a record) the learner. processed_at is NULL
-- where an event waits for somebody.
CREATE TABLE webhook_events (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  provider VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'stripe',
  event_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  type VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  subject VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  user_id BIGINT UNSIGNED NULL,
  payload LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  created_at DATETIME(3) NOT NULL,
  received_at DATETIME(3) NOT NULL,
  processed_at DATETIME(3) NULL,
  outcome ENUM('applied', 'unchanged', 'ignored', 'mismatch', 'unassigned', 'unknown_learner',
               'unknown_course', 'unreadable') NOT NULL,
  error VARCHAR(500) NULL,
  replays INT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  UNIQUE KEY one_row_per_event (provider, event_id),
  KEY webhook_events_outcome (outcome, id),
  KEY webhook_events_subject (subject),
  KEY webhook_events_user (user_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- A subscription that names no learner is found by its customer.
ALTER TABLE profiles ADD KEY profiles_stripe_customer (stripe_customer_id);
