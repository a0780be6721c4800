-- Pages of todos and learning paths go in the order in which these were made.
ALTER TABLE todos ADD KEY todos_created (user_id, created_at);
ALTER TABLE learning_paths ADD KEY learning_paths_created (user_id, created_at);
