"""Claims whose workers, or database, die with -9 in the middle: each is done wholly or not at all, and asking again
brings about the rest."""

import collections
import os
import random
import signal
import threading
import time

import jwt

from harness import truth
from harness.client import Client
from harness.database import execute, query_one

ROWS = 3000  # of a guest, so that a claim takes long enough to be hit everywhere

LEDGER = """INSERT INTO ledger (user_id, revision, op_id, request_hash, actor, kind, changes, reply, created_at)
SELECT %s, seq, CONCAT('answer:', %s, '-', seq), REPEAT('h', 32), 'user_1', 'answer',
       '[{"what":"questions","key":"m","by":1},{"what":"correct","key":"m","by":1},{"what":"tokens","key":"m","by":1}]',
       '{}', UTC_TIMESTAMP(3) FROM seq_1_to_ROWS"""
ATTEMPTS = """INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, tokens, practised_on, created_at)
SELECT %s, seq, 'e', 'm', 1, 1, DATE('2026-01-01') + INTERVAL seq MOD 200 DAY, '2026-01-01' FROM seq_1_to_ROWS"""
DAYS = """INSERT INTO practice_days (user_id, day, activity, count)
SELECT user_id, practised_on, 'answer', COUNT(*) FROM attempts WHERE user_id = %s GROUP BY user_id, practised_on"""
TOTALS = """INSERT INTO daily_totals (user_id, day, module, questions, correct, tokens)
SELECT user_id, practised_on, 'm', COUNT(*), COUNT(*), COUNT(*) FROM attempts WHERE user_id = %s
 GROUP BY user_id, practised_on"""


def make(connection, rows, **columns):
    document = {"modules": {"m": {"progress": {"tokens_earned": rows, "total_questions_answered": rows,
                                               "correct_answers": rows}}},
                "global_stats": {"total_tokens_earned": rows, "total_questions_answered": rows,
                                 "total_correct_answers": rows}}
    user_id = truth.create_learner(connection, document, tokens=rows, questions=rows, correct=rows, revision=rows,
                                   **columns)
    execute(connection, LEDGER.replace("ROWS", str(rows)), (user_id, user_id))
    execute(connection, ATTEMPTS.replace("ROWS", str(rows)), (user_id,))
    execute(connection, DAYS, (user_id,))
    execute(connection, TOTALS, (user_id,))
    return user_id


def stand_of(connection, learner, guest):
    """'nothing' or 'all', once whatever was dying is dead: the locks wait for it."""
    connection.begin()
    try:
        row = query_one(connection, "SELECT merged_into FROM users WHERE id = %s FOR UPDATE", (guest,))
        if row["merged_into"] is None:
            agrees(connection, learner, 10)
            agrees(connection, guest, ROWS)
            return "nothing"
        assert row["merged_into"] == learner
        agrees(connection, learner, ROWS + 10)
        agrees(connection, guest, 0)
        return "all"
    finally:
        connection.rollback()


def agrees(connection, user_id, rows):
    for place in (truth.columns_of, truth.attempts_of, truth.daily_totals_of):
        assert place(connection, user_id) == truth.triple(rows, rows, rows), (place.__name__, user_id)
    assert sum(truth.practice_days_of(connection, user_id).values()) == rows
    answers = query_one(connection, "SELECT COUNT(*) AS n FROM ledger WHERE user_id = %s AND kind = 'answer'", (user_id,))
    assert answers["n"] == rows


def kill_all_workers(stack):
    for pid in stack.worker_pids():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def claim(stack, mint, learner, guest, statuses):
    claims = {"sub": f"user_{guest}", "role": "anonymous", "iss": "lockstep", "exp": int(time.time()) + 600}
    token = jwt.encode(claims, mint.anonymous_secret, algorithm="HS256", headers={"kid": "lockstep"})
    client = Client(stack.url, mint.student(learner))
    try:
        statuses.append(client.post("/api/anonymous/claim", {"anonymousToken": token}).status)
    except OSError:
        statuses.append(None)
    client.close()


def claim_until_done(stack, mint, learner, guest):
    deadline = time.monotonic() + 60
    statuses = []
    while not statuses or statuses[-1] != 200:
        assert time.monotonic() < deadline and 409 not in statuses, statuses
        claim(stack, mint, learner, guest, statuses)
        time.sleep(0.05)


def test_claims_under_fire(stack, mint, size):
    rounds = size.of(8, 60)
    connection = stack.connect()
    stands = collections.Counter()
    longest_s = 0.4
    for at in range(rounds):
        learner, guest = make(connection, 10), make(connection, ROWS, is_anonymous=1)
        statuses = []
        thread = threading.Thread(target=claim, args=(stack, mint, learner, guest, statuses))
        started = time.monotonic()
        thread.start()
        time.sleep(random.uniform(0, longest_s))
        if at % 8 == 7:
            connection.close()
            stack.database.kill()
            stack.database.start()
            connection = stack.connect()
        else:
            kill_all_workers(stack)
        thread.join()
        if statuses == [200]:
            longest_s = min(2.0, max(0.1, time.monotonic() - started))
        stand = stand_of(connection, learner, guest)
        assert statuses != [200] or stand == "all", "acknowledged, and lost"
        stands[stand, statuses[0]] += 1
        claim_until_done(stack, mint, learner, guest)
        assert stand_of(connection, learner, guest) == "all"
    connection.close()
    print("claims found wholly done, and not at all, by the reply that came:", dict(stands))
    assert sum(count for (stand, _), count in stands.items() if stand == "nothing") > 0, stands
