"""Proof under fire: workers and the database die, configurations reload, connections are cut around
COMMIT - nothing acknowledged is lost, nothing counts twice, and service comes back by itself."""

import collections
import concurrent.futures
import contextlib
import itertools
import json
import os
import random
import signal
import time

from harness import acknowledged
from harness.client import Client
from harness.database import Database, query
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


@contextlib.contextmanager
def cut_around_commit(directory, every, least):
    """A stack whose connections to the database a proxy cuts just before, during and just after COMMIT."""
    database = Database(os.path.join(directory, "db"))
    socket = os.path.join(directory, "proxy.sock")
    log_path = os.path.join(directory, "cuts")
    proxy = Child("cutproxy", [tool("tests/fault/cutproxy"), "--listen", socket, "--server", database.socket,
                               "--every", str(every)], log_path)
    try:
        wait_until(lambda: os.path.exists(socket), "the proxy", child=proxy)
        with Stack(directory=directory, database_socket=socket) as stack:
            yield stack
    finally:
        proxy.stop()
    with open(log_path, encoding="ascii") as file:
        cuts = collections.Counter(file.read().split())
    print("cuts:", dict(cuts))
    assert all(cuts[way] >= least for way in ("before", "during", "after")), cuts


def test_connections_cut_around_commit(size, tmp_path):
    with cut_around_commit(str(tmp_path), size.of(40, 60), size.of(3, 30)) as stack:
        run, user_ids = begin(stack, Mint(stack.config), size.of(6, 30))
        conclude(stack, run, user_ids)


def tell(stack, token, learner, seconds):
    """Events of one learner, alone and three at a time, each until it is acknowledged: what was replied of each."""
    client, replied, until = Client(stack.url, token), {}, time.monotonic() + seconds
    for number in itertools.count():
        if time.monotonic() > until:
            client.close()
            return replied
        batch = [{"id": f"e{number}-{at}", "eventType": "video_completed", "sourceSystem": "video_player", "eventData": {
            "activityId": f"v{learner}-{number}-{at}", "activityType": "video", "completionStatus": "completed",
            "videoProgress": {"videoId": f"v{learner}-{number}-{at}", "youtubeId": "a", "percentageWatched": 100}}}
                 for at in range(1 if number % 2 else 3)]
        while True:
            reply = client.post("/api/progress-sync/events", batch[0] if len(batch) == 1 else {"events": batch})
            assert reply.status in (200, 503), reply
            if reply.status == 200:
                break
        for result in [reply.json()] if len(batch) == 1 else reply.json()["results"]:
            replied[result["eventId"]] = result


def test_events_cut_around_commit(size, tmp_path):
    """Nothing is lost, each counts once, and the reply is that which was kept, whoever had to find out whether it was."""
    with cut_around_commit(str(tmp_path), size.of(25, 40), size.of(3, 30)) as stack:
        connection = stack.connect()
        mint, user_ids, pids = Mint(stack.config), create_learners(connection, 8), set(stack.worker_pids())
        with concurrent.futures.ThreadPoolExecutor(len(user_ids)) as pool:
            told = list(pool.map(lambda at: tell(stack, mint.student(user_ids[at]), at, size.of(8, 60)), range(len(user_ids))))
        for user_id, replied in zip(user_ids, told):
            rows = query(connection, "SELECT id, result FROM progress_events WHERE user_id = %s", (user_id,))
            assert {row["id"]: json.loads(row["result"]) for row in rows} == replied
            sums = query(connection, "SELECT total_activities AS n FROM user_progress_summary WHERE user_id = %s", (user_id,))
            assert sums[0]["n"] == len(replied) > 10
        assert set(stack.worker_pids()) == pids, "a worker died"
        connection.close()
