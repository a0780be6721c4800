-- The figures of an administrator's dashboard (src/enroll/analytics.c). Counting reads whole tables, in one
-- snapshot, without locks and outside of any request; requests read what the last count kept.

-- name: analytics_look :one
-- column version u64
-- column as_of time null
-- column figures text null
-- column shared_version u64
-- column shared_epoch u64
SELECT a.version, a.as_of, a.figures, v.version AS shared_version, v.epoch AS shared_epoch
  FROM analytics AS a
  JOIN shared_version AS v ON v.id = 1
 WHERE a.id = 1;

-- name: analytics_page :many
-- param after_place u64
-- param limit_rows u64
-- column place u64
-- column course_id u64
-- column title text
-- column status text
-- column active u64
-- column completed u64
-- column cancelled u64
-- column average_progress f64
-- column pending u64
SELECT p.place, p.course_id, c.title, LOWER(c.status) AS status, p.active, p.completed, p.cancelled,
       p.average_progress, p.pending
  FROM analytics_courses AS p
  STRAIGHT_JOIN courses AS c ON c.id = p.course_id
 WHERE p.place > :after_place
 ORDER BY p.place
 LIMIT :limit_rows;

-- name: analytics_learners :one
-- param month_ago time
-- column students i64
-- column new_students i64
-- column anonymous i64
-- column tokens i64
-- column questions i64
-- column correct i64
-- scan: the count reads every learner, outside of any request
SELECT COALESCE(SUM(u.role = 'student' AND NOT u.is_anonymous), 0) AS students,
       COALESCE(SUM(u.role = 'student' AND NOT u.is_anonymous AND u.created_at >= :month_ago), 0) AS new_students,
       COALESCE(SUM(u.is_anonymous), 0) AS anonymous, COALESCE(SUM(u.tokens), 0) AS tokens,
       COALESCE(SUM(u.questions_answered), 0) AS questions, COALESCE(SUM(u.correct_answers), 0) AS correct
  FROM users AS u FORCE INDEX (PRIMARY)
 WHERE u.deleted_at IS NULL AND u.merged_into IS NULL;

-- name: analytics_active :one
-- param today day
-- column active_today i64
-- column active_week i64
-- column active_month i64
-- scan: the count reads every profile, outside of any request
-- Who has practised, by the last day that each has practised on, on the learner's own calendar.
SELECT COALESCE(SUM(p.last_practice_date >= :today), 0) AS active_today,
       COALESCE(SUM(p.last_practice_date >= DATE_SUB(:today, INTERVAL 6 DAY)), 0) AS active_week,
       COALESCE(SUM(p.last_practice_date >= DATE_SUB(:today, INTERVAL 29 DAY)), 0) AS active_month
  FROM profiles AS p FORCE INDEX (PRIMARY);

-- name: analytics_course_statuses :many
-- column status text
-- column courses i64
-- scan: the count reads every course, outside of any request
SELECT LOWER(c.status) AS status, COUNT(*) AS courses FROM courses AS c GROUP BY LOWER(c.status) ORDER BY LOWER(c.status);

-- name: analytics_sources :many
-- column source text
-- column active i64
-- column completed i64
-- column cancelled i64
-- column progress_sum f64
-- scan: the count reads every enrollment, outside of any request
SELECT e.source, COALESCE(SUM(e.status = 'active'), 0) AS active, COALESCE(SUM(e.status = 'completed'), 0) AS completed,
       COALESCE(SUM(e.status = 'cancelled'), 0) AS cancelled,
       COALESCE(SUM(IF(e.status = 'cancelled', 0, e.progress)), 0) AS progress_sum
  FROM enrollments AS e FORCE INDEX (PRIMARY)
 GROUP BY e.source
 ORDER BY e.source;

-- name: analytics_days :many
-- param since time
-- column day day
-- column enrolled i64
-- scan: the count reads every enrollment, outside of any request
-- How many were enrolled on each day (UTC); cancelled since or not.
SELECT DATE(e.enrolled_at) AS day, COUNT(*) AS enrolled
  FROM enrollments AS e FORCE INDEX (PRIMARY)
 WHERE e.enrolled_at >= :since
 GROUP BY DATE(e.enrolled_at)
 ORDER BY DATE(e.enrolled_at);

-- name: analytics_requests :one
-- column pending i64
-- column approved i64
-- column rejected i64
-- column oldest_pending time null
-- scan: the count reads every decision, outside of any request
SELECT (SELECT COUNT(*) FROM access_requests AS r WHERE r.is_pending = 1) AS pending,
       COALESCE(SUM(d.decision = 'approved'), 0) AS approved,
       COALESCE(SUM(d.decision = 'rejected'), 0) AS rejected,
       (SELECT MIN(o.requested_at) FROM access_requests AS o WHERE o.is_pending = 1) AS oldest_pending
  FROM access_decisions AS d;

-- name: analytics_payments :many
-- column status text
-- column currency text
-- column payments i64
-- column amount i64
-- column refunded i64
-- column mismatched i64
-- scan: the count reads every payment, outside of any request
SELECT k.status, k.currency, COUNT(*) AS payments, COALESCE(SUM(k.amount_cents), 0) AS amount,
       COALESCE(SUM(k.refunded_cents), 0) AS refunded, COALESCE(SUM(k.mismatch), 0) AS mismatched
  FROM (SELECT p.status, COALESCE(LOWER(p.currency), '') AS currency, p.amount_cents, p.refunded_cents, p.mismatch
          FROM payments AS p) AS k
 GROUP BY k.status, k.currency
 ORDER BY k.status, k.currency;

-- name: analytics_courses :many
-- param limit_rows u64
-- column course_id u64
-- column active i64
-- column completed i64
-- column cancelled i64
-- column average_progress f64
-- column pending i64
-- scan: the count reads every enrollment, outside of any request
-- Those with most students first. Enrollments are grouped as they lie in the table: by their key on courses
-- each would be looked up alone for its progress.
SELECT c.id AS course_id, COALESCE(e.active, 0) AS active, COALESCE(e.completed, 0) AS completed,
       COALESCE(e.cancelled, 0) AS cancelled, COALESCE(e.average_progress, 0) AS average_progress,
       COALESCE(r.pending, 0) AS pending
  FROM courses AS c
  LEFT JOIN (SELECT n.course_id, SUM(n.status = 'active') AS active, SUM(n.status = 'completed') AS completed,
                    SUM(n.status = 'cancelled') AS cancelled,
                    ROUND(AVG(IF(n.status = 'cancelled', NULL, n.progress)), 2) AS average_progress
               FROM enrollments AS n FORCE INDEX (PRIMARY)
              GROUP BY n.course_id) AS e ON e.course_id = c.id
  LEFT JOIN (SELECT q.course_id, COUNT(*) AS pending
               FROM access_requests AS q
              WHERE q.is_pending = 1
              GROUP BY q.course_id) AS r ON r.course_id = c.id
 ORDER BY COALESCE(e.active, 0) + COALESCE(e.completed, 0) DESC, c.id
 LIMIT :limit_rows;

-- name: analytics_lock :one
-- column version u64
-- column digest hash null
-- column as_of time null
SELECT a.version, a.digest, a.as_of FROM analytics AS a WHERE a.id = 1 FOR UPDATE;

-- name: analytics_confirm :exec
-- param now time
-- Counted again, and nothing has moved.
UPDATE analytics SET as_of = :now WHERE id = 1;

-- name: analytics_publish :exec
-- param now time
-- param digest hash
-- param figures text
UPDATE analytics SET version = version + 1, as_of = :now, digest = :digest, figures = :figures WHERE id = 1;

-- name: analytics_clear :exec
-- scan: the whole table is rewritten by the count, not by a request
DELETE FROM analytics_courses;

-- name: analytics_fill :exec
-- param place u64
-- param course_id u64
-- param active u64
-- param completed u64
-- param cancelled u64
-- param average_progress f64
-- param pending u64
INSERT INTO analytics_courses (place, course_id, active, completed, cancelled, average_progress, pending)
VALUES [[(:place, :course_id, :active, :completed, :cancelled, :average_progress, :pending)]];
