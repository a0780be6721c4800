"""Proof under fire: workers and the database die, configurations reload, connections are cut around
COMMIT - nothing acknowledged is lost, nothing counts twice, and service comes back by itself."""

import collections
import os
import random
import signal
import time

from harness import acknowledged
from harness.database import Database
from harness.processes import Child, wait_until
from harness.stack import Stack
from harness.tokens import Mint
from harness.tools import Load, create_learners, tool, write_learners

RESUME_MS = 2000


def now_ms():
    return int(time.time() * 1000)


def begin(stack, mint, seconds, twice=50):
    connection = stack.connect()
    user_ids = create_learners(connection, 50)
    connection.close()
    learners = write_learners(os.path.join(stack.directory, f"learners-{time.time_ns()}"), mint, user_ids)
    run = Load("answers", stack.port, stack.directory, learners=learners, connections=64, seconds=seconds,
               twice=twice)
    return run, user_ids


def conclude(stack, run, user_ids):
    figures = run.finish()
    log = acknowledged.Acknowledged(run.log_path)
    connection = stack.connect()
    count = acknowledged.check(connection, log, user_ids)
    connection.close()
    statuses = collections.Counter(status for _, status in log.failures)
    print(figures, "failed tries by status:", dict(statuses))
    assert count > 100
    return log


def test_reload_alone_fails_no_request(stack, mint, size):
    run, user_ids = begin(stack, mint, size.of(6, 30))
    generations = set()
    while run.is_running():
        generations.update(stack.worker_pids())
        time.sleep(size.of(1.5, 3))
        if run.is_running():
            stack.reload()
    log = conclude(stack, run, user_ids)
    assert not log.failures, f"{len(log.failures)} requests failed on a reload alone: {log.failures[:5]}"
    assert len(generations) >= 4, "HUP started no new workers"


def kill_a_worker(stack):
    pids = stack.worker_pids()
    if pids:
        try:
            os.kill(random.choice(pids), signal.SIGKILL)
        except ProcessLookupError:
            pass


def test_workers_and_database_die(stack, mint, size):
    """Worker -9 every second, HUP every three, the database -9 twice."""
    seconds = size.of(10, 30)
    run, user_ids = begin(stack, mint, seconds)
    started = time.monotonic()
    database_deaths = [seconds * 0.3, seconds * 0.65]
    returned_ms, tick = [], 0
    while run.is_running() and time.monotonic() - started < seconds:
        tick += 1
        kill_a_worker(stack)
        if tick % 3 == 0:
            stack.reload()
        if database_deaths and time.monotonic() - started > database_deaths[0]:
            database_deaths.pop(0)
            stack.database.kill()
            stack.database.start()
            returned_ms.append(now_ms())
        time.sleep(1)
    assert stack.service.is_running(), stack.service.log_tail()
    log = conclude(stack, run, user_ids)
    assert len(returned_ms) == 2
    for moment in returned_ms:
        first = log.first_after(moment)
        assert first is not None and first - moment <= RESUME_MS, \
            f"the first answer came {first and first - moment} ms after the database's return"
        print(f"first answer {first - moment} ms after the database's return")


def test_a_database_alone_comes_back(stack, mint, size):
    """Without a dying worker that would reconnect anyway: the pools of living ones recover."""
    run, user_ids = begin(stack, mint, size.of(6, 12))
    pids = set(stack.worker_pids())
    time.sleep(2)
    stack.database.kill()
    time.sleep(1)
    stack.database.start()
    moment = now_ms()
    log = conclude(stack, run, user_ids)
    first = log.first_after(moment)
    assert first is not None and first - moment <= RESUME_MS
    assert set(stack.worker_pids()) == pids, "a worker was lost with the database"
    assert {status for _, status in log.failures} <= {503}, "a database that is away is a 503"


def test_connections_cut_around_commit(size, tmp_path):
    """The proxy cuts just before, during and just after COMMIT."""
    database = Database(str(tmp_path / "db"))
    socket = str(tmp_path / "proxy.sock")
    log_path = str(tmp_path / "cuts")
    proxy = Child("cutproxy", [tool("tests/fault/cutproxy"), "--listen", socket, "--server", database.socket,
                               "--every", str(size.of(40, 60))], log_path)
    try:
        wait_until(lambda: os.path.exists(socket), "the proxy", child=proxy)
        with Stack(directory=str(tmp_path), database_socket=socket) as stack:
            run, user_ids = begin(stack, Mint(stack.config), size.of(6, 30))
            conclude(stack, run, user_ids)
    finally:
        proxy.stop()
    with open(log_path, encoding="ascii") as file:
        cuts = collections.Counter(file.read().split())
    print("cuts:", dict(cuts))
    assert all(cuts[way] >= size.of(3, 30) for way in ("before", "during", "after")), cuts
