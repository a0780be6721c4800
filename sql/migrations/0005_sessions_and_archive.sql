-- What clients keep offline: sessions and the progress through stitches; and the attempts of long ago.

-- Attempts that are older than `retention.attempts_days`, as they stood. Everything that proves something
-- by attempts reads both tables; what statistics need of them was rolled up in daily_totals when they were made.
CREATE TABLE attempts_archive (
  id BIGINT UNSIGNED NOT NULL,
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
  KEY attempts_archive_user_time (user_id, created_at),
  CONSTRAINT attempts_archive_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- A session that a learner completed. Its id is the client's, or made where the client has none.
CREATE TABLE session_results (
  user_id BIGINT UNSIGNED NOT NULL,
  id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  thread_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  stitch_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  total_questions BIGINT UNSIGNED NOT NULL DEFAULT 0,
  correct_answers BIGINT UNSIGNED NOT NULL DEFAULT 0,
  total_points BIGINT UNSIGNED NOT NULL DEFAULT 0,
  accuracy DECIMAL(5, 2) NOT NULL DEFAULT 0,
  blink_speed DOUBLE NULL,
  results LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  practised_on DATE NOT NULL,
  completed_at DATETIME(3) NOT NULL,
  revision BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (user_id, id),
  KEY session_results_recent (user_id, completed_at, id),
  CONSTRAINT session_results_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT session_results_correct CHECK (correct_answers <= total_questions),
  CONSTRAINT session_results_json CHECK (results IS NULL OR JSON_VALID(results))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- How far a learner is with a stitch. last_attempted is the client's clock, bounded; revision is the learner's
-- when the row last changed.
CREATE TABLE user_stitch_progress (
  user_id BIGINT UNSIGNED NOT NULL,
  thread_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  stitch_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  order_number INT NOT NULL DEFAULT 0,
  skip_number INT NOT NULL DEFAULT 5,
  distractor_level VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'L1',
  is_completed BOOLEAN NOT NULL DEFAULT FALSE,
  last_attempted DATETIME(3) NOT NULL,
  updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  revision BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (user_id, thread_id, stitch_id),
  KEY user_stitch_progress_revision (user_id, revision),
  CONSTRAINT user_stitch_progress_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The mutationIds of items that were applied, with the digest of their content: the same again is a duplicate
-- however much has happened since. Kept for longer than an item may be held back offline.
CREATE TABLE stitch_mutations (
  user_id BIGINT UNSIGNED NOT NULL,
  mutation_id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  content_hash BINARY(32) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (user_id, mutation_id),
  KEY stitch_mutations_time (created_at),
  CONSTRAINT stitch_mutations_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Items of offline clients that could not be taken, as they came: somebody may look into them. The same item
-- again is the same row.
CREATE TABLE sync_rejects (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  user_id BIGINT UNSIGNED NOT NULL,
  item LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  item_hash BINARY(32) NOT NULL,
  reason VARCHAR(500) NOT NULL,
  created_at DATETIME(3) NOT NULL,
  resolved_at DATETIME(3) NULL,
  resolved_by VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (id),
  UNIQUE KEY one_row_per_item (user_id, item_hash),
  KEY sync_rejects_open (resolved_at, id),
  CONSTRAINT sync_rejects_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
