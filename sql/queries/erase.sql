-- Deleting a learner (src/account/delete.c). Each table that holds rows of learners has a line in
-- erase_count, a statement of its own, and a row in delete.c.

-- name: erase_find :one
-- param user_id u64
-- column is_deleted bool
-- column merged_into u64 null
SELECT u.deleted_at IS NOT NULL AS is_deleted, u.merged_into FROM users AS u WHERE u.id = :user_id;

-- name: erase_merged :many
-- param user_id u64
-- column user_id u64
-- The learners who became one of these.
SELECT u.id AS user_id FROM users AS u WHERE u.merged_into IN ([[:user_id]]) ORDER BY u.id;

-- name: erase_count :one
-- param user_id u64
-- column access_decisions u64
-- column access_requests u64
-- column achievements u64
-- column activities u64
-- column activity_days u64
-- column ai_journey u64
-- column attempts u64
-- column attempts_archive u64
-- column audit_results u64
-- column chapter_completions u64
-- column chat_mentions u64
-- column daily_totals u64
-- column enrollments u64
-- column imported_entries u64
-- column learning_path_steps u64
-- column learning_paths u64
-- column ledger u64
-- column live_tickets u64
-- column milestones u64
-- column notifications u64
-- column path_progress u64
-- column payments u64
-- column practice_days u64
-- column practice_sessions u64
-- column profiles u64
-- column progress_conflict_events u64
-- column progress_conflicts u64
-- column progress_events u64
-- column propagations u64
-- column quarantine u64
-- column repair_rows u64
-- column rule_pauses u64
-- column schedule_entries u64
-- column session_results u64
-- column skills u64
-- column stitch_mutations u64
-- column student_progress u64
-- column subscriptions u64
-- column sync_rejects u64
-- column system_sync_status u64
-- column todo_videos u64
-- column todos u64
-- column user_progress_summary u64
-- column user_stitch_progress u64
-- column video_progress u64
-- column webhook_events u64
SELECT (SELECT COUNT(*) FROM access_decisions AS t WHERE t.student_id = :user_id) AS access_decisions,
       (SELECT COUNT(*) FROM access_requests AS t WHERE t.student_id = :user_id) AS access_requests,
       (SELECT COUNT(*) FROM achievements AS t WHERE t.user_id = :user_id) AS achievements,
       (SELECT COUNT(*) FROM activities AS t WHERE t.user_id = :user_id) AS activities,
       (SELECT COUNT(*) FROM activity_days AS t WHERE t.user_id = :user_id) AS activity_days,
       (SELECT COUNT(*) FROM ai_journey AS t WHERE t.user_id = :user_id) AS ai_journey,
       (SELECT COUNT(*) FROM attempts AS t WHERE t.user_id = :user_id) AS attempts,
       (SELECT COUNT(*) FROM attempts_archive AS t WHERE t.user_id = :user_id) AS attempts_archive,
       (SELECT COUNT(*) FROM audit_results AS t WHERE t.user_id = :user_id) AS audit_results,
       (SELECT COUNT(*) FROM chapter_completions AS t WHERE t.user_id = :user_id) AS chapter_completions,
       (SELECT COUNT(*) FROM chat_mentions AS t WHERE t.user_id = :user_id) AS chat_mentions,
       (SELECT COUNT(*) FROM daily_totals AS t WHERE t.user_id = :user_id) AS daily_totals,
       (SELECT COUNT(*) FROM enrollments AS t WHERE t.user_id = :user_id) AS enrollments,
       (SELECT COUNT(*) FROM imported_entries AS t WHERE t.user_id = :user_id) AS imported_entries,
       (SELECT COUNT(*) FROM learning_path_steps AS t WHERE t.user_id = :user_id) AS learning_path_steps,
       (SELECT COUNT(*) FROM learning_paths AS t WHERE t.user_id = :user_id) AS learning_paths,
       (SELECT COUNT(*) FROM ledger AS t WHERE t.user_id = :user_id) AS ledger,
       (SELECT COUNT(*) FROM live_tickets AS t WHERE t.user_id = :user_id) AS live_tickets,
       (SELECT COUNT(*) FROM milestones AS t WHERE t.user_id = :user_id) AS milestones,
       (SELECT COUNT(*) FROM notifications AS t WHERE t.user_id = :user_id) AS notifications,
       (SELECT COUNT(*) FROM path_progress AS t WHERE t.user_id = :user_id) AS path_progress,
       (SELECT COUNT(*) FROM payments AS t WHERE t.user_id = :user_id) AS payments,
       (SELECT COUNT(*) FROM practice_days AS t WHERE t.user_id = :user_id) AS practice_days,
       (SELECT COUNT(*) FROM practice_sessions AS t WHERE t.user_id = :user_id) AS practice_sessions,
       (SELECT COUNT(*) FROM profiles AS t WHERE t.user_id = :user_id) AS profiles,
       (SELECT COUNT(*) FROM progress_conflict_events AS t WHERE t.user_id = :user_id) AS progress_conflict_events,
       (SELECT COUNT(*) FROM progress_conflicts AS t WHERE t.user_id = :user_id) AS progress_conflicts,
       (SELECT COUNT(*) FROM progress_events AS t WHERE t.user_id = :user_id) AS progress_events,
       (SELECT COUNT(*) FROM propagations AS t WHERE t.user_id = :user_id) AS propagations,
       (SELECT COUNT(*) FROM quarantine AS t WHERE t.user_id = :user_id) AS quarantine,
       (SELECT COUNT(*) FROM repair_rows AS t WHERE t.user_id = :user_id) AS repair_rows,
       (SELECT COUNT(*) FROM rule_pauses AS t WHERE t.user_id = :user_id) AS rule_pauses,
       (SELECT COUNT(*) FROM schedule_entries AS t WHERE t.user_id = :user_id) AS schedule_entries,
       (SELECT COUNT(*) FROM session_results AS t WHERE t.user_id = :user_id) AS session_results,
       (SELECT COUNT(*) FROM skills AS t WHERE t.user_id = :user_id) AS skills,
       (SELECT COUNT(*) FROM stitch_mutations AS t WHERE t.user_id = :user_id) AS stitch_mutations,
       (SELECT COUNT(*) FROM student_progress AS t WHERE t.student_id = :user_id) AS student_progress,
       (SELECT COUNT(*) FROM subscriptions AS t WHERE t.user_id = :user_id) AS subscriptions,
       (SELECT COUNT(*) FROM sync_rejects AS t WHERE t.user_id = :user_id) AS sync_rejects,
       (SELECT COUNT(*) FROM system_sync_status AS t WHERE t.user_id = :user_id) AS system_sync_status,
       (SELECT COUNT(*) FROM todo_videos AS t WHERE t.user_id = :user_id) AS todo_videos,
       (SELECT COUNT(*) FROM todos AS t WHERE t.user_id = :user_id) AS todos,
       (SELECT COUNT(*) FROM user_progress_summary AS t WHERE t.user_id = :user_id) AS user_progress_summary,
       (SELECT COUNT(*) FROM user_stitch_progress AS t WHERE t.user_id = :user_id) AS user_stitch_progress,
       (SELECT COUNT(*) FROM video_progress AS t WHERE t.user_id = :user_id) AS video_progress,
       (SELECT COUNT(*) FROM webhook_events AS t WHERE t.user_id = :user_id) AS webhook_events;

-- name: erase_tombstone :exec
-- param now time
-- param user_id u64
-- What is left of a learner. The subject becomes its digest: a token of the same subject is recognised
-- (auth_user_by_tombstone), and nobody can read from the row whose it was.
UPDATE users
   SET subject = IF(subject IS NULL OR deleted_at IS NOT NULL AND subject LIKE 'deleted:%', subject,
                    CONCAT('deleted:', SHA2(subject, 256))),
       username = NULL, display_name = NULL, role = 'student', time_zone = 'UTC',
       tokens = 0, questions_answered = 0, correct_answers = 0, hidden_grade_asset = NULL,
       deleted_at = COALESCE(deleted_at, :now)
 WHERE id IN ([[:user_id]]);

-- name: erase_reported :many
-- param user_id u64
-- column table_name text null
-- column row_count i64 null
-- What the deletion erased, as its own entry in the ledger says.
SELECT c.table_name, c.row_count
  FROM ledger AS l
  JOIN JSON_TABLE(l.changes, '$[*]' COLUMNS (
         what VARCHAR(32) PATH '$.what',
         table_name VARCHAR(64) PATH '$.key',
         row_count BIGINT PATH '$.by')) AS c
 WHERE l.user_id = :user_id AND l.op_id = 'delete_user' AND c.what = 'erased';

-- name: erase_access_decisions :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM access_decisions WHERE student_id = :user_id LIMIT :limit_rows;

-- name: erase_access_requests :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM access_requests WHERE student_id = :user_id LIMIT :limit_rows;

-- name: erase_achievements :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM achievements WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_activities :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM activities WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_activity_days :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM activity_days WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_ai_journey :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM ai_journey WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_attempts :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM attempts WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_attempts_archive :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM attempts_archive WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_audit_results :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM audit_results WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_chapter_completions :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM chapter_completions WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_chat_mentions :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM chat_mentions WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_daily_totals :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM daily_totals WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_enrollments :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM enrollments WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_imported_entries :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM imported_entries WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_learning_path_steps :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM learning_path_steps WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_learning_paths :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM learning_paths WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_ledger :exec
-- param user_id u64
-- param limit_rows u64
-- All but the entry that says that, when and by whom the learner was deleted.
DELETE FROM ledger WHERE user_id = :user_id AND op_id <> 'delete_user' LIMIT :limit_rows;

-- name: erase_live_tickets :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM live_tickets WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_milestones :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM milestones WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_notifications :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM notifications WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_path_progress :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM path_progress WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_payments :exec
-- param user_id u64
-- param limit_rows u64
-- The books keep what was paid, and forget by whom.
UPDATE payments SET user_id = NULL, erased_at = COALESCE(erased_at, UTC_TIMESTAMP(3)) WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_practice_days :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM practice_days WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_practice_sessions :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM practice_sessions WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_profiles :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM profiles WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_progress_conflict_events :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM progress_conflict_events WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_progress_conflicts :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM progress_conflicts WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_progress_events :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM progress_events WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_propagations :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM propagations WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_quarantine :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM quarantine WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_repair_rows :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM repair_rows WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_rule_pauses :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM rule_pauses WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_schedule_entries :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM schedule_entries WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_session_results :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM session_results WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_skills :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM skills WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_stitch_mutations :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM stitch_mutations WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_student_progress :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM student_progress WHERE student_id = :user_id LIMIT :limit_rows;

-- name: erase_system_sync_status :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM system_sync_status WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_todo_videos :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM todo_videos WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_todos :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM todos WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_user_progress_summary :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM user_progress_summary WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_video_progress :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM video_progress WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_samples :exec
-- param user_id u64
-- scan: a few rows for each rule, outside of any request
-- A sample that shows the learner goes whole: the next pass takes another.
UPDATE rule_results SET sample = NULL
 WHERE sample IS NOT NULL AND JSON_CONTAINS(sample, JSON_OBJECT('userId', :user_id));

-- name: erase_subscriptions :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM subscriptions WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_sync_rejects :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM sync_rejects WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_user_stitch_progress :exec
-- param user_id u64
-- param limit_rows u64
DELETE FROM user_stitch_progress WHERE user_id = :user_id LIMIT :limit_rows;

-- name: erase_claim_named_events :exec
-- param user_id u64
-- Events of the payment provider that nobody could be found for, and that name the learner.
UPDATE webhook_events SET user_id = :user_id WHERE named_user_id = :user_id AND user_id IS NULL;

-- name: erase_claim_customer_events :exec
-- param user_id u64
-- The same of those that name the learner's customer, as the profile knows it.
UPDATE profiles AS p
  JOIN webhook_events AS w ON w.customer_ref = p.stripe_customer_id
   SET w.user_id = p.user_id
 WHERE p.user_id = :user_id AND w.user_id IS NULL;

-- name: erase_claim_subscriber_events :exec
-- param user_id u64
-- And as the learner's subscriptions do.
UPDATE subscriptions AS s
  JOIN webhook_events AS w ON w.customer_ref = s.customer_ref
   SET w.user_id = s.user_id
 WHERE s.user_id = :user_id AND w.user_id IS NULL;

-- name: erase_webhook_events :exec
-- param user_id u64
-- param limit_rows u64
-- That an event came, and what became of it, stays; names and addresses stood in what was received.
UPDATE webhook_events
   SET user_id = NULL, named_user_id = NULL, customer_ref = NULL, payload = '{}'
 WHERE user_id = :user_id
 LIMIT :limit_rows;
