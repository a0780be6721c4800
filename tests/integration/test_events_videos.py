"""GET and PUT /api/videos/{id}/progress: it never falls, and its end is an event."""

import pytest

from harness.database import query_one

from systems import event_types, events, foreign, is_seen, iso, ok, refused

PATH = "/api/videos/video456/progress"


def tell(learner, **body):
    return ok(learner.api.send("PUT", PATH, json_body=body))


def progress(learner):
    return ok(learner.api.get(PATH))


def test_a_video_that_was_never_watched(learner):
    assert progress(learner) == {"videoId": "video456", "youtubeId": None, "percentageWatched": 0,
                                 "secondsWatched": 0, "status": "not_started", "completed": False,
                                 "completedAt": None, "updatedAt": None}


def test_watching_is_told_and_read(learner, db):
    reply = tell(learner, percentageWatched=40.5, secondsWatched=240, youtubeId="abc123")
    assert reply["success"] is True and "event" not in reply and reply["revision"] == 1
    assert reply["progress"] == progress(learner)
    assert {name: reply["progress"][name] for name in ("youtubeId", "percentageWatched", "secondsWatched", "status")} \
        == {"youtubeId": "abc123", "percentageWatched": 40.5, "secondsWatched": 240, "status": "in_progress"}
    assert events(db, learner) == []


def test_progress_never_falls(learner):
    tell(learner, percentageWatched=60, secondsWatched=300)
    reply = tell(learner, percentageWatched=20, secondsWatched=10, status="not_started")
    assert (reply["progress"]["percentageWatched"], reply["progress"]["secondsWatched"]) == (60, 300)
    assert reply["progress"]["status"] == "in_progress" and reply["revision"] == 1
    assert tell(learner, percentageWatched=10, secondsWatched=400)["progress"]["percentageWatched"] == 60
    assert progress(learner)["secondsWatched"] == 400
    assert tell(learner, percentageWatched=99.999)["progress"] == {**progress(learner), "percentageWatched": 99.99}
    assert progress(learner)["completed"] is False


@pytest.mark.parametrize("body", [{"percentageWatched": 100}, {"status": "completed", "percentageWatched": 80},
                                  {"status": "completed"}])
def test_its_end_is_an_event_once(learner, db, body):
    tell(learner, percentageWatched=30, secondsWatched=600)
    reply = tell(learner, **body)
    assert reply["event"]["status"] == "applied" and reply["progress"]["completed"] is True
    assert reply["progress"]["completedAt"] is not None and reply["progress"] == progress(learner)
    assert events(db, learner) == [{"event_type": "video_completed", "source_system": "video_player",
                                    "activity_type": "video", "activity_id": "video456",
                                    "completion_status": "completed", "outcome": "applied"}]
    assert "event" not in tell(learner, **body)
    assert "event" not in tell(learner, percentageWatched=100, secondsWatched=700)
    lower = tell(learner, status="in_progress", percentageWatched=5)
    assert lower["progress"]["status"] == "completed" and lower["progress"]["percentageWatched"] >= 30
    assert event_types(db, learner) == ["video_completed"]
    summary = query_one(db, "SELECT completed_videos, total_time_spent FROM user_progress_summary"
                            " WHERE user_id = %s", (learner.id,))
    assert (summary["completed_videos"], summary["total_time_spent"]) == (1, 10), "600 seconds"


def test_a_moment_may_be_told(learner):
    assert tell(learner, percentageWatched=100, completedAt=iso(hours=5))["progress"]["completedAt"] == iso(hours=5)
    later = tell(learner, percentageWatched=100, completedAt=iso(hours=1), secondsWatched=5)
    assert later["progress"]["completedAt"] == iso(hours=5), "the first end counts"


@pytest.mark.parametrize("body,status,field", [
    ({"percentageWatched": 101}, 400, "percentageWatched"), ({"percentageWatched": -1}, 400, "percentageWatched"),
    ({"percentageWatched": "all"}, 400, "percentageWatched"), ({"secondsWatched": -1}, 400, "secondsWatched"),
    ({"status": "watched"}, 400, "status"), ({"youtubeId": "y" * 65}, 400, "youtubeId"),
    ({"percentageWatched": 50, "completedAt": iso(hours=1)}, 422, "completedAt"),
    ({"percentageWatched": 100, "completedAt": iso(days=-1)}, 422, "completedAt")])
def test_what_cannot_be_is_refused(learner, db, body, status, field):
    refused(learner.api.send("PUT", PATH, json_body=body), status, field)
    assert progress(learner)["status"] == "not_started" and events(db, learner) == []


def test_ids_of_videos(new_learner):
    one, other = new_learner(), new_learner()
    tell(one, percentageWatched=50)
    assert progress(other)["percentageWatched"] == 0
    assert one.api.get("/api/videos/VIDEO456/progress").json()["percentageWatched"] == 0
    assert one.api.get(f"/api/videos/{'v' * 190}/progress").status == 200
    assert one.api.get(f"/api/videos/{'v' * 191}/progress").status == 404
    assert one.api.send("PUT", f"/api/videos/{'v' * 191}/progress", json_body={}).status == 404


def test_a_key_is_for_one_video(learner, db):
    key = {"Idempotency-Key": "k"}
    first = ok(learner.api.send("PUT", PATH, json_body={"percentageWatched": 100}, headers=key))
    assert ok(learner.api.send("PUT", PATH, json_body={"percentageWatched": 100}, headers=key)) == first
    refused(learner.api.send("PUT", "/api/videos/other/progress", json_body={"percentageWatched": 100},
                             headers=key), 422)
    assert event_types(db, learner) == ["video_completed"]


def test_what_another_application_writes_is_seen_and_kept(learner, db):
    tell(learner, percentageWatched=10)
    for sql in ("UPDATE video_progress SET percentage_watched = 70 WHERE user_id = %s",
                "UPDATE video_progress SET seconds_watched = 7, updated_at = '2020-01-01' WHERE user_id = %s"):
        assert is_seen(learner, PATH, lambda sql=sql: foreign(db, sql, learner.id)), sql
    assert tell(learner, percentageWatched=20)["progress"]["percentageWatched"] == 70
    assert is_seen(learner, PATH, lambda: foreign(db, "DELETE FROM video_progress WHERE user_id = %s", learner.id))
