"""Everybody, before and after: what each learner's row holds, held against the oracle."""

import json
import re

import pymysql.cursors

from harness.database import query
from proof import oracle, population

FIELDS = "id, tokens, questions_answered, correct_answers, hidden_grade_asset, revision, updated_at"
BESIDE = ("attempts", "practice_days", "daily_totals", "profiles")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class Row:
    __slots__ = ("columns", "text", "revision", "updated_at")

    def __init__(self, row):
        self.columns = tuple(row[1:4])
        self.text, self.revision, self.updated_at = row[4:]

    def __eq__(self, other):
        return (self.columns, self.text, self.revision, self.updated_at) == \
            (other.columns, other.text, other.revision, other.updated_at)

    def holds(self, other):
        """The same values, byte for byte, whatever happened in between."""
        return (self.columns, self.text) == (other.columns, other.text)

    def __repr__(self):
        return f"<{self.columns} revision {self.revision}: {self.text and self.text[:600]}>"


def take(connection):
    """{id: Row} of all learners."""
    with connection.cursor(pymysql.cursors.SSCursor) as cursor:
        cursor.execute(f"SELECT {FIELDS} FROM users")
        return {row[0]: Row(row) for row in cursor}


def beside(connection):
    """Checksums of what a repair of totals must not touch."""
    return {row["Table"]: row["Checksum"] for row in query(connection, "CHECKSUM TABLE " + ", ".join(BESIDE))}


def differing(before, after):
    return {user_id for user_id in before.keys() | after.keys() if before.get(user_id) != after.get(user_id)}


def fail_with(wrong, what):
    assert not wrong, f"{len(wrong)} {what}, such as:\n" + "\n".join(map(str, wrong[:5]))


def assert_repaired(learners, before, after, but=frozenset()):
    """The drifted hold what the oracle says, one revision further, and nobody's total fell; the others' rows are
    as they were, to the microsecond of their updated_at."""
    wrong, touched, lowered = [], [], []
    for learner in learners:
        if learner.id in but:
            continue
        was, now = before[learner.id], after[learner.id]
        if not learner.is_drifted:
            if was != now:
                touched.append((learner.id, learner.kind, was, now))
            continue
        document, columns = oracle.repaired(oracle.parse(was.text), was.columns)
        if now.columns != columns or oracle.without_time(oracle.parse(now.text)) != oracle.without_time(document) \
                or now.revision != was.revision + 1:
            wrong.append((learner.id, learner.kind, was, now, columns))
        if any(a < b for a, b in zip(now.columns, was.columns)):
            lowered.append((learner.id, learner.kind, was, now))
        if not oracle.stats_stand(oracle.parse(was.text), columns) and \
                not STAMP.fullmatch(json.loads(now.text)["global_stats"]["last_sync"]):
            wrong.append((learner.id, learner.kind, "last_sync", now))
    fail_with(lowered, "lost what they had earned")
    fail_with(touched, "were touched for nothing")
    fail_with(wrong, "are not as the oracle says")


def assert_ledger_is_whole(connection):
    """A ledger row for each revision that was reached: nothing was written twice, nothing beside the ledger."""
    rows = query(connection, "SELECT u.id, u.revision, l.entries, l.last FROM users AS u LEFT JOIN (SELECT user_id,"
                 " COUNT(*) AS entries, MAX(revision) AS last FROM ledger WHERE revision > 0 GROUP BY user_id) AS l ON l.user_id = u.id"
                 " WHERE u.revision <> COALESCE(l.entries, 0) OR u.revision <> COALESCE(l.last, 0)")
    fail_with(list(rows), "have revisions without a ledger row, or ledger rows without a revision")


def repairs_of(connection):
    """{learner: how many repairs their ledger tells of}"""
    rows = query(connection, "SELECT user_id, COUNT(*) AS repairs FROM ledger WHERE kind = 'repair' GROUP BY user_id")
    return {row["user_id"]: row["repairs"] for row in rows}


def assert_repaired_once(connection, learners, answered=frozenset()):
    """An answer sets global_stats right: where nothing else was wrong, nothing is left to be repaired."""
    repairs = repairs_of(connection)
    drifted = {learner.id for learner in learners if learner.is_drifted}
    assert set(repairs.values()) == {1}, "somebody was repaired twice"
    fail_with(sorted(drifted - repairs.keys() - answered), "were not repaired")
    fail_with(sorted(repairs.keys() - drifted), "were repaired for nothing")


def breaching(learners, rule):
    return {learner.id for learner in learners
            if not learner.is_gone and rule in oracle.breaches(oracle.parse(learner.text), learner.columns)}


# --- Answers beside it ----------------------------------------------------------------------------------

def may_answer(learner):
    """Those whom an answer cannot carry past what can be counted, or past what a document may hold."""
    return not learner.is_gone and max(learner.columns) < 10 ** 17 and \
        learner.kind not in (population.large.__name__, population.large_counters.__name__, population.all_odd.__name__)


def assert_answered(connection, learners, log, before, after):
    """Who answered meanwhile has what the repair makes of them, and every answer on top; each answer that was
    acknowledged is there once. Returns how many."""
    assert not log.refused, log.refused[:5]
    assert not log.differing, log.differing[:5]
    stored = query(connection, "SELECT user_id, exercise_id, is_correct, tokens, revision FROM attempts"
                   " WHERE exercise_id NOT LIKE 'e-%'")
    assert len({(row["user_id"], row["exercise_id"]) for row in stored}) == len(stored), "an answer was counted twice"
    by_key = {row["exercise_id"]: row for row in stored}
    lost = [key for key in log.answers if key not in by_key]
    assert not lost, f"{len(lost)} acknowledged answers lost, such as {lost[:3]}"
    strange = [key for key in by_key if key not in log.answers and key not in log.unknown]
    assert not strange, f"{len(strange)} answers that nobody sent, such as {strange[:3]}"
    gained = {}
    for key, row in by_key.items():
        told = log.answers.get(key)
        assert told is None or (told["learner"], told["tokens"], told["correct"], told["revision"]) == \
            (row["user_id"], row["tokens"], row["is_correct"], row["revision"]), f"told {told}, stored {row}"
        total = gained.setdefault(row["user_id"], [0, 0, 0])
        for at, step in enumerate((row["tokens"], 1, row["is_correct"])):
            total[at] += step
    wrong = []
    for learner in learners:
        if learner.id not in gained:
            continue
        was, now = before[learner.id], after[learner.id]
        _, columns = oracle.repaired(oracle.parse(was.text), was.columns)
        expected = tuple(column + more for column, more in zip(columns, gained[learner.id]))
        document = oracle.parse(now.text)
        if now.columns != expected or oracle.sums(document) != expected or not oracle.stats_stand(document, expected):
            wrong.append((learner.id, learner.kind, was, now, expected))
    fail_with(wrong, "who answered have wrong totals")
    return gained
