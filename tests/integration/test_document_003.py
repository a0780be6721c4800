"""The examples of document 003's testing strategy, by their own words, through nginx. (Its second unit example,
'detects and resolves timestamp conflicts', is about events that are no requests: tests/event holds it.)"""

import datetime

import pytest

from systems import entries, foreign, iso, make_entry, make_path, make_todo, ok, paths, todos

EVENTS = "/api/progress-sync/events"
SUMMARY = "/api/progress-sync/summary"


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def mark_video_complete(learner, video):
    return ok(learner.api.send("PUT", f"/api/videos/{video}/progress", json_body={"percentageWatched": 100}))


# describe('ProgressSyncService')


def test_syncs_video_completion_across_systems(learner):
    """describe('processProgressEvent'), its first"""
    result = ok(learner.api.post(EVENTS, {
        "id": "event123", "userId": "user123", "eventType": "video_completed", "sourceSystem": "video_player",
        "eventData": {"activityId": "video456", "activityType": "video", "completionStatus": "completed",
                      "videoProgress": {"videoId": "video456", "youtubeId": "abc123", "percentageWatched": 100,
                                        "timeWatched": 600, "completedAt": now()}},
        "timestamp": now(), "processed": False}))
    assert "todo_manager" in result["syncedSystems"]
    assert "calendar_service" in result["syncedSystems"]
    assert "ai_journey" in result["syncedSystems"]
    assert len(result["achievements"]) >= 0
    assert result["eventId"] == "event123" and result["conflicts"] == [] and result["errors"] == []


def test_aggregates_progress_from_all_systems_correctly(learner):
    """describe('getUnifiedProgressView')"""
    make_todo(learner, id="t1")
    make_path(learner, {"stepId": "s1"}, {"stepId": "s2"}, id="p1")
    mark_video_complete(learner, "video1")
    ok(learner.api.patch("/api/todos/t1", {"status": "completed"}))
    ok(learner.api.patch("/api/learning-paths/p1/steps/s1", {"status": "completed"}))
    ok(learner.api.post(EVENTS, {"eventType": "skill_assessed", "sourceSystem": "ai_journey", "eventData": {
        "completionStatus": "completed",
        "skillProgress": {"skillId": "loops", "skillCategory": "code", "previousLevel": "novice",
                          "newLevel": "able", "confidence": 0.8}}}))
    ok(learner.api.post(EVENTS, {"eventType": "video_completed", "sourceSystem": "video_player", "eventData": {
        "activityId": "video2", "completionStatus": "in_progress"}}))
    view = ok(learner.api.get(SUMMARY))
    assert view["overallProgress"]["percentageComplete"] <= 100
    assert view["skillProgress"] is not None
    assert view["dataConsistencyScore"] > 0
    assert view["overallProgress"]["totalActivities"] == 5
    assert view["overallProgress"]["completedActivities"] == 4
    assert view["overallProgress"]["inProgressActivities"] == 1
    assert view["overallProgress"]["percentageComplete"] == 80


# describe('Progress Sync Integration')


def test_maintains_consistency_across_video_todo_and_calendar_systems(learner):
    make_todo(learner, id="todo1", title="Watch video 456", videoIds=["video456"])
    make_todo(learner, id="todo2", title="Something else")
    make_entry(learner, id="entry1", videoId="video456", startsAt=iso(hours=1))
    # Complete a video
    told = mark_video_complete(learner, "video456")
    # Verify todo is updated
    related = todos(learner, videoReferences="video456")
    assert any(todo["status"] == "completed" for todo in related)
    assert [todo["id"] for todo in todos(learner, status="pending")] == ["todo2"]
    # Verify calendar is updated
    schedule = entries(learner, **{"from": iso(days=1), "to": iso(days=-1)})
    video_schedule = next(entry for entry in schedule if entry["videoId"] == "video456")
    assert video_schedule["completed"] is True
    # Verify unified progress
    assert ok(learner.api.get(SUMMARY))["overallProgress"]["completedActivities"] > 0
    # And the reply had said so
    assert {(also["table"], also["id"]) for also in told["alsoCompleted"]} == {("todos", "todo1"),
                                                                               ("schedule_entries", "entry1")}
    assert all(also["because"] for also in told["alsoCompleted"])
    assert "first-step" in {earned["id"] for earned in told["event"]["achievements"]}


def test_a_todo_completes_its_entries_and_its_one_video(learner):
    """User story: 'my progress to be automatically updated everywhere', from the todo."""
    make_todo(learner, id="t1", videoIds=["v1"])
    make_todo(learner, id="t2", videoIds=["v2", "v3"])
    make_entry(learner, id="e1", todoId="t1")
    make_entry(learner, id="e2", todoId="t2")
    make_path(learner, {"stepId": "s1", "activityType": "video", "activityId": "v1"}, {"stepId": "s2"}, id="p1")
    ok(learner.api.patch("/api/todos/t1", {"status": "completed"}))
    assert [entry["status"] for entry in entries(learner)] == ["completed", "planned"]
    assert ok(learner.api.get("/api/videos/v1/progress"))["completed"] is True
    assert [step["status"] for step in paths(learner)[0]["steps"]] == ["completed", "pending"]
    assert paths(learner)[0]["progress"]["percentage"] == 50
    ok(learner.api.patch("/api/todos/t2", {"status": "completed"}))
    assert entries(learner)[1]["status"] == "completed"
    for video in ("v2", "v3"):
        assert ok(learner.api.get(f"/api/videos/{video}/progress"))["completed"] is False, "it is about two"


def test_an_entry_completes_its_todo_and_its_video(learner):
    make_todo(learner, id="t1")
    make_entry(learner, id="e1", todoId="t1", videoId="v1")
    told = ok(learner.api.patch("/api/schedule/e1", {"status": "completed"}))
    assert todos(learner)[0]["status"] == "completed"
    assert ok(learner.api.get("/api/videos/v1/progress"))["status"] == "completed"
    assert {(also["system"], also["id"]) for also in told["alsoCompleted"]} == {("todo_manager", "t1"),
                                                                                ("video_player", "v1")}


def test_the_last_step_ends_the_path(learner):
    make_path(learner, {"stepId": "s1", "activityType": "video", "activityId": "v1"},
              {"stepId": "s2", "activityType": "video", "activityId": "v2"}, id="p1")
    mark_video_complete(learner, "v2")
    path = paths(learner)[0]
    assert path["progress"]["currentStepId"] == "s1" and path["progress"]["completedSteps"] == 1
    mark_video_complete(learner, "v1")
    path = paths(learner)[0]
    assert path["progress"]["percentage"] == 100 and path["progress"]["completedAt"] is not None
    assert path["progress"]["currentStepId"] is None


def test_what_was_opened_again_stays_open_beside_what_is_done(learner):
    """'Nothing completes it by itself': its video, its entry and its todo are all done."""
    make_todo(learner, id="t1", videoIds=["v1"])
    make_entry(learner, id="e1", todoId="t1", videoId="v1")
    make_path(learner, {"stepId": "s1", "activityType": "video", "activityId": "v1"}, id="p1")
    mark_video_complete(learner, "v1")
    assert todos(learner)[0]["completed"] and entries(learner)[0]["completed"]
    ok(learner.api.patch("/api/todos/t1", {"status": "in_progress"}))
    ok(learner.api.patch("/api/schedule/e1", {"status": "planned"}))
    ok(learner.api.patch("/api/learning-paths/p1/steps/s1", {"status": "pending"}))
    ok(learner.api.get(SUMMARY))
    assert todos(learner)[0]["status"] == "in_progress"
    assert entries(learner)[0]["status"] == "planned"
    assert paths(learner)[0]["steps"][0]["status"] == "pending"


def test_what_was_completed_here_and_opened_again_stays_open(learner):
    """Here the todo has no receipt of a cascade: the learner ticked it, and its video is done as well."""
    make_todo(learner, id="t1", videoIds=["v1"])
    make_entry(learner, id="e1", videoId="v1")
    ok(learner.api.patch("/api/todos/t1", {"status": "completed"}))
    assert ok(learner.api.get("/api/videos/v1/progress"))["completed"] is True
    ok(learner.api.patch("/api/todos/t1", {"status": "pending"}))
    ok(learner.api.get(SUMMARY))
    assert todos(learner)[0]["status"] == "pending"
    assert ok(learner.api.get("/api/videos/v1/progress"))["completed"] is True


def test_what_another_application_completed_and_the_learner_opened_stays_open(learner, db):
    """No event and no rule has ever touched these rows: there is no other receipt."""
    make_todo(learner, id="t1", videoIds=["v1"])
    make_entry(learner, id="e1", videoId="v1")
    make_path(learner, {"stepId": "s1", "activityType": "video", "activityId": "v1"}, id="p1")
    for sql in ("UPDATE todos SET status = 'completed' WHERE user_id = %s",
                "UPDATE schedule_entries SET status = 'completed' WHERE user_id = %s",
                "UPDATE learning_path_steps SET status = 'completed' WHERE user_id = %s",
                "INSERT INTO video_progress (user_id, video_id, status) VALUES (%s, 'v1', 'completed')"):
        foreign(db, sql, learner.id)
    ok(learner.api.patch("/api/todos/t1", {"status": "pending"}))
    ok(learner.api.patch("/api/schedule/e1", {"status": "planned"}))
    ok(learner.api.patch("/api/learning-paths/p1/steps/s1", {"status": "pending"}))
    ok(learner.api.get(SUMMARY))
    assert todos(learner)[0]["status"] == "pending"
    assert entries(learner)[0]["status"] == "planned"
    assert paths(learner)[0]["steps"][0]["status"] == "pending"


def test_what_another_application_completes_is_seen_with_all_that_follows(learner, db):
    """It writes its own table, and knows nothing of the others; who has read them before is not told 'not modified'."""
    make_todo(learner, id="t1", videoIds=["v1"])
    make_entry(learner, id="e1", todoId="t1")
    make_path(learner, {"stepId": "s1", "activityType": "video", "activityId": "v1"}, id="p1")
    reads = ("/api/todos", "/api/schedule", "/api/learning-paths", SUMMARY)
    tags = {path: learner.api.get(path).etag for path in reads}
    foreign(db, "INSERT INTO video_progress (user_id, video_id, status, percentage_watched, completed_at)"
                " VALUES (%s, 'v1', 'completed', 100, UTC_TIMESTAMP(3))", learner.id)
    for path in reads:
        assert learner.api.get(path, headers={"If-None-Match": tags[path]}).status == 200, path
    assert todos(learner)[0]["completed"] and entries(learner)[0]["completed"]
    assert paths(learner)[0]["steps"][0]["completed"] and paths(learner)[0]["progress"]["percentage"] == 100


@pytest.mark.parametrize("path", ["/api/todos", "/api/schedule", "/api/learning-paths"])
def test_each_list_alone_sees_it(learner, db, path):
    make_todo(learner, id="t1", videoIds=["v1"])
    make_entry(learner, id="e1", videoId="v1")
    make_path(learner, {"stepId": "s1", "activityType": "video", "activityId": "v1"}, id="p1")
    tag = learner.api.get(path).etag
    foreign(db, "INSERT INTO video_progress (user_id, video_id, status) VALUES (%s, 'v1', 'completed')", learner.id)
    seen = learner.api.get(path, headers={"If-None-Match": tag})
    assert seen.status == 200 and b'"completed":true' in seen.body, seen
