-- POST /api/answer (src/learner/answer.c). Every statement serves all answers of one transaction.

-- name: answer_context :many
-- param answers text
-- column place i64
-- column is_known bool
-- column answer_key text null
-- column module text null
-- column tokens u64 null
-- column current_streak i64 null
-- column longest_streak i64 null
-- column last_practice_date day null
-- column session_is_theirs bool
-- What must be known before the answers can be graded: [[place, user_id, exercise_id, session_id], …].
SELECT e.place, x.exercise_id IS NOT NULL AS is_known, x.answer_key, x.module, x.tokens,
       p.current_streak, p.longest_streak, p.last_practice_date, s.id IS NOT NULL AS session_is_theirs
  FROM JSON_TABLE(:answers, '$[*]' COLUMNS (
         place INT PATH '$[0]',
         user_id BIGINT UNSIGNED PATH '$[1]',
         exercise_id VARCHAR(190) PATH '$[2]',
         session_id BIGINT UNSIGNED PATH '$[3]')) AS e
  LEFT JOIN exercises AS x ON x.exercise_id = e.exercise_id
  LEFT JOIN profiles AS p ON p.user_id = e.user_id
  LEFT JOIN practice_sessions AS s ON s.id = e.session_id AND s.user_id = e.user_id;

-- name: answer_insert_attempts :exec
-- param answers text
-- [[user_id, revision, exercise_id, module, is_correct, user_answer, tokens, day, session_id, answered_at], …]
INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, user_answer, tokens, practised_on,
                      practice_session_id, created_at)
SELECT e.user_id, e.revision, e.exercise_id, e.module, e.is_correct, e.user_answer, e.tokens, e.day,
       e.session_id, e.answered_at
  FROM JSON_TABLE(:answers, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]',
         revision BIGINT UNSIGNED PATH '$[1]',
         exercise_id VARCHAR(190) PATH '$[2]',
         module VARCHAR(96) PATH '$[3]',
         is_correct INT PATH '$[4]',
         user_answer TEXT PATH '$[5]',
         tokens BIGINT PATH '$[6]',
         day DATE PATH '$[7]',
         session_id BIGINT UNSIGNED PATH '$[8]',
         answered_at DATETIME(3) PATH '$[9]')) AS e;

-- name: answer_count_days :exec
-- param days text
-- [[user_id, day], …]
INSERT INTO practice_days (user_id, day, activity, count)
SELECT e.user_id, e.day, 'answer', 1
  FROM JSON_TABLE(:days, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]',
         day DATE PATH '$[1]')) AS e
    ON DUPLICATE KEY UPDATE count = practice_days.count + 1;

-- name: answer_add_daily_totals :exec
-- param totals text
-- [[user_id, day, module, correct, tokens], …]
INSERT INTO daily_totals (user_id, day, module, questions, correct, tokens)
SELECT e.user_id, e.day, e.module, 1, e.correct, e.tokens
  FROM JSON_TABLE(:totals, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]',
         day DATE PATH '$[1]',
         module VARCHAR(96) PATH '$[2]',
         correct BIGINT PATH '$[3]',
         tokens BIGINT PATH '$[4]')) AS e
    ON DUPLICATE KEY UPDATE questions = daily_totals.questions + 1,
                            correct = daily_totals.correct + VALUES(correct),
                            tokens = daily_totals.tokens + VALUES(tokens);

-- name: answer_store_streaks :exec
-- param streaks text
-- [[user_id, current, longest, last_day], …]
INSERT INTO profiles (user_id, current_streak, longest_streak, last_practice_date)
SELECT e.user_id, e.current_streak, e.longest_streak, e.last_day
  FROM JSON_TABLE(:streaks, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]',
         current_streak INT PATH '$[1]',
         longest_streak INT PATH '$[2]',
         last_day DATE PATH '$[3]')) AS e
    ON DUPLICATE KEY UPDATE current_streak = VALUES(current_streak),
                            longest_streak = VALUES(longest_streak),
                            last_practice_date = VALUES(last_practice_date);
