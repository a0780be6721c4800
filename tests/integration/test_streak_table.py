"""Streaks against a table worked out by hand, and against counting day by day over random histories."""

import datetime
import random
import zoneinfo

import pytest

from harness import truth
from harness.database import query_one
from harness.stack import Stack

from conftest import Learner, service_of
from streak_table import TABLE, TODAY
from test_streaks import UTC, answer_on, at_noon, days_ago, local_today, now, stamp

LINES = [line.split("#")[0].strip() for line in TABLE.splitlines()]
CASES = [[part.strip() for part in line.split("|")] for line in LINES if line]


@pytest.fixture(scope="module")
def patient():
    """A service that takes what was practised long ago, so that the table's days stand fast."""
    with Stack({"workers": {"processes": 1, "threads": 4}, "offline": {"max_age_days": 3650}},
               buffer_pool_mb=64) as stack:
        yield service_of(stack)


@pytest.fixture
def patient_db(patient):
    connection = patient.connect()
    yield connection
    connection.close()


def full(text):
    """Of 2024, where no year stands."""
    return text if text.startswith(("19", "20")) else f"2024-{text}"


def moment_of(text):
    return full(text) + ("" if text.count(":") == 2 else ":00") + "Z"


def do(learner, step):
    if step == "reset":
        assert learner.api.post("/api/progress/reset").status == 200
    elif step.startswith("zone:"):
        assert learner.api.patch("/api/profile", {"timeZone": step[5:]}).status == 200
    else:
        moment, _, day = step.lstrip("!").partition("=")
        reply = learner.answer(answeredAt=moment_of(moment), **({"practicedOn": full(day)} if day else {}))
        assert reply.status == (422 if step.startswith("!") else 200), reply


def streak_of(db, user_id):
    row = query_one(db, "SELECT current_streak, longest_streak, last_practice_date FROM profiles WHERE user_id = %s",
                    (user_id,))
    return (0, 0, None) if row is None else tuple(row.values())


def agrees(learner, db, days, run, longest):
    """The days, the profile's row, and whatever tells of them: all the same."""
    last = days[-1] if days else None
    assert list(truth.practice_days_of(db, learner.id)) == days
    held = streak_of(db, learner.id)
    assert (held[0], held[1], held[2] and str(held[2])) == (run, longest, last)
    progress = learner.progress()["streak"]
    assert (progress["longest"], progress["lastPracticeDate"], progress["practiceDates"]) == (longest, last, days)
    statistics = learner.api.get("/api/progress/statistics").json()
    assert (statistics["streak"]["longest"], statistics["streak"]["days"]) == (longest, len(days))
    assert [(one["activity"], one["longest"]) for one in statistics["streaks"]] == ([("answer", longest)] if days else [])
    return progress["current"]


def test_the_table_is_long_enough():
    assert len(CASES) >= 60 and all(len(case) == 5 for case in CASES)


@pytest.mark.parametrize("zone, steps, days, run, longest", CASES, ids=[f"{case[0]}: {case[1]}" for case in CASES])
def test_by_hand(patient, patient_db, zone, steps, days, run, longest):
    learner = Learner(patient, patient_db, truth.create_learner(patient_db, time_zone=zone))
    for step in steps.split():
        do(learner, step)
    assert agrees(learner, patient_db, [full(day) for day in days.split()], int(run), int(longest)) == 0, "long ago"


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu"])
def test_today_by_hand(new_learner, db, zone):
    for practised, current, longest, today in TODAY:
        learner = new_learner(time_zone=zone)
        for count in practised:
            reply = learner.answer() if count == 0 else learner.answer(answeredAt=at_noon(count, zone))
            assert reply.status == 200, reply
        streak = learner.progress()["streak"]
        assert (streak["current"], streak["longest"], streak["practicedToday"]) == (current, longest, today), practised
        statistics = learner.api.get("/api/progress/statistics").json()["streak"]
        assert (statistics["current"], statistics["practicedToday"]) == (current, today), practised


# --- Bounds --------------------------------------------------------------------------------------------


def answered(learner, delta, **fields):
    return learner.answer(answeredAt=stamp(now() + delta), **fields)


def test_the_future_is_refused(learner, db):
    for delta in (datetime.timedelta(minutes=6), datetime.timedelta(days=1), datetime.timedelta(days=400)):
        reply = answered(learner, delta)
        assert reply.status == 422 and reply.json()["errors"][0]["field"] == "answeredAt", reply
    assert truth.practice_days_of(db, learner.id) == {}
    assert answered(learner, datetime.timedelta(minutes=4)).status == 200, "a clock that runs a little ahead"


def test_too_long_ago_is_refused(learner, db):
    reply = answered(learner, -datetime.timedelta(days=90, minutes=1))
    assert reply.status == 422 and reply.json()["errors"][0]["field"] == "answeredAt", reply
    assert answered(learner, -datetime.timedelta(days=89, hours=23)).status == 200


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_tomorrow_where_the_learner_is(new_learner, db, zone):
    """A client whose calendar is a day ahead is believed; two days ahead it is not."""
    learner = new_learner(time_zone=zone)
    answer_on(learner, 1, zone)
    learner.answer()
    ahead = [(local_today(zone) + datetime.timedelta(days=count)).isoformat() for count in (1, 2)]
    assert learner.answer(practicedOn=ahead[1]).status == 422
    assert learner.answer(practicedOn=ahead[0]).json()["streak"]["current"] == 3
    assert learner.progress()["streak"]["practicedToday"] is True
    assert [day["date"] for day in learner.api.get("/api/progress/statistics?days=2").json()["days"]] == [
        days_ago(1, zone), days_ago(0, zone)]


# --- Counting day by day -------------------------------------------------------------------------------

ZONES = ["UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu", "America/St_Johns", "Europe/Berlin",
         "America/New_York", "Australia/Lord_Howe", "America/Santiago"]


def count_runs(days):
    """(run that ends on the last day, longest): every day of the calendar is looked at."""
    if not days:
        return 0, 0
    run = longest = 0
    day = min(days)
    while day <= max(days):
        run = run + 1 if day in days else 0
        longest = max(longest, run)
        day += datetime.timedelta(days=1)
    return run, longest


@pytest.mark.parametrize("seed", range(24))
def test_random_histories(patient, patient_db, seed):
    chance = random.Random(seed)
    zone = ZONES[seed % len(ZONES)]
    learner = Learner(patient, patient_db, truth.create_learner(patient_db, time_zone=zone))
    first = datetime.datetime(2024, chance.choice([2, 3, 4, 8, 9, 10]), chance.randint(1, 28), tzinfo=UTC)
    days = set()
    for _ in range(chance.randint(1, 30)):
        moment = first + datetime.timedelta(minutes=chance.randrange(chance.choice([10, 25]) * 1440))
        day = moment.astimezone(zoneinfo.ZoneInfo(zone)).date()
        fields = {}
        if chance.random() < 0.2:
            day += datetime.timedelta(days=chance.choice([-1, 0, 1]))
            fields["practicedOn"] = day.isoformat()
        assert learner.answer(answeredAt=stamp(moment), **fields).status == 200
        days.add(day)
        if chance.random() < 0.03:
            do(learner, "reset")
            days.clear()
        assert streak_of(patient_db, learner.id)[:2] == count_runs(days)
    agrees(learner, patient_db, [day.isoformat() for day in sorted(days)], *count_runs(days))
