"""Proof of progress events: every event of many learners, sent one to five times, shuffled, in batches of any size, by
many clients at once, while workers, sync-workers and lockstep-live die, and while the processing of some fails. Then
every table equals that of a second set of learners who were told the same events once each, one after the other, in
the order of the first's revisions; and what events amount to is what is stored. LOCKSTEP_SEED repeats a run.
`make proof`: 100,000 events of 1,000 learners, by 64 clients."""

import collections
import concurrent.futures
import datetime
import os
import random
import signal
import threading
import time
from http.client import HTTPException

import pytest

from harness import truth
from harness.client import Client
from harness.database import execute, query
from harness.processes import wait_until
from harness.stack import Stack, SyncWorker
from proof import events

PATH = "/api/progress-sync/events"
PATIENCE_S = 300
TRIGGER = (f"CREATE TRIGGER proof_breaks BEFORE INSERT ON activities FOR EACH ROW BEGIN IF NEW.activity_id LIKE"
           f" '{events.BREAKS}%' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'broken'; END IF; END")


class Storm:
    """Deliveries that clients take off a list, each until it is acknowledged."""

    def __init__(self, stack, mint, told, chance):
        self.url = stack.url
        self.tokens = {user_id: mint.student(user_id) for user_id in told}
        self.deliveries = self._shuffle(told, chance)
        self.total = len(self.deliveries)
        self.lock = threading.Lock()
        self.acknowledged = collections.defaultdict(set)  # (learner, event): what was replied
        self.failures, self.rejected, self.tries = [], [], 0

    @staticmethod
    def _shuffle(told, chance):
        deliveries = []
        for user_id, its_events in told.items():
            sent = [event for event in its_events for _ in range(chance.randrange(1, 6))]
            chance.shuffle(sent)
            while sent:
                size = chance.choice((1, 1, 2, 3, 5, 8, 20))
                deliveries.append((user_id, sent[:size]))
                del sent[:size]
        chance.shuffle(deliveries)
        return deliveries

    def _send(self, client, user_id, batch):
        body = batch[0] if len(batch) == 1 else {"events": batch}
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self.tries += 1
            try:
                reply = client.post(PATH, body)
            except (OSError, HTTPException):
                client.close()
            else:
                if reply.status in (200, 207):
                    value = reply.json()
                    return [value] if len(batch) == 1 else value["results"]
                if reply.status not in (502, 503, 504):
                    self.failures.append((user_id, reply.status, reply.text[:300]))
                    return []
            time.sleep(0.02)
        self.failures.append((user_id, "never"))
        return []

    def _run(self):
        clients = {}
        while True:
            with self.lock:
                if not self.deliveries:
                    break
                user_id, batch = self.deliveries.pop()
            client = clients.setdefault(user_id % 8, Client(self.url))
            client.token = self.tokens[user_id]
            results = self._send(client, user_id, batch)
            with self.lock:
                for event, result in zip(batch, results):
                    assert result["eventId"] == event["id"]
                    self.acknowledged[user_id, event["id"]].add((result["status"], result["revision"]))
                    if result["status"] == "rejected":
                        self.rejected.append((user_id, result))
        for client in clients.values():
            client.close()

    def share_left(self):
        with self.lock:
            return len(self.deliveries) / self.total

    def rage(self, clients, between):
        threads = [threading.Thread(target=self._run) for _ in range(clients)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            between()
        for thread in threads:
            thread.join()
        assert not self.failures, (len(self.failures), self.failures[:3])


class Trouble:
    """Kills a worker, a sync-worker or lockstep-live now and then; half-way the database is mended."""

    def __init__(self, stack, sync, storm, chance):
        self.stack, self.sync, self.storm, self.chance = stack, sync, storm, chance
        self.deaths = collections.Counter()
        self.mended = False

    def _kill(self, name, pids):
        if not pids:
            return
        try:
            os.kill(self.chance.choice(pids), signal.SIGKILL)
            self.deaths[name] += 1
        except ProcessLookupError:
            pass

    def mend(self):
        connection = self.stack.connect()
        execute(connection, "DROP TRIGGER IF EXISTS proof_breaks")
        connection.close()
        self.mended = True

    def strike(self):
        time.sleep(0.4)
        victim = self.chance.choice(("worker", "worker", "sync", "live"))
        if victim == "worker" and len(self.stack.worker_pids()) > 1:
            self._kill("worker", self.stack.worker_pids())
        elif victim == "sync":
            self._kill("sync-worker", self.sync.worker_pids())
        elif victim == "live":
            self.stack.live.kill()
            self.stack.start_live()
            self.deaths["lockstep-live"] += 1
        if not self.mended and self.storm.share_left() < 0.5:
            self.mend()


def populate(stack, told):
    """A learner and a twin for each list of events; nobody else knows of the twins."""
    connection = stack.connect()
    twins = {}
    with_events = {}
    for its_events in told:
        user_id, twin = truth.create_learner(connection), truth.create_learner(connection)
        events.furnish(connection, user_id)
        events.furnish(connection, twin)
        with_events[user_id], twins[user_id] = its_events, twin
    connection.close()
    return with_events, twins


def wait_for_the_rest(stack, patience_s):
    """What failed is tried again by the jobs alone, each time after twice as long."""
    connection = stack.connect()
    wait_until(lambda: not query(connection, "SELECT 1 FROM progress_events WHERE processed = FALSE LIMIT 1"),
               "every event to be processed", patience_s, 0.2)
    connection.close()


def order_of(connection, user_id):
    return [row["id"] for row in query(connection, "SELECT id FROM progress_events WHERE user_id = %s"
                                                   " ORDER BY revision, position", (user_id,))]


def replay(stack, mint, told, twins):
    """Each event once, alone, in the order in which the first learner's were taken; learners side by side."""
    def tell(user_id):
        connection = stack.connect()
        by_id = {event["id"]: event for event in told[user_id]}
        client = Client(stack.url, mint.student(twins[user_id]))
        for event_id in order_of(connection, user_id):
            reply = client.post(PATH, by_id[event_id])
            assert reply.status in (200, 207) and reply.json()["status"] != "pending", (reply, reply.text)
        client.close()
        connection.close()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(tell, told))


def check_acknowledged(connection, told, storm):
    """Nothing acknowledged is lost, nothing is there twice, and a repeat got the first reply."""
    for user_id, its_events in told.items():
        rows = {row["id"]: row for row in query(connection, "SELECT * FROM progress_events WHERE user_id = %s", (user_id,))}
        missing = {event["id"]: storm.acknowledged[user_id, event["id"]] for event in its_events if event["id"] not in rows}
        assert not missing and len(rows) == len(its_events), (user_id, missing, storm.rejected)
        for event_id in rows:
            replies = storm.acknowledged[user_id, event_id]
            settled = {reply for reply in replies if reply[0] != "pending"}
            assert replies and len(settled) <= 1, (user_id, event_id, replies)
        entries = query(connection, "SELECT COUNT(*) AS n, MAX(revision) AS last FROM ledger WHERE user_id = %s", (user_id,))
        assert entries[0]["n"] == entries[0]["last"], "an entry for each revision"


def check_reckoned(connection, user_ids):
    for user_id in user_ids:
        stands, days, sums = events.reckon(connection, user_id)
        stored_stands, stored_days, stored_sums = events.stored(connection, user_id)
        assert stored_stands == stands and stored_days == days, user_id
        assert {name: stored_sums[name] for name in sums} == sums, user_id


def check_twins(connection, twins):
    tables = events.tables_of(connection)
    seen = collections.Counter()
    for user_id, twin in twins.items():
        one, other = events.picture(connection, tables, user_id), events.picture(connection, tables, twin)
        assert one.keys() == other.keys(), user_id
        for name in one:
            assert one[name] == other[name], (user_id, twin, name, [
                pair for pair in zip(one[name], other[name]) if pair[0] != pair[1]][:2])
            seen[name] += len(one[name])
    return seen


@pytest.fixture
def stack():
    """Where what failed, and what died, comes back soon."""
    with Stack({"events": {"retry_s": 1, "retries": 20}, "sync": {"lease_ms": 1000}}) as running:
        yield running


def test_events_under_fire(stack, mint, size):
    seed = int(os.environ.get("LOCKSTEP_SEED", random.randrange(2**32)))
    print("LOCKSTEP_SEED", seed)
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    told, twins = populate(stack, [events.Teller(f"{seed}-{at}", now).tell(size.of(30, 100))
                                   for at in range(size.of(24, 1000))])
    connection = stack.connect()
    execute(connection, TRIGGER)
    stack.start_live()
    with SyncWorker(stack) as sync:
        storm = Storm(stack, mint, told, random.Random(seed))
        trouble = Trouble(stack, sync, storm, random.Random(seed))
        started = time.monotonic()
        storm.rage(size.of(16, 64), trouble.strike)
        took_s = time.monotonic() - started
        if not trouble.mended:
            trouble.mend()
        wait_for_the_rest(stack, size.of(120, 900))
    waited_s = time.monotonic() - started - took_s
    check_acknowledged(connection, told, storm)
    check_reckoned(connection, told)
    replay(stack, mint, told, twins)
    check_reckoned(connection, twins.values())
    seen = check_twins(connection, twins)
    outcomes = {row["outcome"]: row["n"] for row in query(connection, "SELECT outcome, COUNT(*) AS n FROM progress_events"
                                                                      " GROUP BY outcome")}
    tries = query(connection, "SELECT SUM(retry_count) AS n FROM progress_events")[0]["n"]
    connection.close()
    print(f"{storm.total} deliveries in {storm.tries} tries and {took_s:.0f} s, {waited_s:.0f} s until all was processed, deaths {dict(trouble.deaths)},"
          f" tried again {tries} times; outcomes {outcomes}; rows compared {dict(seen)}")
    assert trouble.deaths["worker"] > 0 and any("pending" in (reply[0] for reply in replies)
                                                for replies in storm.acknowledged.values())
    assert {"applied", "duplicate", "conflict", "superseded"} <= outcomes.keys()
