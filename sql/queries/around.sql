-- What stands around an activity when an event tells of it (src/event/around.c).

-- name: around_read :one
-- param user_id u64
-- param activity_type text
-- param activity_id text
-- param video_id text null -- the activity again, where it is a video
-- param from_moment time
-- param until_moment time
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
-- One row at most is read of each table, and of the lists nothing but their indexes: of the events only whether any lies
-- between the moments, of the other systems' rows only whether any hangs on the activity.
SELECT STRAIGHT_JOIN e.user_id IS NOT NULL AS has_events, t.user_id IS NOT NULL AS has_todos,
       s.user_id IS NOT NULL AS has_entries, k.user_id IS NOT NULL AS has_steps, m.user_id IS NOT NULL AS is_mentioned,
       p.status AS video_status, CAST(p.percentage_watched AS CHAR) AS video_percentage,
       CAST(p.seconds_watched AS CHAR) AS video_seconds, p.youtube_id AS video_youtube,
       CAST(p.completed_at AS CHAR) AS video_completed_at, CAST(p.updated_at AS CHAR) AS video_seen
  FROM users AS u
  LEFT JOIN video_progress AS p ON p.user_id = u.id AND p.video_id = :video_id
  LEFT JOIN chat_mentions AS m
    ON m.user_id = u.id AND m.activity_type = :activity_type AND m.activity_id = :activity_id
  LEFT JOIN progress_events AS e FORCE INDEX (progress_events_activity)
    ON e.user_id = u.id AND e.activity_type = :activity_type AND e.activity_id = :activity_id
       AND e.happened_at BETWEEN :from_moment AND :until_moment
  LEFT JOIN todo_videos AS t FORCE INDEX (todo_videos_video) ON t.user_id = u.id AND t.video_id = :video_id
  LEFT JOIN schedule_entries AS s FORCE INDEX (schedule_entries_video)
    ON s.user_id = u.id AND s.video_id = :video_id AND s.status IN ('planned', 'in_progress')
  LEFT JOIN learning_path_steps AS k FORCE INDEX (learning_path_steps_activity)
    ON k.user_id = u.id AND k.activity_type = :activity_type AND k.activity_id = :activity_id
 WHERE u.id = :user_id
 LIMIT 1;
