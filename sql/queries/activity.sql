-- What the applied events prove (src/event/activity.c). Times are in hundredths of a minute, so that nothing is lost
-- on the way.

-- name: activity_add_day :exec
-- param user_id u64
-- param day day
-- param activity_type text
-- param activity_id text
-- param time i64
INSERT INTO activity_days (user_id, day, activity_type, activity_id, events, time_spent)
VALUES (:user_id, :day, :activity_type, :activity_id, 1, :time / 100)
    ON DUPLICATE KEY UPDATE events = events + 1, time_spent = GREATEST(time_spent, VALUES(time_spent));

-- name: activity_write :exec
-- param user_id u64
-- param activity_type text
-- param activity_id text
-- param status text
-- param time i64
-- param first_at time
-- param last_at time
-- param completed_at time null
-- param completed_on day null
-- param revision u64
INSERT INTO activities (user_id, activity_type, activity_id, status, time_spent, first_at, last_at, completed_at,
                        completed_on, revision)
VALUES (:user_id, :activity_type, :activity_id, :status, :time / 100, :first_at, :last_at, :completed_at,
        :completed_on, :revision)
    ON DUPLICATE KEY UPDATE status = VALUES(status), time_spent = VALUES(time_spent), first_at = VALUES(first_at),
       last_at = VALUES(last_at), completed_at = VALUES(completed_at), completed_on = VALUES(completed_on),
       revision = VALUES(revision);

-- name: activity_remove :exec
-- param user_id u64
-- param activity_type text
-- param activity_id text
DELETE FROM activities
 WHERE user_id = :user_id AND activity_type = :activity_type AND activity_id = :activity_id;

-- name: activity_remove_days :exec
-- param user_id u64
-- param activity_type text
-- param activity_id text
-- param day day
DELETE FROM activity_days
 WHERE user_id = :user_id AND activity_type = :activity_type AND activity_id = :activity_id AND day IN ([[:day]]);

-- name: activity_put_days :exec
-- param user_id u64
-- param day day
-- param activity_type text
-- param activity_id text
-- param events i64
-- param time i64
INSERT INTO activity_days (user_id, day, activity_type, activity_id, events, time_spent)
VALUES [[(:user_id, :day, :activity_type, :activity_id, :events, :time / 100)]]
    ON DUPLICATE KEY UPDATE events = VALUES(events), time_spent = VALUES(time_spent);

-- name: activity_by_day :many
-- param user_id u64
-- param activity_type text
-- param activity_id text
-- column day day
-- column is_proven bool
-- column events i64
-- column time i64
-- column has_begun bool null
-- column first_at time null
-- column last_at time null
-- column completed_at time null -- the earliest completion
-- An activity's days, in no order: as its applied events prove them, and as they stand.
SELECT e.practised_on AS day, TRUE AS is_proven, COUNT(*) AS events,
       CAST(MAX(e.time_spent) * 100 AS SIGNED) AS time,
       MAX(e.completion_status IN ('started', 'in_progress', 'failed')) AS has_begun,
       MIN(e.happened_at) AS first_at, MAX(e.happened_at) AS last_at,
       MIN(CASE WHEN e.completion_status = 'completed' THEN e.happened_at END) AS completed_at
  FROM progress_events AS e FORCE INDEX (progress_events_activity)
 WHERE e.user_id = :user_id AND e.activity_type = :activity_type AND e.activity_id = :activity_id
   AND e.outcome = 'applied'
 GROUP BY e.practised_on
 UNION ALL
SELECT d.day, FALSE, d.events, CAST(d.time_spent * 100 AS SIGNED), NULL, NULL, NULL, NULL
  FROM activity_days AS d FORCE INDEX (activity_days_activity)
 WHERE d.user_id = :user_id AND d.activity_type = :activity_type AND d.activity_id = :activity_id;

-- name: activity_latest :one
-- param user_id u64
-- column last_at time null
SELECT MAX(a.last_at) AS last_at FROM activities AS a WHERE a.user_id = :user_id;

-- name: activity_write_sums :exec
-- param user_id u64
-- param total_activities u64
-- param completed_activities u64
-- param in_progress_activities u64
-- param total_time i64
-- param completed_videos u64
-- param completed_practices u64
-- param completed_projects u64
-- param completed_quizzes u64
-- param completed_milestones u64
-- param percentage_hundredths i64
-- param last_activity_at time null
-- param now time
-- param seen_at time null -- up to when the systems are in step; NULL: up to when they were
INSERT INTO user_progress_summary
  (user_id, total_activities, completed_activities, in_progress_activities, percentage_complete, total_time_spent,
   completed_videos, completed_practices, completed_projects, completed_quizzes, completed_milestones,
   last_activity_at, last_sync_time, systems_seen_at)
VALUES [[(:user_id, :total_activities, :completed_activities, :in_progress_activities, :percentage_hundredths / 100,
        :total_time / 100, :completed_videos, :completed_practices, :completed_projects, :completed_quizzes,
        :completed_milestones, :last_activity_at, :now, :seen_at)]]
    ON DUPLICATE KEY UPDATE total_activities = VALUES(total_activities),
       completed_activities = VALUES(completed_activities), in_progress_activities = VALUES(in_progress_activities),
       percentage_complete = VALUES(percentage_complete), total_time_spent = VALUES(total_time_spent),
       completed_videos = VALUES(completed_videos), completed_practices = VALUES(completed_practices),
       completed_projects = VALUES(completed_projects), completed_quizzes = VALUES(completed_quizzes),
       completed_milestones = VALUES(completed_milestones), last_activity_at = VALUES(last_activity_at),
       last_sync_time = VALUES(last_sync_time), systems_seen_at = COALESCE(VALUES(systems_seen_at), systems_seen_at);
