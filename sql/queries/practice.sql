-- Days of practice and the streaks that follow from them (src/learner/practice.c). Each statement serves all
-- learners of one transaction.

-- name: practice_streaks :many
-- param user_id u64
-- column user_id u64
-- column current_streak i64
-- column longest_streak i64
-- column last_practice_date day null
SELECT p.user_id, p.current_streak, p.longest_streak, p.last_practice_date
  FROM profiles AS p
 WHERE p.user_id IN ([[:user_id]]);

-- name: practice_count_days :exec
-- param user_id u64
-- param day day
-- param activity text
-- param count i64
INSERT INTO practice_days (user_id, day, activity, count)
VALUES [[(:user_id, :day, :activity, :count)]]
    ON DUPLICATE KEY UPDATE count = count + VALUES(count);

-- name: practice_count_many_days :exec
-- param days text -- a JSON list of [learner, day, activity, count]
-- The same for a long list: an import's.
INSERT INTO practice_days (user_id, day, activity, count)
SELECT e.user_id, e.on_day, e.of_activity, e.times
  FROM JSON_TABLE(:days, '$[*]' COLUMNS (
         user_id BIGINT UNSIGNED PATH '$[0]',
         on_day DATE PATH '$[1]',
         of_activity VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin PATH '$[2]',
         times INT UNSIGNED PATH '$[3]')) AS e
    ON DUPLICATE KEY UPDATE count = count + VALUES(count);

-- name: practice_store_streaks :exec
-- param user_id u64
-- param current i64
-- param longest i64
-- param last_day day
INSERT INTO profiles (user_id, current_streak, longest_streak, last_practice_date)
VALUES [[(:user_id, :current, :longest, :last_day)]]
    ON DUPLICATE KEY UPDATE current_streak = VALUES(current_streak), longest_streak = VALUES(longest_streak),
                            last_practice_date = VALUES(last_practice_date);
