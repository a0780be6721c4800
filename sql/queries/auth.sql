-- Learners as the tokens' provider knows them, and anonymous ones.

-- name: auth_user_by_subject :one
-- param subject text
-- column id u64
-- One unique key read; the token's subject under auth.subject: provider.
SELECT id FROM users WHERE subject = :subject;

-- name: auth_user_by_tombstone :one
-- param subject text
-- column id u64
-- The learner who had this subject and was deleted (erase_tombstone): asked only before one is created.
SELECT id FROM users
 WHERE subject = CONVERT(CONCAT('deleted:', SHA2(:subject, 256)) USING utf8mb4) COLLATE utf8mb4_bin;

-- name: auth_provision :exec
-- param subject text
-- param display_name text null
-- param role text
-- param time_zone text
-- A learner's first sight. Two at once make one: the second finds the first's id in insert_id.
INSERT INTO users (subject, display_name, role, time_zone) VALUES (:subject, :display_name, :role, :time_zone)
ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id);

-- name: auth_create_anonymous :exec
-- param time_zone text
-- A learner without a name; its id is insert_id.
INSERT INTO users (is_anonymous, time_zone) VALUES (TRUE, :time_zone);
