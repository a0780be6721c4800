"""GET /api/dashboard: document 004's, with what its code got wrong put right."""

import datetime

import pytest

from harness.database import execute

UTC = datetime.timezone.utc
FIRST = datetime.datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def dashboard(learner):
    reply = learner.api.get("/api/dashboard")
    assert reply.status == 200, reply
    assert reply.json()["success"] is True
    return reply.json()["dashboard"]


def add_session(db, learner, at, **columns):
    """A session by SQL, `at` minutes after the first."""
    values = {"user_id": learner.id, "id": f"s-{at:03}", "thread_id": "t", "stitch_id": "s", "results": "[]",
              "practised_on": FIRST.date(), "completed_at": (FIRST + datetime.timedelta(minutes=at)).replace(tzinfo=None),
              "revision": 1, **columns}
    execute(db, f"INSERT INTO session_results ({', '.join(values)}) VALUES ({', '.join(['%s'] * len(values))})",
            tuple(values.values()))


def add_stitches(db, learner, thread, completed, open_ones=0):
    for at in range(completed + open_ones):
        execute(db, "INSERT INTO user_stitch_progress (user_id, thread_id, stitch_id, is_completed, last_attempted,"
                " revision) VALUES (%s, %s, %s, %s, '2026-01-05 10:00:00', 1)",
                (learner.id, thread, f"stitch-{at}", at < completed))


def test_before_anything_was_done(new_learner):
    """The document answered 500 where there was no profile."""
    learner = new_learner()
    before = learner.checksum()
    assert dashboard(learner) == {
        "userId": learner.id,
        "profile": {"displayName": "", "totalPoints": 0, "blinkSpeed": 2.5, "blinkSpeedTrend": "steady",
                    "evolutionLevel": 1, "totalSessions": 0, "streakDays": 0, "lastSessionDate": None,
                    "isSubscribed": False},
        "progress": {"totalStitchesCompleted": 0, "threadProgress": {}},
        "recentSessions": []}
    assert learner.checksum() == before, "reading writes nothing"


def test_after_some_sessions(new_learner, db):
    learner = new_learner(display_name="Ada")
    add_stitches(db, learner, "thread-T1-001", 3, open_ones=2)
    add_stitches(db, learner, "thread \"two\"", 1)
    add_stitches(db, learner, "thread-T3-003", 0, open_ones=4)
    execute(db, "INSERT INTO profiles (user_id, is_subscribed) VALUES (%s, TRUE)", (learner.id,))
    sent = [{"sessionId": f"s-{at}", "threadId": f"t-{at}", "stitchId": f"u-{at}", "totalQuestions": 3, "correctAnswers": at % 4,
             "totalPoints": 10 * at} for at in range(7)]
    moments = []
    for body in sent:
        assert learner.api.post("/api/sessions/record", body).status == 200
    value = dashboard(learner)
    assert value["progress"] == {"totalStitchesCompleted": 4, "threadProgress": {"thread-T1-001": 3, "thread \"two\"": 1}}
    for session in value["recentSessions"]:
        moments.append(session.pop("completed_at"))
    accuracies = {0: 0, 1: 33.33, 2: 66.67, 3: 100}
    assert value["recentSessions"] == [
        {"id": body["sessionId"], "thread_id": body["threadId"], "stitch_id": body["stitchId"],
         "total_points": body["totalPoints"], "accuracy": accuracies[body["correctAnswers"]]}
        for body in reversed(sent[2:])], "five, newest first, by the names that they are stored under"
    assert moments == sorted(moments, reverse=True)
    profile = value["profile"]
    assert (profile["displayName"], profile["totalPoints"], profile["totalSessions"]) == ("Ada", 210, 7)
    assert (profile["streakDays"], profile["evolutionLevel"], profile["isSubscribed"]) == (1, 1, True)
    assert profile["lastSessionDate"] == moments[0]


def test_latest_is_by_when_it_was_completed(learner, db):
    for at in (5, 3, 9, 1, 7, 2):
        add_session(db, learner, at, id=f"s-{90 - at}")
    add_session(db, learner, 9, id="s-81-b")
    assert [session["id"] for session in dashboard(learner)["recentSessions"]] == [
        "s-81-b", "s-81", "s-83", "s-85", "s-87"], "at the same moment by id"
    profile = dashboard(learner)["profile"]
    assert (profile["blinkSpeed"], profile["evolutionLevel"], profile["totalPoints"]) == (2.5, 1, 0), "no profile yet"


# The document did not select the speeds that it compared: every trend was improving.
@pytest.mark.parametrize("average, speeds, trend", [
    (2.0, [1.5, 1.5, 1.5, 1.5, 1.5], "improving"),
    (2.0, [1.8, 1.8, 1.8, 1.8, 1.8], "steady"),       # 0.9 of it exactly is not under it
    (2.0, [1.79, 1.79, 1.79, 1.79, 1.79], "improving"),
    (2.0, [2.2, 2.2, 2.2, 2.2, 2.2], "steady"),
    (2.0, [2.21, 2.21, 2.21, 2.21, 2.21], "declining"),
    (2.0, [1.0, 1.0, 1.0, 1.0], "steady"),            # fewer than five
    (2.0, [], "steady"),
    (2.0, [0.5, 0.5, 0.5, 0.5, 10.0], "declining"),    # the mean, not the median
    (2.0, [9.0, 1.0, 1.0, 1.0, 1.0, 1.0], "improving"),                      # the first of six is too old
    (2.0, [1.0, 1.0, 1.0, None, 1.0, None, 1.0, None], "improving"),         # five known among eight
    (2.0, [1.0, 1.0, None, 1.0, None, 1.0, None, None, None, None], "steady"),  # four known among ten
    (2.0, [3.0, 3.0, 3.0, 3.0, 3.0] + [None] * 50, "declining"),             # known long ago
])
def test_trend(learner, db, average, speeds, trend):
    execute(db, "INSERT INTO profiles (user_id, avg_blink_speed) VALUES (%s, %s)", (learner.id, average))
    for at, speed in enumerate(speeds):
        add_session(db, learner, at, blink_speed=speed)
    assert dashboard(learner)["profile"]["blinkSpeedTrend"] == trend


def test_a_streak_is_shown_as_of_today(new_learner, db):
    """The document showed the column, whatever day it was of."""
    learner = new_learner(time_zone="Asia/Tokyo")
    today = (datetime.datetime.now(UTC) + datetime.timedelta(hours=9)).date()
    execute(db, "INSERT INTO profiles (user_id, current_streak, longest_streak, last_practice_date) VALUES"
            " (%s, 4, 9, %s)", (learner.id, today - datetime.timedelta(days=1)))
    assert dashboard(learner)["profile"]["streakDays"] == 4, "today may still come"
    execute(db, "UPDATE profiles SET last_practice_date = %s WHERE user_id = %s",
            (today - datetime.timedelta(days=2), learner.id))
    execute(db, "UPDATE users SET revision = revision + 1 WHERE id = %s", (learner.id,))
    assert dashboard(learner)["profile"]["streakDays"] == 0


def test_of_an_anonymous_learner(public, service):
    """The document kept its dashboard from those who had not signed in."""
    api = service.client(public.post("/api/anonymous").json()["token"])
    assert api.post("/api/sessions/record", {"threadId": "t", "stitchId": "s", "totalPoints": 4}).status == 200
    reply = api.get("/api/dashboard")
    assert reply.status == 200 and reply.json()["dashboard"]["profile"]["totalPoints"] == 4


def test_other_methods_and_strangers(learner, public):
    reply = learner.api.post("/api/dashboard", {})
    assert reply.status == 405 and "GET" in reply.headers["Allow"]
    assert reply.json()["success"] is False and reply.json()["error"] == reply.json()["message"]
    reply = public.get("/api/dashboard")
    assert reply.status == 401 and reply.json()["success"] is False


def test_ten_thousand_stitches_in_a_hundred_threads(learner, db):
    rows = ", ".join(f"({learner.id}, 'thread-{at % 100}', 'stitch-{at}', {at % 3 > 0}, '2026-01-05 10:00:00', 1)"
                     for at in range(10000))
    execute(db, "INSERT INTO user_stitch_progress (user_id, thread_id, stitch_id, is_completed, last_attempted,"
            f" revision) VALUES {rows}")
    progress = dashboard(learner)["progress"]
    assert progress["totalStitchesCompleted"] == 6666 == sum(progress["threadProgress"].values())
    assert len(progress["threadProgress"]) == 100
