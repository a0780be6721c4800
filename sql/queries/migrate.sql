-- The record of the migrations. What is half-applied can be said to the statement: the count moves
-- after each.

-- name: migrate_create_table :exec
CREATE TABLE IF NOT EXISTS schema_migrations (
  number INT UNSIGNED NOT NULL,
  name VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  checksum CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  is_applied BOOLEAN NOT NULL DEFAULT FALSE,
  statements INT UNSIGNED NOT NULL,
  statements_done INT UNSIGNED NOT NULL DEFAULT 0,
  problem VARCHAR(600) CHARACTER SET utf8mb4 NULL,
  server VARCHAR(300) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  started_at DATETIME(3) NOT NULL,
  applied_at DATETIME(3) NULL,
  PRIMARY KEY (number)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- name: migrate_lock :one
-- column taken bool null
-- Keeps a second runner on this server waiting, a second at a time; the lock dies with its connection.
-- On another node of a cluster the row of migrate_begin does the same.
SELECT GET_LOCK(LEFT(CONCAT('lockstep.migrate.', DATABASE()), 64), 1) AS taken;

-- name: migrate_unlock :one
-- column released bool null
SELECT RELEASE_LOCK(LEFT(CONCAT('lockstep.migrate.', DATABASE()), 64)) AS released;

-- name: migrate_list :many
-- column number i64
-- column name text
-- column checksum text
-- column is_applied bool
-- column statements i64
-- column statements_done i64
-- column problem text null
-- column applied_at time null
-- column is_running bool
-- scan: one row for each migration there ever was
-- is_running: not applied yet, and either somebody holds the lock on this server, or it was begun on
-- another server, whose locks cannot be seen from here.
SELECT number, name, checksum, is_applied, statements, statements_done, problem, applied_at,
       NOT is_applied AND problem IS NULL
         AND (server <> LEFT(CONCAT(@@hostname, ':', @@datadir), 300)
              OR COALESCE(IS_USED_LOCK(LEFT(CONCAT('lockstep.migrate.', DATABASE()), 64)), CONNECTION_ID())
                 <> CONNECTION_ID()) AS is_running
  FROM schema_migrations
 ORDER BY number;

-- name: migrate_begin :exec
-- param number i64
-- param name text
-- param checksum text
-- param statements i64
INSERT INTO schema_migrations (number, name, checksum, statements, server, started_at)
VALUES (:number, :name, :checksum, :statements, LEFT(CONCAT(@@hostname, ':', @@datadir), 300), UTC_TIMESTAMP(3));

-- name: migrate_advance :exec
-- param number i64
-- param done i64
UPDATE schema_migrations
   SET statements_done = :done,
       is_applied = (statements = :done),
       applied_at = CASE WHEN statements = :done THEN UTC_TIMESTAMP(3) END
 WHERE number = :number AND statements_done = :done - 1 AND NOT is_applied;

-- name: migrate_fail :exec
-- param number i64
-- param problem text
UPDATE schema_migrations SET problem = LEFT(:problem, 600) WHERE number = :number;

-- name: migrate_forget :exec
-- param number i64
-- Its first statement failed, so nothing of it stands.
DELETE FROM schema_migrations WHERE number = :number AND statements_done = 0 AND NOT is_applied;

-- name: migrate_be_patient :exec
-- A migration waits this long for a table that others use, and then lets them through before it tries
-- again.
SET SESSION lock_wait_timeout = 10;
