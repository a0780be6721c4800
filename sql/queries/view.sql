-- GET /api/progress-sync/summary (src/event/view.c): a learner's view of everything, at a bounded cost.

-- name: view_head :one
-- param user_id u64
-- column total_activities u64
-- column completed_activities u64
-- column in_progress_activities u64
-- column percentage_complete f64
-- column total_time_spent f64
-- column last_sync_time time null
-- column data_consistency_score f64
-- column current_streak i64 null
-- column last_practice_date day null
-- column video_changed_at time null
-- column todo_videos u64
-- What other applications change of videos does not show in the view, but moves its ETag.
SELECT COALESCE(s.total_activities, 0) AS total_activities, COALESCE(s.completed_activities, 0) AS completed_activities,
       COALESCE(s.in_progress_activities, 0) AS in_progress_activities,
       COALESCE(s.percentage_complete, 0) AS percentage_complete, COALESCE(s.total_time_spent, 0) AS total_time_spent,
       s.last_sync_time, COALESCE(s.data_consistency_score, 1) AS data_consistency_score, p.current_streak,
       p.last_practice_date,
       (SELECT MAX(v.updated_at) FROM video_progress AS v WHERE v.user_id = u.id) AS video_changed_at,
       (SELECT COUNT(*) FROM todo_videos AS w WHERE w.user_id = u.id) AS todo_videos
  FROM users AS u
  LEFT JOIN user_progress_summary AS s ON s.user_id = u.id
  LEFT JOIN profiles AS p ON p.user_id = u.id
 WHERE u.id = :user_id;

-- name: view_lists :each
-- param user_id u64
-- param today time -- when the learner's day began
-- param recent u64
-- param upcoming u64
-- param skills u64
-- param paths u64
-- param achievements u64
-- param reached u64
-- param underway u64
-- column part u64
-- column id text
-- column kind text
-- column title text
-- column detail text null
-- column amount f64 null
-- column total f64 null
-- column share f64 null
-- column moment time null
-- column other_moment time null
-- column cause text null
-- column metadata text null
-- All lists in one statement, because a round trip costs more than most of them; which list is the part (enum
-- view_part). Each reads as many rows as it may show, out of an index in its order; what is open comes by status,
-- with and without a date, and is put in order by whoever reads it.
(SELECT 0 AS part, a.activity_id AS id, a.activity_type AS kind, a.status AS title, NULL AS detail,
        a.time_spent AS amount, NULL AS total, NULL AS share, a.last_at AS moment, a.completed_at AS other_moment,
        NULL AS cause, NULL AS metadata
   FROM activities AS a FORCE INDEX (activities_recent)
  WHERE a.user_id = :user_id
  ORDER BY a.last_at DESC, a.activity_type DESC, a.activity_id DESC LIMIT :recent)
 UNION ALL
(SELECT 1, t.id, t.status, t.title, NULL, NULL, NULL, NULL, t.due_at, NULL, NULL, NULL
   FROM todos AS t FORCE INDEX (todos_status)
  WHERE t.user_id = :user_id AND t.status = 'pending' AND t.due_at IS NOT NULL
  ORDER BY t.due_at, t.id LIMIT :upcoming)
 UNION ALL
(SELECT 1, t.id, t.status, t.title, NULL, NULL, NULL, NULL, t.due_at, NULL, NULL, NULL
   FROM todos AS t FORCE INDEX (todos_status)
  WHERE t.user_id = :user_id AND t.status = 'in_progress' AND t.due_at IS NOT NULL
  ORDER BY t.due_at, t.id LIMIT :upcoming)
 UNION ALL
(SELECT 1, t.id, t.status, t.title, NULL, NULL, NULL, NULL, t.due_at, NULL, NULL, NULL
   FROM todos AS t FORCE INDEX (todos_status)
  WHERE t.user_id = :user_id AND t.status IN ('pending', 'in_progress') AND t.due_at IS NULL
  LIMIT :upcoming)
 UNION ALL
(SELECT 2, e.id, e.status, e.title, e.video_id, NULL, NULL, NULL, e.starts_at, e.ends_at, NULL, NULL
   FROM schedule_entries AS e FORCE INDEX (schedule_entries_status)
  WHERE e.user_id = :user_id AND e.status = 'planned' AND e.starts_at >= :today
  ORDER BY e.starts_at, e.id LIMIT :upcoming)
 UNION ALL
(SELECT 2, e.id, e.status, e.title, e.video_id, NULL, NULL, NULL, e.starts_at, e.ends_at, NULL, NULL
   FROM schedule_entries AS e FORCE INDEX (schedule_entries_status)
  WHERE e.user_id = :user_id AND e.status = 'in_progress'
  ORDER BY e.starts_at, e.id LIMIT :upcoming)
 UNION ALL
(SELECT 3, k.skill_id, k.category, k.level, NULL, k.confidence, NULL, NULL, k.assessed_at, NULL, NULL, NULL
   FROM skills AS k
  WHERE k.user_id = :user_id
  ORDER BY k.skill_id LIMIT :skills)
 UNION ALL
(SELECT 4, p.id, p.status, p.title, g.current_step_id, g.completed_steps, g.total_steps, g.percentage, p.updated_at,
        g.completed_at, NULL, NULL
   FROM learning_paths AS p FORCE INDEX (learning_paths_updated)
   LEFT JOIN path_progress AS g ON g.user_id = p.user_id AND g.path_id = p.id
  WHERE p.user_id = :user_id
  ORDER BY p.updated_at DESC, p.id DESC LIMIT :paths)
 UNION ALL
(SELECT 5, c.id, c.achievement_type, c.title, c.description, c.is_public, NULL, NULL, c.earned_at, NULL,
        c.trigger_event_id, c.metadata
   FROM achievements AS c FORCE INDEX (achievements_earned)
  WHERE c.user_id = :user_id
  ORDER BY c.earned_at DESC, c.id DESC LIMIT :achievements)
 UNION ALL
(SELECT 6, m.milestone_id, '', m.title, NULL, m.progress, m.target, NULL, m.reached_at, NULL, NULL, NULL
   FROM milestones AS m FORCE INDEX (milestones_reached)
  WHERE m.user_id = :user_id AND m.reached_at IS NOT NULL
  ORDER BY m.reached_at DESC, m.milestone_id DESC LIMIT :reached)
 UNION ALL
(SELECT 6, m.milestone_id, '', m.title, NULL, m.progress, m.target, NULL, m.reached_at, NULL, NULL, NULL
   FROM milestones AS m FORCE INDEX (milestones_reached)
  WHERE m.user_id = :user_id AND m.reached_at IS NULL
  ORDER BY m.milestone_id LIMIT :underway);
