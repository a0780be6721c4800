-- rule: completed_item_completes_video
-- summary: The video of a completed todo, calendar entry or step is completed, unless somebody opened it again.
-- severity: warning
-- on-read: events
-- order: 75
-- limit: 10 % or 20000 rows
-- changes: video_progress, video_progress.status, video_progress.percentage_watched, video_progress.completed_at, propagations

-- Of todos only those that are about exactly one video. As completed_video_completes_todo: what has a receipt is left
-- alone. A video that nobody knew of yet is put in.
WITH found AS (
  SELECT STRAIGHT_JOIN v.user_id, v.video_id, t.completed_at AS done_at
    FROM todo_videos AS v FORCE INDEX (todo_videos_video)
    LEFT JOIN video_progress AS d ON d.user_id = v.user_id AND d.video_id = v.video_id AND d.status = 'completed'
    JOIN todos AS t ON t.user_id = v.user_id AND t.id = v.todo_id AND t.status = 'completed'
    LEFT JOIN todo_videos AS o ON o.user_id = v.user_id AND o.todo_id = v.todo_id AND o.video_id <> v.video_id
    LEFT JOIN propagations AS r FORCE INDEX (propagations_target)
      ON r.user_id = v.user_id AND r.target_table = 'video_progress' AND r.target_key = v.video_id
   WHERE v.user_id BETWEEN :from AND :to AND d.user_id IS NULL AND o.user_id IS NULL AND r.user_id IS NULL
   UNION ALL
  SELECT STRAIGHT_JOIN e.user_id, e.video_id, e.actual_end
    FROM schedule_entries AS e FORCE INDEX (schedule_entries_video)
    LEFT JOIN video_progress AS d ON d.user_id = e.user_id AND d.video_id = e.video_id AND d.status = 'completed'
    LEFT JOIN propagations AS r FORCE INDEX (propagations_target)
      ON r.user_id = e.user_id AND r.target_table = 'video_progress' AND r.target_key = e.video_id
   WHERE e.user_id BETWEEN :from AND :to AND e.video_id IS NOT NULL AND e.status = 'completed'
     AND d.user_id IS NULL AND r.user_id IS NULL
   UNION ALL
  SELECT STRAIGHT_JOIN s.user_id, s.activity_id, s.completed_at
    FROM learning_path_steps AS s FORCE INDEX (learning_path_steps_status)
    LEFT JOIN video_progress AS d ON d.user_id = s.user_id AND d.video_id = s.activity_id AND d.status = 'completed'
    LEFT JOIN propagations AS r FORCE INDEX (propagations_target)
      ON r.user_id = s.user_id AND r.target_table = 'video_progress' AND r.target_key = s.activity_id
   WHERE s.user_id BETWEEN :from AND :to AND s.status = 'completed' AND s.activity_type = 'video'
     AND s.activity_id IS NOT NULL AND d.user_id IS NULL AND r.user_id IS NULL)
SELECT STRAIGHT_JOIN k.user_id,
       IF(n.of_receipt, 'propagations', 'video_progress') AS `table`,
       IF(n.of_receipt,
          JSON_OBJECT('user_id', k.user_id, 'event_id', 'rule:completed_item_completes_video',
                      'target_table', 'video_progress', 'target_key', k.video_id),
          JSON_OBJECT('user_id', k.user_id, 'video_id', k.video_id)) AS `key`,
       IF(n.of_receipt OR NOT k.is_there, 'insert', 'set') AS `action`,
       n.name AS `column`,
       CASE n.name
         WHEN 'status' THEN k.status
         WHEN 'percentage_watched' THEN CAST(k.percentage_watched AS CHAR)
       END AS actual,
       CASE n.name
         WHEN 'status' THEN 'completed'
         WHEN 'percentage_watched' THEN '100.00'
         WHEN 'completed_at' THEN CAST(k.done_at AS CHAR)
         WHEN 'target_system' THEN 'video_player'
         WHEN 'before_values' THEN CAST(JSON_OBJECT('status', k.status, 'percentage_watched',
                                                    CAST(k.percentage_watched AS CHAR), 'completed_at',
                                                    CAST(k.completed_at AS CHAR)) AS CHAR)
         WHEN 'after_values' THEN CAST(JSON_OBJECT('status', 'completed', 'percentage_watched', '100.00',
                                                   'completed_at',
                                                   CAST(COALESCE(k.completed_at, k.done_at) AS CHAR)) AS CHAR)
         WHEN 'because' THEN LEFT(CONCAT('what stands for video ', k.video_id, ' is completed'), 255)
         ELSE CAST(u.revision + 1 AS CHAR)
       END AS wanted
  FROM (SELECT STRAIGHT_JOIN f.user_id, f.video_id, p.user_id IS NOT NULL AS is_there, p.status, p.percentage_watched,
               p.completed_at, COALESCE(MAX(f.done_at), UTC_TIMESTAMP(3)) AS done_at
          FROM found AS f
          LEFT JOIN video_progress AS p ON p.user_id = f.user_id AND p.video_id = f.video_id
         GROUP BY f.user_id, f.video_id, p.user_id, p.status, p.percentage_watched, p.completed_at) AS k
  JOIN users AS u ON u.id = k.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  JOIN (SELECT 'status' AS name, FALSE AS of_receipt UNION ALL SELECT 'percentage_watched', FALSE UNION ALL
        SELECT 'completed_at', FALSE UNION ALL SELECT 'target_system', TRUE UNION ALL
        SELECT 'before_values', TRUE UNION ALL SELECT 'after_values', TRUE UNION ALL SELECT 'because', TRUE UNION ALL
        SELECT 'revision', TRUE) AS n
    ON CASE n.name
         WHEN 'percentage_watched' THEN NOT k.is_there OR k.percentage_watched < 100
         WHEN 'completed_at' THEN k.completed_at IS NULL
         WHEN 'before_values' THEN k.is_there
         ELSE TRUE
       END
 ORDER BY k.user_id, k.video_id, n.name;
