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
