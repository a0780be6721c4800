-- What the programs' own database user may do: read everything of Lockstep's, and write what the
-- service writes, table by table. It cannot change the schema. DELETE is for a learner who is deleted for
-- good (delete_user), what the retention no longer keeps (prune; it folds old entries of the ledger, whose
-- sums stay), what a newer count or audit replaces, and what a repair takes away, whose images it keeps.
-- The ledger knows no UPDATE. Rows of other tables change their learner when an anonymous one is claimed.
-- Migrations and demo data are the administrator's: run lockstepctl with a configuration that names
-- another database user for those.
--
-- Once, as an administrator of the database:
--   CREATE DATABASE lockstep CHARACTER SET utf8mb4;
--   CREATE USER lockstep@localhost IDENTIFIED BY '…';
-- after every migration, with the database chosen:
--   mariadb lockstep < grants.sql
--
-- A site's own rules that change other tables need a line each, in a file of the site's.

GRANT SELECT ON * TO lockstep@localhost;

GRANT INSERT, UPDATE, DELETE ON access_decisions TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON access_requests TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON achievements TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON activities TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON activity_days TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON ai_journey TO lockstep@localhost;
GRANT UPDATE ON analytics TO lockstep@localhost;
GRANT INSERT, DELETE ON analytics_courses TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON attempts TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON attempts_archive TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON audit_results TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON chapter_completions TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON chapters TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON chat_mentions TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON courses TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON daily_totals TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON enrollments TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON imported_entries TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON learning_path_steps TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON learning_paths TO lockstep@localhost;
GRANT INSERT, DELETE ON ledger TO lockstep@localhost;
GRANT INSERT, DELETE ON live_tickets TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON milestones TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON notifications TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON passes TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON path_progress TO lockstep@localhost;
GRANT INSERT, UPDATE ON payments TO lockstep@localhost;
GRANT INSERT, DELETE ON percentile_bounds TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON practice_days TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON practice_sessions TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON profiles TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON progress_conflict_events TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON progress_conflicts TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON progress_events TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON propagations TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON quarantine TO lockstep@localhost;
GRANT INSERT, UPDATE ON repair_counts TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON repair_rows TO lockstep@localhost;
GRANT INSERT, UPDATE ON repair_runs TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON rule_pauses TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON rule_results TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON schedule_entries TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON session_results TO lockstep@localhost;
GRANT UPDATE ON shared_version TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON skills TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON stitch_mutations TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON student_progress TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON subscriptions TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON sync_jobs TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON sync_rejects TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON sync_workers TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON system_sync_status TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON todo_videos TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON todos TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON user_progress_summary TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON user_stitch_progress TO lockstep@localhost;
GRANT INSERT, UPDATE ON users TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON video_progress TO lockstep@localhost;
GRANT INSERT, UPDATE, DELETE ON webhook_events TO lockstep@localhost;
