-- What students and administrators read of courses and enrollments, and the managing of courses
-- (src/enroll). That a course is open is judged by courses.is_open and nowhere else.

-- name: course_for_student :many
-- param user_id u64
-- param after_id u64
-- param limit_rows u64
-- column course_id u64
-- column title text
-- column description text null
-- column status text
-- column is_default_unlocked bool
-- column is_public bool
-- column price_cents u64
-- column currency text
-- column enrollment_status text null
-- column progress f64 null
-- column request_id u64 null
-- column has_approved bool
-- Every open course, as it stands for one student. What was decided last holds.
SELECT c.id AS course_id, c.title, c.description, LOWER(c.status) AS status, c.is_default_unlocked, c.is_public,
       c.price_cents, c.currency, e.status AS enrollment_status, e.progress, r.id AS request_id,
       COALESCE((SELECT d.decision FROM access_decisions AS d WHERE d.student_id = :user_id AND d.course_id = c.id
                  ORDER BY d.request_id DESC LIMIT 1) = 'approved', FALSE) AS has_approved
  FROM courses AS c
  LEFT JOIN enrollments AS e ON e.user_id = :user_id AND e.course_id = c.id
  LEFT JOIN access_requests AS r ON r.student_id = :user_id AND r.course_id = c.id AND r.is_pending = 1
 WHERE c.is_open = 1 AND c.id > :after_id
 ORDER BY c.id
 LIMIT :limit_rows;

-- name: course_enrolled :many
-- param user_id u64
-- param after_id u64
-- param limit_rows u64
-- column course_id u64
-- column title text
-- column description text null
-- column status text
-- column enrollment_status text
-- column progress f64
-- column source text
-- column enrolled_at time
-- column completed_at time null
-- column last_accessed_at time null
-- column chapters i64
-- column completed_chapters i64
-- The open courses that a student is enrolled in.
SELECT e.course_id, c.title, c.description, LOWER(c.status) AS status, e.status AS enrollment_status, e.progress,
       e.source, e.enrolled_at, e.completed_at, s.last_accessed_at,
       (SELECT COUNT(*) FROM chapters AS h WHERE h.course_id = e.course_id) AS chapters,
       (SELECT COUNT(*) FROM chapters AS h
          STRAIGHT_JOIN chapter_completions AS d ON d.user_id = :user_id AND d.chapter_id = h.id
         WHERE h.course_id = e.course_id) AS completed_chapters
  FROM enrollments AS e
  STRAIGHT_JOIN courses AS c ON c.id = e.course_id
  LEFT JOIN student_progress AS s ON s.student_id = e.user_id AND s.course_id = e.course_id
 WHERE e.user_id = :user_id AND e.course_id > :after_id AND e.status IN ('active', 'completed') AND c.is_open = 1
 ORDER BY e.course_id
 LIMIT :limit_rows;

-- name: course_chapters_of :many
-- param user_id u64
-- param from_id u64
-- param to_id u64
-- column course_id u64
-- column chapter_id u64
-- column title text
-- column position u64
-- column completed_at time null
-- The chapters of the open courses, within a range of ids, that a student is enrolled in.
SELECT e.course_id, h.id AS chapter_id, h.title, h.position, d.completed_at
  FROM enrollments AS e
  STRAIGHT_JOIN courses AS c ON c.id = e.course_id
  STRAIGHT_JOIN chapters AS h ON h.course_id = e.course_id
  LEFT JOIN chapter_completions AS d ON d.user_id = e.user_id AND d.chapter_id = h.id
 WHERE e.user_id = :user_id AND e.course_id BETWEEN :from_id AND :to_id
   AND e.status IN ('active', 'completed') AND c.is_open = 1
 ORDER BY e.course_id, h.position, h.id;

-- name: course_stats :one
-- param user_id u64
-- column enrolled i64
-- column completed i64
-- column in_progress i64
-- column average_progress f64
-- column pending i64
SELECT COUNT(*) AS enrolled, COALESCE(SUM(e.status = 'completed'), 0) AS completed,
       COALESCE(SUM(e.status = 'active' AND e.progress > 0), 0) AS in_progress,
       COALESCE(ROUND(AVG(e.progress), 2), 0) AS average_progress,
       (SELECT COUNT(*) FROM access_requests AS r
         WHERE r.student_id = :user_id AND r.is_pending = 1) AS pending
  FROM enrollments AS e
  STRAIGHT_JOIN courses AS c ON c.id = e.course_id
 WHERE e.user_id = :user_id AND e.status IN ('active', 'completed') AND c.is_open = 1;

-- name: course_requests_of :many
-- param user_id u64
-- column request_id u64
-- column course_id u64
-- column title text
-- column status text
-- column reason text null
-- column requested_at time
-- column decided_at time null
-- column note text null
-- A student's requests, pending and decided, newest first.
SELECT r.id AS request_id, r.course_id, c.title, r.status, r.reason, r.requested_at, NULL AS decided_at, NULL AS note
  FROM access_requests AS r
  STRAIGHT_JOIN courses AS c ON c.id = r.course_id
 WHERE r.student_id = :user_id
 UNION ALL
SELECT d.request_id, d.course_id, c.title, d.decision AS status, d.reason, d.requested_at, d.decided_at, d.note
  FROM access_decisions AS d
  STRAIGHT_JOIN courses AS c ON c.id = d.course_id
 WHERE d.student_id = :user_id
 ORDER BY request_id DESC;

-- name: course_requests_pending :many
-- param after_id u64
-- param limit_rows u64
-- column request_id u64
-- column student_id u64
-- column username text null
-- column display_name text null
-- column course_id u64
-- column title text null
-- column reason text null
-- column requested_at time
-- column is_due bool
-- Everybody's pending requests, in order of id. is_due is false of one that should not be pending any more.
SELECT r.id AS request_id, r.student_id, u.username, u.display_name, r.course_id, c.title, r.reason, r.requested_at,
       u.id IS NOT NULL AND c.id IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM enrollments AS e WHERE e.user_id = r.student_id AND e.course_id = r.course_id
                            AND e.status IN ('active', 'completed')) AS is_due
  FROM access_requests AS r
  LEFT JOIN users AS u ON u.id = r.student_id
  LEFT JOIN courses AS c ON c.id = r.course_id
 WHERE r.is_pending = 1 AND r.id > :after_id AND u.deleted_at IS NULL
 ORDER BY r.id
 LIMIT :limit_rows;

-- name: course_students :many
-- param user_keys text -- JSON: [7, 9, …]
-- column user_id u64
-- column username text null
-- column display_name text null
-- column tokens i64
-- column created_at time
-- column enrolled i64
-- column completed i64
-- column average_progress f64
-- column pending i64
-- A page of students with their counts, in the order given. The page is picked first, so that what it costs depends on
-- its length and not on how many students there are. Each student's enrollments are gone through once, in the order of
-- their key: three figures leave that subquery as one text, because grouping the page instead would write a
-- temporary table, which costs nearly twice as much.
SELECT p.user_id, p.username, p.display_name, p.tokens, p.created_at,
       CAST(SUBSTRING_INDEX(p.counts, ' ', 1) AS SIGNED) AS enrolled,
       CAST(SUBSTRING_INDEX(SUBSTRING_INDEX(p.counts, ' ', 2), ' ', -1) AS SIGNED) AS completed,
       CAST(SUBSTRING_INDEX(p.counts, ' ', -1) AS DOUBLE) AS average_progress, COALESCE(p.pending, 0) AS pending
  FROM (SELECT w.at, u.id AS user_id, u.username, u.display_name, u.tokens, u.created_at,
               (SELECT CONCAT_WS(' ', COUNT(*), COALESCE(SUM(e.status = 'completed'), 0),
                                 COALESCE(ROUND(AVG(e.progress), 2), 0))
                  FROM enrollments AS e FORCE INDEX (PRIMARY)
                  STRAIGHT_JOIN courses AS c ON c.id = e.course_id AND c.is_open = 1
                 WHERE e.user_id = u.id AND e.status IN ('active', 'completed')) AS counts,
               (SELECT COUNT(*) FROM access_requests AS r WHERE r.student_id = u.id AND r.is_pending = 1) AS pending
          FROM JSON_TABLE(:user_keys, '$[*]' COLUMNS (at FOR ORDINALITY, user_id BIGINT UNSIGNED PATH '$')) AS w
          STRAIGHT_JOIN users AS u ON u.id = w.user_id) AS p
 ORDER BY p.at;

-- name: course_students_between :many
-- param after_id u64
-- param to_id u64
-- param limit_rows u64
-- column user_id u64
SELECT u.id AS user_id
  FROM users AS u FORCE INDEX (users_students)
 WHERE u.role = 'student' AND u.is_anonymous = FALSE AND u.id > :after_id AND u.id <= :to_id AND u.deleted_at IS NULL
   AND u.merged_into IS NULL
 ORDER BY u.id
 LIMIT :limit_rows;

-- name: course_students_named :many
-- param pattern text -- for LIKE; its only wildcard is the % at its end
-- param after_name text
-- param after_id u64
-- param limit_rows u64
-- column user_id u64
-- By display name. Whose id begins so is left out: course_students_between has found them.
SELECT u.id AS user_id
  FROM users AS u FORCE INDEX (users_students_named)
 WHERE u.role = 'student' AND u.is_anonymous = FALSE AND u.display_name LIKE :pattern
   AND u.display_name >= :after_name AND (u.display_name > :after_name OR u.id > :after_id)
   AND CAST(u.id AS CHAR) NOT LIKE :pattern AND u.deleted_at IS NULL AND u.merged_into IS NULL
 ORDER BY u.display_name, u.id
 LIMIT :limit_rows;

-- name: course_students_signing_in :many
-- param pattern text -- as above
-- param after_name text
-- param limit_rows u64
-- column user_id u64
-- By username, an e-mail address for example, as it was typed or in lower case. Whose id or display name begins so is
-- left out: they have been found.
SELECT u.id AS user_id
  FROM users AS u FORCE INDEX (users_username)
 WHERE (u.username LIKE :pattern OR u.username LIKE LOWER(:pattern)) AND u.username > :after_name
   AND u.role = 'student' AND u.is_anonymous = FALSE AND CAST(u.id AS CHAR) NOT LIKE :pattern
   AND COALESCE(u.display_name LIKE :pattern, 0) = 0 AND u.deleted_at IS NULL AND u.merged_into IS NULL
 ORDER BY u.username
 LIMIT :limit_rows;

-- name: course_student_names :one
-- param user_id u64
-- param pattern text
-- column username text null
-- column display_name text null
-- column is_named bool
-- is_named: course_students_named has found them.
SELECT u.username, u.display_name, COALESCE(u.display_name LIKE :pattern, 0) = 1 AS is_named
  FROM users AS u
 WHERE u.id = :user_id;

-- name: course_student :one
-- param user_id u64
-- column username text null
-- column display_name text null
-- column role text
-- column tokens i64
-- column revision u64
-- column created_at time
SELECT u.username, u.display_name, u.role, u.tokens, u.revision, u.created_at
  FROM users AS u
 WHERE u.id = :user_id AND u.deleted_at IS NULL AND u.merged_into IS NULL;

-- name: course_state_of :many
-- param user_id u64
-- column course_id u64
-- column title text
-- column status text
-- column is_open bool null
-- column enrollment_status text null
-- column progress f64 null
-- column source text null
-- column enrolled_at time null
-- column completed_at time null
-- column legacy_progress f64 null
-- column request_id u64 null
-- column decision text null
-- Whatever there is between a student and any course.
SELECT c.id AS course_id, c.title, LOWER(c.status) AS status, c.is_open, e.status AS enrollment_status, e.progress,
       e.source, e.enrolled_at, e.completed_at, s.total_progress AS legacy_progress, r.id AS request_id,
       (SELECT d.decision FROM access_decisions AS d WHERE d.student_id = :user_id AND d.course_id = c.id
         ORDER BY d.request_id DESC LIMIT 1) AS decision
  FROM (SELECT course_id FROM enrollments WHERE user_id = :user_id
         UNION SELECT course_id FROM student_progress WHERE student_id = :user_id
         UNION SELECT course_id FROM access_requests WHERE student_id = :user_id
         UNION SELECT course_id FROM access_decisions WHERE student_id = :user_id) AS k
  STRAIGHT_JOIN courses AS c FORCE INDEX (PRIMARY) ON c.id = k.course_id
  LEFT JOIN enrollments AS e ON e.user_id = :user_id AND e.course_id = c.id
  LEFT JOIN student_progress AS s ON s.student_id = :user_id AND s.course_id = c.id
  LEFT JOIN access_requests AS r ON r.student_id = :user_id AND r.course_id = c.id AND r.is_pending = 1
 ORDER BY c.id;

-- name: course_list :many
-- param after_id u64
-- param limit_rows u64
-- column course_id u64
-- column title text
-- column description text null
-- column status text
-- column is_default_unlocked bool
-- column is_public bool
-- column price_cents u64
-- column currency text
-- column created_at time
-- column chapters i64
-- column enrolled i64
-- Every course, in order of id; counts come from their keys alone.
SELECT c.id AS course_id, c.title, c.description, LOWER(c.status) AS status, c.is_default_unlocked, c.is_public,
       c.price_cents, c.currency, c.created_at,
       (SELECT COUNT(*) FROM chapters AS h WHERE h.course_id = c.id) AS chapters,
       (SELECT COUNT(*) FROM enrollments AS e
         WHERE e.course_id = c.id AND e.status IN ('active', 'completed')) AS enrolled
  FROM courses AS c FORCE INDEX (PRIMARY)
 WHERE c.id > :after_id
 ORDER BY c.id
 LIMIT :limit_rows;

-- name: course_insert :exec
-- param title text
-- param description text null
-- param status text
-- param is_default_unlocked bool
-- param is_public bool
-- param price_cents u64
-- param currency text
INSERT INTO courses (title, description, status, is_default_unlocked, is_public, price_cents, currency)
VALUES (:title, :description, LOWER(:status), :is_default_unlocked, :is_public, :price_cents, LOWER(:currency));

-- name: course_update :exec
-- param course_id u64
-- param title text
-- param description text null
-- param status text
-- param is_default_unlocked bool
-- param is_public bool
-- param price_cents u64
-- param currency text
UPDATE courses
   SET title = :title, description = :description, status = LOWER(:status),
       is_default_unlocked = :is_default_unlocked, is_public = :is_public, price_cents = :price_cents,
       currency = LOWER(:currency)
 WHERE id = :course_id;

-- name: course_lock :one
-- param course_id u64
-- column title text
-- column description text null
-- column status text
-- column is_default_unlocked bool
-- column is_public bool
-- column price_cents u64
-- column currency text
SELECT c.title, c.description, LOWER(c.status) AS status, c.is_default_unlocked, c.is_public, c.price_cents, c.currency
  FROM courses AS c
 WHERE c.id = :course_id
   FOR UPDATE;

-- name: course_publish :exec
-- What everybody reads has changed.
UPDATE shared_version SET version = version + 1 WHERE id = 1;

-- name: course_chapters :many
-- param course_id u64
-- column chapter_id u64
-- column title text
-- column position u64
SELECT h.id AS chapter_id, h.title, h.position
  FROM chapters AS h
 WHERE h.course_id = :course_id
 ORDER BY h.position, h.id;

-- name: course_chapter_lock :one
-- param chapter_id u64
-- column course_id u64
-- column title text
-- column position u64
SELECT h.course_id, h.title, h.position FROM chapters AS h WHERE h.id = :chapter_id FOR UPDATE;

-- name: course_chapter_is_there :one
-- param chapter_id u64
-- column chapter_id u64
SELECT h.id AS chapter_id FROM chapters AS h WHERE h.id = :chapter_id;

-- name: course_chapter_insert :exec
-- param course_id u64
-- param title text
-- param position u64
INSERT INTO chapters (course_id, title, position) VALUES (:course_id, :title, :position);

-- name: course_chapter_update :exec
-- param chapter_id u64
-- param title text
-- param position u64
UPDATE chapters SET title = :title, position = :position WHERE id = :chapter_id;

-- name: course_learners :many
-- param course_id u64
-- param limit_rows u64
-- column user_id u64
-- Some of the learners who have anything to do with a course. (Deleted and merged ones have lost their say: what
-- is left of them goes with the course itself.)
SELECT u.id AS user_id
  FROM ((SELECT e.user_id FROM enrollments AS e WHERE e.course_id = :course_id LIMIT :limit_rows)
         UNION (SELECT s.student_id FROM student_progress AS s WHERE s.course_id = :course_id LIMIT :limit_rows)
         UNION (SELECT r.student_id FROM access_requests AS r WHERE r.course_id = :course_id LIMIT :limit_rows)
         UNION (SELECT d.student_id FROM access_decisions AS d WHERE d.course_id = :course_id LIMIT :limit_rows)
         UNION (SELECT p.user_id FROM chapters AS h
                  STRAIGHT_JOIN chapter_completions AS p ON p.chapter_id = h.id
                 WHERE h.course_id = :course_id LIMIT :limit_rows)) AS k
  STRAIGHT_JOIN users AS u FORCE INDEX (PRIMARY) ON u.id = k.user_id
 WHERE u.deleted_at IS NULL AND u.merged_into IS NULL
 ORDER BY u.id
 LIMIT :limit_rows;

-- name: course_chapter_learners :many
-- param chapter_id u64
-- param limit_rows u64
-- column user_id u64
SELECT u.id AS user_id
  FROM chapter_completions AS p
  STRAIGHT_JOIN users AS u ON u.id = p.user_id
 WHERE p.chapter_id = :chapter_id AND u.deleted_at IS NULL AND u.merged_into IS NULL
 LIMIT :limit_rows;

-- name: course_close :exec
-- param course_id u64
UPDATE courses SET status = 'archived' WHERE id = :course_id;

-- name: course_remove_enrollments :exec
-- param course_id u64
-- param user_id u64
DELETE FROM enrollments WHERE course_id = :course_id AND user_id IN ([[:user_id]]);

-- name: course_remove_legacy :exec
-- param course_id u64
-- param user_id u64
DELETE FROM student_progress WHERE course_id = :course_id AND student_id IN ([[:user_id]]);

-- name: course_remove_requests :exec
-- param course_id u64
-- param user_id u64
DELETE FROM access_requests WHERE course_id = :course_id AND student_id IN ([[:user_id]]);

-- name: course_remove_decisions :exec
-- param course_id u64
-- param user_id u64
DELETE FROM access_decisions WHERE course_id = :course_id AND student_id IN ([[:user_id]]);

-- name: course_remove_completions :exec
-- param course_id u64
-- param user_id u64
DELETE FROM chapter_completions
 WHERE user_id IN ([[:user_id]]) AND chapter_id IN (SELECT h.id FROM chapters AS h WHERE h.course_id = :course_id);

-- name: course_remove_chapter_completions :exec
-- param chapter_id u64
-- param user_id u64
DELETE FROM chapter_completions WHERE chapter_id = :chapter_id AND user_id IN ([[:user_id]]);

-- name: course_remove :exec
-- param course_id u64
DELETE FROM courses WHERE id = :course_id;

-- name: course_remove_chapter :exec
-- param chapter_id u64
DELETE FROM chapters WHERE id = :chapter_id;

-- name: course_changes_since :many
-- param user_id u64
-- param since u64
-- param limit_rows u64
-- column revision u64
-- column kind text
-- column created_at time
-- column changes text
SELECT l.revision, l.kind, l.created_at, l.changes
  FROM ledger AS l
 WHERE l.user_id = :user_id AND l.revision > :since
 ORDER BY l.revision
 LIMIT :limit_rows;
