-- What the consistency engine finds and repairs, and the work that administrators schedule.
--
-- Values of rows are kept as text, as the database writes them: an image restores what stood there
-- byte for byte.

-- One pass over learners: what the rules, or the audit, found. Validated passes are the history of the score.
CREATE TABLE passes (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  kind ENUM('validate', 'audit', 'sample') NOT NULL,
  state ENUM('running', 'done', 'failed') NOT NULL DEFAULT 'running',
  job_id BIGINT UNSIGNED NULL,
  learners BIGINT UNSIGNED NOT NULL DEFAULT 0,
  learners_in_breach BIGINT UNSIGNED NOT NULL DEFAULT 0,
  score DOUBLE NULL,
  started_at DATETIME(3) NOT NULL,
  finished_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY one_pass_per_job (job_id),
  KEY passes_kind (kind, state, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE rule_results (
  pass_id BIGINT UNSIGNED NOT NULL,
  rule VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  severity ENUM('info', 'warning', 'critical') NOT NULL,
  breaches BIGINT UNSIGNED NOT NULL DEFAULT 0,
  paused BIGINT UNSIGNED NOT NULL DEFAULT 0,
  learners BIGINT UNSIGNED NOT NULL DEFAULT 0,
  cost_us BIGINT UNSIGNED NOT NULL DEFAULT 0,
  sample LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (pass_id, rule),
  CONSTRAINT rule_results_pass FOREIGN KEY (pass_id) REFERENCES passes (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The learners whose columns and document differ, as of an audit. `place`: largest token difference
-- first, from 1; given when the pass ends.
CREATE TABLE audit_results (
  pass_id BIGINT UNSIGNED NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  place BIGINT UNSIGNED NULL,
  username VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  table_tokens BIGINT NOT NULL,
  table_questions BIGINT NOT NULL,
  table_correct BIGINT NOT NULL,
  json_tokens BIGINT NOT NULL,
  json_questions BIGINT NOT NULL,
  json_correct BIGINT NOT NULL,
  has_document BOOLEAN NOT NULL,
  PRIMARY KEY (pass_id, user_id),
  KEY audit_results_place (pass_id, place),
  KEY audit_results_user (user_id),
  CONSTRAINT audit_results_pass FOREIGN KEY (pass_id) REFERENCES passes (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- A repair, a plan for one (planned: it may be applied), or the undoing of one. images_removed_at: its
-- rows were pruned, or are being pruned, so that it can neither be applied nor rolled back any more.
CREATE TABLE repair_runs (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  kind ENUM('repair', 'rollback') NOT NULL DEFAULT 'repair',
  state ENUM('planning', 'planned', 'running', 'done', 'stopped', 'failed', 'cancelled') NOT NULL,
  dry_run BOOLEAN NOT NULL DEFAULT FALSE,
  actor VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  rules TEXT CHARACTER SET ascii COLLATE ascii_bin NULL,
  authority ENUM('modules', 'columns') NOT NULL DEFAULT 'modules',
  from_user BIGINT UNSIGNED NOT NULL,
  to_user BIGINT UNSIGNED NOT NULL,
  confirm_over_limit BOOLEAN NOT NULL DEFAULT FALSE,
  rolls_back BIGINT UNSIGNED NULL,
  job_id BIGINT UNSIGNED NULL,
  learners_in_scope BIGINT UNSIGNED NOT NULL DEFAULT 0,
  digest CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  learners BIGINT UNSIGNED NOT NULL DEFAULT 0,
  learners_changed BIGINT UNSIGNED NOT NULL DEFAULT 0,
  error TEXT NULL,
  started_at DATETIME(3) NOT NULL,
  finished_at DATETIME(3) NULL,
  images_removed_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY one_run_per_job (job_id),
  KEY repair_runs_rolls_back (rolls_back)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- A run's figures, rule by rule: rows of tables, not columns. `found` before anything is written.
CREATE TABLE repair_counts (
  run_id BIGINT UNSIGNED NOT NULL,
  rule VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  found BIGINT UNSIGNED NOT NULL DEFAULT 0,
  changed BIGINT UNSIGNED NOT NULL DEFAULT 0,
  moved BIGINT UNSIGNED NOT NULL DEFAULT 0,
  paused BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (run_id, rule),
  CONSTRAINT repair_counts_run FOREIGN KEY (run_id) REFERENCES repair_runs (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Before and after of every column that a run touches. `step` counts the writing: a rule's rows are one
-- step, and what a later rule writes is a later one; `id` orders a learner's rows (no AUTO_INCREMENT,
-- whose lock would make ranges wait for each other while rules are asked). `planned`: not written yet.
-- `moved`: not written, because the row held something else by then; changed_by says what changed it.
-- base_revision is the learner's when the row was found.
CREATE TABLE repair_rows (
  run_id BIGINT UNSIGNED NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  id BIGINT UNSIGNED NOT NULL,
  step SMALLINT UNSIGNED NOT NULL,
  rule VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  table_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  row_key VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  action ENUM('set', 'insert', 'delete') NOT NULL,
  column_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  before_value LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  after_value LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  base_revision BIGINT UNSIGNED NULL,
  state ENUM('planned', 'done', 'moved') NOT NULL,
  changed_by VARCHAR(190) NULL,
  PRIMARY KEY (run_id, user_id, id),
  KEY repair_rows_user (user_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Rows that a repair deleted, whole: a JSON object of the columns as text.
CREATE TABLE quarantine (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  run_id BIGINT UNSIGNED NOT NULL,
  rule VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  table_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  row_key VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  row_data LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  created_at DATETIME(3) NOT NULL,
  restored_at DATETIME(3) NULL,
  PRIMARY KEY (id),
  KEY quarantine_run (run_id, user_id),
  KEY quarantine_user (user_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- What no repair touches until it is resumed: one row (after its rollback); a whole rule, where
-- user_id is 0 and table and key are empty; every rule, where the rule is *, too.
CREATE TABLE rule_pauses (
  rule VARCHAR(63) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
  table_name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  row_key VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  run_id BIGINT UNSIGNED NULL,
  actor VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  created_at DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  PRIMARY KEY (rule, user_id, table_name, row_key),
  KEY rule_pauses_run (run_id),
  KEY rule_pauses_user (user_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- One life of one thread that works on jobs. `beat` counts up while it lives; how long it has been
-- silent, others judge by their own clocks. The times are for people.
CREATE TABLE sync_workers (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  name VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  beat BIGINT UNSIGNED NOT NULL DEFAULT 0,
  started_at DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  beat_at DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Work. docs/jobs.md tells administrators how to use it; nothing but `kind` must be given.
CREATE TABLE sync_jobs (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  kind VARCHAR(64) NOT NULL,
  params LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  state ENUM('ready', 'running', 'done', 'failed', 'dead', 'cancelled') NOT NULL DEFAULT 'ready',
  priority TINYINT UNSIGNED NOT NULL DEFAULT 5,
  run_at DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  repeat_every_s INT NULL,
  repeat_daily_at TIME NULL,
  dedupe_key VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  active_key VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
    GENERATED ALWAYS AS (IF(state IN ('ready', 'running'), dedupe_key, NULL)) STORED,
  max_attempts INT UNSIGNED NOT NULL DEFAULT 5,
  cancel_requested BOOLEAN NOT NULL DEFAULT FALSE,
  attempts INT UNSIGNED NOT NULL DEFAULT 0,
  done_units BIGINT UNSIGNED NOT NULL DEFAULT 0,
  total_units BIGINT UNSIGNED NULL,
  done_expected_at DATETIME(3) NULL,
  report LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  error TEXT NULL,
  created_by VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  created_at DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  started_at DATETIME(3) NULL,
  finished_at DATETIME(3) NULL,
  schedule_id BIGINT UNSIGNED NULL,
  parent_id BIGINT UNSIGNED NULL,
  open_children INT UNSIGNED NOT NULL DEFAULT 0,
  is_split BOOLEAN NOT NULL DEFAULT FALSE,
  subject_id BIGINT UNSIGNED NULL,
  range_from BIGINT UNSIGNED NULL,
  range_to BIGINT UNSIGNED NULL,
  cursor_at BIGINT UNSIGNED NULL,
  worker_id BIGINT UNSIGNED NULL,
  claim_seq BIGINT UNSIGNED NOT NULL DEFAULT 0,
  hold_seq BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (id),
  UNIQUE KEY one_active_job_per_dedupe_key (active_key),
  KEY sync_jobs_due (state, priority, run_at),
  KEY sync_jobs_parent (parent_id),
  KEY sync_jobs_cancel (cancel_requested),
  KEY sync_jobs_finished (finished_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- What recurs. Each row is a schedule: at its time it brings about a job of its kind.
INSERT INTO sync_jobs (kind, run_at, repeat_every_s, repeat_daily_at, dedupe_key, created_by)
VALUES ('validate', DATE_ADD(UTC_TIMESTAMP(3), INTERVAL 5 MINUTE), 3600, NULL, 'schedule:validate', 'lockstep'),
       ('auto_fix', DATE_ADD(UTC_TIMESTAMP(3), INTERVAL 35 MINUTE), 3600, NULL, 'schedule:auto_fix', 'lockstep'),
       ('sample_drift', DATE_ADD(UTC_TIMESTAMP(3), INTERVAL 2 MINUTE), 300, NULL, 'schedule:sample_drift', 'lockstep'),
       ('refresh_percentiles', DATE_ADD(UTC_TIMESTAMP(3), INTERVAL 10 MINUTE), 900, NULL,
        'schedule:refresh_percentiles', 'lockstep'),
       ('audit', DATE_ADD(UTC_TIMESTAMP(3), INTERVAL 1 HOUR), NULL, '02:30:00', 'schedule:audit', 'lockstep'),
       ('prune', DATE_ADD(UTC_TIMESTAMP(3), INTERVAL 1 HOUR), NULL, '03:30:00', 'schedule:prune', 'lockstep');
