"""Streaks count the learner's own calendar days: when it was practised, where the learner is."""

import datetime
import zoneinfo

import pytest

from harness import truth
from harness.database import execute, query, query_one

UTC = datetime.timezone.utc


def now():
    return datetime.datetime.now(UTC)


def local_today(zone):
    return now().astimezone(zoneinfo.ZoneInfo(zone)).date()


def days_ago(count, zone="UTC"):
    return (local_today(zone) - datetime.timedelta(days=count)).isoformat()


def stamp(moment):
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def at_noon(day_count, zone="UTC"):
    """Noon of that many days ago, where the learner is (never in the future for one and more)."""
    day = local_today(zone) - datetime.timedelta(days=day_count)
    return stamp(datetime.datetime.combine(day, datetime.time(12), zoneinfo.ZoneInfo(zone)))


def answer_on(learner, day_count, zone="UTC"):
    reply = learner.answer(answeredAt=at_noon(day_count, zone))
    assert reply.status == 200, reply
    return reply.json()["streak"]


def streak_everywhere(learner, db, current, longest, last):
    """The reply of GET, the profile's reply and the profile's row."""
    streak = learner.progress()["streak"]
    assert (streak["current"], streak["longest"], streak["lastPracticeDate"]) == (current, longest, last)
    row = query_one(db, "SELECT * FROM profiles WHERE user_id = %s", (learner.id,))
    assert (row["longest_streak"], str(row["last_practice_date"])) == (longest, last)


def test_days_in_a_row(learner, db):
    for day_count in (3, 2, 1):
        answer_on(learner, day_count)
    streak_everywhere(learner, db, 3, 3, days_ago(1))
    assert learner.progress()["streak"]["practicedToday"] is False, "today without practice breaks nothing"
    reply = learner.answer()
    assert reply.json()["streak"]["current"] == 4
    streak_everywhere(learner, db, 4, 4, days_ago(0))
    assert learner.progress()["streak"]["practicedToday"] is True
    learner.answer()
    streak_everywhere(learner, db, 4, 4, days_ago(0))


def test_a_missed_day_breaks_it(learner, db):
    for day_count in (9, 8, 7, 6):
        answer_on(learner, day_count)
    assert learner.progress()["streak"]["current"] == 0
    assert learner.progress()["streak"]["longest"] == 4
    learner.answer()
    streak_everywhere(learner, db, 1, 4, days_ago(0))


def test_late_arrivals_recompute(learner, db):
    """Offline answers come in any order; the day that closes a gap joins both runs."""
    for day_count in (5, 1, 3, 2):
        answer_on(learner, day_count)
    streak_everywhere(learner, db, 3, 3, days_ago(1))
    assert answer_on(learner, 4)["current"] == 5
    streak_everywhere(learner, db, 5, 5, days_ago(1))
    for day_count in (20, 21, 22, 23, 24, 25, 26):
        answer_on(learner, day_count)
    streak_everywhere(learner, db, 5, 7, days_ago(1))
    assert len(learner.progress()["streak"]["practiceDates"]) >= 5


def test_the_day_counts_when_it_was_practised_not_synced(learner, db):
    answer_on(learner, 10)
    days = query(db, "SELECT day FROM practice_days WHERE user_id = %s", (learner.id,))
    assert [str(row["day"]) for row in days] == [days_ago(10)]
    days = query(db, "SELECT day FROM daily_totals WHERE user_id = %s", (learner.id,))
    assert [str(row["day"]) for row in days] == [days_ago(10)]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "America/St_Johns"])
def test_today_is_the_learners_today(new_learner, db, zone):
    learner = new_learner(time_zone=zone)
    learner.answer()
    assert list(truth.practice_days_of(db, learner.id)) == [local_today(zone).isoformat()]
    streak_everywhere(learner, db, 1, 1, local_today(zone).isoformat())
    assert learner.progress()["streak"]["practicedToday"] is True


@pytest.mark.parametrize("zone, moment, day", [
    # A minute before and after local midnight, on either side of UTC, and on the days when clocks move.
    ("Asia/Tokyo", "T14:59:00Z", 0), ("Asia/Tokyo", "T15:01:00Z", 1),
    ("America/Los_Angeles", "T06:59:00Z", -1), ("America/Los_Angeles", "T08:01:00Z", 0),
    ("Asia/Kolkata", "T18:29:00Z", 0), ("Asia/Kolkata", "T18:31:00Z", 1),
])
def test_local_midnight(new_learner, db, zone, moment, day):
    utc_day = now().date() - datetime.timedelta(days=5)
    learner = new_learner(time_zone=zone)
    reply = learner.answer(answeredAt=f"{utc_day.isoformat()}{moment}")
    assert reply.status == 200, reply
    expected = (utc_day + datetime.timedelta(days=day)).isoformat()
    assert list(truth.practice_days_of(db, learner.id)) == [expected]


@pytest.mark.parametrize("zone, when", [
    ("Europe/Berlin", (2026, 10, 25)),   # the hour that comes twice
    ("America/New_York", (2026, 11, 1)),
])
def test_days_when_clocks_move(new_learner, db, zone, when):
    """25 hours long, and still one day: its first and last minute are the same date."""
    zone_info = zoneinfo.ZoneInfo(zone)
    first = datetime.datetime(*when, 0, 1, tzinfo=zone_info)
    last = datetime.datetime(*when, 23, 59, tzinfo=zone_info)
    assert (last.astimezone(UTC) - first.astimezone(UTC)) > datetime.timedelta(hours=24)
    if not datetime.timedelta(0) < now() - first.astimezone(UTC) < datetime.timedelta(days=89):
        pytest.skip("further away than an offline answer may be")
    learner = new_learner(time_zone=zone)
    for moment in (first, last):
        assert learner.answer(answeredAt=stamp(moment)).status == 200
    assert truth.practice_days_of(db, learner.id) == {datetime.date(*when).isoformat(): 2}


def test_practiced_on_names_the_day(learner, db):
    """Within a day of answeredAt's date there: the device knew better where it was."""
    for offset in (-1, 0, 1):
        day = (now().date() - datetime.timedelta(days=8) + datetime.timedelta(days=offset)).isoformat()
        reply = learner.answer(answeredAt=at_noon(8), practicedOn=day)
        assert reply.status == 200, reply
    assert list(truth.practice_days_of(db, learner.id)) == [days_ago(9), days_ago(8), days_ago(7)]


@pytest.mark.parametrize("offset", [-30, -2, 2, 30])
def test_practiced_on_too_far_from_answered_at(learner, offset):
    before = learner.checksum()
    day = (now().date() - datetime.timedelta(days=40) + datetime.timedelta(days=offset)).isoformat()
    reply = learner.answer(answeredAt=at_noon(40), practicedOn=day)
    assert reply.status == 422, reply
    assert "practicedOn" in [error["field"] for error in reply.json()["errors"]]
    assert learner.checksum() == before


def test_too_old_and_future_are_refused(learner, service):
    limit = service.config.get("offline", {}).get("max_age_days", 90)
    before = learner.checksum()
    for moment in (now() - datetime.timedelta(days=limit, hours=1), now() - datetime.timedelta(days=4000),
                   now() + datetime.timedelta(hours=2), now() + datetime.timedelta(days=400)):
        reply = learner.answer(answeredAt=stamp(moment))
        assert reply.status == 422, reply
        assert "answeredAt" in [error["field"] for error in reply.json()["errors"]]
    assert learner.checksum() == before
    assert learner.answer(answeredAt=stamp(now() - datetime.timedelta(days=limit, hours=-1))).status == 200


@pytest.mark.parametrize("field, value", [
    ("answeredAt", "yesterday"), ("answeredAt", "2026-13-01T00:00:00Z"), ("answeredAt", "2026-02-30T00:00:00Z"),
    ("answeredAt", 1700000000), ("answeredAt", ""), ("practicedOn", "2026-1-1"), ("practicedOn", "20260101"),
    ("practicedOn", "2026-02-30"), ("practicedOn", 7), ("practicedOn", ""),
])
def test_malformed_times(learner, field, value):
    before = learner.checksum()
    reply = learner.answer(**{field: value})
    assert reply.status == 400, reply
    assert field in [error["field"] for error in reply.json()["errors"]]
    assert learner.checksum() == before


def test_offsets_of_times_are_understood(learner, db):
    """The same moment, written with an offset: still the learner's (UTC) day."""
    day = now().date() - datetime.timedelta(days=3)
    reply = learner.answer(answeredAt=f"{day.isoformat()}T23:30:00-05:00")
    if reply.status == 400:
        pytest.skip("times with an offset are not accepted")
    assert list(truth.practice_days_of(db, learner.id)) == [(day + datetime.timedelta(days=1)).isoformat()]


def test_streak_of_another_activity_counts_over_all(learner, db):
    """practice_days is fed by more than answers; a day of any activity holds the streak."""
    execute(db, "INSERT INTO practice_days (user_id, day, activity, count) VALUES (%s, %s, 'session', 1)",
            (learner.id, days_ago(1)))
    assert learner.answer().status == 200
    assert learner.progress()["streak"]["current"] == 2


def test_moving_to_another_zone_keeps_the_past(new_learner, db):
    learner = new_learner(time_zone="UTC")
    for day_count in (2, 1):
        answer_on(learner, day_count)
    days = truth.practice_days_of(db, learner.id)
    assert learner.api.patch("/api/profile", {"timeZone": "Pacific/Auckland"}).status == 200
    assert truth.practice_days_of(db, learner.id) == days
    learner.answer()
    today = local_today("Pacific/Auckland").isoformat()
    assert today in truth.practice_days_of(db, learner.id)
    assert learner.progress()["streak"]["lastPracticeDate"] == today


def test_tomorrow_is_not_today(new_learner):
    """A client's calendar that is ahead: the answer's reply and what is read afterwards say the same."""
    learner = new_learner(time_zone="Pacific/Pago_Pago")
    tomorrow = local_today("Pacific/Pago_Pago") + datetime.timedelta(days=1)
    replied = learner.answer(practicedOn=str(tomorrow)).json()["streak"]
    assert replied["practicedToday"] is False and replied["lastPracticeDate"] == str(tomorrow)
    assert learner.progress()["streak"]["practicedToday"] is False
    assert learner.answer().json()["streak"]["practicedToday"] is True
    assert learner.progress()["streak"]["practicedToday"] is True
