"""The job archive_attempts: attempts of long ago move, and nobody who reads of a learner can tell."""

import datetime

import pytest

from harness import truth
from harness.database import execute, query, query_one
from harness.stack import Stack
from harness.worker import sync_worker

from conftest import Learner, service_of
from drift import await_job
from test_practice import start
from test_rules_shipped import breaches_of
from test_streaks import at_noon

DAYS = 30
READS = ("/api/progress", "/api/progress/statistics", "/api/progress/statistics?days=366",
         "/api/progress/attempts?limit=200", "/api/progress/attempts?limit=7", "/api/progress/history",
         "/api/practice-sessions", "/api/profile")


@pytest.fixture(scope="module")
def archiving(tmp_path_factory):
    """A service whose site archives attempts after a month, and somebody who works on its jobs."""
    with Stack({"workers": {"processes": 1, "threads": 4}, "retention": {"attempts_days": DAYS}},
               buffer_pool_mb=64) as stack:
        connection = stack.connect()
        with sync_worker(connection, stack.config_path, tmp_path_factory.mktemp("archiving")):
            yield service_of(stack)
        connection.close()


@pytest.fixture
def archive_db(archiving):
    connection = archiving.connect()
    yield connection
    connection.close()


def archive(db):
    return await_job(db, execute(db, "INSERT INTO sync_jobs (kind) VALUES ('archive_attempts')"))


def counts(db, user_id):
    return tuple(query_one(db, f"SELECT COUNT(*) AS n FROM {table} WHERE user_id = %s", (user_id,))["n"]
                 for table in ("attempts", "attempts_archive"))


def reads_of(learner):
    replies = {path: learner.api.get(path) for path in READS}
    assert all(reply.status == 200 for reply in replies.values()), replies
    return {path: (reply.etag, reply.body) for path, reply in replies.items()}


@pytest.fixture
def practised(archiving, archive_db):
    learner = Learner(archiving, archive_db, truth.create_learner(archive_db))
    session = start(learner)
    for count in (80, 79, 50, 49, 48, 31, 29, 28, 2, 1):
        for module, correct in (("math", True), ("art", False)):
            reply = learner.answer(module, correct, 2, answeredAt=at_noon(count), answerId=f"{module}-{count}",
                                   practiceSessionId=session["id"])
            assert reply.status == 200, reply
    return learner


def test_nothing_that_is_read_changes(practised, archive_db):
    before, row = reads_of(practised), practised.row()
    rows = query(archive_db, "SELECT * FROM attempts WHERE user_id = %s ORDER BY id", (practised.id,))
    archive(archive_db)
    assert counts(archive_db, practised.id) == (8, 12)
    assert reads_of(practised) == before, "bodies and tags, byte for byte"
    assert practised.row() == row, "no revision moves"
    both = query(archive_db, "SELECT * FROM attempts WHERE user_id = %s UNION ALL SELECT * FROM attempts_archive"
                 " WHERE user_id = %s ORDER BY id", (practised.id, practised.id))
    assert both == rows
    assert breaches_of(archive_db, practised.id) == {}


def test_a_late_repeat_is_still_known(practised, archive_db):
    archive(archive_db)
    row = practised.row()
    session = query_one(archive_db, "SELECT id FROM practice_sessions WHERE user_id = %s", (practised.id,))["id"]
    again = practised.answer("math", True, 2, answeredAt=at_noon(50), answerId="math-50", practiceSessionId=session)
    assert again.status == 200 and practised.row() == row
    assert practised.answer("math", True, 2, answeredAt=at_noon(51)).status == 200, "an old one that is new"
    assert counts(archive_db, practised.id) == (9, 12)
    archive(archive_db)
    assert counts(archive_db, practised.id) == (8, 13)


def test_rules_read_both_tables(practised, archive_db):
    archive(archive_db)
    execute(archive_db, "UPDATE users SET questions_answered = questions_answered - 1 WHERE id = %s", (practised.id,))
    execute(archive_db, "UPDATE daily_totals SET tokens = 1 WHERE user_id = %s AND module = 'math'"
            " ORDER BY day LIMIT 1", (practised.id,))
    execute(archive_db, "DELETE FROM practice_days WHERE user_id = %s ORDER BY day LIMIT 1", (practised.id,))
    found = breaches_of(archive_db, practised.id)
    assert len(found["totals_cover_attempts.sql"]) == 1
    assert len(found["daily_totals_match_attempts.sql"]) == 1
    assert len(found["practice_days_cover_attempts.sql"]) == 1


def test_many_learners_in_bounded_batches(archiving, archive_db):
    """More rows than a transaction moves, of more learners than it locks; a second run finds nothing."""
    first = truth.create_learner(archive_db)
    execute(archive_db, "INSERT INTO users (username) SELECT CONCAT('archive-', seq) FROM seq_1_to_1500")
    execute(archive_db, "INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, practised_on, created_at)"
            " SELECT u.id, 1, 'e', 'm', 1, '2024-01-01', '2024-01-01' FROM users u JOIN seq_1_to_3 s WHERE u.id > %s", (first,))
    execute(archive_db, "INSERT INTO attempts (user_id, revision, exercise_id, module, is_correct, practised_on, created_at)"
            " SELECT %s, 1, 'e', 'm', 1, '2024-01-01', '2024-01-01' FROM seq_1_to_5000", (first,))
    job = archive(archive_db)
    assert job["state"] == "done" and job["done_units"] == job["total_units"] > 1500
    old = query_one(archive_db, "SELECT COUNT(*) AS n FROM attempts WHERE created_at < %s",
                    ((datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=DAYS)).replace(tzinfo=None),))
    assert old["n"] == 0
    moved = query_one(archive_db, "SELECT COUNT(*) AS n FROM attempts_archive WHERE created_at = '2024-01-01'")
    assert moved["n"] == 9500
    archive(archive_db)
    assert query_one(archive_db, "SELECT COUNT(*) AS n FROM attempts_archive WHERE created_at = '2024-01-01'") == moved


def test_a_reset_takes_the_archive_too(practised, archive_db):
    archive(archive_db)
    reply = practised.api.post("/api/progress/reset")
    assert reply.json()["deleted"] == {"attempts": 20, "sessions": 1}
    assert counts(archive_db, practised.id) == (0, 0)


def test_without_a_limit_nothing_moves(learner, db, sync_worker):
    assert learner.answer(answeredAt=at_noon(80)).status == 200
    assert await_job(db, execute(db, "INSERT INTO sync_jobs (kind) VALUES ('archive_attempts')"))["state"] == "done"
    assert counts(db, learner.id) == (1, 0)


def test_it_recurs_every_day(db):
    row = query_one(db, "SELECT * FROM sync_jobs WHERE dedupe_key = 'schedule:archive_attempts'")
    assert (row["kind"], str(row["repeat_daily_at"])) == ("archive_attempts", "4:00:00")
