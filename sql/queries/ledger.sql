-- The statements of the learner transaction (src/ledger). Each serves all learners of one transaction.

-- name: ledger_lock :many
-- param user_id u64
-- param op_id text
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
-- variant ledger_lock_free SKIP LOCKED
-- Locks the learners in ascending id, and looks each operation's id up under the lock: a locking
-- read sees what is committed now. One whose row somebody holds is not among those of ledger_lock_free: one
-- held row must not keep the company of a shared transaction waiting.
SELECT u.id AS user_id, u.revision, u.time_zone, u.is_anonymous, u.merged_into,
       u.deleted_at IS NOT NULL AS is_deleted, u.tokens, u.questions_answered, u.correct_answers,
       u.hidden_grade_asset AS document, l.revision AS op_revision, l.request_hash AS op_hash, l.reply AS op_reply
  FROM users AS u FORCE INDEX (PRIMARY)
  LEFT JOIN ledger AS l
    ON l.user_id = u.id AND l.op_id = CONVERT(CASE u.id [[WHEN :user_id THEN :op_id]] END USING ascii)
 WHERE u.id IN ([[:user_id]])
 ORDER BY u.id
   FOR UPDATE;

-- name: ledger_advance :exec
-- param user_id u64
-- The next revision of learners whose totals stay, or were written by the work itself.
UPDATE users SET revision = revision + 1 WHERE id IN ([[:user_id]]);

-- name: ledger_move :exec
-- param user_id u64
-- param revision u64
-- param tokens i64
-- param questions i64
-- param correct i64
-- param document text null
-- The next revision, the totals and the document, of many learners at once.
UPDATE users
   SET revision = CASE id [[WHEN :user_id THEN :revision]] END,
       tokens = CASE id [[WHEN :user_id THEN :tokens]] END,
       questions_answered = CASE id [[WHEN :user_id THEN :questions]] END,
       correct_answers = CASE id [[WHEN :user_id THEN :correct]] END,
       hidden_grade_asset = CASE id [[WHEN :user_id THEN :document]] END
 WHERE id IN ([[:user_id]]);

-- name: ledger_append :exec
-- param user_id u64
-- param revision u64
-- param op_id text
-- param request_hash hash
-- param actor text
-- param kind text
-- param changes text
-- param reply text null
-- param created_at time
-- The one ledger row of each learner.
INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, reply, created_at)
VALUES [[(:user_id, :revision, :op_id, :request_hash, :actor, :kind, :changes, :reply, :created_at)]];

-- name: ledger_copy :exec
-- param from_user u64
-- param into_user u64
-- param shift u64
-- The first learner's history, behind the second's. An operation that the second knows, too, with the same
-- content, was sent for both: its entry stands there already. What has an id that the second used for something
-- else is kept under another, and so is what no client named: openings and folded entries.
INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, reply, created_at)
SELECT :into_user, s.revision + :shift,
       IF(t.user_id IS NULL AND s.kind NOT IN ('opening', 'folded'), s.op_id,
          CONCAT('merged:', s.user_id, ':', s.revision)),
       s.request_hash, s.actor, s.kind, s.changes, s.reply, s.created_at
  FROM ledger AS s FORCE INDEX (PRIMARY)
  LEFT JOIN ledger AS t FORCE INDEX (ledger_operation) ON t.user_id = :into_user AND t.op_id = s.op_id
 WHERE s.user_id = :from_user
   AND (t.user_id IS NULL OR t.request_hash <> s.request_hash OR t.kind <> s.kind
        OR s.kind IN ('opening', 'folded'));

-- name: ledger_empty :exec
-- param user_id u64
DELETE FROM ledger WHERE user_id = :user_id;
