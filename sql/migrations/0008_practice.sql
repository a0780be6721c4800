-- Starting over, and the attempts of long ago.

-- A run may have taken many rows of one learner (a reset): each is found again by its key, not among them all.
ALTER TABLE quarantine
  ADD KEY quarantine_row (run_id, user_id, table_name, row_key(100)),
  DROP KEY quarantine_run;

-- A run that no rule asked for, but a learner: each of its images of a whole row is the only one of that row.
ALTER TABLE repair_runs ADD COLUMN is_act BOOLEAN NOT NULL DEFAULT FALSE;

-- The rules that hold totals against attempts read the archive from this alone, in its order.
ALTER TABLE attempts_archive ADD KEY attempts_archive_sums (user_id, practised_on, module, is_correct, tokens);

-- What recurs. It does nothing while retention.attempts_days is 0.
INSERT INTO sync_jobs (kind, run_at, repeat_every_s, repeat_daily_at, dedupe_key, created_by)
VALUES ('archive_attempts', DATE_ADD(UTC_TIMESTAMP(3), INTERVAL 1 HOUR), NULL, '04:00:00',
        'schedule:archive_attempts', 'lockstep');
