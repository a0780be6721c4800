-- What events bring about in other systems' tables (src/event/cascade*.c). Rows are read and written as texts,
-- one form for all tables: the values that a cascade may change (src/event/cascade_tables.c names their columns),
-- updated_at as it was seen, and where the row leads on.

-- name: cascade_of_videos :many
-- param user_id u64
-- param video_id text
-- param limit_rows u64
-- column kind u64
-- column path_id text null
-- column id text
-- column is_there bool
-- column value_0 text
-- column value_1 text null
-- column value_2 text null
-- column value_3 text null
-- column value_4 text null
-- column seen text null
-- column link_video text null
-- column link_todo text null
-- column from_id text
-- Videos, and what is open once these videos are done: todos all of whose videos are, calendar entries, steps.
SELECT 0 AS kind, NULL AS path_id, p.video_id AS id, TRUE AS is_there, p.status AS value_0,
       CAST(p.percentage_watched AS CHAR) AS value_1, CAST(p.seconds_watched AS CHAR) AS value_2,
       p.youtube_id AS value_3, CAST(p.completed_at AS CHAR) AS value_4, CAST(p.updated_at AS CHAR) AS seen,
       NULL AS link_video, NULL AS link_todo, p.video_id AS from_id
  FROM video_progress AS p
 WHERE p.user_id = :user_id AND p.video_id IN ([[:video_id]])
 UNION ALL
SELECT 1, NULL, t.id, TRUE, t.status, CAST(t.completed_at AS CHAR), CAST(t.rating AS CHAR), t.notes, NULL,
       CAST(t.updated_at AS CHAR), NULL, NULL, v.video_id
  FROM todo_videos AS v
  JOIN todos AS t ON t.user_id = v.user_id AND t.id = v.todo_id AND t.status IN ('pending', 'in_progress')
 WHERE v.user_id = :user_id AND v.video_id IN ([[:video_id]])
   AND NOT EXISTS (SELECT 1
                     FROM todo_videos AS o
                     LEFT JOIN video_progress AS d
                       ON d.user_id = o.user_id AND d.video_id = o.video_id AND d.status = 'completed'
                    WHERE o.user_id = t.user_id AND o.todo_id = t.id AND d.user_id IS NULL
                      AND o.video_id NOT IN ([[:video_id]]))
 UNION ALL
SELECT 2, NULL, e.id, TRUE, e.status, CAST(e.actual_start AS CHAR), CAST(e.actual_end AS CHAR),
       CAST(e.rescheduled_from AS CHAR), NULL, CAST(e.updated_at AS CHAR), e.video_id, e.todo_id, e.video_id
  FROM schedule_entries AS e
 WHERE e.user_id = :user_id AND e.video_id IN ([[:video_id]]) AND e.status IN ('planned', 'in_progress')
 UNION ALL
SELECT 3, s.path_id, s.step_id, TRUE, s.status, CAST(s.completed_at AS CHAR), NULL, NULL, NULL,
       CAST(s.updated_at AS CHAR), s.activity_id, NULL, s.activity_id
  FROM learning_path_steps AS s
 WHERE s.user_id = :user_id AND s.activity_type = 'video' AND s.activity_id IN ([[:video_id]])
   AND s.status IN ('pending', 'in_progress')
 LIMIT :limit_rows;

-- name: cascade_of_todos :many
-- param user_id u64
-- param todo_id text
-- param limit_rows u64
-- column kind u64
-- column path_id text null
-- column id text
-- column is_there bool
-- column value_0 text null
-- column value_1 text null
-- column value_2 text null
-- column value_3 text null
-- column value_4 text null
-- column seen text null
-- column link_video text null
-- column link_todo text null
-- column from_id text
-- Todos, their open calendar entries, and the video of those that are about exactly one, whether it has a row or not.
SELECT 1 AS kind, NULL AS path_id, t.id AS id, TRUE AS is_there, t.status AS value_0,
       CAST(t.completed_at AS CHAR) AS value_1, CAST(t.rating AS CHAR) AS value_2, t.notes AS value_3,
       NULL AS value_4, CAST(t.updated_at AS CHAR) AS seen, NULL AS link_video, NULL AS link_todo, t.id AS from_id
  FROM todos AS t
 WHERE t.user_id = :user_id AND t.id IN ([[:todo_id]])
 UNION ALL
SELECT 2, NULL, e.id, TRUE, e.status, CAST(e.actual_start AS CHAR), CAST(e.actual_end AS CHAR),
       CAST(e.rescheduled_from AS CHAR), NULL, CAST(e.updated_at AS CHAR), e.video_id, e.todo_id, e.todo_id
  FROM schedule_entries AS e
 WHERE e.user_id = :user_id AND e.todo_id IN ([[:todo_id]]) AND e.status IN ('planned', 'in_progress')
 UNION ALL
SELECT 0, NULL, k.video_id, d.user_id IS NOT NULL, d.status, CAST(d.percentage_watched AS CHAR),
       CAST(d.seconds_watched AS CHAR), d.youtube_id, CAST(d.completed_at AS CHAR), CAST(d.updated_at AS CHAR),
       NULL, NULL, k.todo_id
  FROM (SELECT o.user_id, o.todo_id, MIN(o.video_id) AS video_id
          FROM todo_videos AS o
         WHERE o.user_id = :user_id AND o.todo_id IN ([[:todo_id]])
         GROUP BY o.user_id, o.todo_id
        HAVING COUNT(*) = 1) AS k
  LEFT JOIN video_progress AS d ON d.user_id = k.user_id AND d.video_id = k.video_id
 LIMIT :limit_rows;

-- name: cascade_of_activity :many
-- param user_id u64
-- param activity_type text
-- param activity_id text
-- param limit_rows u64
-- column path_id text
-- column step_id text
-- column status text
-- column completed_at text null
-- column seen text
-- The open steps of an activity that is no video.
SELECT s.path_id, s.step_id, s.status, CAST(s.completed_at AS CHAR) AS completed_at,
       CAST(s.updated_at AS CHAR) AS seen
  FROM learning_path_steps AS s
 WHERE s.user_id = :user_id AND s.activity_type = :activity_type AND s.activity_id = :activity_id
   AND s.status IN ('pending', 'in_progress')
 LIMIT :limit_rows;

-- name: cascade_rows :many
-- param user_id u64
-- param kind u64
-- param path_id text -- of a step; of a mention the activity's type; else empty
-- param id text
-- column kind u64
-- column path_id text null
-- column id text
-- column is_there bool
-- column value_0 text null
-- column value_1 text null
-- column value_2 text null
-- column value_3 text null
-- column value_4 text null
-- column seen text null
-- column link_video text null
-- column link_todo text null
-- column from_id text
-- Rows of any of the tables, by their keys.
SELECT 0 AS kind, NULL AS path_id, p.video_id AS id, TRUE AS is_there, p.status AS value_0,
       CAST(p.percentage_watched AS CHAR) AS value_1, CAST(p.seconds_watched AS CHAR) AS value_2,
       p.youtube_id AS value_3, CAST(p.completed_at AS CHAR) AS value_4, CAST(p.updated_at AS CHAR) AS seen,
       NULL AS link_video, NULL AS link_todo, p.video_id AS from_id
  FROM video_progress AS p
 WHERE p.user_id = :user_id AND p.video_id IN ([[IF(:kind = 0, :id, NULL)]])
 UNION ALL
SELECT 1, NULL, t.id, TRUE, t.status, CAST(t.completed_at AS CHAR), CAST(t.rating AS CHAR), t.notes, NULL,
       CAST(t.updated_at AS CHAR), NULL, NULL, t.id
  FROM todos AS t
 WHERE t.user_id = :user_id AND t.id IN ([[IF(:kind = 1, :id, NULL)]])
 UNION ALL
SELECT 2, NULL, e.id, TRUE, e.status, CAST(e.actual_start AS CHAR), CAST(e.actual_end AS CHAR),
       CAST(e.rescheduled_from AS CHAR), NULL, CAST(e.updated_at AS CHAR), e.video_id, e.todo_id, e.id
  FROM schedule_entries AS e
 WHERE e.user_id = :user_id AND e.id IN ([[IF(:kind = 2, :id, NULL)]])
 UNION ALL
SELECT 3, s.path_id, s.step_id, TRUE, s.status, CAST(s.completed_at AS CHAR), NULL, NULL, NULL,
       CAST(s.updated_at AS CHAR), IF(s.activity_type = 'video', s.activity_id, NULL), NULL, s.step_id
  FROM learning_path_steps AS s
 WHERE s.user_id = :user_id
   AND (s.path_id, s.step_id) IN ([[(IF(:kind = 3, :path_id, NULL), IF(:kind = 3, :id, NULL))]])
 UNION ALL
SELECT 4, NULL, k.skill_id, TRUE, k.category, k.level, CAST(k.confidence AS CHAR), CAST(k.assessed_at AS CHAR), NULL,
       CAST(k.updated_at AS CHAR), NULL, NULL, k.skill_id
  FROM skills AS k
 WHERE k.user_id = :user_id AND k.skill_id IN ([[IF(:kind = 4, :id, NULL)]])
 UNION ALL
SELECT 5, m.activity_type, m.activity_id, TRUE, CAST(m.completed_at AS CHAR), CAST(m.mentioned_at AS CHAR), NULL, NULL,
       NULL, NULL, NULL, NULL, m.activity_id
  FROM chat_mentions AS m
 WHERE m.user_id = :user_id
   AND (m.activity_type, m.activity_id) IN ([[(IF(:kind = 5, :path_id, NULL), IF(:kind = 5, :id, NULL))]]);

-- name: cascade_videos_write :exec
-- param user_id u64
-- param id text
-- param value_0 text null
-- param value_1 text null
-- param value_2 text null
-- param value_3 text null
-- param value_4 text null
-- param seen text
-- param updated_at text
-- Only rows that nobody has written since they were seen; so with the others below.
UPDATE video_progress
   SET status = CASE video_id [[WHEN :id THEN :value_0]] END,
       percentage_watched = CASE video_id [[WHEN :id THEN :value_1]] END,
       seconds_watched = CASE video_id [[WHEN :id THEN :value_2]] END,
       youtube_id = CASE video_id [[WHEN :id THEN :value_3]] END,
       completed_at = CASE video_id [[WHEN :id THEN :value_4]] END,
       updated_at = CASE video_id [[WHEN :id THEN :updated_at]] END
 WHERE user_id = :user_id AND video_id IN ([[:id]])
   AND CAST(updated_at AS CHAR) = CASE video_id [[WHEN :id THEN :seen]] END;

-- name: cascade_videos_insert :exec
-- param user_id u64
-- param id text
-- param value_0 text null
-- param value_1 text null
-- param value_2 text null
-- param value_3 text null
-- param value_4 text null
-- param updated_at text
INSERT INTO video_progress
  (user_id, video_id, status, percentage_watched, seconds_watched, youtube_id, completed_at, updated_at)
VALUES [[(:user_id, :id, :value_0, :value_1, :value_2, :value_3, :value_4, :updated_at)]];

-- name: cascade_videos_delete :exec
-- param user_id u64
-- param id text
-- param seen text
DELETE FROM video_progress
 WHERE user_id = :user_id AND video_id IN ([[:id]])
   AND CAST(updated_at AS CHAR) = CASE video_id [[WHEN :id THEN :seen]] END;

-- name: cascade_todos_write :exec
-- param user_id u64
-- param id text
-- param value_0 text null
-- param value_1 text null
-- param value_2 text null
-- param value_3 text null
-- param seen text
-- param updated_at text
UPDATE todos
   SET status = CASE id [[WHEN :id THEN :value_0]] END,
       completed_at = CASE id [[WHEN :id THEN :value_1]] END,
       rating = CASE id [[WHEN :id THEN :value_2]] END,
       notes = CASE id [[WHEN :id THEN :value_3]] END,
       updated_at = CASE id [[WHEN :id THEN :updated_at]] END
 WHERE user_id = :user_id AND id IN ([[:id]])
   AND CAST(updated_at AS CHAR) = CASE id [[WHEN :id THEN :seen]] END;

-- name: cascade_entries_write :exec
-- param user_id u64
-- param id text
-- param value_0 text null
-- param value_1 text null
-- param value_2 text null
-- param value_3 text null
-- param seen text
-- param updated_at text
UPDATE schedule_entries
   SET status = CASE id [[WHEN :id THEN :value_0]] END,
       actual_start = CASE id [[WHEN :id THEN :value_1]] END,
       actual_end = CASE id [[WHEN :id THEN :value_2]] END,
       rescheduled_from = CASE id [[WHEN :id THEN :value_3]] END,
       updated_at = CASE id [[WHEN :id THEN :updated_at]] END
 WHERE user_id = :user_id AND id IN ([[:id]])
   AND CAST(updated_at AS CHAR) = CASE id [[WHEN :id THEN :seen]] END;

-- name: cascade_steps_write :exec
-- param user_id u64
-- param path_id text
-- param id text
-- param value_0 text null
-- param value_1 text null
-- param seen text
-- param updated_at text
UPDATE learning_path_steps
   SET status = CASE [[WHEN path_id = :path_id AND step_id = :id THEN :value_0]] END,
       completed_at = CASE [[WHEN path_id = :path_id AND step_id = :id THEN :value_1]] END,
       updated_at = CASE [[WHEN path_id = :path_id AND step_id = :id THEN :updated_at]] END
 WHERE user_id = :user_id AND (path_id, step_id) IN ([[(:path_id, :id)]])
   AND CAST(updated_at AS CHAR) = CASE [[WHEN path_id = :path_id AND step_id = :id THEN :seen]] END;

-- name: cascade_skills_write :exec
-- param user_id u64
-- param id text
-- param value_0 text null
-- param value_1 text null
-- param value_2 text null
-- param value_3 text null
-- param seen text
-- param updated_at text
UPDATE skills
   SET category = CASE skill_id [[WHEN :id THEN :value_0]] END,
       level = CASE skill_id [[WHEN :id THEN :value_1]] END,
       confidence = CASE skill_id [[WHEN :id THEN :value_2]] END,
       assessed_at = CASE skill_id [[WHEN :id THEN :value_3]] END,
       updated_at = CASE skill_id [[WHEN :id THEN :updated_at]] END
 WHERE user_id = :user_id AND skill_id IN ([[:id]])
   AND CAST(updated_at AS CHAR) = CASE skill_id [[WHEN :id THEN :seen]] END;

-- name: cascade_skills_insert :exec
-- param user_id u64
-- param id text
-- param value_0 text null
-- param value_1 text null
-- param value_2 text null
-- param value_3 text null
-- param updated_at text
INSERT INTO skills (user_id, skill_id, category, level, confidence, assessed_at, updated_at)
VALUES [[(:user_id, :id, :value_0, :value_1, :value_2, :value_3, :updated_at)]];

-- name: cascade_skills_delete :exec
-- param user_id u64
-- param id text
-- param seen text
DELETE FROM skills
 WHERE user_id = :user_id AND skill_id IN ([[:id]])
   AND CAST(updated_at AS CHAR) = CASE skill_id [[WHEN :id THEN :seen]] END;

-- name: cascade_mention :exec
-- param user_id u64
-- param activity_type text
-- param activity_id text
-- param completed_at text
-- What the chat knows of already stays as it is: then no row counts.
INSERT INTO chat_mentions (user_id, activity_type, activity_id, completed_at)
VALUES (:user_id, :activity_type, :activity_id, :completed_at)
ON DUPLICATE KEY UPDATE user_id = VALUES(user_id);

-- name: cascade_mentions_delete :exec
-- param user_id u64
-- param activity_type text
-- param activity_id text
DELETE FROM chat_mentions
 WHERE user_id = :user_id AND (activity_type, activity_id) IN ([[(:activity_type, :activity_id)]])
   AND mentioned_at IS NULL;

-- name: cascade_paths :many
-- param user_id u64
-- param path_id text
-- column path_id text
-- column is_there bool
-- column completed_steps text null
-- column total_steps text null
-- column percentage text null
-- column current_step_id text null
-- column completed_at text null
-- column proven_completed text
-- column proven_total text
-- column proven_percentage text
-- column proven_step text null
-- column proven_at text null
-- How far learning paths are, as path_progress has it and as the steps prove it. The current step is the first that
-- is neither completed nor skipped.
SELECT k.path_id, p.user_id IS NOT NULL AS is_there, CAST(p.completed_steps AS CHAR) AS completed_steps,
       CAST(p.total_steps AS CHAR) AS total_steps, CAST(p.percentage AS CHAR) AS percentage, p.current_step_id,
       CAST(p.completed_at AS CHAR) AS completed_at, CAST(k.done AS CHAR) AS proven_completed,
       CAST(k.total AS CHAR) AS proven_total,
       CAST(CAST((k.done * 10000 DIV k.total) / 100 AS DECIMAL(5, 2)) AS CHAR) AS proven_percentage,
       SUBSTRING(k.open_step, 11) AS proven_step,
       CAST(IF(k.done = k.total, COALESCE(k.last_at, p.completed_at), NULL) AS CHAR) AS proven_at
  FROM (SELECT s.user_id, s.path_id, COUNT(*) AS total,
               CAST(SUM(s.status = 'completed') AS SIGNED) AS done, MAX(s.completed_at) AS last_at,
               MIN(IF(s.status IN ('pending', 'in_progress'), CONCAT(LPAD(s.step_index, 10, '0'), s.step_id),
                      NULL)) AS open_step
          FROM learning_path_steps AS s
         WHERE s.user_id = :user_id AND s.path_id IN ([[:path_id]])
         GROUP BY s.user_id, s.path_id) AS k
  LEFT JOIN path_progress AS p ON p.user_id = k.user_id AND p.path_id = k.path_id;

-- name: cascade_paths_write :exec
-- param user_id u64
-- param path_id text
-- param completed_steps text
-- param total_steps text
-- param percentage text
-- param current_step_id text null
-- param completed_at text null
INSERT INTO path_progress
  (user_id, path_id, completed_steps, total_steps, percentage, current_step_id, completed_at)
VALUES [[(:user_id, :path_id, :completed_steps, :total_steps, :percentage, :current_step_id, :completed_at)]]
ON DUPLICATE KEY UPDATE completed_steps = VALUES(completed_steps), total_steps = VALUES(total_steps),
  percentage = VALUES(percentage), current_step_id = VALUES(current_step_id), completed_at = VALUES(completed_at);

-- name: cascade_journey :exec
-- param user_id u64
-- param current_path text null
-- param current_step text null
-- param completed_activities u64
-- param skills_gained i64
-- param happened_at time null
-- Where the learner stands in the journey. Without a path it stays the one that it was.
INSERT INTO ai_journey (user_id, current_path, current_step, completed_activities, skills_gained, last_activity_at)
VALUES [[(:user_id, :current_path, :current_step, :completed_activities, :skills_gained, :happened_at)]]
ON DUPLICATE KEY UPDATE
  current_step = IF(VALUES(current_path) IS NULL, current_step, VALUES(current_step)),
  current_path = COALESCE(VALUES(current_path), current_path),
  completed_activities = VALUES(completed_activities), skills_gained = VALUES(skills_gained),
  last_activity_at = CASE WHEN last_activity_at >= VALUES(last_activity_at) OR VALUES(last_activity_at) IS NULL
                          THEN last_activity_at ELSE VALUES(last_activity_at) END;

-- name: cascade_receipts :many
-- param user_id u64
-- param event_id text
-- param limit_rows u64
-- column target_system text
-- column target_table text
-- column target_key text
-- column before_values text null
-- column after_values text
-- column because text
-- column revision u64
-- column created_at time
-- column undone_at time null
-- column undone_by text null
SELECT p.target_system, p.target_table, p.target_key, p.before_values, p.after_values, p.because, p.revision,
       p.created_at, p.undone_at, p.undone_by
  FROM propagations AS p
 WHERE p.user_id = :user_id AND p.event_id = :event_id
 ORDER BY p.position, p.created_at, p.target_table, p.target_key
 LIMIT :limit_rows;

-- name: cascade_receipts_write :exec
-- param user_id u64
-- param event_id text
-- param target_table text
-- param target_key text
-- param target_system text
-- param position i64
-- param before_values text null
-- param after_values text
-- param because text
-- param revision u64
-- param created_at time
-- Of an event that is run again the first receipt of a row says how it was before.
INSERT INTO propagations
  (user_id, event_id, target_table, target_key, target_system, position, before_values, after_values, because,
   revision, created_at)
VALUES [[(:user_id, :event_id, :target_table, :target_key, :target_system, :position, :before_values, :after_values,
          :because, :revision, :created_at)]]
ON DUPLICATE KEY UPDATE after_values = VALUES(after_values), revision = VALUES(revision);

-- name: cascade_receipts_undo :exec
-- param user_id u64
-- param event_id text
-- param target_table text
-- param target_key text
-- param undone_at time
-- param undone_by text
UPDATE propagations
   SET undone_at = :undone_at, undone_by = :undone_by
 WHERE user_id = :user_id AND event_id = :event_id
   AND (target_table, target_key) IN ([[(:target_table, :target_key)]]) AND undone_at IS NULL;

-- name: cascade_event_outcome :one
-- param user_id u64
-- param event_id text
-- column outcome text
SELECT e.outcome FROM progress_events AS e WHERE e.user_id = :user_id AND e.id = :event_id;
