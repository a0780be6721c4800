"""The job prune: the history goes on adding up, and what is kept by policy is kept."""

import json

import pytest

from harness import truth
from harness.database import execute, query, query_one
from harness.stack import Stack
from harness.worker import sync_worker

from conftest import Learner, service_of
from drift import await_job


@pytest.fixture(scope="module")
def pruning(tmp_path_factory):
    """A service whose site folds histories after a hundred days, and somebody who works on its jobs."""
    overrides = {"workers": {"processes": 1, "threads": 4}, "retention": {"ledger_days": 100, "jobs_days": 3}}
    with Stack(overrides, buffer_pool_mb=64) as stack:
        connection = stack.connect()
        with sync_worker(connection, stack.config_path, tmp_path_factory.mktemp("pruning")):
            yield service_of(stack)
        connection.close()


@pytest.fixture
def prune_db(pruning):
    connection = pruning.connect()
    yield connection
    connection.close()


def prune(db):
    job = await_job(db, execute(db, "INSERT INTO sync_jobs (kind) VALUES ('prune')"))
    return json.loads(job["report"])


def adds_up(learner, total, expected):
    value = learner.api.get(f"/api/progress/history?total={total}").json()
    assert value["total"] == {"name": total, "value": expected, "sum": expected}, value
    assert sum(change["by"] for entry in value["entries"] for change in entry["changes"]
               if change["what"] == total) == expected
    return value["entries"]


def test_a_folded_history_adds_up(pruning, prune_db):
    learner = Learner(pruning, prune_db, truth.create_learner(prune_db, tokens=30, questions=6, correct=3))
    for at in range(12):
        assert learner.answer("math", at % 3 != 0, 5, answerId=f"fold-{at}").status == 200
    before = learner.progress()
    row = learner.row()
    last = row["revision"]
    execute(prune_db, "UPDATE ledger SET created_at = created_at - INTERVAL 101 DAY WHERE user_id = %s AND revision < %s",
            (learner.id, last - 2))
    totals = {name: truth.columns_of(prune_db, learner.id)[name] for name in ("tokens", "questions", "correct")}
    report = prune(prune_db)
    assert report["learners"] == 1 and report["ledgerEntries"] == last - 2
    for total, expected in totals.items():
        kinds = [entry["kind"] for entry in adds_up(learner, total, expected)]
        assert kinds[-1] == "folded" and "opening" not in kinds
    entries = learner.api.get("/api/progress/history").json()["entries"]
    assert [entry["revision"] for entry in entries] == [last, last - 1, last - 2, last - 3]
    assert learner.row() == row, "nothing changed for who reads"
    assert learner.progress()["globalStats"]["totalTokens"] == before["globalStats"]["totalTokens"]
    again = learner.answer("math", True, 5, answerId="fold-11")
    assert again.status == 200 and learner.row()["revision"] == last, "a young operation is still known"
    assert learner.answer("math", True, 5).status == 200
    adds_up(learner, "tokens", totals["tokens"] + 5)
    assert prune(prune_db)["learners"] == 0


def test_jobs_that_ended(prune_db):
    execute(prune_db, "INSERT INTO sync_jobs (kind, state, finished_at) VALUES"
            " ('old', 'done', UTC_TIMESTAMP() - INTERVAL 4 DAY), ('new', 'done', UTC_TIMESTAMP() - INTERVAL 2 DAY)")
    assert prune(prune_db)["jobs"] == 1
    kinds = {row["kind"] for row in query(prune_db, "SELECT kind FROM sync_jobs")}
    assert "new" in kinds and "old" not in kinds


def test_a_run_without_images_cannot_be_undone(pruning, prune_db):
    admin = Learner(pruning, prune_db, truth.create_learner(prune_db, role="admin"), "admin")
    run_id = execute(prune_db, "INSERT INTO repair_runs (state, actor, from_user, to_user, started_at, finished_at)"
                     " VALUES ('done', 'a', 1, 1, '2020-01-01', '2020-01-01')")
    execute(prune_db, "INSERT INTO repair_rows (run_id, user_id, id, step, rule, table_name, row_key, action, state)"
            " VALUES (%s, 1, 1, 1, 'r', 'users', '{\"id\": 1}', 'set', 'done')", (run_id,))
    assert prune(prune_db)["images"] == 1
    assert query_one(prune_db, "SELECT COUNT(*) AS n FROM repair_rows WHERE run_id = %s", (run_id,))["n"] == 0
    reply = admin.api.post(f"/api/admin/repairs/{run_id}/rollback")
    assert reply.status == 409, reply


def test_the_job_takes_no_parameters(prune_db):
    job = await_job(prune_db, execute(prune_db, "INSERT INTO sync_jobs (kind, params) VALUES ('prune',"
                                      " '{\"days\": 1}')"), "failed")
    assert job["error"]
