"""Practice sessions, the list of attempts, and what the days add up to."""

import datetime
import uuid

import pytest

from harness.database import execute, query, query_one
from test_streaks import at_noon, days_ago, stamp

UTC = datetime.timezone.utc


def minutes_ago(count):
    return stamp(datetime.datetime.now(UTC) - datetime.timedelta(minutes=count))


def start(learner, **body):
    reply = learner.api.post("/api/practice-sessions", body)
    assert reply.status == 201, reply
    return reply.json()["session"]


def sessions_of(learner, suffix=""):
    reply = learner.api.get(f"/api/practice-sessions{suffix}")
    assert reply.status == 200, reply
    return reply.json()


def statistics_of(learner, suffix=""):
    reply = learner.api.get(f"/api/progress/statistics{suffix}")
    assert reply.status == 200, reply
    return reply.json()


def attempts_of(learner, suffix=""):
    reply = learner.api.get(f"/api/progress/attempts{suffix}")
    assert reply.status == 200, reply
    return reply.json()


# --- Practice sessions ---------------------------------------------------------------------------------


def test_a_session_from_start_to_end(learner):
    reply = learner.api.post("/api/practice-sessions")
    assert reply.status == 201, reply
    session = reply.json()["session"]
    assert (session["endedAt"], session["totalExercises"], session["correctAnswers"]) == (None, 0, 0)
    assert reply.json()["revision"] == 1
    for correct in (True, False, True):
        assert learner.answer(correct=correct, practiceSessionId=session["id"]).status == 200
    listed, = sessions_of(learner)["sessions"]
    assert (listed["id"], listed["totalExercises"], listed["correctAnswers"]) == (session["id"], 3, 2)
    ended = learner.api.patch(f"/api/practice-sessions/{session['id']}", {})
    assert ended.status == 200, ended
    assert ended.json()["session"]["endedAt"] is not None
    assert ended.json()["session"]["totalExercises"] == 3


def test_ending_twice_is_harmless(learner):
    session = start(learner, startedAt=minutes_ago(30))
    first = learner.api.patch(f"/api/practice-sessions/{session['id']}", {"endedAt": minutes_ago(10)})
    again = learner.api.patch(f"/api/practice-sessions/{session['id']}", {"endedAt": minutes_ago(5)})
    assert (first.status, again.status) == (200, 200)
    assert again.json() == first.json(), "the first end stays, and no revision moves"
    assert learner.row()["revision"] == 2


def test_a_repeated_answer_counts_its_session_once(learner):
    session = start(learner)
    for _ in range(3):
        assert learner.answer(answerId="one", practiceSessionId=session["id"]).status == 200
    assert sessions_of(learner)["sessions"][0]["totalExercises"] == 1


def test_a_repeated_start_is_one_session(learner):
    body = {"sessionId": "mine-1"}
    first = learner.api.post("/api/practice-sessions", body)
    assert learner.api.post("/api/practice-sessions", body).body == first.body
    keyed = [learner.api.post("/api/practice-sessions", {}, headers={"Idempotency-Key": "k-1"}) for _ in range(2)]
    assert keyed[0].body == keyed[1].body
    assert len(sessions_of(learner)["sessions"]) == 2
    other = learner.api.post("/api/practice-sessions", {**body, "startedAt": minutes_ago(3)})
    assert other.status == 422, other


def test_one_key_cannot_end_two_sessions(learner):
    first, second = start(learner), start(learner)
    key = {"Idempotency-Key": "end-1"}
    assert learner.api.patch(f"/api/practice-sessions/{first['id']}", {}, headers=key).status == 200
    assert learner.api.patch(f"/api/practice-sessions/{second['id']}", {}, headers=key).status == 422


def test_another_learners_session_does_not_exist(learner, new_learner, db):
    session = start(new_learner())
    assert learner.api.patch(f"/api/practice-sessions/{session['id']}", {}).status == 404
    assert learner.api.patch("/api/practice-sessions/x", {}).status == 404
    replies = [learner.answer(practiceSessionId=number) for number in (session["id"], 10**9)]
    assert [reply.status for reply in replies] == [200, 200]
    assert replies[0].json().keys() == replies[1].json().keys(), "whether it exists is not to be learnt"
    assert [attempt["practiceSessionId"] for attempt in attempts_of(learner)["attempts"]] == [None, None]
    learner.agrees(2, 2, 2)
    row = query_one(db, "SELECT * FROM practice_sessions WHERE id = %s", (session["id"],))
    assert (row["ended_at"], row["total_exercises"]) == (None, 0)


@pytest.mark.parametrize("body", [
    {"startedAt": "2020-01-01T00:00:00Z"}, {"startedAt": "2999-01-01T00:00:00Z"}])
def test_a_start_has_its_bounds(learner, body):
    reply = learner.api.post("/api/practice-sessions", body)
    assert reply.status == 422 and reply.json()["errors"][0]["field"] == "startedAt", reply


def test_an_end_has_its_bounds(learner):
    session = start(learner, startedAt=minutes_ago(10))
    for ended_at in (minutes_ago(11), "2999-01-01T00:00:00Z"):
        reply = learner.api.patch(f"/api/practice-sessions/{session['id']}", {"endedAt": ended_at})
        assert reply.status == 422 and reply.json()["errors"][0]["field"] == "endedAt", reply
    assert learner.api.patch(f"/api/practice-sessions/{session['id']}", {"endedAt": "soon"}).status == 400


def test_sessions_come_newest_first_in_pages(learner):
    made = [start(learner, startedAt=minutes_ago(count))["id"] for count in (50, 20, 40, 10, 30)]
    expected = [made[3], made[1], made[4], made[2], made[0]]
    assert [one["id"] for one in sessions_of(learner)["sessions"]] == expected
    seen, after = [], ""
    while after is not None:
        page = sessions_of(learner, f"?limit=2{after}")
        seen += [one["id"] for one in page["sessions"]]
        after = page["nextAfter"] and f"&after={page['nextAfter']}"
    assert seen == expected
    assert learner.api.get("/api/practice-sessions?after=x").status == 400


# --- Attempts ------------------------------------------------------------------------------------------


def test_attempts_newest_first(learner):
    session = start(learner)
    learner.answer("math", True, 3, exerciseId="first", userAnswer="42", answeredAt=at_noon(3))
    learner.answer("art", False, 0, exerciseId="second", answeredAt=at_noon(1), practiceSessionId=session["id"])
    second, first = attempts_of(learner)["attempts"]
    assert (first["exerciseId"], first["module"], first["isCorrect"]) == ("first", "math", True)
    assert (first["userAnswer"], first["tokens"], first["practicedOn"]) == ("42", 3, days_ago(3))
    assert (first["answeredAt"], first["practiceSessionId"]) == (at_noon(3), None)
    assert (second["exerciseId"], second["userAnswer"], second["practiceSessionId"]) == ("second", None, session["id"])


def test_pages_of_attempts_with_equal_times(learner, db):
    """The cursor is time and id, so that a page may end within one moment; what comes in between moves nothing."""
    for at in range(25):
        assert learner.answer(exerciseId=f"e{at}", answeredAt=at_noon(2 + at // 10)).status == 200
    everything = attempts_of(learner, "?limit=200")
    assert everything["nextAfter"] is None and len(everything["attempts"]) == 25
    seen, after = [], ""
    while after is not None:
        page = attempts_of(learner, f"?limit=7{after}")
        seen += page["attempts"]
        after = page["nextAfter"] and f"&after={page['nextAfter']}"
        assert learner.answer(exerciseId="newer").status == 200
        execute(db, "INSERT INTO attempts_archive SELECT * FROM attempts WHERE user_id = %s AND created_at < %s",
                (learner.id, at_noon(3)[:-1]))
        execute(db, "DELETE FROM attempts WHERE user_id = %s AND created_at < %s", (learner.id, at_noon(3)[:-1]))
    assert seen == everything["attempts"]


@pytest.mark.parametrize("after", ["x", "-1", "1-", "1-2-3", "99999999999999999999-1", "1--2", " 1-2"])
def test_a_place_that_was_never_handed_out(learner, after):
    reply = learner.api.get(f"/api/progress/attempts?after={after.replace(' ', '%20')}")
    assert reply.status == 400 and reply.json()["errors"][0]["field"] == "after", reply


def test_pages_have_a_limit(learner):
    assert learner.api.get("/api/progress/attempts?limit=201").status == 400
    assert learner.api.get("/api/progress/attempts?limit=0").status == 400


# --- Statistics ----------------------------------------------------------------------------------------


def test_statistics_of_nobody(learner):
    value = statistics_of(learner)
    nothing = {"questionsAnswered": 0, "correctAnswers": 0, "tokens": 0, "accuracy": 0}
    assert value["totals"] == nothing
    assert (value["modules"], value["bestDay"], value["streaks"]) == ([], None, [])
    assert value["sessions"] == {"total": 0, "ended": 0, "totalExercises": 0, "correctAnswers": 0}
    assert [day["date"] for day in value["days"]] == [days_ago(count) for count in range(29, -1, -1)]
    assert all({**day, "date": ...} == {**nothing, "date": ...} for day in value["days"])
    assert value["streak"] == {"current": 0, "longest": 0, "lastPracticeDate": None, "practicedToday": False, "days": 0}


def test_statistics_add_up(learner, db):
    execute(db, "INSERT INTO modules (module_key, label) VALUES ('stat-art', 'Fine art')")
    session = start(learner)
    for count, module, correct, tokens in [(40, "number_theory", True, 5), (2, "stat-art", True, 4),
                                           (2, "number_theory", True, 1), (1, "stat-art", False, 0),
                                           (0, "stat-art", True, 2)]:
        when = {} if count == 0 else {"answeredAt": at_noon(count)}
        assert learner.answer(module, correct, tokens, practiceSessionId=session["id"], **when).status == 200
    learner.api.patch(f"/api/practice-sessions/{session['id']}", {})
    value = statistics_of(learner, "?days=3")
    assert value["totals"] == {"questionsAnswered": 5, "correctAnswers": 4, "tokens": 12, "accuracy": 80}
    assert value["modules"] == [
        {"module": "number_theory", "label": "Number Theory", "questionsAnswered": 2, "correctAnswers": 2,
         "tokens": 6, "accuracy": 100},
        {"module": "stat-art", "label": "Fine art", "questionsAnswered": 3, "correctAnswers": 2, "tokens": 6,
         "accuracy": 66.67}]
    assert value["days"] == [
        {"date": days_ago(2), "questionsAnswered": 2, "correctAnswers": 2, "tokens": 5, "accuracy": 100},
        {"date": days_ago(1), "questionsAnswered": 1, "correctAnswers": 0, "tokens": 0, "accuracy": 0},
        {"date": days_ago(0), "questionsAnswered": 1, "correctAnswers": 1, "tokens": 2, "accuracy": 100}]
    assert value["bestDay"]["date"] == days_ago(2), "two correct ones: more than on any other day"
    assert value["sessions"] == {"total": 1, "ended": 1, "totalExercises": 5, "correctAnswers": 4}
    assert value["streak"] == {"current": 3, "longest": 3, "lastPracticeDate": days_ago(0), "practicedToday": True,
                               "days": 4}
    assert value["streaks"] == [{"activity": "answer", **value["streak"]}]


def test_streaks_by_activity(learner, db):
    """Together they are five days in a row; alone, three and two."""
    for count, activity in [(4, "session"), (3, "session"), (2, "answer"), (1, "answer"), (0, "answer"), (0, "event")]:
        execute(db, "INSERT INTO practice_days (user_id, day, activity, count) VALUES (%s, %s, %s, 1)",
                (learner.id, days_ago(count), activity))
    value = statistics_of(learner)
    assert value["streak"]["current"] == 5 and value["streak"]["days"] == 5
    by_activity = {one["activity"]: (one["current"], one["longest"], one["lastPracticeDate"])
                   for one in value["streaks"]}
    assert by_activity == {"answer": (3, 3, days_ago(0)), "event": (1, 1, days_ago(0)),
                           "session": (0, 2, days_ago(3))}


def test_the_best_of_equal_days_is_the_first(learner, db):
    for count, correct, tokens in [(9, 3, 5), (8, 3, 7), (7, 3, 7), (6, 2, 90)]:
        execute(db, "INSERT INTO daily_totals (user_id, day, module, questions, correct, tokens)"
                " VALUES (%s, %s, 'm', 4, %s, %s)", (learner.id, days_ago(count), correct, tokens))
    assert statistics_of(learner)["bestDay"]["date"] == days_ago(8)


def test_statistics_are_fresh(learner):
    first = learner.api.get("/api/progress/statistics")
    assert learner.api.get("/api/progress/statistics", headers={"If-None-Match": first.etag}).status == 304
    learner.answer()
    assert learner.api.get("/api/progress/statistics", headers={"If-None-Match": first.etag}).status == 200


@pytest.mark.parametrize("days", ["0", "367", "x", "-1"])
def test_days_have_bounds(learner, days):
    reply = learner.api.get(f"/api/progress/statistics?days={days}")
    assert reply.status == 400 and reply.json()["errors"][0]["field"] == "days", reply


def test_an_anonymous_learner_has_them_all(public):
    api = public.as_token(public.post("/api/anonymous").json()["token"])
    session = api.post("/api/practice-sessions", {"sessionId": str(uuid.uuid4())}).json()["session"]
    assert api.patch(f"/api/practice-sessions/{session['id']}", {}).status == 200
    for path in ("/api/progress/statistics", "/api/progress/attempts", "/api/practice-sessions"):
        assert api.get(path).status == 200
