-- Courses, who is enrolled in them, and who asks to be.
--
-- Progress is a DECIMAL: exact, so that two tables that keep the same figure can be compared.

-- status compares without regard to letter case, whatever old rows hold; is_open is the one place
-- where it is judged, and the keys carry that judgement.
CREATE TABLE courses (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  title VARCHAR(190) NOT NULL,
  description TEXT NULL,
  status VARCHAR(32) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL DEFAULT 'draft',
  is_open BOOLEAN GENERATED ALWAYS AS (status IN ('published', 'active')) STORED,
  is_default_unlocked BOOLEAN NOT NULL DEFAULT FALSE,
  is_public BOOLEAN NOT NULL DEFAULT FALSE,
  price_cents BIGINT UNSIGNED NOT NULL DEFAULT 0,
  currency CHAR(3) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL DEFAULT 'usd',
  created_at DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  KEY courses_open (is_open, id),
  KEY courses_default (is_default_unlocked, is_open, id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE chapters (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  course_id BIGINT UNSIGNED NOT NULL,
  position INT UNSIGNED NOT NULL DEFAULT 0,
  title VARCHAR(190) NOT NULL,
  PRIMARY KEY (id),
  KEY chapters_course (course_id, position, id),
  CONSTRAINT chapters_course FOREIGN KEY (course_id) REFERENCES courses (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE chapter_completions (
  user_id BIGINT UNSIGNED NOT NULL,
  chapter_id BIGINT UNSIGNED NOT NULL,
  completed_at DATETIME(3) NOT NULL,
  PRIMARY KEY (user_id, chapter_id),
  KEY chapter_completions_chapter (chapter_id),
  CONSTRAINT chapter_completions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT chapter_completions_chapter FOREIGN KEY (chapter_id) REFERENCES chapters (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- The source of truth. Unenrolling keeps the row as cancelled: it is what tells the rules that a person
-- has decided. `actor` is who brought the status about.
CREATE TABLE enrollments (
  user_id BIGINT UNSIGNED NOT NULL,
  course_id BIGINT UNSIGNED NOT NULL,
  status ENUM('active', 'completed', 'cancelled') NOT NULL DEFAULT 'active',
  progress DECIMAL(5, 2) NOT NULL DEFAULT 0,
  source ENUM('admin', 'payment', 'request', 'public', 'default') NOT NULL DEFAULT 'admin',
  actor VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  enrolled_at DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  completed_at DATETIME(3) NULL,
  cancelled_at DATETIME(3) NULL,
  PRIMARY KEY (user_id, course_id),
  KEY enrollments_course (course_id, status, user_id),
  CONSTRAINT enrollments_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT enrollments_course FOREIGN KEY (course_id) REFERENCES courses (id) ON DELETE CASCADE,
  CONSTRAINT enrollments_progress CHECK (progress >= 0 AND progress <= 100)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- What the older application reads. A row stands exactly where an enrollment does that is not cancelled.
CREATE TABLE student_progress (
  student_id BIGINT UNSIGNED NOT NULL,
  course_id BIGINT UNSIGNED NOT NULL,
  total_progress DECIMAL(5, 2) NOT NULL DEFAULT 0,
  completed_chapters INT UNSIGNED NOT NULL DEFAULT 0,
  last_accessed_at DATETIME(3) NULL,
  PRIMARY KEY (student_id, course_id),
  KEY student_progress_course (course_id),
  CONSTRAINT student_progress_student FOREIGN KEY (student_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT student_progress_course FOREIGN KEY (course_id) REFERENCES courses (id) ON DELETE CASCADE,
  CONSTRAINT student_progress_total CHECK (total_progress >= 0 AND total_progress <= 100)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Lockstep keeps only pending requests here; imported ones may be decided. is_pending is 1 or NULL, of which
-- a unique key allows any number. (It is made of status alone: a column that a foreign key cascades to
-- may not be the base of a stored column.)
CREATE TABLE access_requests (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  student_id BIGINT UNSIGNED NOT NULL,
  course_id BIGINT UNSIGNED NOT NULL,
  status ENUM('pending', 'approved', 'rejected') NOT NULL DEFAULT 'pending',
  is_pending BOOLEAN GENERATED ALWAYS AS (IF(status = 'pending', 1, NULL)) STORED,
  reason VARCHAR(2000) NULL,
  requested_at DATETIME(3) NOT NULL DEFAULT (UTC_TIMESTAMP(3)),
  PRIMARY KEY (id),
  UNIQUE KEY one_pending_request (student_id, course_id, is_pending),
  KEY access_requests_course (course_id),
  KEY access_requests_pending (is_pending, id),
  CONSTRAINT access_requests_student FOREIGN KEY (student_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT access_requests_course FOREIGN KEY (course_id) REFERENCES courses (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Requests that were decided: who, when, what, why. `note` is the decider's, `reason` the student's.
CREATE TABLE access_decisions (
  request_id BIGINT UNSIGNED NOT NULL,
  student_id BIGINT UNSIGNED NOT NULL,
  course_id BIGINT UNSIGNED NOT NULL,
  decision ENUM('approved', 'rejected') NOT NULL,
  reason VARCHAR(2000) NULL,
  requested_at DATETIME(3) NOT NULL,
  decided_by VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  decided_at DATETIME(3) NOT NULL,
  note VARCHAR(2000) NULL,
  PRIMARY KEY (request_id),
  KEY access_decisions_student (student_id, course_id),
  KEY access_decisions_course (course_id),
  CONSTRAINT access_decisions_student FOREIGN KEY (student_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT access_decisions_course FOREIGN KEY (course_id) REFERENCES courses (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Students in order of id, whatever the number of anonymous learners between them.
ALTER TABLE users ADD KEY users_students (role, is_anonymous, id);
