-- POST /api/answer (src/learner/answer.c). Each statement serves all answers of one transaction.

-- name: answer_exercises :many
-- param exercise_id text
-- column exercise_id text
-- column answer_key text
-- column module text
-- column tokens u64
-- Of these exercises, those that are graded here.
SELECT x.exercise_id, x.answer_key, x.module, x.tokens
  FROM exercises AS x
 WHERE x.exercise_id IN ([[:exercise_id]]);

-- name: answer_session :one
-- param user_id u64
-- param session_id u64
-- column id u64
SELECT s.id FROM practice_sessions AS s WHERE s.id = :session_id AND s.user_id = :user_id;

-- name: answer_insert_attempts :exec
-- param user_id u64
-- param revision u64
-- param exercise_id text
-- param module text
-- param is_correct bool
-- param user_answer text null
-- param tokens i64
-- param day day
-- param session_id u64 null
-- param answered_at time
INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, user_answer, tokens, practised_on,
                      practice_session_id, created_at)
VALUES [[(:user_id, :revision, :exercise_id, :module, :is_correct, :user_answer, :tokens, :day,
          :session_id, :answered_at)]];

-- name: answer_add_daily_totals :exec
-- param user_id u64
-- param day day
-- param module text
-- param correct i64
-- param tokens i64
INSERT INTO daily_totals (user_id, day, module, questions, correct, tokens)
VALUES [[(:user_id, :day, :module, 1, :correct, :tokens)]]
    ON DUPLICATE KEY UPDATE questions = questions + 1, correct = correct + VALUES(correct),
                            tokens = tokens + VALUES(tokens);
