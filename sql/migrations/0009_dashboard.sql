-- What the dashboard reads of a learner costs the same however much there is of them.

-- The five latest sessions, and the five latest whose speed is known. total_points rides along, so that sums
-- over a learner's sessions need not read the sessions themselves, which carry their results.
ALTER TABLE session_results
  ADD COLUMN has_speed BOOLEAN GENERATED ALWAYS AS (blink_speed IS NOT NULL) STORED,
  DROP KEY session_results_recent,
  ADD KEY session_results_recent (user_id, completed_at, id, total_points),
  ADD KEY session_results_speeds (user_id, has_speed, completed_at, id);

-- Completed stitches, counted by thread out of the index alone.
ALTER TABLE user_stitch_progress
  ADD KEY user_stitch_progress_completed (user_id, is_completed, thread_id);
