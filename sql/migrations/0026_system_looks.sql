-- Up to when everything that the systems' rows say of a learner is known to be in step, and when the rules were asked
-- about it last (src/event/event_heal.h).
ALTER TABLE user_progress_summary
  ADD COLUMN systems_seen_at DATETIME(3) NULL,
  ADD COLUMN systems_looked_at DATETIME(3) NULL;
