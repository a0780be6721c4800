-- For the health of the whole platform: when something went from one system to another last, and which conflicts are
-- open, are each one look into an index, however many learners there are.
ALTER TABLE system_sync_status
  ADD KEY system_sync_status_latest (source_system, target_system, last_sync_time);
ALTER TABLE progress_conflicts
  ADD KEY progress_conflicts_open (resolved_at);
