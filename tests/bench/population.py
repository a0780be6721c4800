"""Learners by the hundred thousand, made by SQL alone: what the benches read and write."""

from harness.database import execute, query_one

DOCUMENT = ("JSON_OBJECT('global_stats', JSON_OBJECT('total_tokens_earned', {n} * 6, 'total_questions_answered',"
            " {n} * 4, 'total_correct_answers', {n} * 2), 'modules', JSON_OBJECT("
            "'math', JSON_OBJECT('progress', JSON_OBJECT('tokens_earned', {n} * 2, 'total_questions_answered',"
            " {n}, 'correct_answers', {n})), "
            "'art', JSON_OBJECT('progress', JSON_OBJECT('tokens_earned', {n} * 4, 'total_questions_answered',"
            " {n} * 3, 'correct_answers', {n}))))")


def fill(connection, count):
    """`count` sound learners, ids 1 to count, each with a profile and a practised day."""
    n = "(MOD(seq, 97) + 1)"
    execute(connection, "INSERT INTO users (id, username, tokens, questions_answered, correct_answers,"
            f" hidden_grade_asset) SELECT seq, CONCAT('bench-', seq), {n} * 6, {n} * 4, {n} * 2,"
            f" {DOCUMENT.format(n=n)} FROM seq_1_to_{count}")
    execute(connection, "INSERT INTO profiles (user_id, current_streak, longest_streak, last_practice_date)"
            f" SELECT seq, 1, 3, UTC_DATE() FROM seq_1_to_{count}")
    execute(connection, "INSERT INTO practice_days (user_id, day, activity, count)"
            f" SELECT seq, UTC_DATE(), 'answer', 4 FROM seq_1_to_{count}")


def add_veteran(connection, user_id, attempts, days=50):
    """A learner with a past of that many attempts on so many days, each with its ledger row."""
    execute(connection, "INSERT INTO users (id, username, tokens, questions_answered, correct_answers,"
            " hidden_grade_asset, revision) VALUES (%s, %s, %s, %s, %s, JSON_OBJECT('global_stats',"
            " JSON_OBJECT('total_tokens_earned', %s, 'total_questions_answered', %s, 'total_correct_answers', %s),"
            " 'modules', JSON_OBJECT('math', JSON_OBJECT('progress', JSON_OBJECT('tokens_earned', %s,"
            " 'total_questions_answered', %s, 'correct_answers', %s)))), %s)",
            (user_id, f"veteran-{user_id}") + (attempts,) * 10)
    day = f"DATE_SUB(UTC_DATE(), INTERVAL MOD(seq, {days}) DAY)"
    series = f"seq_0_to_{attempts - 1}"
    execute(connection, "INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, tokens,"
            f" practised_on, created_at) SELECT {user_id}, {attempts} - seq, CONCAT('e', seq), 'math', 1, 1, {day},"
            f" {day} FROM {series}")
    execute(connection, "INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes,"
            f" created_at) SELECT {user_id}, {attempts} - seq, CONCAT('answer:', seq), UNHEX(SHA2(seq, 256)),"
            f" 'user_{user_id}', 'answer', '[]', {day} FROM {series}")
    execute(connection, "INSERT INTO daily_totals (user_id, day, module, questions, correct, tokens)"
            f" SELECT {user_id}, {day}, 'math', COUNT(*), COUNT(*), COUNT(*) FROM {series} GROUP BY {day}")
    execute(connection, "INSERT INTO practice_days (user_id, day, activity, count)"
            f" SELECT {user_id}, {day}, 'answer', COUNT(*) FROM {series} GROUP BY {day}")
    run = query_one(connection, "SELECT COUNT(*) AS days FROM practice_days WHERE user_id = %s", (user_id,))["days"]
    execute(connection, "INSERT INTO profiles (user_id, current_streak, longest_streak, last_practice_date)"
            " VALUES (%s, %s, %s, UTC_DATE())", (user_id, run, run))


def add_stitches(connection, user_id, stitches):
    """Of a hundred threads, two thirds completed."""
    execute(connection, "INSERT INTO user_stitch_progress (user_id, thread_id, stitch_id, is_completed, last_attempted,"
            f" revision) SELECT {user_id}, CONCAT('thread-', MOD(seq, 100)), CONCAT('stitch-', seq), MOD(seq, 3) > 0,"
            f" UTC_TIMESTAMP(3), 1 FROM seq_1_to_{stitches}")


def add_sessions(connection, learners, sessions, stitches):
    """The same past for each of the learners 1 to `learners`, their profiles as the sessions prove."""
    execute(connection, "INSERT INTO session_results (user_id, id, thread_id, stitch_id, total_questions, correct_answers,"
            " total_points, accuracy, blink_speed, results, practised_on, completed_at, revision) SELECT u.seq,"
            " CONCAT('past-', s.seq), CONCAT('thread-', MOD(s.seq, 5)), CONCAT('stitch-', s.seq), 20, 17, 56, 85, 2.25,"
            " '[]', UTC_DATE(), DATE_SUB(UTC_TIMESTAMP(3), INTERVAL s.seq HOUR), 1"
            f" FROM seq_1_to_{learners} AS u JOIN seq_1_to_{sessions} AS s")
    execute(connection, f"UPDATE profiles SET total_points = {sessions * 56}, total_sessions = {sessions},"
            f" last_session_at = UTC_TIMESTAMP(3) WHERE user_id <= {learners}")
    execute(connection, "INSERT INTO user_stitch_progress (user_id, thread_id, stitch_id, is_completed, last_attempted,"
            " revision) SELECT u.seq, CONCAT('thread-', MOD(s.seq, 5)), CONCAT('stitch-', s.seq), MOD(s.seq, 3) > 0,"
            f" UTC_TIMESTAMP(3), 1 FROM seq_1_to_{learners} AS u JOIN seq_1_to_{stitches} AS s")
    execute(connection, "ANALYZE TABLE session_results, user_stitch_progress, profiles")
