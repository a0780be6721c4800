-- What belongs to no feature: the database's own health.

-- name: shared_ping :one
-- column answer i64
-- Whether the database answers at all.
SELECT 1 AS answer;

-- name: shared_durability :one
-- column flush_log_at_commit i64
-- column sync_binlog i64
-- column log_bin bool
-- Commits are durable when flush_log_at_commit is 1, and sync_binlog is 1 where there is a binary log.
SELECT
  @@GLOBAL.innodb_flush_log_at_trx_commit AS flush_log_at_commit,
  @@GLOBAL.sync_binlog AS sync_binlog,
  @@GLOBAL.log_bin AS log_bin;
