-- The live channel (src/live). Nothing here is asked for one connection alone but its ticket.

-- name: live_ticket_add :exec
-- param digest hash
-- param user_id u64
-- param expires_at time
-- param token_expires_at time
INSERT INTO live_tickets (digest, user_id, expires_at, token_expires_at)
VALUES (:digest, :user_id, :expires_at, :token_expires_at);

-- name: live_tickets_find :many
-- param digest hash
-- column digest hash
-- column user_id u64
-- column expires_at time
-- column token_expires_at time
-- column revision u64
-- column is_gone bool
-- With where their learners stand.
SELECT t.digest, t.user_id, t.expires_at, t.token_expires_at, u.revision,
       u.deleted_at IS NOT NULL OR u.merged_into IS NOT NULL AS is_gone
  FROM live_tickets AS t
  JOIN users AS u ON u.id = t.user_id
 WHERE t.digest IN ([[:digest]]);

-- name: live_tickets_take :exec
-- param digest hash
-- Whoever deletes it has it. A list in WHERE would be a scan where there are few, and a scan waits for what others
-- are taking.
DELETE t
  FROM ([[SELECT CAST(:digest AS BINARY(32)) AS digest]]) AS w
  STRAIGHT_JOIN live_tickets AS t FORCE INDEX (PRIMARY) ON t.digest = w.digest;

-- name: live_tickets_expired :many
-- param now time
-- param limit_rows u64
-- column digest hash
-- Read without locks, and then taken like others: a DELETE by this index would meet those that redeem in the other
-- order, and one of them would be thrown out.
SELECT t.digest FROM live_tickets AS t FORCE INDEX (live_tickets_expired)
 WHERE t.expires_at < :now
 ORDER BY t.expires_at
 LIMIT :limit_rows;

-- name: live_learners :many
-- param user_ids text -- a JSON array
-- column user_id u64
-- column revision u64
-- column is_gone bool
-- Where these learners stand.
SELECT u.id AS user_id, u.revision, u.deleted_at IS NOT NULL OR u.merged_into IS NOT NULL AS is_gone
  FROM JSON_TABLE(:user_ids, '$[*]' COLUMNS (user_id BIGINT UNSIGNED PATH '$')) AS w
  STRAIGHT_JOIN users AS u ON u.id = w.user_id;

-- name: live_epoch :one
-- column epoch u64
-- Another one: a backup was restored, and no revision that was told means anything any more.
SELECT s.epoch FROM shared_version AS s WHERE s.id = 1;

-- name: live_changes :many
-- param wanted text -- a JSON array of [user id, the revision that is known, the last that is wanted]
-- column user_id u64
-- column revision u64
-- column kind text
-- column changes text
-- column created_at time
-- What happened to these learners next, in their order.
SELECT l.user_id, l.revision, l.kind, l.changes, l.created_at
  FROM JSON_TABLE(:wanted, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]',
         known BIGINT UNSIGNED PATH '$[1]',
         last BIGINT UNSIGNED PATH '$[2]')) AS w
  STRAIGHT_JOIN ledger AS l ON l.user_id = w.user_id AND l.revision > w.known AND l.revision <= w.last
 ORDER BY l.user_id, l.revision;
