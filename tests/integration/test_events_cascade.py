"""What an event brings along, its receipts, and taking it back, through nginx."""

import uuid

from harness.database import execute, query, query_one

EVENTS = "/api/progress-sync/events"


def complete(learner, video, **headers):
    body = {"id": f"e-{uuid.uuid4().hex}", "eventType": "video_completed", "sourceSystem": "video_player",
            "eventData": {"activityId": video, "activityType": "video", "completionStatus": "completed",
                          "videoProgress": {"videoId": video, "youtubeId": "abc123", "percentageWatched": 100,
                                            "timeWatched": 600}}}
    reply = learner.api.post(EVENTS, body, headers=headers or None)
    assert reply.status == 200, (reply, reply.text)
    return reply.json()


def plan(db, learner, video="video456"):
    """A todo and a calendar entry that wait for a video."""
    execute(db, "INSERT INTO todos (user_id, id, title) VALUES (%s, 'todo1', 'Watch')", (learner.id,))
    execute(db, "INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (%s, 'todo1', %s)", (learner.id, video))
    execute(db, "INSERT INTO schedule_entries (user_id, id, starts_at, video_id)"
                " VALUES (%s, 'entry1', '2026-01-01', %s)", (learner.id, video))


def state(db, learner):
    return (query_one(db, "SELECT status FROM todos WHERE user_id = %s", (learner.id,))["status"],
            query_one(db, "SELECT status FROM schedule_entries WHERE user_id = %s", (learner.id,))["status"])


def receipts(learner, event_id, status=200):
    reply = learner.api.get(f"{EVENTS}/{event_id}/propagations")
    assert reply.status == status, (reply, reply.text)
    return reply.json()


def undo(learner, event_id, status=200, **headers):
    reply = learner.api.post(f"{EVENTS}/{event_id}/undo", None, headers=headers or None)
    assert reply.status == status, (reply, reply.text)
    return reply.json()


def test_a_video_syncs_the_other_systems(new_learner, db):
    learner = new_learner()
    plan(db, learner)
    result = complete(learner, "video456")
    assert {"todo_manager", "calendar_service", "ai_journey"} <= set(result["syncedSystems"])
    assert state(db, learner) == ("completed", "completed")
    journey = query_one(db, "SELECT completed_activities FROM ai_journey WHERE user_id = %s", (learner.id,))
    assert journey["completed_activities"] == 1


def test_synced_systems_even_where_there_was_nothing_to_change(new_learner):
    learner = new_learner()
    assert {"todo_manager", "calendar_service", "ai_journey"} <= set(complete(learner, "alone")["syncedSystems"])


def test_receipts_tell_why(new_learner, db):
    learner = new_learner()
    plan(db, learner)
    result = complete(learner, "video456")
    answer = receipts(learner, result["eventId"])
    assert answer["eventId"] == result["eventId"]
    told = {row["table"]: row for row in answer["propagations"]}
    assert told["todos"]["because"] == "todo todo1 is about video video456"
    assert told["todos"]["before"]["status"] == "pending" and told["todos"]["after"]["status"] == "completed"
    assert told["todos"]["system"] == "todo_manager" and told["todos"]["revision"] == result["revision"]
    assert told["todos"]["undoneAt"] is None and told["todos"]["undoneBy"] is None
    assert told["video_progress"]["before"] is None and told["video_progress"]["key"] == "video456"
    assert told["schedule_entries"]["because"] == "entry entry1 stands for video video456"


def test_undo_restores_what_nobody_touched_and_names_the_rest(new_learner, db):
    learner = new_learner()
    plan(db, learner)
    result = complete(learner, "video456")
    execute(db, "UPDATE schedule_entries SET title = 'moved' WHERE user_id = %s", (learner.id,))
    undone = undo(learner, result["eventId"])
    assert undone["success"] and undone["revision"] == result["revision"] + 1
    assert {row["table"] for row in undone["restored"]} == {"video_progress", "todos", "chat_mentions"}
    assert [(row["table"], row["key"], row["reason"]) for row in undone["left"]] == [
        ("schedule_entries", "entry1", "it was changed since")]
    assert state(db, learner) == ("pending", "completed")
    told = {row["table"]: row for row in receipts(learner, result["eventId"])["propagations"]}
    assert told["todos"]["undoneBy"] == f"user_{learner.id}" and told["todos"]["undoneAt"]
    assert told["schedule_entries"]["undoneAt"] is None
    history = learner.api.get("/api/progress/history").json()["entries"][0]
    assert history["kind"] == "event_undo"
    assert {(change["what"], change["by"]) for change in history["changes"]} == {("video", -1), ("todo", -1)}
    again = undo(learner, result["eventId"])
    assert again["restored"] == [] and again["revision"] == undone["revision"]
    assert [row["table"] for row in again["left"]] == ["schedule_entries"]


def test_undone_stays_undone(new_learner, db):
    learner = new_learner()
    plan(db, learner)
    result = complete(learner, "video456")
    undo(learner, result["eventId"])
    body = {"id": result["eventId"], "eventType": "video_completed", "sourceSystem": "video_player",
            "eventData": {"activityId": "video456", "activityType": "video", "completionStatus": "completed",
                          "videoProgress": {"videoId": "video456", "youtubeId": "abc123", "percentageWatched": 100,
                                            "timeWatched": 600}}}
    assert learner.api.post(EVENTS, body).json() == result
    assert learner.api.get("/api/todos").json()["todos"][0]["status"] == "pending"
    assert state(db, learner) == ("pending", "planned")


def test_an_undo_with_a_key_is_answered_once(new_learner, db):
    learner = new_learner()
    plan(db, learner)
    result = complete(learner, "video456")
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = undo(learner, result["eventId"], **key)
    assert first["restored"] and undo(learner, result["eventId"], **key) == first
    other = complete(learner, "other")
    undo(learner, other["eventId"], status=422, **key)


def test_nothing_is_told_of_other_learners(new_learner, db):
    learner, other = new_learner(), new_learner()
    result = complete(learner, "video456")
    for event_id in (result["eventId"], "unknown"):
        receipts(other, event_id, status=404)
        undo(other, event_id, status=404)
    assert not query(db, "SELECT 1 FROM propagations WHERE user_id = %s AND undone_at IS NOT NULL", (learner.id,))


def test_an_event_that_touched_nothing_has_no_receipts(new_learner):
    learner = new_learner()
    reply = learner.api.post(EVENTS, {"eventType": "todo_completed", "sourceSystem": "todo_manager",
                                      "eventData": {"activityType": "practice", "completionStatus": "started",
                                                    "todoProgress": {"todoId": "nowhere"}}})
    assert reply.status == 200, reply.text
    event_id = reply.json()["eventId"]
    assert receipts(learner, event_id)["propagations"] == []
    assert undo(learner, event_id)["restored"] == []


# --- Other applications


def todo(learner):
    reply = learner.api.get("/api/todos")
    assert reply.status == 200, (reply, reply.text)
    return reply.json()["todos"][0]["status"], reply.etag


def watch_elsewhere(db, learner, video="video456"):
    execute(db, "INSERT INTO video_progress (user_id, video_id, status, completed_at)"
                " VALUES (%s, %s, 'completed', '2026-01-02')", (learner.id, video))


def test_what_another_application_completed_brings_the_rest_along(new_learner, db):
    learner = new_learner()
    plan(db, learner)
    before, tag = todo(learner)
    watch_elsewhere(db, learner)
    after, _ = todo(learner)
    assert (before, after) == ("pending", "completed") and state(db, learner) == ("completed", "completed")
    told = receipts(learner, "rule:completed_video_completes_todo")["propagations"]
    assert [(row["table"], row["key"], row["before"]["status"]) for row in told] == [("todos", "todo1", "pending")]
    history = learner.api.get("/api/progress/history").json()["entries"][0]
    assert history["kind"] == "repair" and told[0]["revision"] == history["revision"]
    assert query(db, "SELECT 1 FROM progress_events WHERE user_id = %s", (learner.id,)) == ()
    assert learner.api.get("/api/todos", headers={"If-None-Match": tag}).status == 200


def test_what_was_opened_again_stays_open(new_learner, db):
    learner = new_learner()
    plan(db, learner)
    watch_elsewhere(db, learner)
    todo(learner)
    execute(db, "UPDATE todos SET status = 'in_progress' WHERE user_id = %s", (learner.id,))
    assert todo(learner)[0] == "in_progress"


def test_what_a_rule_brought_along_can_be_undone(new_learner, db):
    learner = new_learner()
    plan(db, learner)
    watch_elsewhere(db, learner)
    todo(learner)
    undone = undo(learner, "rule:completed_video_completes_todo")
    assert [(row["table"], row["key"]) for row in undone["restored"]] == [("todos", "todo1")]
    assert todo(learner)[0] == "pending" and state(db, learner) == ("pending", "completed")


def test_an_undone_cascade_is_not_completed_by_the_rules(new_learner, db):
    learner = new_learner()
    plan(db, learner)
    watch_elsewhere(db, learner)
    result = complete(learner, "video456")
    undo(learner, result["eventId"])
    assert todo(learner)[0] == "pending" and state(db, learner) == ("pending", "planned")


# --- Conflicts


def test_a_completion_that_is_decided_against_is_taken_back(new_learner, db):
    learner = new_learner()
    plan(db, learner)
    complete(learner, "video456")
    reply = learner.api.post(EVENTS, {
        "eventType": "video_completed", "sourceSystem": "chat_system",
        "eventData": {"activityId": "video456", "activityType": "video", "completionStatus": "failed"}})
    assert reply.status in (200, 207) and reply.json()["status"] == "conflict", reply.text
    assert state(db, learner) == ("completed", "completed")
    refused = undo(learner, reply.json()["eventId"], status=409)
    assert "waits for its conflict" in refused["detail"]
    conflict = learner.api.get("/api/progress-sync/conflicts").json()["conflicts"][0]
    reply = learner.api.post(f"/api/progress-sync/conflicts/{conflict['id']}/resolve", {"resolutionType": "use_latest"})
    assert reply.status == 200, reply.text
    assert state(db, learner) == ("pending", "planned")
    assert todo(learner)[0] == "pending" and state(db, learner) == ("pending", "planned")
    journey = query_one(db, "SELECT completed_activities FROM ai_journey WHERE user_id = %s", (learner.id,))
    assert journey["completed_activities"] == 0
