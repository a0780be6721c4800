-- Notifications newest first, whether they were read or not.
CREATE INDEX notifications_newest ON notifications (user_id, id);

-- What is public, newest first of each type.
CREATE INDEX achievements_public_type ON achievements (is_public, achievement_type, earned_at);
DROP INDEX achievements_public ON achievements;
