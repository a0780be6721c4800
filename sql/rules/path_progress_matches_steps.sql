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
SELECT STRAIGHT_JOIN w.user_id,
       'path_progress' AS `table`,
       JSON_OBJECT('user_id', w.user_id, 'path_id', w.path_id) AS `key`,
       IF(w.is_there, 'set', 'insert') AS `action`,
       n.name AS `column`,
       ELT(n.place, w.completed_steps, w.total_steps, w.percentage, w.current_step_id, w.completed_at) AS actual,
       ELT(n.place, w.done, w.total, w.proven, w.open_step, w.done_at) AS wanted
  FROM (SELECT STRAIGHT_JOIN k.user_id, k.path_id, p.user_id IS NOT NULL AS is_there,
               CAST(p.completed_steps AS CHAR) AS completed_steps, CAST(p.total_steps AS CHAR) AS total_steps,
               CAST(p.percentage AS CHAR) AS percentage, p.current_step_id,
               CAST(p.completed_at AS CHAR) AS completed_at, CAST(k.done AS CHAR) AS done,
               CAST(k.total AS CHAR) AS total,
               CAST(CAST((k.done * 10000 DIV k.total) / 100 AS DECIMAL(5, 2)) AS CHAR) AS proven,
               SUBSTRING(k.open_step, 11) AS open_step,
               CAST(IF(k.done = k.total, COALESCE(k.last_at, p.completed_at, UTC_TIMESTAMP(3)), NULL) AS CHAR) AS done_at
          FROM (SELECT s.user_id, s.path_id, COUNT(*) AS total,
                       CAST(SUM(s.status = 'completed') AS SIGNED) AS done, MAX(s.completed_at) AS last_at,
                       MIN(IF(s.status IN ('pending', 'in_progress'), CONCAT(LPAD(s.step_index, 10, '0'), s.step_id),
                              NULL)) AS open_step
                  FROM learning_path_steps AS s FORCE INDEX (PRIMARY)
                 WHERE s.user_id BETWEEN :from AND :to
                 GROUP BY s.user_id, s.path_id) AS k
          JOIN learning_paths AS l ON l.user_id = k.user_id AND l.id = k.path_id
          JOIN users AS u ON u.id = k.user_id AND u.merged_into IS NULL AND u.deleted_at IS NULL
          LEFT JOIN path_progress AS p ON p.user_id = k.user_id AND p.path_id = k.path_id) AS w
  JOIN (SELECT 1 AS place, 'completed_steps' AS name UNION ALL SELECT 2, 'total_steps' UNION ALL
        SELECT 3, 'percentage' UNION ALL SELECT 4, 'current_step_id' UNION ALL SELECT 5, 'completed_at') AS n
    ON NOT (ELT(n.place, w.completed_steps, w.total_steps, w.percentage, w.current_step_id, w.completed_at)
            <=> ELT(n.place, w.done, w.total, w.proven, w.open_step, w.done_at))
 ORDER BY w.user_id, w.path_id, n.place;
