-- rule: path_progress_matches_steps
-- summary: How far a learner is on a path is what its steps prove.
-- severity: warning
-- on-read: events
-- order: 80
-- limit: 10 % or 20000 rows
-- changes: path_progress, path_progress.completed_steps, path_progress.total_steps, path_progress.percentage, path_progress.current_step_id, path_progress.completed_at

-- Completed steps over all of them, rounded down, so that 100 means that nothing is left. The current step is the first
-- that is neither completed nor skipped; a path is completed when its last step was. A figure that is derived of others
-- needs no receipt: nobody can mean it to be otherwise.
WITH found AS (
  SELECT STRAIGHT_JOIN l.user_id, l.id AS path_id, COUNT(*) AS total,
         CAST(SUM(s.status = 'completed') AS SIGNED) AS done, MAX(s.completed_at) AS last_at,
         SUBSTRING(MIN(IF(s.status IN ('pending', 'in_progress'), CONCAT(LPAD(s.step_index, 10, '0'), s.step_id), NULL)),
                   11) AS open_step,
         MAX(p.completed_steps) AS completed_steps, MAX(p.total_steps) AS total_steps, MAX(p.percentage) AS percentage,
         MAX(p.current_step_id) AS current_step_id, MAX(p.completed_at) AS completed_at
    FROM learning_paths AS l FORCE INDEX (PRIMARY)
    LEFT JOIN path_progress AS p ON p.user_id = l.user_id AND p.path_id = l.id
    JOIN learning_path_steps AS s FORCE INDEX (PRIMARY) ON s.user_id = l.user_id AND s.path_id = l.id
   WHERE l.user_id BETWEEN :from AND :to
   GROUP BY l.user_id, l.id
  HAVING NOT (completed_steps <=> done AND total_steps <=> total AND percentage <=> (done * 10000 DIV total) / 100
              AND current_step_id <=> open_step)
      OR IF(done = total, completed_at IS NULL OR completed_at <> COALESCE(last_at, completed_at),
            completed_at IS NOT NULL))
SELECT STRAIGHT_JOIN w.user_id,
       'path_progress' AS `table`,
       JSON_OBJECT('user_id', w.user_id, 'path_id', w.path_id) AS `key`,
       IF(w.total_steps IS NULL, 'insert', 'set') AS `action`,
       n.name AS `column`,
       ELT(n.place, w.completed_steps, w.total_steps, w.percentage, w.current_step_id, w.completed_at) AS actual,
       ELT(n.place, w.done, w.total, w.proven, w.open_step, w.done_at) AS wanted
  FROM (SELECT f.user_id, f.path_id, f.open_step, f.current_step_id, CAST(f.completed_steps AS CHAR) AS completed_steps,
               CAST(f.total_steps AS CHAR) AS total_steps, CAST(f.percentage AS CHAR) AS percentage,
               CAST(f.completed_at AS CHAR) AS completed_at, CAST(f.done AS CHAR) AS done,
               CAST(f.total AS CHAR) AS total,
               CAST(CAST((f.done * 10000 DIV f.total) / 100 AS DECIMAL(5, 2)) AS CHAR) AS proven,
               CAST(IF(f.done = f.total, COALESCE(f.last_at, f.completed_at, UTC_TIMESTAMP(3)), NULL) AS CHAR) AS done_at
          FROM found AS f) AS w
  JOIN users AS u ON u.id = w.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
  JOIN (SELECT 1 AS place, 'completed_steps' AS name UNION ALL SELECT 2, 'total_steps' UNION ALL
        SELECT 3, 'percentage' UNION ALL SELECT 4, 'current_step_id' UNION ALL SELECT 5, 'completed_at') AS n
    ON NOT (ELT(n.place, w.completed_steps, w.total_steps, w.percentage, w.current_step_id, w.completed_at)
            <=> ELT(n.place, w.done, w.total, w.proven, w.open_step, w.done_at))
 ORDER BY w.user_id, w.path_id, n.place;
