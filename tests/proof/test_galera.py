"""Proof on a cluster: three Galera nodes, services and sync-workers on different ones, answers through both
services, and everybody brought into step meanwhile; one node is killed and comes back. Afterwards all nodes hold
the same, nothing that was acknowledged is lost, and every job was done once."""

import os
import random
import shutil
import tempfile
import time

import pytest

from harness import acknowledged, galera, jobs
from harness.database import execute, query, query_one
from harness.stack import Stack, SyncWorker
from harness.tokens import Mint
from harness.tools import Load, write_learners
from proof import census, population


@pytest.fixture
def cluster():
    if galera.missing():
        pytest.skip(galera.missing())
    directory = tempfile.mkdtemp(prefix="lockstep-galera-")
    with galera.Cluster(directory) as running:
        yield running
    shutil.rmtree(directory, ignore_errors=True)


def hosts_from(cluster, first):
    """As an operator lists them: the host's own node first."""
    nodes = cluster.nodes[first:] + cluster.nodes[:first]
    return {"database": {"hosts": [node.socket for node in nodes]}}


def in_step(node):
    """A connection that sees what the other nodes have committed."""
    connection = node.connect()
    execute(connection, "SET SESSION wsrep_sync_wait = 15")
    return connection


def answer(stack, name, user_ids, seconds):
    path = write_learners(os.path.join(stack.directory, f"learners-{name}"), Mint(stack.config), user_ids)
    return Load("answers", stack.port, stack.directory, learners=path, connections=16, seconds=seconds, twice=20,
                seed=random.randrange(1, 2 ** 31))


class Both:
    """What two load clients were told, as one."""

    def __init__(self, loads):
        self.answers, self.unknown, self.refused, self.differing, self.failures, self.logs = {}, {}, [], [], [], []
        for load in loads:
            log = acknowledged.Acknowledged(load.log_path)
            assert not self.answers.keys() & log.answers.keys()
            self.answers.update(log.answers)
            self.unknown.update(log.unknown)
            self.logs.append(log)
            for name in ("refused", "differing", "failures"):
                getattr(self, name).extend(getattr(log, name))

    def went_on_after(self, moment_ms):
        return all(log.first_after(moment_ms) is not None for log in self.logs)


def begin_work(connection, learners):
    """A job over everybody, and some over one learner each; all of their ids."""
    chosen = [learner.id for learner in learners if not learner.is_gone][:200]
    ids = [jobs.insert(connection, "sync_user", {"userId": user_id}) for user_id in chosen]
    return ids + [jobs.insert(connection, "sync_all_users"), jobs.insert(connection, "validate")]


def assert_jobs_are_done_once(connection, ids):
    rows = query(connection, "SELECT id, kind, state, error FROM sync_jobs WHERE repeat_every_s IS NULL AND"
                 " repeat_daily_at IS NULL AND schedule_id IS NULL AND parent_id IS NULL")
    assert [row["id"] for row in rows] == ids, "jobs were lost, or are more than were inserted"
    assert not [row for row in rows if row["state"] != "done"]
    runs = query(connection, "SELECT job_id, COUNT(*) AS runs, MAX(state) AS state FROM repair_runs GROUP BY job_id")
    assert {(row["runs"], row["state"]) for row in runs} == {(1, "done")}
    assert query_one(connection, "SELECT COUNT(*) AS n FROM passes WHERE kind = 'validate'")["n"] == 1
    assert not query(connection, "SELECT id FROM sync_jobs WHERE state IN ('failed', 'dead', 'running') OR open_children > 0")


def test_a_node_dies_and_comes_back(cluster, size):
    learners = population.make(size.of(4000, 40000), seed=4)
    with Stack(hosts_from(cluster, 0), database=cluster.nodes[0]) as one, \
            Stack(hosts_from(cluster, 1), database=cluster.nodes[1]) as other, \
            SyncWorker(one, "host-a", hosts_from(cluster, 1)), SyncWorker(other, "host-b", hosts_from(cluster, 2)):
        connection = in_step(cluster.nodes[0])
        # Where the server of this node may read it.
        population.load(connection, learners, cluster.nodes[0].temporary)
        before = census.take(connection)
        able = [learner.id for learner in learners if census.may_answer(learner)]
        chosen = random.Random(8).sample(able, 200)
        seconds = size.of(30, 60)
        # Some learners are answered for on both nodes.
        loads = [answer(one, "one", chosen[:110], seconds), answer(other, "other", chosen[90:], seconds)]
        time.sleep(2)
        ids = begin_work(connection, learners)
        time.sleep(0.5)
        cluster.nodes[1].kill()
        died, died_ms = time.monotonic(), int(time.time() * 1000)
        time.sleep(2)
        cluster.nodes[1].start()
        print(f"the killed node is back after {time.monotonic() - died:.1f} s")
        for job_id in ids:
            jobs.watch(connection, job_id)
        print(f"all jobs are done {time.monotonic() - died:.1f} s after it was killed")
        for load in loads:
            print(load.finish())
        log = Both(loads)
        assert log.went_on_after(died_ms), "a service answered nobody any more after the node's death"
        cluster.wait_for_size(3)
        after = census.take(connection)
        answered = census.assert_answered(connection, learners, log, before, after)
        census.assert_repaired(learners, before, after, but=answered.keys())
        census.assert_repaired_once(connection, learners, answered.keys())
        census.assert_ledger_is_whole(connection)
        assert_jobs_are_done_once(connection, ids)
        for node in cluster.nodes[1:]:
            assert not census.differing(after, census.take(in_step(node))), f"node {node.number} holds something else"
