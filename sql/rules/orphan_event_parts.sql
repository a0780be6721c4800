-- rule: orphan_event_parts
-- summary: The parts of a todo, learning path or conflict belong to one that exists, of a learner who exists.
-- severity: warning
-- on-read: no
-- order: 89
-- limit: 10 % or 1000 rows
-- changes: learning_path_steps, path_progress, progress_conflict_events, todo_videos

-- Imports without foreign keys leave rows whose learner is gone, or never was. The repair takes them
-- away, and keeps each whole in the quarantine. Learners who were deleted or merged still have their row.
-- Before the rows that they are parts of, with which they would go unkept.
SELECT r.user_id, r.`table`, r.`key`, 'delete' AS `action`, NULL AS `column`, NULL AS actual, NULL AS wanted
  FROM (SELECT STRAIGHT_JOIN t.user_id, 'learning_path_steps' AS `table`, JSON_OBJECT('user_id', t.user_id,
               'path_id', t.path_id, 'step_id', t.step_id) AS `key`
          FROM learning_path_steps AS t
          LEFT JOIN users AS u ON u.id = t.user_id
          LEFT JOIN learning_paths AS p ON p.user_id = t.user_id AND p.id = t.path_id
         WHERE t.user_id BETWEEN :from AND :to AND (u.id IS NULL OR p.user_id IS NULL)
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'path_progress', JSON_OBJECT('user_id', t.user_id, 'path_id', t.path_id)
          FROM path_progress AS t
          LEFT JOIN users AS u ON u.id = t.user_id
          LEFT JOIN learning_paths AS p ON p.user_id = t.user_id AND p.id = t.path_id
         WHERE t.user_id BETWEEN :from AND :to AND (u.id IS NULL OR p.user_id IS NULL)
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'progress_conflict_events', JSON_OBJECT('conflict_id', t.conflict_id,
               'event_id', t.event_id)
          FROM progress_conflict_events AS t
          LEFT JOIN users AS u ON u.id = t.user_id
          LEFT JOIN progress_conflicts AS p ON p.id = t.conflict_id
         WHERE t.user_id BETWEEN :from AND :to AND (u.id IS NULL OR p.user_id IS NULL)
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'todo_videos', JSON_OBJECT('user_id', t.user_id, 'todo_id', t.todo_id,
               'video_id', t.video_id)
          FROM todo_videos AS t
          LEFT JOIN users AS u ON u.id = t.user_id
          LEFT JOIN todos AS p ON p.user_id = t.user_id AND p.id = t.todo_id
         WHERE t.user_id BETWEEN :from AND :to AND (u.id IS NULL OR p.user_id IS NULL)) AS r
 ORDER BY r.user_id, r.`table`, r.`key`;
