-- What a learner's replies depend on.

-- name: freshness_read :one
-- param user_id u64
-- column user_id u64
-- column merged_into u64 null
-- column is_deleted bool
-- column revision u64
-- column updated_us i64
-- column time_zone text
-- column shared_version u64
-- column shared_epoch u64
-- One read by primary key. updated_us is users.updated_at to the microsecond: it moves also where
-- somebody changes the row around Lockstep, without a revision.
SELECT u.id AS user_id, u.merged_into, u.deleted_at IS NOT NULL AS is_deleted, u.revision,
  TIMESTAMPDIFF(MICROSECOND, '1970-01-01', u.updated_at) AS updated_us, u.time_zone,
  s.version AS shared_version, s.epoch AS shared_epoch
FROM users u JOIN shared_version s ON s.id = 1
WHERE u.id = :user_id;
