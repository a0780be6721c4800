-- rule: completed_video_completes_todo
-- summary: A todo all of whose videos are completed is completed, unless somebody opened it again.
-- severity: warning
-- on-read: events
-- order: 76
-- limit: 10 % or 20000 rows
-- changes: todos.status, todos.completed_at, propagations

-- Other applications write these tables with SQL; what they completed brings the rest along, as an event does. What
-- has a receipt was brought along before: who opened it again meant it, and it is left alone. So is a todo that was made
-- after its videos were completed, for a later time: it was planned anew.
--
-- From the open todos, of which there are few, to their videos.
WITH found AS (
  SELECT STRAIGHT_JOIN t.user_id, t.id, t.status, t.completed_at
    FROM todos AS t FORCE INDEX (todos_status)
    JOIN todo_videos AS v ON v.user_id = t.user_id AND v.todo_id = t.id
    JOIN video_progress AS p ON p.user_id = v.user_id AND p.video_id = v.video_id AND p.status = 'completed'
    LEFT JOIN (todo_videos AS o
               LEFT JOIN video_progress AS d
                 ON d.user_id = o.user_id AND d.video_id = o.video_id AND d.status = 'completed')
      ON o.user_id = t.user_id AND o.todo_id = t.id AND d.user_id IS NULL
    LEFT JOIN propagations AS r FORCE INDEX (propagations_target)
      ON r.user_id = t.user_id AND r.target_table = 'todos' AND r.target_key = t.id
   WHERE t.user_id BETWEEN :from AND :to AND t.status IN ('pending', 'in_progress')
     AND o.user_id IS NULL AND r.user_id IS NULL
     AND (t.due_at IS NULL OR t.created_at <= p.updated_at OR t.due_at <= COALESCE(p.completed_at, UTC_TIMESTAMP(3))))
SELECT STRAIGHT_JOIN k.user_id,
       IF(n.of_receipt, 'propagations', 'todos') AS `table`,
       IF(n.of_receipt,
          JSON_OBJECT('user_id', k.user_id, 'event_id', 'rule:completed_video_completes_todo', 'target_table', 'todos',
                      'target_key', k.id),
          JSON_OBJECT('user_id', k.user_id, 'id', k.id)) AS `key`,
       IF(n.of_receipt, 'insert', 'set') AS `action`,
       n.name AS `column`,
       CASE n.name WHEN 'status' THEN k.status END AS actual,
       CASE n.name
         WHEN 'status' THEN 'completed'
         WHEN 'completed_at' THEN CAST(k.done_at AS CHAR)
         WHEN 'target_system' THEN 'todo_manager'
         WHEN 'before_values' THEN CAST(JSON_OBJECT('status', k.status, 'completed_at', CAST(k.completed_at AS CHAR)) AS CHAR)
         WHEN 'after_values' THEN CAST(JSON_OBJECT('status', 'completed', 'completed_at',
                                                   CAST(COALESCE(k.completed_at, k.done_at) AS CHAR)) AS CHAR)
         WHEN 'because' THEN LEFT(CONCAT('the videos of todo ', k.id, ' are completed'), 255)
         ELSE CAST(u.revision + 1 AS CHAR)
       END AS wanted
  FROM (SELECT DISTINCT f.user_id, f.id, f.status, f.completed_at,
               COALESCE((SELECT MAX(p.completed_at)
                           FROM todo_videos AS v
                           JOIN video_progress AS p ON p.user_id = v.user_id AND p.video_id = v.video_id
                          WHERE v.user_id = f.user_id AND v.todo_id = f.id), UTC_TIMESTAMP(3)) AS done_at
          FROM found AS f) AS k
  JOIN users AS u ON u.id = k.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  JOIN (SELECT 'status' AS name, FALSE AS of_receipt UNION ALL SELECT 'completed_at', FALSE UNION ALL
        SELECT 'target_system', TRUE UNION ALL SELECT 'before_values', TRUE UNION ALL
        SELECT 'after_values', TRUE UNION ALL SELECT 'because', TRUE UNION ALL SELECT 'revision', TRUE) AS n
    ON n.name <> 'completed_at' OR k.completed_at IS NULL
 ORDER BY k.user_id, k.id, n.name;
