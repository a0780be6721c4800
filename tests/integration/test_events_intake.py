"""Progress events on their way in: what is taken, counted, known again and refused."""

import datetime
import decimal
import uuid

from harness.database import execute, query, query_one

UTC = datetime.timezone.utc
NOW = datetime.datetime.now(UTC).replace(microsecond=0)
PATH = "/api/progress-sync/events"


def iso(**ago):
    """A moment so long ago."""
    return (NOW - datetime.timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def event(activity="video456", kind="video_completed", source="video_player", ago=None, **data):
    body = {"id": f"e-{uuid.uuid4().hex}", "eventType": kind, "sourceSystem": source,
            "eventData": {"activityId": activity, **data}}
    if ago is not None:
        body["timestamp"] = iso(**ago)
    return body


def send(learner, *events, status=None, **headers):
    body = events[0] if len(events) == 1 else {"events": list(events)}
    reply = learner.api.post(PATH, body, headers=headers or None)
    assert reply.status == (status or 200), (reply, reply.text)
    return reply.json()


def summary(db, learner):
    return query_one(db, "SELECT total_activities, completed_activities, in_progress_activities, percentage_complete,"
                         " total_time_spent, completed_videos, completed_practices FROM user_progress_summary"
                         " WHERE user_id = %s", (learner.id,))


def test_an_event_is_stored_and_counted(new_learner, db):
    learner = new_learner()
    sent = event(completionStatus="completed", timeSpent=12.5, activityType="video")
    result = send(learner, sent)
    assert result["eventId"] == sent["id"] and result["status"] == "applied" and result["errors"] == []
    stored = query_one(db, "SELECT revision, outcome, processed, activity_type, activity_id, time_spent"
                           " FROM progress_events WHERE user_id = %s AND id = %s", (learner.id, sent["id"]))
    assert stored == {"revision": result["revision"], "outcome": "applied", "processed": 1,
                      "activity_type": "video", "activity_id": "video456", "time_spent": decimal.Decimal("12.50")}
    assert summary(db, learner) == {
        "total_activities": 1, "completed_activities": 1, "in_progress_activities": 0,
        "percentage_complete": decimal.Decimal("100.00"), "total_time_spent": decimal.Decimal("12.50"),
        "completed_videos": 1, "completed_practices": 0}
    assert query(db, "SELECT activity, count FROM practice_days WHERE user_id = %s", (learner.id,)) == [
        {"activity": "event", "count": 1}]


def test_a_repeat_gets_the_first_reply(new_learner, db):
    learner = new_learner()
    sent = event(completionStatus="completed")
    first = send(learner, sent)
    assert send(learner, sent) == first
    other = {**sent, "eventData": {**sent["eventData"], "timeSpent": 3}}
    refused = learner.api.post(PATH, other)
    assert refused.status == 422 and refused.json()["errors"][0]["field"] == "id"
    batch = send(learner, sent, other, event("v2"), status=207)
    assert [item["status"] for item in batch["results"]] == ["applied", "rejected", "applied"]
    assert batch["results"][0] == first
    assert summary(db, learner)["total_activities"] == 2


def test_what_cannot_be_read_is_told_by_field(new_learner):
    learner = new_learner()

    def fields(body, status):
        reply = learner.api.post(PATH, body)
        assert reply.status == status, (reply, reply.text)
        return sorted(problem["field"] for problem in reply.json()["errors"])

    assert fields({}, 400) == ["eventData", "eventType", "sourceSystem"]
    assert fields({**event(), "eventType": "danced"}, 400) == ["eventType"]
    assert fields(event(None), 400) == ["eventData.activityId"]
    for unreadable in ("a b", "a/b", "a%b", "..", "\u00e9"):
        assert fields({**event(), "id": unreadable}, 400) == ["id"], "it could not be read back"
    assert fields({**event(), "id": "rule:x"}, 422) == ["id"]
    assert fields(event(timeSpent=100001), 400) == ["eventData.timeSpent"]
    assert fields(event("s1", "skill_assessed"), 400) == ["eventData.skillProgress"]
    assert fields(event("p", "path_progress_updated"), 400) == ["eventData.pathProgress"]
    video = {"videoId": "video456", "percentageWatched": 101}
    assert fields(event(videoProgress=video), 422) == ["eventData.videoProgress.percentageWatched"]
    assert fields(event("other", videoProgress={"videoId": "v"}), 422) == ["eventData.videoProgress.videoId"]
    entry = {"scheduleId": "c1", "actualStartTime": iso(hours=1), "actualEndTime": iso(hours=2)}
    assert fields(event("c1", "schedule_completed", scheduleProgress=entry), 422) == [
        "eventData.scheduleProgress.actualEndTime"]
    step = {"pathId": "p", "stepId": "s", "stepIndex": 4, "totalSteps": 3}
    assert fields(event(None, "path_progress_updated", pathProgress=step), 422) == [
        "eventData.pathProgress.stepIndex"]
    for blank in (" ", "ends with one "):
        # the tables take it for the id without
        assert fields(event(blank), 400) == ["eventData.activityId"]
        for kind, part, name, more in (
                ("video_completed", "videoProgress", "videoId", {}), ("todo_completed", "todoProgress", "todoId", {}),
                ("schedule_completed", "scheduleProgress", "scheduleId", {}),
                ("path_progress_updated", "pathProgress", "pathId", {"stepId": "s"}),
                ("path_progress_updated", "pathProgress", "stepId", {"pathId": "p"}),
                ("skill_assessed", "skillProgress", "skillId", {"newLevel": "expert"})):
            assert fields(event(None, kind, **{part: {name: blank, **more}}), 400) == [f"eventData.{part}.{name}"]
        step = {"pathId": "p", "stepId": "s", "skillsLearned": [blank]}
        assert fields(event(None, "path_progress_updated", pathProgress=step), 400) == [
            "eventData.pathProgress.skillsLearned"]
    assert fields(event(ago={"minutes": -10}), 422) == ["timestamp"]
    assert fields(event(completedAt=iso(days=91)), 422) == ["eventData.completedAt"]
    bad = [7, {}, {**event(), "eventType": "danced"}, event(timeSpent=-1), event("s1", "skill_assessed")]
    batch = send(learner, event("good"), *bad, status=207)
    assert [[problem.get("field") for problem in item["errors"]] for item in batch["results"]] == [
        [], [None], ["eventType", "sourceSystem", "eventData"], ["eventType"], ["eventData.timeSpent"],
        ["eventData.skillProgress"]]
    assert all(problem["message"] for item in batch["results"] for problem in item["errors"])
    assert fields({"events": []}, 400) == ["events"]
    assert fields({"events": [event()] * 1001}, 400) == ["events"]


def test_an_activity_is_told_by_the_events_own_part(new_learner, db):
    learner = new_learner()
    step = {"pathId": "p1", "stepId": "s1"}
    skill = {"skillId": "sql", "newLevel": "expert"}
    batch = send(
        learner,
        event(None, videoProgress={"videoId": "v1", "timeWatched": 90}),
        event(None, "todo_completed", "todo_manager", todoProgress={"todoId": "t1"}),
        event(None, "schedule_completed", "calendar_service", scheduleProgress={"scheduleId": "c1"}),
        event("m1", "milestone_reached", "ai_journey"),
        event(None, "skill_assessed", "ai_journey", skillProgress=skill),
        event(None, "path_progress_updated", "learning_path_generator", pathProgress=step))
    assert batch["success"]
    rows = query(db, "SELECT activity_type, activity_id, status, time_spent FROM activities WHERE user_id = %s"
                     " ORDER BY activity_type, activity_id", (learner.id,))
    assert [(row["activity_type"], row["activity_id"]) for row in rows] == [
        ("milestone", "m1"), ("practice", "c1"), ("practice", "p1/s1"), ("practice", "t1"), ("quiz", "sql"),
        ("video", "v1")]
    assert {row["status"] for row in rows} == {"completed"}
    assert rows[-1]["time_spent"] == decimal.Decimal("1.50")


def test_the_longest_of_a_day_counts_and_completed_stays(new_learner, db):
    learner = new_learner()

    def step(status, minutes, **ago):
        return event("v", completionStatus=status, timeSpent=minutes, ago=ago)

    send(learner, step("started", 0, days=3))
    send(learner, step("in_progress", 10, days=3))
    assert summary(db, learner)["in_progress_activities"] == 1
    send(learner, step("completed", 25.25, days=1))
    send(learner, step("in_progress", 7, hours=0))
    row = query_one(db, "SELECT status, time_spent FROM activities WHERE user_id = %s", (learner.id,))
    assert row == {"status": "completed", "time_spent": decimal.Decimal("42.25")}
    send(learner, event("w", completionStatus="skipped"), event("x", completionStatus="failed"),
         event("y", completionStatus="skipped"))
    sums = summary(db, learner)
    assert (sums["total_activities"], sums["completed_activities"], sums["in_progress_activities"]) == (4, 1, 1)
    assert sums["percentage_complete"] == decimal.Decimal("25.00")
    days = query(db, "SELECT count FROM practice_days WHERE user_id = %s ORDER BY day", (learner.id,))
    assert [row["count"] for row in days] == [2, 1, 2], "what was skipped is no practice"


def test_a_batch_is_taken_item_by_item(new_learner, db):
    learner = new_learner()
    good = event("v1")
    batch = send(learner, good, {"eventType": "video_completed"}, {**good, "eventData": {"activityId": "v9"}},
                 good, event("v2"), status=207)
    assert [item["status"] for item in batch["results"]] == ["applied", "rejected", "rejected", "applied", "applied"]
    assert not batch["success"] and batch["results"][0] == batch["results"][3]
    assert "sourceSystem" in [problem["field"] for problem in batch["results"][1]["errors"]]
    assert batch["results"][2]["errors"] == [
        {"field": "id", "message": "was already used for an event with other content"}]
    rows = query(db, "SELECT position, revision FROM progress_events WHERE user_id = %s ORDER BY position",
                 (learner.id,))
    assert rows == [{"position": 0, "revision": batch["revision"]}, {"position": 4, "revision": batch["revision"]}]
    assert len(query(db, "SELECT 1 FROM ledger WHERE user_id = %s", (learner.id,))) == 1


def test_a_key_knows_a_batch_again(new_learner, db):
    learner = new_learner()
    headers = {"Idempotency-Key": f"k-{uuid.uuid4().hex}"}
    events = [{**event(f"v{at}"), "id": None} for at in range(3)]
    first = learner.api.post(PATH, {"events": events}, headers=headers)
    again = learner.api.post(PATH, {"events": events}, headers=headers)
    assert first.status == 200 and first.json() == again.json()
    assert learner.api.post(PATH, {"events": events[:2]}, headers=headers).status == 422
    alone = {"Idempotency-Key": f"k-{uuid.uuid4().hex}"}
    single = [learner.api.post(PATH, {**event("w"), "id": None}, headers=alone).json() for _ in range(2)]
    assert single[0] == single[1]
    assert summary(db, learner)["total_activities"] == 4


def test_a_key_does_not_take_a_mended_batch_for_the_broken_one(new_learner):
    """Also where it was mended by leaving out what could not be read."""
    learner = new_learner()
    for spoiled in ({"timestamp": "yesterday"}, {"id": "a b"}):
        headers = {"Idempotency-Key": f"k-{uuid.uuid4().hex}"}
        good = event(f"v-{uuid.uuid4().hex}")
        mended = {name: value for name, value in event("w").items() if name not in spoiled}
        batch = {"events": [good, {**mended, **spoiled}]}
        first = learner.api.post(PATH, batch, headers=headers)
        assert [item["status"] for item in first.json()["results"]] == ["applied", "rejected"]
        assert learner.api.post(PATH, batch, headers=headers).json() == first.json()
        refused = learner.api.post(PATH, {"events": [good, mended]}, headers=headers)
        assert refused.status == 422, refused.json()["results"]


def test_a_service_acts_for_a_learner(new_learner, service):
    learner = new_learner()
    api = service.client(service.mint.sign(service.mint.claims(new_learner().id, "service")))
    reply = api.post(PATH, event("v"), headers={"X-Lockstep-User": str(learner.id)})
    assert reply.status == 200
    mine = learner.api.get(PATH).json()["events"]
    assert [item["activityId"] for item in mine] == ["v"]


def test_events_are_read_back(new_learner):
    learner = new_learner()
    batch = send(learner, *[event(f"v{at}", timeSpent=at) for at in range(5)])
    ids = [item["eventId"] for item in batch["results"]]
    page = learner.api.get(PATH + "?limit=2").json()
    assert [item["id"] for item in page["events"]] == [ids[4], ids[3]] and page["nextAfter"] == ids[3]
    rest = learner.api.get(PATH + f"?after={ids[3]}").json()
    assert [item["id"] for item in rest["events"]] == ids[2::-1] and rest["nextAfter"] is None
    assert [item["id"] for item in learner.api.get(PATH + "?activityId=v1").json()["events"]] == [ids[1]]
    assert learner.api.get(PATH + "?processed=false").json()["events"] == []
    assert learner.api.get(PATH + "?after=nobody").status == 422
    one = learner.api.get(f"{PATH}/{ids[2]}")
    assert one.json()["processed"] is True and one.json()["conflictsWith"] == [] and one.json()["timeSpent"] == 2
    assert learner.api.get(f"{PATH}/{ids[2]}", headers={"If-None-Match": one.headers["ETag"]}).status == 304
    assert learner.api.get(f"{PATH}/nobody").status == 404
    assert new_learner().api.get(f"{PATH}/{ids[2]}").status == 404


def test_a_thousand_at_once(new_learner, db):
    learner = new_learner()
    events = [event(f"v{at % 400}", timeSpent=at % 60, ago={"hours": at}) for at in range(1000)]
    batch = learner.api.post(PATH, {"events": events})
    assert batch.status in (200, 207) and len(batch.json()["results"]) == 1000
    again = learner.api.post(PATH, {"events": events})
    assert again.json()["results"] == batch.json()["results"]
    assert summary(db, learner)["total_activities"] == 400
