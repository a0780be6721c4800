"""What the database says of a learner, read by the tests' own SQL: every place that keeps a total,
side by side. Nothing here is taken from the program."""

import hashlib
import json

from harness.database import execute, query, query_one

TABLES_OF_A_LEARNER = {
    "users": "id", "profiles": "user_id", "ledger": "user_id", "attempts": "user_id",
    "practice_days": "user_id", "daily_totals": "user_id", "practice_sessions": "user_id",
    "session_results": "user_id", "user_stitch_progress": "user_id", "stitch_mutations": "user_id",
    "sync_rejects": "user_id",
}


def create_learner(connection, document=..., tokens=0, questions=0, correct=0, time_zone="UTC", **columns):
    """A learner as an application before Lockstep would have left it. `document`: a value to be
    stored as JSON, a string to be stored as it stands, None for NULL; without one, none."""
    if document is ...:
        text = None
    elif document is None or isinstance(document, str):
        text = document
    else:
        text = json.dumps(document)
    values = {"tokens": tokens, "questions_answered": questions, "correct_answers": correct,
              "time_zone": time_zone, "hidden_grade_asset": text, **columns}
    names = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    return execute(connection, f"INSERT INTO users ({names}) VALUES ({marks})", tuple(values.values()))


def user_row(connection, user_id):
    return query_one(connection, "SELECT * FROM users WHERE id = %s", (user_id,))


def document_of(connection, user_id):
    text = user_row(connection, user_id)["hidden_grade_asset"]
    return None if text is None else json.loads(text)


def triple(tokens, questions, correct):
    return {"tokens": int(tokens or 0), "questions": int(questions or 0), "correct": int(correct or 0)}


def columns_of(connection, user_id):
    row = user_row(connection, user_id)
    return triple(row["tokens"], row["questions_answered"], row["correct_answers"])


def global_stats_of(connection, user_id):
    stats = (document_of(connection, user_id) or {}).get("global_stats") or {}
    return triple(stats.get("total_tokens_earned"), stats.get("total_questions_answered"),
                  stats.get("total_correct_answers"))


def modules_of(connection, user_id):
    """{module: triple} as the document holds them."""
    modules = (document_of(connection, user_id) or {}).get("modules") or {}
    return {key: triple(value["progress"].get("tokens_earned"),
                        value["progress"].get("total_questions_answered"),
                        value["progress"].get("correct_answers"))
            for key, value in modules.items()}


def add_up(triples):
    total = triple(0, 0, 0)
    for one in triples:
        for name in total:
            total[name] += one[name]
    return total


def attempts_of(connection, user_id):
    row = query_one(connection, "SELECT COALESCE(SUM(tokens), 0) AS tokens, COUNT(*) AS questions,"
                    " COALESCE(SUM(is_correct), 0) AS correct FROM attempts WHERE user_id = %s", (user_id,))
    return triple(**row)


def daily_totals_of(connection, user_id):
    row = query_one(connection, "SELECT COALESCE(SUM(tokens), 0) AS tokens, COALESCE(SUM(questions), 0) AS"
                    " questions, COALESCE(SUM(correct), 0) AS correct FROM daily_totals WHERE user_id = %s",
                    (user_id,))
    return triple(**row)


def practice_days_of(connection, user_id):
    """{day: count} over all activities."""
    rows = query(connection, "SELECT day, SUM(count) AS count FROM practice_days WHERE user_id = %s"
                 " GROUP BY day ORDER BY day", (user_id,))
    return {str(row["day"]): int(row["count"]) for row in rows}


def ledger_of(connection, user_id):
    """Entries in the order of their revisions, documents parsed."""
    rows = query(connection, "SELECT * FROM ledger WHERE user_id = %s ORDER BY revision", (user_id,))
    for row in rows:
        row["changes"] = json.loads(row["changes"])
    return rows


def assert_agrees(connection, user_id, expected=None, claimed=False, answers_only=True):
    """Every place that keeps a total holds the same one (and it is `expected`). For learners whose
    whole past went through Lockstep: attempts prove everything. The history of one who claimed another
    has gaps; who did more than answer has more days than answers."""
    places = {
        "columns": columns_of(connection, user_id),
        "global_stats": global_stats_of(connection, user_id),
        "modules": add_up(modules_of(connection, user_id).values()),
        "attempts": attempts_of(connection, user_id),
        "daily_totals": daily_totals_of(connection, user_id),
    }
    if expected is None:
        expected = places["attempts"]
    wrong = {name: place for name, place in places.items() if place != expected}
    assert not wrong, f"learner {user_id}: expected {expected}, but {wrong}"
    days = practice_days_of(connection, user_id)
    assert not answers_only or sum(days.values()) == expected["questions"], f"learner {user_id}: practice days {days}"
    entries = [entry["revision"] for entry in ledger_of(connection, user_id)]
    revision = user_row(connection, user_id)["revision"]
    if claimed:
        assert entries == sorted(set(entries)) and entries[-1] == revision, f"learner {user_id}: {entries}"
    else:
        assert entries == list(range(1, revision + 1)), \
            f"learner {user_id}: at revision {revision}, ledger has {entries}"


def checksum(connection, user_id):
    """A digest of every row of a learner: equal before and after means that nothing was written."""
    digest = hashlib.sha256()
    for table, column in TABLES_OF_A_LEARNER.items():
        rows = query(connection, f"SELECT * FROM {table} WHERE {column} = %s", (user_id,))
        for line in sorted(repr(sorted(row.items())) for row in rows):
            digest.update(f"{table}{line}\n".encode("utf-8"))
    return digest.hexdigest()


def checksum_all(connection):
    """The same over everybody: how many rows each table has, and the server's own checksum."""
    tables = ", ".join(TABLES_OF_A_LEARNER)
    rows = query(connection, f"CHECKSUM TABLE {tables}")
    return {row["Table"]: row["Checksum"] for row in rows}
