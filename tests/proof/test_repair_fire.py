"""Proof under fire: the processes that repair everybody are killed at random moments, and a whole host of them is
frozen beyond its lease and wakes up again. The work goes on at once, nobody is repaired twice, and who woke up
overwrites nothing."""

import os
import random
import signal
import time

import pytest

from harness import jobs
from harness.database import query_one
from harness.processes import wait_until
from harness.stack import SyncWorker
from proof import census, population

LEASE_MS = 2000


@pytest.fixture
def crowd(stack, size):
    """(connection, learners, everybody before)"""
    learners = population.make(size.of(32000, 200000), seed=3)
    connection = stack.connect()
    population.load(connection, learners, stack.directory)
    return connection, learners, census.take(connection)


def signs_of_work(connection, job_id):
    """A number that grows with every claim and with every transaction of it and its ranges; None when it is
    finished."""
    row = query_one(connection, "SELECT SUM(claim_seq + done_units + (state = 'done')) AS signs, SUM(id = %s AND state IN ('done', 'failed',"
                    " 'dead', 'cancelled')) AS finished FROM sync_jobs WHERE id = %s OR parent_id = %s", (job_id,) * 3)
    return None if row["finished"] else int(row["signs"])


def kill_until_finished(connection, sync, job_id, kills, dice):
    """How long the work stood still after each kill, in seconds."""
    pauses = []
    while len(pauses) < kills:
        time.sleep(dice.uniform(0.02, 0.25))
        if signs_of_work(connection, job_id) is None:
            break
        pids = sync.worker_pids()
        if not pids:
            continue
        os.kill(dice.choice(pids), signal.SIGKILL)
        killed = time.monotonic()
        before = signs_of_work(connection, job_id)
        if before is None:
            break

        def goes_on(before=before):
            now = signs_of_work(connection, job_id)
            return now is None or now > before
        wait_until(goes_on, "work after a kill", 30, 0.005, child=sync.child)
        pauses.append(time.monotonic() - killed)
    row, _ = jobs.watch(connection, job_id)
    assert row["state"] == "done", f"{row['kind']}: {row['state']}: {row['error']}"
    return row, pauses


def test_killed_at_random_moments(stack, crowd, size):
    """As often as it takes: repair, undo, and again."""
    connection, learners, before = crowd
    dice, wanted, pauses, rounds = random.Random(11), size.of(4, 20), [], 0
    drifted = {learner.id for learner in learners if learner.is_drifted}
    with SyncWorker(stack) as sync:
        wait_until(sync.worker_pids, "a worker", child=sync.child)
        while len(pauses) < wanted:
            row, more = kill_until_finished(connection, sync, jobs.insert(connection, "sync_all_users"),
                                            wanted - len(pauses), dice)
            pauses += more
            rounds += 1
            after = census.take(connection)
            census.assert_repaired(learners, before, after)
            assert row["report"]["learnersChanged"] == len(drifted)
            assert census.repairs_of(connection) == {user_id: rounds for user_id in drifted}
            census.assert_ledger_is_whole(connection)
            if len(pauses) >= wanted:
                break
            back, more = kill_until_finished(connection, sync, jobs.insert(
                connection, "rollback_repair", {"runId": row["report"]["id"]}), wanted - len(pauses), dice)
            pauses += more
            undone = census.take(connection)
            assert all(undone[user_id].holds(before[user_id]) for user_id in before), "not everything was brought back"
            assert jobs.resume(stack, back["report"]["id"]) > 0
            before = undone
    print(f"{len(pauses)} kills in {rounds} repairs of {len(learners):,} learners; the work stood still for"
          f" {1000 * sum(pauses) / len(pauses):.0f} ms on average, {1000 * max(pauses):.0f} ms at most")
    assert max(pauses) < size.of(3, 1)


def claims_of(connection, sync):
    """How many jobs this host has in hand."""
    pids = sync.worker_pids()
    if not pids:
        return 0
    likes = " OR ".join(["w.name LIKE %s"] * len(pids))
    return query_one(connection, "SELECT COUNT(*) AS claims FROM sync_jobs AS j JOIN sync_workers AS w ON w.id = j.worker_id"
                     f" WHERE j.state = 'running' AND j.done_units > 0 AND ({likes})",
                     tuple(f"%/{pid}/%" for pid in pids))["claims"]


def test_a_frozen_host_wakes_up(stack, crowd):
    connection, learners, before = crowd
    lease = {"sync": {"lease_ms": LEASE_MS}}
    with SyncWorker(stack, "host-a", lease) as frozen, SyncWorker(stack, "host-b", lease) as successor:
        wait_until(lambda: frozen.worker_pids() and successor.worker_pids(), "two hosts")
        time.sleep(1)
        job_id = jobs.insert(connection, "sync_all_users")
        wait_until(lambda: claims_of(connection, frozen), "work of the first host", interval_s=0.002)
        frozen.signal_all(signal.SIGSTOP)
        stopped = time.monotonic()
        row, _ = jobs.watch(connection, job_id)
        print(f"finished by the other host {time.monotonic() - stopped:.1f} s after the first one froze; {row['report']}")
        assert row["state"] == "done", row["error"]
        assert time.monotonic() - stopped > LEASE_MS / 1000, "nobody waited for the lease to run out"
        after = census.take(connection)
        census.assert_repaired(learners, before, after)
        census.assert_repaired_once(connection, learners)
        frozen.signal_all(signal.SIGCONT)
        successor.stop()
        # Awake and of use, and yet it has written nothing of what it had in hand.
        jobs.run(connection, "validate")
    assert not census.differing(after, census.take(connection)), "who woke up wrote over the successor's work"
    assert jobs.look(connection, job_id) == row
    census.assert_ledger_is_whole(connection)
