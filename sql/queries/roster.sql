-- Enrollments in bulk, as lists come in and go out (src/enroll/roster.c): reading only. The writing is that
-- of enroll.sql, learner by learner.

-- name: roster_look :many
-- param wishes text -- JSON: {"w": [{"u": 7, "c": 3}, {"n": "username", "c": 3}, {"s": "subject", "c": 3}, …]}
-- column at i64
-- column user_id u64 null
-- column course_id u64 null
-- column is_enrolled bool
-- column is_legacy bool
-- column was_cancelled bool
-- column is_whole bool
-- What each pair of a list stands for: NULL where there is no such learner, or course. is_legacy: student_progress
-- has it, with or without an enrollment. is_whole: it stands in both tables with one progress, and no request is
-- pending.
SELECT w.at - 1 AS at, COALESCE(i.merged_into, i.id, n.merged_into, n.id, b.merged_into, b.id) AS user_id,
       c.id AS course_id, COALESCE(e.status, 'cancelled') <> 'cancelled' AS is_enrolled,
       s.student_id IS NOT NULL AS is_legacy, COALESCE(e.status, '') = 'cancelled' AS was_cancelled,
       COALESCE(s.total_progress = e.progress, 0) = 1 AND r.id IS NULL AS is_whole
  FROM JSON_TABLE(:wishes, '$.w[*]' COLUMNS (at FOR ORDINALITY, user_id BIGINT UNSIGNED PATH '$.u',
                                            username VARCHAR(190) PATH '$.n', subject VARCHAR(190) PATH '$.s',
                                            course_id BIGINT UNSIGNED PATH '$.c')) AS w
  LEFT JOIN users AS i ON i.id = w.user_id AND i.deleted_at IS NULL
  LEFT JOIN users AS n ON n.username = w.username AND n.deleted_at IS NULL
  LEFT JOIN users AS b ON b.subject = w.subject AND b.deleted_at IS NULL
  LEFT JOIN courses AS c ON c.id = w.course_id
  LEFT JOIN enrollments AS e ON e.user_id = COALESCE(i.merged_into, i.id, n.merged_into, n.id, b.merged_into, b.id)
                            AND e.course_id = c.id
  LEFT JOIN student_progress AS s ON s.student_id = COALESCE(i.merged_into, i.id, n.merged_into, n.id, b.merged_into, b.id)
                                 AND s.course_id = c.id
  LEFT JOIN access_requests AS r ON r.student_id = COALESCE(i.merged_into, i.id, n.merged_into, n.id, b.merged_into, b.id)
                                AND r.course_id = c.id AND r.is_pending = 1
 ORDER BY w.at;

-- name: roster_standing :one
-- param course_id u64
-- column enrollments i64
-- As many as roster_enrolled gives.
SELECT COUNT(*) AS enrollments
  FROM (SELECT e.user_id FROM enrollments AS e
         WHERE e.course_id = :course_id AND e.status IN ('active', 'completed')
         UNION SELECT s.student_id FROM student_progress AS s WHERE s.course_id = :course_id) AS k;

-- name: roster_enrolled :many
-- param course_id u64
-- param after_id u64
-- param limit_rows u64
-- column user_id u64
-- A course's students, in order of id. Who stands in student_progress alone is one too: a rule would enrol them.
SELECT k.user_id
  FROM ((SELECT e.user_id FROM enrollments AS e
          WHERE e.course_id = :course_id AND e.status IN ('active', 'completed') AND e.user_id > :after_id
          ORDER BY e.user_id LIMIT :limit_rows)
         UNION (SELECT s.student_id FROM student_progress AS s
                 WHERE s.course_id = :course_id AND s.student_id > :after_id
                 ORDER BY s.student_id LIMIT :limit_rows)) AS k
 ORDER BY k.user_id
 LIMIT :limit_rows;

-- name: roster_page_end :one
-- param after_id u64
-- param skip_rows u64
-- column user_id u64
-- Whose enrollment comes so many rows behind those of a learner.
SELECT e.user_id
  FROM enrollments AS e FORCE INDEX (PRIMARY)
 WHERE e.user_id > :after_id
 ORDER BY e.user_id, e.course_id
 LIMIT 1 OFFSET :skip_rows;

-- name: roster_line :each
-- param from_user u64
-- param to_user u64
-- param course_id u64 -- 0: every course
-- column user_id u64
-- column username text null
-- column subject text null
-- column course_id u64
-- column title text
-- column status text
-- column progress f64
-- column source text
-- column enrolled_at time
-- column completed_at time null
-- scan: an export reads every enrollment
SELECT e.user_id, u.username, u.subject, e.course_id, c.title, e.status, e.progress, e.source, e.enrolled_at,
       e.completed_at
  FROM enrollments AS e FORCE INDEX (PRIMARY)
  STRAIGHT_JOIN users AS u ON u.id = e.user_id
  STRAIGHT_JOIN courses AS c ON c.id = e.course_id
 WHERE e.user_id BETWEEN :from_user AND :to_user AND (:course_id = 0 OR e.course_id = :course_id)
 ORDER BY e.user_id, e.course_id;
