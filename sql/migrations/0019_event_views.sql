-- What a learner's view of everything reads by (src/event/view.c): the latest of each list, and whether another
-- application has changed anything.
ALTER TABLE achievements ADD KEY achievements_earned (user_id, earned_at, id);
ALTER TABLE milestones ADD KEY milestones_reached (user_id, reached_at, milestone_id);
ALTER TABLE learning_path_steps ADD KEY learning_path_steps_updated (user_id, updated_at);
