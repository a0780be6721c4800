-- rule: completed_todo_completes_schedule
-- summary: A calendar entry of a completed todo is completed, unless somebody opened it again.
-- severity: warning
-- on-read: events
-- order: 77
-- limit: 10 % or 20000 rows
-- changes: schedule_entries.status, schedule_entries.actual_end, propagations

-- As completed_video_completes_todo: what has a receipt is left alone, and so is an entry that was made after the todo
-- was completed, for a later time. Entries that were skipped or cancelled are none of this rule's.
WITH found AS (
  SELECT STRAIGHT_JOIN e.user_id, e.id, e.status, e.actual_end, e.todo_id, COALESCE(s.completed_at, s.updated_at) AS done_at
    FROM schedule_entries AS e FORCE INDEX (schedule_entries_status)
    JOIN todos AS s ON s.user_id = e.user_id AND s.id = e.todo_id AND s.status = 'completed'
    LEFT JOIN propagations AS r FORCE INDEX (propagations_target)
      ON r.user_id = e.user_id AND r.target_table = 'schedule_entries' AND r.target_key = e.id
   WHERE e.user_id BETWEEN :from AND :to AND e.status IN ('planned', 'in_progress') AND r.user_id IS NULL
     AND NOT (e.created_at > s.updated_at AND e.starts_at > COALESCE(s.completed_at, s.updated_at)))
SELECT STRAIGHT_JOIN k.user_id,
       IF(n.of_receipt, 'propagations', 'schedule_entries') AS `table`,
       IF(n.of_receipt,
          JSON_OBJECT('user_id', k.user_id, 'event_id', 'rule:completed_todo_completes_schedule',
                      'target_table', 'schedule_entries', 'target_key', k.id),
          JSON_OBJECT('user_id', k.user_id, 'id', k.id)) AS `key`,
       IF(n.of_receipt, 'insert', 'set') AS `action`,
       n.name AS `column`,
       CASE n.name WHEN 'status' THEN k.status END AS actual,
       CASE n.name
         WHEN 'status' THEN 'completed'
         WHEN 'actual_end' THEN CAST(k.done_at AS CHAR)
         WHEN 'target_system' THEN 'calendar_service'
         WHEN 'before_values' THEN CAST(JSON_OBJECT('status', k.status, 'actual_end', CAST(k.actual_end AS CHAR)) AS CHAR)
         WHEN 'after_values' THEN CAST(JSON_OBJECT('status', 'completed', 'actual_end',
                                                   CAST(COALESCE(k.actual_end, k.done_at) AS CHAR)) AS CHAR)
         WHEN 'because' THEN LEFT(CONCAT('entry ', k.id, ' stands for todo ', k.todo_id), 255)
         ELSE CAST(u.revision + 1 AS CHAR)
       END AS wanted
  FROM found AS k
  JOIN users AS u ON u.id = k.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  JOIN (SELECT 'status' AS name, FALSE AS of_receipt UNION ALL SELECT 'actual_end', FALSE UNION ALL
        SELECT 'target_system', TRUE UNION ALL SELECT 'before_values', TRUE UNION ALL
        SELECT 'after_values', TRUE UNION ALL SELECT 'because', TRUE UNION ALL SELECT 'revision', TRUE) AS n
    ON n.name <> 'actual_end' OR k.actual_end IS NULL
 ORDER BY k.user_id, k.id, n.name;
