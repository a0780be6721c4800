-- Events whose processing failed are tried again by a job of their own; this one finds those whose job was lost.
INSERT INTO sync_jobs (kind, run_at, repeat_every_s, dedupe_key, created_by)
VALUES ('process_events', DATE_ADD(UTC_TIMESTAMP(3), INTERVAL 1 MINUTE), 60, 'schedule:process_events', 'lockstep');
