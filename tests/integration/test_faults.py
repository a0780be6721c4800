"""A stack of its own that things are done to: the database goes away, is not durable, is behind;
a stranger holds a learner's row; connections run out; a bad configuration is handed in."""

import os
import signal
import threading
import time

import pytest

from conftest import Learner, service_of
from harness import truth
from harness.database import execute, query_one
from harness.processes import wait_until
from harness.stack import Stack

OVERRIDES = {
    "workers": {"processes": 2, "threads": 6},
    "database": {"connections": 12, "wait_timeout_ms": 500, "transaction_timeout_ms": 3000},
    "rules": {"enabled": True},
}


@pytest.fixture(scope="module")
def fault_stack():
    with Stack(OVERRIDES, buffer_pool_mb=64) as stack:
        yield stack


@pytest.fixture
def faulty(fault_stack):
    """The service of that stack, well again before each test."""
    if not fault_stack.database.child.is_running():
        fault_stack.database.start()
    fault_stack.wait_ready()
    return service_of(fault_stack)


@pytest.fixture
def faulty_db(faulty):
    connection = faulty.connect()
    yield connection
    connection.close()


@pytest.fixture
def someone(faulty, faulty_db):
    return Learner(faulty, faulty_db, truth.create_learner(faulty_db))


def test_metrics_wait_for_no_database(fault_stack, faulty):
    """Neither for one that is gone nor for one that is silent; what was known is told on."""
    def scrape():
        began = time.monotonic()
        reply = faulty.client().get("/metrics")
        assert reply.status == 200, reply
        assert time.monotonic() - began < 0.6
        return reply.body.decode("utf-8")

    wait_until(lambda: "lockstep_consistency_score gauge" in scrape(), "the figures", 20)
    os.kill(fault_stack.database.child.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        while time.monotonic() - began < 6.5:  # longer than figures stay fresh
            assert "lockstep_consistency_score gauge" in scrape()
            time.sleep(0.3)
    finally:
        os.kill(fault_stack.database.child.pid, signal.SIGCONT)
    fault_stack.database.kill()
    for _ in range(4):
        assert "lockstep_build_info" in scrape()
    fault_stack.database.start()


def test_a_database_that_goes_away_and_comes_back(fault_stack, faulty, someone):
    assert someone.answer().status == 200
    pids = fault_stack.worker_pids()
    fault_stack.database.kill()
    for reply in (someone.answer(), someone.api.get("/api/progress"), someone.api.get("/api/profile"),
                  faulty.client().post("/api/anonymous")):
        assert reply.status == 503, reply
        assert int(reply.headers["Retry-After"]) >= 1
    assert faulty.client().get("/healthz").status == 200, "the process is well"
    assert faulty.client().get("/readyz").status == 503
    assert faulty.client().get("/api/openapi.json").status == 200
    fault_stack.database.start()
    began = time.monotonic()
    wait_until(lambda: someone.api.get("/api/progress").status == 200, "the service after the database", 10)
    assert time.monotonic() - began < 2
    assert fault_stack.worker_pids() == pids, "nothing was restarted for it"
    someone.db = faulty.connect()
    someone.agrees(1, 1, 1)


def test_a_database_that_is_away_at_the_start(fault_stack, faulty):
    fault_stack.database.kill()
    fault_stack.service.stop()
    fault_stack.start_service()
    fault_stack.wait_ready("/healthz")
    assert fault_stack.status("/readyz") == 503
    fault_stack.database.start()
    fault_stack.wait_ready("/readyz", timeout_s=5)


def test_commits_that_are_not_durable_are_not_ready(fault_stack, faulty, faulty_db):
    try:
        for setting in (0, 2):
            execute(faulty_db, f"SET GLOBAL innodb_flush_log_at_trx_commit = {setting}")
            wait_until(lambda: fault_stack.status("/readyz") == 503, "/readyz to notice", 10, 0.2)
    finally:
        execute(faulty_db, "SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    fault_stack.wait_ready()


def test_missing_migrations_are_not_ready(fault_stack, faulty, faulty_db):
    row = query_one(faulty_db, "SELECT * FROM schema_migrations ORDER BY number DESC LIMIT 1")
    names = ", ".join(row)
    execute(faulty_db, "DELETE FROM schema_migrations WHERE number = %s", (row["number"],))
    try:
        wait_until(lambda: fault_stack.status("/readyz") == 503, "/readyz to notice", 10, 0.2)
    finally:
        execute(faulty_db, f"INSERT INTO schema_migrations ({names}) VALUES ({', '.join(['%s'] * len(row))})",
                tuple(row.values()))
    fault_stack.wait_ready()


def test_a_row_held_by_a_stranger(faulty, someone, faulty_db):
    """Answers of that learner wait their bounded time and are told 503; everybody else goes on."""
    other = Learner(faulty, faulty_db, truth.create_learner(faulty_db))
    holder = faulty.connect()
    holder.begin()
    with holder.cursor() as cursor:
        cursor.execute("SELECT id FROM users WHERE id = %s FOR UPDATE", (someone.id,))
    replies = []
    waiting = threading.Thread(target=lambda: replies.append(someone.answer(answerId="held")))
    began = time.monotonic()
    waiting.start()
    time.sleep(0.3)
    assert other.answer().status == 200
    assert someone.api.get("/api/progress").status == 200, "readers do not wait for writers"
    waiting.join()
    assert replies[0].status == 503 and time.monotonic() - began < 8, replies
    holder.rollback()
    holder.close()
    assert someone.answer(answerId="held").status == 200
    someone.agrees(1, 1, 1)


def test_a_held_row_stops_nobody_else(faulty, someone, faulty_db):
    """Four callers wait for the held learner; six others go on as if nothing were."""
    others = [Learner(faulty, faulty_db, truth.create_learner(faulty_db)) for _ in range(6)]
    holder = faulty.connect()
    holder.begin()
    with holder.cursor() as cursor:
        cursor.execute("SELECT id FROM users WHERE id = %s FOR UPDATE", (someone.id,))
    stop = threading.Event()
    slowest, statuses = {}, {}

    def wait_for_held(at):
        api = faulty.client(someone.token)
        while not stop.is_set():
            api.post("/api/answer", {"answerId": f"held-{at}", "exerciseId": "e", "module": "m", "isCorrect": True})
        api.close()

    def go_on(other):
        time.sleep(0.2)
        while not stop.is_set():
            began = time.monotonic()
            statuses.setdefault(other.answer().status, []).append(other.id)
            slowest[other.id] = max(slowest.get(other.id, 0), time.monotonic() - began)

    threads = [threading.Thread(target=wait_for_held, args=(at,)) for at in range(4)]
    threads += [threading.Thread(target=go_on, args=(other,)) for other in others]
    for thread in threads:
        thread.start()
    time.sleep(4)
    stop.set()
    for thread in threads:
        thread.join()
    holder.rollback()
    holder.close()
    assert set(statuses) == {200}, {status: len(ids) for status, ids in statuses.items()}
    assert max(slowest.values()) < 1, f"others waited for a held row: {slowest}"


def test_a_connection_killed_under_the_service(faulty, someone, faulty_db):
    for _ in range(6):
        someone.answer()
        ids = [row["id"] for row in _service_sessions(faulty_db)]
        for session in ids:
            execute(faulty_db, f"KILL CONNECTION {session}")
    replies = [someone.answer() for _ in range(6)]
    assert [reply.status for reply in replies] == [200] * 6, "a dead connection is no error to a caller"
    someone.agrees(12, 12, 12)


def _service_sessions(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = 'lockstep'")
        return cursor.fetchall()


def test_connections_stay_within_the_configured(fault_stack, faulty, someone, faulty_db):
    stop = threading.Event()

    def press():
        api = faulty.client(someone.token)
        while not stop.is_set():
            api.get("/api/progress")
        api.close()

    threads = [threading.Thread(target=press) for _ in range(12)]
    for thread in threads:
        thread.start()
    most = 0
    for _ in range(20):
        most = max(most, len(_service_sessions(faulty_db)))
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    assert 1 <= most <= fault_stack.config["database"]["connections"]


def test_a_bad_configuration_changes_nothing(fault_stack, faulty, someone):
    pids = fault_stack.worker_pids()
    good = open(fault_stack.config_path, encoding="utf-8").read()
    try:
        for bad in ("workers: [", "listen: {sokcet: /tmp/x}\n" + good.replace("listen:", "listen2:"), "",
                    good + "\nunknown_key: 1\n"):
            with open(fault_stack.config_path, "w", encoding="utf-8") as file:
                file.write(bad)
            fault_stack.reload()
            time.sleep(0.7)
            assert fault_stack.service.is_running()
            assert fault_stack.worker_pids() == pids, "a bad configuration replaced workers"
            assert someone.answer().status == 200
    finally:
        with open(fault_stack.config_path, "w", encoding="utf-8") as file:
            file.write(good)
    assert "unknown_key" in fault_stack.service_log()


def test_reload_takes_the_new_configuration(fault_stack, faulty, someone):
    pids = fault_stack.worker_pids()
    someone.answer("math", True, 10)
    tag = someone.api.get("/api/progress").etag
    fault_stack.write_config({"progress": {"goal_tokens": 20}})
    fault_stack.reload()
    wait_until(lambda: not set(pids) & set(fault_stack.worker_pids()), "new workers", 10)
    reply = someone.api.get("/api/progress", headers={"If-None-Match": tag})
    assert reply.status == 200 and reply.json()["progress"][0]["completion"] == 50


def test_repairs_can_be_switched_off(fault_stack, faulty, faulty_db):
    fault_stack.restart_service({"rules": {"enabled": False}})
    try:
        learner = Learner(faulty, faulty_db, truth.create_learner(faulty_db, tokens=9, questions=2, correct=1))
        before = learner.checksum()
        assert learner.api.get("/api/progress").status == 200
        assert learner.checksum() == before
        admin = faulty.client(faulty.mint.admin(learner.id))
        assert admin.post("/api/admin/sync-user-data", {"userId": learner.id}).status in (409, 503)
        assert learner.checksum() == before
    finally:
        fault_stack.restart_service({"rules": {"enabled": True}})


def test_no_secret_is_logged(fault_stack, faulty, someone):
    someone.answer()
    faulty.client("garbage.token.here").get("/api/progress")
    log = fault_stack.service_log()
    auth = fault_stack.config["auth"]
    for secret in (auth["keys"][0]["secret"], auth["anonymous_secret"], someone.token.split(".")[2], "garbage.token"):
        assert secret not in log
    assert "/api/answer" in log, "there is a line for each request"


def test_term_drains_and_leaves_nothing(fault_stack, faulty, someone):
    pids = fault_stack.worker_pids()
    statuses = []
    stop = threading.Event()

    def press():
        api = faulty.client(someone.token)
        while not stop.is_set():
            statuses.append(api.get("/api/progress").status)
        api.close()

    thread = threading.Thread(target=press)
    thread.start()
    time.sleep(0.3)
    status = fault_stack.service.stop(signal.SIGTERM)
    stop.set()
    thread.join()
    assert status == 0, fault_stack.service.log_tail()
    assert set(statuses) <= {200, 502, 503}
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")], "a worker outlived its master"
    fault_stack.start_service()
