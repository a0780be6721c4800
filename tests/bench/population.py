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


def add_veteran(connection, user_id, attempts):
    """A learner with a past of that many attempts on fifty days, each with its ledger row."""
    execute(connection, "INSERT INTO users (id, username, tokens, questions_answered, correct_answers,"
            " hidden_grade_asset, revision) VALUES (%s, %s, %s, %s, %s, JSON_OBJECT('global_stats',"
            " JSON_OBJECT('total_tokens_earned', %s, 'total_questions_answered', %s, 'total_correct_answers', %s),"
            " 'modules', JSON_OBJECT('math', JSON_OBJECT('progress', JSON_OBJECT('tokens_earned', %s,"
            " 'total_questions_answered', %s, 'correct_answers', %s)))), %s)",
            (user_id, f"veteran-{user_id}") + (attempts,) * 10)
    day = "DATE_SUB(UTC_DATE(), INTERVAL MOD(seq, 50) DAY)"
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
