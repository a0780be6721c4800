-- Learning paths, their steps, and how far learners are on them (src/event/path*.c). Other applications write these
-- tables, too.

-- name: path_count :one
-- param user_id u64
-- column paths u64
-- column steps u64
-- How many a learner has.
SELECT (SELECT COUNT(*) FROM learning_paths AS p WHERE p.user_id = :user_id) AS paths,
       (SELECT COUNT(*) FROM learning_path_steps AS s WHERE s.user_id = :user_id) AS steps;

-- name: path_insert :exec
-- param user_id u64
-- param id text
-- param title text
-- param now time
-- One that is there already stays as it is, and counts as no row.
INSERT INTO learning_paths (user_id, id, title, created_at, updated_at)
VALUES (:user_id, :id, :title, :now, :now)
    ON DUPLICATE KEY UPDATE user_id = learning_paths.user_id;

-- name: path_find :one
-- param user_id u64
-- param id text
-- column id text
-- column title text
-- column status text
-- column created_at time
-- column updated_at time
-- Held against other applications for the rest of the transaction.
SELECT p.id, p.title, p.status, p.created_at, p.updated_at
  FROM learning_paths AS p
 WHERE p.user_id = :user_id AND p.id = :id
   FOR UPDATE;

-- name: path_progress_of :one
-- param user_id u64
-- param id text
-- column completed_steps u64
-- column total_steps u64
-- column percentage f64
-- column current_step_id text null
-- column completed_at time null
SELECT g.completed_steps, g.total_steps, g.percentage, g.current_step_id, g.completed_at
  FROM path_progress AS g
 WHERE g.user_id = :user_id AND g.path_id = :id;

-- name: path_update :exec
-- param user_id u64
-- param id text
-- param title text
-- param status text
-- param now time
UPDATE learning_paths
   SET title = :title, status = :status, updated_at = :now
 WHERE user_id = :user_id AND id = :id;

-- name: path_delete :exec
-- param user_id u64
-- param id text
-- Its steps and progress go with it.
DELETE FROM learning_paths WHERE user_id = :user_id AND id = :id;

-- name: path_steps_hold :many
-- param user_id u64
-- param id text
-- param limit_rows u64
-- column step_id text
-- column step_index u64
-- column title text
-- column activity_type text null
-- column activity_id text null
-- column skills text null
-- column status text
-- column completed_at time null
-- Held against other applications for the rest of the transaction.
SELECT s.step_id, s.step_index, s.title, s.activity_type, s.activity_id, s.skills, s.status, s.completed_at
  FROM learning_path_steps AS s
 WHERE s.user_id = :user_id AND s.path_id = :id
 ORDER BY s.step_index, s.step_id
 LIMIT :limit_rows
   FOR UPDATE;

-- name: path_steps_put :exec
-- param user_id u64
-- param path_id text
-- param step_id text
-- param step_index u64
-- param title text
-- param activity_type text null
-- param activity_id text null
-- param skills text null
-- param status text
-- param completed_at time null
-- A row that says the same already keeps its updated_at.
INSERT INTO learning_path_steps (user_id, path_id, step_id, step_index, title, activity_type, activity_id, skills,
                                 status, completed_at)
VALUES [[(:user_id, :path_id, :step_id, :step_index, :title, :activity_type, :activity_id, :skills, :status,
          :completed_at)]]
    ON DUPLICATE KEY UPDATE step_index = VALUES(step_index), title = VALUES(title),
       activity_type = VALUES(activity_type), activity_id = VALUES(activity_id), skills = VALUES(skills),
       status = VALUES(status), completed_at = VALUES(completed_at);

-- name: path_steps_remove :exec
-- param user_id u64
-- param path_id text
-- param step_id text
DELETE FROM learning_path_steps
 WHERE user_id = :user_id AND path_id = :path_id AND step_id IN ([[:step_id]]);

-- name: path_list :many
-- param user_id u64
-- param status text null
-- param after_at time
-- param after_id text
-- param limit_rows u64
-- column id text
-- column title text
-- column status text
-- column created_at time
-- column updated_at time
-- column completed_steps u64 null
-- column total_steps u64 null
-- column percentage f64 null
-- column current_step_id text null
-- column completed_at time null
-- Paths in the order in which they were made, behind a place.
SELECT p.id, p.title, p.status, p.created_at, p.updated_at, g.completed_steps, g.total_steps, g.percentage,
       g.current_step_id, g.completed_at
  FROM learning_paths AS p FORCE INDEX (learning_paths_created)
  LEFT JOIN path_progress AS g ON g.user_id = p.user_id AND g.path_id = p.id
 WHERE p.user_id = :user_id
   AND p.created_at >= :after_at AND (p.created_at > :after_at OR p.id > :after_id)
   AND (:status IS NULL OR p.status = :status)
 ORDER BY p.created_at, p.id
 LIMIT :limit_rows;

-- name: path_steps_list :many
-- param user_id u64
-- param path_id text
-- column path_id text
-- column step_id text
-- column step_index u64
-- column title text
-- column activity_type text null
-- column activity_id text null
-- column skills text null
-- column status text
-- column completed_at time null
SELECT s.path_id, s.step_id, s.step_index, s.title, s.activity_type, s.activity_id, s.skills, s.status,
       s.completed_at
  FROM learning_path_steps AS s
 WHERE s.user_id = :user_id AND s.path_id IN ([[:path_id]])
 ORDER BY s.path_id, s.step_index, s.step_id;

-- name: path_progress_put :exec
-- param user_id u64
-- param path_id text
-- param completed_steps u64
-- param total_steps u64
-- param percentage f64
-- param current_step_id text null
-- param completed_at time null
-- A row that says the same already keeps its updated_at.
INSERT INTO path_progress (user_id, path_id, completed_steps, total_steps, percentage, current_step_id, completed_at)
VALUES (:user_id, :path_id, :completed_steps, :total_steps, :percentage, :current_step_id, :completed_at)
    ON DUPLICATE KEY UPDATE completed_steps = VALUES(completed_steps), total_steps = VALUES(total_steps),
       percentage = VALUES(percentage), current_step_id = VALUES(current_step_id),
       completed_at = VALUES(completed_at);
