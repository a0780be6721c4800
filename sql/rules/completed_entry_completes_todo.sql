-- rule: completed_entry_completes_todo
-- summary: A todo whose calendar entry is completed is completed, unless somebody opened it again.
-- severity: warning
-- on-read: events
-- order: 74
-- limit: 10 % or 20000 rows
-- changes: todos.status, todos.completed_at, propagations

-- As completed_video_completes_todo. Entries are not looked at one by one: from the open todos to the entries that stand
-- for them.
WITH found AS (
  SELECT STRAIGHT_JOIN t.user_id, t.id, t.status, t.completed_at
    FROM todos AS t FORCE INDEX (todos_status)
    JOIN schedule_entries AS e FORCE INDEX (schedule_entries_todo)
      ON e.user_id = t.user_id AND e.todo_id = t.id AND e.status = 'completed'
    LEFT JOIN propagations AS r FORCE INDEX (propagations_target)
      ON r.user_id = t.user_id AND r.target_table = 'todos' AND r.target_key = t.id
   WHERE t.user_id BETWEEN :from AND :to AND t.status IN ('pending', 'in_progress') AND r.user_id IS NULL
     AND (t.due_at IS NULL OR t.created_at <= e.updated_at OR t.due_at <= COALESCE(e.actual_end, UTC_TIMESTAMP(3))))
SELECT STRAIGHT_JOIN k.user_id,
       IF(n.of_receipt, 'propagations', 'todos') AS `table`,
       IF(n.of_receipt,
          JSON_OBJECT('user_id', k.user_id, 'event_id', 'rule:completed_entry_completes_todo', 'target_table', 'todos',
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
         WHEN 'because' THEN LEFT(CONCAT('a calendar entry of todo ', k.id, ' is completed'), 255)
         ELSE CAST(u.revision + 1 AS CHAR)
       END AS wanted
  FROM (SELECT DISTINCT f.user_id, f.id, f.status, f.completed_at,
               COALESCE((SELECT MAX(e.actual_end)
                           FROM schedule_entries AS e FORCE INDEX (schedule_entries_todo)
                          WHERE e.user_id = f.user_id AND e.todo_id = f.id AND e.status = 'completed'),
                        UTC_TIMESTAMP(3)) AS done_at
          FROM found AS f) AS k
  JOIN users AS u ON u.id = k.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  JOIN (SELECT 'status' AS name, FALSE AS of_receipt UNION ALL SELECT 'completed_at', FALSE UNION ALL
        SELECT 'target_system', TRUE UNION ALL SELECT 'before_values', TRUE UNION ALL
        SELECT 'after_values', TRUE UNION ALL SELECT 'because', TRUE UNION ALL SELECT 'revision', TRUE) AS n
    ON n.name <> 'completed_at' OR k.completed_at IS NULL
 ORDER BY k.user_id, k.id, n.name;
