-- rule: orphan_events
-- summary: What progress events have left behind belongs to a learner who exists.
-- severity: warning
-- on-read: no
-- order: 90
-- limit: 10 % or 1000 rows
-- changes: achievements, activities, activity_days, milestones, notifications, progress_conflicts, progress_events, propagations, system_sync_status, user_progress_summary

-- Imports without foreign keys leave rows whose learner is gone, or never was. The repair takes them
-- away, and keeps each whole in the quarantine. Learners who were deleted or merged still have their row.
SELECT r.user_id, r.`table`, r.`key`, 'delete' AS `action`, NULL AS `column`, NULL AS actual, NULL AS wanted
  FROM (SELECT STRAIGHT_JOIN t.user_id, 'achievements' AS `table`,
               JSON_OBJECT('user_id', t.user_id, 'id', t.id) AS `key`
          FROM (SELECT DISTINCT d.user_id FROM achievements AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN achievements AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'activities', JSON_OBJECT('user_id', t.user_id,
               'activity_type', t.activity_type, 'activity_id', t.activity_id)
          FROM (SELECT DISTINCT d.user_id FROM activities AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN activities AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'activity_days', JSON_OBJECT('user_id', t.user_id,
               'day', CAST(t.day AS CHAR), 'activity_type', t.activity_type, 'activity_id', t.activity_id)
          FROM (SELECT DISTINCT d.user_id FROM activity_days AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN activity_days AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'milestones', JSON_OBJECT('user_id', t.user_id,
               'milestone_id', t.milestone_id)
          FROM (SELECT DISTINCT d.user_id FROM milestones AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN milestones AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'notifications', JSON_OBJECT('id', t.id)
          FROM (SELECT DISTINCT d.user_id FROM notifications AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN notifications AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'progress_conflicts', JSON_OBJECT('id', t.id)
          FROM (SELECT DISTINCT d.user_id FROM progress_conflicts AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN progress_conflicts AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'progress_events', JSON_OBJECT('user_id', t.user_id, 'id', t.id)
          FROM (SELECT DISTINCT d.user_id FROM progress_events AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN progress_events AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'propagations', JSON_OBJECT('user_id', t.user_id, 'event_id', t.event_id,
               'target_table', t.target_table, 'target_key', t.target_key)
          FROM (SELECT DISTINCT d.user_id FROM propagations AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN propagations AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'system_sync_status', JSON_OBJECT('user_id', t.user_id,
               'source_system', t.source_system, 'target_system', t.target_system)
          FROM (SELECT DISTINCT d.user_id FROM system_sync_status AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN system_sync_status AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'user_progress_summary', JSON_OBJECT('user_id', t.user_id)
          FROM (SELECT DISTINCT d.user_id FROM user_progress_summary AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN user_progress_summary AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL) AS r
 ORDER BY r.user_id, r.`table`, r.`key`;
