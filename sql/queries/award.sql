-- Achievements and milestones (src/event/award*.c).

-- name: award_counts :one
-- param user_id u64
-- param activity_type text -- of the event
-- param activity_id text
-- param day day
-- param milestones_max u64
-- column best_day i64
-- column practice_days i64
-- column milestones i64 -- reached
-- What awards count, as an event has left it. best_day is that of the day on which the event's activity was completed:
-- no other day has moved. practice_days are those of the 28 days that end with the event's.
SELECT (SELECT COUNT(*) FROM activities AS d FORCE INDEX (activities_completed)
         WHERE d.user_id = :user_id
           AND d.completed_on = (SELECT a.completed_on FROM activities AS a
                                  WHERE a.user_id = :user_id AND a.activity_type = :activity_type
                                    AND a.activity_id = :activity_id)) AS best_day,
       (SELECT COUNT(DISTINCT e.day) FROM practice_days AS e
         WHERE e.user_id = :user_id AND e.day BETWEEN :day - INTERVAL 27 DAY AND :day) AS practice_days,
       (SELECT COUNT(*) FROM (SELECT m.milestone_id FROM milestones AS m
                               WHERE m.user_id = :user_id AND m.reached_at IS NOT NULL
                               LIMIT :milestones_max) AS r) AS milestones;

-- name: award_history :many
-- param after_user u64
-- param to_user u64
-- param limit_rows u64
-- column user_id u64
-- column has_events bool
-- column completed i64
-- column videos i64
-- column practices i64
-- column projects i64
-- column quizzes i64
-- column milestone_activities i64
-- column minutes i64
-- column streak_days i64
-- column best_day i64
-- column milestones i64
-- column skills i64
-- The metrics as all of a learner's history proves them, for the next learners. best_day is the best of all days.
SELECT u.id AS user_id, s.user_id IS NOT NULL AS has_events,
       COALESCE(s.completed_activities, 0) AS completed, COALESCE(s.completed_videos, 0) AS videos,
       COALESCE(s.completed_practices, 0) AS practices, COALESCE(s.completed_projects, 0) AS projects,
       COALESCE(s.completed_quizzes, 0) AS quizzes, COALESCE(s.completed_milestones, 0) AS milestone_activities,
       CAST(FLOOR(COALESCE(s.total_time_spent, 0)) AS SIGNED) AS minutes,
       COALESCE(p.longest_streak, 0) AS streak_days,
       COALESCE((SELECT COUNT(*) FROM activities AS d
                  WHERE d.user_id = u.id AND d.completed_on IS NOT NULL
                  GROUP BY d.completed_on ORDER BY COUNT(*) DESC LIMIT 1), 0) AS best_day,
       (SELECT COUNT(*) FROM milestones AS m WHERE m.user_id = u.id AND m.reached_at IS NOT NULL) AS milestones,
       (SELECT COUNT(*) FROM skills AS k WHERE k.user_id = u.id) AS skills
  FROM users AS u FORCE INDEX (PRIMARY)
  LEFT JOIN user_progress_summary AS s ON s.user_id = u.id
  LEFT JOIN profiles AS p ON p.user_id = u.id
 WHERE u.id > :after_user AND u.id <= :to_user AND u.deleted_at IS NULL AND u.merged_into IS NULL
 ORDER BY u.id
 LIMIT :limit_rows;

-- name: award_days :many
-- param user_id u64
-- param first day
-- param last day
-- column day day
-- Days on which the learner practised anything.
SELECT DISTINCT d.day FROM practice_days AS d
 WHERE d.user_id = :user_id AND d.day BETWEEN :first AND :last
 ORDER BY d.day;

-- name: award_standing :many
-- param user_id u64
-- param milestone_id text
-- column is_milestone bool
-- column id text
-- column target u64
-- column progress u64
-- column is_reached bool
-- What is earned, and how far these milestones are.
SELECT FALSE AS is_milestone, a.id, 0 AS target, 0 AS progress, TRUE AS is_reached
  FROM achievements AS a
 WHERE a.user_id = :user_id
 UNION ALL
SELECT TRUE, m.milestone_id, m.target, m.progress, m.reached_at IS NOT NULL
  FROM milestones AS m
 WHERE m.user_id = :user_id AND m.milestone_id IN ([[:milestone_id]]);

-- name: award_reached :many
-- param user_id u64
-- column milestone_id text
-- column reached_at time
-- column event_id text
-- Milestones that events have told of, and that are not reached.
SELECT e.activity_id AS milestone_id, MIN(e.happened_at) AS reached_at, MIN(e.id) AS event_id
  FROM progress_events AS e
  LEFT JOIN milestones AS m ON m.user_id = e.user_id AND m.milestone_id = e.activity_id
 WHERE e.user_id = :user_id AND e.outcome = 'applied' AND e.completion_status = 'completed'
   AND (e.event_type = 'milestone_reached' OR e.activity_type = 'milestone') AND m.reached_at IS NULL
 GROUP BY e.activity_id
 ORDER BY e.activity_id;

-- name: award_insert :exec
-- param user_id u64
-- param id text
-- param achievement_type text
-- param title text
-- param description text
-- param metadata text
-- param trigger_event_id text null
-- param is_public bool
-- param revision u64
-- param earned_at time
-- What is earned stays as it is.
INSERT INTO achievements (user_id, id, achievement_type, title, description, metadata, trigger_event_id, is_public,
                          revision, earned_at)
VALUES [[(:user_id, :id, :achievement_type, :title, :description, :metadata, :trigger_event_id, :is_public, :revision,
          :earned_at)]]
    ON DUPLICATE KEY UPDATE id = achievements.id;

-- name: award_put_milestones :exec
-- param user_id u64
-- param milestone_id text
-- param title text
-- param target u64
-- param progress u64
-- param reached_at time null
-- param event_id text null
-- param revision u64
-- Progress never falls, and what is reached stays so.
INSERT INTO milestones (user_id, milestone_id, title, target, progress, reached_at, event_id, revision)
VALUES [[(:user_id, :milestone_id, :title, :target, :progress, :reached_at, :event_id, :revision)]]
    ON DUPLICATE KEY UPDATE title = VALUES(title), target = VALUES(target),
                            progress = GREATEST(milestones.progress, VALUES(progress)),
                            event_id = COALESCE(milestones.event_id, VALUES(event_id)),
                            reached_at = COALESCE(milestones.reached_at, VALUES(reached_at)),
                            revision = VALUES(revision);

-- name: award_own :many
-- param user_id u64
-- param achievement_type text
-- param first time
-- param last time
-- param limit_rows u64
-- column id text
-- column achievement_type text
-- column title text
-- column description text
-- column metadata text null
-- column trigger_event_id text null
-- column is_public bool
-- column earned_at time
SELECT a.id, a.achievement_type, a.title, a.description, a.metadata, a.trigger_event_id, a.is_public, a.earned_at
  FROM achievements AS a
 WHERE a.user_id = :user_id AND a.earned_at BETWEEN :first AND :last
   AND a.achievement_type IN ([[:achievement_type]])
 LIMIT :limit_rows;

-- name: award_public :many
-- param user_id u64 -- who asks
-- param achievement_type text
-- param first time
-- param last time
-- param limit_rows u64
-- column display_name text null
-- column achievement_type text
-- column title text
-- column description text
-- column earned_at time
-- column id text
-- What others have made public, the newest of each type: nothing that tells who they are but the name that they
-- chose. A type has its own place in the index, so that no more is read than may be shown.
SELECT t.display_name, t.achievement_type, t.title, t.description, t.earned_at, t.id
  FROM ([[SELECT * FROM (
           SELECT u.display_name, a.achievement_type, a.title, a.description, a.earned_at, a.id
             FROM achievements AS a FORCE INDEX (achievements_public_type)
             STRAIGHT_JOIN users AS u ON u.id = a.user_id AND u.deleted_at IS NULL AND u.merged_into IS NULL
            WHERE a.is_public = TRUE AND a.achievement_type = :achievement_type
              AND a.earned_at BETWEEN :first AND :last AND a.user_id <> :user_id
            ORDER BY a.earned_at DESC
            LIMIT :limit_rows) AS w]]) AS t;

-- name: award_find :one
-- param user_id u64
-- param id text
-- column achievement_type text
-- column title text
-- column description text
-- column metadata text null
-- column trigger_event_id text null
-- column is_public bool
-- column earned_at time
SELECT a.achievement_type, a.title, a.description, a.metadata, a.trigger_event_id, a.is_public, a.earned_at
  FROM achievements AS a WHERE a.user_id = :user_id AND a.id = :id;

-- name: award_show :exec
-- param user_id u64
-- param id text
-- param is_public bool
UPDATE achievements SET is_public = :is_public WHERE user_id = :user_id AND id = :id;
