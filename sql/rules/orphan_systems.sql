-- rule: orphan_systems
-- summary: A todo, calendar entry, video, learning path, skill, journey or mention belongs to a learner who exists.
-- severity: warning
-- on-read: no
-- order: 90
-- limit: 10 % or 1000 rows
-- changes: ai_journey, chat_mentions, learning_paths, schedule_entries, skills, todos, video_progress

-- Imports without foreign keys leave rows whose learner is gone, or never was. The repair takes them
-- away, and keeps each whole in the quarantine. Learners who were deleted or merged still have their row.
SELECT r.user_id, r.`table`, r.`key`, 'delete' AS `action`, NULL AS `column`, NULL AS actual, NULL AS wanted
  FROM (SELECT STRAIGHT_JOIN t.user_id, 'ai_journey' AS `table`, JSON_OBJECT('user_id', t.user_id) AS `key`
          FROM (SELECT DISTINCT d.user_id FROM ai_journey AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN ai_journey AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'chat_mentions', JSON_OBJECT('user_id', t.user_id,
               'activity_type', t.activity_type, 'activity_id', t.activity_id)
          FROM (SELECT DISTINCT d.user_id FROM chat_mentions AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN chat_mentions AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'learning_paths', JSON_OBJECT('user_id', t.user_id, 'id', t.id)
          FROM (SELECT DISTINCT d.user_id FROM learning_paths AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN learning_paths AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'schedule_entries', JSON_OBJECT('user_id', t.user_id, 'id', t.id)
          FROM (SELECT DISTINCT d.user_id FROM schedule_entries AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN schedule_entries AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'skills', JSON_OBJECT('user_id', t.user_id, 'skill_id', t.skill_id)
          FROM (SELECT DISTINCT d.user_id FROM skills AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN skills AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'todos', JSON_OBJECT('user_id', t.user_id, 'id', t.id)
          FROM (SELECT DISTINCT d.user_id FROM todos AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN todos AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL
         UNION ALL
        SELECT STRAIGHT_JOIN t.user_id, 'video_progress', JSON_OBJECT('user_id', t.user_id, 'video_id', t.video_id)
          FROM (SELECT DISTINCT d.user_id FROM video_progress AS d WHERE d.user_id BETWEEN :from AND :to) AS o
          LEFT JOIN users AS u ON u.id = o.user_id
          JOIN video_progress AS t ON t.user_id = o.user_id
         WHERE u.id IS NULL) AS r
 ORDER BY r.user_id, r.`table`, r.`key`;
