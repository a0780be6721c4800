-- What was imported from files of the application before (lockstepctl import-json).

-- Digests of entries that were taken, and how often an entry of this very content was: importing the same
-- again, from a file that has grown, or after attempts were archived or reset, adds nothing twice. A day of
-- practice and a longest streak have their digests here, too.
CREATE TABLE imported_entries (
  user_id BIGINT UNSIGNED NOT NULL,
  digest BINARY(16) NOT NULL,
  occurrences INT UNSIGNED NOT NULL,
  PRIMARY KEY (user_id, digest),
  CONSTRAINT imported_entries_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
