-- Progress events, and the systems between which progress flows, of an anonymous learner who becomes part of the
-- one who signed in (src/account/claim.c; the parameters stand in claim.sql). An id that both used for different
-- things is kept as two where it is an event, for events count; todos, calendar entries, videos, paths, skills are
-- the application's own things, which both knew: there the further progress wins.

-- name: claim_twice_known_events :exec
-- param from_user u64
-- param into_user u64
-- The same event sent for both counts once.
UPDATE progress_events AS s
  JOIN progress_events AS t ON t.user_id = :into_user AND t.id = s.id AND t.content_hash = s.content_hash
   SET s.outcome = 'duplicate'
 WHERE s.user_id = :from_user;

-- name: claim_rename_conflict_events :exec
-- param from_user u64
-- param into_user u64
-- A new name keeps all of a client's id (64 characters), or two that begin alike would become one.
UPDATE progress_conflict_events AS c
  JOIN progress_events AS t ON t.user_id = :into_user AND t.id = c.event_id
   SET c.event_id = CONCAT(LEFT(c.event_id, 75), '~', :from_user)
 WHERE c.user_id = :from_user;

-- name: claim_rename_propagations :exec
-- param from_user u64
-- param into_user u64
UPDATE propagations AS p
  JOIN progress_events AS t ON t.user_id = :into_user AND t.id = p.event_id
   SET p.event_id = CONCAT(LEFT(p.event_id, 75), '~', :from_user)
 WHERE p.user_id = :from_user;

-- name: claim_rename_events :exec
-- param from_user u64
-- param into_user u64
UPDATE progress_events AS s
  JOIN progress_events AS t ON t.user_id = :into_user AND t.id = s.id
   SET s.id = CONCAT(LEFT(s.id, 75), '~', :from_user)
 WHERE s.user_id = :from_user;

-- name: claim_progress_events :exec
-- param from_user u64
-- param into_user u64
-- param shift u64
UPDATE progress_events SET user_id = :into_user, revision = revision + :shift WHERE user_id = :from_user;

-- name: claim_join_conflicts :exec
-- param from_user u64
-- param into_user u64
-- At most one conflict of an activity is open: the events of the anonymous learner's join the other.
UPDATE progress_conflict_events AS c
  JOIN progress_conflicts AS s ON s.id = c.conflict_id AND s.resolved_at IS NULL
  JOIN progress_conflicts AS t ON t.user_id = :into_user AND t.open_activity = s.open_activity
   SET c.conflict_id = t.id
 WHERE c.user_id = :from_user;

-- name: claim_same_conflicts :exec
-- param from_user u64
-- param into_user u64
DELETE s
  FROM progress_conflicts AS s
  JOIN progress_conflicts AS t ON t.user_id = :into_user AND t.open_activity = s.open_activity
 WHERE s.user_id = :from_user;

-- name: claim_progress_conflicts :exec
-- param from_user u64
-- param into_user u64
-- param shift u64
UPDATE progress_conflicts SET user_id = :into_user, revision = revision + :shift WHERE user_id = :from_user;

-- name: claim_progress_conflict_events :exec
-- param from_user u64
-- param into_user u64
UPDATE progress_conflict_events SET user_id = :into_user WHERE user_id = :from_user;

-- name: claim_same_propagations :exec
-- param from_user u64
-- param into_user u64
-- What a rule, or opening again, left for a row that both know: one of them keeps the rules from it as well as two.
DELETE p
  FROM propagations AS p
  JOIN propagations AS t
    ON t.user_id = :into_user AND t.event_id = p.event_id AND t.target_table = p.target_table
   AND t.target_key = p.target_key
 WHERE p.user_id = :from_user;

-- name: claim_propagations :exec
-- param from_user u64
-- param into_user u64
-- param shift u64
UPDATE propagations SET user_id = :into_user, revision = revision + :shift,
       target_key = REPLACE(target_key, CONCAT('"user_id": ', :from_user), CONCAT('"user_id": ', :into_user))
 WHERE user_id = :from_user;

-- name: claim_activity_days :exec
-- param from_user u64
-- param into_user u64
INSERT INTO activity_days (user_id, day, activity_type, activity_id, events, time_spent)
SELECT :into_user, s.day, s.activity_type, s.activity_id, s.events, s.time_spent
  FROM activity_days AS s
 WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE events = activity_days.events + VALUES(events),
                            time_spent = GREATEST(activity_days.time_spent, VALUES(time_spent));

-- name: claim_recount_activity_days :exec
-- param from_user u64
-- param into_user u64
-- Of the activities that events known to both tell of: each counts once.
UPDATE activity_days AS a
  JOIN (SELECT DISTINCT d.activity_type, d.activity_id
          FROM progress_events AS d
         WHERE d.user_id = :into_user AND d.outcome = 'duplicate' AND d.id LIKE CONCAT('%~', :from_user)) AS t
    ON t.activity_type = a.activity_type AND t.activity_id = a.activity_id
  LEFT JOIN (SELECT e.practised_on, e.activity_type, e.activity_id, COUNT(*) AS events, MAX(e.time_spent) AS time_spent
               FROM progress_events AS e
              WHERE e.user_id = :into_user AND e.outcome = 'applied'
              GROUP BY e.practised_on, e.activity_type, e.activity_id) AS p
    ON p.practised_on = a.day AND p.activity_type = a.activity_type AND p.activity_id = a.activity_id
   SET a.events = COALESCE(p.events, 0), a.time_spent = COALESCE(p.time_spent, 0)
 WHERE a.user_id = :into_user;

-- name: claim_drop_activity_days :exec
-- param from_user u64
-- param into_user u64
-- And days of which nothing is left.
DELETE FROM activity_days WHERE user_id = :from_user OR (user_id = :into_user AND events = 0);

-- name: claim_activities :exec
-- param from_user u64
-- param into_user u64
-- param shift u64
INSERT INTO activities (user_id, activity_type, activity_id, status, time_spent, first_at, last_at, completed_at,
                        completed_on, revision)
SELECT :into_user, s.activity_type, s.activity_id, s.status, s.time_spent, s.first_at, s.last_at, s.completed_at,
       s.completed_on, s.revision + :shift
  FROM activities AS s
 WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE
       status = IF('completed' IN (activities.status, VALUES(status)), 'completed',
                   IF('in_progress' IN (activities.status, VALUES(status)), 'in_progress', 'skipped')),
       first_at = LEAST(activities.first_at, VALUES(first_at)),
       last_at = GREATEST(activities.last_at, VALUES(last_at)),
       completed_on = IF(activities.completed_at IS NULL OR VALUES(completed_at) < activities.completed_at,
                         VALUES(completed_on), activities.completed_on),
       completed_at = LEAST(COALESCE(activities.completed_at, VALUES(completed_at)),
                            COALESCE(VALUES(completed_at), activities.completed_at)),
       revision = GREATEST(activities.revision, VALUES(revision));

-- name: claim_activity_time :exec
-- param from_user u64
-- param into_user u64
-- Of the days as they are now, which are merged already.
UPDATE activities AS a
  JOIN activities AS s
    ON s.user_id = :from_user AND s.activity_type = a.activity_type AND s.activity_id = a.activity_id
   SET a.time_spent = (SELECT SUM(d.time_spent)
                         FROM activity_days AS d
                        WHERE d.user_id = :into_user AND d.activity_type = a.activity_type
                          AND d.activity_id = a.activity_id)
 WHERE a.user_id = :into_user;

-- name: claim_recount_activities :exec
-- param from_user u64
-- param into_user u64
-- As the events that count tell of them, where both knew one of those.
UPDATE activities AS a
  JOIN (SELECT DISTINCT d.activity_type, d.activity_id
          FROM progress_events AS d
         WHERE d.user_id = :into_user AND d.outcome = 'duplicate' AND d.id LIKE CONCAT('%~', :from_user)) AS t
    ON t.activity_type = a.activity_type AND t.activity_id = a.activity_id
  JOIN (SELECT e.activity_type, e.activity_id, MIN(e.happened_at) AS first_at, MAX(e.happened_at) AS last_at,
               MAX(e.completion_status IN ('started', 'in_progress', 'failed')) AS is_begun,
               MIN(CASE WHEN e.completion_status = 'completed' THEN CONCAT(e.happened_at, ' ', e.practised_on) END)
                 AS completion
          FROM progress_events AS e
         WHERE e.user_id = :into_user AND e.outcome = 'applied'
         GROUP BY e.activity_type, e.activity_id) AS p
    ON p.activity_type = a.activity_type AND p.activity_id = a.activity_id
   SET a.status = IF(p.completion IS NOT NULL, 'completed', IF(p.is_begun, 'in_progress', 'skipped')),
       a.first_at = p.first_at, a.last_at = p.last_at, a.completed_at = LEFT(p.completion, 23),
       a.completed_on = RIGHT(p.completion, 10),
       a.time_spent = (SELECT SUM(d.time_spent)
                         FROM activity_days AS d
                        WHERE d.user_id = :into_user AND d.activity_type = a.activity_type
                          AND d.activity_id = a.activity_id)
 WHERE a.user_id = :into_user;

-- name: claim_drop_activities :exec
-- param from_user u64
DELETE FROM activities WHERE user_id = :from_user;

-- name: claim_user_progress_summary :exec
-- param from_user u64
-- param into_user u64
-- Of the activities as they are now, which are merged already.
INSERT INTO user_progress_summary (user_id, total_activities, completed_activities, in_progress_activities,
                                   percentage_complete, total_time_spent, completed_videos, completed_practices,
                                   completed_projects, completed_quizzes, completed_milestones, last_activity_at,
                                   last_sync_time)
SELECT :into_user, COUNT(*), SUM(a.status = 'completed'), SUM(a.status = 'in_progress'),
       SUM(a.status = 'completed') * 10000 DIV COUNT(*) / 100, SUM(a.time_spent),
       SUM(a.status = 'completed' AND a.activity_type = 'video'),
       SUM(a.status = 'completed' AND a.activity_type = 'practice'),
       SUM(a.status = 'completed' AND a.activity_type = 'project'),
       SUM(a.status = 'completed' AND a.activity_type = 'quiz'),
       SUM(a.status = 'completed' AND a.activity_type = 'milestone'), MAX(a.last_at),
       (SELECT MAX(s.last_sync_time) FROM user_progress_summary AS s WHERE s.user_id IN (:from_user, :into_user))
  FROM activities AS a
 WHERE a.user_id = :into_user
 GROUP BY a.user_id
    ON DUPLICATE KEY UPDATE
       total_activities = VALUES(total_activities), completed_activities = VALUES(completed_activities),
       in_progress_activities = VALUES(in_progress_activities), percentage_complete = VALUES(percentage_complete),
       total_time_spent = VALUES(total_time_spent), completed_videos = VALUES(completed_videos),
       completed_practices = VALUES(completed_practices), completed_projects = VALUES(completed_projects),
       completed_quizzes = VALUES(completed_quizzes), completed_milestones = VALUES(completed_milestones),
       last_activity_at = VALUES(last_activity_at), last_sync_time = VALUES(last_sync_time);

-- name: claim_drop_user_progress_summary :exec
-- param from_user u64
DELETE FROM user_progress_summary WHERE user_id = :from_user;

-- name: claim_achievements :exec
-- param from_user u64
-- param into_user u64
-- param shift u64
INSERT INTO achievements (user_id, id, achievement_type, title, description, metadata, trigger_event_id, is_public,
                          revision, earned_at)
SELECT :into_user, s.id, s.achievement_type, s.title, s.description, s.metadata, s.trigger_event_id, s.is_public,
       s.revision + :shift, s.earned_at
  FROM achievements AS s
 WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE earned_at = LEAST(achievements.earned_at, VALUES(earned_at));

-- name: claim_drop_achievements :exec
-- param from_user u64
DELETE FROM achievements WHERE user_id = :from_user;

-- name: claim_milestones :exec
-- param from_user u64
-- param into_user u64
-- param shift u64
INSERT INTO milestones (user_id, milestone_id, title, target, progress, reached_at, event_id, revision)
SELECT :into_user, s.milestone_id, s.title, s.target, s.progress, s.reached_at, s.event_id, s.revision + :shift
  FROM milestones AS s
 WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE progress = GREATEST(milestones.progress, VALUES(progress)),
                            reached_at = LEAST(COALESCE(milestones.reached_at, VALUES(reached_at)),
                                               COALESCE(VALUES(reached_at), milestones.reached_at));

-- name: claim_drop_milestones :exec
-- param from_user u64
DELETE FROM milestones WHERE user_id = :from_user;

-- name: claim_system_sync_status :exec
-- param from_user u64
-- param into_user u64
INSERT INTO system_sync_status (user_id, source_system, target_system, last_sync_time, last_delay_ms, sync_status,
                                pending_events_count, error_details)
SELECT :into_user, s.source_system, s.target_system, s.last_sync_time, s.last_delay_ms, s.sync_status,
       s.pending_events_count, s.error_details
  FROM system_sync_status AS s
 WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE
       last_sync_time = GREATEST(COALESCE(system_sync_status.last_sync_time, VALUES(last_sync_time)),
                                 COALESCE(VALUES(last_sync_time), system_sync_status.last_sync_time)),
       sync_status = IF(system_sync_status.sync_status = 'healthy', VALUES(sync_status),
                        system_sync_status.sync_status),
       pending_events_count = system_sync_status.pending_events_count + VALUES(pending_events_count);

-- name: claim_drop_system_sync_status :exec
-- param from_user u64
DELETE FROM system_sync_status WHERE user_id = :from_user;

-- name: claim_notifications :exec
-- param from_user u64
-- param into_user u64
-- param shift u64
UPDATE notifications SET user_id = :into_user, revision = revision + :shift WHERE user_id = :from_user;

-- name: claim_todos :exec
-- param from_user u64
-- param into_user u64
INSERT INTO todos (user_id, id, title, status, due_at, completed_at, rating, notes, created_at)
SELECT :into_user, s.id, s.title, s.status, s.due_at, s.completed_at, s.rating, s.notes, s.created_at
  FROM todos AS s
 WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE completed_at = IF(todos.status = 'completed', todos.completed_at, VALUES(completed_at)),
                            status = IF('completed' IN (todos.status, VALUES(status)), 'completed', todos.status),
                            rating = COALESCE(todos.rating, VALUES(rating)),
                            notes = COALESCE(todos.notes, VALUES(notes));

-- name: claim_todo_videos :exec
-- param from_user u64
-- param into_user u64
INSERT INTO todo_videos (user_id, todo_id, video_id)
SELECT :into_user, s.todo_id, s.video_id FROM todo_videos AS s WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE video_id = todo_videos.video_id;

-- name: claim_drop_todo_videos :exec
-- param from_user u64
DELETE FROM todo_videos WHERE user_id = :from_user;

-- name: claim_drop_todos :exec
-- param from_user u64
DELETE FROM todos WHERE user_id = :from_user;

-- name: claim_schedule_entries :exec
-- param from_user u64
-- param into_user u64
INSERT INTO schedule_entries (user_id, id, title, starts_at, ends_at, video_id, todo_id, status, actual_start,
                              actual_end, rescheduled_from, created_at)
SELECT :into_user, s.id, s.title, s.starts_at, s.ends_at, s.video_id, s.todo_id, s.status, s.actual_start,
       s.actual_end, s.rescheduled_from, s.created_at
  FROM schedule_entries AS s
 WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE
       actual_start = COALESCE(schedule_entries.actual_start, VALUES(actual_start)),
       actual_end = COALESCE(schedule_entries.actual_end, VALUES(actual_end)),
       status = IF('completed' IN (schedule_entries.status, VALUES(status)), 'completed', schedule_entries.status);

-- name: claim_drop_schedule_entries :exec
-- param from_user u64
DELETE FROM schedule_entries WHERE user_id = :from_user;

-- name: claim_video_progress :exec
-- param from_user u64
-- param into_user u64
INSERT INTO video_progress (user_id, video_id, youtube_id, percentage_watched, seconds_watched, status, completed_at)
SELECT :into_user, s.video_id, s.youtube_id, s.percentage_watched, s.seconds_watched, s.status, s.completed_at
  FROM video_progress AS s
 WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE
       youtube_id = COALESCE(video_progress.youtube_id, VALUES(youtube_id)),
       percentage_watched = GREATEST(video_progress.percentage_watched, VALUES(percentage_watched)),
       seconds_watched = GREATEST(video_progress.seconds_watched, VALUES(seconds_watched)),
       completed_at = LEAST(COALESCE(video_progress.completed_at, VALUES(completed_at)),
                            COALESCE(VALUES(completed_at), video_progress.completed_at)),
       status = IF('completed' IN (video_progress.status, VALUES(status)), 'completed', video_progress.status);

-- name: claim_drop_video_progress :exec
-- param from_user u64
DELETE FROM video_progress WHERE user_id = :from_user;

-- name: claim_learning_paths :exec
-- param from_user u64
-- param into_user u64
INSERT INTO learning_paths (user_id, id, title, status, created_at)
SELECT :into_user, s.id, s.title, s.status, s.created_at FROM learning_paths AS s WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE
       status = IF('completed' IN (learning_paths.status, VALUES(status)), 'completed', learning_paths.status);

-- name: claim_learning_path_steps :exec
-- param from_user u64
-- param into_user u64
INSERT INTO learning_path_steps (user_id, path_id, step_id, step_index, title, activity_type, activity_id, skills,
                                 status, completed_at)
SELECT :into_user, s.path_id, s.step_id, s.step_index, s.title, s.activity_type, s.activity_id, s.skills, s.status,
       s.completed_at
  FROM learning_path_steps AS s
 WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE
       completed_at = LEAST(COALESCE(learning_path_steps.completed_at, VALUES(completed_at)),
                            COALESCE(VALUES(completed_at), learning_path_steps.completed_at)),
       status = IF('completed' IN (learning_path_steps.status, VALUES(status)), 'completed',
                   learning_path_steps.status);

-- name: claim_path_progress :exec
-- param from_user u64
-- param into_user u64
-- Of the steps as they are now, which are merged already.
INSERT INTO path_progress (user_id, path_id, completed_steps, total_steps, percentage, current_step_id, completed_at)
SELECT :into_user, p.path_id, p.completed, p.steps, p.completed * 10000 DIV p.steps / 100, s.current_step_id,
       IF(p.completed = p.steps, p.completed_at, NULL)
  FROM (SELECT t.path_id, COUNT(*) AS steps, SUM(t.status = 'completed') AS completed,
               MAX(t.completed_at) AS completed_at
          FROM learning_path_steps AS t
         WHERE t.user_id = :into_user
         GROUP BY t.path_id) AS p
  JOIN path_progress AS s ON s.user_id = :from_user AND s.path_id = p.path_id
    ON DUPLICATE KEY UPDATE completed_steps = VALUES(completed_steps), total_steps = VALUES(total_steps),
                            percentage = VALUES(percentage), completed_at = VALUES(completed_at),
                            current_step_id = COALESCE(path_progress.current_step_id, VALUES(current_step_id));

-- name: claim_drop_path_progress :exec
-- param from_user u64
DELETE FROM path_progress WHERE user_id = :from_user;

-- name: claim_drop_learning_path_steps :exec
-- param from_user u64
DELETE FROM learning_path_steps WHERE user_id = :from_user;

-- name: claim_drop_learning_paths :exec
-- param from_user u64
DELETE FROM learning_paths WHERE user_id = :from_user;

-- name: claim_skills :exec
-- param from_user u64
-- param into_user u64
-- The later assessment counts.
INSERT INTO skills (user_id, skill_id, category, level, confidence, assessed_at)
SELECT :into_user, s.skill_id, s.category, s.level, s.confidence, s.assessed_at FROM skills AS s WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE
       category = IF(VALUES(assessed_at) > skills.assessed_at, VALUES(category), skills.category),
       level = IF(VALUES(assessed_at) > skills.assessed_at, VALUES(level), skills.level),
       confidence = IF(VALUES(assessed_at) > skills.assessed_at, VALUES(confidence), skills.confidence),
       assessed_at = GREATEST(COALESCE(skills.assessed_at, VALUES(assessed_at)),
                              COALESCE(VALUES(assessed_at), skills.assessed_at));

-- name: claim_drop_skills :exec
-- param from_user u64
DELETE FROM skills WHERE user_id = :from_user;

-- name: claim_ai_journey :exec
-- param from_user u64
-- param into_user u64
INSERT INTO ai_journey (user_id, current_path, current_step, completed_activities, skills_gained, last_activity_at)
SELECT :into_user, s.current_path, s.current_step,
       COALESCE((SELECT u.completed_activities FROM user_progress_summary AS u WHERE u.user_id = :into_user), 0),
       (SELECT COUNT(*) FROM skills AS k WHERE k.user_id = :into_user), s.last_activity_at
  FROM ai_journey AS s
 WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE
       current_step = IF(ai_journey.current_path IS NULL, VALUES(current_step), ai_journey.current_step),
       current_path = COALESCE(ai_journey.current_path, VALUES(current_path)),
       completed_activities = VALUES(completed_activities), skills_gained = VALUES(skills_gained),
       last_activity_at = GREATEST(COALESCE(ai_journey.last_activity_at, VALUES(last_activity_at)),
                                   COALESCE(VALUES(last_activity_at), ai_journey.last_activity_at));

-- name: claim_drop_ai_journey :exec
-- param from_user u64
DELETE FROM ai_journey WHERE user_id = :from_user;

-- name: claim_chat_mentions :exec
-- param from_user u64
-- param into_user u64
INSERT INTO chat_mentions (user_id, activity_type, activity_id, completed_at, mentioned_at)
SELECT :into_user, s.activity_type, s.activity_id, s.completed_at, s.mentioned_at
  FROM chat_mentions AS s
 WHERE s.user_id = :from_user
    ON DUPLICATE KEY UPDATE completed_at = LEAST(chat_mentions.completed_at, VALUES(completed_at)),
                            mentioned_at = COALESCE(chat_mentions.mentioned_at, VALUES(mentioned_at));

-- name: claim_drop_chat_mentions :exec
-- param from_user u64
DELETE FROM chat_mentions WHERE user_id = :from_user;
