-- How far learners have watched videos (src/event/video.c). Other applications write this table, too.

-- name: video_read :one
-- param user_id u64
-- param video_id text
-- column youtube_id text null
-- column percentage_watched f64
-- column seconds_watched u64
-- column status text
-- column completed_at time null
-- column updated_at time
SELECT v.youtube_id, v.percentage_watched, v.seconds_watched, v.status, v.completed_at, v.updated_at
  FROM video_progress AS v
 WHERE v.user_id = :user_id AND v.video_id = :video_id;

-- name: video_hold :one
-- param user_id u64
-- param video_id text
-- column video_id text
-- Held against other applications for the rest of the transaction.
SELECT v.video_id FROM video_progress AS v WHERE v.user_id = :user_id AND v.video_id = :video_id FOR UPDATE;

-- name: video_write :exec
-- param user_id u64
-- param video_id text
-- param youtube_id text null
-- param percentage_watched f64
-- param seconds_watched u64
-- param status text
-- param completed_at time null
-- param now time
-- Nothing is lowered, whoever put the row in meanwhile.
INSERT INTO video_progress (user_id, video_id, youtube_id, percentage_watched, seconds_watched, status, completed_at,
                            updated_at)
VALUES (:user_id, :video_id, :youtube_id, :percentage_watched, :seconds_watched, :status, :completed_at, :now)
    ON DUPLICATE KEY UPDATE youtube_id = COALESCE(VALUES(youtube_id), youtube_id),
       percentage_watched = GREATEST(percentage_watched, VALUES(percentage_watched)),
       seconds_watched = GREATEST(seconds_watched, VALUES(seconds_watched)),
       status = IF(status = 'completed', status, VALUES(status)),
       completed_at = COALESCE(completed_at, VALUES(completed_at)), updated_at = VALUES(updated_at);
