"""The kinds of jobs over the engine, inserted as an administrator does it."""

import json

import pytest

from harness import truth
from harness.database import execute, query_one

from drift import STATS, TOTALS, await_job, counts_of, drifted, is_repaired, pauses, sound

pytestmark = pytest.mark.usefixtures("sync_worker")


def insert(db, kind, params=None):
    return execute(db, "INSERT INTO sync_jobs (kind, params) VALUES (%s, %s)",
                   (kind, None if params is None else json.dumps(params)))


def run_of(admin, job):
    report = json.loads(job["report"])
    assert report["id"] == job["subject_id"] and report["jobId"] == job["id"]
    return report


def test_sync_user(new_learner, admin, db):
    learner, other = drifted(new_learner), drifted(new_learner)
    untouched = other.checksum()
    job = await_job(db, insert(db, "sync_user", {"userId": learner.id}))
    run = run_of(admin, job)
    assert is_repaired(db, learner)
    assert run["state"] == "done" and run["userId"] == learner.id and run["learnersChanged"] == 1
    assert job["done_units"] == job["total_units"] == 1
    assert other.checksum() == untouched
    entries = [entry for entry in truth.ledger_of(db, learner.id) if entry["kind"] == "repair"]
    assert len(entries) == 1 and entries[0]["actor"] == f"job_{job['id']}"


def test_sync_all_users(new_learner, db):
    learners = [drifted(new_learner) for _ in range(3)]
    clean = sound(new_learner)
    before = clean.checksum()
    job = await_job(db, insert(db, "sync_all_users", {"confirmOverLimit": True}))
    assert all(is_repaired(db, learner) for learner in learners)
    assert clean.checksum() == before
    report = json.loads(job["report"])
    assert report["learnersChanged"] >= 3 and report["userId"] is None
    assert set(counts_of(report)) <= {TOTALS, STATS}
    sums = [learner.checksum() for learner in learners]
    again = await_job(db, insert(db, "sync_all_users"))
    assert json.loads(again["report"])["learnersChanged"] == 0
    assert [learner.checksum() for learner in learners] == sums, "a second run changes nothing"


def test_auto_fix_plans_applies_and_rolls_back_for_everybody(new_learner, admin, db):
    learners = [drifted(new_learner) for _ in range(3)]
    drift = [truth.document_of(db, learner.id) for learner in learners]
    reply = admin.api.post("/api/sync/auto-fix", {"dryRun": True, "rules": [TOTALS, STATS],
                                                  "confirmOverLimit": True})
    assert reply.status == 202, reply
    before = [learner.checksum() for learner in learners]
    plan = run_of(admin, await_job(db, reply.json()["jobId"]))
    assert plan["dryRun"] is True and plan["state"] == "planned" and len(plan["digest"]) == 64
    assert [learner.checksum() for learner in learners] == before

    reply = admin.api.post("/api/sync/auto-fix", {"planId": plan["id"], "digest": plan["digest"]})
    assert reply.status == 202, reply
    job = await_job(db, reply.json()["jobId"])
    assert json.loads(job["report"])["id"] == plan["id"] and json.loads(job["report"])["state"] == "done"
    assert all(is_repaired(db, learner) for learner in learners)

    reply = admin.api.post(f"/api/admin/repairs/{plan['id']}/rollback")
    assert reply.status == 202, reply
    undone = json.loads(await_job(db, reply.json()["jobId"])["report"])
    assert undone["kind"] == "rollback" and undone["rollsBack"] == plan["id"]
    assert [truth.document_of(db, learner.id) for learner in learners] == drift

    again = json.loads(await_job(db, insert(db, "sync_all_users"))["report"])
    assert again["learnersChanged"] == 0, "the next pass leaves them alone"
    assert admin.api.post(f"/api/admin/repairs/{plan['id']}/resume").json()["ended"] >= 3
    await_job(db, insert(db, "auto_fix", {"rules": [TOTALS, STATS], "confirmOverLimit": True}))
    assert all(is_repaired(db, learner) for learner in learners)
    assert pauses(db) == ()


def test_a_plan_that_moved_fails_and_stays(new_learner, admin, db):
    learner, other = drifted(new_learner), drifted(new_learner)
    reply = admin.api.post("/api/sync/auto-fix", {"dryRun": True, "rules": [STATS], "confirmOverLimit": True})
    plan = json.loads(await_job(db, reply.json()["jobId"])["report"])
    execute(db, "UPDATE users SET hidden_grade_asset = JSON_SET(hidden_grade_asset, '$.modules.math.progress"
                ".tokens_earned', 5) WHERE id = %s", (learner.id,))
    before = (learner.checksum(), other.checksum())
    reply = admin.api.post("/api/sync/auto-fix", {"planId": plan["id"]})
    job = await_job(db, reply.json()["jobId"], "failed")
    assert job["error"] and job["attempts"] <= 1, job
    assert (learner.checksum(), other.checksum()) == before, "all of a plan, or nothing"


def test_rebuild_json(new_learner, db):
    learner = drifted(new_learner)
    job = await_job(db, insert(db, "rebuild_json", {"userId": learner.id}))
    assert json.loads(job["report"])["authority"] == "columns"
    assert truth.columns_of(db, learner.id) == truth.global_stats_of(db, learner.id) == truth.triple(9, 2, 1)


def test_rollback_of_one_learners_run(new_learner, admin, db):
    learner = drifted(new_learner)
    before = truth.document_of(db, learner.id)
    run = json.loads(await_job(db, insert(db, "sync_user", {"userId": learner.id}))["report"])
    job = await_job(db, insert(db, "rollback_repair", {"runId": run["id"]}))
    assert truth.document_of(db, learner.id) == before
    assert json.loads(job["report"])["rollsBack"] == run["id"]
    again = await_job(db, insert(db, "rollback_repair", {"runId": run["id"]}), "failed")
    assert "rolled back already" in again["error"]
    admin.api.post(f"/api/admin/repairs/{run['id']}/resume")


def test_sample_drift(new_learner, db):
    drifted(new_learner)
    job = await_job(db, insert(db, "sample_drift", {"learners": 50}))
    report = json.loads(job["report"])
    sample = query_one(db, "SELECT * FROM passes WHERE id = %s", (report["passId"],))
    assert sample["kind"] == "sample" and sample["state"] == "done"
    assert 1 <= report["learners"] and report["learners"] == sample["learners"]


@pytest.mark.parametrize("kind, params, said", [
    ("sync_user", None, "userId"),
    ("sync_user", {}, "userId"),
    ("sync_user", {"userId": "seven"}, "userId"),
    ("sync_user", {"userId": 7, "force": True}, "force"),
    ("sync_user", {"userId": 2**62}, "no such learner"),
    ("rebuild_json", {"userId": 2**62}, "no such learner"),
    ("sync_all_users", {"rules": ["no_such_rule"]}, "no_such_rule"),
    ("auto_fix", {"rules": []}, "rules"),
    ("auto_fix", {"planId": 1, "userId": 1}, "userId"),
    ("auto_fix", {"planId": 2**62}, "repair run"),
    ("repair_plan", {"planId": 1}, "planId"),
    ("rollback_repair", {"runId": 2**62}, "repair run"),
    ("rollback_repair", {}, "runId"),
    ("validate", {"userId": 1}, ""),
    ("sample_drift", {"learners": 0}, "learners"),
])
def test_mistakes_are_told_at_once(db, kind, params, said):
    job = await_job(db, insert(db, kind, params), "failed")
    assert said in job["error"] and job["attempts"] <= 1, job


def test_cancelled_before_it_began(new_learner, db):
    learner = drifted(new_learner)
    before = learner.checksum()
    job_id = execute(db, "INSERT INTO sync_jobs (kind, params, cancel_requested) VALUES ('sync_user', %s, 1)",
                     (json.dumps({"userId": learner.id}),))
    await_job(db, job_id, "cancelled")
    assert learner.checksum() == before


def test_the_switch_stops_jobs(new_learner, admin, db):
    learner = drifted(new_learner)
    before = learner.checksum()
    admin.api.post("/api/admin/rules/*/pause")
    try:
        job = await_job(db, insert(db, "auto_fix"), "failed")
        assert job["error"]
        assert learner.checksum() == before
        await_job(db, insert(db, "repair_plan", {"userId": learner.id}))
    finally:
        admin.api.post("/api/admin/rules/*/resume")

