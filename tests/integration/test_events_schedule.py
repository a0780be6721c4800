"""The calendar: GET, POST, PATCH and DELETE of /api/schedule, and what completing an entry is."""

import pytest

from harness.database import query_one

from systems import entries, event_types, events, foreign, is_seen, iso, make_entry, ok, pages, refused


def change(learner, body, entry="e1"):
    return ok(learner.api.patch(f"/api/schedule/{entry}", body))


def test_an_entry_is_made_and_listed(learner, db):
    made = ok(learner.api.post("/api/schedule", {"id": "e1", "title": "Evening", "startsAt": iso(hours=2),
                                                 "endsAt": iso(hours=1), "videoId": "v1", "todoId": "t1"}), 201)
    entry = made["entry"]
    assert {name: entry[name] for name in entry if name not in ("createdAt", "updatedAt")} == {
        "id": "e1", "title": "Evening", "startsAt": iso(hours=2), "endsAt": iso(hours=1), "videoId": "v1",
        "todoId": "t1", "status": "planned", "completed": False, "actualStart": None, "actualEnd": None,
        "rescheduledFrom": None}
    assert entries(learner) == [entry] and made["revision"] == 1 and events(db, learner) == []


@pytest.mark.parametrize("body,status,field", [
    ({"startsAt": iso()}, 400, "title"), ({"title": "x"}, 400, "startsAt"),
    ({"title": "x", "startsAt": "soon"}, 400, "startsAt"), ({"title": "x", "startsAt": None}, 400, "startsAt"),
    ({"title": "x", "startsAt": iso(), "status": "pending"}, 400, "status"),
    ({"title": "x", "startsAt": iso(), "videoId": "v" * 191}, 400, "videoId"),
    ({"title": "x", "startsAt": iso(), "todoId": "t" * 97}, 400, "todoId"),
    ({"title": "x", "startsAt": iso(hours=1), "endsAt": iso(hours=2)}, 422, "endsAt"),
    ({"title": "x", "startsAt": iso(), "actualStart": iso(hours=1), "actualEnd": iso(hours=2)}, 422, "actualEnd"),
    ({"title": "x", "startsAt": iso(), "actualEnd": iso(days=-1)}, 422, "actualEnd")])
def test_what_cannot_be_is_refused(learner, body, status, field):
    refused(learner.api.post("/api/schedule", body), status, field)
    assert entries(learner) == []


def test_moving_an_entry_keeps_where_it_was(learner):
    make_entry(learner, id="e1", startsAt=iso(hours=5), endsAt=iso(hours=4))
    moved = change(learner, {"startsAt": iso(hours=3), "endsAt": iso(hours=2)})["entry"]
    assert (moved["startsAt"], moved["rescheduledFrom"]) == (iso(hours=3), iso(hours=5))
    assert change(learner, {"startsAt": iso(hours=3)})["entry"] == moved
    assert change(learner, {"startsAt": iso(hours=7)})["entry"]["rescheduledFrom"] == iso(hours=3)
    refused(learner.api.patch("/api/schedule/e1", {"endsAt": iso(hours=8)}), 422, "endsAt")


def test_a_change_tells_absent_null_and_given_apart(learner):
    make_entry(learner, id="e1", videoId="v1", todoId="t1", endsAt=iso(hours=1))
    entry = change(learner, {"videoId": None, "endsAt": None, "actualStart": iso(hours=2)})["entry"]
    assert (entry["videoId"], entry["todoId"], entry["endsAt"], entry["actualStart"]) == (
        None, "t1", None, iso(hours=2))
    assert change(learner, {"actualStart": None, "videoId": "v2"})["entry"]["actualStart"] is None
    unchanged = change(learner, {})
    assert unchanged["entry"]["videoId"] == "v2" and unchanged["revision"] == 3
    refused(learner.api.patch("/api/schedule/e1", {"startsAt": None}), 400, "startsAt")


def test_a_list_is_narrowed_and_goes_on(learner):
    for number in range(6):
        make_entry(learner, id=f"e{number}", startsAt=iso(hours=10 - number // 2),
                   status="skipped" if number == 3 else "planned")
    names = [f"e{number}" for number in range(6)]
    assert [entry["id"] for entry in entries(learner)] == names
    assert [entry["id"] for entry in entries(learner, **{"from": iso(hours=9)})] == names[2:]
    assert [entry["id"] for entry in entries(learner, to=iso(hours=9))] == names[:2], "up to, but without"
    assert [entry["id"] for entry in entries(learner, **{"from": iso(hours=9), "to": iso(hours=8)})] == names[2:4]
    assert [entry["id"] for entry in entries(learner, status="skipped")] == ["e3"]
    for limit, expected in ((1, 6), (4, 2), (6, 1)):
        assert pages(learner, "/api/schedule", "entries", limit) == (names, expected)


def test_others_entries_are_not_there(new_learner):
    one, other = new_learner(), new_learner()
    make_entry(one, id="mine")
    assert entries(other) == []
    refused(other.api.patch("/api/schedule/mine", {"title": "taken"}), 404)
    refused(other.api.send("DELETE", "/api/schedule/mine"), 404)


def test_a_repeat_gets_the_first_reply(learner, db):
    body = {"id": "e1", "title": "Once", "startsAt": iso(hours=1)}
    first = ok(learner.api.post("/api/schedule", body), 201)
    change(learner, {"title": "Changed"})
    assert ok(learner.api.post("/api/schedule", body), 201) == first
    refused(learner.api.post("/api/schedule", {**body, "startsAt": iso(hours=2)}), 422)
    foreign(db, "INSERT INTO schedule_entries (user_id, id, title, starts_at) VALUES (%s, 'e2', 'Theirs', %s)",
            learner.id, iso(hours=1)[:-1].replace("T", " "))
    refused(learner.api.post("/api/schedule", {**body, "id": "e2"}), 422, "id")
    assert ok(learner.api.post("/api/schedule", {**body, "id": "e2", "title": "Theirs"}), 201)["entry"]["id"] == "e2"


def test_an_entry_is_deleted_once(learner):
    make_entry(learner, id="e1")
    assert ok(learner.api.send("DELETE", "/api/schedule/e1"))["id"] == "e1"
    refused(learner.api.send("DELETE", "/api/schedule/e1"), 404)


def test_completing_is_an_event(learner, db):
    make_entry(learner, id="e1")
    reply = change(learner, {"status": "completed", "actualStart": iso(minutes=90), "actualEnd": iso(minutes=60)})
    assert reply["entry"]["completed"] is True and reply["event"]["status"] == "applied"
    assert events(db, learner) == [{"event_type": "schedule_completed", "source_system": "calendar_service",
                                    "activity_type": "practice", "activity_id": "e1",
                                    "completion_status": "completed", "outcome": "applied"}]
    stored = query_one(db, "SELECT happened_at, time_spent FROM progress_events WHERE user_id = %s", (learner.id,))
    assert stored["happened_at"].strftime("%Y-%m-%dT%H:%M:%S.000Z") == iso(minutes=60)
    assert stored["time_spent"] == 30
    assert "event" not in change(learner, {"status": "completed"}) and len(events(db, learner)) == 1


def test_an_entry_that_is_completed_has_ended(learner):
    make_entry(learner, id="e1")
    reply = change(learner, {"status": "completed"})
    assert reply["entry"]["actualEnd"] is not None and reply["entry"] == entries(learner)[0]
    assert reply["alsoCompleted"] == []


def test_an_entry_is_about_what_it_stands_for(learner, db):
    make_entry(learner, id="e1", videoId="v1")
    make_entry(learner, id="e2", videoId="v2", todoId="t2")
    change(learner, {"status": "completed"}, "e1")
    change(learner, {"status": "completed"}, "e2")
    assert [(event["activity_type"], event["activity_id"]) for event in events(db, learner)] == [
        ("video", "v1"), ("practice", "t2")]


def test_opening_again_is_no_event_and_stays(learner, db):
    make_entry(learner, id="e1")
    change(learner, {"status": "completed"})
    reply = change(learner, {"status": "planned"})
    assert reply["entry"]["completed"] is False and reply["entry"]["actualEnd"] is None and "event" not in reply
    assert entries(learner)[0]["status"] == "planned" and event_types(db, learner) == ["schedule_completed"]


def test_what_another_application_writes_is_seen(learner, db):
    make_entry(learner, id="e1")
    for sql in ("UPDATE schedule_entries SET title = 'Theirs' WHERE user_id = %s",
                "INSERT INTO schedule_entries (user_id, id, starts_at) VALUES (%s, 'e2', '2026-01-01')",
                "UPDATE schedule_entries SET starts_at = '2026-01-02', updated_at = '2020-01-01' WHERE user_id = %s"
                " AND id = 'e2'",
                "DELETE FROM schedule_entries WHERE user_id = %s AND id = 'e2'"):
        assert is_seen(learner, "/api/schedule", lambda sql=sql: foreign(db, sql, learner.id)), sql
