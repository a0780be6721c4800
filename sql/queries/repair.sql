-- Repair runs (src/rule/repair*.c). What writes a rule's tables is composed by repair_write.c, and what asks
-- a rule by repair_find.c.

-- name: repair_run_add :exec
-- param kind text
-- param state text
-- param dry_run bool
-- param actor text
-- param rules text null
-- param authority text
-- param from_user u64
-- param to_user u64
-- param confirm_over_limit bool
-- param rolls_back u64 null
-- param job_id u64 null
-- param learners_in_scope u64
-- param learners u64
-- param is_act bool
INSERT INTO repair_runs (kind, state, dry_run, actor, rules, authority, from_user, to_user, confirm_over_limit,
                         rolls_back, job_id, learners_in_scope, learners, is_act, started_at)
VALUES (:kind, :state, :dry_run, :actor, :rules, :authority, :from_user, :to_user, :confirm_over_limit,
        :rolls_back, :job_id, :learners_in_scope, :learners, :is_act, UTC_TIMESTAMP(3));

-- name: repair_run_of_job :one
-- param job_id u64
-- column id u64
SELECT id FROM repair_runs WHERE job_id = :job_id;

-- name: repair_run_read :one
-- param run_id u64
-- column id u64
-- column kind text
-- column state text
-- column dry_run bool
-- column actor text
-- column rules text null
-- column authority text
-- column from_user u64
-- column to_user u64
-- column confirm_over_limit bool
-- column rolls_back u64 null
-- column rolled_back_by u64 null
-- column job_id u64 null
-- column learners_in_scope u64
-- column digest text null
-- column learners u64
-- column learners_changed u64
-- column error text null
-- column started_at time
-- column finished_at time null
-- column images_removed bool
-- column undoes_rollback bool
-- column is_act bool
SELECT r.id, r.kind, r.state, r.dry_run, r.actor, r.rules, r.authority, r.from_user, r.to_user,
       r.confirm_over_limit, r.rolls_back,
       (SELECT MAX(b.id) FROM repair_runs AS b WHERE b.rolls_back = r.id) AS rolled_back_by, r.job_id,
       r.learners_in_scope, r.digest, r.learners, r.learners_changed, r.error, r.started_at, r.finished_at,
       r.images_removed_at IS NOT NULL AS images_removed,
       COALESCE((SELECT o.kind = 'rollback' FROM repair_runs AS o WHERE o.id = r.rolls_back), 0) AS undoes_rollback,
       r.is_act
  FROM repair_runs AS r
 WHERE r.id = :run_id;

-- name: repair_run_list :many
-- param before_id u64
-- param row_limit u64
-- column id u64
-- column kind text
-- column state text
-- column dry_run bool
-- column actor text
-- column rules text null
-- column authority text
-- column from_user u64
-- column to_user u64
-- column confirm_over_limit bool
-- column rolls_back u64 null
-- column rolled_back_by u64 null
-- column job_id u64 null
-- column learners_in_scope u64
-- column digest text null
-- column learners u64
-- column learners_changed u64
-- column error text null
-- column started_at time
-- column finished_at time null
-- column images_removed bool
-- column undoes_rollback bool
-- Newest first.
SELECT r.id, r.kind, r.state, r.dry_run, r.actor, r.rules, r.authority, r.from_user, r.to_user,
       r.confirm_over_limit, r.rolls_back,
       (SELECT MAX(b.id) FROM repair_runs AS b WHERE b.rolls_back = r.id) AS rolled_back_by, r.job_id,
       r.learners_in_scope, r.digest, r.learners, r.learners_changed, r.error, r.started_at, r.finished_at,
       r.images_removed_at IS NOT NULL AS images_removed,
       COALESCE((SELECT o.kind = 'rollback' FROM repair_runs AS o WHERE o.id = r.rolls_back), 0) AS undoes_rollback
  FROM repair_runs AS r FORCE INDEX (PRIMARY)
 WHERE r.id < :before_id
 ORDER BY r.id DESC
 LIMIT :row_limit;

-- name: repair_run_lock :one
-- param run_id u64
-- column state text
SELECT state FROM repair_runs WHERE id = :run_id FOR UPDATE;

-- name: repair_run_end :exec
-- param run_id u64
-- param state text
-- param digest text null
-- param error text null
-- A run that has ended stays as it ended.
UPDATE repair_runs
   SET state = :state, digest = COALESCE(:digest, digest), error = :error, finished_at = UTC_TIMESTAMP(3)
 WHERE id = :run_id AND state IN ('planning', 'running');

-- name: repair_run_apply :exec
-- param run_id u64
-- param actor text
-- param confirm_over_limit bool
-- A plan becomes what was done.
UPDATE repair_runs
   SET state = 'done', actor = :actor, confirm_over_limit = :confirm_over_limit, finished_at = UTC_TIMESTAMP(3)
 WHERE id = :run_id AND state = 'planned';

-- name: repair_run_advance :exec
-- param run_id u64
-- param learners u64
-- param learners_changed u64
UPDATE repair_runs
   SET learners = learners + :learners, learners_changed = learners_changed + :learners_changed
 WHERE id = :run_id AND state IN ('planning', 'running');

-- name: repair_scope_learners :one
-- param from_user u64
-- param to_user u64
-- column learners u64
-- scan: the learners of a scope are counted once a run
SELECT COUNT(*) AS learners FROM users WHERE id BETWEEN :from_user AND :to_user;

-- name: repair_bounds :one
-- param from_user u64
-- param to_user u64
-- param row_limit u64
-- column learners u64
-- column last_user u64 null
-- The next so many learners, and the id of the last.
SELECT COUNT(*) AS learners, MAX(n.id) AS last_user
  FROM (SELECT id
          FROM users FORCE INDEX (PRIMARY)
         WHERE id BETWEEN :from_user AND :to_user
         ORDER BY id
         LIMIT :row_limit) AS n;

-- name: repair_pauses_in_range :many
-- param from_user u64
-- param to_user u64
-- column rule text
-- column is_whole bool
-- Which rules are paused there, for some rows or as a whole.
SELECT p.rule, MAX(p.table_name = '') AS is_whole
  FROM rule_pauses AS p FORCE INDEX (rule_pauses_user)
 WHERE (p.user_id = 0 AND p.table_name = '') OR p.user_id BETWEEN :from_user AND :to_user
 GROUP BY p.rule;

-- name: repair_paused_count :one
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- param step u64
-- column paused u64
-- Rows just found that a pause keeps from being repaired.
SELECT COUNT(DISTINCT r.user_id, r.table_name, r.row_key) AS paused
  FROM repair_rows AS r
  JOIN rule_pauses AS p
    ON p.rule = r.rule AND p.user_id = r.user_id AND p.table_name = r.table_name AND p.row_key = r.row_key
 WHERE r.run_id = :run_id AND r.user_id BETWEEN :from_user AND :to_user AND r.step = :step;

-- name: repair_paused_drop :exec
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- param step u64
DELETE r
  FROM repair_rows AS r
  JOIN rule_pauses AS p
    ON p.rule = r.rule AND p.user_id = r.user_id AND p.table_name = r.table_name AND p.row_key = r.row_key
 WHERE r.run_id = :run_id AND r.user_id BETWEEN :from_user AND :to_user AND r.step = :step;

-- name: repair_step_count :one
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- param step u64
-- column found u64
SELECT COUNT(DISTINCT r.user_id, r.table_name, r.row_key) AS found
  FROM repair_rows AS r
 WHERE r.run_id = :run_id AND r.user_id BETWEEN :from_user AND :to_user AND r.step = :step;

-- name: repair_steps_drop :exec
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- param first_step u64
-- param last_step u64
DELETE FROM repair_rows
 WHERE run_id = :run_id AND user_id BETWEEN :from_user AND :to_user AND step BETWEEN :first_step AND :last_step;

-- name: repair_lock :one
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- param first_step u64
-- param last_step u64
-- column learners u64
-- column moved u64
-- column unopened u64
-- Locks the learners whose rows were found, in ascending id; how many of them have moved since, and how many
-- have no history yet.
SELECT COUNT(*) AS learners, CAST(COALESCE(SUM(u.revision <> d.base_revision), 0) AS UNSIGNED) AS moved,
       CAST(COALESCE(SUM(u.revision = 0), 0) AS UNSIGNED) AS unopened
  FROM (SELECT r.user_id, MIN(r.base_revision) AS base_revision
          FROM repair_rows AS r
         WHERE r.run_id = :run_id AND r.user_id BETWEEN :from_user AND :to_user
           AND r.step BETWEEN :first_step AND :last_step
         GROUP BY r.user_id) AS d
  STRAIGHT_JOIN users AS u ON u.id = d.user_id
   FOR UPDATE;

-- name: repair_open_ledger :exec
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- param first_step u64
-- param last_step u64
-- Totals that were there before Lockstep's first entry: the history begins with them. As the learner
-- transaction does it (src/ledger).
INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, created_at)
SELECT u.id, 0, 'opening', REPEAT(CHAR(0), 32), 'lockstep', 'opening',
       CONCAT('[{"what":"tokens"', IF(u.tokens = 0, '', CONCAT(',"by":', u.tokens)),
              ',"because":"before Lockstep"},{"what":"questions"',
              IF(u.questions_answered = 0, '', CONCAT(',"by":', u.questions_answered)),
              ',"because":"before Lockstep"},{"what":"correct"',
              IF(u.correct_answers = 0, '', CONCAT(',"by":', u.correct_answers)), ',"because":"before Lockstep"}]'),
       UTC_TIMESTAMP(3)
  FROM (SELECT DISTINCT r.user_id
          FROM repair_rows AS r
         WHERE r.run_id = :run_id AND r.user_id BETWEEN :from_user AND :to_user
           AND r.step BETWEEN :first_step AND :last_step AND r.state = 'done') AS d
  STRAIGHT_JOIN users AS u ON u.id = d.user_id
  LEFT JOIN ledger AS l ON l.user_id = u.id AND l.revision = 0
 WHERE u.revision = 0 AND l.user_id IS NULL
   AND (u.tokens <> 0 OR u.questions_answered <> 0 OR u.correct_answers <> 0);

-- name: repair_groups :many
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- param first_step u64
-- param last_step u64
-- column step u64
-- column rule text
-- column table_name text
-- column action text
-- column column_name text null
-- column cells u64
-- What there is to write: one statement a group.
SELECT r.step, r.rule, r.table_name, r.action, r.column_name, COUNT(*) AS cells
  FROM repair_rows AS r
 WHERE r.run_id = :run_id AND r.user_id BETWEEN :from_user AND :to_user
   AND r.step BETWEEN :first_step AND :last_step AND r.state = 'done'
 GROUP BY r.step, r.rule, r.table_name, r.action, r.column_name
 ORDER BY r.step, r.table_name, r.action, r.column_name;

-- name: repair_shapes :many
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- param step u64
-- param table_name text
-- param action text
-- column columns text
-- column row_count u64
-- The rows to be inserted or deleted, by the columns that the rule names for them.
SELECT n.columns, COUNT(*) AS row_count
  FROM (SELECT COALESCE(GROUP_CONCAT(r.column_name ORDER BY r.column_name), '') AS columns
          FROM repair_rows AS r
         WHERE r.run_id = :run_id AND r.user_id BETWEEN :from_user AND :to_user AND r.step = :step
           AND r.table_name = :table_name AND r.action = :action AND r.state = 'done'
         GROUP BY r.user_id, r.row_key) AS n
 GROUP BY n.columns;

-- name: repair_spread_moved :exec
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- param first_step u64
-- param last_step u64
-- A row of which one column moved stays as it is in all.
UPDATE repair_rows AS r
  JOIN (SELECT DISTINCT m.user_id, m.table_name, m.row_key
          FROM repair_rows AS m
         WHERE m.run_id = :run_id AND m.user_id BETWEEN :from_user AND :to_user
           AND m.step BETWEEN :first_step AND :last_step AND m.state = 'moved') AS d
    ON d.user_id = r.user_id AND d.table_name = r.table_name AND d.row_key = r.row_key
   SET r.state = 'moved'
 WHERE r.run_id = :run_id AND r.user_id BETWEEN :from_user AND :to_user
   AND r.step BETWEEN :first_step AND :last_step AND r.state <> 'moved';

-- name: repair_tell :exec
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- param actor text
-- param because text
-- param names_rule bool
-- The one ledger row of each learner that changed. The history adds up to the totals, also where something
-- around Lockstep moved them: a total's change carries what the entries before it do not tell, and names the
-- rule that set it last, or the first that changed anything. Of many rows of one table that one rule changed
-- alike, it tells once: which they were, the run's images say. What is nobody's (0) is told to nobody.
INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, created_at)
SELECT u.id, u.revision + 1, CONCAT('repair:', :run_id, ':', u.revision + 1), REPEAT(CHAR(0), 32), :actor,
       'repair',
       CONCAT('[', CONCAT_WS(',', c.told, IF(c.tokens IS NULL AND u.tokens = COALESCE(h.tokens, 0), NULL,
         CONCAT('{"what":"tokens","key":"', COALESCE(c.tokens, c.one),
                IF(u.tokens = COALESCE(h.tokens, 0), '"', CONCAT('","by":', u.tokens - COALESCE(h.tokens, 0))),
                ',"because":"', :because, IF(:names_rule, COALESCE(c.tokens, c.one), ''), '"}')),
         IF(c.questions IS NULL AND u.questions_answered = COALESCE(h.questions, 0), NULL,
         CONCAT('{"what":"questions","key":"', COALESCE(c.questions, c.one),
                IF(u.questions_answered = COALESCE(h.questions, 0), '"',
                   CONCAT('","by":', u.questions_answered - COALESCE(h.questions, 0))),
                ',"because":"', :because, IF(:names_rule, COALESCE(c.questions, c.one), ''), '"}')),
         IF(c.correct IS NULL AND u.correct_answers = COALESCE(h.correct, 0), NULL,
         CONCAT('{"what":"correct","key":"', COALESCE(c.correct, c.one),
                IF(u.correct_answers = COALESCE(h.correct, 0), '"',
                   CONCAT('","by":', u.correct_answers - COALESCE(h.correct, 0))),
                ',"because":"', :because, IF(:names_rule, COALESCE(c.correct, c.one), ''), '"}'))), ']'),
       UTC_TIMESTAMP(3)
  FROM (SELECT r.user_id, SUBSTR(MIN(CONCAT(LPAD(r.step, 5, '0'), r.rule)), 6) AS one,
               GROUP_CONCAT(DISTINCT IF(
                   r.table_name = 'users' AND r.column_name IN ('tokens', 'questions_answered', 'correct_answers'),
                   NULL,
                   CONCAT('{"what":"', IF(r.action <> 'set', r.table_name,
                                          IF(r.table_name = 'users', r.column_name,
                                             CONCAT(r.table_name, '.', r.column_name))),
                          '","key":"', r.rule, '","because":"', :because, IF(:names_rule, r.rule, ''), '"}'))
                 ORDER BY r.id SEPARATOR ',') AS told,
               SUBSTR(MAX(IF(r.table_name = 'users' AND r.column_name = 'tokens',
                             CONCAT(LPAD(r.step, 5, '0'), r.rule), NULL)), 6) AS tokens,
               SUBSTR(MAX(IF(r.table_name = 'users' AND r.column_name = 'questions_answered',
                             CONCAT(LPAD(r.step, 5, '0'), r.rule), NULL)), 6) AS questions,
               SUBSTR(MAX(IF(r.table_name = 'users' AND r.column_name = 'correct_answers',
                             CONCAT(LPAD(r.step, 5, '0'), r.rule), NULL)), 6) AS correct
          FROM repair_rows AS r
         WHERE r.run_id = :run_id AND r.user_id BETWEEN GREATEST(:from_user, 1) AND :to_user AND r.state = 'done'
         GROUP BY r.user_id) AS c
  STRAIGHT_JOIN users AS u ON u.id = c.user_id
  LEFT JOIN (SELECT l.user_id, CAST(SUM(IF(x.what = 'tokens', x.moved, 0)) AS SIGNED) AS tokens,
                    CAST(SUM(IF(x.what = 'questions', x.moved, 0)) AS SIGNED) AS questions,
                    CAST(SUM(IF(x.what = 'correct', x.moved, 0)) AS SIGNED) AS correct
               FROM (SELECT DISTINCT user_id
                       FROM repair_rows
                      WHERE run_id = :run_id AND user_id BETWEEN :from_user AND :to_user AND state = 'done') AS d
               STRAIGHT_JOIN ledger AS l ON l.user_id = d.user_id
               JOIN JSON_TABLE(l.changes, '$[*]' COLUMNS (
                      what VARCHAR(64) PATH '$.what',
                      moved BIGINT PATH '$.by' DEFAULT '0' ON EMPTY)) AS x
              GROUP BY l.user_id) AS h ON h.user_id = c.user_id;

-- name: repair_advance :exec
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- The next revision of each learner that changed.
UPDATE (SELECT DISTINCT r.user_id
          FROM repair_rows AS r
         WHERE r.run_id = :run_id AND r.user_id BETWEEN :from_user AND :to_user AND r.state = 'done') AS d
  STRAIGHT_JOIN users AS u ON u.id = d.user_id
   SET u.revision = u.revision + 1;

-- name: repair_publish :exec
-- param run_id u64
-- What is nobody's (courses) has no revision: whatever depends on it is told by the version that all share.
UPDATE shared_version
   SET version = version + 1
 WHERE id = 1
   AND EXISTS (SELECT 1 FROM repair_rows AS r WHERE r.run_id = :run_id AND r.user_id = 0 AND r.state = 'done');

-- name: repair_count :exec
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- param counts_found bool
-- Adds what the range did to the run's figures. A plan's rows are found, not changed.
INSERT INTO repair_counts (run_id, rule, found, changed, moved)
SELECT n.run_id, n.rule, IF(:counts_found, COUNT(*), 0), COALESCE(SUM(n.state = 'done'), 0),
       COALESCE(SUM(n.state = 'moved'), 0)
  FROM (SELECT r.run_id, r.rule, r.user_id, r.table_name, r.row_key, MAX(r.state) AS state
          FROM repair_rows AS r
         WHERE r.run_id = :run_id AND r.user_id BETWEEN :from_user AND :to_user
         GROUP BY r.run_id, r.rule, r.user_id, r.table_name, r.row_key) AS n
 GROUP BY n.run_id, n.rule
 ORDER BY n.rule
    ON DUPLICATE KEY UPDATE found = found + VALUES(found), changed = changed + VALUES(changed),
                            moved = moved + VALUES(moved);

-- name: repair_count_act :exec
-- param run_id u64
-- param user_id u64
-- The same for a run that no rule asked for: a whole row is one image, and the columns that are set are of one
-- row a table.
INSERT INTO repair_counts (run_id, rule, found, changed, moved)
SELECT r.run_id, r.rule, SUM(r.action <> 'set') + COUNT(DISTINCT IF(r.action = 'set', r.table_name, NULL)),
       SUM(r.action <> 'set' AND r.state = 'done')
         + COUNT(DISTINCT IF(r.action = 'set' AND r.state = 'done', r.table_name, NULL)),
       SUM(r.action <> 'set' AND r.state = 'moved')
         + COUNT(DISTINCT IF(r.action = 'set' AND r.state = 'moved', r.table_name, NULL))
  FROM repair_rows AS r
 WHERE r.run_id = :run_id AND r.user_id = :user_id
 GROUP BY r.run_id, r.rule;

-- name: repair_count_paused :exec
-- param run_id u64
-- param rule text
-- param paused u64
INSERT INTO repair_counts (run_id, rule, paused) VALUES [[(:run_id, :rule, :paused)]]
    ON DUPLICATE KEY UPDATE paused = paused + VALUES(paused);

-- name: repair_count_found :exec
-- param run_id u64
-- param rule text
-- param found u64
INSERT INTO repair_counts (run_id, rule, found) VALUES [[(:run_id, :rule, :found)]]
    ON DUPLICATE KEY UPDATE found = VALUES(found);

-- name: repair_counts_read :many
-- param run_id u64
-- column rule text
-- column found u64
-- column changed u64
-- column moved u64
-- column paused u64
SELECT rule, found, changed, moved, paused FROM repair_counts WHERE run_id = :run_id ORDER BY rule;

-- name: repair_restored :exec
-- param run_id u64
-- param by_run u64
-- param from_user u64
-- param to_user u64
-- param step u64
-- param table_name text
UPDATE (SELECT DISTINCT r.user_id, r.rule, r.table_name, r.row_key
          FROM repair_rows AS r
         WHERE r.run_id = :by_run AND r.user_id BETWEEN :from_user AND :to_user AND r.step = :step
           AND r.table_name = :table_name AND r.action = 'insert' AND r.state = 'done') AS d
  STRAIGHT_JOIN quarantine AS q FORCE INDEX (quarantine_row)
    ON q.run_id = :run_id AND q.user_id = d.user_id AND q.table_name = d.table_name AND q.row_key = d.row_key
       AND q.rule = d.rule
   SET q.restored_at = UTC_TIMESTAMP(3);

-- name: repair_restored_act :exec
-- param run_id u64
-- param by_run u64
-- param user_id u64
-- param step u64
UPDATE repair_rows AS r
  STRAIGHT_JOIN quarantine AS q FORCE INDEX (quarantine_row)
    ON q.run_id = :run_id AND q.user_id = r.user_id AND q.table_name = r.table_name AND q.row_key = r.row_key
   SET q.restored_at = UTC_TIMESTAMP(3)
 WHERE r.run_id = :by_run AND r.user_id = :user_id AND r.step = :step AND r.action = 'insert' AND r.state = 'done';

-- name: repair_leave :exec
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- param first_step u64
-- param last_step u64
-- param changed_by text
-- Found, and left to another run.
UPDATE repair_rows
   SET state = 'moved', changed_by = :changed_by
 WHERE run_id = :run_id AND user_id BETWEEN :from_user AND :to_user
   AND step BETWEEN :first_step AND :last_step;

-- name: repair_name_movers :exec
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- The learner was locked, and the revision had not moved: it was nobody who goes through Lockstep.
UPDATE repair_rows
   SET changed_by = 'changed around Lockstep'
 WHERE run_id = :run_id AND user_id BETWEEN :from_user AND :to_user AND state = 'moved' AND changed_by IS NULL;

-- name: repair_all_paused :one
-- column pauses u64
SELECT COUNT(*) AS pauses
  FROM rule_pauses
 WHERE rule = '*' AND user_id = 0 AND table_name = '' AND row_key = '';

-- name: repair_run_undone :one
-- param run_id u64
-- column by_run u64
-- The rollback of a run, if one is under way or done.
SELECT COALESCE(MAX(id), 0) AS by_run FROM repair_runs WHERE rolls_back = :run_id AND state IN ('running', 'done');

-- name: repair_images :many
-- param run_id u64
-- param from_user u64
-- param to_user u64
-- column user_id u64
-- column step u64
-- column id u64
-- column rule text
-- column table_name text
-- column row_key text
-- column action text
-- column column_name text null
-- column before_value text null
-- column after_value text null
-- column base_revision u64 null
-- column state text
-- column changed_by text null
-- What a dry run found, before it is rolled back.
SELECT user_id, step, id, rule, table_name, row_key, action, column_name, before_value, after_value, base_revision,
       state, changed_by
  FROM repair_rows
 WHERE run_id = :run_id AND user_id BETWEEN :from_user AND :to_user
 ORDER BY user_id, id;

-- name: repair_image_add :exec
-- param run_id u64
-- param user_id u64
-- param step u64
-- param id u64
-- param rule text
-- param table_name text
-- param row_key text
-- param action text
-- param column_name text null
-- param before_value text null
-- param after_value text null
-- param base_revision u64 null
-- param state text
-- param changed_by text null
INSERT INTO repair_rows (run_id, user_id, step, id, rule, table_name, row_key, action, column_name, before_value,
                         after_value, base_revision, state, changed_by)
VALUES [[(:run_id, :user_id, :step, :id, :rule, :table_name, :row_key, :action, :column_name, :before_value,
          :after_value, :base_revision, :state, :changed_by)]];

-- name: repair_plan_count :one
-- param run_id u64
-- column rows_planned u64
SELECT CAST(COALESCE(SUM(found), 0) AS UNSIGNED) AS rows_planned FROM repair_counts WHERE run_id = :run_id;

-- name: repair_plan_each :each
-- param run_id u64
-- column user_id u64
-- column id u64
-- column step u64
-- column rule text
-- column table_name text
-- column row_key text
-- column action text
-- column column_name text null
-- column before_value text null
-- column after_value text null
-- column base_revision u64 null
-- The plan in its order, for the digest.
SELECT user_id, id, step, rule, table_name, row_key, action, column_name, before_value, after_value, base_revision
  FROM repair_rows
 WHERE run_id = :run_id AND state = 'planned'
 ORDER BY user_id, id;

-- name: repair_plan_take_up :exec
-- param run_id u64
UPDATE repair_rows SET state = 'done' WHERE run_id = :run_id AND state = 'planned';

-- name: repair_plan_moved_learners :many
-- param run_id u64
-- param row_limit u64
-- column user_id u64
-- column base_revision u64 null
-- column revision u64
SELECT u.id AS user_id, d.base_revision, u.revision
  FROM (SELECT r.user_id, MIN(r.base_revision) AS base_revision
          FROM repair_rows AS r
         WHERE r.run_id = :run_id AND r.state = 'done'
         GROUP BY r.user_id) AS d
  STRAIGHT_JOIN users AS u ON u.id = d.user_id
 WHERE u.revision <> d.base_revision
 LIMIT :row_limit;

-- name: repair_plan_moved_rows :many
-- param run_id u64
-- param row_limit u64
-- column user_id u64
-- column table_name text
-- column row_key text
SELECT DISTINCT user_id, table_name, row_key
  FROM repair_rows
 WHERE run_id = :run_id AND state = 'moved'
 LIMIT :row_limit;

-- name: repair_plan_done :exec
-- param run_id u64
-- What was planned was changed.
UPDATE repair_counts SET changed = found WHERE run_id = :run_id;

-- name: repair_plan_learners :exec
-- param run_id u64
-- param learners_changed u64
UPDATE repair_runs SET learners_changed = :learners_changed WHERE id = :run_id;

-- name: repair_undo_find :exec
-- param run_id u64
-- param rolls_back u64
-- param from_user u64
-- param to_user u64
-- param last_step u64
-- A run's rows with the sides swapped, its last step first.
INSERT INTO repair_rows (run_id, user_id, step, id, rule, table_name, row_key, action, column_name, before_value,
                         after_value, base_revision, state)
SELECT :run_id, r.user_id, :last_step - r.step, UUID_SHORT() & 281474976710655, r.rule, r.table_name, r.row_key,
       CASE r.action WHEN 'insert' THEN 'delete' WHEN 'delete' THEN 'insert' ELSE 'set' END, r.column_name,
       r.after_value, r.before_value, u.revision, 'done'
  FROM repair_rows AS r
  LEFT JOIN users AS u ON u.id = r.user_id
 WHERE r.run_id = :rolls_back AND r.user_id BETWEEN :from_user AND :to_user AND r.state = 'done'
 ORDER BY r.user_id, r.step DESC, r.id DESC;

-- name: repair_undo_name_movers :exec
-- param run_id u64
-- param rolls_back u64
-- param from_user u64
-- param to_user u64
-- param last_step u64
-- Who changed what stays: the first entry of the learner's history behind the run's own.
UPDATE repair_rows AS r
  JOIN (SELECT o.user_id, MIN(o.base_revision) AS base_revision
          FROM repair_rows AS o
         WHERE o.run_id = :rolls_back AND o.user_id BETWEEN :from_user AND :to_user AND o.state = 'done'
         GROUP BY o.user_id) AS d ON d.user_id = r.user_id
   SET r.changed_by = COALESCE((SELECT CONCAT('revision ', l.revision, ': ', l.kind, ' by ', l.actor)
                                  FROM ledger AS l
                                 WHERE l.user_id = r.user_id AND l.revision > d.base_revision + 1
                                 ORDER BY l.revision
                                 LIMIT 1), 'changed around Lockstep')
 WHERE r.run_id = :run_id AND r.user_id BETWEEN :from_user AND :to_user AND r.step <= :last_step
   AND r.state = 'moved';

-- name: repair_undo_pause :exec
-- param run_id u64
-- param actor text
-- param from_user u64
-- param to_user u64
-- param rule text
-- param table_name text
-- What was restored is not to be repaired by the next pass, not by its rule, and not by another of the same
-- run that found the row in order only because of what that one did.
INSERT INTO rule_pauses (rule, user_id, table_name, row_key, run_id, actor)
SELECT c.rule, d.user_id, d.table_name, d.row_key, :run_id, :actor
  FROM (SELECT DISTINCT r.user_id, r.table_name, r.row_key
          FROM repair_rows AS r
         WHERE r.run_id = :run_id AND r.user_id BETWEEN :from_user AND :to_user AND r.state = 'done') AS d
  JOIN (SELECT rule, table_name FROM (
          [[SELECT :rule AS rule, :table_name AS table_name]]) AS t) AS c
    ON c.table_name = d.table_name
    ON DUPLICATE KEY UPDATE rule = rule_pauses.rule;

-- name: repair_undo_resume :exec
-- param run_id u64
-- param rolls_back u64
-- param from_user u64
-- param to_user u64
-- The undoing of a rollback: what it had paused goes on.
DELETE p
  FROM (SELECT DISTINCT r.user_id, r.table_name, r.row_key
          FROM repair_rows AS r
         WHERE r.run_id = :run_id AND r.user_id BETWEEN :from_user AND :to_user AND r.state = 'done') AS d
  JOIN rule_pauses AS p
    ON p.user_id = d.user_id AND p.table_name = d.table_name AND p.row_key = d.row_key
 WHERE p.run_id = :rolls_back;

-- name: repair_pause_add :exec
-- param rule text
-- param actor text null
INSERT INTO rule_pauses (rule, actor) VALUES (:rule, :actor) ON DUPLICATE KEY UPDATE rule = rule_pauses.rule;

-- name: repair_resume_rule :exec
-- param rule text
-- param rows_too bool
DELETE FROM rule_pauses WHERE rule = :rule AND (:rows_too OR (user_id = 0 AND table_name = ''));

-- name: repair_resume_run :exec
-- param run_id u64
-- param rule text null
DELETE FROM rule_pauses WHERE run_id = :run_id AND (:rule IS NULL OR rule = :rule);

-- name: repair_rows_page :many
-- param run_id u64
-- param state text null
-- param after_user u64
-- param after_id u64
-- param row_limit u64
-- column id u64
-- column user_id u64
-- column rule text
-- column table_name text
-- column row_key text
-- column action text
-- column column_name text null
-- column before_value text null
-- column after_value text null
-- column state text
-- column changed_by text null
SELECT id, user_id, rule, table_name, row_key, action, column_name, before_value, after_value, state, changed_by
  FROM repair_rows
 WHERE run_id = :run_id AND user_id >= :after_user AND (user_id > :after_user OR id > :after_id)
   AND (:state IS NULL OR state = :state)
 ORDER BY user_id, id
 LIMIT :row_limit;

-- name: repair_heal_pauses :many
-- param user_id u64
-- column rule text
-- column is_whole bool
-- column table_name text
-- column row_key text
-- What is not to be healed of a learner.
SELECT rule, user_id = 0 AND table_name = '' AS is_whole, table_name, row_key
  FROM rule_pauses
 WHERE user_id IN (0, :user_id);

-- name: repair_heal_revision :one
-- param user_id u64
-- column revision u64
SELECT revision FROM users WHERE id = :user_id;
