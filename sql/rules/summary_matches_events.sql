-- rule: summary_matches_events
-- summary: A learner's progress summary is what their applied events add up to.
-- severity: warning
-- on-read: no
-- order: 72
-- limit: 10 % or 20000 rows
-- changes: user_progress_summary, user_progress_summary.total_activities, user_progress_summary.completed_activities, user_progress_summary.in_progress_activities, user_progress_summary.percentage_complete, user_progress_summary.total_time_spent, user_progress_summary.completed_videos, user_progress_summary.completed_practices, user_progress_summary.completed_projects, user_progress_summary.completed_quizzes, user_progress_summary.completed_milestones, user_progress_summary.last_activity_at

-- Counted anew from all applied events: days, then activities, then the learner. Each event moves the summary when it
-- comes; nothing but that and this rule writes it. When the last event was taken in, and the score, are no sums.
SELECT STRAIGHT_JOIN s.user_id,
       'user_progress_summary' AS `table`,
       CONCAT('{"user_id": ', s.user_id, '}') AS `key`,
       IF(s.is_there, 'set', 'insert') AS `action`,
       c.name AS `column`,
       ELT(c.place, s.total_activities, s.completed_activities, s.in_progress_activities, s.percentage_complete,
           s.total_time_spent, s.completed_videos, s.completed_practices, s.completed_projects, s.completed_quizzes,
           s.completed_milestones, s.last_activity_at) AS actual,
       ELT(c.place, s.total, s.completed, s.begun, s.percentage, s.minutes, s.videos, s.practices, s.projects,
           s.quizzes, s.milestones, s.last_at) AS wanted
  FROM (SELECT STRAIGHT_JOIN u.id AS user_id, m.user_id IS NOT NULL AS is_there, m.total_activities,
               m.completed_activities, m.in_progress_activities, m.percentage_complete, m.total_time_spent,
               m.completed_videos, m.completed_practices, m.completed_projects, m.completed_quizzes,
               m.completed_milestones, m.last_activity_at, COALESCE(p.total, 0) AS total,
               COALESCE(p.completed, 0) AS completed, COALESCE(p.begun, 0) AS begun,
               COALESCE(CAST(FLOOR(p.completed * 10000 / p.total) / 100 AS DECIMAL(5, 2)), '0.00') AS percentage,
               COALESCE(p.minutes, '0.00') AS minutes, COALESCE(p.videos, 0) AS videos,
               COALESCE(p.practices, 0) AS practices, COALESCE(p.projects, 0) AS projects,
               COALESCE(p.quizzes, 0) AS quizzes, COALESCE(p.milestones, 0) AS milestones, p.last_at
          FROM users AS u
          LEFT JOIN (SELECT a.user_id, COUNT(*) AS total, SUM(a.is_completed) AS completed,
                            SUM(a.is_begun AND NOT a.is_completed) AS begun, SUM(a.minutes) AS minutes,
                            SUM(a.is_completed AND a.activity_type = 'video') AS videos,
                            SUM(a.is_completed AND a.activity_type = 'practice') AS practices,
                            SUM(a.is_completed AND a.activity_type = 'project') AS projects,
                            SUM(a.is_completed AND a.activity_type = 'quiz') AS quizzes,
                            SUM(a.is_completed AND a.activity_type = 'milestone') AS milestones,
                            MAX(a.last_at) AS last_at
                       FROM (SELECT d.user_id, d.activity_type, SUM(d.minutes) AS minutes,
                                    MAX(d.is_completed) AS is_completed, MAX(d.is_begun) AS is_begun,
                                    MAX(d.last_at) AS last_at
                               FROM (SELECT e.user_id, e.activity_type, e.activity_id, MAX(e.time_spent) AS minutes,
                                            MAX(e.completion_status = 'completed') AS is_completed,
                                            MAX(e.completion_status IN ('started', 'in_progress',
                                                                         'failed')) AS is_begun,
                                            MAX(e.happened_at) AS last_at
                                       FROM progress_events AS e
                                      WHERE e.user_id BETWEEN :from AND :to AND e.outcome = 'applied'
                                      GROUP BY e.user_id, e.activity_type, e.activity_id, e.practised_on) AS d
                              GROUP BY d.user_id, d.activity_type, d.activity_id) AS a
                      GROUP BY a.user_id) AS p ON p.user_id = u.id
          LEFT JOIN user_progress_summary AS m ON m.user_id = u.id
         WHERE u.id BETWEEN :from AND :to AND u.merged_into IS NULL AND u.deleted_at IS NULL
           AND (p.user_id IS NOT NULL OR m.user_id IS NOT NULL)) AS s
  JOIN (SELECT 1 AS place, 'total_activities' AS name UNION ALL SELECT 2, 'completed_activities'
         UNION ALL SELECT 3, 'in_progress_activities' UNION ALL SELECT 4, 'percentage_complete'
         UNION ALL SELECT 5, 'total_time_spent' UNION ALL SELECT 6, 'completed_videos'
         UNION ALL SELECT 7, 'completed_practices' UNION ALL SELECT 8, 'completed_projects'
         UNION ALL SELECT 9, 'completed_quizzes' UNION ALL SELECT 10, 'completed_milestones'
         UNION ALL SELECT 11, 'last_activity_at') AS c
    ON NOT s.is_there
       OR NOT (ELT(c.place, s.total_activities, s.completed_activities, s.in_progress_activities, s.percentage_complete,
                   s.total_time_spent, s.completed_videos, s.completed_practices, s.completed_projects,
                   s.completed_quizzes, s.completed_milestones, s.last_activity_at)
               <=> ELT(c.place, s.total, s.completed, s.begun, s.percentage, s.minutes, s.videos, s.practices,
                       s.projects, s.quizzes, s.milestones, s.last_at))
 ORDER BY s.user_id, c.place;
