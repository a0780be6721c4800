-- What an administrator's dashboard shows, counted by a job from time to time: requests read it by key,
-- however many students and enrollments there are.

-- One row. version moves when a count finds other figures than the one before; as_of with every count. digest
-- is of the figures and of the courses below. figures: a JSON object (src/enroll/analytics.c has its fields).
CREATE TABLE analytics (
  id TINYINT UNSIGNED NOT NULL DEFAULT 1,
  version BIGINT UNSIGNED NOT NULL DEFAULT 0,
  digest BINARY(32) NULL,
  as_of DATETIME(3) NULL,
  figures LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (id),
  CONSTRAINT analytics_one_row CHECK (id = 1),
  CONSTRAINT analytics_json CHECK (figures IS NULL OR JSON_VALID(figures))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

INSERT INTO analytics (id) VALUES (1);

-- place: the course with most students first, from 1. No foreign key: a course may go between two counts,
-- and who reads joins it.
CREATE TABLE analytics_courses (
  place BIGINT UNSIGNED NOT NULL,
  course_id BIGINT UNSIGNED NOT NULL,
  active BIGINT UNSIGNED NOT NULL,
  completed BIGINT UNSIGNED NOT NULL,
  cancelled BIGINT UNSIGNED NOT NULL,
  average_progress DECIMAL(5, 2) NOT NULL,
  pending BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (place)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

INSERT INTO sync_jobs (kind, run_at, repeat_every_s, dedupe_key, created_by)
VALUES ('refresh_analytics', DATE_ADD(UTC_TIMESTAMP(3), INTERVAL 1 MINUTE), 900, 'schedule:refresh_analytics',
        'lockstep');
