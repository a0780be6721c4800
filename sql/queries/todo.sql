-- Todos and the videos that they are about (src/event/todo.c). Other applications write these tables, too.

-- name: todo_count :one
-- param user_id u64
-- param limit_rows u64
-- column todos u64
-- How many there are, as far as it matters.
SELECT COUNT(*) AS todos
  FROM (SELECT t.id FROM todos AS t WHERE t.user_id = :user_id LIMIT :limit_rows) AS some;

-- name: todo_insert :exec
-- param user_id u64
-- param id text
-- param title text
-- param status text
-- param due_at time null
-- param completed_at time null
-- param rating u64 null
-- param notes text null
-- param now time
-- One that is there already stays as it is, and counts as no row.
INSERT INTO todos (user_id, id, title, status, due_at, completed_at, rating, notes, created_at, updated_at)
VALUES (:user_id, :id, :title, :status, :due_at, :completed_at, :rating, :notes, :now, :now)
    ON DUPLICATE KEY UPDATE user_id = todos.user_id;

-- name: todo_find :one
-- param user_id u64
-- param id text
-- column id text
-- column title text
-- column status text
-- column due_at time null
-- column completed_at time null
-- column rating u64 null
-- column notes text null
-- column created_at time
-- column updated_at time
-- Held against other applications for the rest of the transaction.
SELECT t.id, t.title, t.status, t.due_at, t.completed_at, t.rating, t.notes, t.created_at, t.updated_at
  FROM todos AS t
 WHERE t.user_id = :user_id AND t.id = :id
   FOR UPDATE;

-- name: todo_videos_of :many
-- param user_id u64
-- param id text
-- param limit_rows u64
-- column video_id text
SELECT v.video_id
  FROM todo_videos AS v
 WHERE v.user_id = :user_id AND v.todo_id = :id
 ORDER BY v.video_id
 LIMIT :limit_rows;

-- name: todo_update :exec
-- param user_id u64
-- param id text
-- param title text
-- param status text
-- param due_at time null
-- param completed_at time null
-- param rating u64 null
-- param notes text null
-- param now time
UPDATE todos
   SET title = :title, status = :status, due_at = :due_at, completed_at = :completed_at, rating = :rating,
       notes = :notes, updated_at = :now
 WHERE user_id = :user_id AND id = :id;

-- name: todo_videos_clear :exec
-- param user_id u64
-- param id text
DELETE FROM todo_videos WHERE user_id = :user_id AND todo_id = :id;

-- name: todo_videos_put :exec
-- param user_id u64
-- param id text
-- param video_id text
INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES [[(:user_id, :id, :video_id)]];

-- name: todo_delete :exec
-- param user_id u64
-- param id text
-- Its videos go with it.
DELETE FROM todos WHERE user_id = :user_id AND id = :id;

-- name: todo_list :many
-- param user_id u64
-- param status text null
-- param videos text null -- a JSON list; NULL: whatever they are about
-- param after_at time
-- param after_id text
-- param limit_rows u64
-- column id text
-- column title text
-- column status text
-- column due_at time null
-- column completed_at time null
-- column rating u64 null
-- column notes text null
-- column created_at time
-- column updated_at time
-- column video_id text null
-- Todos in the order in which they were made, behind a place, each as often as it has videos.
SELECT t.id, t.title, t.status, t.due_at, t.completed_at, t.rating, t.notes, t.created_at, t.updated_at, v.video_id
  FROM (SELECT o.*
          FROM todos AS o FORCE INDEX (todos_created)
         WHERE o.user_id = :user_id
           AND o.created_at >= :after_at
           AND (o.created_at > :after_at OR o.id > :after_id)
           AND (:status IS NULL OR o.status = :status)
           AND (:videos IS NULL OR EXISTS (
                  SELECT 1
                    FROM todo_videos AS w
                   WHERE w.user_id = :user_id AND w.todo_id = o.id
                     AND JSON_CONTAINS(:videos, JSON_QUOTE(w.video_id))))
         ORDER BY o.created_at, o.id
         LIMIT :limit_rows) AS t
  LEFT JOIN todo_videos AS v ON v.user_id = t.user_id AND v.todo_id = t.id
 ORDER BY t.created_at, t.id, v.video_id;
