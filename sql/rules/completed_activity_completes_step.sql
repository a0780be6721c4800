-- rule: completed_activity_completes_step
-- summary: A step of a learning path whose activity is completed is completed, unless somebody opened it again.
-- severity: warning
-- on-read: events
-- order: 79
-- limit: 10 % or 20000 rows
-- changes: learning_path_steps.status, learning_path_steps.completed_at, propagations

-- Whether events completed the activity, or another application the video; also a step that was added afterwards. As
-- completed_video_completes_todo: what has a receipt is left alone. Skipped steps are none of this rule's.
WITH found AS (
  SELECT STRAIGHT_JOIN s.user_id, s.path_id, s.step_id, s.status, s.completed_at, s.activity_type, s.activity_id,
         CONCAT(REPLACE(REPLACE(s.path_id, '~', '~0'), '/', '~1'), '/', s.step_id) AS target_key,
         COALESCE(a.completed_at, p.completed_at, UTC_TIMESTAMP(3)) AS done_at
    FROM learning_path_steps AS s FORCE INDEX (learning_path_steps_status)
    LEFT JOIN activities AS a
      ON a.user_id = s.user_id AND a.activity_type = s.activity_type AND a.activity_id = s.activity_id
         AND a.status = 'completed'
    LEFT JOIN video_progress AS p
      ON s.activity_type = 'video' AND p.user_id = s.user_id AND p.video_id = s.activity_id AND p.status = 'completed'
    LEFT JOIN propagations AS r FORCE INDEX (propagations_target)
      ON r.user_id = s.user_id AND r.target_table = 'learning_path_steps'
         AND r.target_key = CONCAT(REPLACE(REPLACE(s.path_id, '~', '~0'), '/', '~1'), '/', s.step_id)
   WHERE s.user_id BETWEEN :from AND :to AND s.status IN ('pending', 'in_progress') AND s.activity_id IS NOT NULL
     AND (a.user_id IS NOT NULL OR p.user_id IS NOT NULL) AND r.user_id IS NULL)
SELECT STRAIGHT_JOIN k.user_id,
       IF(n.of_receipt, 'propagations', 'learning_path_steps') AS `table`,
       IF(n.of_receipt,
          JSON_OBJECT('user_id', k.user_id, 'event_id', 'rule:completed_activity_completes_step',
                      'target_table', 'learning_path_steps', 'target_key', k.target_key),
          JSON_OBJECT('user_id', k.user_id, 'path_id', k.path_id, 'step_id', k.step_id)) AS `key`,
       IF(n.of_receipt, 'insert', 'set') AS `action`,
       n.name AS `column`,
       CASE n.name WHEN 'status' THEN k.status END AS actual,
       CASE n.name
         WHEN 'status' THEN 'completed'
         WHEN 'completed_at' THEN CAST(k.done_at AS CHAR)
         WHEN 'target_system' THEN 'learning_path_generator'
         WHEN 'before_values' THEN CAST(JSON_OBJECT('status', k.status, 'completed_at', CAST(k.completed_at AS CHAR)) AS CHAR)
         WHEN 'after_values' THEN CAST(JSON_OBJECT('status', 'completed', 'completed_at',
                                                   CAST(COALESCE(k.completed_at, k.done_at) AS CHAR)) AS CHAR)
         WHEN 'because' THEN LEFT(CONCAT('step ', k.step_id, ' is ', k.activity_type, ' ', k.activity_id), 255)
         ELSE CAST(u.revision + 1 AS CHAR)
       END AS wanted
  FROM found AS k
  JOIN users AS u ON u.id = k.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  JOIN (SELECT 'status' AS name, FALSE AS of_receipt UNION ALL SELECT 'completed_at', FALSE UNION ALL
        SELECT 'target_system', TRUE UNION ALL SELECT 'before_values', TRUE UNION ALL
        SELECT 'after_values', TRUE UNION ALL SELECT 'because', TRUE UNION ALL SELECT 'revision', TRUE) AS n
    ON n.name <> 'completed_at' OR k.completed_at IS NULL
 ORDER BY k.user_id, k.path_id, k.step_id, n.name;
