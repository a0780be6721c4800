-- An anonymous learner becomes part of the one who signed in (src/account/claim.c), under both locks.
-- from_user is the anonymous learner. Each table that holds rows of learners has a row in claim_tables.c, which
-- names its statements, in order.

-- name: claim_find :one
-- param user_id u64
-- column merged_into u64 null
-- column is_deleted bool
-- column is_anonymous bool
SELECT u.merged_into, u.deleted_at IS NOT NULL AS is_deleted, u.is_anonymous FROM users AS u WHERE u.id = :user_id;

-- name: claim_count_merged :one
-- param from_user u64
-- param into_user u64
-- column learners u64
SELECT COUNT(*) AS learners FROM users AS u WHERE u.merged_into IN (:from_user, :into_user);

-- name: claim_bury :exec
-- param from_user u64
-- param into_user u64
-- Its own document and totals are the ledger's to write.
UPDATE users SET merged_into = :into_user, display_name = NULL WHERE id = :from_user;

-- name: claim_redirect :exec
-- param from_user u64
-- param into_user u64
-- Whoever became the anonymous learner before: one step leads from every old token to the learner.
UPDATE users SET merged_into = :into_user WHERE merged_into = :from_user;

-- name: claim_person :exec
-- param from_user u64
-- param into_user u64
-- A name and a zone are taken over where the learner has none: UTC is what nobody chose.
UPDATE users AS t
  JOIN users AS s ON s.id = :from_user
   SET t.display_name = COALESCE(t.display_name, s.display_name),
       t.time_zone = IF(t.time_zone = 'UTC', s.time_zone, t.time_zone)
 WHERE t.id = :into_user;

-- What both have, because it was sent for both.

-- name: claim_shared_answers :many
-- param from_user u64
-- param into_user u64
-- column module text
-- column day day
-- column questions i64
-- column correct i64
-- column tokens i64
-- Answers that were sent for both learners.
SELECT a.module, a.practised_on AS day, COUNT(*) AS questions, CAST(SUM(a.is_correct) AS SIGNED) AS correct,
       CAST(SUM(a.tokens) AS SIGNED) AS tokens
  FROM (SELECT n.user_id, n.revision, n.module, n.practised_on, n.is_correct, n.tokens
          FROM attempts AS n WHERE n.user_id = :from_user
         UNION ALL
        SELECT o.user_id, o.revision, o.module, o.practised_on, o.is_correct, o.tokens
          FROM attempts_archive AS o WHERE o.user_id = :from_user) AS a
  STRAIGHT_JOIN ledger AS s ON s.user_id = a.user_id AND s.revision = a.revision
  STRAIGHT_JOIN ledger AS t FORCE INDEX (ledger_operation) ON t.user_id = :into_user AND t.op_id = s.op_id
 WHERE s.kind = 'answer' AND t.kind = s.kind AND t.request_hash = s.request_hash
 GROUP BY a.module, a.practised_on
 ORDER BY a.module, a.practised_on;

-- name: claim_drop_attempts :exec
-- param from_user u64
-- param into_user u64
DELETE a
  FROM attempts AS a
  STRAIGHT_JOIN ledger AS s ON s.user_id = a.user_id AND s.revision = a.revision
  STRAIGHT_JOIN ledger AS t FORCE INDEX (ledger_operation) ON t.user_id = :into_user AND t.op_id = s.op_id
 WHERE a.user_id = :from_user AND s.kind = 'answer' AND t.kind = s.kind AND t.request_hash = s.request_hash;

-- name: claim_drop_archived :exec
-- param from_user u64
-- param into_user u64
DELETE a
  FROM attempts_archive AS a
  STRAIGHT_JOIN ledger AS s ON s.user_id = a.user_id AND s.revision = a.revision
  STRAIGHT_JOIN ledger AS t FORCE INDEX (ledger_operation) ON t.user_id = :into_user AND t.op_id = s.op_id
 WHERE a.user_id = :from_user AND s.kind = 'answer' AND t.kind = s.kind AND t.request_hash = s.request_hash;

-- name: claim_shared_sessions :many
-- param from_user u64
-- param into_user u64
-- column id text
-- column points i64
-- column day day
-- Sessions that were sent for both: by the same operation, or under the same id with the same content. (When a
-- session was completed may be the server's word.)
SELECT r.id, CAST(r.total_points AS SIGNED) AS points, r.practised_on AS day
  FROM session_results AS r
  LEFT JOIN session_results AS o
    ON o.user_id = :into_user AND o.id = r.id AND o.thread_id = r.thread_id AND o.stitch_id = r.stitch_id
   AND o.total_questions = r.total_questions AND o.correct_answers = r.correct_answers
   AND o.total_points = r.total_points AND o.blink_speed <=> r.blink_speed AND o.results <=> r.results
  LEFT JOIN ledger AS s ON s.user_id = r.user_id AND s.revision = r.revision AND s.kind = 'session'
  LEFT JOIN ledger AS t FORCE INDEX (ledger_operation)
    ON t.user_id = :into_user AND t.op_id = s.op_id AND t.kind = s.kind AND t.request_hash = s.request_hash
 WHERE r.user_id = :from_user AND (o.user_id IS NOT NULL OR t.user_id IS NOT NULL);

-- name: claim_drop_session :exec
-- param user_id u64
-- param id text
DELETE FROM session_results WHERE user_id = :user_id AND id = :id;

-- name: claim_drop_starts :exec
-- param from_user u64
-- param into_user u64
-- Practice sessions that were started for both: one that no answer names is enough to have once.
DELETE p
  FROM ledger AS s
  STRAIGHT_JOIN ledger AS t FORCE INDEX (ledger_operation) ON t.user_id = :into_user AND t.op_id = s.op_id
  STRAIGHT_JOIN practice_sessions AS p
    ON p.id = CAST(JSON_UNQUOTE(JSON_EXTRACT(s.changes, '$[0].key')) AS UNSIGNED) AND p.user_id = s.user_id
 WHERE s.user_id = :from_user AND s.kind = 'practice_start' AND t.kind = s.kind
   AND t.request_hash = s.request_hash AND p.total_exercises = 0;

-- name: claim_take_day :exec
-- param user_id u64
-- param day day
-- param activity text
-- param times i64
UPDATE practice_days SET count = count - LEAST(count, :times)
 WHERE user_id = :user_id AND day = :day AND activity = :activity;

-- name: claim_drop_day :exec
-- param user_id u64
-- param day day
-- param activity text
DELETE FROM practice_days WHERE user_id = :user_id AND day = :day AND activity = :activity AND count = 0;

-- name: claim_take_total :exec
-- param user_id u64
-- param day day
-- param module text
-- param questions i64
-- param correct i64
-- param tokens i64
UPDATE daily_totals
   SET questions = questions - :questions, correct = correct - :correct, tokens = tokens - :tokens
 WHERE user_id = :user_id AND day = :day AND module = :module;

-- The profile.

-- name: claim_profile :one
-- param user_id u64
-- column total_points i64
-- column avg_blink_speed f64
-- column evolution_level i64
-- column total_sessions i64
-- column current_streak i64
-- column longest_streak i64
-- column last_practice_date day null
-- column last_session_at time null
-- column subscription_id text null
-- column subscription_status text null
-- column is_subscribed bool
-- column customer_ref text null
SELECT p.total_points, p.avg_blink_speed, p.evolution_level, p.total_sessions, p.current_streak,
       p.longest_streak, p.last_practice_date, p.last_session_at, p.subscription_id, p.subscription_status,
       p.is_subscribed, p.stripe_customer_id AS customer_ref
  FROM profiles AS p
 WHERE p.user_id = :user_id;

-- name: claim_store_profile :exec
-- param user_id u64
-- param total_points i64
-- param avg_blink_speed f64
-- param evolution_level i64
-- param total_sessions i64
-- param current_streak i64
-- param longest_streak i64
-- param last_practice_date day null
-- param last_session_at time null
-- param subscription_id text null
-- param subscription_status text null
-- param is_subscribed bool
-- param customer_ref text null
INSERT INTO profiles (user_id, total_points, avg_blink_speed, evolution_level, total_sessions, current_streak,
                      longest_streak, last_practice_date, last_session_at, subscription_id,
                      subscription_status, is_subscribed, stripe_customer_id)
VALUES (:user_id, :total_points, :avg_blink_speed, :evolution_level, :total_sessions, :current_streak,
        :longest_streak, :last_practice_date, :last_session_at, :subscription_id, :subscription_status,
        :is_subscribed, :customer_ref)
    ON DUPLICATE KEY UPDATE total_points = VALUES(total_points), avg_blink_speed = VALUES(avg_blink_speed),
       evolution_level = VALUES(evolution_level), total_sessions = VALUES(total_sessions),
       current_streak = VALUES(current_streak), longest_streak = VALUES(longest_streak),
       last_practice_date = VALUES(last_practice_date), last_session_at = VALUES(last_session_at),
       subscription_id = VALUES(subscription_id), subscription_status = VALUES(subscription_status),
       is_subscribed = VALUES(is_subscribed), stripe_customer_id = VALUES(stripe_customer_id);

-- name: claim_drop_profile :exec
-- param from_user u64
DELETE FROM profiles WHERE user_id = :from_user;

-- Courses whose progress is to be looked at again afterwards.

-- name: claim_courses :many
-- param from_user u64
-- column course_id u64
SELECT e.course_id FROM enrollments AS e WHERE e.user_id = :from_user
 UNION
SELECT h.course_id
  FROM chapter_completions AS d
  JOIN chapters AS h ON h.id = d.chapter_id
 WHERE d.user_id = :from_user;

-- The tables. Parameters in this order, as many of them as are used: from_user, into_user, shift.

-- name: claim_access_decisions :exec
-- param from_user u64
-- param into_user u64
UPDATE access_decisions SET student_id = :into_user WHERE student_id = :from_user;

-- name: claim_same_requests :exec
-- param from_user u64
-- param into_user u64
-- One pending request for a course is enough, and none where the learner is enrolled.
DELETE s
  FROM access_requests AS s
  LEFT JOIN access_requests AS t
    ON t.student_id = :into_user AND t.course_id = s.course_id AND t.is_pending = 1
  LEFT JOIN enrollments AS e
    ON e.user_id = :into_user AND e.course_id = s.course_id AND e.status <> 'cancelled'
 WHERE s.student_id = :from_user AND s.is_pending = 1 AND (t.id IS NOT NULL OR e.user_id IS NOT NULL);

-- name: claim_access_requests :exec
-- param from_user u64
-- param into_user u64
UPDATE access_requests SET student_id = :into_user WHERE student_id = :from_user;

-- name: claim_attempts :exec
-- param from_user u64
-- param into_user u64
-- param shift u64
UPDATE attempts SET user_id = :into_user, revision = revision + :shift WHERE user_id = :from_user;

-- name: claim_attempts_archive :exec
-- param from_user u64
-- param into_user u64
-- param shift u64
UPDATE attempts_archive SET user_id = :into_user, revision = revision + :shift WHERE user_id = :from_user;

-- name: claim_chapter_completions :exec
-- param from_user u64
-- param into_user u64
INSERT INTO chapter_completions (user_id, chapter_id, completed_at)
SELECT :into_user, s.chapter_id, s.completed_at FROM chapter_completions AS s WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE completed_at = LEAST(chapter_completions.completed_at, VALUES(completed_at));

-- name: claim_drop_chapter_completions :exec
-- param from_user u64
DELETE FROM chapter_completions WHERE user_id = :from_user;

-- name: claim_daily_totals :exec
-- param from_user u64
-- param into_user u64
INSERT INTO daily_totals (user_id, day, module, questions, correct, tokens)
SELECT :into_user, s.day, s.module, s.questions, s.correct, s.tokens
  FROM daily_totals AS s
 WHERE s.user_id = :from_user AND (s.questions <> 0 OR s.correct <> 0 OR s.tokens <> 0)
    ON DUPLICATE KEY UPDATE questions = daily_totals.questions + VALUES(questions),
                            correct = daily_totals.correct + VALUES(correct),
                            tokens = daily_totals.tokens + VALUES(tokens);

-- name: claim_drop_daily_totals :exec
-- param from_user u64
DELETE FROM daily_totals WHERE user_id = :from_user;

-- name: claim_level_enrollments :exec
-- param from_user u64
-- param into_user u64
-- Where both have one: whichever stays has the higher progress.
UPDATE enrollments AS t
  JOIN enrollments AS s ON s.user_id = :from_user AND s.course_id = t.course_id
   SET t.progress = GREATEST(t.progress, s.progress), s.progress = GREATEST(t.progress, s.progress)
 WHERE t.user_id = :into_user;

-- name: claim_lose_enrollments :exec
-- param from_user u64
-- param into_user u64
-- Of two, the one that gives way. A person's cancellation and an enrollment: the later one counts, and a
-- default course was nobody's decision. Else the completed one stays.
DELETE t
  FROM enrollments AS t
  JOIN enrollments AS s ON s.user_id = :from_user AND s.course_id = t.course_id
 WHERE t.user_id = :into_user
   AND (t.status = 'cancelled' AND s.status <> 'cancelled' AND s.source <> 'default' AND s.enrolled_at > t.cancelled_at
        OR t.status <> 'cancelled' AND s.status = 'cancelled'
           AND (t.source = 'default' OR t.enrolled_at <= s.cancelled_at)
        OR t.status = 'active' AND s.status = 'completed');

-- name: claim_win_enrollments :exec
-- param from_user u64
-- param into_user u64
DELETE s
  FROM enrollments AS s
  JOIN enrollments AS t ON t.user_id = :into_user AND t.course_id = s.course_id
 WHERE s.user_id = :from_user;

-- name: claim_enrollments :exec
-- param from_user u64
-- param into_user u64
UPDATE enrollments SET user_id = :into_user WHERE user_id = :from_user;

-- name: claim_imported_entries :exec
-- param from_user u64
-- param into_user u64
INSERT INTO imported_entries (user_id, digest, occurrences)
SELECT :into_user, s.digest, s.occurrences FROM imported_entries AS s WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE occurrences = imported_entries.occurrences + VALUES(occurrences);

-- name: claim_drop_imported_entries :exec
-- param from_user u64
DELETE FROM imported_entries WHERE user_id = :from_user;

-- name: claim_payments :exec
-- param from_user u64
-- param into_user u64
UPDATE payments SET user_id = :into_user WHERE user_id = :from_user;

-- name: claim_practice_days :exec
-- param from_user u64
-- param into_user u64
-- A day stays the day that it was where the learner was.
INSERT INTO practice_days (user_id, day, activity, count)
SELECT :into_user, s.day, s.activity, s.count FROM practice_days AS s WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE count = practice_days.count + VALUES(count);

-- name: claim_drop_practice_days :exec
-- param from_user u64
DELETE FROM practice_days WHERE user_id = :from_user;

-- name: claim_practice_sessions :exec
-- param from_user u64
-- param into_user u64
UPDATE practice_sessions SET user_id = :into_user WHERE user_id = :from_user;

-- name: claim_rename_sessions :exec
-- param from_user u64
-- param into_user u64
-- An id that both used for different sessions: both are kept.
UPDATE session_results AS s
  JOIN session_results AS t ON t.user_id = :into_user AND t.id = s.id
   SET s.id = CONCAT(LEFT(s.id, 40), '~', s.user_id, '~', s.revision)
 WHERE s.user_id = :from_user;

-- name: claim_session_results :exec
-- param from_user u64
-- param into_user u64
-- param shift u64
UPDATE session_results SET user_id = :into_user, revision = revision + :shift WHERE user_id = :from_user;

-- name: claim_stitch_mutations :exec
-- param from_user u64
-- param into_user u64
INSERT INTO stitch_mutations (user_id, mutation_id, content_hash, created_at)
SELECT :into_user, s.mutation_id, s.content_hash, s.created_at FROM stitch_mutations AS s WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE created_at = GREATEST(stitch_mutations.created_at, VALUES(created_at));

-- name: claim_drop_stitch_mutations :exec
-- param from_user u64
DELETE FROM stitch_mutations WHERE user_id = :from_user;

-- name: claim_cancelled_progress :exec
-- param from_user u64
-- param into_user u64
-- Enrollments are merged already: where the one that was left is cancelled, nobody has progress.
DELETE p
  FROM student_progress AS p
  JOIN enrollments AS e ON e.user_id = :into_user AND e.course_id = p.course_id
 WHERE p.student_id IN (:from_user, :into_user) AND e.status = 'cancelled';

-- name: claim_level_student_progress :exec
-- param from_user u64
-- param into_user u64
UPDATE student_progress AS t
  JOIN student_progress AS s ON s.student_id = :from_user AND s.course_id = t.course_id
   SET t.total_progress = GREATEST(t.total_progress, s.total_progress),
       t.completed_chapters = GREATEST(t.completed_chapters, s.completed_chapters),
       t.last_accessed_at = GREATEST(COALESCE(t.last_accessed_at, s.last_accessed_at),
                                     COALESCE(s.last_accessed_at, t.last_accessed_at))
 WHERE t.student_id = :into_user;

-- name: claim_win_student_progress :exec
-- param from_user u64
-- param into_user u64
DELETE s
  FROM student_progress AS s
  JOIN student_progress AS t ON t.student_id = :into_user AND t.course_id = s.course_id
 WHERE s.student_id = :from_user;

-- name: claim_student_progress :exec
-- param from_user u64
-- param into_user u64
UPDATE student_progress SET student_id = :into_user WHERE student_id = :from_user;

-- name: claim_subscriptions :exec
-- param from_user u64
-- param into_user u64
UPDATE subscriptions SET user_id = :into_user WHERE user_id = :from_user;

-- name: claim_same_rejects :exec
-- param from_user u64
-- param into_user u64
DELETE s
  FROM sync_rejects AS s
  JOIN sync_rejects AS t ON t.user_id = :into_user AND t.item_hash = s.item_hash
 WHERE s.user_id = :from_user;

-- name: claim_sync_rejects :exec
-- param from_user u64
-- param into_user u64
UPDATE sync_rejects SET user_id = :into_user WHERE user_id = :from_user;

-- name: claim_stitches :exec
-- param from_user u64
-- param into_user u64
-- The newer attempt counts; what was completed stays so.
INSERT INTO user_stitch_progress (user_id, thread_id, stitch_id, order_number, skip_number, distractor_level,
                                  is_completed, last_attempted, revision)
SELECT :into_user, s.thread_id, s.stitch_id, s.order_number, s.skip_number, s.distractor_level, s.is_completed,
       s.last_attempted, s.revision
  FROM user_stitch_progress AS s
 WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE
       order_number = IF(VALUES(last_attempted) > user_stitch_progress.last_attempted, VALUES(order_number),
                         user_stitch_progress.order_number),
       skip_number = IF(VALUES(last_attempted) > user_stitch_progress.last_attempted, VALUES(skip_number),
                        user_stitch_progress.skip_number),
       distractor_level = IF(VALUES(last_attempted) > user_stitch_progress.last_attempted,
                             VALUES(distractor_level), user_stitch_progress.distractor_level),
       is_completed = user_stitch_progress.is_completed OR VALUES(is_completed),
       last_attempted = GREATEST(user_stitch_progress.last_attempted, VALUES(last_attempted));

-- name: claim_drop_stitches :exec
-- param from_user u64
DELETE FROM user_stitch_progress WHERE user_id = :from_user;

-- name: claim_stitch_revisions :exec
-- param user_id u64
-- param revision u64
-- All of them are news to one of the two clients: whoever asks for what changed since an earlier revision, of
-- either learner, gets them all.
UPDATE user_stitch_progress SET revision = :revision WHERE user_id = :user_id;

-- name: claim_webhook_events :exec
-- param from_user u64
-- param into_user u64
UPDATE webhook_events SET user_id = :into_user WHERE user_id = :from_user;
