"""Todos: GET, POST, PATCH and DELETE of /api/todos, and what completing one is."""

import pytest

from harness.database import execute, query, query_one
from harness.processes import wait_until
from harness.races import all_at_once, caller

from systems import entries, event_types, events, foreign, is_seen, iso, make_todo, ok, pages, refused, todos


def test_a_todo_is_made_and_listed(learner, db):
    made = ok(learner.api.post("/api/todos", {"id": "t1", "title": "Vidéo, deux fois", "dueAt": iso(days=-1),
                                              "notes": "slowly", "videoIds": ["v2", "v1"]}), 201)
    assert made["success"] is True and made["alsoCompleted"] == [] and "event" not in made
    todo = made["todo"]
    assert {name: todo[name] for name in ("id", "title", "status", "completed", "dueAt", "completedAt", "rating",
                                          "notes", "videoIds")} == {
        "id": "t1", "title": "Vidéo, deux fois", "status": "pending", "completed": False, "dueAt": iso(days=-1),
        "completedAt": None, "rating": None, "notes": "slowly", "videoIds": ["v1", "v2"]}
    assert todos(learner) == [todo]
    assert query_one(db, "SELECT title, status, notes FROM todos WHERE user_id = %s AND id = 't1'",
                     (learner.id,)) == {"title": "Vidéo, deux fois", "status": "pending", "notes": "slowly"}
    assert learner.row()["revision"] == made["revision"] == 1
    assert events(db, learner) == []


def test_an_id_is_made_where_none_is_sent(learner):
    one, other = make_todo(learner), make_todo(learner)
    assert one["id"] != other["id"] and len(todos(learner)) == 2


@pytest.mark.parametrize("body,field", [
    ({}, "title"), ({"title": ""}, "title"), ({"title": None}, "title"), ({"title": "x" * 301}, "title"),
    ({"title": "x", "status": "done"}, "status"), ({"title": "x", "dueAt": "tomorrow"}, "dueAt"),
    ({"title": "x", "rating": 11}, "rating"), ({"title": "x", "rating": -1}, "rating"),
    ({"title": "x", "notes": "x" * 4001}, "notes"), ({"title": "x", "videoIds": ["a", "a"]}, "videoIds"),
    ({"title": "x", "videoIds": [""]}, "videoIds"), ({"title": "x", "videoIds": ["a" * 191]}, "videoIds"),
    ({"title": "x", "videoIds": [f"v{n}" for n in range(101)]}, "videoIds"), ({"title": "x", "id": "a b"}, "id"),
    ({"title": "x", "id": "a/b"}, "id"), ({"title": "x", "id": "i" * 65}, "id"), ({"title": "x", "id": ""}, "id")])
def test_what_cannot_be_read_is_refused(learner, body, field):
    refused(learner.api.post("/api/todos", body), 400, field)
    assert todos(learner) == []


def test_a_change_tells_absent_null_and_given_apart(learner):
    make_todo(learner, id="t1", dueAt=iso(days=1), notes="n", rating=3, videoIds=["v1"])
    before = todos(learner)[0]

    def change(body):
        return ok(learner.api.patch("/api/todos/t1", body))["todo"]

    unchanged = ok(learner.api.patch("/api/todos/t1", {}))
    assert unchanged["todo"] == before and unchanged["revision"] == 1
    assert change({"title": "New"})["notes"] == "n"
    todo = change({"notes": None, "dueAt": None, "rating": None})
    assert (todo["notes"], todo["dueAt"], todo["rating"], todo["title"]) == (None, None, None, "New")
    assert change({"videoIds": ["v3", "v2"]})["videoIds"] == ["v2", "v3"]
    assert change({"notes": "again"})["videoIds"] == ["v2", "v3"]
    assert change({"videoIds": []})["videoIds"] == []
    assert todos(learner) == [change({})]
    refused(learner.api.patch("/api/todos/t1", {"title": None}), 400, "title")
    refused(learner.api.patch("/api/todos/t1", {"status": None}), 400, "status")


def test_a_list_is_narrowed_and_goes_on(learner):
    for number in range(7):
        make_todo(learner, id=f"t{number}", videoIds=[f"v{number}", "shared"] if number % 2 else [f"v{number}"],
                  status="in_progress" if number < 3 else "pending")
    names = [f"t{number}" for number in range(7)]
    assert [todo["id"] for todo in todos(learner)] == names
    assert [todo["id"] for todo in todos(learner, status="in_progress")] == names[:3]
    assert [todo["id"] for todo in todos(learner, videoId="v4")] == ["t4"]
    assert [todo["id"] for todo in todos(learner, videoId="shared", status="pending")] == ["t3", "t5"]
    assert [todo["id"] for todo in todos(learner, videoReferences="v0,v6")] == ["t0", "t6"]
    assert todos(learner, videoId='v"0') == [] and todos(learner, videoId="V4") == []
    assert todos(learner, videoId="shared")[0]["videoIds"] == ["shared", "v1"], "all of its videos"
    for limit, expected in ((1, 7), (3, 3), (7, 1), (100, 1)):
        assert pages(learner, "/api/todos", "todos", limit) == (names, expected)
    for bad in ("limit=0", "after=x", "after=2026-01-01T00:00:00.000Z", "status=done"):
        assert learner.api.get("/api/todos?" + bad).status == 400, bad


def test_others_todos_are_not_there(new_learner):
    one, other = new_learner(), new_learner()
    make_todo(one, id="mine")
    assert todos(other) == []
    refused(other.api.patch("/api/todos/mine", {"title": "taken"}), 404)
    refused(other.api.send("DELETE", "/api/todos/mine"), 404)
    assert make_todo(other, id="mine", title="Their own")["title"] == "Their own"
    assert todos(one)[0]["title"] == "Watch it"


def test_a_repeat_gets_the_first_reply(learner):
    body = {"id": "t1", "title": "Once", "videoIds": ["v1"]}
    first = ok(learner.api.post("/api/todos", body), 201)
    ok(learner.api.patch("/api/todos/t1", {"title": "Changed"}))
    assert ok(learner.api.post("/api/todos", body), 201) == first
    refused(learner.api.post("/api/todos", {**body, "title": "Twice"}), 422)
    assert len(todos(learner)) == 1
    ok(learner.api.send("DELETE", "/api/todos/t1"))
    assert ok(learner.api.post("/api/todos", body), 201) == first and todos(learner) == []


def test_an_idempotency_key_is_for_one_todo(learner, db):
    make_todo(learner, id="t1")
    make_todo(learner, id="t2")
    key = {"Idempotency-Key": "k1"}
    first = ok(learner.api.patch("/api/todos/t1", {"status": "completed"}, headers=key))
    assert ok(learner.api.patch("/api/todos/t1", {"status": "completed"}, headers=key)) == first
    assert event_types(db, learner) == ["todo_completed"]
    refused(learner.api.patch("/api/todos/t2", {"status": "completed"}, headers=key), 422)
    refused(learner.api.patch("/api/todos/t1", {"status": "pending"}, headers=key), 422)
    new = {"Idempotency-Key": "k2"}
    made = ok(learner.api.post("/api/todos", {"title": "Once"}, headers=new), 201)
    assert ok(learner.api.post("/api/todos", {"title": "Once"}, headers=new), 201) == made
    assert len(todos(learner)) == 3


def test_a_row_of_another_application_under_the_same_id(learner, db):
    foreign(db, "INSERT INTO todos (user_id, id, title) VALUES (%s, 't1', 'Theirs')", learner.id)
    refused(learner.api.post("/api/todos", {"id": "t1", "title": "Mine"}), 422, "id")
    met = ok(learner.api.post("/api/todos", {"id": "t1", "title": "Theirs"}), 201)
    assert met["todo"]["title"] == "Theirs" and met["revision"] == 0


def test_a_todo_is_deleted_once(learner, db):
    make_todo(learner, id="t1", videoIds=["v1"])
    gone = ok(learner.api.send("DELETE", "/api/todos/t1"))
    assert gone == {"success": True, "id": "t1", "revision": 2}
    refused(learner.api.send("DELETE", "/api/todos/t1"), 404)
    assert todos(learner) == [] and not query(db, "SELECT * FROM todo_videos WHERE user_id = %s", (learner.id,))


# Completing one


def test_completing_is_an_event(learner, db):
    make_todo(learner, id="t1", dueAt=iso(days=1))
    reply = ok(learner.api.patch("/api/todos/t1", {"status": "completed", "rating": 5, "completedAt": iso(hours=3)}))
    assert reply["todo"]["completed"] is True and reply["todo"]["completedAt"] == iso(hours=3)
    assert reply["event"]["status"] == "applied" and reply["event"]["revision"] == reply["revision"]
    assert events(db, learner) == [{"event_type": "todo_completed", "source_system": "todo_manager",
                                    "activity_type": "practice", "activity_id": "t1",
                                    "completion_status": "completed", "outcome": "applied"}]
    stored = query_one(db, "SELECT happened_at, event_data FROM progress_events WHERE user_id = %s", (learner.id,))
    assert stored["happened_at"].strftime("%Y-%m-%dT%H:%M:%S.000Z") == iso(hours=3)
    assert '"userRating":5' in stored["event_data"].replace(": ", ":")
    assert query_one(db, "SELECT completed_activities FROM user_progress_summary WHERE user_id = %s",
                     (learner.id,))["completed_activities"] == 1
    changes = learner.api.get("/api/progress/history").json()["entries"][0]["changes"]
    assert {"what": "todo", "key": "t1", "because": "completed"}.items() <= changes[0].items()


def test_completing_again_is_none(learner, db):
    make_todo(learner, id="t1")
    first = ok(learner.api.patch("/api/todos/t1", {"status": "completed"}))
    again = ok(learner.api.patch("/api/todos/t1", {"status": "completed"}))
    assert "event" not in again and again["revision"] == first["revision"]
    assert again["todo"] == first["todo"] and len(events(db, learner)) == 1
    ok(learner.api.patch("/api/todos/t1", {"rating": 4}))
    assert len(events(db, learner)) == 1


def test_a_todo_that_is_made_completed_is_an_event(learner, db):
    reply = ok(learner.api.post("/api/todos", {"id": "t1", "title": "Done", "status": "completed"}), 201)
    assert reply["event"]["status"] == "applied" and reply["todo"]["completedAt"] is not None
    assert event_types(db, learner) == ["todo_completed"]


@pytest.mark.parametrize("status", ["pending", "in_progress", "cancelled"])
def test_opening_again_is_none_and_stays(learner, db, status):
    make_todo(learner, id="t1", videoIds=["v1"])
    ok(learner.api.patch("/api/todos/t1", {"status": "completed"}))
    taken = len(events(db, learner))
    reply = ok(learner.api.patch("/api/todos/t1", {"status": status}))
    assert reply["todo"]["status"] == status and reply["todo"]["completedAt"] is None and "event" not in reply
    assert todos(learner)[0]["status"] == status, "nothing completes it by itself"
    assert len(events(db, learner)) == taken
    assert query_one(db, "SELECT completed_activities FROM user_progress_summary WHERE user_id = %s",
                     (learner.id,))["completed_activities"] >= 1, "progress does not fall"


@pytest.mark.parametrize("body,status", [
    ({"completedAt": iso(hours=1)}, 422), ({"status": "pending", "completedAt": iso(hours=1)}, 422),
    ({"status": "completed", "completedAt": iso(days=-2)}, 422),
    ({"status": "completed", "completedAt": iso(days=4000)}, 422),
    ({"status": "completed", "completedAt": None}, 400)])
def test_moments_that_cannot_be(learner, db, body, status):
    make_todo(learner, id="t1")
    refused(learner.api.patch("/api/todos/t1", body), status, "completedAt")
    assert todos(learner)[0]["status"] == "pending" and events(db, learner) == []


# An event that fails


def test_an_event_that_fails_keeps_nobody_from_ticking(learner, admin, db, sync_worker):
    """The row stands, the event waits, and what follows from it comes with the next try."""
    make_todo(learner, id="t-broken", videoIds=["v1"])
    execute(db, "CREATE TRIGGER break_todo BEFORE INSERT ON activities FOR EACH ROW BEGIN"
                " IF NEW.activity_id = 't-broken' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'broken';"
                " END IF; END")
    try:
        reply = ok(learner.api.patch("/api/todos/t-broken", {"status": "completed"}))
    finally:
        execute(db, "DROP TRIGGER break_todo")
    assert reply["todo"]["completed"] is True and todos(learner)[0]["completed"] is True
    assert reply["event"]["status"] == "pending" and reply["event"]["errors"] != []
    assert [event["outcome"] for event in events(db, learner)] == ["pending"]
    ok(admin.api.post("/api/progress-sync/events/reprocess", {"eventIds": [reply["event"]["eventId"]]}))
    wait_until(lambda: [event["outcome"] for event in events(db, learner)] == ["applied"], "the event is processed")
    assert ok(learner.api.get("/api/videos/v1/progress"))["completed"] is True


def test_a_failure_that_is_not_the_events_leaves_nothing(learner, service, db):
    execute(db, "CREATE TRIGGER break_todo BEFORE INSERT ON todos FOR EACH ROW BEGIN"
                " IF NEW.id = 't-broken' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'broken'; END IF; END")
    try:
        reply = learner.api.post("/api/todos", {"id": "t-broken", "title": "x", "status": "completed"})
    finally:
        execute(db, "DROP TRIGGER break_todo")
    assert reply.status == 500 and todos(learner) == [] and events(db, learner) == []


# Another application


def test_what_another_application_writes_is_seen(learner, db):
    make_todo(learner, id="t1", videoIds=["v1"])
    changes = [
        "UPDATE todos SET title = 'Theirs' WHERE user_id = %s",
        "INSERT INTO todos (user_id, id, title) VALUES (%s, 't2', 'New')",
        "INSERT INTO todo_videos (user_id, todo_id, video_id) VALUES (%s, 't2', 'v9')",
        "UPDATE todo_videos SET video_id = 'v8' WHERE user_id = %s AND todo_id = 't2'",
        "DELETE FROM todo_videos WHERE user_id = %s AND todo_id = 't2'",
        "UPDATE todos SET status = 'cancelled', updated_at = '2020-01-01' WHERE user_id = %s AND id = 't2'",
        "DELETE FROM todos WHERE user_id = %s AND id = 't2'"]
    for sql in changes:
        assert is_seen(learner, "/api/todos", lambda sql=sql: foreign(db, sql, learner.id)), sql


def test_a_change_that_is_committed_late_is_seen(learner, service, db):
    """Its time lies before that of a row that was seen already."""
    make_todo(learner, id="t1")
    make_todo(learner, id="t2")
    late = service.connect()
    late.autocommit(False)
    with late.cursor() as cursor:
        cursor.execute("UPDATE todos SET title = 'late' WHERE user_id = %s AND id = 't1'", (learner.id,))
    foreign(db, "UPDATE todos SET title = 'early' WHERE user_id = %s AND id = 't2'", learner.id)
    assert is_seen(learner, "/api/todos", late.commit)
    late.close()
    assert [todo["title"] for todo in todos(learner)] == ["late", "early"]


# Services


def test_a_service_acts_for_the_learner_it_names(learner, service, db):
    backend = service.client(service.mint.sign(service.mint.claims("service_7", "service")))
    named = {"X-Lockstep-User": f"user_{learner.id}"}
    ok(backend.post("/api/todos", {"id": "t1", "title": "Theirs"}, headers=named), 201)
    assert ok(backend.get("/api/todos", headers=named))["todos"] == todos(learner)
    ok(backend.patch("/api/todos/t1", {"status": "completed"}, headers=named))
    assert list(query(db, "SELECT DISTINCT actor FROM ledger WHERE user_id = %s", (learner.id,))) == [
        {"actor": "service_7"}]
    assert backend.get("/api/todos").status == 400
    assert learner.api.get("/api/todos", headers={"X-Lockstep-User": f"user_{learner.id}"}).status == 403


# Many


DIGITS = "(SELECT 0 AS d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6" \
         " UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)"


def fill(db, learner, table, columns, values):
    """Ten thousand rows at once."""
    foreign(db, f"INSERT INTO {table} (user_id, id, {columns}) SELECT %s,"
                f" CONCAT('n', LPAD(a.d * 1000 + b.d * 100 + c.d * 10 + e.d, 4, '0')), {values}"
                f" FROM {DIGITS} AS a, {DIGITS} AS b, {DIGITS} AS c, {DIGITS} AS e", learner.id)


def test_ten_thousand_and_no_more(learner, db):
    fill(db, learner, "todos", "title", "'x'")
    fill(db, learner, "schedule_entries", "starts_at", "'2026-01-01'")
    assert len(todos(learner)) == 10000 and len(pages(learner, "/api/todos", "todos", 4000)[0]) == 10000
    assert len(entries(learner)) == 10000
    assert pages(learner, "/api/schedule", "entries", 3000) == ([f"n{number:04}" for number in range(10000)], 4)
    refused(learner.api.post("/api/todos", {"title": "One more"}), 422)
    refused(learner.api.post("/api/schedule", {"title": "One more", "startsAt": iso()}), 422)
    ok(learner.api.send("DELETE", "/api/todos/n0000"))
    make_todo(learner, id="one-more")
    foreign(db, "INSERT INTO todos (user_id, id) VALUES (%s, 'theirs')", learner.id)
    page = ok(learner.api.get("/api/todos"))
    assert len(page["todos"]) == 10000 and page["nextAfter"] is not None, "what is beyond is the next page"


def test_a_todo_is_completed_once_by_whoever_is_first(learner, service, db):
    make_todo(learner, id="t1")
    calls = [caller(service, learner.token, "PATCH", "/api/todos/t1", {"status": "completed"}) for _ in range(16)]
    assert set(all_at_once(calls)) == {200}
    assert event_types(db, learner) == ["todo_completed"]


def test_one_id_is_one_todo_whoever_is_first(learner, service, db):
    calls = [caller(service, learner.token, "POST", "/api/todos", {"id": "t1", "title": title})
             for title in ("one", "other") * 8]
    assert sorted(set(all_at_once(calls))) == [201, 422]
    assert len(todos(learner)) == 1 and learner.row()["revision"] == 1


def test_another_application_writes_at_the_same_time(learner, service, db):
    """Neither loses what the other has written."""
    make_todo(learner, id="t1")

    def theirs(number):
        def call():
            connection = service.connect()
            foreign(connection, "UPDATE todos SET notes = CONCAT(COALESCE(notes, ''), 'x') WHERE user_id = %s",
                    learner.id)
            connection.close()
            return 200
        return call

    ours = [caller(service, learner.token, "PATCH", "/api/todos/t1", {"title": f"n{number}"}) for number in range(24)]
    results = all_at_once([call for pair in zip(ours, (theirs(number) for number in range(24))) for call in pair])
    assert set(results) == {200}
    assert todos(learner)[0]["notes"] == "x" * 24
