-- rule: journey_matches_progress
-- summary: The journey counts as many completed activities as the summary, and the skills that there are.
-- severity: warning
-- on-read: no
-- order: 81
-- limit: 10 % or 20000 rows
-- changes: ai_journey.completed_activities, ai_journey.skills_gained

-- After summary_matches_events.
SELECT STRAIGHT_JOIN j.user_id,
       'ai_journey' AS `table`,
       CONCAT('{"user_id": ', j.user_id, '}') AS `key`,
       'set' AS `action`,
       n.name AS `column`,
       CAST(IF(n.name = 'skills_gained', j.skills_gained, j.completed_activities) AS CHAR) AS actual,
       CAST(IF(n.name = 'skills_gained', j.skills, j.completed) AS CHAR) AS wanted
  FROM (SELECT a.user_id, a.completed_activities, a.skills_gained,
               COALESCE((SELECT s.completed_activities FROM user_progress_summary AS s WHERE s.user_id = a.user_id),
                        0) AS completed,
               (SELECT COUNT(*) FROM skills AS k WHERE k.user_id = a.user_id) AS skills
          FROM ai_journey AS a
         WHERE a.user_id BETWEEN :from AND :to) AS j
  JOIN users AS u ON u.id = j.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  JOIN (SELECT 'completed_activities' AS name UNION ALL SELECT 'skills_gained') AS n
    ON IF(n.name = 'skills_gained', j.skills_gained <> j.skills, j.completed_activities <> j.completed)
 ORDER BY j.user_id, n.name;
