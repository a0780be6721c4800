-- People, the ledger, and what practice leaves behind.
--
-- Documents are LONGTEXT with JSON_VALID rather than JSON: MariaDB and MySQL then keep the very same
-- text, compare it exactly, and a before-image restores it byte for byte.

CREATE TABLE users (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  subject VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  username VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  display_name VARCHAR(190) NULL,
  role ENUM('student', 'admin', 'service') NOT NULL DEFAULT 'student',
  time_zone VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'UTC',
  is_anonymous BOOLEAN NOT NULL DEFAULT FALSE,
  merged_into BIGINT UNSIGNED NULL,
  deleted_at DATETIME(3) NULL,
  tokens BIGINT NOT NULL DEFAULT 0,
  questions_answered BIGINT NOT NULL DEFAULT 0,
  correct_answers BIGINT NOT NULL DEFAULT 0,
  hidden_grade_asset LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  revision BIGINT UNSIGNED NOT NULL DEFAULT 0,
  created_at DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY users_subject (subject),
  UNIQUE KEY users_username (username),
  KEY users_merged_into (merged_into),
  CONSTRAINT users_merged_into FOREIGN KEY (merged_into) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT users_document_is_json CHECK (hidden_grade_asset IS NULL OR JSON_VALID(hidden_grade_asset))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- One row for each learner transaction: history, idempotency record, resume log, proof of an
-- unknown COMMIT. user_id has no foreign key: the record outlives the learner.
CREATE TABLE ledger (
  user_id BIGINT UNSIGNED NOT NULL,
  revision BIGINT UNSIGNED NOT NULL,
  op_id VARCHAR(96) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  request_hash BINARY(32) NOT NULL,
  actor VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  changes LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  reply LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (user_id, revision),
  UNIQUE KEY ledger_operation (user_id, op_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE profiles (
  user_id BIGINT UNSIGNED NOT NULL,
  total_points BIGINT NOT NULL DEFAULT 0,
  avg_blink_speed DOUBLE NOT NULL DEFAULT 2.5,
  evolution_level INT NOT NULL DEFAULT 1,
  total_sessions BIGINT NOT NULL DEFAULT 0,
  current_streak INT NOT NULL DEFAULT 0,
  longest_streak INT NOT NULL DEFAULT 0,
  last_practice_date DATE NULL,
  last_session_at DATETIME(3) NULL,
  subscription_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  subscription_status VARCHAR(64) NULL,
  is_subscribed BOOLEAN NOT NULL DEFAULT FALSE,
  stripe_customer_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  created_at DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (user_id),
  CONSTRAINT profiles_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT profiles_streaks CHECK (current_streak >= 0 AND longest_streak >= current_streak)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Readers of the older application find the columns that they know.
CREATE VIEW user_profiles AS
  SELECT user_id AS id, user_id, current_streak, longest_streak, last_practice_date FROM profiles;

-- The learner's own calendar days; streaks and practice dates come from here.
CREATE TABLE practice_days (
  user_id BIGINT UNSIGNED NOT NULL,
  day DATE NOT NULL,
  activity VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  count INT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, day, activity),
  CONSTRAINT practice_days_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The roll-up that statistics read.
CREATE TABLE daily_totals (
  user_id BIGINT UNSIGNED NOT NULL,
  day DATE NOT NULL,
  module VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  questions BIGINT NOT NULL DEFAULT 0,
  correct BIGINT NOT NULL DEFAULT 0,
  tokens BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, day, module),
  CONSTRAINT daily_totals_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE modules (
  module_key VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  label VARCHAR(190) NOT NULL,
  goal_tokens BIGINT UNSIGNED NOT NULL DEFAULT 1000,
  position INT NOT NULL DEFAULT 0,
  PRIMARY KEY (module_key)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE exercises (
  exercise_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  module VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  answer_key VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  tokens BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (exercise_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE practice_sessions (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  user_id BIGINT UNSIGNED NOT NULL,
  started_at DATETIME(3) NOT NULL,
  ended_at DATETIME(3) NULL,
  total_exercises INT UNSIGNED NOT NULL DEFAULT 0,
  correct_answers INT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  KEY practice_sessions_user (user_id, started_at),
  CONSTRAINT practice_sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- practice_session_id has no foreign key: an attempt stands even when its session is pruned.
CREATE TABLE attempts (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  user_id BIGINT UNSIGNED NOT NULL,
  revision BIGINT UNSIGNED NOT NULL,
  exercise_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  module VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  is_correct BOOLEAN NOT NULL,
  user_answer TEXT NULL,
  tokens BIGINT NOT NULL DEFAULT 0,
  practised_on DATE NOT NULL,
  practice_session_id BIGINT UNSIGNED NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  KEY attempts_user_time (user_id, created_at),
  CONSTRAINT attempts_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- below: how many learners with at least one answer lie strictly under `value`.
CREATE TABLE percentile_bounds (
  metric ENUM('tokens', 'accuracy') NOT NULL,
  value DOUBLE NOT NULL,
  below BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (metric, value)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Moved by whatever the replies of many learners depend on. epoch moves when a backup is restored.
CREATE TABLE shared_version (
  id TINYINT UNSIGNED NOT NULL DEFAULT 1,
  version BIGINT UNSIGNED NOT NULL DEFAULT 1,
  epoch BIGINT UNSIGNED NOT NULL DEFAULT 1,
  percentile_learners BIGINT UNSIGNED NOT NULL DEFAULT 0,
  percentiles_as_of DATETIME(3) NULL,
  PRIMARY KEY (id),
  CONSTRAINT shared_version_one_row CHECK (id = 1)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

INSERT INTO shared_version (id) VALUES (1);
