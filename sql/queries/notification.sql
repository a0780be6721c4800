-- What a learner is to be told when they come back (src/event/notification.c).

-- name: notification_insert :exec
-- param user_id u64
-- param revision u64
-- param kind text
-- param data text
-- param created_at time
INSERT INTO notifications (user_id, revision, kind, data, created_at)
VALUES (:user_id, :revision, :kind, :data, :created_at);

-- name: notification_list_unread :many
-- param user_id u64
-- param before_id u64 -- only older ones
-- param limit_rows u64
-- column id u64
-- column kind text
-- column data text
-- column created_at time
-- Newest first.
SELECT n.id, n.kind, n.data, n.created_at
  FROM notifications AS n FORCE INDEX (notifications_user)
 WHERE n.user_id = :user_id AND n.read_at IS NULL AND n.id < :before_id
 ORDER BY n.id DESC
 LIMIT :limit_rows;

-- name: notification_list :many
-- param user_id u64
-- param status text -- read or all
-- param read_since time -- what was read before is as good as gone
-- param before_id u64 -- only older ones
-- param limit_rows u64
-- column id u64
-- column kind text
-- column data text
-- column created_at time
-- column read_at time null
-- Newest first.
SELECT n.id, n.kind, n.data, n.created_at, n.read_at
  FROM notifications AS n
 WHERE n.user_id = :user_id AND n.id < :before_id
   AND (n.read_at >= :read_since OR (n.read_at IS NULL AND :status = 'all'))
 ORDER BY n.id DESC
 LIMIT :limit_rows;

-- name: notification_count_unread :one
-- param user_id u64
-- param limit_rows u64
-- column unread u64
SELECT COUNT(*) AS unread
  FROM (SELECT n.id FROM notifications AS n FORCE INDEX (notifications_user)
         WHERE n.user_id = :user_id AND n.read_at IS NULL LIMIT :limit_rows) AS w;

-- name: notification_find :one
-- param user_id u64
-- param id u64
-- column kind text
-- column data text
-- column created_at time
-- column read_at time null
SELECT n.kind, n.data, n.created_at, n.read_at FROM notifications AS n WHERE n.id = :id AND n.user_id = :user_id;

-- name: notification_read :exec
-- param user_id u64
-- param id u64
-- param now time
UPDATE notifications SET read_at = :now WHERE id = :id AND user_id = :user_id AND read_at IS NULL;
