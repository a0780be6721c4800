"""POST /api/sessions/record: document 004's session, recorded once, with everything that follows from it."""

import datetime
import json
import threading

import pytest

from harness import truth
from harness.database import execute, query, query_one

NOW = datetime.timezone.utc
SENTENCE = "Missing required fields: threadId and stitchId are required"
# What the document's player sends (handleEndSession), and the user id that its hook adds.
DOCUMENT = {"sessionId": "session-1712000000000-417", "threadId": "thread-T1-001", "stitchId": "stitch-T1-001-01",
            "totalQuestions": 20, "correctAnswers": 17, "totalPoints": 56, "blinkSpeed": 2.25,
            "results": [{"id": "q-1", "correct": True, "timeToAnswer": 1800}, {"id": "q-2", "correct": False}],
            "userId": "0e1fa8f3-5c1b-4d54-a5d4-1d8dd1c5a4a1"}


def iso(moment):
    return moment.astimezone(NOW).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now():
    return datetime.datetime.now(NOW)


def record(learner, **fields):
    return learner.api.post("/api/sessions/record", {"threadId": "t", "stitchId": "s", **fields})


def sessions_of(db, learner):
    return query(db, "SELECT * FROM session_results WHERE user_id = %s ORDER BY completed_at, id", (learner.id,))


def profile_of(db, learner):
    return query_one(db, "SELECT * FROM profiles WHERE user_id = %s", (learner.id,))


def assert_proven(db, learner):
    """Points, sessions and the latest moment in the profile are what the sessions add up to."""
    proof = query_one(db, "SELECT COUNT(*) AS sessions, COALESCE(SUM(total_points), 0) AS points,"
                      " MAX(completed_at) AS latest FROM session_results WHERE user_id = %s", (learner.id,))
    profile = profile_of(db, learner)
    assert (profile["total_sessions"], profile["total_points"], profile["last_session_at"]) == (
        proof["sessions"], proof["points"], proof["latest"])


def test_the_documents_own_session(learner, db):
    reply = learner.api.post("/api/sessions/record", DOCUMENT)
    assert reply.status == 200, reply
    assert reply.json() == {"success": True, "message": "Session recorded successfully",
                            "sessionId": DOCUMENT["sessionId"], "threadId": DOCUMENT["threadId"],
                            "stitchId": DOCUMENT["stitchId"], "totalPoints": 56, "revision": 1}
    row, = sessions_of(db, learner)
    assert (row["id"], row["thread_id"], row["stitch_id"]) == (DOCUMENT["sessionId"], "thread-T1-001", "stitch-T1-001-01")
    assert (row["total_questions"], row["correct_answers"], row["total_points"]) == (20, 17, 56)
    assert (float(row["accuracy"]), row["blink_speed"], row["revision"]) == (85, 2.25, 1)
    assert json.loads(row["results"]) == DOCUMENT["results"]
    profile = profile_of(db, learner)
    assert profile["avg_blink_speed"] == 2.5 * 0.7 + 2.25 * 0.3
    assert (profile["evolution_level"], profile["current_streak"], profile["longest_streak"]) == (1, 1, 1)
    assert_proven(db, learner)
    day = query_one(db, "SELECT * FROM practice_days WHERE user_id = %s", (learner.id,))
    assert (day["activity"], day["count"], str(day["day"])) == ("session", 1, now().date().isoformat())
    entry, = truth.ledger_of(db, learner.id)
    assert (entry["kind"], entry["actor"], entry["op_id"]) == (
        "session", f"user_{learner.id}", f"session:{DOCUMENT['sessionId']}")
    because = f"session {DOCUMENT['sessionId']}"
    assert entry["changes"] == [{"what": "sessions", "key": "thread-T1-001", "by": 1, "because": because},
                                {"what": "points", "key": "thread-T1-001", "by": 56, "because": because}]


def test_the_least_that_may_be_sent(learner, db):
    before = now()
    reply = record(learner)
    assert reply.status == 200, reply
    assert reply.json()["sessionId"].startswith("session-") and reply.json()["totalPoints"] == 0
    row, = sessions_of(db, learner)
    assert row["id"] == reply.json()["sessionId"]
    assert (row["total_questions"], row["correct_answers"], row["total_points"], row["accuracy"]) == (0, 0, 0, 0)
    assert row["blink_speed"] is None and row["results"] == "[]"
    assert abs(row["completed_at"].replace(tzinfo=NOW) - before) < datetime.timedelta(minutes=1)
    assert profile_of(db, learner)["avg_blink_speed"] == 2.5
    assert record(learner).json()["sessionId"] != reply.json()["sessionId"], "each without an id has one of its own"
    assert_proven(db, learner)


def test_null_is_what_was_not_sent(learner, db):
    reply = record(learner, sessionId=None, totalQuestions=None, correctAnswers=None, totalPoints=None, blinkSpeed=None,
                   results=None, completedAt=None)
    assert reply.status == 200, reply
    row, = sessions_of(db, learner)
    assert (row["total_points"], row["blink_speed"], row["results"]) == (0, None, "[]")


@pytest.mark.parametrize("body", [
    {}, {"threadId": "t"}, {"stitchId": "s"}, {"threadId": None, "stitchId": "s"}, {"threadId": "", "stitchId": "s"},
    {"threadId": "t", "stitchId": ""}, {"totalPoints": 5}])
def test_the_documents_sentence_for_what_is_missing(learner, body):
    before = learner.checksum()
    reply = learner.api.post("/api/sessions/record", body)
    assert reply.status == 400, reply
    problem = reply.json()
    assert (problem["success"], problem["message"], problem["error"], problem["detail"]) == (False,) + (SENTENCE,) * 3
    missing = {name for name in ("threadId", "stitchId") if not body.get(name)}
    assert {error["field"] for error in problem["errors"]} == missing
    assert learner.checksum() == before


@pytest.mark.parametrize("field, value, status", [
    ("threadId", 7, 400), ("threadId", "x" * 191, 400), ("stitchId", ["s"], 400), ("sessionId", "", 400),
    ("sessionId", "x" * 65, 400), ("sessionId", 7, 400), ("totalQuestions", -1, 400), ("totalQuestions", 1.5, 400),
    ("totalPoints", "5", 400), ("totalPoints", 10**10, 400), ("blinkSpeed", -0.5, 400), ("blinkSpeed", 1e9, 400),
    ("blinkSpeed", "fast", 400), ("results", "x" * 262144, 400), ("completedAt", "yesterday", 400),
    ("completedAt", 1712000000000, 400), ("correctAnswers", 6, 422)])
def test_refused_values(learner, field, value, status):
    before = learner.checksum()
    reply = record(learner, **{"totalQuestions": 5, field: value})
    assert reply.status == status, reply
    problem = reply.json()
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["success"] is False and problem["error"] == problem["message"] != SENTENCE
    assert learner.checksum() == before


@pytest.mark.parametrize("text", [
    "[]", "{}", "7", '"done"', "false", "[-0, -0.0, 1E5, 1e+5, 1.5E-10, 0.1e1, 1e308, 5e-324]",
    "[123456789012345678901234567890, 18446744073709551615, 0.1234567890123456789]",
    r'["\ud83d\ude00 \u00fc \/ \b\f\n\r\t \\ \"", "\u2028", {"": {"a b": [[], {}, null]}}]', "[" * 15 + "]" * 15])
def test_results_are_kept_as_they_are(learner, db, text):
    body = f'{{"threadId": "t", "stitchId": "s", "results": {text}}}'.encode("ascii")
    reply = learner.api.send("POST", "/api/sessions/record", body=body, headers={"Content-Type": "application/json"})
    assert reply.status == 200, reply
    assert sessions_of(db, learner)[0]["results"] == text


@pytest.mark.parametrize("text", ["1e400", "[1, [-1e309]]", '{"a": {"b": 1e99999}}', '"\ud800"', "[" * 17 + "]" * 17])
def test_results_that_not_every_database_takes(learner, text):
    body = f'{{"threadId": "t", "stitchId": "s", "results": {text}}}'.encode("utf-8", "surrogatepass")
    reply = learner.api.send("POST", "/api/sessions/record", body=body, headers={"Content-Type": "application/json"})
    assert reply.status == 400, reply


def test_correct_without_a_total_is_refused(learner):
    assert record(learner, correctAnswers=1).status == 422
    assert record(learner, correctAnswers=0).status == 200


def test_other_methods(learner):
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        reply = learner.api.send(method, "/api/sessions/record")
        assert reply.status == 405 and "POST" in reply.headers["Allow"], reply
        assert reply.json()["success"] is False


def test_repeats_get_the_first_reply(learner, db):
    first = learner.api.post("/api/sessions/record", DOCUMENT)
    assert record(learner, totalPoints=3).status == 200
    before = learner.checksum()
    again = learner.api.post("/api/sessions/record", DOCUMENT)
    assert (again.status, again.body) == (200, first.body)
    for change in ({"totalPoints": 57}, {"stitchId": "other"}, {"blinkSpeed": 2}, {"correctAnswers": 16}):
        reply = learner.api.post("/api/sessions/record", {**DOCUMENT, **change})
        assert reply.status == 422, reply
    assert learner.checksum() == before
    assert profile_of(db, learner)["total_points"] == 59


def test_an_idempotency_key_serves_who_has_no_id(learner, db):
    key = {"Idempotency-Key": "k-1"}
    first = learner.api.post("/api/sessions/record", {"threadId": "t", "stitchId": "s"}, headers=key)
    again = learner.api.post("/api/sessions/record", {"threadId": "t", "stitchId": "s"}, headers=key)
    assert first.status == 200 and again.body == first.body
    assert len(sessions_of(db, learner)) == 1


def test_a_session_of_the_older_application_counts_no_second_time(learner, db):
    """Its row is there and the ledger knows nothing of it: as after an import."""
    execute(db, "INSERT INTO session_results (user_id, id, thread_id, stitch_id, total_questions, correct_answers,"
            " total_points, accuracy, blink_speed, results, practised_on, completed_at, revision) VALUES"
            " (%s, 'old-1', 't', 's', 4, 3, 9, 75, 1.5, '[]', '2026-01-05', '2026-01-05 10:00:00', 1)", (learner.id,))
    before = learner.checksum()
    same = {"sessionId": "old-1", "totalQuestions": 4, "correctAnswers": 3, "totalPoints": 9, "blinkSpeed": 1.5}
    for _ in range(2):
        reply = record(learner, **same)
        assert reply.status == 200 and reply.json()["revision"] == 1, "the revision that the row tells"
    for change in ({"totalPoints": 8}, {"blinkSpeed": None}, {"threadId": "u"}, {"completedAt": iso(now())}):
        reply = record(learner, **{**same, **change})
        assert reply.status == 422, reply
        assert [error["field"] for error in reply.json()["errors"]] == ["sessionId"]
    assert learner.checksum() == before


def test_ids_are_each_learners_own(new_learner, db):
    one, other = new_learner(), new_learner()
    assert record(one, sessionId="same", totalPoints=1).status == 200
    assert record(other, sessionId="same", totalPoints=2).status == 200
    assert (profile_of(db, one)["total_points"], profile_of(db, other)["total_points"]) == (1, 2)


def test_the_body_says_nothing_about_whose_session_it_is(new_learner, db):
    """The document's client sends a userId along."""
    learner, other = new_learner(), new_learner()
    before = other.checksum()
    assert record(learner, userId=other.id, user_id=other.id, isAnonymous=True, totalPoints=5).status == 200
    assert other.checksum() == before
    assert profile_of(db, learner)["total_points"] == 5


def test_session_and_profile_stand_or_fall_together(learner, db):
    """The document went on where the profile could not be written, and the points were gone."""
    execute(db, "INSERT INTO profiles (user_id, total_points) VALUES (%s, 9223372036854775807)", (learner.id,))
    before = learner.checksum()
    reply = record(learner, sessionId="s-1", totalPoints=1)
    assert reply.status == 500 and reply.json()["success"] is False, reply
    assert learner.checksum() == before
    execute(db, "UPDATE profiles SET total_points = 7 WHERE user_id = %s", (learner.id,))
    assert record(learner, sessionId="s-1", totalPoints=1).status == 200, "the client may send it again"
    assert profile_of(db, learner)["total_points"] == 8


def test_speed_is_a_moving_average(learner, db):
    speed = 2.5
    for sent in (1.0, None, 0, 4.0, 0.75):
        assert record(learner, blinkSpeed=sent).status == 200
        speed = speed * 0.7 + sent * 0.3 if sent else speed
        assert profile_of(db, learner)["avg_blink_speed"] == pytest.approx(speed, rel=1e-15)


@pytest.mark.parametrize("correct, total, accuracy", [(1, 3, 33.33), (2, 3, 66.67), (1, 160, 0.63), (7, 7, 100), (0, 9, 0)])
def test_accuracy_to_two_decimals(learner, db, correct, total, accuracy):
    assert record(learner, correctAnswers=correct, totalQuestions=total).status == 200
    assert float(sessions_of(db, learner)[0]["accuracy"]) == accuracy


def test_levels_follow_points(learner, db, service):
    levels = service.config.get("profile", {}).get("evolution_levels",
                                                   [1000, 2500, 5000, 10000, 20000, 40000, 80000, 150000, 300000])
    reached = 0
    for level, points in enumerate(levels[:3], 1):
        assert record(learner, totalPoints=points - reached - 1).status == 200
        assert profile_of(db, learner)["evolution_level"] == level
        assert record(learner, totalPoints=1).status == 200
        assert profile_of(db, learner)["evolution_level"] == level + 1
        assert learner.api.get("/api/profile").json()["evolutionLevel"] == level + 1
        reached = points


def test_a_level_that_was_reached_is_kept(learner, db):
    execute(db, "INSERT INTO profiles (user_id, evolution_level, total_points) VALUES (%s, 7, 10)", (learner.id,))
    assert record(learner, totalPoints=5).status == 200
    assert (profile_of(db, learner)["evolution_level"], profile_of(db, learner)["total_points"]) == (7, 15)
    assert learner.api.get("/api/profile").json()["evolutionLevel"] == 7


def test_points_that_came_around_lockstep_count_for_the_level(learner, db):
    execute(db, "INSERT INTO profiles (user_id, total_points) VALUES (%s, 5000)", (learner.id,))
    assert learner.api.get("/api/profile").json()["evolutionLevel"] == 4


def test_a_session_held_back_counts_for_its_own_day(new_learner, db):
    learner = new_learner(time_zone="Pacific/Kiritimati")
    days = [0, 1, 3, 2]
    noon = now().replace(hour=22, minute=30, second=0, microsecond=0) - datetime.timedelta(days=1)
    for at, ago in enumerate(days):
        moment = noon - datetime.timedelta(days=ago)
        assert record(learner, sessionId=f"late-{at}", completedAt=iso(moment)).status == 200
    local = (noon + datetime.timedelta(hours=14)).date()
    expected = {(local - datetime.timedelta(days=ago)).isoformat(): 1 for ago in days}
    assert truth.practice_days_of(db, learner.id) == expected
    profile = profile_of(db, learner)
    assert (profile["current_streak"], profile["longest_streak"]) == (4, 4), "the last to arrive closed the gap"
    assert str(profile["last_practice_date"]) == local.isoformat()
    assert profile["last_session_at"].replace(tzinfo=NOW) == noon, "the latest, not the last to arrive"
    assert [str(row["practised_on"]) for row in sessions_of(db, learner)] == sorted(expected)


def test_how_late_and_how_early(learner, service):
    oldest = service.config.get("offline", {}).get("max_age_days", 90)
    for moment, status in ((now() - datetime.timedelta(days=oldest, minutes=-5), 200),
                           (now() - datetime.timedelta(days=oldest, minutes=5), 422),
                           (now() + datetime.timedelta(minutes=4), 200), (now() + datetime.timedelta(minutes=6), 422)):
        reply = record(learner, completedAt=iso(moment))
        assert reply.status == status, (moment, reply)
        if status == 422:
            assert [error["field"] for error in reply.json()["errors"]] == ["completedAt"]


def test_an_anonymous_learners_profile_moves_too(service, public, db):
    """Document 004 kept anonymous sessions and counted nothing."""
    made = public.post("/api/anonymous").json()
    api = service.client(made["token"])
    assert api.post("/api/sessions/record", DOCUMENT).status == 200
    profile = api.get("/api/profile").json()
    assert profile["isAnonymous"] is True
    assert (profile["totalPoints"], profile["totalSessions"], profile["currentStreak"]) == (56, 1, 1)
    assert query_one(db, "SELECT COUNT(*) AS kept FROM session_results WHERE user_id = %s",
                     (profile["userId"],))["kept"] == 1


def together(count, work):
    outcomes = [None] * count
    barrier = threading.Barrier(count)

    def run(at):
        barrier.wait()
        outcomes[at] = work(at)

    threads = [threading.Thread(target=run, args=(at,)) for at in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_sessions_at_the_same_moment_lose_nothing(learner, db, service):
    """Document 004 read the profile, added, and wrote it back: of two at once, one was lost."""
    count = 32

    def work(at):
        client = service.client(learner.token)
        body = {"threadId": "t", "stitchId": "s", "sessionId": f"s-{at}", "totalPoints": at + 1, "blinkSpeed": 2.5}
        replies = [client.post("/api/sessions/record", body) for _ in range(2)]
        client.close()
        return replies

    outcomes = together(count, work)
    assert all(reply.status == 200 for replies in outcomes for reply in replies)
    assert all(first.body == again.body for first, again in outcomes)
    assert sorted(first.json()["revision"] for first, _ in outcomes) == list(range(1, count + 1))
    profile = profile_of(db, learner)
    assert (profile["total_points"], profile["total_sessions"]) == (count * (count + 1) // 2, count)
    assert profile["avg_blink_speed"] == pytest.approx(2.5)
    assert truth.practice_days_of(db, learner.id) == {now().date().isoformat(): count}
    assert_proven(db, learner)


def test_many_learners_at_the_same_moment(new_learner, db, service):
    """They share transactions; one of them breaks a rule, one repeats an old session."""
    learners = [new_learner() for _ in range(16)]
    execute(db, "INSERT INTO session_results (user_id, id, thread_id, stitch_id, practised_on, completed_at, revision)"
            " VALUES (%s, 's-0', 't', 's', '2026-01-05', '2026-01-05 10:00:00', 1)", (learners[1].id,))

    def work(at):
        client = service.client(learners[at].token)
        statuses = []
        for number in range(8):
            correct = 1 if at == 0 and number % 2 == 0 else 0
            statuses.append(client.post("/api/sessions/record", {
                "threadId": "t", "stitchId": "s", "sessionId": f"s-{number}", "totalPoints": 0 if number == 0 else 3,
                "correctAnswers": correct}).status)
        client.close()
        return statuses

    outcomes = together(len(learners), work)
    assert outcomes[0] == [422, 200] * 4
    assert all(statuses == [200] * 8 for statuses in outcomes[1:]), outcomes
    assert profile_of(db, learners[0])["total_sessions"] == 4
    assert profile_of(db, learners[1])["total_sessions"] == 7, "the old one was there already"
    for learner in learners[2:]:
        assert (profile_of(db, learner)["total_sessions"], profile_of(db, learner)["total_points"]) == (8, 21)
        assert_proven(db, learner)
