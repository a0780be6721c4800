"""A rule that would change more than its limit allows stops the run before its first row, in a Lockstep of its
own whose learners are counted: 40, of whom 30 are out of step."""

import json

import pytest

from harness import truth
from harness.client import Client
from harness.database import execute, query, query_one
from harness.stack import Stack
from harness.tokens import Mint
from harness.worker import sync_worker

from drift import TOTALS, await_job, module, stats

LEARNERS, DRIFTED = 40, 30
SOUND = {"modules": {"math": module(9, 2, 1)}, "global_stats": stats(9, 2, 1)}
BROKEN = {"modules": {"math": module(4, 2, 1)}, "global_stats": stats(9, 2, 1)}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(buffer_pool_mb=64) as stack:
        with stack.connect() as connection:
            with sync_worker(connection, stack.config_path, tmp_path_factory.mktemp("sync")):
                yield stack


@pytest.fixture
def db(stack):
    connection = stack.connect()
    execute(connection, "DELETE FROM users")
    for at in range(LEARNERS):
        truth.create_learner(connection, document=BROKEN if at < DRIFTED else SOUND, tokens=9, questions=2, correct=1)
    yield connection
    connection.close()


@pytest.fixture
def admin(stack):
    mint = Mint(stack.config)
    return Client(stack.url, mint.sign(mint.claims(10**9, "admin")))


def broken(db):
    return len([row for row in query(db, "SELECT id FROM users")
                if "unattributed" not in truth.modules_of(db, row["id"])
                and truth.modules_of(db, row["id"])["math"]["tokens"] != 9])


def assert_stopped(db, sentence, run):
    """It names the rule, what it would change, what it may, and how to go on."""
    assert TOTALS in sentence and f" {DRIFTED} " in sentence, sentence
    assert run["state"] == "stopped" and run["learners_changed"] == 0, run
    assert run["error"] and TOTALS in run["error"]
    assert query(db, "SELECT 1 FROM repair_rows WHERE run_id = %s LIMIT 1", (run["id"],)) == ()
    assert broken(db) == DRIFTED


def run_of_job(db, job_id):
    return query_one(db, "SELECT * FROM repair_runs WHERE job_id = %s", (job_id,))


@pytest.mark.parametrize("kind", ["auto_fix", "sync_all_users"])
def test_a_job_stops_and_goes_on_when_told(db, kind):
    job_id = execute(db, "INSERT INTO sync_jobs (kind, params) VALUES (%s, %s)",
                     (kind, json.dumps({"rules": [TOTALS]})))
    job = await_job(db, job_id, "failed")
    assert job["attempts"] <= 1 and "confirmOverLimit" in job["error"], job
    assert_stopped(db, job["error"], run_of_job(db, job_id))
    job_id = execute(db, "INSERT INTO sync_jobs (kind, params) VALUES (%s, %s)",
                     (kind, json.dumps({"rules": [TOTALS], "confirmOverLimit": True})))
    job = await_job(db, job_id)
    assert json.loads(job["report"])["learnersChanged"] == DRIFTED
    assert broken(db) == 0


def test_the_endpoint_tells_it_by_its_job(db, admin):
    reply = admin.post("/api/sync/auto-fix", {"rules": [TOTALS]})
    assert reply.status == 202, reply
    job = await_job(db, reply.json()["jobId"], "failed")
    assert_stopped(db, job["error"], run_of_job(db, job["id"]))
    reply = admin.post("/api/sync/auto-fix", {"rules": [TOTALS], "confirmOverLimit": True})
    await_job(db, reply.json()["jobId"])
    assert broken(db) == 0


def test_lockstepctl_tells_it(db, stack):
    refused = stack.control("fix", "--apply", "--rules", TOTALS, check=False)
    assert refused.returncode == 1, refused
    run = query_one(db, "SELECT * FROM repair_runs ORDER BY id DESC LIMIT 1")
    assert_stopped(db, refused.stderr, run)
    stack.control("fix", "--apply", "--rules", TOTALS, "--confirm-over-limit")
    assert broken(db) == 0


def test_a_plan_that_was_confirmed_needs_no_second_word(db, stack):
    shown = stack.control("fix", "--rules", TOTALS, "--confirm-over-limit").stdout
    command = shown.split("lockstepctl ")[-1].split()
    assert broken(db) == DRIFTED
    stack.control(*command)
    assert broken(db) == 0


def test_a_plan_is_held_to_the_limit_when_it_is_applied(db, stack):
    shown = stack.control("fix", "--rules", TOTALS).stdout
    command = shown.split("lockstepctl ")[-1].split()
    refused = stack.control(*command, check=False)
    assert refused.returncode == 1 and TOTALS in refused.stderr and f" {DRIFTED} " in refused.stderr, refused
    assert broken(db) == DRIFTED
    stack.control(*command, "--confirm-over-limit")
    assert broken(db) == 0
    run = query_one(db, "SELECT * FROM repair_runs ORDER BY id DESC LIMIT 1")
    assert (run["state"], run["confirm_over_limit"]) == ("done", 1), "that somebody went over the limit is kept"


def test_few_rows_never_stop_a_run(db, admin):
    """A share says nothing of few rows: 20 of 21 learners are no reason to ask."""
    ids = [row["id"] for row in query(db, "SELECT id FROM users ORDER BY id")]
    execute(db, "DELETE FROM users WHERE id IN %s", (ids[20:DRIFTED] + ids[DRIFTED + 1:],))
    assert broken(db) == 20
    reply = admin.post("/api/sync/auto-fix", {"rules": [TOTALS]})
    await_job(db, reply.json()["jobId"])
    assert broken(db) == 0
