"""Proof: of a large platform of which three tenths have drifted, the passes find exactly those; one inserted row
repairs exactly those, and a second changes nothing; a rollback brings back every byte but of what was changed
since, which it lists; and nothing undoes the undoing."""

import os
import random
import time

import pytest

from harness import acknowledged, jobs
from harness.client import Client
from harness.database import execute, query, query_one
from harness.stack import SyncWorker
from harness.tools import Load, create_learners, write_learners
from proof import census, oracle, population

CHANGED_BY_HAND, CHANGED_BY_ANSWERS, RENAMED = 30, 20, 30


class Platform:
    """A stack with lockstep-sync and its population."""

    def __init__(self, stack, sync, learners):
        self.stack = stack
        self.sync = sync
        self.learners = learners
        self.connection = stack.connect()
        self.drifted = {learner.id for learner in learners if learner.is_drifted}
        population.load(self.connection, learners, stack.directory)
        self.before = census.take(self.connection)
        self.beside = census.beside(self.connection)

    def run(self, kind, params=None):
        started = time.monotonic()
        row = jobs.run(self.connection, kind, params)
        print(f"{kind}: {time.monotonic() - started:.2f} s")
        return row

    def results(self):
        """{rule: row} of the last validation, and its pass."""
        last = query_one(self.connection, "SELECT * FROM passes WHERE kind = 'validate' AND state = 'done'"
                         " ORDER BY id DESC LIMIT 1")
        rows = query(self.connection, "SELECT * FROM rule_results WHERE pass_id = %s", (last["id"],))
        return {row["rule"]: row for row in rows}, last


@pytest.fixture
def platform(stack, size):
    with SyncWorker(stack) as sync:
        yield Platform(stack, sync, population.make(size.of(12000, 200000), seed=20261121))


def live(learners):
    return sum(1 for learner in learners if not learner.is_gone)


def assert_validation_finds(platform, size):
    started = time.monotonic()
    platform.run("validate")
    seconds = time.monotonic() - started
    results, last = platform.results()
    for rule in (oracle.TOTALS_RULE, oracle.STATS_RULE):
        assert results[rule]["learners"] == len(census.breaching(platform.learners, rule)), rule
    assert {rule for rule, row in results.items() if row["breaches"] > 0} == {oracle.TOTALS_RULE, oracle.STATS_RULE}
    assert last["learners"] == live(platform.learners)
    assert last["learners_in_breach"] == len(platform.drifted)
    assert abs(last["score"] - (1 - len(platform.drifted) / live(platform.learners))) < 1e-6
    if size.is_full:
        assert seconds < 30, f"a pass over {len(platform.learners):,} learners took {seconds:.1f} s"


def assert_audit_finds(platform):
    """Document 000's audit tells of columns and global_stats alone. Where these are spelt oddly it may read them
    either way."""
    platform.run("audit")
    last = query_one(platform.connection, "SELECT MAX(id) AS id FROM passes WHERE kind = 'audit' AND state = 'done'")
    found = {row["user_id"] for row in query(platform.connection, "SELECT user_id FROM audit_results WHERE pass_id = %s",
                                             (last["id"],))}
    for learner in platform.learners:
        stats = oracle.member(oracle.parse(learner.text), "global_stats")
        values = [stats.get(name, oracle.Number("0")) if isinstance(stats, dict) else oracle.Number("0")
                  for name in oracle.STATS]
        if not all(isinstance(value, oracle.Number) and value.lstrip("-").isdigit() for value in values):
            continue
        differs = not learner.is_gone and tuple(map(int, values)) != learner.columns
        assert (learner.id in found) == differs, f"audited wrongly: {learner.kind}, {learner.columns}, {learner.text}"


def assert_progress_was_shown(platform, row, seen, size):
    units = [look["done_units"] for look in seen]
    assert units == sorted(units), f"progress went back: {units}"
    totals = {look["total_units"] for look in seen if look["total_units"] is not None}
    assert totals == {len(platform.learners)}
    assert row["done_units"] == row["total_units"]
    on_the_way = [look for look in seen if look["state"] == "running" and 0 < look["done_units"] < row["total_units"]]
    assert len({look["done_units"] for look in on_the_way}) >= size.of(1, 10), f"no progress was seen: {seen}"
    if size.is_full:
        assert any(look["done_expected_at"] is not None for look in on_the_way)


def repair(platform, size):
    """Document 000's 'sync all users', by the row that an administrator inserts; the id of its run."""
    started = time.monotonic()
    job_id = execute(platform.connection, "INSERT INTO sync_jobs (kind) VALUES ('sync_all_users')")
    row, seen = jobs.watch(platform.connection, job_id)
    seconds = time.monotonic() - started
    print(f"sync_all_users: {seconds:.2f} s, {len(platform.learners) / seconds:,.0f} learners a second; {row['report']}")
    assert row["state"] == "done", row["error"]
    assert_progress_was_shown(platform, row, seen, size)
    run = row["report"]
    assert run["learnersChanged"] == len(platform.drifted)
    after = census.take(platform.connection)
    census.assert_repaired(platform.learners, platform.before, after)
    census.assert_repaired_once(platform.connection, platform.learners)
    census.assert_ledger_is_whole(platform.connection)
    assert census.beside(platform.connection) == platform.beside
    return run["id"], after


def assert_nothing_left(platform, after):
    row = platform.run("sync_all_users")
    assert row["report"]["learnersChanged"] == 0
    assert not census.differing(after, census.take(platform.connection))
    platform.run("validate")
    _, last = platform.results()
    assert (last["learners_in_breach"], last["score"]) == (0, 1)


def change_some(platform, mint):
    """After the repair: by hand, by answers, and beside what was repaired. The learners of the first two."""
    dice = random.Random(5)
    able = sorted(learner.id for learner in platform.learners if learner.is_drifted and census.may_answer(learner))
    chosen = dice.sample(able, CHANGED_BY_HAND + CHANGED_BY_ANSWERS + RENAMED)
    by_hand, answering = chosen[:CHANGED_BY_HAND], chosen[CHANGED_BY_HAND:CHANGED_BY_HAND + CHANGED_BY_ANSWERS]
    for user_id in by_hand:
        execute(platform.connection, "UPDATE users SET tokens = tokens + 7, questions_answered = questions_answered + 7,"
                " correct_answers = correct_answers + 7, hidden_grade_asset = JSON_SET(hidden_grade_asset, '$.mine', 1)"
                " WHERE id = %s", (user_id,))
    for user_id in answering:
        reply = Client(platform.stack.url, mint.student(user_id)).post(
            "/api/answer", {"exerciseId": "since", "module": "since", "isCorrect": True, "tokens": 3})
        assert reply.status == 200, reply
    for user_id in chosen[CHANGED_BY_HAND + CHANGED_BY_ANSWERS:]:
        execute(platform.connection, "UPDATE users SET display_name = 'since' WHERE id = %s", (user_id,))
    return set(by_hand), set(answering)


def roll_back(platform, run_id, mint):
    by_hand, answering = change_some(platform, mint)
    changed = by_hand | answering
    since = census.take(platform.connection)
    row = platform.run("rollback_repair", {"runId": run_id})
    after = census.take(platform.connection)
    wrong = []
    for user_id in platform.before:
        expected = since[user_id] if user_id in changed or user_id not in platform.drifted else platform.before[user_id]
        if not after[user_id].holds(expected):
            wrong.append((user_id, expected, after[user_id]))
    census.fail_with(wrong, "were not brought back")
    back = platform.drifted - changed
    assert {user_id for user_id in since if since[user_id].revision != after[user_id].revision} == back
    listed = query(platform.connection, "SELECT DISTINCT user_id, changed_by FROM repair_rows WHERE run_id = %s AND"
                   " state = 'moved'", (row["report"]["id"],))
    assert {entry["user_id"] for entry in listed} == changed
    assert all(entry["changed_by"] for entry in listed), listed
    census.assert_ledger_is_whole(platform.connection)
    return row["report"]["id"], back, by_hand, after


def assert_left_alone(platform, back, by_hand, after, mint):
    """What was undone stays, whoever comes by: a validation, both kinds of repair of everybody, a read."""
    platform.run("validate")
    _, last = platform.results()
    assert last["learners_in_breach"] == len(back) + len(by_hand), "a paused row is a breach all the same"
    for kind in ("auto_fix", "sync_all_users"):
        platform.run(kind)
    for user_id in random.Random(6).sample(sorted(back), 5):
        assert Client(platform.stack.url, mint.student(user_id)).get("/api/progress").status == 200
    assert census.differing(after, census.take(platform.connection)) == by_hand


def test_everybody_into_step_and_back(platform, size, mint):
    assert_validation_finds(platform, size)
    assert_audit_finds(platform)
    assert not census.differing(platform.before, census.take(platform.connection)), "looking changed something"
    run_id, after = repair(platform, size)
    assert_nothing_left(platform, after)
    rollback_id, back, by_hand, after = roll_back(platform, run_id, mint)
    assert_left_alone(platform, back, by_hand, after, mint)
    assert jobs.resume(platform.stack, rollback_id) > 0
    platform.run("sync_all_users")
    document_of = {user_id: oracle.repaired(oracle.parse(platform.before[user_id].text), platform.before[user_id].columns)
                   for user_id in back}
    for user_id, row in census.take(platform.connection).items():
        if user_id in back:
            document, columns = document_of[user_id]
            assert row.columns == columns and \
                oracle.without_time(oracle.parse(row.text)) == oracle.without_time(document), (user_id, row)


def test_everybody_while_they_answer(platform, mint, size):
    """32 clients answer for the drifted, the sound and the new, before, during and after the repair."""
    fresh = create_learners(platform.connection, 20)
    able = sorted(learner.id for learner in platform.learners if census.may_answer(learner))
    chosen = random.Random(7).sample(able, size.of(300, 3000))
    path = write_learners(os.path.join(platform.stack.directory, "learners"), mint, chosen + fresh)
    load = Load("answers", platform.stack.port, platform.stack.directory, learners=path, connections=32,
                seconds=size.of(20, 60), twice=20)
    time.sleep(1)
    job_id = jobs.insert(platform.connection, "sync_all_users")
    row, _ = jobs.watch(platform.connection, job_id)
    assert row["state"] == "done", row["error"]
    assert load.is_running(), "the answers ended before the repair"
    assert not query(platform.connection, "SELECT 1 FROM repair_rows WHERE state = 'moved' LIMIT 1")
    figures = load.finish()
    print(figures, row["report"])
    log = acknowledged.Acknowledged(load.log_path)
    assert figures["failed"] == figures["unknown"] == figures["refused"] == 0, (figures, log.failures[:5])
    after = census.take(platform.connection)
    for user_id in fresh:
        acknowledged.check(platform.connection, log, [user_id])
        del after[user_id]
    answered = census.assert_answered(platform.connection, platform.learners, log, platform.before, after)
    census.assert_repaired(platform.learners, platform.before, after, but=answered.keys())
    census.assert_repaired_once(platform.connection, platform.learners, answered.keys())
    census.assert_ledger_is_whole(platform.connection)
    platform.run("validate")
    assert platform.results()[1]["learners_in_breach"] == 0
