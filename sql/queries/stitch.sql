-- How far learners are with stitches (src/session/stitch*.c, bulk_api.c), and what could not be taken (reject*.c).

-- name: stitch_current :many
-- param user_id u64
-- param stitch_keys text -- a JSON list of [thread, stitch]
-- column place i64
-- column order_number i64
-- column skip_number i64
-- column distractor_level text
-- column is_completed bool
-- column last_attempted time
-- column revision u64
-- The rows of a list of stitches, each with its place in the list, from 1 on.
SELECT COALESCE(e.place, 0) AS place, p.order_number, p.skip_number, p.distractor_level, p.is_completed,
       p.last_attempted, p.revision
  FROM JSON_TABLE(:stitch_keys, '$[*]' COLUMNS (
         place FOR ORDINALITY,
         thread_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[0]',
         stitch_id VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[1]')) AS e
  STRAIGHT_JOIN user_stitch_progress AS p FORCE INDEX (PRIMARY)
    ON p.user_id = :user_id AND p.thread_id = e.thread_id AND p.stitch_id = e.stitch_id;

-- name: stitch_known_mutations :many
-- param user_id u64
-- param mutation_keys text -- a JSON list of ids
-- column place i64
-- column content_hash hash
SELECT COALESCE(e.place, 0) AS place, m.content_hash
  FROM JSON_TABLE(:mutation_keys, '$[*]' COLUMNS (
         place FOR ORDINALITY,
         mutation_id VARCHAR(96) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$')) AS e
  STRAIGHT_JOIN stitch_mutations AS m FORCE INDEX (PRIMARY)
    ON m.user_id = :user_id AND m.mutation_id = e.mutation_id;

-- name: stitch_write :exec
-- param user_id u64
-- param thread_id text
-- param stitch_id text
-- param order_number i64
-- param skip_number i64
-- param distractor_level text
-- param is_completed bool
-- param last_attempted time
-- param revision u64
INSERT INTO user_stitch_progress
  (user_id, thread_id, stitch_id, order_number, skip_number, distractor_level, is_completed, last_attempted,
   revision)
VALUES [[(:user_id, :thread_id, :stitch_id, :order_number, :skip_number, :distractor_level, :is_completed,
          :last_attempted, :revision)]]
ON DUPLICATE KEY UPDATE order_number = VALUES(order_number), skip_number = VALUES(skip_number),
  distractor_level = VALUES(distractor_level), is_completed = VALUES(is_completed),
  last_attempted = VALUES(last_attempted), revision = VALUES(revision);

-- name: stitch_remember_mutations :exec
-- param user_id u64
-- param mutation_id text
-- param content_hash hash
-- param created_at time
INSERT INTO stitch_mutations (user_id, mutation_id, content_hash, created_at)
VALUES [[(:user_id, :mutation_id, :content_hash, :created_at)]];

-- name: stitch_list :many
-- param user_id u64
-- param since u64
-- param after_revision u64 -- where the page before ended; 0 and empty: at the beginning
-- param after_thread text
-- param after_stitch text
-- param limit_rows u64
-- column thread_id text
-- column stitch_id text
-- column order_number i64
-- column skip_number i64
-- column distractor_level text
-- column is_completed bool
-- column last_attempted time
-- column revision u64
-- A learner's stitches that changed after a revision, in the order in which they did.
SELECT p.thread_id, p.stitch_id, p.order_number, p.skip_number, p.distractor_level, p.is_completed,
       p.last_attempted, p.revision
  FROM user_stitch_progress AS p FORCE INDEX (user_stitch_progress_revision)
 WHERE p.user_id = :user_id AND p.revision > :since AND p.revision >= :after_revision
   AND (p.revision > :after_revision OR p.thread_id > :after_thread
        OR (p.thread_id = :after_thread AND p.stitch_id > :after_stitch))
 ORDER BY p.revision, p.thread_id, p.stitch_id
 LIMIT :limit_rows;

-- name: stitch_revision :one
-- param user_id u64
-- column revision u64
SELECT u.revision FROM users AS u WHERE u.id = :user_id;

-- name: reject_count :one
-- param user_id u64
-- column rejects i64
SELECT COUNT(*) AS rejects FROM sync_rejects AS r WHERE r.user_id = :user_id;

-- name: reject_keep :exec
-- param user_id u64
-- param item text
-- param item_hash hash
-- param reason text
-- param created_at time
-- The same item again is the same row, as it was; resolved, if somebody has.
INSERT INTO sync_rejects (user_id, item, item_hash, reason, created_at)
VALUES [[(:user_id, :item, :item_hash, :reason, :created_at)]]
ON DUPLICATE KEY UPDATE user_id = VALUES(user_id);

-- name: reject_open :many
-- param after_id u64
-- param limit_rows u64
-- column id u64
-- column user_id u64
-- column item text
-- column reason text
-- column created_at time
-- column resolved_at time null
-- column resolved_by text null
SELECT r.id, r.user_id, r.item, r.reason, r.created_at, r.resolved_at, r.resolved_by
  FROM sync_rejects AS r
 WHERE r.resolved_at IS NULL AND r.id > :after_id
 ORDER BY r.id
 LIMIT :limit_rows;

-- name: reject_all :many
-- param after_id u64
-- param limit_rows u64
-- column id u64
-- column user_id u64
-- column item text
-- column reason text
-- column created_at time
-- column resolved_at time null
-- column resolved_by text null
SELECT r.id, r.user_id, r.item, r.reason, r.created_at, r.resolved_at, r.resolved_by
  FROM sync_rejects AS r FORCE INDEX (PRIMARY)
 WHERE r.id > :after_id
 ORDER BY r.id
 LIMIT :limit_rows;

-- name: reject_of_learner :many
-- param user_id u64
-- param only_open bool
-- param after_id u64
-- param limit_rows u64
-- column id u64
-- column user_id u64
-- column item text
-- column reason text
-- column created_at time
-- column resolved_at time null
-- column resolved_by text null
-- A learner's rejects are few (REJECTS_OF_LEARNER_MAX): they are sorted by id after they were found.
SELECT r.id, r.user_id, r.item, r.reason, r.created_at, r.resolved_at, r.resolved_by
  FROM sync_rejects AS r FORCE INDEX (one_row_per_item)
 WHERE r.user_id = :user_id AND r.id > :after_id AND (NOT :only_open OR r.resolved_at IS NULL)
 ORDER BY r.id
 LIMIT :limit_rows;

-- name: reject_one :one
-- param id u64
-- column id u64
-- column user_id u64
-- column item text
-- column reason text
-- column created_at time
-- column resolved_at time null
-- column resolved_by text null
SELECT r.id, r.user_id, r.item, r.reason, r.created_at, r.resolved_at, r.resolved_by
  FROM sync_rejects AS r
 WHERE r.id = :id;

-- name: reject_resolve :exec
-- param id u64
-- param now time
-- param actor text
UPDATE sync_rejects SET resolved_at = :now, resolved_by = :actor WHERE id = :id AND resolved_at IS NULL;
