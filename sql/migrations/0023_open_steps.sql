-- The rules that are asked before a read begin at what is open: the steps of a learner by status, with what they stand
-- for.
ALTER TABLE learning_path_steps
  ADD KEY learning_path_steps_status (user_id, status, activity_type, activity_id);
