-- Notifications newest first, whether they were read or not.
CREATE INDEX notifications_newest ON notifications (user_id, id);
