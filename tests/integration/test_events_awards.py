"""Achievements, milestones and notifications: earned once, shown as the learner wants, and found again."""

import collections
import concurrent.futures
import datetime
import glob
import json
import os
import random
import uuid

import pytest
import yaml

from harness.database import execute, query, query_one
from harness.stack import REPOSITORY

from drift import await_job

UTC = datetime.timezone.utc
NOW = datetime.datetime.now(UTC).replace(microsecond=0)
EVENTS = "/api/progress-sync/events"
ACHIEVEMENTS = "/api/progress-sync/achievements"
NOTIFICATIONS = "/api/progress-sync/notifications"


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def event(activity, days_ago=0, kind="video_completed", source="video_player", status="completed", **data):
    return {"id": f"e-{uuid.uuid4().hex}", "eventType": kind, "sourceSystem": source,
            "timestamp": iso(NOW - datetime.timedelta(days=days_ago)),
            "eventData": {"activityId": activity, "completionStatus": status, **data}}


def send(learner, *events):
    reply = learner.api.post(EVENTS, events[0] if len(events) == 1 else {"events": list(events)})
    assert reply.status == 200, (reply, reply.text)
    results = [reply.json()] if len(events) == 1 else reply.json()["results"]
    assert [result["status"] for result in results] == ["applied"] * len(events), results
    return results


def videos(count, first=0, **fields):
    return [event(f"v{at}", **fields) for at in range(first, first + count)]


def earned(db, learner):
    return {row["id"] for row in query(db, "SELECT id FROM achievements WHERE user_id = %s", (learner.id,))}


def milestones(db, learner):
    rows = query(db, "SELECT milestone_id, target, progress, reached_at FROM milestones WHERE user_id = %s",
                 (learner.id,))
    return {row["milestone_id"]: (row["progress"], row["target"], row["reached_at"] is not None) for row in rows}


def changes(db, learner, what):
    """Of the history: every change of that kind, with its revision."""
    rows = query(db, "SELECT revision, changes FROM ledger WHERE user_id = %s ORDER BY revision", (learner.id,))
    return [(row["revision"], change) for row in rows for change in json.loads(row["changes"])
            if change["what"] == what]


# --- Earning


def test_what_an_event_earns_is_told_with_it(new_learner, db):
    learner = new_learner()
    sent = event("v1")
    (result,) = send(learner, sent)
    (achievement,) = result["achievements"]
    assert achievement == {
        "id": "first-step", "type": "completion", "title": "First step",
        "description": "The first activity is completed.", "earnedAt": sent["timestamp"], "isPublic": False,
        "triggerEvent": sent["id"], "metadata": {"metric": "completed_activities", "atLeast": 1, "value": 1}}
    assert changes(db, learner, "achievement") == [
        (result["revision"], {"what": "achievement", "key": "first-step", "by": 1, "because": "First step"})]
    assert milestones(db, learner)["activities-25"] == (1, 25, False)
    assert learner.api.post(EVENTS, sent).json() == result
    (again,) = send(learner, event("v2"))
    assert again["achievements"] == [] and len(changes(db, learner, "achievement")) == 1


def test_a_type_of_activity_has_its_own(new_learner, db):
    learner = new_learner()
    (result,) = send(learner, event("p1", kind="todo_completed", source="todo_manager", activityType="project"))
    assert {item["id"] for item in result["achievements"]} == {"first-step", "first-project"}
    assert result["achievements"][0]["id"] == "first-project"
    assert result["achievements"][0]["metadata"]["activityType"] == "project"


def test_a_streak_counts_practice_of_any_kind(new_learner, db):
    learner = new_learner()
    send(learner, event("v1", days_ago=2))
    day = (NOW - datetime.timedelta(days=1)).date().isoformat()
    assert learner.answer(practicedOn=day, answeredAt=iso(NOW - datetime.timedelta(days=1))).status == 200
    (result,) = send(learner, event("v2", status="started"))
    assert [item["id"] for item in result["achievements"]] == ["streak-of-3-days"]


def test_a_late_arrival_joins_two_runs(new_learner, db):
    learner = new_learner()
    for days_ago in (6, 5, 4, 2, 1, 0):
        send(learner, event(f"v{days_ago}", days_ago=days_ago))
    assert "streak-of-7-days" not in earned(db, learner) and "streak-of-3-days" in earned(db, learner)
    (result,) = send(learner, event("v3", days_ago=3))
    assert "streak-of-7-days" in [item["id"] for item in result["achievements"]]


def test_many_on_one_day_and_days_among_28(new_learner, db):
    learner = new_learner()
    send(learner, *videos(4))
    assert not earned(db, learner) & {"five-in-a-day", "ten-in-a-day"}
    results = send(learner, *videos(6, first=4))
    assert [item["id"] for item in results[0]["achievements"]] == ["five-in-a-day"]
    assert [item["id"] for item in results[5]["achievements"]] == ["ten-activities", "ten-in-a-day"]
    # The days of a window that ended long ago come in any order; the last of them is in the middle.
    days = [60 - 2 * at for at in range(12)]
    for days_ago in days[:5] + days[6:]:
        send(learner, event(f"w{days_ago}", days_ago=days_ago))
    assert "twelve-days-of-28" not in earned(db, learner)
    (result,) = send(learner, event("w-last", days_ago=days[5]))
    assert [item["id"] for item in result["achievements"]] == ["twelve-days-of-28"]


def test_skills_that_were_assessed(new_learner, db):
    learner = new_learner()
    skills = [event(f"skill-{at}", kind="skill_assessed", source="ai_journey", activityType="quiz",
                    skillProgress={"skillId": f"skill-{at % 5}", "skillCategory": "c", "previousLevel": "a",
                                   "newLevel": "b", "confidence": 0.5}) for at in range(6)]
    results = send(learner, *skills)
    assert [[item["id"] for item in result["achievements"]] for result in results[3:]] == [
        [], ["five-in-a-day", "five-skills"], []]
    assert milestones(db, learner)["skills-10"] == (5, 10, False)


def test_the_same_activity_counts_once(new_learner, db):
    learner = new_learner()
    for days_ago in range(12, 0, -1):
        send(learner, event("v1", days_ago=days_ago))
    assert "ten-activities" not in earned(db, learner)
    assert milestones(db, learner)["activities-25"] == (1, 25, False)


def test_what_does_not_count_earns_nothing(new_learner, db):
    learner = new_learner()
    send(learner, event("v1", status="started"))
    send(learner, event("v2", status="skipped"))
    assert earned(db, learner) == set() and milestones(db, learner) == {}


def test_a_conflict_earns_when_it_is_resolved(new_learner, db):
    learner = new_learner()
    send(learner, event("v1", status="failed"))
    contradicting = event("v1", source="chat_system")
    result = learner.api.post(EVENTS, contradicting).json()
    assert result["status"] == "conflict" and result["achievements"] == [] and earned(db, learner) == set()
    settled = learner.api.post(f"/api/progress-sync/conflicts/{result['conflicts'][0]['id']}/resolve",
                               {"resolutionType": "use_most_complete"})
    assert settled.status == 200, settled.text
    assert [(item["id"], item["triggerEvent"]) for item in settled.json()["achievements"]] == [
        ("first-step", contradicting["id"])]
    assert earned(db, learner) == {"first-step"}
    kinds = [item["kind"] for item in notifications(learner)["notifications"]]
    assert kinds == ["achievement_earned", "conflict_detected"]


# --- Milestones


def test_a_milestone_shows_how_far_it_is(new_learner, db):
    learner = new_learner()
    send(learner, *videos(24))
    assert milestones(db, learner)["activities-25"] == (24, 25, False)
    (result,) = send(learner, event("v24", timeSpent=600))
    assert [(item["id"], item["progress"], item["target"]) for item in result["milestonesReached"]] == [
        ("activities-25", 25, 25), ("hours-10", 600, 600)]
    assert {"first-milestone", "twenty-five-videos"} <= {item["id"] for item in result["achievements"]}
    assert milestones(db, learner)["hours-50"] == (600, 3000, False)
    send(learner, event("v25"))
    assert milestones(db, learner)["activities-25"] == (25, 25, True)
    assert [change["key"] for _, change in changes(db, learner, "milestone")] == ["activities-25", "hours-10"]


def test_an_event_reaches_a_milestone(new_learner, db):
    learner = new_learner()
    told = {"kind": "milestone_reached", "source": "ai_journey"}
    send(learner, event("module-1", status="started", **told))
    assert "module-1" not in milestones(db, learner)
    sent = event("module-1", **told)
    (result,) = send(learner, sent)
    assert result["milestonesReached"] == [
        {"id": "module-1", "title": "module-1", "target": 1, "progress": 1, "reachedAt": sent["timestamp"]}]
    assert "first-milestone" in [item["id"] for item in result["achievements"]]
    again = send(learner, event("module-2", **told), event("module-2", days_ago=2, **told), event("v1"))
    assert [len(result["milestonesReached"]) for result in again] == [1, 0, 0]
    # One that is defined is reached by its id as well, however little was done.
    (result,) = send(learner, event("hours-200", **told))
    assert [(item["id"], item["title"], item["progress"]) for item in result["milestonesReached"]] == [
        ("hours-200", "Two hundred hours", 12000)]


# --- Once


def test_earned_once_by_batches_at_the_same_moment(service, new_learner, db):
    learner = new_learner()
    batches = [videos(5, first=5 * at) + [event("stone", kind="milestone_reached", source="ai_journey",
                                                 days_ago=at * 3)] for at in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda batch: service.client(learner.token).post(EVENTS, {"events": batch}), batches))
    assert {reply.status for reply in replies} == {200}, [reply.text for reply in replies]
    told = [item["id"] for reply in replies for result in reply.json()["results"] for item in result["achievements"]]
    assert sorted(told) == sorted(earned(db, learner)) and len(told) == len(set(told))
    assert {"first-step", "ten-activities", "ten-in-a-day", "twenty-five-videos", "first-milestone"} <= set(told)
    reached = [item["id"] for reply in replies for result in reply.json()["results"]
               for item in result["milestonesReached"]]
    assert sorted(reached) == ["activities-25", "stone"]
    assert sorted(change["key"] for _, change in changes(db, learner, "achievement")) == sorted(told)
    assert query_one(db, "SELECT COUNT(*) AS n FROM notifications WHERE user_id = %s AND kind = 'achievement_earned'",
                     (learner.id,))["n"] == len(told)


# --- Found again


def recompute(db, **params):
    job = await_job(db, execute(db, "INSERT INTO sync_jobs (kind, params) VALUES ('recompute_achievements', %s)",
                                (json.dumps(params),)))
    return job["report"] and json.loads(job["report"])


def test_a_recomputation_finds_the_same(new_learner, sync_worker, db):
    learner = new_learner()
    untouched = new_learner()
    for days_ago in (40, 38, 36, 34, 32, 30, 28, 26, 24, 22, 20, 18, 3, 2, 1):
        send(learner, event(f"d{days_ago}", days_ago=days_ago, timeSpent=45))
    send(learner, *videos(12), event("stone", kind="milestone_reached", source="ai_journey"))
    send(untouched, event("v1"))
    before = (earned(db, learner), milestones(db, learner))
    assert {"twelve-days-of-28", "streak-of-3-days", "ten-in-a-day", "first-milestone"} <= before[0]
    assert {"stone", "activities-25", "hours-10"} <= {at for at, (_, _, reached) in before[1].items() if reached}
    revision = learner.row()["revision"]
    assert recompute(db, userId=learner.id) == {"achievements": 0, "milestones": 0}
    assert learner.row()["revision"] == revision
    execute(db, "DELETE FROM achievements WHERE user_id = %s", (learner.id,))
    execute(db, "DELETE FROM milestones WHERE user_id = %s", (learner.id,))
    report = recompute(db, userId=learner.id)
    assert report == {"achievements": len(before[0]),
                      "milestones": sum(reached for _, _, reached in before[1].values())}
    assert (earned(db, learner), milestones(db, learner)) == before
    assert learner.row()["revision"] == revision + 1
    assert query_one(db, "SELECT trigger_event_id FROM achievements WHERE user_id = %s AND id = 'first-step'",
                     (learner.id,))["trigger_event_id"] is None


def provable(sent):
    """What a history proves, worked out from the events themselves."""
    days = sorted({moment.date() for moment, *_ in sent})
    done, by_type, minutes = {}, collections.Counter(), collections.Counter()
    for moment, activity, kind, spent in sent:
        done[kind, activity] = min(done.get((kind, activity), moment.date()), moment.date())
        minutes[kind, activity, moment.date()] = max(minutes[kind, activity, moment.date()], spent)
    for kind, _ in done:
        by_type[kind] += 1
    longest = run = 0
    for before, day in zip([None, *days], days):
        run = run + 1 if before == day - datetime.timedelta(days=1) else 1
        longest = max(longest, run)
    figures = {
        "completed_activities": len(done), "minutes": sum(minutes.values()), "streak_days": longest,
        "best_day": max(collections.Counter(done.values()).values()), "skills": 0,
        "practice_days_28": max(sum(day <= other < day + datetime.timedelta(days=28) for other in days)
                                for day in days)}
    found = {"achievement": set(), "milestone": set()}
    for path in sorted(glob.glob(os.path.join(REPOSITORY, "sql", "achievements", "*.yaml"))):
        with open(path, encoding="utf-8") as file:
            award = yaml.safe_load(file)
        value = by_type[award["activityType"]] if "activityType" in award else figures.get(award["metric"])
        if value is not None and value >= award["atLeast"]:
            found[award["kind"]].add(award["id"])
    stones = len(found["milestone"])
    found["achievement"] |= {name for name, count in (("first-milestone", 1), ("five-milestones", 5))
                             if stones >= count}
    return found


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_history_what_it_proves_is_there(new_learner, sync_worker, db, seed):
    """Late arrivals, repeats on other days and several batches, in any order."""
    dice = random.Random(seed)
    learner = new_learner()
    noon = NOW.replace(hour=12) - datetime.timedelta(days=1)
    sent = [(noon - datetime.timedelta(days=int(dice.triangular(0, 60, 10)), minutes=dice.randrange(600)),
             f"a{dice.randrange(40)}", dice.choice(["video", "video", "practice", "quiz"]), dice.randrange(60))
            for _ in range(150)]
    for first in range(0, len(sent), 10):
        batch = [{**event(activity, activityType=kind, timeSpent=spent), "timestamp": iso(moment)}
                 for moment, activity, kind, spent in sent[first:first + 10]]
        reply = learner.api.post(EVENTS, {"events": batch})
        assert reply.status in (200, 207), reply.text
    # Only what counts: some of them say the same as others.
    rows = query(db, "SELECT happened_at, activity_id, activity_type, time_spent FROM progress_events"
                     " WHERE user_id = %s AND outcome = 'applied'", (learner.id,))
    expected = provable([(row["happened_at"], row["activity_id"], row["activity_type"], float(row["time_spent"]))
                         for row in rows])
    live = earned(db, learner)
    assert live >= expected["achievement"] and len(live) > 5
    assert {at for at, (_, _, reached) in milestones(db, learner).items() if reached} == expected["milestone"]
    assert recompute(db, userId=learner.id) == {"achievements": 0, "milestones": 0}
    execute(db, "DELETE FROM achievements WHERE user_id = %s", (learner.id,))
    execute(db, "DELETE FROM milestones WHERE user_id = %s", (learner.id,))
    recompute(db, userId=learner.id)
    assert earned(db, learner) == expected["achievement"]


def test_everybody_is_looked_at_and_nothing_is_taken_away(new_learner, sync_worker, db):
    lacking, kept, answered = new_learner(), new_learner(), new_learner()
    send(lacking, event("v1"))
    send(kept, event("v1"))
    execute(db, "DELETE FROM achievements WHERE user_id = %s", (lacking.id,))
    execute(db, "DELETE FROM activities WHERE user_id = %s", (kept.id,))
    execute(db, "UPDATE user_progress_summary SET completed_activities = 0, completed_videos = 0 WHERE user_id = %s",
            (kept.id,))
    for days_ago in (2, 1, 0):
        day = NOW - datetime.timedelta(days=days_ago)
        assert answered.answer(practicedOn=day.date().isoformat(), answeredAt=iso(day)).status == 200
    recompute(db)
    assert earned(db, lacking) == {"first-step"} and earned(db, kept) == {"first-step"}
    assert earned(db, answered) == {"streak-of-3-days"}


# --- Showing


def test_the_list_is_filtered_and_has_a_tag(new_learner, db):
    learner = new_learner()
    send(learner, event("p1", days_ago=20, kind="todo_completed", source="todo_manager", activityType="project"))
    for days_ago in (2, 1, 0):
        send(learner, event(f"v{days_ago}", days_ago=days_ago))
    whole = learner.api.get(ACHIEVEMENTS)
    assert [item["id"] for item in whole.json()["achievements"]] == ["streak-of-3-days", "first-project", "first-step"]
    assert "publicAchievements" not in whole.json()
    assert learner.api.get(ACHIEVEMENTS, headers={"If-None-Match": whole.headers["ETag"]}).status == 304

    def ids(**asked):
        parts = [f"{name}={value}" for name, values in asked.items() for value in
                 (values if isinstance(values, list) else [values])]
        reply = learner.api.get(f"{ACHIEVEMENTS}?{'&'.join(parts)}")
        assert reply.status == 200, reply.text
        return [item["id"] for item in reply.json()["achievements"]]

    day = (NOW - datetime.timedelta(days=20)).date()
    assert ids(type="streak") == ["streak-of-3-days"]
    assert len(ids(type="streak,completion")) == 3 and len(ids(type=["streak", "completion"])) == 3
    assert ids(startDate=day + datetime.timedelta(days=1)) == ["streak-of-3-days"]
    assert len(ids(startDate=day)) == 3
    assert ids(endDate=day) == ["first-project", "first-step"] and ids(endDate=day - datetime.timedelta(days=1)) == []
    assert ids(startDate=day, endDate=day) == ["first-project", "first-step"]
    at = iso(NOW - datetime.timedelta(days=20))
    assert ids(startDate=at, endDate=at) == ["first-project", "first-step"]
    for refused in ("type=glory", "startDate=yesterday", "type=streak,streak,streak,streak,streak,streak",
                    "includePublic=maybe", "startDate=2026-01-01&startDate=2026-01-02"):
        assert learner.api.get(f"{ACHIEVEMENTS}?{refused}").status == 400, refused
    send(learner, event("another"))
    assert learner.api.get(ACHIEVEMENTS, headers={"If-None-Match": whole.headers["ETag"]}).status == 200


def test_days_are_the_learners_own(new_learner, db):
    learner = new_learner()
    assert learner.api.patch("/api/profile", {"timeZone": "Pacific/Auckland"}).status == 200
    send(learner, event("v1", days_ago=3))
    execute(db, "UPDATE achievements SET earned_at = '2026-03-04 12:30:00' WHERE user_id = %s", (learner.id,))
    learner.api.patch("/api/profile", {"displayName": "Kiwi"})

    def count(asked):
        return len(learner.api.get(f"{ACHIEVEMENTS}?{asked}").json()["achievements"])

    assert count("startDate=2026-03-05&endDate=2026-03-05") == 1
    assert count("endDate=2026-03-04") == 0 and count("startDate=2026-03-06") == 0


def test_what_others_see(new_learner, db):
    owner, other = new_learner(), new_learner()
    name = f"Ada {uuid.uuid4().hex}"
    assert owner.api.patch("/api/profile", {"displayName": name}).status == 200
    send(owner, event("v1"))

    def seen(learner=other, **asked):
        query_string = "&".join(f"{key}={value}" for key, value in {"includePublic": "true", **asked}.items())
        reply = learner.api.get(f"{ACHIEVEMENTS}?{query_string}")
        assert reply.status == 200 and "ETag" not in reply.headers
        return [item for item in reply.json()["publicAchievements"] if item["displayName"] == name]

    assert seen() == []
    reply = owner.api.patch(f"{ACHIEVEMENTS}/first-step", {"isPublic": True})
    assert reply.status == 200 and reply.json()["achievement"]["isPublic"] is True
    revision = reply.json()["revision"]
    assert [change["because"] for _, change in changes(db, owner, "visibility")] == ["made public"]
    (shown,) = seen()
    assert set(shown) == {"displayName", "id", "type", "title", "description", "earnedAt"}
    assert shown["id"] == "first-step" and seen(type="streak") == [] and seen(owner) == []
    again = owner.api.patch(f"{ACHIEVEMENTS}/first-step", {"isPublic": True}).json()
    assert again["revision"] == revision == owner.row()["revision"]
    assert owner.api.patch(f"{ACHIEVEMENTS}/first-step", {"isPublic": False}).json()["revision"] == revision + 1
    assert seen() == []
    assert other.api.patch(f"{ACHIEVEMENTS}/first-step", {"isPublic": True}).status == 404
    assert owner.api.patch(f"{ACHIEVEMENTS}/first-step", {}).status == 400
    assert owner.api.patch(f"{ACHIEVEMENTS}/first-step", {"isPublic": None}).status == 400


def test_of_many_the_newest_are_shown(new_learner, db):
    owner, other = new_learner(), new_learner()
    name = f"Many {uuid.uuid4().hex}"
    owner.api.patch("/api/profile", {"displayName": name})
    execute(db, "INSERT INTO achievements (user_id, id, achievement_type, title, is_public, earned_at)"
                " SELECT %s, CONCAT('s-', seq), 'streak', 'S', TRUE, UTC_TIMESTAMP(3) + INTERVAL seq SECOND"
                " FROM seq_1_to_120", (owner.id,))
    execute(db, "INSERT INTO achievements (user_id, id, achievement_type, title, is_public, earned_at)"
                " SELECT %s, CONCAT('m-', seq), 'milestone', 'M', TRUE, UTC_TIMESTAMP(3) + INTERVAL 100 + seq SECOND"
                " FROM seq_1_to_5", (owner.id,))

    def shown(asked=""):
        return [item for item in other.api.get(f"{ACHIEVEMENTS}?includePublic=true{asked}").json()["publicAchievements"]]

    listed = shown()
    assert len(listed) == 100 and {item["displayName"] for item in listed} == {name}
    assert [item["earnedAt"] for item in listed] == sorted((item["earnedAt"] for item in listed), reverse=True)
    assert sum(item["type"] == "milestone" for item in listed) == 5
    assert {item["id"] for item in shown("&type=milestone")} >= {f"m-{at}" for at in range(1, 6)}
    execute(db, "UPDATE achievements SET is_public = FALSE WHERE user_id = %s", (owner.id,))
    assert [item for item in shown() if item["displayName"] == name] == []


def test_a_key_names_one_change(new_learner, db):
    owner = new_learner()
    send(owner, event("p1", kind="todo_completed", source="todo_manager", activityType="project"))
    key = {"Idempotency-Key": "show-1"}
    first = owner.api.patch(f"{ACHIEVEMENTS}/first-step", {"isPublic": True}, headers=key)
    assert owner.api.patch(f"{ACHIEVEMENTS}/first-step", {"isPublic": True}, headers=key).json() == first.json()
    assert owner.api.patch(f"{ACHIEVEMENTS}/first-project", {"isPublic": True}, headers=key).status == 422


# --- Notifications


def notifications(learner, **asked):
    reply = learner.api.get(f"{NOTIFICATIONS}?" + "&".join(f"{key}={value}" for key, value in asked.items()))
    assert reply.status == 200, reply.text
    return reply.json()


def test_what_was_earned_is_notified_until_it_is_read(new_learner, db):
    learner, stranger = new_learner(), new_learner()
    send(learner, event("p1", kind="todo_completed", source="todo_manager", activityType="project"))
    send(learner, event("stone", kind="milestone_reached", source="ai_journey"))
    listed = notifications(learner)
    assert listed["unread"] == 4 and listed["nextAfter"] is None
    kinds = [(item["kind"], item["data"]["id"]) for item in listed["notifications"]]
    assert kinds == [("milestone_reached", "stone"), ("achievement_earned", "first-milestone"),
                     ("achievement_earned", "first-step"), ("achievement_earned", "first-project")]
    assert listed["notifications"][2]["data"] == {
        "id": "first-step", "type": "completion", "title": "First step",
        "description": "The first activity is completed."}
    newest = listed["notifications"][0]
    path = f"{NOTIFICATIONS}/{newest['id']}/read"
    first = learner.api.post(path)
    assert first.status == 200 and first.json()["notification"]["readAt"] is not None
    again = learner.api.post(path)
    assert again.status == 200 and again.json() == first.json()
    assert learner.row()["revision"] == first.json()["revision"]
    assert stranger.api.post(path).status == 404 and learner.api.post(f"{NOTIFICATIONS}/0/read").status == 404
    assert notifications(learner)["unread"] == 3
    assert [item["id"] for item in notifications(learner, status="read")["notifications"]] == [newest["id"]]
    assert len(notifications(learner, status="all")["notifications"]) == 4


def test_notifications_come_in_pages(new_learner, db):
    learner = new_learner()
    execute(db, "INSERT INTO notifications (user_id, revision, kind, data) SELECT %s, 1, 'achievement_earned', '{}'"
                " FROM seq_1_to_25", (learner.id,))
    seen, after = [], None
    while True:
        page = notifications(learner, limit=10, **({} if after is None else {"after": after}))
        assert page["unread"] == 25
        seen += [item["id"] for item in page["notifications"]]
        after = page["nextAfter"]
        if after is None:
            break
    assert len(seen) == 25 and seen == sorted(seen, reverse=True)
    whole = notifications(learner, status="all", limit=200)
    assert [item["id"] for item in whole["notifications"]] == seen
    assert learner.api.get(f"{NOTIFICATIONS}?status=none").status == 400


def test_the_tag_of_notifications_moves_with_them(new_learner, db):
    learner = new_learner()
    send(learner, event("v1"))
    first = learner.api.get(NOTIFICATIONS)
    tag = {"If-None-Match": first.headers["ETag"]}
    assert learner.api.get(NOTIFICATIONS, headers=tag).status == 304
    learner.api.post(f"{NOTIFICATIONS}/{first.json()['notifications'][0]['id']}/read")
    assert learner.api.get(NOTIFICATIONS, headers=tag).json()["notifications"] == []


def test_what_was_read_long_ago_is_not_listed(new_learner, db):
    learner = new_learner()
    execute(db, "INSERT INTO notifications (user_id, revision, kind, data, read_at) VALUES"
                " (%s, 1, 'achievement_earned', '{}', UTC_TIMESTAMP(3) - INTERVAL 91 DAY),"
                " (%s, 1, 'achievement_earned', '{}', UTC_TIMESTAMP(3) - INTERVAL 89 DAY)", (learner.id, learner.id))
    assert len(notifications(learner, status="all")["notifications"]) == 1
