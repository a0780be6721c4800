-- Calendar entries (src/event/schedule.c). Other applications write this table, too.

-- name: schedule_count :one
-- param user_id u64
-- param limit_rows u64
-- column entries u64
-- How many there are, as far as it matters.
SELECT COUNT(*) AS entries
  FROM (SELECT e.id FROM schedule_entries AS e WHERE e.user_id = :user_id LIMIT :limit_rows) AS some;

-- name: schedule_insert :exec
-- param user_id u64
-- param id text
-- param title text
-- param starts_at time
-- param ends_at time null
-- param video_id text null
-- param todo_id text null
-- param status text
-- param actual_start time null
-- param actual_end time null
-- param now time
-- One that is there already stays as it is, and counts as no row.
INSERT INTO schedule_entries (user_id, id, title, starts_at, ends_at, video_id, todo_id, status, actual_start,
                              actual_end, created_at, updated_at)
VALUES (:user_id, :id, :title, :starts_at, :ends_at, :video_id, :todo_id, :status, :actual_start, :actual_end, :now,
        :now)
    ON DUPLICATE KEY UPDATE user_id = schedule_entries.user_id;

-- name: schedule_find :one
-- param user_id u64
-- param id text
-- column id text
-- column title text
-- column starts_at time
-- column ends_at time null
-- column video_id text null
-- column todo_id text null
-- column status text
-- column actual_start time null
-- column actual_end time null
-- column rescheduled_from time null
-- column created_at time
-- column updated_at time
-- Held against other applications for the rest of the transaction.
SELECT e.id, e.title, e.starts_at, e.ends_at, e.video_id, e.todo_id, e.status, e.actual_start, e.actual_end,
       e.rescheduled_from, e.created_at, e.updated_at
  FROM schedule_entries AS e
 WHERE e.user_id = :user_id AND e.id = :id
   FOR UPDATE;

-- name: schedule_update :exec
-- param user_id u64
-- param id text
-- param title text
-- param starts_at time
-- param ends_at time null
-- param video_id text null
-- param todo_id text null
-- param status text
-- param actual_start time null
-- param actual_end time null
-- param rescheduled_from time null
-- param now time
UPDATE schedule_entries
   SET title = :title, starts_at = :starts_at, ends_at = :ends_at, video_id = :video_id, todo_id = :todo_id,
       status = :status, actual_start = :actual_start, actual_end = :actual_end,
       rescheduled_from = :rescheduled_from, updated_at = :now
 WHERE user_id = :user_id AND id = :id;

-- name: schedule_delete :exec
-- param user_id u64
-- param id text
DELETE FROM schedule_entries WHERE user_id = :user_id AND id = :id;

-- name: schedule_list :many
-- param user_id u64
-- param from_at time
-- param to_at time
-- param status text null
-- param after_at time
-- param after_id text
-- param limit_rows u64
-- column id text
-- column title text
-- column starts_at time
-- column ends_at time null
-- column video_id text null
-- column todo_id text null
-- column status text
-- column actual_start time null
-- column actual_end time null
-- column rescheduled_from time null
-- column created_at time
-- column updated_at time
-- Entries that begin at or after one moment and before another, behind a place.
SELECT e.id, e.title, e.starts_at, e.ends_at, e.video_id, e.todo_id, e.status, e.actual_start, e.actual_end,
       e.rescheduled_from, e.created_at, e.updated_at
  FROM schedule_entries AS e FORCE INDEX (schedule_entries_time)
 WHERE e.user_id = :user_id
   AND e.starts_at >= :from_at AND e.starts_at < :to_at
   AND e.starts_at >= :after_at AND (e.starts_at > :after_at OR e.id > :after_id)
   AND (:status IS NULL OR e.status = :status)
 ORDER BY e.starts_at, e.id
 LIMIT :limit_rows;
