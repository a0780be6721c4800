"""/api/admin/repairs: what was repaired, undone, left alone, and repaired again."""

import pytest

from harness import truth

from drift import TOTALS, drifted, is_repaired, pauses, sound


@pytest.fixture
def fix(admin):
    def post(**body):
        reply = admin.api.post("/api/sync/auto-fix", body)
        assert reply.status == 200, reply
        return reply.json()
    return post


def act(admin, run_id, verb):
    return admin.api.post(f"/api/admin/repairs/{run_id}/{verb}")


def content(db, learner):
    """Everything of the learner's row but what says that it was written."""
    row = dict(truth.user_row(db, learner.id))
    for name in ("revision", "updated_at"):
        row.pop(name)
    return row


def test_the_whole_circle(new_learner, admin, fix, db):
    """Repaired, rolled back byte for byte, left alone by the next, resumed, repaired again."""
    learner = drifted(new_learner)
    drift = content(db, learner)
    run = fix(userId=learner.id)["run"]
    assert is_repaired(db, learner)

    reply = act(admin, run["id"], "rollback")
    assert reply.status == 200, reply
    undone = reply.json()
    assert undone["run"]["kind"] == "rollback" and undone["run"]["rollsBack"] == run["id"]
    assert undone["run"]["state"] == "done" and undone["run"]["learnersChanged"] == 1
    assert content(db, learner) == drift
    shown = admin.api.get(f"/api/admin/repairs/{run['id']}").json()
    assert shown["run"]["rolledBackBy"] == undone["run"]["id"]
    assert {row["user_id"] for row in pauses(db) if row["run_id"] == undone["run"]["id"]} == {learner.id}

    before = learner.checksum()
    again = fix(userId=learner.id)["run"]
    assert again["learnersChanged"] == 0
    assert sum(count["paused"] for count in again["counts"]) >= 1
    learner.progress()
    assert learner.checksum() == before, "reading does not undo the undoing"
    looked = admin.api.get(f"/api/sync/validate?userId={learner.id}").json()
    by_name = {rule["name"]: rule for rule in looked["rules"]}
    assert by_name[TOTALS]["state"] == "breached" and by_name[TOTALS]["paused"] >= 1

    reply = act(admin, run["id"], "resume")
    assert reply.status == 200 and reply.json()["ended"] >= 1, reply
    assert [row for row in pauses(db) if row["run_id"] == undone["run"]["id"]] == []
    assert fix(userId=learner.id)["run"]["learnersChanged"] == 1
    assert is_repaired(db, learner)


def test_history_tells_both_and_adds_up(new_learner, admin, fix):
    learner = drifted(new_learner)
    run = fix(userId=learner.id)["run"]
    assert act(admin, run["id"], "rollback").status == 200
    entries = learner.api.get("/api/progress/history").json()["entries"]
    text = str([entry["changes"] for entry in entries])
    assert f"run {run['id']}, rule" in text and f"rollback of run {run['id']}" in text, entries
    total = learner.api.get("/api/progress/history?total=tokens").json()["total"]
    assert total["value"] == total["sum"] == 9
    act(admin, run["id"], "resume")


def test_what_was_changed_since_stays(new_learner, admin, fix, db):
    learner = drifted(new_learner)
    run = fix(userId=learner.id)["run"]
    assert learner.answer("math", True, 5).status == 200
    before = content(db, learner)
    reply = act(admin, run["id"], "rollback")
    assert reply.status == 200, reply
    value = reply.json()
    moved = [row for row in value["rows"] if row["state"] == "moved"]
    assert moved and all(row["changedBy"] for row in moved), value
    listed = admin.api.get(f"/api/admin/repairs/{value['run']['id']}?state=moved").json()["rows"]
    assert listed == moved
    assert truth.columns_of(db, learner.id) == truth.triple(14, 3, 2), "the answer stays"
    assert content(db, learner) == before
    act(admin, run["id"], "resume")


def test_resume_by_the_rollbacks_own_number(new_learner, admin, fix, db):
    learner = drifted(new_learner)
    run = fix(userId=learner.id)["run"]
    undone = act(admin, run["id"], "rollback").json()["run"]
    assert act(admin, undone["id"], "resume").json()["ended"] >= 1
    assert fix(userId=learner.id)["run"]["learnersChanged"] == 1
    assert is_repaired(db, learner)


def test_a_rolled_back_rule_is_resumed_with_its_rows(new_learner, admin, fix, db):
    learner = drifted(new_learner)
    run = fix(userId=learner.id, rules=[TOTALS])["run"]
    act(admin, run["id"], "rollback")
    assert admin.api.post(f"/api/admin/rules/{TOTALS}/resume", {}).status == 200
    assert fix(userId=learner.id, rules=[TOTALS])["run"]["learnersChanged"] == 0, "its rows stay paused"
    assert admin.api.post(f"/api/admin/rules/{TOTALS}/resume", {"rowsToo": True}).status == 200
    assert fix(userId=learner.id)["run"]["learnersChanged"] == 1
    assert is_repaired(db, learner)


def test_what_cannot_be_rolled_back(new_learner, admin, fix, db):
    learner = drifted(new_learner)
    plan = fix(userId=learner.id, dryRun=True)
    reply = act(admin, plan["planId"], "rollback")
    assert reply.status == 409 and "plan" in reply.json()["message"], reply
    run = fix(userId=learner.id)["run"]
    assert act(admin, run["id"], "resume").status == 409, "it was not rolled back"
    undone = act(admin, run["id"], "rollback").json()["run"]
    reply = act(admin, run["id"], "rollback")
    assert reply.status == 409 and str(undone["id"]) in reply.json()["message"], reply
    assert act(admin, undone["id"], "rollback").status == 409
    for verb in ("rollback", "resume"):
        for unknown in (2**62, 0, "x", -1, "1.5"):
            assert act(admin, unknown, verb).status == 404
    act(admin, run["id"], "resume")


def test_an_applied_plan_can_be_rolled_back(new_learner, admin, fix, db):
    learner = drifted(new_learner)
    drift = content(db, learner)
    plan = fix(userId=learner.id, dryRun=True)
    fix(planId=plan["planId"], digest=plan["digest"])
    assert is_repaired(db, learner)
    assert act(admin, plan["planId"], "rollback").status == 200
    assert content(db, learner) == drift
    act(admin, plan["planId"], "resume")


def test_a_rollback_is_a_repair_that_the_switch_stops(new_learner, admin, fix):
    learner = drifted(new_learner)
    run = fix(userId=learner.id)["run"]
    before = learner.checksum()
    admin.api.post("/api/admin/rules/*/pause")
    try:
        assert act(admin, run["id"], "rollback").status == 409
        assert learner.checksum() == before
    finally:
        admin.api.post("/api/admin/rules/*/resume")


def test_the_list_in_pages(new_learner, admin, fix):
    made = [fix(userId=sound(new_learner).id)["run"]["id"] for _ in range(3)]
    first = admin.api.get("/api/admin/repairs?limit=2").json()
    assert [run["id"] for run in first["repairs"]] == [made[2], made[1]]
    assert all("counts" not in run for run in first["repairs"])
    second = admin.api.get(f"/api/admin/repairs?limit=2&after={first['nextAfter']}").json()
    assert second["repairs"][0]["id"] == made[0]
    for query_string in ("limit=0", "limit=201", "after=x"):
        assert admin.api.get(f"/api/admin/repairs?{query_string}").status == 400


def test_the_rows_in_pages(new_learner, admin, fix, db):
    learner = drifted(new_learner)
    run = fix(userId=learner.id)["run"]
    whole = admin.api.get(f"/api/admin/repairs/{run['id']}").json()
    assert whole["nextAfter"] is None and len(whole["rows"]) >= 2
    assert whole["run"]["counts"] == run["counts"]
    paged, after = [], None
    for _ in range(len(whole["rows"]) + 1):
        page = admin.api.get(f"/api/admin/repairs/{run['id']}?limit=1" + (f"&after={after}" if after else "")).json()
        paged += page["rows"]
        after = page["nextAfter"]
        if after is None:
            break
    assert paged == whole["rows"]
    assert admin.api.get(f"/api/admin/repairs/{run['id']}?state=moved").json()["rows"] == []
    assert admin.api.get(f"/api/admin/repairs/{run['id']}?state=done").json()["rows"] == whole["rows"]
    for bad in ("after=7", "after=7:x", "after=:", "after=7:1:2", "state=gone", "limit=0"):
        assert admin.api.get(f"/api/admin/repairs/{run['id']}?{bad}").status == 400, bad


def test_an_unknown_run(admin):
    for unknown in (2**62, "x", 0):
        assert admin.api.get(f"/api/admin/repairs/{unknown}").status == 404


def test_a_run_of_one_learner_touches_nobody_else(new_learner, admin, fix, db):
    one, other = drifted(new_learner), drifted(new_learner)
    run = fix(userId=one.id)["run"]
    rows = admin.api.get(f"/api/admin/repairs/{run['id']}").json()["rows"]
    assert {row["userId"] for row in rows} == {one.id}
    assert not is_repaired(db, other)
