"""GET /api/progress-sync/insights and /patterns, out of rows that are put in by SQL: figures worked out by hand, and
habits that were planted, or not."""

import datetime
import random
import zoneinfo

import pytest

from harness.database import execute, query

UTC = datetime.timezone.utc
MONDAY = datetime.date(2026, 3, 2)
NONE = {"activities": 0, "completed": 0, "completionRate": 0, "timeSpent": 0}


def insights(learner, query=""):
    reply = learner.api.get(f"/api/progress-sync/insights{query}")
    assert reply.status == 200, reply
    return reply.json()


def patterns(learner, query=""):
    reply = learner.api.get(f"/api/progress-sync/patterns{query}")
    assert reply.status == 200, reply
    return {pattern["pattern"]: pattern for pattern in reply.json()["patterns"]}


def day_of(db, learner, day, activity, minutes, kind="video"):
    execute(db, "INSERT INTO activity_days (user_id, day, activity_type, activity_id, events, time_spent)"
            " VALUES (%s, %s, %s, %s, 1, %s)", (learner.id, day, kind, activity, minutes))


def completed(db, learner, day, activity, at, kind="video"):
    execute(db, "INSERT INTO activities (user_id, activity_type, activity_id, status, first_at, last_at, completed_at,"
            " completed_on) VALUES (%s, %s, %s, 'completed', %s, %s, %s, %s)",
            (learner.id, kind, activity, at, at, at, day))


def days(count):
    return datetime.timedelta(days=count)


def test_nothing_told(learner):
    today = datetime.datetime.now(UTC).date()
    assert insights(learner) == {
        "from": str(today - days(29)), "to": str(today), **NONE,
        "trend": {"direction": "steady", "from": str(today - days(59)), "to": str(today - days(30)), **NONE,
                  "timeSpentChange": None, "completedChange": None},
        "bestWeekday": None, "bestHour": None, "perActivity": []}


def test_two_weeks_by_hand(learner, db):
    """This week beside the week before; what lies outside of both counts nowhere."""
    for offset, activity, minutes in ((-8, "old", 99), (-7, "b1", 10), (-1, "b2", 20), (0, "v1", 5), (1, "v1", 7.5),
                                      (1, "v2", 30), (6, "v3", 2.25), (7, "new", 99)):
        day_of(db, learner, MONDAY + days(offset), activity, minutes)
    day_of(db, learner, MONDAY + days(2), "q", 15, kind="quiz")
    for offset, activity, hour in ((-8, "old", 3), (-7, "b1", 3), (1, "v1", 17), (1, "v2", 17), (6, "v3", 9), (7, "new", 3)):
        completed(db, learner, MONDAY + days(offset), activity,
                  datetime.datetime.combine(MONDAY + days(offset), datetime.time(hour, 59)))
    found = insights(learner, f"?from={MONDAY}&to={MONDAY + days(6)}")
    assert found == {
        "from": "2026-03-02", "to": "2026-03-08", "activities": 4, "completed": 3, "completionRate": 75,
        "timeSpent": 59.75,
        "trend": {"direction": "rising", "from": "2026-02-23", "to": "2026-03-01", "activities": 2, "completed": 1,
                  "completionRate": 50, "timeSpent": 30, "timeSpentChange": 99.17, "completedChange": 200},
        "bestWeekday": {"weekday": "tuesday", "timeSpent": 37.5, "days": 1},
        "bestHour": {"hour": 17, "completed": 2},
        "perActivity": [
            {"activityType": "video", "activities": 3, "completed": 3, "completionRate": 100, "timeSpent": 44.75, "days": 3},
            {"activityType": "quiz", "activities": 1, "completed": 0, "completionRate": 0, "timeSpent": 15, "days": 1}]}


@pytest.mark.parametrize("before, now, direction", ((100, 110, "steady"), (100, 110.01, "rising"), (100, 90, "steady"),
                                                    (100, 89.99, "falling"), (0, 1, "rising"), (1, 0, "falling")))
def test_a_change_of_a_tenth_is_none(learner, db, before, now, direction):
    day_of(db, learner, MONDAY - days(1), "a", before)
    day_of(db, learner, MONDAY, "a", now)
    found = insights(learner, f"?from={MONDAY}&to={MONDAY}")
    assert found["trend"]["direction"] == direction
    assert (found["trend"]["timeSpentChange"] is None) == (before == 0)


def test_without_any_time_activities_decide(learner, db):
    for at, day in enumerate((MONDAY, MONDAY + days(1), MONDAY + days(1), MONDAY + days(8))):
        day_of(db, learner, day, f"a{at}", 0)
        completed(db, learner, day, f"a{at}", datetime.datetime.combine(day, datetime.time(12)))
    found = insights(learner, f"?from={MONDAY}&to={MONDAY + days(6)}")
    assert found["bestWeekday"] == {"weekday": "tuesday", "timeSpent": 0, "days": 1}
    assert found["trend"]["direction"] == "rising" and found["trend"]["completedChange"] is None


@pytest.mark.parametrize("zone, hour", (("UTC", 20), ("Asia/Kathmandu", 1), ("America/St_Johns", 16), ("Europe/Berlin", 21)))
def test_hours_are_the_learners(new_learner, db, zone, hour):
    """20:14 in UTC; Kathmandu is three quarters of an hour off the full one, St. John's half of one."""
    learner = new_learner(time_zone=zone)
    at = datetime.datetime(2026, 1, 15, 20, 14)
    local = at.replace(tzinfo=UTC).astimezone(zoneinfo.ZoneInfo(zone))
    assert local.hour == hour, "the case is well chosen"
    for number in range(3):
        completed(db, learner, local.date(), f"a{number}", at + datetime.timedelta(seconds=number))
    found = insights(learner, f"?from={local.date()}&to={local.date()}")
    assert found["bestHour"] == {"hour": hour, "completed": 3}


@pytest.mark.parametrize("what", ("insights", "patterns"))
@pytest.mark.parametrize("query", ("?from=2026-03-03&to=2026-03-02", "?from=2025-03-02&to=2026-03-03"))
def test_spans_that_make_no_sense(learner, what, query):
    reply = learner.api.get(f"/api/progress-sync/{what}{query}")
    (problem,) = reply.json()["errors"]
    assert (reply.status, problem["field"]) == (422, "from")
    assert problem["message"].startswith("must ") and reply.json()["detail"] == f"from {problem['message']}"


@pytest.mark.parametrize("what", ("insights", "patterns"))
@pytest.mark.parametrize("day", ("1000-01-01", "1969-12-31", "1970-01-01", "9999-12-31"))
def test_the_ends_of_the_calendar(learner, what, day):
    for query in (f"?from={day}&to={day}", f"?to={day}"):
        reply = learner.api.get(f"/api/progress-sync/{what}{query}")
        assert reply.status == 200, reply


def test_a_year_is_not_too_long(learner):
    assert insights(learner, "?from=2025-03-03&to=2026-03-03")["from"] == "2025-03-03"


def test_days_that_are_none(learner):
    assert learner.api.get("/api/progress-sync/insights?from=2026-02-30").status == 400


# --- Patterns ------------------------------------------------------------------------------------------------


def test_before_anything_was_done(learner):
    found = patterns(learner)
    assert list(found) == ["time_of_day", "weekday_rhythm", "session_length", "consistency", "strongest_and_weakest_module"]
    for name, pattern in found.items():
        assert pattern["found"] is False and pattern["summary"], name
        assert pattern["threshold"], name
    assert found["consistency"]["evidence"] == {"days": 0, "longestPause": 27}
    assert found["strongest_and_weakest_module"]["evidence"]["strongest"] is None


def plant(db, learner, zone, habits, seed):
    """Twelve weeks of somebody with these habits, or of noise: events, activities, days and answers."""
    chance = random.Random(seed)
    today = datetime.datetime.now(zone).date()
    for ago in range(83, 0, -1):
        day = today - days(ago)
        if not habits and chance.random() < 0.5 or habits and day.weekday() == 6:
            continue
        execute(db, "INSERT INTO practice_days (user_id, day, activity, count) VALUES (%s, %s, 'event', 1)",
                (learner.id, day))
        hour = 18 + chance.random() * 3 if habits else chance.random() * 24
        minutes = 25 + chance.random() * 5 if habits else 2 + chance.random() * 118
        at = datetime.datetime.combine(day, datetime.time(), zone) + datetime.timedelta(hours=hour)
        at = at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        completed(db, learner, day, f"a{ago}", at)
        execute(db, "INSERT INTO progress_events (user_id, id, revision, event_type, source_system, activity_type, activity_id,"
                " completion_status, time_spent, event_data, timestamp, happened_at, practised_on, content_hash) VALUES"
                " (%s, %s, 1, 'video_completed', 'video_player', 'video', %s, 'completed', %s, '{}', %s, %s, %s, '')",
                (learner.id, f"e{ago}", f"a{ago}", round(minutes, 2), at, at, day))
    for module, correct in (("logic", 90), ("math", 50)) if habits else (("logic", 70), ("math", 68)):
        execute(db, "INSERT INTO daily_totals (user_id, day, module, questions, correct) VALUES (%s, %s, %s, 100, %s)",
                (learner.id, today - days(3), module, correct))


def test_habits_are_found(new_learner, db):
    zone = zoneinfo.ZoneInfo("Asia/Kathmandu")
    learner = new_learner(time_zone="Asia/Kathmandu")
    plant(db, learner, zone, True, 7)
    found = patterns(learner)
    assert {name: pattern["found"] for name, pattern in found.items()} == dict.fromkeys(found, True)
    assert found["time_of_day"]["evidence"]["part"] == "evening" and found["time_of_day"]["evidence"]["share"] == 1
    rhythm = found["weekday_rhythm"]["evidence"]
    assert rhythm["weeks"] in (11, 12) and rhythm["sunday"] == 0 and rhythm["tuesday"] >= 0.9
    assert 25 <= found["session_length"]["evidence"]["medianMinutes"] <= 30
    assert found["consistency"]["evidence"]["days"] >= 22
    assert found["strongest_and_weakest_module"]["evidence"] == {
        "modules": 2, "strongest": {"module": "logic", "questions": 100, "accuracy": 90},
        "weakest": {"module": "math", "questions": 100, "accuracy": 50}, "difference": 40, "certainty": 6.17}


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_no_habit(learner, db, seed):
    plant(db, learner, UTC, False, seed)
    found = patterns(learner)
    assert {name: pattern["found"] for name, pattern in found.items()} == dict.fromkeys(found, False)
    assert found["time_of_day"]["evidence"]["activities"] >= 30, "there was enough to judge"


def test_only_what_counts_is_looked_at(learner, db):
    plant(db, learner, UTC, True, 1)
    execute(db, "UPDATE progress_events SET outcome = 'superseded' WHERE user_id = %s", (learner.id,))
    assert patterns(learner)["session_length"]["evidence"]["sessions"] == 0
    execute(db, "UPDATE activities SET completed_on = completed_on - INTERVAL 1 YEAR WHERE user_id = %s", (learner.id,))
    execute(db, "UPDATE daily_totals SET day = day - INTERVAL 1 YEAR WHERE user_id = %s", (learner.id,))
    found = patterns(learner)
    assert found["time_of_day"]["evidence"]["activities"] == 0
    assert found["strongest_and_weakest_module"]["evidence"]["modules"] == 0


def test_habits_of_other_days(new_learner, db):
    """Those of a year ago, by the learner's days; the sessions of the days beside the span are none of it."""
    zone = zoneinfo.ZoneInfo("Asia/Kathmandu")
    learner = new_learner(time_zone="Asia/Kathmandu")
    plant(db, learner, zone, True, 7)
    whole = patterns(learner)
    for table, columns in (("progress_events", ("practised_on", "happened_at")), ("practice_days", ("day",)),
                           ("activities", ("completed_on", "completed_at")), ("daily_totals", ("day",))):
        moved = ", ".join(f"{column} = {column} - INTERVAL 364 DAY" for column in columns)
        execute(db, f"UPDATE {table} SET {moved} WHERE user_id = %s ORDER BY {columns[0]}", (learner.id,))
    last = datetime.datetime.now(zone).date() - days(364)
    assert patterns(learner)["session_length"]["evidence"]["sessions"] == 0
    assert patterns(learner, f"?to={last}") == whole
    assert patterns(learner, f"?from={last - days(83)}&to={last}") == whole
    shorter = patterns(learner, f"?from={last - days(20)}&to={last - days(1)}")
    active = query(db, "SELECT COUNT(*) AS count FROM practice_days WHERE user_id = %s AND day BETWEEN %s AND %s",
                   (learner.id, last - days(20), last - days(1)))[0]["count"]
    for name, key in (("time_of_day", "activities"), ("session_length", "sessions"), ("consistency", "days")):
        assert shorter[name]["evidence"][key] == active, name
