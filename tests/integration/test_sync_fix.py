"""POST /api/sync/auto-fix of one learner: plan, apply, refuse, and everything that makes no sense."""

import json

import pytest

from harness import truth
from harness.database import execute, query, query_one

from drift import STATS, TOTALS, counts_of, drifted, is_repaired, job_of, sound


@pytest.fixture
def fix(admin):
    def post(**body):
        return admin.api.post("/api/sync/auto-fix", body)
    return post


def test_one_learner_is_repaired_at_once(new_learner, admin, fix, db):
    learner = drifted(new_learner)
    reply = fix(userId=learner.id)
    assert reply.status == 200, reply
    value = reply.json()
    run = value["run"]
    assert value["success"] is True and "jobId" not in value and "planId" not in value
    assert run["state"] == "done" and run["kind"] == "repair" and run["dryRun"] is False
    assert run["userId"] == learner.id and run["actor"] == f"user_{admin.id}" and run["rules"] is None
    assert run["learners"] == 1 and run["learnersChanged"] == 1
    counts = counts_of(run)
    assert counts[TOTALS]["before"] >= 1 and counts[TOTALS]["after"] == 0
    assert counts[TOTALS]["changed"] >= 1 and counts[STATS]["changed"] >= 1
    assert {row["userId"] for row in value["rows"]} == {learner.id}
    assert {row["state"] for row in value["rows"]} == {"done"}
    assert is_repaired(db, learner)


def test_the_repair_stands_in_the_history(new_learner, fix, db):
    learner = drifted(new_learner)
    run = fix(userId=learner.id).json()["run"]
    entries = learner.api.get("/api/progress/history").json()["entries"]
    repairs = [entry for entry in entries if entry["kind"] == "repair"]
    assert len(repairs) == 1, entries
    because = json.dumps(repairs[0]["changes"])
    assert f"run {run['id']}" in because and TOTALS in because and STATS in because, because
    total = learner.api.get("/api/progress/history?total=tokens").json()["total"]
    assert total["value"] == total["sum"] == 9


def test_a_sound_learner_is_not_written(new_learner, fix):
    learner = sound(new_learner)
    before = learner.checksum()
    value = fix(userId=learner.id).json()
    assert value["run"]["learnersChanged"] == 0 and value["rows"] == []
    assert learner.checksum() == before
    again = fix(userId=learner.id).json()
    assert again["run"]["id"] != value["run"]["id"]


def test_only_the_named_rules(new_learner, fix, db):
    learner = drifted(new_learner)
    run = fix(userId=learner.id, rules=[STATS]).json()["run"]
    assert run["rules"] == [STATS] and set(counts_of(run)) == {STATS}
    assert truth.global_stats_of(db, learner.id) == truth.triple(9, 2, 1)
    assert "unattributed" not in truth.modules_of(db, learner.id)


def test_a_plan_changes_nothing_and_is_applied_exactly(new_learner, fix, db):
    learner = drifted(new_learner)
    before = learner.checksum()
    reply = fix(userId=learner.id, dryRun=True)
    assert reply.status == 200, reply
    plan = reply.json()
    assert learner.checksum() == before
    assert plan["run"]["state"] == "planned" and plan["planId"] == plan["run"]["id"]
    assert len(plan["digest"]) == 64 and plan["digest"] == plan["run"]["digest"]
    assert plan["rows"] and {row["state"] for row in plan["rows"]} == {"planned"}
    counts = counts_of(plan["run"])
    assert counts[STATS]["changed"] == counts[STATS]["before"] == 1 and counts[STATS]["after"] == 0
    wanted = {(row["table"], row["column"], row["before"], row["after"]) for row in plan["rows"]}

    reply = fix(planId=plan["planId"], digest=plan["digest"])
    assert reply.status == 200, reply
    done = reply.json()
    assert done["run"]["id"] == plan["planId"] and done["run"]["state"] == "done"
    assert {row["state"] for row in done["rows"]} == {"done"}
    assert {(row["table"], row["column"], row["before"], row["after"]) for row in done["rows"]} == wanted
    assert is_repaired(db, learner)
    again = fix(planId=plan["planId"])
    assert again.status == 409, again


def test_the_same_plan_twice_has_the_same_digest(new_learner, fix):
    learner = drifted(new_learner)
    first, second = (fix(userId=learner.id, dryRun=True, rules=[TOTALS]).json() for _ in range(2))
    assert first["planId"] != second["planId"]
    changes = [[{name: row[name] for name in ("table", "key", "column", "before", "after")} for row in plan["rows"]]
               for plan in (first, second)]
    assert changes[0] == changes[1]


@pytest.mark.parametrize("by", ["hand", "answer"])
def test_a_plan_whose_rows_moved_is_refused_whole(new_learner, fix, db, by):
    learner = drifted(new_learner)
    plan = fix(userId=learner.id, dryRun=True).json()
    if by == "answer":
        assert learner.answer("math", True, 5).status == 200
    else:
        execute(db, "UPDATE users SET hidden_grade_asset = JSON_SET(hidden_grade_asset,"
                    " '$.modules.math.progress.tokens_earned', 5) WHERE id = %s", (learner.id,))
    before = learner.checksum()
    reply = fix(planId=plan["planId"])
    assert reply.status == 409, reply
    assert "moved" in reply.json()["message"] or "changed" in reply.json()["message"], reply
    assert learner.checksum() == before


def test_another_digest_is_refused(new_learner, fix):
    learner = drifted(new_learner)
    plan = fix(userId=learner.id, dryRun=True).json()
    before = learner.checksum()
    assert fix(planId=plan["planId"], digest="0" * 64).status == 409
    assert learner.checksum() == before
    assert fix(planId=plan["planId"], digest=plan["digest"]).status == 200


def test_the_other_authority(new_learner, fix, db):
    """'Rebuild the JSON from the table': the columns are right."""
    learner = drifted(new_learner)
    run = fix(userId=learner.id, authority="columns").json()["run"]
    assert run["authority"] == "columns", run
    assert truth.columns_of(db, learner.id) == truth.triple(9, 2, 1)
    assert truth.global_stats_of(db, learner.id) == truth.triple(9, 2, 1)


@pytest.mark.parametrize("body, field", [
    ({"rules": ["no_such_rule"]}, "rules[0]"),
    ({"rules": [TOTALS, "nor_this"]}, "rules[1]"),
    ({"rules": ["document_matches_columns"]}, "rules[0]"),
    ({"rules": [TOTALS], "authority": "columns"}, "rules[0]"),
    ({"planId": 1, "rules": [TOTALS]}, "rules"),
    ({"planId": 1, "userId": 1}, "userId"),
    ({"planId": 1, "dryRun": True}, "dryRun"),
    ({"planId": 1, "authority": "columns"}, "authority"),
    ({"digest": "0" * 64}, "digest"),
])
def test_what_does_not_go_together(fix, body, field):
    reply = fix(**body)
    assert reply.status == 422, reply
    assert field in [error["field"] for error in reply.json()["errors"]], reply
    for name in body.get("rules", []):
        if name.startswith("no"):
            assert name in reply.body.decode("utf-8"), "the unknown rule is named"


@pytest.mark.parametrize("body", [
    {"rules": []}, {"rules": "all"}, {"rules": [7]}, {"userId": 0}, {"userId": "x"}, {"userId": 2**63},
    {"dryRun": "yes"}, {"authority": "rows"}, {"planId": 0}, {"digest": "x", "planId": 1},
])
def test_what_cannot_be_read(fix, body):
    assert fix(**body).status == 400


def test_unknown_learner_and_plan(fix):
    assert fix(userId=2**62).status == 404
    assert fix(planId=2**62).status == 404


def test_a_run_is_no_plan(new_learner, fix):
    learner = drifted(new_learner)
    run = fix(userId=learner.id).json()["run"]
    reply = fix(planId=run["id"])
    assert reply.status == 409, reply


def test_everybody_is_a_job(admin, fix, db):
    """Only that it is accepted: what it does is in test_sync_jobs.py."""
    reply = fix(rules=[STATS], dryRun=True)
    assert reply.status == 202, reply
    value = reply.json()
    assert reply.headers["Location"] == f"/api/admin/jobs/{value['jobId']}"
    job = job_of(db, value["jobId"])
    assert job["kind"] == "repair_plan" and job["created_by"] == f"user_{admin.id}"
    assert json.loads(job["params"])["rules"] == [STATS]
    reply = fix()
    job = job_of(db, reply.json()["jobId"])
    assert reply.status == 202 and job["kind"] == "auto_fix"
    execute(db, "UPDATE sync_jobs SET cancel_requested = 1 WHERE kind IN ('auto_fix', 'repair_plan')"
                " AND state IN ('ready', 'running') AND repeat_every_s IS NULL")


def test_a_pause_of_every_rule_stops_repairs(new_learner, admin, fix, db):
    learner = drifted(new_learner)
    before = learner.checksum()
    assert admin.api.post("/api/admin/rules/*/pause").status == 200
    try:
        for body in ({"userId": learner.id}, {}, {"userId": learner.id, "rules": [TOTALS]}):
            reply = fix(**body)
            assert reply.status == 409, reply
        assert fix(userId=learner.id, dryRun=True).status == 200, "a plan changes nothing"
        learner.progress()
        assert learner.checksum() == before, "reading does not heal either"
    finally:
        assert admin.api.post("/api/admin/rules/*/resume").status == 200
    assert fix(userId=learner.id).status == 200
    assert is_repaired(db, learner)


def test_a_paused_rule_is_left_out(new_learner, admin, fix, db):
    learner = drifted(new_learner)
    assert admin.api.post(f"/api/admin/rules/{TOTALS}/pause").status == 200
    try:
        run = fix(userId=learner.id).json()["run"]
        assert counts_of(run).get(TOTALS, {"changed": 0})["changed"] == 0
        assert "unattributed" not in truth.modules_of(db, learner.id)
        assert truth.global_stats_of(db, learner.id) == truth.triple(9, 2, 1), "the other rule still repairs"
    finally:
        assert admin.api.post(f"/api/admin/rules/{TOTALS}/resume").status == 200
    assert fix(userId=learner.id).status == 200
    assert is_repaired(db, learner)


def test_images_are_what_stood_there(new_learner, fix, db):
    text = '{"modules" : {"math": {"progress": {"tokens_earned": 4.0}}} , "keep": "é\\u00e9"}'
    learner = new_learner(document=text, tokens=9, questions=2, correct=1)
    run = fix(userId=learner.id).json()["run"]
    rows = query(db, "SELECT before_value, column_name FROM repair_rows WHERE run_id = %s AND column_name ="
                     " 'hidden_grade_asset' ORDER BY id", (run["id"],))
    assert rows and rows[0]["before_value"] == text
    last = query_one(db, "SELECT after_value FROM repair_rows WHERE run_id = %s AND column_name ="
                         " 'hidden_grade_asset' ORDER BY id DESC LIMIT 1", (run["id"],))
    assert last["after_value"] == query_one(db, "SELECT hidden_grade_asset AS d FROM users WHERE id = %s",
                                            (learner.id,))["d"]
