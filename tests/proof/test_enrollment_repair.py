"""Proof: of every kind of inconsistency over courses, enrollments, requests, payments and references, planted by the
ten thousand around the constraints, a validation finds exactly those; a fix that would change more than the limits
allow changes nothing until it is told to; then it repairs exactly those, whole rows kept; and a second run finds
none. Some hundreds of every kind are rolled back, too: every row is as it was."""

import time

import pytest

from harness import jobs
from harness.database import query, query_one
from harness.stack import Stack, SyncWorker
from proof import enrollments


class Site:
    """A Lockstep whose refunds unenrol, with everything planted."""

    def __init__(self, stack, world):
        self.world = world
        self.connection = stack.connect()
        started = time.monotonic()
        enrollments.load(self.connection, world, stack.directory)
        rows = sum(map(len, world.planted.values()))
        print(f"{rows:,} rows planted, {sum(map(len, world.before.values())):,} in all: {time.monotonic() - started:.1f} s")
        assert enrollments.census(self.connection) == world.before

    def run(self, kind, params=None, state="done"):
        started = time.monotonic()
        row, _ = jobs.watch(self.connection, jobs.insert(self.connection, kind, params), timeout_s=900)
        print(f"{kind} {params or ''}: {time.monotonic() - started:.2f} s")
        assert row["state"] == state, f"{kind}: {row['state']}: {row['error']}"
        return row

    def validate(self):
        """{rule: (rows, learners)} of those in breach, and the pass."""
        self.run("validate")
        last = query_one(self.connection, "SELECT * FROM passes WHERE kind = 'validate' ORDER BY id DESC LIMIT 1")
        results = query(self.connection, "SELECT * FROM rule_results WHERE pass_id = %s AND breaches > 0", (last["id"],))
        return {row["rule"]: (row["breaches"], row["learners"]) for row in results}, last


@pytest.fixture
def site(size):
    with Stack({"payments": {"refund_policy": "unenroll"}}) as stack, SyncWorker(stack):
        yield Site(stack, enrollments.make(size.of(200, 20000), seed=20261121))


def expected_results(planted):
    return {rule: (len(rows), len({learner for learner, _, _ in rows} - {enrollments.NOBODY}))
            for rule, rows in planted.items()}


def assert_same(found, expected, what):
    """Two censuses; says which rows differ."""
    for table, rows in expected.items():
        wrong = [(key, rows.get(key), found[table].get(key)) for key in rows.keys() | found[table].keys()
                 if rows.get(key) != found[table].get(key)]
        assert not wrong, f"{what}: {len(wrong)} rows of {table}, such as {wrong[:3]} (expected, found)"


def assert_found_exactly(site):
    world = site.world
    results, last = site.validate()
    assert results == expected_results(world.planted)
    live = world.learners + world.sound
    broken = {learner for rows in world.planted.values() for learner, _, _ in rows if 0 < learner <= live}
    assert (last["learners"], last["learners_in_breach"]) == (live, len(broken))


def assert_stopped(site):
    row = site.run("auto_fix", state="failed")
    assert "its limit among" in row["error"] and "confirmOverLimit" in row["error"], row["error"]
    for rule in ("orphan_enrollments", "refunded_payment_not_enrolled"):
        row = site.run("auto_fix", {"rules": [rule]}, state="failed")
        assert f"Rule {rule} would change {len(site.world.planted[rule])} rows" in row["error"], row["error"]
    assert_same(enrollments.census(site.connection), site.world.before, "a stopped fix changed")


def assert_kept_whole(site, run_id):
    """What was taken away, and nothing else, is in the quarantine with all that it held."""
    world, connection = site.world, site.connection
    kept = enrollments.quarantined(connection, run_id)
    gone = {(table, key) for table, rows in world.before.items() for key in rows.keys() - world.after[table].keys()}
    assert kept.keys() == gone
    for (table, key), row in kept.items():
        for name, value in zip(enrollments.TABLES[table][1].split(), world.before[table][key]):
            if name.startswith("?"):
                assert (row[name[1:]] is not None) == (value == "1"), (table, key, row)
            else:
                assert row[name.lstrip("#")] == value, (table, key, name, row, value)


def assert_told(site, changed):
    """Each learner with a change has one entry in the history and the revision that it tells of; nobody else has."""
    told = {row["user_id"]: row["n"] for row in query(
        site.connection, "SELECT user_id, COUNT(*) AS n FROM ledger WHERE kind = 'repair' GROUP BY user_id")}
    live = site.world.learners + site.world.sound
    learners = {learner for rows in changed.values() for learner, _, _ in rows if 0 < learner <= live}
    assert told == dict.fromkeys(learners, 1)
    moved = query(site.connection, "SELECT id FROM users WHERE revision <> 0")
    assert {row["id"] for row in moved} == learners


def repair(site):
    world = site.world
    row = site.run("auto_fix", {"confirmOverLimit": True})
    run_id = row["report"]["id"]
    changed = enrollments.changed_rows(site.connection, run_id)
    expected = {rule: rows | world.following.get(rule, set()) for rule, rows in world.planted.items()
                if rule not in enrollments.REPORTING}
    assert changed.keys() == expected.keys()
    for rule, rows in expected.items():
        assert changed[rule] == rows, (rule, len(changed[rule]), len(rows), sorted(map(str, changed[rule] ^ rows))[:5])
    assert_same(enrollments.census(site.connection), world.after, "the repair left wrong")
    assert_kept_whole(site, run_id)
    assert_told(site, changed)
    return run_id


def assert_nothing_left(site):
    row = site.run("auto_fix")
    assert row["report"]["learnersChanged"] == 0
    assert enrollments.changed_rows(site.connection, row["report"]["id"]) == {}
    results, _ = site.validate()
    reported = {rule: site.world.planted[rule] for rule in enrollments.REPORTING}
    assert results == expected_results(reported)
    assert_same(enrollments.census(site.connection), site.world.after, "a second run changed")


def test_every_kind_is_found_and_repaired_once(site, size):
    assert_found_exactly(site)
    assert_stopped(site)
    run_id = repair(site)
    assert_nothing_left(site)
    if size.is_full:
        return
    site.run("rollback_repair", {"runId": run_id})
    assert_same(enrollments.census(site.connection), site.world.before, "the rollback left wrong")
    assert not query(site.connection, "SELECT 1 FROM repair_rows WHERE state = 'moved' LIMIT 1")
