-- The statements of the learner transaction (src/ledger).

-- name: ledger_lock :many
-- param entries text
-- column user_id u64
-- column revision u64
-- column time_zone text
-- column is_anonymous bool
-- column merged_into u64 null
-- column is_deleted bool
-- column tokens i64
-- column questions_answered i64
-- column correct_answers i64
-- column document text null
-- column op_revision u64 null
-- column op_hash hash null
-- column op_reply text null
-- Locks the learners of `entries` ([[user_id, op_id], …] in ascending user_id) in that order, and
-- looks each operation's id up under the lock. A locking read sees what is committed now.
SELECT u.id AS user_id, u.revision, u.time_zone, u.is_anonymous, u.merged_into,
       u.deleted_at IS NOT NULL AS is_deleted, u.tokens, u.questions_answered, u.correct_answers,
       u.hidden_grade_asset AS document, l.revision AS op_revision, l.request_hash AS op_hash, l.reply AS op_reply
  FROM JSON_TABLE(:entries, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]',
         op_id VARCHAR(96) PATH '$[1]')) AS e
  STRAIGHT_JOIN users AS u ON u.id = e.user_id
  LEFT JOIN ledger AS l ON l.user_id = u.id AND l.op_id = CONVERT(e.op_id USING ascii)
   FOR UPDATE;

-- name: ledger_advance :exec
-- param learners text
-- Writes the learners' rows, once a transaction: the next revision, and the totals and document
-- where they moved ([[user_id, tokens, questions, correct, document], …], null for what stays).
UPDATE JSON_TABLE(:learners, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]',
         tokens BIGINT PATH '$[1]',
         questions BIGINT PATH '$[2]',
         correct BIGINT PATH '$[3]',
         document LONGTEXT PATH '$[4]')) AS e
  STRAIGHT_JOIN users AS u ON u.id = e.user_id
   SET u.revision = u.revision + 1,
       u.tokens = COALESCE(e.tokens, u.tokens),
       u.questions_answered = COALESCE(e.questions, u.questions_answered),
       u.correct_answers = COALESCE(e.correct, u.correct_answers),
       u.hidden_grade_asset = COALESCE(e.document, u.hidden_grade_asset);

-- name: ledger_append :exec
-- param kind text
-- param created_at time
-- param rows text
-- The one ledger row of each learner: [[user_id, revision, op_id, hash in hex, actor, changes, reply], …].
INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, reply, created_at)
SELECT e.user_id, e.revision, e.op_id, UNHEX(e.request_hash), e.actor, :kind, e.changes, e.reply, :created_at
  FROM JSON_TABLE(:rows, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]',
         revision BIGINT UNSIGNED PATH '$[1]',
         op_id VARCHAR(96) PATH '$[2]',
         request_hash CHAR(64) PATH '$[3]',
         actor VARCHAR(96) PATH '$[4]',
         changes LONGTEXT PATH '$[5]',
         reply LONGTEXT PATH '$[6]')) AS e;
