-- Tickets for the live channel: a browser cannot send its token with a WebSocket, so it sends a ticket, which
-- holds once and for moments. Only its digest is kept. token_expires_at ends the connection that it opens.
CREATE TABLE live_tickets (
  digest BINARY(32) NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  token_expires_at DATETIME(3) NOT NULL,
  PRIMARY KEY (digest),
  KEY live_tickets_expired (expires_at),
  KEY live_tickets_user (user_id),
  CONSTRAINT live_tickets_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
