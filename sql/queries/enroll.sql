-- Who is enrolled in what (src/enroll/enroll.c): the writing, under the learner's lock.

-- name: enroll_look :one
-- param user_id u64
-- param course_id u64
-- column title text
-- column is_open bool null
-- column is_public bool
-- column price_cents u64
-- column status text null
-- column progress f64 null
-- column source text null
-- column legacy_progress f64 null
-- column legacy_chapters i64 null
-- column request_id u64 null
-- column chapters i64
-- column completed_chapters i64
-- The course as it stands for one learner. The lock keeps the course from being deleted meanwhile.
SELECT c.title, c.is_open, c.is_public, c.price_cents, e.status, e.progress, e.source,
       s.total_progress AS legacy_progress, s.completed_chapters AS legacy_chapters, r.id AS request_id,
       (SELECT COUNT(*) FROM chapters AS h WHERE h.course_id = c.id) AS chapters,
       (SELECT COUNT(*) FROM chapters AS h
          STRAIGHT_JOIN chapter_completions AS d ON d.user_id = :user_id AND d.chapter_id = h.id
         WHERE h.course_id = c.id) AS completed_chapters
  FROM courses AS c
  LEFT JOIN enrollments AS e ON e.user_id = :user_id AND e.course_id = c.id
  LEFT JOIN student_progress AS s ON s.student_id = :user_id AND s.course_id = c.id
  LEFT JOIN access_requests AS r ON r.student_id = :user_id AND r.course_id = c.id AND r.is_pending = 1
 WHERE c.id = :course_id
  LOCK IN SHARE MODE;

-- name: enroll_put :exec
-- param user_id u64
-- param course_id u64
-- param status text
-- param progress f64
-- param source text
-- param actor text
-- param now time
-- param completed_at time null
-- A new enrollment, or a cancelled one that stands again.
INSERT INTO enrollments (user_id, course_id, status, progress, source, actor, enrolled_at, completed_at)
VALUES (:user_id, :course_id, :status, :progress, :source, :actor, :now, :completed_at)
    ON DUPLICATE KEY UPDATE status = VALUES(status), progress = VALUES(progress), source = VALUES(source),
                            actor = VALUES(actor), enrolled_at = VALUES(enrolled_at),
                            completed_at = COALESCE(completed_at, VALUES(completed_at)), cancelled_at = NULL;

-- name: enroll_move :exec
-- param user_id u64
-- param course_id u64
-- param status text
-- param progress f64
-- param completed_at time null
-- The progress of an enrollment that stands.
UPDATE enrollments
   SET progress = :progress, status = :status, completed_at = COALESCE(completed_at, :completed_at)
 WHERE user_id = :user_id AND course_id = :course_id;

-- name: enroll_move_source :exec
-- param user_id u64
-- param course_id u64
-- param source text
UPDATE enrollments SET source = :source WHERE user_id = :user_id AND course_id = :course_id;

-- name: enroll_put_legacy :exec
-- param user_id u64
-- param course_id u64
-- param progress f64
-- param completed_chapters i64
-- param accessed_at time null
INSERT INTO student_progress (student_id, course_id, total_progress, completed_chapters, last_accessed_at)
VALUES (:user_id, :course_id, :progress, :completed_chapters, :accessed_at)
    ON DUPLICATE KEY UPDATE total_progress = VALUES(total_progress),
                            completed_chapters = GREATEST(completed_chapters, VALUES(completed_chapters)),
                            last_accessed_at = COALESCE(VALUES(last_accessed_at), last_accessed_at);

-- name: enroll_put_cancelled :exec
-- param user_id u64
-- param course_id u64
-- param progress f64
-- param actor text
-- param now time
-- The row stays, or comes to be where only the legacy table had one: it says that a person has decided.
INSERT INTO enrollments (user_id, course_id, status, progress, source, actor, enrolled_at, cancelled_at)
VALUES (:user_id, :course_id, 'cancelled', :progress, 'admin', :actor, :now, :now)
    ON DUPLICATE KEY UPDATE status = VALUES(status), progress = VALUES(progress), actor = VALUES(actor),
                            cancelled_at = VALUES(cancelled_at);

-- name: enroll_delete_legacy :exec
-- param user_id u64
-- param course_id u64
DELETE FROM student_progress WHERE student_id = :user_id AND course_id = :course_id;

-- name: enroll_delete_request :exec
-- param request_id u64
DELETE FROM access_requests WHERE id = :request_id;

-- name: enroll_chapter :one
-- param user_id u64
-- param chapter_id u64
-- column course_id u64
-- column is_complete bool
SELECT h.course_id,
       EXISTS (SELECT 1 FROM chapter_completions AS d
                WHERE d.user_id = :user_id AND d.chapter_id = h.id) AS is_complete
  FROM chapters AS h
 WHERE h.id = :chapter_id
  LOCK IN SHARE MODE;

-- name: enroll_complete_chapter :exec
-- param user_id u64
-- param chapter_id u64
-- param now time
INSERT INTO chapter_completions (user_id, chapter_id, completed_at) VALUES (:user_id, :chapter_id, :now);

-- name: enroll_verify :one
-- param user_id u64
-- param course_id u64
-- column enrolled_rows i64
-- How many of the two tables say, with one progress, that the learner is enrolled: 1 when both do.
SELECT COUNT(*) AS enrolled_rows
  FROM enrollments AS e
  JOIN student_progress AS s ON s.student_id = e.user_id AND s.course_id = e.course_id
 WHERE e.user_id = :user_id AND e.course_id = :course_id AND e.status IN ('active', 'completed')
   AND s.total_progress = e.progress;

-- name: enroll_request_of :one
-- param request_id u64
-- column student_id u64
-- column course_id u64
-- column status text
-- column reason text null
-- column requested_at time
SELECT r.student_id, r.course_id, r.status, r.reason, r.requested_at
  FROM access_requests AS r
 WHERE r.id = :request_id;

-- name: enroll_decision_of :one
-- param request_id u64
-- column student_id u64
-- column course_id u64
-- column decision text
-- column decided_at time
SELECT d.student_id, d.course_id, d.decision, d.decided_at
  FROM access_decisions AS d
 WHERE d.request_id = :request_id;

-- name: enroll_request :exec
-- param user_id u64
-- param course_id u64
-- param reason text null
-- param now time
INSERT INTO access_requests (student_id, course_id, reason, requested_at)
VALUES (:user_id, :course_id, :reason, :now);

-- name: enroll_decide :exec
-- param request_id u64
-- param decision text
-- param decided_by text
-- param now time
-- param note text null
-- A decision outlives the request that it was about.
INSERT INTO access_decisions (request_id, student_id, course_id, decision, reason, requested_at, decided_by,
                              decided_at, note)
SELECT r.id, r.student_id, r.course_id, :decision, r.reason, r.requested_at, :decided_by, :now, :note
  FROM access_requests AS r
 WHERE r.id = :request_id;
