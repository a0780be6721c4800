-- What stands around an activity when an event tells of it (src/event/around.c).

-- name: around_read :one
-- param user_id u64
-- param activity_type text
-- param activity_id text
-- param video_id text null -- the activity again, where it is a video
-- param from_moment time
-- param until_moment time
-- param day day
-- column total_activities u64 null
-- column completed_activities u64 null
-- column in_progress_activities u64 null
-- column total_time i64 null
-- column completed_videos u64 null
-- column completed_practices u64 null
-- column completed_projects u64 null
-- column completed_quizzes u64 null
-- column completed_milestones u64 null
-- column last_activity_at time null
-- column current_streak i64 null
-- column longest_streak i64 null
-- column last_practice_date day null
-- column skills i64
-- column waits bool -- whether an event waits for another try, or one did when that was last noted
-- column in_step bool -- no row of the systems was changed since they were known to be in step (event/event_heal.h)
-- column status text null -- NULL: nothing is known of this activity
-- column activity_time i64 null
-- column first_at time null
-- column last_at time null
-- column completed_at time null
-- column completed_on day null
-- column day_time i64 null
-- column day_completed i64 -- activities completed on that day
-- column is_told bool null -- whether an event made it a day of practice, or only something else; NULL: it is none
-- column has_events bool
-- column has_todos bool
-- column has_entries bool
-- column has_steps bool
-- column is_mentioned bool
-- column video_status text null -- NULL: there is no such video
-- column video_percentage text null
-- column video_seconds text null
-- column video_youtube text null
-- column video_completed_at text null
-- column video_seen text null
-- What the learner's events have come to, the activity, one of its days, and what hangs on it. One row at most is read of
-- each table, and of the lists nothing but their indexes: of the events only whether any lies between the moments, of
-- the other systems' rows only whether any hangs on the activity. COALESCE keeps the few entries of a video one range.
SELECT STRAIGHT_JOIN y.total_activities, y.completed_activities, y.in_progress_activities,
       CAST(y.total_time_spent * 100 AS SIGNED) AS total_time, y.completed_videos, y.completed_practices,
       y.completed_projects, y.completed_quizzes, y.completed_milestones, y.last_activity_at,
       f.current_streak, f.longest_streak, f.last_practice_date,
       (SELECT COUNT(*) FROM skills AS l WHERE l.user_id = :user_id) AS skills,
       EXISTS (SELECT 1 FROM progress_events AS w FORCE INDEX (progress_events_waiting)
                WHERE w.processed = FALSE AND w.user_id = :user_id)
       OR EXISTS (SELECT 1 FROM system_sync_status AS z WHERE z.user_id = :user_id AND z.pending_events_count > 0)
       AS waits,
       y.systems_seen_at IS NOT NULL
       AND COALESCE((SELECT MAX(c.updated_at) FROM todos AS c WHERE c.user_id = :user_id) <= y.systems_seen_at, TRUE)
       AND COALESCE((SELECT MAX(c.updated_at) FROM schedule_entries AS c WHERE c.user_id = :user_id) <= y.systems_seen_at, TRUE)
       AND COALESCE((SELECT MAX(c.updated_at) FROM video_progress AS c WHERE c.user_id = :user_id) <= y.systems_seen_at, TRUE)
       AND COALESCE((SELECT MAX(c.updated_at) FROM learning_path_steps AS c WHERE c.user_id = :user_id)
                    <= y.systems_seen_at, TRUE) AS in_step,
       a.status, CAST(a.time_spent * 100 AS SIGNED) AS activity_time, a.first_at, a.last_at, a.completed_at,
       a.completed_on, CAST(d.time_spent * 100 AS SIGNED) AS day_time,
       (SELECT COUNT(*) FROM activities AS o FORCE INDEX (activities_completed)
         WHERE o.user_id = :user_id AND o.completed_on = :day) AS day_completed,
       (SELECT MAX(q.activity = 'event') FROM practice_days AS q
         WHERE q.user_id = :user_id AND q.day = :day) AS is_told,
       e.user_id IS NOT NULL AS has_events, t.user_id IS NOT NULL AS has_todos,
       s.user_id IS NOT NULL AS has_entries, k.user_id IS NOT NULL AS has_steps, m.user_id IS NOT NULL AS is_mentioned,
       p.status AS video_status, CAST(p.percentage_watched AS CHAR) AS video_percentage,
       CAST(p.seconds_watched AS CHAR) AS video_seconds, p.youtube_id AS video_youtube,
       CAST(p.completed_at AS CHAR) AS video_completed_at, CAST(p.updated_at AS CHAR) AS video_seen
  FROM users AS u
  LEFT JOIN user_progress_summary AS y ON y.user_id = u.id
  LEFT JOIN profiles AS f ON f.user_id = u.id
  LEFT JOIN activities AS a
    ON a.user_id = u.id AND a.activity_type = :activity_type AND a.activity_id = :activity_id
  LEFT JOIN activity_days AS d
    ON d.user_id = u.id AND d.day = :day AND d.activity_type = :activity_type AND d.activity_id = :activity_id
  LEFT JOIN video_progress AS p ON p.user_id = u.id AND p.video_id = :video_id
  LEFT JOIN chat_mentions AS m
    ON m.user_id = u.id AND m.activity_type = :activity_type AND m.activity_id = :activity_id
  LEFT JOIN progress_events AS e FORCE INDEX (progress_events_activity)
    ON e.user_id = u.id AND e.activity_type = :activity_type AND e.activity_id = :activity_id
       AND e.happened_at BETWEEN :from_moment AND :until_moment
  LEFT JOIN todo_videos AS t FORCE INDEX (todo_videos_video) ON t.user_id = u.id AND t.video_id = :video_id
  LEFT JOIN schedule_entries AS s FORCE INDEX (schedule_entries_video)
    ON s.user_id = u.id AND s.video_id = :video_id AND COALESCE(s.status) IN ('planned', 'in_progress')
  LEFT JOIN learning_path_steps AS k FORCE INDEX (learning_path_steps_activity)
    ON k.user_id = u.id AND k.activity_type = :activity_type AND k.activity_id = :activity_id
 WHERE u.id = :user_id
 LIMIT 1;
