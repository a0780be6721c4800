"""GET /api/progress-sync/health and POST /api/progress-sync/repair."""

import uuid

import pytest

from harness.database import execute, query_one
from harness.processes import wait_until

EVENTS = "/api/progress-sync/events"
HEALTH = "/api/progress-sync/health"
REPAIR = "/api/progress-sync/repair"
SYSTEMS = {"video_player", "todo_manager", "calendar_service", "ai_journey", "learning_path_generator", "chat_system"}


def send(learner, activity="v1", source="video_player"):
    reply = learner.api.post(EVENTS, {"id": uuid.uuid4().hex, "eventType": "video_completed", "sourceSystem": source,
                                      "eventData": {"activityId": activity, "completionStatus": "completed"}})
    assert reply.status == 200, (reply, reply.text)
    return reply.json()["eventId"]


def health(api, **query):
    reply = api.get(HEALTH + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else ""))
    assert reply.status == 200, (reply, reply.text)
    return reply.json()


def pairs_of(report, source="video_player"):
    return [pair for pair in report["pairs"] if pair["sourceSystem"] == source]


def wait_since(db, learner, event_id, seconds, tries=1):
    """As if the event's processing had failed so long ago."""
    execute(db, "UPDATE progress_events SET processed = 0, outcome = 'pending', retry_count = %s,"
                " created_at = UTC_TIMESTAMP(3) - INTERVAL %s SECOND WHERE user_id = %s AND id = %s",
            (tries, seconds, learner.id, event_id))


def test_before_anything_was_done(learner):
    before = learner.checksum()
    report = health(learner.api)
    assert (report["status"], report["userId"], report["pairs"]) == ("healthy", learner.id, [])
    assert learner.checksum() == before, "reading writes nothing"


def test_an_event_goes_from_its_system_to_all_others(learner):
    send(learner)
    report = health(learner.api)
    assert report["status"] == "healthy"
    assert {pair["targetSystem"] for pair in report["pairs"]} == SYSTEMS - {"video_player"}
    for pair in report["pairs"]:
        assert pair["sourceSystem"] == "video_player" and pair["lastSync"] is not None
        assert (pair["status"], pair["pending"], pair["conflicts"]) == ("healthy", 0, 0) and 0 <= pair["delayMs"] < 2000
    send(learner, "v2", "chat_system")
    assert len(pairs_of(health(learner.api), "chat_system")) == 5 and len(health(learner.api)["pairs"]) == 10


@pytest.mark.parametrize("seconds, tries, status", [(1, 1, "healthy"), (30, 1, "delayed"), (400, 1, "failed"),
                                                    (30, 8, "failed")])
def test_what_waits_too_long_shows(learner, db, seconds, tries, status):
    wait_since(db, learner, send(learner), seconds, tries)
    send(learner, "v2", "chat_system")
    report = health(learner.api)
    assert report["status"] == status
    for pair in pairs_of(report):
        assert (pair["status"], pair["pending"]) == (status, 1)
        assert seconds * 1000 <= pair["delayMs"] < seconds * 1000 + 5000
    assert all(pair["status"] == "healthy" for pair in pairs_of(report, "chat_system"))


def test_how_long_it_took_in_the_end(learner, db):
    wait_since(db, learner, send(learner), 30)
    send(learner, "v2")
    stored = "SELECT sync_status, pending_events_count, last_delay_ms FROM system_sync_status" \
             " WHERE user_id = %s AND source_system = 'video_player'"
    before = query_one(db, stored, (learner.id,))
    assert (before["sync_status"], before["pending_events_count"]) == ("delayed", 1)
    execute(db, "UPDATE progress_events SET processed = 1, outcome = 'applied' WHERE user_id = %s", (learner.id,))
    send(learner, "v3")
    after = query_one(db, stored, (learner.id,))
    assert (after["sync_status"], after["pending_events_count"]) == ("healthy", 0)
    assert 30000 <= after["last_delay_ms"] < 40000
    assert all(30000 <= pair["delayMs"] < 40000 for pair in pairs_of(health(learner.api)))


def contradict(learner):
    """Two systems that do not agree on what became of an activity."""
    reply = [learner.api.post(EVENTS, {"id": uuid.uuid4().hex, "eventType": "video_completed", "sourceSystem": source,
                                       "eventData": {"activityId": "v1", "completionStatus": status}})
             for source, status in (("video_player", "completed"), ("chat_system", "failed"))][-1]
    assert reply.json()["status"] == "conflict", reply.body
    return reply.json()["conflicts"][0]["id"]


def test_a_conflict_shows_until_it_is_resolved(learner, db):
    conflict_id = contradict(learner)
    sources = {"video_player", "chat_system"}

    def stored():
        return query_one(db, "SELECT GROUP_CONCAT(source_system) AS sources FROM system_sync_status WHERE user_id = %s"
                             " AND sync_status = 'conflict'", (learner.id,))["sources"]
    report = health(learner.api)
    assert report["status"] == "conflict"
    assert {pair["sourceSystem"] for pair in report["pairs"]} == sources
    assert {(pair["status"], pair["conflicts"]) for pair in report["pairs"]} == {("conflict", 1)}
    send(learner, "v2")
    send(learner, "v3", "calendar_service")
    assert set(stored().split(",")) == sources
    reply = learner.api.post(f"/api/progress-sync/conflicts/{conflict_id}/resolve", {"resolutionType": "use_latest"})
    assert reply.status == 200, reply.body
    assert health(learner.api)["status"] == "healthy" and stored() is None


def test_of_everybody(learner, admin, db):
    wait_since(db, learner, send(learner), 30)
    report = health(admin.api)
    assert "userId" not in report and len(report["pairs"]) == 30
    for pair in pairs_of(report):
        assert pair["pending"] >= 1 and pair["status"] in ("delayed", "failed") and pair["lastSync"] is not None
        assert pair["delayMs"] >= 30000
    assert report["status"] in ("delayed", "failed")
    one = health(admin.api, userId=learner.id)
    assert one["userId"] == learner.id and one["status"] == "delayed" and len(one["pairs"]) == 5
    execute(db, "UPDATE progress_events SET processed = 1, outcome = 'applied' WHERE user_id = %s", (learner.id,))


def test_whose_it_may_be(learner, new_learner, admin):
    other = new_learner()
    assert health(learner.api, userId=learner.id)["userId"] == learner.id
    assert learner.api.get(f"{HEALTH}?userId={other.id}").status == 403
    assert learner.api.get(f"{HEALTH}?userId=x").status == 400
    assert admin.api.get(f"{HEALTH}?userId={2**62}").status == 404
    assert learner.api.post(REPAIR, {"inconsistencyTypes": ["data_inconsistency"], "userId": other.id}).status == 403


# --- repair ---------------------------------------------------------------------------------------------


def total(db, learner):
    return query_one(db, "SELECT total_activities FROM user_progress_summary WHERE user_id = %s",
                     (learner.id,))["total_activities"]


@pytest.fixture
def drifted(learner, db):
    send(learner)
    execute(db, "UPDATE user_progress_summary SET total_activities = 99 WHERE user_id = %s", (learner.id,))
    return learner


def repair(api, status=200, **body):
    reply = api.post(REPAIR, body)
    assert reply.status == status, (reply, reply.text)
    return reply.json()


@pytest.mark.parametrize("more", [{}, {"dryRun": True}, {"autoRepair": True, "dryRun": True}])
def test_without_being_asked_to_it_only_says_what_it_would_do(drifted, db, more):
    before = drifted.checksum()
    reply = repair(drifted.api, inconsistencyTypes=["data_inconsistency"], **more)
    assert reply["run"]["dryRun"] is True and reply["planId"] == reply["run"]["id"]
    assert [(row["rule"], row["column"], row["before"], row["after"]) for row in reply["rows"]] == [
        ("summary_matches_events", "total_activities", "99", "1")]
    assert total(db, drifted) == 99 and drifted.checksum() == before


@pytest.mark.parametrize("kind", ["data_inconsistency", "duplicate_event", "summary_matches_events"])
def test_it_repairs_what_it_is_asked_to(drifted, db, kind):
    reply = repair(drifted.api, inconsistencyTypes=[kind], autoRepair=True)
    assert reply["run"]["userId"] == drifted.id and reply["run"]["learnersChanged"] == 1
    assert total(db, drifted) == 1
    assert repair(drifted.api, inconsistencyTypes=[kind], autoRepair=True)["run"]["learnersChanged"] == 0


def test_it_leaves_alone_what_it_is_not_asked_to(drifted, db):
    repair(drifted.api, inconsistencyTypes=["timestamp_mismatch"], autoRepair=True)
    assert total(db, drifted) == 99


def test_what_is_unknown_is_refused_by_naming_what_is_known(learner, admin):
    reply = learner.api.post(REPAIR, {"inconsistencyTypes": ["data_inconsistency", "gremlins"], "autoRepair": True})
    assert reply.status == 422
    problem = reply.json()
    assert [error["field"] for error in problem["errors"]] == ["inconsistencyTypes[1]"]
    for known in ("data_inconsistency", "completion_status_conflict", "timestamp_mismatch", "duplicate_event",
                  "failed_event"):
        assert known in problem["detail"]
    assert learner.api.post(REPAIR, {}).status == 400
    assert learner.api.post(REPAIR, {"inconsistencyTypes": []}).status == 400
    other_rule = {"inconsistencyTypes": ["totals_cover_attempts"], "userId": learner.id}
    assert admin.api.post(REPAIR, other_rule).status == 200
    assert learner.api.post(REPAIR, other_rule).status == 422, "no rule about events"


def test_an_administrator_repairs_another_or_everybody(drifted, admin, db):
    one = repair(admin.api, inconsistencyTypes=["data_inconsistency"], userId=drifted.id, autoRepair=True)
    assert one["run"]["userId"] == drifted.id and total(db, drifted) == 1
    everybody = repair(admin.api, 202, inconsistencyTypes=["data_inconsistency"])
    assert query_one(db, "SELECT kind FROM sync_jobs WHERE id = %s", (everybody["jobId"],))["kind"] == "repair_plan"


# --- metrics --------------------------------------------------------------------------------------------


def figure(text, name):
    (line,) = [line for line in text.splitlines() if line.startswith(name + " ")]
    return float(line.split()[1])


def test_metrics_tell_what_becomes_of_events_and_what_waits(learner, admin, db):
    def metrics():
        return admin.api.get("/metrics").body.decode()

    before = metrics()
    event_id = send(learner)
    refused = learner.api.post(EVENTS, {"events": [{"eventType": "nonsense"}, {"eventType": "video_completed"}]})
    assert refused.status == 207, refused
    after = metrics()
    for status, more in (("applied", 1), ("rejected", 2), ("conflict", 0)):
        name = f'lockstep_events_total{{status="{status}"}}'
        assert figure(after, name) - figure(before, name) == more, status
    wait_since(db, learner, event_id, 30)
    try:
        wait_until(lambda: figure(metrics(), "lockstep_events_pending") >= 1, "the figures")
        text = metrics()
        assert figure(text, "lockstep_events_pending_seconds") >= 30
        assert figure(text, "lockstep_conflicts_open") >= 0
    finally:
        execute(db, "UPDATE progress_events SET processed = 1, outcome = 'applied' WHERE user_id = %s", (learner.id,))
