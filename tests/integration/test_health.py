"""GET /api/sync/health, in a Lockstep of its own whose parts are broken one by one."""

import os
import re
import subprocess

import pytest

from harness import truth
from harness.client import Client
from harness.database import execute, query_one
from harness.openapi import Contract
from harness.processes import wait_until
from harness.stack import Stack
from harness.tokens import Mint

PATH = "/api/sync/health"
PARTS = ["database", "migrations", "pass", "score", "drift", "jobs", "repairs", "rules"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    site = tmp_path_factory.mktemp("rules.d")
    with Stack({"rules": {"site_directory": str(site)}, "health": {"pass_max_age_s": 600, "sample_max_age_s": 600}},
               buffer_pool_mb=64) as stack:
        yield stack


@pytest.fixture
def db(stack):
    connection = stack.connect()
    yield connection
    connection.close()


class Health:
    def __init__(self, stack, db):
        self.contract = Contract(Client(stack.url).get("/api/openapi.json").json())
        self.public = Client(stack.url)
        mint = Mint(stack.config)
        self.admin = Client(stack.url, mint.sign(mint.claims(truth.create_learner(db, role="admin"), "admin")))
        self.student = Client(stack.url, mint.sign(mint.claims(truth.create_learner(db), "student")))

    def ask(self, client=None):
        reply = (client or self.admin).get(PATH)
        self.contract.check(reply)
        value = reply.json()
        worst = max((check["state"] for check in value["checks"]), key=["healthy", "degraded", "failing"].index)
        assert value["status"] == worst, value
        assert reply.status == (503 if worst == "failing" else 200), reply
        return value

    def state_of(self, name):
        return self.check(name)["state"]

    def check(self, name):
        return {check["name"]: check for check in self.ask()["checks"]}[name]


@pytest.fixture
def health(stack, db):
    """Everything is well: a pass and a sample a moment ago, a worker that lives, nothing overdue."""
    execute(db, "DELETE FROM passes")
    execute(db, "DELETE FROM rule_pauses")
    execute(db, "DELETE FROM sync_jobs WHERE repeat_every_s IS NULL AND repeat_daily_at IS NULL")
    execute(db, "UPDATE sync_jobs SET run_at = '2099-01-01'")
    execute(db, "DELETE FROM sync_workers")
    execute(db, "INSERT INTO sync_workers (name) VALUES ('elsewhere/1')")
    add_pass(db, "validate", 0)
    add_pass(db, "sample", 0)
    return Health(stack, db)


def add_pass(db, kind, in_breach, ago_s=1, learners=1000):
    execute(db, "INSERT INTO passes (kind, state, learners, learners_in_breach, score, started_at, finished_at)"
                " VALUES (%s, 'done', %s, %s, %s, UTC_TIMESTAMP(3) - INTERVAL %s SECOND,"
                " UTC_TIMESTAMP(3) - INTERVAL %s SECOND)",
            (kind, learners, in_breach, max(0.01, 1 - in_breach / learners), ago_s, ago_s))


def test_all_is_well(health):
    value = health.ask()
    assert value["status"] == "healthy", value
    assert [check["name"] for check in value["checks"]] == PARTS
    assert value["score"] == 1 and value["asOf"]


def test_figures_are_for_administrators(health, db):
    add_pass(db, "validate", 137)
    for client in (health.public, health.student):
        value = health.ask(client)
        assert "score" not in value and "asOf" not in value
        assert value["status"] == "degraded" and len(value["checks"]) == len(PARTS)
        for check in value["checks"]:
            assert check["summary"] and not re.search(r"\d", check["summary"]), check
    assert "137 of 1000" in health.check("score")["summary"]


@pytest.mark.parametrize("in_breach, state", [(0, "healthy"), (10, "healthy"), (11, "degraded"), (200, "degraded"),
                                              (201, "failing"), (1000, "failing")])
def test_the_score(health, db, in_breach, state):
    add_pass(db, "validate", in_breach)
    assert health.state_of("score") == state


@pytest.mark.parametrize("in_breach, state", [(10, "healthy"), (11, "degraded"), (200, "degraded"),
                                              (201, "failing")])
def test_the_sample(health, db, in_breach, state):
    add_pass(db, "sample", in_breach)
    assert health.state_of("drift") == state
    assert health.state_of("score") == "healthy", "a sample is no pass"


def test_old_passes(health, db):
    execute(db, "DELETE FROM passes")
    value = health.ask()
    assert value["status"] == "degraded" and value["score"] is None and value["asOf"] is None
    add_pass(db, "validate", 0, ago_s=700)
    add_pass(db, "sample", 0, ago_s=700)
    assert health.state_of("pass") == health.state_of("drift") == "degraded"
    assert health.state_of("score") == "healthy"


def test_a_pass_under_way_says_nothing_yet(health, db):
    execute(db, "INSERT INTO passes (kind, learners, learners_in_breach, started_at) VALUES"
                " ('validate', 1000, 900, UTC_TIMESTAMP(3))")
    assert health.ask()["status"] == "healthy"


def test_jobs_that_wait(health, db):
    execute(db, "INSERT INTO sync_jobs (kind, run_at) VALUES ('validate', UTC_TIMESTAMP(3) - INTERVAL 800 SECOND)")
    assert health.state_of("jobs") == "healthy"
    execute(db, "INSERT INTO sync_jobs (kind, run_at, priority) VALUES"
                " ('validate', UTC_TIMESTAMP(3) - INTERVAL 1000 SECOND, 9)")
    assert health.state_of("jobs") == "degraded"
    execute(db, "INSERT INTO sync_jobs (kind, run_at, priority) VALUES"
                " ('validate', UTC_TIMESTAMP(3) - INTERVAL 3 HOUR, 3)")
    assert health.state_of("jobs") == "failing"


def test_jobs_that_were_given_up(health, db):
    execute(db, "INSERT INTO sync_jobs (kind, state, finished_at) VALUES"
                " ('validate', 'dead', UTC_TIMESTAMP(3) - INTERVAL 2 DAY)")
    assert health.state_of("jobs") == "healthy", "long ago"
    execute(db, "INSERT INTO sync_jobs (kind, state, finished_at) VALUES ('validate', 'dead', UTC_TIMESTAMP(3))")
    assert health.state_of("jobs") == "degraded"


def test_nobody_works(health, db):
    execute(db, "UPDATE sync_workers SET beat_at = UTC_TIMESTAMP(3) - INTERVAL 5 MINUTE")
    assert health.check("jobs") == {**health.check("jobs"), "state": "degraded"}
    execute(db, "DELETE FROM sync_workers")
    assert health.state_of("jobs") == "degraded"


def test_a_command_that_waits_for_nobody_says_so(health, stack, db):
    execute(db, "DELETE FROM sync_workers")
    command = [stack.program("lockstepctl"), "--config", stack.config_path, "fix", "--apply"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True) as child:
        said = child.stderr.readline()
        child.kill()
    job = query_one(db, "SELECT * FROM sync_jobs WHERE kind = 'auto_fix' AND repeat_every_s IS NULL")
    assert "No lockstep-sync is alive" in said and f"job {job['id']} " in said, said
    assert job["state"] == "ready" and job["created_by"] == "lockstepctl", "it stays"


def test_repairs_switched_off(health, stack, db):
    execute(db, "INSERT INTO rule_pauses (rule) VALUES ('global_stats_match_totals')")
    assert health.state_of("repairs") == "healthy"
    execute(db, "INSERT INTO rule_pauses (rule) VALUES ('*')")
    assert health.state_of("repairs") == "degraded"
    execute(db, "DELETE FROM rule_pauses")
    stack.restart_service({"rules": {"enabled": False}})
    try:
        assert health.state_of("repairs") == "degraded"
        somebody = truth.create_learner(db, tokens=5)
        for body in ({}, {"userId": somebody}):
            reply = health.admin.post("/api/sync/auto-fix", body)
            assert reply.status == 409 and "rules.enabled" in reply.json()["message"], reply
        assert health.admin.post("/api/sync/auto-fix", {"userId": somebody, "dryRun": True}).status == 200
        assert stack.control("fix", "--user", str(somebody), "--apply", check=False).returncode == 1
        assert truth.modules_of(db, somebody) == {}
    finally:
        stack.restart_service({"rules": {"enabled": True}})
    assert health.state_of("repairs") == "healthy"


def test_a_rule_that_is_left_aside(health, stack):
    path = os.path.join(stack.config["rules"]["site_directory"], "broken.sql")
    with open(path, "w", encoding="utf-8") as file:
        file.write("-- rule: broken\n-- sumary: Oh.\n")
    stack.restart_service()
    try:
        assert health.state_of("rules") == "degraded"
        listed = health.admin.get("/api/admin/rules").json()
        assert len(listed["problems"]) == 1 and "broken.sql:2" in listed["problems"][0]
    finally:
        os.remove(path)
        stack.restart_service()
    assert health.state_of("rules") == "healthy"


def test_a_migration_that_is_missing(health, db):
    last = query_one(db, "SELECT MAX(number) AS n FROM schema_migrations")["n"]
    row = query_one(db, "SELECT * FROM schema_migrations WHERE number = %s", (last,))
    execute(db, "DELETE FROM schema_migrations WHERE number = %s", (last,))
    try:
        assert health.state_of("migrations") == "failing"
    finally:
        names = ", ".join(row)
        execute(db, f"INSERT INTO schema_migrations ({names}) VALUES ({', '.join(['%s'] * len(row))})",
                tuple(row.values()))
    assert health.state_of("migrations") == "healthy"


def test_the_database_away(health, stack):
    stack.database.stop()
    try:
        for client in (health.admin, health.public):
            value = health.ask(client)
            assert [(check["name"], check["state"]) for check in value["checks"]] == [("database", "failing")]
    finally:
        stack.database.start()
        wait_until(lambda: stack.status("/readyz") == 200, "the service to be ready again", 30)
    assert health.state_of("database") == "healthy"
