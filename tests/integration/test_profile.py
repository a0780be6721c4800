"""GET and PATCH /api/profile: absent, null and given are three things."""

import pytest

from harness import truth
from harness.database import execute, query_one


def profile(learner):
    reply = learner.api.get("/api/profile")
    assert reply.status == 200, reply
    return reply.json()


def test_a_new_learners_profile(learner):
    value = profile(learner)
    assert value["displayName"] is None and value["timeZone"] == "UTC"
    before = learner.checksum()
    profile(learner)
    assert learner.checksum() == before, "reading writes nothing"


def test_given_null_and_absent(new_learner, db):
    learner = new_learner(display_name="Ada", time_zone="Europe/Paris")
    reply = learner.api.patch("/api/profile", {"timeZone": "Asia/Tokyo"})
    assert reply.status == 200, reply
    assert profile(learner)["displayName"] == "Ada", "absent: as it was"
    assert profile(learner)["timeZone"] == "Asia/Tokyo"
    assert learner.api.patch("/api/profile", {"displayName": None}).status == 200
    assert profile(learner)["displayName"] is None, "null: removed"
    assert learner.api.patch("/api/profile", {"displayName": "Ada L. 数学"}).status == 200
    assert profile(learner)["displayName"] == "Ada L. 数学"
    row = truth.user_row(db, learner.id)
    assert (row["display_name"], row["time_zone"], row["revision"]) == ("Ada L. 数学", "Asia/Tokyo", 3)
    assert [entry["kind"] for entry in truth.ledger_of(db, learner.id)] == ["profile"] * 3


def test_nothing_changed_moves_no_revision(new_learner, db):
    learner = new_learner(display_name="Ada")
    for body in ({}, {"displayName": "Ada"}, {"timeZone": "UTC"}, {"unknown": 1}):
        before = learner.checksum()
        assert learner.api.patch("/api/profile", body).status == 200
        assert learner.checksum() == before
    assert truth.user_row(db, learner.id)["revision"] == 0


@pytest.mark.parametrize("body, field", [
    ({"timeZone": "Mars/Olympus"}, "timeZone"), ({"timeZone": ""}, "timeZone"), ({"timeZone": "GMT+3"}, "timeZone"),
    ({"timeZone": "../../etc/passwd"}, "timeZone"), ({"timeZone": None}, "timeZone"), ({"timeZone": 3}, "timeZone"),
    ({"displayName": "x" * 5000}, "displayName"), ({"displayName": 7}, "displayName"),
    ({"displayName": {"a": 1}}, "displayName"), ({"displayName": ""}, "displayName"),
])
def test_refused_values(new_learner, body, field):
    learner = new_learner(display_name="Ada")
    before = learner.checksum()
    reply = learner.api.patch("/api/profile", body)
    assert reply.status in (400, 422), reply
    assert field in [error["field"] for error in reply.json()["errors"]]
    assert learner.checksum() == before


def test_totals_and_rights_cannot_be_patched(learner, db):
    body = {"role": "admin", "tokens": 10**6, "totalPoints": 10**6, "revision": 99, "currentStreak": 50,
            "isSubscribed": True, "id": 1, "userId": 1, "displayName": "x"}
    assert learner.api.patch("/api/profile", body).status == 200
    row = truth.user_row(db, learner.id)
    assert (row["role"], row["tokens"], row["revision"]) == ("student", 0, 1)
    kept = query_one(db, "SELECT * FROM profiles WHERE user_id = %s", (learner.id,))
    assert kept is None or (kept["total_points"], kept["current_streak"], kept["is_subscribed"]) == (0, 0, 0)


def test_what_the_profile_holds_is_shown(learner, db):
    execute(db, "INSERT INTO profiles (user_id, total_points, avg_blink_speed, evolution_level, total_sessions,"
            " current_streak, longest_streak, last_practice_date, last_session_at, subscription_id,"
            " subscription_status, is_subscribed, stripe_customer_id) VALUES (%s, 120, 1.75, 2, 6, 3, 4, '2026-01-04',"
            " '2026-01-04 23:30:00.5', 'sub_1', 'active', TRUE, 'cus_1')", (learner.id,))
    value = profile(learner)
    assert {name: value[name] for name in value if name not in ("createdAt", "username")} == {
        "userId": learner.id, "displayName": None, "timeZone": "UTC", "isAnonymous": False, "totalPoints": 120,
        "blinkSpeed": 1.75, "evolutionLevel": 2, "totalSessions": 6, "currentStreak": 0, "longestStreak": 4,
        "lastPracticeDate": "2026-01-04", "lastSessionAt": "2026-01-04T23:30:00.500Z", "subscriptionId": "sub_1",
        "subscriptionStatus": "active", "isSubscribed": True, "stripeCustomerId": "cus_1", "revision": 0}
    reply = learner.api.patch("/api/profile", {"displayName": "Ada"})
    assert reply.json() == {**value, "displayName": "Ada", "revision": 1} == profile(learner)


def test_idempotency_key_on_patch(learner, db):
    headers = {"Idempotency-Key": "profile-1"}
    first = learner.api.patch("/api/profile", {"displayName": "One"}, headers=headers)
    assert first.status == 200
    assert learner.api.patch("/api/profile", {"displayName": "Two"}).status == 200
    again = learner.api.patch("/api/profile", {"displayName": "One"}, headers=headers)
    assert (again.status, again.body) == (200, first.body)
    assert truth.user_row(db, learner.id)["display_name"] == "Two", "a repeat does nothing"
    assert learner.api.patch("/api/profile", {"displayName": "Six"}, headers=headers).status == 422
