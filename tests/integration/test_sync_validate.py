"""GET /api/sync/validate, /api/admin/rules, /api/admin/score-history."""

import pytest

from harness.database import execute, query_one

from drift import STATS, TOTALS, await_job, drifted, sound


def rules_of(reply):
    assert reply.status in (200, 202), reply
    return {rule["name"]: rule for rule in reply.json()["rules"]}


def test_one_learner_now(new_learner, admin):
    learner = drifted(new_learner)
    before = learner.checksum()
    reply = admin.api.get(f"/api/sync/validate?userId={learner.id}")
    value = reply.json()
    rules = rules_of(reply)
    assert value["userId"] == learner.id and value["learners"] == 1 and value["learnersInBreach"] == 1
    assert value["asOf"] and 0.01 <= value["score"] < 1
    assert rules[TOTALS]["state"] == rules[STATS]["state"] == "breached"
    assert rules[TOTALS]["severity"] in ("info", "warning", "critical") and rules[TOTALS]["summary"]
    rows = rules[TOTALS]["rows"]
    assert rows and all(row["userId"] == learner.id and row["table"] == "users" for row in rows)
    assert rows[0]["key"] == {"id": learner.id}
    assert learner.checksum() == before, "looking changes nothing"


def test_a_sound_learner(new_learner, admin):
    learner = sound(new_learner)
    value = admin.api.get(f"/api/sync/validate?userId={learner.id}").json()
    assert value["score"] == 1 and value["learnersInBreach"] == 0
    assert {rule["state"] for rule in value["rules"]} <= {"holds", "paused"}
    assert all(rule["rows"] == [] and rule["breaches"] == 0 for rule in value["rules"])


def test_the_score_counts_rules(new_learner, admin):
    """One less the share of the rules that apply which are in breach."""
    learner = drifted(new_learner)
    value = admin.api.get(f"/api/sync/validate?userId={learner.id}").json()
    breached = [rule for rule in value["rules"] if rule["breaches"] > 0]
    known = [rule for rule in value["rules"] if rule["state"] in ("holds", "breached")]
    assert abs(value["score"] - max(0.01, 1 - len(breached) / len(known))) < 0.0001


@pytest.mark.parametrize("query", ["userId=0", "userId=x", f"userId={2**63}", "refresh=maybe", "userId=1&userId=2"])
def test_odd_questions(admin, query):
    assert admin.api.get(f"/api/sync/validate?{query}").status == 400


def test_an_unknown_learner(admin):
    assert admin.api.get(f"/api/sync/validate?userId={2**62}").status == 404


def test_a_pass_over_everybody(new_learner, admin, db, sync_worker):
    learner = drifted(new_learner)
    clean = sound(new_learner)
    before = (learner.checksum(), clean.checksum())
    reply = admin.api.get("/api/sync/validate?refresh=1")
    assert reply.status == 202, reply
    job_id = reply.json()["jobId"]
    assert reply.headers["Location"] == f"/api/admin/jobs/{job_id}"
    job = await_job(db, job_id)
    assert admin.api.get(reply.headers["Location"]).status == 200
    assert job["kind"] == "validate" and 2 <= job["done_units"] <= job["total_units"], "those who are gone aside"
    value = admin.api.get("/api/sync/validate").json()
    rules = {rule["name"]: rule for rule in value["rules"]}
    assert value["asOf"] and "jobId" not in value
    assert value["passId"] == job["subject_id"]
    assert value["learnersInBreach"] >= 1 and 0.01 <= value["score"] <= 1
    assert rules[TOTALS]["state"] == "breached" and rules[TOTALS]["learners"] >= 1
    assert 1 <= len(rules[TOTALS]["rows"]) <= 20
    assert abs(value["score"] - max(0.01, 1 - value["learnersInBreach"] / value["learners"])) < 0.001
    assert (learner.checksum(), clean.checksum()) == before

    scores = admin.api.get("/api/admin/score-history?limit=1").json()
    assert scores["scores"][0]["passId"] == value["passId"]
    assert scores["scores"][0]["score"] == value["score"] and scores["scores"][0]["asOf"] == value["asOf"]
    assert scores["nextAfter"] == value["passId"]
    older = admin.api.get(f"/api/admin/score-history?after={scores['nextAfter']}").json()["scores"]
    assert all(score["passId"] < value["passId"] for score in older)


def test_asked_twice_it_is_one_pass(admin, db):
    execute(db, "INSERT INTO sync_jobs (kind, run_at, dedupe_key) VALUES"
                " ('validate', '2099-01-01', 'validate:refresh')")
    planted = query_one(db, "SELECT id FROM sync_jobs WHERE active_key = 'validate:refresh'")["id"]
    try:
        assert admin.api.get("/api/sync/validate?refresh=1").json()["jobId"] == planted
    finally:
        execute(db, "DELETE FROM sync_jobs WHERE id = %s", (planted,))


def test_the_rules(admin):
    value = admin.api.get("/api/admin/rules").json()
    assert value["enabled"] is True and value["problems"] == []
    rules = {rule["name"]: rule for rule in value["rules"]}
    assert rules[TOTALS]["onRead"] == "progress" and rules[TOTALS]["state"] == "active"
    assert rules[TOTALS]["authority"] == "modules" and rules[TOTALS]["ofSite"] is False
    orders = [rule["order"] for rule in value["rules"]]
    assert orders == sorted(orders), "in the order of their repairs"


def test_a_pause_and_its_end(admin, db):
    path = f"/api/admin/rules/{STATS}"
    assert admin.api.post(f"{path}/pause").status == 200
    assert admin.api.post(f"{path}/pause").status == 200, "twice is once"
    try:
        listed = {rule["name"]: rule for rule in admin.api.get("/api/admin/rules").json()["rules"]}[STATS]
        assert listed["state"] == "paused" and listed["pausedBy"] == f"user_{admin.id}" and listed["pausedAt"]
        shown = {rule["name"]: rule for rule in admin.api.get("/api/sync/validate").json()["rules"]}[STATS]
        assert shown["state"] == "paused"
    finally:
        assert admin.api.post(f"{path}/resume").status == 200
    listed = {rule["name"]: rule for rule in admin.api.get("/api/admin/rules").json()["rules"]}[STATS]
    assert listed["state"] == "active" and "pausedBy" not in listed


def test_the_switch_in_the_list(admin):
    assert admin.api.post("/api/admin/rules/*/pause").status == 200
    try:
        value = admin.api.get("/api/admin/rules").json()
        assert value["enabled"] is False and {rule["state"] for rule in value["rules"]} == {"paused"}
    finally:
        assert admin.api.post("/api/admin/rules/*/resume").status == 200
    assert admin.api.get("/api/admin/rules").json()["enabled"] is True


@pytest.mark.parametrize("name", ["no_such_rule", "7", "a%20b", "x" * 200, "user_totals_match_modules%00"])
def test_pausing_what_is_no_rule(admin, name):
    for verb in ("pause", "resume"):
        assert admin.api.post(f"/api/admin/rules/{name}/{verb}").status in (400, 404)


def test_score_history_refuses_nonsense(admin):
    for query in ("limit=0", "limit=201", "after=-1", "after=x"):
        assert admin.api.get(f"/api/admin/score-history?{query}").status == 400
