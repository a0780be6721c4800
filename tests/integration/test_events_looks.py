"""When a read asks the rules of `on-read: events`: where another application changed a row of the systems since all of them
were last known to be in step, and else when that is `events.look_s` ago. Rows that are dated back show which."""

import uuid

import pytest

from harness.database import execute, query

PATH = "/api/todos"
LONG_AGO = "2020-01-01 00:00:00"
PLACES = {
    "summary": lambda learner: learner.api.get("/api/progress-sync/summary"),
    "todos": lambda learner: learner.api.get(PATH),
}


def tell(learner, activity):
    reply = learner.api.post("/api/progress-sync/events", {
        "id": str(uuid.uuid4()), "eventType": "video_completed", "sourceSystem": "video_player",
        "eventData": {"activityId": activity, "activityType": "video", "completionStatus": "completed",
                      "videoProgress": {"videoId": activity, "youtubeId": "a", "percentageWatched": 100}}})
    assert reply.status == 200, reply


def add(db, learner, todo, video, dated=None):
    """An open todo about a video that another application completed; `dated`: what its rows say when that was."""
    at = {"created_at": dated, "updated_at": dated} if dated else {}
    for table, columns in (("todos", {"id": todo, "title": "Watch it", **at}),
                           ("todo_videos", {"todo_id": todo, "video_id": video}),
                           ("video_progress", {"video_id": video, "status": "completed", "percentage_watched": 100,
                                               "completed_at": LONG_AGO, **({"updated_at": dated} if dated else {})})):
        columns = {"user_id": learner.id, **columns}
        execute(db, f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})",
                tuple(columns.values()))


def status(db, learner, todo):
    return query(db, "SELECT status FROM todos WHERE user_id = %s AND id = %s", (learner.id, todo))[0]["status"]


@pytest.fixture
def known(learner):
    """A learner who was looked at, and in step."""
    tell(learner, "first")
    assert learner.api.get(PATH).status == 200
    return learner


@pytest.mark.parametrize("place", PLACES)
def test_what_another_application_changes_is_seen_by_the_next_read(known, db, place):
    for number in range(3):
        add(db, known, f"t{number}", f"v{number}")
        assert PLACES[place](known).status == 200
        assert status(db, known, f"t{number}") == "completed"


@pytest.mark.parametrize("events", (0, 2))
def test_what_nothing_tells_of_is_seen_when_it_is_time(known, db, events):
    """Neither a read nor an event that found the systems in step lets the next read ask again."""
    for number in range(events):
        tell(known, f"more-{number}")
    add(db, known, "t", "v", dated=LONG_AGO)
    assert known.api.get(PATH).status == 200
    assert status(db, known, "t") == "pending"
    execute(db, "UPDATE user_progress_summary SET systems_looked_at = systems_looked_at - INTERVAL 61 SECOND"
                " WHERE user_id = %s", (known.id,))
    assert known.api.get(PATH).status == 200
    assert status(db, known, "t") == "completed"


def test_an_event_does_not_hide_what_was_written_before_it(known, db):
    add(db, known, "t", "v")
    tell(known, "another")
    assert known.api.get(PATH).status == 200
    assert status(db, known, "t") == "completed"


def test_who_has_no_events_is_looked_at_each_time(learner, db):
    assert learner.api.get(PATH).status == 200
    add(db, learner, "t", "v", dated=LONG_AGO)
    assert learner.api.get(PATH).status == 200
    assert status(db, learner, "t") == "completed"


def test_however_much_another_application_changed_one_read_brings_it_along(known, db):
    for table, columns, values in (
            ("todos", "id, title", "CONCAT('t', n.seq), 'Watch it'"),
            ("todo_videos", "todo_id, video_id", "CONCAT('t', n.seq), CONCAT('v', n.seq)"),
            ("video_progress", "video_id, status, percentage_watched, completed_at",
             "CONCAT('v', n.seq), 'completed', 100, UTC_TIMESTAMP(3)")):
        execute(db, f"INSERT INTO {table} (user_id, {columns}) SELECT %s, {values} FROM seq_1_to_3000 AS n", (known.id,))
    assert known.api.get(PATH).status == 200
    assert query(db, "SELECT status, COUNT(*) AS count FROM todos WHERE user_id = %s GROUP BY status", (known.id,)) == [
        {"status": "completed", "count": 3000}]
